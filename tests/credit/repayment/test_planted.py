"""Planted bugs: each breaks one promise of the book, and the check that guards it names the loan or the group. The same
run without the bug finds nothing, so it is the bug that is found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from credit.codes import Account
from credit.mail import Outbox
from credit.policies import Overrides
from credit.repayment import day_end, dues, early, plans, receipts, write_off
from credit.repayment.book import Book, post
from credit.repayment.rules import allocate
from credit.schedules import after_partial
from credit.table import Table
from credit.times import MINUTE_MS, Ints
from tests.credit.repayment.bank import LOAN, OTHER, START, Bank, Mail, at, day_of, loan, payment
from tests.credit.repayment.bank import early as early_order
from tests.credit.repayment.bank import write_off as write_off_order

FIRST = day_of(2026, 2, 10)
END = FIRST + 25
Legs = list[tuple[Account, Ints | int, Ints]]
Post = Callable[[Outbox, Ints | int, Ints, Legs], None]


def run(overrides: Overrides | None = None, *, pays: int = 400_000) -> Bank:
    """Two loans, one of which repays a part early, is late, and is written off; violations are kept instead of raised."""
    mail: list[Mail] = [
        loan(),
        loan(OTHER, START + 2, method=2),
        early_order(at(START + 8, 11), amount_fen=1_000_000, choice=2),
        payment(at(FIRST + 4, 12), share_ppm=300_000),
        write_off_order(at(FIRST + 20, 12), OTHER),
        payment(at(FIRST + 22, 12), OTHER, amount_fen=100_000),
    ]
    bank = Bank(overrides)
    bank.strict, bank.pays = False, pays
    return bank.until(END, *mail)


def found(needle: str, **options: int) -> list[str]:
    """The sentences of a run with a bug that hold the needle."""
    return [line for line in run(**options).found if needle in line]


def test_the_run_without_a_bug_finds_nothing() -> None:
    assert run().found == []


# postings -------------------------------------------------------------------------------------------------------------


@pytest.mark.planted
@pytest.mark.requirement("REP-05.c")
def test_planted_lost_posting_of_a_payments_principal_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Post = post

    def lossy(out: Outbox, when: Ints | int, transaction: Ints, legs: Legs) -> None:
        real(out, when, transaction, [leg for leg in legs if leg[0] != Account.PRINCIPAL])

    monkeypatch.setattr(receipts, "post", lossy)
    assert any("sums to" in line and str(LOAN) in line for line in found("instead of 0", pays=1_000_000))


@pytest.mark.planted
@pytest.mark.requirement("REP-06.b")
def test_planted_double_debit_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Post = post

    def twice(out: Outbox, when: Ints | int, transaction: Ints, legs: Legs) -> None:
        real(out, when, transaction, legs)
        real(out, np.asarray(when) + 1, transaction + 1, legs)

    monkeypatch.setattr(receipts, "post", twice)
    assert any("in the ledger but" in line for line in found(f"loan {LOAN}: principal", pays=1_000_000))


@pytest.mark.planted
@pytest.mark.requirement("REP-01.a")
def test_planted_payment_entered_in_the_loan_but_never_posted_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "post", lambda *_: None)
    assert found(f"loan {LOAN}: interest_receivable is")


@pytest.mark.planted
@pytest.mark.requirement("REP-01.a")
@pytest.mark.parametrize(
    ("column", "said"),
    [("periods", "term_months"), ("plan_fen", "amount_fen"), ("rate_ppm",) * 2, ("customer",) * 2, ("account",) * 2],
)
def test_planted_loan_booked_on_other_terms_than_paid_out_is_caught(
    monkeypatch: pytest.MonkeyPatch, column: str, said: str
) -> None:
    real = plans.Plans.begin_next

    def careless(self: plans.Plans, loans: Table, rows: Ints) -> None:
        real(self, loans, rows)
        loans[column][rows] += 1

    monkeypatch.setattr(plans.Plans, "begin_next", careless)
    assert found(f"loan {LOAN}: {said} is booked as")


@pytest.mark.planted
@pytest.mark.requirement("NPL-09.a")
def test_planted_write_off_that_forgets_the_penalty_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Post = post

    def forgetful(out: Outbox, when: Ints | int, transaction: Ints, legs: Legs) -> None:
        penalty = sum((leg[2] for leg in legs if leg[0] == Account.PENALTY_RECEIVABLE), np.zeros(1, dtype=np.int64))
        legs = [
            (account, ids, amount + penalty if account == Account.WRITE_OFF_LOSS else amount)
            for account, ids, amount in legs
            if account != Account.PENALTY_RECEIVABLE
        ]
        real(out, when, transaction, legs)

    monkeypatch.setattr(write_off, "post", forgetful)
    assert found(f"loan {OTHER}: penalty_receivable is", pays=0)


@pytest.mark.planted
@pytest.mark.requirement("NPL-09.c")
def test_planted_recovery_that_leaves_the_claim_as_it_was_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Post = post

    def on_balance_only(out: Outbox, when: Ints | int, transaction: Ints, legs: Legs) -> None:
        recovery = any(leg[0] == Account.RECOVERY_INCOME for leg in legs)
        real(out, when, transaction, legs[:2] if recovery else legs)

    monkeypatch.setattr(write_off, "post", on_balance_only)
    assert found(f"loan {OTHER}: off_balance_write_off is")


# rounding and accrual -------------------------------------------------------------------------------------------------


@pytest.mark.planted
@pytest.mark.requirement("REP-01.a")
def test_planted_rounding_slip_in_the_accrual_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = day_end.accrued_totals

    def rounded_up(book: Book, day: int, groups: Ints) -> Ints:
        totals = real(book, day, groups)
        return np.where(totals > 0, totals + 1, totals)

    monkeypatch.setattr(day_end, "accrued_totals", rounded_up)
    assert found("stand as accrued interest, its loans' accruals sum to")


@pytest.mark.planted
@pytest.mark.requirement("REP-11.b")
def test_planted_early_repayment_that_keeps_the_accrual_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Post = post

    def keeps(out: Outbox, when: Ints | int, transaction: Ints, legs: Legs) -> None:
        accrued = sum((leg[2] for leg in legs if leg[0] == Account.INTEREST_ACCRUED), np.zeros(1, dtype=np.int64))
        legs = [
            (account, ids, amount + accrued if account == Account.INTEREST_INCOME else amount)
            for account, ids, amount in legs
            if account != Account.INTEREST_ACCRUED
        ]
        real(out, when, transaction, legs)

    monkeypatch.setattr(early, "post", keeps)
    assert found("interest_accrued is")


# schedule and balances ------------------------------------------------------------------------------------------------


@pytest.mark.planted
@pytest.mark.requirement("REP-01.a")
def test_planted_schedule_off_by_a_fen_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = plans.Plans.begin_next

    def off(self: plans.Plans, loans: object, rows: Ints) -> None:
        real(self, loans, rows)  # type: ignore[arg-type]
        loans["next_principal_fen"][rows] += 1  # type: ignore[index]

    monkeypatch.setattr(plans.Plans, "begin_next", off)
    assert found(f"loan {LOAN}: next_principal_fen is")


@pytest.mark.planted
@pytest.mark.requirement("REP-12.a")
def test_planted_lower_instalment_off_by_a_fen_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = after_partial

    def off(*arguments: Ints) -> tuple[Ints, Ints]:
        count, part = real(*arguments)
        return count, part + 1

    monkeypatch.setattr(early, "after_partial", off)
    assert found(f"loan {LOAN}: regular part is")


@pytest.mark.planted
@pytest.mark.requirement("REP-01.a")
@pytest.mark.parametrize("column", ["balance_fen", "held_fen", "next_interest_fen"])
def test_planted_balance_changed_by_a_stranger_is_caught(column: str) -> None:
    bank = Bank().until(FIRST + 1, loan(), loan(OTHER))
    bank.repayment.book.loans[column][1] += 1
    assert any(line.startswith(f"loan {OTHER}: {column} is") for line in bank.repayment.check())


@pytest.mark.planted
@pytest.mark.requirement("REP-09.c")
@pytest.mark.parametrize("column", ["principal_fen", "interest_fen", "since_day"])
def test_planted_arrears_changed_by_a_stranger_are_caught(column: str) -> None:
    bank = Bank()
    bank.pays = 0
    bank.until(FIRST + 3, loan())
    bank.repayment.book.arrears[column][0] -= 1
    assert any(line.startswith(f"loan {LOAN}: ") for line in bank.repayment.check())


@pytest.mark.planted
@pytest.mark.requirement("REP-01.a", "REP-06.b")
def test_planted_day_whose_instalments_never_fall_due_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dues.Dues, "_fall_due", lambda *_: None)
    assert found(f"loan {LOAN}: instalment 1 should have fallen due")


# what is noticed in windows of any length ------------------------------------------------------------------------------


@pytest.mark.planted
@pytest.mark.requirement("REP-01.a")
@pytest.mark.parametrize("minutes", [1_440, 5])
def test_planted_loan_lost_from_the_book_is_caught_at_the_days_end(minutes: int) -> None:
    bank = Bank().until(FIRST - 1, loan(), loan(OTHER))
    bank.strict, bank.window_ms = False, minutes * MINUTE_MS
    bank.repayment.book.loans.drop(bank.repayment.book.loans.find([OTHER]))
    bank.until(FIRST)
    assert any(
        "branch 3: principal is 10000000 fen in the ledger, the loans sum to 5000000" in line for line in bank.found
    )


@pytest.mark.planted
@pytest.mark.requirement("REP-05.c")
@pytest.mark.parametrize("minutes", [1_440, 5])
def test_planted_payment_that_skips_the_penalty_is_caught_at_the_days_end(
    minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = Bank()
    bank.pays = 0
    bank.until(FIRST + 9, loan())
    real = allocate

    def skips(amount: Ints, penalty: Ints, *unpaid: Ints) -> object:
        return real(amount, np.zeros_like(penalty), *unpaid)

    monkeypatch.setattr(receipts, "allocate", skips)
    bank.strict, bank.window_ms, bank.check_daily = False, minutes * MINUTE_MS, True
    bank.until(FIRST + 10, payment(at(FIRST + 9, 12), amount_fen=10_000))
    assert any(f"loan {LOAN}: of a payment of 10000 fen 0 went to penalty" in line for line in bank.found)
