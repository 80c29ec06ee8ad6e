"""What must always hold of appeals. These functions share no code with the rules they watch; each violation names the
application that the entry rests on."""

from __future__ import annotations

import numpy as np

from credit.appeals.states import EntryState
from credit.masks import true_rows
from credit.room import Rows
from credit.table import Table
from credit.times import Bools, Ints
from credit.worklists.states import TaskState

_APPEALS_MAX = 2
_DECIDED = np.dtype([(name, "i8") for name in "case state reviewer hand".split()])


def entries(table: Table) -> list[str]:
    """What is reviewed or upheld was appealed against, by that time; nobody appeals for ever."""
    case, state, appeals = table["case"], table["state"], table["appeals"]
    reviewed = (state == EntryState.UNDER_REVIEW) | (state == EntryState.UPHELD)
    wrong = (reviewed & (appeals == 0)) | ((state == EntryState.LISTED) & (appeals != 0))
    found = _named(case, wrong, "has been appealed against so often:", appeals)
    found += _named(case, appeals > _APPEALS_MAX, "has been appealed against so often:", appeals)
    late = (state != EntryState.UNDER_REVIEW) & (appeals > 0) & (table["decided_at"] < table["appealed_at"])
    return found + _named(case, late, "was decided before it was appealed against:", table["decided_at"])


def asked(table: Table, tasks: Table) -> list[str]:
    """An entry that is under review has one open task, and no other has one."""
    owner = tasks["case"][tasks["state"] < TaskState.DONE]
    place, counted = table.find(owner), np.zeros(len(table), dtype=np.int64)
    np.add.at(counted, place[place >= 0], 1)
    waits = table["state"] == EntryState.UNDER_REVIEW
    found = _named(table["case"], counted != waits, "has not the one task that it waits for; tasks:", counted)
    return found + _named(owner, place < 0, "has a task and is no entry:", owner)


def witness(rows: Rows, reviewer: Ints, acts: Rows) -> Rows:
    """Who decided on which entries, beside everybody who had acted on each before; a row a pair."""
    pairs = np.argwhere(rows["case"][:, None] == acts["case"])
    found = np.zeros(len(pairs), dtype=_DECIDED)
    found["case"], found["state"] = rows["case"][pairs[:, 0]], rows["state"][pairs[:, 0]]
    found["reviewer"], found["hand"] = reviewer[pairs[:, 0]], acts["person"][pairs[:, 1]]
    return found


def decided(rows: Rows) -> list[str]:
    """Whoever decides had no hand in it before."""
    return _named(rows["case"], rows["reviewer"] == rows["hand"], "was reviewed by who had a hand in it:", rows["hand"])


def _named(ids: Ints, wrong: Bools, how: str, value: Ints) -> list[str]:
    return [f"entry of case {ids[row]} {how} {value[row]}" for row in true_rows(wrong).tolist()]
