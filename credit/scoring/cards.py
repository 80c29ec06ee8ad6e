"""The application scorecards (申请评分卡, SCO-04), of individuals and of businesses, in four dimensions (SCO-02), and how
their scores are read."""

from __future__ import annotations

import numpy as np

from credit.cards import SCORE_MAX, Card, Columns, between
from credit.codes import Grade, Segment
from credit.masks import all_of, any_of
from credit.policies import Overrides, load
from credit.policies.scorecard import DIMENSIONS, ScorecardPolicy
from credit.times import Ints

POINTS = tuple(f"{dimension}_points" for dimension in DIMENSIONS)


class Scorecards:
    """The cards, with the bands and the table that read a score."""

    def __init__(self, policy: ScorecardPolicy) -> None:
        self.individual = Card(policy.card("application_individual"))
        self.business = Card(policy.card("application_business"))
        self._bands = np.array(policy.bands[::-1], dtype=np.int64)
        self._pd = between(policy.pd.scores, policy.pd.ppm, SCORE_MAX)

    @classmethod
    def build(cls, overrides: Overrides | None = None) -> Scorecards:
        """The cards under the packaged policy, with overrides."""
        return cls(load("scorecard", ScorecardPolicy, overrides))

    def application_scores(self, segment: Ints, facts: Columns) -> Ints:
        """Application score 0 … 100 of each row, by the card of its segment."""
        scores = np.zeros(len(segment), dtype=np.int64)
        person = segment == Segment.INDIVIDUAL
        for card, chosen in ((self.individual, person), (self.business, ~person)):
            if all_of(chosen):
                return card.scores(facts)
            if any_of(chosen):
                scores[chosen] = card.scores({name: facts[name][chosen] for name in card.columns})
        return scores

    def contributions(self, segment: Ints, facts: Columns) -> dict[str, Ints]:
        """What the card of each row's segment says of its score; see `Card.contributions`."""
        found = {name: np.zeros(len(segment), dtype=np.int64) for name in ("shortfalls", *POINTS)}
        person = segment == Segment.INDIVIDUAL
        for card, chosen in ((self.individual, person), (self.business, ~person)):
            if all_of(chosen):
                return found | card.contributions(facts)
            if any_of(chosen):
                said = card.contributions({name: facts[name][chosen] for name in card.columns})
                for name, values in found.items():
                    values[chosen] = said.get(name, 0)
        return found

    def grades(self, scores: Ints) -> Ints:
        """Credit grade of each score by the bands (SCO-03); 82 is GOOD (良好)."""
        return Grade.POOR - self._bands.searchsorted(scores, side="right")

    def pd_ppm(self, scores: Ints) -> Ints:
        """Probability of default within a year, in millionths, by score."""
        return self._pd[scores]
