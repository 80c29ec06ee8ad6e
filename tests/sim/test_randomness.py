"""Keyed draws: the same arguments give the same values, whatever else is asked for, in any process."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.curves import below_each, exponential, lognormal, shares_ppm
from sim.randomness import PPM, SHARES, TABLE_SIZE, Draw, Draws, purpose_key, quantile_table
from tests.sim.worlds import numbers

WORD = (1 << 64) - 1


def mixed(word: int) -> int:
    """SplitMix64's finaliser in plain Python."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & WORD
    return word ^ (word >> 31)


def word_of(seed: int, purpose: str, entity: int, occasion: int) -> int:
    """What `Draw.words` should give, without numpy."""
    key = int.from_bytes(hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest(), "little")
    golden = 0x9E3779B97F4A7C15
    inner = mixed((entity * golden + key) & WORD)
    return mixed(inner ^ ((occasion * 0x94D049BB133111EB + golden) & WORD))


@given(st.integers(0, 2**62), st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62))
def test_words_are_what_plain_python_computes(seed: int, entity: int, occasion: int) -> None:
    assert int(Draw(seed, "a").words(entity, occasion)[0]) == word_of(seed, "a", entity & WORD, occasion & WORD)


def test_a_published_value_never_changes() -> None:
    assert int(purpose_key(1, "x")) == int.from_bytes(hashlib.blake2b(b"1/x", digest_size=8).digest(), "little")
    assert int(Draw(20_260_101, "person.product").words(1)[0]) == word_of(20_260_101, "person.product", 1, 0)


@given(st.lists(st.integers(1, 2**40), min_size=1, max_size=50), st.data())
def test_draws_do_not_depend_on_batch_or_order(entities: list[int], data: st.DataObject) -> None:
    draw, table = Draw(3, "batch"), lognormal(1_000, 600_000)
    order = data.draw(st.permutations(range(len(entities))))
    whole = draw.quantile(table, np.array(entities))
    singly = [int(draw.quantile(table, entities[index])[0]) for index in order]
    assert singly == [int(whole[index]) for index in order]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.integers(1, 9), min_size=1, max_size=4)), min_size=1, max_size=12
    ),
    st.integers(0, 2),
)
def test_purposes_that_are_drawn_together_are_drawn_as_each_alone(asked: list[tuple[int, list[int]]], nth: int) -> None:
    names = "abcd"
    together = Draws(5, "family", names)
    for purpose, people in asked:
        name, entity = names[purpose], np.array(people)
        alone = Draw(5, f"family.{name}")
        for occasion in (0, nth, np.array([nth]), entity + nth, np.arange(3)[:, None]):
            assert np.array_equal(together[name].words(entity, occasion), alone.words(entity, occasion))
        assert np.array_equal(together[name].words(people[0]), alone.words(people[0]))


@given(st.integers(1, 10**13), st.integers(0, 3_000_000))
def test_quantile_tables_are_what_plain_python_computes(median: int, spread_ppm: int) -> None:
    normal, sigma = NormalDist().inv_cdf, spread_ppm / PPM
    for place in (0, 1, 777, TABLE_SIZE // 2, TABLE_SIZE):
        share = min(max(place / TABLE_SIZE, 0.5 / TABLE_SIZE), 1 - 0.5 / TABLE_SIZE)
        drawn = round(median * math.exp(sigma * normal(share)))
        assert int(lognormal(median, spread_ppm)[place]) == min(max(drawn, 1), 2**53)
        assert int(exponential(median)[place]) == min(round(-median * math.log1p(-share)), 2**53)


def test_purposes_seeds_entities_and_occasions_are_told_apart() -> None:
    n = numbers(50_000)
    draws = [Draw(1, "a").words(n), Draw(2, "a").words(n), Draw(1, "b").words(n), Draw(1, "a").words(n, 1)]
    draws.append(Draw(1, "a").words(1, n))
    together = np.concatenate(draws)
    assert len(np.unique(together)) == len(together) - 1, "words(1, 1) stands in two of the batches, nothing else does"


@pytest.mark.parametrize("bound", [2, 7, 1_000, PPM])
def test_below_is_uniform(bound: int) -> None:
    count, cells = 200_000, min(bound, 50)
    drawn = Draw(5, "uniform").below(bound, numbers(count)) * cells // bound
    expected = np.bincount(np.arange(bound) * cells // bound, minlength=cells) * count / bound
    chi = float(((np.bincount(drawn, minlength=cells) - expected) ** 2 / expected).sum())
    assert chi < cells - 1 + 5 * (2 * cells) ** 0.5


def test_neighbouring_entities_and_occasions_are_uncorrelated() -> None:
    draw, n = Draw(5, "pairs"), numbers(100_000)
    for one, other in ((draw.ppm(n), draw.ppm(n + 1)), (draw.ppm(n), draw.ppm(n, 1)), (draw.ppm(n), draw.ppm(1, n))):
        assert abs(float(np.corrcoef(one, other)[0, 1])) < 5 / len(n) ** 0.5


def test_chances_and_choices_come_at_their_rates() -> None:
    n = numbers(400_000)
    assert abs(int(Draw(1, "h").happens(30_000, n).sum()) - 12_000) < 5 * 12_000**0.5
    shares = np.bincount(Draw(1, "c").choice(shares_ppm([1, 2, 7]), n), minlength=3) / len(n)
    assert np.allclose(shares, [0.1, 0.2, 0.7], atol=0.004)
    assert not Draw(1, "h").happens(0, n).any()
    assert Draw(1, "h").happens(PPM, n).all()


def test_quantile_tables_rise_stay_in_bounds_and_meet_the_median() -> None:
    table = lognormal(5_000, 700_000, 100, 90_000)
    assert len(table) == TABLE_SIZE + 1
    assert bool((np.diff(table) >= 0).all())
    assert int(table[TABLE_SIZE // 2]) == 5_000
    drawn = Draw(1, "q").quantile(table, numbers(200_000))
    assert int(drawn.min()) >= 100
    assert int(drawn.max()) <= 90_000
    assert abs(float(np.median(drawn)) - 5_000) < 60
    assert abs(float(np.log(drawn).std()) - 0.7) < 0.01


def test_exponential_tables_have_their_mean() -> None:
    drawn = Draw(1, "e").quantile(exponential(60_000), numbers(200_000))
    assert abs(float(drawn.mean()) - 60_000) < 600


def test_a_quantile_table_keeps_within_its_bounds() -> None:
    table = quantile_table([1_000 * share for share in SHARES], 200, 800)
    assert (int(table[0]), int(table[-1])) == (200, 800)


@given(st.lists(st.integers(1, 2**31), min_size=1, max_size=20))
def test_bounds_by_row_are_kept(bounds: list[int]) -> None:
    drawn = below_each(Draw(9, "each"), bounds, numbers(len(bounds)))
    assert bool(((drawn >= 0) & (drawn < np.array(bounds))).all())


def test_shares_sum_to_one_whatever_the_weights() -> None:
    assert int(shares_ppm([1, 1, 1]).sum()) == PPM
    assert shares_ppm([0, 5]).tolist() == [0, PPM]


def test_the_world_is_the_same_under_every_hash_seed() -> None:
    program = (
        "import hashlib, numpy as np; from tests.sim.worlds import forms_of, morning, references;"
        "print(hashlib.sha256(forms_of().forms(references(500), morning(500)).tobytes()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64
