"""The live bank that is measured: applications over HTTP beside a bare echo of the same framework, under the same generator, in
one run. Which day book, how many gateways and where the cells live are options of `lendrill serve`.

    python -m bench.live --executor local --gateways 2 [--store postgresql]"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import psutil

from bench.forms import forms
from tests.actors.book.server import programs, running

LIMIT = "applications over HTTP, accepted and durable"
ACCEPTED = "the same ÷ bare echo"
GATEWAY = "gateways' processor time a request"
CONDUCTOR = "conductor's and cells' processor time a request"
MEDIAN = "POST to decision at half of that, median"
DECIDED = "POST to decision at half of that, p99"
GATEWAY_AT_HALF = "gateways' processor time an application then"
CARRIED = "applications over HTTP, carried to their decision"
CARRIED_MEDIAN = "POST to decision at half of what is carried, median"
CARRIED_DECIDED = "POST to decision at half of what is carried, p99"
FRESH_MEDIAN, FRESH = (f"POST to decision at 180 a second of a bank just opened, {one}" for one in ("median", "p99"))
LATER_MEDIAN, LATER = (f"the same after all of the above, {one}" for one in ("median", "p99"))
BULK = "applications in bulk"
REPLAYED = "day book worked again"
UNITS = {
    LIMIT: "a second",
    GATEWAY: "ms",
    CONDUCTOR: "ms",
    MEDIAN: "ms",
    DECIDED: "ms",
    GATEWAY_AT_HALF: "ms",
    CARRIED: "a second",
    CARRIED_MEDIAN: "ms",
    CARRIED_DECIDED: "ms",
    FRESH_MEDIAN: "ms",
    FRESH: "ms",
    LATER_MEDIAN: "ms",
    LATER: "ms",
    BULK: "a second",
    REPLAYED: "ms a window",
}
_COUNT, _CONNECTIONS, _TURNS = 3_000, 240, 5
"""What is asked in a turn, over so many connections: an answer takes a seventh of a second, so with 160 a quick machine was idle
in between; with 320 two gateways begin to shed."""
_BULK = 5_000
_OPEN_S = 20.0
_STEP, _CARRIED_S = 1.15, 2.0
"""A rate is raised by this, as long as nothing is shed and 99 of 100 decisions come within so many seconds."""
_CALM = 180.0
"""A rate at which two cores have time to spare."""
_OPENS_S = 120.0


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def hit(port: int, token: str, first: int, count: int, rate: float = 0.0) -> dict[str, Any]:
    """What the generator found; it runs in a process of its own."""
    command = [sys.executable, "-m", "bench.hits", f"http://127.0.0.1:{port}", token or "-", str(first), str(count)]
    command += [str(_CONNECTIONS if not rate else 8 * _CONNECTIONS), str(rate)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


@contextmanager
def echo() -> Iterator[int]:
    """The bare echo; its port."""
    port = _free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.echo", str(port)])
    try:
        until = time.monotonic() + _OPENS_S
        while time.monotonic() < until:
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


class Served(NamedTuple):
    """A bank that is open: its port, that of its health, and its processes."""

    port: int
    health: int
    process: psutil.Process

    def spent_s(self) -> dict[str, float]:
        """Seconds of a processor that conductor (with the cells of a local executor) and gateways have used."""
        return {part: sum(sum(one.cpu_times()[:2]) for one in self.parts(part)) for part in ("conductor", "gateway")}

    def parts(self, name: str) -> list[psutil.Process]:
        """Its processes of a name."""
        return [
            one for one in self.process.children(recursive=True) if f"lendrill.live {name}" in " ".join(one.cmdline())
        ]


@contextmanager
def bank(home: Path, *options: str) -> Iterator[Served]:
    """A served bank."""
    scenario = str(Path(__file__).with_name("live.toml"))
    command = [sys.executable, "-m", "lendrill", "serve", scenario, "--home", str(home), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"listens on http://[^:]+:(\d+)[\s\S]*health.*:(\d+)/health", said):
                break
        else:
            raise RuntimeError(f"the bank did not open: {said}")
        yield Served(int(found[1]), int(found[2]), psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait()


def token_of(home: Path) -> str:
    """A token of the client that load tests come from."""
    command = [sys.executable, "-m", "lendrill", "token", "load", "--home", str(home)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _cell(value: Any) -> Any:
    """A field of a form as a table says it: lists and details with bars between them."""
    if isinstance(value, dict):
        return "|".join(f"{key}={said}" for key, said in value.items())
    return "|".join(value) if isinstance(value, list | tuple) else value


def in_bulk(port: int, token: str) -> float:
    """Rows a second of one table of applications."""
    rows = forms(10_000_000, _BULK)
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/applications/bulk", text.getvalue().encode())
    request.add_header("Content-Type", "text/csv")
    request.add_header("Authorization", f"Bearer {token}")
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=120) as answer:
        said = json.loads(answer.read())
    assert said["rows"] == _BULK, said
    return _BULK / (time.perf_counter() - began)


def accepted_s(found: dict[str, Any]) -> float:
    """What was accepted a second. ValueError where anything else was refused than what comes when there is too much."""
    taken = sum(count for status, count in found["statuses"].items() if status.startswith("202"))
    shed = sum(count for status, count in found["statuses"].items() if status.startswith("503"))
    if taken + shed != _COUNT:
        raise ValueError(f"the bank answered: {found['statuses']}")
    return float(found["per_s"]) * taken / _COUNT


class Open:
    """Applications of an open model, each time others, and each waited for until it is decided."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token, self._next = port, token, 1_000_000

    def hit(self, rate: float) -> dict[str, Any]:
        """What the generator found at a rate."""
        first, count = self._next, int(rate * _OPEN_S)
        self._next += count
        return hit(self._port, self._token, first, count, rate)

    def carried(self, rate: float) -> float:
        """The highest rate, from this one on, that the bank carries to the decision; 0 where this one is too high."""
        held = 0.0
        while True:
            found = self.hit(rate)
            shed = any(not status.startswith("202") for status in found["statuses"])
            if shed or found["p99_s"] > _CARRIED_S:
                return held
            held, rate = rate, rate * _STEP


def measured(folder: Path, *options: str) -> dict[str, float]:
    """All figures of one bank. Echo and bank take turns, so that what else the machine does weighs on both; what is told is the
    median of the turns, and of their ratios."""
    home = folder / "bank"
    with echo() as bare, bank(home, *options) as served:
        port, token = served.port, token_of(home)
        hit(bare, "", 0, 500)
        hit(port, token, 0, 500)
        opened = Open(port, token)
        fresh = opened.hit(_CALM)
        base, ours, before = [], [], served.spent_s()
        for turn in range(_TURNS):
            base.append(accepted_s(hit(bare, "", 0, _COUNT)))
            ours.append(accepted_s(hit(port, token, (1 + turn) * 10 * _COUNT, _COUNT)))
        spent = {part: seconds - before[part] for part, seconds in served.spent_s().items()}
        limit = median(ours)
        before = served.spent_s()
        decided = opened.hit(limit / 2)
        at_half = (served.spent_s()["gateway"] - before["gateway"]) / int(limit / 2 * _OPEN_S)
        carried = opened.carried(limit / 3)
        calm = opened.hit(carried / 2) if carried else decided
        later = opened.hit(_CALM)
        bulk = in_bulk(port, token)
    command = [sys.executable, "-m", "lendrill", "replay", str(home)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    replayed = re.search(r"([\d,]+) windows .* in ([\d.]+) s", said)
    assert replayed is not None, said
    return {
        LIMIT: limit,
        ACCEPTED: median(one / bare_s for one, bare_s in zip(ours, base, strict=True)),
        GATEWAY: spent["gateway"] / (_TURNS * _COUNT) * 1e3,
        CONDUCTOR: spent["conductor"] / (_TURNS * _COUNT) * 1e3,
        MEDIAN: decided["p50_s"] * 1e3,
        DECIDED: decided["p99_s"] * 1e3,
        GATEWAY_AT_HALF: at_half * 1e3,
        CARRIED: carried,
        CARRIED_MEDIAN: calm["p50_s"] * 1e3,
        CARRIED_DECIDED: calm["p99_s"] * 1e3,
        FRESH_MEDIAN: fresh["p50_s"] * 1e3,
        FRESH: fresh["p99_s"] * 1e3,
        LATER_MEDIAN: later["p50_s"] * 1e3,
        LATER: later["p99_s"] * 1e3,
        BULK: bulk,
        REPLAYED: float(replayed[2]) * 1e3 / int(replayed[1].replace(",", "")),
    }


def main(options: list[str]) -> None:
    """Prints the figures; with ``--store postgresql`` those on SQLite and on a PostgreSQL server started for it, one after the
    other, each beside the echo."""
    on_postgres = options[-2:] == ["--store", "postgresql"]
    plain = options[:-2] if on_postgres else options
    with tempfile.TemporaryDirectory() as where, contextlib.ExitStack() as stack:
        stores = {"": plain}
        if on_postgres:
            if (bins := programs()) is None:
                raise SystemExit("no PostgreSQL server is installed (Debian: apt install postgresql)")
            url = stack.enter_context(running(bins)).url("bench")
            stores = {"SQLite: ": plain, "PostgreSQL: ": [*plain, "--store", url]}
        for place, (store, given) in enumerate(stores.items()):
            (folder := Path(where) / str(place)).mkdir()
            for name, value in measured(folder, *given).items():
                print(f"{store}{name}: {value:,.3g} {UNITS.get(name, '')}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
