"""Schedules against a slow reference that knows nothing of arrays: exact fractions and the standard library's dates."""

from __future__ import annotations

import calendar
import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from credit.codes import Method
from credit.daycount import ACT_360, ACT_365, D30_360, MONTHLY
from credit.errors import CreditError
from credit.schedules import (
    Schedule,
    Terms,
    accrued_fen,
    build_schedule,
    build_schedules,
    due_day,
    level_payment_fen,
    next_instalment,
    regular_part_fen,
)
from credit.times import date_of, day_number
from tests.credit.test_money import half_up

START, FIRST_DUE = day_number(dt.date(2026, 1, 10)), day_number(dt.date(2026, 2, 10))
STANDARD = [Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST]
CONVENTIONS = [ACT_360, ACT_365, D30_360, MONTHLY]


def zhang(method: Method) -> Schedule:
    """50,000 yuan over 12 months at 0.5 % a month, paid out on the 10th, due on the 10th."""
    return build_schedule(Terms.of(5_000_000, 60_000, 12, method, MONTHLY, START, FIRST_DUE, 10))


# Zhang ----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-01.a", "REP-02.a", "EX-06.a")
def test_zhang_pays_4303_32_each_month_and_4303_34_at_the_end():
    plan = zhang(Method.EQUAL_INSTALMENT)
    assert plan.payment_fen.tolist() == [430_332] * 11 + [430_334]
    assert plan.interest_fen[0] == 25_000
    assert plan.total_interest_fen == 163_986
    assert plan.number.tolist() == list(range(1, 13))
    assert [date_of(day) for day in plan.due_day] == [dt.date(2026 + m // 12, m % 12 + 1, 10) for m in range(1, 13)]


@pytest.mark.requirement("REP-02.a", "REP-02.b", "REP-02.c", "EX-06.b", "EX-06.c")
def test_zhang_pays_less_interest_by_equal_principal_and_most_by_interest_first():
    assert zhang(Method.EQUAL_PRINCIPAL).total_interest_fen == 162_500
    plan = zhang(Method.INTEREST_FIRST)
    assert plan.total_interest_fen == 300_000
    assert plan.principal_fen.tolist() == [0] * 11 + [5_000_000]


# the level payment ----------------------------------------------------------------------------------------------------


def exact_level(principal: int, ppm: int, periods: int, month: Fraction = Fraction(1, 12)) -> int:
    rate = Fraction(ppm, 1_000_000) * month
    if rate == 0:
        return half_up(Fraction(principal, periods))
    return half_up(principal * rate * (1 + rate) ** periods / ((1 + rate) ** periods - 1))


LOANS = st.tuples(st.integers(0, 10**11), st.integers(0, 1_000_000), st.integers(1, 360))


@given(st.lists(LOANS, min_size=1, max_size=6))
def test_level_payment_is_the_exact_annuity_rounded_half_up(rows):
    principal, rate, periods = zip(*rows, strict=True)
    assert level_payment_fen(principal, rate, periods).tolist() == [exact_level(*row) for row in rows]


@pytest.mark.parametrize(
    ("principal", "rate", "periods", "expected"),
    [
        (100, 60_000, 1, 101),
        (300, 60_000, 1, 302),
        (1, 0, 2, 1),
        (3, 0, 2, 2),
        (10**11, 0, 480, 208_333_333),
        (0, 1, 1, 0),
    ],
)
def test_exact_halves_are_found_though_the_factor_is_cut_off(principal, rate, periods, expected):
    assert exact_level(principal, rate, periods) == expected
    assert int(level_payment_fen(principal, rate, periods)) == expected


def test_level_payment_by_actual_days_uses_the_mean_month():
    by_360 = level_payment_fen(10**8, 42_000, 360, ACT_360)
    assert by_360 == exact_level(10**8, 42_000, 360, Fraction(487, 5_760))
    assert by_360 > level_payment_fen(10**8, 42_000, 360, MONTHLY)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((10**11 + 1, 0, 1), "principal_fen, row 0"),
        ((1, -1, 1), "annual_rate_ppm, row 0"),
        ((1, 0, 0), "periods, row 0: 0; from 1 to 480"),
    ],
)
def test_level_payment_names_what_is_out_of_bounds(arguments, message):
    with pytest.raises(CreditError, match=message):
        level_payment_fen(*arguments)


# whole plans against the reference ------------------------------------------------------------------------------------


def clamped(year: int, month0: int, wanted: int) -> dt.date:
    year, month = year + month0 // 12, month0 % 12 + 1
    return dt.date(year, month, min(wanted, calendar.monthrange(year, month)[1]))


def later(date: dt.date, months: int) -> dt.date:
    return clamped(date.year, date.month - 1 + months, date.day)


def month_apart(start: dt.date, end: dt.date) -> bool:
    return later(start, 1) == end or later(end, -1) == start


def reference_days(start: dt.date, end: dt.date, convention: int) -> int:
    if convention in {ACT_360, ACT_365}:
        return (end - start).days
    if convention == D30_360:
        days = min(end.day, 30) - min(start.day, 30)
        return 360 * (end.year - start.year) + 30 * (end.month - start.month) + days
    months = 0
    while later(start, months + 1) <= end:
        months += 1
    spans = 12 * (end.year - start.year) + end.month - start.month
    if later(end, -spans) == start:
        return 30 * spans
    return 30 * months + (end - later(start, months)).days


def reference_plan(principal, ppm, months, method, convention, start, first, wanted):
    """Rows (due, principal, interest) by the words of the rules."""
    base = 365 if convention == ACT_365 else 360
    mean = {ACT_360: Fraction(487, 5_760), ACT_365: Fraction(487, 5_840)}.get(convention, Fraction(1, 12))
    level = exact_level(principal, ppm, months, mean)
    rows, balance, since = [], principal, start
    for number in range(1, months + 1):
        due = first if number == 1 else clamped(first.year, first.month - 1 + number - 1, wanted)
        days = reference_days(since, due, convention)
        interest = half_up(Fraction(balance * ppm * days, 1_000_000 * base))
        if method == Method.EQUAL_INSTALMENT:
            month = interest if month_apart(since, due) else half_up(balance * Fraction(ppm, 1_000_000) * mean)
            paid = level - month
        else:
            paid = half_up(Fraction(principal, months)) if method == Method.EQUAL_PRINCIPAL else 0
        paid = balance if number == months else min(max(paid, 0), balance)
        balance -= paid
        rows.append((due, paid, interest))
        since = due
    return rows


LOAN = st.fixed_dictionaries(
    {
        "principal": st.one_of(st.integers(1, 10**4), st.integers(10**5, 10**11)),
        "ppm": st.integers(0, 360_000),
        "months": st.integers(1, 40),
        "method": st.sampled_from(STANDARD),
        "convention": st.sampled_from(CONVENTIONS),
        "start": st.dates(dt.date(2024, 1, 1), dt.date(2027, 12, 31)),
        "gap": st.integers(1, 70),
    }
)


def terms_of(loans: list[dict]) -> Terms:
    def column(name: str) -> list[int]:
        return [loan[name] for loan in loans]

    starts = [day_number(loan["start"]) for loan in loans]
    firsts = [day + loan["gap"] for day, loan in zip(starts, loans, strict=True)]
    doms = [date_of(day).day for day in firsts]
    return Terms.of(
        column("principal"),
        column("ppm"),
        column("months"),
        column("method"),
        column("convention"),
        starts,
        firsts,
        doms,
    )


@pytest.mark.requirement("REP-01.a", "REP-02.a", "REP-02.b", "REP-02.c")
@settings(max_examples=150)
@given(st.lists(LOAN, min_size=1, max_size=4))
def test_plans_follow_the_reference_to_the_fen(loans):
    plans = build_schedules(terms_of(loans))
    assert len(plans) == len(loans)
    for place, loan in enumerate(loans):
        plan, first = plans.of(place), loan["start"] + dt.timedelta(days=loan["gap"])
        expected = reference_plan(
            loan["principal"],
            loan["ppm"],
            loan["months"],
            loan["method"],
            loan["convention"],
            loan["start"],
            first,
            first.day,
        )
        days = [date_of(day) for day in plan.due_day]
        got = list(zip(days, plan.principal_fen.tolist(), plan.interest_fen.tolist(), strict=True))
        assert got == expected


@settings(max_examples=60)
@given(st.lists(LOAN, min_size=1, max_size=6))
def test_a_plan_repays_exactly_the_principal_and_never_owes_below_nothing(loans):
    terms = terms_of(loans)
    plans = build_schedules(terms)
    for place in range(len(terms)):
        plan, principal = plans.of(place), int(terms.principal_fen[place])
        assert plan.principal_fen.sum() == principal
        assert plan.balance_fen.tolist() == (principal - np.cumsum(plan.principal_fen)).tolist()
        assert plan.balance_fen[-1] == 0
        assert plan.principal_fen.min() >= 0
        assert plan.interest_fen.min() >= 0
        assert np.array_equal(plan.payment_fen, plan.principal_fen + plan.interest_fen)


@settings(max_examples=60)
@given(st.lists(LOAN, min_size=2, max_size=6))
def test_a_plan_is_the_same_alone_among_others_and_step_by_step(loans):
    terms = terms_of(loans)
    together = build_schedules(terms)
    for place, loan in enumerate(loans):
        alone = build_schedule(terms_of([loan]))
        assert np.array_equal(together.of(place).payment_fen, alone.payment_fen)
        assert np.array_equal(stepped(loan), alone.payment_fen)


def stepped(loan: dict) -> list[int]:
    """Payments of one loan as repayment would ask for them, due date by due date."""
    terms = terms_of([loan])
    part = regular_part_fen(loan["principal"], loan["ppm"], loan["months"], loan["method"], loan["convention"])
    balance, since, payments = loan["principal"], int(terms.start_day[0]), []
    for number in range(1, loan["months"] + 1):
        due = int(due_day(int(terms.first_due_day[0]), number - 1, int(terms.day_of_month[0])))
        principal, interest = next_instalment(
            balance, part, loan["ppm"], number, loan["months"], since, due, loan["method"], loan["convention"]
        )
        payments.append(int(principal[0] + interest[0]))
        balance, since = balance - int(principal[0]), due
    return payments


@given(st.integers(10**6, 10**10), st.integers(10_000, 240_000), st.integers(6, 60), st.integers(1, 60))
def test_a_stub_costs_interest_and_leaves_the_loan_on_its_path(principal, ppm, months, gap):
    assume(gap not in {28, 29, 30, 31})
    start = FIRST_DUE - gap
    odd = build_schedule(Terms.of(principal, ppm, months, Method.EQUAL_INSTALMENT, MONTHLY, start, FIRST_DUE, 10))
    even = build_schedule(Terms.of(principal, ppm, months, Method.EQUAL_INSTALMENT, MONTHLY, START, FIRST_DUE, 10))
    assert np.array_equal(odd.principal_fen, even.principal_fen)
    assert np.array_equal(odd.interest_fen[1:], even.interest_fen[1:])
    assert (odd.interest_fen[0] < even.interest_fen[0]) == (gap < 30)


def test_a_long_mortgage_by_actual_days_ends_without_a_balloon():
    for convention in CONVENTIONS:
        plan = build_schedule(Terms.of(10**8, 42_000, 360, Method.EQUAL_INSTALMENT, convention, START, FIRST_DUE, 10))
        level = int(plan.payment_fen[0])
        assert abs(int(plan.payment_fen[-1]) - level) < level // 2, convention


# due dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "wanted", "expected"),
    [
        (dt.date(2026, 1, 31), 31, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        (dt.date(2024, 1, 30), 30, ["2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30"]),
        (dt.date(2026, 11, 10), 10, ["2026-11-10", "2026-12-10", "2027-01-10", "2027-02-10"]),
        (dt.date(2026, 2, 25), 10, ["2026-02-25", "2026-03-10", "2026-04-10", "2026-05-10"]),
    ],
)
def test_due_days_keep_the_day_of_the_month_and_clamp_to_its_end(first, wanted, expected):
    days = due_day(day_number(first), np.arange(4), wanted)
    assert [date_of(day).isoformat() for day in days] == expected


# terms that can't be ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"principal_fen": 0}, "principal_fen, row 0: 0.00 yuan"),
        ({"annual_rate_ppm": 1_000_001}, "annual_rate_ppm, row 0: 1000001; from 0 to 1000000"),
        ({"months": 481}, "months, row 0: 481; from 1 to 480"),
        ({"method": 9}, "method, row 0: 9"),
        ({"daycount": 0}, "daycount, row 0: 0 is none of"),
        ({"first_due_day": START}, "first_due_day, row 0: must be after"),
        ({"day_of_month": 32}, "day_of_month, row 0: 32"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_column_and_row(changed, message):
    good = {
        "principal_fen": 100,
        "annual_rate_ppm": 0,
        "months": 1,
        "method": 1,
        "daycount": MONTHLY,
        "start_day": START,
        "first_due_day": FIRST_DUE,
        "day_of_month": 10,
    }
    with pytest.raises(CreditError, match=message):
        Terms.of(**{**good, **changed})


# accrual --------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**11), st.integers(1, 400))
def test_interest_accrues_day_by_day_to_exactly_the_instalments_interest(interest, period):
    accrued = accrued_fen(interest, np.arange(-1, period + 3), period)
    daily = np.diff(accrued)
    assert accrued[0] == accrued[1] == 0
    assert accrued[-1] == interest
    assert daily.min() >= 0
    assert daily.sum() == interest
    assert np.ptp(daily[1 : period + 1]) <= 1
