"""What a piece of the world is built from. Every module of `sim.counterparts` has one function ``opposite(world)`` that gives the
counterpart of its room and, where mail comes to the room by itself, its source."""

from __future__ import annotations

from dataclasses import dataclass

from credit.room import Room
from credit.stage import Source
from credit.subsystem import Counterpart
from credit.times import Ints
from scenarios.model import Scenario
from sim.staffing import Staffing


@dataclass(frozen=True)
class World:
    """One cell's world: the scenario, the room it stands opposite, the branches it serves (0 = head office), the bank's staff."""

    scenario: Scenario
    room: Room
    branches: Ints
    staffing: Staffing

    @property
    def seed(self) -> int:
        return self.scenario.run.seed


@dataclass(frozen=True)
class Opposite:
    """Who answers a room, and who writes to it unasked."""

    counterpart: Counterpart | None = None
    source: Source | None = None
