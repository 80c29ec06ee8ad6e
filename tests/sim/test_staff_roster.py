"""The roster: stable ids, ten days of leave, exact shares of absence, deputies where a desk would stand empty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.approval.contract import Desk
from credit.bank import desks
from credit.numbers import person_of
from credit.times import Ints
from sim.staff import ENDLESS, Absence, Person, build_roster, pools_of
from sim.staff.people import presence
from sim.staff.roster import spells_of, with_deputies
from tests.sim.staffing import HOLIDAY, MONDAY, clerk, is_workday

FIRST, DAYS = MONDAY - 4, 365  # 2026-01-01
STAFFING = {
    0: {"committee": 5, "final_approver": 3},
    **{b: {"initial_approver": 4, "re_reviewer": 1} for b in range(1, 7)},
}
YEAR: Ints = np.arange(FIRST, FIRST + DAYS, dtype=np.int64)


def roster(seed: int = 3, staffing: dict[int, dict[str, int]] = STAFFING, **fields: object) -> tuple[Person, ...]:
    return build_roster(seed, staffing, is_workday, FIRST, DAYS, **fields)  # type: ignore[arg-type]


def regulars(people: tuple[Person, ...]) -> list[Person]:
    return [person for person in people if not person.is_deputy]


def away(person: Person, days: Ints = YEAR) -> Ints:
    return days[is_workday(days) & ~presence(person, is_workday)(days)]


def test_ids_are_unique_and_tell_the_branch() -> None:
    people = regulars(roster())
    ids = [person.person for person in people]
    assert len(ids) == 8 + 6 * 5 == len(dict.fromkeys(ids))
    assert all(person.person // 1_000_000 == person.branch for person in people)
    full = [person_of(3, role, number) for role in desks().values() for number in range(1, 9)]
    assert len(dict.fromkeys(full)) == len(full)
    assert min(full) == 3_010_001
    assert max(full) <= 3_999_999


def test_hiring_changes_nobody_else() -> None:
    more = {**STAFFING, 2: {"initial_approver": 6, "re_reviewer": 1, "use_verifier": 2}, 9: {"finance": 3}}
    before = {person.person: person for person in regulars(roster())}
    after = {person.person: person for person in regulars(roster(staffing=more))}
    assert all(after[number] == person for number, person in before.items())
    assert len(after) == len(before) + 7


def test_everybody_has_ten_workdays_of_leave_a_year_spread_by_key() -> None:
    people = regulars(roster())
    assert [len(away(person)) for person in people] == [10] * len(people)
    assert len(dict.fromkeys(person.leave for person in people)) > len(people) * 0.9
    assert [p.leave for p in people] == [p.leave for p in regulars(roster())]
    assert [p.leave for p in people] != [p.leave for p in regulars(roster(seed=4))]


@given(st.integers(0, 60))
@settings(max_examples=15)
def test_everybody_has_as_many_workdays_of_leave_as_are_said(days: int) -> None:
    assert sum(spells_of(days)) == days
    assert min(spells_of(days)) >= 0
    assert {len(away(person)) for person in regulars(roster(leave_days=days))} == {days}


def test_leave_of_a_year_does_not_depend_on_the_length_of_the_run() -> None:
    short = regulars(build_roster(3, STAFFING, is_workday, FIRST, 30))
    assert [p.leave for p in short] == [p.leave for p in regulars(roster())]


def test_a_fault_takes_exactly_its_share_from_day_to_day() -> None:
    fault = Absence(Desk.INITIAL_APPROVER, MONDAY, MONDAY + 11, 333_333)
    people = regulars(roster(absences=[fault], leave_days=0))
    sick = [person for person in people if person.leave]
    assert len(sick) == 8  # a third of 24
    assert all(person.role == Desk.INITIAL_APPROVER and person.leave == ((MONDAY, MONDAY + 11),) for person in sick)
    other = regulars(roster(seed=5, absences=[fault], leave_days=0))
    assert [p.person for p in other if p.leave] != [p.person for p in sick]


def test_a_fault_may_strike_one_branch() -> None:
    fault = Absence(Desk.INITIAL_APPROVER, MONDAY, MONDAY, 1_000_000, branch=2)
    sick = [p.person for p in regulars(roster(absences=[fault], leave_days=0)) if p.leave]
    assert sick == [2_010_001, 2_010_002, 2_010_003, 2_010_004]


@pytest.mark.requirement("APR-12.a")
def test_every_day_a_desk_would_stand_empty_a_deputy_stands_in() -> None:
    strike = Absence(Desk.INITIAL_APPROVER, HOLIDAY + 1, HOLIDAY + 5, 1_000_000, branch=3)
    people = roster(absences=[strike])
    empty = 0
    for members in pools_of(people).values():
        own = [presence(person, is_workday)(YEAR) for person in members if not person.is_deputy]
        uncovered = YEAR[is_workday(YEAR) & ~np.logical_or.reduce(own)]
        deputies = [person for person in members if person.is_deputy]
        duty = [day for person in deputies for first, last in person.duty for day in range(first, last + 1)]
        assert all(day in duty for day in uncovered.tolist())
        assert all(deputy.person // 10_000 != deputy.branch or deputy.branch == 0 for deputy in deputies)
        empty += len(uncovered)
    assert empty >= 6 * 10 + 3  # the lone re-reviewers' leave and the struck branch


@pytest.mark.requirement("APR-12.a")
def test_the_deputy_is_the_one_present_on_most_of_the_days() -> None:
    alone = clerk(1, leave=((MONDAY, MONDAY + 4),))
    near = Person(2001, 2, Desk.INITIAL_APPROVER, leave=((MONDAY + 1, MONDAY + 4),))
    far = Person(5001, 5, Desk.INITIAL_APPROVER, leave=((MONDAY, MONDAY),))
    members = pools_of(with_deputies([alone, near, far], is_workday, FIRST, 30))[1, Desk.INITIAL_APPROVER]
    assert [(p.person, p.on_behalf_of, p.duty) for p in members] == [
        (1001, 0, ()),
        (5001, 1001, ((MONDAY, MONDAY + 4),)),
    ]


def test_a_lone_24x7_person_is_deputised_on_weekends_too() -> None:
    alone = clerk(1, shift=ENDLESS, leave=((MONDAY + 5, MONDAY + 6),))
    other = Person(2001, 2, Desk.INITIAL_APPROVER, shift=ENDLESS)
    members = pools_of(with_deputies([alone, other], is_workday, FIRST, 30))[1, Desk.INITIAL_APPROVER]
    assert members[1] == replace(other, branch=1, duty=((MONDAY + 5, MONDAY + 6),), on_behalf_of=1001)


@pytest.mark.parametrize(
    ("staffing", "message"),
    [
        ({1: {"initial_aprover": 4}}, "unknown desk 'initial_aprover'"),
        ({1: {"initial_approver": -1}}, "must not be negative"),
        ({1: {"branch_risk_director": 10_000}}, "people are numbered 1 to 9999, asked for 10000"),
    ],
)
def test_an_impossible_staffing_table_is_refused(staffing: dict[int, dict[str, int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        roster(staffing=staffing)


@pytest.mark.parametrize(("days", "share"), [((5, 4), 1), ((4, 5), -1), ((4, 5), 1_000_001)])
def test_an_impossible_absence_is_refused(days: tuple[int, int], share: int) -> None:
    with pytest.raises(ValueError, match="absence of finance"):
        Absence(desks()["finance"], *days, share)
