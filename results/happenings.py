"""What a scenario planned and whether it fell into the run: a run shorter than its scenario may be called after something that
never happened in it, and says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from credit.room import Words
from results import names
from results.labels import words_of

State = str
"""'whole', 'part' or 'none' of it fell into the run."""


@dataclass(frozen=True)
class Happening:
    """One planned event; `since` and `until` (exclusive) as the scenario has them, `share` of those it strikes, or None."""

    words: Words
    since: dt.datetime
    until: dt.datetime
    share: float | None
    state: State


def happenings(scenario: dict[str, Any], since: dt.datetime, until: dt.datetime) -> list[Happening]:
    """The faults, campaigns and turns of the economy of a resolved scenario, held against the time that a run covers."""
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
    return [Happening(*one, _state(one[1], one[2], since, until)) for one in found]


def missed(planned: Sequence[Happening]) -> list[Happening]:
    """What did not happen, or not all of it."""
    return [one for one in planned if one.state != "whole"]


def _state(start: dt.datetime, end: dt.datetime, since: dt.datetime, until: dt.datetime) -> State:
    if end <= since or start >= until:
        return "none"
    return "whole" if start >= since and end <= until else "part"


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
