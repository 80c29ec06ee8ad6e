"""What a scenario planned and whether it fell into the run: a run shorter than its scenario may be called after something that
never happened in it, and says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from credit.room import Words
from results import names
from results.labels import words_of
from results.sql import tables_of

State = str
"""'whole', 'part' or 'none' of it fell into the run; 'idle': an absence at a desk at which no task was meanwhile."""
_ADMINISTRATOR = "administrator"
"""Its people appoint deputies, which is no task."""
_FELT = """
SELECT COUNT(*) FILTER (start < TIMESTAMP '{end}' AND until > TIMESTAMP '{start}'
                        AND arrivals + begun + completions + waiting_ms + in_service_end > 0),
       (SELECT COALESCE(SUM(in_hand), 0) FROM (
         SELECT ARG_MAX(in_service_end + waiting_end, until) AS in_hand FROM {queues}
         WHERE role = '{desk}' AND until <= TIMESTAMP '{start}' GROUP BY branch))
FROM {queues} WHERE role = '{desk}'
"""
"""Rows of a desk's queues in which a task was there during an absence; tasks that were there when it began."""


@dataclass(frozen=True)
class Happening:
    """One planned event; `since` and `until` (exclusive) as the scenario has them, `share` of those it strikes, or None."""

    words: Words
    since: dt.datetime
    until: dt.datetime
    share: float | None
    state: State


def happenings(
    scenario: dict[str, Any], since: dt.datetime, until: dt.datetime, unfelt: Collection[int] = ()
) -> list[Happening]:
    """The faults, campaigns and turns of the economy of a resolved scenario, held against the time that a run covers; `unfelt`:
    the numbers of its faults that nobody can have felt."""
    found = []
    for fault in scenario.get("faults", []):
        words = words_of(
            f"fault.{fault['kind']}", what=names.target(fault["kind"], fault["target"], fault.get("branches", ()))
        )
        found.append((words, _moment(fault["start"]), _moment(fault["end"]), fault["share_ppm"] / 1e6))
    for campaign in scenario.get("arrivals", {}).get("campaigns", []):
        factor = f"{campaign['factor_ppm'] / 1e6:g}"
        chinese = campaign.get("name_zh") or campaign["name"]
        words = f"{campaign['name']}: {factor} times the arrivals", f"{chinese}：到达量 {factor} 倍"
        found.append((words, _moment(campaign["from_day"]), _moment(campaign["to_day"]) + dt.timedelta(days=1), None))
    for point in scenario.get("economy", []):
        rate = f"{point['unemployment_ppm'] / 1e4:g}%"
        day = _moment(point["day"])
        found.append(((f"economy: unemployment {rate}", f"经济：失业率 {rate}"), day, day + dt.timedelta(days=1), None))
    states = [_state(one[1], one[2], since, until) for one in found]
    told = ["idle" if place in unfelt and state != "none" else state for place, state in enumerate(states)]
    return [Happening(*one, state) for one, state in zip(found, told, strict=True)]


def unfelt(folder: Path, scenario: dict[str, Any]) -> list[int]:
    """Numbers of the absences of a finished run during which no task was at the desk, in hand or waiting."""
    absences = [(n, one) for n, one in enumerate(scenario.get("faults", [])) if one["kind"] == "absence"]
    absences = [(n, one) for n, one in absences if one["target"] != _ADMINISTRATOR]
    if not absences or "queues" not in (tables := tables_of(folder)):
        return [n for n, _ in absences]
    found = []
    with duckdb.connect() as connection:
        for n, one in absences:
            times = {edge: _moment(one[edge]) for edge in ("start", "end")}
            query = _FELT.format(queues=tables["queues"], desk=one["target"], **times)
            [(rows, before)] = connection.execute(query).fetchall()
            if not rows and not before:
                found.append(n)
    return found


def missed(planned: Sequence[Happening]) -> list[Happening]:
    """What did not happen, or not all of it."""
    return [one for one in planned if one.state != "whole"]


def _state(start: dt.datetime, end: dt.datetime, since: dt.datetime, until: dt.datetime) -> State:
    if end <= since or start >= until:
        return "none"
    return "whole" if start >= since and end <= until else "part"


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
