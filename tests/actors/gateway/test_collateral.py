"""Collateral over HTTP: a mortgage is valued, registered and taken in by people at their desks before its money is paid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.actors.gateway.live import LiveBank, live

VALUER, REGISTRAR, CUSTODIAN = "1640001", "1650001", "1660001"
MORTGAGE: dict[str, Any] = {
    "product": "mortgage",
    "amount_fen": 30_000_000,
    "term_months": 240,
    "channel": "counter",
    "purpose": "购买自住住房",
    "documents": [
        "id_front",
        "id_back",
        "income_proof",
        "purpose_statement",
        "property_certificate",
        "residence_proof",
    ],
    "collateral_fen": 90_000_000,
    "payee_account": "6222000000000000001",
    "details": {"property_address": "中山路18号2幢301室", "property_price": "600000", "property_kind": "二手房"},
}


@pytest.fixture
def bank() -> Iterator[LiveBank]:
    desks = ["collateral_valuer", "collateral_registrar", "collateral_custodian"]
    with live(people=desks, date="2026-03-03") as found:
        yield found


def task_of(bank: LiveBank, desk: str, case: str) -> str:
    """The task that a desk has of a case, once it is asked."""
    for _ in range(30):
        if found := [one for one in bank.get(f"/v1/tasks?desk={desk}")["tasks"] if one["case"] == case]:
            return f"/v1/tasks/{found[0]['task']}"
        bank.a_minute()
    raise AssertionError(f"{desk} was not asked")


@pytest.mark.requirement("APR-01.c", "PRD-03.c", "PRD-03.d", "CON-24.a", "CON-24.b", "CON-24.d", "DIS-02.d")
def test_a_home_is_valued_registered_and_taken_in_before_the_money_is_paid(bank: LiveBank) -> None:
    case = bank.hand_in(**MORTGAGE)["case"]
    path = f"/v1/applications/{case}"
    task = task_of(bank, "collateral_valuer", case)
    said = bank.get(task)
    assert (said["kind"], said["declared_fen"], said["worklist"]) == ("dwelling", 90_000_000, "collateral")
    bank.post(f"{task}/claim", {"person": VALUER})
    assert bank.post(f"{task}/decision", {"person": VALUER, "verdict": "approve"}, 422)["code"] == "VALUE_MISSING"
    bank.post(f"{task}/decision", {"person": VALUER, "verdict": "approve", "value_fen": 50_000_000})
    valued = bank.get(f"{path}/collateral")["collateral"]
    assert (valued["state"], valued["value_fen"], valued["valuer"]) == ("valued", 50_000_000, VALUER)

    bank.advance(days=3)
    contract = bank.get(f"{path}/contract")
    assert "500,000.00" in bank.get(f"{path}/contract/document")
    assert contract["amount_fen"] == 30_000_000
    bank.sign(case)
    bank.advance(days=2)
    assert bank.get(path)["loans"] == []
    task = task_of(bank, "collateral_registrar", case)
    bank.post(f"{task}/decision", {"person": REGISTRAR, "verdict": "approve"})
    bank.advance(days=2)
    assert bank.get(path)["loans"] == []
    task = task_of(bank, "collateral_custodian", case)
    bank.post(f"{task}/decision", {"person": CUSTODIAN, "verdict": "approve"})
    held = bank.get(f"{path}/collateral")["collateral"]
    assert (held["state"], held["registrar"], held["custodian"]) == ("in_force", REGISTRAR, CUSTODIAN)
    bank.advance(days=4)
    assert bank.get(path)["loans"] == [f"{case}01"]
    events = [one["event"] for one in bank.get(path)["events"]]
    assert events.index("guarantee_in_place") < events.index("loan_disbursed")


def test_what_nothing_secures_has_no_collateral(bank: LiveBank) -> None:
    case = bank.apply()["case"]
    assert bank.get(f"/v1/applications/{case}/collateral")["collateral"] is None
