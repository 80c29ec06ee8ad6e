"""The life of a loan as the ledger sees it, derived from its balances. What has left the balance sheet never comes back
(NPL-09); recoveries shrink the off-balance amount until nothing is left.

    ON_BALANCE ──write-off──► WRITTEN_OFF ──recovered in full──► SETTLED
        └───────────────────repaid in full──────────────────────────┘
"""

from __future__ import annotations

import numpy as np

from credit.codes import Coded
from credit.moves import Moves
from credit.times import Ints


class LoanAccount(Coded):
    """Where a loan's balance stands."""

    SETTLED = 0
    ON_BALANCE = 1
    WRITTEN_OFF = 2


_L = LoanAccount
MOVES = Moves(
    "loan",
    {
        _L.SETTLED: (_L.SETTLED, _L.ON_BALANCE),  # the first posting of a loan; a tranche repaid and drawn again
        _L.ON_BALANCE: (_L.ON_BALANCE, _L.WRITTEN_OFF, _L.SETTLED),
        _L.WRITTEN_OFF: (_L.WRITTEN_OFF, _L.SETTLED),
    },
)


def states_of(balances: Ints) -> Ints:
    """State of each loan from its balances, shape (loans, 4) in the order of `BY_LOAN`."""
    on_balance = np.logical_or.reduce(balances[:, :3] != 0, axis=1)
    off_balance = balances[:, 3] != 0
    return np.where(off_balance, LoanAccount.WRITTEN_OFF, np.where(on_balance, LoanAccount.ON_BALANCE, 0))
