"""The desks of a room's several worklists as one counterpart; and people of head office who serve each branch as if it were the
only one, so that a shard needs to know nothing of the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from credit.mail import Inbox
from credit.room import Kind, Rows
from credit.rows import joined
from credit.subsystem import State, Window
from credit.times import Ints
from sim.counterparts.staffed import StaffedDesks
from sim.staff import Person


class StaffedLists:
    """Several lists, asked one after another in each round."""

    def __init__(self, lists: Mapping[str, StaffedDesks], shared: Collection[int] = (), branches: int = 1) -> None:
        """`lists`: by the name their state is kept under, empty for one list · `shared`: roles of head office that sit once at
        each of the bank's `branches`, which each count their part of a shift."""
        self._lists = {f"{name}." if name else "": desks for name, desks in lists.items()}
        self._shared, self._branches = list(shared), max(branches, 1)
        self.rounds = max(desks.rounds for desks in self._lists.values())

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """Takes tasks in, and serves the round's desks."""
        return [said for desks in self._lists.values() for said in desks.respond(requests, window, round_number)]

    def due(self) -> int:
        return min(desks.due() for desks in self._lists.values())

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        """Rows for ``queues``, ``hours`` and ``staff`` of the desks."""
        told = [desks.statistics(window, closing) for desks in self._lists.values()]
        names = dict.fromkeys(name for one in told for name in one)
        tables = {name: joined([one[name] for one in told if name in one]) for name in names}
        for table in (tables[name] for name in ("hours", "staff") if name in tables and self._shared):
            table["on_shift_ms"][np.isin(table["role"], self._shared)] //= self._branches
        return tables

    def export_state(self) -> State:
        """All lists' desks."""
        return {
            f"{name}{part}": rows for name, desks in self._lists.items() for part, rows in desks.export_state().items()
        }

    def import_state(self, state: State) -> None:
        """Replaces everything by exported state."""
        for name, desks in self._lists.items():
            desks.import_state({part.removeprefix(name): rows for part, rows in state.items() if part.startswith(name)})


def seated(
    people: Sequence[Person], desks: Collection[int], branches: Sequence[int], shared: Collection[int] = ()
) -> list[Person]:
    """The people of desks at branches; those of `shared` desks, of head office, sit once at each branch."""
    own = [one for one in people if one.role in desks and one.role not in shared and one.branch in branches]
    heads = [one for one in people if one.role in desks and one.role in shared and not one.is_deputy]
    return own + [replace(one, branch=branch) for branch in branches for one in heads]


def at_the_branch(branch: Ints, desk: Ints) -> Ints:
    """A task is worked on at its branch, whatever its desk."""
    del desk
    return branch
