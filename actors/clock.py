"""A live bank's clock. The core takes time as an argument; here is where it comes from: the wall, or a business date that moves
only when it is told to (for training and tests). Instants are ms in the bank's own wall time (see `credit.times`)."""

from __future__ import annotations

import time
from typing import Protocol

from credit.times import DAY_MS, HOUR_MS, text_of

BANK_OFFSET_MS = 8 * HOUR_MS
"""China Standard Time, UTC+8, without summer time since 1991."""


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


class WallClock:
    """The time of day, as the bank's wall shows it."""

    moves_days = True

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(self._last, time.time_ns() // 1_000_000 + BANK_OFFSET_MS)
        return self._last

    def set(self, at: int) -> None:
        raise ClockError(
            f"the bank runs on the wall clock, which nobody sets to {text_of(at)}; serve with --clock business"
        )


class BusinessClock:
    """A business date that stays until it is advanced. Within the day time goes on as on the wall, until its last ms."""

    moves_days = False

    def __init__(self, at: int) -> None:
        self._from, self._since = at, time.monotonic_ns()

    def now(self) -> int:
        gone = (time.monotonic_ns() - self._since) // 1_000_000
        return min(self._from + gone, (self._from // DAY_MS + 1) * DAY_MS - 1)

    def set(self, at: int) -> None:
        now = self.now()
        if at < now:
            raise ClockError(f"the business date can't go back: it is {text_of(now)}, {text_of(at)} was asked for")
        self._from, self._since = at, time.monotonic_ns()
