"""The day's work on cases: planned when the morning's figures come, at midnight, and carried out at the policy's hour. It knows
what the day before left and what is owed today, so it is the same whether windows are days or minutes; no task and no notice
goes out that the strategy of the case's stage does not name."""

from __future__ import annotations

import numpy as np

from credit.calendar import close_of_workday
from credit.codes import Contact
from credit.collections.cases import log_case, stage_on, to_work
from credit.collections.contract import Event, NoticeSent
from credit.collections.likelihood import Likelihood
from credit.collections.referral import Referrals
from credit.collections.rules import dpd_of, work_instant
from credit.collections.states import CaseState
from credit.collections.strategy import Strategies
from credit.mail import Outbox
from credit.masks import any_of
from credit.numbers import occasion_of_day, task_of
from credit.policies.collections import CollectionPolicy
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints
from credit.worklists.worklist import Worklist

_LAST_DAY = {
    Contact.SMS: "sms_day",
    Contact.VOICE: "voice_day",
    Contact.CALL: "call_day",
    Contact.VISIT: "visit_day",
    Contact.LEGAL: "legal_day",
}
_STRONGEST_FIRST = (Contact.LEGAL, Contact.VISIT, Contact.CALL)


class DailyWork:
    """Plans a day's contacts on whole columns."""

    def __init__(
        self,
        cases: Table,
        policy: CollectionPolicy,
        strategies: Strategies,
        collectors: Worklist,
        referrals: Referrals,
        likelihood: Likelihood,
    ) -> None:
        self._cases, self._policy, self._strategies, self._collectors = cases, policy, strategies, collectors
        self._referrals, self._likelihood = referrals, likelihood

    def morning(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """What a new day brings to cases: rests that are over, changes of stage, contacts due. `at`: its midnight."""
        self._end_rests(rows, at // DAY_MS)
        self._referrals.morning(rows, at, out)
        self._change_stages(rows, at, out)
        self.plan(rows, at, out)

    def _end_rests(self, rows: Ints, day: Ints) -> None:
        cases = self._cases
        over = (cases["state"][rows] == CaseState.PAUSED) & (cases["pause_until"][rows] <= day)
        to_work(cases, rows[over])

    def _change_stages(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """Cases that enter another stage go to its team (COL-05), which takes over what the old one has not done."""
        cases, day = self._cases, at // DAY_MS
        stage = stage_on(cases, self._strategies, rows, day)
        moved = (stage != cases["stage"][rows]) & (cases["state"][rows] != CaseState.CLOSED)
        if not any_of(moved):
            return
        rows, stage = rows[moved], stage[moved]
        cases["stage"][rows], cases["stage_since"][rows] = stage, day[moved]
        self._take_back(rows, at[moved], out)
        log_case(out, Event.CASE_ASSIGNED, cases, rows, at[moved], value=self._strategies.desk[stage], reason=stage)

    def _take_back(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """Open tasks are withdrawn from the old team; their means are asked for again, once the new stage allows them."""
        cases, tasks = self._cases, self._collectors.tasks
        loans = cases["loan"][rows]
        back = tasks.take(self._collectors.is_open() & np.isin(tasks["loan"], loans), "loan action")
        place = cases.find(back["loan"])
        for means in _STRONGEST_FIRST:
            cases[_LAST_DAY[means]][place[back["action"] == means]] = 0
        free = cases["next_means"][place] == 0
        cases["next_means"][place[free]] = back["action"][free]
        self._collectors.withdraw(loans, at, out)

    def plan(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """Sends the contacts due on the day of `at` for the given cases, unless the hour of work is over."""
        cases, day = self._cases, at // DAY_MS
        state, hour = cases["state"][rows], work_instant(day, self._policy.work_hour)
        working = (state == CaseState.ASSIGNED) | (state == CaseState.CONTINUED)
        working &= (dpd_of(day, cases["overdue_since_day"][rows]) >= 1) & (at <= hour)
        rows, day, at = rows[working], day[working], hour[working]
        if not len(rows):
            return
        strategy = self.strategy_rows(rows)
        due = self._due(rows, strategy, day)
        for means in (Contact.SMS, Contact.VOICE):
            self._notify(rows[due[:, means]], means, at[due[:, means]], out)
        self._ask(rows, strategy, due, at, out)

    def strategy_rows(self, rows: Ints) -> Ints:
        """The strategy row of each case (COL-01)."""
        cases = self._cases
        return self._strategies.rows(
            cases["set"][rows], cases["stage"][rows], cases["overdue_fen"][rows], cases["grade"][rows]
        )

    def _due(self, rows: Ints, strategy: Ints, day: Ints) -> Bools:
        cases = self._cases
        last = np.zeros((len(rows), max(Contact) + 1), dtype=np.int64)
        for means, name in _LAST_DAY.items():
            last[:, means] = cases[name][rows]
        slower = np.where(cases["written_off"][rows] != 0, self._policy.slower_after_write_off, 1)
        due = self._strategies.due(strategy, day - cases["stage_since"][rows], last, day, slower)
        wanted = cases["next_means"][rows]
        for means in _STRONGEST_FIRST:
            open_to = self._strategies.allowed[strategy, means] & (wanted == means)
            due[:, means] |= open_to & ((last[:, means] == 0) | (means == Contact.VISIT))
        return due

    def _notify(self, rows: Ints, means: Contact, at: Ints, out: Outbox) -> None:
        """Messages and automated calls need nobody."""
        cases, day = self._cases, at // DAY_MS
        cases[_LAST_DAY[means]][rows] = day
        notices = NoticeSent.rows(
            len(rows),
            at=at,
            loan=cases["loan"][rows],
            party=cases["party"][rows],
            action=means,
            dpd=dpd_of(day, cases["overdue_since_day"][rows]),
            amount_fen=cases["overdue_fen"][rows],
        )
        out.send(NoticeSent, notices)
        log_case(out, Event.COLLECTION_NOTICE_SENT, cases, rows, at, value=int(means))

    def _ask(self, rows: Ints, strategy: Ints, due: Bools, at: Ints, out: Outbox) -> None:
        """One task at a time, and one a day, for the team of the stage: the strongest means that is due."""
        chosen = np.zeros(len(rows), dtype=np.int64)
        for means in reversed(_STRONGEST_FIRST):
            chosen[due[:, means]] = means
        rows, strategy, chosen, at = (column[chosen > 0] for column in (rows, strategy, chosen, at))
        if not len(rows):
            return
        loans, occasion = self._cases["loan"][rows], occasion_of_day(at // DAY_MS)
        free = ~self._collectors.has_open(loans) & (self._collectors.tasks.find(task_of(loans, occasion)) < 0)
        rows, strategy, chosen, at, occasion = (column[free] for column in (rows, strategy, chosen, at, occasion))
        for means in _STRONGEST_FIRST:
            used = chosen == means
            self._cases[_LAST_DAY[means]][rows[used]] = (at // DAY_MS)[used]
        self._cases["next_means"][rows[chosen == self._cases["next_means"][rows]]] = 0
        repay, behind = self._likelihood.estimate(rows, at, out)
        cases = self._cases.take(rows)
        self._collectors.put(
            cases,
            out,
            at=at,
            occasion=occasion,
            desk=self._strategies.desk[cases["stage"]],
            action=chosen,
            dpd=dpd_of(at // DAY_MS, cases["overdue_since_day"]),
            amount_fen=cases["overdue_fen"],
            repay_ppm=repay,
            priority=self._strategies.row_priority[strategy] + behind,
            limit_at=close_of_workday(at, self._policy.task_workdays, self._policy.closing_minute),
            excluded=0,
        )
