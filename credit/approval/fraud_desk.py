"""The fraud desk (反欺诈调查岗, APP-17): what is dispatched to the risk investigation, and what bears a doubt of fraud, is looked
into before any approver sees it. Cleared, the case goes the way of all others, and whoever cleared it approves nothing of it;
confirmed, the customer and who signs for him are entered in the risk library (EXT-08)."""

from __future__ import annotations

import numpy as np

from credit.approval.contract import Desk, Event
from credit.approval.deadlines import WorkingTime
from credit.approval.states import MOVES, CaseState
from credit.codes import Verdict
from credit.customers.contract import FraudConfirmed
from credit.mail import Outbox
from credit.policies.approval import ApprovalPolicy
from credit.room import EventCode, Rows
from credit.rows import only
from credit.scoring.contract import Event as ScoringEvent
from credit.table import Table
from credit.times import MINUTE_MS, Bools, Ints
from credit.worklists.states import Refusal
from credit.worklists.worklist import Worklist

_PRIORITY, _OCCASION = 2, 1
_VERDICTS = (Verdict.APPROVE, Verdict.DECLINE)


class FraudDesk:
    """The cases under investigation; `approvers` is the list of the branch's own nodes."""

    def __init__(
        self, cases: Table, policy: ApprovalPolicy, desk: Worklist, approvers: Worklist, time: WorkingTime
    ) -> None:
        self._cases, self._desk, self._approvers, self._time = cases, desk, approvers, time
        self._team, self._limit_ms = policy.fraud_team, policy.fraud_limit_minutes * MINUTE_MS

    def has_team(self, cases: Rows) -> Bools:
        """True where the team that a case was dispatched to is the risk investigation."""
        return np.asarray((cases["team"] == self._team) & (self._team != 0))

    def open(self, cases: Rows, at: Ints, out: Outbox) -> None:
        """Cases come before the desk."""
        if not len(cases):
            return
        rows = self._cases.append(cases, state=CaseState.RECEIVED)
        MOVES.to(self._cases, rows, CaseState.INVESTIGATED)
        self._log(Event.FRAUD_CASE_OPENED, cases, at, out)
        self._desk.put(
            cases,
            out,
            at=at,
            occasion=np.full(len(cases), _OCCASION),
            desk=Desk.FRAUD_INVESTIGATOR,
            priority=_PRIORITY,
            limit_at=self._time.add(at, self._limit_ms),
            excluded=0,
        )

    def decide(self, opinions: Rows, out: Outbox) -> tuple[Rows, Rows, Ints]:
        """Returns (opinions that clear their case, opinions that confirm fraud, the rows of the cases of these)."""
        opinions, tasks = self._desk.heard(opinions, out)
        known = np.isin(opinions["verdict"], _VERDICTS)
        wrong = opinions[~known]
        self._desk.reject(wrong, tasks[~known], np.full(len(wrong), int(Refusal.DECISION_INVALID)), out)
        opinions, tasks = only(opinions, known), only(tasks, known)
        self._desk.done(tasks, opinions["at"], out)
        self._desk.forget(opinions["case"])
        yes = opinions["verdict"] == Verdict.APPROVE
        cleared, confirmed = opinions[yes], opinions[~yes]
        self._clear(cleared, out)
        found = self._cases.find(confirmed["case"])
        self._confirm(confirmed, self._cases.take(found), out)
        return cleared, confirmed, found

    def _clear(self, opinions: Rows, out: Outbox) -> None:
        cases = self._cases.take(self._cases.find(opinions["case"]))
        self._log(Event.FRAUD_CLEARED, cases, opinions["at"], out, actor=opinions["person"])
        acts = np.zeros(len(opinions), dtype=self._approvers.acts.dtype)
        acts["case"], acts["branch"], acts["person"] = cases["case"], cases["branch"], opinions["person"]
        self._approvers.remember(acts)

    def _confirm(self, opinions: Rows, cases: Rows, out: Outbox) -> None:
        at, person = opinions["at"], opinions["person"]
        self._log(Event.FRAUD_FOUND, cases, at, out, actor=person)
        out.log(ScoringEvent.RISK_LIBRARY_ENTERED, at, cases["case"], actor=person, value=cases["customer"])
        out.send(FraudConfirmed, FraudConfirmed.carry(cases, at=at))

    def _log(self, event: EventCode, cases: Rows, at: Ints, out: Outbox, *, actor: Ints | int = 0) -> None:
        out.log(
            event,
            at,
            cases["case"],
            actor=actor,
            amount_fen=cases["amount_fen"],
            value=cases["doubts"],
            product=cases["product"],
        )
