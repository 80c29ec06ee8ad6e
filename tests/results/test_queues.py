"""How many tasks wait at a desk, put together from rows that stand only where something happened."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from credit.approval.contract import Desk
from credit.approval.contract import Event as ApprovalEvent
from credit.times import DAY_MS
from results.figures import Figure, figures
from results.folder import RunFolderError
from results.queries import RunQueries
from results.report import desks_of
from tests.results.builders import START, bank, record, seal, whole_run

DAY = dt.datetime(2026, 1, 1)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of three days, whose queues a test writes itself."""
    whole_run(tmp_path / "run", cases=5, days=3)
    return tmp_path / "run"


def wait(run: Path, *rows: tuple[int, int, int, int, int], waiting_ms: int = 0) -> None:
    """Rows of (branch, day, arrivals, begun, waiting at its end), each a day long and with so much waiting of all tasks."""
    file = run / "queues.parquet"
    before = pq.read_table(file)
    blank = dict.fromkeys(before.column_names, 0) | {"role": "re_reviewer"}
    told = [
        blank
        | {"start": DAY + dt.timedelta(day), "until": DAY + dt.timedelta(day + 1), "branch": branch}
        | {"arrivals": arrivals, "begun": begun, "waiting_end": waiting, "waiting_ms": waiting_ms}
        | {"waiting_max": waiting + begun}
        for branch, day, arrivals, begun, waiting in rows
    ]
    pq.write_table(pa.Table.from_pylist(told, before.schema), file)


def waiting(run: Path) -> list[int]:
    with RunQueries(run) as queries:
        return [row[2] for row in queries.queues("day", DAY, DAY + dt.timedelta(3))]


def peak(run: Path) -> tuple[int, dt.datetime, int, int, int]:
    """The longest queue of a branch, when, where, and what the run leaves waiting there and everywhere."""
    with RunQueries(run) as queries:
        [(*_, longest, at, branch, there, left, _, _)] = queries.desks()
    return longest, at, branch, there, left


def test_what_waits_at_one_branch_goes_on_while_only_another_has_rows(run: Path) -> None:
    wait(run, (1, 0, 5, 2, 3), (2, 1, 4, 0, 4), (1, 2, 0, 3, 0))
    assert waiting(run) == [3, 7, 4]
    assert peak(run) == (5, DAY, 1, 0, 4)


def test_what_a_continued_run_finds_waiting_waits_from_its_start(run: Path) -> None:
    wait(run, (1, 1, 0, 4, 6), (2, 0, 1, 0, 1))
    assert waiting(run) == [11, 7, 7]
    wait(run, (1, 0, 0, 4, 6), (2, 0, 1, 0, 1))
    assert waiting(run) == [7, 7, 7]
    assert peak(run) == (10, DAY, 1, 6, 7)


def test_the_longest_queue_is_one_that_stood_at_any_instant_and_not_at_a_days_end(run: Path) -> None:
    """All nine are begun before the day is over: no day ends with a queue."""
    wait(run, (1, 0, 4, 4, 0), (2, 1, 9, 9, 0), (1, 2, 1, 0, 1))
    assert waiting(run) == [0, 0, 1]
    assert peak(run) == (9, DAY + dt.timedelta(1), 2, 0, 1)


def test_a_task_within_its_limit_counts_for_it_only_once_it_is_done(tmp_path: Path) -> None:
    """Of four urged ones two are done, one by who took it first and one by way of its loan; one was taken, one waits."""
    plan, _ = bank(cases=5, days=3)
    cases = [10**9 + n for n in (901, 902, 903, 904)]
    at = START + 2 * DAY_MS
    for case in cases:
        plan.event(ApprovalEvent.CASE_URGED, at, case, value=Desk.INITIAL_APPROVER, loan=case * 100 + 1)
    for case in cases[:2]:
        plan.event(ApprovalEvent.TASK_HANDLED, at + 1, case, actor=10_001)
    plan.event(ApprovalEvent.NODE_DECIDED, at + 2, cases[0], actor=10_001)
    plan.event(ApprovalEvent.NODE_DECIDED, at - 2, cases[3], actor=10_001)
    plan.event(ApprovalEvent.NODE_DECIDED, at + 2, 0, actor=10_002, loan=cases[2] * 100 + 1)
    for rows in plan.events.values():
        rows.sort()
    seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    done = 2 * 3 * 9
    with RunQueries(tmp_path / "run") as queries:
        assert queries.limits_told() == {"initial_approver": done + 2}
    told = {name: one for name, one in figures(tmp_path / "run").items() if name.startswith("sla_")}
    assert told == {"sla_initial_approver": Figure(1 - 4 / (done + 2), of=done + 2)}


def test_hours_are_full_by_branch(run: Path) -> None:
    """Two of three hours of branch 2, where all branches together were never full."""
    rows = [
        {"start": DAY + dt.timedelta(hours=hour), "until": DAY + dt.timedelta(hours=hour + 1), "branch": branch}
        | {"role": "re_reviewer", "busy_ms": busy, "on_shift_ms": on_shift}
        for hour, branch, busy, on_shift in (
            *((0, 1, 10, 100), (1, 1, 0, 100), (2, 1, 96, 100), (3, 1, 5, 0)),
            *((0, 2, 95, 100), (1, 2, 100, 100), (2, 2, 80, 100)),
        )
    ]
    wait(run, (1, 0, 1, 1, 0))
    pq.write_table(pa.Table.from_pylist(rows), run / "hours.parquet")
    with RunQueries(run) as queries:
        assert queries.full_hours(0.95) == [("re_reviewer", 1, 1, 3), ("re_reviewer", 2, 2, 3)]
        [desk] = [desk for desk in desks_of(queries, {}) if desk["role"] == "re_reviewer"]
    assert {name: desk[name] for name in ("full_branch", "full_hours", "open_hours")} == {
        "full_branch": 2,
        "full_hours": 2,
        "open_hours": 3,
    }


def test_hours_of_head_office_are_full_when_its_people_are_whoevers_tasks_they_have(run: Path) -> None:
    """Their shift is counted by halves at two branches: an hour that one branch fills is half an hour of theirs."""
    rows = [
        {"start": DAY + dt.timedelta(hours=hour), "until": DAY + dt.timedelta(hours=hour + 1), "branch": branch}
        | {"role": "finance", "busy_ms": busy, "on_shift_ms": 50}
        for hour, branch, busy in ((0, 1, 50), (0, 2, 0), (1, 1, 48), (1, 2, 47), (2, 1, 0), (2, 2, 0))
    ]
    pq.write_table(pa.Table.from_pylist(rows), run / "hours.parquet")
    with RunQueries(run) as queries:
        assert queries.full_hours(0.95) == [("finance", 0, 1, 3)]


def test_a_queue_that_waits_for_years_together_is_drawn_all_the_same(run: Path) -> None:
    """A thousand million tasks that wait all day: ms of waiting times ms of a day are more than 64 bits hold."""
    tasks = 10**9
    wait(run, (1, 0, tasks, 0, tasks), (1, 1, 0, 0, tasks), (1, 2, 0, 0, tasks), waiting_ms=tasks * DAY_MS)
    with RunQueries(run) as queries:
        assert [row[3] for row in queries.queues("day", DAY, DAY + dt.timedelta(3))] == [tasks] * 3
        assert [row[3] for row in queries.queues("hour", DAY, DAY + dt.timedelta(1))] == pytest.approx([tasks] * 24)
        assert queries.desks()[0][-1] == 3 * tasks * DAY_MS


@pytest.mark.parametrize("missing", ["events", "ledger"])
def test_a_run_without_its_events_or_its_ledger_is_refused(run: Path, missing: str) -> None:
    for file in (run / missing).glob("*.parquet"):
        file.unlink()
    with pytest.raises(RunFolderError, match=f"its {missing}/ are missing"):
        RunQueries(run)


def test_a_folder_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="nope: there is no such folder"):
        RunQueries(tmp_path / "nope")


def test_a_table_that_is_none_is_refused_in_a_line(run: Path) -> None:
    (run / "queues.parquet").write_bytes(b"no table")
    with RunQueries(run) as queries, pytest.raises(RunFolderError, match="run: damaged"):
        queries.desks()
