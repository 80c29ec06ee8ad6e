"""The life of a collection case (催收案件) as data.

CREATED ─► ASSIGNED ─┬─► PROMISED ──broken or kept in part──► ASSIGNED        any state but CREATED ─► CLOSED
                     ├─► PAUSED (hardship) ──rest over──► ASSIGNED            (the overdue amount is paid)
                     └─► WRITE_OFF ──declined──► ASSIGNED
                              └──approved by all three──► CONTINUED ─► PROMISED, PAUSED ─► CONTINUED
"""

from __future__ import annotations

from credit.codes import Coded
from credit.moves import Moves


class CaseState(Coded):
    """Where a case stands."""

    CREATED = 1
    ASSIGNED = 2
    PROMISED = 3
    PAUSED = 4
    WRITE_OFF = 5
    CONTINUED = 6  # after the write-off, NPL-09
    CLOSED = 7


_C = CaseState
MOVES = Moves(
    "collection case of loan",
    {
        _C.CREATED: (_C.ASSIGNED, _C.CONTINUED),
        _C.ASSIGNED: (_C.PROMISED, _C.PAUSED, _C.WRITE_OFF, _C.CLOSED),
        _C.PROMISED: (_C.ASSIGNED, _C.CONTINUED, _C.CLOSED),
        _C.PAUSED: (_C.ASSIGNED, _C.CONTINUED, _C.CLOSED),
        _C.WRITE_OFF: (_C.ASSIGNED, _C.CONTINUED, _C.CLOSED),
        _C.CONTINUED: (_C.PROMISED, _C.PAUSED, _C.CLOSED),
        _C.CLOSED: (_C.CREATED,),  # overdue again on the day it was paid
    },
)
