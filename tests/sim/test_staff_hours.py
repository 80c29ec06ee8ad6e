"""Working hours: pauses over lunch, nights, weekends, holidays and leave, against a reckoning minute by minute."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, NEVER
from sim.staff import ENDLESS, OFFICE, Shift
from sim.staff.hours import WorkingHours
from sim.staff.people import hours_of, presence
from tests.sim.staffing import DAYS, EARLY, MONDAY, at, clerk, is_workday, periods, shifts


def hours(shift: Shift = OFFICE, **fields: object) -> WorkingHours:
    return hours_of(clerk(1, shift=shift, **fields), is_workday, MONDAY)


@pytest.mark.parametrize(
    ("begins", "work_minutes", "ends"),
    [
        (at(0, 9), 30, at(0, 9, 30)),
        (at(0, 11, 50), 10, at(0, 12)),  # done as lunch begins
        (at(0, 11, 50), 30, at(0, 13, 20)),  # pauses over lunch
        (at(0, 17, 50), 30, at(1, 8, 50)),  # overnight
        (at(4, 17, 50), 30, at(7, 8, 50)),  # over the weekend
        (at(8, 17, 50), 30, at(10, 8, 50)),  # over a holiday on a Wednesday
        (at(0, 8, 30), 2 * 510, at(1, 18)),  # two whole days
        (at(0, 9), 2 * 510, at(2, 9)),
    ],
)
def test_work_pauses_outside_the_shift(begins: int, work_minutes: int, ends: int) -> None:
    assert hours(EARLY).finish(begins, work_minutes * MINUTE_MS) == ends


def test_work_pauses_during_leave() -> None:
    away = hours(EARLY, leave=((MONDAY + 1, MONDAY + 2),))
    assert away.finish(at(0, 17, 50), 30 * MINUTE_MS) == at(3, 8, 50)


def test_an_endless_shift_works_through_nights_weekends_and_holidays() -> None:
    assert hours(ENDLESS).finish(at(4, 23), 20 * 24 * HOUR_MS) == at(24, 23)


def test_opening_is_the_present_or_the_next_span() -> None:
    book = hours()
    assert book.opening(at(0, 10)) == (at(0, 9), at(0, 12))
    assert book.opening(at(0, 12)) == (at(0, 13), at(0, 18))
    assert book.opening(at(4, 18)) == (at(7, 9), at(7, 12))


def test_somebody_who_never_comes_back_never_finishes() -> None:
    gone = hours(leave=((MONDAY + 3, MONDAY + 4000),))
    assert gone.finish(at(2, 17, 59), 2 * MINUTE_MS) == NEVER
    assert gone.opening(at(3, 9)) == (NEVER, NEVER)


def test_time_before_the_first_day_is_refused() -> None:
    with pytest.raises(ValueError, match="before the first day"):
        hours().opening(at(-1, 12))


@pytest.mark.parametrize(
    "spans", [(), ((600, 600),), ((700, 600),), ((540, 720), (700, 900)), ((-1, 5),), ((0, 1441),)]
)
def test_a_shift_must_be_a_day_in_order(spans: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="must be in order"):
        Shift(spans=spans)


@given(
    shift=shifts, leave=st.lists(periods, max_size=3), start=st.integers(0, DAYS * 1440 - 1), work=st.integers(1, 2000)
)
def test_finish_and_worked_agree_with_a_reckoning_by_minutes(
    shift: Shift, leave: list[tuple[int, int]], start: int, work: int
) -> None:
    person = clerk(1, shift=shift, leave=tuple(leave))
    days = np.arange(MONDAY, MONDAY + 60)
    day = np.zeros(1440, dtype=bool)
    for a, b in shift.spans:
        day[a:b] = True
    minutes = np.outer(presence(person, is_workday)(days), day).ravel()
    last = np.flatnonzero(np.cumsum(minutes[start:]) == work)[0] + start
    book, origin = hours_of(person, is_workday, MONDAY), MONDAY * DAY_MS
    end = origin + (int(last) + 1) * MINUTE_MS
    assert book.finish(origin + start * MINUTE_MS, work * MINUTE_MS) == end
    worked = book.worked_by(np.array([origin + start * MINUTE_MS, end]))
    assert worked[1] - worked[0] == work * MINUTE_MS


def test_only_who_works_at_the_same_times_has_the_same_pattern() -> None:
    week = at(0, 0) + np.arange(8) * DAY_MS
    others = {
        "leave": hours(leave=((MONDAY + 1, MONDAY + 2),)),
        "shift": hours(EARLY),
        "away": WorkingHours(OFFICE, is_workday, MONDAY, ((at(2, 10), at(2, 12)),)),
    }
    for name, other in others.items():
        assert other.pattern(MONDAY, MONDAY + 7) != hours().pattern(MONDAY, MONDAY + 7), name
        assert np.diff(other.worked_by(week)).tolist() != np.diff(hours().worked_by(week)).tolist(), name
    assert others["leave"].pattern(MONDAY + 3, MONDAY + 7) == hours().pattern(MONDAY + 3, MONDAY + 7)
    assert hours().pattern(MONDAY, MONDAY + 300) == hours().pattern(MONDAY, MONDAY + 300)
