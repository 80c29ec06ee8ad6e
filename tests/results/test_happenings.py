"""Which planned absences somebody can have felt: those during which a task was at the desk, waiting or in hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from results.findings import findings
from results.happenings import happenings, missed, unfelt
from tests.results.builders import whole_run

DAY = dt.datetime(2026, 1, 1)


def absence(desk: str, since: int, until: int) -> dict[str, Any]:
    edges = {"start": (DAY + dt.timedelta(since)).isoformat(), "end": (DAY + dt.timedelta(until)).isoformat()}
    return {"kind": "absence", "target": desk, "share_ppm": 1_000_000, "branches": [], **edges}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of three days in which one task came to the re-reviewers of one branch on the first, was in hand on the second and
    done on the third."""
    whole_run(tmp_path / "run", cases=5, days=3)
    file = tmp_path / "run" / "queues.parquet"
    before = pq.read_table(file)
    blank = dict.fromkeys(before.column_names, 0) | {"role": "re_reviewer", "branch": 1}
    rows = [
        blank
        | {"start": DAY + dt.timedelta(day), "until": DAY + dt.timedelta(day + 1)}
        | {"arrivals": arrivals, "begun": arrivals, "completions": done, "in_service_end": in_hand}
        for day, arrivals, done, in_hand in ((0, 1, 0, 1), (2, 0, 1, 0))
    ]
    pq.write_table(pa.Table.from_pylist(rows, before.schema), file)
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("desk", "since", "until", "felt"),
    [
        ("re_reviewer", 0, 1, True),
        ("re_reviewer", 1, 2, True),
        ("re_reviewer", 2, 3, True),
        ("re_reviewer", 3, 4, False),
        ("re_reviewer", -2, 0, False),
        ("finance", 0, 3, False),
        ("administrator", 0, 3, True),
    ],
)
def test_an_absence_is_felt_where_a_task_is_at_the_desk_meanwhile(
    run: Path, desk: str, since: int, until: int, felt: bool
) -> None:
    assert unfelt(run, {"faults": [absence(desk, since, until)]}) == ([] if felt else [0])


def test_an_absence_that_nobody_can_have_felt_is_told(run: Path) -> None:
    scenario = {"faults": [absence("re_reviewer", 0, 1), absence("finance", 0, 2), absence("finance", 90, 92)]}
    planned = happenings(scenario, DAY, DAY + dt.timedelta(3), unfelt(run, scenario))
    assert [one.state for one in planned] == ["whole", "idle", "none"]
    assert [one.state for one in missed(planned)] == ["idle", "none"]
    told = findings([], [], [], {"refusals": [], "portfolio": {"written_off_loans": 0}}, planned)
    assert told[0].words[0].startswith("No task was at the desk meanwhile: ")
    assert told[0].words[1].startswith("期间该岗位没有任务：")


def test_a_run_without_staffed_desks_felt_no_absence(run: Path) -> None:
    (run / "queues.parquet").unlink()
    assert unfelt(run, {"faults": [absence("re_reviewer", 0, 1)]}) == [0]
