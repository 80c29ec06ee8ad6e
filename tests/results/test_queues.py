"""How many tasks wait at a desk, put together from rows that stand only where something happened."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from credit.times import DAY_MS
from results.folder import RunFolderError
from results.queries import RunQueries
from tests.results.builders import whole_run

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
        for branch, day, arrivals, begun, waiting in rows
    ]
    pq.write_table(pa.Table.from_pylist(told, before.schema), file)


def waiting(run: Path) -> list[int]:
    with RunQueries(run) as queries:
        return [row[2] for row in queries.queues("day", DAY, DAY + dt.timedelta(3))]


def peak(run: Path) -> tuple[int, dt.datetime, int]:
    """The longest queue, when, and what the run leaves waiting."""
    with RunQueries(run) as queries:
        [(*_, longest, at, left, _, _)] = queries.desks()
    return longest, at, left


def test_what_waits_at_one_branch_goes_on_while_only_another_has_rows(run: Path) -> None:
    wait(run, (1, 0, 5, 2, 3), (2, 1, 4, 0, 4), (1, 2, 0, 3, 0))
    assert waiting(run) == [3, 7, 4]
    assert peak(run) == (7, DAY + dt.timedelta(1), 4)


def test_what_a_continued_run_finds_waiting_waits_from_its_start(run: Path) -> None:
    wait(run, (1, 1, 0, 4, 6), (2, 0, 1, 0, 1))
    assert waiting(run) == [11, 7, 7]
    wait(run, (1, 0, 0, 4, 6), (2, 0, 1, 0, 1))
    assert waiting(run) == [7, 7, 7]
    assert peak(run) == (10, DAY, 7)


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
