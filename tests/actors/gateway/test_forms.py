"""Forms over HTTP: each product's own, with the range of who asks, and what is handed in held against it."""

from __future__ import annotations

from typing import Any

import pytest

from actors.gateway.applications import ZHANG
from tests.actors.gateway.live import LiveBank
from tests.actors.gateway.test_bulk import as_csv, hand_in

CARD = {"product": "card_instalment", "amount_fen": 1_000_000, "details": {"card_number": "6217000000000000009"}}


def refused(bank: LiveBank, **changes: Any) -> Any:
    return bank.post("/v1/applications", ZHANG | changes, 422)


@pytest.mark.requirement("APP-07.b", "APP-07.c")
def test_the_form_shows_the_range_of_who_asks_and_the_bank_holds_to_it(bank: LiveBank) -> None:
    form = bank.get("/v1/products/consumer_loan/form?income_fen=500000&age=68")
    assert (form["amount_min_fen"], form["amount_max_fen"]) == (500_000, 9_000_000)
    assert (form["terms_months"], form["offered"]) == ([6, 12, 18, 24], True)
    anybody = bank.get("/v1/products/consumer_loan/form")
    assert (anybody["amount_max_fen"], anybody["terms_months"][-1], anybody["of"]["age"]) == (30_000_000, 36, None)
    assert bank.get("/v1/products/consumer_loan/form?age=70")["offered"] is False
    most = form["amount_max_fen"]
    bank.hand_in(income_fen=500_000, amount_fen=most)
    said = refused(bank, income_fen=500_000, amount_fen=most + 1)
    assert (said["code"], said["field"]) == ("AMOUNT_BEYOND", "amount_fen")
    assert said["range"] == {"amount_min_fen": 500_000, "amount_max_fen": most, "term_months_max": 36}


@pytest.mark.requirement("CUS-01.d")
def test_the_form_lists_the_materials_of_the_segment(bank: LiveBank) -> None:
    micro, enterprise = (
        set(bank.get(f"/v1/products/working_capital/form?segment={one}")["materials"]["required"])
        for one in ("micro", "enterprise")
    )
    assert enterprise - micro == {"legal_person_id", "articles"}
    assert micro - enterprise == {"id_back"}


@pytest.mark.requirement("APP-16.c")
def test_a_card_that_is_not_valid_today_is_refused_by_name(bank: LiveBank) -> None:
    for day, code in (("2026-01-07", "ID_EXPIRED"), ("", "ID_VALIDITY_MISSING"), ("长期", "ID_LONG_TERM")):
        said = refused(bank, id_valid_until=day)
        assert (said["code"], said["field"]) == (code, "id_valid_until")
    assert "id_valid_until" in str(refused(bank, id_valid_until="2026-02-30"))


@pytest.mark.requirement("PRD-08.c")
def test_a_product_asks_for_fields_of_its_own_and_refuses_others_by_name(bank: LiveBank) -> None:
    [field] = bank.get("/v1/products/card_instalment/form")["fields"]
    assert (field["key"], field["required"], field["kind"]) == ("card_number", True, "account")
    assert bank.get("/v1/products/consumer_loan/form")["fields"] == []
    said = refused(bank, **CARD | {"details": {"card_numbr": "6217000000000000009"}})
    assert said["field"] == "details.card_numbr"
    assert "asks for card_number" in said["detail_en"]
    assert refused(bank, details=CARD["details"])["field"] == "details.card_number"
    for details, code in (({}, "DETAIL_MISSING"), ({"card_number": "62170"}, "DETAIL_WRONG")):
        said = refused(bank, **CARD | {"details": details})
        assert [(one["at"], one["code"]) for one in said["faults"]] == [("details.card_number", code)]
    case = bank.hand_in(**CARD)["case"]
    shown = bank.get(f"/v1/applications/{case}")["details"]
    assert shown == [{"key": "card_number", "words": ["Credit card", "信用卡卡号"], "account": "6217000000000000009"}]


@pytest.mark.requirement("PRD-08.c")
def test_the_approver_sees_what_the_form_says(bank: LiveBank) -> None:
    address = {"property_address": "中山路18号2幢301室", "property_price": "3000000", "property_kind": "二手房"}
    papers = ["id_front", "id_back", "income_proof", "purpose_statement", "property_certificate", "residence_proof"]
    case = bank.hand_in(
        product="mortgage", amount_fen=100_000_000, term_months=240, purpose="购买住房", income_fen=5_000_000,
        documents=papers, collateral_fen=300_000_000, details=address,
    )["case"]  # fmt: skip
    for _ in range(30):
        bank.a_minute()
        if mine := [one for one in bank.get("/v1/tasks?limit=200")["tasks"] if one.get("case") == case]:
            break
    said = bank.get(f"/v1/tasks/{mine[0]['task']}")["details"]
    assert {one["key"]: one["value"] for one in said} == address


@pytest.mark.requirement("PRD-08.c")
def test_a_table_of_forms_holds_the_fields_as_well(bank: LiveBank) -> None:
    rows = [ZHANG | {"id_number": next(bank.people)} | CARD | {"details": "card_number=6217000000000000009"}]
    rows += [rows[0] | {"id_number": next(bank.people), "details": ""}]
    said = hand_in(bank, as_csv(rows))
    assert (said["reasons"][0], list(said["codes"].values())) == (
        0,
        [["field of the product's form missing", "缺产品专项信息"]],
    )
    [wrong] = hand_in(bank, as_csv([rows[0] | {"details": "colour=red"}]), status=422)["errors"]
    assert (wrong["row"], wrong["column"]) == (1, "details")
    [wrong] = hand_in(bank, as_csv([rows[0] | {"id_valid_until": "soon"}]), status=422)["errors"]
    assert (wrong["row"], wrong["column"]) == (1, "id_valid_until")


WRONG: dict[str, list[Any]] = {
    "integer": ["5", True, 1.5, [1]],
    "boolean": ["true", 1, 0, 0.5],
    "date": ["1772323200", 1_772_323_200, True, "2026-03-01T00:00:00", "20260301", "2026-02-30"],
}
"""What is of another type than the document names, and could be read as it."""


def typed_values(document: Any) -> list[tuple[str, Any, str, str]]:
    """(path, the body's example, property, type) of each whole number, truth value and date that a body may have."""
    schemas, found = document["components"]["schemas"], []
    for path, methods in document["paths"].items():
        body = methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        said = body.get("schema", {})
        for one in said.get("anyOf", [said]):
            schema = schemas.get(one.get("$ref", "").rpartition("/")[2], {})
            for name, field in schema.get("properties", {}).items():
                for kind in field.get("anyOf", [field]):
                    if (of := kind.get("format", kind.get("type"))) in WRONG:
                        found.append((path, schema["examples"][0], name, of))
    return found


def test_a_value_of_another_type_than_the_document_names_is_refused_by_name(bank: LiveBank) -> None:
    typed = typed_values(bank.get("/openapi.json"))
    assert {kind for *_, kind in typed} == set(WRONG)
    assert len(typed) > 60
    for path, example, name, kind in typed:
        for wrong in WRONG[kind]:
            said = bank.post(
                path.replace("{case}", "1000000001").replace("{", "").replace("}", ""), example | {name: wrong}, 422
            )
            assert any(one["at"].startswith(f"body.{name}") for one in said["faults"]), (path, name, wrong)
    stage = {"instalment": "12", "share_ppm": True}
    plan = bank.post(
        "/v1/loans/100000000101/restructuring/plan", {"months": 24, "interest_every": 6, "stages": [stage]}, 422
    )
    assert [one["at"] for one in plan["faults"]] == ["body.stages.0.instalment", "body.stages.0.share_ppm"]
    refused_day = bank.get("/v1/contracts?since=1772323200", 422)
    assert refused_day["faults"][0]["at"] == "query.since"
