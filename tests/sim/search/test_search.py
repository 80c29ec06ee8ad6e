"""The fault search: seeds keep their promises, say the same again, and find bugs that are planted."""

from __future__ import annotations

import pytest

from lendrill.search import searcher
from sim.search.plan import drawn, fault_of
from tests.sim.search.planted import BUGS, NOT_FOUND, Bug, planted

SEEDS_QUICK = 8
SEEDS_MAX = 120
"""A planted bug is found within so many seeds."""


@pytest.mark.parametrize("seed", [351, 478, 2074, 9867])
def test_a_book_that_is_damaged_last_of_all_is_whole_again_in_the_end(seed: int) -> None:
    assert searcher().run(seed, drawn(seed)).wrong == ""


def test_seeds_keep_every_promise() -> None:
    results = [searcher().run(seed, drawn(seed)) for seed in range(SEEDS_QUICK)]
    assert [one.wrong for one in results] == [""] * SEEDS_QUICK
    assert sum(len(one.takeovers) for one in results) > SEEDS_QUICK


def test_a_seed_says_the_same_again() -> None:
    faults = drawn(5)
    assert faults == drawn(5) != drawn(6)
    assert searcher().run(5, faults) == searcher().run(5, faults)


def test_a_fault_is_a_line_and_a_line_a_fault() -> None:
    for seed in range(50):
        assert [fault_of(str(fault)) for fault in drawn(seed, "mixed")] == drawn(seed, "mixed")
    for line in (
        "5 kill primary",
        "5 explode primary remote 1 1",
        "5 kill moon remote 1 1",
        "x kill primary remote 1 1",
    ):
        with pytest.raises(ValueError, match=r"is no fault|sites are"):
            fault_of(line)


def found(bug: Bug, seeds: int) -> int | None:
    with planted(bug):
        return next((seed for seed in range(seeds) if searcher().run(seed, drawn(seed)).wrong), None)


@pytest.mark.parametrize("bug", [*BUGS, *NOT_FOUND], ids=lambda bug: bug.what)
def test_every_planted_bug_can_be_planted(bug: Bug) -> None:
    sound = getattr(bug.owner, bug.method)
    with planted(bug):
        assert getattr(bug.owner, bug.method) != sound


@pytest.mark.planted
@pytest.mark.parametrize("what", ["the leader does not wait for the other site", "answered requests are not kept"])
def test_planted_bugs_are_found(what: str) -> None:
    [bug] = [bug for bug in BUGS if bug.what == what]
    assert found(bug, SEEDS_MAX) is not None


@pytest.mark.slow
@pytest.mark.planted
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.what)
def test_every_planted_bug_is_found(bug: Bug) -> None:
    assert found(bug, SEEDS_MAX) is not None
