"""`lendrill schedule` prints what the core computes, to the fen, and refuses what no loan could be."""

from __future__ import annotations

import datetime as dt
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.codes import Method
from lendrill import schedule as plans
from lendrill.cli import main

ZHANG = ["schedule", "--amount", "50000", "--months", "12", "--monthly-rate", "0.5"]


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    plan: dict[str, Any] = json.loads(capsys.readouterr().out)
    return plan


@pytest.mark.requirement("REP-01.a", "EX-06.a")
def test_zhangs_loan_comes_out_to_the_fen(capsys: pytest.CaptureFixture[str]) -> None:
    plan = printed([*ZHANG, "--method", "equal-instalment", "--first-due", "2026-02-10"], capsys)
    rows = plan["instalments"]
    assert [row["payment_fen"] for row in rows] == [430_332] * 11 + [430_334]
    assert rows[0] == {
        "number": 1,
        "due": "2026-02-10",
        "principal_fen": 405_332,
        "interest_fen": 25_000,
        "payment_fen": 430_332,
        "balance_fen": 4_594_668,
    }
    assert (rows[-1]["due"], rows[-1]["balance_fen"]) == ("2027-01-10", 0)
    assert plan["total_interest_fen"] == 163_986
    assert plan.keys() == {"instalments", "total_interest_fen"}


@pytest.mark.requirement("REP-01.a", "EX-06.b", "EX-06.c")
@pytest.mark.parametrize(("method", "total"), [("equal-principal", 162_500), ("interest-first", 300_000)])
def test_the_other_methods_cost_what_they_cost(method: str, total: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed([*ZHANG, "--method", method], capsys)["total_interest_fen"] == total


def test_due_dates_keep_to_the_end_of_the_month(capsys: pytest.CaptureFixture[str]) -> None:
    rows = printed([*ZHANG, "--first-due", "2026-01-31"], capsys)["instalments"]
    assert [row["due"] for row in rows[:4]] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


def test_without_a_date_the_first_instalment_is_due_in_a_month() -> None:
    request = plans.read_request("1", 1, "0", "interest-first", None, dt.date(2026, 1, 31))
    assert request.first_due == dt.date(2026, 2, 28)


@given(
    amount_fen=st.integers(1, 10**11),
    months=st.integers(1, 480),
    ppm_12ths=st.integers(0, 83_333),
    method=st.sampled_from(sorted(plans.METHODS)),
    first=st.dates(dt.date(1970, 1, 1), dt.date(2149, 12, 31)),
)
def test_any_schedule_repays_exactly_what_was_lent(
    amount_fen: int, months: int, ppm_12ths: int, method: str, first: dt.date
) -> None:
    amount, rate = f"{amount_fen // 100}.{amount_fen % 100:02d}", f"{ppm_12ths / 10_000:.4f}"
    request = plans.read_request(amount, months, rate, method, first.isoformat(), first)
    assert (request.amount_fen, request.annual_rate_ppm) == (amount_fen, ppm_12ths * 12)
    plan = plans.as_json(plans.schedule_of(request))
    rows = plan["instalments"]
    assert [row["number"] for row in rows] == list(range(1, months + 1))
    assert sum(row["principal_fen"] for row in rows) == amount_fen
    assert sum(row["interest_fen"] for row in rows) == plan["total_interest_fen"]
    assert all(row["payment_fen"] == row["principal_fen"] + row["interest_fen"] for row in rows)
    assert all(a["balance_fen"] - b["principal_fen"] == b["balance_fen"] for a, b in pairwise(rows))
    assert all(a["due"] < b["due"] for a, b in pairwise(rows))


@pytest.mark.parametrize(
    ("typed", "ppm"), [("0.5", 60_000), ("0.5%", 60_000), (" 0.2875 ", 34_500), ("0", 0), ("1", 120_000)]
)
def test_a_rate_is_read_exactly(typed: str, ppm: int) -> None:
    assert plans.annual_rate_ppm(typed) == ppm


def test_grouped_amounts_and_methods_are_understood() -> None:
    request = plans.read_request("1,800,000.05", 24, "0.4", "equal-principal", "2026-03-01", dt.date(2026, 1, 1))
    assert (request.amount_fen, request.method) == (180_000_005, Method.EQUAL_PRINCIPAL)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--amount", "0"),
        ("--amount", "-5"),
        ("--amount", "5.001"),
        ("--amount", "1e5"),
        ("--amount", "5,00"),
        ("--amount", "fifty"),
        ("--amount", "1000000000.01"),
        ("--months", "0"),
        ("--months", "-12"),
        ("--months", "481"),
        ("--months", "twelve"),
        ("--monthly-rate", "300"),
        ("--monthly-rate", "25"),
        ("--monthly-rate", "-0.5"),
        ("--monthly-rate", "0.33333"),
        ("--monthly-rate", "nan"),
        ("--method", "balloon"),
        ("--first-due", "2026-02-30"),
        ("--first-due", "10.02.2026"),
        ("--first-due", ""),
        ("--first-due", "2999-01-01"),
    ],
)
def test_impossible_terms_are_refused_by_the_name_of_their_option(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ZHANG, option, value]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert option in said.err


def test_the_table_shows_yuan_and_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ZHANG, "--first-due", "2026-02-10"]) == 0
    table = capsys.readouterr().out
    for figure in ("4,303.32", "4,303.34", "1,639.86", "51,639.86", "2027-01-10"):
        assert figure in table
