"""What must always hold after the loan. These functions share no code with the rules they watch; each violation names the
case."""

from __future__ import annotations

import numpy as np

from credit.masks import true_rows
from credit.post_loan.states import DESK_OF, InspectionState
from credit.room import Rows
from credit.table import Table
from credit.times import Bools, Ints
from credit.worklists.states import TaskState

_CONFIRMED = np.dtype([(name, "i8") for name in "case findings watched restricted inspector reviewer".split()])


def cases(inspections: Table, day: int) -> list[str]:
    """Whoever has money out is inspected: nobody's day has passed by without anything, nobody whose loans have ended."""
    case, state = inspections["case"], inspections["state"]
    missed = (state == InspectionState.WAITING) & (inspections["due_day"] < day)
    found = _named(case, missed, "should have been inspected on day", inspections["due_day"])
    over = inspections["ended"] >= inspections["loans"]
    found += _named(case, over, "is inspected though its loans have ended:", inspections["ended"])
    unwarned = (inspections["restricted"] != 0) & (inspections["watched"] == 0)
    return found + _named(case, unwarned, "is restricted without a warning; findings", inspections["findings"])


def asked(inspections: Table, tasks: Table) -> list[str]:
    """What is before a desk has one open task there, and nothing else has one."""
    is_open = tasks["state"] < TaskState.DONE
    owner, desk = tasks["case"][is_open], tasks["desk"][is_open]
    case, state = inspections["case"], inspections["state"]
    place, counted = inspections.find(owner), np.zeros(len(case), dtype=np.int64)
    np.add.at(counted, place[place >= 0], 1)
    waits = state != InspectionState.WAITING
    found = _named(case, (counted == 1) != waits, "has not the one task that it waits for; state", state)
    wanted = [int(DESK_OF.get(InspectionState(one), 0)) for one in inspections.get("state", place, 1).tolist()]
    return found + _named(
        owner, desk != np.array(wanted, dtype=np.int64), "is before a desk that it does not wait for:", desk
    )


def witness(rows: Rows, reviewer: Ints) -> Rows:
    """What was confirmed, and by whom."""
    found = np.zeros(len(rows), dtype=_CONFIRMED)
    for name in ("case", "findings", "watched", "restricted", "inspector"):
        found[name] = rows[name]
    found["reviewer"] = reviewer
    return found


def confirmed(rows: Rows) -> list[str]:
    """A warning stands for something found, and is one person's report and another's word."""
    alone = (rows["inspector"] == rows["reviewer"]) | (rows["inspector"] == 0) | (rows["reviewer"] == 0)
    found = _named(rows["case"], alone, "was inspected and reviewed by one person, or nobody:", rows["reviewer"])
    wrong = (rows["watched"] != 0) != (rows["findings"] != 0)
    return found + _named(
        rows["case"], wrong, "has a warning without findings, or findings without one:", rows["findings"]
    )


def _named(ids: Ints, wrong: Bools, how: str, value: Ints) -> list[str]:
    return [f"inspection of case {ids[row]} {how} {value[row]}" for row in true_rows(wrong).tolist()]
