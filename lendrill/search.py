"""`lendrill search`: seeds of the fault search (`sim.search`), several processes at once; what breaks a promise is told with its
seed and so few faults that none of them can be left out."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
from rich.console import Console
from rich.progress import Progress

from actors.sequencer import Command
from actors.topology import Flow
from credit.applications.contract import SubmitApplication
from credit.policies import ProductPolicy, load
from credit.times import DAY_MS, HOUR_MS
from lendrill.assembly import live_blueprints
from lendrill.commit import commit
from lendrill.errors import EXIT_INTERNAL, UserError
from scenarios.loading import load_scenario
from scenarios.served import changes_when_served
from sim.played import live_people, live_references
from sim.population.script import Script
from sim.search.plan import PROFILES, Fault, drawn, fault_of
from sim.search.run import Found, Searcher
from sim.search.sites import Bank

SCENARIO = "zhang_consumer_loan"
PROFILE = "swarm"
NO_FAULT = "none"
"""What `--fault` says where nothing is to befall the seed."""
OPENING_MS = 9 * HOUR_MS
_AT_ONCE = 20
_FAILURES_SHOWN = 10


@dataclass(frozen=True)
class SearchOptions:
    """One `lendrill search`."""

    seeds: int = 1_000
    first: int = 0
    profile: str | None = None
    faults: Sequence[str] = ()
    processes: int | None = None
    quiet: bool = False

    def __post_init__(self) -> None:
        """Refuses impossible values. Raises UserError."""
        if self.seeds < 1 or self.first < 0:
            raise UserError(f"--seeds {self.seeds} --first {self.first}", "at least 1 seed, from 0 on")
        if self.profile is not None and self.profile not in PROFILES:
            raise UserError(f"--profile {self.profile}: no such profile", f"give one of {', '.join(PROFILES)}")
        if self.processes is not None and self.processes < 0:
            raise UserError(f"--processes {self.processes}", "give 1 or more, or 0 for one a processor")
        if self.faults:
            self._refuse_beside_faults()

    def _refuse_beside_faults(self) -> None:
        if self.seeds != 1:
            raise UserError("--fault says what befalls one seed", "give --seeds 1 and --first SEED with it")
        if self.profile is not None:
            raise UserError(f"--profile {self.profile}: nothing is drawn beside --fault", "leave one of them out")
        if self.processes is not None:
            raise UserError(f"--processes {self.processes}: one seed is one process's", "leave it out beside --fault")
        if NO_FAULT in self.faults and len(self.faults) > 1:
            raise UserError(f"--fault {NO_FAULT}: other faults stand beside it", "leave it or them out")

    def plan(self) -> list[Fault] | None:
        """The faults that were given, which may be none; None where they are to be drawn."""
        try:
            return [fault_of(line) for line in self.faults if line != NO_FAULT] if self.faults else None
        except ValueError as error:
            raise UserError(f"--fault {error}") from None


@cache
def searcher() -> Searcher:
    """A bank whose customers are all as Mr Zhang of the worked example, in two branches."""
    scenario = load_scenario(SCENARIO, changes_when_served(load_scenario(SCENARIO)))
    forms = Script(scenario, load("products", ProductPolicy, scenario.policies)).forms[1:2]
    people = live_people(forms["id_number"], scenario)

    def form(number: int) -> Command:
        rows = forms.copy()
        rows["party"] = live_references(people, np.array([number]))
        rows["request"], rows["branch"] = number, 1 + number % 2
        return Command(SubmitApplication, rows)

    flow = Flow(1)
    start = scenario.run.start_ms + OPENING_MS
    return Searcher(Bank(flow, live_blueprints(scenario, flow, (), arrivals=False), start), form)


def searched(seeds: Sequence[int], profile: str) -> list[tuple[int, Found]]:
    """What some seeds come to."""
    with _hushed():
        return [(seed, searcher().run(seed, drawn(seed, profile))) for seed in seeds]


@contextmanager
def _hushed() -> Iterator[None]:
    """What sites say of what befalls them is not what a search tells."""
    log = logging.getLogger("actors")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def shrunk(seed: int, faults: Sequence[Fault]) -> list[Fault]:
    """So few of these faults still break a promise that none can be left out by itself; none, where one is broken without any."""

    def breaks(some: Sequence[Fault]) -> bool:
        return bool(searcher().run(seed, some).wrong)

    kept = [] if breaks(()) else list(faults)
    while fewer := next((few for few in _without_one(kept) if breaks(few)), None):
        kept = fewer
    return kept


def _without_one(faults: Sequence[Fault]) -> Iterator[list[Fault]]:
    for place in range(len(faults)):
        yield [*faults[:place], *faults[place + 1 :]]


@_hushed()
def search_command(options: SearchOptions) -> int:
    """0 where every promise was kept; 1 where one was broken, with how to see it again."""
    plan, began = options.plan(), time.perf_counter()
    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    if plan is not None:
        found = [(options.first, searcher().run(options.first, plan))]
    else:
        found = list(_all(options))
    took = time.perf_counter() - began
    broken = sorted((seed, one) for seed, one in found if one.wrong)
    for seed, one in broken[:_FAILURES_SHOWN]:
        console.print(f"seed {seed}: {one.wrong}")
        for line in _again(seed, one, plan if plan is not None else drawn(seed, options.profile or PROFILE)):
            console.print(f"    {line}")
    if len(broken) > _FAILURES_SHOWN:
        rest = ", ".join(str(seed) for seed, _ in broken[_FAILURES_SHOWN:])
        console.print(f"… and {len(broken) - _FAILURES_SHOWN} more: {rest}")
    console.print(_summary(found, took))
    return EXIT_INTERNAL if broken else 0


def _again(seed: int, found: Found, faults: Sequence[Fault]) -> Iterator[str]:
    """What is needed for a seed to break a promise, which one then, and how to see it again."""
    fewest = shrunk(seed, faults)
    yield from [str(fault) for fault in fewest] or ["no fault is needed"]
    if (alone := searcher().run(seed, fewest).wrong) != found.wrong:
        yield f"what is broken then: {alone}"
    said = " ".join(f'--fault "{fault}"' for fault in fewest) or f"--fault {NO_FAULT}"
    yield f"again, at commit {commit()}: lendrill search --first {seed} --seeds 1 {said}"


def _summary(found: Sequence[tuple[int, Found]], took: float) -> str:
    results = [one for _, one in found]
    broken, takeovers = sum(bool(one.wrong) for one in results), sum(len(one.takeovers) for one in results)
    days = sum(one.virtual_ms for one in results) / DAY_MS
    plural = "" if len(results) == 1 else "s"
    return (
        f"{len(results):,} seed{plural}, {broken:,} broke a promise; {sum(one.windows for one in results):,} windows worked, "
        f"{takeovers:,} times a site took the lead, {sum(one.lost for one in results):,} answers lost with both near sites "
        f"and told; {days:,.0f} days of the bank's time in {took:.1f} s ({len(results) / took:.1f} seeds/s)"
    )


def _all(options: SearchOptions) -> Iterator[tuple[int, Found]]:
    """Every seed's result, in whatever order they come."""
    processes = min(options.processes or os.cpu_count() or 1, options.seeds)
    seeds = range(options.first, options.first + options.seeds)
    parts = [seeds[begin : begin + _AT_ONCE] for begin in range(0, len(seeds), _AT_ONCE)]
    with Progress(console=Console(stderr=True), transient=True, disable=options.quiet) as progress:
        task = progress.add_task("seeds", total=len(seeds))
        broken = 0
        for some in _parts_searched(parts, options.profile or PROFILE, processes):
            broken += sum(bool(one.wrong) for _, one in some)
            progress.update(task, advance=len(some), description=f"seeds ({broken} broke a promise)")
            yield from some


def _parts_searched(parts: Sequence[range], profile: str, processes: int) -> Iterator[list[tuple[int, Found]]]:
    """What each part comes to; where one process is enough, it is this one."""
    if processes == 1:
        yield from (searched(part, profile) for part in parts)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(searched, part, profile) for part in parts]):
            yield future.result()
