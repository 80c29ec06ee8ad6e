"""`lendrill serve`: founds a bank in its home or finds it there, starts its processes, and keeps them alive: a gateway or a
conductor that dies is started anew. It holds nothing itself, so it may end at any time; what the bank has said yes to stands in
the day book."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from actors.backup.key import BackupKey
from actors.book.aside import SITE, at_site
from actors.book.opening import open_store
from actors.clock import BANK_OFFSET_MS
from actors.ray_address import prove_cluster
from actors.ray_start import Enclosure
from actors.topology import Flow
from credit import fingerprints
from credit.bank import PIPELINE
from credit.calendar import WORKDAY_LAST_YEAR
from credit.room import DESK_LABELS
from credit.times import DAY_MS, HOUR_MS, date_of, day_number, text_of
from lendrill import bank_file
from lendrill.backups import key_file
from lendrill.bank_file import BANK_FILE, CLOCKS, DAY_BOOK, EXECUTORS
from lendrill.errors import UserError
from lendrill.health import Health, HealthDoor
from lendrill.idle import prove_outages
from lendrill.listening import listens, url_of
from lendrill.live import SOCKET, Home
from lendrill.options import CUSTOMERS_MAX, RunOptions, within
from lendrill.progress import say
from lendrill.run import run_command
from lendrill.saved import load_saved
from lendrill.supervisor import Supervisor, children_of, end_all
from results.folder import discard
from scenarios.loading import ScenarioError, load_scenario
from scenarios.model import Scenario
from scenarios.served import UNCERTIFIED, changes_when_served
from sim.staffing import build_staffing

PORTFOLIO = "portfolio"
SITES = ("primary", "same-city", "remote")
"""主中心, 同城灾备中心, 异地灾备中心: the first two are to be in step, the third is too far away to wait for (DR-07, DR-08)."""
TAKEOVER_S, REMOTE_S = 1.5, 300.0
"""How long the leader is silent before a site in step takes over (our default), and all in step before the remote one does
(DR-09)."""
OPENING_MS = 9 * HOUR_MS
_DAYS_AHEAD = 3_660
_PATIENCE_S = 120.0


@dataclass(frozen=True)
class ServeOptions:
    """One `lendrill serve`. What is None is as the bank was founded, or as a new bank has it."""

    scenario: str | None = None
    home: Path = Path("bank")
    host: str = "127.0.0.1"
    port: int = 8000
    gateways: int = 1
    shards: int | None = None
    executor: str | None = None
    address: str | None = None
    clock: str | None = None
    date: str | None = None
    staff: str | None = None
    store: str | None = None
    seed: int | None = None
    from_run: Path | None = None
    arrivals: bool | None = None
    seed_portfolio: int | None = None
    health_port: int | None = None
    quiet: bool = False
    backup_to: tuple[Path, ...] = ()
    sites: int | None = None
    takeover_s: float | None = None
    remote_s: float | None = None

    def __post_init__(self) -> None:
        """Refuses impossible values. Raises UserError."""
        for option, port in (("--port", self.port), ("--health-port", self.health_port)):
            if port is not None and not 0 <= port <= 65_535:
                raise UserError(f"{option} {port}: impossible", "1 to 65535, or 0 for a free one")
        if not self.host.strip():
            raise UserError(
                "--host: empty, which is every address of this machine", "give 127.0.0.1, or 0.0.0.0 for all"
            )
        for place in self.backup_to:
            if not place.is_dir():
                raise UserError(f"--backup-to {place}: no such folder", "give one that is there, best on another disk")
        if not 1 <= self.gateways <= 64:
            raise UserError(f"--gateways {self.gateways}: impossible", "1 to 64 processes")
        for option, value, right in (("--clock", self.clock, CLOCKS), ("--executor", self.executor, EXECUTORS)):
            if value is not None and value not in right:
                raise UserError(f"{option} {value}: no such thing", f"give {' or '.join(right)}")
        within("--seed-portfolio", self.seed_portfolio, 1, CUSTOMERS_MAX, "customers go through the scenario first")
        if self.sites is not None and not 1 <= self.sites <= len(SITES):
            raise UserError(f"--sites {self.sites}: impossible", f"1 to {len(SITES)}: {', '.join(SITES)}")
        for option, seconds in (("--takeover-after", self.takeover_s), ("--remote-after", self.remote_s)):
            if seconds is not None and not 0.5 <= seconds <= 86_400:
                raise UserError(f"{option} {seconds:g}: impossible", "0.5 to 86400 seconds")
        if self.seed_portfolio is not None and self.from_run is not None:
            raise UserError("--seed-portfolio and --from: both say what a new bank begins with", "give one of them")
        if self.date is not None and self.clock == "wall":
            raise UserError("--date goes with --clock business", "the wall clock has its own date")


def people_at(staff: str) -> list[str]:
    """The desks at which people sit: ``simulated`` none, ``people`` all, or ``initial_approver=people,…``, each named once."""
    if staff == "simulated":
        return []
    if staff == "people":
        return sorted(DESK_LABELS)
    found: dict[str, str] = {}
    for part in staff.split(","):
        desk, _, who = part.strip().partition("=")
        if desk not in DESK_LABELS:
            raise UserError(f"--staff {part}: there is no desk {desk!r}", f"desks: {', '.join(sorted(DESK_LABELS))}")
        if who not in ("people", "simulated"):
            raise UserError(f"--staff {part}: {who!r} sits nowhere", "give DESK=people or DESK=simulated")
        if desk in found:
            raise UserError(f"--staff {staff}: {desk} is named twice", "name each desk once")
        found[desk] = who
    return sorted(desk for desk, who in found.items() if who == "people")


def founded(options: ServeOptions) -> dict[str, Any]:
    """What a new bank is: all that its processes need, and all that its day book depends on."""
    saved = load_saved(options.from_run) if options.from_run else None
    clock = options.clock or ("business" if saved or options.date else "wall")
    name = options.scenario or (saved.summary["scenario"] if saved else "baseline")
    changes: dict[str, Any] = {"run.seed": options.seed} if options.seed is not None else {}
    if saved is not None:
        changes = saved.continued(changes)
        start_ms = int(saved.summary["next"]["start_ms"])
        if options.date is not None:
            raise UserError("--date: a bank that goes on from a run begins where that ended", "leave --date out")
    else:
        plain = load_scenario(name, changes)
        start_ms = _first_instant(options, clock, plain)
        changes["run.start"] = date_of(start_ms // DAY_MS)
        _prove_begins(name, changes, plain)
    if clock == "wall" and start_ms > _wall():
        raise UserError(
            f"the run ended at {text_of(start_ms)[:10]}, which is still to come", "serve with --clock business"
        )
    scenario = load_scenario(name, changes)
    if otherwise := changes_when_served(scenario):
        say(options.quiet, UNCERTIFIED)
    scenario = _lasting(scenario, changes | otherwise, name)
    prove_outages(scenario)
    if saved is not None:
        saved.check_fits(scenario)
    shards = 1 if options.shards is None else options.shards
    if not 1 <= shards <= scenario.bank.branches:
        raise UserError(
            f"--shards {shards}: the bank has {scenario.bank.branches} branches", "give 1 to at most that many"
        )
    policies = fingerprints.of_all(fingerprints.policies(scenario.policies))
    store = bank_file.whole(options.store) or f"sqlite:{options.home.resolve() / DAY_BOOK}"
    return {
        "scenario": scenario.model_dump(mode="json"),
        "name": name,
        "shards": shards,
        "executor": options.executor or "ray",
        "address": options.address,
        "clock": clock,
        "start_ms": start_ms,
        "people": people_at(options.staff or "simulated"),
        "arrivals": bool(options.arrivals),
        "from": str(options.from_run.resolve()) if options.from_run else None,
        "store": store,
        "sites": list(SITES[: options.sites or 1]),
        "terms_s": [options.takeover_s or TAKEOVER_S, options.remote_s or REMOTE_S],
        "backup_to": _places(options),
        "policies": policies,
        "schemas": fingerprints.of_all(fingerprints.schemas()),
    }


def _prove_begins(name: str, changes: dict[str, Any], plain: Scenario) -> None:
    """UserError where what a scenario is about falls outside a run that begins otherwise than it does itself (`plain`)."""
    try:
        load_scenario(name, changes)
    except ScenarioError as error:
        raise UserError(error.user_message, f"give --date {plain.run.start}, the scenario's own first day") from None


def seeded(options: ServeOptions) -> ServeOptions:
    """The options of a bank that begins with the book of a run made for it: so many customers go through its scenario first, in
    this process, and the run's folder stays in the bank's. UserError where a bank is there already."""
    if options.seed_portfolio is None:
        return options
    if options.address is not None and options.executor != "local":
        prove_cluster(options.address)
    if (options.home / BANK_FILE).exists():
        raise UserError(f"{options.home} holds a bank already", "leave --seed-portfolio out, or give another --home")
    path = options.home / PORTFOLIO
    request = RunOptions(
        options.scenario or "baseline",
        customers=options.seed_portfolio,
        seed=options.seed,
        shards=options.shards,
        executor="local",
        out=path,
        quiet=options.quiet,
    )
    options.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    discard(path)  # what an interrupted one left
    if run_command(request) != 0:
        discard(path)
        raise KeyboardInterrupt
    return replace(options, seed_portfolio=None, from_run=path, seed=None)


def _first_instant(options: ServeOptions, clock: str, scenario: Scenario) -> int:
    if clock == "wall":
        return _wall()
    if options.date is None:
        return int(day_number(scenario.run.start) * DAY_MS + OPENING_MS)
    try:
        return int(day_number(dt.date.fromisoformat(options.date)) * DAY_MS + OPENING_MS)
    except ValueError:
        raise UserError(f"--date {options.date}: no such date", "give it as 2026-03-01") from None


def _wall() -> int:
    return time.time_ns() // 1_000_000 + BANK_OFFSET_MS


def _lasting(scenario: Scenario, changes: dict[str, Any], name: str) -> Scenario:
    """The scenario over as many days as calendars reach, with the volume a day that it has, for which its staff is counted."""
    last = day_number(dt.date(WORKDAY_LAST_YEAR, 1, 1)) - 1
    days = min(_DAYS_AHEAD, last - day_number(scenario.run.start))
    if days < 1:
        raise UserError(f"{scenario.run.start}: the calendar of workdays ends in {WORKDAY_LAST_YEAR}", "begin earlier")
    a_day = scenario.run.customers / (scenario.run.arrival_days or scenario.run.days)
    lasting = {"run.days": days, "run.customers": max(1, len(scenario.script), round(a_day * days))}
    return load_scenario(name, changes | lasting | {"run.arrival_days": None})


def home_of(options: ServeOptions) -> dict[str, Any]:
    """The bank in its home: the one that is there, or a new one. UserError where the options describe another."""
    if not (options.home / BANK_FILE).exists():
        new: dict[str, Any] = json.loads(json.dumps(founded(options)))
        _prove_joins(new, options)
        _prove_sites(new, options)
        if options.store is not None:
            for site in new["sites"]:
                open_store(at_site(new["store"], site)).close()  # refused before anything is founded
        options.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        bank_file.write(options.home, new)
        return new
    bank = bank_file.read(options.home)
    terms = (options.takeover_s, options.remote_s)
    asked = {
        "name": options.scenario,
        "shards": options.shards,
        "clock": options.clock,
        "store": bank_file.whole(options.store),
        "from": str(options.from_run.resolve()) if options.from_run else None,
        "arrivals": options.arrivals,
        "sites": list(SITES[: options.sites]) if options.sites else None,
        "terms_s": [given or had for given, had in zip(terms, bank.get("terms_s", (TAKEOVER_S, REMOTE_S)), strict=True)]
        if any(terms)
        else None,
    }
    _prove_desks(bank["people"], options.staff)
    for name, value in asked.items():
        if value is not None and value != bank.get(name):
            raise UserError(
                f"{options.home} holds a bank with {name} {bank.get(name)!r}; {value!r} was asked for",
                "leave the option out, or give another --home",
            )
    if options.date is not None or options.seed is not None:
        raise UserError(
            f"{options.home} holds a bank already", "leave --date and --seed out: POST /v1/clock/advance moves it on"
        )
    own = fingerprints.of_all(fingerprints.schemas())
    if bank["schemas"] != own:
        raise UserError(f"{options.home}: another release's bank", "open it with the release that founded it")
    bank |= {name: value for name, value in (("executor", options.executor), ("address", options.address)) if value}
    bank |= {"backup_to": _places(options)} if options.backup_to else {}
    _prove_joins(bank, options)
    _prove_sites(bank, options)
    bank_file.write(options.home, bank)
    return bank


def _prove_desks(has: Sequence[str], staff: str | None) -> None:
    """UserError where people are to sit at other desks than those that the bank was founded with: the world has played the
    others in every window of the day book, and tasks that lie with its staff can't be taken from it."""
    if staff is None or people_at(staff) == list(has):
        return
    all_of = {0: "simulated at all of its desks", len(DESK_LABELS): "people at all of its desks"}
    sit = all_of.get(len(has), f"people at {', '.join(has)}, simulated at the others")
    given = {0: "simulated", len(DESK_LABELS): "people"}.get(len(has), ",".join(f"{desk}=people" for desk in has))
    raise UserError(
        f"--staff {staff}: this bank was founded with its staff {sit}, and that stays as long as it lives",
        f"leave --staff out, which means --staff {given}; or found another bank with --home ANOTHER --staff {staff}",
    )


def _places(options: ServeOptions) -> list[str]:
    """Where copies of backups are kept, whatever folder that is read in."""
    return sorted({str(place.resolve()) for place in options.backup_to})


def _prove_sites(bank: dict[str, Any], options: ServeOptions) -> None:
    """UserError where the options describe sites that the bank has not, or what they can't do; RayUnavailable where the Ray to
    be joined does not answer."""
    count = len(bank.get("sites", ()))
    if count < 2 and options.takeover_s is not None:
        raise UserError("--takeover-after: nobody takes over from a single site", "it goes with --sites 2 or 3")
    if count < len(SITES) and options.remote_s is not None:
        raise UserError("--remote-after: the bank has no remote site", f"it goes with --sites {len(SITES)}")
    if count > 1 and options.address is not None:
        raise UserError(f"--address {options.address}: each of several sites has a Ray of its own", "leave it out")
    own = bank["store"] == f"sqlite:{options.home.resolve() / DAY_BOOK}"
    if count > 1 and not own and SITE not in bank["store"]:
        raise UserError(
            f"--store {options.store}: each of several sites keeps a day book of its own",
            f"write {SITE} where the name of a site stands, as in postgresql://HOST/DATABASE?bank=lendrill_{SITE}; by itself "
            f"it lies in the site's home",
        )
    if count < 2 and SITE in bank["store"]:
        raise UserError(f"--store {options.store}: the bank has one site, and {SITE} means nothing", "leave it out")
    if bank["executor"] == "ray" and bank["address"] is not None:
        prove_cluster(bank["address"])  # Ray itself asks a dead address for minutes, and says nothing


def _prove_joins(bank: dict[str, Any], options: ServeOptions) -> None:
    """UserError where a cluster is named that nothing would join."""
    if options.address is not None and bank["executor"] != "ray":
        raise UserError(f"--address {options.address}: a bank of --executor local joins no Ray", "give --executor ray")


def first_accounts(home: Path) -> Path | None:
    """Opens the accounts of a new bank; the file with their first passwords, None where they are there already."""
    opened = Home(home)
    identity = opened.identity_services()
    try:
        return identity.first(build_staffing(opened.scenario, opened.scenario.run.seed).register())
    finally:
        identity.close()


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Holds a bank's home, so that no other `lendrill serve` opens it meanwhile: two conductors would take the day book from one
    another for ever. UserError where another one has it. A folder in which nothing was founded does not stay."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = os.open(home, os.O_RDONLY)
    try:
        _lock(folder, home)
        yield
    finally:
        os.close(folder)
        with contextlib.suppress(OSError):
            home.rmdir()


def _lock(folder: int, home: Path) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(
            f"{home}: another `lendrill serve` has this bank open", "end that one first, or give another --home"
        ) from None


def serve_command(options: ServeOptions) -> int:
    """Serves until Ctrl-C or SIGTERM; 0 then."""
    with alone(options.home):
        return _serve(options)


def _serve(options: ServeOptions) -> int:
    options = seeded(options)
    bank = home_of(options)
    if len(bank.get("sites", ())) > 1:
        from lendrill.sites import serve_sites

        return serve_sites(options, bank)
    home = options.home.resolve()
    credentials = first_accounts(home)
    BackupKey.open(key_file(home))
    listening = listens(options.host, options.port)
    url = url_of(listening)
    supervisor = Supervisor(home)
    enclosure = Enclosure() if bank["executor"] == "ray" and not bank["address"] else None
    supervisor.children += children_of(home, options.gateways, listening, enclosure)
    door = health_door(options, listening, supervisor.health)

    def opened() -> None:
        say_where(f"{bank['name']} listens on {url} (API: {url}/docs)")
        say(options.quiet, f"Its health, however busy it is: {url.rpartition(':')[0]}:{door.server_port}/health")
        if credentials is not None:
            say(options.quiet, f"First passwords and secrets, for their owner's eyes: {credentials}")

    cells = len(Flow(bank["shards"], PIPELINE).cells)
    say(options.quiet, f"Opening the bank in {options.home}: {cells} cells ({bank['executor']}) …")
    try:
        keep_alive(options, [supervisor], url, opened)
    finally:
        if enclosure is not None:
            enclosure.leave()
        door.shutdown()
        door.server_close()
        listening.close()
    say(options.quiet, f"Closed. `lendrill serve --home {options.home}` goes on where it stands.")
    return 0


def keep_alive(
    options: ServeOptions,
    supervisors: Sequence[Supervisor],
    url: str | None,
    opened: Callable[[], object],
    first: Callable[[], Supervisor | None] = lambda: None,
) -> None:
    """Starts all processes and keeps them alive until Ctrl-C or SIGTERM; `opened` is called once the bank answers at `url`;
    `first`: the place that is closed before others."""
    ended: list[int] = []
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda number, _: ended.append(number))
    try:
        for supervisor in supervisors:
            for child in supervisor.children:
                supervisor.start(child)
        if url is not None:
            _until_open(supervisors, f"{url}/health", ended, options.quiet)
        if not ended:
            opened()
        while not ended:
            for supervisor in supervisors:
                supervisor.watch()
            time.sleep(0.1)
        say(options.quiet, "Closing: windows under way are finished …")
    finally:
        end_all(supervisors, first)


def say_where(line: str) -> None:
    """A line that people copy from."""
    Console().print(line, highlight=False, soft_wrap=True)


def health_door(options: ServeOptions, listening: socket.socket, health: Health) -> HealthDoor:
    """On the port asked for; else on the one after the gateways', or a free one where that is taken."""
    host, port = listening.getsockname()[:2]
    wanted = options.health_port
    try:
        return HealthDoor(host, min(port + 1, 65_535) if wanted is None else wanted, health)
    except OSError as error:
        if wanted is None:
            return HealthDoor(host, 0, health)
        why = os.strerror(error.errno or 0).lower()
        raise UserError(f"--host {host} --health-port {wanted}: {why}", "give another port") from None


def _until_open(supervisors: Sequence[Supervisor], url: str, ended: list[int], quiet: bool) -> None:
    """Waits until the bank answers, and says meanwhile what its conductors say."""
    began, said = time.monotonic(), ""
    conductors = [(one, child) for one in supervisors for child in one.children if child.name == "conductor"]
    while not ended:
        for supervisor in supervisors:
            supervisor.watch()
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=2.0) as answer:
            if answer.status == 200:
                return
        for supervisor, conductor in conductors:
            if time.monotonic() - began > _PATIENCE_S and not (supervisor.home / SOCKET).exists():
                raise UserError(f"the bank does not open; see {supervisor.home / 'conductor.log'}")
            if (words := supervisor.last_words(conductor)) not in ("", said):
                say(quiet, said := words)
        time.sleep(0.1)
