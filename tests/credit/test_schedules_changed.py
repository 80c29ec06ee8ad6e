"""Plans set by hand and early repayment: what they make of a schedule."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.codes import Method
from credit.daycount import MONTHLY
from credit.errors import CreditError
from credit.schedules import (
    LOWER_INSTALMENT,
    SHORTER_TERM,
    CustomPlan,
    Schedule,
    Terms,
    after_partial,
    build_schedule,
    build_schedules,
    custom_plan,
    early_interest_fen,
    level_payment_fen,
    next_instalment,
    regular_part_fen,
    staged_plan,
)
from tests.credit.test_schedules import FIRST_DUE, STANDARD, START, zhang

# plans set by hand ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-03.b", "EX-18.a")
def test_half_yearly_interest_with_staged_principal_can_be_set_by_hand():
    plan = staged_plan(24, 6, {12: 300_000, 18: 300_000, 24: 400_000})
    built = build_schedule(Terms.of(5_000_000, 60_000, 24, Method.CUSTOM, MONTHLY, START, FIRST_DUE, 10), plan)
    paying = np.flatnonzero(built.payment_fen) + 1
    assert paying.tolist() == [6, 12, 18, 24]
    assert built.interest_fen[paying - 1].tolist() == [150_000, 150_000, 105_000, 60_000]
    assert built.principal_fen[paying - 1].tolist() == [0, 1_500_000, 1_500_000, 2_000_000]


@pytest.mark.requirement("EX-18.b")
def test_the_staged_plan_eases_the_near_term():
    plan = staged_plan(24, 6, {12: 300_000, 18: 300_000, 24: 400_000})
    terms = Terms.of(5_000_000, 60_000, 24, [Method.CUSTOM, Method.EQUAL_INSTALMENT], MONTHLY, START, FIRST_DUE, 10)
    eased, level = (build_schedules(terms, [plan]).of(place) for place in (0, 1))
    assert eased.payment_fen[:11].sum() < level.payment_fen[:11].sum() // 10


@given(
    st.integers(1, 10**11),
    st.lists(st.tuples(st.integers(0, 1_000), st.booleans()), min_size=1, max_size=24).filter(
        lambda r: sum(w for w, _ in r)
    ),
)
def test_custom_shares_repay_exactly_the_principal_with_all_interest(principal, rows):
    weights, marks = zip(*rows, strict=True)
    shares = [1_000_000 * weight // sum(weights) for weight in weights]
    shares[-1] += 1_000_000 - sum(shares)
    plan = custom_plan(shares, [*marks[:-1], True])
    parts = plan.principal_parts_fen(principal)
    assert parts.sum() == principal
    assert parts.min() >= 0
    assert all(
        abs(part - Fraction(principal * share, 1_000_000)) <= 1 for part, share in zip(parts, shares, strict=True)
    )
    assert [int(plan.part_fen(principal, n)) for n in range(1, len(plan) + 1)] == parts.tolist()
    terms = Terms.of(principal, 72_000, len(plan), Method.CUSTOM, MONTHLY, START, FIRST_DUE, 10)
    held = build_schedule(terms, plan)
    monthly = build_schedule(terms, custom_plan(shares, [True] * len(shares)))
    assert held.total_interest_fen == monthly.total_interest_fen
    assert not held.interest_fen[~plan.pays_interest].any()


@pytest.mark.parametrize(
    ("shares", "marks", "message"),
    [
        ([500_000, 499_999], [True, True], "sum to 999999 millionths"),
        ([1_100_000, -100_000], [True, True], "instalment 2: the share must be at least 0"),
        ([0, 1_000_000], [True, False], "instalment 2: the last instalment must pay interest"),
        ([1_000_000], [True, True], "1 shares and 2 interest marks"),
        ([], [], "0 shares"),
    ],
)
def test_a_custom_plan_that_cannot_be_kept_is_refused(shares, marks, message):
    with pytest.raises(CreditError, match=message):
        custom_plan(shares, marks)


def test_stages_outside_the_term_are_refused():
    with pytest.raises(CreditError, match="stages must lie in 1 to 12"):
        staged_plan(12, 6, {13: 1_000_000})


def test_a_custom_plan_goes_on_in_proportion_after_some_instalments():
    plan = staged_plan(24, 6, {12: 300_000, 18: 300_000, 24: 400_000})
    rest = plan.after(12)
    assert len(rest) == 12
    assert rest.shares_ppm[[5, 11]].tolist() == [428_571, 571_429]
    assert rest.pays_interest[[5, 11]].all()
    with pytest.raises(CreditError, match="leaves nothing"):
        plan.after(24)


def test_a_custom_plan_whose_rest_is_only_interest_keeps_its_share_at_the_end():
    plan = custom_plan([1_000_000, 0, 0], [True, True, True])
    assert plan.after(1).shares_ppm.tolist() == [0, 1_000_000]


@pytest.mark.parametrize(
    ("plans", "message"), [((), "plan, row 0: 0; 0 custom plans"), ((2,), "2 instalments in the plan for 3 months")]
)
def test_a_custom_loan_needs_a_plan_of_its_length(plans, message):
    made: list[CustomPlan] = [staged_plan(length, 1, {length: 1_000_000}) for length in plans]
    with pytest.raises(CreditError, match=message):
        build_schedules(Terms.of(100, 0, 3, Method.CUSTOM, MONTHLY, START, FIRST_DUE, 10), made)


# early repayment ------------------------------------------------------------------------------------------------------


def rest_of(balance: int, ppm: int, count: int, method: Method) -> Schedule:
    return build_schedule(Terms.of(balance, ppm, count, method, MONTHLY, START, FIRST_DUE, 10))


@pytest.mark.requirement("REP-12.a")
def test_zhang_repays_10000_early_and_chooses():
    # After six instalments he owes 25,374.05; 10,000 of it he repays.
    balance = int(zhang(Method.EQUAL_INSTALMENT).balance_fen[5])
    assert balance == 2_537_405
    owed = balance - 1_000_000
    for choice, expected in ((SHORTER_TERM, (4, 430_332)), (LOWER_INSTALMENT, (6, 260_737))):
        count, part = after_partial(owed, 60_000, 6, 430_332, Method.EQUAL_INSTALMENT, MONTHLY, choice)
        assert (int(count[0]), int(part[0])) == expected


def test_the_term_is_the_shortest_whose_payment_is_the_part_and_not_less():
    method = Method.EQUAL_INSTALMENT
    count, _ = after_partial(5_000_000, 60_000, 24, 430_332, method, MONTHLY, SHORTER_TERM)
    assert count.tolist() == [12]


@pytest.mark.requirement("REP-12.a")
@given(
    st.integers(10**6, 10**10),
    st.integers(0, 240_000),
    st.integers(2, 60),
    st.integers(1, 99),
    st.sampled_from(STANDARD[:2]),
)
def test_a_shorter_term_keeps_the_instalment_and_a_lower_one_keeps_the_term(balance, ppm, count, percent, method):
    part = regular_part_fen(balance, ppm, count, method, MONTHLY)
    owed = balance - balance * percent // 100
    fewer, kept = after_partial(owed, ppm, count, part, method, MONTHLY, SHORTER_TERM)
    same, lower = after_partial(owed, ppm, count, part, method, MONTHLY, LOWER_INSTALMENT)
    assert kept[0] == part[0]
    assert same[0] == count
    assert lower[0] <= part[0]
    assert 1 <= fewer[0] <= count
    if method == Method.EQUAL_INSTALMENT:
        assert level_payment_fen(owed, ppm, fewer)[0] <= part[0]
        assert fewer[0] == 1 or level_payment_fen(owed, ppm, fewer - 1)[0] > part[0]
    else:
        assert (fewer[0] - 1) * part[0] < owed
        assert fewer[0] == count or fewer[0] * part[0] >= owed


@pytest.mark.requirement("REP-12.a")
@settings(max_examples=40)
@given(st.integers(10**6, 10**9), st.integers(1_000, 240_000), st.integers(3, 60), st.integers(5, 95))
def test_a_shorter_term_saves_more_interest_than_a_lower_instalment(balance, ppm, count, percent):
    part = regular_part_fen(balance, ppm, count, Method.EQUAL_INSTALMENT, MONTHLY)
    owed = balance - balance * percent // 100
    fewer, _ = after_partial(owed, ppm, count, part, Method.EQUAL_INSTALMENT, MONTHLY, SHORTER_TERM)
    short = rest_of(owed, ppm, int(fewer[0]), Method.EQUAL_INSTALMENT).total_interest_fen
    slow = rest_of(owed, ppm, count, Method.EQUAL_INSTALMENT).total_interest_fen
    assert short <= slow + count


@pytest.mark.requirement("REP-12.a")
def test_interest_first_and_custom_keep_term_and_part_and_no_balance_leaves_nothing():
    methods = [Method.INTEREST_FIRST, Method.CUSTOM, Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL]
    for choice in (SHORTER_TERM, LOWER_INSTALMENT):
        count, part = after_partial([500, 500, 0, 0], 60_000, 9, [0, 0, 70, 70], methods, MONTHLY, choice)
        assert count.tolist() == [9, 9, 0, 0]
        assert part[:2].tolist() == [0, 0]
    with pytest.raises(CreditError, match="choice, row 0: 3; from 1 to 2"):
        after_partial(500, 60_000, 9, 0, Method.INTEREST_FIRST, MONTHLY, 3)


@pytest.mark.requirement("REP-11.b", "REP-12.a")
def test_early_repayment_settles_interest_to_the_day_and_the_rest_of_the_month_is_a_stub():
    # 20 days at 6 % / 360 on 50,000 are 166.67; then 10,000 are repaid, and the 11 days left of January to February run on
    # 40,000, while the principal of the instalment is that of a month at the new level.
    middle = START + 20
    assert early_interest_fen(5_000_000, 60_000, START, middle, MONTHLY) == 16_667
    count, part = after_partial(4_000_000, 60_000, 12, 430_332, Method.EQUAL_INSTALMENT, MONTHLY, LOWER_INSTALMENT)
    principal, interest = next_instalment(
        4_000_000, part, 60_000, 1, count, middle, FIRST_DUE, Method.EQUAL_INSTALMENT, MONTHLY
    )
    assert int(interest[0]) == 7_333
    assert int(principal[0]) == int(part[0]) - 20_000
