"""Write-off (核销): proposed when all means of collection are exhausted, decided by three bodies one after another: branch
risk director, head-office risk management, finance (NPL-08). They are three different people, each entitled; one no ends it;
after the third yes the loan's balance leaves the books and collection continues (NPL-09)."""

from __future__ import annotations

import numpy as np

from credit.codes import Contact, Verdict
from credit.collections import invariants
from credit.collections.cases import Note, Refuse, log_case
from credit.collections.contract import Desk, Event, RefusedBecause, WriteOffTask
from credit.collections.rules import dpd_of, work_instant
from credit.collections.states import MOVES, CaseState
from credit.collections.strategy import Strategies
from credit.collections.worklist import WorkList
from credit.mail import Outbox
from credit.policies.collections import CollectionPolicy
from credit.repayment.contract import WriteOffApproved
from credit.room import Rows
from credit.staff import StaffRegister
from credit.table import Table
from credit.times import DAY_MS, MINUTE_MS, Bools, Ints

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
        register: StaffRegister,
        work_list: WorkList,
        refuse: Refuse,
        note: Note,
    ) -> None:
        self._cases, self._policy, self._strategies = cases, policy, strategies
        self._register, self._work_list, self._refuse, self._note = register, work_list, refuse, note

    def propose(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """Of the given cases, those that have seen all means in vain go to the first desk at the policy's hour. `at`: the
        day's midnight."""
        rules, cases, day = self._policy.write_off, self._cases, at // DAY_MS
        ripe = cases["state"][rows] == CaseState.ASSIGNED
        ripe &= dpd_of(day, cases["overdue_since_day"][rows]) > rules.dpd_over
        ripe &= (cases["task_day"][rows] == 0) & (cases["contacts"][rows] >= rules.contacts_min)
        refused = cases["refused_day"][rows]
        ripe &= (refused == 0) | (day - refused >= rules.retry_days)
        rows, day = rows[ripe], day[ripe]
        exhausted = self.exhausted(rows)
        rows, at = rows[exhausted], work_instant(day[exhausted], self._policy.work_hour)
        MOVES.to(cases, rows, CaseState.WRITE_OFF)
        log_case(out, Event.WRITE_OFF_PROPOSED, cases, rows, at, amount_fen=self._claim_fen(rows))
        self._ask(rows, at, 0, 0, out)

    def _claim_fen(self, rows: Ints) -> Ints:
        """What a write-off would write off today: principal, and interest and penalty beside it."""
        cases = self._cases
        return cases["principal_fen"][rows] + cases["interest_fen"][rows] + cases["penalty_fen"][rows]

    def exhausted(self, rows: Ints) -> Bools:
        """True where each human means that the strategy allows has been carried out, legal action among them."""
        strategy = self._work_list.strategy_rows(rows)
        done = np.asarray(self._cases["legal_done"][rows] > 0)
        for means, name in ((Contact.CALL, "call_done"), (Contact.VISIT, "visit_done")):
            done &= ~self._strategies.allowed[strategy, means] | (self._cases[name][rows] > 0)
        return done

    def _ask(self, rows: Ints, at: Ints, step: int, excluded: Ints | int, out: Outbox) -> None:
        """Puts cases before the desk of a step. They may reach it in a later window."""
        if not len(rows):
            return
        cases = self._cases
        cases["write_off_desk"][rows] = DESKS[step]
        tasks = WriteOffTask.rows(
            len(rows),
            at=at,
            loan=cases["loan"][rows],
            case=cases["case"][rows],
            party=cases["party"][rows],
            branch=cases["branch"][rows],
            desk=DESKS[step],
            amount_fen=self._claim_fen(rows),
            principal_fen=cases["principal_fen"][rows],
            interest_fen=cases["interest_fen"][rows],
            penalty_fen=cases["penalty_fen"][rows],
            priority=1,
            limit_at=at + self._policy.task_limit_minutes * MINUTE_MS,
            excluded=excluded,
        )
        out.send(WriteOffTask, tasks)

    # ---- decisions

    def decide(self, rows: Rows, out: Outbox) -> None:
        """The desks' opinions, each loan at most once."""
        place = self._cases.find(rows["loan"])
        because = self._objections(rows, place)
        self._refuse(rows[because > 0], because[because > 0], out)
        again = (because == RefusedBecause.NO_AUTHORITY) | (because == RefusedBecause.SAME_PERSON)
        self._ask_again(rows[again], place[again], out)
        rows, place = rows[because == 0], place[because == 0]
        if not len(rows):
            return
        self._note("decisions", invariants.decisions(rows, self._cases, place))
        log_case(
            out,
            Event.WRITE_OFF_DECIDED,
            self._cases,
            place,
            rows["at"],
            actor=rows["person"],
            amount_fen=self._claim_fen(place),
            reason=rows["desk"],
            value=rows["verdict"],
        )
        yes = rows["verdict"] == Verdict.APPROVE
        self._decline(rows[~yes], place[~yes])
        for step, desk in enumerate(DESKS):
            chosen = yes & (rows["desk"] == desk)
            self._approve(rows[chosen], place[chosen], step, out)

    def _objections(self, rows: Rows, place: Ints) -> Ints:
        cases, person, state = self._cases, rows["person"], self._cases.get("state", place)
        earlier = [cases.get(name, place) for name in ("approved_1", "approved_2")]
        before = np.zeros(len(rows), dtype=bool)
        for decided in earlier:
            # Neither in his own name nor in another's.
            before |= (decided > 0) & ((person == decided) | (rows["on_behalf_of"] == decided))
        entitled = self._register.may_act(person, cases.get("branch", place), rows["desk"], rows["on_behalf_of"])
        asked = (state == CaseState.WRITE_OFF) | (state == CaseState.CLOSED)
        asked &= cases.get("write_off_desk", place) == rows["desk"]
        return np.select(
            [rows["at"] >= cases.get("closed_at", place), ~asked, ~entitled, before],
            [
                int(RefusedBecause.UNKNOWN_CASE),
                int(RefusedBecause.NOT_ASKED),
                int(RefusedBecause.NO_AUTHORITY),
                int(RefusedBecause.SAME_PERSON),
            ],
            0,
        )

    def _ask_again(self, rows: Rows, place: Ints, out: Outbox) -> None:
        """A decision that does not count is asked for once more, of somebody else."""
        for step, desk in enumerate(DESKS):
            chosen = rows["desk"] == desk
            self._ask(place[chosen], rows["at"][chosen] + _HANDOVER_MS, step, rows["person"][chosen], out)

    def _decline(self, rows: Rows, place: Ints) -> None:
        if not len(rows):
            return
        self._forget(place)
        self._cases["refused_day"][place] = rows["at"] // DAY_MS
        pending = place[self._cases["state"][place] == CaseState.WRITE_OFF]
        MOVES.to(self._cases, pending, CaseState.ASSIGNED)

    def _forget(self, place: Ints) -> None:
        for name in ("write_off_desk", "approved_1", "approved_2", "approved_3"):
            self._cases[name][place] = 0

    def _approve(self, rows: Rows, place: Ints, step: int, out: Outbox) -> None:
        if not len(rows):
            return
        self._cases[f"approved_{step + 1}"][place] = rows["person"]
        if step + 1 < len(DESKS):
            self._ask(place, rows["at"] + _HANDOVER_MS, step + 1, rows["person"], out)
            return
        out.send(WriteOffApproved, WriteOffApproved.rows(len(rows), at=rows["at"], loan=rows["loan"]))
        self._cases["written_off"][place] = 1
        self._cases["write_off_desk"][place] = 0
        pending = place[self._cases["state"][place] == CaseState.WRITE_OFF]
        MOVES.to(self._cases, pending, CaseState.CONTINUED)
