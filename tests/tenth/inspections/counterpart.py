"""The inspectors at the branches: they read the file, and now and then find the money elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from credit.codes import Verdict
from credit.mail import Inbox
from credit.room import Kind, Rows
from credit.subsystem import State, Window
from credit.times import Ints
from sim.counterparts.staffed import Done, StaffedDesks, service_table
from sim.opposite import Opposite, World
from sim.randomness import Draw
from tests.tenth.inspections.contract import DESK, Desk

MISUSED_PPM = 300_000


class Inspectors:
    """One desk, served once a window."""

    def __init__(self, world: World) -> None:
        self._times = service_table(world.scenario, Desk.INSPECTOR)
        self._service, self._misused = Draw(world.seed, "inspection"), Draw(world.seed, "inspection.found")
        desks = world.staffing.desks(world.branches, (Desk.INSPECTOR,))
        self._desks = StaffedDesks(desks, DESK, (Desk.INSPECTOR,), 0, self._ms, self._says)
        self.rounds = 1

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
        return self._desks.respond(requests, window, round_number)

    def _ms(self, desk: IntEnum, tasks: Rows) -> Ints:
        return self._service.quantile(self._times, tasks["loan"])

    def _says(self, done: Done) -> dict[str, Ints]:
        misused = self._misused.happens(MISUSED_PPM, done.tasks["loan"])
        return {"verdict": np.where(misused, int(Verdict.DECLINE), int(Verdict.APPROVE))}

    def due(self) -> int:
        return self._desks.due()

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        return self._desks.statistics(window, closing)

    def export_state(self) -> State:
        return self._desks.export_state()

    def import_state(self, state: State) -> None:
        self._desks.import_state(state)


def opposite(world: World) -> Opposite:
    """The inspectors of a shard's branches."""
    return Opposite(Inspectors(world))
