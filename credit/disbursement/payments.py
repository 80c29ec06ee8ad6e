"""Payments under way (放款业务): two people at the desk or the automatic lane, the instruction, core banking's answer, delay,
failure, and the use of a tranche. One transaction number follows a payment from its beginning to its arrival (DIS-15). A loan
is disbursed once, when the answer agrees with the instruction in amount and account, and never before (DIS-07)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from credit import numbers
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.calendar import close_of_workday
from credit.codes import Account, Actor, Consent
from credit.customers.contract import CustomerEnteredBusiness
from credit.disbursement import invariants
from credit.disbursement.contract import Desk, Event, PaymentInstruction, Refusal, UseEvidenceRequested
from credit.disbursement.facilities import Facilities
from credit.disbursement.rules import PaymentTimes, result_faults
from credit.disbursement.states import DESKS, PAYMENT_MOVES, PaymentState
from credit.ledger.contract import Posting
from credit.mail import Outbox
from credit.masks import true_rows
from credit.numbers import place_in_case
from credit.policies.payments import PaymentPolicy
from credit.policies.products import ProductColumns
from credit.repayment.contract import LoanDisbursed
from credit.room import Reason, Rows
from credit.subsystem import Window
from credit.table import Table
from credit.times import MINUTE_MS, NEVER, Bools, Ints
from credit.worklists.worklist import Worklist

_TASK_PRIORITY = 3
_NO_ONE = 0


def transaction_of(loans: Ints) -> Ints:
    """The number of a loan's payment, for its whole life (DIS-15); repayment uses the numbers from 50."""
    return numbers.transaction_of(loans, numbers.DISBURSEMENT)


class Payments:
    """The table, and the moves of a payment. `task` numbers the tasks of a loan, `attempt` its instructions; `delayed` once the
    time of normal arrival has passed. `note` keeps witnesses for the invariants."""

    def __init__(
        self,
        table: Table,
        policy: PaymentPolicy,
        products: ProductColumns,
        facilities: Facilities,
        desk: Worklist,
        note: Callable[[str, Rows], None],
    ) -> None:
        self.table = table
        self._desk, self._note = desk, note
        self.arrival_ms = policy.arrival_minutes * MINUTE_MS
        self.times = PaymentTimes(policy)
        self._policy, self._products, self._facilities = policy, products, facilities

    # beginning --------------------------------------------------------------------------------------------------------

    def begin(
        self,
        contracts: Rows,
        loans: Ints,
        amounts: Ints,
        at: Ints,
        automatic: Bools | bool,
        out: Outbox,
        purposes: npt.ArrayLike = "",
    ) -> None:
        """New payments: by the automatic lane at once (DIS-17), the others to the operator's desk. `contracts` may be rows of
        `ContractEffective` or of the facilities; `purposes`: what each drawdown is for."""
        product = contracts["product"]
        entrusted = self._products.entrusted[product]
        rows = self.table.append(
            contracts,
            loan=loans,
            amount_fen=amounts,
            revolving=self._products.revolving[product],
            entrusted=entrusted,
            auto_debit=(contracts["consent"] & int(Consent.AUTO_DEBIT)) != 0,
            state=PaymentState.PENDING,
            account=np.where(entrusted, contracts["payee_account"], contracts["account"]),
            debit_account=contracts["account"],
            purpose=purposes,
        )
        auto = np.full(len(rows), automatic)
        self._log(Event.DISBURSEMENT_INITIATED, rows[auto], at[auto], out)
        self._schedule(rows[auto], at[auto], out)
        self._ask(rows[~auto], at[~auto], out)

    def _ask(self, rows: Ints, at: Ints, out: Outbox, excluded: Ints | int = _NO_ONE, *, inquiry: bool = False) -> None:
        """Puts payments before the desk their state waits for; what is under way and late before the operator."""
        if not len(rows):
            return
        self.table["task"][rows] += 1
        found = self.table.take(rows)
        self._desk.put(
            found,
            out,
            at=at,
            occasion=found["task"],
            desk=Desk.DISBURSEMENT_OPERATOR if inquiry else DESKS[found["state"]],
            inquiry=inquiry,
            priority=_TASK_PRIORITY,
            limit_at=close_of_workday(at, self._policy.task_workdays, self._policy.closing_minute),
            excluded=excluded,
            attempt=found["task"],
        )

    def _move(self, rows: Ints, state: PaymentState) -> None:
        PAYMENT_MOVES.to(self.table, rows, state)

    # desks ------------------------------------------------------------------------------------------------------------

    def initiated(self, rows: Ints, opinions: Rows, out: Outbox) -> None:
        """The operator starts a payment: it goes to a reviewer who is somebody else (DIS-04)."""
        self.table["operator"][rows] = opinions["person"]
        self._move(rows, PaymentState.REVIEW)
        self._log(Event.DISBURSEMENT_INITIATED, rows, opinions["at"], out, actor=opinions["person"])
        self._ask(rows, opinions["at"], out, opinions["person"])

    def approved(self, rows: Ints, opinions: Rows, out: Outbox) -> None:
        """The reviewer's yes makes the instruction (DIS-05)."""
        self.table["reviewer"][rows] = opinions["person"]
        self._desk.forget(self.table["loan"][rows])
        self._log(Event.DISBURSEMENT_REVIEWED, rows, opinions["at"], out, actor=opinions["person"])
        self._schedule(rows, opinions["at"], out)

    def rejected(self, rows: Ints, opinions: Rows, out: Outbox) -> None:
        """The reviewer's no sends the payment back to the operator, or ends it when it has come back too often."""
        table = self.table
        self._desk.forget(table["loan"][rows])
        table["rejections"][rows] += 1
        self._log(
            Event.DISBURSEMENT_REJECTED,
            rows,
            opinions["at"],
            out,
            actor=opinions["person"],
            reason=Refusal.REVIEW_REJECTED,
        )
        ends = table["rejections"][rows] > self._policy.rejections_max
        again = rows[~ends]
        self._move(again, PaymentState.PENDING)
        table["operator"][again] = _NO_ONE
        self._ask(again, opinions["at"][~ends], out)
        self.stop(rows[ends], opinions["at"][ends], Refusal.REVIEW_REJECTED, out)

    def retried(self, rows: Ints, opinions: Rows, out: Outbox) -> None:
        """The operator has looked into a failed payment and sends it again, as often as the policy allows."""
        self._desk.forget(self.table["loan"][rows])
        spent = self.table["attempt"][rows] > self._policy.retries_max
        again, at = rows[~spent], opinions["at"][~spent]
        self._log(Event.PAYMENT_RETRIED, again, at, out, actor=opinions["person"][~spent])
        self._schedule(again, at, out, again=True)
        self.stop(rows[spent], opinions["at"][spent], Refusal.PAYMENT_FAILED, out)

    def declined(self, rows: Ints, opinions: Rows, out: Outbox) -> None:
        """The operator's no ends a payment."""
        self.stop(rows, opinions["at"], ApprovalRefusal.HUMAN_DECLINE, out)

    def stop(self, rows: Ints, at: Ints, reason: Reason, out: Outbox) -> None:
        """Payments that will not be made: what they had drawn is given back."""
        if not len(rows):
            return
        self._desk.withdraw(self.table["loan"][rows], at, out)
        self._desk.forget(self.table["loan"][rows])
        self._log(Event.PAYMENT_STOPPED, rows, at, out, reason=reason)
        self._move(rows, PaymentState.CLOSED)
        self._facilities.give_up(self.table["case"][rows], self.table["amount_fen"][rows], at, out)

    # instruction and answer -------------------------------------------------------------------------------------------

    def _schedule(self, rows: Ints, at: Ints, out: Outbox, *, again: bool = False) -> None:
        """DIS-05, DIS-13: fixes when the payment leaves; what leaves now is instructed now, the rest when a window opens."""
        if not len(rows):
            return
        table = self.table
        self._move(rows, PaymentState.SCHEDULED)
        leaves = self.times.leaves_at(
            at, table["product"][rows], table["account"][rows], table["amount_fen"][rows], again=again
        )
        table["leaves_at"][rows] = leaves
        now = leaves == at
        self._instruct(rows[now], out)

    def leave(self, window: Window, out: Outbox) -> None:
        """Instructs the payments whose batch, date or clearing hour lies in the window."""
        table = self.table
        due = (table["state"] == PaymentState.SCHEDULED) & (table["leaves_at"] < window.until)
        self._instruct(true_rows(due), out)

    def _instruct(self, rows: Ints, out: Outbox) -> None:
        if not len(rows):
            return
        table = self.table
        self._move(rows, PaymentState.SENT)
        table["attempt"][rows] += 1
        table["delayed"][rows] = 0
        at = table["sent_at"][rows] = table["leaves_at"][rows]
        found = table.take(rows)
        self._log(Event.INSTRUCTION_SENT, rows, at, out)
        out.send(
            PaymentInstruction,
            PaymentInstruction.carry(
                found,
                at=at,
                transaction=transaction_of(found["loan"]),
                kind=self.times.kind(found["product"]),
                interbank=self.times.is_interbank(found["account"]),
            ),
        )

    def answered(self, rows: Ints, results: Rows, out: Outbox) -> None:
        """DIS-07, DIS-08: what agrees makes a disbursed loan; what does not becomes an exception for the operator."""
        late = results["at"] >= self.table["sent_at"][rows] + self.arrival_ms
        self._note_delay(rows[late], out)
        self._desk.withdraw(self.table["loan"][rows[late]], results["at"][late], out)
        faults = result_faults(results, self.table.take(rows))
        bad = faults != 0
        self._failed(rows[bad], results["at"][bad], faults[bad], out)
        self._arrived(rows[~bad], results["at"][~bad], results["amount_fen"][~bad], out)

    def inquired(self, rows: Ints, opinions: Rows, out: Outbox) -> None:
        """DIS-08: the operator has asked core banking about a delayed payment. It is under way, and nothing is sent twice: the
        answer decides."""
        self._desk.forget(self.table["loan"][rows])
        self._log(Event.PAYMENT_INQUIRED, rows, opinions["at"], out, actor=opinions["person"])

    def _failed(self, rows: Ints, at: Ints, faults: Ints, out: Outbox) -> None:
        if not len(rows):
            return
        self._move(rows, PaymentState.EXCEPTION)
        self._log(Event.PAYMENT_FAILED, rows, at, out, actor=int(Actor.CORE_BANKING), reason=faults)
        self._ask(rows, at, out)

    def _arrived(self, rows: Ints, at: Ints, paid_fen: Ints, out: Outbox) -> None:
        """The loan is disbursed: booked, handed to repayment, and the use of a drawdown, or of a
        tranche that others follow, is asked for."""
        if not len(rows):
            return
        loans = self.table.take(rows)
        transaction = transaction_of(loans["loan"])
        self._log(Event.FUNDS_ARRIVED, rows, at, out, actor=int(Actor.CORE_BANKING))
        self._log(Event.LOAN_DISBURSED, rows, at, out, value=loans["account"])
        out.send(LoanDisbursed, LoanDisbursed.carry(loans, at=at, transaction=transaction))
        for account, amounts in ((Account.PRINCIPAL, paid_fen), (Account.SETTLEMENT, -paid_fen)):
            out.send(
                Posting,
                Posting.rows(
                    len(rows), at=at, transaction=transaction, account=account, loan=loans["loan"], amount_fen=amounts
                ),
            )
        first = loans["revolving"] + (place_in_case(loans["loan"]) == 1) > 0
        out.send(CustomerEnteredBusiness, CustomerEnteredBusiness.carry(loans[first], at=at[first]))
        self._note("paid", invariants.paid(loans, at, paid_fen))
        self._facilities.paid(loans["case"], loans["amount_fen"], at, out)
        shows = self._facilities.has_more_tranches(loans["case"]) | (loans["revolving"] != 0)
        self._move(rows[shows], PaymentState.ARRIVED)
        out.send(UseEvidenceRequested, UseEvidenceRequested.carry(loans[shows], at=at[shows]))
        self._move(rows[~shows], PaymentState.CLOSED)

    # use of funds -----------------------------------------------------------------------------------------------------

    def shown(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """DIS-16: evidence has come; the verifier looks at it."""
        self._move(rows, PaymentState.EVIDENCE)
        self._ask(rows, at, out)

    def judged(self, rows: Ints, opinions: Rows, genuine: bool, out: Outbox) -> None:
        """The verifier's word ends the payment; what it means for the facility is the subsystem's affair."""
        self._desk.forget(self.table["loan"][rows])
        event = Event.USE_VERIFIED if genuine else Event.USE_REJECTED
        reason = 0 if genuine else Refusal.USE_NOT_VERIFIED
        self._log(event, rows, opinions["at"], out, actor=opinions["person"], reason=reason)
        self._move(rows, PaymentState.CLOSED)

    # time -------------------------------------------------------------------------------------------------------------

    def watch(self, window: Window, out: Outbox) -> None:
        """DIS-06, DIS-08: what has not arrived in time is marked at that instant; what waits for a desk beyond the approval's
        validity is stopped."""
        table = self.table
        open_ = (table["state"] == PaymentState.SENT) & (table["delayed"] == 0)
        self._note_delay(true_rows(open_ & (table["sent_at"] + self.arrival_ms < window.until)), out)
        self.lapse(true_rows(table["valid_until"] < window.until), window.until, out)

    def lapse(self, rows: Ints, at: Ints | int, out: Outbox) -> None:
        """Payments whose approval ended at or before `at` while they waited for one of two people stop at that instant."""
        if not len(rows):
            return
        table = self.table
        waits = (table["state"][rows] == PaymentState.PENDING) | (table["state"][rows] == PaymentState.REVIEW)
        over = rows[waits & (table["valid_until"][rows] <= at)]
        self.stop(over, table["valid_until"][over], ApprovalRefusal.APPROVAL_EXPIRED, out)

    def _note_delay(self, rows: Ints, out: Outbox) -> None:
        """What is late is before the operator until it is answered (DIS-08)."""
        table = self.table
        rows = rows[table["delayed"][rows] == 0]
        if len(rows):
            table["delayed"][rows] = 1
            at = table["sent_at"][rows] + self.arrival_ms
            self._log(Event.PAYMENT_DELAYED, rows, at, out)
            self._ask(rows, at, out, inquiry=True)

    def due(self) -> int:
        """When the next payment leaves, is late, or loses its approval."""
        table, state = self.table, self.table["state"]
        arrives = table.least("sent_at", (state == PaymentState.SENT) & (table["delayed"] == 0))
        return min(
            table.least("leaves_at", state == PaymentState.SCHEDULED),
            NEVER if arrives == NEVER else arrives + self.arrival_ms,
            table.least("valid_until", (state == PaymentState.PENDING) | (state == PaymentState.REVIEW)),
        )

    def forget(self) -> None:
        """Payments that are done leave the table."""
        self.table.drop(true_rows(self.table["state"] == PaymentState.CLOSED))

    def _log(
        self,
        event: Event,
        rows: Ints,
        at: Ints,
        out: Outbox,
        *,
        actor: Ints | int = 0,
        reason: Ints | int = 0,
        value: Ints | None = None,
    ) -> None:
        """One event a payment; `value` is its transaction number, where nothing else is given."""
        table = self.table
        loans = table["loan"][rows]
        out.log(
            event,
            at,
            table["case"][rows],
            actor=actor,
            loan=loans,
            amount_fen=table["amount_fen"][rows],
            reason=reason,
            value=transaction_of(loans) if value is None else value,
            product=table["product"][rows],
        )
