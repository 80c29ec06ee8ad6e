"""A scorecard (评分卡, SCO-04), compiled: it weighs sub-indicators in dimensions (SCO-02), each a table of points by bins,
read on whole columns. Integers from the facts to the score, so a score can be recomputed by hand. Which
cards there are stands in the policy; who asks them, in the rooms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

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


class Bins:
    """Tables of points by bins, one a fact, read all at once: facts are few, and each costs more to call for than to look up."""

    def __init__(self, tables: Iterable[tuple[Sequence[int], Sequence[int]]]) -> None:
        """`tables`: (edges, points), of points one more than of edges; from an edge on its own point counts."""
        tables = list(tables)
        width = max(len(edges) for edges, _ in tables)
        self._edges = np.full((len(tables), width, 1), np.iinfo(np.int64).max)
        self.points = np.zeros((len(tables), width + 1), dtype=np.int64)
        for row, (edges, points) in enumerate(tables):
            self._edges[row, : len(edges), 0] = edges
            self.points[row, : len(points)], self.points[row, len(points) :] = points, points[-1]
        self._tables = np.arange(len(tables))[:, None]

    def read(self, facts: Sequence[Ints]) -> Ints:
        """The points of facts, one column a table: a row a table, a column a row of theirs."""
        values = np.array(facts)[:, None, :]
        found: Ints = self.points[self._tables, np.add.reduce(values >= self._edges, axis=1)]
        return found


class Card:
    """One card, compiled."""

    def __init__(self, policy: CardPolicy) -> None:
        self.key = policy.key
        self.columns: tuple[str, ...] = tuple(dict.fromkeys(i.key for i in policy.indicators))
        self.dimensions: tuple[str, ...] = tuple(policy.dimensions)
        raw = [points * HUNDREDTHS for points in policy.scale.raw]
        self._scale = between(raw, policy.scale.score, SCORE_MAX * HUNDREDTHS)
        self._keys = tuple(i.key for i in policy.indicators)
        self._bins = Bins(
            (i.edges, [points * i.weight_ppm * policy.dimensions[i.dimension] for points in i.points])
            for i in policy.indicators
        )
        self._best = self._bins.points.max(axis=1)[:, None]
        self._within = {
            name: [row for row, i in enumerate(policy.indicators) if i.dimension == name] for name in self.dimensions
        }
        """The indicators of each dimension, by their places."""

    def scores(self, facts: Columns) -> Ints:
        """Calibrated score of each row, 0 … 100, half up."""
        total = np.add.reduce(self._earned(facts), axis=0)
        return np.asarray(self._scale[(total + _FINE // 2) // _FINE])

    def contributions(self, facts: Columns) -> dict[str, Ints]:
        """Why each row scores as it does (SCO-14): ``<dimension>_points``, what a dimension contributes, in hundredths of a raw
        point, half up; ``shortfalls``, the three indicators that lost most against their best bin (`Fact` bits), of equal ones
        the first."""
        earned = self._earned(facts)
        kept = earned - self._best
        most = kept.argsort(axis=0, kind="stable")[:SHORTFALLS]
        named = np.where(kept[most, np.arange(kept.shape[1])] < 0, self._bits[most], 0)
        totals = {name: np.add.reduce(earned[rows], axis=0) for name, rows in self._within.items()}
        parts = {f"{name}_points": (total + _FINE // 2) // _FINE for name, total in totals.items()}
        return parts | {"shortfalls": np.bitwise_or.reduce(named, axis=0)}

    @cached_property
    def _bits(self) -> Ints:
        """The `Fact` of each indicator; not every card is asked for contributions, and only those that are have facts alone."""
        return np.array([int(Fact[key.upper()]) for key in self._keys], dtype=np.int64)

    def _earned(self, facts: Columns) -> Ints:
        """What each indicator, a row each, earns."""
        return self._bins.read([facts[key] for key in self._keys])


def between(scores: Sequence[int], values: Sequence[int], most: int) -> Ints:
    """A table's value at each score 0 … `most`, straight lines between its points, rounded half up."""
    score, points, known = np.arange(most + 1), np.array(scores), np.array(values)
    k = np.minimum(points.searchsorted(score, side="right") - 1, len(points) - 2)
    rise, run = known[k + 1] - known[k], points[k + 1] - points[k]
    return np.asarray(known[k] + (2 * rise * (score - points[k]) + run) // (2 * run))
