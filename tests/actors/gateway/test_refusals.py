"""What refusals say: fields by the names that requests have for them, and in Chinese."""

from __future__ import annotations

from typing import Any

from actors.gateway.bank import field_of, refusal
from credit.room import REASONS
from tests.actors.gateway.test_document import APP

ELSEWHERE = {"file", "Idempotency-Key"}
"""Not in the document's schemas by these names: parts of a form with a file, and the header."""


def named_in_requests(document: Any) -> set[str]:
    found = set(ELSEWHERE)
    for methods in document["paths"].values():
        for said in methods.values():
            found |= {one["name"] for one in said.get("parameters", ())}
            for content in said.get("requestBody", {}).get("content", {}).values():
                name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                found |= set(document["components"]["schemas"].get(name, {}).get("properties", ()))
    return found


def test_a_refusal_names_its_field_as_requests_do() -> None:
    known = named_in_requests(APP.openapi())
    named = {field_of(one) for one in REASONS.values()} - {""}
    assert named <= known, named - known
    reversed_ = next(number for number, one in REASONS.items() if one.name == "DAYS_REVERSED")
    assert refusal(reversed_).document()["field"] == "to"
