"""How loans enter and leave collection: overdue, paid in part, paid in full, in the order of their times, loan by loan. A case
that is closed stays until the day ends, so what happened to it earlier that day still finds it."""

from __future__ import annotations

import numpy as np

from credit.codes import Contact
from credit.collections.cases import Refuse, log_case, stage_on, to_work
from credit.collections.contract import FIGURES, Event, RefusedBecause
from credit.collections.daily_work import DailyWork
from credit.collections.rules import cleared, dpd_of
from credit.collections.states import MOVES, CaseState
from credit.collections.strategy import Strategies
from credit.mail import Outbox
from credit.room import Rows
from credit.table import Table
from credit.times import DAY_MS, NEVER, Ints
from credit.worklists.worklist import Worklist

_KEPT_ON_REOPENING = {"loan", "state", *"sms_day voice_day call_day visit_day legal_day".split()}
"""A new case on the same day must not repeat what the old one did that day."""


class Intake:
    """Opens, updates and closes cases; each loan at most once a call."""

    def __init__(
        self,
        cases: Table,
        receipts: Table,
        strategies: Strategies,
        daily_work: DailyWork,
        collectors: Worklist,
        refuse: Refuse,
    ) -> None:
        self._cases, self._receipts, self._strategies = cases, receipts, strategies
        self._daily_work, self._collectors, self._refuse = daily_work, collectors, refuse

    # ---- overdue

    def overdue(self, rows: Rows, out: Outbox) -> None:
        """Opens cases; for a loan whose case is open the figures are brought up to date."""
        place = self._cases.find(rows["loan"])
        known = place >= 0
        closed = self._cases.get("state", place) == CaseState.CLOSED
        self._update(place[known & ~closed], rows[known & ~closed])
        self._clear(place[closed], rows[closed], out)
        place[~known] = self._cases.append(rows[~known], state=CaseState.CREATED, closed_at=NEVER)
        fresh = ~known | closed
        self._open(place[fresh], rows["at"][fresh], out)

    def _clear(self, place: Ints, rows: Rows, out: Outbox) -> None:
        """A loan overdue again on the day it was paid: a new case in the old row, for which no task was meant yet."""
        kept = self._cases["promise_day"][place] > 0
        log_case(
            out,
            Event.PROMISE_KEPT,
            self._cases,
            place[kept],
            rows["at"][kept],
            amount_fen=self._cases["promise_fen"][place[kept]],
            value=self._cases["promise_day"][place[kept]],
        )
        MOVES.to(self._cases, place, CaseState.CREATED)
        source = rows.dtype.names or ()
        for name in self._cases.names:
            if name not in _KEPT_ON_REOPENING:
                self._cases[name][place] = rows[name] if name in source else 0
        self._cases["closed_at"][place] = NEVER
        self._collectors.withdraw(rows["loan"], rows["at"], out)

    def _update(self, place: Ints, rows: Rows) -> None:
        for name in FIGURES.split():
            self._cases[name][place] = rows[name]

    def known(self, rows: Rows, out: Outbox) -> tuple[Rows, Ints]:
        """Rows whose loan has an open case, brought up to date with their figures, and the row numbers of the cases."""
        place = self._cases.find(rows["loan"])
        there = self._cases.get("state", place, CaseState.CLOSED) != CaseState.CLOSED
        self._refuse(rows[~there], RefusedBecause.UNKNOWN_CASE, out)
        rows, place = rows[there], place[there]
        self._update(place, rows)
        return rows, place

    def _open(self, place: Ints, at: Ints, out: Outbox) -> None:
        """A case is assigned to the team of its stage as it is created (COL-05)."""
        cases = self._cases
        cases["opened_at"][place] = at
        cases["set"][place] = self._strategies.sets(cases["product"][place], cases["segment"][place])
        log_case(
            out, Event.CASE_OPENED, cases, place, at, value=dpd_of(at // DAY_MS, cases["overdue_since_day"][place])
        )
        stage = stage_on(cases, self._strategies, place, at // DAY_MS)
        cases["stage"][place], cases["stage_since"][place] = stage, at // DAY_MS
        to_work(cases, place)
        desks = self._strategies.desk[stage]
        log_case(out, Event.CASE_ASSIGNED, cases, place, at, value=desks, reason=stage)
        self._daily_work.plan(place, at, out)

    # ---- handed over

    def handed_over(self, rows: Rows, out: Outbox) -> None:
        """REP-08: who told the bank's desk that he won't pay is called out of turn, as soon as the strategy of the case's stage
        has its team call. A case that has been paid since has nobody to call."""
        cases, place = self._cases, self._cases.find(rows["loan"])
        there = cases.get("state", place, CaseState.CLOSED) != CaseState.CLOSED
        place, at = place[there], rows["at"][there]
        free = cases["next_means"][place] == 0
        cases["next_means"][place[free]] = Contact.CALL
        dpd = dpd_of(at // DAY_MS, cases["overdue_since_day"][place])
        log_case(out, Event.CASE_HANDED_OVER, cases, place, at, value=dpd)

    # ---- paid

    def paid(self, rows: Rows, out: Outbox) -> None:
        """Payments shrink what is overdue; the last one closes the case."""
        rows, place = self.known(rows, out)
        cases, some = self._cases, rows["paid_fen"] > 0
        self._receipts.append(rows[some])
        promised = (cases["promise_day"][place] > 0) & (rows["at"] > cases["promise_at"][place])
        cases["promise_paid_fen"][place] += np.where(promised, rows["paid_fen"], 0)
        gone = cleared(rows["overdue_fen"])
        self._close(place[gone], rows[gone], out)

    def _close(self, place: Ints, rows: Rows, out: Outbox) -> None:
        MOVES.to(self._cases, place, CaseState.CLOSED)
        self._cases["closed_at"][place] = rows["at"]
        log_case(out, Event.CASE_CLOSED, self._cases, place, rows["at"], amount_fen=rows["paid_fen"])
