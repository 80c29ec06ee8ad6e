"""A scorecard (评分卡, SCO-04), compiled: it weighs sub-indicators in dimensions (SCO-02), each a table of points by bins,
found by binary search on whole columns. Integers from the facts to the score, so a score can be recomputed by hand. Which
cards there are stands in the policy; who asks them, in the rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from credit.codes import Fact
from credit.policies.scorecard import CardPolicy
from credit.times import Ints

Columns = Mapping[str, Ints]
_WHOLE = 10**12
_FINE = 10**10
"""Raw points are read off the scale in hundredths."""
SCORE_MAX = 100
HUNDREDTHS = 100
SHORTFALLS = 3
"""So many indicators are named as those that cost most."""


class Card:
    """One card, compiled."""

    def __init__(self, policy: CardPolicy) -> None:
        self.key = policy.key
        self.columns: tuple[str, ...] = tuple(dict.fromkeys(i.key for i in policy.indicators))
        self.dimensions: tuple[str, ...] = tuple(policy.dimensions)
        raw = [points * HUNDREDTHS for points in policy.scale.raw]
        self._scale = between(raw, policy.scale.score, SCORE_MAX * HUNDREDTHS)
        self._parts = [
            (
                i,
                np.array(i.edges, dtype=np.int64),
                np.array(i.points, dtype=np.int64) * (i.weight_ppm * policy.dimensions[i.dimension]),
            )
            for i in policy.indicators
        ]

    def scores(self, facts: Columns) -> Ints:
        """Calibrated score of each row, 0 … 100, half up."""
        total = np.zeros(len(facts[self.columns[0]]), dtype=np.int64)
        for indicator, edges, points in self._parts:
            total += points[edges.searchsorted(facts[indicator.key], side="right")]
        return self._scale[(total + _FINE // 2) // _FINE]

    def contributions(self, facts: Columns) -> dict[str, Ints]:
        """Why each row scores as it does (SCO-14): ``<dimension>_points``, what a dimension contributes, in hundredths of a raw
        point, half up; ``shortfalls``, the three indicators that lost most against their best bin (`Fact` bits), of equal ones
        the first."""
        length = len(facts[self.columns[0]])
        totals = {name: np.zeros(length, dtype=np.int64) for name in self.dimensions}
        lost = np.zeros((len(self._parts), length), dtype=np.int64)
        for row, (indicator, edges, points) in enumerate(self._parts):
            earned = points[edges.searchsorted(facts[indicator.key], side="right")]
            totals[indicator.dimension] += earned
            lost[row] = points.max() - earned
        bits = np.array([int(Fact[i.key.upper()]) for i, _, _ in self._parts], dtype=np.int64)
        most = (-lost).argsort(axis=0, kind="stable")[:SHORTFALLS]
        named = np.where(np.take_along_axis(lost, most, axis=0) > 0, bits[most], 0)
        parts = {f"{name}_points": (total + _FINE // 2) // _FINE for name, total in totals.items()}
        return parts | {"shortfalls": np.bitwise_or.reduce(named, axis=0)}


def between(scores: Sequence[int], values: Sequence[int], most: int) -> Ints:
    """A table's value at each score 0 … `most`, straight lines between its points, rounded half up."""
    score, points, known = np.arange(most + 1), np.array(scores), np.array(values)
    k = np.minimum(points.searchsorted(score, side="right") - 1, len(points) - 2)
    rise, run = known[k + 1] - known[k], points[k + 1] - points[k]
    return np.asarray(known[k] + (2 * rise * (score - points[k]) + run) // (2 * run))
