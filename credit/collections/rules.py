"""Rules on plain columns: days past due, what is cleared, the hour of work."""

from __future__ import annotations

import numpy as np

from credit.times import DAY_MS, HOUR_MS, Bools, Ints


def dpd_of(day: Ints | int, since_day: Ints) -> Ints:
    """Days past due (逾期天数): 0 on the due day of the oldest unpaid instalment, 1 on the next."""
    return np.asarray(day - since_day)


def cleared(overdue_fen: Ints) -> Bools:
    """True where nothing is overdue any more."""
    return np.asarray(overdue_fen <= 0)


def work_instant(day: Ints, work_hour: int) -> Ints:
    """The instant at which a day's notices and tasks go out."""
    return np.asarray(day * DAY_MS + work_hour * HOUR_MS)
