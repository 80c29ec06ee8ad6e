"""The life of an entry of the risk library, as appeals see it: states, and the moves between them.

LISTED ─appeal─► UNDER_REVIEW ─granted─► REMOVED
                   ▲    └─not granted─► UPHELD
                   └────appeal, once more──┘
LISTED, UNDER_REVIEW, UPHELD ─removed by hand─► REMOVED
"""

from __future__ import annotations

from credit.codes import Coded
from credit.moves import Moves


class EntryState(Coded):
    """Where an entry stands."""

    LISTED = 1  # 在册
    UNDER_REVIEW = 2  # 申诉复核中
    UPHELD = 3  # 维持
    REMOVED = 4  # 移除


_E = EntryState
MOVES = Moves(
    "entry of case",
    {
        _E.LISTED: (_E.UNDER_REVIEW, _E.REMOVED),
        _E.UNDER_REVIEW: (_E.UPHELD, _E.REMOVED),
        _E.UPHELD: (_E.UNDER_REVIEW, _E.REMOVED),
        _E.REMOVED: (),
    },
)
