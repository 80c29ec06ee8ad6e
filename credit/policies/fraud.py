"""Fraud policy (反欺诈规则库): rules that mark a doubt, intercept or confirm fraud (SCO-08, SCO-10, SCO-11), and an additive
model whose weights were learnt elsewhere and are kept here as points by bins. The rule base is data, so a new
pattern is a new row."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from credit.codes import Doubt
from credit.policies.base import PolicyModel, Value
from credit.policies.scorecard import CardPolicy


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
    """The rule base and the model."""

    rules: list[FraudRule] = Field(min_length=1)
    """The rule base."""
    model: CardPolicy
    """The model's dimensions are weighed like a card's; 100 points are certain fraud."""
    model_watch_at: int = Field(ge=1, le=101)
    """[points] From here the application is reviewed by a person (yellow alert)."""
    model_intercept_at: int = Field(ge=1, le=101)
    """[points] From here the application is stopped."""

    @model_validator(mode="after")
    def _ordered(self) -> FraudPolicy:
        if self.model_watch_at > self.model_intercept_at:
            raise ValueError("model_watch_at is above model_intercept_at")
        keys = [rule.key for rule in self.rules]
        if len(keys) != len(dict.fromkeys(keys)):
            raise ValueError("rules: two share a key")
        return self
