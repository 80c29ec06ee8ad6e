"""What must always hold of worklists. These functions share no code with the rules they watch; each violation names the task or
the entity."""

from __future__ import annotations

import numpy as np

from credit.masks import true_rows
from credit.room import Rows
from credit.rows import among
from credit.table import Table
from credit.times import Bools, Ints
from credit.worklists.states import TaskState

_STATES = np.array(list(TaskState), dtype=np.int64)


def tasks(table: Table, until: int) -> list[str]:
    """A task waits without a person, or is in the hands of one; whose limit has passed is urged (APR-10)."""
    if not len(table):
        return []
    task, state, person = table["task"], table["state"], table["claimed_by"]
    found = _named(task, ~among(state, _STATES), "is in no state", state)
    found += _named(task, (state == TaskState.WAITING) & (person != 0), "waits in the hands of", person)
    held = (state == TaskState.CLAIMED) | (state == TaskState.ASKED)
    found += _named(task, held & (person == 0), "is claimed by nobody since", table["claimed_at"])
    found += _named(task, (state == TaskState.ASKED) != (table["asked"] != 0), "asks for an opinion of", table["asked"])
    barred = held & (person == table["excluded"])
    found += _named(task, barred, "is in the hands of the person excluded", person)
    late = (state == TaskState.WAITING) | held
    late &= (table["limit_at"] < until) & (table["urged"] == 0)
    return found + _named(task, late, "was not urged though its limit passed at", table["limit_at"])


def twice(acts: Rows, entity: str) -> Rows:
    """APR-04, DIS-04, NPL-08: the acts of people who had acted on the entity before, in their own name or another's."""
    order = np.lexsort((acts["person"], acts[entity]))
    ids, person = acts[entity][order], acts["person"][order]
    same: Bools = (ids[1:] == ids[:-1]) & (person[1:] == person[:-1])
    again: Rows = acts[order[1:][same]]
    return again


def acts(again: Rows, entity: str) -> list[str]:
    """What `twice` has found, in words."""
    return [f"{entity} {row[entity]} was acted on twice by person {row['person']}" for row in again]


def _named(task: Ints, wrong: Bools, what: str, value: Ints) -> list[str]:
    return [f"task {task[row]} {what}: {value[row]}" for row in true_rows(wrong).tolist()]
