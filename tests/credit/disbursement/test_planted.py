"""Planted bugs: each rule of disbursement is broken on purpose, and an invariant notices in the very window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from credit.codes import Status, Verdict
from credit.disbursement.contract import PaymentInstruction
from credit.disbursement.facilities import Facilities
from credit.disbursement.payments import Payments
from credit.disbursement.subsystem import DisbursementSubsystem
from credit.room import Rows
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, Bools, Ints
from credit.worklists.worklist import Worklist
from tests.credit.disbursement.builders import (
    CASE,
    CONSUMER,
    LOAN,
    MICRO,
    MONDAY,
    NINE,
    OPERATOR,
    WORKING,
    YUAN,
    Bench,
    contract,
    drawdown,
    fulfilled,
    initiated,
    released,
    result,
    reviewed,
)
from tests.credit.worklists.planted import anybody_may

TEN = NINE + HOUR_MS


def no_faults(requests: Rows, *_: Any) -> Ints:
    """In place of the rules of drawdowns: nothing is wrong with any."""
    return np.zeros(len(requests), dtype=np.int64)


@pytest.mark.planted
@pytest.mark.requirement("DIS-04.a")
def test_planted_reviewer_who_is_the_operator_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    anybody_may(monkeypatch)
    bench = Bench().begun(1, lane=2)
    bench.run(initiated(TEN))
    with pytest.raises(AssertionError, match=f"loan {LOAN} moves money without an operator and another reviewer"):
        bench.run(reviewed(TEN + 1, person=OPERATOR))


@pytest.mark.planted
@pytest.mark.requirement("DIS-17.a")
def test_planted_automatic_payment_of_a_manual_contract_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def always(self: DisbursementSubsystem, contracts: Rows) -> Bools:
        return np.ones(len(contracts), dtype=bool)

    monkeypatch.setattr(DisbursementSubsystem, "_is_automatic", always)
    with pytest.raises(AssertionError, match=f"loan {LOAN} moves money without an operator"):
        Bench().run(contract(1, lane=2))


@pytest.mark.planted
@pytest.mark.requirement("DIS-07.a")
def test_planted_answer_that_is_not_compared_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def trusting(results: Rows, payments: Rows) -> Ints:
        return np.zeros(len(results), dtype=np.int64)

    monkeypatch.setattr("credit.disbursement.payments.result_faults", trusting)
    bench = Bench()
    order = bench.instructed()
    with pytest.raises(AssertionError, match=f"loan {LOAN} was paid another amount than agreed, in fen: 4900000"):
        bench.run(result(order, amount_fen=49_000 * YUAN))


@pytest.mark.planted
@pytest.mark.requirement("PRD-09.c")
def test_planted_limit_that_is_not_checked_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit.disbursement.subsystem.drawdown_faults", no_faults)
    bench = Bench().begun(WORKING)
    with pytest.raises(AssertionError, match=f"case {CASE} has drawn more than its limit, in fen: 500000100"):
        bench.run(drawdown(TEN, 5_000_001))


@pytest.mark.planted
@pytest.mark.requirement("PRD-04.c")
def test_planted_drawdown_beyond_the_approved_term_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit.disbursement.subsystem.drawdown_faults", no_faults)
    bench = Bench().begun(WORKING, term_months=3)
    with pytest.raises(AssertionError, match=f"loan {LOAN} has another term than its contract allows, in months: 6"):
        bench.run(drawdown(TEN, 1_000, months=6))


@pytest.mark.planted
@pytest.mark.parametrize(
    ("product", "column", "said"),
    [
        (CONSUMER, "amount_fen", "is more than agreed, in fen"),
        (CONSUMER, "term_months", "has another term than its contract allows"),
        (MICRO, "term_months", "has another term than its contract allows"),
        (CONSUMER, "rate_ppm", "has another rate_ppm than agreed"),
        (MICRO, "customer", "has another customer than agreed"),
        (CONSUMER, "debit_account", "has another account than agreed"),
    ],
)
def test_planted_payment_on_other_terms_than_its_contract_is_caught(
    monkeypatch: pytest.MonkeyPatch, product: int, column: str, said: str
) -> None:
    original = Payments.begin

    def careless(self: Payments, contracts: Rows, *rest: Any) -> None:
        original(self, contracts, *rest)
        self.table[column][-1] += 300_000 * YUAN

    monkeypatch.setattr(Payments, "begin", careless)
    with pytest.raises(AssertionError, match=f"loan {LOAN} {said}"):
        Bench().begun(product)


@pytest.mark.planted
@pytest.mark.requirement("PRD-09.b")
def test_planted_repayment_that_restores_twice_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Facilities.restore

    def twice(self: Facilities, notices: Rows, out: Any) -> Rows:
        self.table["restored_fen"][:] += int(notices["principal_fen"].sum())
        return original(self, notices[:0], out)

    monkeypatch.setattr(Facilities, "restore", twice)
    bench = Bench().begun(WORKING)
    with pytest.raises(AssertionError, match=f"case {CASE} has restored more than it drew"):
        bench.run(released(TEN, 1_000))


@pytest.mark.planted
@pytest.mark.requirement("PRD-09.a")
def test_planted_stop_that_keeps_the_limit_drawn_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Facilities, "give_up", lambda *columns: None)
    bench = Bench().begun(WORKING)
    bench.run(drawdown(TEN, 1_000))
    with pytest.raises(AssertionError, match=f"case {CASE} has drawn what is neither paid nor under way"):
        bench.run(initiated(TEN + 1, verdict=Verdict.DECLINE))


@pytest.mark.planted
@pytest.mark.requirement("DIS-16.a")
def test_planted_tranche_before_the_last_was_verified_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    original = DisbursementSubsystem.answer

    def hasty(self: DisbursementSubsystem, results: Rows, out: Any) -> None:
        original(self, results, out)
        if len(results):
            facility = self.facilities.table.take(self.facilities.table.find([CASE]))
            self._next_payment(facility, results["at"], np.zeros(1, dtype=bool), out)

    monkeypatch.setattr(DisbursementSubsystem, "answer", hasty)
    bench = Bench().begun(MICRO)
    with pytest.raises(AssertionError, match=f"case {CASE} began a tranche before the use of the last was verified"):
        bench.pays(TEN, LOAN)


@pytest.mark.planted
@pytest.mark.requirement("DIS-02.f")
def test_planted_condition_that_nobody_waits_for_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit.disbursement.subsystem.drawdown_faults", no_faults)
    bench = Bench().begun(WORKING, conditions=2048)
    with pytest.raises(AssertionError, match=f"case {CASE} draws while conditions are open: 2048"):
        bench.run(drawdown(TEN, 1_000))
    assert bench.bank.facilities.table["conditions"].tolist() == [2048]
    with pytest.raises(AssertionError, match="draws while conditions are open"):
        bench.run(fulfilled(TEN + HOUR_MS, 1))


@pytest.mark.planted
@pytest.mark.requirement("DIS-06.b")
def test_planted_delay_that_nobody_notes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Payments, "_note_delay", lambda *columns: None)
    bench = Bench()
    bench.instructed()
    bench.run(until=NINE + 50 * MINUTE_MS)
    with pytest.raises(AssertionError, match=f"loan {LOAN} is late by 2026-03-03 .* and nobody was told"):
        bench.run(until=MONDAY + DAY_MS)


@pytest.mark.planted
@pytest.mark.requirement("DIS-13.a")
def test_planted_batch_that_does_not_leave_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Payments, "leave", lambda *columns: None)
    bench = Bench()
    bench.instructed(3)
    with pytest.raises(AssertionError, match=f"loan {LOAN} should have left at"):
        bench.run(until=MONDAY + DAY_MS)


@pytest.mark.planted
@pytest.mark.requirement("DIS-02.a")
def test_planted_payment_that_outlives_its_approval_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Payments, "lapse", lambda *columns: None)
    bench = Bench().begun(1, lane=2, valid_until=TEN)
    with pytest.raises(AssertionError, match=f"loan {LOAN} waits for a desk beyond its approval"):
        bench.run(until=TEN + 1)


@pytest.mark.planted
@pytest.mark.requirement("DIS-08.a")
def test_planted_failure_that_no_desk_is_told_of_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worklist, "put", lambda *columns, **more: None)
    bench = Bench()
    order = bench.run(contract()).take(PaymentInstruction)
    with pytest.raises(AssertionError, match=f"loan {LOAN} waits for a desk that was never asked"):
        bench.run(result(order, status=Status.FAILED))
