"""The level payment (等额本息月供): what repays a loan in equal instalments. The exact rational number
P·i / (1 − (1+i)^−n) rounded half up to the fen, for whole columns. Each (rate, periods, convention) has its factor computed once
in big integers and cut into three limbs of 25 bits, so the product with the principal stays in int64; the truncated factor is
below the true one by less than 2^−75, and the few rows whose rounding that could change are settled with big integers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from credit.daycount import MONTH_SHARES, MONTHLY, check_conventions
from credit.errors import CreditError
from credit.money import MAX_AMOUNT_FEN, PPM
from credit.times import Ints

PERIODS_MAX = 480
"""Forty years of months."""
_LIMB = 25
_MASK = (1 << _LIMB) - 1
_SHIFT = 3 * _LIMB
_CODES = 8


def _annuity(annual_ppm: int, periods: int, convention: int) -> tuple[int, int]:
    """The level payment of one fen of principal, as numerator and denominator."""
    share, of = (int(x) for x in MONTH_SHARES[convention])
    if annual_ppm == 0:
        return 1, periods
    one, rate = of * PPM, annual_ppm * share
    grown = (one + rate) ** periods
    return rate * grown, one * (grown - one**periods)


@lru_cache(maxsize=1 << 16)
def _limbs(key: int) -> tuple[int, int, int]:
    numerator, denominator = _annuity(*_unpacked(key))
    factor = (numerator << _SHIFT) // denominator
    return factor & _MASK, (factor >> _LIMB) & _MASK, factor >> (2 * _LIMB)


def _unpacked(key: int) -> tuple[int, int, int]:
    rest, convention = divmod(key, _CODES)
    rate, periods = divmod(rest, PERIODS_MAX + 1)
    return rate, periods, convention


def level_payment_fen(
    principal_fen: npt.ArrayLike,
    annual_rate_ppm: npt.ArrayLike,
    periods: npt.ArrayLike,
    convention: npt.ArrayLike = MONTHLY,
) -> Ints:
    """Level monthly payments in fen, exactly rounded, for arrays that broadcast: principal 0 … 10**11 fen, annual rates
    0 … 1,000,000 ppm, 1 … 480 periods. The month's rate is the annual rate by the convention's mean month (a twelfth for
    MONTHLY and D30_360). ``level_payment_fen(5_000_000, 60_000, 12)`` is 430,332: Zhang's 4,303.32 yuan (EX-06)."""
    arrays = (
        np.asarray(x, dtype=np.int64) for x in (principal_fen, annual_rate_ppm, periods, check_conventions(convention))
    )
    principal, rate, count, code = np.broadcast_arrays(*arrays)
    if principal.size == 0:
        return np.zeros(principal.shape, dtype=np.int64)
    _check("principal_fen", principal, 0, MAX_AMOUNT_FEN)
    _check("annual_rate_ppm", rate, 0, PPM)
    _check("periods", count, 1, PERIODS_MAX)
    keys, place = np.unique(((rate * (PERIODS_MAX + 1) + count) * _CODES + code).reshape(-1), return_inverse=True)
    limbs = np.array([_limbs(key) for key in keys.tolist()], dtype=np.int64)[place]
    payment = _rounded_product(principal.reshape(-1), limbs, keys, place)
    return payment.reshape(principal.shape)


def _rounded_product(principal: Ints, limbs: Ints, keys: Ints, place: npt.NDArray[np.intp]) -> Ints:
    low = principal * limbs[:, 0]
    middle = principal * limbs[:, 1] + (low >> _LIMB)
    high = principal * limbs[:, 2] + (middle >> _LIMB) + (1 << (_LIMB - 1))
    payment = high >> _LIMB
    below = ((middle & _MASK) << _LIMB) + (low & _MASK) + principal >= 1 << (2 * _LIMB)
    for row in np.flatnonzero(((high & _MASK) == _MASK) & below):
        numerator, denominator = _annuity(*_unpacked(int(keys[place[row]])))
        payment[row] = (2 * int(principal[row]) * numerator + denominator) // (2 * denominator)
    return np.asarray(payment)


def _check(name: str, values: Ints, lowest: int, highest: int) -> None:
    if int(values.min()) < lowest or int(values.max()) > highest:
        row = int(np.flatnonzero((values < lowest) | (values > highest))[0])
        raise CreditError(f"{name}, row {row}: {int(values.reshape(-1)[row])}; from {lowest} to {highest} is allowed")
