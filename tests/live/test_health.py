"""Health beside the gateways: told from what the processes and the conductor say, however deep the bank's folder lies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actors.link import LinkServer
from lendrill.health import HealthDoor
from lendrill.live import _Door
from lendrill.supervisor import Child, Supervisor


class Watched:
    """A bank's processes, of which none has been started, and the door to their health."""

    def __init__(self, home: Path) -> None:
        self.gateway = Child("gateway-0", [sys.executable, "-c", "import time; time.sleep(60)"])
        self.supervisor = Supervisor(home, [Child("conductor", []), self.gateway])
        self.door = HealthDoor("127.0.0.1", 0, self.supervisor.health)

    def told(self, path: str = "/health") -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.door.server_port}{path}", timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    home = tmp_path / ("deep" * 20) / ("deeper" * 10)
    home.mkdir(parents=True)
    found = Watched(home)
    yield found
    found.door.shutdown()
    found.door.server_close()
    found.supervisor.end()


@contextlib.asynccontextmanager
async def conducted(home: Path, **standing: Any) -> Any:
    """A conductor that says how it stands."""
    with contextlib.chdir(home):
        server = await LinkServer(SimpleNamespace(standing=lambda: standing)).serve(Path("conductor.sock"))  # type: ignore[arg-type]
    yield
    server.close()


def test_a_bank_is_ready_while_its_conductor_says_so_and_a_gateway_runs(watched: Watched) -> None:
    async def hour() -> None:
        async with conducted(watched.supervisor.home, ready=True, window=7):
            assert (await asyncio.to_thread(watched.told))[0] == 503
            watched.supervisor.start(watched.gateway)
            status, said = await asyncio.to_thread(watched.told)
            assert (status, said["window"], said["processes"]["gateway-0"]["running"]) == (200, 7, True)
        async with conducted(watched.supervisor.home, ready=False):
            assert (await asyncio.to_thread(watched.told))[0] == 503

    asyncio.run(hour())


def test_a_bank_without_a_conductor_lives_and_is_not_ready(watched: Watched) -> None:
    watched.supervisor.start(watched.gateway)
    status, said = watched.told()
    assert (status, said["live"], said["ready"]) == (503, True, False)
    assert watched.told("/else")[0] == 404


def test_more_may_wait_at_a_gateways_door_than_are_let_in_at_once() -> None:
    with _Door() as door, contextlib.ExitStack() as waiting:
        door.bind(("127.0.0.1", 0))
        door.listen(1)
        callers = [waiting.enter_context(socket.create_connection(door.getsockname(), timeout=0.5)) for _ in range(20)]
        assert all(caller.getpeername() == door.getsockname() for caller in callers)
