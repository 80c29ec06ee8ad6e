"""`make bench`: how fast the bank is, as ratios measured in one run. Prints customers a second for the whole life against the
plain SimPy yardstick, loan-days a second, the share of the work that is not the bank's and the world's own, bytes a loan, and
how the cost of a customer moves with their number. `--full` adds one million customers."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

DAYS = 365
console = Console()


def plain(customers: int) -> dict[str, Any]:
    """The yardstick's figures, from a process of its own."""
    command = [
        sys.executable,
        str(Path(__file__).with_name("plain_simpy.py")),
        "--customers",
        str(customers),
        "--days",
        str(DAYS),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(result.stdout)
    return figures


def bank(customers: int, executor: str, folder: Path) -> dict[str, Any]:
    """A whole run's summary, from a process of its own."""
    out = folder / f"{executor}-{customers}"
    scenario = str(Path(__file__).with_name("volume.toml"))
    command = [sys.executable, "-m", "lendrill", "run", scenario, "--customers", str(customers), "--days", str(DAYS)]
    command += ["--executor", executor, "--out", str(out), "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    summary["state_bytes"] = state_bytes(out)
    return summary


def state_bytes(run: Path) -> int:
    """Bytes of the bank's own state at the end, all cells."""
    total = 0
    for file in (run / "state").glob("*.npz"):
        with np.load(file, allow_pickle=False) as archive:
            total += sum(archive[name].nbytes for name in archive.files if name.startswith("bank."))
    return total


def loan_bytes(summary: dict[str, Any]) -> float:
    """Bytes of the bank's state for each active loan."""
    return float(summary["state_bytes"] / max(summary["portfolio"]["active_loans"], 1))


def outside_share(summary: dict[str, Any]) -> float:
    """Share of all processor time spent outside the stages' own work: Ray, pickling, starting processes, the driver."""
    performance = summary["performance"]
    apart = performance["driver_cpu_s"] if summary["executor"] == "ray" else 0.0  # the local executor is the driver
    busy = sum(phases["processor"] for phases in performance["phases_s"].values())
    return float(1.0 - busy / (performance["cells_cpu_s"] + apart))


def main() -> int:
    """Runs the measurements and prints them."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000, help="customers of the comparison (default 100,000)")
    parser.add_argument("--full", action="store_true", help="also 1,000,000 customers (several minutes)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lendrill-bench-"))
    try:
        report(options.customers, options.full, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def report(customers: int, full: bool, folder: Path) -> None:
    """Measures and prints everything."""
    console.print(f"plain SimPy, {customers:,} customers …", highlight=False)
    yardstick = plain(customers)
    sizes = [10_000, 100_000, *([1_000_000] if full else [])]
    runs: dict[tuple[str, int], dict[str, Any]] = {}
    for executor, size in [("local", customers), ("ray", customers), *(("ray", size) for size in sizes)]:
        if (executor, size) not in runs:
            console.print(f"lendrill, {executor}, {size:,} customers …", highlight=False)
            runs[executor, size] = bank(size, executor, folder)
    speed(yardstick, runs, customers)
    slope([(size, runs["ray", size]) for size in sizes])
    where(runs["ray", sizes[-1]])


def speed(yardstick: dict[str, Any], runs: dict[tuple[str, int], dict[str, Any]], customers: int) -> None:
    """Customers a second for the whole life, against the yardstick."""
    table = Table(title=f"{customers:,} customers through {DAYS} days", title_justify="left")
    for column in ("", "customers/s", "× plain SimPy", "loan-days/s", "not the bank's or the world's", "peak MiB"):
        table.add_column(column, justify="left" if not column else "right")
    base = yardstick["customers_per_s"]
    table.add_row(
        "plain SimPy",
        f"{base:,.0f}",
        "1.0",
        f"{yardstick['loan_days'] / yardstick['wall_s']:,.0f}",
        "–",
        f"{yardstick['peak_rss_mib']:,.0f}",
    )
    for executor in ("local", "ray"):
        summary = runs[executor, customers]
        performance = summary["performance"]
        rate = customers / performance["wall_s"]
        table.add_row(
            f"lendrill, {executor}",
            f"{rate:,.0f}",
            f"{rate / base:.1f}",
            f"{performance['loan_days_per_s']:,.0f}",
            f"{outside_share(summary):.0%}",
            f"{performance['peak_rss_mib']:,.0f}",
        )
    console.print(table)


def slope(runs: list[tuple[int, dict[str, Any]]]) -> None:
    """The cost of a customer by their number, and the bytes a loan."""
    table = Table(title="the cost of a customer as their number grows (Ray)", title_justify="left")
    for column in (
        "customers",
        "wall s",
        "µs a customer",
        "× the smallest",
        "loan-days/s",
        "state bytes an active loan",
        "peak MiB",
    ):
        table.add_column(column, justify="right")
    first = runs[0][1]["performance"]["wall_s"] / runs[0][0]
    for size, summary in runs:
        performance = summary["performance"]
        cost = performance["wall_s"] / size
        table.add_row(
            f"{size:,}",
            f"{performance['wall_s']:,.1f}",
            f"{cost * 1e6:,.0f}",
            f"{cost / first:.2f}",
            f"{performance['loan_days_per_s']:,.0f}",
            f"{loan_bytes(summary):,.0f}",
            f"{performance['peak_rss_mib']:,.0f}",
        )
    console.print(table)


def where(summary: dict[str, Any]) -> None:
    """Where the time of the largest run goes."""
    table = Table(title=f"where the time goes, {summary['customers']:,} customers (seconds busy)", title_justify="left")
    for column in ("cell", "subsystem", "counterpart", "record", "wire", "all"):
        table.add_column(column, justify="left" if column == "cell" else "right")
    for cell, phases in summary["performance"]["phases_s"].items():
        cells = [f"{phases.get(name, 0.0):.1f}" for name in ("subsystem", "counterpart", "record", "wire", "step")]
        table.add_row(cell, *cells)
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(main())
