"""The arithmetic of due diligence: ratios, what can be carried, and who is looked into."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from credit.codes import Grade, Segment
from credit.due_diligence import invariants
from credit.due_diligence.contract import BusinessScored, RecordStatement
from credit.due_diligence.findings import Analysis
from credit.due_diligence.rules import RATIO_MAX_PPM, Analyst, Judgement, impossible, inconsistent
from credit.policies import Overrides, PolicyError, ProductPolicy, columns_of, load
from credit.policies.due_diligence import DueDiligencePolicy, Scope
from tests.credit.due_diligence.builders import BOOKS, YUAN, scored
from tests.rows import sample

PRODUCTS = load("products", ProductPolicy)


def judged(case: dict[str, Any] | None = None, policy: Overrides | None = None, **changed: int) -> Judgement:
    _, cases = scored(**(case or {}))
    figures = sample(RecordStatement, 1, **(BOOKS | changed))
    return Analyst(load("due_diligence", DueDiligencePolicy, policy), columns_of(PRODUCTS)).judge(cases, figures)


@pytest.mark.requirement("EX-08.b")
def test_the_ratios_of_a_sound_shop():
    found = judged()
    assert (found.debt_ppm[0], found.current_ppm[0], found.cover_ppm[0]) == (500_000, 1_500_000, 18_000_000)
    assert found.service_ppm[0] == round(240_000_000 / (200_000_000 * 1.0435) * 1_000_000)
    assert found.misses[0] == 0


@pytest.mark.requirement("EX-08.b")
@pytest.mark.parametrize(
    ("case", "fen"),
    [
        ({}, 191_000_000),  # 2,400,000 / 1.2 = 2,000,000 a year holds 1.0435 times 1,916,626
        ({"monthly_debt_fen": 5_000_000}, 134_000_000),  # 600,000 a year goes elsewhere
        ({"term_months": 24}, 367_000_000),  # half the principal falls due in the first year
        ({"term_months": 6}, 191_000_000),  # what runs for less than a year is repaid within it
        ({"grade": Grade.POOR}, 183_000_000),  # interest of 9 %
        ({"monthly_debt_fen": 50_000_000}, 0),
    ],
)
def test_what_can_be_carried(case: dict[str, Any], fen: int):
    assert judged(case).capacity_fen.tolist() == [fen]


def test_bounds_are_the_policys():
    strict = {"due_diligence": {"ratios": [{"key": "micro", "debt_max_ppm": 499_999, "current_min_ppm": 1_500_001}]}}
    assert judged().misses.tolist() == [0]
    assert judged(policy=strict).misses.tolist() == [2]
    strict["due_diligence"]["ratios"][0] |= {"cover_min_ppm": 18_000_001, "service_min_ppm": 2_400_000}
    found = judged(policy=strict)
    assert (found.misses[0], found.capacity_fen[0]) == (3, 95_000_000)


def test_of_nothing_a_ratio_is_the_largest_there_is_and_a_loss_is_below_nothing():
    found = judged(interest_fen=0, current_liabilities_fen=0)
    assert (found.cover_ppm[0], found.current_ppm[0]) == (RATIO_MAX_PPM, RATIO_MAX_PPM)
    assert judged(cost_fen=610_000_000).cover_ppm[0] == -1_000_000
    assert judged(operating_cash_fen=-5).capacity_fen[0] == 0


@pytest.mark.requirement("EX-07.c")
@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, False),
        ({"equity_fen": 196_000_000}, False),
        ({"equity_fen": 195_999_999}, True),
        ({"profit_fen": 156_000_000}, False),
        ({"profit_fen": 155_999_999}, True),
        ({"profit_fen": 168_000_001}, True),
    ],
)
def test_assets_are_liabilities_and_equity_and_profit_is_what_is_left_of_revenue(changed: dict[str, int], wrong: bool):
    assert inconsistent(sample(RecordStatement, 1, **(BOOKS | changed)), 10_000).tolist() == [wrong]


@pytest.mark.parametrize("name", [*BOOKS])
def test_no_figure_may_be_larger_than_any_business(name: str):
    assert impossible(sample(RecordStatement, 1, **(BOOKS | {name: 10**12 + 1})))[0] > 0
    assert impossible(sample(RecordStatement, 1, **BOOKS)).tolist() == [0]


@pytest.mark.requirement("APP-01.b")
def test_who_is_looked_into_is_the_policys():
    cases = sample(
        BusinessScored,
        4,
        segment=[Segment.INDIVIDUAL, Segment.MICRO, Segment.ENTERPRISE, Segment.MICRO],
        product=[1, 4, 5, 4],
        amount_fen=np.array([100_000, 50_000, 900_000, 800_000]) * YUAN,
    )
    assert Scope(load("due_diligence", DueDiligencePolicy), PRODUCTS).holds(cases).tolist() == [False, True, True, True]
    rows = [{"key": "business", "amount_from": 500_000, "products": ["micro_business"]}]
    policy = load("due_diligence", DueDiligencePolicy, {"due_diligence": {"scope": rows}})
    assert Scope(policy, PRODUCTS).holds(cases).tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weakens": ["rain"]}, "weakens: 'rain' is not one of premises_missing"),
        ({"declines": ["rain"]}, "declines: 'rain'"),
        ({"photos_max": 2}, "photos_max: must be at least photos_min"),
        ({"scope": [{"key": "business", "segments": []}]}, "individual needs a row in ratios"),
        ({"scope": [{"key": "business", "segments": ["large"]}]}, "'large' is not one of"),
    ],
)
def test_a_policy_that_does_not_hold_is_refused(changes: dict[str, Any], said: str):
    with pytest.raises(PolicyError, match=said):
        load("due_diligence", DueDiligencePolicy, {"due_diligence": changes})


def witness(**columns: int) -> list[str]:
    sound = {"case": 1, "visitor": 5, "analyst": 6, "analysis": Analysis.SOUND, "photos": 3, "reports": 1, "figures": 1}
    amounts = {"asked_fen": 9, "advice_fen": 8, "capacity_fen": 7, "proposed_fen": 7}
    row = np.zeros(1, dtype=invariants._WITNESS)
    for name, value in (sound | amounts | columns).items():
        row[name] = value
    return invariants.passed_on(row, 3, ["premises_missing"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"analyst": 5}, "one person alone"),
        ({"photos": 2}, "without its papers"),
        ({"reports": 0}, "without its papers"),
        ({"figures": 0}, "without figures"),
        ({"proposed_fen": 8}, "more than it can carry"),
        ({"concerns": 1}, "let through in spite"),
    ],
)
def test_the_invariant_sees_what_must_not_be(wrong: dict[str, int], said: str):
    assert witness() == []
    [found] = witness(**wrong)
    assert said in found
