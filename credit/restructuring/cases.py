"""Entries of restructuring cases in the log, each of which carries the case's own numbers, and how a case ends in nothing."""

from __future__ import annotations

from credit.collections.contract import RestructuringUnderWay
from credit.mail import Outbox
from credit.policies.restructuring import RestructuringPolicy
from credit.restructuring.contract import Event
from credit.restructuring.states import MOVES, CaseState
from credit.table import Table
from credit.times import DAY_MS, Ints
from credit.worklists.worklist import Worklist


def log_case(out: Outbox, event: Event, table: Table, place: Ints, at: Ints | int, **said: Ints | int) -> None:
    """One event a case or loan observed, with its numbers and its principal; `said`: see `Outbox.log`."""
    out.log_rows(event, table, place, at, amount_fen=table["principal_fen"][place], **said)


def tell_collections(out: Outbox, loans: Ints, at: Ints, under_way: int) -> None:
    """While a case is under way collectors leave its customer alone."""
    told = RestructuringUnderWay.rows(len(loans), at=at, loan=loans, under_way=under_way)
    out.send(RestructuringUnderWay, told)


class Endings:
    """Cases that end without new terms: the loan stays as it was, and is not referred again for a while."""

    def __init__(self, cases: Table, policy: RestructuringPolicy, desk: Worklist) -> None:
        self._cases, self._policy, self._desk = cases, policy, desk

    def end(self, place: Ints, at: Ints, reason: Ints | int, out: Outbox, *, actor: Ints | int = 0) -> None:
        """Ends cases at their instants."""
        if not len(place):
            return
        cases = self._cases
        MOVES.to(cases, place, CaseState.ENDED)
        cases["retry_day"][place] = at // DAY_MS + self._policy.retry_days
        loans = cases["loan"][place]
        log_case(out, Event.RESTRUCTURING_ENDED, cases, place, at, actor=actor, reason=reason)
        tell_collections(out, loans, at, 0)
        self._desk.forget(loans)
