"""Customers of the fault search: each hands in a form, signs once he is approved, and asks again with the same number until he is
answered. What he was answered must stay so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import numpy as np

from actors.sequencer import Command, Done
from credit.approval.contract import Event as Approval
from credit.contracts.contract import ContractSigned
from credit.contracts.states import SignMode

RESEND_TICKS = 3
Form = Callable[[int], Command]
"""The command of a customer's application, by request number."""


class Answer(NamedTuple):
    """The bank's answer: the number of what came of it and the reason why not; and in which window."""

    number: int
    reason: int
    window: int


@dataclass
class Request:
    """What a customer asks, from which tick on."""

    number: int
    command: Callable[[], Command]
    due: int
    answer: Answer | None = None
    lost: bool = False
    """It was answered, and then lost with a site that was in step; that was told."""
    sent: int = 0


class Broken(Exception):
    """A promise to a customer that was not kept."""


@dataclass
class Customers:
    """All customers of one search."""

    draw: Random
    form: Form
    count: int
    until: int
    """Tick by which all have come."""
    requests: dict[int, Request] = field(default_factory=dict)
    deaf_until: int = 0
    twice_until: int = 0
    _cases: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number in range(1, self.count + 1):
            due = self.draw.randrange(self.until)
            self.requests[number] = Request(number, lambda number=number: self.form(number), due)  # type: ignore[misc]

    def write(self, world: Any) -> None:
        """Sends what waits for an answer to a site that says it leads."""
        leading = [site for site in world.sites.values() if site.leads and site.answers]
        for request in [one for one in self.requests.values() if self._waits(one, world.tick)]:
            if leading:
                request.sent = world.tick
                chosen = leading if world.tick < self.twice_until else [self.draw.choice(leading)]
                for site in chosen * (2 if world.tick < self.twice_until else 1):
                    site.commands.append(request.command())

    def hear(self, world: Any, done: Done) -> None:
        """Answers that the bank gave, and events that customers see."""
        for told in done.told:
            approved = told.events[told.events["event"] == Approval.APPLICATION_APPROVED]
            for case in approved["case"].tolist():
                self._sign(case, world.tick)
            for number, kept, reason in told.answers[["request", "number", "reason"]].tolist():
                if number in self.requests:
                    self._answered(self.requests[number], Answer(kept, reason, told.window), world.tick)

    def lost_from(self, window: int) -> None:
        """A site out of step leads, and holds no window from this one on."""
        for request in self.requests.values():
            if request.answer is not None and request.answer.window >= window:
                request.lost, request.answer = True, None

    def heal(self) -> None:
        """From now on everybody hears."""
        self.deaf_until = self.twice_until = 0

    def unanswered(self) -> list[int]:
        """Who still waits."""
        return [one.number for one in self.requests.values() if one.answer is None and not one.lost]

    def _waits(self, request: Request, tick: int) -> bool:
        again = not request.sent or tick >= request.sent + RESEND_TICKS
        asked = request.answer is None and not request.lost and tick >= request.due and again
        return asked or (tick < self.twice_until and request.sent > 0 and self.draw.random() < 0.3)

    def _answered(self, request: Request, answer: Answer, tick: int) -> None:
        if tick < self.deaf_until:
            return
        before = request.answer
        if before is not None and before[:2] != answer[:2]:
            raise Broken(f"request {request.number} was answered {before} first, and now {answer}")
        request.answer = before or answer

    def _sign(self, case: int, tick: int) -> None:
        number = 1_000_000 + case % 1_000_000
        if number not in self.requests:
            self.requests[number] = Request(number, lambda: signed(case, number), tick + 1)


def signed(case: int, request: int) -> Command:
    """A customer signs his contract."""
    rows = ContractSigned.rows(
        1, at=0, case=case, round=0, attempt=1, mode=SignMode.ELECTRONIC, confirmed_at=0, request=request
    )
    return Command(ContractSigned, np.asarray(rows))
