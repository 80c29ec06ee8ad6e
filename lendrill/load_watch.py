"""What is watched beside a load test: the bank's own figures (/metrics, once a second), the processor time of its processes where
they run on this machine, that of the generator, and the test's seconds as they are written."""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from prometheus_client.parser import text_string_to_metric_families
from rich.text import Text

from lendrill.progress import Panel

_EVERY_S = 1.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
SATURATED = 0.85
"""A process that uses so much of one core can do no more: each of the bank's and of Locust's has one thread that counts."""
_METRIC = re.compile(r'^lendrill_(\w+?)(?:\{quantile="([\d.]+)"\})? ([\d.eE+-]+)$', re.MULTILINE)
_KEPT = {
    "queued",
    "under_way",
    "windows_total",
    "commands_total",
    "busy_total",
    "window_ms",
    "commit_ms",
    "window_rows",
}


_PARTS, _PARTS_OF_RAY = ("conductor", "gateway", "backups"), ("raylet", "gcs_server")
_STAGE = re.compile(r"ray::StageActor(?:\(([\w-]+)\))?")
"""The title of a stage's process (`actors.ray_executor`); without a name until its actor is built."""
_BOOK = ("lendrill_book_amount_fen", "lendrill_book_count")


def health(host: str, patience_s: float = 3.0) -> bool:
    """Whether a bank is open and ready there, now or a little later."""
    until = time.monotonic() + patience_s
    while True:
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"{host.rstrip('/')}/health", timeout=2.0) as answer,
        ):
            return bool(json.loads(answer.read()).get("ready"))
        if time.monotonic() > until:
            return False
        time.sleep(0.2)


def metrics(host: str) -> dict[str, float]:
    """The bank's figures by name, ``window_ms.p99`` a quantile's; nothing where it does not tell."""
    found = {}
    for name, quantile, value in _METRIC.findall(_told(host)):
        if name in _KEPT:
            found[f"{name}.p{float(quantile) * 100:g}" if quantile else name] = float(value)
    return found


def _told(host: str) -> str:
    try:
        with urllib.request.urlopen(f"{host.rstrip('/')}/metrics", timeout=1.0) as answer:
            return str(answer.read().decode())
    except (OSError, ValueError):
        return ""


def trial_balance(host: str) -> tuple[int, int] | None:
    """By how many fen the book was out at the bank's last end of day, over how many postings; None where that is not told."""
    found: dict[str, list[float]] = defaultdict(list)
    for family in text_string_to_metric_families(_told(host)):
        for one in family.samples:
            if one.name in _BOOK and one.labels.get("gauge") == "trial_balance":
                found[one.name].append(one.value)
    if not found:
        return None
    amount, count = (int(sum(found[name])) for name in _BOOK)
    return amount, count


class Watch:
    """Samples of one test."""

    def __init__(self, host: str) -> None:
        self._host, self._url = host, urlsplit(host)
        self.rows: list[dict[str, Any]] = []
        self._began = time.monotonic()
        self._next = 0.0
        self._processes: dict[int, tuple[str, psutil.Process, float]] = {}
        self._cores: dict[str, list[float]] = defaultdict(list)
        self._memory: dict[str, float] = defaultdict(float)
        self._last = 0.0

    def sample(self, generator: int) -> None:
        """Once a second: the bank's figures and processor time."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY_S
        cores = self._used(generator, now)
        self.rows.append({"second": round(now - self._began, 2), "cores": cores, **metrics(self._host)})

    def _used(self, generator: int, now: float) -> dict[str, float]:
        """Cores that each process used since the last sample; of several of a kind, by kind and number."""
        found: dict[str, float] = {}
        span = now - self._last if self._last else 0.0
        self._last = now
        for name, process in self._named(generator).items():
            with contextlib.suppress(psutil.Error):
                spent = sum(process.cpu_times()[:2])
                known = self._processes.get(process.pid)
                self._processes[process.pid] = (name, process, spent)
                self._memory[name] = max(self._memory[name], process.memory_info().rss / 2**20)
                if known is not None and span:
                    found[name] = round((spent - known[2]) / span, 3)
                    self._cores[name].append(found[name])
        return found

    def _named(self, generator: int) -> dict[str, psutil.Process]:
        found: dict[str, psutil.Process] = {}
        groups = {"generator": _family(generator)}
        if self._url.hostname in _LOOPBACK:
            groups |= bank_processes(self._url.port or 80)
        for kind, processes in groups.items():
            for place, process in enumerate(processes):
                found[kind if len(processes) == 1 else f"{kind} {place}"] = process
        return found

    def write(self, file: Path) -> None:
        """The samples, one a line."""
        file.write_text("".join(json.dumps(row) + "\n" for row in self.rows), encoding="utf-8")

    def machine(self) -> dict[str, Any]:
        """Cores used and memory by process, and who could do no more."""
        means = {name: round(sum(of) / len(of), 3) for name, of in sorted(self._cores.items())}
        peaks = {name: round(max(of), 3) for name, of in sorted(self._cores.items())}
        return {
            "cores": psutil.cpu_count(),
            "used_mean": means,
            "used_peak": peaks,
            "memory_mib": {name: round(mib, 1) for name, mib in sorted(self._memory.items())},
            "busy_with_others": round(max(0.0, psutil.getloadavg()[0] - sum(means.values())), 2),
            "saturated": [name for name, used in means.items() if used >= SATURATED],
            "most_used": max(means, key=lambda name: means[name], default=""),
        }

    def bank(self) -> dict[str, float]:
        """The highest of each of the bank's figures."""
        names = {name for row in self.rows for name in row if name not in ("second", "cores")}
        return {name: max(row.get(name, 0.0) for row in self.rows) for name in sorted(names)}


def _family(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    return []


def bank_processes(port: int) -> dict[str, list[psutil.Process]]:
    """Gateways, conductor, backups and stages of the bank that listens there, each stage by its cell's name, and what its own Ray
    is made of, as far as this user may see them; `server` for another."""
    with contextlib.suppress(psutil.Error, OSError):
        listening = [
            one.pid for one in psutil.net_connections("tcp") if one.status == "LISTEN" and one.laddr.port == port
        ]
        first = psutil.Process(next(pid for pid in listening if pid))
        serve = next((one for one in (first, first.parent()) if one is not None and _serves(one)), None)
        if serve is None:
            return {"server": [first]}
        groups: dict[str, list[psutil.Process]] = {}
        for part in serve.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if kind := part_of(part.cmdline()):
                    groups.setdefault(kind, []).append(part)
        return groups
    return {}


def part_of(command: Sequence[str]) -> str:
    """Which part of a bank a process is, by its command or title; empty where that is not told of."""
    if stage := _STAGE.match(" ".join(command)):
        return stage[1] or "stage"
    if command and (name := Path(command[0]).name) in _PARTS_OF_RAY:
        return name
    return next((kind for kind in _PARTS if kind in command), "")


def _serves(process: psutil.Process) -> bool:
    words = process.cmdline()
    return "serve" in words and any("lendrill" in word for word in words)


class LoadProgress(Panel):
    """How far a load test is."""

    def __init__(self, seconds: Path, duration_s: float, quiet: bool) -> None:
        super().__init__(quiet)
        self._file, self._duration_s = seconds, duration_s
        self._read, self._rest = 0, b""
        self._last: dict[str, Any] = {}
        self._totals: dict[str, int] = defaultdict(int)

    def update(self) -> None:
        """Reads what is new and shows it."""
        if not self._file.is_file():
            return
        with self._file.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in (one for one in lines if one.startswith(b'{"second"')):  # at its end the file is written anew
            self._last = json.loads(line)
            for name in ("offered", "accepted", "shed", "failed"):
                self._totals[name] += self._last[name]
        if self._last:
            self.show(self.line, lambda: Text(self.line()))

    def line(self) -> str:
        """The last second and the whole."""
        last, totals = self._last, self._totals
        latency = last.get("latency_ms", {})
        p50, p99 = latency.get("p50", 0), latency.get("p99", 0)
        return (
            f"{last['second'] + 1:>4}/{self._duration_s:.0f} s  offered {last['offered']}/s  accepted {last['accepted']}/s  "
            f"shed {last['shed']}/s  failed {last['failed']}/s  p50 {p50:,.0f} ms  p99 {p99:,.0f} ms"
            f"  (accepted {totals['accepted']:,}, shed {totals['shed']:,}, failed {totals['failed']:,})"
        )
