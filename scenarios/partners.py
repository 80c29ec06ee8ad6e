"""The section of a scenario that says how partners answer: one port each, with its latency, errors and patience."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from credit.policies.base import PolicyModel, SharePpm
from credit.times import DAY_MS
from scenarios.people import Factor
from scenarios.staff import over_defaults


class Partner(PolicyModel):
    """One partner port: latency, error rate, timeout."""

    latency_ms_median: int = Field(default=800, ge=1, le=DAY_MS)
    """Time to an answer, at the median."""
    latency_spread_ppm: Factor = 600_000
    """Sigma of the lognormal time to an answer."""
    error_ppm: SharePpm = 2_000
    """Chance that a call fails."""
    timeout_ms: int = Field(default=10_000, ge=1, le=DAY_MS)
    """After so long a call counts as unanswered."""


class Partners(PolicyModel):
    """The partners behind their ports (EXT-06)."""

    bureau: Partner = Partner(latency_ms_median=1_200)
    """The credit bureau (人行征信)."""
    lists: Partner = Partner(latency_ms_median=150)
    """Risk lists (风险名单)."""
    tax: Partner = Partner(latency_ms_median=1_500, error_ppm=5_000)
    """The tax authority (税务)."""
    registry: Partner = Partner(latency_ms_median=900)
    """The business registry (工商)."""
    carrier: Partner = Partner(latency_ms_median=400)
    """Mobile carriers (运营商)."""
    public_security: Partner = Partner(latency_ms_median=600)
    """Public security (公安)."""
    judicial: Partner = Partner(latency_ms_median=700)
    """The courts (司法)."""
    sentiment: Partner = Partner(latency_ms_median=500)
    """Public sentiment (舆情)."""
    core_banking: Partner = Partner(latency_ms_median=2_000, error_ppm=500)
    """Core banking (核心系统)."""
    payment: Partner = Partner(
        latency_ms_median=180_000, latency_spread_ppm=800_000, error_ppm=4_000, timeout_ms=7_200_000
    )
    """The payment system (支付系统)."""
    app_push: Partner = Partner(latency_ms_median=1_500, error_ppm=20_000)
    """Push services of mobile phones (App 推送): an error is a phone that can't be reached."""
    sms: Partner = Partner(latency_ms_median=4_000, latency_spread_ppm=1_000_000, error_ppm=10_000, timeout_ms=120_000)
    """The SMS gateway (短信网关), to its receipt."""
    post: Partner = Partner(latency_ms_median=14_400_000, error_ppm=1_000, timeout_ms=DAY_MS)
    """The post (邮政), until it has a letter."""
    accounts: Partner = Partner(latency_ms_median=120, error_ppm=500)
    """The bank's own account system (账户系统): accounts, what lies on them, what comes and goes."""
    wealth: Partner = Partner(latency_ms_median=200, error_ppm=500)
    """The bank's own wealth management (理财系统)."""
    settlement: Partner = Partner(latency_ms_median=200, error_ppm=500)
    """The bank's own settlement system (结算系统)."""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: Any) -> Any:
        return over_defaults(values, {name: field.default for name, field in cls.model_fields.items()})
