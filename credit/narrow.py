"""Columns in the bytes that what they say needs. A number stands as the multiples of the column's common step that it lies above
the column's least, in as many bytes as the largest of them needs: a column of one value takes none. Of three ways the narrowest
is taken: the numbers, their differences from row to row (running numbers), or a bit a row and the numbers that are not 0. Of a
text its length is kept, and its characters as their places in the column's alphabet, as many to a word of 64 bits as that
alphabet allows: 18 digits and X of an ID number, 6 characters of names."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from credit.texts import Codes, codes_of
from credit.times import Bools, Ints

Words = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]
_WORD = 1 << 64
_WEIGHED_FROM = 16
"""Rows from which a column's ways are weighed: below, the weighing costs more than a narrower way saves."""


class Way(IntEnum):
    """What stands of a column of numbers."""

    PLAIN = 0
    DIFFERENCES = 1
    PRESENT = 2


class Plan(NamedTuple):
    """How a column of numbers stands, all modulo 2⁶⁴: `length` numbers · `first`, from which differences go on · each is
    `base` + `step` × what stands in `width` bytes."""

    length: int
    way: int
    first: int
    base: int
    step: int
    width: int


class Narrowing:
    """Columns one after another; `plans` and `pieces` say them."""

    def __init__(self) -> None:
        self._plans: list[Plan] = []
        self._pieces: list[Bytes] = [np.zeros(0, dtype=np.uint8)]

    @property
    def plans(self) -> Words:
        """A row a column of numbers."""
        return np.array(self._plans, dtype=np.uint64).reshape(-1, len(Plan._fields))

    @property
    def pieces(self) -> Bytes:
        """The bytes of all columns."""
        return np.concatenate(self._pieces)

    def numbers(self, column: Ints) -> None:
        """Adds a column of whole numbers."""
        first = int(column[0]) if len(column) else 0
        base, most = _span(column) if len(column) > 1 else (first, 0)
        if not most:
            self._plans.append(Plan(len(column), Way.PLAIN, first % _WORD, base % _WORD, 1, 0))
            return
        way, marks, values = Way.PLAIN, self._pieces[0], column
        if len(column) >= _WEIGHED_FROM:
            way, marks, values = min(_ways(column), key=_cost)
            base, most = _span(values)
        above, step = _words(values) - np.uint64(base % _WORD), 1
        if most:
            step = int(np.gcd.reduce(above))
            above //= np.uint64(step)
        width = _width(most // step)
        self._plans.append(Plan(len(column), way, first % _WORD, base % _WORD, step, width))
        self._pieces += [marks, _bytes(above).reshape(-1, 8)[:, :width].reshape(-1)]

    def texts(self, column: npt.NDArray[np.str_]) -> None:
        """Adds a column of texts."""
        codes = codes_of(column)
        lengths = _lengths(codes)
        said = codes[_written(codes, lengths)]
        seen = np.zeros(int(said.max(initial=0)) + 1, dtype=np.int64)
        seen[said] = 1
        alphabet = seen.nonzero()[0]
        seen[alphabet] = np.arange(len(alphabet))
        self.numbers(lengths)
        self.numbers(alphabet)
        powers = _powers(len(alphabet))
        places = np.zeros(-(-len(said) // len(powers)) * len(powers), dtype=np.uint64)
        places[: len(said)] = seen[said]
        self._pieces.append(_bytes(places.reshape(-1, len(powers)) @ powers))


class Widening:
    """The columns again, in the order in which they were added."""

    def __init__(self, plans: Words, pieces: Bytes) -> None:
        self._plans, self._pieces = [Plan(*plan) for plan in plans.tolist()], pieces

    def numbers(self) -> Ints:
        """The next column, one of whole numbers."""
        plan = self._plans.pop(0)
        if plan.way == Way.PRESENT:
            present = np.unpackbits(self._next(-(-plan.length // 8)), count=plan.length).astype(bool)
            column = np.zeros(plan.length, dtype=np.int64)
            column[present] = self._standing(plan, int(np.count_nonzero(present)))
            return column
        if plan.way == Way.DIFFERENCES:
            first = np.array([plan.first], dtype=np.uint64).view(np.int64)
            return np.concatenate((first, self._standing(plan, plan.length - 1))).cumsum()
        return self._standing(plan, plan.length)

    def texts(self, form: np.dtype[np.str_]) -> npt.NDArray[np.str_]:
        """The next column, one of texts."""
        lengths, alphabet = self.numbers(), self.numbers()
        codes = np.zeros((len(lengths), form.itemsize // 4), dtype=np.uint32)
        count, powers = int(lengths.sum()), _powers(len(alphabet))
        words = self._next(-(-count // len(powers)) * 8).view("<u8")
        places = (words[:, np.newaxis] // powers % np.uint64(max(len(alphabet), 2))).reshape(-1)[:count]
        codes[_written(codes, lengths)] = alphabet[places.view(np.int64)]
        return codes.view(form)[:, 0]

    def _standing(self, plan: Plan, count: int) -> Ints:
        """So many of the numbers that a plan speaks of."""
        words = np.zeros((count, 8), dtype=np.uint8)
        words[:, : plan.width] = self._next(count * plan.width).reshape(count, plan.width)
        return np.asarray(words.view("<u8")[:, 0] * np.uint64(plan.step) + np.uint64(plan.base)).view(np.int64)

    def _next(self, count: int) -> Bytes:
        found, self._pieces = self._pieces[:count], self._pieces[count:]
        return found


def _ways(column: Ints) -> Iterator[tuple[Way, Bytes, Ints]]:
    """(way, bits that go before, numbers that stand)."""
    nothing, present = np.zeros(0, dtype=np.uint8), column != 0
    yield Way.PLAIN, nothing, column
    yield Way.DIFFERENCES, nothing, column[1:] - column[:-1]
    yield Way.PRESENT, np.packbits(present), column[present]


def _cost(kept: tuple[Way, Bytes, Ints]) -> int:
    """Bytes of a way before a common step is sought; `first` counts as a difference, so that those must be narrower."""
    way, marks, values = kept
    return len(marks) + (len(values) + (way is Way.DIFFERENCES)) * _width(_span(values)[1])


def _span(values: Ints) -> tuple[int, int]:
    """The least, and how far the largest is above it."""
    if not len(values):
        return 0, 0
    least = int(values.min())
    return least, int(values.max()) - least


def _width(most: int) -> int:
    return (most.bit_length() + 7) // 8


def _words(values: Ints) -> Words:
    return np.ascontiguousarray(values, dtype=np.int64).view(np.uint64)


def _bytes(words: Words) -> Bytes:
    """The least significant first, on any machine."""
    return words.astype("<u8", copy=False).view(np.uint8)


def _powers(letters: int) -> Words:
    """What each character of a word counts: powers of the alphabet's letters, as many as 64 bits hold."""
    base = max(letters, 2)
    count = next(count for count in range(64, 0, -1) if base**count <= _WORD)
    return np.array([base**place for place in range(count)], dtype=np.uint64)


def _lengths(codes: Codes) -> Ints:
    """Characters up to the last that is not blank: a text may hold a zero, though not at its end."""
    places = np.arange(1, codes.shape[1] + 1)
    return np.asarray((places * (codes != 0)).max(axis=1, initial=0))


def _written(codes: npt.NDArray[Any], lengths: Ints) -> Bools:
    return np.asarray(np.arange(codes.shape[1]) < lengths[:, np.newaxis])
