"""The small banks in which fields are tried (`tests.lendrill.counting`), most of them with much that is rare elsewhere, so that a
few people bring it about. The first has something of everything; a field that changes nothing there is tried in the next."""

from __future__ import annotations

import datetime as dt
import tomllib
from copy import deepcopy
from importlib import resources
from typing import Any, NamedTuple

Content = dict[str, Any]


class World(NamedTuple):
    """A small bank: what a scenario's file would say of it beside the defaults."""

    name: str
    written: Content
    book: Content = {}
    """What its `run` said in the days before, where it begins with the book that those left."""


def _packaged(name: str) -> Content:
    text = resources.files("scenarios").joinpath("files", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


SMALL: Content = {
    "run": {"customers": 60, "days": 130, "start": dt.date(2025, 12, 29), "arrival_days": 12},
    "bank": {"branches": 2, "branch_weights_ppm": [600_000, 400_000]},
    "demand": {
        key: {"weight": weight}
        for key, weight in {
            "consumer_loan": 300_000,
            "card_instalment": 150_000,
            "mortgage": 200_000,
            "micro_business": 200_000,
            "working_capital": 150_000,
        }.items()
    },
    "arrivals": {
        "campaigns": [
            {"name": "x", "from_day": dt.date(2025, 12, 30), "to_day": dt.date(2025, 12, 31), "factor_ppm": 3_000_000}
        ]
    },
    "population": {
        "late_document_ppm": 300_000,
        "no_auto_debit_ppm": 300_000,
        "fraud_ppm": 100_000,
        "gang_ppm": 50_000,
        "listed_ppm": 50_000,
        "monthly_income_bands": [2_000, 4_000, 6_000, 8_000, 12_000, 20_000, 40_000, 100_000],
    },
    "behaviour": {
        "miss_base_ppm": 250_000,
        "abandon_ppm": 150_000,
        "change_request_ppm": 200_000,
        "renew_ppm": 600_000,
        "approver_alert_ppm": 200_000,
        "approver_reduce_ppm": 300_000,
        "approver_escalate_ppm": 200_000,
        "approver_return_ppm": 300_000,
        "supplement_never_ppm": 300_000,
        "condition_never_ppm": 300_000,
        "early_full_per_year_ppm": 300_000,
        "early_partial_per_year_ppm": 300_000,
        "manual_late_ppm": 400_000,
        "write_off_decline_ppm": 300_000,
        "reviewer_reject_ppm": 200_000,
        "payment_wrong_ppm": 100_000,
        "debit_partial_ppm": 400_000,
        "use_not_genuine_ppm": 200_000,
        "misprint_ppm": 300_000,
    },
    "economy": [
        {"day": dt.date(2025, 12, 29), "unemployment_ppm": 60_000, "house_price_ppm": 950_000},
        {"day": dt.date(2026, 3, 1), "unemployment_ppm": 90_000, "house_price_ppm": 800_000},
    ],
    "faults": [
        {
            "kind": "partner_outage",
            "target": "bureau",
            "start": dt.datetime(2025, 12, 30, 9),
            "end": dt.datetime(2026, 1, 5, 15),
            "share_ppm": 700_000,
        },
        {
            "kind": "absence",
            "target": "initial_approver",
            "start": dt.datetime(2025, 12, 30),
            "end": dt.datetime(2026, 1, 6),
            "share_ppm": 500_000,
        },
        {
            "kind": "system_outage",
            "start": dt.datetime(2026, 1, 5, 8),
            "end": dt.datetime(2026, 1, 5, 20),
            "recovery_minutes": {"approval": 600},
        },
        {
            "kind": "branch_outage",
            "branches": [1],
            "start": dt.datetime(2026, 1, 7, 8),
            "end": dt.datetime(2026, 1, 9, 20),
        },
    ],
    "script": [
        {
            "party": 1,
            "at": dt.datetime(2025, 12, 29, 10),
            "name": "张建国",
            "id_number": "110105199003072872",
            "mobile": "13800138000",
            "credit_code": "",
            "branch": 1,
            "channel": "mobile_bank",
            "segment": "individual",
            "product": "consumer_loan",
            "amount": 50_000,
            "term_months": 12,
            "method": "equal_instalment",
            "purpose": "装修",
            "remark": "",
            "address": "",
            "occupation": 3,
            "income": 18_000,
            "employment_months": 84,
            "documents": ["id_front", "id_back", "income_proof", "work_proof", "purpose_statement"],
            "consents": ["bureau", "personal_data", "auto_debit"],
            "collateral": 0,
            "true_income": 18_000,
            "miss_ppm": 300_000,
            "pays": [{"at": dt.datetime(2026, 3, 2, 10), "amount": 100}],
            "quality_ppm": 760_000,
            "lenders": 2,
            "queries_3m": 2,
            "history_months": 60,
            "other_debt": 10_000,
            "other_monthly_debt": 1_000,
            "card_limit": 40_000,
            "card_used": 14_000,
            "account_months": 48,
            "deposits": 10_000,
            "least_balance": 2_000,
            "monthly_inflow": 18_000,
            "monthly_outflow": 16_000,
            "income_months": 12,
            "wealth": 5_000,
            "monthly_settlement": 0,
            "sign_after_minutes": 20,
            "use_evidence_after_days": 10,
            "early_tranche_after_days": 5,
            "approved_amount": 40_000,
            "payment_minutes": 8,
        }
    ],
}
"""Sixty people within twelve days, and four months for what follows from it: the widest of them, and the quickest to show."""


CROWD: Content = {
    "run": {"customers": 400, "days": 40, "start": dt.date(2026, 3, 2), "arrival_days": 12},
    "bank": {"branches": 2},
    "demand": {
        "consumer_loan": {"weight": 250_000},
        "card_instalment": {"weight": 150_000},
        "mortgage": {"weight": 200_000, "amount_in_incomes_ppm": 90_000_000},
        "micro_business": {"weight": 200_000, "amount_in_incomes_ppm": 8_000_000},
        "working_capital": {"weight": 200_000, "amount_in_incomes_ppm": 6_000_000},
    },
    "population": {
        "repeat_ppm": 250_000,
        "rush_ppm": 100_000,
        "restated_ppm": 300_000,
        "vague_purpose_ppm": 50_000,
        "late_document_ppm": 400_000,
        "fraud_ppm": 250_000,
        "gang_ppm": 100_000,
        "listed_ppm": 50_000,
        "income_inflation_ppm": 300_000,
    },
    "files": {
        "registry_gap_ppm": 300_000,
        "inactive_ppm": 100_000,
        "litigation_ppm": 200_000,
        "wealth_ppm": 500_000,
        "mobile_mismatch_ppm": 200_000,
    },
    "behaviour": {
        "fraud_mistaken_ppm": 300_000,
        "appeal_guilty_ppm": 500_000,
        "appeal_days_median": 2,
        "approver_decline_ppm": [100_000, 150_000, 200_000, 300_000, 400_000],
        "approver_alert_ppm": 200_000,
        "approver_escalate_ppm": 300_000,
        "approver_special_ppm": 500_000,
        "approver_return_ppm": 500_000,
        "abandon_ppm": 300_000,
        "renew_ppm": 600_000,
        "late_sign_ppm": 500_000,
        "change_request_ppm": 200_000,
        "certificate_lapsed_ppm": 200_000,
        "certificate_revoked_ppm": 200_000,
        "misprint_ppm": 200_000,
        "collateral_unfit_ppm": 100_000,
        "collateral_unregistered_ppm": 200_000,
        "collateral_incomplete_ppm": 300_000,
        "records_poor_ppm": 300_000,
        "payment_wrong_ppm": 200_000,
        "reviewer_reject_ppm": 300_000,
        "use_not_genuine_ppm": 400_000,
        "drawdowns_per_year": 30,
        "drawdown_misused_ppm": 400_000,
    },
    "staff": {
        "scale": True,
        "scale_per_day": 10,
        "committee": {"service_minutes_median": 120, "every_day": True},
        "initial_approver": {"service_minutes_median": 60, "every_day": True},
        "re_reviewer": {"service_minutes_median": 60, "every_day": True},
        "final_approver": {"service_minutes_median": 120, "every_day": True},
        "risk_specialist": {"service_minutes_median": 400, "every_day": True},
        "approval_supervisor": {"service_minutes_median": 120, "every_day": True},
        "disbursement_operator": {"every_day": True},
        "disbursement_reviewer": {"every_day": True},
    },
    "partners": {
        "tax": {"latency_ms_median": 1_500, "error_ppm": 300_000},
        "lists": {"latency_ms_median": 9_000, "error_ppm": 100_000},
        "payment": {"error_ppm": 300_000},
        "core_banking": {"error_ppm": 200_000},
    },
    "faults": [
        {
            "kind": "system_outage",
            "start": dt.datetime(2026, 3, 5, 8),
            "detection_minutes": 20,
            "decision_minutes": 30,
            "switch_minutes": 40,
        },
        {
            "kind": "partner_outage",
            "target": "bureau",
            "start": dt.datetime(2026, 3, 4, 9),
            "end": dt.datetime(2026, 3, 9, 15),
            "share_ppm": 500_000,
        },
        {
            "kind": "partner_outage",
            "target": "payment",
            "start": dt.datetime(2026, 3, 9, 9),
            "end": dt.datetime(2026, 3, 12, 15),
            "share_ppm": 700_000,
        },
    ],
    "policies": {
        "approval": {"nodes": [{"key": "committee", "limit_minutes": 120}]},
        "contracts": {"certified": True},
        "scorecard": {"bureau": {"purposes": [2, 3]}},
        "payments": {
            "clearing_opens_minute": 600,
            "clearing_closes_minute": 700,
            "guarantee_materials": {"document": ["lease_contract", "financial_statements"]},
        },
    },
}
"""Four hundred within twelve days, many of them firms and frauds, who ask for much: what happens until the money is there."""

_PLEDGE = _packaged("deposit_pledge")
_LIGHT = [{"action": "sms", "every_days": 3}, {"action": "call", "every_days": 3}]
LOSSES: Content = {
    "run": {"customers": 60, "days": 60, "start": dt.date(2026, 4, 27), "first_arrival": 801, "arrival_days": 40},
    "bank": {"branches": 2},
    "demand": {
        "consumer_loan": {"weight": 200_000},
        "card_instalment": {"weight": 200_000},
        "mortgage": {"weight": 100_000},
        "micro_business": {"weight": 250_000},
        "working_capital": {"weight": 150_000},
        "deposit_pledge": _PLEDGE["demand"]["deposit_pledge"] | {"weight": 100_000},
    },
    "economy": [
        {"day": dt.date(2025, 7, 1), "unemployment_ppm": 80_000, "house_price_ppm": 900_000},
        {"day": dt.date(2026, 7, 1), "unemployment_ppm": 90_000, "house_price_ppm": 800_000},
    ],
    "partners": {"sms": {"error_ppm": 600_000}, "app_push": {"error_ppm": 600_000}},
    "population": {
        "no_auto_debit_ppm": 300_000,
        "repeat_ppm": 500_000,
        "missing_document_ppm": 300_000,
        "fraud_ppm": 200_000,
    },
    "behaviour": {
        "miss_base_ppm": 150_000,
        "cure_daily_ppm": 4_000,
        "failed_debit_again_ppm": 100_000,
        "manual_late_ppm": 300_000,
        "debit_partial_ppm": 400_000,
        "early_full_per_year_ppm": 300_000,
        "early_partial_per_year_ppm": 500_000,
        "notice_response_ppm": 10_000,
        "lost_ppm": 300_000,
        "unable_ppm": 400_000,
        "promise_ppm": 300_000,
        "write_off_decline_ppm": 600_000,
        "restructuring_request_ppm": 150_000,
        "restructuring_unproven_ppm": 200_000,
        "restructuring_hopeless_ppm": 200_000,
        "restructuring_decline_ppm": 200_000,
        "restructuring_signed_ppm": 700_000,
        "restructured_strained_ppm": 300_000,
        "restructured_worse_ppm": 200_000,
        "finances_worse_ppm": 200_000,
        "drawdowns_per_year": 20,
        "drawdown_share_ppm": 200_000,
    },
    "staff": {
        name: {"service_minutes_median": 150, "shift_start_minute": 510, "every_day": True}
        for name in (
            *("collector_early", "collector_middle", "collector_long", "branch_risk_director", "head_office_risk"),
            *("finance", "use_verifier"),
        )
    },
    "policies": deepcopy(_PLEDGE["policies"])
    | {
        "collections": {
            "assignments": [{"product": "card_instalment", "segment": "individual", "set": "b"}],
            "write_off": {"dpd_over": 90, "contacts_min": 2, "retry_days": 3},
            "referral": {"retry_days": 20},
        },
        "collections_b": {
            "rows": [
                {"key": "light_weak", "grades": ["good", "fair", "weak"], "actions": _LIGHT},
                {"key": "light", "actions": _LIGHT[:1]},
                {"key": "severe", "priority": 3},
            ]
        },
        "repayment": {"debit_terms": [{"key": "card_instalment", "reminder_days": 7}]},
        "restructuring": {"retry_days": 20},
    },
}
"""A book of eight hundred who came within four months and were watched for ten, many of whom can't pay: what becomes of it in two
months more."""

LOST: Content = LOSSES | {
    "behaviour": LOSSES["behaviour"]
    | {
        "cure_daily_ppm": 0,
        "notice_response_ppm": 0,
        "promise_ppm": 0,
        "failed_debit_again_ppm": 0,
        "restructuring_request_ppm": 0,
    },
    "policies": LOSSES["policies"]
    | {
        "collections": {
            "referral": {"unable": False, "months_overdue": 12},
            "write_off": {"dpd_over": 90, "contacts_min": 1, "retry_days": 3},
        }
    },
}
"""The same, where nobody pays who once did not and nobody gets other terms: what is written off."""

WRITTEN: Content = {
    "run": {"customers": 4, "days": 290, "start": dt.date(2026, 2, 2)},
    "bank": {"branches": 2},
    "behaviour": {"write_off_decline_ppm": 0},
    "policies": {
        "contracts": {"certified": True},
        "fraud": {
            "rules": [
                {
                    "key": "new_account",
                    "conditions": [{"column": "account_months", "at_most": 5}],
                    "doubt": "multi_lender",
                    "action": "doubt",
                }
            ]
        },
        "products": _packaged("li_food_store")["policies"]["products"],
        "repayment": _packaged("zhang_consumer_loan")["policies"]["repayment"],
        "collections": {"write_off": {"dpd_over": 90, "contacts_min": 2}},
    },
    "script": [
        one["script"][0] | changed | {"party": party}
        for party, (one, changed) in enumerate(
            (
                (_packaged("zhang_consumer_loan"), {"id_valid_until": "2026-12-31", "branch": 1}),
                (
                    _packaged("li_food_store"),
                    {
                        "licence_valid_until": "2026-12-31",
                        "account_months": 30,
                        "monthly_settlement": 300_000,
                        "true_income": 300_000,
                        "details": {"counterparty": "上海粮油批发有限公司", "monthly_sales": "60000000"},
                    },
                ),
                (_packaged("wang_bakery"), {"true_income": 100_000}),
                (
                    _packaged("chen_written_off"),
                    {
                        "purpose": "买钢琴",
                        "misses": [1, 2, 3, 4, 5, 6, 7, 8],
                        "pays": [{"at": dt.datetime(2026, 11, 5, 10, 30), "amount": 5_000}],
                    },
                ),
            ),
            start=1,
        )
    ],
}
"""The people of the worked examples and nobody else: what is written of a customer happens to him."""

STRICT: Content = SMALL | {
    "policies": {
        "approval": {"opinion_length_min": 12},
        "repayment": {"restructuring": {"extension_short_months": 2, "extension_short_ppm": 0}},
    }
}
"""The first again, with rules that what people do by themselves just meets or just fails."""

_WATCHED: Content = {"customers": 800, "days": 300, "start": dt.date(2025, 7, 1), "arrival_days": 120}

WORLDS = (
    World("small", SMALL),
    World("crowd", CROWD),
    World("losses", LOSSES, _WATCHED),
    World("written", WRITTEN),
    World("strict", STRICT),
    World("lost", LOST, _WATCHED),
)
