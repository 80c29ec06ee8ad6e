"""Contacts and promises: each result starts its own next step; a kept promise settles, a broken one raises the level."""

from __future__ import annotations

import numpy as np
import pytest

import credit.collections.contacts as contacts_module
from credit.codes import Contact, ContactOutcome
from credit.collections.contract import COLLECTION, Desk, Event, NoticeSent, RefusedBecause
from credit.collections.states import CaseState
from credit.errors import InvariantViolation
from credit.mail import Inbox, Outbox
from credit.numbers import task_of
from credit.room import Rows
from credit.subsystem import Window
from credit.times import DAY_MS, MINUTE_MS, Ints
from credit.worklists.states import Handling, Refusal
from credit.worklists.worklist import Worklist
from tests.credit.collections.desk import (
    ADMIN,
    COLLEAGUE,
    DAY,
    EARLY,
    LOAN,
    LONG,
    MIDDLE,
    STRANGER,
    Bench,
    about,
    at,
    contact,
    means_sent,
    overdue,
    paid,
)
from tests.rows import sample


def in_middle() -> tuple[Bench, Rows]:
    """A case at DPD 31 under set A, with its first call asked for."""
    bench = Bench()
    bench.day(1, overdue())
    task = bench.day(31).take(COLLECTION.task)
    assert task["action"].tolist() == [Contact.CALL]
    return bench, task


def refusals(out: Outbox) -> list[int]:
    return [int(reason) for reason in out.events_of(Event.COLLECTION_ACTION_REFUSED)["reason"]]


# ---- a case's life


@pytest.mark.requirement("REP-09.b", "COL-05.a")
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


@pytest.mark.requirement("COL-05.b")
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


@pytest.mark.requirement("COL-08.a")
def test_a_promise_is_noted_and_contacts_rest_until_its_day() -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=38, promise_fen=500_000))
    made = out.events_of(Event.PROMISE_MADE)
    assert (made["actor"].tolist(), made["value"].tolist()) == ([MIDDLE], [DAY + 38])
    assert bench.column("state") == CaseState.PROMISED
    for dpd in range(33, 39):
        assert means_sent(bench.day(dpd)) == []


@pytest.mark.requirement("COL-08.b")
def test_hardship_is_referred_and_contacts_rest_for_the_policys_days() -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.UNABLE, dpd=32))
    assert out.events_of(Event.HARDSHIP_REFERRED)["loan"].tolist() == [LOAN]
    rest = bench.bank.policy.hardship_pause_days
    for dpd in range(33, 33 + rest):
        assert means_sent(bench.day(dpd)) == []
    assert "call" in means_sent(bench.day(33 + rest))


@pytest.mark.requirement("COL-08.c")
def test_who_is_lost_to_the_phone_is_visited_next() -> None:
    bench, task = in_middle()
    bench.day(32, contact(task, ContactOutcome.LOST, dpd=32))
    assert bench.day(33).take(COLLECTION.task)["action"].tolist() == [Contact.VISIT]


@pytest.mark.requirement("COL-02.d", "COL-08.c")
def test_who_is_not_found_by_a_visit_goes_to_the_lawyers_once_the_stage_allows_it() -> None:
    bench, task = in_middle()
    bench.day(32, contact(task, ContactOutcome.LOST, dpd=32))
    visit = bench.day(33).take(COLLECTION.task)
    bench.day(34, contact(visit, ContactOutcome.LOST, dpd=34))
    bench.day(90)
    assert Contact.LEGAL not in bench.out.take(COLLECTION.task)["action"].tolist()
    assert bench.day(91).take(COLLECTION.task)["action"].tolist() == [Contact.LEGAL]


@pytest.mark.requirement("COL-08.d")
def test_a_contact_without_result_changes_nothing_but_the_record() -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.NONE, dpd=32))
    made = out.events_of(Event.CONTACT_MADE)
    assert (made["value"].tolist(), made["reason"].tolist()) == ([Contact.CALL], [ContactOutcome.NONE])
    assert bench.column("state") == CaseState.ASSIGNED
    assert bench.open_tasks == 0


# ---- promises


def promised(promise_dpd: int = 38) -> Bench:
    bench, task = in_middle()
    bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=promise_dpd, promise_fen=500_000))
    return bench


@pytest.mark.requirement("COL-09.b")
def test_a_promise_kept_settles_the_case_by_itself() -> None:
    bench = promised()
    out = bench.day(38, paid(38))
    assert out.events_of(Event.PROMISE_KEPT)["loan"].tolist() == [LOAN]
    assert len(bench.bank.cases) == 0
    assert len(bench.day(39).events_of(Event.PROMISE_BROKEN)) == 0


@pytest.mark.requirement("COL-09.a")
def test_the_promised_day_is_awaited_to_its_end() -> None:
    bench = promised()
    assert len(bench.day(37).events_of(Event.PROMISE_BROKEN)) == 0
    broken = bench.day(38).events_of(Event.PROMISE_BROKEN)
    assert broken["at"].tolist() == [(DAY + 39) * DAY_MS - 1]


@pytest.mark.requirement("COL-05.b", "COL-09.c")
def test_a_broken_promise_raises_the_level_and_the_next_team_takes_over() -> None:
    bench = promised()
    out = bench.day(38)
    assert out.events_of(Event.LEVEL_RAISED)["value"].tolist() == [3]
    assert bench.day(39).events_of(Event.CASE_ASSIGNED)["value"].tolist() == [Desk.COLLECTOR_LONG]
    assert bench.column("stage") == 3


@pytest.mark.requirement("COL-09.a")
def test_a_promise_paid_in_part_is_broken() -> None:
    bench = promised()
    bench.day(36, paid(36, fen=499_999, left=1))
    assert len(bench.day(38).events_of(Event.PROMISE_BROKEN)) == 1


@pytest.mark.requirement("COL-09.b")
def test_the_promised_amount_paid_keeps_the_promise_though_more_is_overdue() -> None:
    bench = promised()
    out = bench.day(36, paid(36, fen=500_000, left=20_000))
    assert len(out.events_of(Event.PROMISE_KEPT)) == 1
    assert bench.column("state") == CaseState.ASSIGNED
    assert len(bench.day(38).events_of(Event.PROMISE_BROKEN)) == 0


# ---- never trust the world


@pytest.mark.requirement("COL-05.a")
@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (EARLY, Refusal.NO_AUTHORITY),
        (LONG, Refusal.NO_AUTHORITY),
        (STRANGER, Refusal.NO_AUTHORITY),
        (999_999, Refusal.NOT_ON_REGISTER),
    ],
)
def test_a_contact_by_somebody_of_another_team_or_branch_is_refused_and_the_task_offered_again(
    person: int, reason: Refusal
) -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, person=person, promise_dpd=38))
    assert refusals(out) == [reason]
    assert bench.column("state") == CaseState.ASSIGNED
    assert out.take(COLLECTION.task)[["task", "excluded"]].tolist() == [(int(task["task"][0]), person)]
    out = bench.day(33, contact(task, ContactOutcome.NONE, dpd=33))
    assert out.events_of(Event.CONTACT_MADE)["actor"].tolist() == [MIDDLE]


@pytest.mark.requirement("APR-12.b")
@pytest.mark.parametrize("appointed", [False, True])
def test_a_deputy_acts_for_a_member_of_the_team_once_he_is_appointed(appointed: bool) -> None:
    bench, task = in_middle()
    days = {"person": MIDDLE, "deputy": EARLY, "from_day": DAY + 32, "to_day": DAY + 32}
    duty = sample(COLLECTION.appoint, 1, at=at(32, 8), desk=Desk.COLLECTOR_MIDDLE, operator=ADMIN, **days)
    mail = [(COLLECTION.appoint, duty)] if appointed else []
    out = bench.day(32, *mail, contact(task, ContactOutcome.NONE, dpd=32, person=EARLY, on_behalf_of=MIDDLE))
    assert len(out.events_of(Event.CONTACT_MADE)) == appointed
    assert refusals(out) == ([] if appointed else [Refusal.NOT_APPOINTED])


def test_a_contact_nobody_asked_for_is_refused() -> None:
    bench, task = in_middle()
    for dpd, column in ((32, "task"), (33, "loan")):
        kind, rows = contact(task, ContactOutcome.NONE, dpd=dpd)
        rows[column] += 1
        assert refusals(bench.day(dpd, (kind, rows))) == [Refusal.NO_OPEN_TASK]


def test_a_contact_made_before_the_hour_of_work_is_refused() -> None:
    bench = Bench()
    bench.day(1, overdue())
    bench.day(30)
    task = sample(
        COLLECTION.task, 1, loan=LOAN, task=task_of(np.array([LOAN]), (DAY + 31) % 10_000), desk=Desk.COLLECTOR_MIDDLE
    )
    out = bench.day(
        31, contact(task, ContactOutcome.NONE, dpd=31, hour=8), contact(task, ContactOutcome.NONE, dpd=31, hour=9)
    )
    assert refusals(out) == [Refusal.NO_OPEN_TASK]
    assert len(out.events_of(Event.CONTACT_MADE)) == 1


def test_a_result_that_does_not_exist_is_refused() -> None:
    bench, task = in_middle()
    kind, rows = contact(task, ContactOutcome.NONE, dpd=32)
    rows["outcome"] = 99
    assert refusals(bench.day(32, (kind, rows))) == [Refusal.DECISION_INVALID]


def test_a_task_counts_once() -> None:
    bench, task = in_middle()
    out = bench.day(
        32,
        contact(task, ContactOutcome.NONE, dpd=32),
        contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=38, hour=16),
    )
    assert len(out.events_of(Event.CONTACT_MADE)) == 1
    assert refusals(out) == [Refusal.ALREADY_DECIDED]


@pytest.mark.parametrize("hours", [24, 1])
def test_a_contact_after_the_case_was_paid_has_no_effect(hours: int) -> None:
    bench, task = in_middle()
    late = contact(task, ContactOutcome.PROMISE, dpd=32, hour=15, promise_dpd=38)
    out = bench.day(32, paid(32, hour=10), about("claim", task, MIDDLE, 32, 14), late, hours=hours)
    assert refusals(out) == [RefusedBecause.UNKNOWN_CASE]
    assert len(bench.bank.cases) == 0
    assert out.take(COLLECTION.withdrawn)["task"].tolist() == task["task"].tolist()
    next_day = bench.day(33, contact(task, ContactOutcome.NONE, dpd=33))
    assert refusals(next_day) == [Refusal.NO_OPEN_TASK]


def test_a_promise_made_on_the_morning_of_the_payment_is_kept() -> None:
    bench, task = in_middle()
    out = bench.day(32, paid(32, hour=16), contact(task, ContactOutcome.PROMISE, dpd=32, hour=11, promise_dpd=38))
    assert len(out.events_of(Event.PROMISE_MADE)) == 1
    assert len(out.events_of(Event.PROMISE_KEPT)) == 1


@pytest.mark.requirement("COL-09.b", "COL-09.c")
@pytest.mark.parametrize("hours", [24, 1])
@pytest.mark.parametrize(("hour", "kept"), [(17, True), (15, False), (13, False)])
def test_a_promise_is_kept_by_what_is_paid_after_it_was_made_on_the_same_day(hour: int, kept: bool, hours: int) -> None:
    bench, task = in_middle()
    promise = contact(task, ContactOutcome.PROMISE, dpd=32, hour=15, promise_dpd=38, promise_fen=200_000)
    out = bench.day(32, paid(32, fen=300_000, left=200_000, hour=hour), promise, hours=hours)
    assert len(out.events_of(Event.PROMISE_KEPT)) == kept
    ended = bench.day(38)
    assert len(ended.events_of(Event.PROMISE_BROKEN)) == (not kept)
    assert len(ended.events_of(Event.LEVEL_RAISED)) == (not kept)


def test_a_promise_heard_of_after_the_payment_is_kept_by_it() -> None:
    bench, task = in_middle()
    promise = contact(task, ContactOutcome.PROMISE, dpd=32, hour=15, promise_dpd=38, promise_fen=200_000)
    window, out = Window(0, at(32, 0), at(33, 0)), Outbox()
    bench.bank.open(window, out)
    bench.bank.apply(Inbox.of(paid(32, fen=300_000, left=200_000, hour=17)), window, out)
    bench.bank.apply(Inbox.of(promise), window, out)
    bench.bank.close(window, out)
    assert len(out.events_of(Event.PROMISE_KEPT)) == 1


def test_one_task_at_a_time_however_long_the_queue() -> None:
    bench, _ = in_middle()
    bench.day(90)
    assert len(bench.out.take(COLLECTION.task)) == 1
    assert len(bench.out.take(NoticeSent)) > 20


def test_a_loan_has_one_task_a_day_though_its_case_is_opened_twice() -> None:
    bench = Bench({"collections": {"default_set": "b"}})
    bench.day(1, overdue())
    out = bench.day(10, paid(10, hour=7), overdue(dpd=10, hour=8, since=DAY - 40), hours=1)
    [call] = out.take(COLLECTION.task)
    assert out.take(COLLECTION.withdrawn)["task"].tolist() == [call["task"]]
    assert bench.open_tasks == 0
    [visit] = bench.day(11).take(COLLECTION.task)
    assert (visit["task"], visit["desk"], visit["action"]) == (call["task"] + 1, Desk.COLLECTOR_LONG, Contact.VISIT)


# ---- the list


def test_the_same_collector_calls_again_and_again() -> None:
    bench, task = in_middle()
    bench.day(31 + 1, contact(task, ContactOutcome.NONE, dpd=32))
    for _ in range(3):
        while not len(task := bench.day(bench.next_day - DAY).take(COLLECTION.task)):
            pass
        dpd = bench.next_day - DAY
        out = bench.day(dpd, about("claim", task, MIDDLE, dpd, 9), contact(task, ContactOutcome.NONE, dpd=dpd))
        assert out.events_of(Event.CONTACT_MADE)["actor"].tolist() == [MIDDLE]
    assert bench.column("contacts") == 4
    assert len(bench.bank.collectors.acts) == 0


@pytest.mark.requirement("COL-05.b")
def test_the_old_teams_task_is_withdrawn_at_a_change_of_stage_and_the_new_team_is_asked_instead() -> None:
    bench, old = in_middle()
    out = bench.day(91, contact(old, ContactOutcome.NONE, dpd=91, person=MIDDLE))
    assert out.take(COLLECTION.withdrawn)[["task", "at"]].tolist() == [(int(old["task"][0]), at(91, 0))]
    assert refusals(out) == [Refusal.NO_OPEN_TASK]
    [new] = out.take(COLLECTION.task)
    assert (new["desk"], new["action"]) == (Desk.COLLECTOR_LONG, Contact.CALL)
    assert len(
        bench.day(92, contact(out.take(COLLECTION.task), ContactOutcome.NONE, dpd=92)).events_of(Event.CONTACT_MADE)
    )


@pytest.mark.requirement("COL-02.c", "COL-08.c")
def test_a_visit_that_the_old_team_did_not_make_is_the_new_teams_first() -> None:
    bench, task = in_middle()
    bench.day(32, contact(task, ContactOutcome.LOST, dpd=32))
    assert bench.day(33).take(COLLECTION.task)["action"].tolist() == [Contact.VISIT]
    assert bench.day(91).take(COLLECTION.task)[["desk", "action"]].tolist() == [(Desk.COLLECTOR_LONG, Contact.VISIT)]


@pytest.mark.requirement("COL-02.d")
def test_a_task_withdrawn_from_the_lawyers_is_not_asked_of_a_stage_without_them_and_not_lost() -> None:
    bench = Bench()
    bench.day(91, overdue(dpd=91))
    task, dpd = bench.out.take(COLLECTION.task), 91
    while Contact.LEGAL not in task["action"].tolist():
        dpd += 1
        task = bench.day(dpd, *([contact(task, ContactOutcome.NONE, dpd=dpd)] if len(task) else [])).take(
            COLLECTION.task
        )
    bench.day(dpd + 1, paid(dpd + 1, fen=1, left=400_000, since=DAY + dpd - 60))
    back = bench.day(dpd + 2)
    assert back.take(COLLECTION.withdrawn)["task"].tolist() == task["task"].tolist()
    assert Contact.LEGAL not in back.take(COLLECTION.task)["action"].tolist()
    assert bench.day(dpd + 31).take(COLLECTION.task)["action"].tolist() == [Contact.LEGAL], "in its stage again"


def test_what_one_collector_has_taken_up_another_finishes_once_it_is_handed_over() -> None:
    bench, task = in_middle()
    mine, his = (
        about("claim", task, MIDDLE, 32, 10),
        contact(task, ContactOutcome.NONE, dpd=32, person=COLLEAGUE, hour=11),
    )
    out = bench.day(32, mine, his)
    assert refusals(out) == [Refusal.CLAIMED_BY_ANOTHER]
    over = about("hand_over", task, MIDDLE, 33, 10, to=COLLEAGUE)
    out = bench.day(33, over, contact(task, ContactOutcome.NONE, dpd=33, person=COLLEAGUE, hour=11))
    assert out.events_of(Event.CONTACT_MADE)["actor"].tolist() == [COLLEAGUE]
    handled = out.events_of(Event.COLLECTION_HANDLED)
    assert handled[["loan", "actor", "reason", "value"]].tolist() == [(LOAN, MIDDLE, Handling.HANDED_OVER, COLLEAGUE)]


def test_a_task_is_not_handed_over_to_another_team() -> None:
    bench, task = in_middle()
    out = bench.day(32, about("claim", task, MIDDLE, 32, 10), about("hand_over", task, MIDDLE, 32, 11, to=LONG))
    assert refusals(out) == [Refusal.NO_AUTHORITY]


def test_a_second_opinion_is_somebody_elses_though_acts_bar_nobody() -> None:
    bench, task = in_middle()
    claim = about("claim", task, MIDDLE, 32, 10)
    out = bench.day(32, claim, about("ask", task, MIDDLE, 32, 11, asked=MIDDLE))
    assert refusals(out) == [Refusal.SAME_PERSON]
    asked, given = (
        about("ask", task, MIDDLE, 33, 11, asked=COLLEAGUE),
        about("second", task, COLLEAGUE, 33, 12, verdict=1),
    )
    out = bench.day(33, asked, given, about("hand_over", task, MIDDLE, 33, 13, to=COLLEAGUE))
    assert refusals(out) == [], "who gave an opinion may make the call"


@pytest.mark.parametrize("taken_up", [False, True])
def test_a_task_that_nobody_finishes_is_urged_once_at_its_limit(taken_up: bool) -> None:
    bench, task = in_middle()
    limit = close_of(32)
    out = bench.day(32, *([about("claim", task, MIDDLE, 32, 8)] if taken_up else []))
    urged = out.events_of(Event.COLLECTION_URGED)
    assert urged[["at", "loan", "value"]].tolist() == [(limit, LOAN, Desk.COLLECTOR_MIDDLE)]
    bench.day(60)
    assert len(bench.out.events_of(Event.COLLECTION_URGED)) == 1


def close_of(dpd: int) -> int:
    """Half past five on the day."""
    return (DAY + dpd) * DAY_MS + 1_050 * MINUTE_MS


@pytest.mark.parametrize(
    ("day", "due"), [(39, 40), (36, 39), (37, 39)], ids=["from a Monday", "from a Friday", "from a Saturday"]
)
def test_a_limit_is_counted_in_workdays(day: int, due: int) -> None:
    """Nobody is urged for a weekend on which nobody works."""
    bench, first_call = Bench(), 31
    since = day - first_call
    bench.day(since + 1, overdue(since + 1, since=DAY + since))
    [task] = bench.day(day).take(COLLECTION.task)
    assert (task["at"], task["limit_at"]) == (at(day, 9), close_of(due))


# ---- planted bugs


def test_planted_promise_without_its_date_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    promise = contacts_module.Contacts._promise

    def forgets(self: contacts_module.Contacts, rows: Rows, place: Ints, out: Outbox) -> None:
        promise(self, rows, place, out)
        self._cases["promise_day"][place] = 0

    monkeypatch.setattr(contacts_module.Contacts, "_promise", forgets)
    bench, task = in_middle()
    with pytest.raises(InvariantViolation, match=r"a promise is awaited but its date is lost \(COL-09\)"):
        bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=38))


def test_planted_reassignment_that_keeps_the_old_teams_task_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit.collections.daily_work.DailyWork._take_back", lambda self, rows, at, out: None)
    bench, _ = in_middle()
    with pytest.raises(InvariantViolation, match=rf"task {LOAN}\d+ is with desk 22, not with its case's team"):
        bench.day(91)


def test_planted_second_task_of_a_case_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worklist, "has_open", lambda self, entities: np.zeros(len(entities), dtype=bool))
    bench, _ = in_middle()
    with pytest.raises(InvariantViolation, match=f"case of loan {LOAN}: several tasks are open at once"):
        bench.day(90)


def test_planted_closing_of_a_case_that_still_owes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit.collections.intake.cleared", lambda overdue_fen: np.ones(len(overdue_fen), dtype=bool))
    bench = Bench()
    bench.day(1, overdue())
    first_half = 12
    with pytest.raises(InvariantViolation, match="closed with 300 fen still overdue"):
        bench.day(5, paid(5, left=300, hour=9), hours=first_half)
