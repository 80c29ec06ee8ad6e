"""A disk that is slow: each commit of a site's day book waits so many ms more as a file in the site's home says, for drills. A
process that is started anew finds the same disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from actors.book.around import Around
from actors.book.store import Entry, Snapshot, Store
from actors.sites.told import said_in, say_in
from credit.times import SECOND_MS

FILE = "slow-disk"


class SlowDisk(Around):
    """A day book on the disk of a home; see the module's text."""

    def __init__(self, store: Store, home: Path) -> None:
        super().__init__(store)
        self._file = home / FILE

    def append(self, entries: Sequence[Entry], epoch: int | None = None) -> None:
        time.sleep(waits_ms(self._file.parent) / SECOND_MS)
        super().append(entries, epoch)

    def put_snapshot(self, snapshot: Snapshot) -> None:
        time.sleep(waits_ms(self._file.parent) / SECOND_MS)
        super().put_snapshot(snapshot)


def waits_ms(home: Path) -> float:
    """How much longer each commit takes at a home."""
    return said_in(home / FILE)


def slow_down(home: Path, delay_ms: float) -> None:
    """Each commit takes so much longer from now on; 0: none does."""
    say_in(home / FILE, delay_ms)
