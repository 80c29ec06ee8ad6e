"""The anti-fraud engine (SCO-08): rules from the rule base and a learnt model, on whole columns. A condition on
a fact that nobody told does not hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.codes import Doubt
from credit.masks import any_of
from credit.policies.fraud import Condition, FraudModelPolicy, FraudPolicy, FraudRule
from credit.scoring.facts import COLUMNS, Facts
from credit.scoring.learnt import LearntModel
from credit.times import Bools, Ints


@dataclass(frozen=True)
class FraudFindings:
    """What the engine found, by row."""

    doubts: Ints  # Doubt bits
    intercept: Bools
    by_model: Bools  # of those, the ones that no rule would have stopped
    confirm: Bools  # intercepted by a rule, and the person goes into the internal risk library
    watch: Bools  # a person should look


class FraudEngine:
    """The rule base and the model, compiled."""

    def __init__(self, policy: FraudPolicy, model: FraudModelPolicy) -> None:
        for rule in policy.rules:
            for condition in rule.conditions:
                _known(f"fraud: rule {rule.key}", condition.column)
        self._policy = policy
        self._model = LearntModel(model)
        for column in self._model.columns:
            _known("fraud_model: features", column)

    def examine(self, facts: Facts) -> FraudFindings:
        """All rules and the model on every row."""
        length = len(facts["age"])
        doubts = np.zeros(length, dtype=np.int64)
        stop, confirm = np.zeros(length, dtype=bool), np.zeros(length, dtype=bool)
        for rule in self._policy.rules:
            hits = rule_hits(rule, facts)
            if any_of(hits):
                doubts[hits] |= int(Doubt[rule.doubt.upper()])
                stop |= hits & (rule.action != "doubt")
                confirm |= hits & (rule.action == "confirm")
        suspicion = self._model.log_odds(facts)
        watch = suspicion >= self._policy.model_watch_at
        doubts[watch] |= int(Doubt.LEARNT_PATTERN)
        by_model = (suspicion >= self._policy.model_intercept_at) & ~stop
        return FraudFindings(doubts, stop | by_model, by_model, confirm, watch)


def rule_hits(rule: FraudRule, facts: Facts) -> Bools:
    """Rows on which all conditions of a rule hold."""
    hits = condition_holds(rule.conditions[0], facts)
    for condition in rule.conditions[1:]:
        hits = hits & condition_holds(condition, facts)
    return hits


def condition_holds(condition: Condition, facts: Facts) -> Bools:
    """Rows whose fact is known and lies within the condition's bounds."""
    values = facts[condition.column]
    holds = facts.knows(condition.column)
    if condition.at_least is not None:
        holds = holds & (values >= condition.at_least)
    if condition.at_most is not None:
        holds = holds & (values <= condition.at_most)
    return holds


def _known(where: str, column: str) -> None:
    if column not in COLUMNS:
        raise ValueError(f"policies.{where}: {column!r} is not one of {', '.join(COLUMNS)}")
