"""The states of a loan in repayment, with every allowed move as data (REP-09, NPL-09).

    LoanDisbursed ──► ACTIVE ──last instalment fell due──► MATURED ──all paid──► SETTLED
                        │ └──────repaid early in full───────────────────────────────▲
                        └──────────────► WRITTEN_OFF ◄────────┘                     │
                                              └──────────recovered in full──────────┘

Its rule: being overdue is no state but a fact: something due is unpaid, and since when (the arrears). So a loan can't be
marked overdue without an amount, nor the other way round."""

from __future__ import annotations

from enum import IntEnum


class LoanState(IntEnum):
    """Where a loan stands. SETTLED and WRITTEN_OFF rows have left the active book and wait to be compacted."""

    ACTIVE = 1
    MATURED = 2
    SETTLED = 3
    WRITTEN_OFF = 4


MOVES: dict[LoanState, tuple[LoanState, ...]] = {
    LoanState.ACTIVE: (LoanState.MATURED, LoanState.SETTLED, LoanState.WRITTEN_OFF),
    LoanState.MATURED: (LoanState.SETTLED, LoanState.WRITTEN_OFF),
    LoanState.SETTLED: (),
    LoanState.WRITTEN_OFF: (LoanState.SETTLED,),
}
