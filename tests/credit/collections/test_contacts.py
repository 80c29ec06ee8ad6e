"""Contacts and promises: each result starts its own next step; a kept promise settles, a broken one raises the level."""

from __future__ import annotations

import numpy as np
import pytest

import credit.collections.contacts as contacts_module
from credit.codes import Contact, ContactOutcome
from credit.collections.contract import CollectionTask, Desk, Event, NoticeSent, RefusedBecause
from credit.collections.states import CaseState
from credit.errors import InvariantViolation
from credit.mail import Inbox, Outbox
from credit.room import Rows
from credit.subsystem import Window
from credit.times import DAY_MS
from credit.worklists.states import Refusal
from tests.credit.collections.desk import (
    DAY,
    EARLY,
    LOAN,
    LONG,
    MIDDLE,
    STRANGER,
    Bench,
    at,
    contact,
    means_sent,
    overdue,
    paid,
)


def in_middle() -> tuple[Bench, Rows]:
    """A case at DPD 31 under set A, with its first call asked for."""
    bench = Bench()
    bench.day(1, overdue())
    task = bench.day(31).take(CollectionTask)
    assert task["action"].tolist() == [Contact.CALL]
    return bench, task


def refusals(out: Outbox) -> list[int]:
    return [int(reason) for reason in out.events_of(Event.COLLECTION_ACTION_REFUSED)["reason"]]


# ---- a case's life


@pytest.mark.requirement("COL-05")
def test_an_overdue_loan_becomes_a_case_and_is_assigned_at_once() -> None:
    bench = Bench()
    out = bench.day(1, overdue())
    assert out.events_of(Event.CASE_OPENED)["loan"].tolist() == [LOAN]
    assert out.events_of(Event.CASE_ASSIGNED)["value"].tolist() == [Desk.COLLECTOR_EARLY]
    assert bench.column("state") == CaseState.ASSIGNED


def test_a_loan_paid_in_full_leaves() -> None:
    bench = Bench()
    bench.day(1, overdue())
    out = bench.day(5, paid(5))
    assert out.events_of(Event.CASE_CLOSED)["amount_fen"].tolist() == [500_000]
    assert len(bench.bank.cases) == 0


@pytest.mark.requirement("COL-05")
def test_a_part_payment_that_clears_the_oldest_instalment_takes_the_case_back_to_the_earlier_team() -> None:
    bench, _ = in_middle()
    bench.day(32, paid(32, fen=300_000, left=200_000, since=DAY + 30))
    out = bench.day(33)
    assert out.events_of(Event.CASE_ASSIGNED)["value"].tolist() == [Desk.COLLECTOR_EARLY]
    assert bench.column("overdue_fen") == 200_000


def test_a_loan_overdue_again_on_the_day_it_was_paid_gets_a_new_case() -> None:
    bench = Bench()
    bench.day(1, overdue())
    out = bench.day(5, paid(5, hour=10), overdue(dpd=5, hour=20, fen=700, since=DAY + 4))
    assert len(out.events_of(Event.CASE_CLOSED)) == 1
    assert len(out.events_of(Event.CASE_OPENED)) == 1
    assert bench.column("overdue_fen") == 700
    assert bench.column("state") == CaseState.ASSIGNED


def test_two_payments_on_a_day_are_applied_in_the_order_of_their_times() -> None:
    bench = Bench()
    bench.day(1, overdue())
    bench.day(5, paid(5, fen=100, left=0, hour=14), paid(5, fen=499_900, left=100, hour=9))
    assert len(bench.bank.cases) == 0


def test_a_payment_of_an_unknown_case_is_refused_and_logged() -> None:
    assert refusals(Bench().day(5, paid(5))) == [RefusedBecause.UNKNOWN_CASE]


# ---- results and their next steps


@pytest.mark.requirement("COL-08")
def test_a_promise_is_noted_and_contacts_rest_until_its_day() -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=38, promise_fen=500_000))
    made = out.events_of(Event.PROMISE_MADE)
    assert (made["actor"].tolist(), made["value"].tolist()) == ([MIDDLE], [DAY + 38])
    assert bench.column("state") == CaseState.PROMISED
    for dpd in range(33, 39):
        assert means_sent(bench.day(dpd)) == []


@pytest.mark.requirement("COL-08")
def test_hardship_is_referred_and_contacts_rest_for_the_policys_days() -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.UNABLE, dpd=32))
    assert out.events_of(Event.HARDSHIP_REFERRED)["loan"].tolist() == [LOAN]
    rest = bench.bank.policy.hardship_pause_days
    for dpd in range(33, 33 + rest):
        assert means_sent(bench.day(dpd)) == []
    assert "call" in means_sent(bench.day(33 + rest))


@pytest.mark.requirement("COL-08")
def test_who_is_lost_to_the_phone_is_visited_next() -> None:
    bench, task = in_middle()
    bench.day(32, contact(task, ContactOutcome.LOST, dpd=32))
    assert bench.day(33).take(CollectionTask)["action"].tolist() == [Contact.VISIT]


@pytest.mark.requirement("COL-08", "COL-02")
def test_who_is_not_found_by_a_visit_goes_to_the_lawyers_once_the_stage_allows_it() -> None:
    bench, task = in_middle()
    bench.day(32, contact(task, ContactOutcome.LOST, dpd=32))
    visit = bench.day(33).take(CollectionTask)
    bench.day(34, contact(visit, ContactOutcome.LOST, dpd=34))
    bench.day(90)
    assert Contact.LEGAL not in bench.out.take(CollectionTask)["action"].tolist()
    assert bench.day(91).take(CollectionTask)["action"].tolist() == [Contact.LEGAL]


@pytest.mark.requirement("COL-08")
def test_a_contact_without_result_changes_nothing_but_the_record() -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.NONE, dpd=32))
    made = out.events_of(Event.CONTACT_MADE)
    assert (made["value"].tolist(), made["reason"].tolist()) == ([Contact.CALL], [ContactOutcome.NONE])
    assert bench.column("state") == CaseState.ASSIGNED
    assert bench.column("task_day") == 0


# ---- promises


def promised(promise_dpd: int = 38) -> Bench:
    bench, task = in_middle()
    bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=promise_dpd, promise_fen=500_000))
    return bench


@pytest.mark.requirement("COL-09")
def test_a_promise_kept_settles_the_case_by_itself() -> None:
    bench = promised()
    out = bench.day(38, paid(38))
    assert out.events_of(Event.PROMISE_KEPT)["loan"].tolist() == [LOAN]
    assert len(bench.bank.cases) == 0
    assert len(bench.day(39).events_of(Event.PROMISE_BROKEN)) == 0


@pytest.mark.requirement("COL-09")
def test_the_promised_day_is_awaited_to_its_end() -> None:
    bench = promised()
    assert len(bench.day(37).events_of(Event.PROMISE_BROKEN)) == 0
    broken = bench.day(38).events_of(Event.PROMISE_BROKEN)
    assert broken["at"].tolist() == [(DAY + 39) * DAY_MS - 1]


@pytest.mark.requirement("COL-09", "COL-05")
def test_a_broken_promise_raises_the_level_and_the_next_team_takes_over() -> None:
    bench = promised()
    out = bench.day(38)
    assert out.events_of(Event.LEVEL_RAISED)["value"].tolist() == [3]
    assert bench.day(39).events_of(Event.CASE_ASSIGNED)["value"].tolist() == [Desk.COLLECTOR_LONG]
    assert bench.column("stage") == 3


@pytest.mark.requirement("COL-09")
def test_a_promise_paid_in_part_is_broken() -> None:
    bench = promised()
    bench.day(36, paid(36, fen=499_999, left=1))
    assert len(bench.day(38).events_of(Event.PROMISE_BROKEN)) == 1


@pytest.mark.requirement("COL-09")
def test_the_promised_amount_paid_keeps_the_promise_though_more_is_overdue() -> None:
    bench = promised()
    out = bench.day(36, paid(36, fen=500_000, left=20_000))
    assert len(out.events_of(Event.PROMISE_KEPT)) == 1
    assert bench.column("state") == CaseState.ASSIGNED
    assert len(bench.day(38).events_of(Event.PROMISE_BROKEN)) == 0


@pytest.mark.requirement("COL-09")
@pytest.mark.parametrize("ahead", [0, 16, 400])
def test_a_promise_for_no_sensible_day_is_refused(ahead: int) -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=32 + ahead))
    assert refusals(out) == [RefusedBecause.PROMISE_TERMS]
    assert bench.column("state") == CaseState.ASSIGNED


@pytest.mark.requirement("COL-09")
def test_a_promise_of_nothing_is_refused() -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=38, promise_fen=0))
    assert refusals(out) == [RefusedBecause.PROMISE_TERMS]
    assert bench.column("state") == CaseState.ASSIGNED


# ---- never trust the world


@pytest.mark.requirement("COL-05")
@pytest.mark.parametrize("person", [EARLY, LONG, STRANGER, 999_999])
def test_a_contact_by_somebody_of_another_team_is_refused(person: int) -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, person=person, promise_dpd=38))
    assert refusals(out) == [Refusal.NO_AUTHORITY]
    assert bench.column("state") == CaseState.ASSIGNED
    assert bench.column("task_day") == 0, "the task is given out again in its time"


def test_a_deputy_acts_for_a_member_of_the_team() -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.NONE, dpd=32, person=EARLY, on_behalf_of=MIDDLE))
    assert len(out.events_of(Event.CONTACT_MADE)) == 1


def test_a_contact_nobody_asked_for_is_refused() -> None:
    bench, task = in_middle()
    for change in ({"asked_day": 1}, {"action": int(Contact.LEGAL)}, {"asked_day": 0}):
        out = bench.day(bench.next_day - DAY, contact(task, ContactOutcome.NONE, dpd=bench.next_day - DAY, **change))
        assert refusals(out) == [RefusedBecause.NOT_ASKED]


def test_a_task_counts_once() -> None:
    bench, task = in_middle()
    out = bench.day(
        32,
        contact(task, ContactOutcome.NONE, dpd=32),
        contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=38, hour=16),
    )
    assert len(out.events_of(Event.CONTACT_MADE)) == 1
    assert refusals(out) == [RefusedBecause.NOT_ASKED]


def test_a_contact_after_the_case_was_paid_has_no_effect() -> None:
    bench, task = in_middle()
    out = bench.day(32, paid(32, hour=10), contact(task, ContactOutcome.PROMISE, dpd=32, hour=15, promise_dpd=38))
    assert refusals(out) == [RefusedBecause.UNKNOWN_CASE]
    assert len(bench.bank.cases) == 0


def test_a_promise_made_on_the_morning_of_the_payment_is_kept() -> None:
    bench, task = in_middle()
    out = bench.day(32, paid(32, hour=16), contact(task, ContactOutcome.PROMISE, dpd=32, hour=11, promise_dpd=38))
    assert len(out.events_of(Event.PROMISE_MADE)) == 1
    assert len(out.events_of(Event.PROMISE_KEPT)) == 1


@pytest.mark.requirement("COL-09")
@pytest.mark.parametrize("hours", [24, 1])
@pytest.mark.parametrize(("hour", "kept"), [(17, True), (15, False), (13, False)])
def test_a_promise_is_kept_by_what_is_paid_after_it_was_made_on_the_same_day(hour: int, kept: bool, hours: int) -> None:
    bench, task = in_middle()
    promise = contact(task, ContactOutcome.PROMISE, dpd=32, hour=15, promise_dpd=38, promise_fen=300_000)
    out = bench.day(32, paid(32, fen=300_000, left=200_000, hour=hour), promise, hours=hours)
    assert len(out.events_of(Event.PROMISE_KEPT)) == kept
    ended = bench.day(38)
    assert len(ended.events_of(Event.PROMISE_BROKEN)) == (not kept)
    assert len(ended.events_of(Event.LEVEL_RAISED)) == (not kept)


def test_a_promise_heard_of_after_the_payment_is_kept_by_it() -> None:
    bench, task = in_middle()
    promise = contact(task, ContactOutcome.PROMISE, dpd=32, hour=15, promise_dpd=38, promise_fen=300_000)
    window, out = Window(0, at(32, 0), at(33, 0)), Outbox()
    bench.bank.open(window, out)
    bench.bank.apply(Inbox.of(paid(32, fen=300_000, left=200_000, hour=17)), window, out)
    bench.bank.apply(Inbox.of(promise), window, out)
    bench.bank.close(window, out)
    assert len(out.events_of(Event.PROMISE_KEPT)) == 1


def test_the_team_before_may_finish_its_task_after_the_case_moved_on() -> None:
    bench, _ = in_middle()
    task = bench.out.take(CollectionTask)
    out = bench.day(91, contact(task[-1:], ContactOutcome.NONE, dpd=91, person=MIDDLE))
    assert len(out.events_of(Event.CONTACT_MADE)) == 1


def test_one_task_at_a_time_however_long_the_queue() -> None:
    bench, _ = in_middle()
    bench.day(90)
    assert len(bench.out.take(CollectionTask)) == 1
    assert len(bench.out.take(NoticeSent)) > 20


# ---- planted bugs


def test_planted_promise_without_its_date_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts_module.Contacts, "_note_promise", lambda self, rows, place, out: None)
    bench, task = in_middle()
    with pytest.raises(InvariantViolation, match=r"a promise is awaited but its date is lost \(COL-09\)"):
        bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=38))


def test_planted_reassignment_that_keeps_the_old_teams_task_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit.collections.worklist.leave_task", lambda cases, rows: None)
    bench, _ = in_middle()
    with pytest.raises(InvariantViolation, match=rf"case of loan {LOAN}: task of day \d+ was given to another team"):
        bench.day(91)


def test_planted_closing_of_a_case_that_still_owes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit.collections.intake.cleared", lambda overdue_fen: np.ones(len(overdue_fen), dtype=bool))
    bench = Bench()
    bench.day(1, overdue())
    first_half = 12
    with pytest.raises(InvariantViolation, match="closed with 300 fen still overdue"):
        bench.day(5, paid(5, left=300, hour=9), hours=first_half)
