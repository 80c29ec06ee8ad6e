"""What a drill leaves: evidence, JUnit, report; and what is said of a record that can't be read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from results.drill import written
from results.drill.checklist import FILLS
from results.drill.record import RecordError
from results.drill.words import LABELS, SIGNERS
from tests.results.drill.records import Made, hung_for_good, lost_primary, switched, twice, uninterrupted
from tests.results.test_report import Page


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = lost_primary().write(tmp_path_factory.mktemp("held"))
    assert written(folder).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = hung_for_good().write(tmp_path_factory.mktemp("broken"))
    assert written(folder).exit_code == 1
    return folder


@pytest.mark.parametrize("folder", ["held", "broken"])
def test_evidence_junit_and_exit_code_say_the_same(folder: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(folder)
    found = json.loads((path / "evidence.json").read_text(encoding="utf-8"))
    suite = ET.parse(path / "junit.xml").getroot()
    broken = {case.get("name") for case in suite if case.find("failure") is not None}
    assert broken == {one["name"] for one in found["expectations"] if not one["held"]}
    assert (int(suite.get("tests", "")), int(suite.get("failures", ""))) == (len(found["expectations"]), len(broken))
    assert suite.get("name") == "lendrill drill"
    assert found["held"] == (not broken)


def test_the_page_opens_in_chinese_with_the_verdict_first(held: Path, broken: Path) -> None:
    html = (held / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN" data-lang="zh"' in html
    assert html.index('id="verdict"') < html.index('id="expectations"') < html.index('id="timeline"')
    assert "全部预期达成" in Page(html, "zh").text
    assert "every expectation held" in Page(html).text
    text = Page((broken / "report.html").read_text(encoding="utf-8"), "zh").text
    assert re.search(r"\d+ 项预期中有 [1-9]\d* 项未达成", text)
    assert "演练结束前未恢复" in text


def test_the_page_needs_no_network(held: Path) -> None:
    html = (held / "report.html").read_text(encoding="utf-8")
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']https?:", html) == []


@pytest.mark.parametrize("shape", [uninterrupted, switched, twice, hung_for_good])
def test_every_shape_is_drawn(shape: Callable[[], Made], tmp_path: Path) -> None:
    written(shape().write(tmp_path))
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    charts = json.loads(re.search(r'id="charts">(.*?)</script>', html, re.DOTALL)[1])  # type: ignore[index]
    assert set(charts) == {"timeline", "waits", "errors", "recovery"}
    assert {trace["name"] for trace in charts["timeline"]["data"]} >= {"leads", "in step"}


def test_the_timeline_shades_the_fault_and_marks_decisions(held: Path, tmp_path: Path) -> None:
    def timeline(folder: Path) -> dict[str, list[dict[str, object]]]:
        html = (folder / "report.html").read_text(encoding="utf-8")
        found = json.loads(re.search(r'id="charts">(.*?)</script>', html, re.DOTALL)[1])["timeline"]  # type: ignore[index]
        return {"shapes": found["layout"]["shapes"], "data": found["data"]}

    [shade] = timeline(held)["shapes"]
    assert (shade["x0"], shade["x1"]) == (20.0, 40.0)
    written(switched().write(tmp_path))
    marks = next(trace for trace in timeline(tmp_path)["data"] if trace["name"] == "decided")
    assert marks["x"] == [15.0, 40.5]


def test_the_checklist_is_filled_from_the_record_or_left_to_people(held: Path) -> None:
    found = json.loads((held / "evidence.json").read_text(encoding="utf-8"))["checklist"]
    by_name = {one["name"]: one for one in found}
    assert set(FILLS) <= set(by_name)
    assert {name for name, one in by_name.items() if one["found"]} == set(FILLS) - {"decided"}  # by the witness
    assert all(one["source"].startswith(("[V]", "[J]")) and all(one["words"]) for one in found)
    assert by_name["switch_back"]["found"][0] == "real takeover under load: primary → same-city, not switched back"
    told = by_name["per_service"]["found"][0].split("; ")
    assert "RTO 3.1 s (target 10 s), lost 0" in told[0]
    assert [one.rpartition(", ")[2] for one in told[1:]] == ["only read"] * 5, "who only reads is promised nothing"
    assert by_name["apart"]["found"][1].startswith("20.0 秒 主中心整体失效：发现 1.8 秒，决策 0.0 秒，技术 1.5 秒")
    assert "由人员填写" in Page((held / "report.html").read_text(encoding="utf-8"), "zh").text


def test_the_checklist_tells_a_switch_back_and_who_decided(tmp_path: Path) -> None:
    written(switched().write(tmp_path))
    found = {
        one["name"]: one for one in json.loads((tmp_path / "evidence.json").read_text(encoding="utf-8"))["checklist"]
    }
    assert found["switch_back"]["found"][1].endswith("主中心 → 同城中心 → 主中心，已回切")
    assert "王芳、李强" in found["decided"]["found"][1]


def test_names_on_the_sign_off_sheet_are_empty(held: Path) -> None:
    sheet = json.loads((held / "evidence.json").read_text(encoding="utf-8"))["signoff"]
    assert [one.pop("role") for one in sheet] == [list(words) for words in SIGNERS]
    assert {value for one in sheet for value in one.values()} == {""}


def test_every_label_is_used() -> None:
    folder = Path(__file__).resolve().parents[3] / "results"
    text = (folder / "templates" / "drill.html.j2").read_text(encoding="utf-8")
    text += "".join(
        file.read_text(encoding="utf-8") for file in (folder / "drill").glob("*.py") if file.name != "words.py"
    )
    assert [name for name in LABELS if f'"{name}"' not in text] == []


def spoilt(name: str, text: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return spoil


GOOD = (
    '{"t": 1, "sent": 1, "done": 2, "id": "a", "service": "approval", "site": "primary", "status": 200, '
    '"outcome": "acknowledged"}'
)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda folder: (folder / "final.json").unlink(),
            "final.json: can't read a drill's record (No such file or directory)",
        ),
        (spoilt("plan.json", "{"), "plan.json: not valid JSON"),
        (spoilt("plan.json", "{}"), "plan.json: without name, drill, began"),
        (spoilt("plan.json", "[]"), "plan.json: without name, drill, began"),
        (spoilt("requests.jsonl", GOOD + '\n{"t": 1'), "requests.jsonl:2: not a line of a drill's record"),
        (spoilt("requests.jsonl", "{}"), "requests.jsonl:1: without t"),
        (
            spoilt("requests.jsonl", GOOD.replace("approval", "aproval")),
            "requests.jsonl:1: not a line of a drill's record: service",
        ),
        (spoilt("requests.jsonl", GOOD.replace("primary", "moon")), "right is one of primary, same-city, remote"),
        (
            spoilt("requests.jsonl", GOOD.replace("acknowledged", "fine")),
            "outcome 'fine'; right is one of acknowledged, again",
        ),
        (spoilt("requests.jsonl", GOOD.replace('"sent": 1', '"sent": 3')), "right is 0 <= meant <= sent <= done"),
        (
            spoilt("sites.jsonl", '{"t": 0, "sites": {"moon": {}}}'),
            "sites.jsonl:1: not a line of a drill's record: site 'moon'",
        ),
        (spoilt("events.jsonl", '{"what": "over"}'), "events.jsonl:1: without t"),
    ],
)
def test_a_record_that_cannot_be_read_is_told_in_one_line(
    spoil: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    folder = uninterrupted().write(tmp_path)
    spoil(folder)
    with pytest.raises(RecordError, match=re.escape(said)) as told:
        written(folder)
    assert "\n" not in str(told.value)
    assert not (folder / "evidence.json").exists()
