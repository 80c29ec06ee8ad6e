"""The core terms: data that people see, and that the rules of a run keep to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from credit.terms import terms
from lendrill.cli import main
from lendrill.terms import counted
from results.report import write_report
from tests.lendrill.harness import run, small

DAYS = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank that calls a default after eight days, and lends revolving limits often."""
    path = tmp_path_factory.mktemp("terms") / "run"
    scenario = small(
        run__customers=220,
        run__days=90,
        run__arrival_days=20,
        bank__branches=2,
        demand__working_capital__weight=600_000,
        demand__mortgage__weight=0,
        demand__micro_business__weight=0,
        demand__consumer_loan__weight=200_000,
        behaviour__miss_base_ppm=900_000,
        behaviour__cure_daily_ppm=60_000,
        behaviour__drawdowns_per_year=50,
        behaviour__drawdown_share_ppm=600_000,
        behaviour__early_full_per_year_ppm=600_000,
        policies__repayment__non_performing_dpd=DAYS,
    )
    run(scenario, path)
    return path


def _asked(folder: Path, query: str) -> list[Any]:
    return duckdb.execute(query.replace("events", f"'{folder}/events/*.parquet'")).fetchall()


@pytest.mark.requirement("PRD-02.a")
def test_terms_are_told_by_a_command_and_in_the_report_with_their_days_and_counts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["terms"]) == 0
    plain = " ".join(capsys.readouterr().out.split())
    assert main(["terms", str(folder)]) == 0
    of_the_run = " ".join(capsys.readouterr().out.split())
    page = write_report(folder).read_text(encoding="utf-8")
    for term, count in counted(folder):
        assert " ".join(term.words) in plain
        assert f"{count:,} {term.of}s" in of_the_run
        assert all(words in page for words in term.means)
        assert f"本次运行：{count:,} 笔" in page
    assert "90" in terms()[-1].means[0]
    assert [f"{DAYS} days" in counted(folder)[-1][0].means[0], f"超过{DAYS}天" in page] == [True, True]
    assert main(["terms", str(folder.parent)]) == 2


@pytest.mark.requirement("PRD-02.b")
def test_a_credit_grant_is_an_evaluation_and_then_an_approved_limit(folder: Path) -> None:
    first: dict[str, dict[int, int]] = {
        event: dict(_asked(folder, f"SELECT case_no, MIN(epoch_ms(ts)) FROM events WHERE event = '{event}' GROUP BY 1"))
        for event in ("application_scored", "application_approved")
    }
    scored, approved = first.values()
    assert all(scored[case] <= at for case, at in approved.items())
    assert _count(folder, "credit_grant") == len(approved) > 20
    assert set(scored) - set(approved), "somebody is scored and not approved"


@pytest.mark.requirement("PRD-02.c")
def test_no_more_than_the_limit_is_ever_used_and_what_is_repaid_may_be_used_again(folder: Path) -> None:
    rows = _asked(
        folder,
        "SELECT case_no, event = 'application_approved', IF(event = 'limit_restored', -amount_fen, amount_fen) FROM events "
        "WHERE event IN ('application_approved', 'loan_disbursed', 'limit_restored') ORDER BY case_no, ts, seq",
    )
    limit, used, most = dict[int, int](), dict[int, int](), dict[int, int]()
    for case, is_limit, amount in rows:
        if is_limit:
            limit[case] = amount
            continue
        used[case] = used.get(case, 0) + amount
        most[case] = most.get(case, 0) + max(amount, 0)
        assert 0 <= used[case] <= limit[case], case
    assert _count(folder, "limit") == len(limit)
    assert any(most[case] > limit[case] for case in most), "a limit is used again"


@pytest.mark.requirement("PRD-02.d")
def test_overdue_begins_the_day_after_a_date_on_which_not_all_was_repaid(folder: Path) -> None:
    late = _asked(folder, "SELECT loan, ts::DATE, value FROM events WHERE event = 'overdue_started'")
    due = {*_asked(folder, "SELECT loan, ts::DATE FROM events WHERE event = 'instalment_due'")}
    paid = {*_asked(folder, "SELECT loan, ts::DATE FROM events WHERE event = 'instalment_paid'")}
    day = duckdb.execute("SELECT INTERVAL 1 DAY").fetchall()[0][0]
    assert {value for _, _, value in late} == {1}
    assert {(loan, at - day) for loan, at, _ in late} <= due - paid
    assert _count(folder, "overdue") == len({loan for loan, *_ in late}) > 0


@pytest.mark.requirement("PRD-02.e")
def test_a_default_is_a_loan_past_due_for_longer_than_the_policy_allows(folder: Path) -> None:
    evident = {loan for (loan,) in _asked(folder, "SELECT loan FROM events WHERE event = 'loss_evident'")}
    marked: dict[int, int] = dict(
        _asked(folder, "SELECT loan, MIN(value) FROM events WHERE event = 'npl_marked' GROUP BY loan")
    )
    assert {value for loan, value in marked.items() if loan not in evident} == {DAYS + 1}
    assert _count(folder, "default") == len(marked) < _count(folder, "overdue")


def _count(folder: Path, key: str) -> int:
    return next(count or 0 for term, count in counted(folder) if term.key == key)
