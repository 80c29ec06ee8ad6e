"""After the loan (贷后管理): who has money out is inspected (贷后检查), first for what he did with it, then as often as segment,
product, amount and risk ask for, and at once when a loan is overdue or its collateral falls in value. What is found is
confirmed by a second person before it raises a warning, restricts use (限制用信) or lifts both (WRN-10, CUS-01)."""

from __future__ import annotations

import numpy as np

from credit.calendar import close_of_workday
from credit.codes import Finding, Verdict
from credit.collateral.contract import Event as Collateral
from credit.disbursement.contract import Event as Disbursement
from credit.disbursement.contract import RestrictLimit
from credit.mail import Outbox
from credit.masks import any_of, true_rows
from credit.numbers import occasion_of_day
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.post_loan import PostLoanPolicy
from credit.post_loan import invariants
from credit.post_loan.contract import DESK, Cause, Desk, Event, Gauge, LoanTold, Refusal, room
from credit.post_loan.rules import DueDays, Plans
from credit.post_loan.states import DESKS, MOVES, InspectionState
from credit.repayment.contract import Event as Repayment
from credit.repayment.contract import LoanDisbursed
from credit.room import EventCode, Rows
from credit.rows import first_fault, only, passes
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, State, Subsystem, Takes, Together
from credit.times import DAY_MS, Ints
from credit.worklists.states import Refusal as TaskRefusal
from credit.worklists.worklist import Events, Worklist, takes

_PRIORITY = 3
_TASKS_A_DAY = 10
_FINDINGS = sum(Finding)
_I = InspectionState


class PostLoanSubsystem(Subsystem):
    """State: one row a case with money out, the worklist and its deputies. Who is due on which day follows from the rows."""

    room = room
    REFUSED = Event.POST_LOAN_ACTION_REFUSED
    HANDLERS = (
        Together("case", (Takes(LoanDisbursed, "paid"), Takes(LoanTold, "told"))),
        *takes(DESK, "desk", "decide"),
    )

    def __init__(self, policy: PostLoanPolicy, products: ProductPolicy, register: StaffRegister) -> None:
        super().__init__()
        self.policy, self.plans, self._due_days = policy, Plans(policy, products), DueDays()
        self._staged = columns_of(products).tranche_count > 1
        self._restricts = sum(Finding[name.upper()] for name in policy.restricts)
        self.inspections = self.tables["inspections"]
        events = Events(Event.TASK_URGED, Event.TASK_HANDLED, Event.DEPUTY_APPOINTED)
        self.desk = Worklist(self, DESK, register, events)

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> PostLoanSubsystem:
        """The room under the packaged policies, with a scenario's overrides laid over them."""
        policy = load("post_loan", PostLoanPolicy, setting.overrides)
        return cls(policy, load("products", ProductPolicy, setting.overrides), setting.register)

    def import_state(self, state: State) -> None:
        """Replaces every table; the calendar follows from them."""
        super().import_state(state)
        self._due_days.fill(self.inspections, self.inspections["state"] == _I.WAITING)

    # time -------------------------------------------------------------------------------------------------------------

    def begin(self, out: Outbox) -> None:
        """Inspections whose day has come."""
        for day, cases in self._due_days.take((self.window.until - 1) // DAY_MS):
            found = self.inspections.find(cases)
            found = found[found >= 0]
            due = (self.inspections["state"][found] == _I.WAITING) & (self.inspections["due_day"][found] == day)
            self._come_due(found[due], np.full(int(due.sum()), day * DAY_MS), out)

    def end(self, out: Outbox) -> None:
        """Tasks past their limits are urged."""
        self.desk.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:  # noqa: ARG002
        """What is decided leaves the list."""
        self.desk.tidy(self.window.day)

    def due(self) -> int:
        return min(self._due_days.due(), self.desk.due())

    def measure(self, until: int, out: Outbox) -> None:
        """Inspections before people, by branch, product and state."""
        at_desks = true_rows(self.inspections["state"] != _I.WAITING)
        columns = (self.inspections[name][at_desks] for name in ("branch", "product", "state", "amount_fen"))
        out.tally(Gauge.INSPECTIONS, until - 1, *columns)

    def violations(self) -> list[str]:
        """Of the cases as they stand, and of every warning since the last look."""
        found = invariants.cases(self.inspections, self.window.until // DAY_MS)
        found += invariants.asked(self.inspections, self.desk.tasks)
        for confirmed in self.noted("confirmed"):
            found += invariants.confirmed(confirmed)
        return found + self.desk.violations(self.window.until)

    # loans ------------------------------------------------------------------------------------------------------------

    def paid(self, loans: Rows, out: Outbox) -> None:
        """Money has gone out: the case gets its plan, the stricter one where it has one, and a first inspection of its use."""
        for part in passes(loans, "case"):
            self._plan(part, out)

    def _plan(self, loans: Rows, out: Outbox) -> None:
        table, plan = self.inspections, self.plans.of(loans)
        day = self.plans.first_day(loans["at"] // DAY_MS)
        new = table.find(loans["case"]) < 0
        several = (loans["revolving"] != 0) | self._staged[loans["product"]]
        first = {"plan": plan[new], "due_day": day[new], "several": several[new]}
        table.append(loans[new], state=_I.WAITING, cause=Cause.FIRST, **first)
        found = table.find(loans["case"])
        table["loans"][found] += 1
        table["plan"][found] = self.plans.stricter(table["plan"][found], plan)
        table["amount_fen"][found] = np.maximum(table["amount_fen"][found], loans["amount_fen"])
        sooner = (table["state"][found] == _I.WAITING) & (table["due_day"][found] >= day)
        self._wait(found[sooner], Cause.FIRST, day[sooner])
        self._log(Event.INSPECTION_PLANNED, found[new], loans["at"][new], out, value=self.plans.a_year[plan[new]])

    def _wait(self, found: Ints, cause: Ints | int, day: Ints) -> None:
        """The next inspection of rows that wait, and its day."""
        self.inspections["cause"][found], self.inspections["due_day"][found] = cause, day
        self._due_days.put(day, self.inspections["case"][found])

    def told(self, rows: Rows, out: Outbox) -> None:
        """Loans end, fall overdue and recover; collateral falls in value. What is no case of this room is passed over."""
        for part in passes(only(rows, self.inspections.find(rows["case"]) >= 0), "case"):
            found = self.inspections.find(part["case"])
            mine = found >= 0
            self._count(part[mine], found[mine], out)

    def _count(self, rows: Rows, found: Ints, out: Outbox) -> None:
        table, event = self.inspections, rows["event"]
        ends = (event == Repayment.LOAN_SETTLED) | (event == Repayment.LOAN_WRITTEN_OFF)
        overdue, short = event == Repayment.OVERDUE_STARTED, event == Collateral.COLLATERAL_SHORT
        table["overdue"][found] += overdue
        table["overdue"][found] -= (event == Repayment.OVERDUE_CLEARED) & (table["overdue"][found] > 0)
        table["ended"][found] += ends
        closed = found[event == Disbursement.FACILITY_CLOSED]
        table["several"][closed] = table["restricted"][closed] = 0
        special = (overdue | short) & (table["state"][found] == _I.WAITING)
        table["cause"][found[special]] = np.where(overdue[special], int(Cause.OVERDUE), int(Cause.COLLATERAL))
        self._visit(found[special], rows["at"][special], out)
        over = ends & (table["ended"][found] >= table["loans"][found])
        self.desk.withdraw(table["case"][found[over]], rows["at"][over], out)
        self.desk.forget(table["case"][found[over]])
        table.drop(found[over])

    # inspections ------------------------------------------------------------------------------------------------------

    def _come_due(self, found: Ints, at: Ints, out: Outbox) -> None:
        """By plan: a person goes, or the records are looked at; where these show arrears, or a warning stands, a person goes."""
        table = self.inspections
        alone = (
            self.plans.by_system[table["plan"][found]] & (table["overdue"][found] == 0) & (table["watched"][found] == 0)
        )
        quiet = found[alone]
        self._log(
            Event.RECORDS_INSPECTED, quiet, at[alone], out, reason=table["cause"][quiet], value=table["overdue"][quiet]
        )
        table["inspected_at"][quiet] = at[alone]
        self._go_on(quiet, at[alone])
        self._visit(found[~alone], at[~alone], out)

    def _go_on(self, found: Ints, at: Ints) -> None:
        """The regular inspection after this one."""
        table = self.inspections
        self._wait(
            found, Cause.REGULAR, self.plans.next_day(table["plan"][found], table["watched"][found], at // DAY_MS)
        )

    def _visit(self, found: Ints, at: Ints, out: Outbox) -> None:
        """The customer manager is to go there."""
        MOVES.to(self.inspections, found, _I.INSPECTING)
        cause = self.inspections["cause"][found]
        self._log(
            Event.INSPECTION_DUE, found, at, out, reason=cause, value=np.full(len(found), int(Desk.CUSTOMER_MANAGER))
        )
        self._put(found, at, self.policy.task_workdays, out)

    def _put(self, found: Ints, at: Ints, workdays: int, out: Outbox) -> None:
        if not len(found):
            return
        self.inspections["tasks"][found] += 1
        rows = self.inspections.take(found)
        self.desk.put(
            rows,
            out,
            at=at,
            occasion=occasion_of_day(at // DAY_MS, rows["tasks"] % _TASKS_A_DAY, _TASKS_A_DAY),
            desk=DESKS[rows["state"]],
            priority=np.where(rows["cause"] > Cause.REGULAR, _PRIORITY - 1, _PRIORITY),
            limit_at=close_of_workday(at, workdays, self.policy.closing_minute),
            excluded=0,
            attempt=rows["tasks"],
        )

    def decide(self, opinions: Rows, out: Outbox) -> None:
        """A report of the customer manager, or the reviewer's word on one."""
        opinions, tasks = self.desk.heard(opinions, out)
        yes, reports = opinions["verdict"] == Verdict.APPROVE, self.desk.tasks["desk"][tasks] == Desk.CUSTOMER_MANAGER
        strange = (opinions["findings"] < 0) | ((opinions["findings"] & ~_FINDINGS) != 0)
        faults = first_fault(
            (~yes & ((opinions["verdict"] != Verdict.DECLINE) | reports), TaskRefusal.DECISION_INVALID),
            (strange | (~reports & (opinions["findings"] != 0)), Refusal.FINDINGS_UNKNOWN),
        )
        bad = faults != 0
        self.desk.reject(opinions[bad], tasks[bad], faults[bad], out)
        opinions, tasks = only(opinions, ~bad), only(tasks, ~bad)
        yes, reports = only(yes, ~bad), only(reports, ~bad)
        self.desk.done(tasks, opinions["at"], out)
        found = self.inspections.find(opinions["case"])
        for mine, act in (
            (reports, self._reported),
            (~reports & yes, self._confirmed),
            (~reports & ~yes, self._sent_back),
        ):
            if any_of(mine):
                act(found[mine], opinions[mine], out)

    def _reported(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """Nothing found, and no warning stands: that is all. The rest goes to a reviewer, who is somebody else."""
        table, at = self.inspections, opinions["at"]
        table["findings"][found], table["inspector"][found] = opinions["findings"], opinions["person"]
        table["inspected_at"][found] = at
        said = {"actor": opinions["person"], "reason": table["cause"][found], "value": opinions["findings"]}
        self._log(Event.CASE_INSPECTED, found, at, out, **said)
        quiet = (opinions["findings"] == 0) & (table["watched"][found] == 0)
        MOVES.to(table, found[quiet], _I.WAITING)
        self.desk.forget(opinions["case"][quiet])
        self._go_on(found[quiet], at[quiet])
        MOVES.to(table, found[~quiet], _I.REVIEWING)
        self._put(found[~quiet], at[~quiet], self.policy.review_workdays, out)

    def _confirmed(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """What was found counts: a warning, and where the policy says so use is restricted; or nothing, and the warning ends."""
        table, at = self.inspections, opinions["at"]
        self.desk.forget(opinions["case"])
        warns = table["findings"][found] != 0
        person = opinions["person"]
        said = {"actor": person[warns], "value": table["findings"][found[warns]]}
        self._log(Event.WARNING_RAISED, found[warns], at[warns], out, **said)
        self._log(Event.WARNING_LIFTED, found[~warns], at[~warns], out, actor=person[~warns])
        table["watched"][found] = warns
        restricts = ((table["findings"][found] & self._restricts) != 0) & (table["several"][found] != 0)
        changes = restricts != (table["restricted"][found] != 0)
        self._restrict(found[changes], opinions[changes], restricts[changes], out)
        table["restricted"][found] = restricts
        self.note("confirmed", invariants.witness(table.take(found), person))
        MOVES.to(table, found, _I.WAITING)
        self._go_on(found, at)

    def _restrict(self, found: Ints, opinions: Rows, on: Ints, out: Outbox) -> None:
        """PRD-09: tells disbursement; the reviewer answers for it."""
        orders = RestrictLimit.carry(
            opinions, restricted=on, reason=self.inspections["findings"][found], operator=opinions["person"], request=0
        )
        out.send(RestrictLimit, orders)

    def _sent_back(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """The reviewer wants it looked at again, by whomever."""
        self.desk.forget(opinions["case"])
        said = {"actor": opinions["person"], "value": self.inspections["findings"][found]}
        self._log(Event.FINDINGS_SENT_BACK, found, opinions["at"], out, **said)
        self._visit(found, opinions["at"], out)

    def _log(self, event: EventCode, found: Ints, at: Ints, out: Outbox, **said: Ints | int) -> None:
        """One event an inspection, with its amount; see `Outbox.log`."""
        out.log_rows(event, self.inspections, found, at, amount_fen=self.inspections["amount_fen"][found], **said)


build = PostLoanSubsystem.build
