"""Alerts, lanes, cross-validation, fraud rules and anomalies, one case at a time through the whole subsystem."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from credit.applications.contract import Refusal as ApplicationRefusal
from credit.approval.contract import ApplicationScored
from credit.codes import Actor, Alert, Consent, Doubt, Fact, Grade, Lane, RiskList, Segment, Source, Status
from credit.collateral.contract import CollateralOffered
from credit.customers.contract import Event as CustomerEvent
from credit.customers.contract import FraudConfirmed
from credit.due_diligence.contract import BusinessScored
from credit.mail import Outbox
from credit.policies import Overrides
from credit.room import Rows
from credit.scoring.contract import BureauQuery, Event, Refusal, VerificationQuery, VerificationReply
from credit.scoring.subsystem import ScoringSubsystem
from credit.subsystem import Setting
from tests.credit.scoring.builders import (
    CASE,
    COLLEAGUE,
    MORNING,
    OFFICER,
    OFFICERS,
    STAFFED,
    accepted,
    answer,
    ask,
    reply,
    report,
    through,
    told,
)

Facts = dict[str, npt.ArrayLike]
SUSPECT = 1_500_000
MODEL: Overrides = {
    "fraud_model": {
        "intercept": -2_000_000,
        "features": [{"column": "mobile_months", "edges": [3], "log_odds": [3_500_000, -1_000_000]}],
    }
}
"""A model of one feature beside the packaged ones' names: a young number makes a suspect of anybody."""


def decide(
    rows: Rows | None = None,
    bureau: Facts | None = None,
    sources: Facts | None = None,
    overrides: Overrides | None = None,
) -> tuple[Rows, Outbox]:
    """The decision on one application (or on `rows`), and all that came out."""
    out = through(
        ScoringSubsystem.build(Setting(overrides, OFFICERS)), accepted() if rows is None else rows, bureau, sources
    )
    return out.take(ApplicationScored), out


WEAK: Facts = {"overdue_24m": 2, "max_dpd_24m": 20, "lenders": 5, "queries_3m": 5, "history_months": 8}


@pytest.mark.requirement("SCO-01.a", "SCO-03.b", "SCO-07.a")
def test_a_clean_customer_with_few_savings_scores_82_is_good_and_goes_the_automatic_lane() -> None:
    scored, out = decide(sources={"mobile_months": 60})
    assert (scored["score"][0], scored["grade"][0], scored["lane"][0]) == (82, Grade.GOOD, Lane.AUTOMATIC)
    assert (scored["alert"][0], scored["doubts"][0], scored["pd_ppm"][0]) == (Alert.NONE, 0, 9_000)
    assert scored["at"][0] == MORNING + 30 + 1_200 + 1_500 + 8
    assert out.events_of(Event.APPLICATION_SCORED)["value"].tolist() == [82]
    assert scored["verified_income_fen"][0] == 1_800_000


@pytest.mark.requirement("SCO-07.a", "SCO-07.b")
@pytest.mark.parametrize(
    ("columns", "lane"),
    [
        ({"amount_fen": 20_000_000, "income_fen": 9_000_000}, Lane.AUTOMATIC),
        ({"amount_fen": 20_000_001, "income_fen": 9_000_000}, Lane.MANUAL),
        ({"product": 2, "amount_fen": 5_000_000}, Lane.AUTOMATIC),
    ],
)
def test_only_a_standard_product_within_its_amount_goes_the_automatic_lane(columns: Facts, lane: Lane) -> None:
    assert decide(accepted(**columns))[0]["lane"].tolist() == [lane]


MORTGAGE: Facts = {"product": 3, "amount_fen": 20_000_000, "income_fen": 9_000_000, "term_months": 120}


@pytest.mark.requirement("PRD-03.c", "SCO-07.b")
def test_what_a_home_is_to_secure_goes_to_its_valuer_first() -> None:
    scored, out = decide(accepted(**MORTGAGE))
    assert len(scored) == 0
    assert out.take(CollateralOffered)["lane"].tolist() == [Lane.MANUAL]


BUSINESS: Facts = {"product": 4, "segment": Segment.MICRO, "amount_fen": 20_000_000, "income_fen": 9_000_000}


@pytest.mark.requirement("APP-01.b", "APP-21.a")
def test_a_business_is_looked_into_first_and_what_the_score_rejects_is_not() -> None:
    scored, out = decide(accepted(**BUSINESS))
    assert len(scored) == 0
    assert out.take(BusinessScored)["lane"].tolist() == [Lane.MANUAL]
    scored, out = decide(accepted(**BUSINESS), bureau=WEAK | {"max_dpd_24m": 200})
    assert scored["lane"].tolist() == [Lane.REJECT]
    assert len(out.take(BusinessScored)) == 0


def test_nobody_values_what_the_score_rejects() -> None:
    scored, out = decide(accepted(**MORTGAGE), bureau=WEAK | {"max_dpd_24m": 200})
    assert scored["lane"].tolist() == [Lane.REJECT]
    assert len(out.take(CollateralOffered)) == 0


@pytest.mark.requirement("SCO-05.d", "SCO-07.b")
def test_a_grade_below_fair_a_doubt_or_an_alert_needs_a_person() -> None:
    assert decide(sources={"mobile_matches": 0})[0]["lane"].tolist() == [Lane.MANUAL]
    assert decide(bureau={"queries_3m": 8})[0]["lane"].tolist() == [Lane.MANUAL]
    strict: Overrides = {"scorecard": {"automatic_grade_max": 1}}
    assert decide(overrides=strict)[0]["lane"].tolist() == [Lane.MANUAL]


@pytest.mark.requirement("EXT-01.d", "SCO-05.b")
@pytest.mark.parametrize(
    ("bureau", "alert"),
    [
        ({"overdue_24m": 3, "max_dpd_24m": 5}, Alert.NONE),
        ({"overdue_24m": 1, "max_dpd_24m": 31}, Alert.YELLOW),
        ({"overdue_24m": 1, "max_dpd_24m": 60}, Alert.YELLOW),
        ({"overdue_24m": 1, "max_dpd_24m": 61}, Alert.RED),
    ],
)
def test_an_abnormal_indicator_raises_an_alert_at_its_threshold(bureau: Facts, alert: Alert) -> None:
    lenient: Overrides = {"scorecard": {"reject_below": 0, "red_below": 0, "yellow_below": 0}}
    scored, out = decide(bureau=bureau, overrides=lenient)
    assert scored["alert"].tolist() == [alert]
    assert out.events_of(Event.ALERT_RAISED)["value"].tolist() == ([int(alert)] if alert else [])


@pytest.mark.requirement("SCO-05.a")
@pytest.mark.parametrize(("bounds", "alert"), [((82, 82), Alert.NONE), ((82, 83), Alert.YELLOW), ((83, 83), Alert.RED)])
def test_a_score_below_the_threshold_raises_an_alert(bounds: tuple[int, int], alert: Alert) -> None:
    overrides: Overrides = {"scorecard": {"red_below": bounds[0], "yellow_below": bounds[1]}}
    assert decide(sources={"mobile_months": 60}, overrides=overrides)[0]["alert"].tolist() == [alert]


@pytest.mark.requirement("SCO-05.b")
@pytest.mark.parametrize(("above", "alert"), [(0, Alert.YELLOW), (1, Alert.NONE)])
def test_what_the_fraud_model_finds_worth_a_look_raises_yellow(above: int, alert: Alert) -> None:
    overrides = MODEL | {"fraud": {"model_watch_at": SUSPECT + above}}
    scored, out = decide(sources={"mobile_months": 2}, overrides=overrides)
    assert scored["alert"].tolist() == [alert]
    assert out.events_of(Event.DOUBT_MARKED)["value"].tolist() == ([Doubt.LEARNT_PATTERN] if alert else [])


@pytest.mark.requirement("SCO-08.c")
@pytest.mark.parametrize(("above", "reasons"), [(0, [Refusal.FRAUD_MODEL]), (1, [])])
def test_what_the_fraud_model_finds_too_suspicious_is_intercepted(above: int, reasons: list[int]) -> None:
    overrides = MODEL | {"fraud": {"model_watch_at": 0, "model_intercept_at": SUSPECT + above}}
    scored, out = decide(sources={"mobile_months": 2}, overrides=overrides)
    assert len(scored) == (not reasons)
    stopped = out.events_of(CustomerEvent.APPLICATION_INTERCEPTED)
    assert (stopped["reason"].tolist(), stopped["value"].tolist()) == (reasons, [Doubt.LEARNT_PATTERN] * len(reasons))
    assert not len(out.take(FraudConfirmed)), "a model convicts nobody: the risk library is the rules' and the people's"


@pytest.mark.requirement("SCO-08.c")
def test_a_rule_that_stops_as_well_is_named_before_the_model() -> None:
    overrides = MODEL | {"fraud": {"model_watch_at": 0, "model_intercept_at": 1}}
    _, out = decide(sources={"mobile_months": 2, "identity_matches": 0}, overrides=overrides)
    assert out.events_of(CustomerEvent.APPLICATION_INTERCEPTED)["reason"].tolist() == [Refusal.FRAUD]


@pytest.mark.requirement("SCO-08.a", "SCO-08.c")
def test_a_fact_that_nobody_told_adds_nothing_to_the_models_suspicion() -> None:
    """Here an old number is the suspicious one, so what stands for a silent carrier would be suspicious as well."""
    old = {"column": "mobile_months", "edges": [3], "log_odds": [-1_000_000, 3_500_000]}
    overrides: Overrides = {"fraud_model": {"intercept": -2_000_000, "features": [old]}, "fraud": {"model_watch_at": 0}}
    silent: Facts = {"unavailable": int(Source.CARRIER), "mobile_months": 0}
    assert decide(sources=silent, overrides=overrides)[0]["doubts"].tolist() == [Doubt.SOURCE_MISSING]
    assert decide(overrides=overrides)[0]["doubts"].tolist() == [Doubt.LEARNT_PATTERN]


@pytest.mark.requirement("SCO-05.c")
@pytest.mark.parametrize(
    ("action", "available", "lane"),
    [
        ("manual", False, Lane.MANUAL),
        ("reject", True, Lane.REJECT),
        ("manual_if_available", True, Lane.MANUAL),
        ("manual_if_available", False, Lane.REJECT),
    ],
)
def test_red_is_a_rejection_or_a_persons_case_by_policy(action: str, available: bool, lane: Lane) -> None:
    overrides: Overrides = {"scorecard": {"red_action": action, "approver_available": available, "reject_below": 0}}
    scored, out = decide(bureau={"overdue_24m": 1, "max_dpd_24m": 61}, overrides=overrides)
    assert (scored["alert"][0], scored["lane"][0]) == (Alert.RED, lane)
    assert out.events_of(Event.APPLICATION_SCORED)["reason"].tolist() == [Refusal.RED_ALERT]
    assert len(out.events_of(Event.SCORING_REJECTED)) == (lane == Lane.REJECT)


@pytest.mark.requirement("SCO-05.c", "SCO-14.a", "SCO-14.b")
@pytest.mark.parametrize(("above", "lane"), [(0, Lane.MANUAL), (1, Lane.MANUAL), (2, Lane.MANUAL), (3, Lane.REJECT)])
def test_just_below_the_cut_off_the_machine_only_advises(above: int, lane: Lane) -> None:
    score = int(decide(bureau=WEAK)[0]["score"][0])
    cut: Overrides = {"scorecard": {"reject_below": score + above, "red_below": 100, "yellow_below": 100}}
    scored, out = decide(bureau=WEAK, overrides=cut)
    assert scored["lane"].tolist() == [lane]
    advice = Refusal.SCORE_LOW if above else Refusal.RED_ALERT
    assert out.events_of(Event.APPLICATION_SCORED)["reason"].tolist() == [advice]
    rejected = out.events_of(Event.SCORING_REJECTED)
    assert rejected["reason"].tolist() == ([Refusal.SCORE_LOW] if lane == Lane.REJECT else [])


@pytest.mark.requirement("CUS-04.b")
@pytest.mark.parametrize(("dpd", "rejected"), [(89, False), (90, True)])
def test_too_bad_a_credit_history_is_declined(dpd: int, rejected: bool) -> None:
    lenient: Overrides = {"scorecard": {"reject_below": 0}}
    scored, out = decide(bureau={"overdue_24m": 1, "max_dpd_24m": dpd}, overrides=lenient)
    assert (scored["lane"][0] == Lane.REJECT) == rejected
    assert out.events_of(Event.SCORING_REJECTED)["reason"].tolist() == ([Refusal.CREDIT_HISTORY] if rejected else [])


@pytest.mark.requirement("CUS-04.f")
def test_who_fails_by_credit_history_is_decided_on_the_bureaus_word_alone() -> None:
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, accepted(2))
    questions = told(scoring, report(queries, max_dpd_24m=[90, 89]), out)
    assert questions["case"].tolist() == [CASE + 1]
    assert questions["at"].tolist() == [queries["at"][1] + 1_200]
    scored = out.take(ApplicationScored)
    assert (scored["case"].tolist(), scored["lane"].tolist()) == ([CASE], [Lane.REJECT])
    assert (scored["at"].tolist(), scored["doubts"].tolist()) == ([MORNING + 30 + 1_200 + 8], [0])
    assert scored["advice"].tolist() == [Refusal.CREDIT_HISTORY]
    assert scoring.check() == []


@pytest.mark.requirement("CUS-04.f", "EXT-01.b")
def test_while_the_bureau_is_silent_the_other_sources_are_asked_once() -> None:
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, accepted())
    asked = []
    for _ in range(3):
        asked.append(len(told(scoring, report(queries, status=Status.UNAVAILABLE), out)))
        queries = out.take(BureauQuery)[-1:]
    assert asked == [1, 1, 1]
    assert scoring.check() == []


@pytest.mark.planted
def test_planted_rejection_without_a_reason_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def always(cases: Rows, *rest: object) -> npt.NDArray[np.int64]:
        return np.full(len(cases), int(Lane.REJECT))

    monkeypatch.setattr("credit.scoring.subsystem.lanes", always)
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, accepted())
    answer(scoring, (VerificationReply, reply(told(scoring, report(queries), out))), out=out)
    assert scoring.check() == [f"case {CASE}: rejected without a reason"]


@pytest.mark.planted
def test_planted_question_about_somebody_whose_history_fails_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit.scoring.subsystem.history_fails", lambda dpd, policy: dpd < 0)
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, accepted())
    told(scoring, report(queries, max_dpd_24m=90), out)
    assert scoring.check() == [f"case {CASE}: other sources asked although the credit history fails"]


@pytest.mark.requirement("SCO-14.c")
def test_a_score_says_what_each_dimension_contributes_and_what_cost_most() -> None:
    scored = decide(bureau={"lenders": 10, "overdue_24m": 2, "max_dpd_24m": 10})[0]
    named = {one.name for one in Fact if one.name and one & int(scored["shortfalls"][0])}
    assert named == {"OVERDUE_24M", "MAX_DPD_24M", "LENDERS"}
    points = {name: int(scored[f"{name}_points"][0]) for name in ("identity", "capacity", "history", "behaviour")}
    assert points == {"identity": 1_489, "capacity": 2_182, "history": 1_948, "behaviour": 1_007}


@pytest.mark.requirement("SCO-10.a", "SCO-10.b", "SCO-10.e")
@pytest.mark.parametrize(
    ("sources", "doubts"),
    [
        ({"tax_income_fen": 1_440_000}, 0),
        ({"tax_income_fen": 1_439_000}, Doubt.INCOME_TAX_MISMATCH),
        ({"mobile_matches": 0}, Doubt.MOBILE_MISMATCH),
        ({"litigation": 1}, Doubt.LITIGATION),
        ({"unavailable": int(Source.TAX), "tax_income_fen": 0}, Doubt.SOURCE_MISSING),
        ({"unavailable": int(Source.CARRIER), "mobile_matches": 0}, Doubt.SOURCE_MISSING),
        ({"mobile_matches": 0, "litigation": 1}, Doubt.MOBILE_MISMATCH | Doubt.LITIGATION),
    ],
)
def test_each_mismatch_of_an_individual_is_marked_a_doubt(sources: Facts, doubts: int) -> None:
    scored, out = decide(sources=sources)
    assert scored["doubts"].tolist() == [doubts]
    assert out.events_of(Event.DOUBT_MARKED)["value"].tolist() == ([doubts] if doubts else [])
    assert (scored["lane"][0] == Lane.AUTOMATIC) == (doubts == 0)


@pytest.mark.requirement("SCO-10.d", "SCO-10.e")
@pytest.mark.parametrize(
    ("columns", "doubts"),
    [
        ({"income_apart_ppm": 199_999, "employment_apart_months": 6}, 0),
        ({"income_apart_ppm": 200_000}, Doubt.TOLD_APART),
        ({"employment_apart_months": 7}, Doubt.TOLD_APART),
        ({"purpose_apart": 1}, Doubt.TOLD_APART),
    ],
)
def test_what_was_told_otherwise_elsewhere_is_a_doubt_and_raises_an_alert(columns: Facts, doubts: int) -> None:
    scored, out = decide(accepted(**columns))
    assert scored["doubts"].tolist() == [doubts]
    assert scored["alert"].tolist() == [Alert.YELLOW if doubts else Alert.NONE]
    assert len(out.events_of(Event.ALERT_RAISED)) == (doubts != 0)
    assert scored["lane"].tolist() == [Lane.MANUAL if doubts else Lane.AUTOMATIC]


@pytest.mark.requirement("SCO-10.c")
@pytest.mark.parametrize(
    ("sources", "doubts"),
    [
        ({"registry_months": 90}, 0),
        ({"registry_months": 89}, Doubt.REGISTRY_MISMATCH),
        ({"registry_active": 0}, Doubt.REGISTRY_MISMATCH),
    ],
)
def test_months_in_business_are_compared_with_the_registry(sources: Facts, doubts: int) -> None:
    business = accepted(
        segment=Segment.MICRO, product=4, amount_fen=200_000_000, employment_months=96, income_fen=32_000_000
    )
    assert decide(business, sources=sources)[1].take(BusinessScored)["doubts"].tolist() == [doubts]
    assert decide(accepted(employment_months=96), sources=sources)[0]["doubts"].tolist() == [0]


@pytest.mark.requirement("SCO-10.a")
def test_income_counts_as_the_tax_record_has_it() -> None:
    assert decide(sources={"tax_income_fen": 1_000_000})[0]["verified_income_fen"].tolist() == [1_000_000]
    assert decide(sources={"unavailable": int(Source.TAX)})[0]["verified_income_fen"].tolist() == [1_440_000]


@pytest.mark.requirement("SCO-08.b", "SCO-09.a", "SCO-19.a")
@pytest.mark.parametrize(
    ("bureau", "sources", "confirmed"),
    [
        ({}, {"identity_matches": 0}, True),
        ({}, {"shared_devices": 5}, True),
        ({"lenders": 15, "queries_3m": 12}, {}, False),
    ],
)
def test_high_risk_is_intercepted_at_once(bureau: Facts, sources: Facts, confirmed: bool) -> None:
    rows = accepted(2, recent_applications=[1, 4])[1:]
    scored, out = decide(rows, bureau, sources)
    assert not len(scored)
    assert out.events_of(CustomerEvent.APPLICATION_INTERCEPTED)["reason"].tolist() == [Refusal.FRAUD]
    up = out.take(FraudConfirmed)
    assert len(up) == len(out.events_of(Event.RISK_LIBRARY_ENTERED)) == confirmed
    if confirmed:
        assert (up["case"][0], up["customer"][0]) == (rows["case"][0], rows["customer"][0])


@pytest.mark.requirement("SCO-08.a", "SCO-09.a")
@pytest.mark.parametrize(
    ("bureau", "sources", "doubts"),
    [
        ({"lenders": 7}, {}, 0),
        ({"lenders": 8}, {}, Doubt.MULTI_LENDER),
        ({}, {"shared_devices": 2}, 0),
        ({}, {"shared_devices": 3}, Doubt.GANG),
    ],
)
def test_softer_signs_are_doubts_for_a_person(bureau: Facts, sources: Facts, doubts: int) -> None:
    scored, _ = decide(bureau=bureau, sources=sources)
    assert scored["doubts"].tolist() == [doubts]
    assert scored["lane"][0] != Lane.REJECT


@pytest.mark.requirement("SCO-08.a")
def test_a_source_that_did_not_answer_convicts_nobody() -> None:
    scored, out = decide(sources={"unavailable": int(Source.PUBLIC_SECURITY), "identity_matches": 0})
    assert not len(out.events_of(CustomerEvent.APPLICATION_INTERCEPTED))
    assert scored["lane"].tolist() == [Lane.MANUAL]


@pytest.mark.requirement("SCO-08.a")
def test_a_new_fraud_pattern_is_a_new_row_of_the_rule_base() -> None:
    night: Overrides = {
        "fraud": {
            "rules": [
                {
                    "key": "young_and_much",
                    "doubt": "gang",
                    "action": "intercept",
                    "conditions": [{"column": "age", "at_most": 35}, {"column": "amount_months", "at_least": 2}],
                }
            ]
        }
    }
    assert len(decide()[0]) == 1
    assert not len(decide(overrides=night)[0])


@pytest.mark.requirement("SCO-11.a", "SCO-11.b")
@pytest.mark.parametrize(
    ("columns", "doubts"),
    [
        ({"recent_applications": 3, "recent_channels": 1}, 0),
        ({"recent_applications": 2, "recent_channels": 2}, 0),
        ({"recent_applications": 3, "recent_channels": 2}, Doubt.REPEATED_APPLICATIONS),
        ({"amount_growth_ppm": 1_999_999}, 0),
        ({"amount_growth_ppm": 2_000_000}, Doubt.AMOUNT_GROWTH),
    ],
)
def test_behaviour_anomalies_are_doubts(columns: Facts, doubts: int) -> None:
    assert decide(accepted(**columns))[0]["doubts"].tolist() == [doubts]


@pytest.mark.requirement("EXT-02.b")
def test_without_recorded_consent_nobody_is_asked_and_the_refusal_is_on_record() -> None:
    scoring = ScoringSubsystem.build(STAFFED)
    rows = accepted(2, consent=[int(Consent.PERSONAL_DATA), int(Consent.BUREAU)])
    bureau, out = ask(scoring, rows)
    assert bureau["case"].tolist() == told(scoring, report(bureau), out)["case"].tolist() == [CASE + 1]
    assert out.events_of(Event.BUREAU_REFUSED)["reason"].tolist() == [ApplicationRefusal.CONSENT_MISSING]
    assert out.events_of(Event.BUREAU_REFUSED)["case"].tolist() == [CASE]


@pytest.mark.requirement("EXT-03.a", "EXT-03.b")
def test_every_bureau_query_records_reason_and_operator() -> None:
    bureau, out = ask(ScoringSubsystem.build(STAFFED), accepted(3, branch=[3, 3, 3]))
    assert isinstance(BureauQuery.number, int)
    assert bureau["reason"].tolist() == [2, 2, 2]
    assert bureau["operator"].tolist() == [COLLEAGUE, OFFICER, COLLEAGUE], "people of the branch's register, in turns"
    logged = out.events_of(Event.BUREAU_QUERIED)
    assert logged["actor"].tolist() == bureau["operator"].tolist()
    assert logged["reason"].tolist() == bureau["reason"].tolist()
    assert Actor.SYSTEM not in logged["actor"]


@pytest.mark.requirement("EXT-01.c")
def test_policy_says_which_products_are_fetched_in_the_nightly_batch() -> None:
    rows = accepted(2, product=[1, 5], segment=[Segment.INDIVIDUAL, Segment.ENTERPRISE])
    assert ask(ScoringSubsystem.build(STAFFED), rows)[0]["batch"].tolist() == [0, 1]
    other: Overrides = {"scorecard": {"bureau": {"batch_products": ["consumer_loan"]}}}
    assert ask(ScoringSubsystem.build(Setting(other, OFFICERS)), rows)[0]["batch"].tolist() == [1, 0]


@pytest.mark.requirement("EXT-06.a", "EXT-06.c", "EX-07.b")
def test_the_sources_asked_follow_the_segment() -> None:
    rows = accepted(2, product=[1, 5], segment=[Segment.INDIVIDUAL, Segment.ENTERPRISE])
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, rows)
    asked = told(scoring, report(queries), out)
    assert asked.dtype == VerificationQuery.dtype
    assert asked["sources"].tolist() == [
        Source.TAX | Source.CARRIER | Source.PUBLIC_SECURITY | Source.JUDICIAL | Source.ACCOUNTS | Source.WEALTH,
        Source.TAX | Source.REGISTRY | Source.JUDICIAL | Source.SENTIMENT | Source.ACCOUNTS | Source.SETTLEMENT,
    ]
    assert RiskList.INTERNAL not in asked["sources"]


@pytest.mark.planted
def test_planted_automatic_lane_for_everybody_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def always(cases: Rows, *rest: object) -> npt.NDArray[np.int64]:
        return np.full(len(cases), int(Lane.AUTOMATIC))

    monkeypatch.setattr("credit.scoring.subsystem.lanes", always)
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, accepted())
    questions = told(scoring, report(queries), out)
    answer(scoring, (VerificationReply, reply(questions, mobile_matches=0)), out=out)
    assert scoring.check() == [f"case {CASE}: in the automatic lane without earning it"]


@pytest.mark.planted
def test_planted_query_without_consent_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    scoring = ScoringSubsystem.build(STAFFED)
    monkeypatch.setattr("credit.scoring.subsystem.Consent", type("Consent", (), {"BUREAU": 0xFFFF}))
    ask(scoring, accepted(consent=int(Consent.PERSONAL_DATA)))
    assert any("without consent" in found for found in scoring.check())


@pytest.mark.requirement("EXT-01.e", "EXT-06.b")
def test_liabilities_and_deposits_count_in_the_score() -> None:
    def score(bureau: Facts, sources: Facts) -> int:
        return int(decide(bureau=bureau, sources=sources)[0]["score"][0])

    debts = [score({"monthly_debt_fen": fen}, {}) for fen in (0, 300_000, 900_000)]
    assert debts == sorted(set(debts), reverse=True)
    savings = [score({}, {"deposits_fen": fen}) for fen in (0, 2_000_000, 20_000_000)]
    assert savings[0] < savings[1] <= savings[2]
