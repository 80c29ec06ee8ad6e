"""When people come, whatever becomes of those who came before: a rate over time, of which Poisson arrivals are drawn by seed, or
instants that somebody else chose. Processes share a schedule: parts of a Poisson process are Poisson processes themselves."""

from __future__ import annotations

import csv
import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

Point = tuple[float, float]
STAIRS = 5
QUIET = 0.2
"""The rate before and after a spike, as a share of it."""
SETTLE_S = 10.0
"""How long a soak takes to reach its rate, at most."""


class BadSchedule(ValueError):
    """A schedule that can't be; its text is the one line that says why."""


def _constant(rate: float, duration_s: float) -> list[Point]:
    return [(0.0, rate), (duration_s, rate)]


def _ramp(rate: float, duration_s: float) -> list[Point]:
    return [(0.0, 0.0), (duration_s, rate)]


def _stairs(rate: float, duration_s: float) -> list[Point]:
    step = duration_s / STAIRS
    return [(edge * step, rate * (stair + 1) / STAIRS) for stair in range(STAIRS) for edge in (stair, stair + 1)]


def _spike(rate: float, duration_s: float) -> list[Point]:
    begin, end, quiet = 0.4 * duration_s, 0.6 * duration_s, QUIET * rate
    return [(0.0, quiet), (begin, quiet), (begin, rate), (end, rate), (end, quiet), (duration_s, quiet)]


def _soak(rate: float, duration_s: float) -> list[Point]:
    settled = min(SETTLE_S, duration_s / 10)
    return [(0.0, 0.0), (settled, rate), (duration_s, rate)]


SHAPES: dict[str, Callable[[float, float], list[Point]]] = {
    "constant": _constant,
    "ramp": _ramp,
    "stairs": _stairs,
    "spike": _spike,
    "soak": _soak,
}
"""Rates a second at points in time, with straight lines between; `rate` is the highest of each."""


@dataclass(frozen=True)
class Schedule:
    """A rate over time, or given instants, in seconds from the begin."""

    points: Sequence[Point] = ()
    given: Sequence[float] = ()

    @property
    def duration_s(self) -> float:
        """When the last arrival may be."""
        return self.points[-1][0] if self.points else self.given[-1]

    @property
    def expected(self) -> float:
        """How many arrivals there are, on average over the seeds."""
        return (
            sum((t - s) * (a + b) / 2 for (s, a), (t, b) in pairwise(self.points)) if self.points else len(self.given)
        )

    def rate(self, at_s: float) -> float:
        """Arrivals a second at an instant; of given instants, the mean of the whole."""
        if not self.points:
            return len(self.given) / max(self.duration_s, 1.0)
        for (begin, low), (end, high) in pairwise(self.points):
            if begin <= at_s < end:
                return low + (high - low) * (at_s - begin) / (end - begin)
        return 0.0

    def arrivals(self, seed: int, place: int = 0, of: int = 1) -> Iterator[float]:
        """The instants of process `place` of so many, in order. The same seed gives the same instants."""
        if not self.points:
            yield from self.given[place::of]
            return
        drawn = random.Random(f"arrivals {seed} {place} {of}")
        due = drawn.expovariate(1.0)
        for (begin, low), (end, high) in pairwise(self.points):
            mass = (end - begin) * (low + high) / 2 / of
            while due < mass:  # unit-rate Poisson, carried over by the inverse of the cumulative rate
                yield begin + _reached(due * of, low, high, end - begin)
                due += drawn.expovariate(1.0)
            due -= mass


def _reached(mass: float, low: float, high: float, length_s: float) -> float:
    """When a rate that goes from `low` to `high` has let so many pass."""
    slope = (high - low) / length_s
    if abs(slope) < 1e-12:
        return mass / low
    return min(length_s, (math.sqrt(max(low * low + 2 * slope * mass, 0.0)) - low) / slope)


def shaped(shape: str, rate: float, duration_s: float) -> Schedule:
    """A named shape; BadSchedule for one that can't be."""
    if shape not in SHAPES:
        raise BadSchedule(f"shape {shape!r}: no such shape; there are {', '.join(SHAPES)}")
    for name, value in (("rate", rate), ("duration", duration_s)):
        if not (math.isfinite(value) and value > 0):
            raise BadSchedule(f"{name} {value:g}: impossible; give more than 0")
    return Schedule(points=SHAPES[shape](rate, duration_s))


def given(path: Path) -> Schedule:
    """Instants from a file: a JSON list, or CSV with the seconds in its first column. BadSchedule where there are none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSchedule(f"{path}: can't be read: {error}") from None
    try:
        if text.lstrip().startswith("["):
            instants = [float(one) for one in json.loads(text)]
        else:
            rows = [row for row in csv.reader(text.splitlines()) if row]
            instants = [float(row[0]) for row in rows[_headers(rows) :]]
    except (ValueError, TypeError) as error:
        raise BadSchedule(f"{path}: seconds from the begin are needed, one an arrival ({error})") from None
    if not instants:
        raise BadSchedule(f"{path}: holds no instant")
    if not all(math.isfinite(one) and one >= 0 for one in instants):
        raise BadSchedule(f"{path}: instants are seconds from the begin, 0 or later")
    return Schedule(given=sorted(instants))


def _headers(rows: Sequence[Sequence[str]]) -> int:
    try:
        float(rows[0][0])
    except (ValueError, IndexError):
        return 1
    return 0
