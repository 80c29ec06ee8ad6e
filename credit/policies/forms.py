"""A product's own form (产品专项信息, PRD-08): the fields that it asks for beside those of every application, as data in the
product's file. What a value must be is said here, for whole columns."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from credit.policies.base import WORDS, PolicyModel
from credit.texts import codes_of
from credit.times import Bools

FIELDS_MAX = 4
"""So many fields of its own a product may have."""
VALUE_CHARACTERS = 24
"""So long a value may be."""
OWN = tuple(f"detail{place}" for place in range(1, FIELDS_MAX + 1))
"""The columns that hold the values, in the order of the product's fields."""
DETAILS = " ".join(f"{name}:U{VALUE_CHARACTERS}" for name in OWN)
_ACCOUNT_DIGITS = (12, 19)
_NUMBER_DIGITS = 15
_ZERO = ord("0")


class FormField(PolicyModel):
    """One field of a product's own form."""

    key: str = Field(pattern="^[a-z][a-z0-9_]{1,29}$")
    """How the form names it."""
    name: Annotated[str, WORDS]
    """In English."""
    name_zh: Annotated[str, WORDS]
    """In Chinese."""
    kind: Literal["text", "number", "amount", "account", "choice"]
    """text; number; amount, in whole yuan; account or card number, 12 to 19 digits; choice, one of `options`."""
    required: bool = True
    """Whether a form without it is refused."""
    least: int = Field(default=0, ge=0, le=10**12)
    """[of the kind] Least number or amount; of a text, least characters."""
    most: int = Field(default=VALUE_CHARACTERS, ge=1, le=10**12)
    """[of the kind] Largest number or amount; of a text, most characters."""
    options: list[Annotated[str, Field(min_length=1, max_length=VALUE_CHARACTERS)]] = []
    """What may be chosen."""
    example: str = Field(default="", max_length=VALUE_CHARACTERS)
    """[text] What a text may look like, as the form shows it; what simulated customers write."""

    @model_validator(mode="after")
    def _consistent(self) -> FormField:
        if (self.kind == "choice") != bool(self.options):
            raise ValueError(f"fields {self.key}: options: needed for a choice, and for nothing else")
        if self.kind == "text" and (self.most > VALUE_CHARACTERS or not self.least <= len(self.example) <= self.most):
            raise ValueError(
                f"fields {self.key}: a text has at most {VALUE_CHARACTERS} characters and an example within least and most"
            )
        if self.least > self.most:
            raise ValueError(f"fields {self.key}: least is above most")
        return self

    def fits(self, values: npt.NDArray[np.str_]) -> Bools:
        """Whether each value, none of them empty, is one that the field takes."""
        length = np.char.str_len(values)
        if self.kind == "text":
            said = np.char.str_len(np.char.strip(values))
            return np.asarray((said >= max(self.least, 1)) & (length <= self.most))
        if self.kind == "choice":
            return np.isin(values, self.options)
        codes = codes_of(values)
        digits = (((codes >= _ZERO) & (codes <= _ZERO + 9)) | (codes == 0)).all(axis=1)
        if self.kind == "account":
            return np.asarray(digits & (length >= _ACCOUNT_DIGITS[0]) & (length <= _ACCOUNT_DIGITS[1]))
        short = digits & (length <= _NUMBER_DIGITS)
        number = np.where(short, values, "0").astype(np.int64)
        return np.asarray(short & (number >= self.least) & (number <= self.most))
