"""The central promise: one digest, whatever hosts the bank, however many shards, whatever the hash seed."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from actors.topology import Flow
from results.queries import RunQueries
from scenarios.loading import load_scenario
from scenarios.model import Scenario
from tests.lendrill import harness

_CHILD = """
import sys, pathlib
from tests.lendrill import harness
print(harness.run(harness.small(run__days=30, run__customers=200), pathlib.Path(sys.argv[1]), shards=2)["digest"])
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The reference: one process, one shard."""
    return harness.run(harness.small(), tmp_path_factory.mktemp("runs") / "whole")


def test_the_small_bank_has_work_in_every_stage(whole: dict[str, object], tmp_path: Path) -> None:
    events = whole["funnel"]
    assert isinstance(events, dict)
    assert events["submitted"] >= 400
    assert min(events["approved"], events["declined"], events["signed"], events["disbursed"]) > 20
    portfolio = whole["portfolio"]
    assert isinstance(portfolio, dict)
    assert portfolio["overdue_rate"] > 0


@pytest.mark.parametrize("shards", [4])  # two: on Ray
def test_the_number_of_shards_changes_nothing(whole: dict[str, object], shards: int, tmp_path: Path) -> None:
    found = harness.run(harness.small(), tmp_path / "run", shards=shards)
    assert (found["digest"], found["chain"]) == (whole["digest"], whole["chain"])


@pytest.mark.slow
def test_the_number_of_shards_changes_nothing_in_a_bank_of_ordinary_size(tmp_path: Path) -> None:
    """Twenty thousand customers meet what four hundred do not: namesakes, shared identity numbers, ports that time out."""
    ordinary = load_scenario("baseline", {"run.days": 365})
    digests = {harness.run(ordinary, tmp_path / str(shards), shards=shards)["digest"] for shards in (1, 3, 8)}
    assert len(digests) == 1


def test_the_seed_changes_everything(whole: dict[str, object], tmp_path: Path) -> None:
    assert harness.run(harness.small(run__seed=7), tmp_path / "run")["digest"] != whole["digest"]


def test_the_hash_seed_changes_nothing(tmp_path: Path) -> None:
    digests = set()
    for hash_seed in ("0", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        result = subprocess.run(
            [sys.executable, "-c", _CHILD, str(tmp_path / hash_seed)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        digests.add(result.stdout.strip().splitlines()[-1])
    assert len(digests) == 1


def test_windows_in_which_nothing_happens_are_left_out_and_nothing_changes(tmp_path: Path) -> None:
    """Neither a digest, nor a figure of the report on desks and people."""
    quiet = harness.small(run__days=12, run__customers=60, run__window="hour")
    found, told = [], []
    for every_window in (False, True):
        path = tmp_path / str(every_window)
        found.append(harness.run(quiet, path, every_window=every_window))
        with RunQueries(path) as queries:
            told.append((sorted(queries.desks()), sorted(queries.staff()), queries.queues("hour", *_span(quiet))))
    left_out, worked = found
    assert (left_out["digest"], left_out["chain"]) == (worked["digest"], worked["chain"])
    assert told[0] == told[1]
    assert left_out["invariants"]["checked"] * 3 < worked["invariants"]["checked"] == 12 * 24 * len(Flow(1).cells)


def _span(scenario: Scenario) -> tuple[dt.datetime, dt.datetime]:
    since = dt.datetime.combine(scenario.run.start, dt.time())
    return since, since + dt.timedelta(days=scenario.run.days)


def test_a_continued_run_is_the_same_for_any_number_of_shards(tmp_path: Path) -> None:
    first = harness.small(run__days=40)
    harness.run(first, tmp_path / "first")
    second = harness.run(
        harness.small(run__days=20, run__customers=100, run__start="2026-02-10"),
        tmp_path / "second",
        earlier=tmp_path / "first",
    )
    resharded = harness.run(
        harness.small(run__days=20, run__customers=100, run__start="2026-02-10"),
        tmp_path / "resharded",
        earlier=tmp_path / "first",
        shards=2,
    )
    assert second["digest"] == resharded["digest"]
    assert second["portfolio"]["active_loans"] > 0
