"""Customer managers as customers meet them, and administrators as deputies do: who is there when."""

from __future__ import annotations

import numpy as np

from credit.calendar import is_workday
from credit.numbers import HEAD_OFFICE
from credit.post_loan.contract import Desk
from credit.staff import ADMINISTRATOR_DESK
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, Ints, day_number
from scenarios.loading import load_scenario
from scenarios.model import Scenario
from sim.staff.managers import Managers
from sim.staff.people import hours_of, presence
from sim.staffing import Administrators, Staffing, build_staffing, managers

SEED = 7
YEAR = {"run.days": 365, "run.start": "2026-01-01", "bank.branches": 2}
MONDAY = day_number(load_scenario("baseline", YEAR).run.start) + 4
OPENS = 510 * MINUTE_MS


def bank(**changes: object) -> Scenario:
    return load_scenario("baseline", YEAR | {name.replace("__", "."): value for name, value in changes.items()})


def column(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def test_managers_are_those_of_the_whole_roster() -> None:
    scenario = bank()
    whole = [one for one in build_staffing(scenario, SEED).people if one.role == Desk.CUSTOMER_MANAGER]
    assert managers(scenario, SEED) == [one for one in whole if not one.is_deputy]


def test_a_customer_is_seen_to_by_his_own_manager_or_by_the_next_one_who_is_there() -> None:
    """Every hour of a quarter: whoever sees to him is at work then, and it is a colleague only where his own is not."""
    scenario = bank()
    of = Managers(scenario, SEED)
    people = {one.person: one for one in managers(scenario, SEED)}
    at = (MONDAY * DAY_MS + np.arange(90 * 24) * HOUR_MS).astype(np.int64)
    party, branch = np.arange(len(at)) % 7, np.full(len(at), 2)
    own, seen_to = of.own(branch, party), of.at_work(branch, party, at)
    there = {
        person: np.array([hours_of(one, is_workday, MONDAY - 4).opening(int(when))[0] <= when for when in at])
        for person, one in people.items()
        if one.branch == 2
    }
    anybody = np.any(list(there.values()), axis=0)
    assert (seen_to > 0).tolist() == anybody.tolist()
    assert all(there[person][row] for row, person in enumerate(seen_to.tolist()) if person)
    own_is_there = np.array([there[person][row] for row, person in enumerate(own.tolist())])
    assert (seen_to[own_is_there] == own[own_is_there]).all()
    assert (anybody & ~own_is_there).any(), "somebody was on leave"


def test_who_comes_while_nobody_is_there_is_seen_to_when_the_next_one_comes() -> None:
    of = Managers(bank(staff__leave_days_per_year=0), SEED)
    days = [MONDAY, MONDAY, MONDAY, MONDAY - 1, MONDAY + 5]
    came = column(*days) * DAY_MS + column(7, 10, 12, 10, 20) * HOUR_MS
    at, person = of.attended(np.full(5, 1), np.zeros(5, dtype=np.int64), came)
    lunch_is_over, next_monday = MONDAY * DAY_MS + 13 * HOUR_MS, (MONDAY + 7) * DAY_MS + OPENS
    sunday_to_make_up = (MONDAY - 1) * DAY_MS + 10 * HOUR_MS
    assert at.tolist() == [MONDAY * DAY_MS + OPENS, came[1], lunch_is_over, sunday_to_make_up, next_monday]
    assert (person > 0).all()


def test_a_branch_without_its_managers_has_its_customers_wait_for_them() -> None:
    fault = {"kind": "absence", "target": "customer_manager"}
    fault |= {"start": "2026-01-05T00:00:00", "end": "2026-01-08T00:00:00"}
    of = Managers(bank(faults=[fault], staff__leave_days_per_year=0), SEED)
    came = column(MONDAY * DAY_MS + 10 * HOUR_MS)
    at, _ = of.attended(column(1), column(0), came)
    assert at.tolist() == [(MONDAY + 3) * DAY_MS + OPENS]
    assert of.at_work(column(1), column(0), came).tolist() == [0]


def test_deputies_are_appointed_while_the_administrator_is_at_work_and_do_nothing_before() -> None:
    """Among them who stands in for a desk that works on the holiday with which the run begins, when no administrator is there."""
    fault = {"kind": "absence", "target": "finance"}
    fault |= {"start": "2026-01-01T00:00:00", "end": "2026-01-08T00:00:00"}
    scenario = bank(faults=[fault], staff__finance__every_day=True)
    staffing: Staffing = build_staffing(scenario, SEED)
    first = staffing.first_day
    deputies = [one for one in staffing.people if one.is_deputy]
    heads = {one.person: one for one in staffing.people if one.role == ADMINISTRATOR_DESK and one.branch == HEAD_OFFICE}
    came = Administrators(staffing.people, first)
    assert any(begins == first for one in deputies for begins, _ in one.duty)
    for one in deputies:
        for begins, _ in one.duty:
            opens = begins * DAY_MS + one.shift.spans[0][0] * MINUTE_MS
            found = came.before(opens)
            assert found is not None
            at, who = found
            day = np.array([at // DAY_MS])
            assert at % DAY_MS == OPENS
            assert presence(heads[who], is_workday)(day).all()
            assert at <= opens or one.away[0] == (first * DAY_MS, at)
