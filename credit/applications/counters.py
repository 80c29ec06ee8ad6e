"""Running numbers of a branch: application numbers, customer numbers, and a tally of what became of the forms. Its rule: a
number depends on the branch's own history alone, so it is the same for any number of shards."""

from __future__ import annotations

import numpy as np

from credit.room import Rows, blank
from credit.rows import ranks
from credit.table import Table
from credit.times import Ints

NUMBERS_A_BRANCH = 10**9
TALLIES = "forms customers refused declined intercepted accepted"


class Counters:
    """One row a branch."""

    def __init__(self) -> None:
        self.table = Table(f"branch {blank(TALLIES)}", "branch")

    def next_numbers(self, name: str, branch: Ints) -> Ints:
        """New numbers, branch × 10⁹ + running number from 1, in row order; counts them under `name`."""
        rows = self._rows(branch)
        before = self.table[name][rows]
        numbers = branch * NUMBERS_A_BRANCH + before + 1 + ranks(branch)
        self.count(name, branch)
        return numbers

    def count(self, name: str, branch: Ints) -> None:
        """Adds one to a branch's tally for each row."""
        if len(branch):
            rows = self._rows(branch)
            np.add.at(self.table[name], rows, 1)

    def _rows(self, branch: Ints) -> Ints:
        rows = self.table.find(branch)
        if bool((rows < 0).any()):
            new = np.unique(branch[rows < 0])
            self.table.append(length=len(new), branch=new)
            rows = self.table.find(branch)
        return rows

    def export(self) -> Rows:
        return self.table.export()

    def load(self, rows: Rows) -> None:
        self.table.load(rows)
