"""Digests of batches and states. Each row hashes to 128 bits and rows add up (modulo 2**64 a lane), so a digest does not
depend on the order of rows, on how a batch is cut into shards, or on the hash seed. The mixer is SplitMix64's finaliser;
it detects divergence, it is no defence against an adversary."""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
import numpy.typing as npt

from credit.room import Rows

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_LANES = (0xD6E8FEB86659FD93, 0xA0761D6478BD642F)
_S32, _S29 = np.array(32, dtype=np.uint64), np.array(29, dtype=np.uint64)
_MULTIPLIER = np.array(0xFF51AFD7ED558CCD, dtype=np.uint64)


def odd_words(count: int, lane: int) -> npt.NDArray[np.uint64]:
    """`count` odd 64-bit words that look drawn; `lane` begins the series."""
    value, words = lane, []
    for _ in range(count):
        value = (value * 6364136223846793005 + _GOLDEN) & _MASK
        words.append(value | 1)
    return np.array(words, dtype=np.uint64)


def linked(chain: str, lanes: tuple[int, int]) -> str:
    """The chain after one more window: 32 hexadecimal digits that depend on every window's lanes and on their order. The chain
    of a new bank is empty."""
    link = chain.encode() + b"".join(lane.to_bytes(8, "little") for lane in lanes)
    return hashlib.blake2b(link, digest_size=16).hexdigest()


def row_hashes(label: int, rows: Rows) -> npt.NDArray[np.uint64]:
    """64 bits for each row that depend on its label and on every field."""
    return np.asarray(_hashed(label, rows, 1)[0])


def _hashed(label: int, rows: Rows, lanes: int) -> npt.NDArray[np.uint64]:
    """The first lanes of each row's hash: a row a lane, a column a row."""
    words = np.ascontiguousarray(rows).view(np.uint64).reshape(len(rows), -1)
    hashed = _odd(words.shape[1], lanes) @ (words ^ (words >> _S32)).T + _salt(label)
    hashed = (hashed ^ (hashed >> _S29)) * _MULTIPLIER
    return np.asarray(hashed ^ (hashed >> _S32))


@cache
def _odd(count: int, lanes: int) -> npt.NDArray[np.uint64]:
    return np.stack([odd_words(count, lane) for lane in _LANES[:lanes]])


@cache
def _salt(label: int) -> npt.NDArray[np.uint64]:
    return np.array((label * _GOLDEN) & _MASK, dtype=np.uint64)


class Digest:
    """A running 128-bit sum of row hashes. `add` takes a label (kind or table) and its rows; `merge` another digest."""

    def __init__(self, lanes: tuple[int, int] = (0, 0)) -> None:
        self._lanes = list(lanes)

    def add(self, label: int, rows: Rows) -> None:
        """Adds the rows of one labelled batch; every field counts."""
        if not len(rows):
            return
        sums = np.add.reduce(_hashed(label, rows, len(_LANES)), axis=1)
        self._lanes = [(lane + more) & _MASK for lane, more in zip(self._lanes, sums.tolist(), strict=True)]

    def merge(self, other: Digest) -> None:
        """Adds another digest's sums."""
        for lane, value in enumerate(other.lanes):
            self._lanes[lane] = (self._lanes[lane] + value) & _MASK

    def since(self, before: tuple[int, int]) -> tuple[int, int]:
        """The lanes of what was added since the lanes were `before`."""
        return ((self._lanes[0] - before[0]) & _MASK, (self._lanes[1] - before[1]) & _MASK)

    @property
    def lanes(self) -> tuple[int, int]:
        return (self._lanes[0], self._lanes[1])

    def hex(self) -> str:
        """32 hexadecimal digits."""
        return f"{self._lanes[0]:016x}{self._lanes[1]:016x}"
