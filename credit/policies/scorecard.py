"""Scorecard policy (评分卡政策): the application, behaviour and collection cards (SCO-02, SCO-04), the bands that turn a score
into a grade (SCO-03), alerts (SCO-05), lanes (SCO-07), and how the bureau and the other sources are asked (EXT-01 to EXT-03,
EXT-06). Each indicator is a table of points by bins, and all weights of a card sum to one."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from credit.codes import Segment, Source
from credit.policies.base import Points, PolicyModel, RatePpm, SharePpm, Value

WHOLE_PPM = 1_000_000
DIMENSIONS = ("identity", "capacity", "history", "behaviour")
"""Identity traits (身份特质), repayment capacity (偿债能力), credit history (信用历史), behaviour preference (行为偏好)."""


class Indicator(PolicyModel):
    """One sub-indicator: `points[k]` go to values in bin k, where bin k starts at `edges[k - 1]` (inclusive)."""

    key: str
    """Name of a column of facts."""
    dimension: str
    """The dimension it belongs to."""
    weight_ppm: SharePpm
    """Share within the dimension."""
    edges: list[Value] = Field(min_length=1)
    """[the fact's own] Where bins begin."""
    points: list[Points] = Field(min_length=2)
    """[points] By bin, 0 to 100."""

    @model_validator(mode="after")
    def _bins(self) -> Indicator:
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError(f"indicator {self.key}: edges must rise")
        if len(self.points) != len(self.edges) + 1:
            raise ValueError(f"indicator {self.key}: {len(self.edges)} edges need {len(self.edges) + 1} points")
        if any(not 0 <= p <= 100 for p in self.points):
            raise ValueError(f"indicator {self.key}: points must lie between 0 and 100")
        return self


class Scale(PolicyModel):
    """Calibration of a card: raw weighted points to the score, in straight lines, so that a score means the same chance of
    default on every card."""

    raw: list[Points] = [0, 100]
    """[points] Raw points, from 0 to 100."""
    score: list[Points] = [0, 100]
    """[points] The score at each of them."""

    @model_validator(mode="after")
    def _shape(self) -> Scale:
        if len(self.raw) != len(self.score):
            raise ValueError("raw and score must have the same length")
        for name, values in (("raw", self.raw), ("score", self.score)):
            if values[0] != 0 or values[-1] != 100 or any(a >= b for a, b in pairwise(values)):
                raise ValueError(f"{name} must rise from 0 to 100")
        return self


class CardPolicy(PolicyModel):
    """One card: its dimensions with their weights, its sub-indicators with theirs, and its calibration."""

    key: str
    """The card."""
    dimensions: dict[str, SharePpm]
    """[millionths] Weight of each dimension; together 1000000."""
    scale: Scale = Scale()
    """Calibration."""
    indicators: list[Indicator] = Field(min_length=1)
    """Its sub-indicators."""

    @model_validator(mode="after")
    def _weights(self) -> CardPolicy:
        if sum(self.dimensions.values()) != WHOLE_PPM:
            raise ValueError(f"card {self.key}: the dimensions' weights must sum to {WHOLE_PPM}")
        for name in self.dimensions:
            total = sum(i.weight_ppm for i in self.indicators if i.dimension == name)
            if total != WHOLE_PPM:
                raise ValueError(
                    f"card {self.key}: the weights in {name} must sum to {WHOLE_PPM}, these sum to {total}"
                )
        for indicator in self.indicators:
            if indicator.dimension not in self.dimensions:
                raise ValueError(f"card {self.key}: indicator {indicator.key} has no dimension {indicator.dimension!r}")
        return self


class ScoreTable(PolicyModel):
    """A value in millionths by score, in straight lines between the given scores."""

    scores: list[Points] = Field(min_length=2)
    """[points] Scores, from 0 to 100."""
    ppm: list[SharePpm] = Field(min_length=2)
    """The value at each of them."""

    @model_validator(mode="after")
    def _shape(self) -> ScoreTable:
        if len(self.scores) != len(self.ppm):
            raise ValueError("scores and ppm must have the same length")
        if self.scores[0] != 0 or self.scores[-1] != 100 or any(a >= b for a, b in pairwise(self.scores)):
            raise ValueError("scores must rise from 0 to 100")
        return self


class Abnormal(PolicyModel):
    """An indicator that raises an alert by itself when it reaches `at_least` (SCO-05)."""

    key: str
    """Name of a column of facts."""
    yellow_at: Value | None = None
    """[the fact's own] A yellow alert from here on."""
    red_at: Value | None = None
    """[the fact's own] A red alert from here on."""


class BureauPolicy(PolicyModel):
    """How the credit bureau is asked."""

    query_reason: int = Field(ge=1, le=99)
    """[code] The bureau's own code for why it is asked; 2 = loan approval (贷款审批)."""
    purposes: list[Annotated[int, Field(ge=1, le=99)]] = Field(min_length=1)
    """[code] The purposes for which the bank may ask, by the bureau's own codes; another one is refused (EXT-03)."""
    query_desk: str
    """The desk whose people are the branch's query officers (征信查询员), in whose names the system asks."""
    ask_ms: int = Field(ge=0, le=60_000)
    """From acceptance to the query."""
    backoff_minutes: list[Annotated[int, Field(ge=1, le=43_200)]] = Field(min_length=1)
    """Pause before the second, third … attempt; the last one repeats."""
    wait_max_minutes: int = Field(ge=1, le=43_200)
    """How long an answer is waited for."""
    batch_products: list[str] = []
    """Products whose reports are fetched in the nightly batch (EXT-01)."""
    batch_wait_max_minutes: int = Field(ge=1, le=43_200)
    """The same for products fetched in the batch."""
    when_missing: Literal["manual", "reject"]
    """What becomes of a case without a report (EXT-03)."""

    @model_validator(mode="after")
    def _positive(self) -> BureauPolicy:
        if any(minutes < 1 for minutes in self.backoff_minutes):
            raise ValueError("bureau: backoff_minutes must be at least 1")
        if self.query_reason not in self.purposes:
            raise ValueError(f"bureau: query_reason {self.query_reason} is not among the purposes {self.purposes}")
        return self


class ScorecardPolicy(PolicyModel):
    """Everything scoring decides by."""

    score_ms: int = Field(ge=0, le=60_000)
    """How long scoring takes."""
    bands: list[Points] = Field(min_length=4, max_length=4)
    """[points] Lowest score of excellent, good, fair, weak; below is poor."""
    pd: ScoreTable
    """Chance of default by score."""
    reject_below: int = Field(ge=0, le=100)
    """[points] A lower score is declined."""
    borderline_points: int = Field(ge=0, le=20)
    """[points] So many points below `reject_below` the machine only advises and a person decides (SCO-14)."""
    red_below: int = Field(ge=0, le=100)
    """[points] A lower score is a red alert (SCO-05)."""
    yellow_below: int = Field(ge=0, le=100)
    """[points] A lower score is a yellow alert (SCO-05)."""
    red_action: Literal["manual", "reject", "manual_if_available"]
    """What becomes of a red alert (SCO-05)."""
    approver_available: bool
    """Whether somebody is there for red alerts."""
    automatic_grade_max: int = Field(ge=1, le=5)
    """[grade] Worst grade that the automatic lane may decide: 3 = fair."""
    history_max_dpd: int = Field(ge=1, le=3_660)
    """[days past due] Credit history criterion (CUS-04): so many days past due within 24 months are too many."""
    income_tolerance_ppm: SharePpm
    """How far declared income may exceed the tax record (SCO-10)."""
    unverified_income_ppm: SharePpm
    """Share of declared income that counts where there is no tax record."""
    registry_tolerance_months: int = Field(ge=0, le=1_200)
    """How far declared months in business may exceed the registry's."""
    company_debt_months: int = Field(ge=1, le=600)
    """[months] A company's report tells balances and no instalments: its debt counts as due in so many months."""
    guarantee_weight_ppm: SharePpm
    """Share of the guarantees that a company has given which counts as its own debt."""
    wealth_weight_ppm: SharePpm
    """Share of wealth products held that counts as cover beside deposits (EXT-06)."""
    instalment_rate_ppm: RatePpm
    """Yearly rate for the estimated instalment."""
    sources: dict[str, list[str]]
    """Sources asked beside the bureau, by segment (EXT-06)."""
    abnormal: list[Abnormal] = []
    """Indicators that alert by themselves (SCO-05)."""
    bureau: BureauPolicy
    """How the bureau is asked."""
    cards: list[CardPolicy]
    """The cards (SCO-04)."""
    repay: ScoreTable
    """Chance that somebody overdue pays within a month, by the score of the collection card."""

    @model_validator(mode="after")
    def _consistent(self) -> ScorecardPolicy:
        if any(high <= low for high, low in pairwise(self.bands)):
            raise ValueError("bands must fall: lowest score of excellent, good, fair, weak")
        if not self.reject_below <= self.red_below <= self.yellow_below:
            raise ValueError("reject_below, red_below and yellow_below must not fall")
        for segment, sources in self.sources.items():
            if segment.upper() not in Segment.__members__:
                raise ValueError(f"sources: {segment!r} is no segment")
            for source in sources:
                if source.upper() not in Source.__members__:
                    raise ValueError(f"sources.{segment}: {source!r} is no source")
        missing = [
            key for key in (*CARD_KEYS, BEHAVIOUR_CARD, COLLECTION_CARD) if key not in [card.key for card in self.cards]
        ]
        if missing:
            raise ValueError(f"cards: {', '.join(missing)} missing")
        return self

    def card(self, key: str) -> CardPolicy:
        """The card of a key; KeyError when there is none."""
        for card in self.cards:
            if card.key == key:
                return card
        raise KeyError(key)


CARD_KEYS = ("application_individual", "application_business")
BEHAVIOUR_CARD, COLLECTION_CARD = "behaviour", "collection"
