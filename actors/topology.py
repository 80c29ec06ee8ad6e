"""The map of the flow: which cell mails which. Everything is derived from the rooms' contracts and their order: mail to a later
room travels in the same window; mail to an earlier one is under way for a stated time, so rooms of different windows can overlap
without ever seeing each other's future.

    applications → customers → scoring → approval → head office → contracts → disbursement → repayment → collections
                                                                                   └────────────┴──→ ledger
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from credit.bank import PIPELINE
from credit.room import Room
from credit.times import DAY_MS, Ints

LATE_MS = DAY_MS
"""How long mail to an earlier room is under way: what a later room says counts there a day after it was said (T+1), whatever the
length of the windows. No window is longer (`credit.subsystem.windows`), so rooms of different windows may overlap."""


class Cell(NamedTuple):
    """One host's place: a room of a shard. Shared rooms live in shard 0."""

    room: str
    shard: int

    def __str__(self) -> str:
        return f"{self.room}-{self.shard}"

    @staticmethod
    def named(name: str) -> Cell:
        """The cell that a name stands for: ``Cell.named("scoring-1")``."""
        room, _, shard = name.rpartition("-")
        return Cell(room, int(shard))


@dataclass(frozen=True)
class Flow:
    """Rooms in the order in which a window passes them, shared out to `shards`."""

    shards: int
    rooms: Sequence[Room] = PIPELINE

    @cached_property
    def order(self) -> dict[str, int]:
        """Place of each room by its name."""
        return {room.name: place for place, room in enumerate(self.rooms)}

    @cached_property
    def shared(self) -> frozenset[str]:
        """Rooms of which there is one for all shards."""
        return frozenset(room.name for room in self.rooms if room.shared)

    @cached_property
    def routes(self) -> dict[str, tuple[str, ...]]:
        """Each room with the rooms it mails, in order: whoever accepts a kind names its senders, whoever hears it says so."""
        found: dict[str, set[str]] = {room.name: set() for room in self.rooms}
        for kind in (kind for room in self.rooms for kind in room.kinds):
            for sender in (sender for sender in kind.senders if sender in found):
                found[sender].update(name for name in (kind.room, *kind.hearers) if name in found and name != sender)
        return {name: tuple(sorted(targets, key=self.order.__getitem__)) for name, targets in found.items()}

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells in the order in which a window passes them."""
        return [Cell(r.name, shard) for r in self.rooms for shard in range(1 if r.shared else self.shards)]

    def destinations(self, cell: Cell) -> list[Cell]:
        """The cells a cell may mail, in a fixed order."""
        return self._lines[cell]

    @cached_property
    def _lines(self) -> dict[Cell, list[Cell]]:
        return {cell: self._reached_from(cell) for cell in self.cells}

    def _reached_from(self, cell: Cell) -> list[Cell]:
        found = []
        for room in self.routes[cell.room]:
            if room in self.shared:
                found.append(Cell(room, 0))
            elif cell.room in self.shared:
                found.extend(Cell(room, shard) for shard in range(self.shards))
            else:
                found.append(Cell(room, cell.shard))
        return found

    def sources(self, cell: Cell) -> list[Cell]:
        """The cells that may mail a cell, in a fixed order."""
        return self._senders[cell]

    @cached_property
    def _senders(self) -> dict[Cell, list[Cell]]:
        return {cell: [other for other in self.cells if cell in self._lines[other]] for cell in self.cells}

    def is_late(self, sender: Cell, receiver: Cell) -> bool:
        """True for mail that goes back up the flow."""
        return self.order[receiver.room] <= self.order[sender.room]

    def room_of(self, cell: Cell) -> Room:
        """The room that a cell hosts."""
        return self.rooms[self.order[cell.room]]


def shard_of_branch(branch: Ints, shards: int) -> Ints:
    """The shard of each branch: branches are dealt out in turn. Head office (branch 0) lives in shard 0."""
    return (branch - 1).clip(min=0) % shards
