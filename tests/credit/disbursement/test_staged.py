"""Staged loans (分次放款): tranches that sum to the amount in whole steps, each after the use of the last was verified."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.approval.contract import Refusal as ApprovalRefusal
from credit.codes import Material, Verdict
from credit.contracts.contract import Refusal as ContractRefusal
from credit.disbursement.contract import DESK, Desk, Event, FacilityOpened, Refusal, UseEvidenceRequested
from credit.disbursement.rules import tranche_fen
from credit.disbursement.states import PaymentState
from credit.policies import PolicyError, ProductPolicy, columns_of, load
from credit.repayment.contract import LoanDisbursed
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.disbursement.builders import (
    CASE,
    LOAN,
    MICRO,
    NINE,
    YUAN,
    Bench,
    contract,
    desks,
    drawdown,
    evidence,
    fulfilled,
    initiated,
    opinion,
    reasons,
    released,
    restricted,
    times,
)

TEN = NINE + HOUR_MS
STEP = 10_000 * YUAN
SECOND = LOAN + 1


def first_paid() -> Bench:
    """A micro business loan of 250,000 yuan with its first tranche, 60 %, on the seller's account."""
    bench = Bench().begun(MICRO)
    bench.pays(TEN, LOAN)
    return bench


def shown() -> Bench:
    bench = first_paid()
    bench.run(evidence(TEN + HOUR_MS))
    return bench


def judged(at: int, verdict: int = Verdict.APPROVE, attempt: int = 3):
    return opinion(Desk.USE_VERIFIER, at, verdict, attempt=attempt)


# ---- the amounts


@st.composite
def staged(draw):
    """(shares, amount, step): the last share takes what the others leave."""
    shares = draw(st.lists(st.integers(1, 400_000), min_size=1, max_size=4).filter(lambda s: sum(s) < 1_000_000))
    step = draw(st.sampled_from([1, 100, 10_000 * YUAN, 90_000 * YUAN]))
    return [*shares, 1_000_000 - sum(shares)], draw(st.integers(1, 10**11)), step


@pytest.mark.requirement("DIS-16.a")
@given(staged())
def test_tranches_sum_to_the_amount_and_are_whole_steps_but_the_last(facts):
    shares, amount, step = facts
    changes = {"products": {"products": [{"key": "micro_business", "staged_shares_ppm": shares}]}}
    products = columns_of(load("products", ProductPolicy, changes))
    count = len(shares)
    parts = tranche_fen(np.full(count, amount), np.full(count, MICRO), np.arange(1, count + 1), products, step)
    assert int(parts.sum()) == amount
    assert int(parts.min()) >= 0
    paid = np.cumsum(parts)[:-1]
    assert bool(np.all((parts[:-1] % step == 0) | (paid >= amount)))
    assert bool(np.all(np.abs(paid - amount * (np.cumsum(shares)[:-1] / 1e6)) <= step / 2 + amount / 1e12 + 1))


@pytest.mark.requirement("DIS-16.a")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tranche_step": 60_000}, "too little for steps of 60,000.00 yuan"),
        ({"tranche_step": 90_001}, "between 0.01 and 90000 yuan"),
        ({"tranche_step": 0}, "between 0.01 and 90000 yuan"),
    ],
)
def test_steps_that_would_leave_a_tranche_empty_are_refused_at_loading(changes, words):
    with pytest.raises(PolicyError, match=words):
        Bench({"payments": changes})


# ---- the order of things


@pytest.mark.requirement("DIS-16.a")
def test_the_first_tranche_is_paid_and_its_use_asked_for():
    bench = Bench()
    out = bench.run(contract(MICRO))
    assert out.take(FacilityOpened)[["staged", "revolving", "limit_fen"]].tolist() == [(1, 0, 250_000 * YUAN)]
    assert out.take(DESK.task)["amount_fen"].tolist() == [150_000 * YUAN]
    out = bench.pays(TEN, LOAN)
    assert out.take(LoanDisbursed)["amount_fen"].tolist() == [150_000 * YUAN]
    assert out.take(UseEvidenceRequested)["loan"].tolist() == [LOAN]
    assert bench.payment("state") == PaymentState.ARRIVED


@pytest.mark.requirement("APP-01.c", "DIS-16.a")
def test_the_second_tranche_comes_only_after_the_use_of_the_first_is_verified():
    bench = first_paid()
    bench.run(until=TEN + HOUR_MS)
    assert bench.facility("loans") == 1
    out = bench.run(evidence(TEN + HOUR_MS))
    assert desks(out) == [Desk.USE_VERIFIER]
    assert bench.facility("loans") == 1
    out = bench.run(judged(TEN + 2 * HOUR_MS))
    assert len(out.events_of(Event.USE_VERIFIED)) == 1
    [task] = out.take(DESK.task)
    assert (task["desk"], task["loan"], task["amount_fen"]) == (Desk.DISBURSEMENT_OPERATOR, SECOND, 100_000 * YUAN)
    out = bench.pays(TEN + 3 * HOUR_MS, SECOND)
    assert bench.all.take(LoanDisbursed)["amount_fen"].tolist() == [150_000 * YUAN, 100_000 * YUAN]
    assert out.take(UseEvidenceRequested).tolist() == [], "nothing follows the last tranche"
    assert reasons(out, Event.FACILITY_CLOSED) == [0]


@pytest.mark.requirement("PRD-09.b")
def test_what_is_repaid_of_a_staged_loan_cannot_be_drawn_again():
    bench = first_paid()
    out = bench.run(released(bench.now, 10_000))
    assert reasons(out, Event.DISBURSEMENT_ACTION_REFUSED) == [ContractRefusal.CONTRACT_STATE]
    assert bench.facility("restored_fen") == 0


@pytest.mark.requirement("PRD-09.d", "DIS-16.a")
def test_a_restriction_holds_the_next_tranche_back_until_it_is_lifted():
    bench = shown()
    at = TEN + 2 * HOUR_MS
    bench.run(restricted(at))
    assert len(bench.run(judged(at + MINUTE_MS)).take(DESK.task)) == 0
    assert len(bench.run(restricted(at + 2 * MINUTE_MS)).take(DESK.task)) == 0
    lifted = bench.run(restricted(at + 3 * MINUTE_MS, on=False)).take(DESK.task)
    assert lifted["loan"].tolist() == [SECOND]
    assert lifted["amount_fen"].tolist() == [100_000 * YUAN]
    assert len(bench.run(restricted(at + 4 * MINUTE_MS, on=False)).take(DESK.task)) == 0


@pytest.mark.requirement("DIS-16.a", "DIS-16.b")
def test_money_spent_on_something_else_ends_the_loan():
    bench = shown()
    out = bench.run(judged(TEN + 2 * HOUR_MS, Verdict.DECLINE))
    assert reasons(out, Event.USE_REJECTED) == reasons(out, Event.FACILITY_CLOSED) == [Refusal.USE_NOT_VERIFIED]
    assert out.events_of(Event.FACILITY_CLOSED)["amount_fen"].tolist() == [100_000 * YUAN]
    assert out.mail == {}


@pytest.mark.requirement("DIS-16.a")
def test_a_tranche_cannot_be_asked_for():
    bench = first_paid()
    out = bench.run(drawdown(TEN + HOUR_MS, 100_000, months=12))
    assert reasons(out, Event.DRAWDOWN_REFUSED) == [Refusal.USE_NOT_VERIFIED]


@pytest.mark.parametrize("when", ["before it is asked for", "twice"])
def test_evidence_that_nobody_waits_for_is_refused(when):
    bench = Bench().begun(MICRO) if when.startswith("before") else shown()
    out = bench.run(evidence(bench.now + MINUTE_MS))
    assert reasons(out, Event.DISBURSEMENT_ACTION_REFUSED) == [TaskRefusal.NO_OPEN_TASK]


@pytest.mark.requirement("DIS-16.a")
@pytest.mark.parametrize("hours", [1, 24])
def test_use_that_is_shown_after_the_loans_time_brings_no_further_tranche(hours):
    bench = first_paid()
    end = bench.facility("valid_until")
    bench.run(until=end)
    bench.run(evidence(end + HOUR_MS), judged(end + 2 * HOUR_MS), until=end + hours * 3 * HOUR_MS)
    assert times(bench.all, Event.FACILITY_CLOSED) == [end]
    assert reasons(bench.all, Event.FACILITY_CLOSED) == [ApprovalRefusal.APPROVAL_EXPIRED]
    assert len(bench.all.take(LoanDisbursed)) == 1
    assert len(bench.bank.payments.table) == 0


@pytest.mark.requirement("DIS-16.a")
@pytest.mark.parametrize(("before_ms", "more"), [(1, 1), (0, 0)])
def test_use_that_is_verified_at_the_end_of_the_loans_time_brings_no_further_tranche(before_ms, more):
    bench = first_paid()
    end = bench.facility("valid_until")
    bench.run(until=end - HOUR_MS)
    bench.run(evidence(end - HOUR_MS))
    out = bench.run(judged(end - before_ms))
    assert len(out.events_of(Event.USE_VERIFIED)) == 1
    assert len(out.take(DESK.task)) == more


@pytest.mark.requirement("DIS-16.a")
def test_a_staged_loan_with_an_open_condition_starts_with_its_first_tranche_when_it_is_met():
    bench = Bench().begun(MICRO, documents=0, conditions=Material.LEASE_CONTRACT)
    assert desks(bench.all) == []
    out = bench.run(fulfilled(TEN, Material.LEASE_CONTRACT))
    assert out.take(DESK.task)[["loan", "amount_fen"]].tolist() == [(LOAN, 150_000 * YUAN)]
    assert out.take(FacilityOpened)["valid_until"].tolist() == [(TEN // DAY_MS + 180) * DAY_MS]


def test_a_second_tranche_that_is_stopped_ends_the_loan():
    bench = shown()
    bench.run(judged(TEN + 2 * HOUR_MS))
    out = bench.run(initiated(TEN + 3 * HOUR_MS, loan=SECOND, verdict=Verdict.DECLINE))
    assert reasons(out, Event.FACILITY_CLOSED) == [Refusal.PAYMENT_FAILED]
    assert bench.facility("drawn_fen", CASE) == 150_000 * YUAN
