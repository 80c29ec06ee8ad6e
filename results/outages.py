"""What outages of the bank's own (系统中断、网点中断) did, counted from a run's files for ``summary.json``: who waited and
how long, who never came again, how long each desk and branch needed for its backlog, which limits were passed. A backlog is
what waits above the tasks that waited at the same hour a week before and what had been added to those by the time the outage
began, or in a run that does not reach back so far, above those that waited then; it is drained at the first hour without one
after the day's worst. What meets two outages at once counts in
both."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from credit.calendar import is_workday
from credit.times import MINUTE_MS, day_number
from results.queries import CASES, URGING
from results.sql import place, tables_of

OWN = ("system_outage", "branch_outage")
"""The kinds of faults that strike the bank itself."""
_LEVELS = """
CREATE TEMP TABLE levels AS
WITH told AS (
  SELECT role, branch, start::TIMESTAMP AS start, until::TIMESTAMP AS until, waiting_end,
         waiting_end - arrivals + begun AS before,
         LAG(waiting_end) OVER (PARTITION BY role, branch ORDER BY until, start) AS earlier FROM {queues}),
steps AS (
  SELECT role, {place} AS place, until AS since, waiting_end - COALESCE(earlier, before) AS step FROM told UNION ALL
  SELECT role, {place}, (SELECT MIN(start) FROM told), before FROM told WHERE earlier IS NULL)
SELECT 'desk' AS part, role AS whose, since, SUM(SUM(step)) OVER (PARTITION BY role ORDER BY since) AS waiting
FROM steps GROUP BY role, since UNION ALL
SELECT 'branch', place::VARCHAR, since, SUM(SUM(step)) OVER (PARTITION BY place ORDER BY since)
FROM steps GROUP BY place, since
"""
"""Tasks that wait at a desk, all branches together, and at a branch or head office, all desks together, after each instant at
which that changes."""
_BACKLOG = """
WITH grid AS (
  SELECT UNNEST(GENERATE_SERIES(TIMESTAMP '{back}', LEAST(TIMESTAMP '{end}', TIMESTAMP '{start}' + INTERVAL {days} DAY),
                                INTERVAL 1 HOUR)) AS hour),
level AS (SELECT whose, since, waiting FROM levels WHERE part = '{part}'),
part AS (
  SELECT whose, COALESCE(ARG_MAX(waiting, since) FILTER (since <= '{start}'), 0) AS before,
         COALESCE(ARG_MAX(waiting, since) FILTER (since <= TIMESTAMP '{start}' - INTERVAL {days} DAY), 0) AS usually,
         IF({weekly}, GREATEST(before - usually, 0), 0) AS ahead,
         COALESCE(ARG_MAX(waiting, since) FILTER (since <= '{back}'), 0) AS at_return FROM level GROUP BY whose),
seen AS (
  SELECT part.whose, hour, COALESCE(now.waiting, 0) - IF({weekly}, COALESCE(usual.waiting, 0) + ahead, before) AS above
  FROM grid CROSS JOIN part
  ASOF LEFT JOIN level now ON now.whose = part.whose AND now.since <= hour
  ASOF LEFT JOIN level usual ON usual.whose = part.whose AND usual.since <= hour - INTERVAL {days} DAY),
worst AS (
  SELECT whose, MAX(above) AS above, FIRST(hour ORDER BY above DESC, hour) AS hour FROM seen
  WHERE hour < '{night}' GROUP BY whose)
SELECT whose, CAST(before AS BIGINT), CAST(ahead AS BIGINT), CAST(at_return AS BIGINT),
       CAST(GREATEST(COALESCE(worst.above, 0), 0) AS BIGINT),
       (SELECT MIN(hour) FROM seen WHERE seen.whose = part.whose AND seen.hour >= worst.hour AND seen.above <= 0)
FROM part LEFT JOIN worst USING (whose) ORDER BY whose
"""
_WAITED = """
SELECT who, branch, comes, until <= '{end}' AS seen, EPOCH_MS(until) - EPOCH_MS(start) AS lasted FROM {waited}
WHERE start >= '{start}' AND start < '{full}' AND ({branches})
"""
_DONE = """
SELECT place, CAST(SUM(completions) FILTER (day = '{day}') AS BIGINT),
       SUM(completions) FILTER (day <> '{day}') / COUNT(DISTINCT day) FILTER (day <> '{day}' AND completions > 0)
FROM (SELECT *, {place} AS place, (until - INTERVAL 1 MILLISECOND)::DATE AS day FROM {queues}) GROUP BY place
"""
_LIMITS = """
SELECT day, CAST(SUM(tasks) AS BIGINT), CAST(SUM(urged) AS BIGINT) FROM (
  SELECT start::DATE AS day, arrivals AS tasks, 0 AS urged FROM {queues} UNION ALL
  SELECT ts::DATE, 0, 1 FROM {events} WHERE event IN ({urging}))
GROUP BY day HAVING SUM(tasks) + SUM(urged) > 0 ORDER BY day
"""
_DECISIONS = """
SELECT COUNT(*) FILTER (accepted < '{start}' AND decided >= '{start}'),
       QUANTILE_DISC(EPOCH_MS(decided) - EPOCH_MS(accepted), 0.95) FILTER (accepted::DATE = '{day}'),
       QUANTILE_DISC(EPOCH_MS(decided) - EPOCH_MS(accepted), 0.95) FILTER (accepted::DATE <> '{day}')
FROM cases WHERE NOT manual AND decided IS NOT NULL
"""
WEEK_DAYS = 7
Told = dict[str, Any]
Row = tuple[Any, ...]


def outages(folder: Path, end: dt.datetime) -> list[Told]:
    """The outages of the bank's own that a merged run, which ends at `end`, lived through; in the order of the scenario."""
    scenario = json.loads((folder / "scenario.json").read_text(encoding="utf-8"))
    own = [fault for fault in scenario["faults"] if fault["kind"] in OWN and _moment(fault["start"]) < end]
    if not own:
        return []
    first = _moment(scenario["run"]["start"])
    with duckdb.connect() as connection:
        files = _Files(connection, folder, end)
        return [_told(files, fault, scenario) for fault in own if _full(fault) > first]


class _Files:
    """Questions to one run's files."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, end: dt.datetime) -> None:
        self._connection, self._tables, self.end = connection, tables_of(folder), end
        connection.execute(CASES.format(**self._tables))
        if "queues" in self._tables:
            connection.execute(_LEVELS.format(**self._tables, place=place()))

    def rows(self, query: str, table: str, **values: object) -> list[Row]:
        """No rows where the run has no such file."""
        if table not in self._tables:
            return []
        return self._connection.execute(query.format(**self._tables, **values)).fetchall()


def _told(files: _Files, fault: Told, scenario: Told) -> Told:
    start, back, full = _moment(fault["start"]), _moment(fault["end"]), _full(fault)
    night = dt.datetime.combine(full.date() + dt.timedelta(days=1), dt.time())
    here = f"branch IN ({', '.join(map(str, fault['branches']))})" if fault["branches"] else "TRUE"
    waited = files.rows(_WAITED, "waited", start=start, full=full, end=files.end, branches=here)
    weekly = start - dt.timedelta(days=WEEK_DAYS) >= _moment(scenario["run"]["start"])
    at = {"start": start, "back": back, "night": night, "end": files.end, "days": WEEK_DAYS, "weekly": weekly}
    desks = [_backlog(row, back) for row in files.rows(_BACKLOG, "queues", part="desk", **at)]
    branches = {int(row[0]): _backlog(row, back) for row in files.rows(_BACKLOG, "queues", part="branch", **at)}
    done = {row[0]: row[1:] for row in files.rows(_DONE, "queues", day=start.date(), place=place())}
    by_branch = Counter((branch, who, comes) for who, branch, comes, *_ in waited)
    where = sorted(branches.keys() | {branch for branch, *_ in by_branch})
    return {
        "kind": fault["kind"],
        "branches_away": fault["branches"],
        "compared_with": "week_before" if weekly else "beginning",
        **_timeline(fault, full),
        "applications": _waits([row for row in waited if row[0] == "applicant"]),
        "customers": _waits([row for row in waited if row[0] == "customer"]),
        "partner_answers": sum(row[0] == "partner" for row in waited),
        "bank_calls": sum(row[0] == "bank" for row in waited),
        "desks": [{"desk": one.pop("of")} | one for one in desks],
        "branches": [_branch(one, by_branch, branches.get(one), done.get(one, (0, 0.0))) for one in where],
        "limits": _limits(files, start.date(), full.date()),
        "decisions": _decisions(files, start),
        "day_ends": [] if fault["branches"] else list(_day_ends(start, full, scenario)),
    }


def _timeline(fault: Told, full: dt.datetime) -> Told:
    """Fault, detection, decision, first services back, all back; detection and decision where the scenario says them."""
    at = start = _moment(fault["start"])
    found = {"start": str(start), "detected": None, "decided": None, "back": fault["end"].replace("T", " ")}
    for name, phase in (("detected", "detection_minutes"), ("decided", "decision_minutes")):
        at += dt.timedelta(minutes=fault[phase])
        if fault["detection_minutes"] + fault["decision_minutes"] + fault["switch_minutes"]:
            found[name] = str(at)
    recovery = sorted(fault["recovery_minutes"].items(), key=lambda one: (one[1], one[0]))
    return found | {"full": str(full), "recovery_minutes": dict(recovery)}


def _waits(rows: list[Row]) -> Told:
    """How many had to wait, what became of them, and for how long those waited who got through in the run."""
    came = np.array(sorted(lasted for _, _, comes, seen, lasted in rows if comes and seen), dtype=np.int64)
    shares = {"median_ms": 0.5, "p90_ms": 0.9, "p95_ms": 0.95, "longest_ms": 1.0}
    times = {
        name: int(came[max(int(np.ceil(share * len(came))) - 1, 0)]) if len(came) else None
        for name, share in shares.items()
    }
    never = sum(not row[2] for row in rows)
    return {"waited": len(rows), "came": len(came), "never": never, "to_come": len(rows) - len(came) - never} | times


def _backlog(row: Row, back: dt.datetime) -> Told:
    """A desk's or branch's queue: as the outage began, and by how much more than a week before; at the return; the worst backlog
    of the day, and when it was drained."""
    of, before, ahead, at_return, above, drained = row
    drained = drained if above else back
    lasted = None if drained is None else int((drained - back) / dt.timedelta(milliseconds=1))
    figures = {"before": before, "ahead": ahead, "at_return": at_return, "backlog": above}
    return {"of": of, **figures, "drained": str(drained) if drained else None, "drain_ms": lasted}


def _branch(number: int, waited: Counter[tuple[Any, ...]], backlog: Told | None, done: Row) -> Told:
    """A branch: who waited there, the tasks it decided on the day and on other days' average, its backlog. `waited` counts by
    (branch, who, comes)."""
    nothing = {"before": 0, "ahead": 0, "at_return": 0, "backlog": 0, "drained": None, "drain_ms": 0}
    return {
        "branch": number,
        "applications": waited[number, "applicant", 1] + waited[number, "applicant", 0],
        "never": waited[number, "applicant", 0],
        "customers": waited[number, "customer", 1],
        "done": done[0] or 0,
        "done_other_days": round(float(done[1] or 0), 1),
        **{name: value for name, value in (backlog or nothing).items() if name != "of"},
    }


def _limits(files: _Files, first: dt.date, last: dt.date) -> Told:
    """Tasks put to desks and urged, because their limit passed, on the days of the outage, on the next day that had any, and on
    all others together."""
    rows = files.rows(_LIMITS, "queues", urging=", ".join(f"'{name}'" for name in URGING))
    after = next((day for day, *_ in rows if day > last), None)
    parts = {
        "days": [row for row in rows if first <= row[0] <= last],
        "day_after": [row for row in rows if row[0] == after],
        "other_days": [row for row in rows if not first <= row[0] <= last and row[0] != after],
    }
    return {
        name: {"days": len(mine), "tasks": sum(row[1] for row in mine), "urged": sum(row[2] for row in mine)}
        for name, mine in parts.items()
    }


def _decisions(files: _Files, start: dt.datetime) -> Told:
    """Automatic decisions: how many were under way when the outage began; 95th percentile of their time on its day, and else."""
    [(under_way, that_day, other_days)] = files.rows(_DECISIONS, "events", start=start, day=start.date())
    return {"under_way": under_way, "p95_ms": that_day, "p95_other_days_ms": other_days}


def _day_ends(start: dt.datetime, full: dt.datetime, scenario: Told) -> Iterator[Told]:
    """The days' ends (日终) in which the bank's system was away: when they could be done, when desks open next, and whether
    in time."""
    desks = [desk for desk in scenario["staff"].values() if isinstance(desk, dict)]
    opens = min((desk["shift_start_minute"] for desk in desks), default=0)
    day = start.date()
    while (end := dt.datetime.combine(day + dt.timedelta(days=1), dt.time())) < full:
        next_day = day_number(end.date())
        workday = next_day + int(np.argmax(is_workday(np.arange(next_day, next_day + 30, dtype=np.int64))))
        opening = end + dt.timedelta(days=workday - next_day, milliseconds=opens * MINUTE_MS)
        yield {"day": str(day), "done": str(full), "opening": str(opening), "in_time": full <= opening}
        day = end.date()


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _full(fault: Told) -> dt.datetime:
    """When every stage is back."""
    return _moment(fault["end"]) + dt.timedelta(minutes=max(fault["recovery_minutes"].values(), default=0))
