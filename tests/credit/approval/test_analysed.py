"""What due diligence found has consequences in approval: what it advises against is declined, what it proposes bounds the amount,
weak finances are decided a level higher, and approvers see it."""

from __future__ import annotations

import pytest

from credit.approval.contract import DESK, ApplicationScored, Cause, Event, Refusal
from credit.codes import Node, Verdict
from credit.due_diligence.findings import Analysis, Concern
from credit.head_office.contract import DESK as HEAD_OFFICE_DESK
from credit.head_office.contract import CaseEscalated
from credit.head_office.subsystem import HeadOfficeSubsystem
from credit.policies import PolicyError
from tests.credit.approval.builders import NINE, YUAN, desk, escalated, micro, run

ANALYSED = {"concerns": int(Concern.RECORDS_POOR), "capacity_fen": 700_000 * YUAN, "proposed_fen": 500_000 * YUAN}


def analysed(analysis: Analysis, **columns: int):
    return ApplicationScored, micro(**(ANALYSED | {"analysis": int(analysis)} | columns))


@pytest.mark.requirement("EX-08.b", "APP-01.b")
def test_what_is_proposed_bounds_the_amount_and_the_approver_sees_why():
    out = run(desk(), analysed(Analysis.FAIR))
    [task] = out.take(DESK.task)
    assert (task["amount_fen"], task["proposed_fen"], task["capacity_fen"]) == (
        500_000 * YUAN,
        500_000 * YUAN,
        700_000 * YUAN,
    )
    assert (task["analysis"], task["concerns"]) == (Analysis.FAIR, Concern.RECORDS_POOR)
    [machine] = out.events_of(Event.NODE_DECIDED)
    assert (machine["reason"], machine["amount_fen"]) == (Verdict.REDUCE, 500_000 * YUAN)
    [task] = run(desk(), analysed(Analysis.FAIR, proposed_fen=900_000 * YUAN)).take(DESK.task)
    assert task["amount_fen"] == 600_000 * YUAN


def test_a_case_that_was_not_looked_into_is_bound_by_nothing():
    [task] = run(desk(), (ApplicationScored, micro())).take(DESK.task)
    assert (task["amount_fen"], task["analysis"]) == (600_000 * YUAN, 0)


@pytest.mark.requirement("EX-08.b")
def test_who_can_carry_less_than_the_least_amount_is_declined():
    out = run(desk(), analysed(Analysis.SOUND, proposed_fen=49_999 * YUAN))
    assert out.events_of(Event.APPLICATION_DECLINED)["reason"].tolist() == [Refusal.AFFORDABILITY]
    assert len(run(desk(), analysed(Analysis.SOUND, proposed_fen=50_000 * YUAN)).take(DESK.task)) == 1


@pytest.mark.requirement("APP-01.b")
def test_what_due_diligence_advises_against_is_declined_before_anybody_decides():
    out = run(desk(), analysed(Analysis.AGAINST))
    assert out.events_of(Event.APPLICATION_DECLINED)["reason"].tolist() == [Refusal.DUE_DILIGENCE]
    assert len(out.take(DESK.task)) == 0


@pytest.mark.requirement("EX-08.b")
def test_weak_finances_add_the_policys_level_and_a_policy_may_add_none():
    [told] = run(desk(), analysed(Analysis.WEAK)).events_of(Event.CASE_ESCALATED)
    assert (told["reason"], told["value"]) == (Cause.WEAK_FINANCES, Node.FINAL)
    assert not len(run(desk(), analysed(Analysis.FAIR)).events_of(Event.CASE_ESCALATED))
    lenient = desk(overrides={"approval": {"weak_adds": ""}})
    assert not len(run(lenient, analysed(Analysis.WEAK)).events_of(Event.CASE_ESCALATED))
    with pytest.raises(PolicyError, match="weak_adds: 'chief' is not one of"):
        desk(overrides={"approval": {"weak_adds": "chief"}})


def test_head_office_sees_it_too():
    case = escalated([Node.FINAL], NINE, analysis=int(Analysis.WEAK), **ANALYSED)
    [task] = run(desk(HeadOfficeSubsystem), (CaseEscalated, case)).take(HEAD_OFFICE_DESK.task)
    assert (task["analysis"], task["proposed_fen"]) == (Analysis.WEAK, 500_000 * YUAN)
