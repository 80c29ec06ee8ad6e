"""Inspection plans as columns: which plan a loan has, how often it is inspected, and on which day next; and the calendar that
knows who is due on a day without a look at anybody else."""

from __future__ import annotations

import numpy as np

from credit.calendar import add_workdays, workday_from
from credit.codes import Segment
from credit.policies import PolicyError, ProductPolicy
from credit.policies.post_loan import PostLoanPolicy
from credit.room import Rows
from credit.table import Table
from credit.times import DAY_MS, NEVER, Bools, Ints

_YEAR_DAYS = 365


class Plans:
    """The policy's plans, whole columns at a time. Raises PolicyError for a product that there is none of."""

    def __init__(self, policy: PostLoanPolicy, products: ProductPolicy) -> None:
        self._policy = policy
        size = max(product.code for product in products.products) + 1
        self._fits = np.zeros((len(policy.plans), max(Segment) + 1, size), dtype=bool)
        for place, plan in enumerate(policy.plans):
            segments = [Segment[name.upper()] for name in plan.segments] or list(Segment)
            known = {product.key: product.code for product in products.products}
            if strange := [key for key in plan.products if key not in known]:
                raise PolicyError(
                    f"policies.post_loan: plans: {plan.key}: {strange[0]!r} is no product; products: {', '.join(known)}"
                )
            codes = [known[key] for key in plan.products] or list(known.values())
            self._fits[np.ix_([place], [int(one) for one in segments], codes)] = True
        self._amount = np.array([plan.amount_from for plan in policy.plans], dtype=np.int64)
        self._grade = np.array([plan.grade_from for plan in policy.plans], dtype=np.int64)
        self.a_year = np.array([plan.a_year for plan in policy.plans], dtype=np.int64)
        self.by_system: Bools = np.array([plan.by == "system" for plan in policy.plans])

    def of(self, loans: Rows) -> Ints:
        """The first plan that fits each loan: segment, product, amount, grade."""
        fits = self._fits[:, loans["segment"], loans["product"]].T
        fits &= loans["amount_fen"][:, None] >= self._amount
        fits &= loans["grade"][:, None] >= self._grade
        return np.asarray(fits.argmax(axis=1))

    def stricter(self, plan: Ints, other: Ints) -> Ints:
        """Of two plans the one that has more inspections a year; of equals the one that a person does."""
        weight = self.a_year * 2 + ~self.by_system
        return np.asarray(np.where(weight[other] > weight[plan], other, plan))

    def next_day(self, plan: Ints, watched: Ints, day: Ints) -> Ints:
        """The day of the next regular inspection after one on `day`."""
        times = self.a_year[plan]
        times = np.where(watched != 0, np.maximum(times, self._policy.watched_a_year), times)
        return workday_from(day + _YEAR_DAYS // times)

    def first_day(self, day: Ints) -> Ints:
        """The day on which the first inspection after a payment on `day` begins: its limit lies within the policy's days."""
        last = add_workdays(day + self._policy.first_days, 0)
        return np.maximum(add_workdays(last, -self._policy.task_workdays), day + 1)


class DueDays:
    """Cases by the day on which they are due. What was moved to another day since stays where it was, and is passed over when
    that day comes: nothing is searched for."""

    def __init__(self) -> None:
        self._days: dict[int, list[Ints]] = {}

    def put(self, days: Ints, cases: Ints) -> None:
        """Cases are due on these days."""
        for day in sorted(set(days.tolist())):
            self._days.setdefault(day, []).append(cases[days == day])

    def take(self, day: int) -> list[tuple[int, Ints]]:
        """The days up to one, in order, with their cases, which are forgotten here."""
        return [(one, np.unique(np.concatenate(self._days.pop(one)))) for one in sorted(self._days) if one <= day]

    def due(self) -> int:
        """The beginning of the next day that has any, ms; NEVER where there is none."""
        return min(self._days) * DAY_MS if self._days else NEVER

    def fill(self, table: Table, waits: Bools) -> None:
        """From the rows of a table that wait, in place of what stands here."""
        self._days = {}
        self.put(table["due_day"][waits], table["case"][waits])
