"""What became of the cases, counted a branch: the ground on which the conservation of cases is checked. Its rule: it only
ever counts up."""

from __future__ import annotations

import numpy as np

from credit.room import blank
from credit.table import Table
from credit.times import Ints

NUMBERS_A_BRANCH = 10**9


class Tally:
    """One row a branch: cases accepted, refused for lack of consent, intercepted, scored."""

    def __init__(self) -> None:
        self.table = Table(f"branch {blank('accepted refused intercepted scored')}", "branch")

    def count(self, name: str, case: Ints) -> None:
        """Adds one under `name` for each case, in the branch of its number."""
        if not len(case):
            return
        branch = case // NUMBERS_A_BRANCH
        rows = self.table.find(branch)
        if bool((rows < 0).any()):
            new = np.unique(branch[rows < 0])
            self.table.append(length=len(new), branch=new)
            rows = self.table.find(branch)
        np.add.at(self.table[name], rows, 1)
