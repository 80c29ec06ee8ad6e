"""A bank's own file is read in one place: what is broken is one clear line, and a copied home has its own day book."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lendrill.bank_file import BANK_FILE, DAY_BOOK
from lendrill.cli import main
from lendrill.errors import UserError
from lendrill.live import Home
from lendrill.serve import ServeOptions, home_of


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home_of(ServeOptions("zhang_consumer_loan", tmp_path / "bank", clock="business", date="2026-02-10"))
    return tmp_path / "bank"


def changed(home: Path, **changes: Any) -> None:
    bank = json.loads((home / BANK_FILE).read_text()) | changes
    (home / BANK_FILE).write_text(json.dumps({name: of for name, of in bank.items() if of is not ...}))


def complaint(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    code = main(words.split())
    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (2, 1), said
    return said


@pytest.mark.parametrize("words", [
    "serve --home {home} --port 0", "backup {home}", "backup list {home}", "backup verify {home}", "replay {home} --quiet",
    "restore {home} --home {home}-new --key {key}", "restore {home}/x --home {home}-new --key {key} --against {home}",
])  # fmt: skip
def test_a_broken_file_is_named_by_whoever_reads_it(words: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = home.parent / "key"
    key.touch(mode=0o600)
    key.write_text("ab" * 32)
    words = words.format(home=home, key=key)
    whole = (home / BANK_FILE).read_text()
    (home / BANK_FILE).write_text(whole[:-9])
    before = sorted(home.parent.rglob("*"))
    assert f"{home / BANK_FILE}: broken, no JSON (" in complaint(words, capsys)
    (home / BANK_FILE).write_text(whole)
    changed(home, clock=...)
    assert f"{home / BANK_FILE}: broken, clock: Field required" in complaint(words, capsys)
    assert sorted(home.parent.rglob("*")) == before


@pytest.mark.parametrize(("changes", "why"), [
    ({"clock": "sun"}, "clock: Input should be 'wall' or 'business'; given 'sun'"),
    ({"executor": "swarm"}, "executor: Input should be 'ray' or 'local'; given 'swarm'"),
    ({"shards": "2"}, "shards: Input should be a valid integer; given '2'"),
    ({"shards": True}, "shards: Input should be a valid integer; given True"),
    ({"shards": 0}, "shards: Input should be greater than or equal to 1; given 0"),
    ({"start_ms": None}, "start_ms: Input should be a valid integer; given None"),
    ({"people": ["nobody"]}, "people: there is no desk 'nobody'"),
    ({"backup_to": [3]}, "backup_to.0: Input should be a valid string; given 3"),
    ({"sites": "a"}, "sites: Input should be a valid list; given 'a'"),
    ({"terms_s": [1]}, "terms_s: List should have at least 2 items"), ({"scenario": {"run": 3}}, "scenario.name: Field required"),
])  # fmt: skip
def test_what_no_bank_can_be_is_said(changes: dict[str, Any], why: str, home: Path) -> None:
    changed(home, **changes)
    with pytest.raises(UserError) as refused:
        Home(home)
    assert f"{home / BANK_FILE}: broken, {why}" in refused.value.message
    (home / BANK_FILE).write_bytes(b"\xff[]")
    with pytest.raises(UserError, match="no JSON"):
        Home(home)
    (home / BANK_FILE).write_text("[]")
    with pytest.raises(UserError, match="it describes no bank"):
        Home(home)


def test_a_file_of_an_earlier_release_may_lack_what_came_later(home: Path) -> None:
    changed(home, sites=..., terms_s=..., backup_to=...)
    assert Home(home).bank["name"] == "zhang_consumer_loan"
    with pytest.raises(UserError, match="holds a bank with terms_s"):
        home_of(ServeOptions(home=home, takeover_s=3.0))


@pytest.mark.parametrize("words", [
    "backup {home}", "backup list {home}", "backup verify {home}", "replay {home} --quiet", "token load --home {home}",
    "audit verify {home}", "audit show {home}", "audit show {home} --by day",
    "restore {home} --home {home}-new --key {home}/key", "restore x --home {home}-new --key {key} --against {home}",
])  # fmt: skip
def test_a_bank_of_several_sites_points_to_the_homes_of_its_sites_and_nothing_is_made(
    words: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(home, sites=["primary", "same-city"])
    key = home.parent / "key"
    key.touch(mode=0o600)
    key.write_text("ab" * 32)
    before = sorted(home.parent.rglob("*"))
    said = complaint(words.format(home=home, key=key), capsys)
    assert f"several sites, each of which has a home of its own (give {home}/sites/primary or {home}/sites/same" in said
    assert sorted(home.parent.rglob("*")) == before


def test_a_bank_that_was_never_opened_is_not_worked_again_and_nothing_is_made(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"{home / DAY_BOOK}: there is no day book" in complaint(f"replay {home} --quiet", capsys)
    assert [path.name for path in home.iterdir()] == [BANK_FILE]


def test_a_copied_home_has_its_own_day_book(home: Path) -> None:
    assert json.loads((home / BANK_FILE).read_text())["store"] == f"sqlite:{DAY_BOOK}"
    assert Home(home).bank["store"] == f"sqlite:{home / DAY_BOOK}"
    copy = home.parent / "copy"
    shutil.copytree(home, copy)
    assert Home(copy).bank["store"] == f"sqlite:{copy / DAY_BOOK}"
    assert home_of(ServeOptions(home=copy))["store"] == f"sqlite:{copy / DAY_BOOK}"
    with pytest.raises(UserError, match="holds a bank with store"):
        home_of(ServeOptions(home=copy, store=str(home / DAY_BOOK)))


def test_a_home_in_which_a_whole_path_stands_has_its_own_day_book_too(home: Path) -> None:
    (home / DAY_BOOK).touch()
    changed(home, store=f"sqlite:{home / DAY_BOOK}")
    assert Home(home).bank["store"] == f"sqlite:{home / DAY_BOOK}"
    copy = home.parent / "copy"
    shutil.copytree(home, copy)
    assert Home(copy).bank["store"] == f"sqlite:{copy / DAY_BOOK}"
    (copy / DAY_BOOK).unlink()
    with pytest.raises(UserError, match="is that of another bank's home"):
        Home(copy)
    home.rename(home.parent / "moved")
    assert Home(home.parent / "moved").bank["store"] == f"sqlite:{home.parent / 'moved' / DAY_BOOK}"


@pytest.mark.parametrize("store", ["sqlite:{folder}/elsewhere/daybook.db", "postgresql://here/bank"])
def test_a_day_book_that_was_put_elsewhere_stays_there(store: str, home: Path) -> None:
    where = store.format(folder=home.parent)
    (home.parent / "elsewhere").mkdir()
    (home.parent / "elsewhere" / DAY_BOOK).touch()
    (home / DAY_BOOK).touch()
    changed(home, store=where)
    assert Home(home).bank["store"] == where
    home_of(ServeOptions(home=home))
    assert json.loads((home / BANK_FILE).read_text())["store"] == where
