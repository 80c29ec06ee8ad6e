"""What thresholds say: each figure with what it is a share of."""

from __future__ import annotations

from lendrill.load_judge import judged
from tests.lendrill.test_load import HELD, LIMITS, PROOF


def test_shares_are_told_in_per_cent_and_of_what_they_are_shares() -> None:
    load = HELD | {"visits": HELD["visits"] | {"failed": 7, "offered": 98, "late": 1}}
    said = {check["name"]: check["said"] for check in judged(LIMITS, load, True, PROOF)}
    assert said["error_rate"] == "error_rate: 7.143 % of all visits failed, 7 of 98 offered; at most 1 %"
    assert "97 % of visits begun on time, 97 of 100 scheduled" in said["offered_share"]
    assert "100 % of a failing partner's visits answered as they should be, 8 of 8" in said["faults_borne"]
    assert "100 % of the automatic lane decided within 2 s, 50 of 50 who waited" in said["decided_within"]
    assert "90 ms p99 of 70 accepted applications" in said["p99_ms"]
