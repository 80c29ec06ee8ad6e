"""Due diligence policy (尽职调查政策): which businesses are looked into before approval, what a visit brings back, by
which ratios finances are judged, and what follows from what is found (APP-21)."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from credit.codes import Segment
from credit.due_diligence.findings import Concern
from credit.policies.base import LIVE, Minute, PolicyModel, SharePpm, Yuan, known_names
from credit.policies.products import ProductPolicy
from credit.room import Rows
from credit.rows import among
from credit.times import Bools, Ints


class InvestigationScope(PolicyModel):
    """One row of what is looked into; a case that fits any row is."""

    key: str
    """Its name."""
    segments: list[str] = []
    """Customers it is for: individual, micro, enterprise; empty = all."""
    products: list[str] = []
    """Keys of the products it is for; empty = all."""
    amount_from: Yuan = 0
    """Least amount."""


class RatioBounds(PolicyModel):
    """By which ratios the finances of a segment are judged; one row a segment."""

    key: str
    """The segment: individual, micro, enterprise."""
    debt_max_ppm: int = Field(ge=1, le=2_000_000)
    """Highest debt ratio (资产负债率)."""
    current_min_ppm: int = Field(ge=0, le=10_000_000)
    """Least current ratio (流动比率)."""
    cover_min_ppm: int = Field(ge=0, le=100_000_000)
    """Least interest cover (利息保障倍数)."""
    service_min_ppm: int = Field(ge=1_000_000, le=10_000_000)
    """Least debt service cover (偿债备付率): it bounds what can be carried."""


class DueDiligencePolicy(PolicyModel):
    """All that due diligence decides by. Times of day are minutes after midnight."""

    visit_workdays: int = Field(ge=1, le=60)
    """A visit is due at the close of the so-manieth workday."""
    analysis_workdays: int = Field(ge=1, le=60)
    """An analysis is due at the close of the so-manieth workday."""
    closing_minute: Minute
    """Close of business."""
    photos_min: int = Field(ge=1, le=20)
    """[photos] Least of the premises."""
    photos_max: Annotated[int, LIVE] = Field(ge=1, le=20)
    """[photos] Most; in simulated runs `photos_min` are brought."""
    words_min: int = Field(ge=1, le=100)
    """[characters] A report or an assessment in fewer words is none."""
    tolerance_ppm: SharePpm
    """Share of assets, or of revenue, by which figures that must agree may differ (勾稽)."""
    amount_step: Yuan
    """What can be carried is rounded down to this."""
    misses_fair: int = Field(ge=0, le=3)
    """[ratios] With so many outside their bounds finances are still fair; with more, weak."""
    weakens: list[str] = []
    """Concerns for which the analysis is weak at best: premises_missing, not_operating, stock_thin, records_poor,
    statements_inconsistent."""
    declines: list[str] = []
    """Concerns for which the bank does not lend."""
    scope: list[InvestigationScope] = Field(min_length=1)
    """Who is looked into."""
    ratios: list[RatioBounds] = Field(min_length=1)
    """By segment."""

    @model_validator(mode="after")
    def _holds(self) -> DueDiligencePolicy:
        known_names("weakens", self.weakens, list(Concern.__members__))
        known_names("declines", self.declines, list(Concern.__members__))
        known_names("ratios", [row.key for row in self.ratios], list(Segment.__members__))
        for row in self.scope:
            known_names(f"scope: {row.key}: segments", row.segments, list(Segment.__members__))
        judged = {row.key for row in self.ratios}
        for row in self.scope:
            if lacking := [
                one for one in row.segments or [s.lower() for s in Segment.__members__] if one not in judged
            ]:
                raise ValueError(f"scope: {row.key}: {lacking[0]} needs a row in ratios")
        return self


class Scope:
    """Who is looked into, compiled."""

    def __init__(self, policy: DueDiligencePolicy, products: ProductPolicy) -> None:
        self._rows: list[tuple[Ints, Ints, int]] = [
            (
                np.array([Segment[name.upper()] for name in row.segments], dtype=np.int64),
                np.array([products.by_key(key).code for key in row.products], dtype=np.int64),
                row.amount_from,
            )
            for row in policy.scope
        ]

    def holds(self, cases: Rows) -> Bools:
        """True for the cases that are looked into: rows with segment, product and amount."""
        found = np.zeros(len(cases), dtype=bool)
        for segments, products, amount_from in self._rows:
            fits = cases["amount_fen"] >= amount_from
            if len(segments):
                fits &= among(cases["segment"], segments)
            if len(products):
                fits &= among(cases["product"], products)
            found |= fits
        return found
