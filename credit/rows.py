"""Choosing rows, telling apart rows of one id, and finding what is wrong with rows. When all rows are chosen, which is the
common case on the hot path, nothing is copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from credit.masks import all_of, any_of, true_rows
from credit.room import Rows
from credit.times import Bools, Ints

Array = TypeVar("Array", bound=npt.NDArray[np.generic])


def only(rows: Array, mask: Bools) -> Array:
    """``rows[mask]``, or `rows` itself where the mask is true throughout: who writes to the result may write to `rows`."""
    return rows if all_of(mask) else rows[mask]  # type: ignore[return-value]


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows of one record type after one another. numpy works out a common type in Python unless it is told."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, dtype=parts[0].dtype)


def among(values: Ints, few: npt.ArrayLike) -> Bools:
    """True where a value is one of a few: `np.isin` for lists of a handful, without its preparations."""
    found: Bools = np.logical_or.reduce(values[:, None] == np.asarray(few, dtype=np.int64), axis=1)
    return found


def firsts(ids: Ints) -> Bools:
    """True at the first row of each id."""
    if len(ids) < 2:
        return np.ones(len(ids), dtype=bool)
    order = ids.argsort(kind="stable")
    ordered, first = ids[order], np.ones(len(ids), dtype=bool)
    first[order[1:]] = ordered[1:] != ordered[:-1]
    return first


def run_starts(values: Ints) -> Ints:
    """For each row of an ascending column, the first row with its value."""
    starts = np.arange(len(values))
    starts[1:][values[1:] == values[:-1]] = 0
    return np.asarray(np.maximum.accumulate(starts))


def ranks(ids: Ints) -> Ints:
    """The running number (from 0) of each row among the rows of its id, in row order."""
    if len(ids) < 2:
        return np.zeros(len(ids), dtype=np.int64)
    return _ranks_in(ids.argsort(kind="stable"), ids)


def ranks_of_pairs(first: Ints, second: Ints) -> Ints:
    """`ranks` of the pairs that two columns make."""
    if len(first) < 2:
        return np.zeros(len(first), dtype=np.int64)
    order = np.lexsort((second, first))
    return _ranks_in(order, first, second)


def _ranks_in(order: Ints, *columns: Ints) -> Ints:
    """The running number of each row among its equals, which stand together in an order."""
    begins = np.zeros(len(order), dtype=bool)
    begins[:1] = True
    for column in columns:
        values = column[order]
        begins[1:] |= values[1:] != values[:-1]
    place = np.arange(len(order))
    result = np.empty(len(order), dtype=np.int64)
    result[order] = place - np.maximum.accumulate(np.where(begins, place, 0))
    return result


def previous(ids: Ints) -> Ints:
    """The row before each row among the rows of its id, in row order; −1 for the first."""
    if len(ids) < 2:
        return np.full(len(ids), -1, dtype=np.int64)
    order = ids.argsort(kind="stable")
    same = true_rows(ids[order][1:] == ids[order][:-1])
    result = np.full(len(ids), -1, dtype=np.int64)
    result[order[same + 1]] = order[same]
    return result


def waves(ids: Ints) -> Iterator[Ints]:
    """Row numbers cut into waves in which no id stands twice; each id's rows keep their order. Nearly always one wave."""
    if not len(ids):
        return
    rank = ranks(ids)
    for wave in range(int(rank.max()) + 1):
        yield true_rows(rank == wave)


def passes(rows: Rows, key: str) -> Iterator[Rows]:
    """Rows cut into waves by their column `key`."""
    for wave in waves(rows[key]):
        yield rows if len(wave) == len(rows) else rows[wave]


def first_fault(*checks: tuple[Bools, Ints | int]) -> Ints:
    """The reason of the first check that is true of a row; 0 = none. A check is (where it fails, reason or reasons); a reason
    of 0 says nothing, so the next check is asked."""
    faults = np.zeros(len(checks[0][0]), dtype=np.int64)
    for wrong, reason in checks:
        new = (faults == 0) & wrong
        if any_of(new):
            faults = np.where(new, reason, faults)
    return faults
