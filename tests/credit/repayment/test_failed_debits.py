"""The failed-debit list: who comes onto it, who may follow a debit up, and what that leads to; the account of a loan, its change
and what core banking has to say to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from credit.codes import Channel, Status
from credit.collections.contract import DebitHandedOver, LoanOverdue
from credit.repayment.contract import (
    FAILED_DEBITS,
    AccountCheck,
    AccountChecked,
    ChangeDebit,
    DebitRequest,
    Desk,
    Event,
    FollowUp,
    PaymentMade,
    Refusal,
)
from credit.repayment.invariants import failed_debits
from credit.room import Rows
from credit.staff import StaffRegister
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.repayment.bank import LOAN, Bank, Mail, at, day_of, loan, payment, write_off
from tests.rows import sample

DUE, NEXT, LATER = day_of(2026, 2, 10), day_of(2026, 2, 11), day_of(2026, 2, 12)
INSTALMENT = 430_332
CLERK, COLLEAGUE, STRANGER = 3_260_001, 3_260_002, 4_260_001
STAFF = StaffRegister.of(
    [(CLERK, 3, Desk.REPAYMENT_CLERK), (COLLEAGUE, 3, Desk.REPAYMENT_CLERK), (STRANGER, 4, Desk.REPAYMENT_CLERK)]
)
OLD, NEW = 6_217_000_000_000_000_001, 6_230_000_000_000_000_001


def broke(**columns: int) -> Bank:
    """A bank in which the first debit of a loan has failed, at eight in the morning of its due day."""
    bank = Bank(register=STAFF)
    bank.pays = 0
    return bank.until(DUE, loan(**columns))


def tasks(bank: Bank) -> Rows:
    return bank.sent(FAILED_DEBITS.task)


def found_out(follow_up: int, when: int = at(DUE, 10), person: int = CLERK, **columns: int) -> Mail:
    """What somebody of the desk decides on the loan's task of its due day."""
    said = {"task": LOAN * 10_000 + DUE % 5_000 * 2, "on_behalf_of": 0, "account": 0} | columns
    return FAILED_DEBITS.opinion, sample(
        FAILED_DEBITS.opinion, 1, at=when, loan=LOAN, person=person, follow_up=follow_up, **said
    )


def checked(when: int, status: int = Status.OK, account: int = NEW) -> Mail:
    return AccountChecked, sample(AccountChecked, 1, at=when, loan=LOAN, account=account, status=status)


def order(when: int, **columns: int) -> Mail:
    said: dict[str, Any] = {"account": NEW, "automatic": 1, "operator": 0} | columns
    return ChangeDebit, sample(ChangeDebit, 1, at=when, loan=LOAN, **said)


def refusals(bank: Bank) -> list[int]:
    return [int(one) for one in bank.happened(Event.RECEIPT_REFUSED)["reason"]]


def state(bank: Bank) -> Any:
    return bank.repayment.book.loans.take(np.array([0]))[0]


# who comes onto the list ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-08.c")
def test_a_debit_that_fails_on_its_due_day_is_on_the_list_once() -> None:
    bank = broke().until(NEXT)
    [listed] = bank.happened(Event.FAILED_DEBIT_LISTED)
    [failed] = bank.happened(Event.DEBIT_FAILED)
    [task] = tasks(bank)
    assert (listed["at"], listed["loan"], listed["amount_fen"]) == (failed["at"], LOAN, INSTALMENT)
    assert (task["desk"], task["branch"], task["amount_fen"]) == (Desk.REPAYMENT_CLERK, 3, INSTALMENT)
    assert int(task["limit_at"]) == at(NEXT, 17, 30), "the close of the next workday"
    assert len(tasks(bank.until(DUE + 20))) == 1, "the debits of the days after change nothing"


@pytest.mark.requirement("REP-08.c")
def test_who_pays_and_who_pays_by_himself_are_not_on_the_list() -> None:
    paid = Bank(register=STAFF).until(LATER, loan())
    assert len(tasks(paid)) == 0
    by_hand = broke(auto_debit=0).until(LATER)
    assert len(tasks(by_hand)) == 0


@pytest.mark.requirement("REP-08.c")
def test_a_silent_core_banking_comes_onto_the_list_when_the_day_is_given_up() -> None:
    bank = Bank(register=STAFF)
    bank.status = Status.UNAVAILABLE
    bank.until(NEXT, loan())
    [task] = tasks(bank)
    assert int(task["at"]) > at(DUE, 17), "asked hourly before"


@pytest.mark.requirement("REP-08.c")
def test_who_has_paid_is_off_the_list_when_the_day_ends() -> None:
    bank = broke().until(NEXT, payment(at(DUE, 12), share_ppm=1_000_000))
    [gone] = bank.sent(FAILED_DEBITS.withdrawn)
    assert int(gone["loan"]) == LOAN
    assert len(bank.repayment.desk.tasks) == 0


@pytest.mark.requirement("REP-08.c")
def test_a_loan_written_off_is_off_the_list() -> None:
    bank = broke().until(NEXT).until(LATER, write_off(at(NEXT, 11)))
    assert bank.sent(FAILED_DEBITS.withdrawn)["loan"].tolist() == [LOAN]


@pytest.mark.planted
def test_planted_a_task_that_stays_though_nothing_is_owed_is_found() -> None:
    bank = broke().until(NEXT)
    book, list_ = bank.repayment.book, bank.repayment.desk.tasks
    assert failed_debits(book, list_, ended=True) == []
    for name in ("principal_fen", "interest_fen", "penalty_fen"):
        book.arrears[name][:] = 0
    assert "owes nothing" in failed_debits(book, list_, ended=True)[0]


@pytest.mark.requirement("REP-08.d")
def test_a_task_past_its_limit_is_urged() -> None:
    bank = broke().until(LATER)
    [urged] = bank.happened(Event.FAILED_DEBIT_URGED)
    assert (int(urged["at"]), int(urged["value"])) == (at(NEXT, 17, 30), Desk.REPAYMENT_CLERK)


# what the desk does ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-08.d")
def test_another_attempt_is_made_at_once_and_takes_what_is_due() -> None:
    bank = broke()
    bank.window_ms = 3_600_000
    bank.until(DUE).step()
    while bank.now < at(DUE, 10):
        bank.step()
    bank.pays = 1_000_000
    bank.until(NEXT, found_out(FollowUp.DEBIT_AGAIN))
    first, second = bank.sent(DebitRequest)
    assert (first["by_hand"], second["by_hand"]) == (0, 1)
    assert (int(second["at"]), int(second["attempt"])) == (at(DUE, 10), 2)
    [done] = bank.happened(Event.FAILED_DEBIT_FOLLOWED_UP)
    assert (done["actor"], done["reason"]) == (CLERK, FollowUp.DEBIT_AGAIN)
    assert bank.happened(Event.INSTALMENT_PAID)["amount_fen"].tolist() == [INSTALMENT]
    assert len(bank.sent(LoanOverdue)) == 0, "it never became overdue"


@pytest.mark.requirement("REP-08.d")
def test_an_attempt_that_fails_again_brings_no_second_task_and_no_third_reminder() -> None:
    bank = broke().until(NEXT, found_out(FollowUp.DEBIT_AGAIN))
    assert len(bank.happened(Event.DEBIT_FAILED)) == 2
    assert len(tasks(bank)) == 1
    reminded = bank.happened(Event.REMINDER_SENT)
    assert (reminded["value"] == 0).sum() == 1


@pytest.mark.requirement("REP-08.d")
def test_what_is_handed_over_reaches_collections_with_the_loan() -> None:
    bank = broke().until(NEXT, found_out(FollowUp.HAND_OVER))
    assert len(bank.sent(DebitHandedOver)) == 0
    bank.until(LATER)
    [overdue], [handed] = bank.sent(LoanOverdue), bank.sent(DebitHandedOver)
    assert (int(overdue["at"]), int(handed["at"]), int(handed["loan"])) == (at(NEXT), at(NEXT), LOAN)
    assert len(bank.until(LATER + 3).sent(DebitHandedOver)) == 1, "once"


@pytest.mark.requirement("REP-08.d")
def test_what_is_handed_over_when_collections_has_it_reaches_it_at_once() -> None:
    bank = broke().until(LATER, found_out(FollowUp.HAND_OVER, at(NEXT, 11)))
    assert bank.sent(DebitHandedOver)["at"].tolist() == [at(NEXT, 11)]


@pytest.mark.requirement("REP-08.d")
def test_what_was_paid_on_its_due_day_is_not_handed_over() -> None:
    bank = broke().until(LATER + 40, found_out(FollowUp.HAND_OVER), payment(at(DUE, 15), share_ppm=1_000_000))
    assert bank.sent(LoanOverdue)["overdue_since_day"].tolist() == [day_of(2026, 3, 10)]
    assert len(bank.sent(DebitHandedOver)) == 0


@pytest.mark.requirement("REP-08.d")
@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (found_out(FollowUp.DEBIT_AGAIN, person=STRANGER), TaskRefusal.NO_AUTHORITY),
        (found_out(FollowUp.DEBIT_AGAIN, person=9), TaskRefusal.NOT_ON_REGISTER),
        (found_out(0), TaskRefusal.DECISION_INVALID),
        (found_out(4), TaskRefusal.DECISION_INVALID),
        (found_out(FollowUp.DEBIT_AGAIN, account=NEW), TaskRefusal.DECISION_INVALID),
        (found_out(FollowUp.CHANGE_ACCOUNT), Refusal.ACCOUNT_INVALID),
        (found_out(FollowUp.CHANGE_ACCOUNT, account=123), Refusal.ACCOUNT_INVALID),
        (found_out(FollowUp.CHANGE_ACCOUNT, account=OLD), Refusal.ACCOUNT_UNCHANGED),
    ],
)
def test_what_the_desk_may_not_say_has_no_effect(mail: Mail, reason: int) -> None:
    bank = broke().until(NEXT, mail)
    assert refusals(bank) == [reason]
    assert len(bank.happened(Event.FAILED_DEBIT_FOLLOWED_UP)) == 0
    assert len(bank.sent(DebitRequest)) == 1
    assert int(state(bank)["account"]) == OLD


@pytest.mark.requirement("REP-08.d")
def test_nobody_follows_up_what_is_paid() -> None:
    mail = payment(at(DUE, 9), share_ppm=1_000_000), found_out(FollowUp.DEBIT_AGAIN)
    bank = broke().until(NEXT, *mail)
    assert refusals(bank) == [Refusal.NOTHING_OWED]


# the account ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-06.c", "REP-14.a")
def test_a_loan_is_repaid_from_the_account_of_its_contract() -> None:
    bank = broke().until(NEXT)
    [said] = bank.happened(Event.DEBIT_SET)
    assert (said["loan"], said["value"], said["reason"]) == (LOAN, OLD, 1)
    assert bank.sent(DebitRequest)["account"].tolist() == [OLD]


@pytest.mark.requirement("REP-08.d", "REP-14.c")
def test_another_account_counts_once_core_banking_has_confirmed_it_and_is_debited_at_once() -> None:
    bank = broke().until(NEXT, found_out(FollowUp.CHANGE_ACCOUNT, account=NEW), checked(at(DUE, 10, 1)))
    [asked] = bank.sent(AccountCheck)
    assert (asked["account"], asked["party"]) == (NEW, 7)
    [changed] = bank.happened(Event.DEBIT_CHANGED)
    assert (changed["at"], changed["actor"], changed["value"]) == (at(DUE, 10, 1), CLERK, NEW)
    assert bank.sent(DebitRequest)[["account", "by_hand"]].tolist() == [(OLD, 0), (NEW, 1)]


@pytest.mark.requirement("REP-08.d", "REP-14.c")
@pytest.mark.parametrize(
    ("status", "reason"), [(Status.REFUSED, Refusal.ACCOUNT_NOT_OWN), (Status.UNAVAILABLE, Refusal.ACCOUNT_UNCHECKED)]
)
def test_an_account_that_is_not_confirmed_stays_out_and_the_debit_is_before_the_desk_again(
    status: int, reason: int
) -> None:
    mail = found_out(FollowUp.CHANGE_ACCOUNT, account=NEW), checked(at(DUE, 10, 1), status)
    bank = broke().until(NEXT, *mail)
    [refused] = bank.happened(Event.ACCOUNT_REFUSED)
    assert (refused["reason"], refused["value"]) == (reason, NEW)
    assert int(state(bank)["account"]) == OLD
    assert len(bank.sent(DebitRequest)) == 1
    first, second = tasks(bank)["task"].tolist()
    assert second == first + 1


@pytest.mark.requirement("REP-14.b")
def test_the_customer_changes_account_and_method() -> None:
    bank = Bank(register=STAFF).until(
        DUE + 1,
        loan(),
        order(at(DUE - 9, 9)),
        checked(at(DUE - 9, 9, 1)),
        order(at(DUE - 5, 9), account=0, automatic=0),
    )
    changed = bank.happened(Event.DEBIT_CHANGED)
    assert changed["value"].tolist() == [NEW, NEW]
    assert changed["reason"].tolist() == [1, 2]
    [bill] = bank.sent(DebitRequest)
    assert (bill["automatic"], bill["account"]) == (0, NEW)


@pytest.mark.requirement("REP-14.b")
def test_who_will_pay_by_himself_is_not_debited_of_what_is_due() -> None:
    bank = broke().until(NEXT, order(at(DUE, 10), account=0, automatic=0))
    assert bank.happened(Event.DEBIT_CHANGED)["reason"].tolist() == [2]
    assert len(bank.sent(DebitRequest)) == 1


@pytest.mark.requirement("REP-14.c")
@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        ([order(at(DUE - 5, 9), account=99)], Refusal.ACCOUNT_INVALID),
        ([order(at(DUE - 5, 9), account=OLD)], Refusal.ACCOUNT_UNCHANGED),
        ([order(at(DUE - 5, 9), account=0)], Refusal.ACCOUNT_UNCHANGED),
        ([order(at(DUE - 5, 9), automatic=7)], Refusal.ACCOUNT_INVALID),
        ([order(at(DUE - 5, 9)), order(at(DUE - 5, 10), account=NEW + 1)], Refusal.CHECK_OUTSTANDING),
    ],
)
def test_a_change_that_can_not_be_is_refused(mail: list[Mail], reason: int) -> None:
    bank = Bank(register=STAFF).until(DUE, loan(), *mail)
    assert refusals(bank) == [reason]
    assert len(bank.happened(Event.DEBIT_CHANGED)) == 0


def test_an_answer_of_core_banking_that_nobody_waits_for_changes_nothing() -> None:
    bank = Bank(register=STAFF).until(DUE, loan(), checked(at(DUE - 5, 9)))
    assert int(state(bank)["account"]) == OLD
    assert len(bank.happened(Event.DEBIT_CHANGED)) == 0


# channels -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-05.b")
@pytest.mark.parametrize("channel", [Channel.COUNTER, Channel.ONLINE_BANK, Channel.MOBILE_BANK, Channel.THIRD_PARTY])
def test_a_payment_says_by_which_channel_it_came(channel: Channel) -> None:
    paid = PaymentMade, sample(PaymentMade, 1, at=at(DUE, 12), loan=LOAN, amount_fen=INSTALMENT, channel=channel)
    bank = broke().until(NEXT, paid)
    assert bank.happened(Event.PAYMENT_RECEIVED)["reason"].tolist() == [channel]


@pytest.mark.requirement("REP-05.b")
@pytest.mark.parametrize("channel", [0, Channel.CUSTOMER_MANAGER, 9])
def test_a_payment_by_no_channel_of_payments_is_refused(channel: int) -> None:
    paid = PaymentMade, sample(PaymentMade, 1, at=at(DUE, 12), loan=LOAN, amount_fen=INSTALMENT, channel=channel)
    assert refusals(broke().until(NEXT, paid)) == [Refusal.PAYMENT_CHANNEL]


@pytest.mark.requirement("REP-05.b")
def test_what_comes_after_a_write_off_says_its_channel_too() -> None:
    paid = PaymentMade, sample(PaymentMade, 1, at=at(LATER, 12), loan=LOAN, amount_fen=100, channel=Channel.COUNTER)
    bank = broke().until(LATER, write_off(at(NEXT, 11))).until(LATER + 1, paid)
    assert bank.happened(Event.RECOVERY_RECEIVED)["reason"].tolist() == [Channel.COUNTER]
