"""Fraud policy (反欺诈规则库): rules that mark a doubt, intercept or confirm fraud (SCO-08, SCO-10, SCO-11), the model that was
learnt (`python -m bench.fraud_model`), and from where on its word counts. The rule base is data, so a new pattern is a new
row."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from credit.codes import Doubt
from credit.policies.base import PolicyModel, Value

LogOdds = Annotated[int, Field(ge=-30_000_000, le=30_000_000)]
"""Log-odds of fraud in millionths: 0 = as likely as not."""


class Condition(PolicyModel):
    """One comparison of a column of facts; a fact whose source did not answer fits no condition."""

    column: str
    """Name of a column of facts."""
    at_least: Value | None = None
    """[the fact's own] Fits from here on."""
    at_most: Value | None = None
    """[the fact's own] Fits up to here."""

    @model_validator(mode="after")
    def _bounded(self) -> Condition:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"condition on {self.column}: at_least or at_most is needed")
        return self


class FraudRule(PolicyModel):
    """A rule: when all conditions hold, the doubt is marked and the action follows."""

    key: str
    """How a scenario names the rule."""
    conditions: list[Condition] = Field(min_length=1)
    """All must hold."""
    doubt: str
    """What is marked."""
    action: Literal["doubt", "intercept", "confirm"]
    """`intercept` stops the application; `confirm` also puts the person into the internal risk library."""

    @model_validator(mode="after")
    def _doubt_known(self) -> FraudRule:
        if self.doubt.upper() not in Doubt.__members__:
            raise ValueError(f"rule {self.key}: {self.doubt!r} is no doubt")
        return self


class FraudPolicy(PolicyModel):
    """The rule base, and what follows from the word of the learnt model."""

    rules: list[FraudRule] = Field(min_length=1)
    """The rule base."""
    model_watch_at: LogOdds
    """[millionths] Log-odds; from here a doubt is marked and the application is reviewed by a person (yellow alert)."""
    model_intercept_at: LogOdds
    """[millionths] Log-odds; from here the application is stopped."""

    @model_validator(mode="after")
    def _ordered(self) -> FraudPolicy:
        if self.model_watch_at > self.model_intercept_at:
            raise ValueError("model_watch_at is above model_intercept_at")
        keys = [rule.key for rule in self.rules]
        if len(keys) != len(dict.fromkeys(keys)):
            raise ValueError("rules: two share a key")
        return self


class Feature(PolicyModel):
    """What the learnt model reads of one fact: `log_odds[k]` go to values in bin k, where bin k starts at `edges[k - 1]`."""

    column: str
    """Name of a column of facts; nothing is added where its source is silent."""
    edges: list[Value] = Field(min_length=1)
    """[the fact's own] Where bins begin."""
    log_odds: list[LogOdds] = Field(min_length=2)
    """[millionths] What each bin adds."""

    @model_validator(mode="after")
    def _bins(self) -> Feature:
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError(f"feature {self.column}: edges must rise")
        if len(self.log_odds) != len(self.edges) + 1:
            raise ValueError(f"feature {self.column}: {len(self.edges)} edges need {len(self.edges) + 1} log_odds")
        return self


class FraudModelPolicy(PolicyModel):
    """A logistic regression over bins, learnt from applications of a simulated year; its file is written by the command that
    learns it and says in its comments from what, and how well it does on customers it has not seen."""

    intercept: LogOdds
    """[millionths] Log-odds before anything is known."""
    features: list[Feature] = Field(min_length=1)
    """What it reads."""
