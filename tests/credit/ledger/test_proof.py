"""Proof: loan = ledger to the fen in every window, accrued interest = its control account, and the trial balance daily."""

from __future__ import annotations

import numpy as np
import pytest

import credit.ledger.subsystem as ledger_module
from credit.codes import Account
from credit.ledger.contract import Event, Gauge
from credit.ledger.invariants import NAMED_MAX
from credit.ledger.subsystem import LedgerSubsystem
from credit.mail import Outbox
from credit.room import Rows
from credit.subsystem import Window
from credit.times import HOUR_MS, Ints
from tests.credit.ledger.books import DAY, LOAN, OTHER_LOAN, Mail, balance, day_window, kept, lent, run

ACCRUAL = 10**18 + 3 * 10**15 + 103


def instalment(mail: Mail, principal: int = 400) -> Mail:
    return mail.post(LOAN * 10_000 + 2, LOAN, {Account.SETTLEMENT: principal, Account.PRINCIPAL: -principal})


def test_a_lost_posting_is_caught_by_the_loan_it_belongs_to() -> None:
    ledger = lent(1_000)
    run(ledger, Mail().report(LOAN, 600))  # the loan says 400 were paid; the posting got lost
    assert ledger.check() == [
        f"loan {LOAN}: principal is 1000 fen in the ledger but 600 fen in the loan at 2026-01-01 01:00:00.000"
    ]


def test_a_posting_made_twice_is_caught_by_the_loan_it_belongs_to() -> None:
    ledger = lent(1_000)
    run(ledger, instalment(instalment(Mail())).report(LOAN, 600))
    assert any(f"loan {LOAN}: principal is 200 fen in the ledger but 600" in line for line in ledger.check())


def test_the_last_report_of_a_window_counts() -> None:
    ledger = lent(1_000)
    run(ledger, instalment(Mail()).report(LOAN, 1_000).report(LOAN, 600, later=HOUR_MS))
    assert ledger.check() == []


def test_a_loan_with_postings_must_report() -> None:
    ledger = lent(1_000)
    run(ledger, instalment(Mail()).report(OTHER_LOAN))
    assert ledger.check() == [f"loan {LOAN} had postings but did not report its balance in the window"]


def test_a_report_of_a_loan_the_ledger_never_saw_is_named() -> None:
    ledger = LedgerSubsystem.build()
    run(ledger, Mail().report(LOAN, 1))
    assert any(f"loan {LOAN}: principal is 0 fen in the ledger but 1 fen" in line for line in ledger.check())


def test_a_settled_loan_may_report_nothing_left() -> None:
    ledger = LedgerSubsystem.build()
    run(ledger, Mail().report(LOAN))
    assert ledger.check() == []


def test_principal_below_zero_is_named() -> None:
    ledger = lent(1_000)
    run(ledger, instalment(Mail(), 1_001).report(LOAN, -1))
    assert any(f"loan {LOAN}: principal is -1 fen, below zero" in line for line in ledger.check())


def test_many_faults_of_one_kind_are_counted() -> None:
    ledger = LedgerSubsystem.build()
    mail = Mail()
    for n in range(NAMED_MAX + 3):
        mail.report(LOAN + n, 1)
    run(ledger, mail)
    found = ledger.check()
    assert len(found) == NAMED_MAX
    assert found[-1].endswith("(and 3 more of this kind)")


# ---- write-off


def written_off(ledger_fen: int = 1_000) -> Mail:
    return (
        Mail()
        .post(LOAN * 10_000 + 5, LOAN, {Account.WRITE_OFF_LOSS: ledger_fen, Account.PRINCIPAL: -ledger_fen})
        .post(
            LOAN * 10_000 + 6,
            LOAN,
            {Account.OFF_BALANCE_WRITE_OFF: ledger_fen, Account.OFF_BALANCE_CONTRA: -ledger_fen},
        )
    )


@pytest.mark.requirement("NPL-09.a")
def test_a_write_off_moves_the_balance_to_the_off_balance_account() -> None:
    ledger = lent(1_000)
    run(ledger, written_off().report(LOAN, written_off=1_000))
    assert ledger.check() == []
    assert kept(ledger) == [0, 0, 0, 1_000]
    assert balance(ledger, Account.PRINCIPAL) == 0
    assert balance(ledger, Account.OFF_BALANCE_WRITE_OFF) == 1_000
    assert balance(ledger, Account.WRITE_OFF_LOSS) == 1_000


@pytest.mark.requirement("NPL-09.a")
def test_what_was_written_off_never_comes_back_on_balance() -> None:
    ledger = lent(1_000)
    run(ledger, written_off().report(LOAN, written_off=1_000))
    back = Mail(at=(DAY + 1) * 86_400_000).post(
        LOAN * 10_000 + 7,
        LOAN,
        {
            Account.PRINCIPAL: 1_000,
            Account.WRITE_OFF_LOSS: -1_000,
            Account.OFF_BALANCE_WRITE_OFF: -1_000,
            Account.OFF_BALANCE_CONTRA: 1_000,
        },
    )
    run(ledger, back.report(LOAN, 1_000), day=DAY + 1)
    assert any(f"loan {LOAN} can't go from WRITTEN_OFF to ON_BALANCE" in line for line in ledger.check())


@pytest.mark.requirement("NPL-09.a")
def test_principal_on_balance_beside_a_write_off_is_named() -> None:
    ledger = lent(1_000)
    half = Mail().post(LOAN * 10_000 + 6, LOAN, {Account.OFF_BALANCE_WRITE_OFF: 400, Account.OFF_BALANCE_CONTRA: -400})
    run(ledger, half.report(LOAN, 1_000, written_off=400))
    assert any("1000 fen principal on balance, 400 fen written off" in line for line in ledger.check())


# ---- accrued interest


def accrual(fen: int) -> Mail:
    return Mail().post(ACCRUAL, 0, {Account.INTEREST_ACCRUED: fen, Account.INTEREST_INCOME: -fen})


def test_accrued_interest_equals_the_sum_of_the_loans_accruals() -> None:
    ledger = LedgerSubsystem.build()
    run(ledger, accrual(900).accrued(3, 1, 500).accrued(3, 2, 400))
    assert ledger.check() == []


@pytest.mark.parametrize(("branch", "fen"), [(3, 899), (4, 900)])
def test_a_difference_of_accrued_interest_names_the_branch(branch: int, fen: int) -> None:
    ledger = LedgerSubsystem.build()
    run(ledger, accrual(900).accrued(branch, 1, fen))
    assert any(line.startswith("branch 3: interest_accrued is 900 fen") for line in ledger.check())


@pytest.mark.parametrize(("principal", "found"), [(600, 0), (599, 1), (0, 1)])
def test_a_loan_lost_from_the_book_is_missed_in_its_branch(principal: int, found: int) -> None:
    ledger = lent(1_000)
    run(ledger, instalment(Mail()).report(LOAN, 600).accrued(3, 1, 0, principal))
    said = f"branch 3: principal is 600 fen in the ledger, the loans sum to {principal} fen"
    assert ledger.check() == [said] * found


def test_a_loan_that_has_not_reported_is_missed_whatever_is_posted_after_it_in_the_window() -> None:
    ledger, window, out = lent(1_000), day_window(), Outbox()
    ledger.open(window, out)
    for mail in (instalment(Mail()), Mail().disburse(OTHER_LOAN, 500).report(OTHER_LOAN, 500)):
        ledger.apply(mail.inbox(), window, out)
    ledger.close(window, out)
    assert f"loan {LOAN} had postings but did not report its balance in the window" in ledger.check()


def test_the_last_totals_of_a_window_count() -> None:
    ledger = lent(1_000)
    before, last = Mail().accrued(3, 1, 0, 1_000), Mail(at=Mail().at + 1).accrued(3, 1, 0, 600)
    run(ledger, instalment(Mail()).report(LOAN, 600), before, last)
    assert ledger.check() == []


def test_a_day_without_the_accrual_total_is_named() -> None:
    ledger = LedgerSubsystem.build()
    run(ledger, accrual(900))
    assert any("repayment did not report the totals" in line for line in ledger.check())


# ---- trial balance


def test_each_day_ends_with_a_trial_balance_of_zero() -> None:
    ledger = lent(1_000)
    out = run(ledger, instalment(Mail()).report(LOAN, 600))
    balanced = out.events_of(Event.TRIAL_BALANCED)
    assert balanced["amount_fen"].tolist() == [0]
    measure = np.concatenate(out.measures)
    assert set(measure["gauge"].tolist()) == {Gauge.TRIAL_BALANCE}
    assert measure["amount_fen"].sum() == 0
    by_account = dict(zip(measure["group"].tolist(), measure["amount_fen"].tolist(), strict=True))
    assert by_account[Account.PRINCIPAL] == 600
    assert len(by_account) == len(Account)


def test_a_window_that_does_not_end_a_day_draws_no_trial_balance() -> None:
    ledger = LedgerSubsystem.build()
    day = day_window()
    out = Outbox()
    ledger.close(Window(0, day.start, day.start + HOUR_MS), out)
    assert not out.events
    assert not out.measures


def test_a_balance_on_the_wrong_side_is_named() -> None:
    ledger = LedgerSubsystem.build()
    run(ledger, Mail().post(ACCRUAL, 0, {Account.INTEREST_INCOME: 50, Account.SETTLEMENT: -50}))
    assert any("account interest_income: a balance of 50 fen lies on the wrong side" in line for line in ledger.check())


# ---- planted bugs


@pytest.mark.planted
def test_planted_credit_entered_short_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    enter = ledger_module.LedgerSubsystem._enter

    def short(self: ledger_module.LedgerSubsystem, branch: Ints, account: Ints, amount: Ints) -> None:
        enter(self, branch, account, np.where(amount < 0, amount + 1, amount))

    monkeypatch.setattr(ledger_module.LedgerSubsystem, "_enter", short)
    ledger = lent(1_000)
    assert any("trial balance: debits exceed credits by 1 fen" in line for line in ledger.check())


@pytest.mark.planted
def test_planted_transaction_without_its_loan_lines_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(self: object, loans: Ints, sums: Ints) -> None:
        pass

    monkeypatch.setattr(ledger_module.LedgerSubsystem, "_add", forgetful)
    ledger = lent(1_000)
    assert any("account principal: the loans sum to 0 fen, the account holds 1000" in line for line in ledger.check())


@pytest.mark.planted
def test_planted_oldest_report_instead_of_the_newest_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def oldest(reports: Rows, key: str) -> Rows:
        return reports[np.unique(reports[key], return_index=True)[1]]

    monkeypatch.setattr(ledger_module, "newest", oldest)
    ledger = lent(1_000)
    run(ledger, instalment(Mail()).report(LOAN, 1_000).report(LOAN, 600, later=HOUR_MS))
    assert any(f"loan {LOAN}: principal" in line for line in ledger.check())
