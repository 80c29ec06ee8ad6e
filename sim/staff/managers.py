"""The customer managers of the branches as their customers meet them: each customer has one of his own, and while that one is
away, on leave or at lunch, a colleague of the branch sees to him."""

from __future__ import annotations

import numpy as np

from credit.approval.deadlines import WorkingTime
from credit.calendar import is_workday
from credit.numbers import PEOPLE_PER_BRANCH, person_of
from credit.post_loan.contract import Desk
from credit.times import DAY_MS, MINUTE_MS, Bools, Ints, day_number
from scenarios.model import Scenario
from sim.staff.people import presence
from sim.staffing import managers

_LONGEST_DAYS = 60
"""Nobody waits longer for a branch whose managers are all away; then his own sees to him from wherever he is."""


def _every_day(days: Ints) -> Bools:
    return np.ones(len(days), dtype=bool)


class Managers:
    """Who of the customer managers of a bank is at work when."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        people = managers(scenario, seed)
        shift = people[0].shift
        self._first = day_number(scenario.run.start)
        days = np.arange(self._first, self._first + scenario.run.days + 1, dtype=np.int64)
        there = np.array([presence(one, is_workday)(days) for one in people])
        self._there = there.reshape(scenario.bank.branches, -1, len(days))
        self._time = WorkingTime(shift.spans, _every_day if shift.always else is_workday)
        self._spans = [(start * MINUTE_MS, end * MINUTE_MS) for start, end in shift.spans]
        self.count = self._there.shape[1]
        """Customer managers at each branch."""

    def own(self, branch: Ints, party: Ints) -> Ints:
        """The customer manager whose customer each party is."""
        return person_of(0, Desk.CUSTOMER_MANAGER, 1) + branch * PEOPLE_PER_BRANCH + party % self.count

    def at_work(self, branch: Ints, party: Ints, at: Ints) -> Ints:
        """Who of the branch sees to each party at an instant: his own manager, or the next one who is at work; 0 = nobody."""
        there = self._on(branch, at // DAY_MS) & self._within(at)[:, None]
        turn = (party[:, None] + np.arange(self.count)) % self.count
        first = np.take_along_axis(there, turn, axis=1).argmax(axis=1)
        return np.where(there.any(axis=1), self.own(branch, party + first), 0)

    def attended(self, branch: Ints, party: Ints, at: Ints) -> tuple[Ints, Ints]:
        """The first instants from `at` on at which somebody of the branch is at work, and who that is."""
        at = self._opening(at)
        for _ in range(_LONGEST_DAYS):
            away = ~self._on(branch, at // DAY_MS).any(axis=1)
            if not away.any():
                break
            at = np.where(away, self._opening((at // DAY_MS + 1) * DAY_MS), at)
        seen_to = self.at_work(branch, party, at)
        return at, np.where(seen_to > 0, seen_to, self.own(branch, party))

    def _opening(self, at: Ints) -> Ints:
        """The instants themselves in working hours, else the next opening."""
        return self._time.add(at, 1) - 1

    def _within(self, at: Ints) -> Bools:
        within = at % DAY_MS
        return np.asarray(np.any([(within >= start) & (within < end) for start, end in self._spans], axis=0))

    def _on(self, branch: Ints, day: Ints) -> Bools:
        """Who is at work on days, one column a manager; after the run's end all are."""
        place = day - self._first
        told = self._there[branch - 1, :, np.clip(place, 0, self._there.shape[2] - 1)]
        return np.asarray(told | (place >= self._there.shape[2])[:, None])
