"""Special approval (特批): a case leaves its route for the supervisor, who decides alone but for whoever sent it to him."""

from __future__ import annotations

import pytest

from credit.approval.contract import ApplicationScored, Cause, Event, Refusal
from credit.codes import Node, Verdict
from credit.contracts.contract import ApplicationApproved
from credit.head_office.contract import DESK, CaseEscalated, Desk
from credit.head_office.subsystem import HeadOfficeSubsystem
from credit.staff import StaffRegister
from credit.subsystem import Setting
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.approval.builders import (
    INITIAL,
    MORTGAGE,
    NINE,
    RE_REVIEWER,
    YUAN,
    desk,
    escalated,
    hours,
    manual,
    opinion,
    run,
)

SUPERVISOR, OTHER = 601, 602
ASKED = NINE + hours(1)


def head_office():
    seats = [(SUPERVISOR, 0, Desk.APPROVAL_SUPERVISOR), (OTHER, 0, Desk.APPROVAL_SUPERVISOR)]
    return HeadOfficeSubsystem.build(Setting(None, StaffRegister.of(seats)))


@pytest.mark.requirement("APR-06.b")
def test_a_case_is_sent_for_special_approval_outside_its_route():
    branch = desk()
    long = manual(product=MORTGAGE, amount_fen=1_600_000 * YUAN, collateral_fen=10**10)
    run(branch, (ApplicationScored, long))
    out = run(branch, opinion(INITIAL, Node.INITIAL, ASKED, verdict=Verdict.SPECIAL))
    [told] = out.events_of(Event.CASE_ESCALATED)
    assert (told["reason"], told["value"], told["actor"]) == (Cause.SPECIAL_APPROVAL, Node.SUPERVISOR, INITIAL)
    [mail] = out.take(CaseEscalated)
    assert (mail["path"], mail["previous"]) == (1 << Node.SUPERVISOR, INITIAL)
    assert not len(out.take(ApplicationApproved))


@pytest.mark.requirement("APR-06.b", "SEC-04.b")
@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.DECLINE])
def test_the_supervisor_decides_in_the_end(verdict):
    room = head_office()
    out = run(room, (CaseEscalated, escalated([Node.SUPERVISOR])))
    assert out.take(DESK.task)["desk"].tolist() == [Node.SUPERVISOR]
    out = run(room, opinion(SUPERVISOR, Node.SUPERVISOR, ASKED, verdict=verdict))
    assert len(out.take(ApplicationApproved)) == (verdict == Verdict.APPROVE)
    assert len(out.events_of(Event.APPLICATION_DECLINED)) == (verdict == Verdict.DECLINE)


@pytest.mark.requirement("APR-06.b")
def test_who_sent_it_does_not_decide_it_and_the_supervisor_sends_it_nowhere():
    room = head_office()
    run(room, (CaseEscalated, escalated([Node.SUPERVISOR], previous=SUPERVISOR)))
    said = [
        opinion(SUPERVISOR, Node.SUPERVISOR, ASKED),
        opinion(OTHER, Node.SUPERVISOR, ASKED + 1, verdict=Verdict.SPECIAL),
        opinion(OTHER, Node.SUPERVISOR, ASKED + 2, verdict=Verdict.ESCALATE),
    ]
    out = run(room, *said)
    invalid = TaskRefusal.DECISION_INVALID
    assert out.events_of(Event.DECISION_REFUSED)["reason"].tolist() == [TaskRefusal.EXCLUDED, invalid, invalid]


@pytest.mark.requirement("APR-06.b")
def test_special_approval_has_its_limit():
    branch = desk(overrides={"approval": {"special_max": 40_000}})
    run(branch, (ApplicationScored, manual()))
    out = run(
        branch,
        opinion(INITIAL, Node.INITIAL, ASKED, verdict=Verdict.SPECIAL),
        opinion(RE_REVIEWER, Node.INITIAL, ASKED + 1, verdict=Verdict.SPECIAL),
    )
    assert out.events_of(Event.DECISION_REFUSED)["reason"].tolist()[0] == Refusal.SPECIAL_LIMIT
    assert not len(out.events_of(Event.CASE_ESCALATED))
