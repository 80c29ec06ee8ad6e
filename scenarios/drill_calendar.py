"""The calendar of drills (演练计划): which drills a bank must hold within a year, and which are due, from the rules of
``drill_calendar.toml`` and the evidence of past drills. A pure function of the day, the past and the rules. A drill counts only
where every expectation held, and where its evidence shows what the rule is about."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, TypeAdapter

from credit.calendar import add_months
from credit.policies.base import PolicyModel
from scenarios.drill import WITNESS
from scenarios.loading import ScenarioError

MONTHS = 12
"""The calendar looks so far ahead."""
EVIDENCE, FORMAT = "evidence.json", 1
Evidence = Mapping[str, Any]


class Rule(PolicyModel):
    """How often something is drilled, and who says so."""

    key: str
    name_zh: str
    name_en: str
    every_months: int = Field(ge=1, le=120)
    needs: Literal["fault", "site_lost", "switch_and_back", "restore"]
    """What a drill's evidence must show."""
    drills: list[str]
    """Drills that come with Lendrill and show it, the simplest first."""
    kind: Literal["rule", "default"]
    """A published rule, or our own default."""
    source: str


class Past(NamedTuple):
    """A drill that was held."""

    day: dt.date
    name: str
    folder: str
    held: bool
    shows: frozenset[str]
    """Which needs its evidence shows."""


class Row(NamedTuple):
    """A rule's next drill."""

    rule: Rule
    last: Past | None
    """The last one that held and counts."""
    due: dt.date
    state: Literal["never", "overdue", "this_month", "planned"]
    planned: tuple[dt.date, ...]
    """All of it within the year from today; the first is today's where it is due."""


def rules() -> list[Rule]:
    """The rules, in their file's order."""
    text = resources.files("scenarios").joinpath("drill_calendar.toml").read_text("utf-8")
    return TypeAdapter(list[Rule]).validate_python(tomllib.loads(text)["rules"])


def calendar(today: dt.date, past: Iterable[Past], of: Iterable[Rule]) -> list[Row]:
    """A row a rule, the most urgent first. What was never held is due today."""
    held = sorted(one for one in past if one.held and one.day <= today)
    rows = [_row(today, rule, next((one for one in reversed(held) if rule.needs in one.shows), None)) for rule in of]
    return sorted(rows, key=lambda row: (row.due, row.rule.every_months))


def _row(today: dt.date, rule: Rule, last: Past | None) -> Row:
    due = _later(last.day, rule.every_months) if last is not None else today
    state: Literal["never", "overdue", "this_month", "planned"] = "planned"
    if last is None:
        state = "never"
    elif due < today:
        state = "overdue"
    elif (due.year, due.month) == (today.year, today.month):
        state = "this_month"
    first, end = max(due, today), _later(today, MONTHS)
    planned: list[dt.date] = []
    while (at := _later(first, rule.every_months * len(planned))) <= end:
        planned.append(at)
    return Row(rule, last, due, state, tuple(planned))


def _later(day: dt.date, months: int) -> dt.date:
    """The same day so many months on; a shorter month's last day."""
    number = add_months(np.array([(day - dt.date(1970, 1, 1)).days]), months)
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(number[0]))


def past_drills(runs: Path) -> Iterator[Past]:
    """The drills of a folder of runs, each with its ``evidence.json``. ScenarioError where one can't be read."""
    for file in sorted(runs.glob(f"*/{EVIDENCE}")):
        try:
            yield past_of(json.loads(file.read_text(encoding="utf-8")), file.parent.name)
        except KeyError as missing:
            raise ScenarioError(f"{file}: not the evidence of a drill: without {missing.args[0]}") from None
        except (OSError, ValueError, TypeError) as error:
            raise ScenarioError(f"{file}: not the evidence of a drill: {error}") from None


def past_of(evidence: Evidence, folder: str) -> Past:
    """What a drill's evidence says to the calendar."""
    if evidence["format"] != FORMAT:
        raise ValueError(f"format {evidence['format']}; right is {FORMAT}")
    shows = frozenset(need for need, shown in NEEDS.items() if shown(evidence))
    day = dt.datetime.fromisoformat(evidence["began"]).date()
    return Past(day, evidence["name"], folder, bool(evidence["held"]), shows)


def _fault(evidence: Evidence) -> bool:
    return any(one["kind"] == "befalls" for one in evidence.get("disruptions", ()))


def _site_lost(evidence: Evidence) -> bool:
    lost = (one for one in evidence.get("disruptions", ()) if one["kind"] == "befalls" and one["what"] == "lose")
    return any(one["place"] != WITNESS for one in lost)


def _switch_and_back(evidence: Evidence) -> bool:
    """Another site led while customers came, and the first one led again: a real takeover, and the switch back."""
    names = [term["site"] for term in evidence.get("leading", {}).get("terms", ())]
    changes = [other for one, other in pairwise(names) if one != other]
    return len(changes) > 1 and names[0] in changes


def _restore(evidence: Evidence) -> bool:
    """A backup was restored: the evidence says of which."""
    return bool(evidence.get("restored"))


NEEDS: dict[str, Callable[[Evidence], bool]] = {
    "fault": _fault,
    "site_lost": _site_lost,
    "switch_and_back": _switch_and_back,
    "restore": _restore,
}
"""What a rule may need, and how evidence shows it."""
