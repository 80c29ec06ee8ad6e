"""Day counts against the calendar of the standard library and exact fractions."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.calendar import add_months
from credit.daycount import (
    ACT_360,
    ACT_365,
    D30_360,
    MONTHLY,
    days_between,
    interest_fen,
    interest_for_days,
    month_interest_fen,
)
from credit.errors import CreditError
from credit.times import day_number
from tests.credit.test_money import half_up

DATES = st.dates(dt.date(2000, 1, 1), dt.date(2060, 12, 31))
CONVENTIONS = st.sampled_from([ACT_360, ACT_365, D30_360, MONTHLY])


def day(text: str) -> int:
    return day_number(dt.date.fromisoformat(text))


@pytest.mark.parametrize(
    ("start", "end", "act", "thirty", "monthly"),
    [
        ("2026-01-10", "2026-02-10", 31, 30, 30),
        ("2026-01-31", "2026-02-28", 28, 28, 30),
        ("2026-02-28", "2026-03-31", 31, 32, 30),
        ("2024-02-29", "2024-03-31", 31, 31, 30),
        ("2026-01-15", "2026-03-10", 54, 55, 30 + 23),
        ("2026-01-15", "2026-01-20", 5, 5, 5),
        ("2026-01-15", "2027-01-15", 365, 360, 360),
        ("2026-05-31", "2026-05-31", 0, 0, 0),
    ],
)
def test_days_of_each_convention(start, end, act, thirty, monthly):
    counted = days_between(day(start), day(end), np.array([ACT_360, ACT_365, D30_360, MONTHLY]))
    assert counted.tolist() == [act, act, thirty, monthly]


@given(DATES, DATES, DATES, st.sampled_from([ACT_360, ACT_365, D30_360]))
def test_periods_that_touch_neither_overlap_nor_leave_a_gap(a, b, c, convention):
    first, middle, last = sorted(map(day_number, (a, b, c)))
    parts = days_between([first, middle], [middle, last], convention).sum()
    assert parts == days_between(first, last, convention)


@given(DATES, st.integers(0, 360))
def test_whole_months_count_thirty_days_each_by_month(date, months):
    start = day_number(date)
    assert days_between(start, add_months(start, months), MONTHLY) == 30 * months


@given(
    st.lists(
        st.tuples(st.integers(0, 10**11), st.integers(0, 1_000_000), DATES, st.integers(0, 12_000), CONVENTIONS),
        min_size=1,
        max_size=10,
    )
)
def test_interest_is_balance_times_rate_times_days_over_base_rounded_once(rows):
    balance, rate, dates, length, convention = zip(*rows, strict=True)
    start = np.array([day_number(date) for date in dates])
    end = start + np.array(length)
    days = days_between(start, end, convention)
    base = {ACT_360: 360, ACT_365: 365, D30_360: 360, MONTHLY: 360}
    expected = [
        half_up(Fraction(b * r * int(n), 1_000_000 * base[c]))
        for b, r, n, c in zip(balance, rate, days, convention, strict=True)
    ]
    assert interest_fen(balance, rate, start, end, convention).tolist() == expected


def test_month_and_odd_days_follow_the_rule_of_the_peoples_bank():
    # 10,000 yuan at 6 % from 15 January to 10 March: one month at 0.5 % and 23 days at 6 % / 360.
    assert interest_fen(1_000_000, 60_000, day("2026-01-15"), day("2026-03-10"), MONTHLY) == 5_000 + 3_833


def test_days_already_counted_give_the_same_interest():
    assert interest_for_days(5_000_000, 60_000, 30, MONTHLY) == 25_000


@pytest.mark.parametrize(
    ("convention", "expected"), [(MONTHLY, 25_000), (D30_360, 25_000), (ACT_360, 25_365), (ACT_365, 25_017)]
)
def test_a_mean_month_is_a_twelfth_or_its_mean_days(convention, expected):
    assert month_interest_fen(5_000_000, 60_000, convention) == expected


def test_an_unknown_convention_and_a_period_backwards_are_refused():
    with pytest.raises(CreditError, match=r"row 1: 9 is none of 1 \(act/360\)"):
        days_between([0, 0], [1, 1], [ACT_360, 9])
    with pytest.raises(CreditError, match="ends before it starts"):
        days_between(10, 9, ACT_360)
