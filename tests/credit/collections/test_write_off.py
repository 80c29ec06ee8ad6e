"""Write-off: only after all means, only by three different entitled people in their order; collection then continues."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import credit.collections.write_off as write_off_module
import credit.worklists.worklist as worklist_module
from credit.calendar import close_of_workday
from credit.codes import ContactOutcome, Verdict
from credit.collections.contract import COLLECTION, WRITE_OFF, Desk, Event, NoticeSent, OverdueReported, RefusedBecause
from credit.collections.states import CaseState
from credit.errors import InvariantViolation
from credit.mail import Outbox
from credit.numbers import occasion_of_day, occasion_of_task
from credit.repayment.contract import WriteOffApproved
from credit.times import DAY_MS
from credit.worklists.states import Refusal, TaskState
from tests.credit.collections.desk import (
    ADMIN,
    BRANCH,
    DAY,
    DIRECTOR,
    FINANCE,
    LOAN,
    RISK,
    Bench,
    at,
    contact,
    opinion,
    overdue,
    paid,
)
from tests.rows import sample
from tests.twins import twin

BODIES = ((Desk.BRANCH_RISK_DIRECTOR, DIRECTOR, 10), (Desk.HEAD_OFFICE_RISK, RISK, 12), (Desk.FINANCE, FINANCE, 14))


def worked(until: int, skip: tuple[str, ...] = (), overrides: Any = None) -> Bench:
    """A case on which every task was done on its day without result, up to a DPD. `skip`: means left undone."""
    bench = Bench(overrides)
    bench.day(1, overdue())
    codes = {"call": 3, "visit": 4, "legal": 5}
    for dpd in range(2, until + 1):
        tasks = bench.day(dpd).take(COLLECTION.task)
        if len(tasks) and tasks["action"][0] not in [codes[name] for name in skip]:
            bench.next_day -= 1
            again = contact(tasks, ContactOutcome.NONE)
            bench.reports = False
            bench.day(dpd, again)
            bench.reports = True
    return bench


def decisions(bench: Bench, dpd: int, bodies: tuple[tuple[Desk, int, int], ...] = BODIES) -> Outbox:
    """The bodies' approvals, each in a round of its own, on one day."""
    return bench.day(dpd, *(opinion(desk, person, dpd, hour) for desk, person, hour in bodies), hours=1)


def refusals(out: Outbox) -> list[int]:
    return [int(reason) for reason in out.events_of(Event.COLLECTION_ACTION_REFUSED)["reason"]]


@pytest.fixture
def ripe() -> Bench:
    bench = ready()
    assert len(bench.out.take(WRITE_OFF.task)) == 0
    return bench


@pytest.mark.requirement("NPL-08.a")
def test_a_write_off_is_proposed_when_all_means_are_exhausted_and_180_days_have_passed(ripe: Bench) -> None:
    bench = ripe
    dpd = 181
    while not len(bench.out.take(WRITE_OFF.task)):
        bench.day(dpd)
        dpd += 1
    task = bench.out.take(WRITE_OFF.task)
    assert task["desk"].tolist() == [Desk.BRANCH_RISK_DIRECTOR]
    assert task["branch"].tolist() == [BRANCH]
    policy = bench.bank.policy
    assert (task["limit_at"] == close_of_workday(task["at"], policy.task_workdays, policy.closing_minute)).all()
    assert bench.column("state") == CaseState.WRITE_OFF


@pytest.mark.requirement("NPL-08.a")
def test_a_write_off_is_proposed_for_what_is_owed_principal_interest_and_penalty_apart(ripe: Bench) -> None:
    figures = {"principal_fen": 5_000_000, "interest_fen": 60_000, "penalty_fen": 40_000}
    bench, dpd = ripe, 181
    bench.reports = False
    while not len(bench.out.take(WRITE_OFF.task)):
        told = sample(OverdueReported, source=bench.bank.cases.export(), at=at(dpd, 0), **figures)
        bench.day(dpd, (OverdueReported, told))
        dpd += 1
    task = bench.out.take(WRITE_OFF.task)[0]
    assert {name: int(task[name]) for name in figures} == figures
    assert int(task["amount_fen"]) == 5_100_000
    assert bench.out.events_of(Event.WRITE_OFF_PROPOSED)["amount_fen"].tolist() == [5_100_000]


def test_a_payment_of_interest_and_penalty_leaves_the_principal_as_it_was() -> None:
    bench = Bench()
    bench.day(1, overdue())
    bench.day(2, paid(2, fen=100_000, left=400_000, principal_fen=5_000_000, interest_fen=30_000, penalty_fen=0))
    assert (bench.column("principal_fen"), bench.column("interest_fen")) == (5_000_000, 30_000)


@pytest.mark.requirement("NPL-08.a")
@pytest.mark.parametrize("means", ["call", "visit", "legal"])
def test_a_means_not_carried_out_keeps_the_loan_from_being_written_off(means: str) -> None:
    bench = worked(230, skip=(means,))
    assert len(bench.out.events_of(Event.WRITE_OFF_PROPOSED)) == 0


@pytest.mark.requirement("NPL-08.a")
def test_too_few_contacts_keep_the_loan_from_being_written_off() -> None:
    bench = worked(230, overrides={"collections": {"write_off": {"contacts_min": 1_000}}})
    assert len(bench.out.events_of(Event.WRITE_OFF_PROPOSED)) == 0


@cache
def _worked_long_enough() -> Bench:
    return worked(180)


def ready() -> Bench:
    """A case that has seen all means, on the day its write-off is proposed (DPD 181); each test gets its own."""
    return twin(_worked_long_enough())


def proposed() -> tuple[Bench, int]:
    """A case before the branch risk director, and its DPD."""
    bench, dpd = ready(), 181
    while not len(bench.out.take(WRITE_OFF.task)):
        bench.day(dpd)
        dpd += 1
    return bench, dpd


@pytest.mark.requirement("APP-01.d", "NPL-08.b", "NPL-09.a")
def test_three_bodies_one_after_another_write_the_loan_off() -> None:
    bench, dpd = proposed()
    out = decisions(bench, dpd)
    assert out.take(WriteOffApproved)["loan"].tolist() == [LOAN]
    decided = out.events_of(Event.WRITE_OFF_DECIDED)
    assert decided["reason"].tolist() == [desk for desk, _, _ in BODIES]
    assert decided["actor"].tolist() == [DIRECTOR, RISK, FINANCE]
    assert out.take(WriteOffApproved)["decided_fen"].tolist() == decided["amount_fen"].tolist()[-1:]
    assert out.take(WRITE_OFF.task)["desk"].tolist() == [Desk.HEAD_OFFICE_RISK, Desk.FINANCE]


@pytest.mark.requirement("NPL-08.b")
@pytest.mark.parametrize("missing", [0, 1, 2])
def test_without_one_of_the_three_nothing_is_written_off(missing: int) -> None:
    bench, dpd = proposed()
    bodies = tuple(body for number, body in enumerate(BODIES) if number != missing)
    out = decisions(bench, dpd, bodies)
    assert len(out.take(WriteOffApproved)) == 0
    assert bench.column("state") == CaseState.WRITE_OFF


@pytest.mark.requirement("NPL-08.b")
def test_the_bodies_decide_in_their_order() -> None:
    bench, dpd = proposed()
    out = decisions(bench, dpd, (BODIES[2], BODIES[1]))
    assert refusals(out) == [Refusal.NO_OPEN_TASK] * 2
    assert len(out.take(WriteOffApproved)) == 0


@pytest.mark.requirement("NPL-08.b")
def test_one_person_decides_once_though_entitled_twice() -> None:
    bench, dpd = proposed()
    out = decisions(bench, dpd, (*BODIES[:2], (Desk.FINANCE, DIRECTOR, 14)))
    assert refusals(out) == [Refusal.SAME_PERSON]
    assert len(out.take(WriteOffApproved)) == 0
    again = out.take(WRITE_OFF.task)[-1]
    assert (again["desk"], again["excluded"]) == (Desk.FINANCE, DIRECTOR)


@pytest.mark.requirement("NPL-08.b")
@pytest.mark.parametrize(
    ("person", "reason"),
    [(RISK, Refusal.NO_AUTHORITY), (FINANCE, Refusal.NO_AUTHORITY), (999_999, Refusal.NOT_ON_REGISTER)],
)
def test_a_decision_without_authority_is_refused_and_asked_for_again(person: int, reason: Refusal) -> None:
    bench, dpd = proposed()
    out = decisions(bench, dpd, ((Desk.BRANCH_RISK_DIRECTOR, person, 10),))
    assert refusals(out) == [reason]
    assert out.take(WRITE_OFF.task)["desk"].tolist() == [Desk.BRANCH_RISK_DIRECTOR]
    assert bench.column("approved_1") == 0


@pytest.mark.requirement("NPL-08.b")
@pytest.mark.parametrize("body", [0, 1, 2])
def test_one_no_ends_it_and_it_is_proposed_again_only_after_the_policys_days(body: int) -> None:
    bench, dpd = proposed()
    desk, person, hour = BODIES[body]
    mail = [opinion(d, p, dpd, h) for d, p, h in BODIES[:body]]
    out = bench.day(dpd, *mail, opinion(desk, person, dpd, hour, Verdict.DECLINE), hours=1)
    assert len(out.take(WriteOffApproved)) == 0
    assert bench.column("state") == CaseState.ASSIGNED
    assert bench.column("approved_1") == 0
    retry = bench.bank.policy.write_off.retry_days
    while bench.next_day < dpd + retry + DAY:
        assert len(bench.day(bench.next_day - DAY).events_of(Event.WRITE_OFF_PROPOSED)) == 0


def test_an_opinion_on_an_unknown_case_is_refused() -> None:
    assert refusals(decisions(Bench(), 1, BODIES[:1])) == [Refusal.NO_OPEN_TASK]


@pytest.mark.parametrize("hours", [24, 1])
def test_a_loan_paid_while_its_write_off_is_decided_is_not_written_off(hours: int) -> None:
    bench, dpd = proposed()
    mail = [opinion(desk, person, dpd, hour) for desk, person, hour in BODIES]
    out = bench.day(dpd, paid(dpd, hour=11), *mail, hours=hours)
    assert len(out.take(WriteOffApproved)) == 0
    assert refusals(out) == [RefusedBecause.UNKNOWN_CASE, Refusal.NO_OPEN_TASK]
    assert out.take(WRITE_OFF.withdrawn)["loan"].tolist() == [LOAN]
    assert len(bench.bank.cases) == 0


@pytest.mark.requirement("NPL-08.b")
def test_a_case_opened_anew_is_not_written_off_by_the_old_proposal() -> None:
    bench, dpd = proposed()
    again = overdue(dpd, hour=10, since=DAY + dpd - 1)
    out = bench.day(dpd, paid(dpd, hour=9), again, opinion(*BODIES[0][:2], dpd, 12), hours=24)
    assert refusals(out) == [RefusedBecause.NOT_ASKED]
    assert bench.column("approved_1") == 0
    assert out.take(WRITE_OFF.withdrawn)["loan"].tolist() == [LOAN]


def test_the_bodies_tasks_are_numbered_by_day_so_that_a_loans_next_case_begins_none_anew() -> None:
    bench, dpd = proposed()
    first = bench.out.take(WRITE_OFF.task)["task"]
    second = bench.day(dpd, opinion(*BODIES[0][:2], dpd, 12), hours=24).take(WRITE_OFF.task)["task"]
    assert occasion_of_task(first).tolist() == [occasion_of_day(DAY + dpd - 1, 0, 3)]
    assert occasion_of_task(second).tolist() == [occasion_of_day(DAY + dpd, 1, 3)]


@pytest.mark.requirement("NPL-09.b")
def test_collection_continues_after_the_write_off_in_a_slower_rhythm() -> None:
    bench, dpd = proposed()
    decisions(bench, dpd)
    assert bench.column("state") == CaseState.CONTINUED
    sent_before = np.diff(bench.out.take(NoticeSent)["dpd"])[-3:].max()
    start = dpd + 1
    out = [bench.day(start + day) for day in range(100)]
    days = [day for day, one in enumerate(out) if (one.take(NoticeSent)["action"] == 1).any()]
    assert len(days) >= 2
    assert min(np.diff(days)) > sent_before
    assert all(len(one.events_of(Event.WRITE_OFF_PROPOSED)) == 0 for one in out)


@pytest.mark.requirement("NPL-09.b")
def test_a_written_off_loan_paid_back_is_closed() -> None:
    bench, dpd = proposed()
    decisions(bench, dpd)
    out = bench.day(dpd + 1, paid(dpd + 1))
    assert len(out.events_of(Event.CASE_CLOSED)) == 1


# ---- planted bugs


def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list forgets who has acted, when it is asked."""
    monkeypatch.setattr(
        worklist_module.Worklist, "_has_acted", lambda self, entity, person, absent: np.zeros(len(entity), dtype=bool)
    )


def test_planted_missing_second_person_rule_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, dpd = proposed()
    forgetful(monkeypatch)
    with pytest.raises(InvariantViolation, match=rf"case of loan {LOAN}: written off by .*not three different people"):
        decisions(bench, dpd, (*BODIES[:2], (Desk.FINANCE, DIRECTOR, 14)))


@pytest.mark.planted
@pytest.mark.parametrize("paid_back", [False, True])
def test_planted_second_decision_of_one_person_is_caught_at_the_days_end_though_the_case_is_gone(
    paid_back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, dpd = proposed()
    forgetful(monkeypatch)
    bench.check_daily = True
    mail = [opinion(*body[:2], dpd, body[2]) for body in (*BODIES[:2], (Desk.FINANCE, DIRECTOR, 14))]
    with pytest.raises(
        InvariantViolation, match=rf"loan {LOAN}.*(decided twice|not three different people|was acted on twice)"
    ):
        bench.day(dpd, *mail, *([paid(dpd, hour=20)] if paid_back else []), hours=1)


@pytest.mark.requirement("APR-12.b", "NPL-08.b")
@pytest.mark.parametrize(("appointed", "reason"), [(False, Refusal.NOT_APPOINTED), (True, Refusal.SAME_PERSON)])
def test_nobody_decides_twice_in_anothers_name(appointed: bool, reason: Refusal) -> None:
    bench, dpd = proposed()
    kind, rows = opinion(Desk.FINANCE, FINANCE, dpd, 14)
    rows["on_behalf_of"] = DIRECTOR
    days = {"from_day": DAY, "to_day": DAY + 400}
    duty = sample(
        WRITE_OFF.appoint, 1, at=at(dpd, 8), person=DIRECTOR, deputy=FINANCE, desk=Desk.FINANCE, operator=ADMIN, **days
    )
    mail = [opinion(*body[:2], dpd, body[2]) for body in BODIES[:2]]
    out = bench.day(dpd, *([(WRITE_OFF.appoint, duty)] if appointed else []), *mail, (kind, rows), hours=1)
    assert refusals(out) == [reason]
    assert len(out.take(WriteOffApproved)) == 0


def test_planted_write_off_before_all_means_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_off_module.WriteOffs, "exhausted", lambda self, rows: np.ones(len(rows), dtype=bool))
    bench = worked(200, skip=("legal",))
    assert len(bench.out.events_of(Event.WRITE_OFF_PROPOSED)) == 0, "its open task still holds it"
    while not len(bench.out.take(WRITE_OFF.task)):
        tasks = bench.bank.collectors.tasks
        tasks.put(np.arange(len(tasks)), state=TaskState.DONE)
        bench.day(bench.next_day - DAY)
    with pytest.raises(InvariantViolation, match="before all means of collection were exhausted"):
        decisions(bench, bench.next_day - DAY)


@pytest.mark.requirement("NPL-09.d")
def test_the_trail_of_a_write_off_is_kept() -> None:
    bench, dpd = proposed()
    decisions(bench, dpd)
    said = [(Event.WRITE_OFF_PROPOSED, 0), *((Event.WRITE_OFF_DECIDED, person) for _, person, _ in BODIES)]
    kept = [(row["event"], row["actor"]) for kind in dict(said) for row in bench.out.events_of(kind)]
    assert kept == said


@pytest.mark.requirement("NPL-08.a")
@pytest.mark.parametrize("undone", ["", "call_done", "visit_done", "legal_done"])
def test_means_are_exhausted_when_each_of_them_was_carried_out(undone: str) -> None:
    bench, _ = proposed()
    rows = bench.bank.cases.find([LOAN])
    if undone:
        bench.bank.cases[undone][rows] = 0
    assert bench.bank._write_offs.exhausted(rows).tolist() == [not undone]


@pytest.mark.requirement("NPL-08.a")
@pytest.mark.parametrize(
    ("contacts", "refused_days_ago", "ripe"), [(4, 0, True), (3, 0, False), (4, 90, True), (4, 89, False)]
)
def test_a_write_off_is_proposed_from_the_least_contacts_and_the_last_day_of_rest_on(
    contacts: int, refused_days_ago: int, ripe: bool
) -> None:
    _, dpd = proposed()
    bench = ready()
    while bench.next_day < DAY + dpd - 1:
        bench.day(bench.next_day - DAY)
    cases, rows, out = bench.bank.cases, bench.bank.cases.find([LOAN]), Outbox()
    cases["contacts"][rows] = contacts
    cases["refused_day"][rows] = bench.next_day - refused_days_ago if refused_days_ago else 0
    bench.bank._write_offs.propose(rows, np.array([bench.next_day * DAY_MS]), out)
    assert len(out.events_of(Event.WRITE_OFF_PROPOSED)) == ripe
