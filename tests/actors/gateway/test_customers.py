"""Customers over HTTP: one is entered before any application, and applies by his number without being asked again who he is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from actors.gateway import known
from actors.gateway.applications import ZHANG
from actors.gateway.bank import Bank
from actors.gateway.customers import file_of
from actors.gateway.known import HELD
from credit.room import Rows
from tests.actors.gateway.live import EVERYBODY, LiveBank, calling, live

MANAGER = "1410001"
ENTRY: dict[str, Any] = {
    name: ZHANG[name] for name in ("branch", "segment", "name", "id_number", "mobile", "occupation")
}
FORM: dict[str, Any] = {name: value for name, value in ZHANG.items() if name not in HELD}


@pytest.fixture
def bank() -> Iterator[LiveBank]:
    with live() as found:
        yield found


@pytest.mark.requirement("CUS-05.c", "CUS-08.e")
def test_a_new_customer_is_entered_by_a_form_of_his_own(bank: LiveBank) -> None:
    said = {"person": MANAGER}
    for field, wrong, code in (
        ("name", "", "NAME_MISSING"),
        ("occupation", 0, "OCCUPATION_MISSING"),
        ("id_number", "110105199003072871", "ID_CHECK_DIGIT"),
        ("mobile", "12345", "MOBILE_FORMAT"),
    ):
        refused = bank.post("/v1/customers", ENTRY | said | {field: wrong}, 422)
        assert (refused["code"], refused["field"]) == (code, field)
    number = bank.post("/v1/customers", ENTRY | said, 201)["customer"]
    file = bank.get(f"/v1/customers/{number}")
    assert (file["name"], file["state"], file["applications"]) == (ZHANG["name"], "potential", [])
    assert bank.post("/v1/customers", ENTRY | said, 422)["code"] == "CUSTOMER_KNOWN"


@pytest.mark.requirement("CUS-05.c", "APP-05.b", "APP-05.c")
def test_he_applies_by_his_number_and_is_not_asked_again_who_he_is(bank: LiveBank) -> None:
    number = bank.post("/v1/customers", ENTRY | {"person": MANAGER}, 201)["customer"]
    key = "the-first"  # luck follows from it
    case = bank.post(f"/v1/customers/{number}/applications", FORM, 202, Idempotency_Key=key)["case"]
    for _ in range(20):
        if bank.get(f"/v1/applications/{case}")["step"] == "contract":
            break
        bank.a_minute()
    assert ZHANG["name"] in bank.get(f"/v1/applications/{case}/contract/document")
    file = bank.get(f"/v1/customers/{number}")
    assert len(file["applications"]) == 1
    assert "income_proof" in file["documents"]
    again = FORM | {"amount_fen": 1_000_000, "documents": ["purpose_statement", "income_proof"]}
    second = bank.post(f"/v1/customers/{number}/applications", again, 202)
    assert second["step"] != "closed", "his ID card is on file"


@pytest.mark.parametrize("column", ["occupation", "segment"])
def test_whose_file_does_not_say_what_he_does_hands_the_whole_form_in(
    bank: LiveBank, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    async def without(of: Bank, customer: str) -> Rows:
        rows: Rows = (await file_of(of, customer)).copy()
        rows[column] = 0
        return rows

    number = bank.post("/v1/customers", ENTRY | {"person": MANAGER}, 201)["customer"]
    monkeypatch.setattr(known, "file_of", without)
    refused = bank.post(f"/v1/customers/{number}/applications", FORM, 422)
    assert (refused["field"], refused["detail_zh"]) == ("occupation", "客户档案缺职业信息，请填写完整申请表")


def test_nobody_applies_for_a_number_that_is_none(bank: LiveBank) -> None:
    assert bank.post("/v1/customers/77/applications", FORM, 404)["title"] == "Not found"
    number = bank.post("/v1/customers", ENTRY | {"person": MANAGER}, 201)["customer"]
    refused = bank.post(f"/v1/customers/{number}/applications", FORM | {"name": "李四"}, 422)
    assert refused["title"] == "Invalid request"


@pytest.mark.requirement("CUS-10.b")
def test_his_file_gathers_what_the_bank_holds_of_him(bank: LiveBank) -> None:
    loan = bank.paid_out()
    case = loan[:-2]
    number = bank.customer_of(case)
    file = bank.get(f"/v1/customers/{number}/file")
    assert (file["customer"]["name"], file["cases"]) == (ZHANG["name"], [case])
    [contract], [owed], [inspection] = file["contracts"], file["loans"], file["inspections"]
    assert (contract["case"], contract["amount_fen"], contract["account"]) == (case, 5_000_000, ZHANG["account"])
    assert (owed["loan"], owed["product"], owed["state"]) == (loan, "consumer_loan", "active")
    assert (inspection["case"], inspection["findings"]) == (case, [])
    assert (file["materials"], file["collateral"]) == ([], [])
    assert bank.get("/v1/customers/99/file", 404)["title"] == "Not found"


@pytest.mark.requirement("CUS-10.b")
def test_numbers_in_the_file_are_masked_for_whom_no_post_shows_them(bank: LiveBank) -> None:
    number = bank.customer_of(bank.paid_out()[:-2])
    bank.app.state.signed_in = calling(replace(EVERYBODY, scopes=frozenset({"customers:read"})))
    file = bank.get(f"/v1/customers/{number}/file")
    assert file["customer"]["id_number"] == "110***********2872"
    assert file["contracts"][0]["account"] == "*" * 15 + "0001"
