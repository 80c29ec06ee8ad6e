"""At a day's end the book says what the loans in collection come to: collections must know as many, owing as much."""

from __future__ import annotations

import numpy as np
import pytest

from credit.collections.contract import ArrearsTotal, room
from credit.collections.invariants import against_the_book
from credit.collections.states import CaseState
from credit.table import Table

OPEN, CLOSED = int(CaseState.ASSIGNED), int(CaseState.CLOSED)
RIGHT = {
    "branch": [1, 2],
    "loans": [2, 1],
    "overdue_fen": [300, 50],
    "principal_fen": [7_000, 900],
    "penalty_fen": [3, 1],
}


def cases() -> Table:
    """Two open cases and a closed one at branch 1, one at branch 2, one at a branch of which the book says nothing."""
    table = Table(*room.tables["cases"])
    rows = np.zeros(5, dtype=table.dtype)
    rows["loan"] = 1 + np.arange(5)
    rows["branch"], rows["state"] = [1, 1, 1, 2, 9], [OPEN, OPEN, CLOSED, OPEN, OPEN]
    rows["overdue_fen"], rows["principal_fen"] = [100, 200, 0, 50, 8], [3_000, 4_000, 5, 900, 8]
    rows["penalty_fen"] = [1, 2, 0, 1, 8]
    table.load(rows)
    return table


def test_what_agrees_is_in_order_and_the_newest_word_of_a_branch_counts() -> None:
    right = ArrearsTotal.rows(2, at=2, **RIGHT)
    before = ArrearsTotal.rows(2, at=1, **dict.fromkeys(RIGHT, 1) | {"branch": [2, 1]})
    assert against_the_book(cases(), right) == []
    assert against_the_book(cases(), np.concatenate([before, right])) == []


@pytest.mark.parametrize("name", ["loans", "overdue_fen", "principal_fen", "penalty_fen"])
@pytest.mark.parametrize("by", [1, -1])
def test_each_figure_that_differs_is_told_with_its_branch(name: str, by: int) -> None:
    said = {**RIGHT, name: [RIGHT[name][0], RIGHT[name][1] + by]}
    [found] = against_the_book(cases(), ArrearsTotal.rows(2, at=1, **said))
    assert found.startswith(f"branch 2: {name} of its cases come to {RIGHT[name][1]}")
