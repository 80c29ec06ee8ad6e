"""Disbursement (放款): from an effective contract to money on an account (DIS-02 to DIS-17). Preconditions are checked, the
automatic lane pays by itself, everything else passes an operator and a reviewer; core banking's answer is compared with the
instruction; limits are drawn and restored, tranches follow one another when the use of each is shown. Nothing is
paid that the contract, the limit and the conditions do not allow, and no contract is paid twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit.codes import Actor, Lane, Verdict
from credit.contracts.contract import Refusal as ContractRefusal
from credit.disbursement import invariants
from credit.disbursement.contract import (
    DESK,
    ConditionFulfilled,
    ContractEffective,
    DrawdownRequested,
    Event,
    Gauge,
    GuaranteeReported,
    LimitReleased,
    PaymentResult,
    Refusal,
    RestrictLimit,
    UseEvidenceFiled,
    room,
)
from credit.disbursement.facilities import Facilities
from credit.disbursement.payments import Payments
from credit.disbursement.rules import Drawdowns, Preconditions, check_tranches, drawdown_faults
from credit.disbursement.states import PaymentState
from credit.mail import Outbox
from credit.masks import any_of
from credit.numbers import loan_of
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.collateral import CollateralPolicy, needing
from credit.policies.payments import PaymentPolicy
from credit.room import Rows
from credit.rows import firsts, only
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, Subsystem, Takes, Together
from credit.times import DAY_MS, Bools, Ints
from credit.worklists.states import Refusal as TaskRefusal
from credit.worklists.worklist import Events, Worklist, takes

Act = Callable[[Ints, Rows, Outbox], None]
"""What a decision does: payments' row numbers, opinions row by row, what it brings about."""


class DisbursementSubsystem(Subsystem):
    """State: payments under way, facilities, the contracts that have been taken in, the worklist and its deputies."""

    room = room
    REFUSED = Event.DISBURSEMENT_ACTION_REFUSED
    HANDLERS = (
        Takes(ContractEffective, "effective"),
        Takes(LimitReleased, "release"),
        Takes(RestrictLimit, "restrict"),
        Takes(GuaranteeReported, "guaranteed"),
        Together("case", (Takes(ConditionFulfilled, "fulfil"),)),
        Together("loan", (Takes(UseEvidenceFiled, "show"),)),
        *takes(DESK, "desk", "decide"),
        Together("loan", (Takes(PaymentResult, "answer"),)),
        Together("case", (Takes(DrawdownRequested, "draw"),)),  # on limits as they stand by then
    )

    def __init__(
        self, policy: PaymentPolicy, products: ProductPolicy, collateral: CollateralPolicy, register: StaffRegister
    ) -> None:
        super().__init__()
        self.policy = policy
        self._products = columns_of(products)
        self._preconditions = Preconditions(policy, self._products)
        self._drawdowns = Drawdowns(products, self._products, policy)
        self.facilities = Facilities(
            self.tables["facilities"], policy, self._products, needing(collateral, self._products)
        )
        events = Events(urged=Event.TASK_URGED, handled=Event.TASK_HANDLED, deputy=Event.DEPUTY_APPOINTED)
        self.desk = Worklist(self, DESK, register, events)
        self.payments = Payments(self.tables["payments"], policy, self._products, self.facilities, self.desk, self.note)
        self._contracts = self.tables["contracts"]

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> DisbursementSubsystem:
        """The desk under the packaged policies, with a scenario's overrides laid over them."""
        policy = load("payments", PaymentPolicy, setting.overrides)
        products = load("products", ProductPolicy, setting.overrides)
        collateral = load("collateral", CollateralPolicy, setting.overrides)
        check_tranches(policy, columns_of(products))
        return cls(policy, products, collateral, setting.register)

    # time -------------------------------------------------------------------------------------------------------------

    def begin(self, out: Outbox) -> None:
        """Payments whose batch, date or clearing hour has come leave."""
        self.payments.leave(self.window, out)

    def follow(self, out: Outbox) -> None:
        """So do payments scheduled for this very window."""
        self.payments.leave(self.window, out)

    def end(self, out: Outbox) -> None:
        """What the window's end passes: late arrivals, expired approvals and limits, tasks to be urged."""
        self.payments.watch(self.window, out)
        self.facilities.expire(self.window, self.payments.table, out)
        self.payments.forget()
        self.desk.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:  # noqa: ARG002
        """Not before: what is refused, and why, may not depend on how a day is cut."""
        self.facilities.forget()
        self.desk.tidy(self.window.day)

    def measure(self, until: int, out: Outbox) -> None:
        """Payments by branch, product and state; those that are delayed and still under way count as exceptions (DIS-08), and no
        more once they have arrived."""
        table = self.payments.table
        late = (table["delayed"] != 0) & (table["state"] == PaymentState.SENT)
        state = np.where(late, int(PaymentState.EXCEPTION), table["state"])
        columns = (table["branch"], table["product"], state, table["amount_fen"])
        out.tally(Gauge.PENDING_DISBURSEMENTS, until - 1, *columns)

    def due(self) -> int:
        return min(self.payments.due(), self.facilities.due(), self.desk.due())

    def violations(self) -> list[str]:
        """Of payments and facilities as they stand, and of every payment that arrived."""
        payments, facilities = self.payments.table, self.facilities.table
        found = invariants.under_way(payments, self.window.until, self.payments.arrival_ms)
        found += invariants.asked(payments, self.desk.tasks)
        found += invariants.limits(facilities, payments)
        for paid in self.noted("paid"):
            found += invariants.paid_out(paid)
        for begun in self.noted("begun"):
            found += invariants.as_agreed(begun)
        return found + self.desk.violations(self.window.until)

    # contracts --------------------------------------------------------------------------------------------------------

    def effective(self, rows: Rows, out: Outbox) -> None:
        """DIS-02: each contract once; those whose preconditions hold are paid or become facilities."""
        new = (self._contracts.find(rows["case"]) < 0) & firsts(rows["case"])
        self.refuse(rows[~new], ContractRefusal.CONTRACT_STATE, out)
        rows = only(rows, new)
        self._contracts.append(rows)
        at = rows["at"]
        faults = self._preconditions.faults(rows, at)
        bad = (faults != 0) & (faults != Refusal.CONDITION_OPEN)
        over, reason = rows[bad], faults[bad]
        said = {"amount_fen": over["amount_fen"], "reason": reason}
        out.log(Event.DISBURSEMENT_PRECHECK_FAILED, at[bad], over["case"], **said)
        self.facilities.end(over["case"], at[bad], reason, over["amount_fen"], out)
        several = ~bad & self.facilities.needed(rows)
        whole = ~bad & ~several
        if any_of(whole):
            plain = rows[whole]
            loans = loan_of(plain["case"], 1)
            self.payments.begin(plain, loans, plain["amount_fen"], at[whole], self._is_automatic(plain), out)
            self._witness(loans, plain)
        if any_of(several):
            self._begin(self.facilities.admit(rows[several], at[several], out), out)

    def _is_automatic(self, contracts: Rows) -> Bools:
        """DIS-17: the automatic lane of a product that allows it."""
        allowed = self._products.automatic_disbursement[contracts["product"]]
        return np.asarray(allowed & (contracts["lane"] == Lane.AUTOMATIC))

    def _begin(self, contracts: Rows, out: Outbox) -> None:
        """First payments under facilities that pay by themselves."""
        self._next_payment(contracts, contracts["opened_at"], self._is_automatic(contracts), out)

    def _next_payment(self, contracts: Rows, at: Ints, automatic: Bools | bool, out: Outbox) -> None:
        if not len(contracts):
            return
        found = self.facilities.table.find(contracts["case"])
        amounts = self.facilities.next_tranche_fen(found)
        loans = self.facilities.commit(contracts["case"], amounts)
        self.payments.begin(contracts, loans, amounts, at, automatic, out)
        self._witness(loans, contracts)

    def _witness(self, loans: Ints, contracts: Rows) -> None:
        """Of payments that begin, each with its contract or facility as it stands."""
        table = self.payments.table
        self.note("begun", invariants.begun(table.take(table.find(loans)), contracts))

    # limits -----------------------------------------------------------------------------------------------------------

    def release(self, notices: Rows, out: Outbox) -> None:
        """PRD-09: repaid principal restores a limit."""
        self.refuse(self.facilities.restore(notices, out), ContractRefusal.CONTRACT_STATE, out)

    def restrict(self, orders: Rows, out: Outbox) -> None:
        """PRD-09: somebody of the bank restricts a limit, or lets it go on where the restriction had held it back."""
        known = self.desk.register.knows(orders["operator"])
        self.refuse(orders[~known], TaskRefusal.NOT_ON_REGISTER, out)
        orders = only(orders, known)
        self.refuse(self.facilities.restrict(orders, out), ContractRefusal.CONTRACT_STATE, out)
        self._resume(orders, out)

    def guaranteed(self, reports: Rows, out: Outbox) -> None:
        """CON-24, DIS-02: when the guarantee's formalities are done the payment begins."""
        late, met = self.facilities.guaranteed(reports, out)
        self.refuse(late, ContractRefusal.CONTRACT_STATE, out)
        self._open(reports, met, out)

    def fulfil(self, answers: Rows, out: Outbox) -> None:
        """APR-13: when all conditions are met the payment begins."""
        wrong, met = self.facilities.fulfil(answers, out)
        self.refuse(wrong, ContractRefusal.CONTRACT_STATE, out)
        self._open(answers, met, out)

    def _open(self, rows: Rows, met: Ints, out: Outbox) -> None:
        """Facilities for which the last thing has come, each with one of `rows`, open."""
        at = rows["at"][np.isin(rows["case"], self.facilities.table["case"][met])]
        self._begin(self.facilities.open(met, at, out), out)

    # desks, one payment at a time -------------------------------------------------------------------------------------

    def decide(self, opinions: Rows, out: Outbox) -> None:
        """DIS-04: an opinion on the payment's task takes effect, or is refused."""
        table = self.payments.table
        found = table.find(opinions["loan"])
        self.payments.lapse(found[found >= 0], opinions["at"][found >= 0], out)
        opinions, tasks = self.desk.heard(opinions, out)
        under_way = table.get("state", table.find(opinions["loan"])) == PaymentState.SENT
        known = (opinions["verdict"] == Verdict.APPROVE) | ((opinions["verdict"] == Verdict.DECLINE) & ~under_way)
        wrong = opinions[~known]
        self.desk.reject(wrong, tasks[~known], np.full(len(wrong), int(TaskRefusal.DECISION_INVALID)), out)
        opinions = only(opinions, known)
        self.desk.done(only(tasks, known), opinions["at"], out)
        found = table.find(opinions["loan"])
        state, yes = table["state"][found], opinions["verdict"] == Verdict.APPROVE
        payments = self.payments
        acts: tuple[tuple[Bools, Act], ...] = (
            (yes & (state == PaymentState.PENDING), payments.initiated),
            (yes & (state == PaymentState.REVIEW), payments.approved),
            (yes & (state == PaymentState.EXCEPTION), payments.retried),
            (yes & (state == PaymentState.SENT), payments.inquired),
            (~yes & (state == PaymentState.REVIEW), payments.rejected),
            (~yes & ((state == PaymentState.PENDING) | (state == PaymentState.EXCEPTION)), payments.declined),
            (yes & (state == PaymentState.EVIDENCE), self._verified),
            (~yes & (state == PaymentState.EVIDENCE), self._misused),
        )
        for mask, act in acts:
            if any_of(mask):
                act(found[mask], opinions[mask], out)

    def _met(self, rows: Rows, found: Ints, good: Bools, reason: Ints | int, out: Outbox) -> tuple[Rows, Ints]:
        """The rows that are `good`, with the table rows they are about; the others are refused."""
        self.refuse(rows[~good], np.broadcast_to(np.asarray(reason), len(rows))[~good], out)
        return only(rows, good), only(found, good)

    def _verified(self, rows: Ints, opinions: Rows, out: Outbox) -> None:
        """DIS-16: verified use opens the next tranche; a limit stays as it is."""
        cases = self.payments.table["case"][rows]
        self.payments.judged(rows, opinions, True, out)
        found, at = self.facilities.live(cases, opinions["at"])
        table = self.facilities.table
        table["verified"][found] += table["revolving"][found] == 0
        free = (table["restricted"][found] == 0) & (table["revolving"][found] == 0)
        self._next_payment(table.take(found[free]), at[free], False, out)

    def _misused(self, rows: Ints, opinions: Rows, out: Outbox) -> None:
        """DIS-16: misuse ends a staged loan; nothing more is drawn on a limit from the next day on (PRD-04): what
        is drawn that day may not hang on which comes to hand first."""
        cases = self.payments.table["case"][rows]
        self.payments.judged(rows, opinions, False, out)
        found, at = self.facilities.live(cases, opinions["at"])
        table = self.facilities.table
        limits = table["revolving"][found] != 0
        since, before = (at // DAY_MS + 1) * DAY_MS, table["ends_early_at"][found]
        since = np.where(before == 0, since, np.minimum(before, since))
        table["ends_early_at"][found[limits]] = since[limits]
        self.facilities.close(found[~limits], at[~limits], Refusal.USE_NOT_VERIFIED, out)

    def _resume(self, orders: Rows, out: Outbox) -> None:
        """PRD-09: a tranche held back by a restriction goes on when it is lifted."""
        lifted = orders[orders["restricted"] == 0]
        found, at = self.facilities.live(lifted["case"], lifted["at"])
        table = self.facilities.table
        ready = (table["verified"][found] == table["loans"][found]) & (table["restricted"][found] == 0)
        ready &= (table["loans"][found] > 0) & self.facilities.has_more_tranches(table["case"][found])
        self._next_payment(table.take(found[ready]), at[ready], False, out)

    # partners and customers -------------------------------------------------------------------------------------------

    def answer(self, results: Rows, out: Outbox) -> None:
        """DIS-07: an answer to the instruction that is under way; anything else is refused."""
        table, found = self.payments.table, self.payments.table.find(results["loan"])
        fits = table.get("state", found) == PaymentState.SENT
        fits &= table.get("attempt", found) == results["attempt"]
        results, found = self._met(results, found, fits, Refusal.PAYMENT_MISMATCH, out)
        self.payments.answered(found, results, out)

    def show(self, filed: Rows, out: Outbox) -> None:
        """DIS-16: evidence of what a tranche was spent on."""
        found = self.payments.table.find(filed["loan"])
        fits = self.payments.table.get("state", found) == PaymentState.ARRIVED
        filed, found = self._met(filed, found, fits, TaskRefusal.NO_OPEN_TASK, out)
        self.payments.shown(found, filed["at"], out)

    def draw(self, requests: Rows, out: Outbox) -> None:
        """PRD-04, PRD-09: partial drawdowns within the limit; a second request of one case sees what the first has drawn."""
        table = self.facilities.table
        about = {"amount_fen": requests["amount_fen"], "value": requests["number"]}
        out.log(Event.DRAWDOWN_REQUESTED, requests["at"], requests["case"], actor=Actor.CUSTOMER, **about)
        found = table.find(requests["case"])
        known = found >= 0
        faults = np.full(len(requests), int(ContractRefusal.CONTRACT_STATE))
        asked, facilities = requests[known], table.take(found[known])
        of_use = self._drawdowns.faults(asked, facilities)
        faults[known] = drawdown_faults(asked, facilities, self._products, of_use)
        bad = faults != 0
        out.log(
            Event.DRAWDOWN_REFUSED,
            requests["at"][bad],
            requests["case"][bad],
            amount_fen=requests["amount_fen"][bad],
            reason=faults[bad],
            value=requests["number"][bad],
        )
        out.answer(requests[bad], number=requests["case"][bad], reason=faults[bad])
        good = requests[~bad]
        drawn = table.take(found[~bad])
        drawn["term_months"] = good["term_months"]
        named = good["payee_account"] != 0
        drawn["payee_account"][named] = good["payee_account"][named]
        loans = self.facilities.commit(drawn["case"], good["amount_fen"])
        self.payments.begin(drawn, loans, good["amount_fen"], good["at"], False, out, good["purpose"])
        self._witness(loans, table.take(found[~bad]))


build = DisbursementSubsystem.build
