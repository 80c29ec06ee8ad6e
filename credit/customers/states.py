"""The states of a customer (CUS-11): potential until the first piece of business completes."""

from __future__ import annotations

from credit.codes import Coded
from credit.moves import Moves


class CustomerState(Coded):
    """Where a customer stands with the bank: potential (潜在客户), formal (正式客户)."""

    POTENTIAL = 0
    FORMAL = 1


MOVES = Moves("customer", {CustomerState.POTENTIAL: (CustomerState.FORMAL,), CustomerState.FORMAL: ()})
