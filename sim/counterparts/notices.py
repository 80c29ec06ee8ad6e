"""The world opposite notices: push services, the SMS gateway and the post. Each is a port that may fail or answer too late; what
becomes of an attempt hangs on the person, the loan, the day and topic of the notice, and the attempt."""

from __future__ import annotations

import numpy as np

from credit.codes import Status
from credit.mail import Inbox
from credit.masks import any_of
from credit.notices.contract import NoticeAnswered, NoticeChannel, NoticeOrdered
from credit.room import Kind, Rows
from credit.subsystem import State, Window
from credit.times import DAY_MS
from scenarios.model import Scenario
from sim.counterparts.ports import Port, port_statistics
from sim.held import Held
from sim.occasions import on_loan
from sim.opposite import Opposite, World

PORTS = {NoticeChannel.PUSH: "app_push", NoticeChannel.SMS: "sms", NoticeChannel.LETTER: "post"}
_TOPICS, _ATTEMPTS = 64, 64


class NoticesCounterpart:
    """The partners that carry notices."""

    rounds = 1

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._channels = {channel: Port(scenario, seed, name) for channel, name in PORTS.items()}
        self.ports = list(self._channels.values())
        self._held = Held()

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:  # noqa: ARG002
        """Receipts that fall into the window."""
        orders = requests.take(NoticeOrdered)
        for channel, port in self._channels.items() if len(orders) else ():
            mine = orders["channel"] == channel
            if any_of(mine):
                self._held.put(NoticeAnswered, _receipts(port, orders[mine]))
        return self._held.release(window)

    def due(self) -> int:
        return self._held.due()

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:  # noqa: ARG002
        return port_statistics(self.ports, window)

    def export_state(self) -> State:
        return self._held.export_state()

    def import_state(self, state: State) -> None:
        self._held.import_state(state)


def _receipts(port: Port, orders: Rows) -> Rows:
    """One receipt an order, stamped with the instant at which the bank hears of it."""
    day = orders["written_at"] // DAY_MS
    occasion = (day * _TOPICS + orders["topic"]) * _ATTEMPTS + orders["attempt"]
    answer = port.call(orders["party"], on_loan(orders["loan"], occasion), orders["at"])
    status = np.where(answer.missing, int(Status.UNAVAILABLE), int(Status.OK))
    return NoticeAnswered.carry(orders, at=answer.at, status=status)


def opposite(world: World) -> Opposite:
    """The partners, for one shard's customers."""
    return Opposite(NoticesCounterpart(world.scenario, world.seed))
