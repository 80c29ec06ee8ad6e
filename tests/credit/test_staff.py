"""The staff register: seats, head office's desks, deputies by name, and columns that can not be."""

from __future__ import annotations

import numpy as np
import pytest

from credit.approval.contract import Desk as ApprovalDesk
from credit.collections.contract import Desk as CollectionDesk
from credit.head_office.contract import Desk as HeadOfficeDesk
from credit.rows import only
from credit.staff import StaffRegister, branch_of_desk

REGISTER = StaffRegister.of(
    [
        (10_001, 1, ApprovalDesk.INITIAL_APPROVER),
        (10_001, 1, ApprovalDesk.RE_REVIEWER),
        (20_001, 2, ApprovalDesk.INITIAL_APPROVER),
        (200, 0, HeadOfficeDesk.FINAL_APPROVER),
    ]
)


@pytest.mark.parametrize(
    ("person", "branch", "desk", "may"),
    [
        (10_001, 1, ApprovalDesk.INITIAL_APPROVER, True),
        (10_001, 1, ApprovalDesk.RE_REVIEWER, True),
        (10_001, 2, ApprovalDesk.INITIAL_APPROVER, False),
        (20_001, 2, ApprovalDesk.INITIAL_APPROVER, True),
        (20_001, 2, ApprovalDesk.RE_REVIEWER, False),
        (200, 1, HeadOfficeDesk.FINAL_APPROVER, True),
        (200, 2, HeadOfficeDesk.FINAL_APPROVER, True),
        (200, 1, HeadOfficeDesk.COMMITTEE, False),
        (0, 1, ApprovalDesk.INITIAL_APPROVER, False),
        (-10_001, 1, ApprovalDesk.INITIAL_APPROVER, False),
        (10_001, 1, 99, False),
        (10_001, 1, 10**9, False),
    ],
)
def test_a_person_acts_at_the_own_desk_of_the_own_branch_only(person, branch, desk, may):
    assert bool(REGISTER.may_act([person], [branch], [desk])[0]) is may


@pytest.mark.requirement("APR-12.a")
def test_a_deputy_needs_an_absent_person_who_holds_the_desk():
    def may(deputy: int, absent: int) -> bool:
        return bool(REGISTER.may_act([deputy], [1], [ApprovalDesk.INITIAL_APPROVER], [absent])[0])

    assert may(20_001, 10_001)
    assert not may(20_001, 200), "the absent person does not hold the desk"
    assert not may(10_001, 10_001), "nobody stands in for oneself"
    assert not may(99_999, 10_001), "nobody knows the deputy"


def test_whole_columns_are_answered_at_once():
    may = REGISTER.may_act(np.array([10_001, 20_001, 200]), np.array([1, 1, 7]), np.array([1, 1, 4]))
    assert may.tolist() == [True, False, True]
    assert branch_of_desk(
        [1, 2, 3], [ApprovalDesk.INITIAL_APPROVER, HeadOfficeDesk.COMMITTEE, CollectionDesk.FINANCE]
    ).tolist() == [1, 0, 0]
    assert REGISTER.people_at(2, HeadOfficeDesk.FINAL_APPROVER).tolist() == [200]
    assert len(REGISTER) == 4


def test_an_empty_register_lets_nobody_act():
    assert StaffRegister.of([]).may_act([10_001], [1], [1]).tolist() == [False]


@pytest.mark.parametrize("seat", [(0, 1, 1), (1, -1, 1), (1, 1_000, 1), (1, 1, 0), (1, 1, 100)])
def test_a_seat_that_can_not_be_is_refused_with_its_numbers(seat):
    with pytest.raises(ValueError, match=f"person {seat[0]}, branch {seat[1]}, desk {seat[2]}"):
        StaffRegister.of([seat])


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="they must be equal"):
        StaffRegister([1, 2], [1], [1, 1])


def test_choosing_every_row_copies_nothing():
    rows = np.arange(3)
    assert only(rows, np.array([True, True, True])) is rows
    assert only(rows, np.array([True, False, True])).tolist() == [0, 2]
