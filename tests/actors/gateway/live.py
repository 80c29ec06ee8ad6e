"""A live bank in this process behind a gateway on a port of its own: real conductor, link and server, a business date that moves
when it is told to, and no sleeps."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn

from actors.book.sqlite import SqliteStore
from actors.clock import BusinessClock
from actors.conductor import Conductor, Pace
from actors.gateway.app import make_app
from actors.gateway.applications import ZHANG
from actors.gateway.bank import Bank
from actors.identity.caller import Caller
from actors.identity.service import Identity
from actors.link import LinkClient, LinkServer
from actors.local import LocalExecutor
from actors.sequencer import Sequencer
from actors.topology import Flow
from actors.trail import Trail
from credit.identifiers import resident_ids
from credit.policies import ProductPolicy, load
from credit.policies.loading import packaged
from credit.policies.posts import KINDS, PERMISSIONS
from credit.room import DESK_LABELS, Rows
from credit.times import DAY_MS, HOUR_MS, day_number
from lendrill.assembly import live_blueprints
from lendrill.live import references
from scenarios.loading import load_scenario
from tests.actors.identity.builders import cheap

POST = {"key": "everybody", "name": "everybody", "name_zh": "所有人", "tier": "system", "scope": "all_branches"}
EVERYBODY = Caller("staff", "tests", frozenset(PERMISSIONS), posts=(POST["key"],))
"""Whoever calls in these tests may do all, with everybody's data; who may what is tested in `test_access`."""
PEOPLE = 60
ENGLISH = {"Accept-Language": "en"}


def calling(caller: Caller) -> Callable[[Any], Awaitable[Caller]]:
    """What the application asks who calls (`app.state.signed_in`): everybody is this one."""

    async def found(_: Any) -> Caller:
        return caller

    return found


KEY = b"a key for tests, of thirty-two b"


class LiveBank:
    """What tests hold in their hands: an HTTP client, and the cells behind it."""

    def __init__(
        self,
        client: httpx.Client,
        executor: LocalExecutor,
        app: Any,
        bank: Bank,
        store: SqliteStore,
        home: Path,
        identity: Identity,
    ) -> None:
        self.client, self.executor, self.app, self.bank, self.identity = client, executor, app, bank, identity
        self.store, self.home = store, home
        self.people, self.applied = iter(_id_numbers()), 0

    def get(self, path: str, status: int = 200, **more: Any) -> Any:
        answer = self.client.get(path, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer.text

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        answer = self.client.post(
            path,
            json={} if body is None else body,
            headers={name.replace("_", "-"): of for name, of in headers.items()},
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def hand_in(self, **changes: Any) -> dict[str, Any]:
        """An application by somebody who has not been here yet. The first is Mr Zhang himself; the others are as good as he.
        Its key is its number, so that luck is the same in every run."""
        self.applied += 1
        form, key = ZHANG | {"id_number": next(self.people)} | changes, f"apply-{self.applied}"
        found: dict[str, Any] = self.post("/v1/applications", form, 202, Idempotency_Key=key)
        return found

    def apply(self, **changes: Any) -> dict[str, Any]:
        """The same, once it is decided."""
        found = self.hand_in(**changes)
        for _ in range(60):
            if found["step"] not in ("initial_review", "scoring", "approval"):
                break
            self.a_minute()
            found = self.get(f"/v1/applications/{found['case']}")
        return found

    def sign(self, case: str) -> dict[str, Any]:
        """Read, confirmed and signed."""
        contract = self.get(f"/v1/applications/{case}/contract")
        which = {"round": contract["round"], "attempt": contract["attempt"]}
        confirmed = self.post(f"/v1/applications/{case}/contract/confirmation", which)
        signing = {"confirmation": confirmed["confirmation"], "mode": contract["mode"]}
        if contract["mode"] == "paper":
            self.check_terms(case)
        found: dict[str, Any] = self.post(f"/v1/applications/{case}/contract/signature", signing)
        return found

    def check_terms(self, case: str, status: int = 200, **read: Any) -> Any:
        """The counter checks what is to be signed; `read`: what it read there otherwise."""
        contract = self.get(f"/v1/applications/{case}/contract")
        said = {name: contract[name] for name in ("round", "attempt", "amount_fen", "term_months", "rate_ppm")}
        return self.post(f"/v1/applications/{case}/contract/checks", said | {"person": "1420001"} | read, status)

    def advance(self, **to: Any) -> None:
        self.post("/v1/clock/advance", to)

    def a_minute(self) -> None:
        """A minute passes: partners answer, machines decide."""
        now = np.datetime64(self.get("/v1/clock")["now"][:19])
        self.advance(to=str(now + np.timedelta64(60, "s")))

    def paid_out(self, **changes: Any) -> str:
        """The loan of an application that went all the way."""
        case = self.apply(**changes)["case"]
        self.sign(case)
        self.advance(days=1)
        [loan] = self.get(f"/v1/applications/{case}")["loans"]
        return str(loan)

    def customer_of(self, case: str) -> int:
        """Whose contract waits for a signature, or was signed."""
        tables = [rows for rows in self.state("contracts").values() if "customer" in (rows.dtype.names or ())]
        whose = dict(pair for rows in tables for pair in rows[["case", "customer"]].tolist())
        return int(whose[int(case)])

    def state(self, room: str) -> dict[str, Rows]:
        """All that the cells of a room know."""
        return {
            f"{cell}.{name}": rows
            for cell, host in self.executor.hosts.items()
            if cell.room == room
            for name, rows in host.export_state().items()
        }


def _id_numbers() -> list[str]:
    """Mr Zhang's, and those of people born two years before him."""
    born = day_number(dt.date(1988, 5, 6))
    return [ZHANG["id_number"], *resident_ids(110105, born, np.arange(1, PEOPLE)).tolist()]


@contextmanager
def live(
    scenario: str = "zhang_consumer_loan",
    people: Sequence[str] = (),
    shards: int = 1,
    date: str = "2026-02-10",
    **changes: Any,
) -> Iterator[LiveBank]:
    """A bank for as long as the block lasts."""
    [zhang] = load_scenario(scenario).script
    script = [zhang.model_dump() | {"party": 1 + n, "id_number": one} for n, one in enumerate(_id_numbers())]
    plan = load_scenario(
        scenario,
        {"run.days": 1_000, "run.customers": len(script), "script": script, "policies.contracts.certified": False}
        | {name.replace("__", "."): of for name, of in changes.items()},
    )
    flow, executor = Flow(shards), LocalExecutor()
    desks = [int(DESK_LABELS[name]) for name in people]
    start = day_number(dt.date.fromisoformat(date)) * DAY_MS + 9 * HOUR_MS
    with tempfile.TemporaryDirectory(prefix="bank") as folder:
        home, products = Path(folder), load("products", ProductPolicy, plan.policies)
        store = SqliteStore(home / "daybook.db")
        store.found("test")
        sequencer = Sequencer(executor, flow, live_blueprints(plan, flow, desks, False), store, start)
        conductor = Conductor(
            sequencer, BusinessClock(start), Trail(home / "trail.db"), Pace(0.0, 0.0, advance_ms=DAY_MS)
        )
        bank = Bank(
            LinkClient(home / "link"), flow, plan.bank.branches, products, partial(references, plan), plan.policies, KEY
        )
        posts = [*packaged("posts")["posts"], POST | {"permissions": sorted(PERMISSIONS)}]
        plenty = {kind: {"per_second": 1e6, "burst": 1_000_000} for kind in KINDS}
        overrides = {"posts": {"posts": posts, "rates": plenty}}
        identity = Identity.open(home, lambda: 1_800_000_000_000, overrides=overrides, passwords=cheap())
        app = make_app(bank, identity)
        # A socket that knows its protocol: asyncio has only such a one send at once, and any other answer waits 40 ms.
        listening = socket.socket(fileno=socket.create_server(("127.0.0.1", 0)).detach())
        app.state.signed_in = calling(EVERYBODY)
        running = _Running(conductor, home / "link", app, listening)
        running.start()
        try:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with httpx.Client(base_url=url, timeout=60.0, headers=ENGLISH) as client:
                yield LiveBank(client, executor, app, bank, store, home, identity)
            assert conductor.failure is None
        finally:
            running.end()
            store.close()


class _Running(threading.Thread):
    """One loop for the conductor, its link and the gateway's server."""

    def __init__(self, conductor: Conductor, link: Path, app: Any, listening: socket.socket) -> None:
        super().__init__(daemon=True)
        self._conductor, self._link, self._listening = conductor, link, listening
        config = uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._ready = threading.Event()

    def start(self) -> None:
        super().start()
        assert self._ready.wait(60.0), "the bank does not open"

    def run(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        link = await LinkServer(self._conductor).serve(self._link)
        await self._conductor.open()
        serving = asyncio.create_task(self._server.serve([self._listening]))
        working = asyncio.create_task(self._conductor.run())
        while not self._server.started:
            await asyncio.sleep(0.005)
        self._ready.set()
        await serving
        self._conductor.close()
        await asyncio.gather(working, return_exceptions=True)
        link.close()

    def end(self) -> None:
        """The gateway first, then the bank, which finishes what is under way."""
        self._server.should_exit = True
        self.join(30.0)
