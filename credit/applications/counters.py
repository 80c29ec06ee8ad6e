"""Running numbers of a branch: application numbers, customer numbers, and a tally of what became of the forms. Its rule: a
number depends on the branch's own history alone, so it is the same for any number of shards."""

from __future__ import annotations

import numpy as np

from credit.messages import Rows
from credit.table import Table
from credit.times import Ints

NUMBERS_A_BRANCH = 10**9
TALLIES = "forms customers refused declined intercepted accepted"


def ranks(groups: Ints) -> Ints:
    """The running number (from 0) of each row within its group, in row order."""
    if len(groups) < 2:
        return np.zeros(len(groups), dtype=np.int64)
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    lengths = np.diff(np.append(starts, len(groups)))
    result = np.empty(len(groups), dtype=np.int64)
    result[order] = np.arange(len(groups)) - np.repeat(starts, lengths)
    return result


def previous(groups: Ints) -> Ints:
    """The row before each row within its group, in row order; −1 for the first of a group."""
    order = np.argsort(groups, kind="stable")
    same = np.flatnonzero(groups[order][1:] == groups[order][:-1])
    result = np.full(len(groups), -1, dtype=np.int64)
    result[order[same + 1]] = order[same]
    return result


class Counters:
    """One row a branch."""

    def __init__(self) -> None:
        self.table = Table(f"branch {TALLIES}", "branch")

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
