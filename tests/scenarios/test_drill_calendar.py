"""The calendar of drills: what is due when, and what a past drill counts for."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from lendrill.tables import drill_calendar_table
from scenarios.drill import drill_names
from scenarios.drill_calendar import NEEDS, Past, Row, calendar, past_drills, past_of, rules
from scenarios.loading import ScenarioError

TODAY = dt.date(2026, 11, 26)


def past(day: str, *shows: str, held: bool = True, name: str = "lose_the_primary") -> Past:
    return Past(dt.date.fromisoformat(day), name, f"{name}-{day}", held, frozenset(shows))


def row(key: str, *of: Past, today: dt.date = TODAY) -> Row:
    return next(one for one in calendar(today, of, rules()) if one.rule.key == key)


def evidence(**more: Any) -> dict[str, Any]:
    lost = {"kind": "befalls", "what": "lose", "place": "primary"}
    terms = [{"site": name} for name in ("primary", "same-city")]
    of = {"format": 1, "name": "lose_the_primary", "began": "2026-03-02T02:00:00+00:00", "held": True}
    return of | {"disruptions": [lost], "leading": {"terms": terms}} | more


@pytest.mark.parametrize(
    ("key", "last", "due", "state"),
    [
        ("important_systems", "2025-12-31", "2026-12-31", "planned"),
        ("important_systems", "2025-11-30", "2026-11-30", "this_month"),
        ("important_systems", "2025-11-25", "2026-11-25", "overdue"),
        ("full_switch", "2024-02-29", "2027-02-28", "planned"),
        ("full_switch", "2023-11-25", "2026-11-25", "overdue"),
        ("small", "2026-10-31", "2026-11-30", "this_month"),
        ("small", "2026-09-30", "2026-10-30", "overdue"),
        ("restore", "2026-01-15", "2027-01-15", "planned"),
    ],
)
def test_a_drill_is_due_so_many_months_after_the_last_that_held(key: str, last: str, due: str, state: str) -> None:
    found = row(key, past(last, *NEEDS))
    assert (found.due.isoformat(), found.state) == (due, state)


def test_what_was_never_held_is_due_today_and_comes_first() -> None:
    rows = calendar(TODAY, [past("2026-11-01", "fault")], rules())
    assert [(one.rule.key, one.state) for one in rows] == [
        ("important_systems", "never"), ("restore", "never"), ("full_switch", "never"), ("small", "planned"),
    ]  # fmt: skip
    assert {one.due for one in rows[:3]} == {TODAY}


def test_a_drill_that_missed_an_expectation_or_lies_ahead_or_shows_something_else_does_not_count() -> None:
    missed = past("2026-10-01", "site_lost", held=False)
    ahead, other = past("2026-11-27", "site_lost"), past("2026-10-01", "fault")
    assert row("important_systems", missed, ahead, other).last is None
    assert row("important_systems", past("2026-10-01", "site_lost")).last is not None


def test_the_last_of_several_counts_whatever_their_order() -> None:
    first, second = past("2026-02-01", "site_lost"), past("2026-08-01", "site_lost")
    assert row("important_systems", second, first).due == dt.date(2027, 8, 1)


def test_a_year_of_drills_is_planned_and_no_more() -> None:
    found = row("small", past("2026-11-10", "fault"))
    assert [day.isoformat()[:7] for day in found.planned] == [
        "2026-12",
        *(f"2027-{month:02}" for month in range(1, 12)),
    ]
    assert row("full_switch", past("2026-01-01", "switch_and_back")).planned == ()
    assert len(row("important_systems", past("2020-01-01", "site_lost")).planned) == 2  # now, and a year from now


def test_evidence_shows_what_befell_and_who_led() -> None:
    assert past_of(evidence(), "x").shows == {"fault", "site_lost"}
    back = {"terms": [{"site": name} for name in ("primary", "same-city", "same-city", "primary")]}
    assert past_of(evidence(leading=back), "x").shows == {"fault", "site_lost", "switch_and_back"}
    on = {"terms": [{"site": name} for name in ("primary", "same-city", "remote")]}
    assert past_of(evidence(leading=on), "x").shows == {"fault", "site_lost"}  # the first one never led again
    again = {"terms": [{"site": name} for name in ("primary", "primary")]}
    assert past_of(evidence(leading=again, disruptions=[{"kind": "over", "what": "lose"}]), "x").shows == set()
    assert past_of(evidence(restored={"case": 1}), "x").shows >= {"restore"}
    witness = [{"kind": "befalls", "what": "lose", "place": "witness"}]
    assert past_of(evidence(disruptions=witness), "x").shows == {"fault"}


def test_past_drills_are_read_from_their_folders(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "no_drill").mkdir()
    (tmp_path / "one" / "evidence.json").write_text(json.dumps(evidence()), encoding="utf-8")
    [found] = past_drills(tmp_path)
    assert (found.day, found.name, found.folder, found.held) == (dt.date(2026, 3, 2), "lose_the_primary", "one", True)


@pytest.mark.parametrize(
    ("text", "why"), [("{", "Expecting"), ("{}", "without format"), (json.dumps(evidence(format=2)), "right is 1")]
)
def test_what_is_no_evidence_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "evidence.json").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=f"one/evidence.json: not the evidence of a drill: .*{why}"):
        list(past_drills(tmp_path))


def test_every_rule_says_where_it_is_from() -> None:
    for rule in rules():
        marked = "[V]" in rule.source if rule.kind == "rule" else "默认值" in rule.source
        assert marked, rule.key
    assert {rule.needs for rule in rules()} == set(NEEDS)
    assert {name for rule in rules() for name in rule.drills} <= set(drill_names())
    assert all(rule.drills for rule in rules())


def test_the_table_says_what_is_due_and_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    drill_calendar_table(calendar(TODAY, [past("2026-11-10", "fault")], rules()))
    said = capsys.readouterr().out
    assert "从未 never held" in said
    assert "2026-11-10 lose_the_primary" in said
    assert "银监发〔2011〕104号" in said
    assert "12-10, 01-10, 02-10 … 12×" in said
