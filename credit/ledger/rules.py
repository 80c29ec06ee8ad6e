"""The ledger's arithmetic on whole columns: runs of transactions, sums by loan, the newest report of each loan: int64
sums only, and nothing depends on the order in which stages or shards delivered their rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.masks import any_of, true_rows
from credit.room import Rows
from credit.times import Bools, Ints


class Transactions(NamedTuple):
    """The postings of one window as transactions: where each begins, its number, its sum, and which postings are its."""

    first: Ints
    number: Ints
    total_fen: Ints
    of_posting: Ints


def transactions_of(postings: Rows) -> Transactions:
    """Cuts postings, sorted by (at, transaction), into transactions. One number at two instants makes two of them."""
    number, at = postings["transaction"], postings["at"]
    begins = np.ones(len(postings), dtype=bool)
    begins[1:] = (number[1:] != number[:-1]) | (at[1:] != at[:-1])
    first = true_rows(begins)
    total = np.add.reduceat(postings["amount_fen"], first) if len(first) else np.zeros(0, dtype=np.int64)
    return Transactions(first, number[first], total, begins.cumsum() - 1)


def repeated(numbers: Ints) -> Bools:
    """True for each transaction whose number another transaction of the window carries as well."""
    again = np.zeros(len(numbers), dtype=bool)
    ordered = np.sort(numbers)
    if any_of(ordered[1:] == ordered[:-1]):
        order = numbers.argsort(kind="stable")
        same = ordered[1:] == ordered[:-1]
        again[order[1:][same]] = again[order[:-1][same]] = True
    return again


def sums_by_loan(loans: Ints, slots: Ints, amounts: Ints, width: int) -> tuple[Ints, Ints]:
    """Distinct loans in order and their sums, shape (loans, width); `slots` says which column an amount belongs to."""
    ids, place = np.unique(loans, return_inverse=True)
    sums = np.zeros((len(ids), width), dtype=np.int64)
    np.add.at(sums, (place, slots), amounts)
    return ids, sums


def newest(reports: Rows, key: str) -> Rows:
    """The last row of each id in rows sorted by time, in id order."""
    ids = reports[key]
    order = ids.argsort(kind="stable")
    last = np.ones(len(ids), dtype=bool)
    last[:-1] = ids[order][1:] != ids[order][:-1]
    return reports[order[last]]
