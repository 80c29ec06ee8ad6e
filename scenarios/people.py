"""The sections of a scenario that say who comes and when: the product mix, the shape of arrivals, the population and what
partners hold on it. A margin or a rate that nobody could draw from is refused here, in words."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from credit.policies.base import WORDS, PolicyModel, SharePpm, Weight, Yuan

Factor = Annotated[int, Field(ge=0, le=100_000_000)]
"""A multiplier in millionths: 1000000 leaves things as they are."""


def _local(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is not None:
        raise ValueError("times are the bank's own wall time: leave out the zone (Z, +08:00)")
    return moment


Moment = Annotated[dt.datetime, AfterValidator(_local)]
"""The bank's own wall time."""


class Demand(PolicyModel):
    """What the world makes of one product. The figures stand in [world] of the product's file; a scenario lays its own over
    them. The segment of who comes follows from the product (CUS-02)."""

    weight: int = Field(ge=0, le=1_000_000_000)
    """How many of the arrivals come for it, relative to the weights of the other products."""
    amount_in_incomes_ppm: Factor
    """Amount asked, in monthly incomes, at the median."""
    desk_time_ppm: Factor
    """Time a case takes at an approval desk, relative to the desk's own."""
    miss_ppm: Factor
    """Chance of a missed instalment relative to the person's other debts: a new instalment is the first to be let go, a house
    the last. It moves the bank's own overdue rate without touching what the bureau holds on the same people."""


class Campaign(PolicyModel):
    """A span of days with more (or fewer) arrivals: a campaign, a burst, a quiet week. Hours optional."""

    name: Annotated[str, WORDS]
    """What the report calls it, in English."""
    name_zh: Annotated[str | None, WORDS] = Field(default=None, min_length=1)
    """The same in Chinese."""
    from_day: dt.date
    """The first day of the span."""
    to_day: dt.date
    """The last day of the span, itself included."""
    from_hour: int = Field(default=0, ge=0, le=23)
    """The first hour of each of its days."""
    to_hour: int = Field(default=24, ge=1, le=24)
    """The hour at which it ends on each of its days."""
    factor_ppm: Factor
    """Arrivals relative to an ordinary time."""

    @model_validator(mode="after")
    def _forwards(self) -> Campaign:
        if self.to_day < self.from_day:
            raise ValueError("to_day: must not lie before from_day")
        if self.to_hour <= self.from_hour:
            raise ValueError("to_hour: must lie after from_hour")
        return self


class ArrivalShape(PolicyModel):
    """Intensity of arrivals by hour, weekday, holiday, month and growth over a year."""

    hour_weights: list[Weight] = Field(
        default=[4, 2, 1, 1, 1, 3, 10, 25, 60, 95, 100, 85, 55, 70, 90, 85, 75, 65, 55, 60, 65, 50, 30, 12],
        min_length=24,
        max_length=24,
    )
    """Arrivals by hour of the day, from 0:00 on, relative to one another."""
    weekday_weights: list[Weight] = Field(default=[110, 105, 100, 100, 105, 60, 45], min_length=7, max_length=7)
    """Arrivals by weekday, from Monday on."""
    holiday_weight: Weight = 25
    """Weight of a public holiday; make-up workdays count as Mondays."""
    month_weights: list[Weight] = Field(
        default=[105, 70, 110, 100, 100, 105, 95, 95, 105, 85, 105, 120], min_length=12, max_length=12
    )
    """Arrivals by month, from January on."""
    growth_per_year_ppm: int = Field(default=80_000, ge=-900_000, le=10_000_000)
    """By how much more come a year later, as a share."""
    campaigns: list[Campaign] = []
    """Spans with more or fewer arrivals."""

    @model_validator(mode="after")
    def _somebody_comes(self) -> ArrivalShape:
        for name in ("hour_weights", "weekday_weights", "month_weights"):
            if not any(getattr(self, name)):
                raise ValueError(f"{name}: needs a weight above zero")
        return self


class PopulationShape(PolicyModel):
    """Margins of the population and the rates at which forms are wrong."""

    age_bands: list[Annotated[int, Field(ge=1, le=120)]] = [18, 25, 30, 35, 40, 45, 50, 55, 60, 70]
    """[years] Edges of the bands of a person's age."""
    age_weights: list[Weight] = [11, 18, 20, 17, 13, 9, 6, 4, 2]
    """People by band of age, relative to one another."""
    monthly_income_bands: list[Yuan] = Field(
        default=[2_000, 4_000, 6_000, 8_000, 12_000, 20_000, 40_000, 100_000], validate_default=True
    )
    """Edges of the bands of a person's true income a month; firms take in a multiple of their owner's."""
    income_weights: list[Weight] = [10, 22, 25, 20, 14, 7, 2]
    """People by band of income, relative to one another."""
    region_weights: list[Weight] = Field(default=[12, 7, 29, 27, 15, 10], min_length=6, max_length=6)
    """North, north-east, east, south and centre, south-west, north-west: where people are registered."""
    repeat_ppm: SharePpm = 60_000
    """Share of arrivals that are an earlier party coming again."""
    rush_ppm: SharePpm = 4_000
    """Share that apply several times within days through several channels (SCO-11)."""
    restated_ppm: SharePpm = 50_000
    """Share of the later applications of one person in which he tells a much higher income than before (SCO-10)."""
    wrong_check_digit_ppm: SharePpm = 6_000
    """Forms whose ID number has a wrong check digit."""
    wrong_id_length_ppm: SharePpm = 4_000
    """Forms whose ID number is too short or too long (CUS-08)."""
    malformed_mobile_ppm: SharePpm = 6_000
    """Forms whose mobile number is none (CUS-08)."""
    missing_field_ppm: SharePpm = 4_000
    """Forms with an empty required field (CUS-05)."""
    amount_out_of_range_ppm: SharePpm = 6_000
    """Forms that ask for more than the applicant may, or for less than the product offers."""
    vague_purpose_ppm: SharePpm = 12_000
    """Forms whose purpose is too vague to be accepted (APP-08)."""
    missing_document_ppm: SharePpm = 8_000
    """Forms that lack a required document."""
    expired_document_ppm: SharePpm = 5_000
    """Forms of people whose ID card, or whose firm's licence, is no longer valid; ours (APP-16)."""
    late_document_ppm: SharePpm = 80_000
    """A conditional document that comes later (APR-13)."""
    no_bureau_consent_ppm: SharePpm = 2_000
    """Forms without the consent to ask the bureau."""
    no_auto_debit_ppm: SharePpm = 60_000
    """Share who do not let the bank debit their account; they pay by hand."""
    fraud_ppm: SharePpm = 4_000
    """Share of persons who deceive the bank and never mean to pay."""
    gang_ppm: SharePpm = 1_000
    """Share who belong to a gang that shares devices."""
    listed_ppm: SharePpm = 5_000
    """Share who stand on a risk list."""
    income_inflation_ppm: SharePpm = 60_000
    """Share that declare far more income than they have."""
    thin_employment_ppm: SharePpm = 40_000
    """Share employed for less than half a year; the others for `employment_months_mean` on average."""
    employment_months_mean: int = Field(default=66, ge=6, le=600)
    """Time with the present employer, or in business, on average."""
    micro_income_factor: int = Field(default=20, ge=1, le=1_000)
    """[times] How many times a person's income a micro firm takes in a month, at the median."""
    enterprise_income_factor: int = Field(default=400, ge=1, le=2_000)
    """[times] How many times a person's income a firm of that size takes in a month, at the median."""
    tolerance_ppm: Annotated[SharePpm, WORDS] = 20_000
    """How far a drawn margin may lie from its declared one in the fidelity report."""

    @model_validator(mode="after")
    def _drawable(self) -> PopulationShape:
        for name, edges, weights in (
            ("age", self.age_bands, self.age_weights),
            ("income", self.monthly_income_bands, self.income_weights),
        ):
            if len(edges) != len(weights) + 1 or len(edges) < 2 or edges != sorted(set(edges)):
                raise ValueError(f"the {name} bands need rising edges, one more than there are weights")
            if not any(weights):
                raise ValueError(f"{name}_weights: needs a weight above zero")
        if not any(self.region_weights):
            raise ValueError("region_weights: needs a weight above zero")
        if self.fraud_ppm < self.gang_ppm:
            raise ValueError(
                f"fraud_ppm: must be at least gang_ppm ({self.gang_ppm}), whose members deceive the bank; given {self.fraud_ppm}"
            )
        if self.repeat_ppm + self.rush_ppm > 998_000:
            name, other = (
                ("rush_ppm", "repeat_ppm") if "repeat_ppm" not in self.model_fields_set else ("repeat_ppm", "rush_ppm")
            )
            raise ValueError(
                f"{name}: with {other} at most 998000, since somebody has to come for the first time; given "
                f"{getattr(self, name)} and {getattr(self, other)}"
            )
        if sum(self.defects_ppm()) > 1_000_000:
            raise ValueError(
                f"wrong_check_digit_ppm: the rates of wrong forms must sum to at most 1000000, not {sum(self.defects_ppm())}"
            )
        if min(high - low for low, high in zip(self.age_bands, self.age_bands[1:], strict=False)) < 2:
            raise ValueError("age_bands: each must span at least two years")
        return self

    def defects_ppm(self) -> list[int]:
        """Rates of the defects a form can have, of which it has at most one (see `sim.population.defects.Defect`)."""
        return [
            self.wrong_check_digit_ppm,
            self.wrong_id_length_ppm,
            self.malformed_mobile_ppm,
            self.missing_field_ppm,
            self.amount_out_of_range_ppm,
            self.vague_purpose_ppm,
            self.missing_document_ppm,
            self.no_bureau_consent_ppm,
            self.expired_document_ppm,
        ]


class Files(PolicyModel):
    """What partners hold on people: credit files, tax, carrier, registry, courts. Means are of the customer in the middle;
    weaker customers show more lenders, queries and debt, stronger ones more deposits."""

    thin_ppm: SharePpm = 70_000
    """Share without any credit history."""
    lenders_mean_ppm: Factor = 1_600_000
    """Lenders a person has elsewhere, on average; 1000000 = one lender."""
    queries_3m_mean_ppm: Factor = 1_300_000
    """Bureau queries about a person in three months, on average; 1000000 = one query."""
    history_months_mean: int = Field(default=70, ge=1, le=600)
    """Age of a credit history, on average."""
    debt_share_median_ppm: SharePpm = 110_000
    """Monthly instalments elsewhere, as a share of the income."""
    debt_months: int = Field(default=30, ge=1, le=600)
    """Debt elsewhere, in monthly instalments."""
    overdue_dpd_mean: int = Field(default=6, ge=1, le=3_660)
    """How late a missed instalment elsewhere was, on average."""
    deposit_months_mean_ppm: Factor = 1_800_000
    """Deposits with the bank, in monthly incomes."""
    account_ppm: SharePpm = 650_000
    """Share who have an account with the bank when they apply."""
    account_months_mean: int = Field(default=40, ge=1, le=600)
    """Age of an account, on average."""
    flow_least_ppm: SharePpm = 600_000
    """Between this share and all of the true income comes in on an account with the bank."""
    wealth_ppm: SharePpm = 250_000
    """Share of account holders with wealth products (理财), in the middle of the people."""
    wealth_months_mean_ppm: Factor = 3_000_000
    """Wealth products held, in monthly incomes."""
    card_limit_months_mean_ppm: Factor = 2_500_000
    """Limits of credit cards, in monthly incomes."""
    guaranteeing_ppm: SharePpm = 120_000
    """Share of firms that guarantee debts of others."""
    guarantee_months_mean_ppm: Factor = 4_000_000
    """What such a firm guarantees, in monthly takings."""
    tax_least_ppm: SharePpm = 870_000
    """Taxed income lies between this share and all of the true income."""
    mobile_months_mean: int = Field(default=50, ge=1, le=600)
    """Age of a mobile number, on average."""
    mobile_mismatch_ppm: SharePpm = 4_000
    """Share whose mobile number the carrier knows under another name."""
    registry_gap_ppm: SharePpm = 30_000
    """Share of firms registered for half as long as they say."""
    inactive_ppm: SharePpm = 5_000
    """Share of firms that the registry calls inactive."""
    litigation_ppm: SharePpm = 30_000
    """Share with a lawsuit in the courts' files."""
    fraud_mobile_mismatch_ppm: SharePpm = 400_000
    """The same share among fraudsters."""
    fraud_identity_mismatch_ppm: SharePpm = 180_000
    """Share of fraudsters whose identity public security does not confirm."""
    fraud_inactive_ppm: SharePpm = 300_000
    """Share of fraudsters' firms that the registry calls inactive."""
