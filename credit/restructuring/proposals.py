"""What becomes of a case (REP-13, NPL-11): the team analyses it and proposes terms, somebody else approves them, above an amount
head office as well, and the customer signs. Nobody acts twice on a case; until he has signed nothing has changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit.calendar import close_of_workday
from credit.codes import Actor, Verdict
from credit.mail import Outbox
from credit.masks import any_of
from credit.policies.restructuring import RestructuringPolicy
from credit.repayment.contract import LossEvidence, RestructureLoan
from credit.restructuring import invariants
from credit.restructuring.cases import Endings, log_case
from credit.restructuring.contract import Desk, Ending, Event, RefusedBecause, TermsOffered
from credit.restructuring.intake import STEPS, put_task
from credit.restructuring.rules import TERMS, makes_a_plan, proposable, without_terms
from credit.restructuring.states import MOVES, CaseState
from credit.room import Rows
from credit.rows import first_fault
from credit.table import Table
from credit.times import DAY_MS, NEVER, Bools, Ints
from credit.worklists.states import Refusal
from credit.worklists.worklist import Worklist

_HANDOVER_MS = 1
_AT_STEP = (CaseState.ANALYSED, CaseState.PROPOSED, CaseState.CONFIRMING)
Refuse = Callable[[Rows, Ints, Outbox], None]
Note = Callable[[str, Rows], None]


class Proposals:
    """Proposals, approvals, offers and signatures; each loan at most once a call."""

    def __init__(
        self, cases: Table, policy: RestructuringPolicy, desk: Worklist, endings: Endings, refuse: Refuse, note: Note
    ) -> None:
        self._cases, self._policy, self._desk = cases, policy, desk
        self._endings, self._refuse, self._note = endings, refuse, note

    # by hand ----------------------------------------------------------------------------------------------------------

    def draft(self, rows: Rows, out: Outbox) -> None:
        """REP-03: somebody of the team sets the shares of each instalment for one loan; the proposal is bound to them."""
        place = self._cases.find(rows["loan"])
        branch = self._cases.get("branch", place)
        plans = [makes_a_plan(int(row["months"]), int(row["interest_every"]), str(row["stages"])) for row in rows]
        faults = first_fault(
            (self._cases.get("state", place) != CaseState.ANALYSED, RefusedBecause.NO_CASE),
            (
                ~self._desk.register.may_act(rows["person"], branch, np.full(len(rows), int(STEPS[0]))),
                Refusal.NO_AUTHORITY,
            ),
            (~np.array(plans, dtype=bool) | (rows["months"] > self._policy.months_max), RefusedBecause.PLAN_INVALID),
        )
        self._refuse(rows[faults != 0], faults[faults != 0], out)
        rows, place = rows[faults == 0], place[faults == 0]
        for name in ("months", "interest_every"):
            self._cases[name][place] = rows[name]
        self._cases.text("stages")[place] = rows["stages"]
        self._cases["drafted"][place] = 1
        log_case(out, Event.PLAN_DRAFTED, self._cases, place, rows["at"], actor=rows["person"], value=rows["months"])

    # at the desks -----------------------------------------------------------------------------------------------------

    def decide(self, rows: Rows, out: Outbox) -> None:
        """Opinions of the three desks."""
        rows, tasks = self._desk.heard(rows, out)
        place, desk = self._cases.find(rows["loan"]), self._desk.tasks.get("desk", tasks)
        faults = self._faults(rows, place, desk)
        wrong = faults > 0
        self._desk.reject(rows[wrong], tasks[wrong], faults[wrong], out)
        rows, tasks, place, desk = rows[~wrong], tasks[~wrong], place[~wrong], desk[~wrong]
        if not len(rows):
            return
        self._desk.done(tasks, rows["at"], out)
        yes, first = rows["verdict"] == Verdict.APPROVE, desk == STEPS[0]
        self._propose(rows[first & yes], place[first & yes], out)
        self._give_up(rows[first & ~yes], place[first & ~yes], out)
        self._approve(rows[~first], place[~first], desk[~first], yes[~first], out)

    def _faults(self, rows: Rows, place: Ints, desk: Ints) -> Ints:
        cases, first, yes = self._cases, desk == STEPS[0], rows["verdict"] == Verdict.APPROVE
        state = np.select([desk == one for one in STEPS], [int(one) for one in _AT_STEP], 0)
        drafted, months = cases.get("drafted", place), cases.get("months", place)
        repeats = np.logical_and.reduce([rows[name] == cases.get(name, place) for name in TERMS])
        repeats &= rows["ground"] == cases.get("hardship", place)
        silent = without_terms(rows) & (rows["ground"] == 0)
        return first_fault(
            (cases.get("state", place) != state, RefusedBecause.NO_CASE),
            (~(yes | (rows["verdict"] == Verdict.DECLINE)), Refusal.DECISION_INVALID),
            (first & yes & ~proposable(rows, drafted, months, self._policy.months_max), RefusedBecause.TERMS_INVALID),
            (first & ~yes & ~without_terms(rows), RefusedBecause.TERMS_INVALID),
            (~first & ~(silent | repeats), RefusedBecause.NOT_PROPOSED),
        )

    def _propose(self, rows: Rows, place: Ints, out: Outbox) -> None:
        if not len(rows):
            return
        cases, at = self._cases, rows["at"]
        for name in TERMS:
            cases[name][place] = rows[name]
        cases["hardship"][place], cases["proposed_by"][place] = rows["ground"], rows["person"]
        MOVES.to(cases, place, CaseState.PROPOSED)
        since = cases["overdue_since_day"][place]
        dpd = np.where(since > 0, at // DAY_MS - since, 0)
        by = {"actor": rows["person"]}
        log_case(out, Event.CONDITION_ANALYSED, cases, place, at, reason=rows["ground"], value=dpd, **by)
        log_case(out, Event.TERMS_PROPOSED, cases, place, at, reason=rows["measure"], value=rows["months"], **by)
        self._ask(place, 1, at, rows["person"], out)

    def _give_up(self, rows: Rows, place: Ints, out: Outbox) -> None:
        """No terms help: clear evidence that the loan can't be repaid in full (NPL-01)."""
        self._endings.end(place, rows["at"], int(Ending.HOPELESS), out, actor=rows["person"])
        out.send(LossEvidence, LossEvidence.carry(rows))

    def _approve(self, rows: Rows, place: Ints, desk: Ints, yes: Bools, out: Outbox) -> None:
        if not len(rows):
            return
        cases, at = self._cases, rows["at"]
        head = desk == Desk.RESTRUCTURING_HEAD
        log_case(out, Event.TERMS_DECIDED, cases, place, at, actor=rows["person"], reason=desk, value=rows["verdict"])
        cases["approved_by"][place[yes & ~head]] = rows["person"][yes & ~head]
        cases["confirmed_by"][place[yes & head]] = rows["person"][yes & head]
        large = cases["principal_fen"][place] >= self._policy.head_office_from
        further = yes & ~head & large
        MOVES.to(cases, place[further], CaseState.CONFIRMING)
        self._ask(place[further], 2, at[further] + _HANDOVER_MS, rows["person"][further], out)
        self._endings.end(place[~yes], at[~yes], int(Ending.DECLINED), out, actor=rows["person"][~yes])
        self._offer(place[yes & ~further], at[yes & ~further], out)

    def _ask(self, place: Ints, step: int, at: Ints, excluded: Ints, out: Outbox) -> None:
        if len(place):
            limit_at = close_of_workday(at, self._policy.approval_workdays, self._policy.closing_minute)
            put_task(self._desk, self._cases.take(place), step, at, limit_at, excluded, out)

    # with the customer ------------------------------------------------------------------------------------------------

    def _offer(self, place: Ints, at: Ints, out: Outbox) -> None:
        if not len(place):
            return
        cases = self._cases
        MOVES.to(cases, place, CaseState.OFFERED)
        cases["lapses_at"][place] = at + self._policy.sign_days * DAY_MS
        self._note("approved", invariants.approved(cases, place))
        measure, months = cases["measure"][place], cases["months"][place]
        log_case(out, Event.TERMS_OFFERED, cases, place, at, reason=measure, value=months)
        out.send(TermsOffered, TermsOffered.carry(cases.take(place), at=at))

    def answer(self, rows: Rows, out: Outbox) -> None:
        """The customer signs, or does not want the terms."""
        cases, place = self._cases, self._cases.find(rows["loan"])
        open_ = (cases.get("state", place) == CaseState.OFFERED) & (rows["at"] < cases.get("lapses_at", place))
        faults = first_fault(
            (~open_, RefusedBecause.NOTHING_OFFERED), (~np.isin(rows["accept"], (0, 1)), Refusal.DECISION_INVALID)
        )
        self._refuse(rows[faults != 0], faults[faults != 0], out)
        rows, place = rows[faults == 0], place[faults == 0]
        signs = rows["accept"] == 1
        self._endings.end(place[~signs], rows["at"][~signs], int(Ending.NOT_WANTED), out, actor=Actor.CUSTOMER)
        rows, place = rows[signs], place[signs]
        if not len(rows):
            return
        MOVES.to(cases, place, CaseState.SIGNED)
        cases["signed_at"][place] = rows["at"]
        found = cases.take(place)
        measure, months = found["measure"], found["months"]
        log_case(out, Event.TERMS_SIGNED, cases, place, rows["at"], actor=Actor.CUSTOMER, reason=measure, value=months)
        out.send(RestructureLoan, RestructureLoan.carry(found, at=rows["at"]))

    # time -------------------------------------------------------------------------------------------------------------

    def lapse(self, until: int, out: Outbox) -> None:
        """Terms that nobody has signed in time."""
        cases = self._cases
        late = (cases["state"] == CaseState.OFFERED) & (cases["lapses_at"] < until)
        if any_of(late):
            place = np.flatnonzero(late)
            self._endings.end(place, cases["lapses_at"][place], int(Ending.NOT_SIGNED), out)

    def due(self) -> int:
        """When the next offer lapses."""
        cases = self._cases
        return cases.least("lapses_at", cases["state"] == CaseState.OFFERED) if len(cases) else NEVER
