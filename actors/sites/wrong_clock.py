"""The clock of a site's conductor, which may be wrong, for drills: as many ms ahead (or behind, below zero) of the machine's as a
file in the site's home says. A process that is started anew finds the same clock."""

from __future__ import annotations

from pathlib import Path

from actors.clock import wall_ms
from actors.sites.told import said_in, say_in

FILE = "wrong-clock"


def shifted_ms(home: Path) -> int:
    """The bank's wall time, as that clock shows it."""
    return wall_ms() + round(said_in(home / FILE))


def shift(home: Path, by_ms: float) -> None:
    """The clock is so far ahead from now on; 0: it is right."""
    say_in(home / FILE, by_ms)
