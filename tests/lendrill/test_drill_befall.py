"""What befalls lines, clocks and books, how each is undone, and what is counted of it afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.sites.told import said_in
from actors.sites.wrong_clock import FILE
from credit.codes import Partner
from credit.subsystem import Window
from lendrill import bank_file
from lendrill.drills import befall
from lendrill.drills.proof import _Struck
from lendrill.live_site import LINES, WITNESS
from scenarios.drill import Befalls

SITES = ("primary", "same-city", "remote")
WHOLE = {"cut": False, "delay_ms": 2.0, "jitter_ms": 0.0, "loss": 0.0, "mbit_s": 0.0}
Said = list[tuple[Any, ...]]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """What a bank of three sites was told; all of its lines carry everything, and no process was reached."""
    for site in SITES:
        (tmp_path / "sites" / site).mkdir(parents=True)
    found: Said = []

    def told(home: Path, socket: str, message: dict[str, Any], patience_s: float = 0.0) -> Any:
        del home, patience_s
        found.append((socket, *message.values()))
        places = (*SITES, WITNESS)
        if message["do"] == "lines":
            return [[here, there, WHOLE] for here in places for there in places if here != there]
        return {name: {} for name in places} if message["do"] == "processes" else []

    monkeypatch.setattr(befall, "told", told)
    return found


@pytest.mark.parametrize("one_way", [True, False])
def test_a_line_is_cut_from_its_place_and_both_ways_unless_it_is_said_otherwise(
    one_way: bool, said: Said, tmp_path: Path
) -> None:
    undo = befall.befall(tmp_path, Befalls(at_s=0, what="cut", place="same-city", to="remote", one_way=one_way))
    ways = [("same-city", "remote"), ("remote", "same-city")][: 1 if one_way else 2]
    told = [(LINES, "lines"), *((LINES, "change", *way, {"cut": True}) for way in ways)]
    assert said == told
    undo()
    assert said == told + [(LINES, "change", *way, {"cut": False}) for way in ways]


def test_a_slow_line_is_late_narrow_and_loses_some_until_it_is_as_before(said: Said, tmp_path: Path) -> None:
    how = {"delay_ms": 30.0, "mbit_s": 8.0, "loss": 0.2}
    undo = befall.befall(tmp_path, Befalls(at_s=0, what="slow_line", to="remote", one_way=True, **how))
    undo()
    before = {name: WHOLE[name] for name in how}
    assert said[1:] == [(LINES, "change", "primary", "remote", one) for one in (how, before)]


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize("ahead_s", [90.0, -3_600.0])
def test_a_wrong_clock_is_right_again_when_it_is_over_or_mended(ahead_s: float, tmp_path: Path) -> None:
    def clocks() -> dict[str, float]:
        return {site: said_in(tmp_path / "sites" / site / FILE) for site in SITES}

    right = dict.fromkeys(SITES, 0.0)
    one = Befalls(at_s=0, what="wrong_clock", place="remote", ahead_s=ahead_s)
    undo = befall.befall(tmp_path, one)
    assert clocks() == right | {"remote": ahead_s * 1_000}
    undo()
    assert clocks() == right
    befall.befall(tmp_path, one)
    befall.mend(tmp_path)
    assert clocks() == right


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize(("what", "snapshot"), [("damage_book", False), ("damage_snapshot", True)])
def test_what_is_damaged_is_what_was_asked_for(
    what: str, snapshot: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    damaged: list[tuple[str, bool]] = []
    monkeypatch.setattr(befall, "damage", lambda where, *, snapshot: damaged.append((where, snapshot)))
    monkeypatch.setattr(bank_file, "read", lambda home: {"store": f"sqlite:{home.name}.db"})
    befall.befall(tmp_path, Befalls.model_validate({"at_s": 0, "what": what, "place": "same-city"}))
    assert damaged == [("sqlite:same-city.db", snapshot)]


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize("what", ["kill", "hang"])
def test_what_reached_no_process_did_not_befall(what: str, tmp_path: Path) -> None:
    with pytest.raises(befall.NotThere, match=f"{what} primary: its conductor does not run now"):
        befall.befall(tmp_path, Befalls.model_validate({"at_s": 0, "what": what}))


def test_the_calls_that_met_with_an_outage_are_counted_for_each_partner_alone() -> None:
    struck = _Struck(["sms", "bureau", "tax"])
    kinds = [("partner", np.int64), ("struck", np.int64)]
    first = np.array([(Partner.SMS, 3), (Partner.BUREAU, 10), (Partner.LISTS, 100), (Partner.SMS, 4)], dtype=kinds)
    outcome: Any = None  # what a window leaves behind, which nobody looks at here
    struck.record(Window(0, 0, 1), outcome, {"partners": first})
    struck.close({"partners": np.array([(Partner.BUREAU, 20)], dtype=kinds)})
    struck.close({})
    assert struck.calls == {"sms": 7, "bureau": 30, "tax": 0}
