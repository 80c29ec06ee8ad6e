"""Write-off (核销) and what comes back afterwards (NPL-09). On approval the whole claim leaves the balance sheet in one
transaction and stands off balance to the fen; what interest, penalty and payments have changed of it since the bodies decided
is told by an amount of its own; later payments are income and shrink it, and collection goes on."""

from __future__ import annotations

import numpy as np

from credit.codes import Account, Actor
from credit.collections.contract import OverduePaid
from credit.mail import Outbox
from credit.masks import true_rows
from credit.money import PPM, mul_div_round
from credit.numbers import case_of
from credit.repayment.book import Book, next_transactions, post
from credit.repayment.contract import Event
from credit.repayment.states import LoanState
from credit.room import Rows
from credit.rows import only
from credit.times import DAY_MS, Bools, Ints

NO_CHANNEL = 0
"""Of a debit, which core banking brings."""


class WriteOffs:
    """Writes off, and takes what comes back. All methods expect each loan at most once."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._written_at: dict[int, int] = {}
        """When today's loans were written off: a window may hear of the write-off first and then of money that came before it."""

    def overdue(self, approved: Rows) -> Bools:
        """True for loans that may be written off: on the book and in overdue management."""
        arrears, loans = self._book.arrears, approved["loan"]
        return np.asarray((self._book.find_loans(loans) >= 0) & (arrears.get("told", arrears.find(loans)) == 1))

    def write_off(self, approved: Rows, out: Outbox) -> None:
        """Moves overdue loans to the off-balance-sheet account (表外核销账户)."""
        book, at, ids = self._book, approved["at"], approved["loan"]
        rows, of = book.find_loans(ids), book.arrears.find(ids)
        accrued = book.accrued_fen(rows, at // DAY_MS)
        principal = book.loans["balance_fen"][rows] + book.arrears["principal_fen"][of]
        interest, penalty = book.arrears["interest_fen"][of], book.arrears["penalty_fen"][of]
        total, since, group = principal + interest + penalty, book.arrears["since_day"][of], book.loans["group"][rows]
        numbers = next_transactions(book.loans, rows)
        post(
            out,
            at,
            numbers,
            [
                (Account.PRINCIPAL, ids, -principal),
                (Account.INTEREST_RECEIVABLE, ids, -interest),
                (Account.PENALTY_RECEIVABLE, ids, -penalty),
                (Account.WRITE_OFF_LOSS, ids, total),
                (Account.INTEREST_ACCRUED, 0, -accrued),
                (Account.INTEREST_INCOME, 0, accrued),
                (Account.OFF_BALANCE_WRITE_OFF, ids, total),
                (Account.OFF_BALANCE_CONTRA, ids, -total),
            ],
        )
        book.release_accrual(group, accrued)
        today = int(at.min()) // DAY_MS * DAY_MS
        self._written_at = {loan: when for loan, when in self._written_at.items() if when >= today}
        self._written_at |= dict(zip(ids.tolist(), at.tolist(), strict=True))
        book.written_off.append(
            length=len(ids),
            loan=ids,
            group=group,
            balance_fen=total,
            since_day=since,
            transactions=book.loans["transactions"][rows],
        )
        self._leave(ids, rows, of)
        out.log(Event.LOAN_WRITTEN_OFF, at, case_of(ids), loan=ids, amount_fen=total, value=at // DAY_MS - since)
        self._tell_change(approved, total, out)
        _tell_collections(at, ids, numbers, 0, total, since, out)

    def _tell_change(self, approved: Rows, total: Ints, out: Outbox) -> None:
        """NPL-08: what is written off is what was decided on and this amount, which is below zero where the borrower paid."""
        since = total - approved["decided_fen"]
        rows, changed = only(approved, since != 0), since[since != 0]
        about = {"loan": rows["loan"], "amount_fen": changed, "value": rows["decided_fen"]}
        out.log(Event.WRITE_OFF_DIFFERS, rows["at"], case_of(rows["loan"]), **about)

    def _leave(self, ids: Ints, rows: Ints, of: Ints) -> None:
        """The loans leave the active book with all that was due. Their debits stay: what one under way still brings is a
        recovery."""
        unpaid, _ = self._book.unpaid_of(np.sort(ids))
        self._book.instalments.put(unpaid, principal_fen=0, interest_fen=0)
        nothing = dict.fromkeys(("principal_fen", "interest_fen", "penalty_fen", "penalty_rest"), 0)
        self._book.arrears.put(of, told=0, marked=0, handed=0, **nothing)
        self._book.park(rows, LoanState.WRITTEN_OFF)
        self._book.touch(ids)

    def claims_fen(self, loans: Ints) -> Ints:
        """What is left of claims written off."""
        return self._book.written_off.get("balance_fen", self._book.written_off.find(loans))

    def recover(
        self, receipts: Rows, offered: Ints, actor: Actor, out: Outbox, *, channel: Ints | int = NO_CHANNEL
    ) -> None:
        """Money for loans written off is income (已核销贷款收回) and shrinks the claim; offers of nothing move nothing."""
        channel = np.broadcast_to(np.asarray(channel, dtype=np.int64), offered.shape)[offered > 0]
        receipts, offered = receipts[offered > 0], offered[offered > 0]
        if not len(receipts):
            return
        table, ids = self._book.written_off, receipts["loan"]
        at = np.maximum(receipts["at"], [self._written_at.get(loan, 0) for loan in ids.tolist()])
        rows, owed = table.find(ids), self.claims_fen(ids)
        taken = np.minimum(offered, owed)
        rest = owed - taken
        give_back(receipts, offered - taken, out)
        table.put(rows, balance_fen=rest)
        self._book.touch(ids)
        numbers = next_transactions(table, rows)
        post(
            out,
            at,
            numbers,
            [
                (Account.SETTLEMENT, ids, taken),
                (Account.RECOVERY_INCOME, ids, -taken),
                (Account.OFF_BALANCE_CONTRA, ids, taken),
                (Account.OFF_BALANCE_WRITE_OFF, ids, -taken),
            ],
        )
        out.log(Event.RECOVERY_RECEIVED, at, case_of(ids), actor=actor, loan=ids, amount_fen=taken, reason=channel)
        _tell_collections(at, ids, numbers, taken, rest, np.where(rest > 0, table["since_day"][rows], 0), out)
        done = rest == 0
        out.log(Event.LOAN_SETTLED, at[done], case_of(ids[done]), loan=ids[done])
        table.drop(rows[done])


def _tell_collections(
    at: Ints, loans: Ints, numbers: Ints, paid_fen: Ints | int, claim_fen: Ints, since_day: Ints, out: Outbox
) -> None:
    """What is left of claims written off, which have no parts any more."""
    told = OverduePaid.rows(
        len(loans),
        at=at,
        loan=loans,
        transaction=numbers,
        paid_fen=paid_fen,
        overdue_since_day=since_day,
        overdue_fen=claim_fen,
        principal_fen=0,
        interest_fen=0,
        penalty_fen=0,
    )
    out.send(OverduePaid, told)


def give_back(receipts: Rows, excess_fen: Ints, out: Outbox) -> None:
    """The bank takes what is owed and no fen more."""
    more = true_rows(excess_fen)
    if not len(more):
        return
    loans = receipts["loan"][more]
    out.log(Event.PAYMENT_RETURNED, receipts["at"][more], case_of(loans), loan=loans, amount_fen=excess_fen[more])


def offered_fen(payments: Rows, owed_fen: Ints) -> Ints:
    """What payments offer: an amount, or a share of what is owed."""
    amount = payments["amount_fen"]
    return np.where(amount > 0, amount, mul_div_round(owed_fen, payments["share_ppm"], PPM))
