"""Load tests, judged: each threshold, what the books prove, how long customers wait, and the limit, of figures that are given."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actors.replay import Diverged, Replayed
from lendrill.load import LoadOptions, locust_command
from lendrill.load_judge import WORDS, Limits, Proof, judged
from lendrill.load_limit import NEAR, Step, search, summed
from lendrill.load_proof import proved

HELD: dict[str, Any] = {
    "visits": {"scheduled": 100, "offered": 100, "late": 0, "failed": 0, "shed": 0, "stepless": 0},
    "applications": {"accepted": 70, "latency_ms": {"p99": 90.0}, "waited": 60, "referred": 10},
    "decision_s": {"1": 40, "2": 50},
    "visitors": {"failing_partner": {"offered": 9, "shed": 1, "completed": 8}},
    "inspected": {"cases": 50, "stuck": 0, "worklists": 1, "tasks": 9, "late": 3, "unurged": 0},
}
LIMITS = Limits(p99_ms=100, shed_rate=0, decided_within_s=2.0, decided_share=1.0)
PROOF = Proof(0, 12, True, 40)


@pytest.mark.parametrize(
    ("part", "change", "name"),
    [
        ("visits", {"late": 6}, "offered_share"),
        ("applications", {"latency_ms": {"p99": 101.0}}, "p99_ms"),
        ("visits", {"failed": 2}, "error_rate"),
        ("visits", {"shed": 1}, "shed_rate"),
        ("decision_s", {"2": 49}, "decided_within"),
        ("visits", {"stepless": 1}, "stepless"),
        ("inspected", {"stuck": 1}, "cases_stuck"),
        ("inspected", {"unurged": 1}, "tasks_unurged"),
        ("visitors", {"failing_partner": {"offered": 9, "shed": 1, "completed": 7}}, "faults_borne"),
        ("proof", {"trial_balance_fen": -1}, "ledger"),
        ("proof", {"equal": False, "why": "windows 3 to 5"}, "replay"),
    ],
)
def test_every_threshold_holds_and_can_break(part: str, change: dict[str, Any], name: str) -> None:
    held = judged(LIMITS, HELD, True, PROOF)
    assert len(held) == len(WORDS)
    assert all(check["held"] for check in held)
    load = HELD if part == "proof" else HELD | {part: HELD[part] | change}
    checks = judged(LIMITS, load, True, replace(PROOF, **change) if part == "proof" else PROOF)
    assert [check["name"] for check in checks if not check["held"]] == [name]


def test_a_bank_that_is_not_what_its_day_book_says_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def diverges(path: Path) -> Any:
        raise Diverged("windows 3 to 5: worked again the bank has another chain")

    monkeypatch.setattr("lendrill.load_proof.worked_again", diverges)
    proof = proved(tmp_path, "http://127.0.0.1:9")
    [check] = [one for one in judged(LIMITS, HELD, True, proof) if not one["held"]]
    assert check["name"] == "replay"
    assert "windows 3 to 5" in check["said"]


def test_shares_are_told_in_per_cent_and_of_what_they_are_shares() -> None:
    load = HELD | {"visits": HELD["visits"] | {"failed": 7, "offered": 98, "late": 1}}
    said = {check["name"]: check["said"] for check in judged(LIMITS, load, True, PROOF)}
    assert said["error_rate"] == "error_rate: 7.143 % of all visits failed, 7 of 98 offered; at most 1 %"
    assert "97 % of visits begun on time, 97 of 100 scheduled" in said["offered_share"]
    assert "100 % of a failing partner's visits answered as they should be, 8 of 8" in said["faults_borne"]
    assert "100 % of the automatic lane decided within 2 s, 50 of 50 who waited" in said["decided_within"]
    assert "90 ms p99 of 70 accepted applications" in said["p99_ms"]


@pytest.mark.parametrize(("compared", "equal"), [(0, None), (1, True)])
def test_a_day_book_of_which_nothing_was_compared_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compared: int, equal: bool | None
) -> None:
    again = SimpleNamespace(replayed=Replayed(windows=3, compared=compared), trial_balance_fen=0, postings=12)
    monkeypatch.setattr("lendrill.load_proof.worked_again", lambda _: again)
    proof = proved(tmp_path, "http://127.0.0.1:9")
    assert proof == Proof(0, 12, equal, 3)
    assert ("replay" in {one["name"] for one in judged(LIMITS, HELD, True, proof)}) == bool(compared)


@pytest.mark.parametrize(("wait", "within", "told"), [(10, None, 10), (10, 3.0, 10), (10, 25.5, 26), (30, 25.5, 30)])
def test_customers_wait_at_least_as_long_as_a_decision_may_take(
    tmp_path: Path, wait: int, within: float | None, told: int
) -> None:
    options = LoadOptions(decision_wait_s=wait, limits=Limits(decided_within_s=within))
    words = locust_command(options, tmp_path, None)
    assert words[words.index("--decision-wait") + 1] == str(told)


def bearing(limit: float) -> Any:
    """A bank that bears so many a second."""
    return lambda rate: Step(
        rate, rate <= limit, min(rate, limit), 1.0, [] if rate <= limit else ["p99_ms"], ["gateway"], ""
    )


@pytest.mark.parametrize("limit", [3.0, 20.0, 137.0, 900.0])
def test_the_limit_is_found_from_below_and_from_above(limit: float) -> None:
    found = search(bearing(limit), 20.0)
    assert found.low <= found.held_rate <= limit < (found.high or math.inf)
    assert (found.high or 0) / found.held_rate <= NEAR**2
    assert "gateway saturated" in found.by


def test_a_bank_that_bears_nothing_has_no_limit() -> None:
    found = search(bearing(0.0), 20.0)
    assert found.held_rate == 0


def tried(rate: float, *held: bool) -> list[Step]:
    """A rate that was tried so often."""
    return [Step(rate, one, rate, 1.0, [] if one else ["p99_ms"], [], "gateway") for one in held]


def test_a_limit_is_the_rate_that_held_more_often_than_not_and_its_interval_holds_every_repeat() -> None:
    steps = tried(10, True) + tried(20, True, True, False) + tried(30, True, False) + tried(40, False)
    found = summed(steps, 20, 40, [(18, 38), (22, 44)])
    assert (found.held_rate, found.low, found.high) == (20, 18, 44)
    assert summed(steps, 20, 40, [(22, 38)]).low == 20
    assert summed(tried(10, True), 10, math.inf, []).high is None
