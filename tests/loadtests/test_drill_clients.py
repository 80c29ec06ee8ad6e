"""Who comes to a bank that is drilled: nobody of a branch that is cut off reaches a site, everybody else does, and all are
answered."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from loadtests.forms import form
from tests.live.served import ROOT
from tests.loadtests.stub import Stub, serving

SEED, BRANCHES, CUT_S = 3, 2, 1.0


def test_nobody_of_a_branch_that_is_cut_off_reaches_a_site(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text(json.dumps({"applications": "t"}), encoding="utf-8")
    with serving(Stub()) as stub:
        setting = {
            "began": time.time() + 1.0, "seconds": 2.0, "seed": SEED, "branches": BRANCHES, "urls": {"primary": stub.url},
            "tokens": str(tmp_path / "tokens.json"), "paths": {}, "applications_s": 20.0, "probes_s": 1.0, "patience_s": 9.0,
            "try_s": 3.0, "out": str(tmp_path / "requests.jsonl"), "cut_off": [[1, 0.0, CUT_S]],
        }  # fmt: skip
        (tmp_path / "clients.json").write_text(json.dumps(setting), encoding="utf-8")
        command = [sys.executable, "-m", "loadtests.drill_clients", str(tmp_path / "clients.json")]
        subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    lines = [json.loads(line) for line in (tmp_path / "requests.jsonl").read_text(encoding="utf-8").splitlines()]
    waited = {one["id"] for one in lines if one["outcome"] == "again"}
    assert {one["why"] for one in lines if one["outcome"] == "again"} == {"branch 1 is cut off"}
    assert len({one["id"] for one in lines}) == sum(one["outcome"] == "acknowledged" for one in lines) > 20
    branch = {one["id"]: form(SEED, int(one["id"].split("-")[-1]), BRANCHES, "")["branch"] for one in lines}
    early = {one["id"] for one in lines if one["t"] < CUT_S}
    assert waited == {number for number in early if branch[number] == 1}
    assert len(early - waited) > 3
    assert {(one["branch"], one["channel"]) for one in stub.forms} == {(1, "counter"), (2, "mobile_bank")}
