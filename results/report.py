"""``report.html``: one file that opens without a network and shows what a run did, in Chinese or English. Every
figure is counted from the run's own files, and the page says of what it is a count and what it is not."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from credit.room import REASONS, EventCode, Words
from credit.times import text_of
from results import book_charts, charts, labels, names
from results.findings import findings
from results.folder import RunFolderError, read_scenario, read_summary
from results.formats import FILTERS
from results.happenings import happenings, unfelt
from results.intervals import Interval, wilson
from results.outages import OWN
from results.pages import PageLacks, drawing, write_page
from results.quality import MEASURES
from results.queries import Row, RunQueries

REPORT = "report.html"
REFUSALS_SHOWN = 24
STORY_CASES = 10
"""Runs of at most so many applications tell each case's story."""
STORY_ROWS = 600
OUTAGES_DRAWN, OUTAGE_DAYS = 3, 2
"""So many outages of the bank's own have charts, of their days and so many after them."""
_OVER_TIME = ("volumes", "waits", "use", "queues", "buckets", "rates", "partners", "trouble")
"""Charts whose axis is the whole time of the run, however little of it has a point."""
FULL = 0.95
"""Use from which an hour counts as full."""
_FEW_DAYS = 10
_FLOWS_BY_DAY, _FLOWS_BY_WEEK = 45, 400


Shares = Callable[[int, int], Interval | None]
"""The interval of a share of so many, or None where nothing is estimated."""


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

    @property
    def trouble_grain(self) -> str:
        return self.grain if self.grain == "hour" else self.flow_grain

    def filled(self, rows: Sequence[Row]) -> list[Row]:
        """(since, count) with a row for every day or hour of the run; nothing happened where there was none."""
        if not rows:
            return []
        step = dt.timedelta(hours=1) if self.grain == "hour" else dt.timedelta(days=1)
        counts: dict[dt.datetime, int] = dict(rows)
        places = int((self.until - self.since) / step)
        return [(self.since + n * step, counts.get(self.since + n * step, 0)) for n in range(max(places, 1))]


def write_report(folder: Path) -> Path:
    """Draws the report of a run folder; returns its path. RunFolderError when the folder is no finished run, or one of a
    release that kept less."""
    summary = read_summary(folder)
    scenario = read_scenario(folder)
    with RunQueries(folder) as queries:
        try:
            page = _page(summary, scenario, queries, folder)
            return rendered("report.html.j2", page, folder / REPORT)
        except (KeyError, PageLacks) as error:
            raise RunFolderError(
                f"{folder}: its report needs what the run did not keep ({error}); run it again"
            ) from error


def rendered(template: str, page: dict[str, Any], file: Path) -> Path:
    """Writes a page that speaks of runs."""
    words = {"t": labels.label, "both": labels.both, "names": names, "listed": _listed}
    return write_page(template, file, page, words, FILTERS)


def _page(summary: dict[str, Any], scenario: dict[str, Any], queries: RunQueries, folder: Path) -> dict[str, Any]:
    span = span_of(summary, scenario)
    waits, desks, partners = queries.waits(charts.stamp(span.until)), desks_of(queries, scenario), queries.partners()
    trouble, vintages = _filled(queries, span, names.trouble()), queries.vintages(charts.stamp(span.until))
    planned = happenings(scenario, span.since, span.until, unfelt(folder, scenario))
    estimated = summary["customers"] > len(scenario.get("script", []))
    share_of = wilson if estimated else _not_estimated
    catalogue = names.products(scenario.get("policies"))
    drawn = _charts(queries, span, summary, scenario, partners, trouble, vintages)
    return {
        "summary": summary,
        "scenario": scenario,
        "texts": _texts(scenario),
        "span": span,
        "grains": labels.GRAINS,
        **drawing(drawn),
        "findings": findings(waits, desks, partners, summary, planned),
        "planned": planned,
        "estimated": estimated,
        "funnel": _funnel(summary["funnel"], share_of),
        "became": _became(summary),
        "approved_interval": share_of(summary["funnel"]["approved"], summary["funnel"]["submitted"]),
        "waits": waits,
        "quality": _quality(summary["quality"], share_of),
        "volumes_told": volumes_told(summary, span),
        "desks": [desk for desk in desks if _worked(desk)],
        "idle": [desk for desk in desks if not _worked(desk)],
        "partners": partners,
        "trouble": _trouble(trouble),
        "outages": [_outage(one) for one in summary.get("outages", [])],
        "vintages": _oldest(vintages, share_of),
        "balances": queries.balances(),
        "refusals": [_refusal(row) for row in summary["refusals"][:REFUSALS_SHOWN]],
        "refusals_more": max(len(summary["refusals"]) - REFUSALS_SHOWN, 0),
        "products": [
            (catalogue[key][1], *figures)
            for key, *figures in sorted(queries.products(), key=lambda row: catalogue[row[0]][0])
        ],
        "story": _story(queries) if 0 < summary["funnel"]["submitted"] <= STORY_CASES else [],
        "open_work": _open_work(queries),
        "terms": queries.terms(scenario.get("policies")),
        "fidelity": _fidelity(folder, catalogue),
    }


def charts_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Every chart of a finished run by name, in both languages."""
    summary, scenario = read_summary(folder), read_scenario(folder)
    span = span_of(summary, scenario)
    with RunQueries(folder) as queries:
        trouble, vintages = _filled(queries, span, names.trouble()), queries.vintages(charts.stamp(span.until))
        return _charts(queries, span, summary, scenario, queries.partners(), trouble, vintages)


def _texts(scenario: dict[str, Any]) -> dict[str, Any]:
    """The scenario's own words; in Chinese where it has them (`title_zh`, `purpose_zh`, `look_at_zh`)."""

    def both(key: str) -> Words:
        return scenario.get(key) or "", scenario.get(f"{key}_zh") or scenario.get(key) or ""

    english = scenario.get("look_at") or []
    chinese = scenario.get("look_at_zh") or english
    look = list(zip(english, chinese, strict=True)) if len(english) == len(chinese) else [(w, w) for w in english]
    return {"title": both("title"), "purpose": both("purpose"), "look_at": look}


def span_of(summary: dict[str, Any], scenario: dict[str, Any]) -> Span:
    """The time that a run covers, from its first day to the end of its last window."""
    since = dt.datetime.combine(dt.date.fromisoformat(scenario["run"]["start"]), dt.time())
    return Span(since, dt.datetime.fromisoformat(text_of(summary["next"]["start_ms"])))


def _charts(
    queries: RunQueries,
    span: Span,
    summary: dict[str, Any],
    scenario: dict[str, Any],
    partners: Sequence[Row],
    trouble: dict[EventCode, list[Row]],
    vintages: Sequence[Row],
) -> dict[str, dict[str, Any]]:
    """Every chart of the page in both languages; one without data has nothing to draw."""
    faults, outages = scenario.get("faults", []), summary.get("outages", [])
    bucket_rows, bad = queries.gauge("loans_by_bucket"), queries.gauge("non_performing")
    told = volumes_told(summary, span)
    volumes = {event: _gathered(rows, told) for event, rows in _filled(queries, span, names.VOLUMES).items()}
    broken = {event: _gathered(rows, span.trouble_grain) for event, rows in trouble.items()}
    whole = (charts.stamp(span.since), charts.stamp(span.until))
    own = [fault for fault in faults if fault["kind"] in OWN]
    builders: dict[str, Callable[[int], charts.Figure]] = {
        "volumes": partial(charts.volumes, volumes, told),
        "waits": partial(
            charts.waits_over_time, queries.waits_over_time(span.wait_grain, whole[1]), faults, span.wait_grain
        ),
        "queues": partial(charts.queues, queries.queues(span.grain, span.since, span.until), faults, span.grain),
        "use": partial(charts.use, queries.use_over_time(span.wait_grain), faults, span.wait_grain),
        "buckets": partial(book_charts.buckets, bucket_rows),
        "rates": partial(book_charts.rates, bucket_rows, bad),
        "vintages": partial(book_charts.vintages, vintages),
        "flows": partial(book_charts.flows, queries.flows(span.flow_grain), span.flow_grain),
        "trouble": partial(charts.trouble, broken, faults, span.trouble_grain),
    }
    for place, (since, until) in enumerate(_around(outages, span)):
        builders[f"offered{place}"] = partial(charts.offered, queries.offered(since, until), own)
        builders[f"queued{place}"] = partial(charts.queues, queries.queues("hour", since, until), own, "hour")
    if any(row[2] for row in partners):
        rows = queries.partners_over_time(span.grain)
        builders["partners"] = partial(charts.partners, rows, faults, span.grain)
    return {name: charts.bilingual(partial(_spanning, name, build, whole)) for name, build in builders.items()}


def volumes_told(summary: dict[str, Any], span: Span) -> str:
    """How volumes are told: by the hour or day; in a long run of a few cases by the month, since lines of ones and zeros lie upon
    one another."""
    few = 0 < summary["funnel"]["submitted"] <= STORY_CASES and not summary.get("continued_from")
    return "month" if few and span.days > charts.SMOOTH_FROM_DAYS else span.grain


def _around(outages: Sequence[dict[str, Any]], span: Span) -> list[tuple[dt.datetime, dt.datetime]]:
    """Of each of the first outages its days, and what of the `OUTAGE_DAYS` after them the run lived."""
    days = [[dt.datetime.fromisoformat(one[edge][:10]) for edge in ("start", "full")] for one in outages]
    more = dt.timedelta(days=1 + OUTAGE_DAYS)
    return [(max(first, span.since), min(last + more, span.until)) for first, last in days[:OUTAGES_DRAWN]]


def _outage(one: dict[str, Any]) -> dict[str, Any]:
    """An outage of the summary, with the ms from its beginning to each phase's end."""
    phases = {name: one[name] for name in ("detected", "decided", "back", "full") if one[name]}
    start = dt.datetime.fromisoformat(one["start"])
    since = {
        name: (dt.datetime.fromisoformat(at) - start) / dt.timedelta(milliseconds=1) for name, at in phases.items()
    }
    backed_up = [desk for desk in one["desks"] if desk["before"] or desk["at_return"] or desk["backlog"]]
    return one | {"since_start": since, "desks": sorted(backed_up, key=lambda desk: -desk["backlog"])}


def _spanning(name: str, build: Callable[[int], charts.Figure], span: tuple[str, str], language: int) -> charts.Figure:
    return charts.over(build(language), span) if name in _OVER_TIME else build(language)


def _filled(queries: RunQueries, span: Span, events: dict[EventCode, Words]) -> dict[EventCode, list[Row]]:
    return {event: span.filled(rows) for event, rows in queries.counts(span.grain, *events).items()}


def _gathered(rows: Sequence[Row], grain: str) -> list[Row]:
    """(since, count) of hours or days added up over weeks that begin on Mondays, or over months."""
    if grain not in ("week", "month"):
        return list(rows)
    found: dict[dt.datetime, int] = {}
    for day, count in rows:
        since = day.replace(day=1) if grain == "month" else day - dt.timedelta(days=day.weekday())
        found[since] = found.get(since, 0) + count
    return sorted(found.items())


def _trouble(series: dict[EventCode, list[Row]]) -> list[dict[str, Any]]:
    """One row a kind of trouble that happened: how often, when first and last, and its worst day or hour."""
    rows = []
    for event, counts in series.items():
        struck = [(since, count) for since, count in counts if count]
        if struck:
            worst = max(struck, key=lambda row: int(row[1]))
            rows.append(
                {
                    "name": names.trouble()[event],
                    "count": sum(count for _, count in struck),
                    "first": struck[0][0],
                    "last": struck[-1][0],
                    "worst": worst[0],
                    "most": worst[1],
                }
            )
    return rows


def _not_estimated(count: int, total: int) -> None:
    """The interval of a share that is no estimate."""


def _oldest(vintages: Sequence[Row], share_of: Shares) -> list[dict[str, Any]]:
    """Each month's loans at the greatest age that all of them have reached."""
    last = {row[0]: row for row in vintages}
    return [
        {"month": month, "age": age, "share": share, "loans": loans, "interval": share_of(overdue, loans)}
        for month, age, share, loans, overdue in last.values()
    ]


def _funnel(funnel: dict[str, int], share_of: Shares) -> list[dict[str, Any]]:
    """Steps with their share of all applications and its interval; the first step is the whole and has none."""
    first = funnel["submitted"]
    counts = {
        "submitted": first,
        "screened": first - funnel["screened_out"],
        "approved": funnel["approved"],
        "signed": funnel["signed"],
        "disbursed": funnel["disbursed"],
    }
    return [
        {
            "name": name,
            "count": count,
            "of_first": count / first if first else None,
            "interval": None if name == "submitted" else share_of(count, first),
        }
        for name, count in counts.items()
    ]


def _became(summary: dict[str, Any]) -> list[tuple[Words, int]]:
    """Every application of the run once: paid out, closed by which event, or open; together all that were submitted."""
    closed = [(names.event(row["room"], row["event"]), row["count"]) for row in summary["ends"]]
    paid, still = (labels.words_of(key) for key in ("step.disbursed", "end.open"))
    return [(paid, summary["funnel"]["disbursed"]), *closed, (still, summary["funnel"]["open"])]


def _quality(counts: dict[str, dict[str, int]], share_of: Shares) -> list[dict[str, Any]]:
    """One row a measure; its share is nothing where nothing of its kind happened."""
    return [
        {
            "words": measure.words,
            "means": measure.means,
            **counts[measure.name],
            "interval": share_of(counts[measure.name]["count"], counts[measure.name]["of"]) if measure.drawn else None,
        }
        for measure in MEASURES
    ]


def desks_of(queries: RunQueries, scenario: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a desk that was staffed or had work: its people by the scenario, their use, its tasks and queue."""
    people, work, urged = (
        {row[0]: row for row in queries.staff()},
        {row[0]: row for row in queries.desks()},
        queries.urged(),
    )
    hours, full = _hours(queries), _full(queries)
    rows = []
    for role in sorted(people.keys() | work.keys(), key=names.desk_number):
        _, count, used, busiest = people.get(role, (role, 0, 0.0, 0.0))
        _, begun, wait, wait_max, peak, peak_at, peak_branch, peak_left, left, tasks, waited = work.get(
            role, (role, 0, 0, 0, 0, None, 0, 0, 0, 0, 0)
        )
        head = scenario.get("headcount", {}).get(role, {"per_branch": 0, "head_office": 0})
        asked = head["per_branch"] * scenario.get("bank", {}).get("branches", 0) + head["head_office"]
        rows.append(
            {
                "role": role,
                "people": asked or count,
                **head,
                "used": used,
                "busiest": busiest,
                **hours.get(role, {"worst_used": 0.0, "worst_hour": None}),
                **full.get(role, _NEVER_FULL),
                "tasks": tasks,
                "begun": begun,
                "wait": wait,
                "wait_max": wait_max,
                "waited": float(waited),
                "urged": urged.get(role, 0),
                "peak": peak,
                "peak_at": peak_at,
                "peak_branch": peak_branch,
                "peak_left": peak_left,
                "left": left,
            }
        )
    return rows


def _listed(desks: Sequence[dict[str, Any]]) -> Words:
    """Desks with their people, in a sentence."""
    named = [(names.desk(desk["role"]), desk["people"]) for desk in desks]
    return ", ".join(f"{words[0]} ({n})" for words, n in named), "、".join(f"{words[1]}（{n}）" for words, n in named)


def _worked(desk: dict[str, Any]) -> bool:
    """Whether anything ever came to a desk."""
    return any(desk[figure] for figure in ("tasks", "begun", "used", "urged", "peak", "left"))


_NEVER_FULL = {"full_hours": 0, "open_hours": 0, "full_share": 0.0, "full_branch": 0}


def _full(queries: RunQueries) -> dict[str, dict[str, Any]]:
    """Each desk at the branch where the largest share of its hours was full, the first of several: people of one branch do not
    work for another."""
    found: dict[str, dict[str, Any]] = {}
    for role, branch, full, hours in queries.full_hours(FULL):
        if role not in found or full / hours > found[role]["full_share"]:
            found[role] = {"full_hours": full, "open_hours": hours, "full_share": full / hours, "full_branch": branch}
    return found


def _hours(queries: RunQueries) -> dict[str, dict[str, Any]]:
    """Each desk's worst hour, all branches together, the first of several."""
    hours: dict[str, list[tuple[float, dt.datetime]]] = {}
    for when, role, used in queries.use_over_time("hour"):
        hours.setdefault(role, []).append((used, when))
    found = {}
    for role, mine in hours.items():
        worst = max(used for used, _ in mine)
        first = min(when for used, when in mine if used == worst)
        found[role] = {"worst_used": worst, "worst_hour": first}
    return found


def _open_work(queries: RunQueries) -> list[tuple[Words, int, int]]:
    """(name, count, amount in fen) of each line of open work at the last day's end that ever had something to count."""
    lines = names.open_work()
    rows = queries.at_the_end(*(line.gauge for line in lines))
    told = []
    for line in lines:
        mine = [row for row in rows if row[0] == line.gauge and (not line.groups or row[1] in line.groups)]
        if mine:
            told.append((line.words, sum(row[2] for row in mine), sum(row[3] for row in mine)))
    return told


def _fidelity(folder: Path, catalogue: names.Catalogue) -> list[dict[str, Any]]:
    file = folder / "fidelity.json"
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    for row in rows:
        people = row.get("people") or 0
        row["interval"] = wilson(round(row["drawn"] * people), people)
        row["band"] = names.band(row["label"], catalogue)
    return rows


def _refusal(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the summary with its names in both languages, and the field that the reason names."""
    found = next((one for one in REASONS.values() if one.name.lower() == row["reason"]), None)
    field = found.field if found is not None else ""
    return {
        "event": names.event(row["room"], row["event"]),
        "reason": names.reason(row["reason"]),
        "field": names.FIELDS.get(field, names.plain(field)),
        "count": row["count"],
    }


def _story(queries: RunQueries) -> list[tuple[int, list[Row]]]:
    """(case, its rows of (at, room, event, actor, reason, amount, loan))."""
    told: dict[int, list[Row]] = {}
    for case, *rest in queries.story(STORY_ROWS):
        told.setdefault(int(case), []).append(tuple(rest))
    return list(told.items())
