"""Whoever asks something of the bank gives his request a number of his own (请求号), and gives it again when he asks again. In a
simulation the number follows from what is asked and when, so it is the same for any number of shards and in every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from credit.digest import row_hashes
from credit.mail import Inbox
from credit.room import Kind, Rows
from credit.stage import Source
from credit.subsystem import Window
from sim.opposite import Around, Opposite

Said = Sequence[tuple[Kind, Rows]]


def numbered(said: Said) -> Said:
    """The same mail; commands that have no number yet get one."""
    for kind, rows in said:
        if kind.command and len(rows):
            new = rows["request"] == 0
            numbers = (row_hashes(kind.number, rows) >> np.uint64(1)).astype(np.int64)
            rows["request"] = np.where(new, np.maximum(numbers, 1), rows["request"])
    return said


class NumberedCounterpart(Around):
    """A counterpart whose commands carry numbers."""

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Said:
        return numbered(super().respond(requests, window, round_number))


class NumberedSource:
    """A source whose commands carry numbers."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner

    def mail(self, window: Window) -> list[tuple[Kind, Rows]]:
        return list(numbered(self._inner.mail(window)))

    def due(self) -> int:
        return self._inner.due()


def with_numbers(opposite: Opposite) -> Opposite:
    """The same people, whose requests have numbers."""
    counterpart, source = opposite.counterpart, opposite.source
    return replace(
        opposite,
        counterpart=NumberedCounterpart(counterpart) if counterpart is not None else None,
        source=NumberedSource(source) if source is not None else None,
    )
