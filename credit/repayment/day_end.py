"""End of day (日终): interest accrued to the fen over the whole book, posted by branch and product, and the measures of the book.
This is the hot path: a few passes over whole columns, nothing a loan. Its rule: what is posted today is what has accrued since
the loans' periods began, less what was posted before, so no rounding is ever lost or posted twice."""

from __future__ import annotations

import numpy as np

from credit.codes import Account, Bucket
from credit.ledger.contract import AccrualTotal
from credit.mail import Outbox
from credit.repayment.book import ACCRUAL_BATCH, GROUP_UNIT, Book, batch_transactions, post
from credit.repayment.contract import Gauge
from credit.repayment.rules import buckets
from credit.repayment.states import LoanState
from credit.times import Ints

_GROUPS = 1_000 * GROUP_UNIT
_BUCKETS = len(Bucket)


def end_day(book: Book, day_end: int, at: int, out: Outbox) -> None:
    """Accrues up to the beginning of day `day_end`, stamped `at`, and measures the book."""
    place = _places(book)
    totals = accrued_totals(book, day_end, place)
    _post_accrual(book, totals, day_end - 1, at, out)
    _measure(book, place, totals, day_end, at, out)


def _places(book: Book) -> Ints:
    """Row of the control table of every loan's group; the table gets new groups first."""
    groups = book.loans["group"]
    seen = np.zeros(_GROUPS, dtype=bool)
    seen[groups] = True
    seen[book.written_off["group"]] = True
    book.control_rows(np.flatnonzero(seen))
    row_of = np.zeros(_GROUPS, dtype=np.int64)
    row_of[book.control["group"]] = np.arange(len(book.control))
    return row_of[groups]


def accrued_totals(book: Book, day_end: int, place: Ints) -> Ints:
    """Interest accrued in the running periods and held back, in fen, by row of the control table: `accrued_fen` of
    `credit.schedules` over the whole book. Due instalments have left it; parked loans have interest 0."""
    loans = book.loans
    start = loans["period_start_day"]
    elapsed = day_end - start
    elapsed *= loans["next_interest_fen"]
    elapsed //= loans["due_day"] - start
    elapsed += loans["held_fen"]
    totals = np.zeros(len(book.control), dtype=np.int64)
    np.add.at(totals, place, elapsed)
    return totals


def _post_accrual(book: Book, totals: Ints, day: int, at: int, out: Outbox) -> None:
    groups = book.control["group"]
    grown = totals - book.control["accrued_fen"]
    numbers = batch_transactions(groups, day, ACCRUAL_BATCH)
    post(out, at, numbers, [(Account.INTEREST_ACCRUED, 0, grown), (Account.INTEREST_INCOME, 0, -grown)])
    book.control["accrued_fen"][:] = totals
    branch, product = np.divmod(groups, GROUP_UNIT)
    out.send(AccrualTotal, AccrualTotal.rows(len(groups), at=at, branch=branch, product=product, accrued_fen=totals))


def _measure(book: Book, place: Ints, totals: Ints, day_end: int, at: int, out: Outbox) -> None:
    """The day's figures by branch and product (REP-10): loans and principal by bucket, overdue, non-performing, written off."""
    groups, count = book.control["group"], len(book.control)
    branch, product = np.divmod(groups, GROUP_UNIT)
    alive = (book.loans["state"] < LoanState.SETTLED).astype(np.int64)
    active, outstanding = _sum(place, alive, count), _sum(place, book.loans["balance_fen"], count)
    arrears = book.arrears
    mine = book.control.find(arrears["group"])
    outstanding += _sum(mine, arrears["principal_fen"], count)
    owing = np.flatnonzero(book.arrears_fen())
    # DPD as of the day that ends: what falls due tomorrow is not in the arrears yet.
    dpd = day_end - 1 - arrears["since_day"][owing]
    late = dpd > 0
    owing, dpd = owing[late], dpd[late]
    balance = book.loans["balance_fen"][book.find_loans(arrears["loan"][owing])] + arrears["principal_fen"][owing]
    cell = mine[owing] * _BUCKETS + buckets(dpd)
    size = count * _BUCKETS
    loans_in, principal_in = _sum(cell, np.ones_like(owing), size), _sum(cell, balance, size)
    overdue_in = _sum(cell, book.arrears_fen()[owing], size)
    loans_in[::_BUCKETS] = active - loans_in.reshape(count, _BUCKETS).sum(axis=1)
    principal_in[::_BUCKETS] = outstanding - principal_in.reshape(count, _BUCKETS).sum(axis=1)
    where, group = np.divmod(np.arange(size), _BUCKETS)
    _emit(out, Gauge.LOANS_BY_BUCKET, at, branch[where], product[where], group, loans_in, principal_in)
    _emit(out, Gauge.OVERDUE_BY_BUCKET, at, branch[where], product[where], group, loans_in * (group > 0), overdue_in)
    marked = np.flatnonzero(arrears["marked"])
    bad = book.loans["balance_fen"][book.find_loans(arrears["loan"][marked])] + arrears["principal_fen"][marked]
    nobody = np.zeros(count, dtype=np.int64)
    _emit(
        out,
        Gauge.NON_PERFORMING,
        at,
        branch,
        product,
        nobody,
        _sum(mine[marked], np.ones_like(marked), count),
        _sum(mine[marked], bad, count),
    )
    gone = book.control.find(book.written_off["group"])
    _emit(
        out,
        Gauge.WRITTEN_OFF,
        at,
        branch,
        product,
        nobody,
        _sum(gone, np.ones_like(gone), count),
        _sum(gone, book.written_off["balance_fen"], count),
    )
    _emit(out, Gauge.LOANS_ACTIVE, at, branch, product, nobody, active, outstanding)
    _emit(out, Gauge.ACCRUED_INTEREST, at, branch, product, nobody, active, totals)


def _sum(place: Ints, values: Ints, size: int) -> Ints:
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, place, values)
    return sums


def _emit(
    out: Outbox, gauge: Gauge, at: int, branch: Ints, product: Ints, group: Ints, count: Ints, amount: Ints
) -> None:
    """Rows with something in them."""
    some = np.flatnonzero((count != 0) | (amount != 0))
    if len(some):
        out.measure(
            gauge,
            at,
            branch=branch[some],
            product=product[some],
            group=group[some],
            count=count[some],
            amount_fen=amount[some],
        )
