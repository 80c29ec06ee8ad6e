"""What they want: amount, term, repayment method and collateral, by product and income. A wish keeps to the
catalogue (range, options, methods); what lies outside is a defect of the form and made elsewhere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.applications.ranges import Range
from credit.codes import Guarantee, Method
from credit.policies.products import ProductPolicy
from credit.times import Ints
from scenarios.model import Scenario
from sim.curves import below_each, lognormal
from sim.randomness import PPM, Draws

_NO_TERM = 2**31
_FIRST_METHOD_PPM = 700_000
_SHARE_LEAST, _SHARE_SPAN = 180_000, 260_000
_LOAN_TO_VALUE_LEAST, _LOAN_TO_VALUE_SPAN = 500_000, 250_000

_SECURED = (Guarantee.MORTGAGE.name.lower(), Guarantee.PLEDGE.name.lower())
"""Guarantees whose applicants offer a thing."""


class Wish(NamedTuple):
    """Columns of what is asked for."""

    amount_fen: Ints
    term_months: Ints
    method: Ints
    collateral_fen: Ints


class Wishes:
    """Wishes by occasion: `occasion` is the visit, so who comes again asks for something else."""

    def __init__(self, scenario: Scenario, seed: int, products: ProductPolicy) -> None:
        wanted = products.products
        size = max(product.code for product in wanted) + 1
        self._range = np.zeros((size, 2), dtype=np.int64)
        self._step, self._incomes = np.ones(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        self._terms = np.full((size, max(len(p.terms_months) for p in wanted)), _NO_TERM, dtype=np.int64)
        self._methods = np.zeros((size, max(len(p.methods) for p in wanted)), dtype=np.int64)
        self._counts = np.ones((size, 2), dtype=np.int64)
        self._secured = np.zeros(size, dtype=bool)
        for product in wanted:
            code = product.code
            self._range[code] = product.amount_min, product.amount_max
            self._step[code] = _step(product.amount_min)
            self._incomes[code] = scenario.demand[product.key].amount_in_incomes_ppm
            self._terms[code, : len(product.terms_months)] = sorted(product.terms_months)
            self._methods[code, : len(product.methods)] = [Method[name.upper()] for name in product.methods]
            self._counts[code] = len(product.terms_months), len(product.methods)
            self._secured[code] = product.guarantee in _SECURED
        self._size = lognormal(PPM, 500_000, PPM // 10, 10 * PPM)
        self._draws = Draws(seed, "wish", ("amount", "share", "method", "which", "value"))

    def of(self, party: Ints, occasion: Ints, product: Ints, income_fen: Ints, mine: Range) -> Wish:
        """Wishes of parties on an occasion, given their true monthly income, within the range that the form shows them."""
        size = self._draws["amount"].quantile(self._size, party, occasion)
        asked = income_fen // 1_000 * (self._incomes[product] // 1_000) // 1_000 * (size // 1_000)
        low, high = self._range[product, 0], self._range[product, 1]
        high, step = np.minimum(high, mine.most_fen), self._step[product]
        amount = np.maximum(np.minimum(asked, high) // step * step, low)
        value = _LOAN_TO_VALUE_LEAST + self._draws["value"].below(_LOAN_TO_VALUE_SPAN, party, occasion)
        collateral = np.where(self._secured[product], amount // value * PPM, 0)
        term = self._term(party, occasion, product, amount, income_fen, mine.longest_months)
        return Wish(amount, term, self._method(party, product), collateral)

    def _term(self, party: Ints, occasion: Ints, product: Ints, amount: Ints, income_fen: Ints, longest: Ints) -> Ints:
        """The shortest option whose instalments stay within a share of the income, else the longest that the form shows him; the
        shortest of all where it shows none."""
        share = _SHARE_LEAST + self._draws["share"].below(_SHARE_SPAN, party, occasion)
        monthly = np.maximum(income_fen // 1_000 * share // 1_000, 1)
        needed = amount // monthly
        options = self._terms[product]
        last = np.maximum((options <= longest[:, None]).sum(axis=1) - 1, 0)
        index = np.minimum((options < needed[:, None]).sum(axis=1), last)
        return np.asarray(options[np.arange(len(product)), index], dtype=np.int64)

    def _method(self, party: Ints, product: Ints) -> Ints:
        """Mostly the product's first method; the same person prefers the same one."""
        count = self._counts[product, 1]
        other = 1 + below_each(self._draws["which"], np.maximum(count - 1, 1), party)
        first = self._draws["method"].happens(_FIRST_METHOD_PPM, party) | (count == 1)
        return self._methods[product, np.where(first, 0, other)]


def _step(amount_min: int) -> int:
    """People ask in round figures: a tenth of the least amount, at least a hundred yuan."""
    return max(amount_min // 10, 10_000)
