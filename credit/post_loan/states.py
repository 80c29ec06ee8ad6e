"""The life of a case after the loan: states, and the moves between them.

WAITING ─due, or something happened─► INSPECTING ─report, nothing found─► WAITING
                                        ▲     └─findings, or a warning stands─► REVIEWING ─confirmed─► WAITING
                                        └───────────────sent back──────────────────┘
"""

from __future__ import annotations

import numpy as np

from credit.codes import Coded
from credit.moves import Moves
from credit.post_loan.contract import Desk


class InspectionState(Coded):
    """Where the inspections of a case stand."""

    WAITING = 1  # 未到检查日
    INSPECTING = 2  # 检查中
    REVIEWING = 3  # 复核中


_I = InspectionState
MOVES = Moves(
    "inspection of case",
    {
        _I.WAITING: (_I.INSPECTING,),
        _I.INSPECTING: (_I.WAITING, _I.REVIEWING),
        _I.REVIEWING: (_I.WAITING, _I.INSPECTING),
    },
)
DESK_OF: dict[InspectionState, Desk] = {_I.INSPECTING: Desk.CUSTOMER_MANAGER, _I.REVIEWING: Desk.POST_LOAN_REVIEWER}
"""The desk that a case is before in a state."""

DESKS = np.zeros(max(InspectionState) + 1, dtype=np.int64)
for _state, _desk in DESK_OF.items():
    DESKS[_state] = _desk
