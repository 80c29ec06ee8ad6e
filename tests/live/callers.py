"""Customers who go on asking while parts of a served bank are killed, and how long each kill keeps them waiting."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from actors.gateway.applications import ZHANG
from tests.actors.book.server import Server
from tests.live.served import Served

_CALLERS = 2
_KILL_EVERY_S = 1.0

_PATIENCE_S = 120.0


class Callers:
    """Customers who hand in forms one after another, and ask again with the same number when they hear nothing."""

    def __init__(self, bank: Served) -> None:
        self._bank, self._numbers, self._stop = bank, itertools.count(1), threading.Event()
        self.acknowledged: dict[str, str] = {}
        self.wrong: list[Any] = []
        self.kills: list[tuple[str, float]] = []
        self.answered: list[tuple[float, float]] = []
        self._threads = [threading.Thread(target=self._call) for _ in range(_CALLERS)]
        for thread in self._threads:
            thread.start()

    def _call(self) -> None:
        while not self._stop.is_set():
            number = next(self._numbers)
            form = ZHANG | {"branch": 1 + number % 4, "mobile": f"138{number:08}"}
            self._until_answered(f"k{number}", form)

    def _until_answered(self, key: str, form: dict[str, Any]) -> None:
        while True:
            asked = time.monotonic()
            try:
                status, said = self._bank.call("POST", "/v1/applications", form, {"Idempotency-Key": key})
            except OSError:
                status, said = 503, {}
            if status == 202:
                self.acknowledged[key] = said["case"]
                self.answered.append((asked, time.monotonic()))
                return
            if status != 503:
                self.wrong.append((status, said))
                return
            time.sleep(0.05)

    def gaps(self, part: str) -> list[float]:
        """Seconds from each kill of a part until somebody was answered who asked after it."""
        return [
            min(heard for asked, heard in self.answered if asked >= killed) - killed
            for what, killed in self.kills
            if what == part
        ]

    def told(self) -> str:
        """The gaps of each part that was killed, a line a part."""
        lines = []
        for part in sorted({what for what, _ in self.kills}):
            gaps = self.gaps(part)
            p50, p95 = np.quantile(gaps, (0.5, 0.95))
            lines.append(f"{part}: {len(gaps)} kills, away {p50:.2f} s (p50), {p95:.2f} s (p95)")
        return "\n".join(lines)

    def until_heard(self) -> None:
        """Waits until somebody who asked after the last kill was answered."""
        until = time.monotonic() + _PATIENCE_S
        while not (self.wrong or self._is_heard_after_all() or time.monotonic() > until):
            time.sleep(0.05)

    def stop(self) -> None:
        """Lets everybody hear his answer, and somebody who asked after the last kill."""
        self.until_heard()
        self._stop.set()
        for thread in self._threads:
            thread.join(_PATIENCE_S)

    def _is_heard_after_all(self) -> bool:
        last = max((killed for _, killed in self.kills), default=0.0)
        return any(asked >= last for asked, _ in tuple(self.answered))


def killed(bank: Served, parts: Sequence[str], database: Server | None = None, *, apart: bool = False) -> Callers:
    """Kills parts of a bank one after another, each once the bank is back, while it is called. `apart`: and once somebody who
    asked after the last kill was answered, so that each gap is that of one kill."""
    callers = Callers(bank)
    try:
        for place, part in enumerate(parts):
            time.sleep(_KILL_EVERY_S)
            _until_ready(bank)
            callers.kills.append((part, time.monotonic()))
            if part == "database" and database is not None:
                database.stop(signal.SIGQUIT)
                database.start()
            else:
                bank.kill(part, place)
            if apart:
                callers.until_heard()
        _until_ready(bank)
        time.sleep(_KILL_EVERY_S)
    finally:
        callers.stop()
    return callers


def _until_ready(bank: Served) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if bank.call("GET", "/health")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("the bank did not come back")
