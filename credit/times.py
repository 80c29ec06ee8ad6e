"""Units of time. Every instant is an int64 count of milliseconds since 1970-01-01 in the bank's own wall time (naive,
UTC+8); every calendar day is an int64 count of days since 1970-01-01, which is numpy's ``datetime64[D]``. Nothing in the
core asks a clock: time always arrives as an argument."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
NEVER = np.iinfo(np.int64).max
"""An instant that no window's end ever passes."""

_EPOCH = dt.date(1970, 1, 1)
LONG_TERM = (dt.date(9999, 12, 31) - _EPOCH).days
"""The day that stands for no end (长期)."""


def day_number(date: dt.date) -> int:
    """The day number of a calendar date; ``day_number(date(1970, 1, 2)) == 1``."""
    return (date - _EPOCH).days


def date_of(day: int) -> dt.date:
    """The calendar date of a day number; the inverse of `day_number`."""
    return _EPOCH + dt.timedelta(days=int(day))


def instant(date: dt.date, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """Milliseconds since 1970-01-01 at a wall time of a calendar date."""
    return day_number(date) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS


def text_of(at: int) -> str:
    """An instant as ``2026-01-05 09:30:00.000`` for messages that people read."""
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=int(at))
    return moment.isoformat(sep=" ", timespec="milliseconds")
