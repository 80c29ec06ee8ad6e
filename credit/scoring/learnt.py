"""The learnt fraud model (SCO-08): a logistic regression over bins of facts, evaluated in whole numbers, so its word is the
same on every machine. It was learnt by `python -m bench.fraud_model` from applications as the bank saw them. A fact that
nobody told adds nothing."""

from __future__ import annotations

import numpy as np

from credit.cards import Bins
from credit.policies.fraud import FraudModelPolicy
from credit.scoring.facts import Facts
from credit.times import Ints


class LearntModel:
    """The model, compiled."""

    def __init__(self, policy: FraudModelPolicy) -> None:
        self.columns: tuple[str, ...] = tuple(feature.column for feature in policy.features)
        self._intercept = policy.intercept
        self._bins = Bins((feature.edges, feature.log_odds) for feature in policy.features)

    def log_odds(self, facts: Facts) -> Ints:
        """Log-odds of fraud of each row, in millionths."""
        said = self._bins.read([facts[column] for column in self.columns])
        known = np.array([facts.knows(column) for column in self.columns])
        return np.asarray(self._intercept + np.add.reduce(np.where(known, said, 0), axis=0))
