"""The times in which the bank's own system, or a branch, is away, as the scenario plans them; and where instants go that
fall into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from credit.ledger.contract import room as ledger
from credit.masks import any_of
from credit.room import ROOMS
from credit.times import Ints
from scenarios.model import Scenario

_NO_COUNTER = np.zeros(0, dtype=np.int64)


class Span(NamedTuple):
    """A time in which something is away, in ms, the end not included; `branches`: the branches whose counter is, or none for all
    of the bank."""

    start: int
    until: int
    branches: Ints


def system_spans(scenario: Scenario, stage: str) -> list[Span]:
    """When a stage is away, in the order of time. The ledger never is: what a stage posts late has its own day (起息日),
    and nobody outside asks the ledger."""
    if stage == ledger.name:
        return []
    found = [
        Span(fault.start_ms, fault.back_ms(stage), _NO_COUNTER)
        for fault in scenario.faults
        if fault.kind == "system_outage"
    ]
    return sorted(found, key=lambda span: span.start)


def branch_spans(scenario: Scenario) -> list[Span]:
    """When counters are away, in the order of time."""
    found = [
        Span(fault.start_ms, fault.end_ms, np.array(fault.branches, dtype=np.int64))
        for fault in scenario.faults
        if fault.kind == "branch_outage"
    ]
    return sorted(found, key=lambda span: span.start)


def away_from_desk(scenario: Scenario, branch: int, desk: int) -> tuple[tuple[int, int], ...]:
    """The times, apart from one another, in which nobody works at a desk of a branch (0 = head office)."""
    stage = next(room.name for room in ROOMS.values() if desk in map(int, room.desks or ()))
    spans = system_spans(scenario, stage)
    spans += [span for span in branch_spans(scenario) if branch in span.branches]
    return apart((span.start, span.until) for span in spans)


def apart(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans (from, to) that may overlap, as spans apart from one another, in their order."""
    merged: list[tuple[int, int]] = []
    for span in sorted(spans):
        start, until = merged.pop() if merged and span[0] <= merged[-1][1] else span
        merged.append((start, max(until, span[1])))
    return tuple(merged)


def postponed(at: Ints, spans: Sequence[Span], return_ms: int, branch: Ints | None = None) -> Ints:
    """Instants outside of all `spans`, which stand in the order of their beginnings. What comes in one, or in the crowd of the
    `return_ms` after it, comes within these, in the order in which it came; the later, the less it is put off. `branch`: at
    whose counter each is, 0 at none; needed where spans are of counters."""
    moved = at
    for start, until, branches in spans:
        struck = (moved >= start) & (moved < until + return_ms)
        if len(branches) and branch is not None:
            struck &= np.isin(branch, branches)
        if any_of(struck):
            moved = np.where(struck, until + (moved - start) * return_ms // (until - start + return_ms), moved)
    return moved
