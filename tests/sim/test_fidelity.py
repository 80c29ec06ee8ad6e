"""The fidelity report tells a faithful population from a biased one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.population.fidelity import compare, fidelity
from sim.population.people import People
from sim.population.visits import Visits
from sim.truth import Truth
from tests.sim.worlds import scenario

COUNT = 20_000


def outside(**sections: Any) -> set[str]:
    """Margins that the report finds outside their tolerance."""
    return {row.margin for row in fidelity(scenario(**sections), COUNT) if not row.within}


def test_the_default_population_keeps_all_its_margins() -> None:
    assert outside() == set()


def test_other_margins_are_kept_too() -> None:
    other = {"age_weights": [1, 0, 0, 0, 5, 0, 0, 0, 4], "income_weights": [0, 0, 0, 1, 1, 1, 1], "fraud_ppm": 50_000}
    weights = {"consumer_loan": 0, "card_instalment": 0, "mortgage": 90, "micro_business": 10, "working_capital": 0}
    demand = {product: {"weight": weight} for product, weight in weights.items()}
    bank = {"branches": 3, "branch_weights_ppm": [600_000, 300_000, 100_000]}
    assert outside(population=other, demand=demand, bank=bank) == set()


def test_each_margin_is_complete() -> None:
    rows = fidelity(scenario(), COUNT)
    for margin in {row.margin for row in rows}:
        mine = [row for row in rows if row.margin == margin]
        assert sum(row.declared_ppm for row in mine) == 1_000_000, margin
        assert sum(row.drawn for row in mine) == COUNT, margin


@pytest.mark.planted
def test_planted_one_sided_regions_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(People, "region", lambda self, party: np.where(party % 10 == 0, 1, 1 + party % 6))
    assert outside() == {"region"}


@pytest.mark.planted
def test_planted_missing_fraud_is_caught_although_it_is_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Truth, "is_fraud", lambda self, party: np.zeros(len(party), dtype=bool))
    assert outside() == {"fraud"}


@pytest.mark.planted
def test_planted_customers_who_never_return_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Visits, "_count", lambda self, place: np.ones(len(place), dtype=np.int64))
    assert outside() == {"comes again"}


def test_distance_is_total_variation() -> None:
    rows = compare("x", ("a", "b", "c"), (1, 1, 2), (50, 0, 50), 200_000)
    assert [row.difference_ppm for row in rows] == [250_000, -250_000, 0]
    assert {row.distance_ppm for row in rows} == {250_000}
    assert not any(row.within for row in rows)
    assert all(row.within for row in compare("x", ("a", "b", "c"), (1, 1, 2), (50, 0, 50), 250_000))


def test_chi_square_is_pearson_s() -> None:
    assert compare("x", ("a", "b"), (1, 1), (60, 40), 0)[0].chi_square_milli == 4_000


def test_a_band_declared_empty_must_be_empty() -> None:
    assert not compare("x", ("a", "b"), (1, 0), (999, 1), 10_000, only_chance=True)[0].within


def test_nobody_drawn_is_not_faithful() -> None:
    assert not compare("x", ("a",), (1,), (0,), 1_000_000)[0].within
