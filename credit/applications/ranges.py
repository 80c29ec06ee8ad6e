"""What a customer may ask for of a product (APP-07): amount and term by his situation, within the product's own range. One rule
for the form that shows the range and for the desk that holds to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.codes import Segment
from credit.masks import clipped
from credit.policies import PolicyError
from credit.policies.admission import AdmissionPolicy
from credit.policies.products import TERM_MONTHS_MAX, ProductPolicy, columns_of
from credit.times import Ints

_NO_AGE = 1_000


class Range(NamedTuple):
    """Columns: the largest amount, and the longest term in months."""

    most_fen: Ints
    longest_months: Ints


class Ranges:
    """The policy's situations as columns by product and segment; PolicyError where one that is offered has none."""

    def __init__(self, policy: AdmissionPolicy, products: ProductPolicy) -> None:
        self._most = columns_of(products).amount_max
        size = len(self._most), max(Segment) + 1
        self._incomes, self._ages = np.zeros(size, dtype=np.int64), np.full(size, _NO_AGE)
        for product in products.products:
            for name in product.segments:
                fits = [
                    one for one in policy.situations if product.purpose_class in one.classes and name in one.segments
                ]
                if not fits:
                    raise PolicyError(f"policies.admission: situations: none for {name} of product {product.key}")
                place = product.code, Segment[name.upper()]
                self._incomes[place], self._ages[place] = (
                    fits[0].amount_in_incomes_max,
                    fits[0].age_at_end_max or _NO_AGE,
                )

    def of(self, product: Ints, segment: Ints, income_fen: Ints, age: Ints) -> Range:
        """The range of customers with a month's income and an age in completed years; a segment to which a product is not
        offered has the product's own."""
        incomes, most = self._incomes[product, segment], self._most[product]
        most = np.where(incomes > 0, np.minimum(most, incomes * income_fen), most)
        years = self._ages[product, segment] - age
        return Range(most, clipped(years * 12, 0, TERM_MONTHS_MAX))
