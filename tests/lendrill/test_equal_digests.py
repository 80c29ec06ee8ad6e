"""The central promise: one digest, whatever hosts the bank, however many shards, whatever the hash seed."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from actors.topology import Flow
from lendrill.interruption import Interruption
from results.queries import RunQueries
from scenarios.loading import load_scenario
from scenarios.model import Scenario
from tests.lendrill import harness

_CHILD = """
import sys, pathlib
from tests.lendrill import harness
print(harness.run(harness.small(), pathlib.Path(sys.argv[1]))["digest"])
"""
QUIET = {"run__days": 12, "run__customers": 60, "run__window": "hour"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs") / "whole"


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, object]:
    """The reference: one process, one shard."""
    return harness.run(harness.small(), folder)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A bank in which most hours bring nothing: where it ran, and its summary."""
    path = tmp_path_factory.mktemp("runs") / "quiet"
    return path, harness.run(harness.small(**QUIET), path)


def test_the_small_bank_has_work_in_every_stage(whole: dict[str, object], tmp_path: Path) -> None:
    events = whole["funnel"]
    assert isinstance(events, dict)
    assert events["submitted"] >= 400
    assert min(events["approved"], events["declined"], events["signed"], events["disbursed"]) > 20
    portfolio = whole["portfolio"]
    assert isinstance(portfolio, dict)
    assert portfolio["overdue_rate"] > 0


@pytest.mark.parametrize("shards", [3])  # two: on Ray. Four branches on three shards are not dealt out evenly
def test_the_number_of_shards_changes_nothing(whole: dict[str, object], shards: int, tmp_path: Path) -> None:
    found = harness.run(harness.small(), tmp_path / "run", shards=shards)
    assert (found["digest"], found["chain"]) == (whole["digest"], whole["chain"])


@pytest.mark.slow
def test_the_number_of_shards_changes_nothing_in_a_bank_of_ordinary_size(tmp_path: Path) -> None:
    """Twenty thousand customers meet what four hundred do not: namesakes, shared identity numbers, ports that time out."""
    ordinary = load_scenario("baseline", {"run.days": 365})
    digests = {harness.run(ordinary, tmp_path / str(shards), shards=shards)["digest"] for shards in (1, 3, 8)}
    assert len(digests) == 1


def test_the_seed_changes_everything(quiet: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    assert harness.run(harness.small(**QUIET, run__seed=7), tmp_path / "run")["digest"] != quiet[1]["digest"]


def test_the_hash_seed_changes_nothing(whole: dict[str, object], tmp_path: Path) -> None:
    """This process has a hash seed of its own: another one each time, unless it was given one."""
    other = "4242" if os.environ.get("PYTHONHASHSEED") != "4242" else "0"
    result = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path / "run")],
        env=os.environ | {"PYTHONHASHSEED": other},
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert result.stdout.strip().splitlines()[-1] == whole["digest"]


def test_windows_in_which_nothing_happens_are_left_out_and_nothing_changes(
    quiet: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """Neither a digest, nor a figure of the report on desks and people."""
    scenario, (without, left_out) = harness.small(**QUIET), quiet
    worked = harness.run(scenario, tmp_path / "every", every_window=True)
    told = []
    for path in (without, tmp_path / "every"):
        with RunQueries(path) as queries:
            told.append((sorted(queries.desks()), sorted(queries.staff()), queries.queues("hour", *_span(scenario))))
    assert (left_out["digest"], left_out["chain"]) == (worked["digest"], worked["chain"])
    assert told[0] == told[1]
    assert left_out["invariants"]["checked"] * 3 < worked["invariants"]["checked"] == 12 * 24 * len(Flow(1).cells)


def test_nothing_is_left_out_of_a_ripe_book_either(whole: dict[str, object], folder: Path, tmp_path: Path) -> None:
    """A week of hours with debits, arrears, and collectors who need days for a task that is due when the next workday begins."""
    assert whole["status"] == "complete"
    early = {"key": "early", "actions": [{"action": "call", "every_days": 1}]}
    limit = {"policies__collections__closing_minute": 0, "policies__collections_a__rows": [early]}
    limit["staff__collector_early__service_minutes_median"] = 600
    week = harness.small(run__days=7, run__customers=40, run__start="2026-03-02", run__window="hour", **limit)
    left_out, worked = (
        harness.run(week, tmp_path / str(every), earlier=folder, every_window=every) for every in (False, True)
    )
    assert (left_out["digest"], left_out["chain"]) == (worked["digest"], worked["chain"])
    urged = f"SELECT count(*) FROM '{tmp_path}/False/events/*.parquet' WHERE event = 'collection_urged'"
    assert duckdb.execute(urged).fetchall()[0][0] > 0


def test_a_run_that_ends_at_noon_is_the_same_for_any_number_of_shards(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a desk with nothing to do it is no longer known when it was last asked."""
    short, found = harness.small(run__days=3, run__customers=60, run__window="5min"), []
    for shards in (1, 2):
        asked = iter([False] * 15 + [True] * 99)
        monkeypatch.setattr(Interruption, "asked", lambda _, asked=asked: next(asked))
        found.append(harness.run(short, tmp_path / str(shards), shards=shards))
    assert [(one["status"], one["windows"]) for one in found] == [("partial", 864)] * 2
    assert found[0]["digest"] == found[1]["digest"]


def _span(scenario: Scenario) -> tuple[dt.datetime, dt.datetime]:
    since = dt.datetime.combine(scenario.run.start, dt.time())
    return since, since + dt.timedelta(days=scenario.run.days)


def test_a_continued_run_is_the_same_for_any_number_of_shards(
    whole: dict[str, object], folder: Path, tmp_path: Path
) -> None:
    later = harness.small(run__days=8, run__customers=100, run__start="2026-03-02", run__window="hour")
    second, resharded = (harness.run(later, tmp_path / str(shards), earlier=folder, shards=shards) for shards in (1, 2))
    assert (second["digest"], second["chain"]) == (resharded["digest"], resharded["chain"])
    assert second["portfolio"]["active_loans"] > 0
