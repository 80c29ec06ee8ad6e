"""The fraud desk: which cases come before it, what its two words lead to, and what whoever cleared a case may no longer do."""

from __future__ import annotations

from typing import Any

import pytest

from credit.approval import invariants
from credit.approval.contract import DESK, FRAUD, ApplicationScored, Desk, Event
from credit.approval.subsystem import ApprovalSubsystem
from credit.codes import Doubt, Lane, Node, Verdict
from credit.customers.contract import FraudConfirmed
from credit.numbers import task_of
from credit.room import Kind, Rows
from credit.scoring.contract import Event as ScoringEvent
from credit.scoring.contract import Refusal as ScoringRefusal
from credit.staff import StaffRegister
from credit.subsystem import Setting
from credit.times import HOUR_MS
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.approval.builders import CASE, INITIAL, NINE, day_window, manual, opinion, run, scored
from tests.rows import sample

INVESTIGATOR, COLLEAGUE, ELSEWHERE = 1_060_001, 1_060_002, 2_060_001
TEN = NINE + HOUR_MS
STAFF = StaffRegister.of(
    [
        (INVESTIGATOR, 1, Desk.FRAUD_INVESTIGATOR),
        (COLLEAGUE, 1, Desk.FRAUD_INVESTIGATOR),
        (ELSEWHERE, 2, Desk.FRAUD_INVESTIGATOR),
        (INVESTIGATOR, 1, Desk.INITIAL_APPROVER),  # holds both desks: only what he did stops him
        (INITIAL, 1, Desk.INITIAL_APPROVER),
    ]
)
SUSPICIOUS = manual(doubts=Doubt.GANG)


def desk(**policy: Any) -> ApprovalSubsystem:
    found = ApprovalSubsystem.build(Setting({"approval": policy} if policy else None, STAFF))
    assert isinstance(found, ApprovalSubsystem)
    return found


def found_out(verdict: int, at: int = TEN, person: int = INVESTIGATOR) -> tuple[Kind, Rows]:
    rows = sample(FRAUD.opinion, 1, at=at, case=CASE, person=person, verdict=verdict, task=task_of(CASE, 1))
    return FRAUD.opinion, rows


@pytest.mark.requirement("APP-17.c")
@pytest.mark.parametrize(
    ("case", "investigated"),
    [
        (manual(doubts=Doubt.GANG), True),
        (manual(doubts=Doubt.REPEATED_APPLICATIONS), True),
        (manual(doubts=Doubt.AMOUNT_GROWTH), False),
        (manual(team=7), True),
        (manual(team=2), False),
        (scored(team=7), True),
        (scored(team=7, lane=Lane.REJECT, advice=ScoringRefusal.SCORE_LOW), False),
    ],
)
def test_the_risk_investigation_receives_its_cases_before_any_approver(case: Rows, investigated: bool) -> None:
    subsystem = desk()
    out = run(subsystem, (ApplicationScored, case))
    assert len(out.take(FRAUD.task)) == len(out.events_of(Event.FRAUD_CASE_OPENED)) == investigated
    if investigated:
        assert len(out.take(DESK.task)) == 0
        assert out.take(FRAUD.task)["desk"].tolist() == [Desk.FRAUD_INVESTIGATOR]


@pytest.mark.requirement("APP-17.c")
def test_a_case_that_is_cleared_goes_on_and_who_cleared_it_may_not_approve_it() -> None:
    subsystem = desk()
    run(subsystem, (ApplicationScored, SUSPICIOUS))
    out = run(subsystem, found_out(Verdict.APPROVE, NINE + 24 * HOUR_MS), window=day_window(1))
    [cleared] = out.events_of(Event.FRAUD_CLEARED)
    assert (cleared["actor"], cleared["value"]) == (INVESTIGATOR, Doubt.GANG)
    assert out.take(DESK.task)["desk"].tolist() == [Node.INITIAL]
    alone = run(subsystem, opinion(INVESTIGATOR, Node.INITIAL, NINE + 48 * HOUR_MS), window=day_window(2))
    assert alone.events_of(Event.DECISION_REFUSED)["reason"].tolist() == [TaskRefusal.SAME_PERSON]
    other = run(subsystem, opinion(INITIAL, Node.INITIAL, NINE + 72 * HOUR_MS), window=day_window(3))
    assert len(other.events_of(Event.NODE_DECIDED)) == 1


@pytest.mark.requirement("APP-17.c", "EXT-08.a")
def test_confirmed_fraud_ends_the_case_and_enters_the_risk_library() -> None:
    subsystem = desk()
    out = run(subsystem, (ApplicationScored, SUSPICIOUS), found_out(Verdict.DECLINE))
    [declined] = out.events_of(Event.APPLICATION_DECLINED)
    assert (declined["reason"], declined["actor"], declined["at"]) == (ScoringRefusal.FRAUD, INVESTIGATOR, TEN)
    assert out.take(FraudConfirmed)["customer"].tolist() == [CASE]
    assert len(out.events_of(ScoringEvent.RISK_LIBRARY_ENTERED)) == 1
    assert len(out.take(DESK.task)) == len(subsystem.cases) == 0


@pytest.mark.requirement("APP-17.c")
@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (found_out(Verdict.APPROVE, person=ELSEWHERE), TaskRefusal.NO_AUTHORITY),
        (found_out(Verdict.APPROVE, person=INITIAL), TaskRefusal.NO_AUTHORITY),
        (found_out(Verdict.APPROVE, person=5), TaskRefusal.NOT_ON_REGISTER),
        (found_out(Verdict.REDUCE), TaskRefusal.DECISION_INVALID),
        (found_out(Verdict.ESCALATE), TaskRefusal.DECISION_INVALID),
    ],
)
def test_what_the_fraud_desk_may_not_say_has_no_effect(mail: tuple[Kind, Rows], reason: int) -> None:
    subsystem = desk()
    out = run(subsystem, (ApplicationScored, SUSPICIOUS), mail)
    assert out.events_of(Event.DECISION_REFUSED)["reason"].tolist() == [reason]
    assert len(out.take(DESK.task)) == len(out.events_of(Event.APPLICATION_DECLINED)) == 0
    assert len(subsystem.cases) == 1


@pytest.mark.requirement("APP-17.c")
def test_an_investigation_past_its_limit_is_urged() -> None:
    subsystem = desk(fraud_limit_minutes=120)
    out = run(subsystem, (ApplicationScored, SUSPICIOUS))
    assert out.events_of(Event.FRAUD_URGED)["at"].tolist() == [NINE + 2 * HOUR_MS]


def test_another_team_may_be_the_risk_investigation_and_none() -> None:
    assert len(run(desk(fraud_team=2), (ApplicationScored, manual(team=2))).take(FRAUD.task)) == 1
    assert len(run(desk(fraud_team=0), (ApplicationScored, manual(team=0))).take(FRAUD.task)) == 0


@pytest.mark.planted
def test_planted_a_case_that_nobody_investigates_is_found() -> None:
    subsystem = desk()
    run(subsystem, (ApplicationScored, SUSPICIOUS))
    cases, tasks = subsystem.cases, subsystem.investigators.tasks
    assert invariants.investigated(cases, tasks) == []
    tasks.keep(tasks["case"] == 0)
    assert str(CASE) in invariants.investigated(cases, tasks)[0]
