"""Which branch people bank with. Every branch bids for every person, and the lowest bid wins; a bid is an exponential waiting
time keyed by person and branch, divided by the branch's weight. So each branch has its share, and one branch more, or another
weight, moves only those whom that branch wins or loses (weighted rendezvous hashing)."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from credit.masks import any_of
from credit.times import Ints
from sim.randomness import TABLE_SIZE, Draw

_UNIT = 1 << 36
_SCALE = 1 << 23
_NEVER = np.iinfo(np.int64).max
_CELLS = 1 << 22


@lru_cache(maxsize=1)
def _waits() -> Ints:
    """Quantile table of an exponential with mean `_UNIT`. Its first value is 0, for it is the shortest waits that win."""
    shares = [min(k, TABLE_SIZE - 0.5) / TABLE_SIZE for k in range(TABLE_SIZE + 1)]
    return np.array([round(-math.log1p(-share) * _UNIT) for share in shares], dtype=np.int64)


class Branches:
    """The branches 1, 2 … of a bank with their weights, of which at least one is above zero."""

    def __init__(self, seed: int, weights: list[int]) -> None:
        self._weights = np.array(weights, dtype=np.int64)
        self._draw, self._table = Draw(seed, "person.branch"), _waits()
        if not any_of(self._weights > 0):
            raise ValueError("bank: branch_weights_ppm: at least one branch needs a weight above zero")

    def of(self, party: Ints) -> Ints:
        """The branch of each person."""
        step = max(_CELLS // len(self._weights), 1)
        return np.concatenate(
            [np.zeros(0, dtype=np.int64), *(self._chosen(party[n : n + step]) for n in range(0, len(party), step))]
        )

    def _chosen(self, party: Ints) -> Ints:
        number = np.arange(1, len(self._weights) + 1, dtype=np.int64)
        waits = self._draw.quantile(self._table, party[:, None], number[None, :])
        bids = waits * _SCALE // np.maximum(self._weights, 1)
        return np.asarray(np.where(self._weights > 0, bids, _NEVER).argmin(axis=1) + 1, dtype=np.int64)
