"""Money: int64 fen (分), never floats. Its rule, the rounding rule (舍入规则) of the whole bank: a product or quotient is
computed exactly and rounded once, half up to the fen; negative amounts round half away from zero, so a refund is the
mirror of its charge. Whatever is split keeps its sum: the last part takes the remainder."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from credit.errors import CreditError
from credit.times import Ints

MAX_AMOUNT_FEN = 10**11
"""Largest amount of one loan, payment or balance: one billion yuan (十亿元)."""
PPM = 1_000_000
FEN_PER_YUAN = 100
_INT64_MAX = int(np.iinfo(np.int64).max)
_YUAN = re.compile(r"(?P<yuan>\d+|\d{1,3}(?:,\d{3})+)(?:\.(?P<fen>\d{1,2}))?")


def mul_div_round(a: npt.ArrayLike, b: npt.ArrayLike, d: npt.ArrayLike) -> Ints:
    """a × b / d, rounded half away from zero, exact for int64 arrays that broadcast. a may be negative; b ≥ 0 and d ≥ 1.

    `a` is cut into two limbs by `d`, so only b × d and the result must fit int64, not a × b: any |a| ≤ 10**12 with
    b ≤ 10**9 and d ≤ 9 × 10**9, say. Raises OverflowError where that doesn't hold and ValueError for b < 0 or d < 1."""
    left, factor, divisor = (np.asarray(x, dtype=np.int64) for x in (a, b, d))
    if min(left.size, factor.size, divisor.size) == 0:
        return np.zeros(np.broadcast_shapes(left.shape, factor.shape, divisor.shape), dtype=np.int64)
    factor_max, divisor_min = int(factor.max()), int(divisor.min())
    if int(factor.min()) < 0 or divisor_min < 1:
        raise ValueError("mul_div_round: b must be at least 0 and d at least 1")
    left_max = max(int(left.max()), -int(left.min()))
    most = (left_max // divisor_min + 1) * factor_max
    if (factor_max + 1) * int(divisor.max()) > _INT64_MAX or most + factor_max > _INT64_MAX:
        raise OverflowError(f"mul_div_round: up to {left_max} × {factor_max} / {divisor_min} is more than int64 holds")
    whole, rest = np.divmod(np.abs(left), divisor)
    rounded = whole * factor + (rest * factor + divisor // 2) // divisor
    return np.asarray(np.where(left < 0, -rounded, rounded))


def share_fen(amount_fen: npt.ArrayLike, ppm: npt.ArrayLike) -> Ints:
    """A share in millionths of amounts in fen, half up to the fen."""
    return mul_div_round(amount_fen, ppm, PPM)


def split_fen(amount_fen: npt.ArrayLike, weights: npt.ArrayLike) -> Ints:
    """Amounts (…) split by weights (…, parts) into parts (…, parts) that sum to the amount exactly: each part is its share
    rounded down, the last takes the remainder. Amounts and weights ≥ 0, each row of weights with a sum above 0."""
    amount = np.asarray(amount_fen, dtype=np.int64)[..., None]
    weight = np.asarray(weights, dtype=np.int64)
    total = weight.sum(axis=-1, keepdims=True)
    if weight.size and (int(weight.min()) < 0 or int(total.min()) < 1):
        raise ValueError("split_fen: weights must be at least 0 and have a sum above 0")
    if amount.size and int(amount.min()) < 0:
        raise ValueError("split_fen: an amount below 0 can't be split")
    whole, rest = np.divmod(amount, total)
    if total.size and int(total.max()) ** 2 > _INT64_MAX:
        raise OverflowError(f"split_fen: weights sum to {int(total.max())}, more than can be multiplied exactly")
    parts = np.asarray(whole * weight + rest * weight // total)
    parts[..., -1] = amount[..., 0] - parts[..., :-1].sum(axis=-1)
    return parts


def check_amounts(amount_fen: npt.ArrayLike, field: str, lowest: int = 0) -> Ints:
    """The amounts as int64, or CreditError that names the field, the row and the bounds (`lowest` … MAX_AMOUNT_FEN)."""
    amounts = np.asarray(amount_fen, dtype=np.int64)
    bad = np.flatnonzero((amounts < lowest) | (amounts > MAX_AMOUNT_FEN))
    if len(bad):
        value = int(amounts.reshape(-1)[bad[0]])
        raise CreditError(
            f"{field}, row {int(bad[0])}: {format_yuan(value)} yuan; "
            f"from {format_yuan(lowest)} to {format_yuan(MAX_AMOUNT_FEN)} is allowed"
        )
    return amounts


def parse_yuan(text: str, field: str) -> int:
    """Fen of an amount in yuan as people write it: ``"50000"``, ``"50,000.05"``. Raises CreditError that names the field
    for anything else: signs, blanks, more than two decimals, commas not in threes, more than MAX_AMOUNT_FEN."""
    found = _YUAN.fullmatch(text) if text.isascii() else None
    if found is None:
        raise CreditError(
            f"{field}: {text!r} is no amount in yuan; write 50000 or 50,000.05, with at most two decimals"
        )
    fen = int(found["yuan"].replace(",", "")) * FEN_PER_YUAN + int((found["fen"] or "").ljust(2, "0"))
    if fen > MAX_AMOUNT_FEN:
        raise CreditError(f"{field}: {text} yuan is more than the largest amount, {format_yuan(MAX_AMOUNT_FEN)} yuan")
    return fen


def format_yuan(fen: int) -> str:
    """An amount in fen as yuan with thousands and two decimals: ``format_yuan(5_000_005) == "50,000.05"``."""
    yuan, cents = divmod(abs(int(fen)), FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{yuan:,}.{cents:02d}"
