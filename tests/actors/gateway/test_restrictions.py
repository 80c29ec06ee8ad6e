"""Restricting the use of a limit (限制用信) over HTTP: nothing is drawn and no tranche follows, until it is lifted."""

from __future__ import annotations

import pytest

from credit.head_office.contract import Desk
from credit.numbers import HEAD_OFFICE, person_of
from tests.actors.gateway.live import live
from tests.actors.gateway.test_li import FORM, SCRIPT, happened

SPECIALIST = str(person_of(HEAD_OFFICE, Desk.RISK_SPECIALIST, 1))
RESTRICTING = {"restricted": True, "reason": 509, "person": SPECIALIST}


@pytest.mark.requirement("PRD-09.d")
def test_staff_restrict_the_use_of_a_limit_and_lift_it() -> None:
    with live("li_food_store", date="2026-03-03", script=SCRIPT, run__customers=1, run__days=400) as bank:
        bank.advance(to="2026-03-03T09:30:00")
        case = bank.post("/v1/applications", FORM, 202, Idempotency_Key="li")["case"]
        bank.advance(to="2026-03-05T09:30:00")
        bank.sign(case)
        bank.advance(days=2)
        path = f"/v1/applications/{case}/limit-restrictions"
        assert bank.post(path, RESTRICTING | {"person": "77"}, 422)["code"] == "NOT_ON_REGISTER"
        bank.post(path, RESTRICTING, Idempotency_Key="restrict")
        assert bank.get(f"/v1/applications/{case}/facility")["restricted"] is True
        drawing = {"amount_fen": 80_000_000, "term_months": 12, "number": 2}
        assert bank.post(f"/v1/applications/{case}/drawdowns", drawing, 422)["code"] == "LIMIT_RESTRICTED"
        bank.post(f"/v1/loans/{case}01/use-evidence")
        bank.advance(days=10)
        assert len(happened(bank, case, "use_verified")) == 1
        assert len(happened(bank, case, "loan_disbursed")) == 1, (
            "the use is verified, and the next tranche is held back"
        )
        bank.post(path, RESTRICTING | {"restricted": False})
        assert bank.get(f"/v1/applications/{case}/facility")["restricted"] is False
        bank.advance(days=10)
        assert len(happened(bank, case, "loan_disbursed")) == 2
        assert len(happened(bank, case, "limit_restricted")) == 2
