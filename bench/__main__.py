"""`make bench`: how fast the bank is, as ratios measured in one run. The lean yardstick (`bench.lean_simpy`) runs beside every
line that is measured against it; what has no yardstick is told in its own unit. Every run is kept as a line of
``bench/history.jsonl``, with commit and machine, and compared with the last one of the same machine.

    make bench                   the whole table but the million: a quarter of an hour on 2 cores
    make bench ARGS=--quick      the small lines, within two minutes
    make bench ARGS=--full       with one million customers"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import banks, live
from lendrill.commit import commit

DAYS = 365
_SHORT = 20_000
"""Customers below which a yardstick takes no time to speak of."""
HERE = Path(__file__).parent
HISTORY = HERE / "history.jsonl"
console = Console()
Figures = dict[str, float]
"""Figures by the name of their line; of ratios and of what is told a second more is better, of others (`UNITS`) less."""


def yardstick(name: str, customers: int) -> float:
    """Customers a second of a yardstick, in processes of its own: the best of three, since a small one is over in a fifth of a
    second."""
    command = [sys.executable, str(HERE / f"{name}.py"), "--customers", str(customers)]
    command += ["--days", str(DAYS)] if name == "plain_simpy" else []
    walls = []
    for _ in range(3 if customers < _SHORT else 1):
        said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        walls.append(float(said["wall_s"]))
    return customers / min(walls)


def against(scenario: str, customers: int, executor: str, folder: Path, model: str = "lean_simpy") -> dict[str, Any]:
    """A bank through a year, its summary with `ratio`: its customers a second over the yardstick's."""
    console.print(f"{scenario}, {customers:,} customers, {executor}, beside {model} …", highlight=False)
    base = yardstick(model, customers)
    summary = banks.run(scenario, folder / f"{executor}-{customers}-{model}", executor, customers, DAYS)
    return summary | {"ratio": customers / summary["performance"]["wall_s"] / base}


def measured(quick: bool, full: bool, folder: Path) -> tuple[Figures, dict[str, dict[str, Any]]]:
    """All figures, and the summaries of which it is told where the time goes."""
    volume = str(HERE / "volume.toml")
    runs = {"2,000 customers, local ÷ lean SimPy": against("baseline", 2_000, "local", folder)}
    if not quick:
        runs["60,000 customers, local ÷ lean SimPy"] = against("baseline", 60_000, "local", folder)
        runs["100,000 customers, local ÷ plain SimPy"] = against(volume, 100_000, "local", folder, "plain_simpy")
        runs["100,000 customers, Ray ÷ plain SimPy"] = against(volume, 100_000, "ray", folder, "plain_simpy")
    if full:
        runs["1,000,000 customers, Ray ÷ lean SimPy"] = against(volume, 1_000_000, "ray", folder)
    figures = {name: float(summary["ratio"]) for name, summary in runs.items()}
    console.print("small windows, invariants, a fork …", highlight=False)
    figures |= banks.small_windows(folder) | banks.searched(folder)
    if not quick:
        figures |= banks.forked(folder) | banks.peak_day(folder)
        console.print("a live bank over HTTP, beside a bare echo …", highlight=False)
        figures |= live.measured(folder, "--executor", "local", "--gateways", "2")
        largest = list(runs.values())[-1]
        figures |= {banks.BYTES: banks.loan_bytes(largest), banks.PEAK: float(largest["performance"]["peak_rss_mib"])}
    return figures, runs


def machine() -> str:
    """What the figures were measured on."""
    model = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return f"{model[0] if model else platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def last_run(here: str) -> Figures:
    """The figures of the last run on this machine, none where there was none."""
    lines = HISTORY.read_text(encoding="utf-8").splitlines() if HISTORY.exists() else []
    mine = [run for run in map(json.loads, lines) if run["machine"] == here]
    return mine[-1]["figures"] if mine else {}


def keep(figures: Figures, here: str) -> None:
    """Adds a line to the history."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    line = {"date": today, "commit": commit(), "machine": here}
    line["figures"] = {name: round(value, 4) for name, value in figures.items()}  # type: ignore[assignment]
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def tell(figures: Figures, before: Figures) -> None:
    """The table of figures, beside those of the run before."""
    table = Table(title=f"{DAYS} days where nothing else is said", title_justify="left")
    for column in ("", "now", "the run before", "×"):
        table.add_column(column, justify="right" if column else "left")
    for name, value in figures.items():
        old, unit = before.get(name), (banks.UNITS | live.UNITS).get(name, "")
        table.add_row(
            name,
            f"{value:,.3g} {unit}".strip() if value < 1_000 else f"{value:,.0f} {unit}",
            "–" if old is None else f"{old:,.3g}" if old < 1_000 else f"{old:,.0f}",
            "–" if not old else f"{value / old:.2f}",
        )
    console.print(table)


def where(name: str, summary: dict[str, Any]) -> None:
    """Where the time of a run goes."""
    table = Table(title=f"where the time goes: {name} (seconds busy)", title_justify="left")
    for column in ("cell", "subsystem", "counterpart", "record", "wire", "all"):
        table.add_column(column, justify="left" if column == "cell" else "right")
    for cell, phases in summary["performance"]["phases_s"].items():
        cells = [f"{phases.get(phase, 0.0):.1f}" for phase in ("subsystem", "counterpart", "record", "wire", "step")]
        table.add_row(cell, *cells)
    console.print(table)
    console.print(
        f"not the stages' own work: {banks.outside_share(summary):.0%} of the processor time", highlight=False
    )


def main() -> int:
    """Runs the measurements, prints and keeps them."""
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=…", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the small lines only")
    parser.add_argument("--full", action="store_true", help="also 1,000,000 customers")
    options = parser.parse_args()
    if options.quick and options.full:
        parser.error("--quick leaves the large runs out and --full asks for the largest: take one of them")
    folder = Path(tempfile.mkdtemp(prefix="lendrill-bench-"))
    try:
        figures, runs = measured(options.quick, options.full, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    here = machine()
    tell(figures, last_run(here))
    keep(figures, here)
    for name in (next(iter(runs)), list(runs)[-1])[: len(runs)]:
        where(name, runs[name])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
