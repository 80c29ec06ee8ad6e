"""Nothing that was acknowledged is lost, whatever is killed: each request is there once, and the bank worked again from its book
is the bank that was."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.actors.book.server import programs, running
from tests.live.callers import Callers, killed
from tests.live.served import ROOT, Served, served


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
        assert _lost(bank, killed(bank, ["conductor", "gateway", "conductor", "conductor", "gateway", "gateway"])) == []


def test_a_conductor_and_its_database_die_under_load_and_nothing_is_lost(tmp_path: Path) -> None:
    if (bins := programs()) is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
    options = ("zhang_consumer_loan", "--executor", "local", "--clock", "business", "--store")
    with running(bins) as database, served(tmp_path / "bank", *options, database.url("served")) as bank:
        assert _lost(bank, killed(bank, ["conductor", "database"], database)) == []
        assert not (bank.home / "daybook.db").exists()


@pytest.mark.ray
def test_stages_are_killed_under_load_and_nothing_is_lost(tmp_path: Path) -> None:
    with served(tmp_path / "bank", "zhang_consumer_loan", "--executor", "ray", "--clock", "business") as bank:
        ray = bank.parts("raylet/raylet")
        callers = killed(bank, ["ray::StageActor", "conductor"])
        assert bank.parts("raylet/raylet") == ray  # which none of those took along
        assert min(callers.gaps("conductor")) < bank.opened_s
        assert _lost(bank, callers) == []


@pytest.mark.slow
@pytest.mark.ray
def test_ray_is_started_anew_when_it_dies_and_goes_when_nobody_is_left(tmp_path: Path) -> None:
    with served(tmp_path / "bank", "zhang_consumer_loan", "--executor", "ray", "--clock", "business") as bank:
        before = bank.parts("raylet/raylet")
        killed(bank, ["raylet/raylet"])
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
        callers = killed(bank, parts * 10)
        print(callers.told())
        assert _lost(bank, callers) == []
