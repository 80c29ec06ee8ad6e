"""Staffed desks of one stage: tasks of one kind that wait for people, desks served in a fixed order, one a round. Its rule: a
desk is served once a window; a task that comes for a desk already served waits for the next window, and one for a desk
where nobody sits is never done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from credit.room import DeskCode, Kind, Rows
from credit.subsystem import State, Window
from credit.table import Table
from credit.times import DAY_MS, MINUTE_MS, Ints
from scenarios.model import Scenario
from sim.curves import lognormal
from sim.held import Held
from sim.staff import Completions, Desks, StaffState, Tasks

LEAST_SERVICE_MS = MINUTE_MS
LONGEST_SERVICE_MS = 5 * DAY_MS


class Done(NamedTuple):
    """What one desk finished in a window: the tasks as they came, and who did them when, row by row."""

    desk: DeskCode
    tasks: Rows
    work: Completions


class StaffedDesks:
    """The desks `order` of one stage, the first of them served in round `first_round`, the next a round later …

    `task_id`: unique int64 ids of task rows while they wait or are in service · `service_ms`: their time at a desk."""

    def __init__(
        self,
        desks: Desks,
        kind: Kind,
        order: Sequence[DeskCode],
        first_round: int,
        task_id: Callable[[Rows], Ints],
        service_ms: Callable[[DeskCode, Rows], Ints],
    ) -> None:
        self._desks, self._kind = desks, kind
        self._order, self._first = tuple(order), first_round
        self._task_id, self._service_ms = task_id, service_ms
        self._tasks = Table(" ".join(("task", *(kind.dtype.names or ()))), "task")
        self._later = Held()
        self._arrived: dict[int, list[Rows]] = {}
        self._served: list[DeskCode] = []

    @property
    def rounds(self) -> int:
        """Rounds a window needs until every desk has been served."""
        return self._first + len(self._order)

    def open(self, window: Window) -> None:
        """A window begins: tasks put off in the one before arrive."""
        self._served = []
        for _, rows in self._later.release(window):
            self.take_in(rows, 0)

    def take_in(self, rows: Rows, round_number: int) -> None:
        """Tasks that arrive in a round."""
        if not len(rows):
            return
        for place, desk in enumerate(self._order):
            mine = rows[rows["desk"] == desk]
            if len(mine) and self._first + place >= round_number:
                self._arrived.setdefault(int(desk), []).append(mine)
            else:
                self._later.put(self._kind, mine)

    def serve(self, round_number: int, window: Window) -> Done | None:
        """The window of the desk whose round it is; None in a round without one, or when nothing was finished."""
        place = round_number - self._first
        if not 0 <= place < len(self._order):
            return None
        desk = self._order[place]
        parts = self._arrived.pop(int(desk), [])
        staffed = self._desks.branches(desk)
        if not staffed:
            return None
        rows = np.concatenate(parts) if parts else self._kind.empty()
        work = self._desks.serve(desk, self._accept(desk, rows, staffed), window.start, window.until)
        self._served.append(desk)
        return Done(desk, self._leave(work.task), work) if len(work) else None

    def _accept(self, desk: DeskCode, rows: Rows, staffed: list[int]) -> Tasks:
        rows = rows[np.isin(rows["branch"], staffed)]
        task = self._task_id(rows)
        if len(rows):
            self._tasks.append(rows, task=task)
        return Tasks.of(
            task,
            rows["at"],
            self._service_ms(desk, rows),
            priority=rows["priority"],
            limit_at=rows["limit_at"],
            excluded=rows["excluded"],
            branch=rows["branch"],
        )

    def _leave(self, task: Ints) -> Rows:
        place = self._tasks.find(task)
        rows = self._tasks.take(place)
        stays = np.ones(len(self._tasks), dtype=bool)
        stays[place] = False
        self._tasks.keep(stays)
        return rows

    def statistics(self) -> dict[str, Rows]:
        """Rows for ``queues`` and ``staff`` of the desks served in the window."""
        if not self._served:
            return {}
        queues = [records(self._desks.queues(desk)) for desk in self._served]
        staff = [records(self._desks.staff(desk)) for desk in self._served]
        return {"queues": np.concatenate(queues), "staff": np.concatenate(staff)}

    def export_state(self) -> State:
        """Tasks at the desks, the desks themselves, and tasks put off to the next window."""
        state = {"tasks": self._tasks.export()} | self._later.export_state("later")
        desks = self._desks.export_state()
        return state | {f"desks.{name}": rows for name, rows in zip(desks._fields, desks, strict=True)}

    def import_state(self, state: State) -> None:
        """Replaces everything by exported state."""
        self._tasks.load(state["tasks"])
        self._later.import_state(state, "later")
        self._desks.import_state(StaffState(*(state[f"desks.{name}"] for name in StaffState._fields)))
        self._arrived, self._served = {}, []


def service_table(scenario: Scenario, desk: int) -> Ints:
    """Quantile table of the time a task takes at a desk, ms (see `sim.randomness.Draw.quantile`)."""
    rules = scenario.staff.desks()[desk]
    median = rules.service_minutes_median * MINUTE_MS
    return lognormal(median, rules.service_spread_ppm, LEAST_SERVICE_MS, LONGEST_SERVICE_MS)


def records(rows: object) -> Rows:
    """Named columns (a NamedTuple of int64 arrays) as a record array."""
    names = rows._fields  # type: ignore[attr-defined]
    columns = dict(zip(names, rows, strict=True))  # type: ignore[call-overload]
    table = np.zeros(len(columns[names[0]]), dtype=[(name, "i8") for name in names])
    for name, column in columns.items():
        table[name] = column
    return table
