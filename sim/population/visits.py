"""Who comes through the door. Arrival a of a run is mostly a new party, party a; a declared share are earlier parties coming
again, and a few people rush: they apply several times within two days through several channels. Its rule: the party of an
arrival is a pure function of the seed and the arrival, and an earlier party really came earlier."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.times import Bools, Ints
from scenarios.model import Scenario
from sim.curves import below_each
from sim.randomness import Draw

RUSH_DAYS = 2
RUSH_SIZE = 3
"""How often somebody in a rush applies again, on average."""


class Visit(NamedTuple):
    """Columns of arrivals: who it is, and whether he came before."""

    party: Ints
    again: Bools
    rushing: Bools


class Visits:
    """Arrivals 1 … customers of a scenario; the first are the scripted ones."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scripted = len(scenario.script)
        self._repeat_ppm = scenario.population.repeat_ppm
        self._rush_ppm = scenario.population.rush_ppm
        days = min(scenario.run.arrival_days or scenario.run.days, scenario.run.days)
        self._block = max(RUSH_DAYS * scenario.run.customers // days, 2 * RUSH_SIZE)
        self._leaders = max(self._block * self._rush_ppm // (RUSH_SIZE * 1_000_000), 1)
        self._kind, self._who, self._leader = (Draw(seed, f"visit.{name}") for name in ("kind", "who", "leader"))

    def of(self, arrival: Ints) -> Visit:
        """The visits of arrivals, numbered from 1 in the order of their time."""
        earlier, rushing = self._earlier(arrival)
        again = earlier != arrival
        party = earlier
        moving = np.flatnonzero(again)
        while len(moving):
            before = self._earlier(party[moving])[0]
            still = before != party[moving]
            party[moving] = before
            moving = moving[still]
        return Visit(party, again, rushing)

    def _earlier(self, arrival: Ints) -> tuple[Ints, Bools]:
        """One step back: the arrival whose party comes again, or the arrival itself."""
        drawn = arrival - self._scripted
        kind = self._kind.ppm(arrival)
        block_first = (drawn - 1) // self._block * self._block + 1
        leader = block_first + self._leader.below(self._leaders, arrival)
        rushing = (kind < self._rush_ppm) & (drawn > 0) & (leader < drawn)
        repeats = ~rushing & (kind >= self._rush_ppm) & (kind < self._rush_ppm + self._repeat_ppm) & (drawn > 1)
        anybody = 1 + below_each(self._who, np.maximum(drawn - 1, 1), arrival)
        chosen = np.where(rushing, leader, np.where(repeats, anybody, drawn))
        return np.where(drawn > 0, chosen + self._scripted, arrival), rushing
