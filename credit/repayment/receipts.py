"""Money comes in: results of automatic debits and payments of the customer's own (REP-05, REP-06, REP-08, REP-09). Its rule:
the bank takes what is due and no fen more, penalty first, then the oldest instalment's interest and principal; the rest goes
back. Each payment is one transaction that sums to zero."""

from __future__ import annotations

import numpy as np

from credit.codes import Account, Actor, Status
from credit.collections.contract import OverduePaid
from credit.disbursement.contract import LimitReleased
from credit.mail import Outbox
from credit.money import PPM, mul_div_round
from credit.policies.repayment import RepaymentPolicy
from credit.repayment.book import INSTALMENT_UNIT, Book, post, settle
from credit.repayment.contract import Event, Refusal
from credit.repayment.dues import Dues
from credit.repayment.rules import allocate
from credit.repayment.states import LoanState
from credit.repayment.write_off import offered_fen, recover
from credit.room import Rows
from credit.times import DAY_MS, MINUTE_MS, Ints

SECOND_REMINDER = 0
"""`value` of a reminder that follows a failed debit: no days before the due date."""


class Receipts:
    """Takes payments. All methods expect each loan at most once."""

    def __init__(self, policy: RepaymentPolicy, dues: Dues) -> None:
        self._policy, self._dues = policy, dues

    def debit_results(self, book: Book, results: Rows, out: Outbox) -> None:
        """Answers of core banking to debits; one that nobody asked for is refused."""
        rows = book.arrears.find(results["loan"])
        asked = np.where(rows >= 0, book.arrears["asked"][rows], 0) if len(book.arrears) else np.zeros_like(rows)
        answered = (asked > 0) & (asked == results["attempt"]) & (results["paid_fen"] >= 0)
        if len(book.arrears):
            book.arrears["asked"][rows[answered]] = 0
        fits = answered & (book.find_loans(results["loan"]) >= 0)
        # Written off between request and answer: the money is the customer's no more, so it counts as recovered (NPL-09).
        late = answered & (book.written_off.find(results["loan"]) >= 0)
        recover(book, results[late], results["paid_fen"][late], Actor.CORE_BANKING, out)
        wrong = ~(fits | late)
        _refuse(results[wrong], results["paid_fen"][wrong], Refusal.DEBIT_UNKNOWN, out)
        results, rows = results[fits], rows[fits]
        if not len(results):
            return
        dpd = results["at"] // DAY_MS - book.arrears["since_day"][rows]
        short = np.flatnonzero(results["paid_fen"] < book.arrears_fen()[rows])
        paid = np.flatnonzero(results["paid_fen"] > 0)
        told = np.zeros(len(results), dtype=bool)
        told[short] = True
        self.take(book, results[paid], results["paid_fen"][paid], told[paid] | (dpd[paid] > 0), Actor.CORE_BANKING, out)
        self._fail(book, results[short], rows[short], dpd[short], out)

    def _fail(self, book: Book, results: Rows, rows: Ints, dpd: Ints, out: Outbox) -> None:
        """REP-08: onto the failed-debit list and a second reminder; where core banking was silent, the debit is asked again."""
        arrears, policy = book.arrears, self._policy
        silent = (results["status"] == Status.UNAVAILABLE) & (arrears["tries"][rows] < policy.unavailable_tries_max)
        again = results["at"] + policy.unavailable_retry_minutes * MINUTE_MS
        silent &= again // DAY_MS == results["at"] // DAY_MS
        if bool(silent.any()):
            chosen = rows[silent]
            arrears["tries"][chosen] += 1
            day = int(results["at"][silent][0] // DAY_MS)
            self._dues.send_debits(book, chosen, book.find_loans(arrears["loan"][chosen]), again[silent], day, out)
        failed = ~silent
        results, rows, dpd = results[failed], rows[failed], dpd[failed]
        case, owed = results["loan"] // 100, book.arrears_fen()[rows]
        out.log(
            Event.DEBIT_FAILED,
            results["at"],
            case,
            actor=Actor.CORE_BANKING,
            loan=results["loan"],
            amount_fen=owed,
            reason=results["status"],
            value=results["attempt"],
        )
        first = dpd == 0
        out.log(
            Event.REMINDER_SENT,
            results["at"][first],
            case[first],
            loan=results["loan"][first],
            amount_fen=owed[first],
            value=SECOND_REMINDER,
        )

    def payments(self, book: Book, payments: Rows, out: Outbox) -> None:
        """Payments by the customer: an amount, or a share of what is due."""
        gone = book.written_off.find(payments["loan"]) >= 0
        known = book.find_loans(payments["loan"]) >= 0
        wrong = (
            ~(known | gone) | (payments["amount_fen"] < 0) | (payments["share_ppm"] < 0) | (payments["share_ppm"] > PPM)
        )
        _refuse(payments[wrong], payments["amount_fen"][wrong], Refusal.LOAN_UNKNOWN, out)
        late = payments[gone & ~wrong]
        recover(book, late, offered_fen(book, late), Actor.CUSTOMER, out)
        payments = payments[known & ~wrong]
        _, owed = book.owed(payments["loan"])
        amount = payments["amount_fen"]
        amount = np.where(amount > 0, amount, mul_div_round(owed, payments["share_ppm"], PPM))
        some = amount > 0
        self.take(book, payments[some], amount[some], np.ones(int(some.sum()), dtype=bool), Actor.CUSTOMER, out)

    def take(self, book: Book, receipts: Rows, amount: Ints, told: Ints, actor: Actor, out: Outbox) -> None:
        """Takes amounts for loans on the book, at `receipts["at"]`; `told` rows are logged as payments received."""
        order = np.argsort(receipts["loan"], kind="stable")
        receipts, amount, told = receipts[order], amount[order], told[order]
        rows, owed = book.owed(receipts["loan"])
        self._give_back(receipts, np.maximum(amount - owed, 0), out)
        due = np.flatnonzero(owed > 0)
        receipts, rows, told = receipts[due], rows[due], told[due]
        amount = np.minimum(amount[due], owed[due])
        if not len(receipts):
            return
        loan_rows, (unpaid, place) = book.find_loans(receipts["loan"]), book.unpaid_of(receipts["loan"])
        principal = self._settle_instalments(book, receipts, rows, loan_rows, amount, (unpaid, place), out)
        out.log(
            Event.PAYMENT_RECEIVED,
            receipts["at"][told],
            receipts["loan"][told] // 100,
            actor=actor,
            loan=receipts["loan"][told],
            amount_fen=amount[told],
        )
        left = (book.instalments["principal_fen"][unpaid] > 0) | (book.instalments["interest_fen"][unpaid] > 0)
        overdue = self._overdue(book, receipts, rows, unpaid[left], place[left])
        self._after(book, receipts, rows, loan_rows, amount, principal, overdue, out)

    def _give_back(self, receipts: Rows, excess: Ints, out: Outbox) -> None:
        more = np.flatnonzero(excess)
        ids = receipts["loan"][more]
        out.log(Event.PAYMENT_RETURNED, receipts["at"][more], ids // 100, loan=ids, amount_fen=excess[more])

    def _settle_instalments(
        self,
        book: Book,
        receipts: Rows,
        rows: Ints,
        loan_rows: Ints,
        amount: Ints,
        unpaid_of: tuple[Ints, Ints],
        out: Outbox,
    ) -> Ints:
        """Allocates to the unpaid instalments and posts; returns the principal repaid a receipt."""
        arrears, instalments, ids = book.arrears, book.instalments, receipts["loan"]
        unpaid, place = unpaid_of
        interest, principal = instalments["interest_fen"][unpaid], instalments["principal_fen"][unpaid]
        taken = allocate(amount, arrears["penalty_fen"][rows], place, interest, principal)
        instalments["interest_fen"][unpaid] -= taken.interest_fen
        instalments["principal_fen"][unpaid] -= taken.principal_fen
        sums = np.zeros((2, len(ids)), dtype=np.int64)
        np.add.at(sums[0], place, taken.interest_fen)
        np.add.at(sums[1], place, taken.principal_fen)
        arrears["penalty_fen"][rows] -= taken.penalty_fen
        arrears["interest_fen"][rows] -= sums[0]
        arrears["principal_fen"][rows] -= sums[1]
        done = np.flatnonzero((taken.interest_fen == interest) & (taken.principal_fen == principal))
        out.log(
            Event.INSTALMENT_PAID,
            receipts["at"][place[done]],
            ids[place[done]] // 100,
            loan=ids[place[done]],
            amount_fen=(interest + principal)[done],
            value=instalments["instalment"][unpaid[done]] % INSTALMENT_UNIT,
        )
        book.touch(ids)
        post(
            out,
            receipts["at"],
            book.next_transactions(loan_rows),
            [
                (Account.SETTLEMENT, ids, amount),
                (Account.PENALTY_RECEIVABLE, ids, -taken.penalty_fen),
                (Account.INTEREST_RECEIVABLE, ids, -sums[0]),
                (Account.PRINCIPAL, ids, -sums[1]),
            ],
        )
        return np.asarray(sums[1])

    def _overdue(self, book: Book, receipts: Rows, rows: Ints, unpaid: Ints, place: Ints) -> Ints:
        """Moves the since-day to the oldest instalment still unpaid; returns what is overdue a receipt."""
        arrears, ids, at = book.arrears, receipts["loan"], receipts["at"]
        oldest, overdue = np.full(len(ids), np.iinfo(np.int64).max), arrears["penalty_fen"][rows].copy()
        due = book.instalments["due_day"][unpaid]
        np.minimum.at(oldest, place, due)
        left = np.where(due < (at // DAY_MS)[place], book.instalments["principal_fen"][unpaid], 0)
        left += np.where(due < (at // DAY_MS)[place], book.instalments["interest_fen"][unpaid], 0)
        np.add.at(overdue, place, left)
        has_rest = np.zeros(len(ids), dtype=bool)
        has_rest[place] = True
        arrears["since_day"][rows] = np.where(has_rest, oldest, np.where(overdue > 0, arrears["since_day"][rows], 0))
        return overdue

    def _after(
        self,
        book: Book,
        receipts: Rows,
        rows: Ints,
        loan_rows: Ints,
        amount: Ints,
        principal: Ints,
        overdue: Ints,
        out: Outbox,
    ) -> None:
        """What a payment leads to: an end of being overdue, a limit restored, a loan settled."""
        arrears, ids, at = book.arrears, receipts["loan"], receipts["at"]
        late = np.flatnonzero(arrears["told"][rows])
        self._tell_collections(book, receipts, rows, late, amount, overdue, out)
        release = np.flatnonzero((principal > 0) & (book.loans["revolving"][loan_rows] != 0))
        out.send(
            LimitReleased,
            LimitReleased.rows(
                len(release),
                at=at[release],
                case=ids[release] // 100,
                loan=ids[release],
                principal_fen=principal[release],
            ),
        )
        ended = (book.loans["state"][loan_rows] == LoanState.MATURED) & (book.arrears_fen()[rows] == 0)
        settle(book, loan_rows[ended], at[ended], out)

    def _tell_collections(
        self, book: Book, receipts: Rows, rows: Ints, late: Ints, amount: Ints, overdue: Ints, out: Outbox
    ) -> None:
        """Every payment while overdue is told to collections; nothing overdue left ends it (REP-10)."""
        arrears, ids = book.arrears, receipts["loan"]
        cleared = late[overdue[late] == 0]
        for name in ("told", "marked", "penalty_rest"):
            arrears[name][rows[cleared]] = 0
        out.log(
            Event.OVERDUE_CLEARED,
            receipts["at"][cleared],
            ids[cleared] // 100,
            loan=ids[cleared],
            amount_fen=amount[cleared],
        )
        out.send(
            OverduePaid,
            OverduePaid.rows(
                len(late),
                at=receipts["at"][late],
                loan=ids[late],
                paid_fen=amount[late],
                overdue_fen=overdue[late],
                overdue_since_day=np.where(overdue[late] > 0, arrears["since_day"][rows[late]], 0),
            ),
        )


def _refuse(rows: Rows, amount: Ints, reason: Refusal, out: Outbox) -> None:
    out.log(
        Event.RECEIPT_REFUSED,
        rows["at"],
        rows["loan"] // 100,
        actor=Actor.PARTNER,
        loan=rows["loan"],
        amount_fen=amount,
        reason=reason,
    )
