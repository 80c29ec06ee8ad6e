"""A new subsystem costs its own package: the tenth room runs the full flow, and nothing of the bank, the world, the report or the
command line knows of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

REPOSITORY = Path(__file__).parents[2]


def run(path: Path, shards: int) -> Path:
    subprocess.run([sys.executable, "-m", "tests.tenth", str(path), str(shards)], cwd=REPOSITORY, check=True)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("tenth") / "run", 2)


def figure(query: str) -> int:
    with duckdb.connect() as connection:
        (found,) = connection.execute(query).fetchone() or (0,)
    return int(found or 0)


def test_it_runs_the_full_flow(folder: Path) -> None:
    """Mail meant for another room comes in, a desk nobody named is staffed, and what it sends takes effect where it is meant."""
    events = f"'{folder}/events/**/*.parquet'"
    inspected = figure(f"select count(*) from {events} where event = 'inspected'")
    paid = figure(f"select count(*) from {events} where event = 'schedule_generated'")
    daily = f"'{folder}/daily.parquet'"
    last = f"day = (select max(day) from {daily})"
    waiting = figure(f"select sum(count) from {daily} where metric like '%inspections_open' and {last}")
    assert 0 < inspected == paid - waiting
    assert figure(f"select count(*) from {events} where event = 'limit_restricted' and room = 'disbursement'") > 0
    served = figure(f"select sum(completions) from '{folder}/queues.parquet' where role = 'inspector'")
    assert served == inspected


def test_it_is_in_the_report_and_in_the_dictionary(folder: Path) -> None:
    report = (folder / "report.html").read_text(encoding="utf-8")
    for words in ("inspections open", "贷后检查员", "待检查贷款"):
        assert words in report
    names = (
        f"select count(*) from '{folder}/codes.parquet' where chinese in ('贷后检查完成', '贷后检查员', '待检查贷款')"
    )
    assert figure(names) == 3


def test_its_state_is_dealt_out_to_any_number_of_shards(folder: Path, tmp_path: Path) -> None:
    alone = json.loads((run(tmp_path / "alone", 1) / "summary.json").read_text())
    shared = json.loads((folder / "summary.json").read_text())
    assert alone["digest"] == shared["digest"]
    assert alone["windows_done"] == alone["windows"]


def test_nobody_else_knows_of_it() -> None:
    """What the tenth room cost outside its package."""
    houses = "actors credit lendrill results scenarios sim".split()
    touched = [str(p) for h in houses for p in (REPOSITORY / h).rglob("*.py") if "tests.tenth" in p.read_text()]
    assert touched == []
