"""The texts that came beside the forms (`FormText`): joined, measured, and cut again for those who keep them. They are few, so
they are dealt with one by one."""

from __future__ import annotations

import numpy as np

from credit.applications.purposes import PURPOSE_OTHER, Purposes
from credit.customers.contract import CaseText
from credit.masks import true_rows
from credit.room import Rows
from credit.texts import Field, cut, groups, joined
from credit.times import Bools, Ints

NOT_WHOLE = 1 << 31
"""Stands for the length of a text of which a piece is lacking: longer than any limit."""


class Beside:
    """Texts of a batch of forms, by row."""

    def __init__(self, forms: Rows, texts: Rows) -> None:
        self._texts: dict[int, dict[Field, str]] = {}
        self._lengths = {field: np.zeros(len(forms), dtype=np.int64) for field in Field}
        self.without_form = texts[:0]
        for (at, party), pieces in groups(texts, "at party"):
            rows = true_rows((forms["at"] == at) & (forms["party"] == party)).tolist()
            if not rows:
                self.without_form = np.concatenate((self.without_form, pieces))
            for field, text in joined(pieces).items():
                for row in rows:
                    self._texts.setdefault(row, {})[field] = text or ""
                    self._lengths[field][row] = NOT_WHOLE if text is None else len(text)

    def length(self, field: Field) -> Ints:
        """Characters of each row's text; 0 where none came beside the form."""
        return self._lengths[field]

    def purposes(self, forms: Rows, purposes: Purposes) -> Ints:
        """The purpose code of each form, read from the longer text where there is one."""
        codes = purposes.codes(forms)
        for row, texts in self._texts.items():
            if Field.PURPOSE in texts:
                codes[row] = purposes.read(texts[Field.PURPOSE])
        return codes

    def kept(self, forms: Rows, case: Ints, purpose: Ints, ok: Bools) -> list[Rows]:
        """CaseText rows of the forms that are in order: what came beside them, and a purpose in the applicant's own words."""
        found = []
        for row in true_rows(ok & (purpose == PURPOSE_OTHER)).tolist():
            self._texts.setdefault(row, {}).setdefault(Field.PURPOSE, str(forms["purpose_text"][row]))
        for row, texts in sorted(self._texts.items()):
            if ok[row]:
                found += [
                    cut(CaseText, field, text, at=forms["at"][row], case=case[row]) for field, text in texts.items()
                ]
        return found
