"""A bank put down in the middle of its life and taken up by another process goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from actors.local import LocalExecutor
from actors.pipeline import Pipeline, RunEnd
from actors.topology import Cell, Flow
from credit.digest import Digest
from credit.room import Rows
from credit.stage import Stage
from credit.subsystem import State, Window, windows
from lendrill.assembly import blueprints
from lendrill.saved import Saved, load_saved, save
from results.folder import create, load_state
from scenarios.model import Scenario
from tests.lendrill import harness


def part(scenario: Scenario, spans: list[Window], path: Path, earlier: Path | None = None, chain: str = "") -> RunEnd:
    """Runs some windows of one scenario's life."""
    create(path)
    saved = None if earlier is None else taken(earlier)
    executor = LocalExecutor()
    executor.start(blueprints(scenario, Flow(1), path, True), saved.states(Flow(1)) if saved else None)
    pipeline = Pipeline(executor, Flow(1), chain)
    outcome = pipeline.outcome(pipeline.run([Window(n, w.start, w.until) for n, w in enumerate(spans)]))
    checksums[path] = save(path, outcome, {})
    return outcome


checksums: dict[Path, dict[str, str]] = {}


def taken(path: Path) -> Saved:
    kept = {str(cell): load_state(path, str(cell), checksums[path], {}) for cell in Flow(1).cells}
    return Saved(path, {"shards": 1}, kept)


def by_cell(outcome: RunEnd) -> dict[Cell, State]:
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


FIRMS = {
    "run__customers": 160,
    "run__days": 14,
    "demand__micro_business__weight": 400_000,
    "demand__working_capital__weight": 400_000,
    "demand__consumer_loan__weight": 100_000,
    "demand__card_instalment__weight": 50_000,
    "demand__mortgage__weight": 50_000,
    "population__repeat_ppm": 300_000,
}
"""Firms with persons behind them, who come again: a customer's and his people's rows must stay together when they move."""
LATER = FIRMS | {"run__customers": 120, "run__days": 6, "run__start": "2026-01-15"}


@pytest.fixture(scope="module")
def firms(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The run folder of the firms' bank on so many shards, made once."""
    made: dict[int, Path] = {}

    def of(shards: int) -> Path:
        if shards not in made:
            made[shards] = tmp_path_factory.mktemp("firms") / str(shards)
            harness.run(harness.small(**FIRMS), made[shards], shards=shards)
        return made[shards]

    return of


@pytest.mark.parametrize("shards", [1, 2, 3, 4])
def test_every_room_takes_up_what_any_number_of_shards_put_down(
    firms: Callable[[int], Path], shards: int, tmp_path: Path
) -> None:
    """Dealt out anew and exported again, room by room, the state of three shards has the digest that it had."""
    saved, flow = load_saved(firms(3)), Flow(shards)
    found: dict[str, list[State]] = {}
    dealt = saved.states(flow)
    for blueprint in blueprints(harness.small(**FIRMS), flow, tmp_path, True):
        cell, parts = blueprint.cell, blueprint.build(blueprint.cell)
        stage = Stage(flow.room_of(cell), parts.subsystem, parts.counterpart)
        stage.import_state(dealt[cell])
        found.setdefault(cell.room, []).append(stage.export_state())
    put_down: dict[str, list[State]] = {}
    for name, state in saved.by_cell.items():
        put_down.setdefault(Cell.named(name).room, []).append(state)
    for room, states in put_down.items():
        assert digest_of(found[room]) == digest_of(states), room


def digest_of(states: list[State]) -> dict[str, str]:
    """Digest by table over all of a room's cells."""
    digests: dict[str, Digest] = {}
    for state in states:
        for name, rows in state.items():
            digests.setdefault(name, Digest()).add(1, rows)
    return {name: digest.hex() for name, digest in digests.items() if digest.lanes != (0, 0)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"), [(2, 1), (3, 1), (3, 2), (4, 1), (1, 2), (1, 3), (1, 4), (2, 3), (3, 4), (4, 4)]
)
def test_a_run_goes_on_the_same_from_any_number_of_shards_to_any_other(
    firms: Callable[[int], Path], before: int, after: int, tmp_path: Path
) -> None:
    """The cuts at which customers were once mixed up, and their brothers."""
    if not straight:
        run = harness.run(harness.small(**LATER), tmp_path / "straight", earlier=firms(1))
        straight.append((run["digest"], run["chain"]))
    found = harness.run(harness.small(**LATER), tmp_path / "run", shards=after, earlier=firms(before))
    assert (found["digest"], found["chain"]) == straight[0]


straight: list[tuple[str, str]] = []
