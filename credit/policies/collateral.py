"""Collateral policy (押品管理政策): what may secure a loan, how much of its value is lent, how often it is valued again, which
guarantees take formalities before anything is paid, and how long each step may take (CON-24, PRD-03)."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from credit.codes import Collateral, Guarantee
from credit.policies.base import Minute, PolicyModel, SharePpm, known_names
from credit.policies.products import ProductColumns
from credit.times import Bools


class CollateralTerms(PolicyModel):
    """One kind of collateral."""

    key: str
    """The kind."""
    loan_to_value_ppm: SharePpm
    """Largest share of its value that is lent against it (抵质押率); 0 = nothing is lent against a value."""
    revaluation_months: int = Field(ge=0, le=120)
    """[months] Between two valuations; 0 = never valued again."""


class ProductCollateral(PolicyModel):
    """What secures the loans of a product."""

    key: str
    """The product."""
    kind: str
    """The kind of collateral."""


class CollateralPolicy(PolicyModel):
    """All that the collateral register decides by. Times of day are minutes after midnight."""

    valuation_workdays: Annotated[int, Field(ge=1, le=60)]
    """A valuation is due at the close of the so-manieth workday."""
    valuation_valid_days: Annotated[int, Field(ge=1, le=730)]
    """[days] How long a valuation holds while no contract follows."""
    formalities_workdays: Annotated[int, Field(ge=1, le=60)]
    """A step of formalities or of a release is due at the close of the so-manieth workday."""
    closing_minute: Minute
    """Close of business."""
    formalities: list[str]
    """Guarantees whose formalities (担保手续) come before any payment (DIS-02)."""
    kinds: list[CollateralTerms] = Field(min_length=1)
    """By kind."""
    products: list[ProductCollateral] = []
    """By product."""

    @model_validator(mode="after")
    def _holds(self) -> CollateralPolicy:
        kinds = [one.key for one in self.kinds]
        known_names("formalities", self.formalities, Guarantee.__members__)
        known_names("kinds", kinds, Collateral.__members__)
        for one in self.products:
            if one.kind not in kinds:
                raise ValueError(f"products: {one.key}: {one.kind!r} is not one of {', '.join(kinds)}")
        return self


def needing(policy: CollateralPolicy, products: ProductColumns) -> Bools:
    """True at the codes of products whose guarantee takes formalities."""
    return np.isin(products.guarantee, [Guarantee[name.upper()] for name in policy.formalities])
