"""Day count conventions (计息规则): which part of a year lies between two days, and the interest for it. Interest is
balance × annual rate × days / base, in integers, rounded once by the bank's rounding rule; the day it starts counts, the
day it ends doesn't (算头不算尾), so periods that touch neither overlap nor leave a gap.
MONTHLY (按月计息) is the People's Bank's rule for interest by the deal (逐笔计息法): a whole month is a twelfth of a year
whatever its length, odd days count one 360th each. D30_360 is 30E/360 (ISDA 2006, 4.16(g)): the 31st counts as the 30th, which
makes it additive."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.calendar import day_of_month, month_of, months_and_days
from credit.errors import CreditError
from credit.masks import any_of
from credit.money import PPM, mul_div_round
from credit.times import Ints

ACT_360 = 1
ACT_365 = 2
D30_360 = 3
MONTHLY = 4
NAMES = {ACT_360: "act/360", ACT_365: "act/365", D30_360: "30/360", MONTHLY: "monthly"}
BASES = np.array([0, 360, 365, 360, 360], dtype=np.int64)
"""Days of the year by convention code."""
MONTH_SHARES = np.array([[0, 1], [487, 5_760], [487, 5_840], [1, 12], [1, 12]], dtype=np.int64)
"""The share of a year that a mean month is, as numerator and denominator, by convention code: 30.4375 days over the base
for actual days, a twelfth for the others."""
ANNUAL_PPM_MAX = 1_000_000
"""No rate above 100 % a year is meant."""


def check_conventions(convention: npt.ArrayLike) -> Ints:
    """The codes as int64, or CreditError that names the row and the codes there are."""
    codes = np.asarray(convention, dtype=np.int64)
    if codes.size and (int(codes.min()) < ACT_360 or int(codes.max()) > MONTHLY):
        bad = np.flatnonzero((codes < ACT_360) | (codes > MONTHLY))
        known = ", ".join(f"{code} ({name})" for code, name in NAMES.items())
        raise CreditError(f"daycount, row {int(bad[0])}: {int(codes.reshape(-1)[bad[0]])} is none of {known}")
    return codes


def days_between(start_day: npt.ArrayLike, end_day: npt.ArrayLike, convention: npt.ArrayLike) -> Ints:
    """Days that count from start (included) to end (not included), by convention; arrays that broadcast, end ≥ start."""
    arrays = np.broadcast_arrays(
        np.asarray(start_day, dtype=np.int64), np.asarray(end_day, dtype=np.int64), check_conventions(convention)
    )
    start, end, code = arrays
    if any_of(end < start):
        raise CreditError("a period ends before it starts; its last day must not lie before its first")
    days = np.array(end - start)
    thirties = code == D30_360
    if any_of(thirties):
        days[thirties] = _days_30(start[thirties], end[thirties])
    monthly = code == MONTHLY
    if any_of(monthly):
        months, odd = months_and_days(start[monthly], end[monthly])
        days[monthly] = 30 * months + odd
    return days


def _days_30(start: Ints, end: Ints) -> Ints:
    last, first = np.minimum(day_of_month(end), 30), np.minimum(day_of_month(start), 30)
    return np.asarray(30 * (month_of(end) - month_of(start)) + last - first)


def interest_for_days(
    balance_fen: npt.ArrayLike, annual_rate_ppm: npt.ArrayLike, days: npt.ArrayLike, convention: npt.ArrayLike
) -> Ints:
    """Interest in fen of balances for days already counted by the convention, half up to the fen."""
    rate, length = np.asarray(annual_rate_ppm, dtype=np.int64), np.asarray(days, dtype=np.int64)
    return mul_div_round(balance_fen, rate * length, BASES[check_conventions(convention)] * PPM)


def interest_fen(
    balance_fen: npt.ArrayLike,
    annual_rate_ppm: npt.ArrayLike,
    start_day: npt.ArrayLike,
    end_day: npt.ArrayLike,
    convention: npt.ArrayLike,
) -> Ints:
    """Interest in fen on balances from a start day to an end day at annual rates in millionths, stub periods included."""
    days = days_between(start_day, end_day, convention)
    return interest_for_days(balance_fen, annual_rate_ppm, days, convention)


def month_interest_fen(balance_fen: npt.ArrayLike, annual_rate_ppm: npt.ArrayLike, convention: npt.ArrayLike) -> Ints:
    """Interest in fen of one mean month, see `MONTH_SHARES`: what the level payment is calculated with."""
    share = MONTH_SHARES[check_conventions(convention)]
    factor = np.asarray(annual_rate_ppm, dtype=np.int64) * share[..., 0]
    return mul_div_round(balance_fen, factor, share[..., 1] * PPM)
