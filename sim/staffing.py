"""A scenario's staff: how many people each desk has, who they are, when they are away, and what the bank's own register and
deputies say of them. One roster for the whole bank; a shard takes the desks of its branches, head office its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from credit.bank import desks
from credit.calendar import is_workday
from credit.errors import CreditError
from credit.numbers import HEAD_OFFICE, PEOPLE_MAX
from credit.policies import load
from credit.policies.approval import ApprovalPolicy
from credit.post_loan.contract import Desk as CustomerManagers
from credit.room import DeskCode, Kind, Rows
from credit.staff import ADMINISTRATOR_DESK, StaffRegister
from credit.subsystem import Window
from credit.times import DAY_MS, MINUTE_MS, NEVER, Ints, day_number
from scenarios.model import Scenario
from scenarios.staff import DeskStaff
from sim.away import apart, away_from_desk
from sim.staff.desks import Desks
from sim.staff.hours import Shift
from sim.staff.people import Person, hours_of
from sim.staff.roster import Absence, build_roster


@dataclass(frozen=True)
class Staffing:
    """The people of a bank under one scenario and seed."""

    people: tuple[Person, ...]
    first_day: int

    def desks(self, branches: Ints, roles: Iterable[DeskCode]) -> Desks:
        """The desks of some roles at some branches (0 = head office)."""
        places, wanted = set(branches.tolist()), {int(role) for role in roles}
        mine = [
            replace(one, skills=one.seat) for one in self.people if one.branch in places and int(one.role) in wanted
        ]
        return Desks(mine, is_workday, self.first_day)

    def register(self) -> StaffRegister:
        """The bank's register of the regular people; deputies are appointed, not registered."""
        return StaffRegister.of((one.person, one.branch, int(one.role)) for one in self.people if not one.is_deputy)

    def appointments(self, kind: Kind, branches: Ints, desks: Iterable[int]) -> Rows:
        """The administrator's appointments to some desks at some branches, one a spell, each given when he comes to work on the
        spell's first day or the last before it; none where the administrator's desk is empty (APR-12)."""
        places, wanted = set(branches.tolist()), {int(desk) for desk in desks}
        at_work = Administrators(self.people, self.first_day)
        rows = [
            (came[0], one.on_behalf_of, one.person, int(one.role), first, last, came[1])
            for one in self.people
            if one.is_deputy and one.branch in places and int(one.role) in wanted
            for first, last in one.duty
            if (came := at_work.before(first * DAY_MS + one.shift.spans[0][0] * MINUTE_MS)) is not None
        ]
        appointed = kind.empty(len(rows))
        names = ("at", "person", "deputy", "desk", "from_day", "to_day", "operator")
        for name, column in zip(names, zip(*rows, strict=True), strict=False):
            appointed[name] = column
        return appointed


class Administrators:
    """When the bank's administrators come to work, and who of them first."""

    def __init__(self, people: Iterable[Person], first_day: int) -> None:
        mine = [one for one in people if one.role == ADMINISTRATOR_DESK and not one.is_deputy]
        self._hours = [(hours_of(one, is_workday, first_day), one.person) for one in mine]
        self._first = first_day

    def before(self, at: int) -> tuple[int, int] | None:
        """The last coming to work at or before an instant, and whose it is; the first of the run where there is none before it;
        None where nobody ever comes."""
        for day in range(at // DAY_MS, self._first - 1, -1):
            came = [(opens, one) for opens, one in self._openings(day * DAY_MS) if day * DAY_MS <= opens <= at]
            if came:
                return min(came)
        return min(self._openings(self._first * DAY_MS), default=None)

    def _openings(self, at: int) -> list[tuple[int, int]]:
        return [(max(opens, at), one) for hours, one in self._hours for opens in hours.opening(at)[:1] if opens < NEVER]


class StaffError(CreditError):
    """A staff that a bank can't have."""


class Headcount(NamedTuple):
    """People at a desk: at each branch, and at head office."""

    per_branch: int
    head_office: int


def headcounts(scenario: Scenario) -> dict[str, Headcount]:
    """How many people sit at each desk of the bank: as the scenario says, or where it asks for it (`scale`) in the measure of
    its volume, and then at least two at a desk that has any, and a quorum at the committee's."""
    declared, factor = scenario.staff.desks(), _factor(scenario)
    quorum = _quorum(scenario)
    return {
        label: Headcount(
            _count(label, "per_branch", declared[desk].per_branch, factor, quorum),
            _count(label, "head_office", declared[desk].head_office, factor, quorum),
        )
        for label, desk in desks().items()
    }


def build_staffing(scenario: Scenario, seed: int) -> Staffing:
    """The roster of a scenario: its head counts, leave drawn, absences imposed. StaffError when a desk would have more people
    than there are numbers."""
    heads = headcounts(scenario)
    _check_quorum(scenario, heads)
    counts = {HEAD_OFFICE: {label: of.head_office for label, of in heads.items()}}
    at_branch = {label: of.per_branch for label, of in heads.items()}
    counts |= dict.fromkeys(range(1, scenario.bank.branches + 1), at_branch)
    first = day_number(scenario.run.start)
    return Staffing(_once_appointed(_cut_off(scenario, _roster(scenario, seed, counts)), first), first)


def managers(scenario: Scenario, seed: int) -> list[Person]:
    """The customer managers of the branches as in the whole roster, in the order of their numbers, without deputies: who each
    one is, and when he is away, hangs on nobody of another desk."""
    label = CustomerManagers.CUSTOMER_MANAGER.label
    each = {label: headcounts(scenario)[label].per_branch}
    people = _roster(scenario, seed, dict.fromkeys(range(1, scenario.bank.branches + 1), each))
    return [one for one in people if not one.is_deputy]


def _roster(scenario: Scenario, seed: int, counts: Mapping[int, Mapping[str, int]]) -> tuple[Person, ...]:
    """So many people at the desks of each place, with leave and absences."""
    rules = scenario.staff.desks()
    return build_roster(
        seed,
        counts,
        is_workday,
        day_number(scenario.run.start),
        scenario.run.days + 30,
        absences=_absences(scenario),
        shifts={label: _shift(rules[desk]) for label, desk in desks().items()},
        leave_days=scenario.staff.leave_days_per_year,
    )


def _quorum(scenario: Scenario) -> int:
    return load("approval", ApprovalPolicy, scenario.policies).committee_quorum


def _check_quorum(scenario: Scenario, heads: Mapping[str, Headcount]) -> None:
    """A committee that never has its quorum decides nothing (APR-02)."""
    members, quorum = heads["committee"].head_office, _quorum(scenario)
    if members < quorum:
        raise StaffError(
            f"staff.committee.head_office: {members}; the committee decides with {quorum} members at least "
            f"(policies.approval.committee_quorum)"
        )


class DeputySource:
    """Mails the administrator's appointments when the run opens: by kind, whose desks they are."""

    def __init__(self, desks: Mapping[Kind, Iterable[int]], staffing: Staffing, branches: Ints) -> None:
        mail = ((kind, staffing.appointments(kind, branches, mine)) for kind, mine in desks.items())
        self._mail = [(kind, rows) for kind, rows in mail if len(rows)]
        self._stamps = sorted({at for _, rows in self._mail for at in rows["at"].tolist()})
        self._told_until = 0

    def mail(self, window: Window) -> list[tuple[Kind, Rows]]:
        """The appointments stamped in this window."""
        self._told_until = window.until
        if not any(window.start <= at < window.until for at in self._stamps):
            return []
        now = [(kind, rows[(rows["at"] >= window.start) & (rows["at"] < window.until)]) for kind, rows in self._mail]
        return [(kind, rows) for kind, rows in now if len(rows)]

    def due(self) -> int:
        """When the next appointment is stamped."""
        return next((at for at in self._stamps if at >= self._told_until), NEVER)


def _factor(scenario: Scenario) -> Fraction | None:
    """Customers a day over the volume for which the counts hold; None where the scenario's counts are to be taken as they are."""
    if not scenario.staff.scale:
        return None
    days = scenario.run.arrival_days or scenario.run.days
    return Fraction(scenario.run.customers, days * scenario.staff.scale_per_day)


def _count(label: str, field: str, people: int, factor: Fraction | None, quorum: int) -> int:
    least = max(2, quorum) if label == "committee" else 2
    count = people if factor is None or not people else max(least, math.ceil(people * factor))
    if count > PEOPLE_MAX:
        asked = f"{people}" if factor is None else f"{people}, scaled to {count} by the volume"
        raise StaffError(f"staff.{label}.{field}: {asked}; a desk may have at most {PEOPLE_MAX} people at one place")
    return count


def _cut_off(scenario: Scenario, people: tuple[Person, ...]) -> tuple[Person, ...]:
    """The people, of whom none can work at a desk while the bank's system or the branch is away."""
    if not any(fault.strikes_the_bank for fault in scenario.faults):
        return people
    away = {
        desk: away_from_desk(scenario, *desk) for desk in dict.fromkeys((one.branch, int(one.role)) for one in people)
    }
    return tuple(replace(one, away=away[one.branch, int(one.role)]) for one in people)


def _once_appointed(people: tuple[Person, ...], first_day: int) -> tuple[Person, ...]:
    """The people, of whom no deputy works before he is appointed: at the beginning of a run the administrator may come to work
    after a desk's hours have begun."""
    since, _ = Administrators(people, first_day).before(first_day * DAY_MS) or (NEVER, 0)
    before = ((first_day * DAY_MS, since),)
    return tuple(replace(one, away=apart((*before, *one.away))) if one.is_deputy else one for one in people)


def _absences(scenario: Scenario) -> list[Absence]:
    found = []
    for fault in scenario.faults:
        if fault.kind == "absence":
            last = max(fault.start_ms, fault.end_ms - 1) // DAY_MS
            found.append(Absence(desks()[fault.target], fault.start_ms // DAY_MS, last, fault.share_ppm))
    return found


def _shift(its: DeskStaff) -> Shift:
    start, end = its.shift_start_minute, its.shift_end_minute
    rest, back = its.break_start_minute, its.break_end_minute
    spans = ((start, rest), (back, end)) if start < rest < back < end else ((start, end),)
    return Shift(spans=spans, always=its.every_day)
