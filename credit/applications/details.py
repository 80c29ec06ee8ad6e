"""The fields that a product asks for beside those of every form (PRD-08): each product's forms are held against that product's
own list, whole columns at a time."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import Refusal
from credit.masks import any_of, true_rows
from credit.policies.forms import OWN
from credit.policies.products import ProductPolicy
from credit.room import Rows
from credit.texts import present
from credit.times import Ints


class Details:
    """The products' own forms, ready for whole columns."""

    def __init__(self, products: ProductPolicy) -> None:
        self._fields = {product.code: product.fields for product in products.products}

    def faults(self, rows: Rows) -> Ints:
        """What is wrong with each own field of each form: a row a form, a column a field, 0 = nothing."""
        faults = np.zeros((len(rows), len(OWN)), dtype=np.int64)
        given = np.array([present(rows[name]) for name in OWN]).T
        if any_of(given.ravel()):
            faults[given] = Refusal.DETAIL_UNKNOWN
        for code, fields in self._fields.items():
            mine = true_rows(rows["product"] == code)
            if not (len(fields) and len(mine)):
                continue
            for place, field in enumerate(fields):
                filled = mine[given[mine, place]]
                fits = field.fits(rows[OWN[place]][filled])
                faults[filled, place] = np.where(fits, 0, int(Refusal.DETAIL_WRONG))
                if field.required:
                    faults[mine[~given[mine, place]], place] = Refusal.DETAIL_MISSING
        return faults
