"""Keyed randomness. A draw is a pure function of (seed, purpose, entity, occasion): a counter-based generator with no
state, so results depend neither on shard count, batch size, order of execution nor the hash seed, and two runs that share
a seed meet the same customers with the same luck (common random numbers). The mixer is SplitMix64's finaliser (Steele,
Lea, Flood 2014). Values come from integer quantile tables instead of floating transcendental functions, whose last bit
may differ with the length of the array."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

PPM = 1_000_000
TABLE_BITS = 12
TABLE_SIZE = 1 << TABLE_BITS
_FRACTION_BITS = 16


@lru_cache(maxsize=4_096)
def _word(value: int) -> Words:
    """A constant as an array without an axis: numpy makes one of a scalar each time that it meets an array."""
    word = np.array(value, dtype=np.uint64)
    word.flags.writeable = False
    return word


_WORD, _START, _OCCASION = (1 << 64) - 1, 0x9E3779B97F4A7C15, 0x94D049BB133111EB
_GOLDEN, _MIX_1, _MIX_2 = _word(_START), _word(0xBF58476D1CE4E5B9), _word(_OCCASION)
_S27, _S30, _S31, _S33 = _word(27), _word(30), _word(31), _word(33)
_INDEX, _FRACTION, _FRACTION_MASK = _word(64 - TABLE_BITS), _word(64 - TABLE_BITS - _FRACTION_BITS), _word(0xFFFF)
_FRACTION_SHIFT = np.array(_FRACTION_BITS)


def _mix(words: Words) -> Words:
    words = (words ^ (words >> _S30)) * _MIX_1
    words = (words ^ (words >> _S27)) * _MIX_2
    return words ^ (words >> _S31)


def purpose_key(seed: int, purpose: str) -> np.uint64:
    """64-bit key of one purpose under one seed; stable over processes, unlike ``hash``."""
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _mixed(keys: Words, who: Ints, occasion: Any) -> Words:
    """64 uniform bits for each (key, entity, occasion); arrays wrap without a warning."""
    if isinstance(occasion, int):
        when = _word((occasion * _OCCASION + _START) & _WORD)
    else:
        when = _column(occasion).view(np.uint64) * _MIX_2 + _GOLDEN
    return _mix(_mix(who.view(np.uint64) * _GOLDEN + keys) ^ when)


def _column(values: npt.ArrayLike) -> Ints:
    array = np.asarray(values, dtype=np.int64)
    return array if array.ndim else array.reshape(1)


class Draw:
    """All draws of one purpose, e.g. ``Draw(seed, "customer.signs")``. Methods take `entity` and `occasion` as int64 arrays
    (or scalars) that broadcast together and return an array of their shape; the same arguments give the same values."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._key = np.array(purpose_key(seed, purpose))

    def words(self, entity: npt.ArrayLike, occasion: Any = 0) -> Words:
        """64 uniform bits for each (entity, occasion)."""
        return _mixed(self._key, _column(entity), occasion)

    def ppm(self, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0) -> Ints:
        """Uniform integers 0 … 999,999."""
        return self.below(PPM, entity, occasion)

    def below(self, bound: int, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0) -> Ints:
        """Uniform integers 0 … bound − 1, for 0 < bound ≤ 2**31."""
        high = self.words(entity, occasion) >> _S33
        return ((high * _word(bound)) >> _S31).view(np.int64)

    def happens(
        self, chance_ppm: npt.ArrayLike, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0
    ) -> npt.NDArray[np.bool_]:
        """True with the given chance in millionths (scalar or array)."""
        return np.asarray(self.ppm(entity, occasion) < np.asarray(chance_ppm, dtype=np.int64))

    def quantile(
        self, table: Ints, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0, first: Ints | None = None
    ) -> Ints:
        """Integers drawn from a quantile table of TABLE_SIZE + 1 values (see `quantile_table`), linear between its points. Of
        several tables that stand in one, `first` says where each row's begins."""
        words = self.words(entity, occasion)
        index = (words >> _INDEX).view(np.int64)
        if first is not None:
            index = index + first
        fraction = ((words >> _FRACTION) & _FRACTION_MASK).view(np.int64)
        low = table[index]
        drawn: Ints = low + (((table[1:][index] - low) * fraction) >> _FRACTION_SHIFT)
        return drawn

    def choice(self, weights_ppm: Ints, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0) -> Ints:
        """Indices 0 … len(weights) − 1 with chances in millionths that sum to 1,000,000."""
        edges = weights_ppm.cumsum()
        return np.minimum(edges.searchsorted(self.ppm(entity, occasion), side="right"), len(edges) - 1)


class Draws:
    """The draws of several purposes that are asked about the same entities, one purpose after another: the first question mixes
    the words of all, which are kept until other entities are asked about. ``Draws(seed, "person", names)[name]`` draws what
    ``Draw(seed, f"person.{name}")`` does."""

    def __init__(self, seed: int, family: str, names: Iterable[str]) -> None:
        self._one = {name: _OneOf(seed, f"{family}.{name}", self, row) for row, name in enumerate(names)}
        self._names = tuple(self._one)
        self._keys = np.array([draw.key for draw in self._one.values()]).reshape(-1, 1)
        self._asked: tuple[bytes, int | bytes] | None = None
        self._words = np.zeros((0, 0), dtype=np.uint64)

    def __getitem__(self, name: str) -> Draw:
        return self._one[name]

    def rows(self, *names: str) -> Draw:
        """Draws of several purposes at once, which were named one after another: every answer has a row for each of them."""
        first = self._names.index(names[0])
        assert self._names[first : first + len(names)] == names, names
        return _SomeOf(self, slice(first, first + len(names)))

    def words(self, row: int | slice, who: Ints, occasion: Any) -> Words:
        """The words of one purpose, or of each of several."""
        when = occasion if isinstance(occasion, int) else _column(occasion)
        if who.ndim > 1 or (not isinstance(when, int) and when.ndim > 1):
            return _mixed(self._keys[row], who, occasion)
        asked = who.tobytes(), when if isinstance(when, int) else when.tobytes()
        if asked != self._asked:
            self._words = _mixed(self._keys, who, occasion)
            self._words.flags.writeable = False
            self._asked = asked
        words: Words = self._words[row]
        return words


class _OneOf(Draw):
    """A purpose among several."""

    def __init__(self, seed: int, purpose: str, draws: Draws, row: int) -> None:
        self.key = purpose_key(seed, purpose)
        self._draws, self._row = draws, row

    def words(self, entity: npt.ArrayLike, occasion: Any = 0) -> Words:
        return self._draws.words(self._row, _column(entity), occasion)


class _SomeOf(Draw):
    """Some purposes among several."""

    def __init__(self, draws: Draws, rows: slice) -> None:
        self._draws, self._rows = draws, rows

    def words(self, entity: npt.ArrayLike, occasion: Any = 0) -> Words:
        return self._draws.words(self._rows, _column(entity), occasion)


SHARES = tuple(min(max(k / TABLE_SIZE, 0.5 / TABLE_SIZE), 1 - 0.5 / TABLE_SIZE) for k in range(TABLE_SIZE + 1))
"""Where a quantile table has its points."""


def quantile_table(points: npt.ArrayLike, lowest: int, highest: int) -> Ints:
    """Integer quantile table for `Draw.quantile`: the inverse distribution function at `SHARES`, rounded and kept within
    [lowest, highest], which are at most 2**53. Points come from plain Python, and what is done here is exact, so values are
    the same on every run."""
    return np.clip(np.rint(np.asarray(points, dtype=np.float64)), lowest, highest).astype(np.int64)
