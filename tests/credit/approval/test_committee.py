"""The credit committee: a ballot for each member, a quorum, a majority, and nobody who votes twice or on his own case."""

from __future__ import annotations

import numpy as np
import pytest

from credit.approval.committee import Committee
from credit.approval.contract import Event, Refusal
from credit.codes import Node, Verdict
from credit.contracts.contract import ApplicationApproved
from credit.head_office.contract import DESK, CaseEscalated, CaseHandled, Desk
from credit.head_office.subsystem import HeadOfficeSubsystem
from credit.mail import Inbox, Outbox
from credit.numbers import ballot_of
from credit.staff import StaffRegister
from credit.subsystem import Setting
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.approval.builders import CASE, FINAL, MORTGAGE, NINE, YUAN, day_window, escalated, hours, opinion, run
from tests.rows import sample

MEMBERS = [501, 502, 503, 504, 505, 506]
ASKED = 8_000_000 * YUAN
TEN = NINE + hours(1)


def committee(members=5, quorum=4, majority_ppm=500_000):
    """Head office with a committee of six, and a case before it, which 505 has handled before."""
    policy = {"committee_members": members, "committee_quorum": quorum, "committee_majority_ppm": majority_ppm}
    seats = [(FINAL, 0, Desk.FINAL_APPROVER), *((one, 0, Desk.COMMITTEE) for one in MEMBERS)]
    room = HeadOfficeSubsystem.build(Setting({"approval": policy}, StaffRegister.of(seats)))
    handled = (CaseHandled, sample(CaseHandled, 1, at=NINE, case=CASE, branch=1, person=505))
    big = escalated([Node.COMMITTEE], product=MORTGAGE, amount_fen=ASKED)
    out = run(room, handled, (CaseEscalated, big))
    return room, out.take(DESK.task)


def vote(ballots, number, at=TEN, person=0, **columns):
    """What the member of a ballot says, or another person."""
    task = ballots[ballot_of(ballots["task"]) == number]
    said = {"task": task["task"], "person": person or int(task["member"][0])} | columns
    return opinion(said.pop("person"), Node.COMMITTEE, at + number, **said)


def faults(room, *mail):
    """What the room's invariants find after a window."""
    out = Outbox()
    room.open(day_window(), out)
    room.apply(Inbox.of(*mail), day_window(), out)
    room.close(day_window(), out)
    return room.check()


def outcomes(out):
    return [Verdict(int(row["reason"])) for row in out.events_of(Event.NODE_DECIDED)]


@pytest.mark.requirement("APR-02.d")
def test_each_member_who_has_had_no_hand_in_the_case_has_a_ballot_of_his_own():
    _, ballots = committee()
    assert sorted(ballots["member"].tolist()) == [501, 502, 503, 504, 506]
    assert ballot_of(ballots["task"]).tolist() == [0, 1, 2, 3, 4]
    _, few = committee(members=3, quorum=2)
    assert len(few) == 3


@pytest.mark.requirement("APR-02.c", "APR-02.d")
@pytest.mark.parametrize(("ayes", "granted"), [(5, True), (3, True), (2, False), (0, False)])
def test_a_case_is_decided_by_the_majority_once_all_have_voted(ayes, granted):
    room, ballots = committee()
    verdicts = [Verdict.APPROVE] * ayes + [Verdict.DECLINE] * (5 - ayes)
    first = run(room, *(vote(ballots, n, verdict=verdicts[n]) for n in range(4)))
    assert outcomes(first) == []
    assert first.events_of(Event.VOTE_CAST)["reason"].tolist() == verdicts[:4]
    assert len(set(first.events_of(Event.VOTE_CAST)["actor"].tolist())) == 4
    last = run(room, vote(ballots, 4, NINE + hours(2), verdict=verdicts[4]))
    assert outcomes(last) == [Verdict.APPROVE if granted else Verdict.DECLINE]
    assert len(last.take(ApplicationApproved)) == granted
    assert last.events_of(Event.COMMITTEE_VOTED)["value"].tolist() == [ayes]


@pytest.mark.requirement("APR-02.c")
@pytest.mark.parametrize(("ayes", "granted"), [(4, True), (3, False)])
def test_a_policy_may_ask_for_more_than_half(ayes, granted):
    room, ballots = committee(majority_ppm=666_666)
    verdicts = [Verdict.APPROVE] * ayes + [Verdict.DECLINE] * (5 - ayes)
    out = run(room, *(vote(ballots, n, verdict=verdicts[n]) for n in range(5)))
    assert len(out.take(ApplicationApproved)) == granted


def test_the_committee_lends_what_all_in_favour_would_lend():
    room, ballots = committee()
    less = [{"verdict": Verdict.REDUCE, "amount_fen": fen * YUAN} for fen in (7_000_000, 6_000_000)]
    said = [*less, {"verdict": Verdict.DECLINE}, {}, {}]
    out = run(room, *(vote(ballots, n, **said[n]) for n in range(5)))
    assert outcomes(out) == [Verdict.REDUCE]
    assert out.take(ApplicationApproved)["amount_fen"].tolist() == [6_000_000 * YUAN]


@pytest.mark.requirement("APR-02.d")
def test_nobody_casts_anothers_ballot_votes_twice_or_on_his_own_case():
    room, ballots = committee()
    members = ballots["member"].tolist()
    mine, other = members[0], members[1]
    out = run(
        room,
        vote(ballots, 0),
        vote(ballots, 1, person=mine),
        vote(ballots, 2, person=other),
        vote(ballots, 3, person=505),
    )
    refused = out.events_of(Event.DECISION_REFUSED)["reason"].tolist()
    assert refused == [TaskRefusal.SAME_PERSON, TaskRefusal.NAMED_FOR_ANOTHER, TaskRefusal.SAME_PERSON]
    assert len(out.events_of(Event.VOTE_CAST)) == 1


@pytest.mark.parametrize("verdict", [Verdict.ESCALATE, Verdict.RETURN])
def test_a_member_votes_yes_or_no(verdict):
    room, ballots = committee()
    out = run(room, vote(ballots, 0, verdict=verdict, materials=4 if verdict == Verdict.RETURN else 0))
    assert len(out.events_of(Event.DECISION_REFUSED)) == 1


@pytest.mark.requirement("APR-02.d", "APR-10.a")
@pytest.mark.parametrize(("votes", "decided"), [(4, True), (3, False)])
def test_when_the_limit_is_over_a_quorum_decides(votes, decided):
    room, ballots = committee()
    limit = int(ballots["limit_at"][0])
    assert set(ballots["limit_at"].tolist()) == {limit}
    run(room, *(vote(ballots, n) for n in range(votes)))
    number = 0
    out = None
    while out is None or not len(out.events_of(Event.CASE_URGED)) + len(out.events_of(Event.NODE_DECIDED)):
        number += 1
        out = run(room, window=day_window(number))
    assert len(out.take(ApplicationApproved)) == decided
    if decided:
        assert out.take(ApplicationApproved)["at"].tolist() == [limit]
        assert out.take(DESK.withdrawn)["task"].tolist() == ballots["task"][4:].tolist()
    else:
        assert out.events_of(Event.CASE_URGED)["at"].tolist() == [limit] * 2
        late = run(room, vote(ballots, 3, day_window(number + 1).start), window=day_window(number + 1))
        assert outcomes(late) == [Verdict.APPROVE]


@pytest.mark.requirement("APR-02.d")
def test_what_was_decided_at_the_limit_no_later_vote_of_the_same_window_changes():
    room, ballots = committee()
    limit = int(ballots["limit_at"][0])
    run(room, *(vote(ballots, n) for n in range(4)))
    number = (limit - day_window().start) // 86_400_000
    for day in range(1, number):
        run(room, window=day_window(day))
    out = run(room, vote(ballots, 4, limit, verdict=Verdict.DECLINE), window=day_window(number))
    assert out.events_of(Event.COMMITTEE_VOTED)["at"].tolist() == [limit]
    assert out.events_of(Event.DECISION_REFUSED)["reason"].tolist() == [TaskRefusal.NO_OPEN_TASK]


def test_a_case_that_comes_again_is_voted_on_anew():
    room, ballots = committee()
    run(room, *(vote(ballots, n, verdict=Verdict.DECLINE) for n in range(5)))
    again = escalated([Node.COMMITTEE], at=NINE + hours(3), product=MORTGAGE, amount_fen=ASKED)
    again["round"] = 1
    second = run(room, (CaseEscalated, again)).take(DESK.task)
    assert len(second) == 5
    assert not set(second["task"].tolist()) & set(ballots["task"].tolist())
    out = run(room, *(vote(second, n, NINE + hours(4)) for n in range(5)))
    assert len(out.take(ApplicationApproved)) == 1
    assert Refusal.HUMAN_DECLINE not in out.events_of(Event.APPLICATION_DECLINED)["reason"]


@pytest.mark.planted
def test_planted_vote_that_counts_twice_is_caught(monkeypatch):
    room, ballots = committee()
    count = Committee._count

    def twice(self, votes, tasks, rows, out):
        self._cases["ayes"][rows] += 1
        return count(self, votes, tasks, rows, out)

    monkeypatch.setattr(Committee, "_count", twice)
    assert any("is not before those who are to decide on it" in found for found in faults(room, vote(ballots, 0)))


@pytest.mark.planted
def test_planted_grant_of_a_minority_is_caught(monkeypatch):
    room, ballots = committee()
    monkeypatch.setattr("credit.approval.committee.votes_needed", lambda ballots, majority: np.ones_like(ballots))
    said = [{}, *({"verdict": Verdict.DECLINE},) * 4]
    found = faults(room, *(vote(ballots, n, **said[n]) for n in range(5)))
    assert found == [f"case {CASE} was granted without the committee's majority, in favour: 1"]
