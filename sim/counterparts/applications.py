"""The world opposite the application desk: nobody answers there, forms come by themselves. Who met an outage of the bank's own is
told beside them."""

from __future__ import annotations

from collections.abc import Sequence

from credit.mail import Inbox
from credit.room import Kind, Rows
from credit.rows import among
from credit.subsystem import State, Window
from credit.times import NEVER, Ints
from sim.arrivals import Arrivals
from sim.opposite import Opposite, World


class Turned:
    """Says nothing to the bank: keeps the count of applicants whom an outage turned away."""

    rounds = 0

    def __init__(self, waited: Rows) -> None:
        """`waited`: in the order of time."""
        self._waited, self._told = waited, 0

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
        """Nobody is asked."""
        del requests, window, round_number
        return ()

    def due(self) -> int:
        """Never by itself."""
        return NEVER

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:  # noqa: ARG002
        """Rows for ``waited`` of those who first came before the window's end and have not been told of."""
        before, self._told = self._told, int(self._waited["start"].searchsorted(window.until))
        found = self._waited[before : self._told]
        return {"waited": found} if len(found) else {}

    def export_state(self) -> State:
        """Nothing: who waits follows from the scenario."""
        return {}

    def import_state(self, state: State) -> None:
        """Nothing."""


def opposite(world: World) -> Opposite:
    """Arrivals at the branches of a shard."""
    arrivals = Arrivals(world.scenario, world.seed)
    mine = _of_branches(arrivals.waited, world.branches)
    return Opposite(Turned(mine) if len(mine) else None, arrivals.source(world.branches))


def _of_branches(waited: Rows, branches: Ints) -> Rows:
    return waited[among(waited["branch"], branches)] if len(waited) else waited
