"""The live bank that is measured: applications over HTTP beside a bare echo of the same framework, under the same generator, in
one run. Which day book, how many gateways and where the cells live are options of `lendrill serve`."""

from __future__ import annotations

import csv
import io
import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import hits

ACCEPTED = "applications over HTTP, accepted and durable, ÷ bare echo"
DECIDED = "POST to decision at half of that, p99"
BULK = "applications in bulk ÷ one by one"
REPLAYED = "day book worked again"
UNITS = {DECIDED: "ms", REPLAYED: "ms a window"}
_COUNT, _CONNECTIONS = 3_000, 64
_BULK = 5_000
_OPEN_S = 20.0
_OPENS_S = 120.0


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def hit(port: int, token: str, first: int, count: int, rate: float = 0.0) -> dict[str, Any]:
    """What the generator found; it runs in a process of its own."""
    command = [sys.executable, "-m", hits.__name__, "127.0.0.1", str(port), token or "-", str(first), str(count)]
    command += [str(_CONNECTIONS if not rate else 4 * _CONNECTIONS), str(rate)]
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


@contextmanager
def bank(home: Path, *options: str) -> Iterator[int]:
    """A served bank; its port."""
    scenario = str(Path(__file__).with_name("live.toml"))
    command = [sys.executable, "-m", "lendrill", "serve", scenario, "--home", str(home), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"listens on http://[^:]+:(\d+)", line):
                break
        else:
            raise RuntimeError("the bank did not open")
        yield int(found[1])
    finally:
        process.terminate()
        process.wait()


def token_of(home: Path) -> str:
    """A token of the client that load tests come from."""
    command = [sys.executable, "-m", "lendrill", "token", "load", "--home", str(home)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def in_bulk(port: int, token: str) -> float:
    """Rows a second of one table of applications."""
    rows = hits.forms(10_000_000, _BULK)
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows(
        {**row, "documents": "|".join(row["documents"]), "consents": "|".join(row["consents"])} for row in rows
    )
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/applications/bulk", text.getvalue().encode())
    request.add_header("Content-Type", "text/csv")
    request.add_header("Authorization", f"Bearer {token}")
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=120) as answer:
        said = json.loads(answer.read())
    assert said["rows"] == _BULK, said
    return _BULK / (time.perf_counter() - began)


def measured(folder: Path, *options: str) -> dict[str, float]:
    """All figures of one bank. Echo and bank take turns, so that what else the machine does weighs on both."""
    home = folder / "bank"
    with echo() as bare, bank(home, *options) as port:
        token = token_of(home)
        hit(bare, "", 0, 500)
        hit(port, token, 0, 500)
        base, ours = [], []
        for turn in range(2):
            base.append(hit(bare, "", 0, _COUNT))
            ours.append(hit(port, token, (1 + turn) * 10 * _COUNT, _COUNT))
        for found in (*base, *ours):
            assert all(status.startswith("202") for status in found["statuses"]), found
        limit = max(found["per_s"] for found in ours)
        rate = limit / 2
        decided = hit(port, token, 1_000_000, int(rate * _OPEN_S), rate)
        bulk = in_bulk(port, token)
    command = [sys.executable, "-m", "lendrill", "replay", str(home)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    replayed = re.search(r"([\d,]+) windows .* in ([\d.]+) s", said)
    assert replayed is not None, said
    return {
        ACCEPTED: limit / max(one["per_s"] for one in base),
        DECIDED: decided["p99_s"] * 1e3,
        BULK: bulk / limit,
        REPLAYED: float(replayed[2]) * 1e3 / int(replayed[1].replace(",", "")),
    }


if __name__ == "__main__":
    print(measured(Path(sys.argv[1]), *sys.argv[2:]))
