"""What a live bank counts while it lives: for health and metrics (`actors.gateway.metrics`)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from actors.sequencer import Done
from actors.topology import Cell
from credit.room import Rows


@dataclass
class Meters:
    """What the bank counts while it lives."""

    windows: int = 0
    commands: int = 0
    refused_busy: int = 0
    lost_cells: int = 0
    events: Counter[int] = field(default_factory=Counter)
    window_ms: deque[float] = field(default_factory=lambda: deque(maxlen=2_000))
    commit_ms: deque[float] = field(default_factory=lambda: deque(maxlen=2_000))
    rows: deque[int] = field(default_factory=lambda: deque(maxlen=2_000))
    busy_s: Counter[str] = field(default_factory=Counter)
    tables: dict[Cell, dict[str, int]] = field(default_factory=dict)
    book: dict[Cell, list[Rows]] = field(default_factory=dict)
    """What each cell measured at the last end of day, or when the bank was opened since."""

    def count(self, cells: Sequence[Cell], done: Done) -> None:
        """A block that was worked by these cells."""
        self.windows += len(done.block)
        for cell, report in zip(cells, done.reports, strict=True):
            self.busy_s[cell.room] += report.busy_s  # type: ignore[assignment]
            self.tables[cell] = report.rows
            if done.block[-1].ends_day:
                self.book[cell] = report.measures
        for _, events, _ in done.told:
            codes, counts = np.unique(events["event"], return_counts=True)
            self.events.update(dict(zip(codes.tolist(), counts.tolist(), strict=True)))

    def told(self) -> dict[str, Any]:
        """All of it, as messages carry it."""
        tables: Counter[tuple[str, str]] = Counter()
        for cell, of in self.tables.items():
            tables.update({(cell.room, table): count for table, count in of.items()})
        return {
            "windows": self.windows,
            "commands": self.commands,
            "busy": self.refused_busy,
            "lost_cells": self.lost_cells,
            "window_ms": _quantiles(self.window_ms),
            "commit_ms": _quantiles(self.commit_ms),
            "window_rows": _quantiles(self.rows),
            "events": {str(event): count for event, count in self.events.items()},
            "busy_s": dict(self.busy_s),
            "rows": [(room, table, count) for (room, table), count in tables.items()],
            "book": _summed(rows for of in self.book.values() for rows in of),
        }


def _summed(measures: Iterable[Rows]) -> list[tuple[int, int, int, int]]:
    """(gauge, group, count, fen) over all branches and products."""
    found: dict[tuple[int, int], list[int]] = {}
    for row in (row for rows in measures for row in rows[["gauge", "group", "count", "amount_fen"]].tolist()):
        gauge, group, count, fen = row
        of = found.setdefault((gauge, group), [0, 0])
        of[0], of[1] = of[0] + count, of[1] + fen
    return [(gauge, group, count, fen) for (gauge, group), (count, fen) in sorted(found.items())]


def _quantiles(values: Sequence[float] | deque[Any]) -> dict[str, float]:
    """Of the last so many."""
    if not values:
        return {}
    found = np.quantile(np.array(values, dtype=float), (0.5, 0.95, 0.99))
    return dict(zip(("p50", "p95", "p99"), (round(float(one), 3) for one in found), strict=True))
