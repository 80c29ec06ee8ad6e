"""When a snapshot is worth its time: it saves who recovers the windows before it, and keeps the bank waiting while it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actors.sequencer import Done, Figures


@dataclass
class SinceSnapshot:
    """What was done since the last snapshot, and what that one took. Seconds."""

    took_s: float = 0.0
    """By the clock: other work of the machine counts."""
    again_s: float = 0.0
    """Of a processor: what working the windows again costs who recovers, with nothing beside."""
    held_s: float = 0.0
    """How long the last snapshot kept the bank waiting."""
    kept_s: float = 0.0
    """How long it was packed and written after that, beside the bank's work."""

    def open(self, figures: Figures) -> None:
        """A bank was opened: what it worked again counts, and writing takes about as long as reading did. Nobody is to wait for a
        snapshot just because opening took long."""
        self.took_s = self.again_s = figures.again_s
        self.kept_s = figures.restored_s

    def add(self, found: Sequence[Done], took_s: float) -> None:
        """Windows were worked."""
        self.took_s += took_s
        self.again_s += sum(report.processor_s for done in found for report in done.reports)

    def begin(self, held_s: float) -> None:
        """A snapshot was taken."""
        self.took_s, self.again_s, self.held_s = 0.0, 0.0, held_s

    def is_worth(self, replay_s: float, share: float) -> bool:
        """Whether the windows since cost as much as it is to cost to work them again, and took no less than a snapshot keeps the
        bank waiting, as a share of the time, nor than it takes beside it."""
        return self.again_s > replay_s and self.took_s > max(self.held_s / share, self.kept_s)
