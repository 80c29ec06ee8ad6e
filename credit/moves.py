"""State machines that run. A table of moves is data, and one helper executes it: `to` proves that every row may take the move,
then makes it. An impossible move is a broken promise: it raises with the entity, where it stood and where it was to go; the
frame adds the window and the seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Generic, TypeVar

import numpy as np

from credit.errors import InvariantViolation
from credit.masks import true_rows
from credit.table import Table
from credit.times import Bools, Ints

State = TypeVar("State", bound=IntEnum)


class ImpossibleMove(InvariantViolation):
    """An entity was to take a move that its table of moves does not hold."""


class Moves(Generic[State]):
    """The allowed moves between the states of one entity. A state may always stay as it is only where it lists itself."""

    def __init__(self, entity: str, moves: Mapping[State, Sequence[State]]) -> None:
        """`entity`: how a sentence calls it, e.g. ``contract of case``."""
        self.entity, self.table = entity, {before: tuple(afters) for before, afters in moves.items()}
        self.states: type[State] = type(next(iter(moves)))
        missing = [state.name for state in self.states if state not in moves]
        assert not missing, f"{entity}: no moves are given for {', '.join(missing)}"
        size = max(self.states) + 1
        self._allowed = np.zeros((size, size), dtype=bool)
        for before, afters in moves.items():
            self._allowed[before, list(afters)] = True
        self.final: Bools = np.asarray(~self._allowed.any(axis=1))
        """True at the numbers of states that no move leaves."""

    def allowed(self, before: Ints, after: Ints | int) -> Bools:
        """True where the move is in the table."""
        return np.asarray(self._allowed[before, after])

    def to(self, table: Table, rows: Ints, after: State | Ints, column: str = "state") -> None:
        """Moves rows of a table; ImpossibleMove names the first that may not go there."""
        if not len(rows):
            return
        before = table[column][rows]
        wrong = true_rows(~self._allowed[before, after])
        if len(wrong):
            row = wrong[0]
            target = int(np.broadcast_to(np.asarray(after, dtype=np.int64), before.shape)[row])
            raise ImpossibleMove(self.said(int(table[table.key][rows[row]]), int(before[row]), target))
        table.put(rows, **{column: after})

    def said(self, entity: int, before: int, after: int) -> str:
        """The sentence of an impossible move."""
        return f"{self.entity} {entity} can't go from {self.states(before).name} to {self.states(after).name}"
