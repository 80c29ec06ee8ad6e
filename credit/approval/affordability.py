"""Affordability (还款能力): what a customer can carry a month, and the largest amount that fits it (APR-14). Integers
only; a payment is never understated, so whoever is granted the amount can pay its instalments from the policy's share of
the income."""

from __future__ import annotations

import numpy as np

from credit.codes import Grade, Method
from credit.masks import clipped
from credit.policies.approval import ApprovalPolicy
from credit.policies.products import TERM_MONTHS_MAX, ProductColumns, ProductPolicy
from credit.room import Rows
from credit.times import Ints

PPM = 1_000_000
_UNIT = 10**8
_ROOM_MAX_FEN = 9 * 10**10
_YEAR = 12 * PPM


def payment_factor(rate_ppm: int, months: int, method: Method) -> int:
    """Monthly payment in fen for a principal of 10**8 fen, rounded up. Methods other than equal instalments are measured
    by an even repayment plus the first month's interest, so interest-first loans (先息后本) can't be had beyond means."""
    if method is Method.EQUAL_INSTALMENT and rate_ppm:
        grown: int = (_YEAR + rate_ppm) ** months
        plain: int = _YEAR**months
        return -(-_UNIT * rate_ppm * grown // (_YEAR * (grown - plain)))
    interest = 0 if method is Method.EQUAL_INSTALMENT else -(-_UNIT * rate_ppm // _YEAR)
    return -(-_UNIT // months) + interest


class Affordability:
    """The rule compiled for a catalogue."""

    def __init__(self, policy: ApprovalPolicy, products: ProductPolicy, columns: ProductColumns) -> None:
        size = len(columns.known)
        self._share = np.zeros(size, dtype=np.int64)
        for row in policy.products:
            self._share[products.by_key(row.key).code] = row.payment_share_ppm
        self._step = max(policy.amount_step, 1)
        self._factor = np.zeros((size, len(Grade) + 1, TERM_MONTHS_MAX + 1, len(Method) + 1), dtype=np.int64)
        for product in products.products:
            for grade in Grade:
                rate = product.rate_ppm_by_grade[grade - 1]
                for months in product.terms_months:
                    for method in Method:
                        self._factor[product.code, grade, months, method] = payment_factor(rate, months, method)

    def room_fen(self, cases: Rows) -> Ints:
        """What is left for a new monthly payment: the policy's share of income, less the payments of other debt. How much of
        an income counts that nothing verified, scoring has decided."""
        room = cases["verified_income_fen"] * self._share[cases["product"]] // PPM - cases["monthly_debt_fen"]
        return clipped(room, 0, _ROOM_MAX_FEN)

    def largest_fen(self, cases: Rows) -> Ints:
        """The amount asked where it is affordable, else the largest affordable one, rounded down to the policy's step."""
        factor = self._factors(cases)
        most = self.room_fen(cases) * _UNIT // np.maximum(factor, 1)
        cut = np.where(factor > 0, most // self._step * self._step, 0)
        return np.asarray(np.where((most >= cases["amount_fen"]) & (factor > 0), cases["amount_fen"], cut))

    def rounded_down(self, amount_fen: Ints) -> Ints:
        """Amounts rounded down to the policy's step."""
        return np.asarray(amount_fen // self._step * self._step)

    def _factors(self, cases: Rows) -> Ints:
        months = clipped(cases["term_months"], 0, TERM_MONTHS_MAX)
        return np.asarray(self._factor[cases["product"], cases["grade"], months, cases["method"]])
