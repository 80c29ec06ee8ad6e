"""How a business is looked into before anybody approves: the visit with its papers and figures, the analysis by somebody else,
and what goes on to approval."""

from __future__ import annotations

from typing import Any

import pytest

from credit.approval.contract import ApplicationScored
from credit.codes import FileFormat, Verdict
from credit.due_diligence.contract import DESK, Desk, Event, Paper, Refusal
from credit.due_diligence.findings import Analysis, Concern
from credit.due_diligence.states import InvestigationState
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.due_diligence.builders import (
    ANALYST,
    BOTH,
    CASE,
    NINE,
    OTHER_ANALYST,
    OTHER_VISITOR,
    VISITOR,
    YUAN,
    Bench,
    figures,
    paper,
    reasons,
    scored,
)

REFUSED = Event.DUE_DILIGENCE_REFUSED


def begun(**columns: Any) -> Bench:
    bench = Bench()
    bench.run(scored(**columns))
    return bench


@pytest.mark.requirement("APP-01.b", "APP-21.a")
def test_a_business_is_visited_and_analysed_before_approval_hears_of_it():
    bench = Bench()
    out = bench.run(scored())
    [task] = out.take(DESK.task)
    assert (task["desk"], task["amount_fen"]) == (Desk.SITE_INVESTIGATOR, 2_000_000 * YUAN)
    out = bench.visited()
    assert len(out.take(ApplicationScored)) == 0
    [task] = out.take(DESK.task)
    assert task["desk"] == Desk.FINANCIAL_ANALYST
    [passed] = bench.says(ANALYST, 1_900_000).take(ApplicationScored)
    assert (passed["case"], passed["analysis"], passed["proposed_fen"]) == (CASE, Analysis.SOUND, 1_900_000 * YUAN)
    assert bench.room.cases.find([CASE]).tolist() == [-1]


@pytest.mark.requirement("APP-21.b", "APP-21.c")
@pytest.mark.parametrize(
    ("brought", "reason"),
    [
        ({"photos": 2}, Refusal.PHOTOS_MISSING),
        ({"report": False}, Refusal.REPORT_MISSING),
        ({"books": False}, Refusal.FIGURES_MISSING),
    ],
)
def test_a_visit_does_not_end_without_photos_report_and_figures(brought: dict[str, Any], reason: Refusal):
    bench = begun()
    bench.claims()
    bench.brings(**brought)
    assert reasons(bench.says(VISITOR), REFUSED) == [reason]
    assert bench.row()["state"] == InvestigationState.VISITING
    bench.brings()
    bench.says(VISITOR)
    assert bench.row()["state"] == InvestigationState.ANALYSING


@pytest.mark.requirement("APP-21.b")
def test_papers_belong_to_the_case_and_a_newer_one_takes_the_place_of_the_older():
    bench = begun()
    bench.claims()
    bench.brings()
    bench.run(paper(bench.now + 1, nth=2, digest="f" * 64))
    papers = bench.room.papers.table
    assert papers["case"].tolist() == [CASE] * 4
    kept = dict(
        zip(zip(papers["paper"].tolist(), papers["nth"].tolist(), strict=True), papers.text("digest"), strict=True)
    )
    assert kept[int(Paper.PHOTO), 2] == "f" * 64
    bench.says(VISITOR)
    bench.says(ANALYST, 1_000_000)
    assert len(papers) == 4


@pytest.mark.requirement("APP-21.b")
def test_only_who_holds_the_visit_files_papers_and_figures():
    bench = begun()
    at = bench.now + MINUTE_MS
    assert reasons(bench.run(paper(at), figures(at)), REFUSED) == [Refusal.NOT_VISITING] * 2
    bench.claims()
    at = bench.now + MINUTE_MS
    assert (
        reasons(bench.run(paper(at, OTHER_VISITOR), figures(at, OTHER_VISITOR)), REFUSED) == [Refusal.NOT_VISITING] * 2
    )
    bench.brings()
    bench.says(VISITOR)
    bench.claims(ANALYST)
    assert reasons(bench.run(paper(bench.now + 1, ANALYST)), REFUSED) == [Refusal.NOT_VISITING]


@pytest.mark.requirement("APP-21.b")
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"nth": 0}, Refusal.PAPER_UNKNOWN),
        ({"nth": 10}, Refusal.PAPER_UNKNOWN),
        ({"kind": Paper.REPORT, "nth": 2}, Refusal.PAPER_UNKNOWN),
        ({"format": FileFormat.PDF}, Refusal.PAPER_FORMAT),
        ({"size": 0}, Refusal.PAPER_SIZE),
        ({"size": 10_485_761}, Refusal.PAPER_SIZE),
        ({"sharpness": 59}, Refusal.PAPER_UNCLEAR),
        ({"short_side_px": 579}, Refusal.PAPER_UNCLEAR),
    ],
)
def test_a_paper_that_does_not_count_is_refused(changed: dict[str, Any], reason: Refusal):
    bench = begun()
    bench.claims()
    kind = changed.pop("kind", Paper.PHOTO)
    assert reasons(bench.run(paper(bench.now + 1, kind=kind, **changed)), REFUSED) == [reason]


@pytest.mark.requirement("EX-08.b")
def test_who_visited_does_not_analyse():
    bench = begun()
    bench.visited(BOTH)
    assert reasons(bench.says(BOTH), REFUSED) == [TaskRefusal.SAME_PERSON]
    assert len(bench.says(ANALYST, 1_000_000).take(ApplicationScored)) == 1


@pytest.mark.requirement("APP-21.c")
def test_the_report_is_written_in_words_with_findings_and_advice():
    bench = begun()
    bench.claims()
    bench.brings()
    for said, reason in (
        ({"opinion": " 行 "}, Refusal.WORDS_MISSING),
        ({"concerns": 64}, Refusal.CONCERNS_UNKNOWN),
        ({"amount_fen": 2_000_001 * YUAN}, Refusal.AMOUNT_ABOVE),
        ({"amount_fen": 0}, Refusal.AMOUNT_ABOVE),
        ({"verdict": Verdict.RETURN}, TaskRefusal.DECISION_INVALID),
        ({"verdict": Verdict.DECLINE, "amount_fen": 5}, Refusal.AMOUNT_ABOVE),
    ):
        assert reasons(bench.says(VISITOR, **said), REFUSED) == [reason]
    bench.says(VISITOR, 1_500_000, concerns=int(Concern.RECORDS_POOR))
    found = bench.report()
    assert (found["visitor"], found["advice"], found["advice_fen"]) == (VISITOR, Verdict.APPROVE, 1_500_000 * YUAN)
    assert (found["concerns"], found["report"]) == (Concern.RECORDS_POOR, "经营正常，建议授信。")


@pytest.mark.requirement("EX-08.b")
def test_no_more_is_proposed_than_was_advised_and_can_be_carried():
    bench = begun()
    [task] = bench.visited().take(DESK.task)
    assert task["capacity_fen"] == task["amount_fen"] == 191_000_000
    assert reasons(bench.says(ANALYST, 1_910_001), REFUSED) == [Refusal.AMOUNT_ABOVE]
    bench = begun()
    [task] = bench.visited(yuan=1_000_000).take(DESK.task)
    assert task["amount_fen"] == 1_000_000 * YUAN
    [passed] = bench.says(ANALYST, 1_000_000).take(ApplicationScored)
    assert (passed["capacity_fen"], passed["proposed_fen"]) == (191_000_000, 1_000_000 * YUAN)


@pytest.mark.requirement("APP-01.b", "EX-08.b")
@pytest.mark.parametrize(
    ("concerns", "changed", "grade"),
    [
        (0, {}, Analysis.SOUND),
        (0, {"current_liabilities_fen": 200_000_000, "current_assets_fen": 190_000_000}, Analysis.FAIR),
        (
            0,
            {"liabilities_fen": 300_000_000, "equity_fen": 100_000_000, "current_liabilities_fen": 250_000_000},
            Analysis.WEAK,
        ),
        (Concern.STOCK_THIN, {}, Analysis.WEAK),
        (0, {"equity_fen": 150_000_000}, Analysis.WEAK),
        (Concern.PREMISES_MISSING, {}, Analysis.AGAINST),
    ],
)
def test_what_the_analysis_comes_to_by_ratios_and_concerns(concerns: int, changed: dict[str, int], grade: Analysis):
    bench = begun()
    [task] = bench.visited(concerns=int(concerns), **changed).take(DESK.task)
    assert task["analysis"] == grade
    [passed] = bench.says(ANALYST, int(task["amount_fen"]) // YUAN).take(ApplicationScored)
    assert passed["analysis"] == grade


@pytest.mark.requirement("EX-07.c")
def test_figures_that_do_not_agree_are_told_and_what_no_books_can_say_is_refused():
    bench = begun()
    bench.claims()
    bench.brings(equity_fen=190_000_000)
    out = bench.says(VISITOR)
    assert out.events_of(Event.STATEMENT_INCONSISTENT)["value"].tolist() == [2025]
    assert bench.report()["concerns"] == Concern.STATEMENTS_INCONSISTENT
    bench = begun()
    bench.claims()
    for wrong, reason in (
        ({"revenue_fen": -1}, Refusal.FIGURES_IMPOSSIBLE),
        ({"assets_fen": 0}, Refusal.ASSETS_MISSING),
        ({"current_assets_fen": 400_000_001}, Refusal.CURRENT_ASSETS_ABOVE),
        ({"stock_fen": 240_000_001}, Refusal.STOCK_ABOVE),
        ({"current_liabilities_fen": 200_000_001}, Refusal.CURRENT_LIABILITIES_ABOVE),
        ({"year": 1999}, Refusal.YEAR_UNKNOWN),
        ({"employees": -1}, Refusal.EMPLOYEES_RANGE),
    ):
        out = bench.run(figures(bench.now + 1, **wrong))
        assert reasons(out, REFUSED) == [reason]
    assert len(bench.room.statements) == 0


@pytest.mark.requirement("EX-08.b")
def test_a_visitors_no_makes_it_weak_and_an_analysts_no_is_against_it():
    bench = begun()
    bench.claims()
    bench.brings()
    [task] = bench.says(VISITOR, 0, verdict=Verdict.DECLINE).take(DESK.task)
    assert (task["analysis"], task["amount_fen"]) == (Analysis.WEAK, 0)
    bench = begun()
    bench.visited()
    [passed] = bench.says(ANALYST, 0, verdict=Verdict.DECLINE).take(ApplicationScored)
    assert (passed["analysis"], passed["proposed_fen"]) == (Analysis.AGAINST, 0)


def test_what_the_analyst_adds_counts_too():
    bench = begun()
    bench.visited()
    [passed] = bench.says(ANALYST, 1_000_000, concerns=int(Concern.RECORDS_POOR)).take(ApplicationScored)
    assert (passed["analysis"], passed["concerns"]) == (Analysis.WEAK, Concern.RECORDS_POOR)
    bench = begun()
    bench.visited()
    [passed] = bench.says(ANALYST, 1_000_000, concerns=int(Concern.NOT_OPERATING)).take(ApplicationScored)
    assert passed["analysis"] == Analysis.AGAINST


def test_an_analyst_who_cannot_work_with_it_sends_for_another_visit_and_another_analyses_then():
    bench = begun()
    bench.visited()
    out = bench.says(ANALYST, 0, verdict=Verdict.RETURN)
    [task] = out.take(DESK.task)
    assert (task["desk"], task["amount_fen"]) == (Desk.SITE_INVESTIGATOR, 2_000_000 * YUAN)
    assert len(out.events_of(Event.VISIT_SENT_BACK)) == 1
    bench.visited(OTHER_VISITOR)
    [passed] = bench.says(OTHER_ANALYST, 1_000_000).take(ApplicationScored)
    assert passed["proposed_fen"] == 1_000_000 * YUAN
    assert bench.report()["visitor"] == OTHER_VISITOR


def test_a_visit_that_nobody_makes_is_urged_at_the_close_of_the_third_workday():
    bench = begun()
    out = bench.run(until=NINE + 4 * DAY_MS)
    [urged] = out.events_of(Event.TASK_URGED)
    assert urged["at"] == NINE + 3 * DAY_MS + 8 * HOUR_MS + 30 * MINUTE_MS
