"""The books (账册) of businesses: what a year's statements show. Everything follows from what really comes in and from the latent
quality, so weak businesses show weak figures; some who deceive the bank have statements that do not agree with themselves."""

from __future__ import annotations

import numpy as np

from credit.due_diligence.contract import STATEMENT
from credit.times import Ints
from scenarios.model import Scenario
from sim.randomness import Draws
from sim.truth import Truth

_MONTHS = 12
_REVENUE = 2
"""Revenue in what is left of it before debts."""
_ASSETS_PPM = 600_000
"""Of revenue."""
_CASH_LEAST_PPM, _CASH_SPAN_PPM = 300_000, 400_000
"""Cash from operations, of what comes in, from the weakest to the strongest."""
_EARNED_LEAST_PPM, _EARNED_SPAN_PPM = 200_000, 800_000
"""Earnings before interest and tax, of that cash."""
_DEBT_MOST_PPM, _DEBT_SPAN_PPM, _DEBT_LUCK_PPM = 800_000, 450_000, 80_000
"""Liabilities, of assets."""
_INTEREST_PPM, _TAX_PPM = 50_000, 50_000
_CURRENT_PPM, _CURRENT_DEBT_PPM, _STOCK_PPM = 600_000, 800_000, 400_000
_FORGED_PPM = 50_000
"""By so much of its assets a forged balance sheet does not agree."""
_REVENUE_EACH_FEN = 50_000_000
"""Revenue that one person more stands for."""


class Statements:
    """Statements of one world's parties; pure functions of the party."""

    def __init__(self, scenario: Scenario, seed: int, truth: Truth) -> None:
        self._truth, self._forged_ppm = truth, scenario.behaviour.statements_forged_ppm
        self._scripted = len(scenario.script)
        self._draws = Draws(seed, "books", ("debt", "forged"))

    def of(self, party: Ints, year: Ints) -> dict[str, Ints]:
        """Columns of `STATEMENT` for a financial year."""
        quality, scripted = self._truth.quality_ppm(party), party <= self._scripted
        income = _MONTHS * self._truth.true_income_fen(party)
        cash = _of(income, _CASH_LEAST_PPM + _of(quality, _CASH_SPAN_PPM))
        earned = _of(cash, _EARNED_LEAST_PPM + _of(quality, _EARNED_SPAN_PPM))
        revenue = income * _REVENUE
        assets = np.maximum(_of(revenue, _ASSETS_PPM), 1)
        luck = self._draws["debt"].below(2 * _DEBT_LUCK_PPM, party) - _DEBT_LUCK_PPM
        share = _DEBT_MOST_PPM - _of(quality, _DEBT_SPAN_PPM) + np.where(scripted, 0, luck)
        liabilities, current = _of(assets, share), _of(assets, _CURRENT_PPM)
        interest = _of(liabilities, _INTEREST_PPM)
        tax = _of(np.maximum(earned - interest, 0), _TAX_PPM)
        forges = self._truth.is_fraud(party) | self._truth.people.inflates_income(party)
        forged = forges & ~scripted & self._draws["forged"].happens(self._forged_ppm, party)
        figures = {
            "year": year,
            "employees": 1 + revenue // _REVENUE_EACH_FEN,
            "revenue_fen": revenue,
            "cost_fen": revenue - earned,
            "interest_fen": interest,
            "tax_fen": tax,
            "profit_fen": earned - interest - tax,
            "assets_fen": assets,
            "current_assets_fen": current,
            "stock_fen": _of(current, _STOCK_PPM),
            "liabilities_fen": liabilities,
            "current_liabilities_fen": _of(liabilities, _CURRENT_DEBT_PPM),
            "equity_fen": assets - liabilities + np.where(forged, _of(assets, _FORGED_PPM), 0),
            "operating_cash_fen": cash,
        }
        return {name: np.asarray(figures[name], dtype=np.int64) for name in STATEMENT.split()}


def _of(amount: Ints, ppm: Ints | int) -> Ints:
    """A share of amounts, to the thousandth."""
    return np.asarray(
        amount // 1_000 * (np.asarray(ppm) // 1_000) + amount % 1_000 * (np.asarray(ppm) // 1_000) // 1_000
    )
