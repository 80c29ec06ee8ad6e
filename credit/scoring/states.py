"""The states of a case in scoring, with every allowed move as data.

    WAITING ──► READY ──► SCORED          facts are in, processing time passes, on to approval with a lane
       │          └─────► INTERCEPTED     a fraud rule with the action to stop
       └────────► TIMED_OUT ──► SCORED    the bureau stayed silent too long: decided with what there is
    (no consent) ─► REFUSED               no bureau query without recorded consent (EXT-02)

Its rule: only WAITING and READY are kept; everything else is final and leaves memory."""

from __future__ import annotations

from enum import IntEnum


class CaseState(IntEnum):
    """Where a case stands in scoring."""

    WAITING = 1
    READY = 2
    TIMED_OUT = 3
    SCORED = 4
    INTERCEPTED = 5
    REFUSED = 6


CASE_MOVES: dict[CaseState, tuple[CaseState, ...]] = {
    CaseState.WAITING: (CaseState.READY, CaseState.TIMED_OUT),
    CaseState.READY: (CaseState.SCORED, CaseState.INTERCEPTED),
    CaseState.TIMED_OUT: (CaseState.SCORED, CaseState.INTERCEPTED),
    CaseState.SCORED: (),
    CaseState.INTERCEPTED: (),
    CaseState.REFUSED: (),
}
KEPT = (CaseState.WAITING, CaseState.READY)
