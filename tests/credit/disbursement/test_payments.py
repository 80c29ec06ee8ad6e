"""A payment from the effective contract to money on an account: preconditions, two people, the instruction, core banking's
answer, delay and failure, and one transaction number over it all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from credit.approval.contract import Refusal as ApprovalRefusal
from credit.codes import Account, Actor, Guarantee, Handler, Lane, Material, Status, Step, Verdict
from credit.contracts.contract import Refusal as ContractRefusal
from credit.customers.contract import CustomerEnteredBusiness
from credit.disbursement.contract import DESK, ConditionRequested, Desk, Event, Gauge, PaymentInstruction, Refusal
from credit.disbursement.states import PaymentState
from credit.ledger.contract import Posting
from credit.numbers import task_of
from credit.repayment.contract import LoanDisbursed
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, Ints
from credit.track import query
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.disbursement.builders import (
    CASE,
    CONSUMER,
    LOAN,
    MICRO,
    MONDAY,
    MORTGAGE,
    NINE,
    OPERATOR,
    OTHER_BRANCH,
    OWN,
    PAYEE,
    REVIEWER,
    SECOND,
    VERIFIER,
    WORKING,
    YUAN,
    Bench,
    contract,
    desks,
    fulfilled,
    initiated,
    reasons,
    result,
    reviewed,
    story,
    times,
    transactions,
)
from tests.rows import sample

TEN = NINE + HOUR_MS
ARRIVAL_MS = 30 * MINUTE_MS
OPERATORS, REVIEWERS = Desk.DISBURSEMENT_OPERATOR, Desk.DISBURSEMENT_REVIEWER


def waiting(product: int = CONSUMER) -> Bench:
    """A manual contract before the operator."""
    return Bench().begun(product, lane=Lane.MANUAL)


def in_review() -> Bench:
    bench = waiting()
    bench.run(initiated(TEN))
    return bench


def postings(lines: Any) -> list[tuple[int, int]]:
    return sorted((int(line["account"]), int(line["amount_fen"])) for line in lines)


# ---- preconditions


@pytest.mark.requirement("DIS-02.a", "DIS-02.b", "DIS-02.c", "DIS-02.e")
@pytest.mark.parametrize(
    ("product", "columns", "refusal"),
    [
        (CONSUMER, {"valid_until": NINE}, ApprovalRefusal.APPROVAL_EXPIRED),
        (CONSUMER, {"valid_until": NINE - DAY_MS}, ApprovalRefusal.APPROVAL_EXPIRED),
        (CONSUMER, {"signed_at": 0}, Refusal.CONTRACT_NOT_EFFECTIVE),
        (CONSUMER, {"signed_at": NINE + 1}, Refusal.CONTRACT_NOT_EFFECTIVE),
        (CONSUMER, {"amount_fen": 0}, ApprovalRefusal.LIMIT_EXCEEDED),
        (CONSUMER, {"guarantee": Guarantee.GUARANTOR}, ApprovalRefusal.GUARANTEE_MISSING),
        (MORTGAGE, {"documents": 0}, ApprovalRefusal.GUARANTEE_MISSING),
        (MORTGAGE, {"collateral_fen": 900_000 * YUAN - 1}, ApprovalRefusal.GUARANTEE_MISSING),
        (MICRO, {"documents": Material.PROPERTY_CERTIFICATE}, ApprovalRefusal.GUARANTEE_MISSING),
        (WORKING, {"guarantee": 0}, ApprovalRefusal.GUARANTEE_MISSING),
        (CONSUMER, {"account": 0}, Refusal.ACCOUNT_INVALID),
        (CONSUMER, {"account": 999_999_999_999_999}, Refusal.ACCOUNT_INVALID),
        (MORTGAGE, {"payee_account": 0}, Refusal.ACCOUNT_INVALID),
        (MORTGAGE, {"payee_account": OWN}, Refusal.ACCOUNT_INVALID),
    ],
)
def test_each_precondition_by_itself_keeps_the_money_back(product, columns, refusal):
    bench = Bench()
    out = bench.run(contract(product, **columns), until=MONDAY + DAY_MS)
    assert reasons(out, Event.DISBURSEMENT_PRECHECK_FAILED) == [refusal]
    assert reasons(out, Event.NOTHING_PAID) == [refusal]
    assert out.mail == {}
    assert len(bench.bank.payments.table) == len(bench.bank.facilities.table) == 0


@pytest.mark.requirement("DIS-02.e")
@pytest.mark.parametrize(
    ("collateral_fen", "held_back"), [(5_000_000, []), (4_999_999, [ApprovalRefusal.GUARANTEE_MISSING])]
)
def test_a_pledge_covers_what_it_secures(collateral_fen, held_back):
    pledge = {"products": [{"key": "consumer_loan", "guarantee": "pledge"}]}
    bench = Bench({"products": pledge, "payments": {"collateral_share_ppm": 1_000_000}})
    pledged = contract(guarantee=Guarantee.PLEDGE, collateral_fen=collateral_fen, amount_fen=5_000_000, documents=-1)
    assert reasons(bench.run(pledged), Event.DISBURSEMENT_PRECHECK_FAILED) == held_back


@pytest.mark.requirement("DIS-02.a")
@pytest.mark.parametrize("product", range(1, 6))
def test_where_all_preconditions_hold_every_product_goes_on(product):
    out = Bench().run(contract(product, valid_until=NINE + 1))
    assert reasons(out, Event.DISBURSEMENT_PRECHECK_FAILED) == []
    assert out.mail


@pytest.mark.requirement("APR-13.b", "DIS-02.f")
def test_a_conditional_approval_is_paid_when_the_condition_is_met_and_not_before():
    bench = Bench()
    out = bench.run(contract(conditions=Material.WORK_PROOF | Material.INCOME_PROOF))
    assert reasons(out, Event.DISBURSEMENT_PRECHECK_FAILED) == [Refusal.CONDITION_OPEN]
    assert out.take(ConditionRequested)["conditions"].tolist() == [Material.WORK_PROOF | Material.INCOME_PROOF]
    half = bench.run(fulfilled(TEN, Material.WORK_PROOF))
    assert len(half.events_of(Event.CONDITION_MET)) == 1
    assert half.mail == {}
    whole = bench.run(fulfilled(TEN + HOUR_MS, Material.INCOME_PROOF))
    assert whole.take(PaymentInstruction)["at"].tolist() == [TEN + HOUR_MS]


@pytest.mark.requirement("DIS-02.a", "DIS-02.f", "APP-18.d")
def test_a_condition_that_is_never_met_ends_with_the_approval_and_comes_too_late_after_it():
    bench = Bench()
    end = NINE + 2 * DAY_MS
    bench.run(contract(conditions=Material.WORK_PROOF, valid_until=end))
    bench.run(until=end)
    out = bench.run(fulfilled(end, Material.WORK_PROOF), until=end + HOUR_MS)
    assert times(out, Event.DISBURSEMENT_PRECHECK_FAILED) == [end]
    assert reasons(out, Event.DISBURSEMENT_PRECHECK_FAILED) == [ApprovalRefusal.APPROVAL_EXPIRED]
    assert reasons(out, Event.NOTHING_PAID) == [ApprovalRefusal.APPROVAL_EXPIRED]
    found = query(np.concatenate(bench.all.events), CASE, end + HOUR_MS)
    assert found is not None
    assert (found.step, found.handler) == (Step.CLOSED, Handler.NOBODY), "it is nobody's any more"
    assert reasons(out, Event.DISBURSEMENT_ACTION_REFUSED) == [ContractRefusal.CONTRACT_STATE]
    assert out.mail == {}


@pytest.mark.requirement("DIS-02.a")
@pytest.mark.parametrize("hours", [1, 24])
def test_an_approval_that_ends_while_the_payment_waits_for_a_desk_stops_it_at_that_instant(hours):
    bench = Bench()
    end = TEN + 5 * MINUTE_MS
    bench.run(contract(lane=Lane.MANUAL, valid_until=end))
    bench.run(initiated(TEN))
    out = bench.run(reviewed(end), until=NINE + hours * 2 * HOUR_MS)
    assert times(out, Event.PAYMENT_STOPPED) == [end]
    assert reasons(out, Event.PAYMENT_STOPPED) == [ApprovalRefusal.APPROVAL_EXPIRED]
    assert reasons(out, Event.DISBURSEMENT_ACTION_REFUSED) == [TaskRefusal.NO_OPEN_TASK]
    assert out.take(DESK.withdrawn)[["at", "task"]].tolist() == [(end, task_of(LOAN, 2))]
    assert list(out.mail) == [DESK.withdrawn.number]


def test_a_contract_is_paid_once_however_often_it_takes_effect():
    out = Bench().run(contract(), contract(at=NINE + 1))
    assert len(out.take(PaymentInstruction)) == 1
    assert reasons(out, Event.DISBURSEMENT_ACTION_REFUSED) == [ContractRefusal.CONTRACT_STATE]


# ---- two people, or the automatic lane


@pytest.mark.requirement("DIS-04.a", "DIS-05.a")
def test_operator_then_another_reviewer_then_the_instruction():
    bench = waiting()
    assert desks(bench.all) == [OPERATORS]
    out = bench.run(initiated(TEN))
    [task] = out.take(DESK.task)
    assert (task["desk"], task["excluded"], task["attempt"], task["at"]) == (REVIEWERS, OPERATOR, 2, TEN)
    assert out.take(PaymentInstruction).tolist() == []
    out = bench.run(reviewed(TEN + 1))
    [order] = out.take(PaymentInstruction)
    assert (order["at"], order["loan"], order["amount_fen"]) == (TEN + 1, LOAN, 50_000 * YUAN)
    assert (order["account"], order["attempt"], order["entrusted"]) == (OWN, 1, 0)
    assert out.events_of(Event.DISBURSEMENT_REVIEWED)["actor"].tolist() == [REVIEWER]
    assert len(out.events_of(Event.INSTRUCTION_SENT)) == 1


@pytest.mark.requirement("DIS-04.a")
@pytest.mark.parametrize(("first", "last", "pays"), [(0, 0, 1), (-3, 5, 1), (1, 5, 0), (-3, -1, 0)])
def test_a_deputy_reviews_on_the_days_for_which_he_was_appointed(first, last, pays):
    bench, day = in_review(), TEN // DAY_MS
    named = {"person": REVIEWER, "deputy": VERIFIER, "desk": REVIEWERS, "from_day": day + first, "to_day": day + last}
    bench.run((DESK.appoint, sample(DESK.appoint, 1, at=TEN + 1, operator=9, **named)))
    out = bench.run(reviewed(TEN + HOUR_MS, person=VERIFIER, on_behalf_of=REVIEWER))
    assert len(out.take(PaymentInstruction)) == pays


@pytest.mark.requirement("DIS-04.a")
@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"person": OPERATOR}, TaskRefusal.SAME_PERSON),
        ({"person": OPERATOR, "on_behalf_of": REVIEWER}, TaskRefusal.NOT_APPOINTED),
        ({"person": SECOND}, TaskRefusal.NO_AUTHORITY),
        ({"person": OTHER_BRANCH}, TaskRefusal.NO_AUTHORITY),
        ({"person": VERIFIER}, TaskRefusal.NO_AUTHORITY),
        ({"person": 999}, TaskRefusal.NOT_ON_REGISTER),
        ({"person": VERIFIER, "on_behalf_of": REVIEWER}, TaskRefusal.NOT_APPOINTED),
        ({"attempt": 1}, TaskRefusal.ALREADY_DECIDED),
        ({"attempt": 3}, TaskRefusal.NO_OPEN_TASK),
        ({"loan": LOAN + 1}, TaskRefusal.NO_OPEN_TASK),
        ({"verdict": Verdict.ESCALATE}, TaskRefusal.DECISION_INVALID),
        ({"verdict": 0}, TaskRefusal.DECISION_INVALID),
    ],
)
def test_a_review_by_the_wrong_person_or_on_the_wrong_task_has_no_effect(how, refusal):
    bench = in_review()
    out = bench.run(reviewed(TEN + 1, **how))
    assert reasons(out, Event.DISBURSEMENT_ACTION_REFUSED) == [refusal]
    assert out.take(PaymentInstruction).tolist() == []
    assert bench.payment("state") == PaymentState.REVIEW
    assert len(bench.run(reviewed(TEN + 2)).take(PaymentInstruction)) == 1


@pytest.mark.requirement("DIS-04.b")
def test_what_a_reviewer_rejects_goes_back_to_the_operator_until_it_has_come_back_too_often():
    bench, at, task = waiting(), TEN, 1
    for _ in range(2):
        bench.run(initiated(at, task))
        out = bench.run(reviewed(at + 1, task + 1, verdict=Verdict.DECLINE))
        assert reasons(out, Event.DISBURSEMENT_REJECTED) == [Refusal.REVIEW_REJECTED]
        assert desks(out) == [OPERATORS]
        assert bench.payment("operator") == 0
        at, task = at + MINUTE_MS, task + 2
    bench.run(initiated(at, task, person=SECOND))
    out = bench.run(reviewed(at + 1, task + 1, verdict=Verdict.DECLINE, person=OPERATOR))
    assert reasons(out, Event.PAYMENT_STOPPED) == [Refusal.REVIEW_REJECTED]
    assert out.mail == {}
    assert len(bench.bank.payments.table) == 0


@pytest.mark.requirement("DIS-04.b")
def test_an_operator_who_declines_stops_the_payment():
    bench = waiting()
    out = bench.run(initiated(TEN, verdict=Verdict.DECLINE))
    assert reasons(out, Event.PAYMENT_STOPPED) == [ApprovalRefusal.HUMAN_DECLINE]
    assert reasons(bench.run(reviewed(TEN + 1)), Event.DISBURSEMENT_ACTION_REFUSED) == [TaskRefusal.NO_OPEN_TASK]


@pytest.mark.requirement("DIS-17.a")
def test_the_automatic_lane_pays_at_once_without_an_operator():
    bench = Bench()
    out = bench.run(contract(lane=Lane.AUTOMATIC))
    assert out.take(PaymentInstruction)["at"].tolist() == [NINE]
    assert desks(out) == []
    assert out.events_of(Event.DISBURSEMENT_INITIATED)["actor"].tolist() == [Actor.SYSTEM]
    assert len(bench.run(result(out.take(PaymentInstruction))).take(LoanDisbursed)) == 1


@pytest.mark.requirement("DIS-17.a")
def test_the_automatic_lane_needs_a_product_that_allows_it():
    assert desks(Bench().run(contract(MORTGAGE, lane=Lane.AUTOMATIC))) == [OPERATORS]
    manual = {"products": {"products": [{"key": "consumer_loan", "automatic_disbursement": False}]}}
    assert desks(Bench(manual).run(contract(lane=Lane.AUTOMATIC))) == [OPERATORS]


# ---- the answer


@pytest.mark.requirement("CUS-11.b", "DIS-07.b")
def test_an_answer_that_agrees_disburses_the_loan_and_books_it():
    bench = Bench()
    order = bench.instructed(customer=77)
    assert bench.all.take(LoanDisbursed).tolist() == bench.all.take(Posting).tolist() == []
    out = bench.run(result(order))
    [loan] = out.take(LoanDisbursed)
    assert (loan["loan"], loan["amount_fen"], loan["customer"]) == (LOAN, 50_000 * YUAN, 77)
    assert (loan["at"], loan["auto_debit"], loan["term_months"]) == (int(order["at"][0]) + MINUTE_MS, 1, 12)
    amount = 50_000 * YUAN
    assert postings(out.take(Posting)) == [(Account.SETTLEMENT, -amount), (Account.PRINCIPAL, amount)]
    assert set(out.take(Posting)["transaction"].tolist()) == {int(loan["transaction"])}
    assert out.take(CustomerEnteredBusiness)["customer"].tolist() == [77]
    again = bench.run(result(order, 2 * MINUTE_MS))
    assert reasons(again, Event.DISBURSEMENT_ACTION_REFUSED) == [Refusal.PAYMENT_MISMATCH]
    assert again.mail == {}


@pytest.mark.requirement("DIS-07.a", "DIS-08.a", "DIS-08.c")
@pytest.mark.parametrize(
    ("columns", "refusal"),
    [
        ({"amount_fen": 50_000 * YUAN - 1}, Refusal.PAYMENT_MISMATCH),
        ({"amount_fen": 0}, Refusal.PAYMENT_MISMATCH),
        ({"account": PAYEE}, Refusal.PAYMENT_MISMATCH),
        ({"status": Status.FAILED}, Refusal.PAYMENT_FAILED),
        ({"status": Status.UNAVAILABLE}, Refusal.PAYMENT_FAILED),
        ({"status": Status.REFUSED}, Refusal.PAYMENT_FAILED),
    ],
)
def test_an_answer_that_differs_makes_an_exception_for_the_operator_and_no_loan(columns, refusal):
    bench = Bench()
    out = bench.run(result(bench.instructed(), **columns))
    assert reasons(out, Event.PAYMENT_FAILED) == [refusal]
    assert desks(out) == [OPERATORS]
    assert out.take(LoanDisbursed).tolist() == out.take(Posting).tolist() == []
    assert bench.payment("state") == PaymentState.EXCEPTION


@pytest.mark.requirement("DIS-07.a")
@pytest.mark.parametrize("columns", [{"attempt": 2}, {"attempt": 0}, {"loan": LOAN + 1}])
def test_an_answer_to_another_instruction_is_refused(columns):
    bench = Bench()
    out = bench.run(result(bench.instructed(), **columns))
    assert reasons(out, Event.DISBURSEMENT_ACTION_REFUSED) == [Refusal.PAYMENT_MISMATCH]
    assert bench.payment("state") == PaymentState.SENT


@pytest.mark.requirement("DIS-08.a")
def test_a_failed_payment_is_sent_again_and_stopped_when_it_has_failed_too_often():
    bench = Bench()
    order = bench.instructed()
    task, at = 3, int(order["at"][0])
    for attempt in range(1, 5):
        assert order["attempt"].tolist() == [attempt]
        bench.run(result(order, status=Status.FAILED))
        at += 2 * MINUTE_MS
        out = bench.run(initiated(at, task))
        order, task = out.take(PaymentInstruction), task + 1
    assert order.tolist() == []
    assert reasons(out, Event.PAYMENT_STOPPED) == [Refusal.PAYMENT_FAILED]
    assert len(bench.all.events_of(Event.PAYMENT_RETRIED)) == 3
    assert bench.all.take(LoanDisbursed).tolist() == []


@pytest.mark.requirement("DIS-08.a")
def test_a_retry_that_arrives_disburses_the_loan_and_the_first_answer_no_longer_counts():
    bench = Bench()
    first = bench.instructed()
    bench.run(result(first, status=Status.FAILED))
    second = bench.run(initiated(TEN, 3)).take(PaymentInstruction)
    old = bench.run(result(first, HOUR_MS))
    assert reasons(old, Event.DISBURSEMENT_ACTION_REFUSED) == [Refusal.PAYMENT_MISMATCH]
    assert len(bench.run(result(second, HOUR_MS)).take(LoanDisbursed)) == 1


@pytest.mark.requirement("DIS-08.a")
def test_the_operator_may_give_a_failed_payment_up():
    bench = Bench()
    bench.run(result(bench.instructed(), status=Status.FAILED))
    out = bench.run(initiated(TEN, 3, verdict=Verdict.DECLINE))
    assert reasons(out, Event.PAYMENT_STOPPED) == [ApprovalRefusal.HUMAN_DECLINE]


# ---- delay


@pytest.mark.requirement("DIS-06.b", "DIS-08.c")
@pytest.mark.parametrize("window_minutes", [15, 60, 24 * 60 - 9 * 60 - 20])
def test_a_payment_that_has_not_arrived_after_thirty_minutes_is_delayed_from_that_instant(window_minutes):
    bench = Bench()
    order = bench.instructed()
    sent = int(order["at"][0])
    bench.run(until=sent + ARRIVAL_MS)
    assert times(bench.all, Event.PAYMENT_DELAYED) == []
    bench.run(until=sent + window_minutes * MINUTE_MS + ARRIVAL_MS)
    assert times(bench.all, Event.PAYMENT_DELAYED) == [sent + ARRIVAL_MS]
    assert bench.payment("state") == PaymentState.SENT
    assert bench.all.take(LoanDisbursed).tolist() == []
    bench.run(result(order, 20 * HOUR_MS))
    assert len(bench.all.take(LoanDisbursed)) == 1
    assert len(bench.all.events_of(Event.PAYMENT_DELAYED)) == 1


@pytest.mark.requirement("DIS-06.b")
@pytest.mark.parametrize(("after", "delays"), [(ARRIVAL_MS - 1, 0), (ARRIVAL_MS, 1), (ARRIVAL_MS + 1, 1)])
def test_the_delay_is_noted_at_its_instant_when_the_late_answer_comes_in_the_same_window(after, delays):
    bench = Bench()
    order = bench.instructed()
    out = bench.run(result(order, after), until=MONDAY + DAY_MS)
    assert times(out, Event.PAYMENT_DELAYED) == [int(order["at"][0]) + ARRIVAL_MS] * delays
    assert len(out.take(LoanDisbursed)) == 1


@pytest.mark.requirement("DIS-06.b", "DIS-08.c")
def test_a_delayed_payment_counts_as_an_exception_in_the_days_measure():
    bench = Bench()
    bench.instructed()
    out = bench.run(until=MONDAY + DAY_MS)
    rows = np.concatenate(out.measures)
    counted = rows[rows["gauge"] == Gauge.PENDING_DISBURSEMENTS]
    assert counted[["branch", "product", "group", "count", "amount_fen"]].tolist() == [
        (3, CONSUMER, PaymentState.EXCEPTION, 1, 50_000 * YUAN)
    ]


@pytest.mark.requirement("DIS-06.b", "DIS-08.c")
def test_a_payment_that_came_late_is_under_way_no_more():
    """A tranche whose use is still to be shown stays in the table; it counts as arrived."""
    bench = Bench()
    bench.run(contract(MICRO))
    bench.steps(initiated(NINE + 10 * MINUTE_MS), reviewed(NINE + 20 * MINUTE_MS))
    order = bench.all.take(PaymentInstruction)
    out = bench.run(result(order, 2 * ARRIVAL_MS), until=MONDAY + DAY_MS)
    assert times(bench.all, Event.PAYMENT_DELAYED) == [int(order["at"][0]) + ARRIVAL_MS]
    rows = np.concatenate(out.measures)
    counted = rows[rows["gauge"] == Gauge.PENDING_DISBURSEMENTS]
    assert counted[["group", "count"]].tolist() == [(PaymentState.ARRIVED, 1)]


def test_arrival_time_is_a_parameter():
    bench = Bench({"payments": {"arrival_minutes": 5}})
    sent = int(bench.instructed()["at"][0])
    bench.run(until=sent + HOUR_MS)
    assert times(bench.all, Event.PAYMENT_DELAYED) == [sent + 5 * MINUTE_MS]


# ---- entrusted payment, one number


@pytest.mark.requirement("PRD-03.g", "DIS-14.a")
@pytest.mark.parametrize(("product", "account"), [(CONSUMER, OWN), (MORTGAGE, PAYEE), (MICRO, PAYEE)])
def test_entrusted_payment_goes_to_the_seller_and_other_payments_to_the_borrower(product, account):
    bench = Bench()
    bench.instructed(product, payee_account=PAYEE)
    bench.run(until=MONDAY + 3 * DAY_MS)
    [order] = bench.all.take(PaymentInstruction)
    assert (order["account"], order["entrusted"]) == (account, int(product != CONSUMER))


@pytest.mark.requirement("DIS-14.a")
def test_an_entrusted_payment_that_went_to_the_borrower_is_not_accepted():
    bench = Bench()
    out = bench.run(result(bench.instructed(MICRO), account=OWN))
    assert reasons(out, Event.PAYMENT_FAILED) == [Refusal.PAYMENT_MISMATCH]


@pytest.mark.requirement("DIS-15.a", "DIS-15.b")
def test_one_transaction_number_follows_a_payment_over_rejection_failure_delay_and_retry():
    bench = waiting()
    bench.steps(initiated(TEN), reviewed(TEN + 1, verdict=Verdict.DECLINE), initiated(TEN + 2, 3))
    order = bench.run(reviewed(TEN + 3, 4)).take(PaymentInstruction)
    bench.run(result(order, status=Status.FAILED))
    order = bench.run(initiated(TEN + HOUR_MS, 5)).take(PaymentInstruction)
    bench.run(result(order, HOUR_MS))
    kind = Event
    assert story(bench.all) == [
        kind.DISBURSEMENT_INITIATED,
        kind.DISBURSEMENT_REJECTED,
        kind.DISBURSEMENT_INITIATED,
        kind.DISBURSEMENT_REVIEWED,
        kind.INSTRUCTION_SENT,
        kind.PAYMENT_FAILED,
        kind.PAYMENT_RETRIED,
        kind.INSTRUCTION_SENT,
        kind.PAYMENT_DELAYED,
        kind.FUNDS_ARRIVED,
        kind.LOAN_DISBURSED,
    ]
    [number] = transactions(bench.all)
    for mail in (PaymentInstruction, LoanDisbursed, Posting):
        assert set(bench.all.take(mail)["transaction"].tolist()) == {number}


@pytest.mark.requirement("DIS-15.a")
def test_no_two_payments_share_a_number():
    bench = Bench()
    cases: Ints = CASE + np.arange(50)
    rows = np.concatenate([contract(case=int(case))[1] for case in cases])
    orders = bench.run((contract()[0], rows)).take(PaymentInstruction)
    assert len(np.unique(orders["transaction"])) == len(orders) == 50
