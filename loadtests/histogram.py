"""A histogram of durations in buckets of one ratio, as HDR histograms and DDSketch have them: every percentile is within 1 % of
the exact one, whatever the values are, and histograms of many processes are added bucket by bucket without losing that."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

ERROR = 0.005
"""Largest relative error of a value that is read back; half of the 1 % that is promised."""
_RATIO = (1 + ERROR) / (1 - ERROR)
_LOG = math.log(_RATIO)
LEAST_S = 1e-6
"""Shorter durations count as this one."""


class Histogram:
    """Counts by bucket. Bucket n holds durations from ratio^(n−1) to ratio^n seconds."""

    def __init__(self, buckets: Mapping[int, int] | None = None) -> None:
        self.buckets: Counter[int] = Counter(buckets or {})

    def add(self, seconds: float) -> None:
        """One duration."""
        self.buckets[math.ceil(math.log(max(seconds, LEAST_S)) / _LOG)] += 1

    def merge(self, other: Histogram) -> None:
        """All durations of another histogram."""
        self.buckets.update(other.buckets)

    @property
    def count(self) -> int:
        """How many durations there are."""
        return self.buckets.total()

    def percentile(self, percent: float) -> float | None:
        """Seconds that so many per cent of the durations do not exceed (nearest rank); None of none."""
        rank = max(1, math.ceil(self.count * percent / 100 - 1e-9))
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                return 2 * _RATIO**bucket / (_RATIO + 1)
        return None

    def share_within(self, seconds: float) -> float | None:
        """Share of the durations that are not longer, to the bucket; None of none."""
        last = math.ceil(math.log(max(seconds, LEAST_S)) / _LOG)
        within = sum(count for bucket, count in self.buckets.items() if bucket <= last)
        return within / self.count if self.buckets else None

    def packed(self) -> list[tuple[int, int]]:
        """As messages and files carry it."""
        return sorted(self.buckets.items())

    @classmethod
    def unpacked(cls, pairs: Iterable[tuple[int, int]]) -> Histogram:
        """From `packed`."""
        return cls({int(bucket): int(count) for bucket, count in pairs})
