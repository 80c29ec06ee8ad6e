"""Supplements: who is sent back brings what was named, in time, and goes on where he was sent back; all of it in the trail."""

from __future__ import annotations

import pytest

from credit.approval.contract import DESK, ApplicationScored, ApplicationSupplemented
from credit.approval.contract import Event as ApprovalEvent
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.approval.subsystem import ApprovalSubsystem
from credit.approval.trail import trail
from credit.codes import FileFormat, Material, Node, Verdict
from credit.customers.contract import (
    Event,
    FileMaterial,
    HandInMaterials,
    Refusal,
    SupplementAsked,
    SupplementRequested,
)
from credit.customers.subsystem import CustomersSubsystem
from credit.head_office.contract import CaseEscalated
from credit.head_office.subsystem import HeadOfficeSubsystem
from credit.mail import Outbox
from credit.numbers import occasion_of, task_of
from credit.policies import load
from credit.policies.materials import MaterialPolicy
from credit.room import Kind, Rows
from credit.subsystem import Subsystem
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.credit.applications.builders import Run, no_hit, walk
from tests.credit.approval.builders import (
    CASE,
    FINAL,
    INITIAL,
    NINE,
    RE_REVIEWER,
    day_window,
    desk,
    escalated,
    manual,
    opinion,
    run,
)
from tests.rows import sample

INCOME, WORK = int(Material.INCOME_PROOF), int(Material.WORK_PROOF)
BACK = {"verdict": Verdict.RETURN, "materials": INCOME | WORK}
TOLD = NINE + HOUR_MS
WAIT_DAYS = load("materials", MaterialPolicy).wait_days


def sent_back(subsystem: Subsystem, out: Outbox) -> Rows:
    """The mail by which a case goes back to its customer; the room has no more of it."""
    assert len(subsystem.export_state()["cases"]) == len(subsystem.export_state()["tasks"]) == 0
    return out.take(SupplementAsked)


def asked() -> Rows:
    subsystem = desk()
    out = run(subsystem, (ApplicationScored, manual()), opinion(INITIAL, Node.INITIAL, TOLD, **BACK))
    rows = sent_back(subsystem, out)
    rows["missing"] = WORK
    return rows


def file(material: int, minutes: int) -> tuple[Kind, Rows]:
    about = {"format": FileFormat.PDF, "size": 9, "digest": f"{material:064x}"}
    at = TOLD + minutes * MINUTE_MS
    return FileMaterial, sample(FileMaterial, at=at, case=CASE, material=material, request=minutes + 100, **about)


def hand_in(minutes: int) -> tuple[Kind, Rows]:
    return HandInMaterials, sample(HandInMaterials, at=TOLD + minutes * MINUTE_MS, case=CASE, request=minutes + 500)


def told(*words: tuple[Kind, Rows], days: int = 1) -> Run:
    """What the customers' room makes of a case that was sent back for files that it has, and of what its customer does."""
    room = CustomersSubsystem.build()
    for material in (INCOME, WORK):
        room.materials.file(file(material, -30)[1])
    spans = [day_window(n) for n in range(days)]
    return walk(room, [(SupplementAsked, asked()), *words], spans, no_hit)


@pytest.mark.requirement("APP-19.a")
def test_who_sends_a_case_back_names_what_is_missing_and_the_customer_is_told() -> None:
    [row] = asked()
    assert (row["asked"], row["path"] & 2, row["previous"]) == (INCOME | WORK, 1 << Node.INITIAL, 0)
    customers, out = told(), Outbox()
    assert customers.events_of(Event.SUPPLEMENT_AWAITED)[["at", "value"]].tolist() == [(TOLD, INCOME | WORK)]
    room = CustomersSubsystem.build()
    room.supplements.ask(asked(), out)
    [request] = out.take(SupplementRequested)
    assert (request["materials"], request["expires_at"]) == (INCOME | WORK, TOLD + WAIT_DAYS * DAY_MS)


@pytest.mark.parametrize(
    "said",
    [
        {"verdict": Verdict.RETURN, "materials": 0},
        {"verdict": Verdict.RETURN, "materials": int(Material.TAX_PROOF)},
        {"verdict": Verdict.RETURN, "materials": -1},
        {"verdict": Verdict.APPROVE, "materials": INCOME},
    ],
)
def test_what_is_not_named_or_not_the_products_sends_nobody_back(said: dict[str, int]) -> None:
    out = run(desk(), (ApplicationScored, manual()), opinion(INITIAL, Node.INITIAL, TOLD, **said))
    assert out.events_of(ApprovalEvent.DECISION_REFUSED)["reason"].tolist() == [ApprovalRefusal.SUPPLEMENT_UNNAMED]
    assert not len(out.take(SupplementAsked))


@pytest.mark.requirement("APP-19.b")
def test_only_what_was_named_and_came_since_lets_a_case_go_on() -> None:
    lacking = told(file(INCOME, -5), file(INCOME, 1), hand_in(2))
    assert lacking.events_of(Event.MATERIAL_REFUSED)[["reason", "value"]].tolist() == [
        (Refusal.MATERIALS_CLOSED, INCOME),
        (Refusal.DOCUMENT_MISSING, WORK),
    ]
    assert not len(lacking.sent(ApplicationSupplemented))
    whole = told(file(INCOME, 1), file(WORK, 2), hand_in(3), hand_in(4), file(WORK, 5))
    [row] = whole.sent(ApplicationSupplemented)
    assert (row["documents"], row["missing"]) == (manual()["documents"][0] | INCOME | WORK, 0)
    assert whole.events_of(Event.MATERIAL_REFUSED)["reason"].tolist() == [Refusal.MATERIALS_CLOSED] * 2


@pytest.mark.requirement("APP-19.c")
def test_a_case_whose_supplements_do_not_come_is_closed_to_the_millisecond() -> None:
    overdue = told(file(INCOME, 1), days=WAIT_DAYS + 1)
    closed = overdue.events_of(Event.MATERIALS_OVERDUE)
    assert closed[["at", "reason"]].tolist() == [(TOLD + WAIT_DAYS * DAY_MS, Refusal.DOCUMENT_MISSING)]


@pytest.mark.requirement("APP-19.b", "APP-19.d")
def test_it_goes_on_where_it_was_sent_back_and_still_needs_two_people() -> None:
    branch = desk()
    first = run(branch, (ApplicationScored, manual()), opinion(INITIAL, Node.INITIAL, TOLD))
    later = TOLD + HOUR_MS
    back = run(branch, opinion(RE_REVIEWER, Node.RE_REVIEW, later, **BACK))
    asked_again = sent_back(branch, back)
    come = ApplicationSupplemented.carry(asked_again, at=later + HOUR_MS)
    resumed = run(branch, (ApplicationSupplemented, come))
    [task] = resumed.take(DESK.task)
    number = task_of(CASE, occasion_of(1, Node.RE_REVIEW))
    assert (task["desk"], task["task"], task["excluded"]) == (Node.RE_REVIEW, number, INITIAL)
    refused = run(branch, opinion(INITIAL, Node.RE_REVIEW, later + 2 * HOUR_MS, task=number))
    assert len(refused.events_of(ApprovalEvent.DECISION_REFUSED)) == 1
    granted = run(branch, opinion(RE_REVIEWER, Node.RE_REVIEW, later + 3 * HOUR_MS, task=number))
    events = [rows for out in (first, back, resumed, granted) for rows in out.events]
    said = [(one.node, one.verdict, one.round) for one in trail(_joined(events), CASE)]
    assert said == [
        (Node.INITIAL, Verdict.APPROVE, 0),
        (Node.RE_REVIEW, Verdict.RETURN, 0),
        (Node.RE_REVIEW, Verdict.APPROVE, 1),
    ]


def test_a_case_that_head_office_sent_back_comes_to_head_office_again() -> None:
    higher = desk(HeadOfficeSubsystem)
    out = run(higher, (CaseEscalated, escalated([Node.FINAL])), opinion(FINAL, Node.FINAL, TOLD, **BACK))
    come = ApplicationSupplemented.carry(sent_back(higher, out), at=TOLD + HOUR_MS)
    [again] = run(desk(ApprovalSubsystem), (ApplicationSupplemented, come)).take(CaseEscalated)
    assert (again["path"], again["previous"], again["round"]) == (1 << Node.FINAL, RE_REVIEWER, 1)


def _joined(parts: list[Rows]) -> Rows:
    run = Run()
    run.events = parts
    return run.all_events()
