"""A live bank's clock. The core takes time as an argument; here is where it comes from: the wall, or a business date that moves
only when it is told to (for training and tests). Instants are ms in the bank's own wall time (see `credit.times`)."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from credit.times import DAY_MS, HOUR_MS, SECOND_MS, text_of

BANK_OFFSET_MS = 8 * HOUR_MS
"""China Standard Time, UTC+8, without summer time since 1991."""
LEAP_MS, HELD_MS = 2_000, 10_000
"""A clock that shows so much more or less than went by has leapt; it is followed once that has stood so long (our defaults)."""
AHEAD_MS = 30_000
"""So far ahead of what it shows a business clock keeps its mark: a write to the disk in half a minute, and a step no longer than
that when it is taken up again (our default)."""
_log = logging.getLogger(__name__)


class ClockError(ValueError):
    """A clock that can't be set like this."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.user_message = message


class Clock(Protocol):
    """`now` never goes back. `moves_days`: whether a new day comes by itself."""

    moves_days: bool

    def now(self) -> int: ...

    def set(self, at: int) -> None:
        """ClockError where this clock can't be set, or not to this instant."""


def wall_ms() -> int:
    """The time of day, as the bank's wall shows it and the machine's clock says."""
    return time.time_ns() // 1_000_000 + BANK_OFFSET_MS


def ticks_ms() -> int:
    """The machine's count of time gone by, which nobody sets."""
    return time.monotonic_ns() // 1_000_000


class WallClock:
    """The time of day, as the bank's wall shows it. A clock that leaps is not followed at once: days that did not go by would be
    paid interest for. Time goes on as it goes by until the leap has stood for a while (a machine that slept, a clock that was put
    right) and nobody doubts it."""

    moves_days = True

    def __init__(
        self, wall: Callable[[], int] = wall_ms, ticks: Callable[[], int] = ticks_ms, doubted: Callable[[], bool] = bool
    ) -> None:
        """`doubted`: whether others say that this machine's clock is wrong."""
        self._wall, self._ticks, self._doubted = wall, ticks, doubted
        self._from, self._since = wall(), ticks()
        self._leapt: int | None = None
        self._leap = 0
        self._last = self._from

    def now(self) -> int:
        shown, ticks = self._wall(), self._ticks()
        steady = self._from + ticks - self._since
        leap = shown - steady
        if abs(leap) <= LEAP_MS:
            self._leapt = None
        elif self._leapt is None or abs(leap - self._leap) > LEAP_MS:
            self._leapt, self._leap = ticks, leap
            _log.warning("the clock leapt by %.1f s; it is not followed yet", leap / SECOND_MS)
        if self._leapt is None or (ticks - self._leapt >= HELD_MS and not self._doubted()):
            self._from, self._since, self._leapt = shown, ticks, None
            steady = shown
        self._last = max(self._last, steady)
        return self._last

    def set(self, at: int) -> None:
        raise ClockError(
            f"the bank runs on the wall clock, which nobody sets to {text_of(at)}; serve with --clock business"
        )


class Mark:
    """How far a business clock has promised not to be behind, in a file: whoever takes the clock up begins there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int:
        """The instant; 0 where none is kept, or what is kept can't be read."""
        try:
            found = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return 0
        return int(found) if re.fullmatch(r"[0-9]{20}", found) else 0

    def move(self, at: int) -> None:
        """Keeps an instant; it is on the disk when this returns. OSError where it can't be."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, b"%020d\n" % at, 0)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)


class StandingClock:
    """A clock that stands, until it is known where the bank does."""

    moves_days = False

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> int:
        return self._at

    def set(self, at: int) -> None:
        raise ClockError(f"the bank opens; ask for {text_of(at)} again")


class BusinessClock:
    """A business date that stays until it is advanced. Within the day time goes on as on the wall, until its last ms. With a mark
    it never goes back within the day, whatever becomes of the process: it shows nothing beyond the mark, and whoever begins anew
    begins at the mark, `AHEAD_MS` later at most. Where the mark can't be kept, time stands still."""

    moves_days = False

    def __init__(self, at: int, mark: Mark | None = None) -> None:
        """`at`: where the bank stands; a mark of another day is one that was never reached, or left behind."""
        kept = mark.read() if mark is not None else 0
        self._mark = mark
        self._from, self._since = max(at, kept) if kept // DAY_MS == at // DAY_MS else at, time.monotonic_ns()
        self._sure = self._from

    def now(self) -> int:
        gone = (time.monotonic_ns() - self._since) // 1_000_000
        last = (self._from // DAY_MS + 1) * DAY_MS - 1
        shown = min(self._from + gone, last)
        if self._mark is not None and shown > self._sure:
            try:
                self._mark.move(ahead := min(shown + AHEAD_MS, last))
            except OSError:
                return self._sure
            self._sure = ahead
        return shown

    def set(self, at: int) -> None:
        now = self.now()
        if at < now:
            raise ClockError(f"the business date can't go back: it is {text_of(now)}, {text_of(at)} was asked for")
        self._from, self._since, self._sure = at, time.monotonic_ns(), at
