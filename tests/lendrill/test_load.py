"""`lendrill load` against a stand-in for a gateway: open model, counts apart, thresholds and exit codes, bad input."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from lendrill.cli import main
from lendrill.load import SHAPES, LoadOptions, scenario_instants
from loadtests import schedule
from loadtests.histogram import Histogram
from tests.loadtests.stub import PATHS, Stub, serving


def loaded(stub: Stub, out: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and summary of one `lendrill load`."""
    with serving(stub):
        code = main(["load", "--host", stub.url, "--out", str(out), "--quiet", "--mix", "third_party", *words])
    return code, json.loads((out / "summary.json").read_text(encoding="utf-8"))


def test_whoever_comes_while_the_server_stands_still_has_waited_for_it(tmp_path: Path) -> None:
    stub = Stub(stall_s=1.0)
    _, summary = loaded(stub, tmp_path / "run", "--rate", "60", "--duration", "4", "--offered-share", "0")
    load = json.loads((tmp_path / "run" / "load.json").read_text(encoding="utf-8"))
    latency = Histogram.unpacked(load["histograms"]["latency"])
    assert summary["applications"]["accepted"] == latency.count == summary["applications"]["scheduled"]
    # Half of those who came in the stall, an eighth of all, waited half a second or longer; a user who waits for his answer
    # before he asks again would have seen one such answer.
    assert (1 - (latency.share_within(0.45) or 1)) * latency.count > 15
    assert (latency.percentile(100) or 0) > 0.9


def test_every_end_is_counted_apart_over_two_processes(tmp_path: Path) -> None:
    stub = Stub(status_of={1: 503, 2: 429, 3: 500, 4: 0})
    code, summary = loaded(
        stub, tmp_path / "run", "--rate", "40", "--duration", "3", "--processes", "2", "--error-rate", "1"
    )
    ends = Counter(int(key.rsplit("-", 1)[1]) % 10 for key in stub.keys)
    of = summary["applications"]
    assert code == 0
    assert of["scheduled"] == of["offered"] == len(stub.keys) == of["accepted"] + of["shed"] + of["failed"]
    assert of["shed"] == ends[1] + ends[2]
    assert of["failed"] == ends[3]
    assert of["retried"] == ends[4] == sum(count == 2 for count in stub.keys.values())
    assert of["completed"] == of["accepted"]
    assert len({json.dumps(form) for form in stub.forms}) == len(stub.keys)
    assert summary["inspected"]["cases"] == of["accepted"]
    seconds = [json.loads(line) for line in (tmp_path / "run" / "seconds.jsonl").read_text().splitlines()]
    assert [row["second"] for row in seconds] == list(range(len(seconds)))
    assert all(sum(row[name] for row in seconds) == of[name] for name in ("offered", "accepted", "shed", "failed"))
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "http://" not in page.split("<script>")[0].replace(stub.url, "")


def test_a_broken_threshold_is_an_exit_code_and_a_failed_case(tmp_path: Path) -> None:
    code, summary = loaded(Stub(delay_s=0.1), tmp_path / "run", "--rate", "20", "--duration", "2", "--p99-ms", "50")
    assert code == 1
    assert [check["name"] for check in summary["thresholds"] if not check["held"]] == ["p99_ms"]
    suite = ET.parse(tmp_path / "run" / "junit.xml").getroot()
    assert (suite.tag, suite.get("failures")) == ("testsuite", "1")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["p99_ms"]


def test_thresholds_of_the_business_break_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "first.txt"
    file.write_text("930001 first-password approval_administrator\nload secret applications:submit\n", encoding="utf-8")
    monkeypatch.setenv("LENDRILL_CREDENTIALS", str(file))
    late = {"task": "approval-1", "limit_at": "2026-03-11T09:59:00.000+08:00", "urged": False}
    broken = Stub(slips=True, task=late, out_by_fen=7, token="abc", passwords={"930001": "first-password"})
    code, summary = loaded(broken, tmp_path / "broken", "--rate", "15", "--duration", "1")
    found = ["cases_stuck", "tasks_unurged", "ledger"]
    assert code == 1
    assert [check["name"] for check in summary["thresholds"] if not check["held"]] == found
    suite = ET.parse(tmp_path / "broken" / "junit.xml").getroot()
    assert [case.get("name") for case in suite if case.find("failure") is not None] == found
    page = (tmp_path / "broken" / "report.html").read_text(encoding="utf-8")
    assert all(
        text in page
        for text in ("预计时间已过而无进展", "1 件未催办", "7 分：试算平衡差额", "is the trial balance out by")
    )


def test_a_token_is_fetched_once_the_gateway_asks_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENDRILL_CLIENT_ID", "load")
    monkeypatch.setenv("LENDRILL_CLIENT_SECRET", "not told")
    code, summary = loaded(Stub(token="abc"), tmp_path / "run", "--rate", "20", "--duration", "1")
    assert code == 0
    assert summary["applications"]["accepted"] == summary["applications"]["scheduled"] > 0


def test_forms_go_to_the_branches_that_the_bank_has(tmp_path: Path) -> None:
    stub = Stub(branches=3)
    loaded(stub, tmp_path / "run", "--rate", "40", "--duration", "1")
    assert {form["branch"] for form in stub.forms} == {1, 2, 3}


@pytest.mark.parametrize(
    ("secret", "says"), [("", "lets nobody in without an account"), ("wrong", "does not let load in")]
)
def test_a_bank_that_lets_nobody_in_is_not_loaded(
    secret: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LENDRILL_CLIENT_ID", "load")
    monkeypatch.setenv("LENDRILL_CLIENT_SECRET", secret)
    with serving(Stub(token="abc", secret="told")) as stub:
        assert main(["load", "--host", stub.url, "--out", str(tmp_path / "run"), "--decided-within", "5"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert says in said
    assert "LENDRILL_CREDENTIALS" in said
    assert stub.keys == {}
    assert not (tmp_path / "run").exists()


def test_a_gateway_without_the_endpoints_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Stub(paths={"/health": PATHS["/health"]})) as stub:
        code = main(["load", "--host", stub.url, "--out", str(tmp_path / "run"), "--quiet", "--mix", "third_party"])
    assert code == 2
    assert "no endpoints for third_party" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--host", "bank"], "--host bank"),
        (["--host", "http://127.0.0.1:9"], "no bank is open"),
        (["--rate", "0"], "--rate 0"),
        (["--rate", "nan"], "--rate nan"),
        (["--duration", "-1"], "--duration -1"),
        (["--processes", "0"], "--processes 0"),
        (["--warmup", "90"], "--warmup 90"),
        (["--compress", "60"], "--compress"),
        (["ramp", "--compress", "60"], "--compress"),
        (["ramp", "--shape", "soak"], "--shape soak"),
        (["--error-rate", "2"], "--error-rate 2"),
        (["--decided-within", "soon"], "--decided-within soon"),
        (["--decided-within", "900=0.5"], "--decided-within 900"),
        (["ramp", "--instants", "x.csv"], "--instants"),
        (["--date", "2026-03-11"], "--date"),
    ],
)
def test_bad_input_is_refused_in_one_line(words: list[str], names: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", *words]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert names in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--branches", "5"], "--branches 5: the bank has 4 (give 1 to 4,"),
        (["no_such_scenario"], "no_such_scenario"),
        (["--instants", "missing.csv"], "missing.csv"),
        (["--mix", "burglar"], "burglar"),
        (["peak_day", "--date", "never"], "--date never"),
        (["peak_day", "--date", "2031-01-01"], "nobody comes"),
    ],
)
def test_what_only_a_running_bank_lets_find_is_refused_too(
    words: list[str], names: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Stub()) as stub:
        assert main(["load", "--host", stub.url, "--out", str(tmp_path / "run"), "--quiet", *words]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert names in said


def test_the_shapes_are_those_of_the_load_tests() -> None:
    assert set(SHAPES) == set(schedule.SHAPES)


def test_a_scenario_comes_so_many_times_as_fast() -> None:
    plain = scenario_instants(LoadOptions("peak_day", date="2026-03-11"))
    fast = scenario_instants(LoadOptions("peak_day", date="2026-03-11", compress=60.0))
    assert len(plain) == len(fast)
    assert max(plain) < 86_400
    assert all(math.isclose(one, 60 * other) for one, other in zip(plain, fast, strict=True))


@pytest.mark.slow
def test_a_real_bank_is_loaded_and_judged(tmp_path: Path) -> None:
    words = ["serve", "baseline", "--home", str(tmp_path / "bank"), "--executor", "local", "--port", "8419", "--quiet"]
    bank = subprocess.Popen([sys.executable, "-m", "lendrill", *words], start_new_session=True)
    url = "http://127.0.0.1:8419"
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{url}/health", timeout=1):
                    break
            except OSError:
                time.sleep(0.2)
        code = main(["load", "--host", url, "--rate", "5", "--duration", "6", "--out", str(tmp_path / "run"), "--quiet",
                     "--home", str(tmp_path / "bank"), "--offered-share", "0", "--decided-within", "60=0"])  # fmt: skip
        summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    finally:
        bank.terminate()
        bank.wait(60)
    assert code == 0
    of = summary["applications"]
    assert of["scheduled"] == of["accepted"]
    assert 0 < of["completed"] <= of["accepted"], "who still waits for people at the end is accepted, and not completed"
    assert of["decided"] > 0
    assert {"replay", "ledger", "tasks_unurged"} <= {check["name"] for check in summary["thresholds"]}
    assert summary["bank"]["commands_total"] >= of["accepted"]
    assert {"conductor", "gateway", "generator"} <= set(summary["machine"]["used_mean"])
