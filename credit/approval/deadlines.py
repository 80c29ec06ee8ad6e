"""Time limits in working time (工作时间): a limit of 480 minutes that begins on a Friday afternoon ends on Monday.
Office hours and workdays only, exact to the millisecond, whole columns; a limit used up exactly at closing time ends then,
not the next morning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from credit.masks import clipped
from credit.times import DAY_MS, MINUTE_MS, Bools, Ints, day_number

FIRST_DAY = day_number(dt.date(2004, 1, 1))
LAST_DAY = day_number(dt.date(2060, 12, 31))


class WorkingTime:
    """The bank's working time: spans of minutes of the day, on the days that `is_workday` names."""

    def __init__(self, spans: Sequence[tuple[int, int]], is_workday: Callable[[Ints], Bools]) -> None:
        days = np.arange(FIRST_DAY, LAST_DAY + 1, dtype=np.int64)
        self._open = is_workday(days)
        self._workdays = days[self._open]
        self._before: Ints = self._open.cumsum() - self._open
        self._starts = np.array([start * MINUTE_MS for start, _ in spans], dtype=np.int64)
        lengths = np.array([(end - start) * MINUTE_MS for start, end in spans], dtype=np.int64)
        self._ends_at = np.cumsum(lengths)
        self._lengths = lengths
        self._day = int(lengths.sum())

    def elapsed(self, at: npt.ArrayLike) -> Ints:
        """Working ms from the beginning of the calendar to each instant."""
        when = np.asarray(at, dtype=np.int64)
        place = clipped(when // DAY_MS - FIRST_DAY, 0, len(self._open) - 1)
        within = when % DAY_MS
        today = np.zeros(when.shape, dtype=np.int64)
        for start, length in zip(self._starts.tolist(), self._lengths.tolist(), strict=True):
            today += clipped(within - start, 0, length)
        return np.asarray(self._before[place] * self._day + np.where(self._open[place], today, 0))

    def add(self, at: npt.ArrayLike, working_ms: npt.ArrayLike) -> Ints:
        """The instant at which `working_ms` ≥ 1 of working time have passed since `at`."""
        total = self.elapsed(at) + np.asarray(working_ms, dtype=np.int64)
        day = clipped((total - 1) // self._day, 0, len(self._workdays) - 1)
        rest = total - day * self._day
        span = np.minimum(self._ends_at.searchsorted(rest), len(self._ends_at) - 1)
        offset = rest - self._ends_at[span] + self._lengths[span]
        return np.asarray(self._workdays[day] * DAY_MS + self._starts[span] + offset)
