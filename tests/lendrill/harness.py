"""Runs small banks for the tests: whole runs through the real assembly, into a temporary folder."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from actors.local import LocalExecutor
from actors.pipeline import Executor
from actors.topology import Flow
from lendrill.requirements import catalogue
from lendrill.run import execute
from lendrill.saved import load_saved
from results import folder
from scenarios.loading import load_scenario
from scenarios.model import Scenario

SMALL = {
    "run.customers": 400,
    "run.days": 60,
    "bank.branches": 4,
    "demand.consumer_loan.weight": 300_000,
    "demand.card_instalment.weight": 200_000,
    "demand.mortgage.weight": 150_000,
    "demand.micro_business.weight": 200_000,
    "demand.working_capital.weight": 150_000,
    "behaviour.miss_base_ppm": 150_000,
}
"""A small bank with all products and enough trouble that every stage has work."""


def small(name: str = "baseline", **changes: Any) -> Scenario:
    """The small bank; keyword ``run__days=5`` changes ``run.days``."""
    return load_scenario(name, SMALL | {key.replace("__", "."): value for key, value in changes.items()})


def run(
    scenario: Scenario,
    path: Path,
    *,
    shards: int = 1,
    executor: Executor | None = None,
    earlier: Path | None = None,
    every_window: bool = False,
    report: bool = False,
) -> dict[str, Any]:
    """Runs a scenario into `path` with invariants checked after every window that is worked, with `every_window` after each;
    returns the summary. The report, which takes as long as a small run, is drawn where a test asks for it."""
    saved = load_saved(earlier) if earlier else None
    folder.create(path)
    executor = executor or LocalExecutor()
    with nullcontext() if report else patch("results.report.write_report"):
        return execute(
            scenario, Flow(shards), executor, path, saved, check_every_window=True, every_window=every_window
        )


def claimed(scenario: str) -> set[str]:
    """Events that the requirement catalogue says a scenario's run reaches."""
    runs = [clause.run.partition(": ") for entry in catalogue() for clause in entry.clauses]
    return {event for where, _, events in runs if where == scenario for event in events.split(", ")}
