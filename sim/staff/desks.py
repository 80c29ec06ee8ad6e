"""All desks of a shard: rows are routed to the pool of their branch, level by level. One call serves every pool of
one level for one window; a desk that has nothing to do costs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from credit.masks import true_rows
from credit.rows import among
from credit.times import NEVER, Ints, text_of
from sim.staff.hours import DayMask
from sim.staff.people import Person, label_of
from sim.staff.pool import Pool, PoolWindow, check_times, completions_of, entries_of, rows_of, serve_together
from sim.staff.roster import pools_of
from sim.staff.seat import Entry
from sim.staff.statistics import HourRows, QueueRows, StaffRows, people_rows, queue_rows, quiet_rows
from sim.staff.tasks import Completions, PoolRows, StaffState, Tasks, by_desk, state_of


class _Served(NamedTuple):
    windows: list[PoolWindow]
    start: int
    until: int


class Begun(NamedTuple):
    """Tasks taken up: who began which, for whom (0 = for nobody else), when."""

    task: Ints
    person: Ints
    on_behalf_of: Ints
    started_at: Ints


class Desks:
    """The pools of `people`, by role and branch. `is_workday` is the bank's calendar; `first_day` the first day of the run."""

    def __init__(self, people: Iterable[Person], is_workday: DayMask, first_day: int) -> None:
        self._pools: dict[int, dict[int, Pool]] = {}
        for (branch, role), members in pools_of(people).items():
            self._pools.setdefault(role, {})[branch] = Pool(members, is_workday, first_day)
        self._last: dict[int, _Served] = {}
        self._due: dict[int, int] = {}
        self._passed: dict[int, int] = {}
        """Until when a level has been served; its pools that hold no work are not told (see `export_state`)."""

    @property
    def roles(self) -> list[int]:
        """Roles that have a desk here, in order."""
        return sorted(self._pools)

    def branches(self, role: int) -> list[int]:
        """Branches that have a desk of this role, in order."""
        return list(self._pools.get(role, {}))

    def due(self, role: int) -> int:
        """When something happens at the level though nothing arrives; windows that end by then may be left out."""
        if role not in self._due:
            self._due[role] = min((pool.due() for pool in self._pools.get(role, {}).values()), default=NEVER)
        return self._due[role]

    def serve(self, role: int, tasks: Tasks, start: int, until: int) -> Completions:
        """Serve every pool of a level for the window [start, until); `tasks.branch` says whose desk a row goes to.

        Raises ValueError if a branch has no such desk, AssertionError if the window was served before, skips time in which
        a desk held work, or holds a task of another time (a queue may never see the future)."""
        check_times(tasks, start, until)
        pools = self._pools.get(role, {})
        entries, bounds = self._route(role, tasks)
        arrivals = []
        for pool, low, high in zip(pools.values(), bounds[:-1], bounds[1:], strict=True):
            if high > low or pool.holds_work:
                arrivals.append((pool, entries[low:high]))
        if start < self._passed.get(role, 0):
            raise AssertionError(
                f"the {label_of(role)}s are served until {text_of(self._passed[role])}: a queue may never see the future"
            )
        windows = serve_together(arrivals, start, until)
        self._passed[role] = until
        self._due.pop(role, None)
        self._last[role] = _Served(windows, start, until)
        return completions_of(windows, until)

    def _route(self, role: int, tasks: Tasks) -> tuple[list[Entry], list[int]]:
        """Rows in order of branch, time and id, and the bounds of each pool's rows."""
        branches: Ints = np.array(self.branches(role), dtype=np.int64)
        if len(tasks):
            missing = true_rows(~among(tasks.branch, branches))
            if len(missing):
                row = int(missing[0])
                raise ValueError(
                    f"task {tasks.task[row]} goes to the {label_of(role)} of branch {tasks.branch[row]}, who does not exist "
                    f"({len(missing)} such); branches with this desk: {branches.tolist()}"
                )
        order = np.lexsort((tasks.task, tasks.at, tasks.branch))
        bounds = tasks.branch[order].searchsorted(branches).tolist()
        return entries_of(tasks, order), [*bounds, len(tasks)]

    def begun(self, role: int) -> Begun:
        """Tasks begun at the level in the window served last, in order of their beginning; KeyError before the first."""
        rows = [(r[0], r[3], r[4], r[5]) for window in self._last[role].windows for r in window.begun]
        return Begun(*np.array(sorted(rows, key=lambda row: (row[3], row[0])), dtype=np.int64).reshape(-1, 4).T)

    # ---- figures

    def queues(self, *roles: int) -> QueueRows:
        """Queue figures of levels for the window that all of them were served in last, and the quiet time before; KeyError before
        the first."""
        served = [self._last[role] for role in roles]
        return queue_rows([one for of_role in served for one in of_role.windows], served[0].start, served[0].until)

    def rest(self, until: int, *roles: int) -> QueueRows:
        """Levels are served until an instant up to which nothing happens there. Queue figures of the time that passes."""
        pools = [pool for pool in self._pools_of(roles) if pool.waiting and pool.served_until < until]
        rows = quiet_rows([(one, one.served_until, len(one.waiting), one.serving) for one in pools], until)
        for pool in pools:
            pool.pass_by(pool.served_until, until)
        self._passed |= {role: max(until, self._passed.get(role, 0)) for role in roles}
        return rows

    def told_until(self, *roles: int) -> int:
        """Until when `people` has told of all levels; NEVER where there is no desk."""
        return min((pool.told_until for pool in self._pools_of(roles)), default=NEVER)

    def people(self, until: int, *roles: int) -> tuple[HourRows, StaffRows]:
        """Figures of the levels' hours and of their people since they were told last."""
        return people_rows(self._pools_of(roles), until)

    def _pools_of(self, roles: Iterable[int]) -> list[Pool]:
        return [pool for role in roles for pool in self._pools.get(role, {}).values()]

    # ---- state

    def export_state(self) -> StaffState:
        """State of all pools, canonical: equal for equal pasts."""
        for role, until in self._passed.items():
            for pool in self._pools.get(role, {}).values():
                if pool.served_until < until:
                    pool.pass_by(pool.served_until, until)
        return state_of(rows_of(self._pools_of(self._pools)))

    def import_state(self, state: StaffState) -> None:
        """Become the desks that exported `state`; desks it does not know begin empty. ValueError if it holds desks that
        are not here."""
        held = by_desk(state)
        pools = {(branch, int(role)): pool for role, level in self._pools.items() for branch, pool in level.items()}
        for branch, role in held.keys() - pools.keys():
            raise ValueError(f"the state holds desks this roster lacks: {label_of(role)} of branch {branch}")
        for desk, pool in pools.items():
            pool.become(held.get(desk) or PoolRows([], [], [], []))
        self._last, self._due, self._passed = {}, {}, {}
