"""A disk that is slow: each commit of a site's day book waits so many ms more as a file in the site's home says, for drills. A
process that is started anew finds the same disk."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from actors.book.around import Around
from actors.book.store import Entry, Snapshot, Store
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
    with contextlib.suppress(OSError, ValueError):
        return float((home / FILE).read_text(encoding="utf-8"))
    return 0.0


def slow_down(home: Path, delay_ms: float) -> None:
    """Each commit takes so much longer from now on; 0: none does."""
    if delay_ms:
        fresh = home / f".{FILE}"
        fresh.write_text(f"{delay_ms}\n", encoding="utf-8")
        fresh.replace(home / FILE)
    else:
        (home / FILE).unlink(missing_ok=True)
