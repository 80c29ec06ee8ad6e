"""``report.html``: one file that opens without a network and shows what a run did, in English or Chinese. Its rule: every
figure is counted from the run's own files, and the page says of what it is a count and what it is not."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from credit.codes import FIELD_OF_REFUSAL, Refusal
from credit.times import text_of
from results import charts, labels, names
from results.findings import findings
from results.folder import read_summary
from results.names import Words
from results.queries import Row, RunQueries

REPORT = "report.html"
REFUSALS_SHOWN = 24
STORY_CASES = 10
"""Runs of at most so many applications tell each case's story."""
STORY_ROWS = 600
_FEW_DAYS = 7
_FLOWS_BY_DAY, _FLOWS_BY_WEEK = 45, 400


@dataclass(frozen=True)
class Span:
    """The time a run covers, and the grains in which its charts count."""

    since: dt.datetime
    until: dt.datetime

    @property
    def days(self) -> float:
        return (self.until - self.since) / dt.timedelta(days=1)

    @property
    def first(self) -> str:
        return f"{self.since:%Y-%m-%d}"

    @property
    def last(self) -> str:
        """The last day of which the run lived any part."""
        return f"{max(self.until - dt.timedelta(milliseconds=1), self.since):%Y-%m-%d}"

    @property
    def grain(self) -> str:
        """Grain of counts and queues."""
        return "hour" if self.days <= _FEW_DAYS else "day"

    @property
    def wait_grain(self) -> str:
        """Grain of percentiles, which need more cases."""
        return "hour" if self.days <= _FEW_DAYS else "day" if self.days <= 2 * _FLOWS_BY_DAY else "week"

    @property
    def flow_grain(self) -> str:
        return "day" if self.days <= _FLOWS_BY_DAY else "week" if self.days <= _FLOWS_BY_WEEK else "month"

    def filled(self, rows: Sequence[Row]) -> list[Row]:
        """(since, count) with a row for every day or hour of the run; nothing happened where there was none."""
        if not rows:
            return []
        step = dt.timedelta(hours=1) if self.grain == "hour" else dt.timedelta(days=1)
        counts: dict[dt.datetime, int] = dict(rows)
        places = int((self.until - self.since) / step)
        return [(self.since + n * step, counts.get(self.since + n * step, 0)) for n in range(max(places, 1))]


def write_report(folder: Path) -> Path:
    """Draws the report of a run folder; returns its path. RunFolderError when the folder is no finished run."""
    summary = read_summary(folder)
    scenario = json.loads((folder / "scenario.json").read_text(encoding="utf-8"))
    with RunQueries(folder) as queries:
        page = _page(summary, scenario, queries, folder)
    environment = Environment(
        loader=PackageLoader("results"),
        autoescape=select_autoescape(["html", "j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"t": labels.label, "both": labels.both, "names": names}
    environment.filters |= {
        "yuan": yuan, "money": money, "percent": percent, "number": number, "duration": duration, "moment": moment,
    }  # fmt: skip
    file = folder / REPORT
    draft = folder / (REPORT + ".draft")
    draft.write_text(environment.get_template("report.html.j2").render(page), encoding="utf-8")
    return draft.replace(file)


def _page(summary: dict[str, Any], scenario: dict[str, Any], queries: RunQueries, folder: Path) -> dict[str, Any]:
    span = _span(summary, scenario)
    waits, staff, desks, partners = queries.waits(), queries.staff(), queries.desks(), queries.partners()
    drawn = _charts(queries, span, scenario.get("faults", []), partners)
    return {
        "summary": summary,
        "scenario": scenario,
        "span": span,
        "grains": labels.GRAINS,
        "plotly": Markup(get_plotlyjs().replace("</script", "<\\/script")),
        "charts": Markup(json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")),
        "has": {name: bool(chart["data"]) for name, chart in drawn.items()},
        "findings": findings(waits, staff, desks, partners, summary),
        "funnel": _funnel(summary["funnel"]),
        "waits": waits,
        "desks": _desks(staff, desks),
        "partners": partners,
        "balances": queries.balances(),
        "refusals": [_refusal(row) for row in summary["refusals"][:REFUSALS_SHOWN]],
        "refusals_more": max(len(summary["refusals"]) - REFUSALS_SHOWN, 0),
        "products": queries.products(),
        "story": _story(queries) if 0 < summary["funnel"]["submitted"] <= STORY_CASES else [],
        "fidelity": _fidelity(folder),
    }


def _span(summary: dict[str, Any], scenario: dict[str, Any]) -> Span:
    since = dt.datetime.combine(dt.date.fromisoformat(scenario["run"]["start"]), dt.time())
    return Span(since, dt.datetime.fromisoformat(text_of(summary["next"]["start_ms"])))


def _charts(
    queries: RunQueries, span: Span, faults: Sequence[dict[str, Any]], partners: Sequence[Row]
) -> dict[str, dict[str, Any]]:
    """Every chart of the page in both languages; one without data has nothing to draw."""
    bucket_rows, bad = queries.gauge("loans_by_bucket"), queries.gauge("non_performing")
    volumes = _filled(queries, span, names.VOLUMES)
    trouble = _filled(queries, span, names.TROUBLE)
    whole = (charts.stamp(span.since), charts.stamp(span.until))
    builders: dict[str, Callable[[int], go.Figure]] = {
        "volumes": partial(charts.volumes, volumes, span.grain),
        "waits": partial(charts.waits_over_time, queries.waits_over_time(span.wait_grain), span.wait_grain),
        "queues": partial(charts.queues, queries.queues(span.grain), faults, span.grain),
        "buckets": partial(charts.buckets, bucket_rows),
        "rates": partial(charts.rates, bucket_rows, bad),
        "vintages": partial(charts.vintages, queries.vintages(charts.stamp(span.until))),
        "flows": partial(charts.flows, queries.flows(span.flow_grain), span.flow_grain),
        "trouble": partial(charts.trouble, trouble, faults, whole, span.grain),
    }
    if any(row[2] for row in partners):
        rows = queries.partners_over_time(span.grain)
        builders["partners"] = partial(charts.partners, rows, faults, span.grain)
    return {name: charts.bilingual(build) for name, build in builders.items()}


def _filled(queries: RunQueries, span: Span, events: dict[str, Words]) -> dict[str, list[Row]]:
    return {event: span.filled(rows) for event, rows in queries.counts(span.grain, *events).items()}


def _funnel(funnel: dict[str, int]) -> list[dict[str, Any]]:
    """Steps with their share of all applications and of the step before."""
    counts = {
        "submitted": funnel["submitted"],
        "screened": funnel["submitted"] - funnel["screened_out"],
        "approved": funnel["approved"],
        "signed": funnel["signed"],
        "disbursed": funnel["disbursed"],
    }
    rows, first, before = [], funnel["submitted"], 0
    for name, count in counts.items():
        of_before = count / before if before else None
        rows.append({"name": name, "count": count, "of_first": count / first if first else 0.0, "of_before": of_before})
        before = count
    return rows


def _desks(staff: Sequence[Row], desks: Sequence[Row]) -> list[dict[str, Any]]:
    """One row a desk that was staffed or had work."""
    people = {row[0]: row for row in staff}
    work = {row[0]: row for row in desks}
    rows = []
    for role in sorted(people.keys() | work.keys()):
        _, count, used, busiest = people.get(role, (role, 0, 0.0, 0.0))
        _, begun, wait, wait_max, urged, peak, _, left = work.get(role, (role, 0, 0, 0, 0, 0, None, 0))
        rows.append({
            "role": role, "people": count, "used": used, "busiest": busiest, "begun": begun, "wait": wait,
            "wait_max": wait_max, "urged": urged, "peak": peak, "left": left,
        })  # fmt: skip
    return rows


def _fidelity(folder: Path) -> list[dict[str, Any]]:
    file = folder / "fidelity.json"
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return rows


def _refusal(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the summary with its names in both languages, and the field that the reason names."""
    code = row["reason"].upper()
    field = FIELD_OF_REFUSAL.get(Refusal[code], "") if code in Refusal.__members__ else ""
    return {
        "event": names.EVENTS.get(row["event"], names.plain(row["event"])),
        "reason": names.REASONS.get(row["reason"], names.plain(row["reason"])),
        "field": names.FIELDS.get(field, names.plain(field)),
        "count": row["count"],
    }


def _story(queries: RunQueries) -> list[tuple[int, list[Row]]]:
    """(case, its rows of (at, event, actor, reason, amount, loan))."""
    told: dict[int, list[Row]] = {}
    for case, *rest in queries.story(STORY_ROWS):
        told.setdefault(int(case), []).append(tuple(rest))
    return list(told.items())


def yuan(fen: float | None) -> str:
    """Fen as yuan with thousands separators, to the fen; nothing for nothing."""
    return f"{fen / 100:,.2f}" if fen else "0.00"


def money(fen: int) -> Markup:
    """Fen as a short figure in yuan: millions in English, 万 and 亿 in Chinese."""
    value = fen / 100
    english = next(
        (f"{value / size:,.2f} {unit}" for size, unit in ((1e9, "bn"), (1e6, "m")) if abs(value) >= size), ""
    )
    chinese = next(
        (f"{value / size:,.2f} {unit}" for size, unit in ((1e8, "亿"), (1e4, "万")) if abs(value) >= size), ""
    )
    return labels.both((english or f"{value:,.2f}", chinese or f"{value:,.2f}"))


def percent(share: float, digits: int = 1) -> str:
    """A share as a percentage."""
    return f"{share:.{digits}%}"


def number(value: float) -> str:
    """Thousands separators."""
    return f"{value:,.0f}"


def duration(milliseconds: float) -> Markup:
    """Milliseconds as people say it."""
    return labels.both(charts.duration_words(milliseconds))


def moment(when: dt.datetime) -> str:
    """A moment to the second."""
    return when.isoformat(sep=" ", timespec="seconds")
