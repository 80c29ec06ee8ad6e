"""The roster: who works at which desk, from a scenario's staffing table, with annual leave and the absences of its fault
timeline. A person's id, leave and luck are keyed by who they are, never by how many others there are, so hiring one
more re-reviewer changes nobody else; the whole bank's roster is the same on every shard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, permutations

import numpy as np

from credit.bank import desks
from credit.masks import true_rows
from credit.numbers import person_of
from credit.room import DeskCode
from credit.times import Ints, date_of, day_number
from sim.randomness import PPM, Draw
from sim.staff.hours import OFFICE, DayMask, Shift
from sim.staff.people import Period, Person, label_of, presence

LEAVE_DAYS = 10
"""Workdays of annual leave (年假) a year, where nothing else is said."""
_SPELLS = 3

Staffing = Mapping[str, int]
"""People a desk at one branch: ``{"initial_approver": 4, "re_reviewer": 2}``."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A fault: `share_ppm` of the people of `role` (and `branch`; None = all branches) are away from day to day."""

    role: int
    from_day: int
    to_day: int
    share_ppm: int
    branch: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share_ppm <= PPM:
            raise ValueError(
                f"absence of {label_of(self.role)}: share must lie in 0 to {PPM} ppm, got {self.share_ppm}"
            )
        if self.to_day < self.from_day:
            raise ValueError(
                f"absence of {label_of(self.role)}: ends {date_of(self.to_day)}, before it begins {date_of(self.from_day)}"
            )


def roles_of(staffing: Staffing) -> list[tuple[DeskCode, int]]:
    """Desks and head counts of a staffing table in order; ValueError on an unknown desk or a negative count."""
    labels = desks()
    unknown = [name for name in staffing if name not in labels]
    if unknown:
        raise ValueError(f"unknown desk {unknown[0]!r} in the staffing table; known: {', '.join(labels)}")
    negative = [name for name, count in staffing.items() if count < 0]
    if negative:
        raise ValueError(f"staffing of {negative[0]} must not be negative, got {staffing[negative[0]]}")
    return sorted((labels[name], count) for name, count in staffing.items() if count)


def build_roster(
    seed: int,
    staffing: Mapping[int, Staffing],
    is_workday: DayMask,
    first_day: int,
    days: int,
    *,
    absences: Sequence[Absence] = (),
    shifts: Mapping[str, Shift] | None = None,
    leave_days: int = LEAVE_DAYS,
) -> tuple[Person, ...]:
    """People of all desks in order of id, deputies included. `staffing` maps branch → role → head count (branch 0 = head
    office); `days` from `first_day` is the span for which leave is drawn and deputies are named; `shifts` gives roles other
    hours than the office's."""
    hours = shifts or {}
    people = [
        Person(person_of(branch, role, number + 1), branch, role, shift=hours.get(role.label, OFFICE))
        for branch in sorted(staffing)
        for role, count in roles_of(staffing[branch])
        for number in range(count)
    ]
    if leave_days:
        people = _with_annual_leave(seed, people, is_workday, first_day, days, leave_days)
    people = with_absences(seed, people, absences)
    return with_deputies(people, is_workday, first_day, days)


def pools_of(people: Iterable[Person]) -> dict[tuple[int, int], tuple[Person, ...]]:
    """People by (branch, role) in ascending order, each in order of id."""
    ordered = sorted(people, key=lambda one: (one.branch, one.role, one.person, one.on_behalf_of))
    return {desk: tuple(group) for desk, group in groupby(ordered, key=lambda one: (one.branch, one.role))}


# ---- leave


def spells_of(leave_days: int) -> tuple[int, ...]:
    """Workdays of the three spells of a year's leave: half of it, three tenths, the rest."""
    longest, middle = (leave_days + 1) // 2, (leave_days * 3 + 5) // 10
    return longest, middle, leave_days - longest - middle


def _with_annual_leave(
    seed: int, people: list[Person], is_workday: DayMask, first_day: int, days: int, leave_days: int
) -> list[Person]:
    """Each calendar year has one part for each spell of leave; the spell lies anywhere within its part."""
    orders = tuple(permutations(spells_of(leave_days)))
    ids = np.array([person.person for person in people], dtype=np.int64)
    leave: list[list[Period]] = [list(person.leave) for person in people]
    for year in range(date_of(first_day).year, date_of(first_day + max(days, 1) - 1).year + 1):
        first, last = day_number(dt.date(year, 1, 1)), day_number(dt.date(year, 12, 31))
        every = np.arange(first, last + 1, dtype=np.int64)
        workdays = every[is_workday(every)]
        drawn = Draw(seed, "staff.leave.order").below(len(orders), ids, year)
        for part in range(_SPELLS):
            luck = Draw(seed, f"staff.leave.start.{part}").ppm(ids, year)
            for row, (order, share) in enumerate(zip(drawn.tolist(), luck.tolist(), strict=True)):
                if orders[order][part]:
                    leave[row].append(_spell(workdays, part, orders[order][part], share))
    return [replace(person, leave=tuple(spells)) for person, spells in zip(people, leave, strict=True)]


def _spell(workdays: Ints, part: int, length: int, luck_ppm: int) -> Period:
    size = len(workdays) // _SPELLS
    start = part * size + luck_ppm * (size - length + 1) // PPM
    return int(workdays[start]), int(workdays[start + length - 1])


def with_absences(seed: int, people: Sequence[Person], absences: Sequence[Absence]) -> list[Person]:
    """People with the leave that faults impose: of each fault's people exactly the share, rounded half up, chosen by key."""
    away: dict[int, list[Period]] = {}
    for number, absence in enumerate(absences):
        scope = [
            person.person
            for person in people
            if person.role == absence.role and absence.branch in (None, person.branch) and not person.is_deputy
        ]
        count = (len(scope) * absence.share_ppm * 2 + PPM) // (2 * PPM)
        luck = Draw(seed, "staff.absence").words(np.array(scope, dtype=np.int64), number).tolist()
        for _, person in sorted(zip(luck, scope, strict=True))[:count]:
            away.setdefault(person, []).append((absence.from_day, absence.to_day))
    return [replace(one, leave=(*one.leave, *away.get(one.person, ()))) for one in people]


# ---- deputies


def with_deputies(people: Sequence[Person], is_workday: DayMask, first_day: int, days: int) -> tuple[Person, ...]:
    """The regular people plus a temporary deputy (审批代理) for each run of days on which a desk has nobody: whoever is there
    on most of these days, first from the same role at the next branches, else from another desk of the branch (APR-12)."""
    regulars = [person for person in people if not person.is_deputy]
    span = np.arange(first_day, first_day + days, dtype=np.int64)
    present = {person.person: presence(person, is_workday)(span) for person in regulars}
    work = is_workday(span)
    pools = pools_of(regulars)
    duties: dict[tuple[int, int, int], tuple[Person, list[Period]]] = {}
    for desk, members in pools.items():
        staffed = np.logical_or.reduce([present[member.person] for member in members])
        open_days = work | np.bool_(any(member.shift.always for member in members))
        candidates = _candidates(*desk, pools)
        for first, last in _runs(true_rows(open_days & ~staffed), true_rows(open_days)):
            shares = [int(present[one.person][first : last + 1].sum()) for one in candidates]
            if max(shares, default=0):
                deputy = candidates[shares.index(max(shares))]
                _, periods = duties.setdefault((*desk, deputy.person), (deputy, []))
                periods.append((int(span[first]), int(span[last])))
    named = [
        deputy.deputise(branch, role, periods, pools[branch, role][0].person)
        for (branch, role, _), (deputy, periods) in duties.items()
    ]
    return tuple(sorted((*regulars, *named), key=lambda one: (one.branch, one.role, one.person, one.on_behalf_of)))


def _runs(rows: Ints, open_rows: Ints) -> list[tuple[int, int]]:
    """First and last row of each run of `rows` that are neighbours among the days the desk is open."""
    if not len(rows):
        return []
    place = open_rows.searchsorted(rows)
    cuts = [0, *(true_rows(np.diff(place) != 1) + 1).tolist(), len(rows)]
    return [(int(rows[a]), int(rows[b - 1])) for a, b in pairwise(cuts)]


def _candidates(branch: int, role: int, pools: Mapping[tuple[int, int], tuple[Person, ...]]) -> list[Person]:
    """Same role at the branches after this one, in a circle; then the branch's other desks."""
    same = sorted((other <= branch, other) for other, desk in pools if desk == role and other != branch)
    peers = [person for _, other in same for person in pools[other, role]]
    others = [
        person for (other, desk), members in pools.items() if other == branch and desk != role for person in members
    ]
    return peers + others
