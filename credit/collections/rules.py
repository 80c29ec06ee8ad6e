"""Rules on plain columns: days past due, the number of a task."""

from __future__ import annotations

import numpy as np

from credit.times import DAY_MS, HOUR_MS, Bools, Ints

_STAGE_UNIT = 8
_DAY_UNIT = 32


def dpd_of(day: Ints | int, since_day: Ints) -> Ints:
    """Days past due (逾期天数): 0 on the due day of the oldest unpaid instalment, 1 on the next."""
    return np.asarray(day - since_day)


def cleared(overdue_fen: Ints) -> Bools:
    """True where nothing is overdue any more."""
    return np.asarray(overdue_fen <= 0)


def work_instant(day: int, work_hour: int) -> int:
    """The instant at which a day's notices and tasks go out."""
    return day * DAY_MS + work_hour * HOUR_MS


def attempt_of(day: int, stage: Ints, means: Ints | int) -> Ints:
    """Number of a task or notice: unique for its loan, and it tells the day, the stage it was made in, and the means."""
    return np.asarray(day * _DAY_UNIT + stage * _STAGE_UNIT + means)


def stage_of_attempt(attempt: Ints) -> Ints:
    """The stage, and so the team, that a task was made for."""
    return attempt % _DAY_UNIT // _STAGE_UNIT


def means_of_attempt(attempt: Ints) -> Ints:
    """The means that a task asks for."""
    return attempt % _STAGE_UNIT
