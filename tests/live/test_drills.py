"""A bank of three sites goes through a minute of faults: every request that was acknowledged is there once, and all books are the
same book."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lendrill.drills import befall
from lendrill.drills.bank import FoundedBank
from lendrill.sites import site_standing
from scenarios.drill import DrillBank, drill_names, load_drill
from tests.actors.book.server import programs, running
from tests.live.served import ROOT

_IN_A_MINUTE = Path(__file__).parent / "drills" / "in_a_minute.toml"


def drilled(name: str, folder: Path, patience_s: float = 600, *options: str) -> tuple[int, dict[str, Any], str]:
    """Exit code of a drill, what the books proved, and what was said."""
    command = [sys.executable, "-m", "lendrill", "drill", name, "--play", "--quiet", "--out", str(folder), *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=patience_s)
    said = ended.stdout + ended.stderr
    assert (folder / "final.json").exists(), said
    return ended.returncode, json.loads((folder / "final.json").read_text(encoding="utf-8")), said


@pytest.mark.requirement("DR-06.a", "DR-07.a", "DR-07.c", "DR-09.b")
def test_sites_lose_nothing_and_end_with_one_book(tmp_path: Path) -> None:
    code, final, said = drilled(str(_IN_A_MINUTE), tmp_path / "drill")
    assert (final["lost"], final["doubled"], final["trial_balance_fen"]) == ([], [], 0)
    assert final["acknowledged"] == final["held"] > 150
    assert len({(one["windows"], one["seal"], one["chain"]) for one in final["sites"].values()}) == 1
    assert all(one["replayed"] for one in final["sites"].values())
    assert final["book"]["principal_fen"] == final["ledger"]["principal_fen"] > 0
    asked = [
        json.loads(line) for line in (tmp_path / "drill" / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert {one["site"] for one in asked if one["outcome"] == "acknowledged"} >= {"primary", "same-city"}
    assert code == 0, said


@pytest.mark.slow
@pytest.mark.parametrize("name", drill_names())
def test_each_drill_that_comes_with_lendrill_is_passed(name: str, tmp_path: Path) -> None:
    code, final, said = drilled(name, tmp_path / "drill")
    assert code == 0, said
    assert final["doubled"] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lose_the_primary", "double_trouble", "restore_from_backup", "slow_disk"])
def test_sites_on_postgresql_pass_the_same_drills(name: str, tmp_path: Path) -> None:
    if (bins := programs()) is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
    with running(bins) as server:
        code, _, said = drilled(name, tmp_path / "drill", 600, "--store", server.url("lendrill_{site}"))
    assert code == 0, said


@pytest.mark.slow
def test_a_bank_that_runs_is_drilled_twice_and_goes_on(tmp_path: Path) -> None:
    home = tmp_path / "bank"
    two = load_drill("lose_the_primary").model_copy(update={"bank": DrillBank(sites=2)})
    with FoundedBank(two, home, tmp_path / "serve.log") as bank:
        bank.opened()
        for name in ("lose_the_primary", "planned_switch"):
            code, final, said = drilled(name, tmp_path / name, 600, "--home", str(home))
            assert code == 0, said
            assert (final["lost"], final["doubled"], final["trial_balance_fen"]) == ([], [], 0)
            if name == "lose_the_primary":
                befall.decided(home, "switch", "primary", ("a drill leader", "a head of operations"))
        standing = site_standing(home / "sites" / "primary")
        assert standing["leads"]
        assert standing["in_step"] == ["primary", "same-city"]


@pytest.mark.slow
def test_five_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    _, final, said = drilled(str(_IN_A_MINUTE.with_stem("five_hundred_kills")), tmp_path / "drill", 3_000)
    events = [
        json.loads(line) for line in (tmp_path / "drill" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert sum(one["what"] == "befalls" for one in events) >= 500
    assert (final["lost"], final["doubled"], final["trial_balance_fen"]) == ([], [], 0), said
    assert len({one["seal"] for one in final["sites"].values()}) == 1
