"""The day's work list: made at midnight from what is known then, carried out at the policy's hour. It looks at
the cases as the day before left them, so the list is the same whether windows are days or minutes; no task and no notice
goes out that the strategy of the case's stage does not name."""

from __future__ import annotations

import numpy as np

from credit.codes import Contact
from credit.collections.cases import leave_task, log_case, stage_on, to_work
from credit.collections.contract import CollectionTask, Event, NoticeSent
from credit.collections.rules import attempt_of, dpd_of, work_instant
from credit.collections.states import CaseState
from credit.collections.strategy import Strategies
from credit.mail import Outbox
from credit.policies.collections import CollectionPolicy
from credit.table import Table
from credit.times import MINUTE_MS, Bools, Ints

_LAST_DAY = {
    Contact.SMS: "sms_day",
    Contact.VOICE: "voice_day",
    Contact.CALL: "call_day",
    Contact.VISIT: "visit_day",
    Contact.LEGAL: "legal_day",
}
_STRONGEST_FIRST = (Contact.LEGAL, Contact.VISIT, Contact.CALL)


class WorkList:
    """Plans a day's contacts on whole columns."""

    def __init__(self, cases: Table, policy: CollectionPolicy, strategies: Strategies) -> None:
        self._cases, self._policy, self._strategies = cases, policy, strategies
        self.work_hour = policy.work_hour

    def morning(self, day: int, at: int, out: Outbox) -> None:
        """Everything that a new day brings: rests that are over, changes of stage, contacts due. `at`: its midnight."""
        if not len(self._cases):
            return
        self._end_rests(day)
        self._change_stages(day, at, out)
        self.plan(np.arange(len(self._cases)), day, out)

    def _end_rests(self, day: int) -> None:
        over = (self._cases["state"] == CaseState.PAUSED) & (self._cases["pause_until"] <= day)
        to_work(self._cases, np.flatnonzero(over))

    def _change_stages(self, day: int, at: int, out: Outbox) -> None:
        """Cases that enter another stage go to its team (COL-05); a task left with the old team may still be finished."""
        cases = self._cases
        every = np.arange(len(cases))
        stage = stage_on(cases, self._strategies, every, day)
        rows = np.flatnonzero((stage != cases["stage"]) & (cases["state"] != CaseState.CLOSED))
        if not len(rows):
            return
        cases["stage"][rows], cases["stage_since"][rows] = stage[rows], day
        leave_task(cases, rows)
        log_case(
            out, Event.CASE_ASSIGNED, cases, rows, at, value=self._strategies.desk[stage[rows]], reason=stage[rows]
        )

    def plan(self, rows: Ints, day: int, out: Outbox) -> None:
        """Sends the contacts due on a day for the given cases, in the order of their loans."""
        cases = self._cases
        state = cases["state"][rows]
        working = (state == CaseState.ASSIGNED) | (state == CaseState.CONTINUED)
        working &= dpd_of(day, cases["overdue_since_day"][rows]) >= 1
        rows = rows[working]
        if not len(rows):
            return
        rows = rows[np.argsort(cases["loan"][rows], kind="stable")]
        strategy = self.strategy_rows(rows)
        due = self._due(rows, strategy, day)
        at = work_instant(day, self.work_hour)
        for means in (Contact.SMS, Contact.VOICE):
            self._notify(rows[due[:, means]], means, day, at, out)
        self._ask(rows, strategy, due, day, at, out)

    def strategy_rows(self, rows: Ints) -> Ints:
        """The strategy row of each case (COL-01)."""
        cases = self._cases
        return self._strategies.rows(
            cases["set"][rows], cases["stage"][rows], cases["overdue_fen"][rows], cases["grade"][rows]
        )

    def _due(self, rows: Ints, strategy: Ints, day: int) -> Bools:
        cases = self._cases
        last = np.zeros((len(rows), max(Contact) + 1), dtype=np.int64)
        for means, name in _LAST_DAY.items():
            last[:, means] = cases[name][rows]
        slower = np.where(cases["written_off"][rows] != 0, self._policy.slower_after_write_off, 1)
        due = self._strategies.due(strategy, day - cases["stage_since"][rows], last, day, slower)
        wanted = cases["next_means"][rows]
        for means in (Contact.VISIT, Contact.LEGAL):
            open_to = self._strategies.allowed[strategy, means] & (wanted == means)
            due[:, means] |= open_to & ((last[:, means] == 0) | (means == Contact.VISIT))
        return due

    def _notify(self, rows: Ints, means: Contact, day: int, at: int, out: Outbox) -> None:
        """Messages and automated calls need nobody."""
        if not len(rows):
            return
        cases = self._cases
        cases[_LAST_DAY[means]][rows] = day
        notices = NoticeSent.rows(
            len(rows),
            at=at,
            loan=cases["loan"][rows],
            party=cases["party"][rows],
            action=means,
            dpd=dpd_of(day, cases["overdue_since_day"][rows]),
            amount_fen=cases["overdue_fen"][rows],
            attempt=attempt_of(day, cases["stage"][rows], means),
        )
        out.send(NoticeSent, notices)
        log_case(out, Event.COLLECTION_NOTICE_SENT, cases, rows, at, value=int(means))

    def _ask(self, rows: Ints, strategy: Ints, due: Bools, day: int, at: int, out: Outbox) -> None:
        """One task at a time for the team of the stage: the strongest means that is due."""
        cases = self._cases
        chosen = np.zeros(len(rows), dtype=np.int64)
        for means in reversed(_STRONGEST_FIRST):
            chosen[due[:, means]] = means
        asked = (chosen > 0) & (cases["task"][rows] == 0)
        rows, chosen, strategy = rows[asked], chosen[asked], strategy[asked]
        if not len(rows):
            return
        for means in _STRONGEST_FIRST:
            cases[_LAST_DAY[means]][rows[chosen == means]] = day
        cases["next_means"][rows[chosen == cases["next_means"][rows]]] = 0
        stage = cases["stage"][rows]
        cases["task"][rows] = attempt_of(day, stage, chosen)
        tasks = CollectionTask.rows(
            len(rows),
            at=at,
            loan=cases["loan"][rows],
            case=cases["case"][rows],
            party=cases["party"][rows],
            branch=cases["branch"][rows],
            desk=self._strategies.desk[stage],
            action=chosen,
            dpd=dpd_of(day, cases["overdue_since_day"][rows]),
            amount_fen=cases["overdue_fen"][rows],
            priority=self._strategies.row_priority[strategy],
            limit_at=at + self._policy.task_limit_minutes * MINUTE_MS,
            attempt=cases["task"][rows],
        )
        out.send(CollectionTask, tasks)
