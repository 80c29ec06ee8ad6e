"""How a loan is repaid over HTTP, and the desk of failed debits: its list, who may, and what a follow-up leads to."""

from __future__ import annotations

import pytest

from credit.numbers import person_of
from credit.repayment.contract import Desk
from tests.actors.gateway.live import LiveBank, live

OLD, NEW = "6217000000000000001", "6230000000000000001"
SILENT = {
    "kind": "partner_outage",
    "target": "core_banking",
    "start": "2026-03-10T00:00:00",
    "end": "2026-03-10T22:00:00",
    "share_ppm": 1_000_000,
}
"""All of the first due day's debits of Mr Zhang are asked for in vain."""


def seat(nth: int = 1, branch: int = 1) -> str:
    return str(person_of(branch, Desk.REPAYMENT_CLERK, nth))


@pytest.mark.requirement("REP-06.c", "REP-14.a", "REP-14.b", "REP-14.c")
def test_a_customer_sees_his_account_and_changes_it(bank: LiveBank) -> None:
    loan = bank.paid_out()
    path = f"/v1/loans/{loan}/debit"
    first = bank.get(path)
    assert (first["account"], first["method"], first["checking"]) == (OLD, "automatic", None)
    assert bank.post(path, {"account": OLD}, 422)["code"] == "ACCOUNT_UNCHANGED"
    assert bank.post(path, {"account": "123456789012"}, 422)["field"] == "account"
    bank.post(path, {"account": "12"}, 422)
    bank.post(path, {"method": "by_cheque"}, 422)
    done = bank.post(path, {"account": NEW}, Idempotency_Key="other")
    assert bank.post(path, {"account": NEW}, Idempotency_Key="other") == done
    bank.advance(days=1)
    assert bank.get(path)["account"] == NEW
    bank.post(path, {"method": "by_customer"})
    assert (bank.get(path)["account"], bank.get(path)["method"]) == (NEW, "by_customer")
    said = [one["event"] for one in bank.get(f"/v1/applications/{loan[:-2]}")["events"]]
    assert [one for one in said if one.startswith(("debit_", "account_"))] == [
        "debit_set",
        "account_check_asked",
        "debit_changed",
        "debit_changed",
    ]


@pytest.mark.requirement("REP-08.c", "REP-08.d")
def test_a_clerk_finds_a_failed_debit_on_his_list_and_debits_again() -> None:
    with live(people=["repayment_clerk"], faults=[SILENT]) as bank:
        loan = bank.paid_out()
        bank.advance(to="2026-03-10T22:30:00")
        [task] = bank.get("/v1/tasks?desk=repayment_clerk")["tasks"]
        assert (task["loan"], task["amount_fen"], task["state"]) == (loan, 430_332, "waiting")
        path = f"/v1/tasks/{task['task']}"
        again = {"follow_up": "debit_again"}
        assert bank.post(f"{path}/decision", again | {"person": seat(branch=2)}, 422)["code"] == "NO_AUTHORITY"
        assert bank.post(f"{path}/decision", {"person": seat(), "verdict": "approve"}, 422)["field"] == "verdict"
        held = bank.post(f"{path}/claim", {"person": seat()})["task"]
        assert held["claimed_by"] == seat()
        wrong = bank.post(f"{path}/decision", {"person": seat(), "follow_up": "change_account"}, 422)
        assert (wrong["code"], wrong["field"]) == ("ACCOUNT_INVALID", "account")
        assert bank.post(f"{path}/decision", again | {"person": seat(2)}, 422)["code"] == "CLAIMED_BY_ANOTHER"
        done = bank.post(f"{path}/decision", again | {"person": seat()}, Idempotency_Key="again")
        assert done["task"]["state"] == "done"
        bank.advance(to="2026-03-10T23:30:00")
        events = [one["event"] for one in bank.get(f"/v1/applications/{loan[:-2]}")["events"]]
        assert "failed_debit_followed_up" in events
        assert "instalment_paid" in events
        assert bank.get(f"/v1/loans/{loan}")["arrears_fen"] == 0
