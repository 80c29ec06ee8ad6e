"""`lendrill load --find-limit`: the highest rate at which every threshold holds. The rate is raised by a factor until one breaks,
the gap is halved, and the rates around the limit are tried again with other people; what comes out is the highest rate that held
and the interval in which the repeats put the limit."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from lendrill.errors import EXIT_INTERRUPTED
from lendrill.interruption import Interruption
from lendrill.load import (
    BROKEN,
    HELD,
    RUNS,
    LoadOptions,
    Measured,
    at_rate,
    interrupted,
    measure,
    prepared,
    say_result,
    write_summary,
)
from lendrill.progress import say

STEP_S, WARMUP_S = 20.0, 4.0
FACTOR = 2.0
NEAR = 1.12
"""Bisecting ends once the rates that held and broke are so near to each other."""
REPEATS = 3
TRIES = 4
"""Rates that one repeat tries in one direction."""
_RATE_MAX = 100_000.0
_LEAST_RATE = 0.5


@dataclass(frozen=True)
class Step:
    """One rate that was tried."""

    rate: float
    held: bool
    accepted_per_s: float
    p99_ms: float | None
    broken: list[str]
    saturated: list[str]
    most_used: str


@dataclass(frozen=True)
class Limit:
    """What the steps say: the highest rate that held, and between which rates the repeats put the limit."""

    steps: list[Step]
    held_rate: float
    low: float
    high: float | None
    by: list[str]
    interrupted: bool = False
    """Ended from outside before the search was over."""


def find_limit_command(options: LoadOptions) -> int:
    """0 when a rate held, 1 when not even the lowest did, 130 when it was interrupted: what was found until then is written and
    said, where a rate had been tried to its end."""
    options = prepared(options)
    if options.limits.p99_ms is None:
        options = replace(options, limits=replace(options.limits, p99_ms=400.0))
    if options.limits.shed_rate is None:
        options = replace(options, limits=replace(options.limits, shed_rate=options.limits.error_rate))
    if options.duration_s is None:
        options = replace(options, duration_s=STEP_S, warmup_s=options.warmup_s or WARMUP_S)
    path = options.out or RUNS / f"limit-{dt.datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    best: list[Measured] = []
    tried: list[Measured] = []
    steps: list[Step] = []

    def attempt(rate: float) -> Step:
        number = len(tried)
        found = measure(at_rate(options, rate, options.seed + number), path / f"step-{number:02}")
        write_summary(found, at_rate(options, rate, options.seed + number))
        tried.append(found)
        step = _step(rate, found)
        steps.append(step)
        say(options.quiet, _line(step))
        if step.held and (not best or step.accepted_per_s >= best[0].load["accepted_per_s"]):
            best[:] = [found]
        return step

    try:
        with Interruption():
            limit = search(attempt, options.rate)
    except KeyboardInterrupt:
        if not steps:
            return interrupted(path)
        limit = until_now(steps)
    shown = json.dumps(as_json(limit), indent=1)
    (path / "limit.json").write_text(shown + "\n", encoding="utf-8")
    last = best[0] if best else tried[-1]
    write_summary(last, at_rate(options, limit.held_rate or limit.low, options.seed), as_json(limit))
    say_result(last, replace(options, quiet=True))
    Console().print(words(limit), highlight=False, soft_wrap=True)
    return EXIT_INTERRUPTED if limit.interrupted else HELD if limit.held_rate else BROKEN


def search(attempt: Any, first: float) -> Limit:
    """Raises, bisects, repeats. `attempt(rate)` gives a `Step`."""
    steps: list[Step] = []

    def tried(rate: float) -> bool:
        steps.append(attempt(rate))
        return steps[-1].held

    low, high = 0.0, math.inf
    rate = first
    while math.isinf(high) or not low:
        if tried(rate):
            low, rate = rate, rate * FACTOR
        else:
            high, rate = rate, rate / FACTOR
        if rate > _RATE_MAX or rate < _LEAST_RATE:
            break
        if low and not math.isinf(high):
            break
    while low and not math.isinf(high) and high / low > NEAR:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if tried(middle) else (low, middle)
    repeats = []
    if low and not math.isinf(high):
        for _ in range(REPEATS):
            repeats.append((_fallen(tried, low), _risen(tried, high)))
    return summed(steps, low, high, repeats)


def _risen(tried: Any, rate: float) -> float:
    """The first rate from here up that breaks, or where looking for it ends."""
    for _ in range(TRIES):
        if not tried(rate):
            break
        rate *= NEAR
    return rate


def _fallen(tried: Any, rate: float) -> float:
    """The first rate from here down that holds, or where looking for it ends."""
    for _ in range(TRIES):
        if tried(rate):
            break
        rate /= NEAR
    return rate


def summed(steps: list[Step], low: float, high: float, repeats: list[tuple[float, float]]) -> Limit:
    """The highest rate that held more often than it broke, and the interval that holds every repeat's."""
    held = {rate for rate in {one.rate for one in steps} if 2 * sum(s.held for s in steps if s.rate == rate)
            > sum(1 for s in steps if s.rate == rate)}  # fmt: skip
    broken = [step for step in steps if not step.held]
    nearest = min(broken, key=lambda step: abs(step.rate - high), default=None)
    ends = [low, *(one for one, _ in repeats)], [high, *(other for _, other in repeats)]
    top = max(ends[1])
    by = [] if nearest is None else [*nearest.broken, *(f"{name} saturated" for name in nearest.saturated)]
    if nearest is not None and not nearest.saturated:
        by.append(f"most used: {nearest.most_used}")
    return Limit(steps, max(held, default=0.0), min(ends[0]), None if math.isinf(top) else top, by)


def until_now(steps: list[Step]) -> Limit:
    """What the steps of a search say that was interrupted: the limit lies between the highest rate that held and the lowest above
    it that broke."""
    low = max((step.rate for step in steps if step.held), default=0.0)
    high = min((step.rate for step in steps if not step.held and step.rate > low), default=math.inf)
    return replace(summed(steps, low, high, []), interrupted=True)


def _step(rate: float, found: Measured) -> Step:
    machine = found.watch.machine()
    p99 = found.load["applications"].get("latency_ms", {}).get("p99")
    broken = [check["name"] for check in found.checks if not check["held"]]
    return Step(rate, found.held, found.load["accepted_per_s"], p99, broken, machine["saturated"], machine["most_used"])


def _line(step: Step) -> str:
    p99 = "none" if step.p99_ms is None else f"{step.p99_ms:,.0f} ms"
    why = "held" if step.held else f"broke: {', '.join(step.broken)}"
    return f"{step.rate:8.1f}/s  accepted {step.accepted_per_s:.1f}/s  p99 {p99}  {why}  {', '.join(step.saturated)}"


def words(limit: Limit) -> str:
    """The limit in one line."""
    ended = f"interrupted after {len(limit.steps)} rates; until then: " if limit.interrupted else ""
    if not limit.held_rate:
        return f"{ended}no rate held; the lowest tried was {min(step.rate for step in limit.steps):.3g}/s"
    span = f"{limit.low:.4g} to {limit.high:.4g}/s" if limit.high is not None else f"from {limit.low:.4g}/s up"
    over = "not repeated to the end" if limit.interrupted else f"over {REPEATS} repeats"
    then = ", ".join(limit.by) or "nothing broke"
    return f"{ended}highest rate that held: {limit.held_rate:.4g}/s (limit {span}, {over}); then: {then}"


def as_json(limit: Limit) -> dict[str, Any]:
    """For files."""
    return vars(limit) | {"steps": [vars(step) for step in limit.steps]}
