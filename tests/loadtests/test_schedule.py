"""Arrivals follow their rate, are the same for the same seed, and are shared out without loss; files of instants are read, and
what is none is refused in one line."""

from __future__ import annotations

import json
from itertools import chain, pairwise
from pathlib import Path

import pytest

from loadtests.schedule import SHAPES, BadSchedule, given, shaped


@pytest.mark.parametrize("shape", SHAPES)
def test_as_many_come_as_the_rate_says_and_in_order(shape: str) -> None:
    schedule = shaped(shape, 400.0, 50.0)
    instants = list(schedule.arrivals(7))
    assert instants == sorted(instants)
    assert 0 <= instants[0] <= instants[-1] <= schedule.duration_s == 50.0
    assert (
        abs(len(instants) - schedule.expected) < 5 * schedule.expected**0.5
    )  # one in a million by chance, and a seed is fixed
    assert max(schedule.rate(at / 10) for at in range(500)) <= 400.0


@pytest.mark.parametrize("shape", SHAPES)
def test_each_fifth_of_a_schedule_has_its_own_share(shape: str) -> None:
    schedule = shaped(shape, 500.0, 50.0)
    instants = list(schedule.arrivals(3))
    for fifth in range(5):
        counted = sum(10 * fifth <= at < 10 * (fifth + 1) for at in instants)
        expected = sum(schedule.rate(10 * fifth + (step + 0.5) / 100) for step in range(1000)) / 100
        assert abs(counted - expected) < 5 * expected**0.5 + 1


@pytest.mark.parametrize(
    ("shape", "rates"),
    [
        ("constant", [100, 100, 100, 100, 100, 100]),
        ("ramp", [2, 30, 50, 64, 90, 98]),
        ("stairs", [20, 40, 60, 80, 100, 100]),
        ("spike", [20, 20, 100, 20, 20, 20]),
        ("soak", [20, 100, 100, 100, 100, 100]),
    ],
)
def test_each_shape_has_its_rates(shape: str, rates: list[float]) -> None:
    schedule = shaped(shape, 100.0, 50.0)
    assert [schedule.rate(at) for at in (1, 15, 25, 32, 45, 49)] == pytest.approx(rates)
    assert schedule.rate(50.0) == 0


def test_the_same_seed_gives_the_same_instants_and_another_gives_others() -> None:
    schedule = shaped("ramp", 50.0, 10.0)
    assert list(schedule.arrivals(1)) == list(schedule.arrivals(1))
    assert list(schedule.arrivals(1)) != list(schedule.arrivals(2))


def test_gaps_are_those_of_a_poisson_process() -> None:
    instants = list(shaped("constant", 1_000.0, 40.0).arrivals(5))
    gaps = [later - earlier for earlier, later in pairwise(instants)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert abs(variance / mean**2 - 1) < 0.05  # of evenly spaced arrivals it is 0


def test_processes_share_a_shape_and_given_instants(tmp_path: Path) -> None:
    shared = shaped("constant", 300.0, 40.0)
    counts = [len(list(shared.arrivals(1, place, 3))) for place in range(3)]
    assert abs(sum(counts) - 12_000) < 5 * 12_000**0.5
    file = tmp_path / "instants.json"
    file.write_text(json.dumps([3, 1, 2, 0.5]))
    parts = [list(given(file).arrivals(1, place, 3)) for place in range(3)]
    assert sorted(chain.from_iterable(parts)) == [0.5, 1, 2, 3]


def test_a_table_of_instants_is_read_with_and_without_its_heading(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("seconds,who\n0.5,x\n1.5,y\n")
    (tmp_path / "b.csv").write_text("1.5\n0.5\n")
    assert given(tmp_path / "a.csv").given == given(tmp_path / "b.csv").given == [0.5, 1.5]


@pytest.mark.parametrize("text", ["", "[]", "[1, -2]", '["soon"]', "a\nb\n", "[1, NaN]", "{}"])
def test_a_file_that_holds_no_instants_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.txt"
    file.write_text(text)
    with pytest.raises(BadSchedule, match=r"bad\.txt"):
        given(file)


@pytest.mark.parametrize(
    ("shape", "rate", "duration"),
    [("hill", 1.0, 1.0), ("ramp", 0.0, 1.0), ("ramp", 1.0, -1.0), ("ramp", float("nan"), 1.0)],
)
def test_an_impossible_shape_is_refused(shape: str, rate: float, duration: float) -> None:
    with pytest.raises(BadSchedule):
        shaped(shape, rate, duration)
