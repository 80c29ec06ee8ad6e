"""Two runs side by side: everything in which their scenarios, policies and circumstances differ, their figures, and what
became of the same applications in each. Applications are paired by their reference (which visit of which person), and only
where the form shows the same person who asks for the same; what cannot be paired is counted by why. Where one run ends
earlier, fates are as they stood then in both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from credit.times import text_of
from results.figures import Figure, Figures, figures
from results.folder import RunFolderError, read_scenario, read_summary
from results.sql import tables_of

_LIFE = """
CREATE TEMP TABLE {name} AS
WITH submitted AS (
  SELECT value AS reference, case_no FROM {events} WHERE event = 'application_submitted' AND ts < TIMESTAMP '{until}'),
form AS (
  SELECT party AS reference, ANY_VALUE(id_number || credit_code || name) AS person,
         ANY_VALUE(product || ' ' || amount_fen || ' ' || term_months) AS wish FROM {forms} GROUP BY party),
fate AS (
  SELECT case_no, BOOL_OR(event = 'loan_disbursed') AS paid_out, BOOL_OR(event = 'application_approved') AS approved,
         BOOL_OR(event = 'overdue_started') AS overdue, BOOL_OR(event = 'npl_marked') AS npl
  FROM {events} WHERE event IN ('loan_disbursed', 'application_approved', 'overdue_started', 'npl_marked')
    AND ts < TIMESTAMP '{until}' GROUP BY case_no)
SELECT reference, ANY_VALUE(person) AS person, ANY_VALUE(wish) AS wish,
       CASE WHEN BOOL_OR(npl) THEN 'non-performing' WHEN BOOL_OR(overdue) THEN 'was overdue'
            WHEN BOOL_OR(paid_out) THEN 'paid out' WHEN BOOL_OR(approved) THEN 'approved only' ELSE 'not approved' END AS fate
FROM submitted LEFT JOIN fate USING (case_no) LEFT JOIN form USING (reference) GROUP BY reference
"""
_LATER = """
SELECT COUNT(DISTINCT value) FROM {events} WHERE event = 'application_submitted' AND ts >= TIMESTAMP '{until}'
"""
_PAIRS = """
SELECT CASE WHEN two.reference IS NULL THEN 'only in the first run' WHEN one.reference IS NULL THEN 'only in the second run'
            WHEN one.person IS DISTINCT FROM two.person THEN 'other people'
            WHEN one.wish IS DISTINCT FROM two.wish THEN 'the same people, who ask for something else' ELSE '' END AS why,
       one.fate, two.fate, COUNT(*)
FROM one FULL JOIN two USING (reference) GROUP BY ALL
"""
_AFTER = {"one": "in the first run, after the second had ended", "two": "in the second run, after the first had ended"}
FATES = ("not approved", "approved only", "paid out", "was overdue", "non-performing")
_TOLD = ("seed", "days", "status", "windows_done", "continued_from", "shards", "executor", "policies", "versions")
"""What of a summary is compared beside the scenarios."""


_PROSE = ("title", "title_zh", "purpose", "purpose_zh", "look_at", "look_at_zh")
"""What a scenario says of itself decides nothing."""


class Difference(NamedTuple):
    """A field in which the runs differ; '–' where one has it not."""

    field: str
    first: str
    second: str


@dataclass(frozen=True)
class Comparison:
    """`figures`: (name, first, second); `fates`: fate in the first run → fate in the second → applications; `paired`:
    applications found in both; `unpaired`: why → applications; `until`: up to when fates count."""

    names: tuple[str, str]
    figures: list[tuple[str, Figure, Figure]]
    fates: dict[str, dict[str, int]]
    paired: int
    unpaired: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    until: str = ""

    @property
    def other_start(self) -> bool:
        """Whether the runs begin on different days, so that what came of an application is of another age in each."""
        return any(row.field == "scenario.run.start" for row in self.differences)

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "runs": list(self.names),
            "differences": [one._asdict() for one in self.differences],
            "figures": {name: {"first": a._asdict(), "second": b._asdict()} for name, a, b in self.figures},
            "paired": self.paired,
            "unpaired": self.unpaired,
            "fates": self.fates,
            "fates_until": self.until,
        }


def compare(first: Path, second: Path) -> Comparison:
    """Compares two run folders. RunFolderError when one of them is no finished run."""
    summaries, scenarios = (
        [read_summary(one) for one in (first, second)],
        [read_scenario(one) for one in (first, second)],
    )
    until = text_of(min(summary["next"]["start_ms"] for summary in summaries))
    fates, unpaired = _pair(first, second, until)
    return Comparison(
        (str(first), str(second)),
        _side_by_side(figures(first), figures(second)),
        fates,
        sum(count for row in fates.values() for count in row.values()),
        unpaired,
        _differences(
            *({"scenario": one} | _circumstances(told) for one, told in zip(scenarios, summaries, strict=True))
        ),
        until,
    )


def _side_by_side(first: Figures, second: Figures) -> list[tuple[str, Figure, Figure]]:
    nothing = Figure(None)
    return [(name, first.get(name, nothing), second.get(name, nothing)) for name in dict.fromkeys((*first, *second))]


def _circumstances(summary: dict[str, Any]) -> dict[str, Any]:
    return {name: summary.get(name) for name in _TOLD}


def _differences(first: dict[str, Any], second: dict[str, Any]) -> list[Difference]:
    one, other = dict(_leaves("", first)), dict(_leaves("", second))
    found = [Difference(name, one.get(name, "–"), other.get(name, "–")) for name in dict.fromkeys((*one, *other))]
    return [row for row in found if row.first != row.second]


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in _PROSE:
                yield from _leaves(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list) and all(isinstance(inner, dict | list) for inner in value):
        for place, inner in enumerate(value):
            yield from _leaves(f"{path}[{place}]", inner)
    else:
        yield path, str(value)


def _pair(first: Path, second: Path, until: str) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    later: dict[str, int] = {}
    with duckdb.connect() as connection:
        for name, folder in (("one", first), ("two", second)):
            tables = tables_of(folder)
            if "forms" not in tables:
                raise RunFolderError(f"{folder}: keeps no forms, so nobody can tell who its people are; run it again")
            connection.execute(_LIFE.format(name=name, until=until, **tables))
            [[later[name]]] = connection.execute(_LATER.format(until=until, **tables)).fetchall()
        rows = connection.execute(_PAIRS).fetchall()
    fates = {a: dict.fromkeys(FATES, 0) for a in FATES}
    unpaired: dict[str, int] = {}
    for why, a, b, count in rows:
        if why:
            unpaired[why] = unpaired.get(why, 0) + int(count)
        else:
            fates[a][b] = int(count)
    return fates, unpaired | {_AFTER[name]: int(count) for name, count in later.items() if count}
