"""Who works at the bank: one person at a desk, with shift, leave, speed and skills. A person is plain immutable
data; what they are doing at the moment belongs to their pool."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from credit.room import DESKS
from credit.times import Bools, Ints
from sim.staff.hours import OFFICE, Away, DayMask, Shift, WorkingHours, covered_days

NORMAL_SPEED_PPM = 1_000_000

_SEATS = 62
"""People at one desk whose own tasks are told apart."""
Period = tuple[int, int]
"""Day numbers (from, to), both included."""


def label_of(role: int) -> str:
    """The name of a desk in scenario files."""
    return DESKS[role].label if role in DESKS else f"desk {role}"


@dataclass(frozen=True, slots=True)
class Person:
    """One member of staff at one desk: `role` is the desk's number (a `DeskCode`), `leave` are days off; `away` times at
    which nothing can be done at the desk; `speed_ppm` 1,000,000 does the work in its declared time; `skills` is a bit set.
    A deputy is a person with `on_behalf_of` and `duty`, the days on which they may begin work."""

    person: int
    branch: int
    role: int
    shift: Shift = OFFICE
    leave: tuple[Period, ...] = ()
    speed_ppm: int = NORMAL_SPEED_PPM
    skills: int = 0
    on_behalf_of: int = 0
    duty: tuple[Period, ...] = ()
    away: Away = ()

    def __post_init__(self) -> None:
        if self.speed_ppm <= 0:
            raise ValueError(f"person {self.person}: speed_ppm must be > 0, got {self.speed_ppm}")
        if self.person <= 0:
            raise ValueError(f"person id must be > 0 (0 means nobody), got {self.person}")
        for first, last in (*self.leave, *self.duty):
            if last < first:
                raise ValueError(f"person {self.person}: period ends on day {last}, before it begins on day {first}")

    @property
    def seat(self) -> int:
        """The skill that nobody else at the desk has: to do what is meant for this person, or whom he stands in for."""
        return 1 << (self.on_behalf_of or self.person) % _SEATS

    @property
    def is_deputy(self) -> bool:
        """True for a temporary deputy (审批代理) from another desk."""
        return self.on_behalf_of != 0

    def deputise(self, branch: int, role: int, duty: Iterable[Period], on_behalf_of: int) -> Person:
        """This person as a deputy at another desk in some periods, first and last day included (APR-12)."""
        return replace(self, branch=branch, role=role, duty=tuple(duty), on_behalf_of=on_behalf_of)


def seats_of(people: Ints) -> Ints:
    """The skill that a task needs which is meant for somebody; 0 for nobody."""
    return np.where(people > 0, np.int64(1) << people % _SEATS, 0)


def presence(person: Person, is_workday: DayMask) -> DayMask:
    """Mask of the days on which a person is at work: workdays (every day for a 24x7 shift) without their leave."""
    away = covered_days(person.leave)

    def mask(days: Ints) -> Bools:
        return ~away(days) if person.shift.always else is_workday(days) & ~away(days)

    return mask


def hours_of(person: Person, is_workday: DayMask, first_day: int) -> WorkingHours:
    """Working hours of a person from `first_day` on."""
    return WorkingHours(person.shift, presence(person, is_workday), first_day, person.away)


def duty_hours_of(deputy: Person, regulars: list[Person], is_workday: DayMask, first_day: int) -> WorkingHours:
    """Hours in which a deputy may begin work: days of the duty on which every regular person of the desk is absent.
    What is begun is finished in the deputy's own hours, also after the duty has ended."""
    present, on_duty = presence(deputy, is_workday), covered_days(deputy.duty)
    others = [presence(person, is_workday) for person in regulars]

    def mask(days: Ints) -> Bools:
        works = present(days) & on_duty(days)
        for other in others:
            works &= ~other(days)
        return works

    return WorkingHours(deputy.shift, mask, first_day, deputy.away)
