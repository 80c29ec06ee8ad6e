"""What a load test counts, by second and visitor. Processes send what is new to the one that gathers (`drain`, `merge`): counts
are added, histograms too.

    scheduled   visits that were due              accepted    the bank took what the visit came for
    offered     visits that were begun            shed        503 or 429: the bank had too much to do
    late        … more than LATE_S after due      failed      every other end, a lost answer among them
    dropped     … never: too many were open       completed   the visit ended as it was meant to

Beside them: `decided` and `referred` (to a desk) of those who waited for a decision, `signed` contracts, tasks `worked` at desks,
requests `refused` as they should be, `retried` requests and `follow_ups`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from loadtests.histogram import Histogram

LATE_S = 0.1
WARMUP = "~"
"""Before the name of a visitor whose visit belongs to the warm-up."""
COUNTS = (
    "scheduled", "offered", "late", "dropped", "accepted", "shed", "failed", "completed", "waited", "decided", "referred",
    "stepless", "signed", "worked", "refused", "retried", "follow_ups",
)  # fmt: skip
TIMES = ("latency", "service", "lag", "decision", "follow_up")
"""latency: from the intended start · service: from sending · lag: from the intended start to sending, the generator's own ·
decision: from the intended start until the decision was seen · follow_up: later requests of a visit."""
PERCENTS = (50, 90, 95, 99, 99.9, 100)


@dataclass
class Cell:
    """Counts and durations of one visitor in one second, or of whatever was added up."""

    counts: Counter[str] = field(default_factory=Counter)
    times: dict[str, Histogram] = field(default_factory=dict)

    def time(self, name: str, seconds: float) -> None:
        """One duration."""
        if name not in self.times:
            self.times[name] = Histogram()
        self.times[name].add(seconds)

    def merge(self, other: Cell) -> None:
        """All of another cell."""
        self.counts.update(other.counts)
        for name, histogram in other.times.items():
            self.times.setdefault(name, Histogram()).merge(histogram)

    def figures(self, percents: Iterable[float] = PERCENTS) -> dict[str, Any]:
        """As files have it: counts, and percentiles in milliseconds."""
        found: dict[str, Any] = {name: self.counts[name] for name in COUNTS}
        for name in TIMES:
            if name in self.times:
                histogram = self.times[name]
                found[f"{name}_ms"] = {
                    f"p{percent:g}": round((histogram.percentile(percent) or 0.0) * 1e3, 3) for percent in percents
                }
        return found


class Recorder:
    """The cells of a test."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nothing has happened yet."""
        self.cells: dict[tuple[int, str], Cell] = {}
        self.failures: Counter[str] = Counter()
        self.inspected: Counter[str] = Counter()
        """What was found once nobody came any more, see `loadtests.inspection`."""
        self.finished: set[int] = set()

    def cell(self, second: int, visitor: str) -> Cell:
        """The cell of a visitor in a second."""
        return self.cells.setdefault((second, visitor), Cell())

    def failure(self, why: str) -> None:
        """Why something failed; in so many words as tell kinds of failures apart."""
        self.failures[why[:160]] += 1

    def drain(self) -> dict[str, Any]:
        """What is new since the last time, as messages carry it."""
        cells = [
            [second, visitor, dict(cell.counts), {name: one.packed() for name, one in cell.times.items()}]
            for (second, visitor), cell in self.cells.items()
        ]
        told = {
            "cells": cells, "failures": dict(self.failures), "inspected": dict(self.inspected), "finished": sorted(self.finished),
        }  # fmt: skip
        self.cells, self.failures, self.inspected = {}, Counter(), Counter()
        return told

    def merge(self, told: dict[str, Any]) -> None:
        """What another process drained."""
        for second, visitor, counts, times in told["cells"]:
            histograms = {name: Histogram.unpacked(pairs) for name, pairs in times.items()}
            self.cell(int(second), visitor).merge(Cell(Counter(counts), histograms))
        self.failures.update(told["failures"])
        self.inspected.update(told["inspected"])
        self.finished.update(told["finished"])

    def total(self, visitors: Iterable[str] | None = None, since: int = 0, until: int | None = None) -> Cell:
        """Some visitors (None: all) over some seconds, added up."""
        wanted = None if visitors is None else set(visitors)
        found = Cell()
        for (second, visitor), cell in self.cells.items():
            if second >= since and (until is None or second < until) and (wanted is None or visitor in wanted):
                found.merge(cell)
        return found

    @property
    def visitors(self) -> list[str]:
        """Who came after the warm-up."""
        return sorted({visitor for _, visitor in self.cells if not visitor.startswith(WARMUP)})

    @property
    def last_second(self) -> int:
        """The last second of which there is something; −1 where there is none."""
        return max((second for second, _ in self.cells), default=-1)
