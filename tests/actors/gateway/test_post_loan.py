"""Inspections over HTTP: a customer manager finds the money elsewhere, a reviewer confirms it, and the limit can't be drawn any
more."""

from __future__ import annotations

import pytest

from tests.actors.gateway.live import LiveBank, live
from tests.actors.gateway.test_li import FORM, SCRIPT, happened

MANAGER, REVIEWER = "1410001", "1670001"


def task_of(bank: LiveBank, desk: str) -> str:
    """The one task that a desk has."""
    [found] = bank.get(f"/v1/tasks?desk={desk}")["tasks"]
    return f"/v1/tasks/{found['task']}"


@pytest.mark.requirement("APP-01.e", "PRD-05.d", "PRD-09.e", "WRN-06.c", "WRN-10.b")
def test_what_a_customer_manager_finds_and_a_reviewer_confirms_restricts_the_limit() -> None:
    desks = ["customer_manager", "post_loan_reviewer"]
    with live("li_food_store", desks, date="2026-03-03", script=SCRIPT, run__customers=1, run__days=400) as bank:
        bank.advance(to="2026-03-03T09:30:00")
        case = bank.post("/v1/applications", FORM, 202, Idempotency_Key="li")["case"]
        bank.advance(days=1)
        bank.advance(to="2026-03-05T09:30:00")
        bank.sign(case)
        bank.advance(days=1)
        [paid] = happened(bank, case, "loan_disbursed")
        assert paid[:10] == "2026-03-05"
        assert bank.get("/v1/tasks?desk=customer_manager")["tasks"] == []
        bank.advance(to="2026-03-24T09:30:00")
        task = task_of(bank, "customer_manager")
        said = bank.get(task)
        assert (said["cause"], said["worklist"], said["case"]) == ("first", "post_loan", case)
        assert said["limit_at"][:10] <= "2026-04-04"
        bank.post(f"{task}/claim", {"person": MANAGER})
        report = {"person": MANAGER, "verdict": "approve", "findings": ["use_diverted"]}
        assert bank.post(f"{task}/decision", report | {"findings": ["nothing"]}, 422)["title"] == "Invalid request"
        bank.post(f"{task}/decision", report)
        task = task_of(bank, "post_loan_reviewer")
        assert bank.get(task)["findings"] == ["use_diverted"]
        assert bank.post(f"{task}/decision", {"person": MANAGER, "verdict": "approve"}, 422)["code"] == "NO_AUTHORITY"
        bank.post(f"{task}/decision", {"person": REVIEWER, "verdict": "approve"})
        assert len(happened(bank, case, "warning_raised")) == 1
        bank.advance(to="2026-03-25T10:00:00")
        assert len(happened(bank, case, "limit_restricted")) == 1
        drawing = {"amount_fen": 80_000_000, "term_months": 12, "number": 2}
        refused = bank.post(f"/v1/applications/{case}/drawdowns", drawing, 422)
        assert refused["code"] in ("LIMIT_RESTRICTED", "USE_NOT_VERIFIED")
