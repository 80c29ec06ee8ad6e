"""Write-off (核销): proposed when all means of collection are exhausted, decided by three bodies one after another: branch
risk director, head-office risk management, finance (NPL-08). They are three different people, each entitled; one no ends it;
after the third yes the loan's balance leaves the books and collection continues (NPL-09)."""

from __future__ import annotations

import numpy as np

from credit.calendar import close_of_workday
from credit.codes import Contact, Verdict
from credit.collections import invariants
from credit.collections.cases import Note, log_case
from credit.collections.contract import Desk, Event, RefusedBecause
from credit.collections.daily_work import DailyWork
from credit.collections.rules import dpd_of, work_instant
from credit.collections.states import MOVES, CaseState
from credit.collections.strategy import Strategies
from credit.mail import Outbox
from credit.masks import any_of
from credit.numbers import occasion_of_day
from credit.policies.collections import CollectionPolicy
from credit.repayment.contract import WriteOffApproved
from credit.room import Rows
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints
from credit.worklists.states import Refusal
from credit.worklists.worklist import Worklist

DESKS = (Desk.BRANCH_RISK_DIRECTOR, Desk.HEAD_OFFICE_RISK, Desk.FINANCE)
"""The bodies in the order in which they decide."""

_HANDOVER_MS = 1


class WriteOffs:
    """Proposes and decides write-offs."""

    def __init__(
        self,
        cases: Table,
        policy: CollectionPolicy,
        strategies: Strategies,
        daily_work: DailyWork,
        collectors: Worklist,
        bodies: Worklist,
        note: Note,
    ) -> None:
        self._cases, self._policy, self._strategies = cases, policy, strategies
        self._daily_work, self._collectors, self._bodies, self._note = daily_work, collectors, bodies, note

    def propose(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """Of the given cases, those that have seen all means in vain go to the first desk at the policy's hour. `at`: the
        day's midnight."""
        rules, cases, day = self._policy.write_off, self._cases, at // DAY_MS
        ripe = cases["state"][rows] == CaseState.ASSIGNED
        ripe &= dpd_of(day, cases["overdue_since_day"][rows]) > rules.dpd_over
        ripe &= cases["contacts"][rows] >= rules.contacts_min
        refused = cases["refused_day"][rows]
        ripe &= (refused == 0) | (day - refused >= rules.retry_days)
        rows, day = rows[ripe], day[ripe]
        exhausted = self.exhausted(rows) & ~self._collectors.has_open(cases["loan"][rows])
        rows, at = rows[exhausted], work_instant(day[exhausted], self._policy.work_hour)
        MOVES.to(cases, rows, CaseState.WRITE_OFF)
        log_case(out, Event.WRITE_OFF_PROPOSED, cases, rows, at, amount_fen=self._claim_fen(rows))
        self._ask(rows, at, 0, 0, out)

    def _claim_fen(self, rows: Ints) -> Ints:
        """What a write-off would write off as collections knows it: principal, and interest and penalty beside it."""
        cases = self._cases
        return cases["principal_fen"][rows] + cases["interest_fen"][rows] + cases["penalty_fen"][rows]

    def exhausted(self, rows: Ints) -> Bools:
        """True where each human means that the strategy allows has been carried out, legal action among them."""
        strategy = self._daily_work.strategy_rows(rows)
        done = np.asarray(self._cases["legal_done"][rows] > 0)
        for means, name in ((Contact.CALL, "call_done"), (Contact.VISIT, "visit_done")):
            done &= ~self._strategies.allowed[strategy, means] | (self._cases[name][rows] > 0)
        return done

    def _ask(self, rows: Ints, at: Ints, step: int, excluded: Ints | int, out: Outbox) -> None:
        """Puts cases before the desk of a step."""
        if not len(rows):
            return
        cases = self._cases.take(rows)
        self._bodies.put(
            cases,
            out,
            at=at,
            occasion=occasion_of_day(at // DAY_MS, step, len(DESKS)),
            desk=DESKS[step],
            priority=1,
            limit_at=close_of_workday(at, self._policy.task_workdays, self._policy.closing_minute),
            excluded=excluded,
            amount_fen=self._claim_fen(rows),
        )

    # ---- decisions

    def decide(self, rows: Rows, out: Outbox) -> None:
        """The desks' opinions, each loan at most once."""
        rows, tasks = self._bodies.heard(rows, out)
        place = self._cases.find(rows["loan"])
        known = (rows["verdict"] == Verdict.APPROVE) | (rows["verdict"] == Verdict.DECLINE)
        state = self._cases.get("state", place)
        because = np.select(
            [
                rows["at"] >= self._cases.get("closed_at", place),
                (state != CaseState.WRITE_OFF) & (state != CaseState.CLOSED),
                ~known,
            ],
            [int(RefusedBecause.UNKNOWN_CASE), int(RefusedBecause.NOT_ASKED), int(Refusal.DECISION_INVALID)],
            0,
        )
        wrong = because > 0
        self._bodies.reject(rows[wrong], tasks[wrong], because[wrong], out)
        rows, tasks, place = rows[~wrong], tasks[~wrong], place[~wrong]
        if not len(rows):
            return
        desk = self._bodies.tasks["desk"][tasks]
        self._bodies.done(tasks, rows["at"], out)
        self._note("decisions", invariants.decisions(rows, self._cases, place))
        log_case(
            out,
            Event.WRITE_OFF_DECIDED,
            self._cases,
            place,
            rows["at"],
            actor=rows["person"],
            amount_fen=self._claim_fen(place),
            reason=desk,
            value=rows["verdict"],
        )
        yes = rows["verdict"] == Verdict.APPROVE
        self._decline(rows[~yes], place[~yes])
        for step, body in enumerate(DESKS):
            chosen = yes & (desk == body)
            self._approve(rows[chosen], place[chosen], step, out)

    def _decline(self, rows: Rows, place: Ints) -> None:
        if not len(rows):
            return
        for name in ("approved_1", "approved_2", "approved_3"):
            self._cases[name][place] = 0
        self._bodies.forget(rows["loan"])
        self._cases["refused_day"][place] = rows["at"] // DAY_MS
        pending = place[self._cases["state"][place] == CaseState.WRITE_OFF]
        MOVES.to(self._cases, pending, CaseState.ASSIGNED)

    def _approve(self, rows: Rows, place: Ints, step: int, out: Outbox) -> None:
        if not len(rows):
            return
        self._cases[f"approved_{step + 1}"][place] = rows["person"]
        if step + 1 < len(DESKS):
            self._ask(place, rows["at"] + _HANDOVER_MS, step + 1, rows["person"], out)
            return
        decided = WriteOffApproved.rows(len(rows), at=rows["at"], loan=rows["loan"], decided_fen=self._claim_fen(place))
        out.send(WriteOffApproved, decided)
        self._bodies.forget(rows["loan"])
        self._cases["written_off"][place] = 1
        pending = place[self._cases["state"][place] == CaseState.WRITE_OFF]
        MOVES.to(self._cases, pending, CaseState.CONTINUED)

    # ---- time

    def end_day(self, at: int, out: Outbox) -> None:
        """When a day ends, and not before, since opinions given earlier may still come: tasks on cases that are closed, or
        have been opened anew, are withdrawn. `at`: the day's last instant."""
        loans = self._bodies.tasks["loan"][self._bodies.is_open()]
        place = self._cases.find(loans)
        gone = self._cases.get("state", place) != CaseState.WRITE_OFF
        if any_of(gone):
            self._bodies.withdraw(loans[gone], np.minimum(self._cases.get("closed_at", place), at)[gone], out)
            self._bodies.forget(loans[gone])
