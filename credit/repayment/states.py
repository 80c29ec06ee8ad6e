"""The states of a loan in repayment, with every allowed move as data (REP-09, REP-13, NPL-09).

    LoanDisbursed ──► ACTIVE ──last instalment fell due──► MATURED ──all paid──► SETTLED
                        │ ▲ └──────repaid early in full───────│────────────────────▲
                        │ └──────────restructured─────────────┤
                        └──────────────► WRITTEN_OFF ◄────────┘

SETTLED and WRITTEN_OFF loans have left the active book and wait to be compacted; what comes back of a loan written off shrinks
its claim in the table ``written_off``. Being overdue is no state but a fact: something due is unpaid, and since when (the
arrears). So a loan can't be marked overdue without an amount, nor the other way round."""

from __future__ import annotations

from credit.codes import Coded
from credit.moves import Moves


class LoanState(Coded):
    """Where a loan stands."""

    ACTIVE = 1
    MATURED = 2
    SETTLED = 3
    WRITTEN_OFF = 4


MOVES = Moves(
    "loan",
    {
        LoanState.ACTIVE: (LoanState.MATURED, LoanState.SETTLED, LoanState.WRITTEN_OFF),
        LoanState.MATURED: (LoanState.ACTIVE, LoanState.SETTLED, LoanState.WRITTEN_OFF),
        LoanState.SETTLED: (),
        LoanState.WRITTEN_OFF: (),
    },
)
