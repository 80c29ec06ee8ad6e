"""Post-loan policy (贷后管理政策): who is inspected how often and by whom, and what follows from a finding (WRN-10, CUS-01)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from credit.codes import Finding, Segment
from credit.policies.base import Minute, PolicyModel, Yuan, known_names, last_fits_all


class InspectionPlan(PolicyModel):
    """One row of the plans; the first that fits a loan decides."""

    key: str
    """Its name."""
    segments: list[str] = []
    """Customers it is for: individual, micro, enterprise; empty = all."""
    products: list[str] = []
    """Keys of the products it is for; empty = all."""
    amount_from: Yuan = 0
    """Least amount."""
    grade_from: int = Field(default=0, ge=0, le=5)
    """[grade] Weakest grades only: 4 = from WEAK on; 0 = all."""
    a_year: int = Field(ge=1, le=52)
    """[times] Inspections a year."""
    by: Literal["customer_manager", "system"]
    """customer_manager: a person goes there (现场检查) · system: the bank's own records are looked at (非现场检查)."""


class PostLoanPolicy(PolicyModel):
    """All that inspections decide by. Times of day are minutes after midnight."""

    first_days: int = Field(ge=1, le=180)
    """Within so many days of a payment the first inspection after it, of the use of the money, is due."""
    task_workdays: int = Field(ge=1, le=60)
    """An inspection is due at the close of the so-manieth workday."""
    review_workdays: int = Field(ge=1, le=60)
    """The review of what was found is due at the close of the so-manieth workday."""
    closing_minute: Minute
    """Close of business."""
    watched_a_year: int = Field(ge=1, le=52)
    """[times] Inspections a year, at least, while a warning stands."""
    restricts: list[str]
    """Findings for which use is restricted (限制用信): use_diverted, finances_worse, collateral_impaired."""
    plans: list[InspectionPlan] = Field(min_length=1)
    """Inspection plans."""

    @model_validator(mode="after")
    def _holds(self) -> PostLoanPolicy:
        known_names("restricts", self.restricts, list(Finding.__members__))
        for plan in self.plans:
            known_names(f"plans: {plan.key}: segments", plan.segments, list(Segment.__members__))
        last_fits_all("plans", self.plans, ("segments", "products", "amount_from", "grade_from"), "loan")
        return self
