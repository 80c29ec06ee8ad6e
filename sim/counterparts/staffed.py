"""Staffed desks of one worklist: tasks wait for people, desks are served in a fixed order, one a round. People claim a task when
they begin and decide when they end. A desk is served once a window; a task that comes for a desk already served waits for
the next window, and one for a desk where nobody sits is never done. A task that the bank withdraws is worked on all the same:
nobody tells the people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import cache
from typing import NamedTuple

import numpy as np

from credit.identifiers import Texts
from credit.mail import Inbox
from credit.room import Kind, Rows
from credit.rows import among, joined
from credit.staff import branch_of_desk
from credit.subsystem import State, Window
from credit.table import Table
from credit.times import DAY_MS, MINUTE_MS, Ints
from credit.worklists.kinds import DeskKinds
from scenarios.model import Scenario
from sim.curves import lognormal
from sim.held import Held
from sim.staff import Begun, Completions, Desks, StaffState, Tasks, no_tasks, seats_of

LEAST_SERVICE_MS = MINUTE_MS
LONGEST_SERVICE_MS = 5 * DAY_MS
TELLS_EVERY_MS, TELLS_TASKS = 128 * DAY_MS, 10_000
"""After how long, or how many tasks, it is told what people had to do: of many days at once, since most of it follows from a
calendar."""


class Done(NamedTuple):
    """What one desk finished in a window: the tasks as they came, and who did them when, row by row."""

    desk: IntEnum
    tasks: Rows
    work: Completions


def _nothing(done: Done, decisions: Rows) -> list[tuple[Kind, Rows]]:
    del done, decisions
    return []


class StaffedDesks:
    """The desks `order` of one worklist, the first of them served in round `first_round`, the next a round later …

    `service_ms`: the time of task rows at a desk · `says`: what people say when they are done, in the columns that the
    decision has beyond those of every decision · `seats`: where a task of a branch is worked on, by its desk · `besides`: what
    else comes of the tasks done and of what was said about them, row by row."""

    def __init__(
        self,
        desks: Desks,
        kinds: DeskKinds,
        order: Sequence[IntEnum],
        first_round: int,
        service_ms: Callable[[IntEnum, Rows], Ints],
        says: Callable[[Done], Mapping[str, Ints | Texts]],
        seats: Callable[[Ints, Ints], Ints] = branch_of_desk,
        besides: Callable[[Done, Rows], list[tuple[Kind, Rows]]] = _nothing,
    ) -> None:
        self._desks, self._kinds = desks, kinds
        self._order, self._first = tuple(order), first_round
        self.rounds = first_round + len(self._order)
        """Rounds a window needs until every desk has been served."""
        self._service_ms, self._says, self._seats, self._besides = service_ms, says, seats, besides
        self._tasks = Table(" ".join(kinds.task.dtype.names or ()), "task")
        self._later = Held()
        self._arrived: dict[int, list[Rows]] = {}
        self._served: list[int] = []
        self._begun = 0
        """Tasks begun since it was told what people had to do."""

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """A round: tasks come in, and the desk whose round it is is served."""
        if round_number == 0:
            self._served = []
            for _, rows in self._later.release(window):
                self._take_in(rows, 0)
        self._take_in(requests.take(self._kinds.task), round_number)
        place = round_number - self._first
        return self._serve(self._order[place], window) if 0 <= place < len(self._order) else []

    def _take_in(self, rows: Rows, round_number: int) -> None:
        if not len(rows):
            return
        for place, desk in enumerate(self._order):
            mine = rows[rows["desk"] == desk]
            if len(mine) and self._first + place >= round_number:
                self._arrived.setdefault(int(desk), []).append(mine)
            else:
                self._later.put(self._kinds.task, mine)

    def _serve(self, desk: IntEnum, window: Window) -> list[tuple[Kind, Rows]]:
        """Claims of what was begun, and what people say of what they finished."""
        parts = self._arrived.pop(int(desk), [])
        if not parts and window.until <= self._desks.due(desk):
            return []
        staffed = self._desks.branches(desk)
        if not staffed:
            return []
        rows = joined(parts) if parts else self._kinds.task.empty()
        work = self._desks.serve(desk, self._accept(desk, rows, staffed), window.start, window.until)
        self._served.append(desk)
        begun = self._desks.begun(desk)
        self._begun += len(begun.task)
        said = [(self._kinds.claim, self._claims(begun))] if len(begun.task) else []
        return [*said, *self._finished(desk, work)] if len(work.task) else said

    def _claims(self, begun: Begun) -> Rows:
        return self._kinds.claim.carry(
            self._tasks.take(self._tasks.find(begun.task)),
            at=begun.started_at,
            person=begun.person,
            on_behalf_of=begun.on_behalf_of,
        )

    def _finished(self, desk: IntEnum, work: Completions) -> list[tuple[Kind, Rows]]:
        place = self._tasks.find(work.task)
        done = Done(desk, self._tasks.take(place), work)
        self._tasks.drop(place)
        decisions = self._kinds.opinion.carry(
            done.tasks, at=work.finished_at, person=work.person, on_behalf_of=work.on_behalf_of, **self._says(done)
        )
        return [(self._kinds.opinion, decisions), *self._besides(done, decisions)]

    def _accept(self, desk: IntEnum, rows: Rows, staffed: list[int]) -> Tasks:
        """Tasks for desks at which somebody sits. One that is offered while it is here is here already."""
        if not len(rows):
            return no_tasks()
        branch = self._seats(rows["branch"], rows["desk"])
        new = among(branch, staffed) & (self._tasks.find(rows["task"]) < 0)
        rows, branch = rows[new], branch[new]
        self._tasks.append(rows)
        names = rows.dtype.names or ()
        return Tasks.of(
            rows["task"],
            rows["at"],
            self._service_ms(desk, rows),
            priority=rows["priority"],
            limit_at=rows["limit_at"],
            excluded=rows["excluded"],
            needs=seats_of(rows["member"]) if "member" in names else 0,
            branch=branch,
        )

    def due(self) -> int:
        """When a desk next does something though no task comes."""
        return min(self._later.due(), *map(self._desks.due, self._order))

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        """Rows for ``queues`` of the desks served in the window, at a day's or the run's end of those that were left out too; and
        for ``hours`` and ``staff``, when the run ends or many days have not been told."""
        queues = [self._desks.queues(*self._served)] if self._served else []
        tables: dict[str, Rows] = {}
        if closing or window.ends_day:
            queues += [rest] if len((rest := self._desks.rest(window.until, *self._order)).until) else []
        if closing or (window.ends_day and self._has_to_tell(window.until)):
            hours, staff = self._desks.people(window.until, *self._order)
            tables |= {"hours": records(hours), "staff": records(staff)}
            self._begun = 0
        if queues:
            tables["queues"] = joined([records(rows) for rows in queues])
        self._served = []
        return tables

    def _has_to_tell(self, until: int) -> bool:
        return self._begun > TELLS_TASKS or until - self._desks.told_until(*self._order) >= TELLS_EVERY_MS

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
    table = np.zeros(len(columns[names[0]]), dtype=_form_of(names))
    for name, column in columns.items():
        table[name] = column
    return table


@cache
def _form_of(names: tuple[str, ...]) -> np.dtype[np.void]:
    return np.dtype([(name, "i8") for name in names])
