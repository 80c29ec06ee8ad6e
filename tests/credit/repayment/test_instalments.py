"""Plans on the book, due dates, debits and reminders."""

from __future__ import annotations

import numpy as np
import pytest

from credit.codes import Account, Actor, Method, Status
from credit.collections.contract import LoanOverdue
from credit.repayment.contract import DebitRequest, Event, LoanOpened
from credit.times import HOUR_MS, MINUTE_MS, date_of
from tests.credit.repayment.bank import LOAN, OTHER, START, Bank, at, day_of, loan, payment

ZHANG: dict[str, dict[str, object]] = {
    "repayment": {"debit_terms": [{"key": "zhang", "case": LOAN // 100, "debit_day": 10, "reminder_days": 2}]}
}


@pytest.mark.requirement("REP-01.a", "REP-02.a")
def test_zhang_pays_twelve_instalments_to_the_fen() -> None:
    bank = Bank().until(day_of(2027, 1, 12), loan())
    due = bank.happened(Event.INSTALMENT_DUE)
    assert due["amount_fen"].tolist() == [430_332] * 11 + [430_334]
    assert due["value"].tolist() == list(range(1, 13))
    assert [date_of(int(when) // 86_400_000).day for when in due["at"]] == [10] * 12
    assert len(bank.happened(Event.INSTALMENT_PAID)) == 12
    assert len(bank.happened(Event.LOAN_SETTLED)) == 1
    assert bank.balance(Account.INTEREST_INCOME) == -163_986
    assert bank.balance(Account.SETTLEMENT) == 163_986
    assert bank.balance(Account.PRINCIPAL) == 0


@pytest.mark.requirement("REP-01.a", "REP-02.a", "REP-02.b", "REP-02.c")
@pytest.mark.parametrize(("method", "interest"), [(2, 162_500), (3, 300_000)])
def test_other_methods_cost_what_the_example_says(method: int, interest: int) -> None:
    bank = Bank().until(day_of(2027, 1, 12), loan(method=method))
    assert bank.balance(Account.INTEREST_INCOME) == -interest
    assert len(bank.happened(Event.LOAN_SETTLED)) == 1


@pytest.mark.requirement("REP-01.a")
def test_the_schedule_of_a_loan_can_be_seen_at_any_time() -> None:
    bank = Bank().until(day_of(2026, 3, 15), loan())
    plan = bank.repayment.schedule(LOAN)
    assert plan.payment_fen.tolist() == [430_332] * 11 + [430_334]
    assert plan.interest_fen[0] == 25_000
    assert plan.balance_fen[-1] == 0
    assert [date_of(int(day)).isoformat() for day in plan.due_day[:2]] == ["2026-02-10", "2026-03-10"]
    with pytest.raises(KeyError, match="no plan"):
        bank.repayment.schedule(OTHER)


@pytest.mark.requirement("REP-03.b")
def test_a_plan_by_hand_pays_interest_half_yearly_and_principal_in_stages() -> None:
    bank = Bank().until(day_of(2028, 1, 12), loan(method=int(Method.CUSTOM), term_months=24))
    due = bank.happened(Event.INSTALMENT_DUE)
    assert due["value"].tolist() == [6, 12, 18, 24]
    # 0.5 % a month: six months on 50,000; on 50,000; on 35,000; on 20,000.
    assert due["amount_fen"].tolist() == [150_000, 150_000 + 1_500_000, 105_000 + 1_500_000, 60_000 + 2_000_000]
    assert len(bank.happened(Event.LOAN_SETTLED)) == 1


@pytest.mark.requirement("REP-07.a")
def test_reminders_go_out_three_days_before_the_due_date() -> None:
    bank = Bank().until(START + 31, loan())
    reminders = bank.happened(Event.REMINDER_SENT)
    assert reminders["at"].tolist() == [at(day_of(2026, 2, 7), 9, 30)]
    assert reminders["amount_fen"].tolist() == [430_332]


@pytest.mark.requirement("REP-06.b", "REP-07.b")
def test_a_loan_may_have_its_own_debit_day_and_reminder() -> None:
    bank = Bank(ZHANG).until(day_of(2026, 3, 11), loan(day=day_of(2026, 1, 10)), loan(OTHER))
    mine = bank.happened(Event.REMINDER_SENT)
    mine = mine[mine["loan"] == LOAN]
    assert [date_of(int(when) // 86_400_000).isoformat() for when in mine["at"]] == ["2026-02-08", "2026-03-08"]
    requests = bank.sent(DebitRequest)
    days = requests["at"][requests["loan"] == LOAN]
    assert days.tolist() == [at(day_of(2026, 2, 10), 8), at(day_of(2026, 3, 10), 8)]


@pytest.mark.requirement("REP-01.a")
@pytest.mark.parametrize(
    ("disbursed", "first"), [((2026, 1, 5), "2026-02-10"), ((2026, 1, 26), "2026-02-10"), ((2026, 1, 27), "2026-03-10")]
)
def test_the_first_debit_day_is_not_too_near(disbursed: tuple[int, int, int], first: str) -> None:
    start = day_of(*disbursed)
    bank = Bank(ZHANG, start=start).until(start + 1, loan(day=start))
    assert date_of(int(bank.repayment.schedule(LOAN).due_day[0])).isoformat() == first


@pytest.mark.requirement("REP-01.a")
def test_debit_days_at_the_months_end_come_back_after_a_short_month() -> None:
    start = day_of(2026, 1, 31)
    bank = Bank(start=start).until(start + 120, loan(day=start))
    days = bank.repayment.schedule(LOAN).due_day[:3]
    assert [date_of(int(day)).isoformat() for day in days] == ["2026-02-28", "2026-03-31", "2026-04-30"]
    assert len(bank.happened(Event.INSTALMENT_PAID)) == 3


@pytest.mark.requirement("REP-05.b", "REP-06.a")
def test_without_authorisation_nothing_is_debited_and_the_customer_pays_by_himself() -> None:
    first_due = day_of(2026, 2, 10)
    pays = payment(at(first_due, 15), share_ppm=1_000_000)
    bank = Bank().until(first_due + 2, loan(auto_debit=0), pays)
    request = bank.sent(DebitRequest)
    assert request["automatic"].tolist() == [0]
    received = bank.happened(Event.PAYMENT_RECEIVED)
    assert received["actor"].tolist() == [int(Actor.CUSTOMER)]
    assert received["amount_fen"].tolist() == [430_332]
    assert len(bank.sent(LoanOverdue)) == 0


@pytest.mark.requirement("PRD-06.d", "REP-06.b")
def test_automatic_debits_run_on_the_due_date_at_the_debit_minute() -> None:
    bank = Bank().until(START + 32, loan())
    request = bank.sent(DebitRequest)
    assert request["at"].tolist() == [at(day_of(2026, 2, 10), 8)]
    assert request["amount_fen"].tolist() == [430_332]
    assert request["automatic"].tolist() == [1]


@pytest.mark.requirement("REP-08.a", "REP-08.b")
def test_a_failed_debit_brings_a_second_reminder_a_list_entry_and_daily_retries() -> None:
    bank = Bank()
    bank.pays = 0
    first_due = day_of(2026, 2, 10)
    bank.until(first_due + 3, loan())
    failed = bank.happened(Event.DEBIT_FAILED)
    assert failed["at"].tolist() == [at(first_due + k, 8) + 5_000 for k in range(3)]
    assert failed["value"].tolist() == [1, 2, 3]
    second = bank.happened(Event.REMINDER_SENT)[1:]
    assert second["at"].tolist() == [at(first_due, 8) + 5_000]
    assert second["value"].tolist() == [0]
    bank.pays = 1_000_000
    bank.until(first_due + 4)
    assert len(bank.happened(Event.INSTALMENT_PAID)) == 1


@pytest.mark.requirement("REP-08.b")
def test_core_banking_that_does_not_answer_is_asked_again_the_same_day() -> None:
    bank = Bank()
    bank.status = Status.UNAVAILABLE
    first_due = day_of(2026, 2, 10)
    bank.until(first_due + 1, loan())
    requests = bank.sent(DebitRequest)
    assert np.diff(requests["at"]).tolist() == [HOUR_MS + 5_000] * 10
    assert requests["attempt"].tolist() == list(range(1, 12))
    assert bank.happened(Event.DEBIT_FAILED)["reason"].tolist() == [int(Status.UNAVAILABLE)]


def test_a_retry_that_would_fall_into_the_next_day_is_not_made() -> None:
    due = day_of(2026, 2, 10)
    bank = Bank({"repayment": {"debit_minute": 23 * 60 + 50}})
    bank.pays, bank.status = 0, Status.UNAVAILABLE
    bank.until(due + 1, loan())
    assert len(bank.sent(DebitRequest)) == 1
    assert len(bank.happened(Event.DEBIT_FAILED)) == 1


@pytest.mark.requirement("REP-08.b")
def test_old_debts_are_debited_weekly() -> None:
    bank = Bank()
    bank.pays = 0
    first_due = day_of(2026, 2, 10)
    bank.until(first_due + 60, loan(term_months=6))
    dpd = bank.sent(DebitRequest)["dpd"]
    assert dpd[dpd <= 30].tolist() == list(range(31))
    # 59: the day of a further instalment.
    assert dpd[dpd > 30].tolist() == [35, 42, 49, 56, 59]


@pytest.mark.requirement("REP-05.c")
def test_more_than_is_due_goes_back() -> None:
    first_due = day_of(2026, 2, 10)
    bank = Bank().until(first_due + 2, loan(auto_debit=0), payment(at(first_due, 12), amount_fen=430_333))
    assert bank.happened(Event.PAYMENT_RETURNED)["amount_fen"].tolist() == [1]
    assert bank.balance(Account.SETTLEMENT) == 430_332 - 5_000_000


def test_a_loan_that_is_there_already_does_not_come_onto_the_book_again() -> None:
    bank = Bank().until(START + 4, loan(), loan(day=START + 3))
    assert len(bank.happened(Event.SCHEDULE_GENERATED)) == 1
    assert bank.repayment.book.loans["plan_day"].tolist() == [START]


def test_the_world_hears_of_every_new_loan_once() -> None:
    bank = Bank().until(START + 2, loan(), loan(OTHER, START + 1), loan(OTHER, START + 1))
    assert bank.sent(LoanOpened)["loan"].tolist() == [LOAN, OTHER]
    assert bank.happened(Event.RECEIPT_REFUSED)["loan"].tolist() == [OTHER]


@pytest.mark.parametrize("window_ms", [HOUR_MS, 15 * MINUTE_MS])
def test_the_length_of_windows_changes_nothing(window_ms: int) -> None:
    def run(length: int) -> tuple[list[tuple[int, ...]], dict[str, np.ndarray]]:
        bank = Bank(window_ms=length)
        bank.pays = 300_000
        bank.until(START + 33, loan(), loan(OTHER, method=2), payment(at(START + 32, 17), share_ppm=500_000))
        rows = np.concatenate(bank.events)
        return sorted(map(tuple, rows.tolist())), bank.repayment.export_state()

    events, state = run(window_ms)
    expected, expected_state = run(24 * HOUR_MS)
    assert events == expected
    assert all((state[name] == expected_state[name]).all() for name in expected_state)
