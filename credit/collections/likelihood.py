"""The collection card (催收评分卡, SCO-04): how likely it is that somebody overdue pays. A case is scored when a collector is to
take it up; whoever is likely to pay is called first, since an hour of work brings most there."""

from __future__ import annotations

import numpy as np

from credit.cards import SCORE_MAX, Card, between
from credit.collections.cases import log_case
from credit.collections.contract import Event
from credit.collections.rules import dpd_of
from credit.mail import Outbox
from credit.masks import true_rows
from credit.policies.collections import CollectionPolicy
from credit.policies.scorecard import COLLECTION_CARD, ScorecardPolicy
from credit.table import Table
from credit.times import DAY_MS, Ints


class Likelihood:
    """Scores collection cases."""

    def __init__(self, cases: Table, policy: CollectionPolicy, scorecard: ScorecardPolicy) -> None:
        self._cases, self._card = cases, Card(scorecard.card(COLLECTION_CARD))
        self._repay = between(scorecard.repay.scores, scorecard.repay.ppm, SCORE_MAX)
        self._bounds = np.array([policy.unlikely_below, policy.likely_from], dtype=np.int64)

    def estimate(self, rows: Ints, at: Ints, out: Outbox) -> tuple[Ints, Ints]:
        """Scores cases at the instants at which somebody is to take them up. Gives the chance of each that it is paid within a
        month, in millionths, and by how many classes its task waits behind others: 0 likely, 1 in between, 2 unlikely. Told is
        each score that differs from the case's last."""
        cases = self._cases
        facts = {
            "dpd": dpd_of(at // DAY_MS, cases["overdue_since_day"][rows]),
            "grade": cases["grade"][rows],
            "promises_broken": cases["raised"][rows],
            "contacts": cases["contacts"][rows],
        }
        score = np.maximum(self._card.scores(facts), 1)
        new = true_rows(score != cases["likelihood"][rows])
        cases["likelihood"][rows] = score
        repay = self._repay[score]
        log_case(out, Event.COLLECTION_SCORED, cases, rows[new], at[new], value=repay[new])
        return repay, len(self._bounds) - self._bounds.searchsorted(score, side="right")
