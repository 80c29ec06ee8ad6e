"""What befalls partners of a bank that lives: its world plays them, and is told by whoever drills the bank, through the day book
like all that comes from outside. So a bank that is worked again meets with the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, cast

import numpy as np

from credit.mail import Inbox
from credit.room import Kind, Room, Rows
from credit.rows import joined
from credit.subsystem import Counterpart, State, Window
from sim.opposite import Around, Opposite


class Told(Protocol):
    """A port that hears what befalls its partners (`sim.counterparts.ports`)."""

    def told(self, rows: Rows) -> None: ...


class HasPorts(Counterpart, Protocol):
    """A counterpart that plays partners."""

    @property
    def ports(self) -> Sequence[Told]: ...


class ToldOfPartners(Around):
    """A counterpart whose ports hear what befalls them."""

    def __init__(self, inner: HasPorts, kind: Kind) -> None:
        super().__init__(inner)
        self._ports, self._kind, self._told = inner.ports, kind, kind.nothing
        self._state = f"told.{kind.name}"

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
        if len(told := requests.take(self._kind)):
            self._learn(told, window)
            requests = Inbox({kind.number: rows for kind, rows in requests if kind is not self._kind})
        return super().respond(requests, window, round_number)

    def _learn(self, told: Rows, window: Window) -> None:
        """What is told ends what was told earlier of the same partner and branch, and what is over is forgotten."""
        for place in range(len(told)):
            row, known = told[place : place + 1], self._told
            same = (known["branch"] == row["branch"]) & ((known["partner"] == row["partner"]) | (row["partner"] == 0))
            known["until"] = np.where(same, np.minimum(known["until"], row["at"]), known["until"])
            self._told = joined([known, row])
        self._told = self._told[self._told["until"] > window.start]
        self._tell()

    def _tell(self) -> None:
        for port in self._ports:
            port.told(np.unique(self._told[[name for name in self._kind.fields.names if name != "branch"]]))

    def export_state(self) -> State:
        """Beside the counterpart's own, what its ports were told."""
        return self.inner.export_state() | ({self._state: self._told} if len(self._told) else {})

    def import_state(self, state: State) -> None:
        """Replaces everything by exported state."""
        self.inner.import_state({name: rows for name, rows in state.items() if name != self._state})
        self._told = state.get(self._state, self._kind.nothing).copy()
        self._tell()


def with_told(opposite: Opposite, room: Room) -> Opposite:
    """The same partners, who can be told of."""
    counterpart, kind = opposite.counterpart, room.partner_told
    if counterpart is None or kind is None:
        return opposite
    return replace(opposite, counterpart=ToldOfPartners(cast(HasPorts, counterpart), kind))
