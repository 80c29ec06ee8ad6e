"""What a home is made of, where backups and instants meet, and what is refused."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actors.backup import container, restoring
from actors.backup.chains import Chain
from actors.backup.errors import BackupError, DamagedBackup
from actors.backup.making import AUDIT, BANK_FILE
from actors.backup.proof import Bank
from actors.backup.restoring import LATER_CONTRACTS, Restored, restored
from actors.book.store import Entry, Store
from actors.identity.service import open_audit
from actors.trail import Trail
from lendrill import backups
from lendrill.backups import fresh_book
from lendrill.cli import main
from lendrill.live import TRAIL, Home, identity_of
from tests.live.backed_up import BackedUp, standing_at


def restore(bank: BackedUp, *more: str) -> tuple[int, Path]:
    home = bank.home.parent / "new"
    return main(["restore", str(bank.keeper.folder), "--home", str(home), "--key", str(bank.key), *more]), home


def of_one(bank: BackedUp, open_store: Any = fresh_book) -> Restored:
    """What the bank's newest backup is of, in a home beside."""
    kept = bank.keeper.manifests()[-1]
    find = lambda one: bank.keeper.folder / one.name  # noqa: E731
    return restored(Chain(kept), find, bank.keeper.key, bank.home.parent / "new", None, open_store, identity_of)


def test_a_restored_bank_keeps_copies_nowhere_and_its_book_in_its_home(bank: BackedUp) -> None:
    bank.backup("full")
    code, home = restore(bank)
    assert code == 0
    assert bank.read.bank["backup_to"] == [str(bank.home.parent / "remote")]
    assert Home(home).bank["backup_to"] == []
    moved = home.rename(home.parent / "moved")
    assert standing_at(moved).number == bank.store.standing().number


@pytest.mark.parametrize("name", ["../evil", "identity/../../evil", "/evil", "contents/.."])
def test_a_member_whose_name_leads_out_of_the_home_is_refused(
    bank: BackedUp, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.backup("full")
    pieces = container.pieces_of
    monkeypatch.setattr(restoring, "pieces_of", lambda *about: iter([*pieces(*about), (name, b"evil")]))
    before = sorted(bank.home.parent.rglob("*"))
    with pytest.raises(DamagedBackup, match="no member of a backup has such a name"):
        of_one(bank)
    assert sorted(bank.home.parent.rglob("*")) == before


def test_rows_of_the_operation_log_between_which_others_lack_are_told(
    bank: BackedUp, capsys: pytest.CaptureFixture[str]
) -> None:
    bank.signs_in()
    bank.backup("full")
    logs = []
    for number in range(2):
        bank.signs_in(f"/v1/tasks/{number}")
        logs.append(bank.backup("log").path)
    logs[0].unlink()
    (bank.home.parent / "remote" / logs[0].name).unlink()
    code, home = restore(bank)
    assert code == 0
    assert "the operation log is of an earlier backup: no copy of the later one is good" in capsys.readouterr().err
    log = open_audit(home)
    assert log.verify().number == 1
    log.close()
    with closing(sqlite3.connect(home / AUDIT)) as database:
        assert database.execute("SELECT max(number), count(*) FROM log").fetchone() == (1, 1)


def test_an_operation_log_without_gaps_is_not_told_of(bank: BackedUp, capsys: pytest.CaptureFixture[str]) -> None:
    bank.signs_in()
    bank.backup("full")
    for number in range(2):
        bank.signs_in(f"/v1/tasks/{number}")
        bank.backup("log")
    code, home = restore(bank)
    assert (code, "the operation log" in capsys.readouterr().err) == (0, False)
    log = open_audit(home)
    assert log.verify().number == 3
    log.close()


class Forgetful:
    """A day book that does not keep the last windows that it is given."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, entries: list[Entry], epoch: int) -> None:
        self._store.append(entries[:-1], epoch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_book_that_does_not_end_as_its_backup_says_is_refused(bank: BackedUp) -> None:
    manifest = bank.backup("full").manifest
    with pytest.raises(
        DamagedBackup, match=f"ends with window {manifest.following - 2}, .* says {manifest.following - 1}"
    ):
        of_one(bank, lambda home: Forgetful(fresh_book(home)))
    assert not (bank.home.parent / "new").exists()
    assert of_one(bank).standing.seal.hex() == manifest.seal


def test_the_trail_tells_of_no_window_that_the_book_does_not_hold(bank: BackedUp) -> None:
    following = bank.store.standing().number
    with closing(Trail(bank.home / TRAIL)) as trail:
        trail._base.executemany('INSERT INTO events ("window") VALUES (?)', [(at,) for at in range(following + 3)])
    bank.backup("full")
    of_one(bank)
    with closing(Trail(bank.home.parent / "new" / TRAIL)) as trail:
        assert trail.until() == following - 1


def test_key_data_of_the_instant_of_the_last_backup_is_later_than_its_book(
    bank: BackedUp, capsys: pytest.CaptureFixture[str]
) -> None:
    bank.backup("full")
    bank.day()
    bank.backup("incremental")
    bank.signed("HT-1")
    bank.keeper.make("key", bank.now)
    code, home = restore(bank)
    assert code == 0
    assert "1 contracts were signed after that, the day book does not know of them: HT-1" in capsys.readouterr().err
    assert (home / LATER_CONTRACTS).is_file()


@pytest.mark.parametrize("content", [b'{"name": "zhang', b"[1]", b'{"name": "zhang"}', b"\xff"])
def test_a_banks_file_that_was_broken_when_it_was_backed_up_is_said(bank: BackedUp, content: bytes) -> None:
    whole = (bank.home / BANK_FILE).read_bytes()
    (bank.home / BANK_FILE).write_bytes(content)
    bank.backup("full")
    with pytest.raises(BackupError, match=r"the bank's bank.json was broken when it was backed up"):
        of_one(bank)
    assert not (bank.home.parent / "new").exists()
    assert json.loads(whole)["store"] == "sqlite:daybook.db"


def test_a_banks_file_that_broke_since_is_said_with_what_to_do(
    bank: BackedUp, capsys: pytest.CaptureFixture[str]
) -> None:
    bank.backup("full")
    (bank.home / BANK_FILE).write_text("{")
    bank.backup("key")
    code, home = restore(bank)
    said = capsys.readouterr().err
    assert (code, home.exists(), said.count("\n")) == (2, False, 1), said
    assert "was broken when it was backed up" in said
    assert "give an earlier --at" in said


def test_what_is_restored_for_a_proof_holds_no_key_of_backups(bank: BackedUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies in the folder of backups, and stays there where a process is killed meanwhile."""
    seen, opened = list[str](), backups.opened
    bank.keeper = backups.keeper_of(bank.read)

    def looked(home: Path) -> Bank:
        seen.extend(path.name for path in home.parent.rglob("*"))
        return opened(home)

    monkeypatch.setattr(backups, "opened", looked)
    bank.backup("full")
    assert "bank.json" in seen
    assert "backup.key" not in seen
    assert len(list(bank.keeper.folder.iterdir())) == 1
