"""People keep who they are when a run goes on where another ended: birthday, number, name, branch and luck follow neither the
run's start nor its length, and some of those who come are people of the earlier run."""

from __future__ import annotations

import datetime as dt

import numpy as np

from credit.customers.contract import RefreshRiskList
from credit.mail import Inbox
from credit.subsystem import Window
from credit.times import DAY_MS
from scenarios.model import Scenario
from sim.arrivals import drawn_visits
from sim.counterparts.customers import CustomersCounterpart
from sim.occasions import party_of
from sim.population.people import People
from sim.truth import Truth
from tests.sim.worlds import SEED, numbers, products, references, scenario

WEIGHTS = {"consumer_loan": 1, "card_instalment": 1, "mortgage": 0, "micro_business": 5, "working_capital": 3}
FIRMS = {"demand": {product: {"weight": weight} for product, weight in WEIGHTS.items()}}
POPULATION = {"population": {"repeat_ppm": 300_000, "listed_ppm": 50_000}}


def first() -> Scenario:
    return scenario(run={"customers": 600, "days": 20}, **FIRMS, **POPULATION)


def second(customers: int = 500) -> Scenario:
    start = dt.date(2026, 1, 21)
    return scenario(
        run={"customers": customers, "days": 33, "start": start, "first_arrival": 601}, **FIRMS, **POPULATION
    )


def test_a_person_is_the_same_before_and_after_the_cut() -> None:
    before, after = People(first(), SEED, products()), People(second(), SEED, products())
    party = numbers(1_100)
    for fact in ("birth_day", "id_numbers", "mobiles", "branch", "product", "employment_months", "true_income_fen"):
        assert (getattr(before, fact)(party) == getattr(after, fact)(party)).all(), fact
    assert (before.person_names(party) == after.person_names(party)).all()
    one, other = Truth(SEED, first()), Truth(SEED, second())
    assert (one.gang(party) == other.gang(party)).all()


def test_people_of_the_earlier_run_come_again_under_another_reference() -> None:
    earlier = drawn_visits(first(), SEED, 600).reference
    later = drawn_visits(second(), SEED, 500).reference
    old = party_of(later) <= 600
    assert 0.1 < float(old.mean()) < 0.25, "half of those who come again"
    assert not np.isin(later, earlier).any()
    assert len(np.unique(later)) == 500


def test_one_customer_more_changes_nobody_else() -> None:
    for world in (first(), second()):
        count = world.run.customers
        fewer, more = drawn_visits(world, SEED, count), drawn_visits(world, SEED, count + 1)
        added = ~np.isin(more.reference, fewer.reference)
        assert int(added.sum()) == 1
        assert more.reference[~added].tolist() == fewer.reference.tolist()
        assert more.at[~added].tolist() == fewer.at.tolist()


def test_one_branch_more_moves_only_those_who_go_to_it() -> None:
    party = numbers(20_000)
    here = People(scenario(bank={"branches": 8}), SEED, products()).branch(party)
    there = People(scenario(bank={"branches": 9}), SEED, products()).branch(party)
    assert set(there[here != there].tolist()) == {9}
    assert 0.09 < float((there == 9).mean()) < 0.13
    weights = [1_000_000] * 7 + [2_000_000]
    heavy = People(scenario(bank={"branches": 8, "branch_weights_ppm": weights}), SEED, products()).branch(party)
    assert set(heavy[here != heavy].tolist()) == {8}
    assert np.abs(np.bincount(heavy)[1:] / 20_000 - np.array(weights) / sum(weights)).max() < 0.01


def test_another_repeat_share_leaves_alone_whom_it_does_not_touch() -> None:
    seldom = drawn_visits(scenario(run={"customers": 5_000}), SEED, 5_000)
    often = drawn_visits(scenario(run={"customers": 5_000}, population={"repeat_ppm": 90_000}), SEED, 5_000)
    at = dict(zip(seldom.reference.tolist(), seldom.at.tolist(), strict=True))
    shared = [(one, when) for one, when in zip(often.reference.tolist(), often.at.tolist(), strict=True) if one in at]
    assert len(shared) > 4_700
    assert sum(at[one] != when for one, when in shared) < 130, "first visits of those who now come earlier once more"


def test_the_copy_of_the_lists_knows_the_people_of_the_run() -> None:
    truth = Truth(SEED, second())
    copy = CustomersCounterpart(second(), SEED)
    start = second().run.start_ms
    whole = Window(0, start, start + 200 * DAY_MS)
    rows = np.concatenate([rows for kind, rows in copy.respond(Inbox(), whole, 0) if kind is RefreshRiskList])
    listed = numbers(1_100)[truth.lists(numbers(1_100)) > 0]  # those of the run before may come again
    assert len(listed)
    assert np.unique(rows["entry"]).tolist() == listed.tolist()


def test_a_reference_says_who_and_the_how_manieth_visit() -> None:
    assert party_of(references(5)).tolist() == [1, 2, 3, 4, 5]
