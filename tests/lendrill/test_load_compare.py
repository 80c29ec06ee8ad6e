"""Simulated figures beside measured ones: counted over the same instants, and the gap in words that follow from the figures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lendrill.cli import main
from lendrill.errors import UserError
from lendrill.load_compare import SAID, Side, Span, compared, gap, simulated, simulated_run
from scenarios.loading import load_scenario

SPAN = Span(0, 86_400_000, 60.0)
TIMES = {"p50": 2_000.0, "p95": 4_000.0, "p99": 5_000.0}
OURS = Side(500, 9, 400, 60, TIMES, 340)
SAME: dict[str, Any] = {
    "late": 0, "dropped": 0, "scheduled": 500, "waited": 400, "referred": 60, "decided": 340, "lag_ms": {"p50": 1.0},
    "service_ms": {"p50": 40.0}, "accepted": 480,
}  # fmt: skip


def names(times: dict[str, float], **change: Any) -> list[str]:
    """Which sentences are said where the live bank differs so."""
    of = SAME | change
    theirs = Side(of["scheduled"], 9, of["waited"], of["referred"], TIMES | times, of["decided"])
    said = [english for english, _ in gap(OURS, theirs, SPAN, {"applications": of}, {"window_ms.p50": 20.0})]
    return [name for line in said for name, (text, _) in SAID.items() if _is_said(line, text)]


def _is_said(line: str, text: str) -> bool:
    """Whether a line is a text with its numbers filled in."""
    return re.fullmatch(re.sub(r"\\{.*?\\}", ".*", re.escape(text)), line) is not None


@pytest.mark.parametrize(
    ("times", "change", "said"),
    [
        ({}, {}, ["not_slower", "no_heavier", "by_chance", "desks"]),
        ({"p50": 2_030.0}, {}, ["door", "no_heavier", "by_chance", "desks"]),
        ({"p50": 2_300.0}, {}, ["unexplained", "no_heavier", "by_chance", "desks"]),
        ({"p99": 12_000.0}, {}, ["not_slower", "heavier", "by_chance", "desks"]),
        ({}, {"referred": 120, "decided": 280}, ["not_slower", "no_heavier", "other_people", "desks"]),
        ({"p50": 2_300.0}, {"waited": 160, "decided": 100}, ["unexplained", "no_heavier", "other_people", "desks"]),
        ({"p50": 2_300.0}, {"waited": 159, "decided": 99}, ["few", "other_people", "desks"]),
        ({}, {"scheduled": 400}, ["others", "not_slower", "no_heavier", "by_chance", "desks"]),
        ({}, {"late": 2, "decided": 330}, ["kept_up", "undecided", "not_slower", "no_heavier", "by_chance", "desks"]),
    ],
)
def test_the_words_follow_from_the_figures(times: dict[str, float], change: dict[str, Any], said: list[str]) -> None:
    assert names(times, **change) == said


def test_each_figure_says_of_how_many_it_is_and_the_remainder_has_no_name() -> None:
    theirs = Side(500, 9, 400, 60, TIMES | {"p50": 2_300.0}, 338)
    said = compared(OURS, theirs, SPAN, {"applications": SAME}, {"window_ms.p50": 5.0})
    bases = {row["name"]: row["n"] for row in said["figures"]}
    assert bases.pop("referred") == [400, 400]
    assert [bases.pop(name) for name in TIMES] == [[340, 338]] * 3
    assert list(bases.values()) == [[None, None]] * 2
    english = said["gap"][0][0]
    assert "(n = 338)" in english
    assert "(n = 340)" in english
    assert "259 ms are left unexplained" in english


def test_a_run_is_counted_over_the_instants_that_came(tmp_path: Path) -> None:
    words = ["--customers", "60", "--days", "4", "--executor", "local", "--out", str(tmp_path / "run"), "--quiet"]
    assert main(["run", "baseline", *words]) == 0
    scenario = load_scenario("baseline")
    begin, day = scenario.run.start_ms, 86_400_000
    whole, first, rest = (
        simulated(tmp_path / "run", scenario, Span(begin + since * day, begin + until * day, 3_600.0))
        for since, until in ((0, 4), (0, 1), (1, 4))
    )
    assert whole.arrivals == first.arrivals + rest.arrivals == 60
    assert (whole.automatic, whole.referred) == (first.automatic + rest.automatic, first.referred + rest.referred)
    assert 0 < whole.automatic < 60
    assert 1 <= first.busiest <= whole.busiest < 60
    assert whole.referred > 0
    assert 0 < whole.decided == first.decided + rest.decided <= whole.automatic - whole.referred
    assert 0 < whole.decision_ms["p50"] <= whole.decision_ms["p99"] < 600_000  # people at desks need hours
    assert simulated_run("baseline", scenario.run.seed, tmp_path / "run", tmp_path) == tmp_path / "run"
    with pytest.raises(UserError, match="a run of baseline with seed"):
        simulated_run("peak_day", scenario.run.seed, tmp_path / "run", tmp_path)
    (tmp_path / "run" / "summary.json").write_text(json.dumps([])[:1], encoding="utf-8")
    with pytest.raises(UserError, match="no run"):
        simulated_run("baseline", scenario.run.seed, tmp_path / "run", tmp_path)
