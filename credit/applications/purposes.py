"""Loan purposes (贷款用途): real and specific passes, generic is refused (APP-08). Known texts are found by their keys in
whole columns; anything else, which is rare, is read one by one. A text that names a vague purpose and nothing
more is vague."""

from __future__ import annotations

import numpy as np

from credit.masks import true_rows
from credit.policies.admission import AdmissionPolicy
from credit.policies.products import ProductPolicy
from credit.room import Rows
from credit.texts import text_keys
from credit.times import Ints

PURPOSE_MISSING = -1
PURPOSE_VAGUE = -2
PURPOSE_OTHER = 99
_TEXT = "U12"


class Purposes:
    """The policy's purposes, ready for whole columns: `codes(rows)`."""

    def __init__(self, policy: AdmissionPolicy, products: ProductPolicy) -> None:
        self._policy = policy
        texts = ["", *policy.vague_purposes, *(p.key for p in policy.purposes)]
        keys = text_keys(np.array(texts, dtype=_TEXT))
        order = keys.argsort()
        self._keys = keys[order]
        self._by_product = np.stack([self._codes_for(_class_of(products, code)) for code in range(_size(products))])[
            :, order
        ]

    def codes(self, rows: Rows) -> Ints:
        """Purpose code of each SubmitApplication row; PURPOSE_MISSING, PURPOSE_VAGUE or PURPOSE_OTHER where it has none."""
        keys = text_keys(rows["purpose_text"])
        place = np.minimum(self._keys.searchsorted(keys), len(self._keys) - 1)
        product = rows["product"]
        known_product = np.where((product >= 0) & (product < len(self._by_product)), product, 0)
        codes = self._by_product[known_product, place]
        unknown = true_rows(self._keys[place] != keys)
        for row in unknown.tolist():
            codes[row] = self.read(str(rows["purpose_text"][row]))
        return codes

    def _codes_for(self, purpose_class: str | None) -> Ints:
        """Codes of the texts in the order of the constructor; a purpose of another class of products is not this one's."""
        accepted = [
            p.code if purpose_class is None or purpose_class in p.classes else PURPOSE_VAGUE
            for p in self._policy.purposes
        ]
        return np.array(
            [PURPOSE_MISSING, *(PURPOSE_VAGUE for _ in self._policy.vague_purposes), *accepted], dtype=np.int64
        )

    def read(self, text: str) -> int:
        """The code of a text that is none of the policy's."""
        plain = text.strip()
        if not plain:
            return PURPOSE_MISSING
        rest = plain
        for vague in sorted(self._policy.vague_purposes, key=len, reverse=True):
            rest = rest.replace(vague, "")
        if len(rest) < self._policy.purpose_length_min or self._policy.other_purpose == "refuse":
            return PURPOSE_VAGUE
        return PURPOSE_OTHER


def _size(products: ProductPolicy) -> int:
    return max(p.code for p in products.products) + 1


def _class_of(products: ProductPolicy, code: int) -> str | None:
    return next((p.purpose_class for p in products.products if p.code == code), None)
