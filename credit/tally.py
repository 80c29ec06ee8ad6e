"""What became of things, counted a branch: where running numbers come from, and the ground on which conservation is checked. A
count depends on the branch's own history alone, so it is the same for any number of shards; it only ever goes up."""

from __future__ import annotations

import numpy as np

from credit.masks import all_of, true_rows
from credit.numbers import numbered
from credit.rows import ranks
from credit.table import Table
from credit.times import Ints


class Tally:
    """Counts in the columns of a table by branch."""

    def __init__(self, table: Table) -> None:
        """`table`: of a room's state, its columns all but `branch` may be left out of a new row."""
        self.table = table

    def count(self, name: str, branch: Ints) -> None:
        """Adds one under `name` in the branch of each row."""
        if len(branch):
            rows = self._rows(branch)  # first: a new branch may move the column
            np.add.at(self.table[name], rows, 1)

    def next_numbers(self, name: str, branch: Ints) -> Ints:
        """New case numbers, in row order; counts them under `name`."""
        rows = self._rows(branch)
        numbers = numbered(branch, self.table[name][rows] + 1 + ranks(branch))
        np.add.at(self.table[name], rows, 1)
        return numbers

    def imbalances(self, whole: str, parts: str, rest: Ints) -> list[tuple[int, int, int]]:
        """(branch, whole, sum) where a count is not the sum of other counts and of the rows of `rest`, a column of
        branches."""
        table = self.table
        total = np.zeros(len(table), dtype=np.int64)
        np.add.at(total, table.find(rest), 1)
        for name in parts.split():
            total += table[name]
        wrong = true_rows(total != table[whole])
        return [(int(table["branch"][r]), int(table[whole][r]), int(total[r])) for r in wrong]

    def _rows(self, branch: Ints) -> Ints:
        rows = self.table.find(branch)
        if all_of(rows >= 0):
            return rows
        new = np.unique(branch[rows < 0])
        self.table.append(length=len(new), branch=new)
        return self.table.find(branch)
