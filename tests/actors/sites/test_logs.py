"""Each site's operation log lies at the others too, as it was written: a site that is lost leaves it behind, and whoever cuts or
alters the own one is found out by the copy."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgpack
import pytest

from actors.identity.errors import Tampered
from actors.identity.service import FOLDER, LOG, open_copies
from actors.sites.folder import Record
from lendrill.cli import main
from tests.actors.identity.logs import deed, tamper
from tests.actors.sites.homes import Site, founded

Pair = tuple[Site, Site]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    a, b = founded(tmp_path, ["a", "b"])
    a.identity.audit.append([deed(at=number) for number in range(6)])
    a.tell(b)
    yield a, b
    a.close()
    b.close()


def test_a_log_is_copied_as_it_was_written_and_goes_on(pair: Pair) -> None:
    a, b = pair
    assert open_copies(b.home)["a"].verify() == a.identity.audit.head()
    a.identity.audit.append([deed(at=7)])
    b.identity.audit.append([deed(at=8)])
    a.tell(b)
    b.tell(a)
    assert open_copies(b.home)["a"].find() == a.identity.audit.find()
    assert open_copies(a.home)["b"].verify() == b.identity.audit.head()


def test_rows_that_come_twice_or_too_early_change_nothing(pair: Pair) -> None:
    a, b = pair
    a.identity.audit.append([deed(at=number) for number in range(4)])
    rows = a.identity.audit.written(0, 100)
    for part in (rows[8:], rows[:3], rows[2:7], rows):
        b.folder.take([Record("log", msgpack.packb(("a", "", part)))])
        assert open_copies(b.home)["a"].verify().number >= 6
    assert open_copies(b.home)["a"].verify() == a.identity.audit.head()


def test_the_command_proves_the_copies_too(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    b, heads = pair[1], [str(site.identity.audit.head()) for site in pair]
    assert main(["audit", "verify", str(b.home)]) == 0
    told = capsys.readouterr().out
    assert told == f"intact: 0 rows, head {heads[1]}\nthe copy of site a: intact: 6 rows, head {heads[0]}\n"
    with closing(sqlite3.connect(b.home / FOLDER / "sites" / "a" / LOG)) as base:
        base.executescript("DROP TRIGGER log_is_not_changed; UPDATE log SET at = 99 WHERE number = 4")
    assert main(["audit", "verify", str(b.home)]) == 1
    assert capsys.readouterr().err == (
        "lendrill: the copy of site a: row 4 of the operation log was altered: it is not what was written\n"
    )


def test_a_tail_that_was_cut_off_with_its_head_is_found_by_the_copys_head(pair: Pair) -> None:
    a, b = pair
    tamper(a.home, "DELETE FROM log WHERE number > 4")
    (a.home / "audit.head").write_text(str(a.identity.audit.head()))
    assert a.identity.audit.verify().number == 4
    with pytest.raises(Tampered, match="row 5 of the operation log was cut off"):
        a.identity.audit.verify(open_copies(b.home)["a"].head())


def test_a_row_that_was_altered_is_not_copied_and_keeps_nothing_else_from_coming(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    a, b = pair
    a.identity.audit.append([deed(at=7), deed(at=8)])
    tamper(a.home, "UPDATE log SET path = '/' WHERE number = 8")
    a.identity.holdings.add([(1, "customer:1")])
    records, _ = a.folder.changes({}, b.folder.take(()).logs["a"])
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            b.folder.take(records)
    assert b.identity.holdings.holds("customer:1", 1)
    assert open_copies(b.home)["a"].verify().number == 6
    assert [record.getMessage() for record in caplog.records] == [
        "the operation log of the site a: row 8 of the operation log was altered: it is not what was written"
    ]


@pytest.mark.parametrize("how", ["anew", "put back"])
def test_a_log_that_goes_another_way_is_copied_beside_what_was_there(pair: Pair, how: str) -> None:
    a, b = pair
    old = a.identity.audit.head()
    tamper(a.home, "DELETE FROM log WHERE number > 3" if how == "put back" else "DELETE FROM log")
    a.identity.audit.append([deed(at=99), deed(at=100)])
    records, _ = a.folder.changes(a.cursors["b"], b.folder.take(()).logs["a"])
    for _ in range(2):
        b.folder.take(records)
    copies = open_copies(b.home)
    assert list(copies) == ["a", "a.1"]
    assert copies["a.1"].verify() == old
    assert copies["a"].verify() == a.identity.audit.head()
