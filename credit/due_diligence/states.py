"""States of a case that is looked into (尽职调查), and the moves between them.

VISITING ─report of the customer manager─► ANALYSING ─analyst─► PASSED_ON, to approval
   ▲           (实地走访)                      │ (财务分析)
   └──────────────sent back───────────────────┘
"""

from __future__ import annotations

import numpy as np

from credit.codes import Coded
from credit.due_diligence.contract import Desk
from credit.moves import Moves


class InvestigationState(Coded):
    """Where it stands."""

    VISITING = 1  # 实地走访
    ANALYSING = 2  # 财务分析
    PASSED_ON = 3  # leaves for approval


_S = InvestigationState
MOVES = Moves(
    "due diligence of case", {_S.VISITING: (_S.ANALYSING,), _S.ANALYSING: (_S.VISITING, _S.PASSED_ON), _S.PASSED_ON: ()}
)
DESK_OF: dict[InvestigationState, Desk] = {_S.VISITING: Desk.SITE_INVESTIGATOR, _S.ANALYSING: Desk.FINANCIAL_ANALYST}
"""The desk at which it waits in a state."""

DESKS = np.zeros(max(InvestigationState) + 1, dtype=np.int64)
for _state, _desk in DESK_OF.items():
    DESKS[_state] = _desk
