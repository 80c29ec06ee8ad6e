"""A payment that is late is before the operator until it is answered; he looks into it, and nothing is sent twice."""

from __future__ import annotations

import pytest

from credit.codes import Consent, Status, Verdict
from credit.disbursement import invariants
from credit.disbursement.contract import DESK, Desk, Event, PaymentInstruction
from credit.disbursement.states import PaymentState
from credit.repayment.contract import LoanDisbursed
from credit.times import HOUR_MS, MINUTE_MS
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.disbursement.builders import HOLDER, LOAN, Bench, desks, initiated, reasons, result

OPERATORS = Desk.DISBURSEMENT_OPERATOR
ARRIVAL_MS = 30 * MINUTE_MS


@pytest.mark.requirement("DIS-08.b", "DIS-08.c")
def test_a_delayed_payment_is_before_the_operator_who_looks_into_it_and_sends_nothing_twice():
    bench = Bench()
    order = bench.instructed()
    sent = int(order["at"][0])
    out = bench.run(until=sent + ARRIVAL_MS + 1)
    [task] = out.take(DESK.task)
    assert (int(task["desk"]), int(task["at"]), int(task["loan"])) == (OPERATORS, sent + ARRIVAL_MS, LOAN)
    no = bench.run(initiated(sent + 50 * MINUTE_MS, 3, verdict=Verdict.DECLINE))
    assert reasons(no, Event.DISBURSEMENT_ACTION_REFUSED) == [TaskRefusal.DECISION_INVALID]
    looked = bench.run(initiated(sent + HOUR_MS, 3))
    [asked] = looked.events_of(Event.PAYMENT_INQUIRED)
    assert int(asked["actor"]) == HOLDER[OPERATORS]
    assert looked.take(PaymentInstruction).tolist() == looked.take(LoanDisbursed).tolist() == []
    assert bench.payment("state") == PaymentState.SENT
    assert len(bench.run(result(order, 2 * HOUR_MS)).take(LoanDisbursed)) == 1


@pytest.mark.requirement("DIS-08.b")
@pytest.mark.parametrize("status", [Status.OK, Status.FAILED])
def test_the_answer_to_a_delayed_payment_takes_it_off_the_operators_list(status):
    bench = Bench()
    order = bench.instructed()
    bench.run(until=int(order["at"][0]) + HOUR_MS)
    out = bench.run(result(order, 2 * HOUR_MS, status=status))
    [gone] = out.take(DESK.withdrawn)
    assert int(gone["at"]) == int(order["at"][0]) + 2 * HOUR_MS
    assert desks(out) == ([] if status == Status.OK else [OPERATORS]), "a failed one comes back as an exception"


@pytest.mark.requirement("DIS-08.b")
def test_a_payment_that_is_sent_again_may_be_late_again():
    bench = Bench()
    order = bench.instructed()
    sent = int(order["at"][0])
    bench.run(until=sent + HOUR_MS)
    bench.run(result(order, 2 * HOUR_MS, status=Status.FAILED))
    again = bench.run(initiated(sent + 3 * HOUR_MS, 4)).take(PaymentInstruction)
    late = bench.run(until=int(again["at"][0]) + HOUR_MS).events_of(Event.PAYMENT_DELAYED)
    assert late["at"].tolist() == [int(again["at"][0]) + ARRIVAL_MS]


@pytest.mark.parametrize("consent", [Consent.AUTO_DEBIT, Consent.BUREAU | Consent.PERSONAL_DATA])
def test_a_loan_is_debited_by_itself_where_the_customer_agreed_to_that(consent):
    bench = Bench()
    order = bench.instructed(consent=consent)
    [loan] = bench.run(result(order)).take(LoanDisbursed)
    assert loan["auto_debit"] == (consent == Consent.AUTO_DEBIT)


@pytest.mark.requirement("DIS-08.b")
@pytest.mark.planted
def test_planted_a_payment_that_is_not_delayed_and_before_the_operator_is_found():
    bench = Bench()
    bench.run(until=int(bench.instructed()["at"][0]) + HOUR_MS)
    payments = bench.bank.payments.table
    assert invariants.asked(payments, bench.bank.desk.tasks) == []
    payments["delayed"][:] = 0
    assert "does not wait for" in invariants.asked(payments, bench.bank.desk.tasks)[0]
