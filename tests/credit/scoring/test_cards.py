"""The scorecards: dimensions, weights, bins, bands, and the tables that read a score."""

from __future__ import annotations

from bisect import bisect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.cards import Card
from credit.codes import FACTS_ZH, Fact, Grade, Segment
from credit.policies import Overrides, PolicyError, load
from credit.policies.scorecard import CARD_KEYS, DIMENSIONS, WHOLE_PPM, CardPolicy, ScorecardPolicy
from credit.scoring.cards import Scorecards
from credit.scoring.facts import COLUMNS
from credit.times import Ints

POLICY = load("scorecard", ScorecardPolicy)
CARDS = Scorecards(POLICY)


def facts(card: Card, **changes: int) -> dict[str, Ints]:
    """One row of middling facts for a card."""
    middling = {
        "age": 35,
        "employment_months": 60,
        "mobile_months": 40,
        "income_fen": 1_000_000,
        "debt_ratio_ppm": 300_000,
        "history_months": 60,
        "amount_months": 3,
        "registry_months": 60,
        "registry_active": 1,
        "recent_applications": 1,
    }
    return {name: np.array([changes.get(name, middling.get(name, 0))]) for name in card.columns}


@pytest.mark.requirement("SCO-01.b", "SCO-02.a")
@pytest.mark.parametrize("key", CARD_KEYS)
def test_each_card_has_four_dimensions_and_the_parts_sum_to_the_raw_points(key: str) -> None:
    policy = POLICY.card(key)
    card = Card(policy.model_copy(update={"scale": type(policy.scale)()}))
    assert card.dimensions == DIMENSIONS
    row = facts(card)
    parts = [(i, i.points[bisect(i.edges, int(row[i.key][0]))]) for i in policy.indicators]
    raw = sum(points * i.weight_ppm * policy.dimensions[i.dimension] for i, points in parts)
    assert (raw + WHOLE_PPM**2 // 2) // WHOLE_PPM**2 == card.scores(row)[0]


@pytest.mark.requirement("SCO-14.c")
@pytest.mark.parametrize("key", CARD_KEYS)
def test_the_contributions_of_the_dimensions_sum_to_the_raw_points(key: str) -> None:
    card = Card(POLICY.card(key))
    row = facts(card, debt_ratio_ppm=900_000, lenders=5)
    said = card.contributions(row)
    raw = sum(
        i.points[bisect(i.edges, int(row[i.key][0]))] * i.weight_ppm * POLICY.card(key).dimensions[i.dimension]
        for i in POLICY.card(key).indicators
    )
    total = sum(int(said[f"{name}_points"][0]) for name in DIMENSIONS)
    assert abs(total - raw * 100 // WHOLE_PPM**2) <= len(DIMENSIONS)
    assert said["shortfalls"][0] & Fact.DEBT_RATIO_PPM
    assert int(said["shortfalls"][0]).bit_count() == 3


def test_every_fact_has_its_bit_and_its_name() -> None:
    assert [one.name for one in Fact] == [name.upper() for name in COLUMNS]
    assert list(FACTS_ZH) == list(Fact)


@pytest.mark.parametrize(("weight_ppm", "score"), [(494_999, 0), (495_000, 1)])
def test_raw_points_are_rounded_half_up_to_the_hundredth_at_which_the_scale_is_read(
    weight_ppm: int, score: int
) -> None:
    indicators = [
        {"key": key, "dimension": "one", "weight_ppm": weight, "edges": [1], "points": [0, points]}
        for key, weight, points in (("age", weight_ppm, 1), ("income_fen", WHOLE_PPM - weight_ppm, 0))
    ]
    card = Card(CardPolicy(key="card", dimensions={"one": WHOLE_PPM}, indicators=indicators))
    assert card.scores({"age": np.array([1]), "income_fen": np.array([1])}).tolist() == [score]


@pytest.mark.requirement("EXT-01.d", "SCO-02.b")
def test_a_sub_indicator_moves_the_score_by_its_weight() -> None:
    single = {"raw": [0, 100], "score": [0, 100]}
    cards = Scorecards.build({"scorecard": {"cards": [{"key": "application_individual", "scale": single}]}})
    card = cards.individual
    clean, late = card.scores(facts(card)), card.scores(facts(card, overdue_24m=2))
    # overdue_24m: 38 % of a dimension of 38 %, points 100 → 50
    assert abs((clean[0] - late[0]) - 0.38 * 0.38 * 50) <= 1


@pytest.mark.requirement("SCO-02.b")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dimensions": {"identity": 200_001}}, "weights must sum"),
        ({"indicators": [{"key": "age", "weight_ppm": 300_001}]}, "weights in identity must sum"),
        ({"indicators": [{"key": "age", "points": [1, 2]}]}, "edges need"),
        ({"scale": {"raw": [0, 50, 40, 100], "score": [0, 1, 2, 100]}}, "raw must rise"),
    ],
)
def test_a_card_that_does_not_add_up_is_refused(change: dict[str, object], message: str) -> None:
    overrides: Overrides = {"scorecard": {"cards": [{"key": "application_individual", **change}]}}
    with pytest.raises(PolicyError, match=message):
        load("scorecard", ScorecardPolicy, overrides)


@pytest.mark.requirement("SCO-03.a", "SCO-03.b")
@pytest.mark.parametrize(
    ("score", "grade"),
    [
        (100, Grade.EXCELLENT),
        (88, Grade.EXCELLENT),
        (87, Grade.GOOD),
        (82, Grade.GOOD),
        (76, Grade.GOOD),
        (75, Grade.FAIR),
        (60, Grade.FAIR),
        (59, Grade.WEAK),
        (50, Grade.WEAK),
        (49, Grade.POOR),
        (0, Grade.POOR),
    ],
)
def test_scores_map_to_grades_at_the_edges_of_the_bands(score: int, grade: Grade) -> None:
    assert CARDS.grades(np.array([score]))[0] == grade


@pytest.mark.requirement("SCO-03.a")
def test_the_bands_are_configurable() -> None:
    cards = Scorecards.build({"scorecard": {"bands": [95, 90, 85, 80]}})
    assert cards.grades(np.array([82]))[0] == Grade.WEAK


@pytest.mark.requirement("SCO-04.a")
def test_the_application_card_follows_the_segment() -> None:
    both = {name: np.repeat(values, 3) for name, values in (facts(CARDS.individual) | facts(CARDS.business)).items()}
    segment = np.array([Segment.INDIVIDUAL, Segment.MICRO, Segment.ENTERPRISE])
    person, micro, firm = CARDS.application_scores(segment, both)
    assert person == CARDS.individual.scores(both)[0]
    assert micro == firm == CARDS.business.scores(both)[0]
    assert set(CARDS.individual.columns) | set(CARDS.business.columns) <= set(COLUMNS)


@pytest.mark.requirement("SCO-04.a")
def test_a_better_score_never_means_a_higher_chance_of_default() -> None:
    pd = CARDS.pd_ppm(np.arange(101))
    assert (np.diff(pd) < 0).all()
    assert (pd[0], pd[82], pd[100]) == (450_000, 9_000, 2_000)
    assert pd[79] == 11_500  # halfway between 76 and 82


BAD_WHEN_MORE = ("overdue_24m", "max_dpd_24m", "lenders", "queries_3m", "debt_ratio_ppm", "amount_months")


@given(st.sampled_from(BAD_WHEN_MORE), st.integers(0, 3_000_000), st.integers(0, 3_000_000))
def test_more_of_what_is_bad_never_raises_the_score(name: str, one: int, other: int) -> None:
    card = CARDS.individual
    less, more = sorted((one, other))
    assert card.scores(facts(card, **{name: less}))[0] >= card.scores(facts(card, **{name: more}))[0]


@given(
    st.lists(
        st.integers(-(10**12), 10**12), min_size=len(CARDS.individual.columns), max_size=len(CARDS.individual.columns)
    )
)
def test_scores_stay_between_0_and_100_whatever_the_facts(values: list[int]) -> None:
    card = CARDS.individual
    row = {name: np.array([value]) for name, value in zip(card.columns, values, strict=True)}
    assert 0 <= card.scores(row)[0] <= 100
