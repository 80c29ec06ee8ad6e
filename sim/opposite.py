"""What a piece of the world is built from. Every module of `sim.counterparts` has one function ``opposite(world)`` that gives the
counterpart of its room and, where mail comes to the room by itself, its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from credit.mail import Inbox
from credit.room import Kind, Room, Rows
from credit.stage import Source
from credit.subsystem import Counterpart, State, Window
from credit.times import Ints
from scenarios.model import Scenario
from sim.held import Held
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


class Around:
    """A counterpart around another one, which answers in its place but for what a subclass says."""

    def __init__(self, inner: Counterpart) -> None:
        self.inner, self.rounds = inner, inner.rounds

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
        return self.inner.respond(requests, window, round_number)

    def due(self) -> int:
        return self.inner.due()

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        return self.inner.statistics(window, closing)

    def export_state(self) -> State:
        return self.inner.export_state()

    def import_state(self, state: State) -> None:
        self.inner.import_state(state)


class Biding(Around):
    """One that also keeps what people will say later (`held`)."""

    def __init__(self, inner: Counterpart) -> None:
        super().__init__(inner)
        self.held = Held()

    def due(self) -> int:
        return min(self.held.due(), super().due())

    def export_state(self) -> State:
        return self.held.export_state() | super().export_state()

    def import_state(self, state: State) -> None:
        self.held.import_state(state)
        super().import_state(state)


@dataclass(frozen=True)
class Opposite:
    """Who answers a room, and who writes to it unasked."""

    counterpart: Counterpart | None = None
    source: Source | None = None
