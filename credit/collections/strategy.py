"""Strategies compiled to columns: which set, stage and row a case falls under, and which means are due on a day. A
case finds exactly one row (COL-01 to COL-04), and a means its row does not name is never used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credit.codes import Contact, Grade, Segment
from credit.collections.contract import Desk
from credit.masks import any_of
from credit.policies.collections import CollectionPolicy, StrategySet
from credit.policies.loading import PolicyError
from credit.policies.products import ProductPolicy
from credit.times import Bools, Ints

_MEANS = max(Contact) + 1
HUMAN = np.zeros(_MEANS, dtype=bool)
HUMAN[[Contact.CALL, Contact.VISIT, Contact.LEGAL]] = True
"""Means that need a collector; the others go out by themselves."""


@dataclass(frozen=True)
class Strategies:
    """All sets as columns. Stages are numbered 1 to 3, 0 = not overdue; rows over all sets, in the order of the files."""

    set_of: Ints  # (product, segment) → set
    dpd_from: Ints  # (set, stage − 1)
    desk: Ints  # (stage)
    row_set: Ints
    row_stage: Ints
    row_overdue_from: Ints
    row_grades: Bools  # (row, grade)
    row_priority: Ints
    allowed: Bools  # (row, means)
    every_days: Ints  # (row, means); 0 = once
    after_days: Ints  # (row, means)
    row_keys: tuple[str, ...]

    def sets(self, product: Ints, segment: Ints) -> Ints:
        """The one set of each case (COL-04)."""
        return np.asarray(self.set_of[product, segment])

    def stages(self, sets: Ints, dpd: Ints) -> Ints:
        """Stage by days past due: 0 when not overdue, else 1 to 3."""
        return np.asarray((dpd[:, None] >= self.dpd_from[sets]).sum(axis=1))

    def rows(self, sets: Ints, stages: Ints, overdue_fen: Ints, grade: Ints) -> Ints:
        """The first row that fits each case (COL-01); −1 where the stage is 0."""
        found = np.full(len(sets), -1, dtype=np.int64)
        for row in range(len(self.row_set) - 1, -1, -1):
            fits = (sets == self.row_set[row]) & (stages == self.row_stage[row])
            fits &= (overdue_fen >= self.row_overdue_from[row]) & self.row_grades[row, grade]
            found[fits] = row
        return found

    def due(self, rows: Ints, days_in_stage: Ints, last_day: Ints, day: Ints, slower: Ints) -> Bools:
        """Which means are due, shape (cases, means). `last_day`: day of each means' last use, 0 = never; `slower`: factor on
        the rhythm."""
        every = self.every_days[rows]
        rested = (every > 0) & (day[:, None] - last_day >= every * slower[:, None])
        begun = days_in_stage[:, None] >= self.after_days[rows]
        return np.asarray(self.allowed[rows] & begun & ((last_day == 0) | rested))


def compile_strategies(policy: CollectionPolicy, sets: Sequence[StrategySet], products: ProductPolicy) -> Strategies:
    """Compiles the sets once. PolicyError when an assignment names an unknown product or two overlap."""
    keys: list[str] = [one.key for one in sets]
    every = [(number, one, row) for number, one in enumerate(sets) for row in one.rows]
    count = len(every)
    result = Strategies(
        set_of=_assigned(policy, keys, products),
        dpd_from=np.array([[stage.dpd_from for stage in one.stages] for one in sets], dtype=np.int64),
        desk=np.array([0, Desk.COLLECTOR_EARLY, Desk.COLLECTOR_MIDDLE, Desk.COLLECTOR_LONG], dtype=np.int64),
        row_set=np.array([number for number, _, _ in every], dtype=np.int64),
        row_stage=np.array([1 + [s.key for s in one.stages].index(row.stage) for _, one, row in every], dtype=np.int64),
        row_overdue_from=np.array([row.overdue_from for _, _, row in every], dtype=np.int64),
        row_grades=np.zeros((count, max(Grade) + 1), dtype=bool),
        row_priority=np.array([row.priority for _, _, row in every], dtype=np.int64),
        allowed=np.zeros((count, _MEANS), dtype=bool),
        every_days=np.zeros((count, _MEANS), dtype=np.int64),
        after_days=np.zeros((count, _MEANS), dtype=np.int64),
        row_keys=tuple(row.key for _, _, row in every),
    )
    for place, (_, _, row) in enumerate(every):
        grades = [Grade[name.upper()] for name in row.grades]
        result.row_grades[place, grades if grades else slice(None)] = True
        for action in row.actions:
            means = Contact[action.action.upper()]
            result.allowed[place, means] = True
            result.every_days[place, means] = action.every_days
            result.after_days[place, means] = action.after_days
    return result


def _assigned(policy: CollectionPolicy, keys: list[str], products: ProductPolicy) -> Ints:
    codes = {product.key: product.code for product in products.products}
    shape = (max(codes.values()) + 1, max(Segment) + 1)
    table = np.full(shape, -1, dtype=np.int64)
    for number, row in enumerate(policy.assignments):
        if row.product and row.product not in codes:
            raise PolicyError(
                f"policies.collections: assignments.{number}.product: {row.product!r} is not one of {', '.join(codes)}"
            )
        place = (
            codes[row.product] if row.product else slice(None),
            Segment[row.segment.upper()] if row.segment else slice(None),
        )
        if any_of(table[place] >= 0):
            raise PolicyError(
                f"policies.collections: assignments.{number}: an earlier assignment covers the same product and customer "
                "type; exactly one set may apply"
            )
        table[place] = keys.index(row.set)
    return np.where(table < 0, keys.index(policy.default_set), table)
