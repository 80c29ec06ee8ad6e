"""Admission policy (准入政策): what a form must hold (CUS-05, CUS-08, APP-08, APP-10), who is let in (CUS-04), how long the
lists are waited for (EXT-07) and which team an application goes to (APP-17). Amounts, ages, purposes and teams
are read from here, never from code."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from credit.codes import Consent, Material
from credit.policies.base import LIVE, WORDS, PolicyModel, Yuan, known_names, last_fits_all

PurposeClass = Literal["consumer", "operating", "housing"]
STEPS = ("initial_review", "scoring", "approval", "contract", "disbursement")
AMOUNT_UNLIMITED_FEN = 10**15


class Criteria(PolicyModel):
    """Admission criteria (准入标准) of one class of products, CUS-04. `employment_months_min` is months in business for
    companies."""

    key: PurposeClass
    """The class of purpose."""
    age_min: int = Field(ge=14, le=100)
    """[years] Youngest let in."""
    age_max: int = Field(ge=14, le=100)
    """[years] Oldest let in."""
    income_min: Yuan
    """A month's declared income."""
    employment_months_min: int = Field(ge=0, le=600)
    """Least time in employment or business."""


class Situation(PolicyModel):
    """What a customer in a situation may ask for at most (APP-07); the first that fits product and segment decides."""

    key: str
    """How the policy names it."""
    classes: list[PurposeClass] = Field(min_length=1)
    """Classes of product that it is for."""
    segments: list[Literal["individual", "micro", "enterprise"]] = Field(min_length=1)
    """Segments that it is for."""
    amount_in_incomes_max: int = Field(ge=1, le=1_000)
    """[monthly incomes] Largest amount, within the product's."""
    age_at_end_max: int = Field(ge=0, le=120)
    """[years] How old who signs may be when the term ends; 0 = any age."""


class Purpose(PolicyModel):
    """One purpose the bank accepts (贷款用途), with the product classes it fits."""

    key: str = Field(min_length=2, max_length=12)
    """The text as it stands in the form."""
    code: int = Field(ge=1, le=98)
    """[code] Its number in records."""
    classes: list[PurposeClass] = Field(min_length=1)
    """Classes of product it fits."""


class Team(PolicyModel):
    """A team that works on applications (APP-17)."""

    key: str
    """How dispatch names it."""
    code: int = Field(ge=1, le=99)
    """[code] Its number in records."""
    name: Annotated[str, WORDS]
    """What reports call it."""


class Dispatch(PolicyModel):
    """One row of the dispatch table; the first row that fits decides. An empty list of products means all."""

    products: list[str] = []
    """Keys of the products it is for; empty = all."""
    amount_from: Yuan = 0
    """Least amount asked for."""
    risk_from: int = Field(default=0, ge=0, le=2)
    """[level] Least risk level before scoring: 0 ordinary, 1 raised (new and large, or repeated), 2 high."""
    team: str
    """Key of the team."""


class AdmissionPolicy(PolicyModel):
    """Everything the application desk decides by."""

    form_age_min: int = Field(ge=14, le=100)
    """[years] A form of somebody younger is refused (CUS-08)."""
    form_age_max: int = Field(ge=14, le=100)
    """[years] A form of somebody older is refused (CUS-08)."""
    required_consents: list[str]
    """Consents without which a form is refused."""
    key_materials: list[str]
    """Identity proofs that must be present at once, whatever a product says (APR-13)."""
    reused_materials: list[str]
    """Materials on file that an existing customer need not bring again (APP-05)."""
    form_ms: int = Field(ge=0, le=60_000)
    """Time from the form's arrival to the list query."""
    list_wait_ms: int = Field(ge=1, le=3_600_000)
    """How long the list port is waited for before the bank's own copy decides."""
    recent_days: int = Field(ge=1, le=365)
    """How far back repeated applications are counted (SCO-11)."""
    risk_raised_recent: int = Field(ge=2, le=5)
    """[applications] So many applications in `recent_days` raise the risk level by one."""
    risk_raised_amount: Yuan
    """A new customer who asks for this much has a raised risk level."""
    other_purpose: Literal["accept", "refuse"]
    """What happens to a purpose that is neither vague nor on the list."""
    purpose_length_min: int = Field(ge=1, le=12)
    """[characters] A purpose that is shorter is vague (APP-08)."""
    vague_purposes: list[str] = Field(min_length=1)
    """Purposes refused as too vague (APP-08)."""
    purposes: list[Purpose] = Field(min_length=1)
    """Purposes known by name."""
    entry_reason_min: Annotated[int, LIVE] = Field(ge=1, le=50)
    """[characters] The shortest reason with which somebody is entered in, or leaves, the risk library by hand (EXT-08)."""
    step_minutes: Annotated[dict[str, Annotated[int, Field(ge=1, le=100_000)]], LIVE]
    """Usual length of each step, for the estimated completion (APP-18)."""
    long_term_id_age_min: int = Field(ge=0, le=120)
    """[years] ID cards of people from this age on may be valid without an end (长期)."""
    situations: list[Situation] = Field(min_length=1)
    """The range of amounts and terms by the customer's situation (APP-07)."""
    criteria: list[Criteria] = Field(min_length=3, max_length=3)
    """Who is let in, by class of product (CUS-04)."""
    teams: list[Team] = Field(min_length=1)
    """The teams (APP-17)."""
    dispatch: list[Dispatch] = Field(min_length=1)
    """Which team an application goes to (APP-17)."""

    @model_validator(mode="after")
    def _consistent(self) -> AdmissionPolicy:
        known_names("required_consents", self.required_consents, list(Consent.__members__))
        known_names("key_materials", self.key_materials, list(Material.__members__))
        known_names("reused_materials", self.reused_materials, list(Material.__members__))
        _unique("teams", [str(t.code) for t in self.teams])
        for vague in self.vague_purposes:
            if vague in [p.key for p in self.purposes]:
                raise ValueError(f"purposes: {vague} is both vague and accepted")
        known = [t.key for t in self.teams]
        for row in self.dispatch:
            if row.team not in known:
                raise ValueError(f"dispatch: team {row.team!r} is not one of {', '.join(known)}")
        for step in STEPS:
            if self.step_minutes.get(step, 0) < 1:
                raise ValueError(f"step_minutes: {step} needs at least one minute")
        last_fits_all("dispatch", self.dispatch, ("products", "amount_from", "risk_from"), "application")
        return self


def _unique(field: str, keys: list[str]) -> None:
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{field}: {key} stands twice")
