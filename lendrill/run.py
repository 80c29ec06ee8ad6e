"""The main job: resolve a scenario, build the bank and its world, drive the windows, leave a run folder with a report.
Bad input is found before anything is written; what can't be finished is never sealed as if it were whole."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import os
import platform
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from actors.local import LocalExecutor
from actors.pipeline import CellLost, Executor, Pipeline, RunEnd
from actors.ray_address import prove_cluster
from actors.ray_start import Head
from actors.topology import Flow
from credit import fingerprints
from credit.applications.contract import Event
from credit.digest import Digest
from credit.errors import InvariantViolation
from credit.subsystem import Window, windows
from credit.times import text_of
from lendrill import __version__
from lendrill.assembly import PRELOAD, blueprints
from lendrill.errors import UserError
from lendrill.idle import idle
from lendrill.interruption import Interruption
from lendrill.options import RunOptions
from lendrill.progress import RunProgress, say
from lendrill.saved import Saved, about, load_saved, save
from results import folder, merging, outages, summary
from scenarios.loading import load_scenario
from scenarios.model import Scenario
from sim.staffing import headcounts

RUNS = Path("runs")
MADE_WITH = ("numpy", "simpy", "ray", "duckdb", "pyarrow")
"""What worked on a run, beside Python and Lendrill: a reader of its summary may need their versions."""


@dataclass
class Timings:
    """Wall seconds of the parts of a run that are given apart."""

    start_s: float = 0.0
    wall_s: float = 0.0
    report_s: float = 0.0
    driver_cpu_s: float = 0.0


def run_command(options: RunOptions) -> int:
    """`lendrill run`: 0 when the run is whole, 1 when an invariant stopped it, 130 when it was interrupted."""
    saved = load_saved(options.from_run) if options.from_run else None
    scenario = resolve(options, saved)
    shards = options.shards or 1
    if shards > scenario.bank.branches:
        raise UserError(
            f"--shards {shards}: the bank has {scenario.bank.branches} branches", "give at most that many shards"
        )
    executor = _executor(options)
    path = options.out or RUNS / f"{scenario.name}-{dt.datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    try:
        folder.create(path)
    except BaseException:
        executor.stop()
        raise
    try:
        result = execute(scenario, Flow(shards), executor, path, saved, options.quiet)
    except InvariantViolation:
        raise
    except OSError as error:
        raise UserError(
            f"{path}: writing the run failed ({_reason(error)}); the folder stays marked UNFINISHED"
        ) from None
    _say_where(path, result, options.quiet)
    return {"complete": 0, "partial": 130}.get(result["status"], 1)


def _reason(error: OSError) -> str:
    """The system's own words; an error from another process has them in its last line."""
    words = error.strerror or (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return words.rsplit("] ", 1)[-1].strip()


def _executor(options: RunOptions) -> Executor:
    if options.executor == "local":
        return LocalExecutor()
    if options.address:
        prove_cluster(options.address)
    head = None if options.address else Head(PRELOAD)  # Ray starts while this process imports it
    from actors.ray_executor import RayExecutor  # importing Ray takes a second; errors above should not

    return RayExecutor(options.address, partial(say, options.quiet), head)


def resolve(options: RunOptions, saved: Saved | None) -> Scenario:
    """The scenario with the command line's changes, continued from an earlier run if there is one."""
    given = {"run.customers": options.customers, "run.days": options.days, "run.seed": options.seed}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if saved is not None:
        changes = saved.continued(changes)
    scenario = load_scenario(options.scenario, changes)
    if saved is not None:
        saved.check_fits(scenario)
    return scenario


def execute(
    scenario: Scenario,
    flow: Flow,
    executor: Executor,
    path: Path,
    saved: Saved | None = None,
    quiet: bool = True,
    check_every_window: bool = False,
    every_window: bool = False,
) -> dict[str, Any]:
    """Runs a scenario into a folder made by `folder.create`; returns the summary. Before the first window nothing is
    kept of a failure; after it the folder stays, marked."""
    timings = Timings()
    began = time.perf_counter()
    if saved and (other := saved.differing(identity(scenario))):
        say(quiet, f"Not as in the run it continues: {', '.join(other)}.")
    say(quiet, f"Starting {len(flow.cells)} cells of the bank ({executor.name}) …")
    with Interruption() as interruption:
        try:
            cells = blueprints(scenario, flow, path.resolve(), check_every_window, every_window)
            executor.start(cells, saved.states(flow) if saved else None)
        except BaseException:
            executor.stop()
            folder.discard(path)
            raise
        timings.start_s = time.perf_counter() - began
        try:
            return _drive(scenario, flow, executor, path, saved, quiet, timings, interruption)
        finally:
            executor.stop()


def _drive(
    scenario: Scenario,
    flow: Flow,
    executor: Executor,
    path: Path,
    saved: Saved | None,
    quiet: bool,
    timings: Timings,
    interruption: Interruption,
) -> dict[str, Any]:
    headcount = {label: of._asdict() for label, of in headcounts(scenario).items()}
    say(quiet, f"Staff: {_heads(headcount)}.")
    without_effect = idle(scenario, saved is not None)
    for line in without_effect:
        say(quiet, f"Without effect on this run: {line}")
    told = scenario.model_dump(mode="json") | {"headcount": headcount, "without_effect": without_effect}
    (path / "scenario.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    run = scenario.run
    spans = list(windows([*range(run.start_ms, run.until_ms, run.window_ms), run.until_ms]))
    pipeline = Pipeline(executor, flow, saved.chain if saved else "")
    began, cpu = time.perf_counter(), time.process_time()
    try:
        with RunProgress(len(spans), quiet) as progress:
            interruption.patient = progress.ending
            complete = pipeline.run(spans, progress.update, interruption.asked)
            interruption.patient = None
        outcome = pipeline.outcome(complete)
    except InvariantViolation as violation:
        raise InvariantViolation(
            f"{violation} (seed {scenario.run.seed}; the folder {path} stays marked UNFINISHED)"
        ) from None
    except CellLost as lost:
        window = spans[min(pipeline.progress.windows_done, len(spans) - 1)]
        when = f"in window {window.number} ({text_of(window.start)[:16]}) or one begun with it"
        advice = f"run it anew, with more memory or fewer customers if that ran out; {path} stays marked UNFINISHED"
        raise CellLost(lost.cell, f"{lost.why.rstrip('.')}; {advice}", when) from None
    say(quiet, "Merging the record and drawing the report …")
    timings.wall_s, timings.driver_cpu_s = time.perf_counter() - began, time.process_time() - cpu
    return _seal(scenario, flow, executor, path, outcome, spans, timings, saved)


def _seal(
    scenario: Scenario,
    flow: Flow,
    executor: Executor,
    path: Path,
    outcome: RunEnd,
    spans: list[Window],
    timings: Timings,
    saved: Saved | None,
) -> dict[str, Any]:
    from results.report import write_report

    began = time.perf_counter()
    merging.merge(path, scenario.policies)
    _write_fidelity(scenario, path)
    digest = Digest()
    for final in outcome.finals:
        digest.merge(Digest(final.digest))
    until = spans[outcome.windows_done - 1].until if outcome.windows_done else scenario.run.start_ms
    content = {
        "scenario": scenario.name,
        "title": scenario.title,
        "status": "complete" if outcome.complete else "partial",
        "seed": scenario.run.seed,
        "customers": scenario.run.customers,
        "days": scenario.run.days,
        "window": scenario.run.window,
        "windows_done": outcome.windows_done,
        "windows": len(spans),
        "shards": flow.shards,
        "executor": executor.name,
        "digest": digest.hex(),
        "chain": outcome.chain,
        "invariants": {"checked": sum(final.checks for final in outcome.finals), "violations": 0},
    } | summary.figures(path)
    content["performance"] = _performance(content, outcome, timings)
    content["continued_from"] = str(saved.name) if saved else None
    content |= identity(scenario)
    content["continued_with_other"] = saved.differing(content) if saved else []
    content["next"] = {
        "start_ms": until,
        "first_party": scenario.run.first_arrival + scenario.run.customers,
        "branches": scenario.bank.branches,
        "policies": content["policies"]["fingerprint"],
        "schemas": content["schemas"]["fingerprint"],
        "chain": outcome.chain,
    }
    content["outages"] = outages.outages(path, dt.datetime.fromisoformat(text_of(until)))
    content["next"]["state"] = save(path, outcome, about(content))
    folder.seal(path, content)
    write_report(path)
    timings.report_s = time.perf_counter() - began
    content["performance"]["report_s"] = round(timings.report_s, 3)
    folder.seal(path, content)
    return content


def identity(scenario: Scenario) -> dict[str, Any]:
    """What a run's records can be told by: versions of what it was made with, fingerprints of policies and schemas."""
    versions = {"python": platform.python_version(), "lendrill": __version__}
    versions |= {name: importlib.metadata.version(name) for name in MADE_WITH}
    policies, schemas = fingerprints.policies(scenario.policies), fingerprints.schemas()
    return {
        "versions": versions,
        "policies": {"fingerprint": fingerprints.of_all(policies)} | policies,
        "schemas": {"fingerprint": fingerprints.of_all(schemas)} | schemas,
    }


def _write_fidelity(scenario: Scenario, path: Path) -> None:
    """``fidelity.json``: how near the drawn population is to its declared margins."""
    from sim.population.fidelity import fidelity

    people = min(max(scenario.run.customers, 20_000), 100_000)
    rows = [
        {
            "margin": row.margin,
            "label": row.band,
            "declared": row.declared_ppm / 1e6,
            "drawn": row.drawn_ppm / 1e6,
            "distance": row.distance_ppm / 1e6,
            "within": bool(row.within),
            "people": people,
        }
        for row in fidelity(scenario, people, scenario.run.seed)
    ]
    (path / "fidelity.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _performance(content: dict[str, Any], outcome: RunEnd, timings: Timings) -> dict[str, Any]:
    loan_days = content.pop("loan_days")
    wall = max(timings.wall_s, 1e-9)
    busy = {str(final.cell): round(final.busy_s, 3) for final in outcome.finals}
    processes = {final.process: final for final in outcome.finals}  # the last to end has seen its process's peak
    return {
        "wall_s": round(timings.wall_s, 3),
        "start_s": round(timings.start_s, 3),
        "customers_per_s": round(outcome.events[Event.APPLICATION_SUBMITTED] / wall, 1),
        "loan_days": loan_days,
        "loan_days_per_s": round(loan_days / wall, 1),
        "peak_rss_mib": round(sum(final.peak_rss_mib for final in processes.values()), 1),
        "driver_cpu_s": round(timings.driver_cpu_s, 3),
        "cells_cpu_s": round(sum(final.cpu_s for final in processes.values()), 3),
        "cells_busy_s": busy,
        "phases_s": {
            str(final.cell): {name: round(seconds, 3) for name, seconds in sorted(final.phases_s.items())}
            for final in outcome.finals
        },
    }


def _heads(headcount: dict[str, dict[str, int]]) -> str:
    """How many people there are, in words; the report names each desk."""
    branch, head = (sum(of[where] for of in headcount.values()) for where in ("per_branch", "head_office"))
    return f"{branch} people a branch and {head} at head office, at {len(headcount)} desks (in the report, one by one)"


def _say_missed(console: Console, path: Path, content: dict[str, Any]) -> None:
    """What the scenario planned and this run did not live through."""
    from results.happenings import happenings, missed, unfelt
    from results.report import span_of

    scenario = folder.read_scenario(path)
    span = span_of(content, scenario)
    how = {"part": "only in part in this run", "none": "planned, but not in this run"}
    how["idle"] = "no task was at the desk meanwhile"
    for one in missed(happenings(scenario, span.since, span.until, unfelt(path, scenario))):
        console.print(f"{how[one.state]}: {one.words[0]}, {one.since} to {one.until}", highlight=False, soft_wrap=True)


def _say_where(path: Path, content: dict[str, Any], quiet: bool) -> None:
    console = Console()
    if not quiet:
        funnel, performance = content["funnel"], content["performance"]
        console.print(
            f"{content['scenario']}: {funnel['submitted']:,} applications, {funnel['approved']:,} approved, "
            f"{funnel['disbursed']:,} paid out; trial balance {content['ledger']['trial_balance_fen']} fen over "
            f"{content['ledger']['postings']:,} postings; {performance['wall_s']:.1f} s",
            highlight=False,
            soft_wrap=True,
        )
        console.print(f"digest {content['digest']}", highlight=False)
        _say_missed(console, path, content)
    if content["status"] == "partial":
        console.print("interrupted: a partial run, marked as such in its summary and report", highlight=False)
    console.print(f"report: {path / 'report.html'}", highlight=False, soft_wrap=True)
