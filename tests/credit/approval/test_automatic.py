"""The automatic lane: within seconds, within means, within what the product lets a machine decide."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.approval.affordability import Affordability, payment_factor
from credit.approval.contract import DESK, ApplicationScored, Event, Refusal
from credit.codes import Actor, Grade, Guarantee, Lane, Material, Method
from credit.contracts.contract import ApplicationApproved
from credit.customers.contract import Refusal as CustomerRefusal
from credit.mail import Outbox
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.approval import ApprovalPolicy
from credit.schedules import level_payment_fen
from credit.scoring.contract import Refusal as ScoringRefusal
from credit.subsystem import Window
from credit.times import DAY_MS, SECOND_MS
from tests.credit.approval.builders import CASE, MORTGAGE, NINE, YUAN, day_window, desk, run, scored


@pytest.mark.requirement("APR-14.a", "APR-15.a")
def test_a_scorecard_product_is_decided_within_seconds_with_all_terms_fixed():
    out = run(desk(), (ApplicationScored, scored()))
    [terms] = out.take(ApplicationApproved)
    assert 0 < terms["at"] - NINE <= 3 * SECOND_MS
    assert (terms["amount_fen"], terms["term_months"], terms["rate_ppm"]) == (50_000 * YUAN, 12, 60_000)
    assert (terms["method"], terms["guarantee"], terms["lane"]) == (
        Method.EQUAL_INSTALMENT,
        Guarantee.CREDIT,
        Lane.AUTOMATIC,
    )
    assert terms["approved_at"] == terms["at"]
    assert terms["valid_until"] == terms["at"] + 30 * DAY_MS
    assert out.events_of(Event.APPLICATION_APPROVED)["actor"].tolist() == [Actor.SYSTEM]
    assert len(out.events_of(Event.NODE_ENTERED)) == 0
    assert len(out.take(DESK.task)) == 0


@pytest.mark.requirement("APR-14.b")
def test_an_amount_beyond_means_is_cut_to_whole_thousands_that_are_affordable():
    out = run(desk(), (ApplicationScored, scored(verified_income_fen=6_000 * YUAN)))
    [terms] = out.take(ApplicationApproved)
    amount = int(terms["amount_fen"])
    assert amount % (1_000 * YUAN) == 0
    assert amount < 50_000 * YUAN
    payments = [int(level_payment_fen(p, 60_000, 12)) for p in (amount, amount + 1_000 * YUAN)]
    assert payments[0] <= 3_000 * YUAN < payments[1]


def test_other_debt_takes_its_share_of_the_income_first():
    out = run(desk(), (ApplicationScored, scored(monthly_debt_fen=8_500 * YUAN)))
    assert out.take(ApplicationApproved)["amount_fen"].tolist() == [5_000 * YUAN]


def test_who_can_not_afford_the_least_amount_is_declined():
    out = run(desk(), (ApplicationScored, scored(monthly_debt_fen=8_900 * YUAN)))
    assert len(out.take(ApplicationApproved)) == 0
    assert out.events_of(Event.APPLICATION_DECLINED)["reason"].tolist() == [Refusal.AFFORDABILITY]


def test_of_an_income_as_much_counts_as_scoring_says():
    out = run(desk(), (ApplicationScored, scored(verified_income_fen=4_200 * YUAN, income_fen=7_000 * YUAN)))
    assert int(out.take(ApplicationApproved)["amount_fen"][0]) < 50_000 * YUAN
    out = run(desk(), (ApplicationScored, scored(verified_income_fen=0, income_fen=7_000 * YUAN)))
    assert out.events_of(Event.APPLICATION_DECLINED)["reason"].tolist() == [Refusal.AFFORDABILITY]


@pytest.mark.requirement("CUS-04.d")
@pytest.mark.parametrize("reason", [ScoringRefusal.SCORE_LOW, ScoringRefusal.RED_ALERT, ScoringRefusal.CREDIT_HISTORY])
def test_a_rejected_application_is_declined_at_once_for_the_reason_that_scoring_gives(reason):
    out = run(desk(), (ApplicationScored, scored(lane=Lane.REJECT, alert=2, advice=reason)))
    [event] = out.events_of(Event.APPLICATION_DECLINED)
    assert (event["at"], event["reason"]) == (NINE, reason)


@pytest.mark.parametrize("change", [{"alert": 1}, {"doubts": 8}, {"amount_fen": 250_000 * YUAN}, {"product": MORTGAGE}])
def test_what_a_machine_may_not_decide_goes_to_people(change):
    more = {"collateral_fen": 10**9, "term_months": 60} if change.get("product") == MORTGAGE else {}
    out = run(desk(), (ApplicationScored, scored(**({"amount_fen": 120_000 * YUAN} | change | more))))
    assert len(out.take(DESK.task)) == 1
    assert len(out.take(ApplicationApproved)) == 0


@pytest.mark.requirement("APR-13.a", "APR-13.c")
def test_a_missing_conditional_material_becomes_a_condition_and_a_key_item_never():
    late = {"product": MORTGAGE, "collateral_fen": 10**9, "term_months": 60, "amount_fen": 200_000 * YUAN}
    conditional = run(desk(), (ApplicationScored, scored(missing=Material.RESIDENCE_PROOF, **late)))
    assert len(conditional.take(DESK.task)) == 1
    for missing in (Material.ID_FRONT, Material.RESIDENCE_PROOF | Material.ID_BACK, Material.INCOME_PROOF):
        out = run(desk(), (ApplicationScored, scored(missing=missing, **late)))
        assert out.events_of(Event.APPLICATION_DECLINED)["reason"].tolist() == [CustomerRefusal.DOCUMENT_MISSING]


def test_a_decision_due_after_midnight_is_made_in_the_next_window_at_its_own_instant():
    subsystem, first, second = desk(), day_window(0), day_window(1)
    at = first.until - 100
    assert len(run(subsystem, (ApplicationScored, scored(at=at)), window=first).take(ApplicationApproved)) == 0
    out = run(subsystem, window=second)
    assert out.take(ApplicationApproved)["at"].tolist() == [at + subsystem.policy.decision_ms]


@given(
    income=st.integers(2_000, 60_000),
    debt=st.integers(0, 9_000),
    amount=st.integers(5, 200),
    months=st.sampled_from([6, 12, 18, 24, 36]),
    grade=st.sampled_from(list(Grade)),
)
def test_nobody_is_granted_more_than_the_share_of_income_carries(income, debt, amount, months, grade):
    products = load("products", ProductPolicy)
    rule = Affordability(load("approval", ApprovalPolicy), products, columns_of(products))
    row = scored(
        verified_income_fen=income * YUAN,
        monthly_debt_fen=debt * YUAN,
        amount_fen=amount * 1_000 * YUAN,
        term_months=months,
        grade=grade,
    )
    largest = int(rule.largest_fen(row)[0])
    rate = products.products[0].rate_ppm_by_grade[grade - 1]
    room = income * YUAN // 2 - debt * YUAN
    assert 0 <= largest <= amount * 1_000 * YUAN
    assert largest == 0 or int(level_payment_fen(largest, rate, months)) <= room
    if largest < amount * 1_000 * YUAN and room > 0:
        assert int(level_payment_fen(largest + 1_000 * YUAN, rate, months)) >= room


@pytest.mark.parametrize("method", list(Method))
def test_the_payment_factor_of_a_rate_of_nothing_is_an_even_repayment(method):
    assert payment_factor(0, 8, method) == 12_500_000


def test_two_windows_of_an_hour_decide_what_one_window_decides():
    rows = np.concatenate([scored(CASE + n, NINE + n * 900_000) for n in range(8)])
    whole = run(desk(), (ApplicationScored, rows), window=Window(0, NINE, NINE + 7_200_000))
    parts, halves = desk(), Outbox()
    for number, start in enumerate((NINE, NINE + 3_600_000)):
        window = Window(number, start, start + 3_600_000)
        mine = rows[(rows["at"] >= start) & (rows["at"] < window.until)]
        halves.send(ApplicationApproved, run(parts, (ApplicationScored, mine), window=window).take(ApplicationApproved))
    assert whole.take(ApplicationApproved).tobytes() == halves.take(ApplicationApproved).tobytes()


@pytest.mark.parametrize("months", [6, 12, 36])
def test_a_monthly_payment_is_never_understated(months):
    grown = (1 + Fraction(60_000, 12 * 10**6)) ** months
    exact = 10**8 * Fraction(60_000, 12 * 10**6) * grown / (grown - 1)
    assert payment_factor(60_000, months, Method.EQUAL_INSTALMENT) == ceil(exact) > exact
