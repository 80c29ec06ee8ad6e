"""How near the drawn population is to what the scenario declares. For each margin (age, income, product, branch, region,
quality, and the rates of defects, fraud, listing, repeats) the report sets declared against drawn shares. The
distance of a margin is its total variation, and a margin is within tolerance when that is no more than the scenario allows;
rare events, which any tolerance would swallow, must moreover pass a chi-square test. `compare` is open to figures that only a
run can know, such as score bands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from credit.policies.loading import load
from credit.policies.products import ProductPolicy
from credit.times import Ints
from scenarios.model import Scenario
from sim.curves import shares_ppm
from sim.occasions import reference_of
from sim.population.defects import Defect
from sim.population.forms import Forms
from sim.population.people import THIN_MONTHS, WORLD_DAY, People
from sim.randomness import PPM
from sim.truth import Truth

FIFTHS = 5
_REGIONS = ("north", "north-east", "east", "south and centre", "south-west", "north-west")


class MarginRow(NamedTuple):
    """One band of one margin. Shares and distances in millionths; `chi_square` (in thousandths) and the verdict are those
    of the whole margin."""

    margin: str
    band: str
    declared_ppm: int
    drawn_ppm: int
    difference_ppm: int
    drawn: int
    distance_ppm: int
    chi_square_milli: int
    within: bool


def fidelity(scenario: Scenario, n: int | None = None, seed: int | None = None) -> list[MarginRow]:
    """The report on the first `n` drawn parties and their first forms (by default as many as the run has, at least 20,000)."""
    count = n if n is not None else max(scenario.run.customers, 20_000)
    products = load("products", ProductPolicy, scenario.policies)
    key = scenario.run.seed if seed is None else seed
    truth = Truth(key, scenario, products)
    party = len(scenario.script) + np.arange(1, count + 1, dtype=np.int64)
    forms = Forms(scenario, key, products, truth.people)
    rows = _of_people(scenario, truth.people, party)
    return rows + _of_truth(scenario, truth, party) + _of_forms(scenario, forms, reference_of(party, 1))


def compare(
    margin: str,
    bands: Sequence[str],
    declared_weights: Sequence[int],
    drawn: Sequence[int],
    tolerance_ppm: int,
    *,
    only_chance: bool = False,
) -> list[MarginRow]:
    """Rows of one margin from declared weights and drawn counts, band by band. With `only_chance` nothing but sampling may
    set the two apart, and chi-square must lie below a bound that honest draws pass in all but a few of 10,000 cases."""
    total = sum(drawn)
    declared = shares_ppm(list(declared_weights))
    found = np.array([count * PPM // max(total, 1) for count in drawn], dtype=np.int64)
    distance = int(np.abs(found - declared).sum()) // 2
    chi = _chi_square_milli(declared, drawn, total)
    by_chance = chi <= (2 * (len(bands) - 1) + 14) * 1_000
    within = total > 0 and distance <= tolerance_ppm and (by_chance or not only_chance)
    return [
        MarginRow(margin, band, int(want), int(got), int(got - want), int(count), distance, chi, within)
        for band, want, got, count in zip(bands, declared, found, drawn, strict=True)
    ]


def _chi_square_milli(declared: Ints, drawn: Sequence[int], total: int) -> int:
    """Pearson's statistic; bands declared as empty count in full."""
    expected = [int(share) * total for share in declared]
    parts = [
        (count * PPM - want) ** 2 * 1_000 // (max(want, 1) * PPM) for count, want in zip(drawn, expected, strict=True)
    ]
    return sum(parts)


def _of_people(scenario: Scenario, people: People, party: Ints) -> list[MarginRow]:
    shape, tolerance = scenario.population, scenario.population.tolerance_ppm
    age = (WORLD_DAY - people.birth_day(party)) * 4 // 1_461
    branches = [f"branch {number}" for number in range(1, scenario.bank.branches + 1)]
    weights = scenario.bank.branch_weights_ppm or [1] * scenario.bank.branches
    rows = _banded("age", shape.age_bands, shape.age_weights, age, tolerance, 1)
    rows += _banded(
        "monthly income, yuan",
        shape.monthly_income_bands,
        shape.income_weights,
        people.personal_income_fen(party),
        tolerance,
        100,
    )
    mix = people.mix_of_code[people.product(party)]
    asked = [scenario.demand[key].weight for key in people.keys]
    rows += compare("product", people.keys, asked, _counts(mix, len(asked)), tolerance)
    rows += compare("region", _REGIONS, shape.region_weights, _counts(people.region(party) - 1, 6), tolerance)
    return rows + compare("branch", branches, weights, _counts(people.branch(party) - 1, len(branches)), tolerance)


def _of_truth(scenario: Scenario, truth: Truth, party: Ints) -> list[MarginRow]:
    shape, tolerance = scenario.population, scenario.population.tolerance_ppm
    fifths = [f"fifth {number}" for number in range(1, FIFTHS + 1)]
    quality = truth.quality_ppm(party) * FIFTHS // PPM
    thin = truth.people.employment_months(party) < THIN_MONTHS
    rows = compare("quality", fifths, [1] * FIFTHS, _counts(quality, FIFTHS), tolerance)
    for name, declared, holds in (
        ("fraud", max(shape.fraud_ppm, shape.gang_ppm), truth.is_fraud(party)),
        ("gang", shape.gang_ppm, truth.gang(party) > 0),
        ("listed", shape.listed_ppm, truth.lists(party) > 0),
        ("inflated income", shape.income_inflation_ppm, truth.people.inflates_income(party)),
        ("short employment", shape.thin_employment_ppm, thin),
    ):
        rows += _rate(name, declared, int(holds.sum()), len(party), tolerance)
    return rows


def _of_forms(scenario: Scenario, forms: Forms, reference: Ints) -> list[MarginRow]:
    shape, tolerance = scenario.population, scenario.population.tolerance_ppm
    wrong = shape.defects_ppm()
    names = [defect.name.lower().replace("_", " ") for defect in Defect]
    drawn = _counts(forms.defects.of(reference), len(Defect))
    rows = compare("form", names, [PPM - sum(wrong), *wrong], drawn, tolerance, only_chance=True)
    visits = forms.visits.comers(0, len(reference)).visits.cumsum()
    again = len(reference) - 1 - int(visits.searchsorted(len(reference)))
    return rows + _rate("comes again", shape.repeat_ppm + shape.rush_ppm, again, len(reference), tolerance)


def _banded(
    margin: str, edges: list[int], weights: list[int], values: Ints, tolerance: int, unit: int
) -> list[MarginRow]:
    """Values at or above an edge belong to the band that begins there; those outside all bands count as the nearest."""
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(weights) - 1)
    bands = [f"{low // unit}–{high // unit}" for low, high in pairwise(edges)]
    return compare(margin, bands, weights, _counts(place, len(weights)), tolerance)


def _rate(name: str, declared_ppm: int, drawn: int, total: int, tolerance: int) -> list[MarginRow]:
    shares = (declared_ppm, PPM - declared_ppm)
    return compare(name, ("yes", "no"), shares, (drawn, total - drawn), tolerance, only_chance=True)


def _counts(places: Ints, size: int) -> list[int]:
    counted: list[int] = np.bincount(places, minlength=size).tolist()
    return counted
