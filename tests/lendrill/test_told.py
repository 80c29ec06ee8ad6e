"""What a run tells is what its files hold: the report's figures are counted again with DuckDB, by other questions than the report
asks, in three small runs; and a customer's story leaves nothing out and puts nothing before its cause."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.cells import cell_len
from scipy.stats import CensoredData, ecdf

from lendrill.cli import main
from results.figures import figures
from results.story import story
from tests.lendrill.harness import run, small

RUNS = {
    "ordinary": small(
        run__customers=150,
        run__days=80,
        run__arrival_days=25,
        bank__branches=2,
        behaviour__miss_base_ppm=500_000,
        policies__repayment__non_performing_dpd=10,
    ),
    "short of staff": small(
        "staff_shortage", run__customers=100, run__days=75, bank__branches=2, staff__initial_approver__per_branch=1
    ),
    "by the hour": small(
        run__customers=100, run__days=5, bank__branches=2, run__window="hour", staff__re_reviewer__per_branch=1
    ),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {name: tmp_path_factory.mktemp("told") / "run" for name in RUNS}
    for name, path in found.items():
        run(RUNS[name], path, shards=1 + (name == "ordinary"))
    return found


class Files:
    """A run's files as DuckDB reads them."""

    def __init__(self, folder: Path) -> None:
        self._base = duckdb.connect()
        for name in ("events", "ledger"):
            self._base.execute(f"CREATE VIEW {name} AS FROM '{folder}/{name}/*.parquet'")
        for name in ("staff", "hours", "queues", "codes"):
            self._base.execute(f"CREATE VIEW {name} AS FROM '{folder}/{name}.parquet'")

    def rows(self, query: str) -> list[Any]:
        return self._base.execute(query).fetchall()

    def one(self, query: str) -> Any:
        return self.rows(query)[0][0]

    def cases(self, *events: str) -> set[int]:
        listed = ", ".join(f"'{event}'" for event in events)
        return {case for (case,) in self.rows(f"SELECT case_no FROM events WHERE event IN ({listed}) AND case_no > 0")}

    def first(self, event: str, column: str = "case_no", which: str = "MIN") -> dict[int, dt.datetime]:
        query = f"SELECT {column}, {which}(ts) FROM events WHERE event = '{event}' AND {column} > 0 GROUP BY {column}"
        return dict(self.rows(query))


def _counted(files: Files) -> dict[str, Any]:
    came = files.cases("application_submitted")
    found: dict[str, Any] = {
        "submitted": len(came),
        "screened_out": len(files.cases("application_refused", "customer_declined", "application_intercepted")),
        "approved": len(files.cases("application_approved")),
        "declined": len(files.cases("application_declined", "scoring_rejected")),
        "signed": len(files.cases("contract_signed")),
        "disbursed": len(files.cases("loan_disbursed")),
        "postings": files.one("SELECT COUNT(*) FROM ledger"),
        "trial_balance_fen": files.one("SELECT SUM(amount_fen) FROM ledger"),
        "written_off_yuan": (files.one("SELECT SUM(amount_fen) FROM events WHERE event = 'loan_written_off'") or 0)
        / 100,
    }
    return found | {f"{name}_share": found[name] / len(came) for name in list(found)[1:6]}


def _book(files: Files) -> dict[str, Any]:
    """The portfolio by the ledger and the events alone, where the report has it from the gauges of each day's end."""
    principal = dict(
        files.rows("SELECT loan, SUM(amount_fen) FROM ledger WHERE account = 'principal' AND loan > 0 GROUP BY loan")
    )
    cleared, marked = files.first("overdue_cleared", "loan", "MAX"), files.first("npl_marked", "loan", "MAX")
    gone = files.first("loan_settled", "loan") | files.first("loan_written_off", "loan")
    never = dt.datetime(1970, 1, 1)

    def still(since: dict[int, dt.datetime]) -> int:
        return sum(principal[loan] for loan, at in since.items() if loan not in gone and cleared.get(loan, never) < at)

    whole = sum(principal.values())
    return {
        "active_loans": len(files.first("loan_disbursed", "loan").keys() - gone.keys()),
        "outstanding_yuan": whole / 100,
        "overdue_rate": round(still(files.first("overdue_started", "loan", "MAX")) / whole, 6),
        "npl_rate": round(still(marked) / whole, 6),
    }


def _waits(files: Files, end: dt.datetime) -> dict[str, Any]:
    names = (
        "application_approved",
        "application_declined",
        "scoring_rejected",
        "bureau_refused",
        "application_intercepted",
    )
    ends: dict[int, dt.datetime] = {}
    for times in map(files.first, names):
        ends |= {case: min(at, ends.get(case, at)) for case, at in times.items()}
    accepted, manual = files.first("application_accepted"), files.cases("node_entered")
    lapsed = files.first("contract_expired", which="MAX")
    for case, at in files.first("contract_withdrawn", which="MAX").items():
        lapsed[case] = max(at, lapsed.get(case, at))
    signed, paid = files.first("contract_signed"), files.first("loan_disbursed")
    steps = {
        "automatic": ({case: at for case, at in accepted.items() if case not in manual}, ends, {}),
        "manual": ({case: at for case, at in accepted.items() if case in manual}, ends, {}),
        "to_sign": (files.first("application_approved"), signed, lapsed),
        "to_pay": (signed, paid, files.first("payment_stopped", which="MAX")),
    }
    found: dict[str, Any] = {}
    for name, (begins, stops, otherwise) in steps.items():
        done = [(stops[case] - at) / dt.timedelta(hours=1) for case, at in begins.items() if case in stops]
        rest = [
            (otherwise.get(case, end) - at) / dt.timedelta(hours=1) for case, at in begins.items() if case not in stops
        ]
        curve = ecdf(CensoredData(uncensored=done, right=rest)).sf
        for label, share in (("median", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
            reached = curve.quantiles[curve.probabilities <= 1 - share + 1e-12]
            found[f"wait_{name}_{label}_hours"] = float(reached[0]) if len(reached) else None
        found[f"open_{name}"] = len(rest)
    return found


def _desks(files: Files) -> dict[str, Any]:
    urged = "'case_urged', 'task_urged', 'write_off_urged', 'collection_urged'"
    found: dict[str, Any] = {}
    for (role,) in files.rows("SELECT DISTINCT role FROM staff"):
        busy, shift = files.rows(f"SELECT SUM(busy_ms), SUM(on_shift_ms) FROM staff WHERE role = '{role}'")[0]
        assert files.rows(f"SELECT SUM(busy_ms), SUM(on_shift_ms) FROM hours WHERE role = '{role}'") == [(busy, shift)]
        hours = files.rows(f"SELECT SUM(busy_ms), SUM(on_shift_ms) FROM hours WHERE role = '{role}' GROUP BY start")
        used = [float(worked / on_shift) for worked, on_shift in hours if on_shift]
        queue = files.rows(
            f"SELECT until, branch, waiting_end, begun, wait_ms_sum, arrivals FROM queues WHERE role = '{role}' ORDER BY 1"
        )
        begun, put = sum(row[3] for row in queue), sum(row[5] for row in queue)
        late = files.one(
            f"SELECT COUNT(*) FROM events WHERE event IN ({urged}) AND value = (SELECT code FROM codes WHERE kind = 'role' AND "
            f"name = '{role}')"
        )
        longest, standing = 0, dict[int, int]()
        for place, (until, branch, waiting, *_) in enumerate(queue):
            standing[branch] = waiting
            if place + 1 == len(queue) or queue[place + 1][0] != until:
                longest = max(longest, sum(standing.values()))
        found |= {
            f"use_{role}": float(busy / shift),
            f"worst_hour_{role}": max(used),
            f"full_hours_{role}": sum(share >= 0.95 for share in used),
            f"wait_{role}_mean_hours": sum(row[4] for row in queue) / begun / 3_600_000 if begun else None,
            f"queue_{role}_longest": longest,
            f"queue_{role}_end": sum(standing.values()),
            f"urged_{role}": late,
            f"sla_{role}": 1 - late / put if put else None,
        }
    return found


@pytest.mark.parametrize("name", RUNS)
def test_every_figure_is_what_the_files_say(runs: dict[str, Path], name: str) -> None:
    files, scenario = Files(runs[name]), RUNS[name]
    end = dt.datetime.combine(scenario.run.start, dt.time()) + dt.timedelta(scenario.run.days)
    expected = _counted(files) | _book(files) | _waits(files, end) | _desks(files)
    expected |= {"customers": scenario.run.customers, "days": scenario.run.days}
    told = {key: one.value for key, one in figures(runs[name]).items() if not key.startswith("people_")}
    assert told.keys() == expected.keys()
    assert {key for key, value in told.items() if value != pytest.approx(expected[key], abs=1e-6)} == set()
    assert sum(value is not None for value in told.values()) >= 60


def test_what_the_rates_speak_of_has_happened(runs: dict[str, Path]) -> None:
    """Else the rates above would be compared where nothing ever went wrong."""
    files = Files(runs["ordinary"])
    assert files.first("npl_marked", "loan")
    assert files.first("overdue_cleared", "loan")
    assert sum(one.value or 0 for key, one in figures(runs["short of staff"]).items() if key.startswith("urged_")) > 0


def test_a_story_leaves_nothing_out_and_puts_nothing_before_its_cause(runs: dict[str, Path]) -> None:
    files = Files(runs["ordinary"])
    case = files.one("SELECT MIN(loan) FROM events WHERE event = 'npl_marked'") // 100
    told = story(runs["ordinary"], case)
    steps = told["steps"]
    mine = f"case_no = {case} OR loan // 100 = {case}"
    assert sum(step["kind"] == "event" for step in steps) == files.one(f"SELECT COUNT(*) FROM events WHERE {mine}")
    legs = [leg for step in steps for leg in step.get("postings", ())]
    assert len(legs) == files.one(f"SELECT COUNT(*) FROM ledger WHERE loan // 100 = {case}") > 4
    order = [step["at"] for step in steps]
    assert order == sorted(order)
    names = [step.get("event", "posted") for step in steps]
    chain = ("application_submitted", "application_scored", "application_approved", "contract_generated", "contract_confirmed",
             "contract_signed", "contract_effective", "contract_archived", "loan_disbursed", "schedule_generated", "posted",
             "overdue_started")  # fmt: skip
    assert [names.index(name) for name in chain] == sorted(names.index(name) for name in chain)
    form = next(step["form"] for step in steps if "form" in step)
    contract = next(step["contract"] for step in steps if "contract" in step)
    assert form["name"] in contract["text"]
    assert form["id_number"] in contract["text"]
    opened = next(step for step in steps if "schedule" in step)
    assert opened["schedule"][0]["payment_fen"] == opened["amount_fen"]
    assert len(opened["schedule"]) == opened["value"]
    paid = next(step["amount_fen"] for step in steps if step.get("event") == "loan_disbursed")
    assert sum(line["principal_fen"] for line in opened["schedule"]) == paid


def test_explain_fits_eighty_columns_and_refuses_with_a_way_out(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(runs["ordinary"])
    for case in Files(runs["ordinary"]).cases("loan_disbursed", "application_declined"):
        if case % 8 == 0:
            assert main(["explain", folder, str(case)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 200
    assert max(map(cell_len, lines)) <= 80
    assert any("提交申请" in line for line in lines)
    case = min(Files(runs["ordinary"]).cases("loan_disbursed"))
    assert main(["explain", folder, str(case), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["case"] == case
    for number, said in (
        (f"{case}01", f"that is a loan of case {case}"),
        ("77", "for example"),
        ("x7", "not the number of a case"),
    ):
        assert main(["explain", folder, number]) == 2
        assert said in capsys.readouterr().err


def test_compare_fails_where_a_condition_holds(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one, other = str(runs["ordinary"]), str(runs["short of staff"])
    page = tmp_path / "both.html"
    assert (
        main(["compare", one, other, "--json", "--html", str(page), "--fail-if", "submitted != first.submitted"]) == 4
    )
    told = capsys.readouterr()
    assert "submitted != first.submitted: this holds" in told.err
    assert json.loads(told.out)["fail_if"] == ["submitted != first.submitted"]
    assert {row["field"] for row in json.loads(told.out)["differences"]} >= {
        "scenario.run.days",
        "scenario.staff.initial_approver.per_branch",
        "scenario.faults[0].target",
    }
    html = page.read_text(encoding="utf-8")
    assert 'data-chart="0.waits"' in html
    assert 'data-chart="1.waits"' in html
    assert main(["compare", one, other, "--fail-if", "submitted == first.submitted"]) == 0
