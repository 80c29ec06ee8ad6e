"""Customers of the fault search: each hands in a form, signs what he is offered, and pays back early what he was paid out; and
asks again with the same number until he is answered. What he was answered must stay so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, NamedTuple

from actors.sequencer import Command, Done
from credit.contracts.contract import ContractSigned
from credit.contracts.contract import Event as Contracts
from credit.contracts.states import SignMode
from credit.disbursement.contract import Event as Disbursement
from credit.repayment.contract import EarlyRepaymentRequested

RESEND_TICKS = 3
_SIGNS, _PAYS_BACK = 1, 2
"""What is asked of a case."""
_ANEW = 10**14
"""What is added to the number of a request each time that it is asked anew, with other words."""
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


class _Asked(NamedTuple):
    """What somebody was told last, and the number under which he asked then."""

    told: int
    number: int


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
    _asked: dict[int, _Asked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number in range(1, self.count + 1):
            due = self.draw.randrange(self.until)
            self.requests[number] = Request(number, lambda number=number: self.form(number), due)  # type: ignore[misc]

    def write(self, world: Any) -> None:
        """Sends what waits for an answer to a site that says it leads."""
        leading = [site for site in (*world.sites.values(), *world.twins) if site.leads and site.answers]
        for request in [one for one in self.requests.values() if self._waits(one, world.tick)]:
            if leading:
                request.sent = world.tick
                chosen = leading if world.tick < self.twice_until else [self.draw.choice(leading)]
                for site in chosen * (2 if world.tick < self.twice_until else 1):
                    site.commands.append(request.command())

    def hear(self, world: Any, done: Done) -> None:
        """Answers that the bank gave, and events that customers see."""
        for told in done.told:
            for event, at, case, loan in told.events[["event", "at", "case", "loan"]].tolist():
                if event == Contracts.CONTRACT_GENERATED:
                    self._ask(case * 10 + _SIGNS, at, partial(signed, case, at), world.tick)
                elif event == Disbursement.LOAN_DISBURSED:
                    self._ask(case * 10 + _PAYS_BACK, loan, partial(paid_back, loan), world.tick)
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

    def _ask(self, about: int, told: int, command: Callable[[int], Command], tick: int) -> None:
        """A request that follows from what a customer was told. Told otherwise before he was answered, as after a loss, he asks
        anew under another number: what he sent first may still arrive."""
        known = self._asked.get(about)
        if known is not None:
            before = self.requests[known.number]
            if known.told == told or before.answer is not None:
                return
            before.lost = True
        number = about if known is None else known.number + _ANEW
        self._asked[about] = _Asked(told, number)
        self.requests[number] = Request(number, lambda: command(number), tick + 1)


def signed(case: int, offered_at: int, request: int) -> Command:
    """A customer signs his contract, which he has read as it was offered."""
    rows = ContractSigned.rows(
        1, at=0, case=case, round=0, attempt=1, mode=SignMode.ELECTRONIC, confirmed_at=offered_at, request=request
    )
    return Command(ContractSigned, rows)


def paid_back(loan: int, request: int) -> Command:
    """A customer pays back all that he owes."""
    return Command(
        EarlyRepaymentRequested,
        EarlyRepaymentRequested.rows(1, at=0, loan=loan, full=1, amount_fen=0, choice=0, request=request),
    )
