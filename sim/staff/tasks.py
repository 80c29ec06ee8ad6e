"""What goes into a desk and what comes out, in columns. Everything a pool knows between two windows is in the
structured arrays declared here (int64 fields only), so a snapshot is exact and needs no pickling of processes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from credit.masks import true_rows
from credit.times import NEVER, Bools, Ints

Records = npt.NDArray[np.void]
"""A structured array."""


@dataclass(frozen=True, slots=True)
class Tasks:
    """Work that arrives at desks, one row each, in any order; all columns int64 of one length.

    `at` ms of arrival · `task` unique id · `priority` 0 = most urgent · `service_ms` working time at normal speed · `limit_at`
    ms when a task not yet begun is urged (自动催办), NEVER = no limit · `excluded` person who may not take it (双人审批), 0 =
    nobody · `needs` bit set of skills its person must have · `branch` whose desk it goes to, 0 = head office."""

    task: Ints
    at: Ints
    service_ms: Ints
    priority: Ints
    limit_at: Ints
    excluded: Ints
    needs: Ints
    branch: Ints

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"columns of tasks must have one length, got {lengths}")
        if len(self.task) and (int(self.service_ms.min()) <= 0 or int(self.priority.min()) < 0):
            bad = int(true_rows((self.service_ms <= 0) | (self.priority < 0))[0])
            raise ValueError(
                f"task {self.task[bad]}: service_ms must be > 0 and priority >= 0, "
                f"got {self.service_ms[bad]} and {self.priority[bad]}"
            )

    def __len__(self) -> int:
        return len(self.task)

    @classmethod
    def of(
        cls,
        task: npt.ArrayLike,
        at: npt.ArrayLike,
        service_ms: npt.ArrayLike,
        *,
        priority: npt.ArrayLike = 0,
        limit_at: npt.ArrayLike = NEVER,
        excluded: npt.ArrayLike = 0,
        needs: npt.ArrayLike = 0,
        branch: npt.ArrayLike = 0,
    ) -> Tasks:
        """Tasks from arrays or scalars; scalars are repeated for every task id."""
        ids = np.atleast_1d(np.asarray(task, dtype=np.int64))
        values = (at, service_ms, priority, limit_at, excluded, needs, branch)
        columns = np.empty((len(values), len(ids)), dtype=np.int64)
        for column, of_column in zip(columns, values, strict=True):
            column[:] = of_column
        return cls(ids, *columns)

    def take(self, rows: Any) -> Tasks:
        """The rows of an index array or mask, in its order."""
        return Tasks(*(getattr(self, field.name)[rows] for field in fields(self)))


def no_tasks() -> Tasks:
    """Tasks without a row."""
    return _NO_TASKS


_NO_TASKS = Tasks.of(np.zeros(0, dtype=np.int64), 0, 1)


def join_tasks(parts: list[Tasks]) -> Tasks:
    """All rows of `parts`, one after another."""
    return Tasks(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Tasks)))


@dataclass(frozen=True, slots=True)
class Completions:
    """Tasks finished in a window, in order of (finished_at, task). `on_behalf_of` is the absent person a deputy stands for
    (审批代理), 0 = nobody; `waited_ms` from arrival to the beginning of work; `urged` if the limit passed before work began."""

    task: Ints
    branch: Ints
    person: Ints
    on_behalf_of: Ints
    started_at: Ints
    finished_at: Ints
    waited_ms: Ints
    urged: Bools

    def __len__(self) -> int:
        return len(self.task)

    def take(self, rows: Any) -> Completions:
        """The rows of an index array or mask, in its order."""
        return Completions(*(getattr(self, field.name)[rows] for field in fields(self)))


def join_completions(parts: list[Completions]) -> Completions:
    """All rows of `parts`, one after another."""
    return Completions(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Completions))
    )


def _dtype(names: str) -> np.dtype[np.void]:
    return np.dtype([(name, np.int64) for name in ("branch", "role", *names.split())])


WAITING = _dtype("task at service_ms priority limit_at excluded needs")
IN_SERVICE = _dtype("task at limit_at person on_behalf_of started_at finished_at work_ms")
IDLE = _dtype("person on_behalf_of free_since")
SERVED = _dtype("served_until")


class StaffState(NamedTuple):
    """Everything pools keep between windows: structured arrays of dtypes WAITING, IN_SERVICE, IDLE and SERVED, in order of
    branch, role and id. Equal states mean equal futures."""

    waiting: Records
    in_service: Records
    people: Records
    served: Records


_desk_of = itemgetter(0, 1)
STATE = StaffState(WAITING, IN_SERVICE, IDLE, SERVED)  # type: ignore[arg-type]
Row = tuple[int, ...]


class PoolRows(NamedTuple):
    """The same as plain rows, of one pool or of several, each with its desk in front: (branch, role, …)."""

    waiting: list[Row]
    in_service: list[Row]
    people: list[Row]
    served: list[Row]


def state_of(rows: PoolRows) -> StaffState:
    """A state of rows, in canonical order whatever theirs is."""
    return StaffState(*(np.array(sorted(part), dtype=form) for part, form in zip(rows, STATE, strict=True)))


def by_desk(state: StaffState) -> dict[Row, PoolRows]:
    """What a state holds of each desk (branch, role)."""
    found: dict[Row, PoolRows] = {}
    for place, part in enumerate(state):
        for desk, rows in groupby(part.tolist(), _desk_of):
            if desk not in found:
                found[desk] = PoolRows([], [], [], [])
            found[desk][place].extend(rows)
    return found
