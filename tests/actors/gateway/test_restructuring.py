"""Other terms over HTTP: asked for with a proof, set by hand, proposed by one, approved by another, signed by the customer."""

from __future__ import annotations

from typing import Any

import pytest

from actors.gateway.applications import ZHANG
from credit.numbers import person_of
from tests.actors.gateway.live import LiveBank, live

SPECIALIST, APPROVER = 36, 37
HAND: dict[str, Any] = {
    "months": 9,
    "interest_every": 3,
    "stages": [{"instalment": n, "share_ppm": 500_000} for n in (4, 9)],
}
ASKED = {"hardship": "income_lost", "proof": ["income_proof"]}
TERMS = {"verdict": "approve", "ground": "income_lost", "measure": "staged", "months": 9}


def seat(desk: int, nth: int = 1) -> dict[str, str]:
    return {"person": str(person_of(1, desk, nth))}


def task_of(bank: LiveBank, desk: str) -> dict[str, Any]:
    [found] = bank.get(f"/v1/tasks?desk={desk}")["tasks"]
    return dict(found)


def overdue(bank: LiveBank) -> str:
    loan = bank.paid_out(consents=[one for one in ZHANG["consents"] if one != "auto_debit"])
    bank.advance(days=40)
    return str(loan)


@pytest.mark.requirement("REP-13.a", "REP-03.a")
def test_a_customer_asks_with_a_proof_and_gets_a_plan_that_was_set_by_hand_for_him() -> None:
    with live(people=["restructuring_specialist", "restructuring_approver", "restructured_inspector"]) as bank:
        loan = overdue(bank)
        path = f"/v1/loans/{loan}/restructuring"
        before = bank.get(f"/v1/loans/{loan}")
        assert bank.post(path, {"hardship": "income_lost"}, 422)["code"] == "PROOF_MISSING"
        assert bank.post(path, {"hardship": "none", "proof": ["income_proof"]}, 422)["code"] == "PROOF_MISSING"
        bank.post(path, ASKED)
        assert bank.post(path, ASKED, 422)["code"] == "UNDER_WAY"
        bank.advance(days=2)
        task = task_of(bank, "restructuring_specialist")
        assert (task["loan"], task["cause"], task["hardship"]) == (loan, "requested", "income_lost")
        assert before["arrears_fen"] <= task["overdue_fen"] <= bank.get(f"/v1/loans/{loan}")["arrears_fen"]
        assert (task["left"], task["proof"]) == (11, ["income_proof"])

        assert bank.post(f"{path}/plan", seat(APPROVER) | HAND, 422)["code"] == "NO_AUTHORITY"
        halves = HAND | {"stages": HAND["stages"][:1]}
        assert bank.post(f"{path}/plan", seat(SPECIALIST) | halves, 422)["code"] == "PLAN_INVALID"
        bank.post(f"{path}/plan", seat(SPECIALIST) | HAND)
        decision = f"/v1/tasks/{task['task']}/decision"
        assert bank.post(decision, seat(SPECIALIST) | TERMS | {"months": 10}, 422)["code"] == "TERMS_INVALID"
        bank.post(decision, seat(SPECIALIST) | TERMS)
        assert bank.get(path)["state"] == "proposed"

        approval = f"/v1/tasks/{task_of(bank, 'restructuring_approver')['task']}/decision"
        assert bank.post(approval, seat(SPECIALIST) | {"verdict": "approve"}, 422)["code"] == "NO_AUTHORITY"
        other = seat(APPROVER) | TERMS | {"months": 12}
        assert bank.post(approval, other, 422)["code"] == "NOT_PROPOSED"
        assert bank.post(f"{path}/signature", {"accept": True}, 422)["code"] == "NOTHING_OFFERED"
        bank.post(approval, seat(APPROVER) | {"verdict": "approve"})
        assert bank.get(path)["state"] == "offered"
        assert bank.get(f"/v1/loans/{loan}")["arrears_fen"] > before["arrears_fen"] > 0
        bank.post(f"{path}/signature", {"accept": True})
        bank.advance(days=2)

        standing = bank.get(path)
        assert (standing["state"], standing["risk_class"], standing["measure"]) == (
            "observed",
            "special_mention",
            "staged",
        )
        after = bank.get(f"/v1/loans/{loan}")
        assert (after["arrears_fen"], after["method"]) == (0, "custom")
        assert after["ledger"]["principal_fen"] == after["principal_fen"] == before["principal_fen"]
        plan = [
            line
            for line in bank.get(f"/v1/loans/{loan}/schedule")["instalments"]
            if line.get("balance_fen") is not None
        ]
        assert [line["principal_fen"] for line in plan] == [0, 0, 0, 2_500_000, 0, 0, 0, 0, 2_500_000]
        assert [line["interest_fen"] > 0 for line in plan] == [n in (3, 6, 9) for n in range(1, 10)]

        bank.advance(days=31)
        inspection = task_of(bank, "restructured_inspector")
        report = f"/v1/tasks/{inspection['task']}/decision"
        bank.post(report, {"person": str(person_of(1, 39, 1)), "finding": "sound"})
        assert bank.get(path) | {"inspections": 1, "last_finding": "sound"} == bank.get(path)


def test_terms_that_nobody_signs_lapse_and_leave_the_loan_as_it_was() -> None:
    with live(people=["restructuring_specialist", "restructuring_approver"]) as bank:
        loan = overdue(bank)
        path = f"/v1/loans/{loan}/restructuring"
        bank.post(path, ASKED)
        bank.advance(days=2)
        task = task_of(bank, "restructuring_specialist")["task"]
        longer = {"verdict": "approve", "ground": "illness", "measure": "extension", "months": 6}
        bank.post(f"/v1/tasks/{task}/decision", seat(SPECIALIST) | longer)
        task = task_of(bank, "restructuring_approver")["task"]
        bank.post(f"/v1/tasks/{task}/decision", seat(APPROVER) | {"verdict": "approve"})
        bank.advance(days=11)
        assert bank.get(path)["state"] == "ended"
        assert bank.post(f"{path}/signature", {"accept": True}, 422)["code"] == "NOTHING_OFFERED"
        assert bank.post(path, ASKED, 422)["code"] == "TOO_SOON"
        loan_now = bank.get(f"/v1/loans/{loan}")
        assert (loan_now["method"], loan_now["instalments"]) == ("equal_instalment", 12)
        assert loan_now["arrears_fen"] > 0
