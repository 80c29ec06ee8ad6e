"""The learnt fraud model (SCO-08): a logistic regression over bins of facts, evaluated in whole numbers, so its word is the
same on every machine. It was learnt by `python -m bench.fraud_model` from applications as the bank saw them. A fact that
nobody told adds nothing."""

from __future__ import annotations

import numpy as np

from credit.masks import all_of
from credit.policies.fraud import FraudModelPolicy
from credit.scoring.facts import Facts
from credit.times import Ints


class LearntModel:
    """The model, compiled."""

    def __init__(self, policy: FraudModelPolicy) -> None:
        self.columns: tuple[str, ...] = tuple(feature.column for feature in policy.features)
        self._intercept = policy.intercept
        self._parts = [
            (f.column, np.array(f.edges, dtype=np.int64), np.array(f.log_odds, dtype=np.int64)) for f in policy.features
        ]

    def log_odds(self, facts: Facts) -> Ints:
        """Log-odds of fraud of each row, in millionths."""
        total = np.full(len(facts["age"]), self._intercept, dtype=np.int64)
        for column, edges, log_odds in self._parts:
            said, known = log_odds[edges.searchsorted(facts[column], side="right")], facts.knows(column)
            total += said if all_of(known) else np.where(known, said, 0)
        return total
