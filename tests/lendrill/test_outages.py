"""A bank that was away: two hours on a Monday, a night, and one of its branches for a day. Nothing passes meanwhile, every
applicant is accounted for, and the report's figures are counted again from the run's files by other questions."""

from __future__ import annotations

import datetime as dt
import json
from bisect import bisect_right
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from rich.cells import cell_len

from lendrill.cli import main
from results import outages
from results.figures import figures
from results.folder import read_summary
from results.story import story
from scenarios.model import Scenario
from tests.lendrill.harness import run, small

A, BACK, FULL = dt.datetime(2026, 1, 19, 10), dt.datetime(2026, 1, 19, 12), dt.datetime(2026, 1, 19, 14)
END = dt.datetime(2026, 1, 25)
SYSTEM: dict[str, Any] = {
    "kind": "system_outage",
    "start": A,
    "detection_minutes": 5,
    "decision_minutes": 25,
    "switch_minutes": 90,
    "recovery_minutes": {"disbursement": 120},
}
NIGHT = SYSTEM | {"start": dt.datetime(2026, 1, 21, 20), "switch_minutes": 13 * 60, "recovery_minutes": {}}
BRANCH = {
    "kind": "branch_outage",
    "branches": [2],
    "start": dt.datetime(2026, 1, 23, 8),
    "end": dt.datetime(2026, 1, 23, 20),
}
BUREAU = {
    "kind": "partner_outage",
    "target": "bureau",
    "start": dt.datetime(2026, 1, 14, 10),
    "end": dt.datetime(2026, 1, 14, 15),
}
CLOCK = {
    "instalment_due",
    "reminder_sent",
    "trial_balanced",
    "case_urged",
    "task_urged",
    "payment_delayed",
    "instruction_sent",
    "inspection_due",
    "records_inspected",
}
CLOCK |= {"contract_expired", "scan_chased"}
"""What happens by the clock alone while the bank is away: deadlines run on, and orders that fall due leave when it is back."""


def bank(*faults: dict[str, Any], **changes: Any) -> Scenario:
    return small(
        faults=list(faults),
        **{
            "run__days": 24,
            "run__customers": 500,
            "behaviour__outage_again_ppm": 500_000,
            "run__window": "hour",
            "staff__scale": True,
            "staff__scale_per_day": 30,
        }
        | changes,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outages") / "away"
    run(bank(SYSTEM, NIGHT, BRANCH), path, report=True)
    return path


@pytest.fixture(scope="module")
def never_away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outages") / "plain"
    run(bank(BUREAU), path)
    return path


def rows(folder: Path, query: str) -> list[Any]:
    tables = {name: f"'{folder}/{name}.parquet'" for name in ("waited", "queues", "hours", "cases", "codes")}
    return duckdb.execute(query.format(events=f"'{folder}/events/*.parquet'", **tables)).fetchall()


def references(folder: Path) -> set[int]:
    return {one for (one,) in rows(folder, "SELECT value FROM {events} WHERE event = 'application_submitted'")}


def test_the_digest_is_the_same_for_any_number_of_shards(folder: Path, tmp_path: Path) -> None:
    whole, dealt_out = read_summary(folder), run(bank(SYSTEM, NIGHT, BRANCH), tmp_path / "run", shards=3)
    assert (whole["digest"], whole["chain"]) == (dealt_out["digest"], dealt_out["chain"])
    assert whole["outages"] == dealt_out["outages"]


@pytest.mark.slow
def test_the_digest_is_the_same_on_ray(folder: Path, tmp_path: Path) -> None:
    from actors.ray_executor import RayExecutor

    found = run(bank(SYSTEM, NIGHT, BRANCH), tmp_path / "run", shards=2, executor=RayExecutor(None))
    assert found["digest"] == read_summary(folder)["digest"]


def test_an_outage_after_the_run_changes_nothing(never_away: Path, tmp_path: Path) -> None:
    later = SYSTEM | {"start": dt.datetime(2026, 6, 1, 10)}
    short = {"run__days": 15, "run__customers": 80, "behaviour__outage_again_ppm": 900_000}
    plain, planned = (run(bank(BUREAU, *more, **short), tmp_path / str(len(more))) for more in ([], [later]))
    assert (planned["digest"], planned["outages"]) == (plain["digest"], [])
    assert read_summary(never_away)["outages"] == []


def test_nothing_from_outside_and_nothing_of_people_happens_while_it_lasts(folder: Path) -> None:
    for start, until in ((A, BACK), (NIGHT["start"], dt.datetime(2026, 1, 22, 9, 30))):
        within = f"ts >= '{start}' AND ts < '{until}'"
        found = {event for (event,) in rows(folder, f"SELECT DISTINCT event::VARCHAR FROM {{events}} WHERE {within}")}
        assert found <= CLOCK
        hours = f"start >= '{start}' AND start + INTERVAL 1 HOUR <= '{until}'"
        assert rows(folder, f"SELECT SUM(busy_ms), SUM(on_shift_ms) FROM {{hours}} WHERE {hours}") in (
            [(0, 0)],
            [(None, None)],
        )
    day = "start >= '2026-01-23' AND start < '2026-01-24' AND role = 'initial_approver'"
    [(cut_off, others)] = rows(
        folder, f"SELECT SUM(on_shift_ms) FILTER (branch = 2), SUM(on_shift_ms) FROM {{hours}} WHERE {day}"
    )
    assert (cut_off or 0) == 0 < others


def test_every_applicant_is_taken_in_comes_later_or_is_lost(folder: Path, never_away: Path) -> None:
    came, offered = references(folder), references(never_away)
    waited = rows(folder, "SELECT reference, start, until, comes FROM {waited} WHERE who = 'applicant'")
    never = {reference for reference, _, _, comes in waited if not comes}
    to_come = {reference for reference, _, until, comes in waited if comes and until > END}
    assert offered - came == never | to_come
    assert came <= offered
    assert never
    at = dict(rows(folder, "SELECT value, ts FROM {events} WHERE event = 'application_submitted'"))
    first = dict(rows(never_away, "SELECT value, ts FROM {events} WHERE event = 'application_submitted'"))
    for reference, start, until, comes in waited:
        assert first[reference] == start
        assert not comes or until > END or at[reference] == until


@pytest.mark.requirement("DR-11.a")
def test_stages_come_back_in_their_grades(folder: Path) -> None:
    later = "role LIKE 'disbursement%' OR role = 'use_verifier'"
    [(graded, critical)] = rows(
        folder,
        f"SELECT SUM(on_shift_ms) FILTER ({later}), SUM(on_shift_ms) FILTER (role LIKE '%approver') FROM {{hours}} "
        "WHERE start = '2026-01-19 13:00'",
    )
    assert (graded or 0) == 0 < critical


def test_the_figures_of_who_waited_are_what_the_files_say(folder: Path) -> None:
    [system, night, branch] = read_summary(folder)["outages"]
    for one, start, until in (
        (system, A, FULL),
        (night, NIGHT["start"], dt.datetime(2026, 1, 22, 9, 30)),
        (branch, BRANCH["start"], BRANCH["end"]),
    ):
        for who, part in (("applicant", "applications"), ("customer", "customers")):
            met = [
                row
                for row in rows(folder, f"SELECT start, until, comes, branch FROM {{waited}} WHERE who = '{who}'")
                if start <= row[0] < until
            ]
            lasted = [(row[1] - row[0]) / dt.timedelta(milliseconds=1) for row in met if row[2] and row[1] <= END]
            told = one[part]
            assert (told["waited"], told["came"]) == (len(met), len(lasted))
            assert told["never"] == sum(not row[2] for row in met)
            assert told["longest_ms"] == (max(lasted) if lasted else None)
            assert told["median_ms"] == (np.quantile(lasted, 0.5, method="inverted_cdf") if lasted else None)
            assert told["p95_ms"] == (np.quantile(lasted, 0.95, method="inverted_cdf") if lasted else None)
        counted = {place["branch"]: place["applications"] for place in one["branches"] if place["applications"]}
        found = rows(
            folder,
            f"SELECT branch, COUNT(*) FROM {{waited}} WHERE who = 'applicant' AND start >= '{start}' AND start < '{until}' "
            "GROUP BY branch",
        )
        assert counted == dict(found)
    assert system["applications"]["waited"] > 2
    assert system["customers"]["waited"] > 0
    assert branch["branches_away"] == [2]


def _levels(folder: Path, column: str) -> dict[Any, dict[dt.datetime, int]]:
    """Tasks waiting at each hour's end, by desk or branch."""
    found = rows(
        folder, "SELECT role, branch, start, until, waiting_end, arrivals, begun FROM {queues} ORDER BY until, start"
    )
    grid = [dt.datetime(2026, 1, 1) + dt.timedelta(hours=hour) for hour in range(24 * 24 + 1)]
    pools: dict[tuple[str, int], list[Any]] = {}
    for row in found:
        pools.setdefault(row[:2], []).append(row)
    levels: dict[Any, dict[dt.datetime, int]] = {}
    for (role, branch), mine in pools.items():
        level = levels.setdefault(role if column == "role" else branch, dict.fromkeys(grid, 0))
        ends = [row[3] for row in mine]
        for hour in grid:
            place = bisect_right(ends, hour)
            level[hour] += mine[place - 1][4] if place else mine[0][4] - mine[0][5] + mine[0][6]
    return levels


@pytest.mark.parametrize(("column", "part", "name"), [("role", "desks", "desk"), ("branch", "branches", "branch")])
def test_the_backlog_is_what_waits_above_the_week_before_and_what_was_added_till_then(
    folder: Path, column: str, part: str, name: str
) -> None:
    system, levels = read_summary(folder)["outages"][0], _levels(folder, column)
    week, grown = dt.timedelta(days=7), 0
    for row in (row for row in system[part] if row[name] in levels):
        level = levels[row[name]]
        ahead = max(level[A] - level[A - week], 0)
        above = {
            hour: waiting - level[hour - week] - ahead for hour, waiting in level.items() if BACK <= hour <= A + week
        }
        that_day = {hour: most for hour, most in above.items() if hour < dt.datetime(2026, 1, 20)}
        most = max(that_day.values())
        assert (row["before"], row["ahead"], row["at_return"]) == (level[A], ahead, level[BACK])
        assert row["backlog"] == max(most, 0)
        if most > 0:
            worst = min(hour for hour in that_day if that_day[hour] == most)
            drained = [hour for hour in above if hour >= worst and above[hour] <= 0]
            lasted = (drained[0] - BACK) / dt.timedelta(milliseconds=1) if drained else None
            assert row["drain_ms"] == lasted
            grown += 1
        else:
            assert row["drain_ms"] == 0
    assert grown
    assert system["compared_with"] == "week_before"


@pytest.mark.parametrize(
    ("weekly", "week_before", "ahead", "backlog"), [(True, 10, 90, 30), (True, 400, 0, 0), (False, 10, 0, 30)]
)
def test_a_queue_that_grew_before_the_outage_is_no_backlog_of_it(
    weekly: bool, week_before: int, ahead: int, backlog: int
) -> None:
    """A desk at which 100 tasks wait as the outage begins, 130 at its end, and 100 three hours later."""
    later = BACK + dt.timedelta(hours=3)
    with duckdb.connect() as connection:
        level = [(A - dt.timedelta(days=8), week_before), (A, 100), (BACK, 130), (later, 100)]
        connection.execute("CREATE TEMP TABLE levels (part VARCHAR, whose VARCHAR, since TIMESTAMP, waiting BIGINT)")
        connection.executemany("INSERT INTO levels VALUES ('desk', 'desk', ?, ?)", level)
        at = {"start": A, "back": BACK, "night": A.date() + dt.timedelta(days=1), "end": A + dt.timedelta(days=7)}
        query = outages._BACKLOG.format(part="desk", days=7, weekly=weekly, **at)
        [told] = connection.execute(query).fetchall()
    drained = later if backlog else BACK
    assert told == ("desk", 100, ahead, 130, backlog, drained)


def test_limits_and_days_ends_are_told(folder: Path) -> None:
    [system, night, _] = read_summary(folder)["outages"]
    urged = dict(
        rows(folder, "SELECT ts::DATE, COUNT(*) FROM {events} WHERE event IN ('case_urged', 'task_urged', 'write_off_urged', "
        "'collection_urged') GROUP BY 1")
    )  # fmt: skip
    put = dict(rows(folder, "SELECT start::DATE, SUM(arrivals) FROM {queues} GROUP BY 1"))
    day = A.date()
    assert (system["limits"]["days"]["urged"], system["limits"]["days"]["tasks"]) == (urged.get(day, 0), put[day])
    assert sum(system["limits"][one]["urged"] for one in ("days", "day_after", "other_days")) == sum(urged.values())
    assert system["day_ends"] == []
    [end] = night["day_ends"]
    assert (end["day"], end["done"], end["in_time"]) == ("2026-01-21", "2026-01-22 09:30:00", False)
    assert (system["detected"], system["decided"], system["back"]) == (
        "2026-01-19 10:05:00",
        "2026-01-19 10:30:00",
        str(BACK),
    )


def test_compare_knows_the_figures(folder: Path, never_away: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outages, told = read_summary(folder)["outages"], figures(folder)
    assert told["outage_applications_waited"].value == sum(one["applications"]["waited"] for one in outages)
    assert told["outage_day_ends_late"].value == 1
    assert "outage_urged" not in figures(never_away)
    condition = "outage_applications_never > 0"
    assert main(["compare", str(folder), str(folder), "--fail-if", condition]) == 4
    assert condition in capsys.readouterr().err


def test_explain_shows_a_customer_who_waited(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [(case, start, until)] = rows(
        folder,
        "SELECT case_no, start, until FROM {waited} JOIN (SELECT case_no, reference FROM {cases}) cases USING (reference) "
        "WHERE who = 'applicant' AND comes ORDER BY start LIMIT 1".replace("case_no, start", "cases.case_no, start"),
    )
    steps = story(folder, case)["steps"]
    assert [step["kind"] for step in steps[:2]] == ["wait", "event"]
    assert steps[1]["event"] == "application_submitted"
    assert dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=steps[0]["until"]) == until
    assert main(["explain", str(folder), str(case)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("系统或网点中断" in line and f"{start:%H:%M:%S}" in line for line in lines)
    assert max(map(cell_len, lines)) <= 80


def test_the_report_has_a_section_on_it(folder: Path, never_away: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="outages"' in page
    drawn = json.loads(page.split('id="charts">')[1].split("</script>")[0])
    assert {"offered0", "queued0", "offered2", "queued2"} <= drawn.keys()
    first, taken = (dict(zip(trace["x"], trace["y"], strict=True)) for trace in drawn["offered0"]["data"])
    assert taken["2026-01-19 10:00"] == taken["2026-01-19 11:00"] == 0 < first["2026-01-19 10:00"]
    submitted = rows(
        folder, "SELECT COUNT(*) FROM {events} WHERE event = 'application_submitted' AND ts::DATE = '2026-01-19'"
    )
    assert sum(count for hour, count in taken.items() if hour < "2026-01-20") == submitted[0][0]
    tried = rows(
        never_away, "SELECT COUNT(*) FROM {events} WHERE event = 'application_submitted' AND ts::DATE = '2026-01-19'"
    )
    assert sum(count for hour, count in first.items() if hour < "2026-01-20") == tried[0][0]


def test_a_run_that_goes_on_in_the_middle_of_one_lets_through_what_waited(folder: Path, tmp_path: Path) -> None:
    cut = SYSTEM | {
        "start": dt.datetime(2026, 1, 5, 9),
        "detection_minutes": 0,
        "decision_minutes": 0,
        "switch_minutes": 24 * 60,
    }
    run(bank(cut, run__days=5, run__customers=150), tmp_path / "early")
    over = rows(tmp_path / "early", "SELECT COUNT(*) FROM {waited} WHERE who <> 'applicant' AND until >= '2026-01-06'")
    assert over[0][0] > 0
    later = small(run__days=2, run__customers=5, run__start="2026-01-06", run__window="hour")
    found = run(later, tmp_path / "later", earlier=tmp_path / "early")
    assert found["outages"] == []
    assert found["invariants"]["violations"] == 0


def test_a_live_bank_plays_no_outage_of_its_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    where = ["--executor", "local", "--home", str(tmp_path / "bank"), "--clock", "business", "--date", "2026-03-10"]
    assert main(["serve", "primary_lost", *where]) == 2
    assert "faults.0: a system outage strikes simulated runs only" in capsys.readouterr().err
