"""States of a case in approval (APR-01, APR-05), and the moves between them.

RECEIVED ─automatic lane─► DECIDING ─► APPROVED | DECLINED
    ├─suspicious─► INVESTIGATED ─► DECLINED, or as any manual case
    ├───manual───► AT_NODE ─► AT_NODE (the next one) | APPROVED | DECLINED
    ├──────────────────┴────► PASSED_ON (the next node is head office's)
    └─ AT_NODE ─────────────► SENT_BACK (the customer brings what is missing, and it comes again)
"""

from __future__ import annotations

from credit.codes import Coded
from credit.moves import Moves


class CaseState(Coded):
    """Where a case stands. DECIDING, INVESTIGATED and AT_NODE are kept; RECEIVED lasts no time, the others are final here."""

    RECEIVED = 1
    DECIDING = 2
    AT_NODE = 3
    APPROVED = 4
    DECLINED = 5
    PASSED_ON = 6
    SENT_BACK = 7
    INVESTIGATED = 8


_C = CaseState
MOVES = Moves(
    "case",
    {
        _C.RECEIVED: (_C.DECIDING, _C.INVESTIGATED, _C.AT_NODE, _C.PASSED_ON),
        _C.INVESTIGATED: (_C.AT_NODE, _C.PASSED_ON, _C.DECLINED),
        _C.DECIDING: (_C.APPROVED, _C.DECLINED),
        _C.AT_NODE: (_C.AT_NODE, _C.APPROVED, _C.DECLINED, _C.PASSED_ON, _C.SENT_BACK),
        _C.APPROVED: (),
        _C.DECLINED: (),
        _C.PASSED_ON: (),
        _C.SENT_BACK: (),
    },
)
