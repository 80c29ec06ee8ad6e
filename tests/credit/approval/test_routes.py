"""Routes and nodes: who must see a case, in which order, and when it goes above."""

from __future__ import annotations

import numpy as np
import pytest

from credit.approval.contract import DESK, ApplicationScored, Cause, Event, Refusal
from credit.approval.trail import trail
from credit.codes import Doubt, Grade, Node, Verdict
from credit.contracts.contract import ApplicationApproved
from credit.head_office.contract import DESK as HEAD_OFFICE_DESK
from credit.head_office.contract import CaseEscalated, CaseHandled
from credit.head_office.subsystem import HeadOfficeSubsystem
from credit.policies import PolicyError
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.approval.builders import (
    CASE,
    CHAIR,
    FINAL,
    INITIAL,
    MICRO,
    MORTGAGE,
    NINE,
    RE_REVIEWER,
    RISK,
    SECOND_FINAL,
    WORKING_CAPITAL,
    YUAN,
    desk,
    escalated,
    hours,
    manual,
    micro,
    opinion,
    run,
)
from tests.rows import sample

REVIEWED, APPROVED = NINE + hours(1), NINE + hours(2)


def route(**columns):
    """The nodes of the branch and of head office that a new case is to pass."""
    subsystem = desk()
    out = run(subsystem, (ApplicationScored, manual(**columns)))
    path = int(subsystem.export_state()["cases"]["path"][0])
    return out.take(DESK.task)["desk"].tolist() + [node for node in Node if path >> node & 1]


@pytest.mark.requirement("APR-01.a", "APR-05.a", "APR-09.a")
def test_review_comes_before_approval_and_the_case_moves_on_by_itself():
    subsystem = desk()
    first = run(subsystem, (ApplicationScored, manual()), opinion(INITIAL, Node.INITIAL, REVIEWED))
    assert first.take(DESK.task)["desk"].tolist() == [Node.INITIAL, Node.RE_REVIEW]
    second = first.take(DESK.task)[1]
    assert (second["at"], second["excluded"]) == (REVIEWED, INITIAL)
    assert len(first.take(ApplicationApproved)) == 0, "a review alone grants nothing"
    last = run(subsystem, opinion(RE_REVIEWER, Node.RE_REVIEW, APPROVED))
    assert last.take(ApplicationApproved)["at"].tolist() == [APPROVED]
    assert last.take(ApplicationApproved)["amount_fen"].tolist() == [50_000 * YUAN]
    entries = trail(np.concatenate(first.events), CASE) + trail(np.concatenate(last.events), CASE)
    assert [(e.at, e.node, e.person, e.verdict) for e in entries] == [
        (REVIEWED, Node.INITIAL, INITIAL, Verdict.APPROVE),
        (APPROVED, Node.RE_REVIEW, RE_REVIEWER, Verdict.APPROVE),
    ]
    assert "initial: 1001: approve" in str(entries[0])


@pytest.mark.requirement("APR-09.a")
def test_the_trail_keeps_reason_amount_votes_and_the_absent_person():
    subsystem = desk(HeadOfficeSubsystem)
    run(subsystem, (CaseEscalated, escalated([Node.COMMITTEE])))
    out = run(subsystem, opinion(CHAIR, Node.COMMITTEE, REVIEWED, verdict=Verdict.REDUCE, amount_fen=40_000 * YUAN))
    [entry] = trail(np.concatenate(out.events), CASE)
    assert (entry.verdict, entry.amount_fen, entry.votes, entry.on_behalf_of) == (Verdict.REDUCE, 4_000_000, 1, 0)
    assert "1 votes" in str(entry)


@pytest.mark.requirement("SCO-05.e")
@pytest.mark.parametrize(
    ("columns", "nodes"),
    [
        ({"product": MORTGAGE, "amount_fen": 900_000 * YUAN}, [Node.INITIAL, Node.RE_REVIEW]),
        ({"product": MORTGAGE, "amount_fen": 900_000 * YUAN, "alert": 1}, [Node.INITIAL, Node.RE_REVIEW, Node.FINAL]),
        ({"amount_fen": 50_000 * YUAN, "alert": 1}, [Node.INITIAL, Node.RE_REVIEW]),
        ({"amount_fen": 200_001 * YUAN}, [Node.INITIAL, Node.RE_REVIEW]),
        ({"amount_fen": 200_001 * YUAN, "alert": 1}, [Node.INITIAL, Node.RE_REVIEW, Node.FINAL]),
    ],
)
def test_yellow_adds_a_level_where_people_would_decide_without_it_too(columns, nodes):
    facts = {"verified_income_fen": 10**9, "collateral_fen": 10**10}
    assert route(**(facts | columns)) == nodes


@pytest.mark.requirement("SCO-05.e")
def test_a_level_that_yellow_adds_is_told_with_its_cause_and_a_policy_may_add_none():
    yellow = (ApplicationScored, manual(product=MORTGAGE, amount_fen=900_000 * YUAN, collateral_fen=10**10, alert=1))
    [told] = run(desk(), yellow).events_of(Event.CASE_ESCALATED)
    assert (told["reason"], told["value"]) == (Cause.YELLOW_ALERT, Node.FINAL)
    lenient = run(desk(overrides={"approval": {"yellow_adds": ""}}), yellow)
    assert not len(lenient.events_of(Event.CASE_ESCALATED))
    with pytest.raises(PolicyError, match="yellow_adds: 'chief' is not one of"):
        desk(overrides={"approval": {"yellow_adds": "chief"}})


@pytest.mark.requirement("APR-02.a", "APR-02.b", "APR-03.a", "PRD-03.f", "PRD-05.b")
@pytest.mark.parametrize(
    ("columns", "nodes"),
    [
        ({}, [Node.INITIAL, Node.RE_REVIEW]),
        ({"alert": 2}, [Node.INITIAL, Node.RE_REVIEW, Node.RISK_SPECIALIST, Node.FINAL]),
        ({"product": MORTGAGE, "amount_fen": 1_499_000 * YUAN}, [Node.INITIAL, Node.RE_REVIEW]),
        ({"product": MORTGAGE, "amount_fen": 1_500_000 * YUAN}, [Node.INITIAL, Node.RE_REVIEW, Node.FINAL]),
        (
            {"product": MORTGAGE, "amount_fen": 5_000_000 * YUAN},
            [Node.INITIAL, Node.RE_REVIEW, Node.FINAL, Node.COMMITTEE],
        ),
        ({"product": MICRO, "amount_fen": 300_000 * YUAN, "income_fen": 10**8}, [Node.INITIAL, Node.RE_REVIEW]),
        (
            {"product": MICRO, "amount_fen": 300_000 * YUAN, "income_fen": 10**8, "grade": Grade.WEAK},
            [Node.INITIAL, Node.RE_REVIEW, Node.FINAL],
        ),
        (
            {"product": WORKING_CAPITAL, "amount_fen": 20_000_000 * YUAN},
            [Node.INITIAL, Node.RE_REVIEW, Node.RISK_SPECIALIST, Node.FINAL, Node.COMMITTEE],
        ),
    ],
)
def test_the_matrix_routes_by_product_amount_and_risk(columns, nodes):
    facts = {"verified_income_fen": 10**9, "collateral_fen": 10**10}
    assert route(**(facts | columns)) == nodes


def test_a_scenario_may_change_authority_and_limits():
    overrides = {"approval": {"nodes": [{"key": "re_review", "authority": 40_000, "limit_minutes": 60}]}}
    subsystem = desk(overrides=overrides)
    run(subsystem, (ApplicationScored, manual()))
    out = run(subsystem, opinion(INITIAL, Node.INITIAL, REVIEWED), opinion(RE_REVIEWER, Node.RE_REVIEW, APPROVED))
    assert out.take(DESK.task)["limit_at"].tolist() == [REVIEWED + hours(1)]
    assert len(out.take(CaseEscalated)) == 1


@pytest.mark.requirement("APR-02.a", "APR-03.b", "APR-07.a")
def test_an_amount_above_the_nodes_authority_is_escalated_at_its_approval():
    subsystem = desk()
    rich = manual(product=MORTGAGE, amount_fen=1_200_000 * YUAN, collateral_fen=10**9)
    run(subsystem, (ApplicationScored, rich), opinion(INITIAL, Node.INITIAL, REVIEWED))
    out = run(subsystem, opinion(RE_REVIEWER, Node.RE_REVIEW, APPROVED))
    assert len(out.take(ApplicationApproved)) == 0
    [event] = out.events_of(Event.CASE_ESCALATED)
    assert (event["at"], event["reason"], event["value"]) == (APPROVED, Cause.AUTHORITY, Node.FINAL)
    [mail] = out.take(CaseEscalated)
    assert (mail["previous"], mail["path"], mail["at"]) == (RE_REVIEWER, 1 << Node.FINAL, APPROVED)


@pytest.mark.requirement("APR-03.b", "APR-07.a")
def test_an_amount_equal_to_a_nodes_authority_is_within_it():
    routes = desk()._routes
    most = routes.authority_fen[Node.RE_REVIEW]
    finals = routes.authority_fen[Node.FINAL]
    above = routes.above_authority(np.array([Node.RE_REVIEW] * 4), np.array([most, most + 1, finals, finals + 1]))
    assert above.tolist() == [0, Node.FINAL, Node.FINAL, Node.COMMITTEE]


@pytest.mark.requirement("APR-07.c")
@pytest.mark.parametrize("doubt", [Doubt.GANG, Doubt.IDENTITY_MISMATCH, Doubt.REPEATED_APPLICATIONS])
def test_a_fraud_doubt_sends_the_case_to_the_risk_specialist(doubt):
    assert route(doubts=doubt) == [Node.INITIAL, Node.RE_REVIEW, Node.RISK_SPECIALIST]
    out = run(desk(), (ApplicationScored, manual(doubts=doubt)))
    assert out.events_of(Event.CASE_ESCALATED)["reason"].tolist() == [Cause.FRAUD_DOUBT]
    assert route(doubts=Doubt.AMOUNT_GROWTH) == [Node.INITIAL, Node.RE_REVIEW]


@pytest.mark.requirement("APR-05.a", "APR-07.a", "APR-07.c")
def test_the_risk_specialist_only_reviews_so_final_approval_follows():
    subsystem = desk(HeadOfficeSubsystem)
    first = run(subsystem, (CaseEscalated, escalated([Node.RISK_SPECIALIST])), opinion(RISK, 3, REVIEWED))
    assert first.take(HEAD_OFFICE_DESK.task)["desk"].tolist() == [Node.RISK_SPECIALIST, Node.FINAL]
    assert len(first.take(ApplicationApproved)) == 0
    out = run(subsystem, opinion(FINAL, Node.FINAL, APPROVED))
    assert out.take(ApplicationApproved)["branch"].tolist() == [1]


def test_a_person_may_pass_a_case_up_and_the_committee_may_not():
    subsystem = desk()
    run(subsystem, (ApplicationScored, manual()), opinion(INITIAL, Node.INITIAL, REVIEWED))
    out = run(subsystem, opinion(RE_REVIEWER, Node.RE_REVIEW, APPROVED, verdict=Verdict.ESCALATE))
    assert out.events_of(Event.CASE_ESCALATED)["reason"].tolist() == [Cause.PERSON]
    assert out.take(CaseEscalated)["path"].tolist() == [1 << Node.FINAL]
    above = desk(HeadOfficeSubsystem)
    run(above, (CaseEscalated, escalated([Node.COMMITTEE])))
    refused = run(above, opinion(CHAIR, Node.COMMITTEE, REVIEWED, verdict=Verdict.ESCALATE))
    assert refused.events_of(Event.DECISION_REFUSED)["reason"].tolist() == [TaskRefusal.DECISION_INVALID]


def test_two_at_head_office_are_two_people():
    subsystem = desk(HeadOfficeSubsystem)
    case = escalated([Node.FINAL], previous=FINAL)
    handled = (CaseHandled, sample(CaseHandled, 1, at=NINE, case=CASE, branch=1, person=FINAL))
    out = run(subsystem, handled, (CaseEscalated, case), opinion(FINAL, Node.FINAL, REVIEWED))
    assert out.events_of(Event.DECISION_REFUSED)["reason"].tolist() == [TaskRefusal.SAME_PERSON]
    assert len(run(subsystem, opinion(SECOND_FINAL, Node.FINAL, APPROVED)).take(ApplicationApproved)) == 1


@pytest.mark.requirement("PRD-03.b")
def test_collateral_binds_the_amount_of_a_mortgage():
    house = {"product": MORTGAGE, "amount_fen": 1_000_000 * YUAN, "term_months": 240}
    cut = run(desk(), (ApplicationScored, manual(collateral_fen=1_000_500 * YUAN, **house)))
    assert cut.take(DESK.task)["amount_fen"].tolist() == [800_000 * YUAN]
    none = run(desk(), (ApplicationScored, manual(collateral_fen=100_000 * YUAN, **house)))
    assert none.events_of(Event.APPLICATION_DECLINED)["reason"].tolist() == [Refusal.GUARANTEE_MISSING]


@pytest.mark.requirement("PRD-05.b")
def test_a_micro_loan_is_reviewed_by_the_machine_and_then_by_two_people():
    out = run(desk(), (ApplicationScored, micro(amount_fen=5_000_000 * YUAN)))
    [advice] = trail(np.concatenate(out.events), CASE)
    assert (advice.node, advice.person, advice.verdict) == (0, 0, Verdict.REDUCE)
    [task] = out.take(DESK.task)
    assert (task["desk"], task["amount_fen"]) == (Node.INITIAL, 5_000_000 * YUAN), "advice does not bind people"
    poor = run(desk(), (ApplicationScored, micro(verified_income_fen=1_000 * YUAN)))
    assert poor.events_of(Event.APPLICATION_DECLINED)["reason"].tolist() == [Refusal.AFFORDABILITY]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"routes": [{"nodes": ["initial"]}]}, "routes"),
        ({"routes": [{"nodes": ["final", "initial"]}]}, "rise in authority"),
        ({"routes": [{"alert_from": 1, "nodes": ["initial", "final"]}]}, "last row must fit"),
        ({"nodes": [{"key": "committee", "authority": 5}]}, "highest node"),
        ({"routes": [{"nodes": ["initial", "supervisor"]}]}, "supervisor"),
        ({"nodes": [{"key": "supervisor", "authority": 5}]}, "special_max"),
        ({"committee_quorum": 6}, "committee_quorum"),
        ({"fraud_doubts": ["gangs"]}, "gang"),
        ({"working_minutes": [[700, 500]]}, "must rise"),
    ],
)
def test_a_policy_that_can_not_work_is_refused_with_the_field(change, said):
    with pytest.raises(PolicyError, match=said):
        desk(overrides={"approval": change})
