"""`lendrill search`: its exit code, what it prints of a broken promise and how to see it again, and what it refuses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest

from lendrill import search
from lendrill.cli import main
from lendrill.commit import commit
from lendrill.search import SearchOptions, shrunk
from sim.search.plan import NTH_MAX, TICKS, Fault, drawn, fault_of
from sim.search.run import Found
from tests.lendrill.test_cli_errors import complaint
from tests.sim.search.planted import BUGS, planted

KILL, CUT, HANG = (
    fault_of(f"{tick} {kind} primary remote 1 1") for tick, kind in ((5, "kill"), (6, "cut"), (7, "hang"))
)
HERE = ["search", "--quiet", "--processes", "1"]
"""One process: this one, in which bugs are planted."""
Breaks = Callable[[Sequence[Fault]], bool]


def told(breaks: Breaks, said: str = "a promise") -> SimpleNamespace:
    """A search whose seeds break a promise where `breaks` says so of their faults."""
    return SimpleNamespace(
        run=lambda _, faults: Found(f"{said} with {len(faults)}" if breaks(faults) else "", 1, 1, (), 0, 1)
    )


def bug(what: str):
    return planted(next(bug for bug in BUGS if bug.what == what))


@pytest.mark.parametrize(
    ("breaks", "fewest"),
    [
        (lambda faults: list(faults) in ([KILL, CUT, HANG], [KILL, HANG], [HANG]), [HANG]),
        (lambda faults: len(faults) in (2, 3), [CUT, HANG]),
        (lambda faults: HANG in faults and len(faults) != 2, [KILL, CUT, HANG]),  # only one at a time is left out
        (lambda faults: faults.count(KILL) + faults.count(HANG) == len(faults), []),
        (lambda faults: True, []),
        (lambda faults: len(faults) in (0, 3), []),
    ],
)
def test_no_fault_that_is_left_can_be_left_out(
    breaks: Breaks, fewest: list[Fault], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "searcher", lambda: told(breaks))
    assert shrunk(1, [KILL, CUT, HANG]) == fewest


def test_a_fault_that_is_needed_twice_stays_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "searcher", lambda: told(lambda faults: list(faults).count(KILL) == 2))
    assert shrunk(1, [KILL, CUT, KILL]) == [KILL, KILL]
    monkeypatch.setattr(search, "searcher", lambda: told(lambda faults: KILL in faults))
    assert shrunk(1, [KILL, CUT, KILL]) == [KILL]


def test_that_nothing_befalls_is_another_plan_than_what_is_drawn() -> None:
    assert SearchOptions(seeds=1, faults=("none",)).plan() == []
    assert SearchOptions(seeds=1, faults=(str(CUT), str(CUT))).plan() == [CUT, CUT]
    assert SearchOptions(seeds=1).plan() is None


def test_seeds_that_keep_every_promise_are_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*HERE, "--seeds", "2"]) == 0
    assert capsys.readouterr().out.startswith("2 seeds, 0 broke a promise; ")


@pytest.mark.planted
def test_a_broken_promise_is_1_and_told_with_the_commit_and_the_command_that_shows_it_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fault = "4 disk-full primary same-city 6 4"
    with bug("an append that failed is taken for done"):
        assert main([*HERE, "--seeds", "2"]) == 1
        seed, first, again, summary = capsys.readouterr().out.splitlines()
        assert seed == "seed 1: tick 4: primary is in step and has 2 windows; window 2 was answered for"
        assert first.strip() == fault
        assert again == f'    again, at commit {commit()}: lendrill search --first 1 --seeds 1 --fault "{fault}"'
        assert summary.startswith("2 seeds, 1 broke a promise; ")
        command = shlex.split(again.partition(": ")[2])[1:]
        assert main(command) == 1
        assert capsys.readouterr().out.splitlines()[:3] == [seed, first, again]
    assert main(command) == 0
    assert capsys.readouterr().out.startswith("1 seed, 0 broke a promise; ")


@pytest.mark.planted
def test_that_no_fault_is_needed_is_told_and_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    with bug("the leader does not wait for the other site"):
        assert main([*HERE, "--seeds", "1"]) == 1
        seed, none, *_, again, _ = capsys.readouterr().out.splitlines()
        assert seed.startswith("seed 0: ")
        assert none == "    no fault is needed"
        assert again.endswith(": lendrill search --first 0 --seeds 1 --fault none")
        assert main(shlex.split(again.partition(": ")[2])[1:]) == 1
        assert "no fault is needed" in capsys.readouterr().out
    assert main(["search", "--seeds", "1", "--fault", "none"]) == 0


def test_what_fewer_faults_break_is_told_where_it_is_another_promise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "searcher", lambda: told(lambda faults: HANG in faults, "[red]a promise[/]"))
    words = [word for fault in (KILL, CUT, HANG) for word in ("--fault", str(fault))]
    assert main(["search", "--seeds", "1", "--first", "9", *words]) == 1
    assert capsys.readouterr().out.splitlines()[:-1] == [
        "seed 9: [red]a promise[/] with 3",
        f"    {HANG}",
        "    what is broken then: [red]a promise[/] with 1",
        f'    again, at commit {commit()}: lendrill search --first 9 --seeds 1 --fault "{HANG}"',
    ]


def test_of_many_broken_seeds_ten_are_shown_and_the_others_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "searcher", lambda: told(lambda _: True))
    assert main([*HERE, "--seeds", "23", "--first", "4"]) == 1
    said = capsys.readouterr().out
    assert re.findall(r"^seed (\d+):", said, re.MULTILINE) == [str(seed) for seed in range(4, 14)]
    assert f"… and 13 more: {', '.join(str(seed) for seed in range(14, 27))}\n" in said
    assert "23 seeds, 23 broke a promise" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seeds", "0"], "--seeds 0 --first 0"),
        (["--first", "-1"], "--seeds 1000 --first -1"),
        (["--profile", "calm"], "--profile calm: no such profile"),
        (["--profile", ""], "no such profile"),
        (["--processes", "-1"], "--processes -1"),
        (["--fault", str(KILL)], "--fault says what befalls one seed"),
        (
            ["--seeds", "1", "--fault", str(KILL), "--profile", "swarm"],
            "--profile swarm: nothing is drawn beside --fault",
        ),
        (["--seeds", "1", "--fault", "none", "--processes", "0"], "--processes 0: one seed is one process's"),
        (["--seeds", "1", "--fault", str(KILL), "--fault", "none"], "--fault none: other faults stand beside it"),
        (["--seeds", "1", "--fault", ""], "'' is no fault"),
        (["--seeds", "1", "--fault", "5 kill primary remote -1 1"], "TICKS is -1; right is 1 to 30"),
        (["--seeds", "1", "--fault", "5 cut primary primary 1 1"], "SITE and OTHER are the same"),
    ],
)
def test_impossible_searches_are_refused_in_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", *words]) == 2
    assert said in complaint(capsys)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-3 kill primary remote 1 1", f"TICK is -3; right is 1 to {TICKS}"),
        ("0 kill primary remote 1 1", f"TICK is 0; right is 1 to {TICKS}"),
        (f"{TICKS + 1} kill primary remote 1 1", f"TICK is {TICKS + 1}"),
        ("5 kill primary remote 0 1", "TICKS is 0"),
        (f"5 kill primary remote {TICKS + 1} 1", f"TICKS is {TICKS + 1}"),
        ("5 race primary remote 1 0", f"NTH is 0; right is 1 to {NTH_MAX}"),
        ("5 race primary remote 1 -2", "NTH is -2"),
        (f"5 clock primary remote 1 {10**20}", "NTH is"),
        ("5 kill witness primary 1 1", "sites are primary, same-city, remote"),
        ("5 hang remote remote 1 1", "SITE and OTHER are the same"),
    ],
)
def test_a_fault_that_would_change_nothing_or_means_nothing_is_refused(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        fault_of(line)


def test_a_fault_befalls_in_the_first_tick_and_in_the_last() -> None:
    for tick in (1, TICKS):
        assert fault_of(f"{tick} kill primary witness {TICKS} {NTH_MAX}").tick == tick
    assert all(fault_of(str(fault)) == fault for seed in range(200) for fault in drawn(seed, "backups"))
