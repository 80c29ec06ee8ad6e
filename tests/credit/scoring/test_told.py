"""Each field of a report and of the bank's own books matters: to the score, an alert or the debt that counts (EXT-01, EXT-06)."""

from __future__ import annotations

import numpy.typing as npt
import pytest

from credit.approval.contract import ApplicationScored
from credit.codes import Alert, Segment, Source
from credit.due_diligence.contract import BusinessScored
from credit.policies import Overrides
from credit.room import Rows
from credit.scoring.contract import COMPANY_FACTS, PERSON_FACTS, CompanyReport, Event, PersonReport
from credit.scoring.subsystem import ScoringSubsystem
from credit.subsystem import Setting
from tests.credit.scoring.builders import OFFICERS, accepted, through

Facts = dict[str, npt.ArrayLike]
LENIENT: Overrides = {"scorecard": {"reject_below": 0, "red_below": 0, "yellow_below": 0}}
FIRM = {
    "segment": Segment.MICRO,
    "product": 4,
    "amount_fen": 60_000_000,
    "employment_months": 96,
    "income_fen": 32_000_000,
    "age": 45,
}


def scored(rows: Rows, bureau: Facts | None = None, sources: Facts | None = None) -> Rows:
    """The decision on one application, by a bank that turns nobody away for a low score."""
    out = through(ScoringSubsystem.build(Setting(LENIENT, OFFICERS)), rows, bureau, sources)
    one: Rows
    [one] = (*out.take(ApplicationScored), *out.take(BusinessScored))
    return one


def points(rows: Rows) -> int:
    """Hundredths of raw points: finer than the score."""
    return sum(int(rows[f"{name}_points"]) for name in ("identity", "capacity", "history", "behaviour"))


WORSE = {
    "overdue_24m": 3,
    "max_dpd_24m": 20,
    "lenders": 9,
    "queries_3m": 7,
    "history_months": 3,
    "debt_fen": 40_000_000,
    "monthly_debt_fen": 900_000,
    "card_used_fen": 3_900_000,
    "card_limit_fen": 1_500_000,
}


@pytest.mark.requirement("EXT-01.a", "EXT-01.d", "EXT-01.e")
@pytest.mark.parametrize("name", [name for name in PERSON_FACTS.split() if name != "overdue_now_fen"])
def test_each_field_of_a_persons_report_counts_in_his_score(name: str) -> None:
    assert points(scored(accepted(), {name: WORSE[name]})) < points(scored(accepted()))


@pytest.mark.requirement("EXT-01.a")
@pytest.mark.parametrize(("fen", "alert"), [(9_999, Alert.NONE), (10_000, Alert.YELLOW)])
def test_what_a_person_owes_overdue_today_raises_an_alert(fen: int, alert: Alert) -> None:
    assert scored(accepted(), {"overdue_now_fen": fen})["alert"] == alert


FIRM_WORSE = {
    "overdue_24m": 3,
    "max_dpd_24m": 20,
    "lenders": 12,
    "queries_3m": 7,
    "history_months": 3,
    "debt_fen": 900_000_000,
    "guarantees_fen": 9_000_000_000,
}


@pytest.mark.requirement("EXT-01.a", "EXT-01.d", "EXT-01.e")
@pytest.mark.parametrize("name", [name for name in COMPANY_FACTS.split() if name not in ("attention_fen", "bad_fen")])
def test_each_field_of_a_companys_report_counts_in_its_score(name: str) -> None:
    assert points(scored(accepted(**FIRM), {name: FIRM_WORSE[name]})) < points(scored(accepted(**FIRM)))


@pytest.mark.requirement("EXT-01.a")
@pytest.mark.parametrize(
    ("told", "alert"),
    [
        ({}, Alert.NONE),
        ({"attention_fen": 1}, Alert.YELLOW),
        ({"bad_fen": 1}, Alert.RED),
        ({"guarantees_fen": 383_999_999}, Alert.NONE),
        ({"guarantees_fen": 384_000_000}, Alert.YELLOW),
    ],
)
def test_attention_non_performing_and_great_guarantees_of_a_company_raise_alerts(told: Facts, alert: Alert) -> None:
    assert scored(accepted(**FIRM), told)["alert"] == alert


@pytest.mark.requirement("EXT-01.a")
def test_a_companys_debt_is_reckoned_from_balances_and_guarantees_and_a_persons_told() -> None:
    told: Facts = {"debt_fen": 30_000_000, "guarantees_fen": 60_000_000, "monthly_debt_fen": 70_000}
    assert scored(accepted(), told)["monthly_debt_fen"] == 70_000
    # 30 months; of a guarantee a tenth counts
    assert scored(accepted(**FIRM), told)["monthly_debt_fen"] == (30_000_000 + 6_000_000) // 30


@pytest.mark.requirement("EXT-01.a")
def test_persons_and_companies_have_reports_of_their_own_kind() -> None:
    person, company = (set(kind.fields.names) for kind in (PersonReport, CompanyReport))
    assert person - company == {"monthly_debt_fen", "card_limit_fen", "card_used_fen", "overdue_now_fen"}
    assert company - person == {"guarantees_fen", "attention_fen", "bad_fen"}


@pytest.mark.requirement("SCO-01.c", "EXT-06.b", "EXT-06.c")
@pytest.mark.parametrize(
    ("name", "worse", "better"),
    [
        ("deposits_fen", 0, 5_000_000),
        ("wealth_fen", 0, 5_000_000),
        ("least_balance_fen", 0, 1_000_000),
        ("inflow_fen", 1_680_000, 2_400_000),
        ("outflow_fen", 1_800_000, 1_300_000),
        ("income_months", 3, 12),
    ],
)
def test_accounts_flows_and_wealth_of_a_person_count_in_his_score(name: str, worse: int, better: int) -> None:
    assert points(scored(accepted(), sources={name: worse})) < points(scored(accepted(), sources={name: better}))


@pytest.mark.requirement("SCO-01.c", "EXT-06.c")
@pytest.mark.parametrize(
    ("name", "worse", "better"),
    [("settlement_fen", 1_000_000, 30_000_000), ("outflow_fen", 30_000_000, 1_000_000), ("income_months", 3, 12)],
)
def test_settlement_and_flows_of_a_company_count_in_its_score(name: str, worse: int, better: int) -> None:
    firm = accepted(**FIRM)
    assert points(scored(firm, sources={name: worse})) < points(scored(firm, sources={name: better}))


NOTHING: Facts = dict.fromkeys(
    (
        *("account_months", "deposits_fen", "inflow_fen", "outflow_fen", "income_months", "least_balance_fen"),
        *("wealth_fen", "settlement_fen"),
    ),
    0,
)


@pytest.mark.requirement("SCO-01.c", "EXT-06.c")
@pytest.mark.parametrize("form", [{}, FIRM])
def test_who_has_no_account_has_none_and_is_not_convicted_for_that(form: Facts) -> None:
    without = scored(accepted(**form), sources=NOTHING)
    empty = scored(accepted(**form), sources=NOTHING | {"account_months": 48})
    silent = scored(accepted(**form), sources=NOTHING | {"unavailable": int(Source.ACCOUNTS)})
    assert without["alert"] == Alert.NONE
    assert without["doubts"] == 0
    assert points(empty) < points(without) == points(silent)


@pytest.mark.requirement("EX-01.b")
def test_what_the_banks_own_systems_told_is_on_record_of_who_has_an_account() -> None:
    scoring = ScoringSubsystem.build(Setting(None, OFFICERS))
    out = through(scoring, accepted(2), sources={"account_months": [48, 0]})
    (read,) = out.events_of(Event.ACCOUNTS_READ)
    assert (read["case"], read["amount_fen"], read["value"]) == (accepted()["case"][0], 120_000 + 500_000 + 900_000, 12)
