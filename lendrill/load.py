"""`lendrill load`: people come to a bank that runs, at a rate of their own, and what they met with is measured and judged. Locust
makes the load in processes of its own (`loadtests/locustfile.py`); this module starts it, watches it and the bank beside, holds
the figures against thresholds, and leaves a folder: ``seconds.jsonl``, ``bank.jsonl``, ``load.json``, ``summary.json``,
``junit.xml``, ``report.html``."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.util
import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

from actors.identity.service import CREDENTIALS, FOLDER
from credit.times import DAY_MS, day_number
from lendrill import __version__
from lendrill.errors import EXIT_INTERRUPTED, UserError
from lendrill.idle import prove_outages
from lendrill.interruption import Interruption
from lendrill.load_compare import Span, compared, measured, simulated, simulated_run
from lendrill.load_judge import Limits, judged
from lendrill.load_proof import proved
from lendrill.load_watch import LoadProgress, Watch, health
from results.junit import write_junit
from results.load_report import write_load_report
from scenarios.loading import load_scenario
from scenarios.model import Scenario

SHAPES = ("constant", "ramp", "stairs", "spike", "soak")
RUNS = Path("runs")
HELD, BROKEN = 0, 1
_FILES = ("seconds.jsonl", "bank.jsonl", "load.json", "summary.json", "junit.xml", "report.html", "locust.log")
_GRACE_S = 10.0
NO_MORE = Limits()
_SHAPE_DEFAULT, _DURATION_DEFAULT, _RATE_DEFAULT = "constant", 60.0, 20.0


@dataclass(frozen=True)
class LoadOptions:
    """One `lendrill load`."""

    what: str | None = None
    """A shape, or a scenario whose arrivals come."""
    host: str = "http://127.0.0.1:8000"
    rate: float = _RATE_DEFAULT
    duration_s: float | None = None
    processes: int = 1
    seed: int = 1
    warmup_s: float = 0.0
    mix: str = ""
    branches: int | None = None
    """To which forms go; None: all that the bank has."""
    decision_wait_s: int = 10
    compress: float | None = None
    date: str | None = None
    """The one day of a scenario that is replayed."""
    simulated: Path | None = None
    """A run of the scenario that is there already, to be compared with."""
    instants: Path | None = None
    home: Path | None = None
    """The bank's own folder, where it is on this machine: its first credentials sign everybody in, and its day book is proved."""
    out: Path | None = None
    limits: Limits = NO_MORE
    quiet: bool = False

    def __post_init__(self) -> None:
        """Refuses impossible values. Raises UserError."""
        url = urlsplit(self.host)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise UserError(f"--host {self.host}: no address of a gateway", "right is http://127.0.0.1:8000")
        for option, value in (("--rate", self.rate), ("--duration", self.duration_s), ("--compress", self.compress)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise UserError(f"{option} {value:g}: impossible", "give more than 0")
        branches = 1 if self.branches is None else self.branches
        for name, number, least, most in (
            ("--processes", self.processes, 1, 64), ("--branches", branches, 1, 999), ("--seed", self.seed, 0, 1 << 62),
            ("--decision-wait", self.decision_wait_s, 1, 60),
        ):  # fmt: skip
            if not least <= number <= most:
                raise UserError(f"{name} {number}: impossible", f"{least} to {most}")
        if not 0 <= self.warmup_s < (self.duration_s or _DURATION_DEFAULT):
            raise UserError(f"--warmup {self.warmup_s:g}: impossible", "0 or more, and shorter than the test")
        if self.compress is not None and not self.follows_scenario:
            raise UserError("--compress goes with a scenario", "for example: lendrill load peak_day --compress 60")
        if self.simulated is not None and not self.follows_scenario:
            raise UserError("--simulated goes with a scenario", "it is a run of the scenario whose arrivals come")
        if self.date is not None and not self.follows_scenario:
            raise UserError("--date goes with a scenario", "it says which day of it is replayed")
        if self.instants is not None and self.what is not None:
            raise UserError(f"{self.what} and --instants: both say when people come", "give one of them")

    @property
    def follows_scenario(self) -> bool:
        """Whether people come when a scenario's do."""
        return self.what is not None and self.what not in SHAPES


@dataclass(frozen=True)
class Measured:
    """One test: what Locust counted, by second and whole, and what was seen of the bank and of the machine meanwhile."""

    path: Path
    load: dict[str, Any]
    watch: Watch
    ready: bool
    checks: list[dict[str, Any]]
    comparison: dict[str, Any] | None = None
    """With the scenario's run, see `lendrill.load_compare`."""

    @property
    def held(self) -> bool:
        """Whether every threshold held."""
        return all(check["held"] for check in self.checks)


def load_command(options: LoadOptions) -> int:
    """0 when every threshold held, 1 when one broke, 130 when it was interrupted."""
    options = prepared(options)
    path = options.out or RUNS / f"load-{dt.datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    try:
        with Interruption():
            found = measure(options, path)
    except KeyboardInterrupt:
        return interrupted(path)
    write_summary(found, options)
    say_result(found, options)
    return HELD if found.held else BROKEN


def interrupted(path: Path) -> int:
    """Says that a test was ended from outside before it had a result."""
    said = f"interrupted: no test came to its end, so there is no report; what was counted is in {path}"
    Console(stderr=True).print(said, highlight=False, soft_wrap=True)
    return EXIT_INTERRUPTED


def prepared(options: LoadOptions) -> LoadOptions:
    """With the number of branches that the bank says it has. UserError where the test can't be begun."""
    if importlib.util.find_spec("locust") is None:
        raise UserError("Locust is not installed", "install lendrill[load]")
    if not health(options.host):
        raise UserError(f"--host {options.host}: no bank is open there", "start one: lendrill serve")
    if options.home is not None and not (options.home / FOLDER / CREDENTIALS).is_file():
        raise UserError(
            f"--home {options.home}: holds no {FOLDER}/{CREDENTIALS}",
            "give the folder that `lendrill serve --home` made",
        )
    if options.out is not None and options.out.exists() and any(options.out.iterdir()):
        raise UserError(f"--out {options.out}: the folder is not empty", "give another, or leave it out")
    command = [sys.executable, "-m", "loadtests.door", options.host, "--branches", str(options.branches or 0)]
    asked = subprocess.run(command, env=_environment(options.home), capture_output=True, text=True, check=False)
    if asked.returncode:
        raise UserError((asked.stderr.strip().splitlines() or [f"--host {options.host}: its door says nothing"])[-1])
    return replace(options, branches=int(asked.stdout))


def measure(options: LoadOptions, path: Path) -> Measured:
    """Runs one test into a folder."""
    path.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        (path / name).unlink(missing_ok=True)
    instants = instants_of(options, path)
    run = None
    if options.follows_scenario:
        run = simulated_run(options.what or "", options.seed, options.simulated, path / "simulated")
    command = locust_command(options, path, instants)
    watch = Watch(options.host)
    with (path / "locust.log").open("wb") as log:
        environment = _environment(options.home)
        locust = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        with LoadProgress(path / "seconds.jsonl", _duration_s(options, instants), options.quiet) as progress:
            while locust.poll() is None:
                watch.sample(locust.pid)
                progress.update()
                time.sleep(0.25)
    finally:
        _end(locust)
    watch.write(path / "bank.jsonl")
    if not (path / "load.json").is_file():
        raise UserError(f"Locust can't make this load: {_last_words(path / 'locust.log')}")
    load: dict[str, Any] = json.loads((path / "load.json").read_text(encoding="utf-8"))
    if not load["visits"]["scheduled"] and load["failures"]:
        raise UserError(f"no visit was made: {next(iter(load['failures']))}")
    ready = health(options.host, 30.0)
    proof = proved(options.home, options.host)
    comparison = None if run is None else _compared(options, run, path, load, watch)
    return Measured(path, load, watch, ready, judged(options.limits, load, ready, proof), comparison)


def _compared(options: LoadOptions, run: Path, path: Path, load: dict[str, Any], watch: Watch) -> dict[str, Any]:
    scenario, span = scenario_of(options)
    seconds = [json.loads(line) for line in (path / "seconds.jsonl").read_text(encoding="utf-8").splitlines()]
    return compared(simulated(run, scenario, span), measured(load, seconds), span, load, watch.bank())


def write_summary(found: Measured, options: LoadOptions, limit: dict[str, Any] | None = None) -> dict[str, Any]:
    """The files that say how it went."""
    load = {name: value for name, value in found.load.items() if name != "histograms"}
    shown: dict[str, Any] = {
        "status": "held" if found.held else "broken",
        "what": options.what or (str(options.instants) if options.instants else _SHAPE_DEFAULT),
        "host": options.host,
        "rate": options.rate,
        "seed": options.seed,
        "processes": options.processes,
        "mix": options.mix or ("applicants" if options.follows_scenario else "everybody"),
        "compress": options.compress,
        "lendrill": __version__,
        "when": f"{dt.datetime.now():%Y-%m-%d %H:%M:%S}",
        "thresholds": found.checks,
        "machine": found.watch.machine(),
        "bank": found.watch.bank(),
        "limit": limit,
        "comparison": found.comparison,
    } | load
    (found.path / "summary.json").write_text(json.dumps(shown, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    write_junit(found.path / "junit.xml", "load", found.checks)
    write_load_report(found.path)
    return shown


def say_result(found: Measured, options: LoadOptions) -> None:
    """The counts, every threshold, and where the report is."""
    console = Console()
    if not options.quiet:
        of, taken = found.load["visits"], found.load["applications"]
        latency, service = taken.get("latency_ms", {}), taken.get("service_ms", {})
        console.print(
            f"visits: offered {of['offered']:,} of {of['scheduled']:,} scheduled, accepted {of['accepted']:,}, "
            f"shed {of['shed']:,}, refused as they should be {of['refused']:,}, failed {of['failed']:,}, "
            f"completed {of['completed']:,}\n"
            f"applications: accepted {taken['accepted']:,} of {taken['offered']:,} offered in {found.load['measured_s']:g} s "
            f"({found.load['accepted_per_s']:,.2f}/s); contracts signed {of['signed']:,}, tasks worked {of['worked']:,}\n"
            f"latency from the intended start p50 {latency.get('p50', 0):,.0f} ms, p99 {latency.get('p99', 0):,.0f} ms; "
            f"service time p50 {service.get('p50', 0):,.0f} ms, p99 {service.get('p99', 0):,.0f} ms",
            highlight=False,
            soft_wrap=True,
        )
        for check in found.checks:
            console.print(
                f"{'held  ' if check['held'] else 'BROKEN'}  {check['said']}", highlight=False, soft_wrap=True
            )
    console.print(f"report: {found.path / 'report.html'}", highlight=False, soft_wrap=True)


# Locust ---------------------------------------------------------------------------------------------------------------


def locust_command(options: LoadOptions, path: Path, instants: Path | None) -> list[str]:
    """How Locust is started."""
    spec = importlib.util.find_spec("loadtests")
    assert spec is not None
    assert spec.origin is not None, "loadtests is a part of lendrill"
    given = {
        "host": options.host,
        "rate": options.rate,
        "duration": options.duration_s or _DURATION_DEFAULT,
        "seed": options.seed,
        "warmup": options.warmup_s,
        "branches": options.branches or 0,
        "decision-wait": max(options.decision_wait_s, math.ceil(options.limits.decided_within_s or 0)),
        "out": path.resolve(),
    }
    if instants is not None:
        given["instants"] = instants.resolve()
    else:
        given["shape"] = options.what or _SHAPE_DEFAULT
    if mix := options.mix or ("applicants" if options.follows_scenario else ""):
        given["mix"] = mix
    words = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    if options.processes > 1:
        port = str(_free_port())
        words += ["--processes", str(options.processes), "--master-bind-port", port, "--master-port", port]
    file = str(Path(spec.origin).with_name("locustfile.py"))
    return [sys.executable, "-m", "locust", "-f", file, "--headless", "--only-summary", "--loglevel", "WARNING", *words]


def _environment(home: Path | None) -> dict[str, str]:
    """Locust's, in which it finds `loadtests` wherever it stands, and the accounts of a bank whose home is known."""
    spec = importlib.util.find_spec("loadtests")
    assert spec is not None
    assert spec.origin is not None
    paths = [str(Path(spec.origin).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    known = {} if home is None else {"LENDRILL_CREDENTIALS": str(home.resolve() / FOLDER / CREDENTIALS)}
    return os.environ | known | {"PYTHONPATH": os.pathsep.join(paths)}


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _end(locust: subprocess.Popen[bytes]) -> None:
    """Ends what still runs: Locust's own processes, which are a group of theirs."""
    if locust.poll() is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(locust.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            locust.wait(_GRACE_S)
            return


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("locust: ").removeprefix("error: ") if lines else "it said nothing"


# arrivals of a scenario -----------------------------------------------------------------------------------------------


def instants_of(options: LoadOptions, path: Path) -> Path | None:
    """The file of instants that Locust is to follow; None where a shape says when people come."""
    if options.instants is not None:
        if not options.instants.is_file():
            raise UserError(f"--instants {options.instants}: no such file")
        return options.instants
    if not options.follows_scenario:
        return None
    instants = scenario_instants(options)
    file = path / "instants.json"
    file.write_text(json.dumps([round(one, 4) for one in instants]) + "\n", encoding="utf-8")
    return file


def scenario_instants(options: LoadOptions) -> list[float]:
    """When a scenario's customers come, in seconds from the first midnight, so many times as fast; up to `--duration`."""
    from sim.arrivals import drawn_visits

    scenario, span = scenario_of(options)
    at = drawn_visits(scenario, options.seed, scenario.run.customers - len(scenario.script)).at
    found = [(one - span.begin) / (1_000.0 * span.fast) for one in at[(at >= span.begin) & (at < span.end)].tolist()]
    if not found:
        raise UserError(
            f"{options.what}: nobody comes in the time that was asked for", "give another --date or --duration"
        )
    return found


def scenario_of(options: LoadOptions) -> tuple[Scenario, Span]:
    """The scenario whose customers come, and the part of it that `--date` and `--duration` leave."""
    scenario = load_scenario(options.what or "", {"run.seed": options.seed})
    prove_outages(scenario)
    begin, end = scenario.run.start_ms, scenario.run.until_ms
    if options.date is not None:
        try:
            begin = day_number(dt.date.fromisoformat(options.date)) * DAY_MS
        except ValueError:
            raise UserError(f"--date {options.date}: no such date", "give it as 2026-03-01") from None
        end = begin + DAY_MS
    fast = options.compress or 1.0
    if options.duration_s is not None:
        end = min(end, begin + round(options.duration_s * 1_000 * fast))
    return scenario, Span(begin, end, fast)


def _duration_s(options: LoadOptions, instants: Path | None) -> float:
    if instants is None:
        return options.duration_s or _DURATION_DEFAULT
    with contextlib.suppress(ValueError, TypeError):
        return float(max(json.loads(instants.read_text(encoding="utf-8"))))
    return options.duration_s or _DURATION_DEFAULT


def at_rate(options: LoadOptions, rate: float, seed: int) -> LoadOptions:
    """The same test at another constant rate, with other people."""
    return replace(options, what=_SHAPE_DEFAULT, rate=rate, seed=seed)
