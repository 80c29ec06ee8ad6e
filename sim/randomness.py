"""Keyed randomness. A draw is a pure function of (seed, purpose, entity, occasion): a counter-based generator with no
state, so results depend neither on shard count, batch size, order of execution nor the hash seed, and two runs that share
a seed meet the same customers with the same luck (common random numbers). The mixer is SplitMix64's finaliser (Steele,
Lea, Flood 2014). Values come from integer quantile tables instead of floating transcendental functions, whose last bit
may differ with the length of the array."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_WORD, _OCCASION, _START = (1 << 64) - 1, int(_MIX_2), int(_GOLDEN)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
PPM = 1_000_000
TABLE_BITS = 12
TABLE_SIZE = 1 << TABLE_BITS
_FRACTION_BITS = 16


def _mix(words: Words) -> Words:
    words = (words ^ (words >> _S30)) * _MIX_1
    words = (words ^ (words >> _S27)) * _MIX_2
    return words ^ (words >> _S31)


def purpose_key(seed: int, purpose: str) -> np.uint64:
    """64-bit key of one purpose under one seed; stable over processes, unlike ``hash``."""
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


class Draw:
    """All draws of one purpose, e.g. ``Draw(seed, "customer.signs")``. Methods take `entity` and `occasion` as int64 arrays
    (or scalars) that broadcast together and return an array of their shape; the same arguments give the same values."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._key = purpose_key(seed, purpose)

    def words(self, entity: npt.ArrayLike, occasion: Any = 0) -> Words:
        """64 uniform bits for each (entity, occasion)."""
        who = np.atleast_1d(np.asarray(entity, dtype=np.int64)).view(np.uint64)
        if isinstance(occasion, int):
            when: Any = np.uint64((occasion * _OCCASION + _START) & _WORD)
        else:
            when = np.atleast_1d(np.asarray(occasion, dtype=np.int64)).view(np.uint64) * _MIX_2 + _GOLDEN
        return _mix(_mix(who * _GOLDEN + self._key) ^ when)  # arrays wrap without a warning

    def ppm(self, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0) -> Ints:
        """Uniform integers 0 … 999,999."""
        return self.below(PPM, entity, occasion)

    def below(self, bound: int, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0) -> Ints:
        """Uniform integers 0 … bound − 1, for 0 < bound ≤ 2**31."""
        high = self.words(entity, occasion) >> np.uint64(33)
        return ((high * np.uint64(bound)) >> np.uint64(31)).astype(np.int64)

    def happens(
        self, chance_ppm: npt.ArrayLike, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0
    ) -> npt.NDArray[np.bool_]:
        """True with the given chance in millionths (scalar or array)."""
        return np.asarray(self.ppm(entity, occasion) < np.asarray(chance_ppm, dtype=np.int64))

    def quantile(self, table: Ints, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0) -> Ints:
        """Integers drawn from a quantile table of TABLE_SIZE + 1 values (see `quantile_table`), linear between its points."""
        words = self.words(entity, occasion)
        index = (words >> np.uint64(64 - TABLE_BITS)).astype(np.int64)
        fraction = ((words >> np.uint64(64 - TABLE_BITS - _FRACTION_BITS)) & np.uint64(0xFFFF)).astype(np.int64)
        low = table[index]
        return low + (((table[index + 1] - low) * fraction) >> np.int64(_FRACTION_BITS))

    def choice(self, weights_ppm: Ints, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0) -> Ints:
        """Indices 0 … len(weights) − 1 with chances in millionths that sum to 1,000,000."""
        edges = weights_ppm.cumsum()
        return np.minimum(edges.searchsorted(self.ppm(entity, occasion), side="right"), len(edges) - 1)


def quantile_table(inverse_cdf: Callable[[float], float], lowest: int, highest: int) -> Ints:
    """Integer quantile table for `Draw.quantile`: `inverse_cdf` at k / TABLE_SIZE, rounded and kept within
    [lowest, highest]. Called once per distribution in plain Python, so its values are the same on every run."""
    points = [
        inverse_cdf(min(max(k / TABLE_SIZE, 0.5 / TABLE_SIZE), 1 - 0.5 / TABLE_SIZE)) for k in range(TABLE_SIZE + 1)
    ]
    return np.array([min(max(round(p), lowest), highest) for p in points], dtype=np.int64)
