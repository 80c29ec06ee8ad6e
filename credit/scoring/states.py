"""The states of a case in scoring. Without recorded consent (EXT-02) there is no case: no bureau is asked, and the form ends.

    WAITING ──► READY ──────► SCORED         facts are in, processing time passes, on to approval with a lane
       └──────► TIMED_OUT ──► INTERCEPTED    the bureau stayed silent too long: decided with what there is
                                             (both: SCORED, or INTERCEPTED by a fraud rule with the action to stop)

Only WAITING and READY are kept; everything else is final and leaves memory."""

from __future__ import annotations

from credit.codes import Coded
from credit.moves import Moves


class CaseState(Coded):
    """Where a case stands in scoring."""

    WAITING = 1
    READY = 2
    TIMED_OUT = 3
    SCORED = 4
    INTERCEPTED = 5


_S = CaseState
MOVES = Moves(
    "case in scoring",
    {
        _S.WAITING: (_S.READY, _S.TIMED_OUT),
        _S.READY: (_S.SCORED, _S.INTERCEPTED),
        _S.TIMED_OUT: (_S.SCORED, _S.INTERCEPTED),
        _S.SCORED: (),
        _S.INTERCEPTED: (),
    },
)
KEPT = (_S.WAITING, _S.READY)
