"""Who cannot pay as agreed goes to the restructuring team (COL-08, REP-13, EX-17): whoever a collector finds unable, and small
owners overdue for months in a row. While the team has the case collectors leave him alone; when other terms are agreed nothing
is overdue any more, and when they are not, work goes on where it was."""

from __future__ import annotations

import numpy as np

from credit.calendar import add_months
from credit.codes_trouble import ReferralCause
from credit.collections.cases import log_case
from credit.collections.contract import Event
from credit.collections.states import MOVES, CaseState
from credit.mail import Outbox
from credit.masks import any_of
from credit.policies.collections import CollectionPolicy
from credit.repayment.contract import RestructuringReferred
from credit.room import Rows
from credit.rows import among
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints
from credit.worklists.worklist import Worklist

NO_END = 1 << 40
"""Day until which a case rests that the restructuring team has."""


class Referrals:
    """Refers cases, and has them rest meanwhile; each loan at most once a call."""

    def __init__(self, cases: Table, policy: CollectionPolicy, collectors: Worklist) -> None:
        self._cases, self._rules, self._collectors = cases, policy.referral, collectors

    def unable(self, place: Ints, at: Ints, person: Ints, out: Outbox) -> None:
        """Cases whose customer a collector has found unable to pay."""
        if self._rules.unable:
            fit = self._free(place, at // DAY_MS)
            self._refer(place[fit], at[fit], ReferralCause.UNABLE, person[fit], out)

    def morning(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """Cases overdue for months in a row are referred; those that the team has rest. `at`: the day's midnight."""
        cases, day = self._cases, at // DAY_MS
        late = among(cases["segment"][rows], self._rules.segment_codes)
        late &= add_months(cases["overdue_since_day"][rows], self._rules.months_overdue) <= day
        late[late] &= self._free(rows[late], day[late])
        self._refer(rows[late], at[late], ReferralCause.MONTHS_OVERDUE, np.zeros(int(late.sum()), dtype=np.int64), out)
        rests = (cases["state"][rows] == CaseState.ASSIGNED) & (cases["pause_until"][rows] > day)
        if any_of(rests):
            MOVES.to(cases, rows[rests], CaseState.PAUSED)
            self._collectors.withdraw(cases["loan"][rows[rests]], at[rests], out)

    def _free(self, place: Ints, day: Ints) -> Bools:
        """True where a loan is on the books and was not referred of late."""
        cases = self._cases
        last = cases["referred_day"][place]
        fresh = (last == 0) | (day - last >= self._rules.retry_days)
        open_ = (cases["written_off"][place] == 0) & (cases["state"][place] != CaseState.CLOSED)
        return np.asarray(fresh & open_ & (cases["state"][place] != CaseState.WRITE_OFF))

    def _refer(self, place: Ints, at: Ints, cause: ReferralCause, person: Ints, out: Outbox) -> None:
        if not len(place):
            return
        cases = self._cases
        cases["referred_day"][place] = at // DAY_MS
        log_case(out, Event.HARDSHIP_REFERRED, cases, place, at, actor=person, amount_fen=0, reason=cause)
        out.send(RestructuringReferred, RestructuringReferred.carry(cases.take(place), at=at, cause=cause))

    # what the team says -----------------------------------------------------------------------------------------------

    def under_way(self, rows: Rows, out: Outbox) -> None:
        """The team has a case, or has done with it: it rests from the next morning on, or is worked on again."""
        del out
        place = self._cases.find(rows["loan"])
        there = place >= 0
        until = np.where(rows["under_way"] != 0, NO_END, rows["at"] // DAY_MS)
        self._cases["pause_until"][place[there]] = until[there]

    def restructured(self, rows: Rows, out: Outbox) -> None:
        """Under its new terms nothing of a loan is overdue: its case is closed, and a promise made of it counts no more."""
        cases = self._cases
        place = cases.find(rows["loan"])
        there = cases.get("state", place, CaseState.CLOSED) != CaseState.CLOSED
        rows, place = rows[there], place[there]
        for name in ("overdue_fen", "promise_day", "promise_at", "promise_fen", "promise_paid_fen"):
            cases[name][place] = 0
        MOVES.to(cases, place, CaseState.CLOSED)
        cases["closed_at"][place] = rows["at"]
        log_case(out, Event.CASE_CLOSED, cases, place, rows["at"], amount_fen=0)
