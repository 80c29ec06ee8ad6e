"""The life of a restructuring case (重组案件) as data.

REQUESTED ─the book's figures─► ANALYSED ─terms proposed─► PROPOSED ─branch: yes─► OFFERED ─signed─► SIGNED ─carried out─► gone
    │                              │                          │  └─large: yes─► CONFIRMING ─► OFFERED   │
    └──────────────────────────────┴──────── no, or no need ──┴─────────────────────────────────────────┴──► ENDED

What ENDED without new terms stays until the loan may be referred again."""

from __future__ import annotations

from credit.codes import Coded
from credit.moves import Moves


class CaseState(Coded):
    """Where a case stands."""

    REQUESTED = 1  # by the customer; what the loan owes is not known yet
    ANALYSED = 2  # with the team
    PROPOSED = 3  # with the branch
    CONFIRMING = 4  # with head office
    OFFERED = 5  # with the customer
    SIGNED = 6  # with the book
    ENDED = 7


_C = CaseState
MOVES = Moves(
    "restructuring case of loan",
    {
        _C.REQUESTED: (_C.ANALYSED, _C.ENDED),
        _C.ANALYSED: (_C.PROPOSED, _C.ENDED),
        _C.PROPOSED: (_C.CONFIRMING, _C.OFFERED, _C.ENDED),
        _C.CONFIRMING: (_C.OFFERED, _C.ENDED),
        _C.OFFERED: (_C.SIGNED, _C.ENDED),
        _C.SIGNED: (_C.ENDED,),
        _C.ENDED: (),
    },
)
