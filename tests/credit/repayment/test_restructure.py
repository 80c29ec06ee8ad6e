"""Other terms (REP-03, REP-13, NPL-11, EX-18): what is in arrears finds its place to the fen; the new plan is the one agreed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from credit.codes import Account, Method
from credit.codes_trouble import Measure
from credit.collections.contract import OverdueRestructured
from credit.repayment.contract import (
    Event,
    Gauge,
    LossEvidence,
    ObservationEnded,
    Refusal,
    RestructureLoan,
    RestructuringReferred,
)
from credit.repayment.states import LoanState
from credit.restructuring.contract import LoanRestructured, RestructuredLeft, RestructuringOpened
from tests.credit.repayment.bank import LOAN, Bank, Mail, at, day_of, early, loan, payment
from tests.rows import sample

DUE = day_of(2026, 2, 10)
SIGNED = day_of(2026, 4, 15)
"""Three instalments are unpaid."""


def order(day: int = SIGNED, measure: int = Measure.STAGED, months: int = 24, **terms: Any) -> Mail:
    values = {"interest_every": 0, "free_months": 0, "stages": ""} | terms
    rows = RestructureLoan.rows(1, at=at(day, 12), loan=LOAN, measure=measure, months=months, **values)
    return RestructureLoan, rows


def broke(overrides: dict[str, Any] | None = None, **columns: int) -> Bank:
    bank = Bank(None if overrides is None else {"repayment": {"restructuring": overrides}})
    bank.pays = 0
    return bank.until(SIGNED, loan(**columns))


def owed(bank: Bank, account: Account) -> int:
    return bank.balance(account)


@pytest.mark.requirement("EX-18.a", "EX-18.b", "REP-03.b")
def test_a_monthly_payment_becomes_half_yearly_interest_with_staged_principal() -> None:
    """50,000 yuan at 6 % a year: every half year 1,500 of interest on the whole, then 30, 30 and 40 % of the principal."""
    bank = broke()
    bank.pays = 1_000_000
    bank.until(SIGNED + 1, order())
    plan = bank.repayment.schedule(LOAN)
    paying = plan.payment_fen > 0
    assert len(plan) == 24
    assert (plan.number[paying] - plan.number[0] + 1).tolist() == [6, 12, 18, 24]
    assert plan.principal_fen[paying].tolist() == [0, 1_500_000, 1_500_000, 2_000_000]
    # The second half year: 5,000,000 fen × 6 % ÷ 2, the third on 3,500,000, the last on 2,000,000.
    assert plan.interest_fen[paying].tolist()[1:] == [150_000, 105_000, 60_000]
    [eased] = bank.happened(Event.BURDEN_EASED)
    assert eased["amount_fen"] == plan.payment_fen[:6].sum() < eased["value"]
    bank.until(int(plan.due_day[-1]) + 1)
    assert len(bank.happened(Event.LOAN_SETTLED)) == 1
    assert bank.happened(Event.INSTALMENT_PAID)["amount_fen"].tolist() == plan.payment_fen[paying].tolist()


def test_principal_in_arrears_is_owed_later_interest_is_put_off_and_the_penalty_given_up() -> None:
    bank = broke()
    principal, interest = owed(bank, Account.PRINCIPAL), owed(bank, Account.INTEREST_RECEIVABLE)
    penalty, income = owed(bank, Account.PENALTY_RECEIVABLE), owed(bank, Account.PENALTY_INCOME)
    assert interest > 0 < penalty
    [before] = bank.repayment.book.arrears.export()
    bank.until(SIGNED + 1, order())
    charged_today = bank.sent_postings(Account.PENALTY_RECEIVABLE)["amount_fen"][-2]
    assert owed(bank, Account.PRINCIPAL) == principal == 5_000_000
    assert owed(bank, Account.INTEREST_RECEIVABLE) == 0 == owed(bank, Account.PENALTY_RECEIVABLE)
    assert owed(bank, Account.PENALTY_INCOME) == income + penalty == 0
    [waived], [deferred] = bank.happened(Event.PENALTY_WAIVED), bank.happened(Event.ARREARS_INTEREST_DEFERRED)
    assert waived["amount_fen"] == penalty + charged_today
    assert deferred["amount_fen"] == interest
    # Put off: that, and five days at 0.5 % a month on what was not yet due on the 10th; it falls due with the first interest.
    [loan_row] = bank.repayment.book.loans.export()
    not_due = int(loan_row["balance_fen"]) - int(before["principal_fen"])
    assert loan_row["held_fen"] - interest == (not_due * 5 * 60_000 + 180_000_000) // 360_000_000
    assert bank.repayment.schedule(LOAN).interest_fen[:6].tolist()[:5] == [0] * 5


def test_interest_in_arrears_may_become_principal_and_the_penalty_may_stay() -> None:
    bank = broke({"arrears_interest": "capitalised", "penalty": "deferred"})
    interest = owed(bank, Account.INTEREST_RECEIVABLE)
    bank.until(SIGNED + 1, order())
    assert owed(bank, Account.PRINCIPAL) == 5_000_000 + interest
    [added] = bank.happened(Event.ARREARS_INTEREST_CAPITALISED)
    assert added["amount_fen"] == interest
    assert len(bank.happened(Event.PENALTY_WAIVED)) == 0 > owed(bank, Account.PENALTY_INCOME)
    bank.pays = 1_000_000
    plan = bank.repayment.schedule(LOAN)
    assert plan.principal_fen.sum() == 5_000_000 + interest
    bank.until(int(plan.due_day[-1]) + 1)
    assert owed(bank, Account.PRINCIPAL) == 0 == owed(bank, Account.INTEREST_ACCRUED)


@pytest.mark.requirement("REP-03.a")
def test_the_share_of_each_instalment_is_set_by_hand_for_a_loan_of_its_own() -> None:
    bank = broke()
    bank.until(SIGNED + 1, order(months=9, interest_every=3, stages="2:12.5 3:27.5 7:20 9:40"))
    plan = bank.repayment.schedule(LOAN)
    assert plan.principal_fen.tolist() == [0, 625_000, 1_375_000, 0, 0, 0, 1_000_000, 0, 2_000_000]
    assert (plan.interest_fen > 0).tolist() == [False, False, True, False, False, True, False, False, True]


@pytest.mark.requirement("REP-13.b")
def test_a_moratorium_pays_interest_alone_at_first_and_then_equal_parts() -> None:
    bank = broke()
    bank.until(SIGNED + 1, order(measure=Measure.MORATORIUM, months=12, free_months=6))
    plan = bank.repayment.schedule(LOAN)
    assert plan.principal_fen[:6].tolist() == [0] * 6
    assert plan.principal_fen[6:].sum() == 5_000_000
    assert (plan.interest_fen > 0).all()


@pytest.mark.requirement("REP-13.b")
def test_an_extension_keeps_the_way_of_repayment_and_lower_instalments_are_lower() -> None:
    longer = broke().until(SIGNED + 1, order(measure=Measure.EXTENSION, months=12))
    assert len(longer.repayment.schedule(LOAN)) == 9 + 12
    assert longer.repayment.book.loans["method"].tolist() == [Method.EQUAL_INSTALMENT]
    lower = broke().until(SIGNED + 1, order(measure=Measure.LOWER_INSTALMENT, months=36))
    assert lower.repayment.schedule(LOAN).payment_fen[1] < 430_332


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"measure": Measure.EXTENSION, "months": 13}, Refusal.TERMS_TOO_LONG),
        ({"months": 61}, Refusal.TERMS_TOO_LONG),
        ({"months": 6, "interest_every": 3, "stages": "6:90"}, Refusal.TERMS_TOO_LONG),
        ({"measure": Measure.LOWER_INSTALMENT, "months": 10}, Refusal.NOT_LOWER),
    ],
)
def test_terms_that_may_not_be_agreed_change_nothing(terms: dict[str, Any], reason: Refusal) -> None:
    bank, same = broke(), broke()
    bank.until(SIGNED + 1, order(**terms))
    same.until(SIGNED + 1)
    [refused] = bank.happened(Event.RESTRUCTURING_NOT_TAKEN_IN)
    [told] = bank.sent(LoanRestructured)
    assert refused["reason"] == told["reason"] == reason
    assert bank.repayment.book.loans.export().tolist() == same.repayment.book.loans.export().tolist()
    assert bank.repayment.book.arrears.export().tolist() == same.repayment.book.arrears.export().tolist()


def test_a_loan_whose_instalments_have_all_fallen_due_gets_a_plan_again() -> None:
    bank = broke(term_months=2)
    assert bank.repayment.book.loans["state"].tolist() == [LoanState.MATURED]
    bank.until(SIGNED + 1, order(measure=Measure.LOWER_INSTALMENT, months=24))
    assert bank.repayment.book.loans["state"].tolist() == [LoanState.ACTIVE]
    bank.pays = 1_000_000
    plan = bank.repayment.schedule(LOAN)
    assert plan.principal_fen.sum() == 5_000_000
    bank.until(int(plan.due_day[-1]) + 1)
    assert len(bank.happened(Event.LOAN_SETTLED)) == 1


def test_the_loan_goes_on_along_its_own_plan_after_a_partial_early_repayment() -> None:
    bank = broke()
    bank.until(SIGNED + 1, order())
    bank.until(SIGNED + 40, early(at(SIGNED + 39, 12), amount_fen=1_000_000))
    plan = bank.repayment.schedule(LOAN)
    paying = plan.principal_fen > 0
    assert plan.principal_fen[paying].tolist() == [1_200_000, 1_200_000, 1_600_000]


def test_reminders_are_of_what_falls_due_and_of_nothing_where_nothing_does() -> None:
    bank = broke()
    bank.pays = 1_000_000
    bank.until(SIGNED + 1, order())
    plan = bank.repayment.schedule(LOAN)
    bank.until(int(plan.due_day[5]) + 1)
    reminders = bank.happened(Event.REMINDER_SENT)
    after = reminders[reminders["at"] > at(SIGNED, 13)]
    assert after["amount_fen"].tolist() == [int(plan.payment_fen[5])]


@pytest.mark.requirement("NPL-12.a")
def test_a_non_performing_loan_stays_so_until_its_observation_is_over() -> None:
    bank = Bank()
    bank.pays = 0
    late = DUE + 100
    bank.until(late, loan())
    assert len(bank.happened(Event.NPL_MARKED)) == 1
    bank.until(late + 1, order(late))
    [told] = bank.sent(LoanRestructured)
    assert told["non_performing"] == 1

    def non_performing() -> int:
        rows = np.concatenate(bank.measures)
        today = (rows["gauge"] == Gauge.NON_PERFORMING) & (rows["at"] == bank.now - 1)
        return int(rows["count"][today].sum())

    bank.until(late + 5)
    assert non_performing() == 1
    bank.until(late + 6, (ObservationEnded, sample(ObservationEnded, 1, at=at(late + 5, 12), loan=LOAN)))
    assert non_performing() == 0


@pytest.mark.requirement("NPL-01.b")
def test_clear_evidence_makes_a_loan_non_performing_before_ninety_days() -> None:
    bank = Bank()
    bank.pays = 0
    bank.until(DUE + 20, loan(), (LossEvidence, sample(LossEvidence, 1, at=at(DUE + 19, 12), loan=LOAN)))
    [marked] = bank.happened(Event.NPL_MARKED)
    assert marked["value"] == 19
    assert len(bank.happened(Event.LOSS_EVIDENT)) == 1
    bank.until(DUE + 22, payment(at(DUE + 21, 12), share_ppm=1_000_000))
    assert bank.repayment.book.arrears["marked"].sum() == 0


def test_a_referred_loan_is_shown_as_the_book_has_it() -> None:
    bank = broke()
    bank.until(
        SIGNED + 1, (RestructuringReferred, sample(RestructuringReferred, 1, at=at(SIGNED, 9), loan=LOAN, cause=2))
    )
    [opened] = bank.sent(RestructuringOpened)
    assert (opened["left"], opened["cause"], opened["instalment_fen"]) == (9, 2, 430_332)
    assert opened["principal_fen"] == 5_000_000
    assert opened["overdue_since_day"] == DUE


def test_collections_hears_that_nothing_is_overdue_and_the_team_when_the_loan_has_left() -> None:
    bank = broke()
    bank.pays = 1_000_000
    bank.until(SIGNED + 1, order())
    assert bank.sent(OverdueRestructured)["loan"].tolist() == [LOAN]
    bank.until(SIGNED + 3, early(at(SIGNED + 2, 12), full=1))
    assert bank.sent(RestructuredLeft)["loan"].tolist() == [LOAN]
    assert len(bank.repayment.book.restructured) == 0
