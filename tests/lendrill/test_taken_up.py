"""A bank put down in the middle of its life and taken up by another process goes on as if nothing had happened."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from actors.host import Blueprint
from actors.local import LocalExecutor
from actors.pipeline import Outcome, Pipeline
from actors.topology import Cell, Flow
from credit.room import Rows
from credit.subsystem import State, Window, windows
from lendrill.assembly import build_parts
from lendrill.saved import Saved, save
from results.folder import create, load_state
from scenarios.model import Scenario
from tests.lendrill import harness


def part(scenario: Scenario, spans: list[Window], path: Path, earlier: Path | None = None, chain: str = "") -> Outcome:
    """Runs some windows of one scenario's life."""
    create(path)
    saved = None if earlier is None else taken(earlier)
    executor, build = LocalExecutor(), partial(build_parts, scenario, Flow(1), path, True)
    executor.start(
        [Blueprint(cell, Flow(1), build) for cell in Flow(1).cells], saved.states(Flow(1)) if saved else None
    )
    pipeline = Pipeline(executor, Flow(1), chain)
    outcome = pipeline.outcome(pipeline.run([Window(n, w.start, w.until) for n, w in enumerate(spans)]))
    checksums[path] = save(path, outcome)
    return outcome


checksums: dict[Path, dict[str, str]] = {}


def taken(path: Path) -> Saved:
    kept = {str(cell): load_state(path, str(cell), checksums[path]) for cell in Flow(1).cells}
    return Saved(path, {"shards": 1}, kept)


def by_cell(outcome: Outcome) -> dict[Cell, State]:
    return {final.cell: final.state for final in outcome.finals}


def same(first: Rows, second: Rows) -> bool:
    return len(first) == len(second) and bool((np.sort(first, axis=0) == np.sort(second, axis=0)).all())


def test_every_table_of_every_stage_and_its_world_is_carried_over(tmp_path: Path) -> None:
    scenario = harness.small(run__customers=250, run__days=40)
    spans = list(windows(range(scenario.run.start_ms, scenario.run.until_ms + 1, scenario.run.window_ms)))
    whole = part(scenario, spans, tmp_path / "whole")
    first = part(scenario, spans[:23], tmp_path / "first")
    second = part(scenario, spans[23:], tmp_path / "second", tmp_path / "first", first.chain)
    assert first.events + second.events == whole.events
    assert second.chain == whole.chain != first.chain
    expected, found = by_cell(whole), by_cell(second)
    for cell, state in expected.items():
        assert sorted(state) == sorted(found[cell]), cell
        for name, rows in state.items():
            assert same(rows, found[cell][name]), f"{cell}: {name}"
