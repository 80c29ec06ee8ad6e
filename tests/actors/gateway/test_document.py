"""The API's own description: whatever it says of itself holds, and nothing that anybody sends makes it fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks

from actors.gateway.app import make_app
from actors.gateway.applications import ZHANG
from actors.gateway.bank import Bank
from actors.link import LinkClient
from actors.topology import Flow
from credit.policies import ProductPolicy, load
from tests.actors.gateway.live import LiveBank, live

load_all_checks()
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
_NOBODY: Any = SimpleNamespace(audit=None, clock=None, folder=Path("nowhere/identity"), vault=None)
APP = make_app(Bank(LinkClient(Path("nowhere")), Flow(1), 4, load("products", ProductPolicy), np.add), _NOBODY)
"""For its description alone, which every bank's is."""
schema = schemathesis.openapi.from_dict(APP.openapi()).exclude(path=["/v1/events", "/v1/clock/advance"])


@pytest.fixture(scope="module")
def bank() -> Iterator[LiveBank]:
    """A bank of this file's own, with a loan and a contract in it."""
    with live(people=["initial_approver"]) as found:
        found.paid_out()
        found.apply()
        yield found


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_no_request_is_answered_by_a_fault_or_by_what_is_not_described(case: Any, bank: LiveBank) -> None:
    checks = [schemathesis.checks.CHECKS.get_one(name) for name in CHECKS]
    answer = case.call_and_validate(base_url=str(bank.client.base_url), checks=checks, timeout=60.0)
    assert answer.status_code < 500


def follow(bank: LiveBank, sequences: int) -> int:
    """Goes from answer to request along the document's links, and from there on; how many steps followed a link."""
    followed = 0

    class Machine(schema.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"base_url": str(bank.client.base_url), "timeout": 60.0}

        def step(self, input: Any) -> Any:  # noqa: A002
            nonlocal followed
            followed += len(input.applied_parameters) > 0
            return super().step(input)

        def validate_response(self, response: Any, case: Any, **kwargs: Any) -> None:
            checks = [schemathesis.checks.CHECKS.get_one(name) for name in CHECKS]
            case.validate_response(response, checks=checks)

    Machine.run(
        settings=settings(
            max_examples=sequences,
            stateful_step_count=8,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        )
    )
    return followed


def test_requests_that_follow_from_answers_are_answered_as_described(bank: LiveBank) -> None:
    assert follow(bank, 30) >= 3
    assert bank.get("/health")["ready"]


@pytest.mark.slow
def test_many_requests_that_follow_from_answers_are_answered_as_described(bank: LiveBank) -> None:
    assert follow(bank, 800) >= 300
    assert bank.get("/health")["ready"]


def test_the_bank_still_works_after_all_that(bank: LiveBank) -> None:
    assert bank.get("/health")["ready"]
    loan = bank.get("/v1/loans/100000000101")  # the description's examples may have repaid it
    assert loan["principal_fen"] == loan["ledger"]["principal_fen"]
    assert bank.post("/v1/applications", ZHANG, 202)["case"]


def test_every_endpoint_says_what_it_may_refuse_and_how_its_body_looks(bank: LiveBank) -> None:
    document = bank.get("/openapi.json")
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            answers = said["responses"]
            assert {"404", "422", "503"} <= set(answers), f"{method} {path}"
            assert "application/problem+json" in answers["422"]["content"], f"{method} {path}"
            body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            name = body.get("$ref", "").rpartition("/")[2]
            assert not name or document["components"]["schemas"][name]["examples"], f"{method} {path}: no example"
