"""Who comes, and how often. Most people come once; a declared share of all applications are of people who come again, and a few
rush: they apply several times within two days through several channels. How often somebody comes is a matter of his own, so
one customer more, or another share of those who come again, changes nobody whom it does not touch. In a run that goes on where
an earlier one ended, some of those who come are people of the earlier run.

People come in the order of their numbers until the run's applications are given out; when in the run they come is drawn for
each visit (see `sim.arrivals`)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.masks import true_rows
from credit.times import Bools, Ints
from scenarios.model import Scenario
from sim.curves import below_each
from sim.occasions import VISITS, party_of, visit_of
from sim.randomness import PPM, Draw

RUSH_DAYS = 2
RUSH_SIZE = 3
"""How often somebody in a rush applies again, on average."""
VISITS_MAX = 500
"""Nobody comes more often in one run."""
_LATER_RUNS = 1_024
"""Visits of an earlier run's people are numbered from here: above all that the earlier runs can have given them."""


class Comers(NamedTuple):
    """People who come: `place` is what their luck hangs on, `party` who they are (another only where an earlier run's person
    comes), `visits` how often they come."""

    place: Ints
    party: Ints
    visits: Ints


class Visits:
    """The visits of one world's people."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        shape, run = scenario.population, scenario.run
        again, rush = shape.repeat_ppm, shape.rush_ppm
        people = PPM - again - rush  # of so many applications in a million, each is somebody's first
        self._rush_ppm = min(rush * PPM // (RUSH_SIZE * people), PPM)
        calm = people * (PPM - self._rush_ppm) // PPM
        self._again_ppm = again * PPM // max(again + calm, 1)
        self._scripted = len(scenario.script)
        self._first = run.first_arrival + self._scripted
        if run.first_arrival > 1:
            self._again_ppm //= 2  # the other half are people of earlier runs
        self._draws = {name: Draw(seed, f"visit.{name}") for name in ("rush", "size", "again", "earlier", "who")}

    def comers(self, low: int, high: int) -> Comers:
        """The people at places `low` to `high` − 1 of the run's order, counted from 0."""
        place = np.arange(self._first + low, self._first + high, dtype=np.int64)
        return Comers(place, self._who(place), self._count(place))

    def number(self, comers: Comers, row: Ints, nth: Ints) -> Ints:
        """The number of the visit that is the `nth` in time (from 0) of the comer of each row."""
        place = comers.place[row]
        old = comers.party[row] != place
        return np.where(old, _LATER_RUNS + (place * VISITS_MAX + nth) % (VISITS - _LATER_RUNS), nth + 1)

    def rushes(self, party: Ints) -> Bools:
        """Who applies several times within days."""
        return self._draws["rush"].happens(self._rush_ppm, party)

    def again(self, reference: Ints) -> Bools:
        """Which applications are of people who came before."""
        return np.asarray(visit_of(reference) > 1)

    def in_a_rush(self, reference: Ints) -> Bools:
        """Which of them come again within days, for the same thing."""
        return self.again(reference) & (visit_of(reference) < _LATER_RUNS) & self.rushes(party_of(reference))

    def _who(self, place: Ints) -> Ints:
        earlier = self._first - self._scripted - 1
        if not earlier:
            return place
        returns = self._draws["earlier"].happens(self._again_ppm, place)
        return np.where(returns, self._scripted + 1 + below_each(self._draws["who"], earlier, place), place)

    def _count(self, place: Ints) -> Ints:
        visits = np.ones(len(place), dtype=np.int64)
        rushes = self.rushes(place)
        visits[rushes] += 1 + self._draws["size"].below(2 * RUSH_SIZE - 1, place[rushes])
        coming = true_rows(~rushes)
        for nth in range(1, VISITS_MAX):
            coming = coming[self._draws["again"].happens(self._again_ppm, place[coming], nth)]
            if not len(coming):
                break
            visits[coming] += 1
        return visits
