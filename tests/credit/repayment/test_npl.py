"""Non-performing loans: the mark, the write-off with its ledger side, and what comes back afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from credit.codes import Account, Actor, Bucket, Method
from credit.collections.contract import OverduePaid
from credit.ledger.contract import Posting
from credit.policies import Overrides
from credit.repayment.contract import DebitRequest, DebitResult, Event, Gauge, Refusal
from credit.room import Rows
from tests.credit.repayment.bank import LOAN, OTHER, START, Bank, Mail, at, day_of, early, loan, payment, write_off
from tests.rows import sample

FIRST = day_of(2026, 2, 10)
DAY_90, DAY_91 = FIRST + 90, FIRST + 91
GONE = FIRST + 120
"""The day of write-off: four instalments are due, the fifth is running."""
ON_BALANCE = (Account.PRINCIPAL, Account.INTEREST_RECEIVABLE, Account.PENALTY_RECEIVABLE, Account.INTEREST_ACCRUED)


def broke(overrides: Overrides | None = None, *, window_ms: int = 86_400_000) -> Bank:
    bank = Bank(overrides, window_ms=window_ms)
    bank.pays = 0
    return bank


def gauge(bank: Bank, which: Gauge, day: int) -> Rows:
    """The rows of a gauge at the end of a day."""
    rows = np.concatenate(bank.measures)
    chosen: Rows = rows[(rows["gauge"] == which) & (rows["at"] == at(day + 1) - 1)]
    return chosen


def written_off(*more: Mail) -> tuple[Bank, int]:
    """A bank whose only loan was written off at noon of day GONE, and the claim."""
    bank = broke().until(GONE + 1, loan(), write_off(at(GONE, 12)), *more)
    return bank, int(bank.happened(Event.LOAN_WRITTEN_OFF)["amount_fen"][0])


# the mark -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("NPL-01.a")
def test_a_loan_is_non_performing_above_90_days_past_due_and_not_before() -> None:
    bank = broke().until(DAY_90 + 1, loan())
    assert len(bank.happened(Event.NPL_MARKED)) == 0
    assert len(gauge(bank, Gauge.NON_PERFORMING, DAY_90)) == 0
    assert gauge(bank, Gauge.LOANS_BY_BUCKET, DAY_90)["group"].tolist() == [int(Bucket.DPD_61_90)]
    bank.until(DAY_91 + 5)
    marked = bank.happened(Event.NPL_MARKED)
    assert marked["at"].tolist() == [at(DAY_91)]
    assert marked["value"].tolist() == [91]
    assert marked["amount_fen"].tolist() == [5_000_000]
    bad = gauge(bank, Gauge.NON_PERFORMING, DAY_91)
    assert (bad["count"].tolist(), bad["amount_fen"].tolist()) == ([1], [5_000_000])
    assert gauge(bank, Gauge.LOANS_BY_BUCKET, DAY_91)["group"].tolist() == [int(Bucket.DPD_OVER_90)]


@pytest.mark.requirement("PRD-08.d", "NPL-01.a")
def test_the_number_of_days_is_the_policys() -> None:
    bank = broke({"repayment": {"non_performing_dpd": 30}}).until(FIRST + 40, loan())
    assert bank.happened(Event.NPL_MARKED)["at"].tolist() == [at(FIRST + 31)]


@pytest.mark.requirement("NPL-01.a")
def test_paying_the_oldest_instalment_in_time_keeps_a_loan_from_the_mark() -> None:
    pays = payment(at(DAY_90, 12), amount_fen=460_000)
    bank = broke().until(DAY_91 + 20, loan(), pays)
    assert len(bank.happened(Event.INSTALMENT_PAID)) == 1
    assert len(bank.happened(Event.NPL_MARKED)) == 0
    assert len(bank.happened(Event.OVERDUE_CLEARED)) == 0


@pytest.mark.requirement("NPL-01.a")
def test_the_mark_stays_until_nothing_is_overdue_and_may_come_again() -> None:
    some, all_of_it = payment(at(DAY_91 + 1, 12), amount_fen=460_000), payment(at(DAY_91 + 3, 12), share_ppm=1_000_000)
    bank = broke().until(DAY_91 + 3, loan(), some)
    assert len(gauge(bank, Gauge.NON_PERFORMING, DAY_91 + 2)) == 1
    bank.until(DAY_91 + 5, all_of_it)
    assert len(gauge(bank, Gauge.NON_PERFORMING, DAY_91 + 4)) == 0
    again = day_of(2026, 6, 10) + 91
    bank.until(again + 2)
    assert bank.happened(Event.NPL_MARKED)["at"].tolist() == [at(DAY_91), at(again)]


@pytest.mark.requirement("NPL-01.a")
def test_a_non_performing_loan_goes_on_falling_due_and_accruing() -> None:
    bank = broke().until(DAY_91, loan())
    before = bank.balance(Account.INTEREST_INCOME)
    bank.until(DAY_91 + 20)
    assert bank.balance(Account.INTEREST_INCOME) < before
    assert bank.happened(Event.INSTALMENT_DUE)["value"].tolist() == [1, 2, 3, 4]


# write-off ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("NPL-09.a")
def test_a_write_off_moves_the_whole_claim_off_the_balance_sheet_in_one_transaction() -> None:
    bank = broke().until(GONE, loan())
    principal, interest = bank.balance(Account.PRINCIPAL), bank.balance(Account.INTEREST_RECEIVABLE)
    bank.until(GONE + 1, write_off(at(GONE, 12)))
    rows = bank.happened(Event.LOAN_WRITTEN_OFF)
    claim = int(rows["amount_fen"][0])
    assert rows["value"].tolist() == [120]
    assert [bank.balance(account) for account in ON_BALANCE] == [0, 0, 0, 0]
    assert bank.balance(Account.WRITE_OFF_LOSS) == claim
    assert bank.balance(Account.OFF_BALANCE_WRITE_OFF) == claim
    assert bank.balance(Account.OFF_BALANCE_CONTRA) == -claim
    assert claim == 5_000_000 + sum(_due_interest(bank)) - bank.balance(Account.PENALTY_INCOME)
    assert (principal, interest) == (5_000_000, sum(_due_interest(bank)[:-1]))
    moved = bank.sent(Posting)
    moved = moved[moved["at"] == at(GONE, 12)]
    assert len(np.unique(moved["transaction"])) == 1
    assert moved["amount_fen"].sum() == 0


@pytest.mark.requirement("NPL-08.c")
@pytest.mark.parametrize("since", [0, 10_114, -250_000])
def test_what_has_changed_since_the_decision_is_told_apart_from_what_is_written_off(since: int) -> None:
    _, claim = written_off()
    bank = broke().until(GONE + 1, loan(), write_off(at(GONE, 12), decided_fen=claim - since))
    assert bank.happened(Event.LOAN_WRITTEN_OFF)["amount_fen"].tolist() == [claim]
    told = bank.happened(Event.WRITE_OFF_DIFFERS)
    assert told[["amount_fen", "value"]].tolist() == ([(since, claim - since)] if since else [])


def _due_interest(bank: Bank) -> list[int]:
    """Interest that fell due by instalment, from the postings of due days."""
    rows = bank.sent(Posting)
    rows = rows[(rows["account"] == Account.INTEREST_RECEIVABLE) & (rows["amount_fen"] > 0)]
    return [int(fen) for fen in rows["amount_fen"][np.argsort(rows["at"])]]


@pytest.mark.requirement("NPL-09.a")
def test_interest_accrued_but_not_due_is_taken_back_out_of_income() -> None:
    bank = broke().until(GONE + 5, loan())
    assert bank.balance(Account.INTEREST_ACCRUED) > 0
    bank.until(GONE + 6, write_off(at(GONE + 5, 12)))
    assert bank.balance(Account.INTEREST_ACCRUED) == 0
    assert bank.balance(Account.INTEREST_INCOME) == -sum(_due_interest(bank))


@pytest.mark.requirement("NPL-09.a")
def test_a_loan_written_off_falls_due_no_more_and_is_debited_no_more() -> None:
    bank, _ = written_off()
    due, asked = len(bank.happened(Event.INSTALMENT_DUE)), len(bank.sent(DebitRequest))
    income, penalty = bank.balance(Account.INTEREST_INCOME), bank.balance(Account.PENALTY_INCOME)
    bank.until(GONE + 60)
    assert (len(bank.happened(Event.INSTALMENT_DUE)), len(bank.sent(DebitRequest))) == (due, asked)
    assert (bank.balance(Account.INTEREST_INCOME), bank.balance(Account.PENALTY_INCOME)) == (income, penalty)
    assert len(gauge(bank, Gauge.LOANS_ACTIVE, GONE + 59)) == 0
    assert gauge(bank, Gauge.WRITTEN_OFF, GONE + 59)["count"].tolist() == [1]


@pytest.mark.requirement("NPL-09.b")
def test_collection_goes_on_after_the_write_off() -> None:
    bank, claim = written_off()
    told = bank.sent(OverduePaid)
    assert told["overdue_fen"].tolist() == [claim]
    assert told["paid_fen"].tolist() == [0]
    assert told["overdue_since_day"].tolist() == [FIRST]


@pytest.mark.requirement("NPL-09.a")
def test_a_matured_loan_can_be_written_off_too() -> None:
    last = day_of(2026, 4, 10)
    bank = broke().until(last + 101, loan(term_months=3), write_off(at(last + 100, 12)))
    claim = int(bank.happened(Event.LOAN_WRITTEN_OFF)["amount_fen"][0])
    assert bank.balance(Account.OFF_BALANCE_WRITE_OFF) == claim
    assert [bank.balance(account) for account in ON_BALANCE] == [0, 0, 0, 0]


@pytest.mark.requirement("NPL-08.b", "NPL-09.a")
def test_only_overdue_loans_are_written_off_and_only_once() -> None:
    orders = [write_off(at(FIRST - 5, 12)), write_off(at(FIRST, 12)), write_off(at(FIRST + 2, 12), OTHER)]
    bank = broke().until(FIRST + 3, loan(), *orders)
    assert bank.happened(Event.RECEIPT_REFUSED)["reason"].tolist() == [int(Refusal.LOAN_UNKNOWN)] * 3
    assert len(bank.happened(Event.LOAN_WRITTEN_OFF)) == 0
    bank.until(GONE + 2, write_off(at(GONE, 12)), write_off(at(GONE + 1, 12)))
    assert len(bank.happened(Event.LOAN_WRITTEN_OFF)) == 1
    assert len(bank.happened(Event.RECEIPT_REFUSED)) == 4


@pytest.mark.requirement("NPL-09.c")
def test_what_a_debit_under_way_at_the_write_off_brings_is_a_recovery() -> None:
    # The window of the day takes its mail before core banking answers the debit of eight o'clock.
    bank = broke().until(GONE, loan())
    bank.pays = 500_000
    bank.until(GONE + 1, write_off(at(GONE, 7)))
    asked = bank.sent(DebitRequest)[-1]
    assert int(asked["at"]) == at(GONE, 8)
    recovered = bank.happened(Event.RECOVERY_RECEIVED)
    assert recovered["amount_fen"].tolist() == [int(asked["amount_fen"]) // 2]
    assert recovered["actor"].tolist() == [int(Actor.CORE_BANKING)]
    assert len(bank.happened(Event.RECEIPT_REFUSED)) == 0
    again = sample(DebitResult, 1, at=at(GONE + 1, 9), loan=LOAN, paid_fen=5, status=0, attempt=asked["attempt"])
    bank.until(GONE + 2, (DebitResult, again))
    assert bank.happened(Event.RECEIPT_REFUSED)["reason"].tolist() == [int(Refusal.DEBIT_UNKNOWN)]


@pytest.mark.requirement("NPL-09.a")
def test_nobody_repays_a_loan_early_that_was_written_off() -> None:
    bank, _ = written_off()
    bank.until(GONE + 3, early(at(GONE + 2, 12), full=1))
    assert bank.happened(Event.EARLY_REPAYMENT_REFUSED)["reason"].tolist() == [int(Refusal.LOAN_UNKNOWN)]


# recovery -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("NPL-09.c")
def test_a_recovery_is_income_and_shrinks_the_claim_off_the_balance_sheet() -> None:
    bank, claim = written_off()
    bank.until(GONE + 6, payment(at(GONE + 5, 12), amount_fen=1_000_000))
    assert bank.happened(Event.RECOVERY_RECEIVED)["amount_fen"].tolist() == [1_000_000]
    assert bank.balance(Account.RECOVERY_INCOME) == -1_000_000
    assert bank.balance(Account.OFF_BALANCE_WRITE_OFF) == claim - 1_000_000
    assert bank.balance(Account.OFF_BALANCE_CONTRA) == 1_000_000 - claim
    assert bank.balance(Account.SETTLEMENT) == 1_000_000 - 5_000_000
    # The loss stays what it was; what comes back is told to collections.
    assert bank.balance(Account.WRITE_OFF_LOSS) == claim
    last = bank.sent(OverduePaid)[-1]
    assert (int(last["paid_fen"]), int(last["overdue_fen"])) == (1_000_000, claim - 1_000_000)
    assert int(last["overdue_since_day"]) == FIRST


@pytest.mark.requirement("NPL-09.c")
def test_money_that_a_window_hears_of_after_the_write_off_counts_from_the_write_off_on() -> None:
    """It came at eight, the write-off at noon: to collections the claim that is left is told last."""
    bank, claim = written_off(payment(at(GONE, 8), amount_fen=1_000_000))
    recovery, left = bank.happened(Event.RECOVERY_RECEIVED), bank.happened(Event.LOAN_WRITTEN_OFF)
    assert recovery["at"].tolist() == left["at"].tolist()
    told = bank.sent(OverduePaid)
    in_time = told[np.lexsort((told["transaction"], told["at"]))]
    assert int(in_time["overdue_fen"][-1]) == claim - 1_000_000


@pytest.mark.requirement("NPL-09.c")
def test_a_claim_recovered_in_full_settles_the_loan_and_the_rest_goes_back() -> None:
    bank, claim = written_off()
    pays = [
        payment(at(GONE + 5, 12), share_ppm=500_000),
        payment(at(GONE + 6, 9), amount_fen=claim),
        payment(at(GONE + 6, 10), amount_fen=1_000),
    ]
    bank.until(GONE + 8, *pays)
    half = bank.happened(Event.RECOVERY_RECEIVED)["amount_fen"].tolist()
    assert sum(half) == claim
    assert len(half) == 2
    assert bank.happened(Event.PAYMENT_RETURNED)["amount_fen"].tolist() == [half[0]]
    assert bank.happened(Event.LOAN_SETTLED)["at"].tolist() == [at(GONE + 6, 9)]
    assert bank.happened(Event.RECEIPT_REFUSED)["amount_fen"].tolist() == [1_000]
    for account in (*ON_BALANCE, Account.OFF_BALANCE_WRITE_OFF, Account.OFF_BALANCE_CONTRA):
        assert bank.balance(account) == 0, account
    assert bank.balance(Account.RECOVERY_INCOME) == -claim
    assert len(bank.repayment.export_state()["written_off"]) == 0


@pytest.mark.requirement("NPL-09.a", "NPL-09.c")
def test_an_empty_recovery_moves_nothing_and_is_no_event() -> None:
    bank, claim = written_off()
    bank.until(GONE + 6, payment(at(GONE + 5, 12)), payment(at(GONE + 5, 13), share_ppm=0))
    assert bank.happened(Event.RECEIPT_REFUSED)["reason"].tolist() == [Refusal.PAYMENT_AMOUNT] * 2
    assert len(bank.happened(Event.RECOVERY_RECEIVED)) == 0
    assert len(bank.sent(OverduePaid)) == 1
    assert bank.balance(Account.OFF_BALANCE_WRITE_OFF) == claim


@pytest.mark.requirement("NPL-09.a")
def test_writing_one_loan_off_leaves_the_others_where_they_were() -> None:
    other = loan(OTHER, START + 3, amount_fen=3_000_000)
    alone = broke().until(GONE + 10, other)
    bank = broke().until(GONE + 10, loan(), other, write_off(at(GONE, 12)), payment(at(GONE + 4, 12), amount_fen=7))
    mine, its_own = bank.repayment.export_state(), alone.repayment.export_state()
    for name in ("loans", "arrears", "instalments", "control"):
        assert mine[name].tolist() == its_own[name].tolist(), name


def test_interest_that_a_plan_by_hand_holds_back_stays_accrued() -> None:
    bank = Bank().until(day_of(2026, 3, 10), loan(method=int(Method.CUSTOM), term_months=24))
    assert bank.balance(Account.INTEREST_ACCRUED) == 2 * 25_000
