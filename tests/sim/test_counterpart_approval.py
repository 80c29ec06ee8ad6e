"""The people at the approval desks, run against the bank itself: the same for any windows and shards, decisions in working
hours by people who may decide, better than chance, and a world that cheats is refused."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from credit.approval.contract import DESK, FRAUD, Desk, Event
from credit.approval.subsystem import ApprovalSubsystem
from credit.approval.trail import trail
from credit.calendar import is_workday
from credit.codes import Actor, Alert, Grade, Material, Node, Verdict
from credit.contracts.contract import ApplicationApproved
from credit.head_office.contract import DESK as HEAD_OFFICE_DESK
from credit.mail import Inbox
from credit.room import Kind, Rows
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from credit.worklists.states import Refusal as TaskRefusal
from sim.counterparts.approval import ApprovalCounterpart, Judgement
from sim.occasions import party_of, reference_of
from sim.staffing import build_staffing
from sim.truth import Truth
from tests.rows import sample
from tests.sim.signing_chain import PLAIN, SEED, YUAN, Chain, applications, only_stage, scenario

DAYS = 14
ROWS = applications(PLAIN, 25, 8)
TRUTH = Truth(SEED, PLAIN)


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain(PLAIN, ROWS, DAYS)


@pytest.mark.parametrize("change", [{"window_ms": HOUR_MS}, {"shards": 2}, {"shards": 4}, {"restart_at": 5}], ids=str)
def test_windows_shards_and_a_restart_change_nothing(chain: Chain, change) -> None:
    assert Chain(PLAIN, ROWS, DAYS, **change).record() == chain.record()


def test_the_order_of_rows_changes_nothing(chain: Chain) -> None:
    assert Chain(PLAIN, ROWS[::-1], DAYS).record() == chain.record()


def refused(chain: Chain) -> Rows:
    """Decisions without effect, but for ballots cast after the committee has decided: nobody tells its members."""
    rows = chain.events(Event.DECISION_REFUSED)
    late = (rows["value"] % 10 == Node.COMMITTEE) & (rows["reason"] == TaskRefusal.NO_OPEN_TASK)
    others: Rows = rows[~late]
    return others


def test_the_bank_refuses_none_of_its_own_people(chain: Chain) -> None:
    assert len(refused(chain)) == 0
    assert len(chain.events(Event.NODE_DECIDED)) > 250


@pytest.mark.requirement("APR-04.a", "APR-09.a")
def test_every_manual_approval_has_two_people_in_its_trail(chain: Chain) -> None:
    events = chain.events()
    granted = events[(events["event"] == Event.APPLICATION_APPROVED) & (events["actor"] > 0)]
    assert len(granted) > 50
    for case in granted["case"].tolist():
        people = [entry.person for entry in trail(events, case) if entry.person != Actor.SYSTEM]
        assert len(people) >= 2
        assert all(one != other for one, other in pairwise(people))
        assert trail(events, case)[-1].at == granted["at"][granted["case"] == case][0]


@pytest.mark.requirement("APR-02.b", "PRD-03.f")
def test_large_loans_end_at_the_committee(chain: Chain) -> None:
    approved = chain.sent(ApplicationApproved)
    events = chain.events()
    large = approved[(approved["product"] == 5) & (approved["amount_fen"] > 10_000_000 * YUAN)]
    assert len(large) > 5
    for case in large["case"].tolist():
        entries = [entry for entry in trail(events, case) if entry.person]
        assert [entry.node for entry in entries] == [1, 2, 3, 4, 5]
        assert entries[-1].votes >= 3
    mortgages = approved[approved["product"] == 3]
    assert all(len(trail(events, case)) >= 3 for case in mortgages["case"].tolist()), "several manual levels"


def test_nobody_decides_outside_of_working_hours_or_before_the_case_came(chain: Chain) -> None:
    entered = chain.events(Event.NODE_ENTERED)
    by_people = chain.events(Event.NODE_DECIDED)
    by_people = by_people[by_people["actor"] > 0]
    minute = by_people["at"] % DAY_MS // MINUTE_MS
    assert bool(is_workday(by_people["at"] // DAY_MS).all())
    assert bool((minute >= 510).all() & (minute <= 1050).all())
    came = {(row["case"], row["value"]): row["at"] for row in entered}
    for row in by_people:
        assert row["at"] >= came[row["case"], row["value"]] + MINUTE_MS


@pytest.mark.requirement("APR-15.a")
def test_the_automatic_lane_waits_for_nobody(chain: Chain) -> None:
    approved = chain.events(Event.APPLICATION_APPROVED)
    came = dict(zip(ROWS["case"].tolist(), ROWS["at"].tolist(), strict=True))
    waited = [row["at"] - came[int(row["case"])] for row in approved if row["actor"] == Actor.SYSTEM]
    assert len(waited) > 50
    assert max(waited) < 3_000


@pytest.mark.requirement("APR-10.a")
def test_a_short_handed_desk_is_urged_and_catches_up() -> None:
    role = {"per_branch": 1, "service_minutes_median": 240}
    slow = scenario(behaviour={"change_request_ppm": 0}, staff={"scale": False, "re_reviewer": role})
    chain = Chain(slow, ROWS, 40)
    urged = chain.events(Event.CASE_URGED)
    assert len(urged[urged["value"] == Node.RE_REVIEW]) > 10
    assert len(chain.finals[0].state["bank.cases"]) == 0


@pytest.mark.requirement("APR-12.b")
def test_deputies_stand_in_when_a_whole_desk_is_away() -> None:
    away = {"kind": "absence", "target": "final_approver", "start": "2026-03-03T00:00:00", "end": "2026-03-06T00:00:00"}
    chain = Chain(scenario(faults=[away], behaviour={"change_request_ppm": 0}), ROWS, DAYS)
    decided = chain.events(Event.NODE_DECIDED)
    final = decided[decided["value"] == Node.FINAL]
    deputised = chain.events(Event.DEPUTY_DECIDED)[["at", "case"]].tolist()
    stood_in = final[[row in deputised for row in final[["at", "case"]].tolist()]]
    assert len(stood_in) > 3
    assert len(refused(chain)) == 0
    days = stood_in["at"] // DAY_MS - PLAIN.run.start_ms // DAY_MS
    assert bool(((days >= 1) & (days <= 4)).all()), "from the third of March until what they began is done"


def test_the_desks_report_their_queues_and_people(chain: Chain) -> None:
    [branch] = only_stage(chain, "approval")
    queues, staff = np.concatenate(branch.queues), np.concatenate(branch.staff)
    entered, suspected = chain.events(Event.NODE_ENTERED), chain.events(Event.FRAUD_CASE_OPENED)
    assert int(queues["arrivals"].sum()) == int((entered["value"] <= Node.RE_REVIEW).sum()) + len(suspected)
    assert sorted(np.unique(queues["role"]).tolist()) == [Node.INITIAL, Node.RE_REVIEW, Desk.FRAUD_INVESTIGATOR]
    regular = staff[staff["on_behalf_of"] == 0]
    assert bool((regular["busy_ms"] <= regular["on_shift_ms"]).all())
    assert int(staff["busy_ms"].sum()) > 0


# what people decide ---------------------------------------------------------------------------------------------------
def tasks(count: int = 4_000, kind: Kind = DESK.task, **columns) -> Rows:
    number = np.arange(1, count + 1)
    facts = {
        "case": number,
        "party": reference_of(number, 1),
        "desk": Node.INITIAL,
        "product": 1,
        "grade": Grade.GOOD,
        "alert": 0,
        "amount_fen": 50_000 * YUAN,
    }
    return sample(kind, count, **(facts | columns))


def declined_share(**columns) -> float:
    said = Judgement(PLAIN, SEED, TRUTH).opinions(tasks(**columns))
    return float((said["verdict"] == Verdict.DECLINE).mean())


def test_weaker_grades_alerts_and_doubts_are_declined_more_often() -> None:
    by_grade = [declined_share(grade=grade) for grade in Grade]
    assert by_grade == sorted(by_grade)
    for share, expected in zip(by_grade, PLAIN.behaviour.approver_decline_ppm, strict=True):
        assert abs(share - expected / 1e6) < 0.02
    assert declined_share(alert=Alert.YELLOW) > declined_share() + 0.02
    assert declined_share(doubts=32 + 8) > declined_share(doubts=32) + 0.03 > declined_share() + 0.06


def test_people_see_through_some_of_the_fraud() -> None:
    crooks = scenario(population={"fraud_ppm": 500_000})
    truth = Truth(SEED, crooks)
    verdict = Judgement(crooks, SEED, truth).opinions(tasks())["verdict"]
    fraud = truth.is_fraud(np.arange(1, 4_001))
    caught, wronged = (float((verdict[who] == Verdict.DECLINE).mean()) for who in (fraud, ~fraud))
    assert 0.25 < caught < 0.40
    assert wronged < 0.06


def test_reduced_amounts_are_whole_thousands_that_the_product_allows() -> None:
    said = Judgement(PLAIN, SEED, TRUTH).opinions(tasks())
    reduced = said["amount_fen"][said["verdict"] == Verdict.REDUCE]
    assert 200 < len(reduced) < 500
    assert bool((reduced % (1_000 * YUAN) == 0).all() & (reduced < 50_000 * YUAN).all())
    least = Judgement(PLAIN, SEED, TRUTH).opinions(tasks(amount_fen=5_000 * YUAN))["verdict"]
    assert not bool((least == Verdict.REDUCE).any())


def test_who_lacks_papers_is_sent_back_for_exactly_those_and_once() -> None:
    lacking = int(Material.WORK_PROOF | Material.TAX_PROOF)
    said = Judgement(PLAIN, SEED, TRUTH).opinions(tasks(missing=lacking))
    back = said["verdict"] == Verdict.RETURN
    assert abs(float(back.mean()) - PLAIN.behaviour.approver_return_ppm / 1e6) < 0.02
    assert np.array_equal(said["materials"], np.where(back, lacking, 0))
    for columns in ({"missing": 0}, {"missing": lacking, "round": 1}):
        assert not (Judgement(PLAIN, SEED, TRUTH).opinions(tasks(**columns))["verdict"] == Verdict.RETURN).any()


@pytest.mark.requirement("APR-02.d")
def test_each_member_of_the_committee_has_a_mind_of_his_own() -> None:
    doubtful = tasks(kind=HEAD_OFFICE_DESK.task, desk=Node.COMMITTEE, grade=Grade.POOR, alert=2, doubts=15)
    against = []
    for ballot in range(2):
        doubtful["task"] = doubtful["task"] // 10_000 * 10_000 + 1_000 * ballot + Node.COMMITTEE
        said = Judgement(PLAIN, SEED, TRUTH).opinions(doubtful)["verdict"]
        assert set(np.unique(said).tolist()) <= {Verdict.APPROVE, Verdict.REDUCE, Verdict.DECLINE}
        against.append(said == Verdict.DECLINE)
    assert bool((against[0] & ~against[1]).any())
    assert bool((~against[0] & against[1]).any())


def test_a_scripted_customer_gets_what_the_script_says() -> None:
    script = [
        {
            "party": 1,
            "at": "2026-03-03T09:30:00",
            "name": "李氏食品店",
            "id_number": "310104198205121237",
            "mobile": "13901234567",
            "segment": "micro",
            "product": "micro_business",
            "amount": 2_000_000,
            "term_months": 12,
            "purpose": "进货采购",
            "income": 320_000,
            "documents": ["id_front"],
            "approved_amount": 1_800_000,
        }
    ]
    plan = scenario(script=script)
    judge = Judgement(plan, SEED, Truth(SEED, plan))
    said = judge.opinions(tasks(count=1, product=4, amount_fen=2_000_000 * YUAN, grade=Grade.POOR))
    assert (said["verdict"].tolist(), said["amount_fen"].tolist()) == ([Verdict.REDUCE], [1_800_000 * YUAN])
    again = judge.opinions(tasks(count=1, product=4, amount_fen=1_800_000 * YUAN, desk=Node.RE_REVIEW))
    assert again["verdict"].tolist() == [Verdict.APPROVE]


def suspects(**behaviour: int) -> Rows:
    """What the fraud desk says of a hundred cases within a week; the even ones deceive the bank."""
    laid = scenario(behaviour=behaviour, population={"fraud_ppm": 500_000})
    truth, desks = Truth(SEED, laid), build_staffing(laid, SEED).desks(np.array([1]), Desk)
    people, start = ApprovalCounterpart(ApprovalSubsystem, laid, SEED, desks, truth), laid.run.start_ms
    rows = sample(
        FRAUD.task,
        source=tasks(100, at=start, branch=1, task=np.arange(1, 101)),
        desk=int(Desk.FRAUD_INVESTIGATOR),
        limit_at=start + 30 * DAY_MS,
    )
    said = []
    for number in range(20):
        window = Window(number, start + number * DAY_MS, start + (number + 1) * DAY_MS)
        mail = Inbox.of((FRAUD.task, rows)) if not number else Inbox()
        said += [part for kind, part in people.respond(mail, window, 0) if kind is FRAUD.opinion]
    found = np.concatenate(said)
    party = rows["party"][np.searchsorted(rows["task"], np.sort(found["task"]))]
    return np.stack([truth.is_fraud(party_of(party)), found[np.argsort(found["task"])]["verdict"] == Verdict.DECLINE])


@pytest.mark.requirement("APP-17.c")
def test_the_fraud_desk_finds_out_fraudsters_and_seldom_takes_another_for_one() -> None:
    fraud, found = suspects(fraud_mistaken_ppm=0)
    assert len(fraud) == 100
    assert 0.65 < found[fraud].mean() < 0.95
    assert not found[~fraud].any()
    assert not suspects(fraud_found_ppm=0, fraud_mistaken_ppm=0)[1].any()
    fraud, found = suspects(fraud_mistaken_ppm=300_000)
    assert 0.1 < found[~fraud].mean() < 0.5


# a world that breaks rules --------------------------------------------------------------------------------------------
def test_a_task_for_a_desk_already_served_waits_for_the_next_window() -> None:
    staffing = build_staffing(PLAIN, SEED)
    desks = staffing.desks(np.array([1]), (1, 2))  # type: ignore[arg-type]
    people = ApprovalCounterpart(ApprovalSubsystem, PLAIN, SEED, desks, TRUTH)
    start = PLAIN.run.start_ms
    first, second = Window(0, start, start + DAY_MS), Window(1, start + DAY_MS, start + 2 * DAY_MS)
    late = Inbox.of((DESK.task, tasks(1, at=start + 10 * HOUR_MS, branch=1, limit_at=start + 20 * DAY_MS)))
    assert people.respond(Inbox(), first, 1) == people.respond(late, first, 2) == []
    state = people.export_state()
    people.import_state(state)
    assert people.respond(Inbox(), second, 0) == [], "the fraud desk comes first"
    [(claim, claims), (kind, opinions)] = people.respond(Inbox(), second, 1)
    assert (claim, kind, len(opinions)) == (DESK.claim, DESK.opinion, 1)
    assert bool((claims["at"] >= second.start).all())
    assert bool((claims["at"] < opinions["at"]).all())


class Cheat:
    """Desks at which the first person of a case decides everything, whoever the task excludes."""

    def __init__(self, honest: ApprovalCounterpart) -> None:
        self._honest, self.rounds = honest, honest.rounds
        self._first: dict[int, int] = {}

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
        answers = self._honest.respond(requests, window, round_number)
        for kind, rows in answers:
            for row in rows if kind in (DESK.opinion, HEAD_OFFICE_DESK.opinion) else ():
                row["person"] = self._first.setdefault(int(row["case"]), int(row["person"]))
        return answers

    def __getattr__(self, name: str):
        return getattr(self._honest, name)


@pytest.mark.planted
@pytest.mark.requirement("APR-04.a")
def test_planted_people_who_decide_alone_get_nothing_approved() -> None:
    chain = Chain(PLAIN, ROWS, 5, wrap=Cheat)
    refused = chain.events(Event.DECISION_REFUSED)
    assert len(refused) > 20
    assert dict.fromkeys(refused["reason"].tolist()).keys() <= {TaskRefusal.CLAIMED_BY_ANOTHER}
    approved = chain.events(Event.APPLICATION_APPROVED)
    assert bool((approved["actor"] == Actor.SYSTEM).all())
