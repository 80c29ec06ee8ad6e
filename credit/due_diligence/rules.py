"""The arithmetic of due diligence on whole columns: whether figures are possible and agree, the ratios they come to, how
much can be carried, and what the analysis comes to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.codes import Segment
from credit.due_diligence.contract import FIGURES, Refusal
from credit.due_diligence.findings import Analysis, Concern
from credit.money import PPM, mul_div_round
from credit.policies.due_diligence import DueDiligencePolicy
from credit.policies.products import ProductColumns
from credit.room import Rows
from credit.rows import first_fault
from credit.times import Bools, Ints

YEAR_FIRST, YEAR_LAST = 2000, 2099
EMPLOYEES_MAX = 1_000_000
FIGURE_MAX_FEN = 10**12
"""10,000 million yuan."""
RATIO_MAX_PPM = 1_000 * PPM
"""Ratios above 1,000, or of nothing, are 1,000."""
MONTHS = 12
_SIGNED = ("profit_fen", "equity_fen", "operating_cash_fen", "tax_fen")
_PARTS = (
    ("current_assets_fen", "assets_fen", Refusal.CURRENT_ASSETS_ABOVE),
    ("stock_fen", "current_assets_fen", Refusal.STOCK_ABOVE),
    ("current_liabilities_fen", "liabilities_fen", Refusal.CURRENT_LIABILITIES_ABOVE),
)


def impossible(figures: Rows) -> Ints:
    """Why no books can say so, 0 where they can: no year or assets, below 0 what can't be, a part larger than its whole."""
    year, people = figures["year"], figures["employees"]
    outside = np.zeros(len(figures), dtype=bool)
    for name in FIGURES.split():
        least = -FIGURE_MAX_FEN if name in _SIGNED else 0
        outside |= (figures[name] < least) | (figures[name] > FIGURE_MAX_FEN)
    return first_fault(
        ((year < YEAR_FIRST) | (year > YEAR_LAST), Refusal.YEAR_UNKNOWN),
        ((people < 0) | (people > EMPLOYEES_MAX), Refusal.EMPLOYEES_RANGE),
        (outside, Refusal.FIGURES_IMPOSSIBLE),
        (figures["assets_fen"] == 0, Refusal.ASSETS_MISSING),
        *((figures[part] > figures[whole], reason) for part, whole, reason in _PARTS),
    )


def inconsistent(figures: Rows, tolerance_ppm: int) -> Bools:
    """True where figures that must agree do not (勾稽): assets = liabilities + equity, and profit = revenue − costs − interest
    − tax."""
    balance = np.abs(figures["assets_fen"] - figures["liabilities_fen"] - figures["equity_fen"])
    kept = figures["revenue_fen"] - figures["cost_fen"] - figures["interest_fen"] - figures["tax_fen"]
    profit = np.abs(kept - figures["profit_fen"])
    unbalanced = balance > mul_div_round(figures["assets_fen"], tolerance_ppm, PPM)
    return np.asarray(unbalanced | (profit > mul_div_round(figures["revenue_fen"], tolerance_ppm, PPM)))


def _ratio(part: Ints, whole: Ints) -> Ints:
    """`part` of `whole` in millionths, at most `RATIO_MAX_PPM` either way; of nothing, that."""
    some = np.maximum(whole, 1)
    bounded = np.clip(part, -some * (RATIO_MAX_PPM // PPM), some * (RATIO_MAX_PPM // PPM))
    found = bounded // some * PPM + mul_div_round(bounded % some, PPM, some)
    return np.where(whole > 0, np.minimum(found, RATIO_MAX_PPM), RATIO_MAX_PPM)


class Judgement(NamedTuple):
    """What figures come to, row by row."""

    debt_ppm: Ints
    current_ppm: Ints
    cover_ppm: Ints
    service_ppm: Ints
    capacity_fen: Ints
    misses: Ints
    """Ratios outside their bounds."""


class Analyst:
    """The policy's bounds, by segment, and how much of a loan is due in a year."""

    def __init__(self, policy: DueDiligencePolicy, products: ProductColumns) -> None:
        self._step, self._misses_fair, self._rate_ppm = policy.amount_step, policy.misses_fair, products.rate_ppm
        self.weakens = sum(Concern[name.upper()] for name in policy.weakens)
        self.declines = sum(Concern[name.upper()] for name in policy.declines)
        size = max(Segment) + 1
        self._debt_max, self._current_min = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        self._cover_min, self._service_min = np.zeros(size, dtype=np.int64), np.full(size, PPM)
        for row in policy.ratios:
            code = Segment[row.key.upper()]
            self._debt_max[code], self._current_min[code] = row.debt_max_ppm, row.current_min_ppm
            self._cover_min[code], self._service_min[code] = row.cover_min_ppm, row.service_min_ppm

    def judge(self, cases: Rows, figures: Rows) -> Judgement:
        """The ratios of some cases by their figures, row by row, and what they can carry: what operations bring in a year, over
        the least cover, less what other debts take, holds so many fen of principal and interest of the first year."""
        segment = cases["segment"]
        debt = _ratio(figures["liabilities_fen"], figures["assets_fen"])
        current = _ratio(figures["current_assets_fen"], figures["current_liabilities_fen"])
        cover = _ratio(figures["revenue_fen"] - figures["cost_fen"], figures["interest_fen"])
        others, share = MONTHS * cases["monthly_debt_fen"], self._yearly_share_ppm(cases)
        cash = np.maximum(figures["operating_cash_fen"], 0)
        service = _ratio(cash, others + mul_div_round(cases["amount_fen"], share, PPM))
        left = np.maximum(mul_div_round(cash, PPM, self._service_min[segment]) - others, 0)
        capacity = mul_div_round(left, PPM, share) // self._step * self._step
        misses = (
            (debt > self._debt_max[segment]).astype(np.int64)
            + (current < self._current_min[segment])
            + (cover < self._cover_min[segment])
        )
        return Judgement(debt, current, cover, service, capacity, misses)

    def _yearly_share_ppm(self, cases: Rows) -> Ints:
        """Of a loan, what its first year takes: so much of the principal as is due by even payments, and a year's interest."""
        months = np.maximum(cases["term_months"], MONTHS)
        return np.asarray(MONTHS * PPM // months + self._rate_ppm[cases["product"], cases["grade"]])

    def grade(self, misses: Ints, concerns: Ints, advised: Bools) -> Ints:
        """Sound, fair or weak by the ratios; weak at best where a concern weakens or the visitor advises against; and against it
        where a concern forbids it."""
        found = np.where(misses == 0, int(Analysis.SOUND), int(Analysis.FAIR))
        weak = (misses > self._misses_fair) | ((concerns & self.weakens) != 0) | ~advised
        found = np.where(weak, int(Analysis.WEAK), found)
        return np.where((concerns & self.declines) != 0, int(Analysis.AGAINST), found)
