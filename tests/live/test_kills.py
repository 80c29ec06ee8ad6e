"""Nothing that was acknowledged is lost, whatever is killed: each request is there once, and the bank worked again from its book
is the bank that was."""

from __future__ import annotations

import itertools
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from actors.gateway.applications import ZHANG
from tests.actors.book.server import Server, programs, running
from tests.live.served import ROOT, Served, served

_CALLERS = 4
_KILL_EVERY_S = 1.0


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

    def stop(self) -> None:
        """Lets everybody hear his answer."""
        self._stop.set()
        for thread in self._threads:
            thread.join(120)


def _killed(bank: Served, parts: list[str], database: Server | None = None) -> Callers:
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


def _lost(bank: Served, callers: Callers) -> list[str]:
    """What is wrong: everybody is answered, each request has one case and each case one request, and a replay finds the same
    bank."""
    assert callers.wrong == []
    assert len(callers.acknowledged) > len(set(callers.acknowledged)) - 1 > 10
    assert len(set(callers.acknowledged.values())) == len(callers.acknowledged)
    assert bank.close() == 0
    trail = sqlite3.connect(bank.home / "trail.db")
    cases = [case for (case,) in trail.execute('SELECT "case" FROM events WHERE event = 101')]
    assert sorted(cases) == sorted(int(case) for case in callers.acknowledged.values())
    replayed = subprocess.run(
        [sys.executable, "-m", "lendrill", "replay", str(bank.home), "--quiet"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [] if (replayed.returncode, "all equal" in replayed.stdout) == (0, True) else [replayed.stderr]


def test_conductors_and_gateways_are_killed_under_load_and_nothing_is_lost(tmp_path: Path) -> None:
    with served(tmp_path / "bank", "zhang_consumer_loan", "--executor", "local", "--clock", "business") as bank:
        assert _lost(bank, _killed(bank, ["conductor", "gateway", "conductor", "conductor", "gateway"])) == []


def test_a_conductor_and_its_database_die_under_load_and_nothing_is_lost(tmp_path: Path) -> None:
    if (bins := programs()) is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
    options = ("zhang_consumer_loan", "--executor", "local", "--clock", "business", "--store")
    with running(bins) as database, served(tmp_path / "bank", *options, database.url("served")) as bank:
        assert _lost(bank, _killed(bank, ["conductor", "database"], database)) == []
        assert not (bank.home / "daybook.db").exists()


@pytest.mark.ray
def test_stages_are_killed_under_load_and_nothing_is_lost(tmp_path: Path) -> None:
    with served(tmp_path / "bank", "zhang_consumer_loan", "--executor", "ray", "--clock", "business") as bank:
        ray = bank.parts("raylet/raylet")
        callers = _killed(bank, ["ray::StageActor", "conductor", "ray::StageActor", "conductor"])
        assert bank.parts("raylet/raylet") == ray  # which none of those took along
        assert min(callers.gaps("conductor")) < bank.opened_s
        assert _lost(bank, callers) == []


@pytest.mark.ray
def test_ray_is_started_anew_when_it_dies_and_goes_when_nobody_is_left(tmp_path: Path) -> None:
    with served(tmp_path / "bank", "zhang_consumer_loan", "--executor", "ray", "--clock", "business") as bank:
        before = bank.parts("raylet/raylet")
        _killed(bank, ["raylet/raylet"])
        [after] = bank.parts("raylet/raylet")
        assert [after] != before
        family = bank.family()
        [folder] = [Path(word.split("=")[1]).parent for word in after.cmdline() if word.startswith("--temp_dir=")]
        assert folder.stat().st_mode & 0o777 == 0o700
        bank.process.kill()
        _, left = psutil.wait_procs(family, timeout=30)
        assert [one for one in left if one.status() != psutil.STATUS_ZOMBIE] == []
        assert not folder.exists()


@pytest.mark.slow
@pytest.mark.ray
def test_a_hundred_kills(tmp_path: Path) -> None:
    parts = ["ray::StageActor"] * 6 + ["conductor", "raylet/raylet", "gateway", "gateway"]
    with served(tmp_path / "bank", "zhang_consumer_loan", "--executor", "ray", "--clock", "business") as bank:
        callers = _killed(bank, parts * 10)
        for part in sorted(set(parts)):
            p50, p95 = np.quantile(callers.gaps(part), (0.5, 0.95))
            print(f"{part}: {len(callers.gaps(part))} kills, away {p50:.2f} s (p50), {p95:.2f} s (p95)")
        assert _lost(bank, callers) == []
