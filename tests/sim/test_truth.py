"""The latent truth: calibrated by the scenario, the same for everybody who asks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from credit.codes import RiskList
from sim.truth import MISS_MOST_PPM, Truth, miss_curve
from tests.sim.worlds import SEED, ZHANG, numbers, scenario

TRUTH = Truth(SEED, scenario())
PARTY = numbers(60_000)
ONE = np.ones(len(PARTY), dtype=np.int64)


def test_the_middle_customer_misses_at_the_declared_chance_and_the_weakest_fifth_at_its_multiple() -> None:
    chance, quality = TRUTH.normal_miss_ppm(PARTY), TRUTH.quality_ppm(PARTY)
    assert abs(float(np.median(chance)) - 14_000) < 800
    middle_of_weakest = chance[(quality > 90_000) & (quality < 110_000)]
    assert abs(float(np.median(middle_of_weakest)) - 6 * 14_000) < 6_000


def test_a_mature_book_without_its_weakest_is_overdue_at_a_bank_s_usual_rate() -> None:
    """Admission and score keep most of the weakest quarter and of the fraudsters out; of the rest two to three and a half in a
    hundred miss a given instalment; most make up for it within weeks, so three to four loans in a hundred are overdue."""
    booked = PARTY[(TRUTH.quality_ppm(PARTY) > 250_000) & ~TRUTH.is_fraud(PARTY)]
    rate = float(TRUTH.miss_ppm(booked, np.ones(len(booked), dtype=np.int64)).mean())
    assert 20_000 < rate < 35_000


@given(st.integers(1_000, 50_000), st.integers(1, 12))
def test_the_curve_falls_with_quality_and_keeps_to_a_chance(base: int, spread: int) -> None:
    curve = miss_curve(base, spread)
    assert bool((np.diff(curve) <= 0).all())
    assert 0 <= int(curve[-1]) <= int(curve[0]) <= MISS_MOST_PPM
    assert abs(int(curve[len(curve) // 2]) - base) <= base // 50 + 1


def test_houses_are_kept_longest() -> None:
    means = [float(TRUTH.miss_ppm(PARTY, ONE * product).mean()) for product in (3, 1, 2)]
    assert means == sorted(means)


def test_fraudsters_hardly_pay_and_hardly_mean_their_promises() -> None:
    fraud = TRUTH.is_fraud(PARTY)
    assert int(fraud.sum()) > 100
    assert float(TRUTH.miss_ppm(PARTY, ONE)[fraud].min()) > 800_000
    assert int(TRUTH.willingness_ppm(PARTY)[fraud].max()) < 100_000


def test_willingness_rises_with_quality_and_is_a_chance() -> None:
    willing, quality = TRUTH.willingness_ppm(PARTY), TRUTH.quality_ppm(PARTY)
    assert 0 <= int(willing.min()) <= int(willing.max()) <= 1_000_000
    assert float(willing[quality > 800_000].mean()) > float(willing[quality < 200_000].mean()) + 200_000


def test_gangs_are_fraudsters_who_share_devices() -> None:
    truth = Truth(SEED, scenario(population={"gang_ppm": 3_000}))
    gang = truth.gang(PARTY)
    assert bool(truth.is_fraud(PARTY)[gang > 0].all())
    assert int(truth.shared_devices(PARTY)[gang > 0].min()) >= 3
    assert int(truth.shared_devices(PARTY)[gang == 0].max()) <= 1
    members = np.bincount(gang)[1:]
    assert float(members[members > 0].mean()) > 2, "several members a gang"


def test_the_listed_stand_on_one_outside_list_each() -> None:
    lists = TRUTH.lists(PARTY)
    outside = (RiskList.CENTRAL_BANK, RiskList.DISHONEST_DEBTOR, RiskList.ASSOCIATION)
    assert set(np.unique(lists).tolist()) == {0, *outside}
    assert 0.004 < float((lists > 0).mean()) < 0.006


def test_patience_has_the_median_customer_at_one() -> None:
    assert abs(float(np.median(TRUTH.patience_ppm(PARTY))) - 1_000_000) < 20_000


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=40, unique=True), st.data())
def test_truth_does_not_depend_on_who_else_is_asked_for(parties: list[int], data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(len(parties)))), dtype=np.int64)
    party = np.array(parties)
    for fact in (TRUTH.quality_ppm, TRUTH.lists, TRUTH.gang, TRUTH.true_income_fen, TRUTH.willingness_ppm):
        assert (fact(party)[order] == fact(party[order])).all()
    one = np.ones(len(parties), dtype=np.int64)
    assert (TRUTH.miss_ppm(party, one)[order] == TRUTH.miss_ppm(party[order], one)).all()


def test_a_script_is_the_truth_of_its_customer() -> None:
    scripted = {**ZHANG, "miss_ppm": 12_345, "true_income": 9_000}
    truth = Truth(SEED, scenario(script=[scripted], run={"customers": 5}))
    one = numbers(1)
    assert truth.miss_ppm(one, one).tolist() == [12_345]
    assert truth.true_income_fen(one).tolist() == [900_000]
    assert truth.quality_ppm(one).tolist() == [820_000]
    assert (bool(truth.is_fraud(one)[0]), int(truth.lists(one)[0]), int(truth.gang(one)[0])) == (False, 0, 0)
