"""A loan's plan (还款计划) on the book: its beginning, the step from one instalment to the next, and the whole plan written out
(REP-01 to REP-03). The book holds the next instalment only; the plan by hand of a CUSTOM loan follows from its
months and the policy, or from what was agreed for the loan, so nobody stores a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from credit.codes import Method
from credit.masks import true_rows
from credit.policies.repayment import RepaymentPolicy
from credit.room import Rows
from credit.schedules import CustomPlan, Schedule, due_day, moratorium_plan, next_instalment, read_stages, staged_plan
from credit.table import Table
from credit.times import Ints

Columns = Rows | Table | dict[str, Ints]
"""Whatever gives the columns of loans by their names."""


class Line(NamedTuple):
    """An instalment of several loans' plans: `rows` of the loans that were given · `parts`: principal and interest, shape
    (2, rows) · `balance` after it."""

    rows: Ints
    number: Ints
    due: Ints
    parts: Ints
    balance: Ints


class Plans:
    """Plans by hand, and steps along plans. `restructured`: the loans that have terms of their own."""

    def __init__(self, policy: RepaymentPolicy, restructured: Table) -> None:
        self._own = restructured
        self._whole = lru_cache(maxsize=512)(policy.plan_for)
        self._rest = lru_cache(maxsize=4_096)(lambda months, after: self._whole(months).after(after))
        self._agreed = lru_cache(maxsize=512)(self._plan_of_terms)

    def rest(self, months: int, after: int) -> CustomPlan:
        """The plan by hand of what is left of `months` months after instalment `after`."""
        return self._rest(months, after)

    def instalment(
        self, loans: Columns, rows: Ints, balance: Ints, number: Ints, start: Ints, due: Ints
    ) -> tuple[Ints, Ints]:
        """(principal, the period's own interest) of instalment `number` of loan rows."""
        return next_instalment(
            balance,
            self.parts(loans, rows, number),
            loans["rate_ppm"][rows],
            number,
            loans["periods"][rows],
            start,
            due,
            loans["method"][rows],
            loans["daycount"][rows],
        )

    def parts(self, loans: Columns, rows: Ints, number: Ints) -> Ints:
        """The regular part of instalment `number` of loan rows; of a CUSTOM loan what its plan by hand says of this number."""
        part = loans["part_fen"][rows]
        for row in true_rows(loans["method"][rows] == Method.CUSTOM):
            plan, nth = self._of(loans, int(rows[row]), int(number[row]))
            part[row] = int(plan.part_fen(loans["plan_fen"][rows[row]], nth))
        return part

    def interest_due(self, loans: Columns, rows: Ints, number: Ints, held: Ints, interest: Ints) -> tuple[Ints, Ints]:
        """(interest due with instalment `number`, interest held back after it)."""
        due, rest = held + interest, np.zeros_like(held)
        for row in true_rows(loans["method"][rows] == Method.CUSTOM):
            plan, nth = self._of(loans, int(rows[row]), int(number[row]))
            paid, kept = plan.interest_due(nth, held[row], interest[row])
            due[row], rest[row] = int(paid), int(kept)
        return due, rest

    def begin_next(self, loans: Table, rows: Ints) -> None:
        """Works out principal and interest of the instalment that the rows' period now leads to."""
        principal, interest = self.instalment(
            loans,
            rows,
            loans["balance_fen"][rows],
            loans["number"][rows],
            loans["period_start_day"][rows],
            loans["due_day"][rows],
        )
        loans.put(rows, next_principal_fen=principal, next_interest_fen=interest)

    def schedule(self, loan: Rows) -> Schedule:
        """The running plan of one loan (a record array of one row) from its beginning, an instalment a row (REP-01)."""
        lines = [
            tuple(
                int(column[0]) for column in (line.number, line.due, *line.parts, line.parts.sum(axis=0), line.balance)
            )
            for line in self.lines(loan)
        ]
        return Schedule(*np.array(lines, dtype=np.int64).reshape(-1, 6).T)

    def lines(self, loans: Rows) -> Iterator[Line]:
        """The running plans of several loans from their beginning: the first instalment of all of them, then the second, of those
        that have one …"""
        first, last = loans["plan_number"], loans["periods"]
        rows = true_rows(first < last)
        # The due day of a plan's first instalment: as many months before the next one as lie between them.
        begin = np.zeros(len(loans), dtype=np.int64)
        begin[rows] = _first_due(loans[rows], first[rows])
        balance, start, held = loans["plan_fen"].copy(), loans["plan_day"].copy(), self.held_before(loans)
        step = 0
        while len(rows):
            number = first[rows] + step + 1
            due = due_day(begin[rows], step, loans["debit_day"][rows])
            principal, month = self.instalment(loans, rows, balance[rows], number, start[rows], due)
            interest, held[rows] = self.interest_due(loans, rows, number, held[rows], month)
            balance[rows] -= principal
            start[rows] = due
            yield Line(rows, number, due, np.stack([principal, interest]), balance[rows])
            rows, step = rows[number < last[rows]], step + 1

    def held_before(self, loans: Columns) -> Ints:
        """Interest of before that the running plans of loans began with; 0 where their terms never changed, or they have begun
        anew since."""
        own = self._own.find(loans["loan"])
        return np.where(self._own.get("after", own, -1) == loans["plan_number"], self._own.get("held_fen", own), 0)

    def _of(self, loans: Columns, row: int, number: int) -> tuple[CustomPlan, int]:
        months, after = int(loans["periods"][row]), int(loans["plan_number"][row])
        own = int(self._own.find(loans["loan"][row : row + 1])[0])
        if own < 0 or self._own["months"][own] == 0:
            return self.rest(months, after), number - after
        terms = tuple(int(self._own[name][own]) for name in ("months", "interest_every", "free_months"))
        begun = int(self._own["after"][own])
        return self._agreed(*terms, str(self._own.text("stages")[own]), after - begun), number - after

    def _plan_of_terms(self, months: int, interest_every: int, free_months: int, stages: str, after: int) -> CustomPlan:
        return self.agreed(months, interest_every, free_months, stages).after(after)

    def agreed(self, months: int, interest_every: int, free_months: int, stages: str) -> CustomPlan:
        """The plan by hand of agreed terms (REP-03, EX-18): stages set by hand, a time without principal, or else the policy's
        plan of so many months. CreditError where they make no plan."""
        if stages:
            return staged_plan(months, interest_every, read_stages(stages))
        return moratorium_plan(months, free_months) if free_months else self._whole(months)


def _first_due(loans: Rows, first: Ints) -> Ints:
    steps = loans["number"] - first - 1
    return np.where(steps == 0, loans["due_day"], due_day(loans["due_day"], -steps, loans["debit_day"]))
