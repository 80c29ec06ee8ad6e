"""A seat: one person at one desk, and what they have begun."""

from __future__ import annotations

from sim.staff.hours import WorkingHours
from sim.staff.people import NORMAL_SPEED_PPM, Person

Entry = tuple[int, int, int, int, int, int, int]
"""A waiting task: (priority, at, task, service_ms, limit_at, excluded, needs)."""

Begun = tuple[int, int, int, int, int, int, int, int]
"""A task begun: (task, at, limit_at, person, on_behalf_of, started_at, finished_at, work_ms)."""


class Seat:
    """A person at the desk: what stays between windows is `free_since` and `begun`."""

    __slots__ = ("begins", "begun", "closes", "hours", "opens", "person", "rank", "who")

    def __init__(self, person: Person, hours: WorkingHours, begins: WorkingHours) -> None:
        self.person = person
        self.hours = hours
        self.begins = begins
        self.who = (person.person, person.on_behalf_of)
        self.begun: Begun | None = None
        self.sit_down(0)

    def sit_down(self, since: int) -> None:
        """Idle since an instant; the hours are looked up anew, since time may have been set back by an import."""
        self.opens = self.closes = 0
        self.free(since)

    def free(self, since: int) -> None:
        """Idle since an instant; `rank` orders the idle: longest idle first."""
        self.begun = None
        self.rank = (since, *self.who)

    def may_begin(self, now: int) -> bool:
        """True on shift; otherwise `opens` tells when the next shift begins."""
        if now >= self.closes:
            self.opens, self.closes = self.begins.opening(now)
        return self.opens <= now

    def begin(self, entry: Entry, now: int) -> Begun:
        """Take up a task on shift; its end follows from speed and working hours."""
        _, at, task, service_ms, limit_at, _, _ = entry
        person = self.person
        speed = person.speed_ppm
        work = service_ms if speed == NORMAL_SPEED_PPM else -(-service_ms * NORMAL_SPEED_PPM // speed)
        end = now + work
        if end > self.closes:
            end = self.hours.finish(now, work)
        self.begun = (task, at, limit_at, person.person, person.on_behalf_of, now, end, work)
        return self.begun
