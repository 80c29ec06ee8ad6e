"""What a keeper does where something is amiss: the clock, a copy, the day book; nothing that is needed goes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from actors.backup import keeper as keeping
from actors.backup import making
from actors.backup.container import Manifest
from actors.backup.errors import BackupError
from actors.backup.keeper import newest
from actors.backup.making import Before, made
from actors.backup.places import names_in
from actors.book.store import Standing, Store, StoreError
from credit.times import DAY_MS, MINUTE_MS
from tests.live.backed_up import BackedUp


def there(folder: Path) -> list[str]:
    return [path.name for path in names_in(folder)]


def test_a_clock_that_was_set_back_puts_no_backup_before_another_or_beside_it(bank: BackedUp) -> None:
    made_at = [bank.backup("full").manifest.time]
    for _ in range(3):
        bank.day()
        made_at.append(bank.keeper.make("incremental", bank.now - DAY_MS).manifest.time)
    assert made_at == [bank.now, bank.now + 1, bank.now + 2, bank.now + 3]
    assert [one.time for one in bank.keeper.manifests()] == made_at
    assert bank.keeper.make("log", bank.now + 3).manifest.time == bank.now + 3


def test_a_clock_that_was_a_year_ahead_does_not_end_the_backups(bank: BackedUp) -> None:
    today, half_an_hour = bank.now, 30 * MINUTE_MS
    bank.keeper.make("full", today + 365 * DAY_MS)
    made_at: list[list[str]] = []
    for step in range(4):
        bank.day()
        made_at.append([one.manifest.kind for one in bank.keeper.tick(today + step * half_an_hour)])
    assert made_at[0][:1] == ["full"]
    assert [set(kinds) - {"full"} for kinds in made_at] == [
        {"incremental", "log"},
        {"log"},
        {"incremental", "log"},
        {"log"},
    ]
    assert sum(kinds.count("full") for kinds in made_at) <= 2  # the day's hour may come meanwhile
    assert [one.time for one in bank.keeper.manifests()] == sorted(one.time for one in bank.keeper.manifests())
    assert bank.keeper.manifests()[-1].time > today + 365 * DAY_MS
    again = [one.manifest.kind for one in bank.keeper.tick(today - DAY_MS)]  # put back once more
    assert again == ["full", "incremental", "log"]


def test_old_backups_stay_in_a_place_whose_newest_copy_is_not_what_was_written(bank: BackedUp, tmp_path: Path) -> None:
    bank.keeper.policy = bank.keeper.policy.model_copy(update={"fulls_kept": 1})
    old = bank.backup("full").path.name

    def damaged(path: Path, manifest: Manifest) -> str:
        (tmp_path / "remote" / path.name).write_bytes(bytes(path.stat().st_size))
        return "of its size"

    bank.keeper._prove = damaged
    kept = bank.backup("full")
    assert kept.gone == 1
    assert there(bank.keeper.folder) == [kept.path.name]
    assert there(tmp_path / "remote") == [old, kept.path.name]


def test_when_backups_were_made_last_the_copies_say_too(bank: BackedUp) -> None:
    kept = bank.backup("full")
    shutil.rmtree(bank.keeper.folder)
    assert bank.keeper.last() == {"full": kept.manifest.time}
    assert [one.manifest.kind for one in bank.keeper.tick(bank.now + MINUTE_MS)] == []
    shutil.rmtree(bank.keeper.source.places[0])
    assert bank.keeper.last() == {}


def test_key_data_that_was_not_backed_up_is_tried_again(bank: BackedUp) -> None:
    bank.backup("full")
    bank.signed("HT-1")
    good, bank.keeper._prove = bank.keeper._prove, lambda path, manifest: (_ for _ in ()).throw(BackupError("no room"))
    assert bank.keeper.tick(bank.now + MINUTE_MS) == []
    bank.keeper._prove = good
    again = bank.now + MINUTE_MS + bank.keeper.policy.retry_minutes * MINUTE_MS
    assert [one.manifest.kind for one in bank.keeper.tick(again)] == ["key"]
    assert bank.keeper.tick(again + MINUTE_MS) == []


def test_key_data_is_read_only_where_a_file_was_touched(bank: BackedUp, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.backup("full")
    looked: list[bool] = []
    changed = making.changed

    def counted(*about: Any) -> bool:
        looked.append(changed(*about))
        return looked[-1]

    monkeypatch.setattr(keeping, "changed", counted)
    for minute in range(1, 4):
        bank.keeper.tick(bank.now + minute * MINUTE_MS)
    assert looked == [False]
    os.utime(bank.home / "bank.json", ns=(1, 1))
    bank.keeper.tick(bank.now + 4 * MINUTE_MS)
    bank.signed("HT-1")
    for minute in range(5, 9):
        bank.keeper.tick(bank.now + minute * MINUTE_MS)
    assert looked == [False, False, True]


@pytest.mark.parametrize("before", [Before(following=3, seal="ab" * 32), Before(following=10_000, seal="ab" * 32)])
def test_what_follows_upon_another_day_book_is_not_made(bank: BackedUp, before: Before) -> None:
    bank.keeper.folder.mkdir()
    with pytest.raises(StoreError, match="another one than was backed up before; make a full backup"):
        made(bank.keeper.source, "incremental", bank.keeper.key, bank.keeper.folder, bank.now, before)
    assert list(bank.keeper.folder.iterdir()) == []


def test_a_snapshot_of_windows_that_came_meanwhile_is_left_to_the_next_backup(bank: BackedUp) -> None:
    bank.snapshot()
    stood = bank.store.standing()
    bank.day()
    bank.snapshot()
    assert max(bank.store.snapshots()) > stood.number

    class Stood:
        """A day book that grows while it is backed up."""

        def __init__(self, store: Store) -> None:
            self._store = store

        def standing(self) -> Standing:
            return stood

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

    source = bank.keeper.source
    object.__setattr__(source, "store", lambda of=source.store: Stood(of()))
    manifest = bank.backup("full").manifest
    assert (manifest.following, manifest.snapshots) == (stood.number, [stood.number])


def test_a_copy_that_was_cut_short_is_brought_again(bank: BackedUp, tmp_path: Path) -> None:
    kept = bank.backup("full")
    copy = tmp_path / "remote" / kept.path.name
    copy.write_bytes(copy.read_bytes()[:-9])
    assert bank.keeper.make_up() == []
    assert copy.read_bytes() == kept.path.read_bytes()
    assert newest(tmp_path / "remote") == {"full": kept.manifest.time}
