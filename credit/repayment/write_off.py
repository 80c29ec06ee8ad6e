"""Write-off (核销) and what comes back afterwards (NPL-09). Its rule: on approval the whole claim leaves the balance sheet in one
transaction and stands off balance to the fen; later payments are income and shrink it, and collection goes on."""

from __future__ import annotations

import numpy as np

from credit.codes import Account, Actor
from credit.collections.contract import OverduePaid
from credit.mail import Outbox
from credit.money import PPM, mul_div_round
from credit.repayment.book import Book, post
from credit.repayment.contract import Event, Refusal
from credit.repayment.states import LoanState
from credit.room import Rows
from credit.schedules import accrued_fen
from credit.times import DAY_MS, Ints

_RUNS = 50
_FIRST_RUN = 50


def accrued_so_far(book: Book, rows: Ints, day: Ints) -> Ints:
    """Interest that stands in the account of accrued interest for loan rows during `day`: as of its beginning."""
    loans = book.loans
    start, due = loans["period_start_day"][rows], loans["due_day"][rows]
    return loans["held_fen"][rows] + accrued_fen(loans["next_interest_fen"][rows], day - start, due - start)


def write_off(book: Book, approved: Rows, out: Outbox) -> None:
    """Moves overdue loans to the off-balance-sheet account (表外核销账户); others are refused. Each loan at most once."""
    rows, arrears_rows = book.find_loans(approved["loan"]), book.arrears.find(approved["loan"])
    overdue = (rows >= 0) & (arrears_rows >= 0)
    if len(book.arrears):
        overdue &= book.arrears["told"][arrears_rows] == 1
    wrong = approved[~overdue]
    out.log(Event.RECEIPT_REFUSED, wrong["at"], wrong["loan"] // 100, loan=wrong["loan"], reason=Refusal.LOAN_UNKNOWN)
    approved, rows, arrears_rows = approved[overdue], rows[overdue], arrears_rows[overdue]
    if not len(approved):
        return
    at, ids, arrears = approved["at"], approved["loan"], book.arrears
    accrued = accrued_so_far(book, rows, at // DAY_MS)
    principal = book.loans["balance_fen"][rows] + arrears["principal_fen"][arrears_rows]
    interest, penalty = arrears["interest_fen"][arrears_rows].copy(), arrears["penalty_fen"][arrears_rows].copy()
    total = principal + interest + penalty
    post(
        out,
        at,
        book.next_transactions(rows),
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
    book.release_accrual(book.loans["group"][rows], accrued)
    since = arrears["since_day"][arrears_rows]
    book.written_off.append(
        length=len(ids),
        loan=ids,
        group=book.loans["group"][rows],
        balance_fen=total,
        since_day=since,
        run=book.loans["run"][rows],
    )
    _leave(book, ids, rows, arrears_rows)
    out.log(Event.LOAN_WRITTEN_OFF, at, ids // 100, loan=ids, amount_fen=total, value=at // DAY_MS - since)
    out.send(
        OverduePaid, OverduePaid.rows(len(ids), at=at, loan=ids, paid_fen=0, overdue_fen=total, overdue_since_day=since)
    )


def _leave(book: Book, ids: Ints, rows: Ints, arrears_rows: Ints) -> None:
    """The loans leave the active book with all that was due."""
    order = np.argsort(ids)
    unpaid, _ = book.unpaid_of(ids[order])
    for name in ("principal_fen", "interest_fen"):
        book.instalments[name][unpaid] = 0
        book.arrears[name][arrears_rows] = 0
    # `asked` stays: what a debit under way still brings is a recovery.
    for name in ("penalty_fen", "penalty_rest", "told", "marked"):
        book.arrears[name][arrears_rows] = 0
    book.park(rows, LoanState.WRITTEN_OFF)
    book.touch(ids)


def offered_fen(book: Book, payments: Rows) -> Ints:
    """What payments on loans written off offer: an amount, or a share of the claim."""
    table, amount = book.written_off, payments["amount_fen"]
    if not len(payments):
        return np.zeros(0, dtype=np.int64)
    owed = table["balance_fen"][table.find(payments["loan"])]
    return np.where(amount > 0, amount, mul_div_round(owed, payments["share_ppm"], PPM))


def recover(book: Book, receipts: Rows, offered: Ints, actor: Actor, out: Outbox) -> None:
    """Money for loans written off is income (已核销贷款收回) and shrinks the off-balance claim. Each loan at most once; offers of
    nothing move nothing."""
    receipts, offered = receipts[offered > 0], offered[offered > 0]
    if not len(receipts):
        return
    table, ids, at = book.written_off, receipts["loan"], receipts["at"]
    rows = table.find(ids)
    owed = table["balance_fen"][rows]
    taken = np.minimum(offered, owed)
    more = np.flatnonzero(offered > owed)
    out.log(Event.PAYMENT_RETURNED, at[more], ids[more] // 100, loan=ids[more], amount_fen=(offered - taken)[more])
    run = (table["run"][rows] + 1) % _RUNS
    table["run"][rows] = run
    table["balance_fen"][rows] = owed - taken
    book.touch(ids)
    post(
        out,
        at,
        ids * 100 + _FIRST_RUN + run,
        [
            (Account.SETTLEMENT, ids, taken),
            (Account.RECOVERY_INCOME, ids, -taken),
            (Account.OFF_BALANCE_CONTRA, ids, taken),
            (Account.OFF_BALANCE_WRITE_OFF, ids, -taken),
        ],
    )
    out.log(Event.RECOVERY_RECEIVED, at, ids // 100, actor=actor, loan=ids, amount_fen=taken)
    rest = owed - taken
    out.send(
        OverduePaid,
        OverduePaid.rows(
            len(ids),
            at=at,
            loan=ids,
            paid_fen=taken,
            overdue_fen=rest,
            overdue_since_day=np.where(rest > 0, table["since_day"][rows], 0),
        ),
    )
    done = rest == 0
    out.log(Event.LOAN_SETTLED, at[done], ids[done] // 100, loan=ids[done])
    if bool(done.any()):
        table.keep(table["balance_fen"] > 0)
