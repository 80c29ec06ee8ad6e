"""A slow disk: each commit waits, as long as the home says so, whatever process writes there."""

from __future__ import annotations

import time
from pathlib import Path

from actors.book.opening import open_store
from actors.sites.slow_disk import SlowDisk, slow_down, waits_ms
from tests.actors.book.books import entries, entry, founded, snapshot


def test_each_commit_waits_until_the_disk_is_well_again(tmp_path: Path) -> None:
    store = SlowDisk(open_store(str(tmp_path / "book.db")), tmp_path)
    epoch = founded(store)
    store.append(entries(range(3), epoch))
    slow_down(tmp_path, 150)
    assert waits_ms(tmp_path) == 150
    for commit in (lambda: store.append([entry(3, epoch)]), lambda: store.put_snapshot(snapshot(4))):
        began = time.monotonic()
        commit()
        assert time.monotonic() - began >= 0.15
    slow_down(tmp_path, 0)
    assert waits_ms(tmp_path) == 0
    assert list(store.read()) == entries(range(4), epoch)
    store.close()
