"""A bank restored from its backups is the bank that was: at each moment, from whichever copies are good, and with what is lost
named."""

from __future__ import annotations

import json
import random
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.book.store import Entry, Snapshot, StoreError, newest_good
from actors.clock import BANK_OFFSET_MS
from actors.gateway.bank import number_of_key
from actors.gateway.contents import Contents
from actors.identity.service import open_audit
from credit.times import MINUTE_MS, text_of
from lendrill.bank_file import book_at
from lendrill.cli import main
from lendrill.live import Home, worked_again
from lendrill.lost import commands_of, lost_against
from tests.actors.book.server import programs, running
from tests.live.backed_up import BackedUp, Moments, entries_at, standing_at

RANDOM = random.Random(20_260_210)


@pytest.fixture(scope="module")
def server() -> Iterator[object]:
    if (bins := programs()) is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
    with running(bins) as found:
        yield found


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moments]:
    found = Moments(tmp_path_factory.mktemp("moments"))
    yield found
    found.bank.close()


def chain_of(home: Path) -> str:
    again = worked_again(home)
    assert again.trial_balance_fen == 0
    return again.replayed.chain


def proves_equal(home: Path, moments: Moments, windows: int) -> None:
    """The restored book is the first windows of the bank's, byte for byte, and the bank worked again from it is that bank."""
    store = Home(home).bank["store"]
    assert entries_at(store) == moments.bank.entries()[:windows]
    assert Home(home).identity() == moments.bank.read.identity()
    assert chain_of(home) == dict(moments.bank.bank._chains)[windows - 1]


@pytest.mark.requirement("DR-01.b", "DR-04.b")
def test_the_newest_backups_restore_the_bank_as_it_was(moments: Moments) -> None:
    code, home = moments.restore()
    assert code == 0
    last = moments.standings[-1]
    assert standing_at(home)[1:] == last[1:]
    proves_equal(home, moments, last.number)
    identity = Home(home).identity_services()
    contents = Contents(home, identity.vault)
    assert [contents.get(digest) for digest in moments.materials][-1] == b"a statement 2"
    identity.close()
    log = open_audit(home)
    assert log.verify().number == 4
    log.close()
    assert (home / "identity" / "backup.key").read_bytes() == moments.bank.key.read_bytes()
    open_to_others = [path for path in home.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert open_to_others == []


@pytest.mark.requirement("DR-01.b")
@pytest.mark.parametrize("place", range(4))
def test_it_restores_the_bank_of_any_moment(moments: Moments, place: int, capsys: pytest.CaptureFixture[str]) -> None:
    entries = moments.bank.entries()
    number = moments.standings[place].number - 1 + (2 if place < 3 else 0)  # between two backups, but for the last
    at = entries[number].until
    code, home = moments.restore("--at", text_of(at).replace(" ", "T"))
    said = capsys.readouterr().out
    assert code == 0
    proves_equal(home, moments, number + 1)
    assert f"{number + 1:,} windows, as it was at {text_of(at)}" in said
    code, home = moments.restore("--at", text_of(at + 1))
    assert standing_at(home).number == number + 1
    code, home = moments.restore("--at", f"{text_of(at - 1).replace(' ', 'T')}+08:00")
    assert standing_at(home).number == number


@pytest.mark.parametrize("later", ["2030-01-01", "9999-12-31T23:59"])
def test_an_instant_after_all_that_was_backed_up_gives_the_newest_and_says_so(
    moments: Moments, later: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, home = moments.restore("--at", later)
    said, last = capsys.readouterr(), moments.standings[-1]
    assert (code, standing_at(home).number) == (0, last.number)
    until = text_of(moments.bank.entries()[last.number - 1].until)
    assert f"--at {later}: nothing later than {until} is in these backups; that is restored" in said.err
    assert "Lost at most: what was acknowledged after" in said.out
    assert "by choice" not in said.out
    moments.restore("--at", until)
    said = capsys.readouterr()
    assert ("nothing later" in said.err, f"Lost by choice: what was acknowledged after {until}" in said.out) == (
        False,
        True,
    )


def test_a_day_book_in_postgresql_is_backed_up_and_restored_alike(tmp_path: Path, server: object) -> None:
    url = server.url  # type: ignore[attr-defined]
    found = Moments(tmp_path, url("backed_up"))
    code, home = found.restore()
    proves_equal(home, found, found.standings[-1].number)
    code, home = found.restore("--store", url("restored"))
    assert code == 0
    assert entries_at(url("restored")) == found.bank.entries()[: found.standings[-1].number]
    code, home = found.restore("--store", url("restored"))
    assert (code, home.exists()) == (2, False)
    found.bank.close()


@pytest.mark.requirement("DR-05.d", "DR-05.c")
@pytest.mark.parametrize("trials", [10, pytest.param(60, marks=pytest.mark.slow)])
def test_the_next_good_copy_is_used_where_one_is_damaged(
    moments: Moments, trials: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(trials):
        copy = tmp_path / "copy"
        shutil.copytree(moments.remote, copy)
        path = RANDOM.choice(sorted(copy.iterdir()))
        content = bytearray(path.read_bytes())
        content[RANDOM.randrange(len(content))] ^= 1 << RANDOM.randrange(8)
        path.write_bytes(content)
        assert main(["backup", "verify", str(copy), "--key", str(moments.bank.key)]) == 1
        assert path.name in capsys.readouterr().err
        code, home = moments.restore(where=copy)
        said = capsys.readouterr()
        assert code == 0
        assert path.name in said.err
        assert "a good copy was used" in said.out
        assert standing_at(home)[1:] == moments.standings[-1][1:]
        shutil.rmtree(home)
        shutil.rmtree(copy)


def test_a_full_backup_without_a_good_copy_is_done_without(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bank = BackedUp(tmp_path)
    bank.day()
    bank.backup("full")
    bank.day()
    bank.backup("incremental")
    bank.day()
    full = bank.backup("full")
    bank.day()
    last = bank.backup("incremental")
    content = bytearray(full.path.read_bytes())
    content[3_000] ^= 4
    full.path.write_bytes(content)
    home = tmp_path / "new"
    assert main(["restore", str(full.path.parent), "--home", str(home), "--key", str(bank.key)]) == 0
    said = capsys.readouterr()
    assert f"{full.path.name}: no good copy; done without it" in said.err
    assert standing_at(home).number == last.manifest.following
    bank.close()


def as_read(book: Path) -> tuple[list[str], list[Entry], Snapshot | None]:
    """What is said to be damaged of a day book and its snapshots, and what was read."""
    told: list[str] = []
    try:
        store = book_at(f"sqlite:{book}")
        try:
            return told, list(store.read()), newest_good(store, lambda damage: told.append(damage.user_message))
        finally:
            store.close()
    except StoreError as damage:
        return [damage.user_message], [], None


@pytest.mark.parametrize("trials", [40, pytest.param(1_000, marks=pytest.mark.slow)])
def test_a_flipped_byte_of_day_book_and_snapshots_is_found_and_backups_restore_them(
    moments: Moments, trials: int, tmp_path: Path
) -> None:
    """SQLite's files have bytes that say nothing: what is read is either what was written, or refused and named."""
    _, whole = moments.restore()
    entries, found = entries_at(Home(whole).bank["store"]), 0
    for number in range(trials):
        home = tmp_path / "damaged"
        shutil.copytree(whole, home)
        file = home / ("daybook.db" if number % 2 else "daybook.db-snapshots")
        content = bytearray(file.read_bytes())
        content[RANDOM.randrange(len(content))] ^= 1 << RANDOM.randrange(8)
        file.write_bytes(content)
        told, read, snapshot = as_read(home / "daybook.db")
        assert all("daybook.db" in line for line in told)
        assert told or (read == entries and snapshot is not None)
        found += bool(told)
        shutil.rmtree(home)
    assert found > trials // 4
    _, again = moments.restore()
    assert entries_at(Home(again).bank["store"]) == entries


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ("wrong key", "made with the key"),
        ("no such key", "can't be read"),
        ("before the first", "the first full backup is of"),
        ("newer", "use the release that wrote it"),
        ("no backups", "there is no backup in it; give a folder with backups"),
        ("no folder", "give a folder with backups"),
        ("home is there", "already there and not an empty folder; give another --home"),
        ("no time", "give it as 2026-03-10T09:30"),
        ("before all time", "no such time (give it as 2026-03-10T09:30"),
        ("after all time", "no such time (give it as 2026-03-10T09:30"),
        ("long ago", "the first full backup is of"),
        ("nothing to compare", "there is no day book"),
        ("no requests", "give a request's number"),
    ],
)
def test_what_cannot_be_restored_is_said_in_one_line(
    moments: Moments, change: str, right: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where, key, home, more = moments.remote, moments.bank.key, tmp_path / "new", []
    if change == "wrong key":
        key = tmp_path / "key"
        key.touch(mode=0o600)
        key.write_text("ab" * 32)
    elif change == "no such key":
        key = tmp_path / "none"
    elif change == "before the first":
        more = ["--at", "2026-02-10T08:00"]
    elif change == "newer":
        where = tmp_path / "newer"
        shutil.copytree(moments.remote, where)
        for path in where.iterdir():
            path.write_bytes(path.read_bytes().replace(b'"version": 1', b'"version": 9', 1))
    elif change == "no backups":
        where = tmp_path
    elif change == "no folder":
        where = tmp_path / "none"
    elif change == "home is there":
        home.mkdir()
        (home / "something").touch()
    elif change == "no time":
        more = ["--at", "yesterday"]
    elif change == "before all time":
        more = ["--at", "0001-01-01T00:00+08:01"]
    elif change == "after all time":
        more = ["--at", "9999-12-31T23:59-08:00"]
    elif change == "long ago":
        more = ["--at", "0001-01-01"]
    elif change == "nothing to compare":
        more = ["--against", str(tmp_path / "none")]
    elif change == "no requests":
        (tmp_path / "requests").write_text("12\nwhat was that\n")
        more = ["--requests", str(tmp_path / "requests")]
    before = sorted(tmp_path.rglob("*"))
    assert main(["restore", str(where), "--home", str(home), "--key", str(key), *more]) == 2
    said = capsys.readouterr().err
    assert right in said
    assert len(said.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_lost_is_named_request_by_request(
    moments: Moments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = moments.restore("--against", str(moments.bank.home))
    said = capsys.readouterr().out
    last = moments.bank.requests
    assert code == 0
    assert f"SubmitApplication, request {last} of branch 1" in said
    assert "1 acknowledged requests are lost" in said
    keyed = number_of_key("system:load", "applications", "apply-1")
    (tmp_path / "requests").write_text(f"1\n{last}\n\nsystem:load apply-1\n{keyed}\n")
    moments.restore("--requests", str(tmp_path / "requests"))
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("lost:")] == [
        f"lost: request {last}",
        "lost: request system:load apply-1",
        f"lost: request {keyed}",
    ]
    assert "3 of 4 acknowledged requests are lost" in said
    moments.restore()
    said = capsys.readouterr().out
    assert "the interval of backups is 60 minutes" in said
    assert "can't be known from backups alone" in said


@pytest.mark.parametrize(
    ("minutes", "beyond", "words"),
    [
        (59, False, "all within 60 minutes of the last backup"),
        (61, True, "1 of them longer than 60 minutes after the last"),
    ],
)
def test_a_loss_is_held_against_the_interval_of_backups(
    moments: Moments, minutes: int, beyond: bool, words: str
) -> None:
    """On the wall clock; how long it was on a business date nobody knows."""
    _, home = moments.restore()
    bank, said = Home(home), list[str]()
    bank.bank["clock"] = "wall"
    [lost] = commands_of(moments.bank.store.read(moments.standings[-1].number))
    backup_ms = lost.at - BANK_OFFSET_MS - minutes * MINUTE_MS
    book = book_at(moments.bank.read.bank["store"])
    assert lost_against(bank, book, standing_at(home), backup_ms, 60, said.append) == beyond
    assert said[0] == f"lost: {lost}"
    assert words in said[1]


def test_a_damaged_book_is_compared_as_far_as_it_can_be_read(
    moments: Moments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, damaged = moments.restore()
    store = book_at(Home(damaged).bank["store"])
    before = moments.standings[1].number
    path = damaged / "daybook.db"
    last = list(store.read())[-1]
    store.close()
    content = path.read_bytes()
    assert last.inputs in content or last.chain.encode() in content
    path.write_bytes(content.replace(last.chain.encode(), b"x" * len(last.chain)))
    at = moments.bank.entries()[before - 1].until
    moments.restore("--at", text_of(at), "--against", str(path))
    said = capsys.readouterr().out
    assert f"request {moments.bank.requests - 3} of branch 1" in said
    assert "on that day book can't be read" in said
    other = BackedUp(tmp_path)
    for _ in range(3):
        other.day(customers=3)
    moments.restore("--at", text_of(at), "--against", str(other.home))
    said = capsys.readouterr().out
    assert "another bank's, or went another way" in said
    assert "0 acknowledged requests are lost" not in said
    other.close()


@pytest.mark.requirement("DR-05.b")
def test_a_backup_shows_nothing_of_the_bank_without_its_key(
    moments: Moments, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(moments.remote, tmp_path / "remote")
    keys = json.loads((moments.bank.home / "identity" / "keys.json").read_text())
    for path in (tmp_path / "remote").iterdir():
        content = path.read_bytes()
        for secret in (keys["data"].encode(), b"an ID card", b"SQLite format", b"staff:", "张".encode()):
            assert secret not in content
    assert main(["backup", "list", str(tmp_path / "remote")]) == 0
    said = capsys.readouterr().out
    assert ("zhang_consumer_loan" in said, "windows" in said) == (True, False)
    assert main(["backup", "list", str(tmp_path / "remote"), "--key", str(moments.bank.key)]) == 0
    assert "windows 0 to" in capsys.readouterr().out
    assert main(["backup", "verify", str(tmp_path / "remote")]) == 2
    assert "give it with --key FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("{home} --full --incremental", "give one of them"),
        ("{none}", "give the folder that `lendrill serve --home` made"),
        ("{home} --to {none}", "a disk that is not mounted gets none"),
        ("list {none}", "give a folder with backups"),
        ("verify {empty} --key {key}", "give a folder with backups"),
    ],
)
def test_bad_options_are_said_in_one_line(
    moments: Moments, tmp_path: Path, words: str, right: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = words.format(home=moments.bank.home, none=tmp_path / "none", empty=tmp_path, key=moments.bank.key)
    assert main(["backup", *given.split()]) == 2
    said = capsys.readouterr().err
    assert right in said
    assert len(said.splitlines()) == 1
