"""The banks that are measured: whole runs from the command line, and small ones in this process."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from actors.local import LocalExecutor
from actors.topology import Flow
from bench.state import active_loans, kept_bytes
from lendrill.assembly import blueprints
from lendrill.run import execute
from lendrill.saved import load_saved
from results import folder as folders
from scenarios.loading import load_scenario

SMALL_WINDOWS = "60 customers, two days of 5-minute windows, local"
SEARCHED = "500 loans, 200 5-minute windows, invariants after each"
FORKED = "a bank of 10,000 loans forked in memory"
PEAK_DAY = "peak_day on Ray, 2,880 windows"
BYTES = "state an active loan"
PEAK = "memory of all processes at most"
UNITS = {SMALL_WINDOWS: "ms a window", SEARCHED: "s", FORKED: "s", PEAK_DAY: "s", BYTES: "bytes", PEAK: "MiB"}


def run(
    scenario: str, out: Path, executor: str, customers: int | None = None, days: int | None = None
) -> dict[str, Any]:
    """A whole run's summary, from a process of its own."""
    command = [sys.executable, "-m", "lendrill", "run", scenario, "--executor", executor, "--out", str(out), "--quiet"]
    command += ["--customers", str(customers)] if customers else []
    command += ["--days", str(days)] if days else []
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return summary | {"folder": str(out)}


def _here(changes: dict[str, Any], out: Path, earlier: Path | None = None) -> dict[str, Any]:
    """A run in this process, invariants checked after every window that is worked."""
    saved = load_saved(earlier) if earlier else None
    scenario = load_scenario("baseline", saved.continued(changes) if saved else changes)
    folders.create(out)
    return execute(scenario, Flow(1), LocalExecutor(), out, saved, check_every_window=True)


def small_windows(folder: Path) -> dict[str, float]:
    """What a window costs in which little happens."""
    changes = {"run.customers": 60, "run.days": 2, "run.window": "5min"}
    summary = _here(changes, folder / "small")
    return {SMALL_WINDOWS: summary["performance"]["wall_s"] / summary["windows"] * 1e3}


def searched(folder: Path) -> dict[str, float]:
    """What a search for faults runs again and again."""
    _here({"run.customers": 1_100, "run.days": 90}, folder / "earlier")
    changes = {"run.customers": 10, "run.days": 1, "run.window": "5min"}
    summary = _here(changes, folder / "searched", folder / "earlier")
    return {SEARCHED: summary["performance"]["wall_s"] / summary["windows"] * 200}


def forked(folder: Path) -> dict[str, float]:
    """What a sandbox does: a second bank, built as the first one was, that goes on from where it stands."""
    _here({"run.customers": 21_000, "run.days": 90}, folder / "large")
    saved, scenario, flow = load_saved(folder / "large"), load_scenario("baseline"), Flow(1)
    folders.create(folder / "fork")
    bank, cells = LocalExecutor(), blueprints(scenario, flow, folder / "fork", False)
    bank.start(cells, saved.states(flow))
    began = time.perf_counter()
    LocalExecutor().start(cells, {cell: host.export_state() for cell, host in bank.hosts.items()})
    return {FORKED: time.perf_counter() - began}


def peak_day(folder: Path) -> dict[str, float]:
    """Many small windows on Ray."""
    return {PEAK_DAY: run("peak_day", folder / "peak_day", "ray")["performance"]["wall_s"]}


def loan_bytes(summary: dict[str, Any]) -> float:
    """Bytes that the bank's own state takes for each active loan, as the run's folder keeps it."""
    kept = kept_bytes(Path(summary["folder"]))
    return sum(size for name, size in kept.items() if " bank." in name) / active_loans(summary)


def outside_share(summary: dict[str, Any]) -> float:
    """Share of all processor time spent outside the stages' own work: Ray, pickling, starting processes, the driver."""
    performance = summary["performance"]
    apart = performance["driver_cpu_s"] if summary["executor"] == "ray" else 0.0  # the local executor is the driver
    busy = sum(phases["processor"] for phases in performance["phases_s"].values())
    return float(1.0 - busy / (performance["cells_cpu_s"] + apart))
