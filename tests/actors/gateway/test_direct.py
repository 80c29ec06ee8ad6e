"""The short way of a right form says what FastAPI's own way says, which a content type with a parameter takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.gateway.applications import ZHANG
from actors.identity.caller import Caller
from tests.actors.gateway.live import LiveBank, calling

SHORT, PLAIN = "application/json", "application/json; charset=utf-8"
RIGHT = json.dumps(ZHANG | {"id_number": "110105199003072872"})


def told(bank: LiveBank, body: str, media: str) -> tuple[int, dict[str, Any], set[str]]:
    """Status, what is said without what is each request's own, and the names of the headers."""
    answer = bank.client.post(
        "/v1/applications", content=body.encode("utf-8", "surrogatepass"), headers={"Content-Type": media}
    )
    said = answer.json()
    events = [
        (one["event"], one.get("amount_fen")) for one in said.pop("events", []) if one["event"] != "customer_created"
    ]
    kept = {
        name: of for name, of in said.items() if name not in ("case", "since", "expected_at", "instance", "request")
    }
    return answer.status_code, kept | {"told": events}, set(answer.headers)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (RIGHT, 202),
        (json.dumps(ZHANG, ensure_ascii=False, indent=2), 202),
        (RIGHT.replace('"amount_fen": 5000000', '"amount_fen": 1, "amount_fen": 6000000'), 202),
        (RIGHT.replace('"term_months": 12', '"term_months": 12.0'), 422),
        (RIGHT.replace('"term_months": 12', '"term_months": "12"'), 422),
        (RIGHT.replace('"term_months": 12', '"term_months": NaN'), 422),
        (RIGHT.replace('"term_months": 12', '"term_months": true'), 422),
        (RIGHT.replace('"term_months": 12', f'"term_months": {10**40}'), 422),
        (RIGHT.replace('"term_months": 12', '"terms": 12'), 422),
        (RIGHT.replace('"branch": 1', '"branch": 999'), 422),
        (RIGHT.replace('"purpose": "', '"purpose": "\\ud800'), 422),
        (RIGHT[:-1], 422),
        ("\ufeff" + RIGHT, 202),
        ("[" * 2_000, 400),
        (f"[{RIGHT}]", 422),
        ("null", 422),
        ("", 422),
    ],
)
def test_either_way_says_the_same(bank: LiveBank, body: str, status: int) -> None:
    short, plain = (told(bank, body, media) for media in (SHORT, PLAIN))
    assert short == plain
    assert short[0] == status


def test_the_short_way_tells_where_the_case_is(bank: LiveBank) -> None:
    answer = bank.client.post("/v1/applications", json=ZHANG)
    assert answer.headers["location"] == f"/v1/applications/{answer.json()['case']}"
    assert answer.headers["content-length"] == str(len(answer.content))


def test_the_short_way_is_closed_to_who_may_not_submit(bank: LiveBank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank.app.state, "signed_in", calling(Caller("staff", "another", frozenset({"loans:read"}))))
    form = ZHANG | {"documents": [], "uploads": 1}  # papers in hand need a permission of their own
    assert bank.client.post("/v1/applications", json=form).status_code == 403
