"""Collateral (押品管理): what secures a loan, from the valuation to the release (PRD-03, CON-24). Someone of the bank values it
before anybody approves; one person registers the guarantee and another takes the documents in before anything is paid; it is
valued again by calendar, and given back once all that it secures is repaid."""

from __future__ import annotations

import numpy as np

from credit.approval.contract import ApplicationScored
from credit.calendar import close_of_workday
from credit.codes import Verdict
from credit.collateral import invariants
from credit.collateral.contract import DESK, CollateralOffered, Desk, Event, Gauge, Refusal, SecuredLoanTold, room
from credit.collateral.rules import Security, security_of
from credit.collateral.states import DESKS, MOVES, CollateralState
from credit.disbursement.contract import ContractEffective, GuaranteeReported
from credit.disbursement.contract import Event as Disbursement
from credit.disbursement.contract import Refusal as DisbursementRefusal
from credit.due_diligence.contract import BusinessScored
from credit.mail import Outbox
from credit.masks import true_rows
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.collateral import CollateralPolicy
from credit.policies.due_diligence import DueDiligencePolicy, Scope
from credit.repayment.contract import Event as Repayment
from credit.room import EventCode, Rows
from credit.rows import first_fault, only, passes
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, Subsystem, Takes, Together
from credit.times import DAY_MS, Bools, Ints
from credit.worklists.states import Refusal as TaskRefusal
from credit.worklists.worklist import Events, Worklist, takes

_PRIORITY = 3
_S = CollateralState


class CollateralSubsystem(Subsystem):
    """State: the register, the applications that wait for a valuation, the worklist and its deputies."""

    room = room
    REFUSED = Event.COLLATERAL_ACTION_REFUSED
    HANDLERS = (
        Takes(CollateralOffered, "offered"),
        Takes(ContractEffective, "effective"),
        Together("case", (Takes(SecuredLoanTold, "told"),)),
        *takes(DESK, "desk", "decide"),
    )

    def __init__(
        self, policy: CollateralPolicy, products: ProductPolicy, scope: Scope, register: StaffRegister
    ) -> None:
        super().__init__()
        self.policy, self._scope = policy, scope
        self._security: Security = security_of(policy, products)
        columns = columns_of(products)
        self._several = columns.revolving | (columns.tranche_count > 1)
        self.register, self._applications = self.tables["register"], self.tables["applications"]
        events = Events(Event.TASK_URGED, Event.TASK_HANDLED, Event.DEPUTY_APPOINTED)
        self.desk = Worklist(self, DESK, register, events)

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> CollateralSubsystem:
        """The register under the packaged policies, with a scenario's overrides laid over them."""
        policy = load("collateral", CollateralPolicy, setting.overrides)
        products = load("products", ProductPolicy, setting.overrides)
        scope = Scope(load("due_diligence", DueDiligencePolicy, setting.overrides), products)
        return cls(policy, products, scope, setting.register)

    # time -------------------------------------------------------------------------------------------------------------

    def end(self, out: Outbox) -> None:
        """Valuations lapse, revaluations come up, tasks are urged."""
        self._fall_due(out)
        self.desk.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:  # noqa: ARG002
        """What is over leaves the register."""
        closed = true_rows(self.register["state"] == _S.CLOSED)
        self.desk.forget(self.register["case"][closed])
        self.register.drop(closed)
        self.desk.tidy(self.window.day)

    def due(self) -> int:
        return min(self.register.least("due_at", self._waits_for_time()), self.desk.due())

    def measure(self, until: int, out: Outbox) -> None:
        """What is in the register, by branch, product and state."""
        columns = (self.register[name] for name in ("branch", "product", "state", "value_fen"))
        out.tally(Gauge.COLLATERAL_BY_STATE, until - 1, *columns)

    def violations(self) -> list[str]:
        """Of the register as it stands, and of every guarantee that was put in place."""
        found = invariants.register(self.register, self._applications, self._security)
        found += invariants.asked(self.register, self.desk.tasks)
        for placed in self.noted("placed"):
            found += invariants.placed(placed, self._security)
        return found + self.desk.violations(self.window.until)

    def _waits_for_time(self) -> Bools:
        state = self.register["state"]
        return np.asarray((state == _S.VALUED) | (state == _S.IN_FORCE))

    def _fall_due(self, out: Outbox) -> None:
        """A valuation that no contract followed lapses; what is in force is valued again."""
        rows = true_rows(self._waits_for_time() & (self.register["due_at"] < self.window.until))
        lapsed = self.register["state"][rows] == _S.VALUED
        self._log(Event.VALUATION_LAPSED, rows[lapsed], self.register["due_at"][rows[lapsed]], out)
        MOVES.to(self.register, rows[lapsed], _S.CLOSED)
        again = rows[~lapsed]
        at = self.register["due_at"][again]
        self._log(Event.REVALUATION_DUE, again, at, out)
        self._ask(again, _S.REVALUING, at, self.policy.valuation_workdays, out)

    # valuation --------------------------------------------------------------------------------------------------------

    def offered(self, rows: Rows, out: Outbox) -> None:
        """PRD-03: what is to secure a loan is valued before people look at the case (APR-01)."""
        self._applications.append(rows)
        found = self._enter(rows, rows["at"], _S.OFFERED, rows["collateral_fen"])
        self._log(Event.VALUATION_ASKED, found, rows["at"], out, value=self.register["kind"][found])
        self._put(found, rows["at"], self.policy.valuation_workdays, out)

    def _enter(self, rows: Rows, at: Ints, state: CollateralState, declared_fen: Ints) -> Ints:
        return self.register.append(
            rows,
            owner=rows["customer"],
            kind=self._security.kind[rows["product"]],
            several=self._several[rows["product"]],
            declared_fen=declared_fen,
            state=state,
            due_at=at + self.policy.valuation_valid_days * DAY_MS,
        )

    def _valued(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """The valuer's figure goes on in place of the applicant's; 0 where he takes the thing for no security."""
        taken = opinions["verdict"] == Verdict.APPROVE
        value = np.where(taken, opinions["value_fen"], 0)
        self._note_value(found, opinions, value, out)
        self.register["due_at"][found] = opinions["at"] + self.policy.valuation_valid_days * DAY_MS
        MOVES.to(self.register, found, _S.VALUED)
        MOVES.to(self.register, found[~taken], _S.CLOSED)
        waiting = self._applications.find(opinions["case"])
        forms = self._applications.take(waiting)
        self._applications.drop(waiting)
        into = self._scope.holds(forms)
        for kind, mine in ((ApplicationScored, ~into), (BusinessScored, into)):
            out.send(kind, kind.carry(forms[mine], at=opinions["at"][mine], collateral_fen=value[mine]))

    def _revalued(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """What is worth too little for what it secures is told; the amount granted counts, whatever was repaid since."""
        value = np.where(opinions["verdict"] == Verdict.APPROVE, opinions["value_fen"], 0)
        self.desk.forget(opinions["case"])
        self._note_value(found, opinions, value, out)
        kind, amount = self.register["kind"][found], self.register["amount_fen"][found]
        short = ~self._security.covers(kind, value, amount)
        self._log(Event.COLLATERAL_SHORT, found[short], opinions["at"][short], out, value=value[short])
        MOVES.to(self.register, found, _S.IN_FORCE)
        self.register["due_at"][found] = self._security.value_again_at(kind, opinions["at"])

    def _note_value(self, found: Ints, opinions: Rows, value: Ints, out: Outbox) -> None:
        register = self.register
        register["value_fen"][found], register["valued_at"][found] = value, opinions["at"]
        register["valuer"][found] = opinions["person"]
        reason = np.where(value > 0, 0, int(Refusal.NOT_ACCEPTED))
        said = {"actor": opinions["person"], "value": value, "reason": reason}
        self._log(Event.COLLATERAL_VALUED, found, opinions["at"], out, **said)

    # formalities ------------------------------------------------------------------------------------------------------

    def effective(self, rows: Rows, out: Outbox) -> None:
        """CON-24: with the contract in effect formalities begin, of what was valued and still covers what is lent."""
        rows = only(rows, self._security.formal[rows["product"]] & (self._applications.find(rows["case"]) < 0))
        known = self.register.find(rows["case"])
        new = true_rows((known < 0) & ~self._security.valued[rows["product"]])
        known[new] = self._enter(rows[new], rows["at"][new], _S.REGISTERING, np.zeros(len(new), dtype=np.int64))
        state, kind = self.register.get("state", known), self.register.get("kind", known)
        covers = self._security.covers(kind, self.register.get("value_fen", known), rows["amount_fen"])
        valued = state == _S.VALUED
        faults = first_fault(
            (~valued & (state != _S.REGISTERING), Refusal.NOT_VALUED), (~covers, Refusal.LOAN_TO_VALUE)
        )
        self._fail(rows[faults != 0], faults[faults != 0], out)
        rows, found, valued = rows[faults == 0], known[faults == 0], valued[faults == 0]
        self.register["amount_fen"][found] = rows["amount_fen"]
        MOVES.to(self.register, found[valued], _S.REGISTERING)
        self._log(Event.FORMALITIES_BEGUN, found, rows["at"], out, value=self.register["kind"][found])
        self._put(found, rows["at"], self.policy.formalities_workdays, out)

    def _fail(self, rows: Rows, reason: Ints | int, out: Outbox) -> None:
        """No guarantee: nothing may be paid. `rows`: case and at."""
        at, case = rows["at"], rows["case"]
        found = self.register.find(case)
        value = self.register.get("kind", found)
        out.log(Event.FORMALITIES_FAILED, at, case, reason=reason, value=value)
        MOVES.to(self.register, found[found >= 0], _S.CLOSED)
        out.send(GuaranteeReported, GuaranteeReported.rows(len(rows), at=at, case=case, in_place=0))

    def _registered(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """The registrar has entered it (抵质押登记), or the guarantor has signed; another person takes the documents in."""
        yes = opinions["verdict"] == Verdict.APPROVE
        self._fail(opinions[~yes], int(Refusal.NOT_REGISTERED), out)
        found, opinions = found[yes], opinions[yes]
        self.register["registrar"][found] = opinions["person"]
        said = {"actor": opinions["person"], "value": self.register["kind"][found]}
        self._log(Event.COLLATERAL_REGISTERED, found, opinions["at"], out, **said)
        self._ask(found, _S.DEPOSITING, opinions["at"], self.policy.formalities_workdays, out)

    def _deposited(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """The custodian takes the documents in (权证入库): the guarantee is in place. Or sends them back to the registrar."""
        yes = opinions["verdict"] == Verdict.APPROVE
        self.desk.forget(opinions["case"])
        self._send_back(found[~yes], opinions[~yes], _S.REGISTERING, out)
        found, opinions = found[yes], opinions[yes]
        register, at = self.register, opinions["at"]
        register["custodian"][found], register["established_at"][found] = opinions["person"], at
        MOVES.to(register, found, _S.IN_FORCE)
        valued_at = np.where(register["valued_at"][found] > 0, register["valued_at"][found], at)
        again_at = self._security.value_again_at(register["kind"][found], valued_at)
        register["due_at"][found] = np.maximum(again_at, at)
        said = {"actor": opinions["person"], "value": register["value_fen"][found]}
        self._log(Event.GUARANTEE_IN_PLACE, found, at, out, **said)
        self.note("placed", register.take(found))
        out.send(GuaranteeReported, GuaranteeReported.carry(opinions, in_place=1))

    def _send_back(self, found: Ints, opinions: Rows, state: CollateralState, out: Outbox) -> None:
        said = {"actor": opinions["person"], "value": self.register["kind"][found]}
        self._log(Event.DOCUMENTS_RETURNED, found, opinions["at"], out, **said)
        self._ask(found, state, opinions["at"], self.policy.formalities_workdays, out)

    # release ----------------------------------------------------------------------------------------------------------

    def told(self, rows: Rows, out: Outbox) -> None:
        """What becomes of the loans: once nothing more is paid and all is repaid, what secured them is given back."""
        found = self.register.find(rows["case"])
        for part in passes(only(rows, found >= 0), "case"):
            self._count(part, self.register.find(part["case"]), out)

    def _count(self, rows: Rows, found: Ints, out: Outbox) -> None:
        register, event = self.register, rows["event"]
        register["loans"][found] += event == Disbursement.LOAN_DISBURSED
        register["settled"][found] += event == Repayment.LOAN_SETTLED
        single = register["several"][found] == 0
        waits = (event == Disbursement.DISBURSEMENT_PRECHECK_FAILED) & (
            rows["reason"] == DisbursementRefusal.CONDITION_OPEN
        )
        repaid = event == Repayment.LOAN_SETTLED
        stopped = (event == Disbursement.PAYMENT_STOPPED) & single
        failed = (event == Disbursement.DISBURSEMENT_PRECHECK_FAILED) & ~waits
        over = (repaid & single) | stopped | failed | (event == Disbursement.FACILITY_CLOSED)
        register["over"][found] |= over
        free = (register["over"][found] != 0) & (register["settled"][found] == register["loans"][found])
        self._free(found[free], rows["at"][free], out)

    def _free(self, found: Ints, at: Ints, out: Outbox) -> None:
        """In force: it is to be released. Formalities under way are given up."""
        state = self.register["state"][found]
        under_way = (state == _S.REGISTERING) | (state == _S.DEPOSITING)
        self.desk.withdraw(self.register["case"][found[under_way]], at[under_way], out)
        MOVES.to(self.register, found[under_way], _S.CLOSED)
        held = (state == _S.IN_FORCE) | (state == _S.REVALUING)
        found, at = found[held], at[held]
        self.desk.withdraw(self.register["case"][found], at, out)
        self.desk.forget(self.register["case"][found])
        self._log(Event.RELEASE_BEGUN, found, at, out)
        self._ask(found, _S.RELEASING, at, self.policy.formalities_workdays, out)

    def _deregistered(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """The registration is deleted (注销登记); another person gives the documents back. After a no the task comes again."""
        yes = opinions["verdict"] == Verdict.APPROVE
        self._again(found[~yes], opinions[~yes], out)
        self._ask(found[yes], _S.RETURNING, opinions["at"][yes], self.policy.formalities_workdays, out)

    def _again(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        self.desk.forget(opinions["case"])
        self._put(found, opinions["at"], self.policy.formalities_workdays, out)

    def _returned(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """The custodian has given the documents back (权证出库): it is free. Or finds it still registered."""
        yes = opinions["verdict"] == Verdict.APPROVE
        self.desk.forget(opinions["case"])
        self._send_back(found[~yes], opinions[~yes], _S.RELEASING, out)
        said = {"actor": opinions["person"][yes]}
        self._log(Event.COLLATERAL_RELEASED, found[yes], opinions["at"][yes], out, **said)
        MOVES.to(self.register, found[yes], _S.CLOSED)

    # desks ------------------------------------------------------------------------------------------------------------

    def decide(self, opinions: Rows, out: Outbox) -> None:
        """What somebody says at a desk takes effect, or is refused."""
        opinions, tasks = self.desk.heard(opinions, out)
        yes = opinions["verdict"] == Verdict.APPROVE
        values = self.desk.tasks["desk"][tasks] == Desk.COLLATERAL_VALUER
        faults = first_fault(
            (~yes & (opinions["verdict"] != Verdict.DECLINE), TaskRefusal.DECISION_INVALID),
            (yes & values & (opinions["value_fen"] <= 0), Refusal.VALUE_MISSING),
            (~(yes & values) & (opinions["value_fen"] != 0), Refusal.VALUE_UNASKED),
        )
        bad = faults != 0
        self.desk.reject(opinions[bad], tasks[bad], faults[bad], out)
        opinions, tasks = only(opinions, ~bad), only(tasks, ~bad)
        self.desk.done(tasks, opinions["at"], out)
        found = self.register.find(opinions["case"])
        state = self.register["state"][found]
        for before, act in (
            (_S.OFFERED, self._valued),
            (_S.REVALUING, self._revalued),
            (_S.REGISTERING, self._registered),
            (_S.DEPOSITING, self._deposited),
            (_S.RELEASING, self._deregistered),
            (_S.RETURNING, self._returned),
        ):
            mine = state == before
            if np.count_nonzero(mine):
                act(found[mine], opinions[mine], out)

    def _ask(self, found: Ints, state: CollateralState, at: Ints, workdays: int, out: Outbox) -> None:
        MOVES.to(self.register, found, state)
        self._put(found, at, workdays, out)

    def _put(self, found: Ints, at: Ints, workdays: int, out: Outbox) -> None:
        """Puts rows of the register before the desk that their state waits for."""
        if not len(found):
            return
        self.register["tasks"][found] += 1
        rows = self.register.take(found)
        self.desk.put(
            rows,
            out,
            at=at,
            occasion=rows["tasks"],
            desk=DESKS[rows["state"]],
            priority=_PRIORITY,
            limit_at=close_of_workday(at, workdays, self.policy.closing_minute),
            excluded=0,
            attempt=rows["tasks"],
        )

    def _log(self, event: EventCode, found: Ints, at: Ints, out: Outbox, **said: Ints | int) -> None:
        """One event a row of the register, with its amount, and its value unless another is said; see `Outbox.log`."""
        register = self.register
        own = {"amount_fen": register["amount_fen"][found], "value": register["value_fen"][found]}
        out.log_rows(event, register, found, at, **{**own, **said})


build = CollateralSubsystem.build
