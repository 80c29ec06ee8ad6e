"""The report renders for every kind of run, says in both languages what the files say, and asks nobody for anything."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from credit.applications.contract import Event
from credit.codes import Account, Actor, Bucket, Channel, ContactOutcome, Partner
from credit.disbursement.contract import Event as DisbursementEvent
from credit.room import DESKS, EVENTS, GAUGES, REASONS
from credit.times import DAY_MS, HOUR_MS
from results import book_charts, charts, labels, names
from results.folder import RunFolderError
from results.formats import money
from results.queries import RunQueries
from results.report import Span, write_report
from scenarios.partners import Partners
from tests.results.builders import START, Bank, bank, record, seal, whole_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_STRUCK = [
    {"kind": "partner_outage", "target": "bureau", "start": "2026-01-14T10:00:00", "end": "2026-01-14T15:00:00"},
    {"kind": "absence", "target": "re_reviewer", "start": "2026-03-09T00:00:00", "end": "2026-03-23T00:00:00"},
]
FAULTS = [fault | {"share_ppm": share} for fault, share in zip(_STRUCK, (1_000_000, 333_333), strict=True)]


class Page(HTMLParser):
    """Text of a page in one language, what it would fetch, and whether its tags close."""

    VOID = ("meta", "link", "br", "img", "input", "hr")

    def __init__(self, html: str, language: str = "en") -> None:
        super().__init__()
        self.other = {"en": "zh", "zh": "en"}[language]
        self.open: list[tuple[str, bool]] = []
        self.fetched: list[str] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [
            value for name in ("src", "href") if (value := given.get(name)) and not value.startswith(("#", "data:"))
        ]
        if tag not in self.VOID:
            hidden = given.get("class") == self.other or tag in ("script", "style") or any(h for _, h in self.open)
            self.open.append((tag, hidden))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop()[0] != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if not any(hidden for _, hidden in self.open):
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(word for word in self.words if word)


def html_of(path: Path) -> str:
    return write_report(path).read_text(encoding="utf-8")


def charts_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="charts">(.*?)</script>', html, re.DOTALL)
    assert found
    drawn: dict[str, Any] = json.loads(found[1])
    return drawn


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "run"
    whole_run(path, shards=2, faults=FAULTS)
    return path


@pytest.fixture(scope="module")
def html(full: Path) -> str:
    return html_of(full)


def test_every_section_of_a_full_run_is_filled(html: str) -> None:
    page = Page(html)
    assert page.faults == []
    assert page.open == []
    assert 'class="empty"' not in html.replace(f'<p class="empty">{labels.label("none.world")}</p>', "")
    drawn = charts_of(html)
    assert {name for name, chart in drawn.items() if chart["data"]} == {
        "volumes",
        "waits",
        "use",
        "queues",
        "partners",
        "buckets",
        "rates",
        "vintages",
        "flows",
        "trouble",
    }
    assert set(re.findall(r'data-chart="(\w+)"', html)) == set(drawn)
    anchors = re.findall(r'<a href="#(\w+)"', html)
    assert len(anchors) == 12
    assert all(f'id="{anchor}"' in html for anchor in anchors)


def test_the_page_fetches_nothing(html: str) -> None:
    assert Page(html).fetched == []
    own = html.split("<script>", 1)[0] + html.rsplit("<script>", 1)[1]
    assert "://" not in own
    assert "@import" not in html
    assert not re.search(r"url\(\s*['\"]?https?:", html)


def test_the_figures_of_the_summary_are_on_the_page_in_both_languages(html: str, full: Path) -> None:
    summary = json.loads((full / "summary.json").read_text(encoding="utf-8"))
    english, chinese = Page(html).text, Page(html, "zh").text
    for text in (english, chinese):
        assert f"{summary['ledger']['postings']:,}" in text
        assert f"{summary['portfolio']['overdue_rate']:.2%}" in text
        assert summary["digest"] in text
    assert "outstanding principal, yuan" in english
    assert "贷款余额（元）" in chinese
    assert "贷款余额" not in english
    assert "outstanding principal" not in chinese
    outstanding = summary["portfolio"]["outstanding_fen"] / 100
    assert f"{outstanding:,.2f}" in english
    assert f"{outstanding / 10_000:,.2f} 万" in chinese


def test_refusals_name_reason_and_field(html: str) -> None:
    assert "form refused ID number: wrong check digit ID number 10" in Page(html).text
    assert "申请表退回 证件号校验码错误 证件号 10" in Page(html, "zh").text


def test_the_funnel_on_the_page_is_the_runs_funnel(html: str) -> None:
    text = Page(html).text
    steps = (
        "submitted 100 100.0% past screening 70 70.0% 60.4%–78.1% approved 50 50.0% 40.4%–59.6% "
        "signed 40 40.0% 30.9%–49.8% paid out 40 40.0% 30.9%–49.8%"
    )
    assert steps in text


def test_desks_and_partners_stand_in_tables_with_what_was_counted(html: str) -> None:
    text = Page(html).text
    # 4 people, 7 of 8 hours busy, the busiest always; 2,400 tasks, a minute of waiting; 121 at one branch at once, 240 left
    assert "initial approval 4 88% 100% 0% 0 2,400 1.0 min 1.5 min 0 121 branch 1 240" in text
    assert "bureau 1,200 120 10.00% 0.8 s 1.6 s" in text
    assert "Busiest desk: initial approval, 88%" in text
    assert "最忙岗位：初审，工时利用率 88%" in Page(html, "zh").text


def test_planned_faults_are_named_and_shaded(html: str) -> None:
    assert "bureau does not answer 2026-01-14 10:00 2026-01-14 15:00 100% happened" in Page(html).text
    assert "复审：人员缺勤 2026-03-09 00:00 2026-03-23 00:00 33% 已发生" in Page(html, "zh").text
    drawn = charts_of(html)
    spans = {
        name: [(s["x0"][:10], s["x1"][:10]) for s in drawn[name]["layout"]["shapes"]]
        for name in ("queues", "use", "waits", "trouble", "partners")
    }
    assert spans["queues"] == spans["use"] == [("2026-03-09", "2026-03-23")]
    assert spans["partners"] == [("2026-01-14", "2026-01-14")]
    assert len(spans["trouble"]) == len(spans["waits"]) == 2


def test_chart_words_change_with_the_language_and_numbers_do_not(html: str) -> None:
    drawn = charts_of(html)
    for name, chart in drawn.items():
        pairs = [(english, chinese) for _, english, chinese in chart["words"]]
        assert pairs, name
        assert all(isinstance(english, str) and isinstance(chinese, str) for english, chinese in pairs)
    names_of = {tuple(path): (english, chinese) for path, english, chinese in drawn["buckets"]["words"]}
    assert names_of["data", 0, "name"] == ("current", "正常")


def test_points_of_the_charts_are_the_plans_figures(html: str, full: Path) -> None:
    _, loans = bank(shards=2)
    drawn = charts_of(html)
    submitted = next(trace for trace in drawn["volumes"]["data"] if trace["name"] == "submitted")
    assert sum(submitted["y"]) == 100
    principal = sum(loan.amount for loan in loans) / 100 / 10_000  # in 10,000 yuan
    assert sum(trace["y"][-1] for trace in drawn["buckets"]["data"]) == pytest.approx(principal)
    assert sum(-value for value in drawn["flows"]["data"][0]["y"]) == pytest.approx(principal)
    waiting = drawn["queues"]["data"][0]["y"]
    assert waiting == [2 * (day + 1) for day in range(120)]
    assert all(value == 0.1 for value in drawn["partners"]["data"][0]["y"])


def test_write_offs_are_no_money_flow(tmp_path: Path) -> None:
    plan, loans = bank()
    gone = loans[0]
    at = START + 100 * DAY_MS
    legs = ((Account.WRITE_OFF_LOSS, gone.amount), (Account.PRINCIPAL, -gone.amount))
    plan.post(at, gone.number, gone.number * 10_000 + 60, *legs)
    seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    drawn = charts_of(html_of(tmp_path / "run"))
    assert [trace["name"] for trace in drawn["flows"]["data"]] == ["paid out", "interest received"]
    with RunQueries(tmp_path / "run") as queries:
        assert {row[0]: row[4] for row in queries.balances()}["write_off_loss"] == gone.amount


def test_waits_are_timed_step_by_step(full: Path) -> None:
    with RunQueries(full) as queries:
        waits = {name: (count, half, longest) for name, count, _, _, (half, *_), longest in queries.waits("2026-05-01")}
    automatic = sorted(5_000 + n for n in range(1, 101) if n % 10 in (5, 6, 7)) + [
        5_000 + n for n in range(1, 101) if n % 10 == 3
    ]
    assert waits["automatic"][0] == len(automatic)
    assert waits["automatic"][2] == max(automatic)
    manual = sorted(n * HOUR_MS for n in range(1, 101) if n % 10 in (4, 8, 9))
    assert waits["manual"] == (30, manual[14], manual[-1])
    assert waits["to_sign"] == (40 + 10, 2 * HOUR_MS, 2 * HOUR_MS)
    assert waits["to_pay"] == (40, HOUR_MS, HOUR_MS)


def test_vintages_count_instalments_fallen_due_and_only_what_the_whole_month_has_reached(full: Path) -> None:
    plan, loans = bank()
    end = START + plan.days * DAY_MS
    reached: dict[str, list[int]] = {}
    for at, *_ in plan.happened(DisbursementEvent.LOAN_DISBURSED):
        dues = [due for n in range(1, 5) if (due := at + n * 30 * DAY_MS) <= end - 2 * DAY_MS]
        reached.setdefault(f"{dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=at):%Y-%m}", []).append(len(dues))
    with RunQueries(full) as queries:
        rows = queries.vintages("2026-05-01 00:00")
    expected = [(month, age) for month, ages in sorted(reached.items()) for age in range(1, min(ages) + 1)]
    assert [(month, age) for month, age, *_ in rows] == expected
    assert len(expected) >= 3
    january = [loan for loan in loans if loan.day < 31]
    late = [loan for loan in january if loan.overdue_day is not None]
    assert rows[0][2:] == (pytest.approx(len(late) / len(january)), len(january), len(late))


def test_an_empty_run_says_so_everywhere(tmp_path: Path) -> None:
    plan = Bank(days=30)
    seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    html = html_of(tmp_path / "run")
    assert Page(html).faults == []
    assert not any(chart["data"] for chart in charts_of(html).values())
    assert "data-chart" not in html.rsplit("<script>", 2)[0]
    for key in ("volumes", "waits", "staff", "queues", "buckets", "vintages", "money", "trouble", "refusals", "world"):
        assert labels.LABELS[f"none.{key}"][0] in Page(html).text
        assert labels.LABELS[f"none.{key}"][1] in Page(html, "zh").text


def test_a_partial_run_says_how_far_it_came(tmp_path: Path) -> None:
    plan, _ = bank()
    seal(plan, tmp_path / "run", record(plan, tmp_path / "run", windows=40))
    html = html_of(tmp_path / "run")
    assert "interrupted after 40 of 120 windows" in Page(html).text
    assert "第 40 个窗口后中断（共 120 个）" in Page(html, "zh").text
    assert "40 days, 2026-01-01 to 2026-02-09" in Page(html).text


@pytest.mark.parametrize("kept", ["quality", "executor"])
def test_a_run_of_a_release_that_kept_less_is_to_be_run_again(tmp_path: Path, kept: str) -> None:
    plan = Bank(days=30)
    seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    file = tmp_path / "run" / "summary.json"
    summary = json.loads(file.read_text())
    file.write_text(json.dumps({name: of for name, of in summary.items() if name != kept}))
    with pytest.raises(RunFolderError, match=rf"needs what the run did not keep .*{kept}.*; run it again"):
        write_report(tmp_path / "run")


def test_a_run_of_days_is_counted_by_the_hour(tmp_path: Path) -> None:
    plan, _ = bank(cases=60, days=4)
    seal(plan, tmp_path / "run", record(plan, tmp_path / "run", HOUR_MS), HOUR_MS)
    html = html_of(tmp_path / "run")
    submitted = charts_of(html)["volumes"]["data"][0]
    assert len(submitted["x"]) == 96
    assert sum(submitted["y"]) == len(plan.happened(Event.APPLICATION_SUBMITTED)) == 3
    assert "Counts an hour." in Page(html).text


def test_a_run_of_a_few_cases_tells_their_story(tmp_path: Path) -> None:
    whole_run(tmp_path / "run", cases=8, days=60)
    html = html_of(tmp_path / "run")
    text = Page(html).text
    assert "The cases, step by step" in text
    assert "application submitted customer" in text
    assert "Counts a month" in text
    volumes = charts_of(html)["volumes"]["data"]
    assert {trace["type"] for trace in volumes} == {"bar"}
    assert sum(volumes[0]["y"]) == 8
    many = tmp_path / "many"
    whole_run(many, cases=11, days=60)
    assert "The cases, step by step" not in Page(html_of(many)).text


def test_text_from_a_scenario_is_no_markup(tmp_path: Path) -> None:
    whole_run(tmp_path / "run", cases=10, days=20)
    file = tmp_path / "run" / "scenario.json"
    scenario = json.loads(file.read_text(encoding="utf-8")) | {
        "title": "<script>alert(1)</script>",
        "purpose": "a & b < c",
    }
    file.write_text(json.dumps(scenario), encoding="utf-8")
    html = html_of(tmp_path / "run")
    assert "<script>alert" not in html
    assert "a &amp; b &lt; c" in html


def test_plotly_knows_every_word_of_every_chart(html: str) -> None:
    for name, chart in charts_of(html).items():
        drawn = go.Figure(chart["data"], chart["layout"])
        assert len(drawn.data) == len(chart["data"]), name


def figures_of(html: str, language: int) -> dict[str, dict[str, Any]]:
    """The charts that have data, in one language as the page's script puts it in: 0 English, 1 Chinese."""
    drawn = {name: chart for name, chart in charts_of(html).items() if chart["data"]}
    for chart in drawn.values():
        for path, *words in chart["words"]:
            part = chart
            for key in path[:-1]:
                part = part[key]
            part[path[-1]] = words[language]
    return drawn


def texts_in(part: Any) -> list[str]:
    """Every text of a figure that a reader may see or point at."""
    if isinstance(part, dict):
        kept = (value for key, value in part.items() if key not in ("x", "font", "template", "tickformatstops"))
        return [text for value in kept for text in texts_in(value)]
    if isinstance(part, list):
        return [text for value in part for text in texts_in(value)]
    return [part] if isinstance(part, str) else []


@pytest.mark.parametrize("language", [0, 1])
def test_every_chart_says_what_it_measures_and_names_its_lines(html: str, language: int) -> None:
    for name, chart in figures_of(html, language).items():
        assert [one["text"] for one in chart["layout"]["annotations"]] != [""], name
        assert len(chart["layout"]["annotations"][0]["text"]) >= 4, name
        assert chart["layout"]["showlegend"], name
        legend = [trace["name"] for trace in chart["data"] if trace.get("showlegend", True)]
        assert all(legend), name
        assert len(set(legend)) == len(legend), name


def test_neither_language_is_left_over_in_the_other(html: str) -> None:
    english, chinese = Page(html), Page(html, "zh")
    ideographs, latin = r"[\u3000-\u9fff\uff00-\uffef]", r"[A-Za-z][A-Za-z-]{2,}"
    title = next(word for word in english.words if "Lendrill 运行报告" in word)
    assert [word for word in english.words if re.search(ideographs, word)] == [title, "中文"]
    of_scenario = ("Lendrill", "A written-down bank", "For tests.", "the counts")
    said = " ".join(w for w in chinese.words if not w.startswith(of_scenario) and ".parquet" not in w)
    terms = "local JavaScript Kaplan Meier Wilson DuckDB pandas polars summary json"
    assert set(re.findall(latin, said)) <= set(terms.split()), "words that are no names"
    for text in texts_in([(name, chart["data"], chart["layout"]) for name, chart in figures_of(html, 0).items()]):
        assert not re.search(ideographs, text), text
    for name, chart in figures_of(html, 1).items():
        shown = [one["text"] for one in chart["layout"]["annotations"]] + [trace["name"] for trace in chart["data"]]
        assert not [text for text in shown if re.search(latin, text)], name


def test_every_name_is_there_in_both_languages() -> None:
    spoken = [one.said.words for one in EVENTS.values()] + [desk.words for desk in DESKS.values()]
    spoken += [gauge.words for gauge in GAUGES.values()] + [reason.words for reason in REASONS.values()]
    spoken += [code.words for codes in (Account, Actor, Bucket, Channel, ContactOutcome, Partner) for code in codes]
    for english, chinese in (*spoken, *names.trouble().values(), *(words for _, words in names.products().values())):
        assert english, chinese
        assert re.search("[\u4e00-\u9fff]", chinese), english
    assert set(names.VOLUMES) <= set(EVENTS.values())
    assert {reason.field for reason in REASONS.values() if reason.field} == set(names.FIELDS)
    assert [partner.name.lower() for partner in Partner] == list(Partners.model_fields)


def test_a_single_point_stands_in_the_whole_time_of_the_run(html: str) -> None:
    alone = charts.over(
        charts.waits_over_time([(dt.datetime(2026, 2, 9), "automatic", 1, [5_000, 5_000])], [], "week", 0),
        ("2026-02-02", "2027-02-26"),
    )
    assert alone["layout"]["xaxis"]["range"] == ["2026-02-02", "2027-02-26"]
    drawn = charts_of(html)
    assert drawn["queues"]["layout"]["xaxis"]["range"] == ["2026-01-01 00:00", "2026-05-01 00:00"]
    assert drawn["waits"]["layout"]["xaxis"]["range"] == ["2025-12-29 00:00", "2026-05-01 00:00"]


def test_every_label_takes_the_same_numbers_in_both_languages() -> None:
    for key, (english, chinese) in labels.LABELS.items():
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", chinese)), key
        assert re.search(r"[\u4e00-\u9fff]", chinese), key
        assert not re.search(r"[\u4e00-\u9fff]", english), key


@pytest.mark.parametrize(
    ("fen", "english", "chinese"),
    [
        (0, "0.00", "0.00"),
        (999_999, "9,999.99", "9,999.99"),
        (12_345_600, "123,456.00", "12.35 万"),
        (12_345_678_900, "123.46 m", "1.23 亿"),
        (-123_456_789_000, "-1.23 bn", "-12.35 亿"),
    ],
)
def test_money_is_short_in_each_languages_own_units(fen: int, english: str, chinese: str) -> None:
    assert str(money(fen)) == str(labels.both((english, chinese)))


@pytest.mark.parametrize(
    ("fen", "unit"),
    [(0, "yuan"), (99_999, "yuan"), (10**7, "10,000 yuan"), (10**8, "million yuan"), (10**11, "100 million yuan")],
)
def test_a_chart_of_money_speaks_in_the_unit_its_largest_figure_reaches(fen: int, unit: str) -> None:
    assert book_charts.money_unit([fen, -fen // 2])[1][0] == unit


@pytest.mark.parametrize(
    ("days", "grain", "waits", "flows"),
    [
        (1, "hour", "hour", "day"),
        (7, "hour", "hour", "day"),
        (30, "day", "day", "day"),
        (120, "day", "week", "week"),
        (365, "day", "week", "week"),
        (730, "day", "week", "month"),
    ],
)
def test_grains_follow_the_length_of_the_run(days: int, grain: str, waits: str, flows: str) -> None:
    span = Span(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1) + dt.timedelta(days=days))
    assert (span.grain, span.wait_grain, span.flow_grain) == (grain, waits, flows)


def test_days_on_which_nothing_happened_are_drawn_as_zero() -> None:
    span = Span(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 12))
    rows = span.filled([(dt.datetime(2026, 1, 3), 5)])
    assert [count for _, count in rows] == [0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0]
    assert span.filled([]) == []


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize(("mark", "shown"), [("en", "paid out"), ("zh", "放款")])
def test_a_browser_draws_every_chart_in_the_language_of_the_address(
    full: Path, tmp_path: Path, mark: str, shown: str
) -> None:
    page = write_report(full)
    options = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
    command = [
        str(CHROMIUM),
        *options.split(),
        "--disable-component-update",
        f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=20000",
        "--dump-dom",
        f"{page.as_uri()}#{mark}",
    ]
    drawn = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120).stdout
    assert drawn.count('<svg class="main-svg"') >= 2 * 9
    assert f'data-lang="{mark}"' in drawn
    assert re.search(rf'class="legendtext"[^>]*>{shown}<', drawn)
