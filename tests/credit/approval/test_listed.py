"""Who is entered in the risk library while his case is under way is declined at the instant of approval, at the branch, by the
machine and at head office."""

from __future__ import annotations

import numpy as np
import pytest

from credit.approval.contract import ApplicationScored, CustomerListed, Event
from credit.codes import Lane, Node
from credit.contracts.contract import ApplicationApproved
from credit.customers.contract import Refusal
from credit.head_office.contract import CaseEscalated
from credit.head_office.subsystem import HeadOfficeSubsystem
from credit.mail import Outbox
from credit.room import Kind, Rows
from credit.times import HOUR_MS
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
    scored,
)
from tests.rows import sample

TEN, ELEVEN = NINE + HOUR_MS, NINE + 2 * HOUR_MS
ENTRY = 7_000_000_001


def listed(at: int = NINE, customer: int = CASE, case: int = ENTRY, removed: int = 0) -> tuple[Kind, Rows]:
    return CustomerListed, sample(CustomerListed, 1, at=at, customer=customer, branch=1, case=case, removed=removed)


def ends(out: Outbox) -> tuple[int, list[int]]:
    """(approvals, reasons of declines)."""
    return len(out.take(ApplicationApproved)), out.events_of(Event.APPLICATION_DECLINED)["reason"].tolist()


@pytest.mark.requirement("EXT-08.b")
@pytest.mark.parametrize(
    ("at", "customer", "expected"),
    [
        (NINE, CASE, (0, [Refusal.LIST_INTERNAL])),
        (ELEVEN, CASE, (0, [Refusal.LIST_INTERNAL])),
        (ELEVEN + 1, CASE, (1, [])),
        (NINE, CASE + 1, (1, [])),
    ],
)
def test_the_library_is_consulted_when_the_second_person_approves(
    at: int, customer: int, expected: tuple[int, list[int]]
) -> None:
    branch = desk()
    mail = opinion(INITIAL, Node.INITIAL, TEN), opinion(RE_REVIEWER, Node.RE_REVIEW, ELEVEN)
    run(branch, (ApplicationScored, manual()), mail[0])
    assert ends(run(branch, listed(at, customer), mail[1])) == expected


@pytest.mark.requirement("EXT-08.b")
def test_the_machine_consults_it_too() -> None:
    assert ends(run(desk(), (ApplicationScored, scored(lane=Lane.AUTOMATIC)), listed())) == (0, [Refusal.LIST_INTERNAL])


@pytest.mark.requirement("EXT-08.b")
def test_and_head_office() -> None:
    office = desk(HeadOfficeSubsystem)
    mail = (CaseEscalated, escalated([Node.FINAL])), opinion(FINAL, Node.FINAL, TEN)
    assert ends(run(office, listed(), *mail)) == (0, [Refusal.LIST_INTERNAL])
    assert ends(run(desk(HeadOfficeSubsystem), *mail)) == (1, [])


def test_an_entry_is_kept_as_long_as_a_case_may_last() -> None:
    branch = desk()
    run(branch, listed())
    assert len(branch.tables["listed"]) == 1
    run(branch, window=day_window(91))
    assert len(branch.tables["listed"]) == 0


@pytest.mark.requirement("EXT-09.c")
@pytest.mark.parametrize(
    ("removed", "again", "expected"),
    [
        (TEN, None, (1, [])),
        (ELEVEN, None, (1, [])),
        (ELEVEN + 1, None, (0, [Refusal.LIST_INTERNAL])),
        (TEN, TEN + 1, (0, [Refusal.LIST_INTERNAL])),
    ],
)
def test_who_has_left_the_library_is_blocked_no_more(
    removed: int, again: int | None, expected: tuple[int, list[int]]
) -> None:
    branch = desk()
    mail = opinion(INITIAL, Node.INITIAL, TEN), opinion(RE_REVIEWER, Node.RE_REVIEW, ELEVEN)
    run(branch, (ApplicationScored, manual()), mail[0])
    told = [listed()[1], listed(removed, removed=1)[1], *([listed(again)[1]] if again else [])]
    assert ends(run(branch, (CustomerListed, np.concatenate(told)), mail[1])) == expected


def test_who_leaves_without_having_been_there_is_not_entered() -> None:
    branch = desk()
    run(branch, listed(removed=1))
    assert len(branch.tables["listed"]) == 0


@pytest.mark.requirement("EXT-09.a")
def test_who_is_stopped_by_the_library_here_is_told_for_which_application() -> None:
    branch = desk()
    told = np.concatenate([listed(case=ENTRY)[1], listed(NINE + 1, case=ENTRY + 1)[1]])
    out = run(branch, (ApplicationScored, scored(lane=Lane.AUTOMATIC)), (CustomerListed, told))
    assert out.events_of(Event.APPLICATION_DECLINED)["value"].tolist() == [ENTRY + 1]
