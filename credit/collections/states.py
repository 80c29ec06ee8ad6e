"""The life of a collection case (催收案件) as data: states, the moves between them, and why the bank refuses an action. Its
rule: a case changes state only through `moved`, so a move that the table does not hold stops the run.

    CREATED ─► ASSIGNED ─┬─► PROMISED ──broken or kept in part──► ASSIGNED        any state but CREATED ─► CLOSED
                         ├─► PAUSED (hardship) ──rest over──► ASSIGNED            (the overdue amount is paid)
                         └─► WRITE_OFF ──declined──► ASSIGNED
                                  └──approved by all three──► CONTINUED ─► PROMISED, PAUSED ─► CONTINUED
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from credit.times import Bools, Ints


class CaseState(IntEnum):
    """Where a case stands."""

    CREATED = 1
    ASSIGNED = 2
    PROMISED = 3
    PAUSED = 4
    WRITE_OFF = 5
    CONTINUED = 6  # after the write-off, NPL-09
    CLOSED = 7


_C = CaseState
TRANSITIONS: dict[CaseState, tuple[CaseState, ...]] = {
    _C.CREATED: (_C.ASSIGNED, _C.CONTINUED),
    _C.ASSIGNED: (_C.PROMISED, _C.PAUSED, _C.WRITE_OFF, _C.CONTINUED, _C.CLOSED),
    _C.PROMISED: (_C.ASSIGNED, _C.CONTINUED, _C.PAUSED, _C.CLOSED),
    _C.PAUSED: (_C.ASSIGNED, _C.CONTINUED, _C.PROMISED, _C.CLOSED),
    _C.WRITE_OFF: (_C.ASSIGNED, _C.CONTINUED, _C.CLOSED),
    _C.CONTINUED: (_C.PROMISED, _C.PAUSED, _C.CLOSED),
    _C.CLOSED: (_C.CREATED,),  # overdue again on the day it was paid
}

_ALLOWED = np.eye(max(CaseState) + 1, dtype=bool)
for _before, _afters in TRANSITIONS.items():
    _ALLOWED[_before, list(_afters)] = True


def may_move(before: Ints, after: Ints | int) -> Bools:
    """True where a case may go from one state to the other, or stay."""
    return np.asarray(_ALLOWED[before, after])


def moved(before: Ints, after: CaseState, loans: Ints) -> int:
    """The new state, after proving that every case may take it; AssertionError names the first loan that may not."""
    bad = np.flatnonzero(~may_move(before, after))
    if len(bad):
        was = CaseState(int(before[bad[0]])).name
        raise AssertionError(f"the case of loan {loans[bad[0]]} can't go from {was} to {after.name}")
    return int(after)
