"""Whoever was entered in the risk library appeals; who had no hand in it upholds the entry or removes it."""

from __future__ import annotations

import pytest

from credit.appeals import invariants
from credit.appeals.contract import DESK, Appeal, AppealAnswered, AppealOffered, EntryEnded, Event, Refusal
from credit.appeals.states import EntryState
from credit.approval.contract import Event as Approval
from credit.codes import Verdict
from credit.customers.contract import Refusal as Lists
from credit.customers.contract import RiskEntryRemoved
from credit.scoring.contract import Refusal as Scoring
from credit.times import DAY_MS, MINUTE_MS
from credit.worklists.states import Handling
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.appeals.builders import (
    CASE,
    INVESTIGATOR,
    LATER,
    NINE,
    REVIEWER,
    SECOND,
    Bench,
    entered,
    hand,
    refusals,
    stopped,
)
from tests.rows import sample


@pytest.mark.requirement("EXT-09.a", "EXT-09.b")
def test_an_appeal_that_is_granted_removes_the_entry() -> None:
    bench = Bench(entered())
    out = bench.appeal()
    [received] = out.events_of(Event.APPEAL_RECEIVED)
    assert (received["case"], received["value"]) == (CASE, 15)
    [task] = out.take(DESK.task)
    assert task["limit_at"] == (NINE // DAY_MS + 16) * DAY_MS - 1
    out = bench.says(REVIEWER)
    [removed], [answer] = out.take(RiskEntryRemoved), out.take(AppealAnswered)
    assert (removed["case"], answer["granted"], answer["appeals"]) == (CASE, 1, 1)
    assert out.events_of(Event.ENTRY_REMOVED)["actor"].tolist() == [REVIEWER]
    assert bench.state() == EntryState.REMOVED
    assert refusals(bench.appeal()) == [Refusal.REMOVED_ALREADY]


@pytest.mark.requirement("EXT-09.a")
def test_a_later_application_that_the_entry_stopped_leads_to_the_entry() -> None:
    bench = Bench(entered(), stopped(LATER, entry=CASE))
    out = bench.appeal(LATER)
    assert out.events_of(Event.APPEAL_RECEIVED)["case"].tolist() == [LATER]
    assert out.take(DESK.task)["case"].tolist() == [CASE]
    assert refusals(bench.appeal()) == [Refusal.UNDER_WAY]
    assert bench.says(REVIEWER).events_of(Event.ENTRY_REMOVED)["case"].tolist() == [LATER]


def test_one_declined_at_approval_because_of_the_library_does_too() -> None:
    declined = stopped(LATER, entry=CASE, event=Approval.APPLICATION_DECLINED)
    assert refusals(Bench(entered(), declined).appeal(LATER)) == []
    another = stopped(LATER, Lists.INCOME_LIMIT, CASE, event=Approval.APPLICATION_DECLINED)
    assert refusals(Bench(entered(), another).appeal(LATER)) == [Refusal.NOT_STOPPED]


@pytest.mark.requirement("EXT-09.a")
@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Lists.LIST_CENTRAL_BANK, Refusal.OF_CENTRAL_BANK),
        (Lists.LIST_DISHONEST, Refusal.OF_COURTS),
        (Lists.LIST_ASSOCIATION, Refusal.OF_ASSOCIATION),
        (Scoring.FRAUD, Refusal.NOT_LISTED),
        (Scoring.FRAUD_MODEL, Refusal.NOT_LISTED),
        (0, Refusal.NOT_STOPPED),
    ],
)
def test_what_is_no_entry_of_the_banks_own_is_refused_with_its_owner(reason: int, expected: int) -> None:
    assert refusals(Bench(stopped(reason=reason)).appeal()) == [expected]


def test_two_who_appeal_at_once_against_one_entry_are_one_appeal() -> None:
    bench = Bench(entered(), stopped(LATER, entry=CASE))
    both = sample(Appeal, 2, at=bench.now + MINUTE_MS, case=[CASE, LATER], ground=1)
    out = bench.run((Appeal, both))
    assert (len(out.take(DESK.task)), refusals(out)) == (1, [Refusal.UNDER_WAY])


@pytest.mark.requirement("EXT-09.b")
@pytest.mark.parametrize("told", [(Approval.FRAUD_FOUND, 0), (Approval.FRAUD_HANDLED, Handling.OPINION_GIVEN)])
def test_whoever_had_a_hand_in_the_finding_does_not_review_it(told: tuple[Approval, int]) -> None:
    bench = Bench(hand(told[0], reason=told[1]), entered())
    bench.appeal()
    assert refusals(bench.says(INVESTIGATOR)) == [TaskRefusal.SAME_PERSON]
    bench.says(REVIEWER)
    assert bench.state() == EntryState.REMOVED


def test_a_hand_that_was_none_keeps_nobody_away() -> None:
    bench = Bench(hand(Approval.FRAUD_HANDLED, reason=Handling.RELEASED), entered())
    bench.appeal()
    assert refusals(bench.says(INVESTIGATOR)) == []
    cleared = Bench(hand(Approval.FRAUD_HANDLED, reason=Handling.OPINION_GIVEN), hand(Approval.FRAUD_CLEARED))
    assert len(cleared.room.desk.acts) == 0


@pytest.mark.requirement("EXT-09.b")
def test_an_entry_that_is_upheld_is_looked_at_once_more_by_another_and_no_more_then() -> None:
    bench = Bench(entered())
    bench.appeal()
    out = bench.says(REVIEWER, Verdict.DECLINE)
    assert out.events_of(Event.ENTRY_UPHELD)["value"].tolist() == [30]
    assert len(out.take(RiskEntryRemoved)) == 0
    out = bench.appeal()
    assert out.events_of(Event.APPEAL_RECEIVED)["value"].tolist() == [30]
    assert out.take(DESK.task)["excluded"].tolist() == [REVIEWER]
    assert refusals(bench.says(REVIEWER)) == [TaskRefusal.SAME_PERSON]
    assert bench.says(SECOND, Verdict.DECLINE).events_of(Event.ENTRY_UPHELD)["value"].tolist() == [0]
    assert refusals(bench.appeal()) == [Refusal.DECIDED]


@pytest.mark.parametrize(("days", "expected"), [(30, []), (31, [Refusal.TOO_LATE])])
def test_it_is_asked_for_in_time(days: int, expected: list[int]) -> None:
    bench = Bench(entered())
    bench.appeal()
    bench.says(REVIEWER, Verdict.DECLINE)
    bench.run(until=bench.now + days * DAY_MS - MINUTE_MS * 20)
    assert refusals(bench.appeal()) == expected


@pytest.mark.requirement("EXT-09.b")
def test_a_review_past_its_limit_is_urged() -> None:
    bench = Bench(entered())
    [task] = bench.appeal().take(DESK.task)
    out = bench.run(until=int(task["limit_at"]) + 2)
    assert out.events_of(Event.TASK_URGED)["at"].tolist() == [task["limit_at"]]


@pytest.mark.parametrize(
    ("verdict", "opinion", "expected"),
    [
        (Verdict.REDUCE, "经核实，无误。", TaskRefusal.DECISION_INVALID),
        (Verdict.APPROVE, "  无误 ", Refusal.OPINION_MISSING),
    ],
)
def test_a_decision_is_one_of_two_and_in_writing(verdict: int, opinion: str, expected: int) -> None:
    bench = Bench(entered())
    bench.appeal()
    assert refusals(bench.says(REVIEWER, verdict, opinion)) == [expected]
    assert bench.state() == EntryState.UNDER_REVIEW


def test_a_ground_is_one_there_is() -> None:
    assert refusals(Bench(entered()).appeal(ground=9)) == [Refusal.GROUND_UNKNOWN]


def test_whoever_takes_an_appeal_down_does_not_review_it() -> None:
    bench = Bench(entered())
    bench.appeal(person=REVIEWER)
    assert refusals(bench.says(REVIEWER)) == [TaskRefusal.EXCLUDED]


def test_each_customer_is_told_that_he_may_appeal() -> None:
    out = Bench().run(entered())
    assert out.take(AppealOffered)["party"].tolist() == [7]


def test_what_can_be_appealed_against_no_more_is_forgotten() -> None:
    bench = Bench(entered(), stopped(LATER, Lists.LIST_DISHONEST))
    bench.appeal()
    bench.says(REVIEWER)
    bench.run(until=NINE + 365 * DAY_MS)
    assert len(bench.room.tables["stopped"]) == len(bench.room.entries) == 1
    bench.run(until=NINE + 367 * DAY_MS)
    assert len(bench.room.tables["stopped"]) == len(bench.room.entries) == 0
    assert refusals(bench.appeal(LATER)) == [Refusal.NOT_STOPPED]


@pytest.mark.requirement("EXT-09.b")
def test_whoever_entered_somebody_by_hand_does_not_review_it() -> None:
    kind, rows = entered()
    rows["person"], rows["second"] = REVIEWER, SECOND
    bench = Bench((kind, rows))
    bench.appeal()
    for person in (REVIEWER, SECOND):
        assert refusals(bench.says(person)) == [TaskRefusal.SAME_PERSON]
    assert refusals(bench.says(INVESTIGATOR)) == []


def test_what_is_entered_twice_is_one_entry_and_one_hand() -> None:
    kind, rows = entered()
    rows["person"] = INVESTIGATOR
    bench = Bench((kind, rows))
    bench.appeal()
    bench.run(hand(Approval.FRAUD_FOUND, at=bench.now), entered(at=bench.now))
    assert bench.state() == EntryState.UNDER_REVIEW
    assert len(bench.room.desk.acts) == 1


def test_what_was_removed_by_hand_is_reviewed_no_more() -> None:
    bench = Bench(entered())
    bench.appeal()
    ended = sample(EntryEnded, 1, at=bench.now + MINUTE_MS, case=CASE)
    out = bench.run((EntryEnded, ended))
    assert len(out.take(DESK.withdrawn)) == len(out.events_of(Event.ENTRY_REMOVED)) == 1
    assert bench.state() == EntryState.REMOVED
    out = bench.run((EntryEnded, sample(EntryEnded, 1, at=bench.now + MINUTE_MS, case=CASE)))
    assert len(out.events_of(Event.ENTRY_REMOVED)) == 0


@pytest.mark.requirement("EXT-09.c")
def test_who_is_entered_anew_may_appeal_anew() -> None:
    bench = Bench(hand(Approval.FRAUD_FOUND), entered())
    bench.appeal()
    bench.says(REVIEWER)
    bench.run(entered(at=bench.now + MINUTE_MS))
    assert bench.state() == EntryState.LISTED
    assert refusals(bench.appeal()) == []
    assert refusals(bench.says(REVIEWER)) == []


@pytest.mark.planted
@pytest.mark.parametrize(
    ("column", "value", "said"),
    [("appeals", 3, "appealed against so often"), ("decided_at", 1, "decided before"), ("appeals", 0, "so often: 0")],
)
def test_an_entry_that_cannot_be_is_named(column: str, value: int, said: str) -> None:
    bench = Bench(entered())
    bench.appeal()
    bench.says(REVIEWER, Verdict.DECLINE)
    bench.room.entries[column][:] = value
    assert any(said in one for one in bench.room.violations())


@pytest.mark.planted
def test_a_review_without_a_task_is_named() -> None:
    bench = Bench(entered())
    bench.appeal()
    bench.room.desk.tasks.drop(bench.room.desk.tasks.find([int(bench.room.desk.tasks["task"][0])]))
    assert any("has not the one task" in one for one in bench.room.violations())


@pytest.mark.planted
def test_a_reviewer_with_a_hand_in_it_is_named() -> None:
    bench = Bench(hand(Approval.FRAUD_FOUND), entered())
    acts, _ = bench.room.desk.acts_of(bench.room.entries["case"])
    rows = bench.room.entries.export()
    [found] = invariants.decided(invariants.witness(rows, acts["person"], acts))
    assert "who had a hand in it" in found
    assert invariants.decided(invariants.witness(rows, acts["person"] + 1, acts)) == []
