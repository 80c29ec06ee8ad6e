"""Disbursement (放款): from an effective contract to money on an account (DIS-02 to DIS-17). Preconditions are checked, the
automatic lane pays by itself, everything else passes an operator and a reviewer; core banking's answer is compared with the
instruction; limits are drawn and restored, tranches follow one another when the use of each is shown. Its rule: nothing is
paid that the contract, the limit and the conditions do not allow, and no contract is paid twice."""

from __future__ import annotations

import numpy as np

from credit.approval.contract import AppointDeputy
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.codes import Actor, Lane, Verdict
from credit.contracts.contract import Refusal as ContractRefusal
from credit.deputies import Deputies
from credit.disbursement import invariants
from credit.disbursement.contract import (
    ConditionFulfilled,
    ContractEffective,
    DisbursementOpinion,
    DrawdownRequested,
    Event,
    Gauge,
    LimitReleased,
    PaymentResult,
    Refusal,
    RestrictLimit,
    UseEvidenceFiled,
    room,
)
from credit.disbursement.facilities import Facilities
from credit.disbursement.payments import Payments
from credit.disbursement.rules import Preconditions, check_tranches, drawdown_faults
from credit.disbursement.states import COMMITTED, DESKS, FacilityState, PaymentState
from credit.mail import Inbox, Outbox
from credit.policies import Overrides, ProductPolicy, columns_of, load
from credit.policies.payments import PaymentPolicy
from credit.room import Reason, Rows
from credit.rows import firsts, passes
from credit.staff import StaffRegister
from credit.subsystem import Setting, State, Window
from credit.table import Table
from credit.times import Bools, Ints

_DEPUTY_KEPT_DAYS = 60


class DisbursementSubsystem:
    """State: payments under way, facilities, the contracts that have been taken in, and deputies."""

    room = room

    def __init__(self, policy: PaymentPolicy, products: ProductPolicy, register: StaffRegister) -> None:
        self.policy = policy
        self._products = columns_of(products)
        self._register = register
        self._preconditions = Preconditions(policy, self._products)
        self.facilities = Facilities(policy, self._products)
        self.payments = Payments(policy, self._products, self.facilities)
        self._contracts = Table("case", "case")
        self._deputies = Deputies()
        self._until = 0

    @classmethod
    def build(cls, register: StaffRegister, overrides: Overrides | None = None) -> DisbursementSubsystem:
        """The desk under the packaged policies, with a scenario's overrides laid over them."""
        policy, products = load("payments", PaymentPolicy, overrides), load("products", ProductPolicy, overrides)
        check_tranches(policy, columns_of(products))
        return cls(policy, products, register)

    def open(self, window: Window, out: Outbox) -> None:
        """Payments whose batch, date or clearing hour has come leave."""
        self.payments.paid = []
        self.payments.leave(window, out)

    def apply(self, inbox: Inbox, window: Window, out: Outbox) -> None:
        """Contracts; limits; then what people and partners answered; drawdowns last, on limits as they stand by then."""
        self._deputies.appoint(inbox.take(AppointDeputy))
        self._effective(inbox.take(ContractEffective), out)
        for kind, act in ((LimitReleased, self.facilities.restore), (RestrictLimit, self.facilities.restrict)):
            rows = inbox.take(kind)
            if len(rows):
                self._refuse(act(rows, out), ContractRefusal.CONTRACT_STATE, out)
        self._resume(inbox.take(RestrictLimit), out)
        self._fulfilled(inbox.take(ConditionFulfilled), out)
        self._evidence(inbox.take(UseEvidenceFiled), out)
        self._opinions(inbox.take(DisbursementOpinion), out)
        self._results(inbox.take(PaymentResult), out)
        self._drawdowns(inbox.take(DrawdownRequested), out)
        self.payments.leave(window, out)

    def close(self, window: Window, out: Outbox) -> None:
        """What the window's end passes: late arrivals, expired approvals and limits."""
        self._until = window.until
        self.payments.watch(window, out)
        table = self.payments.table
        self.facilities.expire(window, table["case"][COMMITTED[table["state"]]], out)
        self.payments.forget()
        if window.ends_day:  # and not before: what is refused, and why, may not depend on how a day is cut
            self.facilities.forget()
            self._deputies.forget(window.day - _DEPUTY_KEPT_DAYS)
            self._measure(window, out)

    def check(self) -> list[str]:
        """Violated invariants."""
        payments, facilities = self.payments.table, self.facilities.table
        found = invariants.under_way(payments, self._until, self.payments.arrival_ms)
        found += invariants.limits(facilities, payments)
        for paid in self.payments.paid:
            found += invariants.paid_out(paid)
        return found

    def export_state(self) -> State:
        return {
            "contracts": self._contracts.export(),
            "deputies": self._deputies.table.export(),
            "facilities": self.facilities.table.export(),
            "payments": self.payments.table.export(),
        }

    def import_state(self, state: State) -> None:
        self._contracts.load(state["contracts"])
        self._deputies.table.load(state["deputies"])
        self.facilities.table.load(state["facilities"])
        self.payments.table.load(state["payments"])

    # contracts --------------------------------------------------------------------------------------------------------

    def _effective(self, rows: Rows, out: Outbox) -> None:
        """DIS-02: each contract once; those whose preconditions hold are paid or become facilities."""
        if not len(rows):
            return
        new = self._contracts.find(rows["case"]) < 0
        new &= firsts(rows["case"])
        self._refuse(rows[~new], ContractRefusal.CONTRACT_STATE, out)
        rows = rows[new]
        self._contracts.append(rows)
        at = rows["at"]
        faults = self._preconditions.faults(rows, at)
        bad = (faults != 0) & (faults != Refusal.CONDITION_OPEN)
        out.log(
            Event.DISBURSEMENT_PRECHECK_FAILED,
            at[bad],
            rows["case"][bad],
            amount_fen=rows["amount_fen"][bad],
            reason=faults[bad],
        )
        several = ~bad & self.facilities.needed(rows)
        whole = ~bad & ~several
        plain = rows[whole]
        self.payments.begin(
            plain, plain["case"] * 100 + 1, plain["amount_fen"], at[whole], self._is_automatic(plain), out
        )
        if bool(several.any()):
            self._begin(self.facilities.admit(rows[several], at[several], out), out)

    def _is_automatic(self, contracts: Rows) -> Bools:
        """DIS-17: the automatic lane of a product that allows it."""
        allowed = self._products.automatic_disbursement[contracts["product"]]
        return np.asarray(allowed & (contracts["lane"] == Lane.AUTOMATIC))

    def _begin(self, contracts: Rows, out: Outbox) -> None:
        """First payments under facilities that pay by themselves."""
        if len(contracts):
            self._next_payment(contracts, contracts["opened_at"], self._is_automatic(contracts), out)

    def _next_payment(self, contracts: Rows, at: Ints, automatic: Bools, out: Outbox) -> None:
        found = self.facilities.table.find(contracts["case"])
        amounts = self.facilities.next_tranche_fen(found)
        loans = self.facilities.commit(contracts["case"], amounts)
        self.payments.begin(contracts, loans, amounts, at, automatic, out)

    def _fulfilled(self, answers: Rows, out: Outbox) -> None:
        """APR-13: when all conditions are met the payment begins."""
        for batch in passes(answers, "case"):
            wrong, met = self.facilities.fulfil(batch, out)
            self._refuse(wrong, ContractRefusal.CONTRACT_STATE, out)
            if len(met):
                at = batch["at"][np.isin(batch["case"], self.facilities.table["case"][met])]
                self._begin(self.facilities.open(met, at, out), out)

    # desks ------------------------------------------------------------------------------------------------------------

    def _opinions(self, opinions: Rows, out: Outbox) -> None:
        """DIS-04: only from somebody who holds the desk, on the task that is open, and never both from one person."""
        table = self.payments.table
        for batch in passes(opinions, "loan"):
            rows = table.find(batch["loan"])
            self.payments.lapse(rows[rows >= 0], batch["at"][rows >= 0], out)
            state = np.where(rows >= 0, table["state"][rows] if len(table) else 0, 0)
            fits = (rows >= 0) & (DESKS[state] == batch["desk"]) & (batch["desk"] > 0)
            if len(table):
                fits &= table["task"][rows] == batch["attempt"]
            self._refuse(batch[~fits], ApprovalRefusal.NO_OPEN_TASK, out)
            asked, rows, state = batch[fits], rows[fits], state[fits]
            faults = self._faults(asked, rows, state)
            self._refuse(asked[faults != 0], faults[faults != 0], out)
            good = faults == 0
            self._decide(asked[good], rows[good], state[good], out)

    def _faults(self, opinions: Rows, rows: Ints, state: Ints) -> Ints:
        table = self.payments.table
        may = self._deputies.entitled(self._register, opinions, table["branch"][rows], opinions["desk"])
        faults = np.where(may, 0, int(ApprovalRefusal.NO_AUTHORITY))
        same = (state == PaymentState.REVIEW) & (opinions["person"] == table["operator"][rows])
        faults = np.where(same, int(ApprovalRefusal.SAME_PERSON), faults)
        known = (opinions["verdict"] == Verdict.APPROVE) | (opinions["verdict"] == Verdict.DECLINE)
        return np.where(known, faults, int(ApprovalRefusal.DECISION_INVALID))

    def _decide(self, opinions: Rows, rows: Ints, state: Ints, out: Outbox) -> None:
        yes = opinions["verdict"] == Verdict.APPROVE
        payments = self.payments

        def of(mask: Bools) -> tuple[Ints, Rows]:
            return rows[mask], opinions[mask]

        payments.initiated(*of(yes & (state == PaymentState.PENDING)), out)
        payments.approved(*of(yes & (state == PaymentState.REVIEW)), out)
        payments.retried(*of(yes & (state == PaymentState.EXCEPTION)), out)
        payments.rejected(*of(~yes & (state == PaymentState.REVIEW)), out)
        ended, words = of(~yes & ((state == PaymentState.PENDING) | (state == PaymentState.EXCEPTION)))
        payments.stop(ended, words["at"], ApprovalRefusal.HUMAN_DECLINE, out)
        self._judge(*of(yes & (state == PaymentState.EVIDENCE)), True, out)
        self._judge(*of(~yes & (state == PaymentState.EVIDENCE)), False, out)

    def _judge(self, rows: Ints, opinions: Rows, genuine: bool, out: Outbox) -> None:
        """DIS-16: verified use opens the next tranche; misuse ends the facility."""
        if not len(rows):
            return
        cases = self.payments.table["case"][rows]
        self.payments.judged(rows, opinions, genuine, out)
        table, found = self.facilities.table, self.facilities.table.find(cases)
        live = found >= 0
        if bool(live.any()):
            live &= (table["state"][found] == FacilityState.OPEN) & (opinions["at"] < table["valid_until"][found])
        found, at = found[live], opinions["at"][live]
        if not genuine:
            self.facilities.close(found, at, np.full(len(found), int(Refusal.USE_NOT_VERIFIED)), out)
            return
        table["verified"][found] += 1
        free = table["restricted"][found] == 0
        self._next_payment(table.take(found[free]), at[free], np.zeros(int(free.sum()), dtype=bool), out)

    def _resume(self, orders: Rows, out: Outbox) -> None:
        """PRD-09: a tranche held back by a restriction goes on when it is lifted."""
        lifted = orders[orders["restricted"] == 0]
        table, found = self.facilities.table, self.facilities.table.find(lifted["case"])
        known = found >= 0
        found, at = found[known], lifted["at"][known]
        if not len(found):
            return
        ready = (table["state"][found] == FacilityState.OPEN) & (table["verified"][found] == table["loans"][found])
        ready &= (table["restricted"][found] == 0) & (table["loans"][found] > 0) & (at < table["valid_until"][found])
        ready &= self.facilities.has_more_tranches(table["case"][found])
        self._next_payment(table.take(found[ready]), at[ready], np.zeros(int(ready.sum()), dtype=bool), out)

    # partners and customers -------------------------------------------------------------------------------------------

    def _results(self, results: Rows, out: Outbox) -> None:
        """DIS-07: an answer to the instruction that is under way; anything else is refused."""
        table = self.payments.table
        for batch in passes(results, "loan"):
            rows, fits = self._in_state(batch, PaymentState.SENT)
            if len(table):
                fits &= table["attempt"][rows] == batch["attempt"]
            self._refuse(batch[~fits], Refusal.PAYMENT_MISMATCH, out)
            self.payments.answered(rows[fits], batch[fits], out)

    def _evidence(self, filed: Rows, out: Outbox) -> None:
        for batch in passes(filed, "loan"):
            rows, fits = self._in_state(batch, PaymentState.ARRIVED)
            self._refuse(batch[~fits], ApprovalRefusal.NO_OPEN_TASK, out)
            self.payments.shown(rows[fits], batch["at"][fits], out)

    def _in_state(self, batch: Rows, state: PaymentState) -> tuple[Ints, Bools]:
        """(row of each loan's payment or −1, whether it stands in the state)."""
        table = self.payments.table
        rows = table.find(batch["loan"])
        return rows, (rows >= 0) & (table["state"][rows] == state if len(table) else False)

    def _drawdowns(self, requests: Rows, out: Outbox) -> None:
        """PRD-04, PRD-09: partial drawdowns within the limit; a second request of one case sees what the first has drawn."""
        table = self.facilities.table
        for batch in passes(requests, "case"):
            out.log(
                Event.DRAWDOWN_REQUESTED,
                batch["at"],
                batch["case"],
                actor=Actor.CUSTOMER,
                amount_fen=batch["amount_fen"],
                value=batch["request"],
            )
            found = table.find(batch["case"])
            known = found >= 0
            faults = np.full(len(batch), int(ContractRefusal.CONTRACT_STATE))
            if bool(known.any()):
                faults[known] = drawdown_faults(batch[known], table.take(found[known]), self._products)
            bad, good = faults != 0, faults == 0
            out.log(
                Event.DRAWDOWN_REFUSED,
                batch["at"][bad],
                batch["case"][bad],
                amount_fen=batch["amount_fen"][bad],
                reason=faults[bad],
                value=batch["request"][bad],
            )
            drawn = table.take(found[good])
            drawn["term_months"] = batch["term_months"][good]
            loans = self.facilities.commit(drawn["case"], batch["amount_fen"][good])
            self.payments.begin(
                drawn, loans, batch["amount_fen"][good], batch["at"][good], np.zeros(len(loans), dtype=bool), out
            )

    def _refuse(self, rows: Rows, reason: Reason | Ints, out: Outbox) -> None:
        """An opinion, answer or notice without effect, and why."""
        if not len(rows):
            return
        names = rows.dtype.names or ()
        loan = rows["loan"] if "loan" in names else np.zeros(len(rows), dtype=np.int64)
        case = rows["case"] if "case" in names else loan // 100
        actor = rows["person"] if "person" in names else 0
        out.log(Event.DISBURSEMENT_ACTION_REFUSED, rows["at"], case, actor=actor, loan=loan, reason=reason)

    def _measure(self, window: Window, out: Outbox) -> None:
        """Payments under way by branch, product and state; delayed ones count as exceptions (DIS-08)."""
        table = self.payments.table
        state = np.where(table["delayed"] != 0, int(PaymentState.EXCEPTION), table["state"])
        out.tally(
            Gauge.PENDING_DISBURSEMENTS, window.until - 1, table["branch"], table["product"], state, table["amount_fen"]
        )


def build(setting: Setting) -> DisbursementSubsystem:
    """The room under a setting."""
    return DisbursementSubsystem.build(setting.register, setting.overrides)
