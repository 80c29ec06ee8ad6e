"""The fault search: seeds keep their promises, say the same again, and find bugs that are planted."""

from __future__ import annotations

import inspect

import pytest

from lendrill.search import searcher
from sim.search.plan import Kind, drawn, fault_of
from tests.sim.search.planted import BUGS, NOT_FOUND, Bug, planted

SEEDS_QUICK = 8
SEEDS_MAX = 120
"""A planted bug is found within so many seeds."""
PLANTED_QUICK = [
    "the leader does not wait for the other site",
    "answered requests are not kept",
    "recovery forgets what the books hold",
]


LAST_OF_ALL = {
    351: """8 kill primary witness 6 11; 16 hang primary same-city 4 9; 21 kill-at-disk same-city remote 5 6;
        23 damage-snapshot same-city remote 6 12; 23 disk-full primary remote 5 9; 26 kill primary witness 1 1""",
    478: "10 twin primary same-city 7 11; 23 kill same-city remote 2 3; 28 damage-window primary witness 8 8",
    2074: """15 damage-window same-city remote 2 3; 16 cut primary remote 5 3; 19 race primary same-city 6 4;
        22 cut primary remote 5 12; 28 damage-window same-city witness 8 5""",
    9867: """16 damage-window primary remote 6 3; 16 damage-window remote same-city 7 7;
        21 cut same-city remote 2 7; 29 damage-window same-city remote 4 2""",
}


@pytest.mark.parametrize("seed", LAST_OF_ALL)
def test_a_book_that_is_damaged_last_of_all_is_whole_again_in_the_end(seed: int) -> None:
    assert searcher().run(seed, [fault_of(line.strip()) for line in LAST_OF_ALL[seed].split(";")]).wrong == ""


def test_a_bank_is_restored_from_its_backups_alone_whatever_befell_it() -> None:
    plans = {seed: drawn(seed, "backups") for seed in range(SEEDS_QUICK // 2)}
    assert any(fault.kind == Kind.RESTORE for faults in plans.values() for fault in faults)
    assert [searcher().run(seed, faults).wrong for seed, faults in plans.items()] == [""] * len(plans)


def test_a_restored_book_fences_a_leader_of_which_only_a_backup_without_windows_knows() -> None:
    faults = [
        "5 disk-full primary witness 2 12",
        "21 disk-full primary same-city 4 12",
        "26 restore primary witness 1 1",
    ]
    assert searcher().run(907, [fault_of(line) for line in faults]).wrong == ""


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
        return next((seed for seed in range(seeds) if searcher().run(seed, drawn(seed, bug.profile)).wrong), None)


@pytest.mark.parametrize("bug", [*BUGS, *NOT_FOUND], ids=lambda bug: bug.what)
def test_every_planted_bug_can_be_planted(bug: Bug) -> None:
    """And knows the class it stands in, as the sound one does: else what is found is how it was planted."""
    sound = getattr(bug.owner, bug.method)
    with planted(bug):
        wrong = getattr(bug.owner, bug.method)
        assert wrong != sound
        if "__class__" in sound.__code__.co_freevars:
            assert inspect.getclosurevars(wrong).nonlocals["__class__"] is bug.owner


@pytest.mark.planted
@pytest.mark.parametrize("what", PLANTED_QUICK)
def test_planted_bugs_are_found(what: str) -> None:
    [bug] = [bug for bug in BUGS if bug.what == what]
    assert found(bug, SEEDS_MAX) is not None


@pytest.mark.slow
@pytest.mark.planted
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.what)
def test_every_planted_bug_is_found(bug: Bug) -> None:
    assert found(bug, SEEDS_MAX) is not None
