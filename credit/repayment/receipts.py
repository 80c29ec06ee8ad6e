"""Money for loans on the book (REP-05, REP-06, REP-08, REP-09). The bank takes what is due and no fen more, penalty first,
then the oldest instalment's interest and principal; the rest goes back. Each payment is one transaction that sums to zero.

`Receipts.take` is the way of every payment: `_meet` finds what it meets on the book, then it is settled, and `_lead_on` draws
the consequences: an end of being overdue, a limit restored, a loan settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from credit.codes import Account, Actor, Status
from credit.collections.contract import OverduePaid
from credit.mail import Outbox
from credit.masks import true_rows
from credit.numbers import case_of, instalment_number
from credit.policies.repayment import RepaymentPolicy
from credit.repayment import invariants
from credit.repayment.book import DUE, NO_DAY, Book, next_transactions, post
from credit.repayment.contract import Event
from credit.repayment.dues import Dues
from credit.repayment.failed_debits import FailedDebits
from credit.repayment.rules import allocate
from credit.repayment.states import LoanState
from credit.repayment.write_off import NO_CHANNEL, give_back
from credit.room import Rows
from credit.times import DAY_MS, MINUTE_MS, Bools, Ints

SECOND_REMINDER = 0
"""`value` of a reminder that follows a failed debit: no days before the due date."""


@dataclass(frozen=True)
class Met:
    """Payments of at most what is due, one a loan in order of their loans, and the rows of the book that they meet."""

    at: Ints
    loan: Ints
    case: Ints
    amount_fen: Ints
    loans: Ints
    """Row of the loan."""
    arrears: Ints
    """Row of its arrears."""
    unpaid: Ints
    """Rows of all the unpaid instalments, oldest first a loan."""
    of: Ints
    """Which payment each of these belongs to."""

    def sums(self, amounts_fen: Ints) -> Ints:
        """Amounts an unpaid instalment, by payment."""
        sums = np.zeros(len(self.loan), dtype=np.int64)
        np.add.at(sums, self.of, amounts_fen)
        return sums


Note = Callable[[str, Rows], None]
"""Keeps a witness for the invariants."""


class Receipts:
    """Takes payments. All methods expect each loan at most once."""

    def __init__(self, book: Book, policy: RepaymentPolicy, dues: Dues, failed: FailedDebits, note: Note) -> None:
        self._book, self._policy, self._dues, self._failed, self._note = book, policy, dues, failed, note

    # debits -----------------------------------------------------------------------------------------------------------

    def debited(self, results: Rows, out: Outbox) -> None:
        """Answers of core banking to debits of loans on the book: what was paid is taken, what is missing has failed. A debit
        that was asked again since brings money or nothing; its failure is no news."""
        rows, owed = self._book.owed(results["loan"])
        paid, dpd = results["paid_fen"], results["at"] // DAY_MS - self._book.arrears.get("since_day", rows)
        newest = self._book.loans["debits"][self._book.find_loans(results["loan"])] == results["attempt"]
        short = (paid < owed) & newest
        some = paid > 0
        self.take(results[some], paid[some], Actor.CORE_BANKING, out, silent=(paid >= owed)[some] & (dpd[some] <= 0))
        self._fail(results[short], rows[short], dpd[short], out)

    def _fail(self, results: Rows, rows: Ints, dpd: Ints, out: Outbox) -> None:
        """REP-08: onto the failed-debit list and a second reminder; where core banking was silent, the debit is asked again."""
        arrears, policy, at = self._book.arrears, self._policy, results["at"]
        again = at + policy.unavailable_retry_minutes * MINUTE_MS
        silent = (results["status"] == Status.UNAVAILABLE) & (arrears["tries"][rows] < policy.unavailable_tries_max)
        silent &= again // DAY_MS == at // DAY_MS
        arrears.add(rows[silent], tries=1)
        self._dues.send_debits(rows[silent], again[silent], out)
        results, rows = results[~silent], rows[~silent]
        first = (dpd[~silent] == 0) & ~self._failed.is_listed(results)
        at, loan, owed = results["at"], results["loan"], self._book.arrears_fen()[rows]
        out.log(
            Event.DEBIT_FAILED,
            at,
            case_of(loan),
            actor=Actor.CORE_BANKING,
            loan=loan,
            amount_fen=owed,
            reason=results["status"],
            value=results["attempt"],
        )
        out.log(
            Event.REMINDER_SENT,
            at[first],
            case_of(loan[first]),
            loan=loan[first],
            amount_fen=owed[first],
            value=SECOND_REMINDER,
        )
        self._failed.enter(results[first], rows[first], out)

    # any payment ------------------------------------------------------------------------------------------------------

    def take(
        self,
        receipts: Rows,
        amount_fen: Ints,
        actor: Actor,
        out: Outbox,
        *,
        silent: Bools | bool = False,
        channel: Ints | int = NO_CHANNEL,
    ) -> None:
        """Takes amounts for loans on the book, at `receipts["at"]`, that came by a channel (REP-05). `silent` rows, which paid
        the day's instalment as planned, are not logged as payments received beside the instalments they paid."""
        if not len(receipts):
            return
        order = receipts["loan"].argsort(kind="stable")
        receipts, amount_fen = receipts[order], amount_fen[order]
        told = ~np.broadcast_to(np.asarray(silent, dtype=bool), order.shape)[order]
        channel = np.broadcast_to(np.asarray(channel, dtype=np.int64), order.shape)[order]
        rows, owed = self._book.owed(receipts["loan"])
        give_back(receipts, np.maximum(amount_fen - owed, 0), out)
        due = owed > 0
        met = self._meet(receipts[due], rows[due], np.minimum(amount_fen, owed)[due])
        principal, numbers = self._settle(met, out)
        told = told[due]
        out.log(
            Event.PAYMENT_RECEIVED,
            met.at[told],
            met.case[told],
            actor=actor,
            loan=met.loan[told],
            amount_fen=met.amount_fen[told],
            reason=channel[due][told],
        )
        self._lead_on(met, principal, numbers, out)

    def _meet(self, receipts: Rows, arrears: Ints, amount_fen: Ints) -> Met:
        loan = np.ascontiguousarray(receipts["loan"])
        unpaid, of = self._book.unpaid_of(loan)
        return Met(receipts["at"], loan, case_of(loan), amount_fen, self._book.find_loans(loan), arrears, unpaid, of)

    def _settle(self, met: Met, out: Outbox) -> tuple[Ints, Ints]:
        """Allocates to the unpaid instalments and posts; returns (principal repaid, transaction) of each payment."""
        arrears, instalments = self._book.arrears, self._book.instalments
        interest, principal = instalments["interest_fen"][met.unpaid], instalments["principal_fen"][met.unpaid]
        owed = np.stack([arrears[name][met.arrears] for name in DUE])
        taken = allocate(met.amount_fen, owed[0], met.of, interest, principal)
        interest_paid, principal_paid = met.sums(taken.interest_fen), met.sums(taken.principal_fen)
        instalments.add(met.unpaid, interest_fen=-taken.interest_fen, principal_fen=-taken.principal_fen)
        arrears.add(
            met.arrears, penalty_fen=-taken.penalty_fen, interest_fen=-interest_paid, principal_fen=-principal_paid
        )
        paid = np.stack([taken.penalty_fen, interest_paid, principal_paid])
        self._note("payments", invariants.payment(met.loan, met.amount_fen, owed, paid))
        self._book.touch(met.loan)
        numbers = next_transactions(self._book.loans, met.loans)
        post(
            out,
            met.at,
            numbers,
            [
                (Account.SETTLEMENT, met.loan, met.amount_fen),
                (Account.PENALTY_RECEIVABLE, met.loan, -taken.penalty_fen),
                (Account.INTEREST_RECEIVABLE, met.loan, -interest_paid),
                (Account.PRINCIPAL, met.loan, -principal_paid),
            ],
        )
        done = true_rows((taken.interest_fen == interest) & (taken.principal_fen == principal))
        of = met.of[done]
        out.log(
            Event.INSTALMENT_PAID,
            met.at[of],
            met.case[of],
            loan=met.loan[of],
            amount_fen=(interest + principal)[done],
            value=instalment_number(instalments["instalment"][met.unpaid[done]]),
        )
        return principal_paid, numbers

    def _lead_on(self, met: Met, principal: Ints, numbers: Ints, out: Outbox) -> None:
        """What a payment leads to: an end of being overdue, a limit restored, a loan settled."""
        self._tell_collections(met, self._overdue(met), numbers, out)
        self._book.release_limits(met.loans, met.at, principal, out)
        ended = self._book.loans["state"][met.loans] == LoanState.MATURED
        ended &= self._book.arrears_fen()[met.arrears] == 0
        self._book.settle(met.loans[ended], met.at[ended], out)

    def _overdue(self, met: Met) -> Ints:
        """Moves the since-day to the oldest instalment still unpaid; returns what is overdue a payment."""
        arrears, left = self._book.arrears, self._book.unpaid()[met.unpaid]
        due, penalty = self._book.instalments["due_day"][met.unpaid], arrears["penalty_fen"][met.arrears]
        overdue = penalty + met.sums(np.where(due < (met.at // DAY_MS)[met.of], left, 0))
        oldest = np.full(len(met.loan), NO_DAY)
        np.minimum.at(oldest, met.of[left > 0], due[left > 0])
        since = np.where(overdue > 0, arrears["since_day"][met.arrears], 0)
        arrears.put(met.arrears, since_day=np.where(oldest < NO_DAY, oldest, since))
        return overdue

    def _tell_collections(self, met: Met, overdue: Ints, numbers: Ints, out: Outbox) -> None:
        """Every payment while overdue is told to collections; nothing overdue left ends it (REP-10)."""
        arrears = self._book.arrears
        late = arrears["told"][met.arrears] != 0
        cleared = late & (overdue == 0)
        arrears.put(met.arrears[cleared], told=0, marked=0, penalty_rest=0, handed=0)
        out.log(
            Event.OVERDUE_CLEARED,
            met.at[cleared],
            met.case[cleared],
            loan=met.loan[cleared],
            amount_fen=met.amount_fen[cleared],
        )
        since = np.where(overdue > 0, arrears["since_day"][met.arrears], 0)
        paid = OverduePaid.rows(
            int(late.sum()),
            at=met.at[late],
            loan=met.loan[late],
            transaction=numbers[late],
            paid_fen=met.amount_fen[late],
            overdue_since_day=since[late],
            overdue_fen=overdue[late],
            principal_fen=(self._book.loans["balance_fen"][met.loans] + arrears["principal_fen"][met.arrears])[late],
            interest_fen=arrears["interest_fen"][met.arrears[late]],
            penalty_fen=arrears["penalty_fen"][met.arrears[late]],
        )
        out.send(OverduePaid, paid)
