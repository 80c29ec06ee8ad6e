"""The life of what secures a loan (押品): states, and the moves between them.

OFFERED ─valuer─► VALUED ─contract effective─► REGISTERING ─registrar─► DEPOSITING ─custodian─► IN_FORCE ◄─┐
   (评估)            │ no contract: lapses          ▲         └─fails─► CLOSED  │                  │  │      │ valuer
                     ▼                             └──────documents back───────┘                  │  └─► REVALUING
                   CLOSED     a guarantor (保证人) begins at REGISTERING            all is repaid  ▼
                                              CLOSED ◄─custodian─ RETURNING ◄─registrar─ RELEASING
"""

from __future__ import annotations

import numpy as np

from credit.codes import Coded
from credit.collateral.contract import Desk
from credit.moves import Moves


class CollateralState(Coded):
    """Where it stands."""

    OFFERED = 1  # 待评估
    VALUED = 2  # 已评估
    REGISTERING = 3  # 办理登记
    DEPOSITING = 4  # 权证入库
    IN_FORCE = 5  # 已设立
    REVALUING = 6  # 重估中
    RELEASING = 7  # 办理注销登记
    RETURNING = 8  # 权证出库
    CLOSED = 9  # leaves the register


_C = CollateralState
MOVES = Moves(
    "collateral of case",
    {
        _C.OFFERED: (_C.VALUED, _C.CLOSED),
        _C.VALUED: (_C.REGISTERING, _C.CLOSED),
        _C.REGISTERING: (_C.DEPOSITING, _C.CLOSED),
        _C.DEPOSITING: (_C.REGISTERING, _C.IN_FORCE, _C.CLOSED),
        _C.IN_FORCE: (_C.REVALUING, _C.RELEASING),
        _C.REVALUING: (_C.IN_FORCE, _C.RELEASING),
        _C.RELEASING: (_C.RETURNING,),
        _C.RETURNING: (_C.CLOSED, _C.RELEASING),
        _C.CLOSED: (),
    },
)
DESK_OF: dict[CollateralState, Desk] = {
    _C.OFFERED: Desk.COLLATERAL_VALUER,
    _C.REVALUING: Desk.COLLATERAL_VALUER,
    _C.REGISTERING: Desk.COLLATERAL_REGISTRAR,
    _C.RELEASING: Desk.COLLATERAL_REGISTRAR,
    _C.DEPOSITING: Desk.COLLATERAL_CUSTODIAN,
    _C.RETURNING: Desk.COLLATERAL_CUSTODIAN,
}
"""The desk at which it waits in a state."""

DESKS = np.zeros(max(CollateralState) + 1, dtype=np.int64)
for _state, _desk in DESK_OF.items():
    DESKS[_state] = _desk
