"""The inspectors at the branches: they read the file, and now and then find the money elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from credit.codes import Verdict
from credit.mail import Inbox
from credit.room import DeskCode, Kind, Rows
from credit.subsystem import State, Window
from credit.times import Ints
from sim.counterparts.staffed import StaffedDesks, service_table
from sim.opposite import Opposite, World
from sim.randomness import Draw
from tests.tenth.inspections.contract import Desk, InspectionReport, InspectionTask

MISUSED_PPM = 300_000


class Inspectors:
    """One desk, served once a window."""

    def __init__(self, world: World) -> None:
        self._times = service_table(world.scenario, Desk.INSPECTOR)
        self._service, self._misused = Draw(world.seed, "inspection"), Draw(world.seed, "inspection.found")
        desks = world.staffing.desks(world.branches, (Desk.INSPECTOR,))
        self._desks = StaffedDesks(desks, InspectionTask, (Desk.INSPECTOR,), 0, lambda rows: rows["loan"], self._ms)
        self.rounds = 1

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
        if round_number == 0:
            self._desks.open(window)
        self._desks.take_in(requests.take(InspectionTask), round_number)
        done = self._desks.serve(round_number, window)
        if done is None:
            return []
        misused = self._misused.happens(MISUSED_PPM, done.tasks["loan"])
        report = InspectionReport.rows(
            len(done.tasks),
            at=done.work.finished_at,
            loan=done.tasks["loan"],
            person=done.work.person,
            on_behalf_of=done.work.on_behalf_of,
            started_at=done.work.started_at,
            verdict=np.where(misused, int(Verdict.DECLINE), int(Verdict.APPROVE)),
        )
        return [(InspectionReport, report)]

    def _ms(self, desk: DeskCode, tasks: Rows) -> Ints:
        return self._service.quantile(self._times, tasks["loan"])

    def statistics(self, window: Window) -> dict[str, Rows]:
        return self._desks.statistics()

    def export_state(self) -> State:
        return self._desks.export_state()

    def import_state(self, state: State) -> None:
        self._desks.import_state(state)


def opposite(world: World) -> Opposite:
    """The inspectors of a shard's branches."""
    return Opposite(Inspectors(world))
