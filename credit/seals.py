"""Seals: one number a row of what never changes of it, so that whatever changes it after all is found. It is a sum of the
columns, each times a number of its own, modulo 2⁶⁴: the least change of one column, or two rows that swap a value, give
another one; and who may change a column moves the seal by the difference. It finds faults, not forgers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from credit.times import Ints

UNSEALED = 0
_GOLDEN = 0x9E37_79B9_7F4A_7C15


def factors(columns: Iterable[str]) -> dict[str, np.int64]:
    """What each column counts: odd numbers of 64 bits, spread evenly as the multiples of the golden ratio are."""
    return {name: np.uint64(place * _GOLDEN % 2**64 | 1).view(np.int64) for place, name in enumerate(columns, start=1)}


def seals(columns: Mapping[str, Ints], counts: Mapping[str, np.int64]) -> Ints:
    """A seal a row of columns of one length; `counts`: the factor of each (`factors`)."""
    total = np.zeros(len(next(iter(columns.values()))), dtype=np.int64)
    for name, factor in counts.items():
        total += columns[name] * factor
    return total
