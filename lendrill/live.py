"""The processes of a live bank: the conductor with its cells, and the gateways. `lendrill.serve` starts them in the bank's folder
(its home), where everything lies that they need; they talk over a socket there. Each ends when the one that started it does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from actors.book.opening import open_store
from actors.book.sealed import SealedStore
from actors.book.store import Store
from actors.clock import BusinessClock, Clock, Mark, StandingClock, WallClock, wall_ms
from actors.conductor import Conductor
from actors.host import Blueprint, Parts, Sink
from actors.identity.accounts import Account
from actors.identity.audit import Deed
from actors.identity.errors import IdentityError
from actors.identity.keys import Keys
from actors.identity.service import FOLDER, Identity
from actors.identity.vault import Vault
from actors.link import LinkClient, LinkServer
from actors.local import LocalExecutor
from actors.pipeline import Executor
from actors.ray_start import address_in
from actors.replay import Replayed, replay
from actors.sequencer import Sequencer
from actors.topology import Cell, Flow
from actors.trail import Trail
from credit.identifiers import Texts
from credit.policies import ProductPolicy, load
from credit.room import DESK_LABELS, Rows
from credit.subsystem import State
from credit.times import Ints
from lendrill import bank_file
from lendrill.assembly import live_blueprints
from lendrill.bank_file import BANK_FILE
from lendrill.errors import EXIT_BAD_INPUT, EXIT_INTERNAL, UserError, line_for
from lendrill.logs import keep_log
from lendrill.saved import load_saved
from results.events import events_of
from scenarios.model import Scenario
from sim.played import live_people, live_references

IDENTITY = ("scenario", "shards", "start_ms", "people", "arrivals", "policies", "schemas")
SOCKET = "conductor.sock"
TRAIL, CLOCK = "trail.db", "clock"
_PARENT_EVERY_S = 0.5
_log = logging.getLogger("lendrill.live")
_AT_ONCE, _WAITING = 64, 2_048
"""New connections that a gateway takes in at once, and that may wait for it."""
_SWITCH_S = 0.000_5
"""How long the cells, where they live in the conductor's process, may keep its loop from answering."""


class Home:
    """A bank's folder, read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bank: dict[str, Any] = bank_file.read(path)
        at, right = ("scenario",), "open it with its own release"
        self.scenario = bank_file.validated(Scenario, self.bank["scenario"], path / BANK_FILE, at, right)
        self.flow = Flow(self.bank["shards"])

    def identity(self) -> str:
        """What the day book depends on, as text: another bank's book is not taken for this one's."""
        return identity_of(self.bank)

    def store(self) -> Store:
        """The day book, whose content only this home's keys open."""
        return self._unsealed(open_store(self.bank["store"]))

    def book(self) -> Store:
        """The day book, to be read. UserError where there is none: neither it nor keys are made."""
        return self._unsealed(bank_file.book_at(self.bank["store"]))

    def _unsealed(self, store: Store) -> Store:
        vault = Vault(Keys.open(self.path / FOLDER))
        return SealedStore(store, vault.seal, vault.open)

    def identity_services(self) -> Identity:
        """Accounts, tokens, keys and the operation log."""
        return Identity.open(self.path, utc_ms, overrides=self.scenario.policies)

    def clock(self, until: int, wall: Callable[[], int] = wall_ms, doubted: Callable[[], bool] = bool) -> Clock:
        """The clock of a bank that stands at an instant; see `WallClock`."""
        if self.bank["clock"] == "wall":
            return WallClock(wall, doubted=doubted)
        return BusinessClock(until, Mark(self.path / CLOCK))

    def clock_before(self) -> Clock:
        """The clock while nobody knows yet where the bank stands: a business date waits where it will go on."""
        start_ms = int(self.bank["start_ms"])
        if self.bank["clock"] == "wall":
            return self.clock(start_ms)
        return StandingClock(max(start_ms, Mark(self.path / CLOCK).read()))

    def executor(self, ray: Path | None) -> Executor:
        """Where the cells live; `ray`: the folder of the bank's own Ray."""
        if self.bank["executor"] == "local":
            return LocalExecutor()
        from actors.ray_executor import RayExecutor

        if ray is None:
            return RayExecutor(self.bank["address"], tell=_say)
        return RayExecutor(address_in(ray), tell=_say, own=True)

    def blueprints(self) -> list[Blueprint]:
        """How its cells are built."""
        people = [int(DESK_LABELS[name]) for name in self.bank["people"]]
        return live_blueprints(self.scenario, self.flow, people, self.bank["arrivals"])

    def opening(self, store: Store) -> dict[Cell, State] | None:
        """What the cells know at the bank's first instant, where the book does not say it yet."""
        if store.snapshots() or not self.bank["from"]:
            return None
        return load_saved(Path(self.bank["from"])).states(self.flow)

    def before(self, store: Store) -> Rows | None:
        """What had happened to the bank's cases when it was opened, where the book does not say it yet."""
        if store.snapshots() or not self.bank["from"]:
            return None
        products = load("products", ProductPolicy, self.scenario.policies)
        return events_of(Path(self.bank["from"]), {one.key: one.code for one in products.products})


def identity_of(bank: Mapping[str, Any]) -> str:
    """What a day book depends on, as text, of what the bank's own file says."""
    return json.dumps({name: bank[name] for name in IDENTITY}, sort_keys=True)


def home_at(path: Path) -> Home:
    """The bank of a home. UserError where there is none, or one of several sites, whose books and keys lie in homes of theirs."""
    if not (path / BANK_FILE).is_file():
        raise UserError(
            f"{path}: no bank's home (it holds no {BANK_FILE})", "give the folder that `lendrill serve --home` made"
        )
    home = Home(path.resolve())
    bank_file.prove_one_site(path, home.bank)
    return home


def conductor(path: Path, ray: Path | None = None) -> int:
    """Runs the conductor of the bank at `path` until it is told to end."""
    return ran(path, "conductor", lambda: _conduct(Home(path), ray))


def ran(path: Path, name: str, process: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """A process with a loop, until it ends."""
    keep_log(path, name)
    sys.setswitchinterval(_SWITCH_S)
    try:
        return asyncio.run(process())
    except Exception as error:  # one line says why it can't go on
        line = line_for(error)
        _say(line or f"{type(error).__name__}: {error}")
        if line is None:
            raise
        return EXIT_BAD_INPUT


async def _conduct(home: Home, ray: Path | None) -> int:
    store, executor = home.store(), home.executor(ray)
    bank, live = bank_of(home, store, executor)
    server = await LinkServer(live).serve(Path(SOCKET))
    keep_what_is_there()
    end_when_told(live.close)
    try:
        await live.open(partial(_replayed, [time.monotonic()]))
        live.start_clock(home.clock(bank.stands_at))
        _log.info("ready")
        await live.run()
    finally:
        server.close()
        executor.stop()
        store.close()
    return 0


def bank_of(home: Home, store: Store, executor: Executor) -> tuple[Sequencer, Conductor]:
    """The bank of a home, not opened yet. UserError where the store holds another bank's day book."""
    if store.found(home.identity()).identity != home.identity():
        raise UserError(
            f"{home.bank['store']}: the day book of another bank", f"{home.path / BANK_FILE} does not belong to it"
        )
    start_ms = int(home.bank["start_ms"])
    bank = Sequencer(executor, home.flow, home.blueprints(), store, start_ms, home.opening(store), home.before(store))
    return bank, Conductor(bank, home.clock_before(), Trail(home.path / TRAIL))


def end_when_told(end: Callable[[], object]) -> None:
    """Ends the running loop's process by a signal, and with the process that started it."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    end_with_parent(lambda: loop.call_soon_threadsafe(end))


def _replayed(last: list[float], number: int) -> None:
    """Says now and then how far the book is worked again."""
    if time.monotonic() - last[0] > 1.0:
        last[0] = time.monotonic()
        _say(f"worked again up to window {number:,}")


@dataclass(frozen=True)
class Again:
    """A bank worked again: what was compared, and its trial balance (试算平衡) at the end, in fen over so many postings."""

    replayed: Replayed
    trial_balance_fen: int
    postings: int
    loans: int
    principal_fen: int
    """Of the loans in repayment's book (未到期及逾期本金)."""
    ledger_principal_fen: int
    """Of the same loans in the ledger."""
    cases: Mapping[int, list[int]]
    """The applications of the last seven days: the numbers of cases by the number of the request."""


def worked_again(path: Path, on_progress: Callable[[int], object] = int, sink: Sink | None = None) -> Again:
    """Works the bank of a home again from its day book, which is read and never written. `sink`: hears every cell's windows and
    statistics, which are not made otherwise. UserError where there is no bank, `actors.replay.Diverged` where it is not the bank
    that was."""
    home = home_at(path)
    executor, blueprints = LocalExecutor(), home.blueprints()
    if sink is not None:
        blueprints = [replace(one, build=partial(_heard, one, sink)) for one in blueprints]
    found = replay(home.book(), home.flow, blueprints, executor, on_progress)
    states = [(cell.room, host.export_state()) for cell, host in executor.hosts.items()]

    def total(room: str, table: str, column: str) -> int:
        return sum(int(state[table][column].sum()) for of, state in states if of == room)

    cases: dict[int, list[int]] = {}
    for room, state in states:
        if room == "applications":
            for request, number in zip(
                state["requests"]["request"].tolist(), state["requests"]["number"].tolist(), strict=True
            ):
                cases.setdefault(request, []).append(number)
    return Again(
        found,
        total("ledger", "bank.accounts", "debit_fen") - total("ledger", "bank.accounts", "credit_fen"),
        total("ledger", "bank.accounts", "postings"),
        sum(len(state["bank.loans"]) for of, state in states if of == "repayment"),
        total("repayment", "bank.loans", "balance_fen") + total("repayment", "bank.arrears", "principal_fen"),
        total("ledger", "bank.loans", "principal"),
        cases,
    )


def _heard(blueprint: Blueprint, sink: Sink, cell: Cell) -> Parts:
    return replace(blueprint.build(cell), sink=sink)


def replay_command(path: Path, quiet: bool) -> int:
    """`lendrill replay`: 0 when the bank worked again is the bank that was, and its books balance; 1 when they do not."""
    console, began = Console(), time.perf_counter()
    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as progress:
        task = progress.add_task("windows worked again", total=None)
        again = worked_again(path, lambda done: progress.update(task, completed=done))
    took, found = time.perf_counter() - began, again.replayed
    console.print(
        f"{found.windows:,} windows and {found.commands:,} rows from outside worked again in {took:.1f} s; "
        f"{found.compared:,} chains compared, all equal; trial balance {again.trial_balance_fen:,} fen over "
        f"{again.postings:,} postings",
        highlight=False,
        soft_wrap=True,
    )
    for row in found.asides:
        console.print(str(row), highlight=False, soft_wrap=True)
    console.print(f"chain {found.chain}", highlight=False)
    return EXIT_INTERNAL if again.trial_balance_fen else 0


class _Door(socket.socket):
    """A listening socket before which many may wait. asyncio takes in as many in one turn of its loop as it lets wait; with a
    thousand in a turn, each of the few turns to an answer lasts as long as a thousand answers."""

    def listen(self, backlog: int = 0) -> None:
        """Begins to listen, for as many as the kernel allows."""
        super().listen(max(backlog, _WAITING))


def gateway(path: Path, descriptor: int, name: str) -> int:
    """Serves HTTP on a listening socket until it is told to end; `name` tells its log from those of others."""
    import uvicorn  # which, with what stands on it, the other processes need not wait for

    from actors.gateway.app import make_app
    from actors.gateway.bank import Bank

    home = Home(path)
    keep_log(path, name)
    products = load("products", ProductPolicy, home.scenario.policies)
    link = LinkClient(Path(SOCKET))
    identity = home.identity_services()
    bank = Bank(
        link,
        home.flow,
        home.scenario.bank.branches,
        products,
        partial(references, home.scenario),
        home.scenario.policies,
        identity.keys.derived("vouchers and confirmations"),
    )
    app = make_app(bank, identity)
    # uvloop's libuv accepts one connection each time round, so under load new callers wait behind those who are connected.
    config = uvicorn.Config(
        app,
        loop="asyncio",
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=10,
        backlog=_AT_ONCE,
    )
    server = uvicorn.Server(config)
    keep_what_is_there()
    end_with_parent(lambda: setattr(server, "should_exit", True))
    server.run(sockets=[_Door(fileno=descriptor)])
    return 0 if server.started else EXIT_INTERNAL


def references(scenario: Scenario, id_numbers: Texts, requests: Ints) -> Ints:
    """Whose applications these are, by ID numbers and request numbers, as the world of a scenario knows people."""
    return live_references(live_people(id_numbers, scenario), requests)


def utc_ms() -> int:
    """Now, as identity services count time."""
    return time.time_ns() // 1_000_000


def token_command(home: Path, name: str) -> int:
    """`lendrill token`: an access token for an account of the bank in a home, whose owner holds its keys anyway; logged."""
    identity = home_at(home).identity_services()
    account = account_of(identity, name)
    now = utc_ms()
    grant = identity.tokens.issue(replace(account, must_change=False), now)
    identity.audit.append([Deed(now, account.kind, account.subject, "", "TOKEN", "lendrill token", 200)])
    identity.close()
    Console(soft_wrap=True).print(grant.access, highlight=False)
    return 0


def account_of(identity: Identity, name: str) -> Account:
    """The account of a person, of a client, or of the first person with a post."""
    for subject in (f"staff:{name}", f"system:{name}"):
        with contextlib.suppress(IdentityError):
            return identity.accounts.get(subject)
    after = ""
    while page := identity.accounts.all("staff", after, 500):
        for one in page:
            if name in one.posts:
                return one
        after = page[-1].subject
    raise UserError(f"{name}: no person, post or client of this bank", "see identity/first-credentials.txt in its home")


def end_with_parent(end: Callable[[], object]) -> None:
    """Ends this process once the one that started it is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_EVERY_S)
        end()

    threading.Thread(target=watch, daemon=True).start()


def keep_what_is_there() -> None:
    """Spares the collector of garbage what was made so far, modules and endpoints, which lives as long as the process does: to
    look through it again and again took a fifth of a gateway's processor time."""
    gc.collect()
    gc.freeze()


def _say(line: str) -> None:
    _log.info(line)
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    """``python -m lendrill.live conductor HOME [RAY]``, ``gateway HOME DESCRIPTOR NAME`` or ``backups HOME``; the working folder
    is the home."""
    what, home, *rest = arguments
    if what == "backups":
        from lendrill.backups import keep

        return keep(Path(home))
    if what == "conductor":
        return conductor(Path(home), *map(Path, rest))
    return gateway(Path(home), int(rest[0]), rest[1])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
