"""Parts that people play. Behind the gateway real customers act for themselves and real staff sit at the desks they have taken
over; the world plays everybody else, and every partner. Nothing is played twice: what is put to a person is not put to the
world.

An application that came through the gateway carries a reference whose visit is numbered from `LIVE_VISITS` on (see
`sim.occasions`), so one look at a row says who acts for its customer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from credit.appeals.contract import AppealAnswered, AppealOffered
from credit.contracts.contract import ContractOffered, ScanWanted
from credit.customers.contract import SupplementRequested
from credit.disbursement.contract import ConditionRequested, FacilityOpened, UseEvidenceRequested
from credit.identifiers import Texts
from credit.mail import Inbox
from credit.repayment.contract import DebitRequest, LoanOpened, PaymentIntended
from credit.restructuring.contract import HelpOffered, TermsOffered
from credit.room import Kind, Rows
from credit.rows import among, only
from credit.subsystem import Counterpart, Window
from credit.texts import text_keys
from credit.times import Bools, Ints
from scenarios.model import PARTIES_MAX, Scenario
from sim.occasions import VISITS, visit_of
from sim.opposite import Around, Opposite

LIVE_VISITS = VISITS // 2
"""Visits through the gateway are numbered from here; nobody in a simulation comes so often."""
_DRAWN = (1 << 42) - PARTIES_MAX
_PUT_TO_CUSTOMERS = (
    SupplementRequested,
    AppealOffered,
    AppealAnswered,
    ContractOffered,
    ScanWanted,
    ConditionRequested,
    FacilityOpened,
    UseEvidenceRequested,
    LoanOpened,
    PaymentIntended,
    HelpOffered,
    TermsOffered,
)
"""What a customer is asked or may act upon, and the scan of what he signed before people, who file it themselves. An
automatic debit is put to his account, which the world keeps."""


def is_live(reference: Ints) -> Bools:
    """True for applications that came through the gateway."""
    return np.asarray(visit_of(reference) >= LIVE_VISITS)


def live_references(people: Ints, requests: Ints) -> Ints:
    """References of applications through the gateway: whose each is (0 … 2⁴² − 1) and by which request."""
    return np.asarray(people * VISITS + LIVE_VISITS + requests % LIVE_VISITS)


class PlayedByPeople(Around):
    """A counterpart that is not told of what is put to people."""

    def __init__(self, inner: Counterpart, desks: Collection[int]) -> None:
        """`desks`: those at which people sit."""
        super().__init__(inner)
        self._desks = list(desks)

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
        if requests:
            requests = Inbox({kind.number: only(rows, ~self._is_peoples(kind, rows)) for kind, rows in requests})
        return super().respond(requests, window, round_number)

    def _is_peoples(self, kind: Kind, rows: Rows) -> Bools:
        names = rows.dtype.names or ()
        if "task" in names and "desk" in names:
            return among(rows["desk"], self._desks)
        if kind in _PUT_TO_CUSTOMERS:
            return is_live(rows["party"])
        if kind is DebitRequest:
            return np.asarray(is_live(rows["party"]) & (rows["automatic"] == 0))
        return np.zeros(len(rows), dtype=bool)


def with_people(opposite: Opposite, desks: Collection[int]) -> Opposite:
    """The same world, in which people act for the customers of the gateway and sit at some desks."""
    counterpart = opposite.counterpart
    return replace(opposite, counterpart=PlayedByPeople(counterpart, desks) if counterpart is not None else None)


def live_people(id_numbers: Texts, scenario: Scenario) -> Ints:
    """The numbers under which the world knows people of the gateway: the scripted customer with an ID number, else one drawn of
    it, beyond all that a scenario numbers."""
    people = PARTIES_MAX + (text_keys(id_numbers) % np.uint64(_DRAWN)).astype(np.int64)
    for one in scenario.script:
        people[id_numbers == one.id_number] = one.party
    return people
