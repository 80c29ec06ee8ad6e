"""Where the bytes of a bank's state lie: ``python -m bench.state runs/one``. One line a table, the largest first, with its bytes
for each active loan: of its rows as the rooms exchange them, and as the run's folder keeps them."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from lendrill.saved import load_saved
from results.folder import STATE

LINES = 12


def active_loans(summary: dict[str, dict[str, int]]) -> int:
    """What the bytes are divided by."""
    return max(int(summary["portfolio"]["active_loans"]), 1)


def kept_bytes(folder: Path) -> Counter[str]:
    """Bytes of each table in a run's folder, as ``cell table``; ``bank.…`` is the bank's own, the rest the world's or mail."""
    found: Counter[str] = Counter()
    for file in sorted((folder / STATE).glob("*.npz")):
        with np.load(file, allow_pickle=False) as archive:
            for entry in archive.files:
                found[f"{file.stem} {entry.partition('/')[0]}"] += archive[entry].nbytes
    return found


def main() -> None:
    """Prints the table of tables."""
    folder = Path(sys.argv[1])
    saved, kept = load_saved(folder), kept_bytes(folder)
    loans = active_loans(saved.summary)
    whole = {f"{cell} {name}": rows for cell, state in saved.by_cell.items() for name, rows in state.items()}
    table = Table(title=f"bytes for each of {loans:,} active loans", title_justify="left")
    for column in ("table", "rows", "whole", "kept"):
        table.add_column(column, justify="left" if column == "table" else "right")
    for name in sorted(whole, key=lambda one: -whole[one].nbytes)[:LINES]:
        rows = whole[name]
        table.add_row(name, f"{len(rows):,}", f"{rows.nbytes / loans:,.1f}", f"{kept[name] / loans:,.1f}")
    own = [name for name in whole if " bank." in name]
    sums = (sum(whole[name].nbytes for name in own), sum(kept[name] for name in own))
    table.add_row("all of the bank's own", "", *(f"{total / loans:,.1f}" for total in sums))
    Console().print(table)


if __name__ == "__main__":
    main()
