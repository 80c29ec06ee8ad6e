"""Posting: sound transactions change the books to the fen, everything else is refused whole and named."""

from __future__ import annotations

import pytest

from credit.codes import Account
from credit.ledger.subsystem import LedgerSubsystem
from credit.times import HOUR_MS
from tests.credit.ledger.books import LOAN, OTHER_LOAN, Mail, balance, kept, lent, run


def test_a_disbursement_is_kept_by_loan_and_by_account() -> None:
    ledger = lent(5_000_000)
    assert kept(ledger) == [5_000_000, 0, 0, 0]
    assert balance(ledger, Account.PRINCIPAL) == 5_000_000
    assert balance(ledger, Account.SETTLEMENT) == -5_000_000
    assert ledger.check() == []


def test_a_payment_settles_interest_and_principal() -> None:
    ledger = lent(1_000_00)
    due = Mail().post(LOAN * 10_000 + 2, LOAN, {Account.INTEREST_RECEIVABLE: 500, Account.INTEREST_INCOME: -500})
    paid = Mail(at=due.at + HOUR_MS).post(
        LOAN * 10_000 + 3,
        LOAN,
        {Account.SETTLEMENT: 1_005_00, Account.INTEREST_RECEIVABLE: -500, Account.PRINCIPAL: -1_000_00},
    )
    run(ledger, due, paid.report(LOAN))
    assert ledger.check() == []
    assert kept(ledger) == [0, 0, 0, 0]
    assert balance(ledger, Account.INTEREST_INCOME) == -500


def test_a_transaction_that_does_not_sum_to_zero_is_refused_and_named() -> None:
    ledger = lent()
    bad = Mail().post(LOAN * 10_000 + 2, LOAN, {Account.SETTLEMENT: 1_000, Account.PRINCIPAL: -999})
    run(ledger, bad)
    found = ledger.check()
    assert len(found) == 1
    assert f"transaction {LOAN * 10_000 + 2} of loan {LOAN}" in found[0]
    assert "sums to 1 fen" in found[0]
    assert kept(ledger)[0] == 5_000_000, "nothing of it was posted"


def test_two_wrong_transactions_do_not_cancel_each_other() -> None:
    ledger = lent()
    run(
        ledger,
        Mail().post(LOAN * 10_000 + 2, LOAN, {Account.SETTLEMENT: 10, Account.PRINCIPAL: -9}),
        Mail().post(LOAN * 10_000 + 3, LOAN, {Account.SETTLEMENT: 9, Account.PRINCIPAL: -10}),
    )
    assert len(ledger.check()) == 2


def test_an_unknown_account_refuses_its_whole_transaction() -> None:
    ledger = lent()
    run(ledger, Mail().post(LOAN * 10_000 + 2, LOAN, {9_999: 700, Account.SETTLEMENT: -700}))
    assert any("account 9999, which the chart does not hold" in line for line in ledger.check())
    assert balance(ledger, Account.SETTLEMENT) == -5_000_000


@pytest.mark.parametrize("account", [-1, 123_456_789])
def test_an_account_number_out_of_all_range_is_refused_too(account: int) -> None:
    ledger = LedgerSubsystem.build()
    run(ledger, Mail().post(LOAN * 10_000 + 2, LOAN, {account: 700, Account.SETTLEMENT: -700}))
    assert any("does not hold" in line for line in ledger.check())


def test_an_account_kept_by_loan_needs_a_loan() -> None:
    ledger = LedgerSubsystem.build()
    run(ledger, Mail().post(LOAN * 10_000 + 2, 0, {Account.PRINCIPAL: 700, Account.SETTLEMENT: -700}))
    assert any("without a loan" in line for line in ledger.check())
    assert balance(ledger, Account.PRINCIPAL) == 0


def test_a_transaction_of_no_branch_is_refused() -> None:
    ledger = LedgerSubsystem.build()
    run(ledger, Mail().post(-5, 0, {Account.INTEREST_ACCRUED: 7, Account.INTEREST_INCOME: -7}))
    assert any("belongs to no branch" in line for line in ledger.check())


def test_one_number_for_two_transactions_of_a_window_is_named() -> None:
    ledger = lent()
    number = LOAN * 10_000 + 2
    first = Mail().post(number, LOAN, {Account.SETTLEMENT: 10, Account.PRINCIPAL: -10})
    again = Mail(at=first.at + 1).post(number, LOAN, {Account.SETTLEMENT: 20, Account.PRINCIPAL: -20})
    run(ledger, first, again)
    assert any("used before" in line and str(LOAN) in line for line in ledger.check())


def test_a_refused_transaction_leaves_the_others_of_its_window_alone() -> None:
    ledger = lent()
    good = Mail().disburse(OTHER_LOAN, 300).report(OTHER_LOAN, 300)
    bad = Mail().post(LOAN * 10_000 + 2, LOAN, {Account.SETTLEMENT: 10, Account.PRINCIPAL: -9})
    run(ledger, good, bad)
    assert kept(ledger, OTHER_LOAN)[0] == 300
    assert len(ledger.check()) == 1
