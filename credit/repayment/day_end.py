"""End of day (日终): interest accrued to the fen over the whole book, posted by branch and product, and the measures of the book.
This is the hot path: a few passes over whole columns, nothing a loan. What is posted today is what has accrued since the
loans' periods began, less what was posted before, so no rounding is ever lost or posted twice."""

from __future__ import annotations

import numpy as np

from credit.codes import Account, Bucket
from credit.ledger.contract import BookTotal
from credit.mail import Outbox
from credit.masks import true_rows
from credit.numbers import GROUPS, batch_transaction, branch_and_product
from credit.repayment.book import ACCRUAL_BATCH, Book, post
from credit.repayment.contract import Gauge
from credit.repayment.rules import buckets
from credit.repayment.states import LoanState
from credit.times import DAY_MS, Bools, Ints


def end_day(book: Book, day_end: int, at: int, out: Outbox) -> None:
    """Accrues up to the beginning of day `day_end`, stamped `at`, and tells the ledger what the book comes to."""
    book.control_rows(_groups(book))
    groups = book.control["group"]
    if not len(groups):
        return
    totals = accrued_totals(book, day_end, groups)
    _post_accrual(book, totals, day_end - 1, at, out)
    branch, product = branch_and_product(groups)
    balances = _balances(book, groups)
    told = BookTotal.rows(len(branch), at=at, branch=branch, product=product, accrued_fen=totals, **balances)
    out.send(BookTotal, told)


def _groups(book: Book) -> Ints:
    """The groups in which there are loans, rising."""
    seen = np.zeros(GROUPS, dtype=bool)
    for table in (book.loans, book.arrears, book.written_off):
        seen[table["group"]] = True
    return true_rows(seen)


def _places(groups: Ints) -> Ints:
    """Where each group stands among some."""
    place = np.zeros(GROUPS, dtype=np.int64)
    place[groups] = np.arange(len(groups))
    return place


def accrued_totals(book: Book, day_end: int, groups: Ints) -> Ints:
    """Interest accrued in the running periods and held back, in fen, by group: `accrued_fen` of `credit.schedules` over the
    whole book. Due instalments have left it; parked loans have interest 0."""
    loans = book.loans
    start = loans["period_start_day"]
    elapsed = day_end - start
    elapsed *= loans["next_interest_fen"]
    elapsed //= loans["due_day"] - start
    elapsed += loans["held_fen"]
    return _sum(_places(groups)[loans["group"]], elapsed, len(groups))


def _post_accrual(book: Book, totals: Ints, day: int, at: int, out: Outbox) -> None:
    groups = book.control["group"]
    grown = totals - book.control["accrued_fen"]
    numbers = batch_transaction(groups, day, ACCRUAL_BATCH)
    post(out, at, numbers, [(Account.INTEREST_ACCRUED, 0, grown), (Account.INTEREST_INCOME, 0, -grown)])
    book.control["accrued_fen"][:] = totals


def _balances(book: Book, groups: Ints) -> dict[str, Ints]:
    """What the loans on the book sum to, by group: the columns of `BookTotal`."""
    arrears, gone, count = book.arrears, book.written_off, len(groups)
    places = _places(groups)
    of_arrears, of_gone = places[arrears["group"]], places[gone["group"]]
    not_due = _sum(places[book.loans["group"]], book.loans["balance_fen"], count)
    return {
        "principal_fen": not_due + _sum(of_arrears, arrears["principal_fen"], count),
        "interest_receivable_fen": _sum(of_arrears, arrears["interest_fen"], count),
        "penalty_receivable_fen": _sum(of_arrears, arrears["penalty_fen"], count),
        "written_off_fen": _sum(of_gone, gone["balance_fen"], count),
    }


def measure(book: Book, until: int, out: Outbox) -> None:
    """The book by branch and product (REP-10): loans and principal by bucket, overdue, non-performing, written off, and the
    interest that is posted as accrued."""
    arrears, groups, day_end, at = book.arrears, _groups(book), until // DAY_MS, until - 1
    if not len(groups):
        return
    accrued, balances = book.control.get("accrued_fen", book.control.find(groups)), _balances(book, groups)
    count, shape = len(groups), (len(groups), len(Bucket))
    places = _places(groups)
    of_arrears, of_gone = places[arrears["group"]], places[book.written_off["group"]]
    place = places[book.loans["group"]]
    principal = book.loans.get("balance_fen", book.find_loans(arrears["loan"])) + arrears["principal_fen"]
    active, outstanding = _sum(place, book.loans["state"] < LoanState.SETTLED, count), balances["principal_fen"]
    # DPD as of the day that ends: what falls due tomorrow is not in the arrears yet.
    bucket, owed = buckets(day_end - 1 - arrears["since_day"]), book.arrears_fen()
    late = true_rows((owed > 0) & (bucket != Bucket.CURRENT))
    cell, size = of_arrears[late] * len(Bucket) + bucket[late], count * len(Bucket)
    loans_in = _sum(cell, np.ones_like(late), size).reshape(shape)
    principal_in = _sum(cell, principal[late], size).reshape(shape)
    _emit(out, Gauge.OVERDUE_BY_BUCKET, at, groups, loans_in, _sum(cell, owed[late], size).reshape(shape))
    loans_in[:, Bucket.CURRENT] = active - loans_in.sum(axis=1)
    principal_in[:, Bucket.CURRENT] = outstanding - principal_in.sum(axis=1)
    _emit(out, Gauge.LOANS_BY_BUCKET, at, groups, loans_in, principal_in)
    marked = arrears["marked"] != 0
    marked_loans, marked_fen = _sum(of_arrears, marked, count), _sum(of_arrears, principal * marked, count)
    watched_loans, watched_fen = _watched(book, places, count)
    non_performing = marked_loans + watched_loans, marked_fen + watched_fen
    written_off = _sum(of_gone, np.ones_like(of_gone), count), balances["written_off_fen"]
    _emit(out, Gauge.NON_PERFORMING, at, groups, *non_performing)
    _emit(out, Gauge.WRITTEN_OFF, at, groups, *written_off)
    _emit(out, Gauge.LOANS_ACTIVE, at, groups, active, outstanding)
    _emit(out, Gauge.ACCRUED_INTEREST, at, groups, active, accrued)


def _watched(book: Book, places: Ints, count: int) -> tuple[Ints, Ints]:
    """Loans that were non-performing when their terms changed and are observed yet, beside those marked in the arrears: (loans,
    principal) by group."""
    own = book.restructured
    rows, arrears = book.find_loans(own["loan"]), book.arrears.find(own["loan"])
    still = (own["non_performing"] != 0) & (rows >= 0) & (book.arrears.get("marked", arrears) == 0)
    rows, arrears = rows[still], arrears[still]
    place = places[book.loans["group"][rows]]
    principal = book.loans["balance_fen"][rows] + book.arrears.get("principal_fen", arrears)
    return _sum(place, np.ones_like(place), count), _sum(place, principal, count)


def _sum(place: Ints, values: Ints | Bools, size: int) -> Ints:
    """`values` summed by their places, 0 … size − 1."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, place, values.astype(np.int64, copy=False))
    return sums


def _emit(out: Outbox, gauge: Gauge, at: int, groups: Ints, count: Ints, amount: Ints) -> None:
    """A row for each figure that is not nothing; `count` and `amount`: a row a group, a column a bucket where they have any."""
    count, amount = count.reshape(len(groups), -1), amount.reshape(len(groups), -1)
    row, bucket = np.nonzero((count != 0) | (amount != 0))
    branch, product = branch_and_product(groups[row])
    some = {"count": count[row, bucket], "amount_fen": amount[row, bucket]}
    if len(row):
        out.measure(gauge, at, branch=branch, product=product, group=bucket, **some)
