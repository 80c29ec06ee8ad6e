"""Revolving limits (循环额度): partial drawdowns, refusal above the limit, what repayment restores, restriction, and the end."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.applications.contract import Refusal as ApplicationRefusal
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.codes import Material, Status, Verdict
from credit.contracts.contract import Refusal as ContractRefusal
from credit.customers.contract import CustomerEnteredBusiness
from credit.disbursement.contract import Event, FacilityOpened, PaymentInstruction, Refusal, UseEvidenceRequested
from credit.disbursement.rules import drawdown_faults
from credit.disbursement.states import PaymentState
from credit.mail import Outbox
from credit.numbers import LOANS_MAX
from credit.policies import PolicyError, ProductPolicy, columns_of, load
from credit.repayment.contract import LoanDisbursed
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, instant
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.disbursement.builders import (
    CASE,
    CONSUMER,
    LOAN,
    NINE,
    OPERATOR,
    OWN,
    PAYEE,
    WORKING,
    YUAN,
    Bench,
    Mail,
    contract,
    drawdown,
    evidence,
    fulfilled,
    initiated,
    reasons,
    released,
    restricted,
    result,
    reviewed,
    times,
)
from tests.credit.disbursement.test_staged import judged

LIMIT = 5_000_000
TEN = NINE + HOUR_MS
END = instant(dt.date(2027, 3, 2))
"""Midnight twelve months after the contract."""


def limit(**columns: int) -> Bench:
    """Working capital of five million yuan."""
    return Bench().begun(WORKING, **columns)


def drawn(yuan: int) -> Bench:
    """That limit with one drawdown paid out (it leaves on the next workday, Tuesday at 9:30)."""
    bench = limit()
    bench.run(drawdown(TEN, yuan))
    arrives(bench, TEN, LOAN)
    return bench


def arrives(bench: Bench, at: int, loan: int) -> None:
    bench.steps(initiated(at + MINUTE_MS, loan=loan), reviewed(at + 2 * MINUTE_MS, loan=loan))
    bench.run(until=at + 3 * DAY_MS)
    order = bench.all.take(PaymentInstruction)
    bench.run(result(order[order["loan"] == loan], bench.now - int(order["at"][-1])))


def refused(out: Outbox) -> list[int]:
    return reasons(out, Event.DRAWDOWN_REFUSED)


# ---- what a drawdown is for


@pytest.mark.requirement("PRD-04.d")
@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (drawdown(TEN, 1_000, purpose=""), ApplicationRefusal.PURPOSE_MISSING),
        (drawdown(TEN, 1_000, purpose="购置设备"), Refusal.DRAWDOWN_PURPOSE),
        (drawdown(TEN, 1_000, payee=0), Refusal.DRAWDOWN_PAYEE),
        (drawdown(TEN, 1_000, payee=OWN), Refusal.DRAWDOWN_PAYEE),
        (drawdown(TEN, 1_000, purpose="采购原材料"), None),
    ],
)
def test_a_drawdown_says_what_it_is_for_and_who_is_paid(request_, refusal):
    assert refused(limit().run(request_)) == ([] if refusal is None else [refusal])


@pytest.mark.requirement("PRD-04.d")
def test_the_payee_of_the_drawdown_is_paid_and_not_that_of_the_contract():
    bench = limit()
    bench.run(drawdown(TEN, 1_000, payee=PAYEE + 7))
    arrives(bench, TEN, LOAN)
    [order] = bench.all.take(PaymentInstruction)
    assert order["account"] == PAYEE + 7


@pytest.mark.requirement("PRD-04.d")
def test_what_a_drawdown_may_be_for_is_the_policys():
    changes = {"products": {"products": [{"key": "working_capital", "drawdown_purposes": ["购置设备"]}]}}
    bench = Bench(changes).begun(WORKING)
    assert refused(bench.run(drawdown(TEN, 1_000, purpose="购置设备"))) == []
    assert refused(bench.run(drawdown(TEN + 1, 1_000, request=2))) == [Refusal.DRAWDOWN_PURPOSE]
    with pytest.raises(PolicyError, match="drawdown_purposes: a revolving limit needs them"):
        Bench({"products": {"products": [{"key": "working_capital", "drawdown_purposes": []}]}})


@pytest.mark.requirement("PRD-04.d")
@pytest.mark.parametrize("genuine", [True, False])
def test_evidence_of_its_use_is_asked_for_and_misuse_ends_drawing_from_the_next_day_on(genuine):
    bench = drawn(1_000_000)
    [asked] = bench.all.take(UseEvidenceRequested)
    assert asked["loan"] == LOAN
    verdict = Verdict.APPROVE if genuine else Verdict.DECLINE
    seen = bench.now + 2 * HOUR_MS
    midnight = (seen // DAY_MS + 1) * DAY_MS
    bench.run(evidence(bench.now + HOUR_MS))
    out = bench.run(judged(seen, verdict, 4), drawdown(midnight - 1, 1_000, request=2))
    assert reasons(out, Event.USE_REJECTED) == ([] if genuine else [Refusal.USE_NOT_VERIFIED])
    assert refused(out) == []
    last = bench.run(drawdown(midnight, 1_000, request=3), until=midnight + HOUR_MS)
    assert refused(last) == ([] if genuine else [Refusal.USE_NOT_VERIFIED])


# ---- drawing


@pytest.mark.requirement("PRD-04.a")
def test_a_revolving_limit_opens_for_its_months_and_pays_nothing_by_itself():
    out = Bench().run(contract(WORKING))
    [facility] = out.take(FacilityOpened)
    assert (facility["limit_fen"], facility["revolving"], facility["valid_until"]) == (LIMIT * YUAN, 1, END)
    assert [rows.dtype for parts in out.mail.values() for rows in parts] == [FacilityOpened.dtype]


@pytest.mark.requirement("PRD-04.b")
def test_partial_drawdowns_are_loans_of_their_own_terms():
    bench = limit()
    bench.run(drawdown(TEN, 1_000_000, months=3), drawdown(TEN + 1, 2_500_000, months=12, request=2))
    table = bench.bank.payments.table
    assert table["loan"].tolist() == [LOAN, LOAN + 1]
    assert table["amount_fen"].tolist() == [1_000_000 * YUAN, 2_500_000 * YUAN]
    assert table["term_months"].tolist() == [3, 12]
    assert bench.facility("drawn_fen") == 3_500_000 * YUAN
    arrives(bench, TEN + MINUTE_MS, LOAN)
    assert bench.all.take(LoanDisbursed)["amount_fen"].tolist() == [1_000_000 * YUAN]
    assert bench.facility("paid_fen") == 1_000_000 * YUAN


@pytest.mark.requirement("PRD-04.a")
@pytest.mark.parametrize(("before_ms", "expected"), [(1, []), (0, [ApprovalRefusal.APPROVAL_EXPIRED])])
def test_a_limit_can_be_drawn_until_its_months_are_over(before_ms, expected):
    bench = limit()
    bench.run(until=END - 1)
    out = bench.run(drawdown(END - before_ms, 1_000), until=END + DAY_MS)
    assert refused(out) == expected
    assert times(out, Event.FACILITY_CLOSED) == [END]


@pytest.mark.requirement("PRD-04.a")
def test_how_long_a_limit_lasts_is_a_parameter_of_the_product():
    changes = {"products": {"products": [{"key": "working_capital", "limit_months": 1}]}}
    out = Bench(changes).run(contract(WORKING))
    assert out.take(FacilityOpened)["valid_until"].tolist() == [instant(dt.date(2026, 4, 2))]


@pytest.mark.requirement("PRD-04.c", "PRD-09.c")
@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (drawdown(TEN, LIMIT + 1), ApprovalRefusal.LIMIT_EXCEEDED),
        (drawdown(TEN, 0), ApplicationRefusal.AMOUNT_RANGE),
        (drawdown(TEN, -5), ApplicationRefusal.AMOUNT_RANGE),
        (drawdown(TEN, 1_000, months=5), ApplicationRefusal.TERM_OPTION),
        (drawdown(TEN, 1_000, months=100_000), ApplicationRefusal.TERM_OPTION),
        (drawdown(TEN, 1_000, case=CASE + 1), ContractRefusal.CONTRACT_STATE),
    ],
)
def test_a_drawdown_that_does_not_fit_the_limit_is_refused_with_its_reason(request_, refusal):
    bench = limit()
    out = bench.run(request_)
    assert refused(out) == [refusal]
    assert out.mail == {}
    assert bench.facility("drawn_fen") == 0


@pytest.mark.requirement("PRD-04.c")
@pytest.mark.parametrize(
    ("approved", "asked", "expected"),
    [(3, 3, []), (3, 6, [Refusal.DRAWDOWN_TERM]), (6, 3, []), (6, 12, [Refusal.DRAWDOWN_TERM]), (12, 12, [])],
)
def test_a_drawdown_runs_no_longer_than_was_approved(approved, asked, expected):
    bench = limit(term_months=approved)
    out = bench.run(drawdown(TEN, 1_000, months=asked))
    assert refused(out) == expected
    assert bench.bank.payments.table["term_months"].tolist() == ([] if expected else [asked])


def test_a_limit_gives_no_more_loans_than_have_numbers():
    for loans, refusals in ((LOANS_MAX - 1, []), (LOANS_MAX, [ApprovalRefusal.LIMIT_EXCEEDED])):
        bench = limit()
        facilities = bench.bank.facilities.table.take(bench.bank.facilities.table.find([CASE]))
        facilities["loans"] = loans
        _, request = drawdown(TEN, 1_000)
        faults = drawdown_faults(request, facilities, columns_of(load("products", ProductPolicy)), np.zeros(1, int))
        assert [one for one in faults.tolist() if one] == refusals


def test_a_plain_loan_has_nothing_to_draw():
    bench = Bench().begun(CONSUMER)
    assert refused(bench.run(drawdown(TEN, 1_000))) == [ContractRefusal.CONTRACT_STATE]


def test_nothing_is_drawn_while_a_condition_is_open():
    bench = Bench().begun(WORKING, conditions=Material.TAX_PROOF)
    assert refused(bench.run(drawdown(TEN, 1_000))) == [Refusal.CONDITION_OPEN]
    bench.run(fulfilled(TEN + 1, Material.TAX_PROOF))
    assert refused(bench.run(drawdown(TEN + 2, 1_000))) == []


# ---- the limit


@pytest.mark.requirement("PRD-09.a")
def test_two_drawdowns_of_one_window_see_each_other():
    out = limit().run(drawdown(TEN, LIMIT - 1_000), drawdown(TEN + 1, 1_001, request=2), drawdown(TEN + 2, 1_000))
    assert refused(out) == [ApprovalRefusal.LIMIT_EXCEEDED]
    assert out.events_of(Event.DRAWDOWN_REFUSED)["value"].tolist() == [2]


@pytest.mark.requirement("PRD-09.b")
def test_repayment_restores_exactly_what_was_repaid():
    bench = drawn(LIMIT)
    at = bench.now
    assert refused(bench.run(drawdown(at, 1))) == [ApprovalRefusal.LIMIT_EXCEEDED]
    out = bench.run(released(at + 1, 600_000))
    assert out.events_of(Event.LIMIT_RESTORED)["amount_fen"].tolist() == [600_000 * YUAN]
    assert refused(bench.run(drawdown(at + 2, 600_001))) == [ApprovalRefusal.LIMIT_EXCEEDED]
    assert refused(bench.run(drawdown(at + 3, 600_000))) == []
    assert refused(bench.run(drawdown(at + 4, 1))) == [ApprovalRefusal.LIMIT_EXCEEDED]


@pytest.mark.requirement("PRD-09.b")
@pytest.mark.parametrize(("before_ms", "told"), [(1, 1), (0, 0)])
def test_what_is_repaid_once_the_limit_has_ended_restores_nothing_to_draw(before_ms, told):
    bench = drawn(600_000)
    end = bench.facility("valid_until")
    bench.run(until=end - HOUR_MS)
    out = bench.run(released(end - before_ms, 600_000), until=end + 1)
    assert len(out.events_of(Event.LIMIT_RESTORED)) == told


@pytest.mark.requirement("PRD-09.b")
@pytest.mark.parametrize("yuan", [600_001, LIMIT])
def test_no_more_is_restored_than_was_paid_out(yuan):
    bench = drawn(600_000)
    out = bench.run(released(bench.now, yuan))
    assert reasons(out, Event.DISBURSEMENT_ACTION_REFUSED) == [ContractRefusal.CONTRACT_STATE]
    assert bench.facility("restored_fen") == 0


@pytest.mark.requirement("PRD-09.a")
def test_a_drawdown_that_is_never_paid_gives_the_limit_back():
    bench = limit()
    bench.run(drawdown(TEN, LIMIT))
    bench.run(initiated(TEN + 1, verdict=Verdict.DECLINE))
    assert bench.facility("drawn_fen") == 0
    assert refused(bench.run(drawdown(TEN + 2, LIMIT))) == []
    assert bench.payment("amount_fen", LOAN + 1) == LIMIT * YUAN
    arrives(bench, TEN + 1_000, LOAN + 1)
    assert bench.all.take(CustomerEnteredBusiness)["at"].tolist() == bench.all.take(LoanDisbursed)["at"].tolist()


@pytest.mark.requirement("PRD-09.d")
def test_a_warning_restricts_use_until_it_is_lifted_and_leaves_what_is_drawn():
    bench = limit()
    bench.run(drawdown(TEN, 1_000_000))
    out = bench.run(restricted(TEN + 1), drawdown(TEN + 2, 1_000, request=2))
    assert out.events_of(Event.LIMIT_RESTRICTED)[["actor", "value"]].tolist() == [(9, 1)]
    assert refused(out) == [Refusal.LIMIT_RESTRICTED]
    assert bench.facility("drawn_fen") == 1_000_000 * YUAN
    assert refused(bench.run(restricted(TEN + 3, on=False), drawdown(TEN + 4, 1_000))) == []
    wrong = bench.run(restricted(TEN + 5, case=CASE + 1))
    assert reasons(wrong, Event.DISBURSEMENT_ACTION_REFUSED) == [ContractRefusal.CONTRACT_STATE]
    stranger = bench.run(restricted(TEN + 6, operator=77))
    assert reasons(stranger, Event.DISBURSEMENT_ACTION_REFUSED) == [TaskRefusal.NOT_ON_REGISTER]
    assert bench.facility("restricted") == 0


# ---- the end of a limit


@pytest.mark.requirement("APP-18.d")
def test_a_limit_that_was_never_drawn_is_over_when_it_ends_and_one_that_was_is_not():
    bench = limit()
    out = bench.run(until=END + DAY_MS)
    assert times(out, Event.NOTHING_PAID) == times(out, Event.FACILITY_CLOSED) == [END]
    drawn = limit()
    drawn.run(drawdown(TEN, 1_000))
    drawn.run(until=END + DAY_MS)
    assert times(drawn.all, Event.NOTHING_PAID) == []


@pytest.mark.parametrize("hours", [1, 24])
def test_a_limit_closes_when_the_payment_under_way_at_its_end_has_arrived(hours):
    bench = limit()
    friday = END - 4 * DAY_MS
    assert refused(bench.run(drawdown(friday + 10 * HOUR_MS, 1_000_000))) == []
    bench.steps(initiated(friday + 11 * HOUR_MS), reviewed(friday + 12 * HOUR_MS))
    bench.run(until=END - 1)
    [order] = bench.all.take(PaymentInstruction)
    arrival = END + 5 * HOUR_MS
    mail = result(bench.all.take(PaymentInstruction), arrival - int(order["at"]))
    for start in range(0, 24, hours):
        end = END + (start + hours) * HOUR_MS
        bench.run(*([mail] if end - hours * HOUR_MS <= arrival < end else []), until=end)
    assert times(bench.all, Event.FACILITY_CLOSED) == [arrival]
    assert bench.facility("paid_fen") == 1_000_000 * YUAN
    bench.run(released(bench.now, 1_000_000), until=END + 2 * DAY_MS)
    assert len(bench.bank.facilities.table) == 0, "repaid and closed: forgotten"


# ---- any sequence

_ACTS = st.tuples(
    st.sampled_from(
        ("draw", "draw", "release", "result", "result", "desk", "desk", "desk", "same", "restrict", "time")
    ),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(0, 4).map(bool),
)


def _act(bench: Bench, at: int, act: str, loan: int, size: int, good: bool) -> list[Mail]:
    yuan, table = size * 800_000, bench.bank.payments.table
    number = int(table["loan"][loan % len(table)]) if len(table) else CASE * 100 + loan
    [row] = table.find([number])
    task = int(table["task"][row]) if row >= 0 else 1
    verdict = Verdict.APPROVE if good else Verdict.DECLINE
    if act == "draw":
        return [drawdown(at, yuan), drawdown(at, yuan, request=2)][: 1 + (not good)]
    if act == "release":
        return [released(at, yuan, loan=number)]
    if act == "restrict":
        return [restricted(at, on=not good)]
    if act in ("desk", "same"):
        in_review = row >= 0 and table["state"][row] == PaymentState.REVIEW
        person = OPERATOR if act == "same" else 0
        return [(reviewed if in_review else initiated)(at, task, loan=number, verdict=verdict, person=person)]
    orders = bench.all.take(PaymentInstruction)
    orders = orders[orders["loan"] == number]
    if act == "time" or not len(orders):
        return []
    return [result(orders, max(at - int(orders["at"][-1]), 0), status=Status.OK if good else Status.FAILED)]


@pytest.mark.requirement("PRD-09.a", "DIS-04.a", "DIS-07.b")
@given(st.lists(_ACTS, min_size=20, max_size=60))
@settings(max_examples=50)
def test_no_sequence_of_drawdowns_repayments_answers_and_opinions_breaks_the_limit(acts):
    bench = Bench(
        {"payments": {"routes": []}, "products": {"products": [{"key": "working_capital", "limit_months": 1}]}}
    )
    bench.run(contract(WORKING))
    lent = back = 0
    for act, loan, size, good in acts:
        at = bench.now + HOUR_MS * (1 if act != "time" else 24 * size)
        out = bench.run(*_act(bench, at, act, loan, size, good), until=at + 1)
        lent += int(out.take(LoanDisbursed)["amount_fen"].sum())
        back += int(out.events_of(Event.LIMIT_RESTORED)["amount_fen"].sum())
        assert lent - back <= LIMIT * YUAN
