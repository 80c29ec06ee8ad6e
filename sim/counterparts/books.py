"""The bank's own books on people (EXT-06): their accounts and what flows through them, wealth products, a firm's settlement. They
follow from the latent truth: of who earns well and pays well more comes in, more stays and more is kept. Who has no
account has no flows here, however well he earns; accounts of fraudsters are younger and have more gaps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit.codes import Segment
from credit.times import Ints
from scenarios.model import Scenario
from scenarios.script import ScriptedCustomer
from sim.curves import exponential
from sim.randomness import PPM, Draws
from sim.truth import Truth

_KILO = 1_000
_YEAR = 12
_YOUNG = 3
"""A fraudster's account is so many times younger."""
_GAPS_MEAN_PPM = 3_000_000
"""Months of the last twelve without income, of the weakest."""
_SPENT_LEAST_PPM, _SPENT_SPAN_PPM, _SPENT_BY_WEAK_PPM = 620_000, 200_000, 260_000
_SETTLED_LEAST_PPM, _SETTLED_SPAN_PPM = 150_000, 400_000


class Books:
    """The books of one bank; all methods are pure functions of the party."""

    def __init__(self, scenario: Scenario, seed: int, truth: Truth) -> None:
        self._shape, self._truth = scenario.files, truth
        self._unit = exponential(PPM)
        self._age = exponential(self._shape.account_months_mean, 1)
        self._draws = Draws(seed, "book", (*_SIZES, *_CHANCES, *_OTHERS))
        self._sizes, self._chances = self._draws.rows(*_SIZES), self._draws.rows(*_CHANCES)

    def of(self, party: Ints, segment: Ints) -> dict[str, Ints]:
        """What stands in them; zeros of who has no account."""
        truth, draws = self._truth, self._draws
        quality, fraud, income = truth.quality_ppm(party), truth.is_fraud(party), truth.true_income_fen(party)
        deposited, kept, without = self._sizes.quantile(self._unit, party) // _KILO
        account, wealthy = self._chances.ppm(party)
        has = account < self._shape.account_ppm
        months = np.where(has, 1 + draws["age"].quantile(self._age, party) // np.where(fraud, _YOUNG, 1), 0)
        by_quality = quality * 2 // _KILO
        deposits = _in_incomes(deposited, self._shape.deposit_months_mean_ppm // _KILO * by_quality, income)
        wealth = _in_incomes(kept, self._shape.wealth_months_mean_ppm // _KILO * by_quality, income)
        is_wealthy = wealthy < self._shape.wealth_ppm // _KILO * by_quality
        inflow = income // _KILO * self._part("inflow", self._shape.flow_least_ppm, PPM, party)
        held = {
            "account_months": months,
            "deposits_fen": deposits,
            "inflow_fen": inflow,
            "outflow_fen": self._spent(inflow, quality, party),
            "income_months": np.minimum(_months_paid(without, quality, fraud.astype(np.int64)), months),
            "least_balance_fen": deposits // _KILO * self._part("least", 0, quality, party),
            "wealth_fen": np.where(is_wealthy & (segment == Segment.INDIVIDUAL), wealth, 0),
            "settlement_fen": np.where(segment == Segment.INDIVIDUAL, 0, self._settled(income, quality, party)),
        }
        return {name: np.where(has, column, 0) for name, column in held.items()}

    def _part(self, name: str, least: int, most: Ints | int, party: Ints) -> Ints:
        """Thousandths, between two shares in millionths."""
        return np.asarray((least + self._draws[name].below(_KILO, party) * ((most - least) // _KILO)) // _KILO)

    def _spent(self, inflow: Ints, quality: Ints, party: Ints) -> Ints:
        weak = (PPM - quality) // _KILO * _SPENT_BY_WEAK_PPM // _KILO
        share = _SPENT_LEAST_PPM + weak + self._draws["spent"].below(_SPENT_SPAN_PPM, party)
        return np.asarray(inflow // _KILO * (share // _KILO))

    def _settled(self, income: Ints, quality: Ints, party: Ints) -> Ints:
        share = _SETTLED_LEAST_PPM + quality // 4 + self._draws["settled"].below(_SETTLED_SPAN_PPM, party)
        return np.asarray(income // _KILO * (share // _KILO))


def _in_incomes(size: Ints, mean_ppm: Ints, income: Ints) -> Ints:
    """Money held, an exponential in monthly incomes."""
    months = size * (mean_ppm // _KILO)
    return np.asarray(income // _KILO * (months // _KILO), dtype=np.int64)


def _months_paid(size: Ints, quality: Ints, fraud: Ints) -> Ints:
    mean = _GAPS_MEAN_PPM // _KILO * ((PPM - quality) // _KILO) * (1 + fraud)
    gaps = mean // _KILO * size // PPM
    return np.asarray(_YEAR - np.minimum(gaps, _YEAR), dtype=np.int64)


_SIZES = ("deposits", "wealth", "gaps")
"""Drawn from one exponential."""
_CHANCES = ("account", "wealthy")
_OTHERS = ("age", "inflow", "spent", "least", "settled")

WRITTEN: dict[str, Callable[[ScriptedCustomer], int]] = {
    "account_months": lambda one: one.account_months,
    "deposits_fen": lambda one: one.deposits,
    "inflow_fen": lambda one: one.monthly_inflow,
    "outflow_fen": lambda one: one.monthly_outflow,
    "income_months": lambda one: one.income_months,
    "least_balance_fen": lambda one: one.least_balance,
    "wealth_fen": lambda one: one.wealth,
    "settlement_fen": lambda one: one.monthly_settlement,
}
"""What stands in them of scripted customers."""
