"""Repayment policy (还款政策): debit and reminder days, retries, penalty interest, early repayment fees, plans set by hand and
the mark of non-performing loans. Whatever differs by product or by loan is a row here, never a branch in code."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from credit.errors import CreditError
from credit.policies.base import PolicyModel, SharePpm, Yuan
from credit.schedules_custom import CustomPlan, staged_plan
from credit.times import MINUTE_MS

PENALTY_FACTOR_PPM_MAX = 3_000_000


class DebitTerms(PolicyModel):
    """Debit day and reminder of a product, or of one application (`case`) alone (REP-07, EX-05)."""

    key: str
    """How a scenario names the row."""
    product: int = Field(default=0, ge=0, le=99)
    """[code] Product code; 0 = no product, the row is for `case`."""
    case: int = Field(default=0, ge=0, le=10**15)
    """[number] Number of an application; 0 = none, the row is for `product`."""
    debit_day: int = Field(default=0, ge=0, le=31)
    """Day of the month; 0 = the day of disbursement."""
    reminder_days: int = Field(default=3, ge=0, le=27)
    """Days before the due date on which the customer is reminded; 0 = no reminder."""

    @model_validator(mode="after")
    def _one_of_both(self) -> DebitTerms:
        if (self.product == 0) == (self.case == 0):
            raise ValueError(f"debit terms {self.key}: give either a product or a case")
        return self


class EarlyFee(PolicyModel):
    """Fee for early repayment (违约金) of a product, as a share of the principal repaid early (REP-11)."""

    key: str
    """The product."""
    product: int = Field(ge=1, le=99)
    """[code] The product's code."""
    fee_ppm: SharePpm = 0
    """Share of what is repaid early."""
    free_after_months: int = Field(default=0, ge=0, le=480)
    """No fee once the loan has run so many whole months; 0 = always the fee."""


class PlanByHand(PolicyModel):
    """A repayment plan set by hand (REP-03): stages of principal at instalment numbers, interest every so many months."""

    key: str
    """How a scenario names the plan."""
    months: int = Field(ge=1, le=480)
    """The term it is for."""
    interest_every: int = Field(ge=1, le=480)
    """[months] Interest is paid so often."""
    stages_ppm: dict[int, SharePpm]
    """Share of the principal that falls due, by number of the instalment."""

    @model_validator(mode="after")
    def _holds(self) -> PlanByHand:
        try:
            self.plan()
        except CreditError as error:
            raise ValueError(f"plan {self.key}: {error}") from None
        return self

    def plan(self) -> CustomPlan:
        """The plan as columns."""
        return staged_plan(self.months, self.interest_every, self.stages_ppm)


class NewTerms(PolicyModel):
    """What holds where a loan gets other terms (重组), REP-13, NPL-11."""

    arrears_interest: Literal["deferred", "capitalised"]
    """What becomes of interest in arrears: it falls due with the first interest of the new plan and bears none (deferred, 延后),
    or it becomes principal (capitalised, 转为本金)."""
    penalty: Literal["waived", "deferred"]
    """What becomes of the penalty in arrears: the bank gives it up (waived, 减免), or it falls due with that interest."""
    extension_short_months: int = Field(ge=1, le=480)
    """A loan of so many months at most is a short one."""
    extension_short_ppm: int = Field(ge=0, le=1_000_000)
    """A short loan is extended by this share of its term at most …"""
    extension_long_ppm: int = Field(ge=0, le=1_000_000)
    """… and a longer one by this share."""
    months_max: int = Field(ge=1, le=480)
    """The longest plan that other measures begin."""
    burden_months: int = Field(ge=1, le=36)
    """Over so many months the burden of the old and the new plan are compared (EX-18)."""


class RepaymentPolicy(PolicyModel):
    """All that repayment decides by. Times of day are minutes after midnight."""

    debit_minute: int = Field(ge=0, le=1_439)
    """When automatic debits run."""
    reminder_minute: int = Field(ge=0, le=1_439)
    """When reminders go out."""
    first_period_days_min: int = Field(ge=1, le=31)
    """Of loans with a debit day of their own (`debit_terms`): a first debit day nearer than this moves to the next month."""
    retry_daily_dpd_max: int = Field(ge=0, le=3_660)
    """[days past due] Up to here a failed debit is tried again every day …"""
    retry_every_days: int = Field(ge=1, le=366)
    """… and then every so many days."""
    unavailable_retry_minutes: int = Field(ge=1, le=1_440)
    """When core banking does not answer, the debit is asked again so much later …"""
    unavailable_tries_max: int = Field(ge=0, le=50)
    """[times] … so often a day at most."""
    follow_up_workdays: int = Field(ge=1, le=30)
    """A failed debit is to be followed up by the close of the so-manieth workday (REP-08)."""
    follow_up_closing_minute: int = Field(ge=0, le=1_439)
    """Close of business of the desk that does."""
    penalty_factor_ppm: int = Field(ge=1_000_000, le=PENALTY_FACTOR_PPM_MAX)
    """Rate of penalty interest (罚息), relative to the loan's."""
    non_performing_dpd: int = Field(ge=1, le=366)
    """[days past due] Non-performing (不良) when DPD is above this (NPL-01)."""
    partial_minimum: Yuan
    """Smallest partial early repayment."""
    debit_terms: list[DebitTerms] = []
    """By product or case (REP-07)."""
    early_fees: list[EarlyFee] = []
    """By product (REP-11)."""
    plans: list[PlanByHand] = []
    """Plans set by hand (REP-03)."""
    plan_interest_every: int = Field(ge=1, le=480)
    """[months] A CUSTOM loan whose term has no plan of its own pays interest so often, and principal in equal stages then."""
    restructuring: NewTerms
    """Other terms (重组)."""

    @model_validator(mode="after")
    def _once(self) -> RepaymentPolicy:
        for what, values in (
            ("debit_terms: product", [row.product for row in self.debit_terms if row.product]),
            ("debit_terms: case", [row.case for row in self.debit_terms if row.case]),
            ("early_fees: product", [row.product for row in self.early_fees]),
            ("plans: months", [row.months for row in self.plans]),
        ):
            if len(set(values)) != len(values):
                raise ValueError(f"{what}: two rows for the same; one is allowed")
        return self

    @property
    def debit_ms(self) -> int:
        return self.debit_minute * MINUTE_MS

    @property
    def reminder_ms(self) -> int:
        return self.reminder_minute * MINUTE_MS

    def plan_for(self, months: int) -> CustomPlan:
        """The plan set by hand of a CUSTOM loan of so many months."""
        for row in self.plans:
            if row.months == months:
                return row.plan()
        every = min(self.plan_interest_every, months)
        numbers = [*range(every, months, every), months]
        share = 1_000_000 // len(numbers)
        stages = dict.fromkeys(numbers, share)
        stages[months] = 1_000_000 - share * (len(numbers) - 1)
        return staged_plan(months, every, stages)
