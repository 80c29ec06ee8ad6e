"""The life of a loan as the ledger sees it, derived from its balances. Its rule: what has left the balance sheet never
comes back (NPL-09); recoveries shrink the off-balance amount until nothing is left.

    ON_BALANCE ──write-off──► WRITTEN_OFF ──recovered in full──► SETTLED
        └───────────────────repaid in full──────────────────────────┘
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from credit.times import Bools, Ints


class LoanAccount(IntEnum):
    """Where a loan's balance stands."""

    SETTLED = 0
    ON_BALANCE = 1
    WRITTEN_OFF = 2


TRANSITIONS: dict[LoanAccount, tuple[LoanAccount, ...]] = {
    LoanAccount.SETTLED: (LoanAccount.ON_BALANCE,),  # the first posting of a loan; a tranche repaid and drawn again
    LoanAccount.ON_BALANCE: (LoanAccount.WRITTEN_OFF, LoanAccount.SETTLED),
    LoanAccount.WRITTEN_OFF: (LoanAccount.SETTLED,),
}

_ALLOWED = np.eye(len(LoanAccount), dtype=bool)
for _before, _afters in TRANSITIONS.items():
    _ALLOWED[_before, list(_afters)] = True


def states_of(balances: Ints) -> Ints:
    """State of each loan from its balances, shape (loans, 4) in the order of `BY_LOAN`."""
    on_balance = (balances[:, :3] != 0).any(axis=1)
    off_balance = balances[:, 3] != 0
    return np.where(off_balance, LoanAccount.WRITTEN_OFF, np.where(on_balance, LoanAccount.ON_BALANCE, 0))


def allowed(before: Ints, after: Ints) -> Bools:
    """True where a loan may go from one state to the other, or stay."""
    return np.asarray(_ALLOWED[before, after])
