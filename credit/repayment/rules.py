"""The arithmetic of repayment on whole columns: debit days, the order in which a payment is taken, penalty interest, buckets,
fees. Int64 fen, exact; nothing here knows of tables, windows or mail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.calendar import add_months, day_in_month, day_of_month, month_of
from credit.codes import Bucket
from credit.daycount import BASES, MONTHLY
from credit.masks import true_rows
from credit.money import PPM, mul_div_round
from credit.policies.repayment import RepaymentPolicy
from credit.repayment.contract import DebitMethod
from credit.rows import run_starts
from credit.times import Ints

_PRODUCTS = 100
_EXACT_MAX = int(np.iinfo(np.int64).max) - int(BASES.max()) * PPM
_BUCKET_FROM = np.array([1, 8, 31, 61, 91], dtype=np.int64)
DAYCOUNT_OF_PRODUCT = np.array([MONTHLY, 1, 2, 3], dtype=np.int64)
"""The catalogue's day count codes as those of `credit.daycount`."""


def buckets(dpd: Ints) -> Ints:
    """Bucket of days past due: 1–7, 8–30, 31–60, 61–90, over 90 (REP-10, NPL-01)."""
    return _BUCKET_FROM.searchsorted(dpd, side="right").astype(np.int64) + int(Bucket.CURRENT)


def method_of(automatic: Ints) -> Ints:
    """`DebitMethod` of loans."""
    return np.where(automatic != 0, int(DebitMethod.AUTOMATIC), int(DebitMethod.BY_CUSTOMER))


class DebitDays:
    """Debit day and reminder of loans: the terms of their case, else of their product, else the day of disbursement and 3."""

    def __init__(self, policy: RepaymentPolicy) -> None:
        self._first_min = policy.first_period_days_min
        self._day = np.zeros(_PRODUCTS, dtype=np.int64)
        self._reminder = np.full(_PRODUCTS, 3, dtype=np.int64)
        for row in policy.debit_terms:
            if row.product:
                self._day[row.product], self._reminder[row.product] = row.debit_day, row.reminder_days
        own = sorted((row.case, row.debit_day, row.reminder_days) for row in policy.debit_terms if row.case)
        self._cases, self._case_day, self._case_reminder = np.array(own, dtype=np.int64).reshape(-1, 3).T

    def terms(self, case: Ints, product: Ints, start_day: Ints) -> tuple[Ints, Ints, Ints]:
        """(debit day of the month, reminder days, first due day) of loans disbursed on `start_day`."""
        day, reminder = self._day[product], self._reminder[product]
        if len(self._cases):
            place = np.minimum(self._cases.searchsorted(case), len(self._cases) - 1)
            own = self._cases[place] == case
            day, reminder = (
                np.where(own, self._case_day[place], day),
                np.where(own, self._case_reminder[place], reminder),
            )
        first = add_months(start_day, 1)
        fixed = true_rows(day)
        if len(fixed):
            first[fixed] = self.first_on(start_day[fixed], day[fixed])
        return np.where(day == 0, day_of_month(start_day), day), reminder, first

    def first_on(self, start: Ints, day: Ints) -> Ints:
        """The first such day of the month that is far enough away."""
        first = day_in_month(month_of(start), day)
        for later in (1, 2):
            near = first - start < self._first_min
            first = np.where(near, day_in_month(month_of(start) + later, day), first)
        return first


@dataclass(frozen=True)
class Taken:
    """What payments were taken for: penalty a loan; interest and principal an instalment."""

    penalty_fen: Ints
    interest_fen: Ints
    principal_fen: Ints


def allocate(amount_fen: Ints, penalty_fen: Ints, place: Ints, interest_fen: Ints, principal_fen: Ints) -> Taken:
    """Takes one payment a loan: penalty first, then the oldest instalment's interest, its principal, the next one's …
    `place` says which payment an instalment belongs to, ascending; instalments of one loan stand oldest first."""
    penalty = np.minimum(amount_fen, penalty_fen)
    if not len(place):
        return Taken(penalty, interest_fen[:0], principal_fen[:0])
    total = interest_fen + principal_fen
    before = total.cumsum() - total
    first = run_starts(place)
    left = (amount_fen - penalty)[place] - (before - before[first])
    interest = np.clip(left, 0, interest_fen)
    return Taken(penalty, interest, np.clip(left - interest_fen, 0, principal_fen))


def penalty_step(base_fen: Ints, rest: Ints, rate_ppm: Ints, daycount: Ints, factor_ppm: int) -> tuple[Ints, Ints]:
    """(penalty interest of one day in fen, remainder carried on): base × rate × factor / year. What the whole fen are short of
    the exact amount, or above it, is carried from day to day, so the sum over any number of days is the exact amount rounded
    half up once, as `credit.money` rounds everywhere. What a loan within the policies' bounds can owe fits twelve times over;
    OverflowError beyond."""
    unit, yearly_ppm = BASES[daycount] * PPM, mul_div_round(rate_ppm, factor_ppm, PPM)
    if base_fen.size and int(base_fen.max()) * int(yearly_ppm.max()) > _EXACT_MAX:
        raise OverflowError(f"penalty_step: {int(base_fen.max())} × {int(yearly_ppm.max())} is more than int64 holds")
    exact = rest + base_fen * yearly_ppm
    fen = (exact + unit // 2) // unit
    return fen, exact - fen * unit


class EarlyFees:
    """Fees for early repayment by product (REP-11)."""

    def __init__(self, policy: RepaymentPolicy) -> None:
        self._ppm, self._free_after = np.zeros(_PRODUCTS, dtype=np.int64), np.zeros(_PRODUCTS, dtype=np.int64)
        for row in policy.early_fees:
            self._ppm[row.product], self._free_after[row.product] = row.fee_ppm, row.free_after_months

    def fee_fen(self, product: Ints, principal_fen: Ints, months_run: Ints) -> Ints:
        """Fee in fen for principal repaid early after so many instalments."""
        free = (self._free_after[product] > 0) & (months_run >= self._free_after[product])
        return mul_div_round(principal_fen, np.where(free, 0, self._ppm[product]), PPM)
