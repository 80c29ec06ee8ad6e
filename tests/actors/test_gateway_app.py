"""The gateway's own part of a request: it refuses cheaply what would be refused anyhow, counts every answer, and has no thread
and no parameter that nobody meant in a request's way."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from actors.gateway import applications, doors
from actors.gateway.app import PARTS, make_app
from actors.gateway.language import fault_zh
from actors.gateway.log import OperationLog
from actors.gateway.pulse import Pulse
from actors.gateway.said import Said
from actors.identity.caller import Caller
from actors.link import SUBMITS_MAX, LinkClient
from actors.refusals import Busy
from credit.applications.contract import SubmitApplication
from credit.policies.posts import PERMISSIONS
from lendrill.logs import JsonLines
from tests.actors.gateway.live import calling

ID = "110105199003072872"


class Link:
    """A link to a bank that does nothing."""

    under_way, connected = 0, True

    def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def standing(self, patience_s: float = 0.0) -> dict[str, Any]:
        return {"ready": True, "now": 1}

    figures = standing


def app_before(link: Link) -> FastAPI:
    log = SimpleNamespace(append=lambda deeds: None)
    identity: Any = SimpleNamespace(
        audit=log, clock=lambda: 1_800_000_000_000, folder=Path("nowhere/identity"), vault=None
    )
    app = make_app(SimpleNamespace(link=link, branches=8), identity)  # type: ignore[arg-type]
    app.state.signed_in = calling(Caller("system", "tests", frozenset(PERMISSIONS)))
    return app


def test_a_full_gateway_refuses_commands_unread_and_still_answers_questions(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "actors.gateway.log")
    link = Link()
    with TestClient(app_before(link)) as client:
        assert client.post("/v1/applications", content=b"no form").status_code == 422
        link.under_way = SUBMITS_MAX
        refused = client.post("/v1/applications", content=b"no form")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["title"] == "系统繁忙，请稍后重试"
        line = json.loads(JsonLines().format(caplog.records[-1]))
        assert (line["status"], line["request"]) == (503, refused.headers["x-request-id"])
        assert client.get("/health").status_code == 200
        figures = client.get("/metrics").text
    assert 'lendrill_http_answers_total{method="POST",path="/v1/applications",status="422"} 1' in figures
    assert 'lendrill_http_answers_total{method="POST",path="refused",status="503"} 1' in figures


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
def test_health_says_by_its_status_too_whether_the_bank_is_open(ready: bool, status: int) -> None:
    class Standing(Link):
        async def standing(self, patience_s: float = 0.0) -> dict[str, Any]:
            return {"ready": ready, "now": 1}

    with TestClient(app_before(Standing())) as client:
        answer = client.get("/health")
    assert (answer.status_code, answer.json()["live"], answer.json()["ready"]) == (status, True, ready)


@pytest.mark.requirement("SEC-11.a")
@pytest.mark.parametrize(
    ("scope", "entity"),
    [
        ({"path_params": {"case": "1000000001"}}, 1_000_000_001),
        ({"path_params": {"loan": "100000000101"}}, 100_000_000_101),
        ({"path_params": {}, "state": {"case": "1000000001"}}, 1_000_000_001),
        ({"path_params": {"case": "1000000001"}, "state": {"case": "2000000001"}}, 1_000_000_001),
        ({"path_params": {"case": "9" * 18}}, 10**18 - 1),
        ({"path_params": {"case": "9" * 19}}, 0),
        ({"path_params": {"case": "x"}}, 0),
        ({}, 0),
    ],
)
def test_a_call_is_kept_with_the_case_or_loan_that_it_is_about(scope: dict[str, Any], entity: int) -> None:
    kept: list[Any] = []
    log = OperationLog(SimpleNamespace(append=kept.extend), lambda: 1)  # type: ignore[arg-type]
    log.add(call := {"method": "GET", "path": "/"} | scope, "r", 200, 0.0, Said(call))
    asyncio.run(log.stop())
    assert [one.entity for one in kept] == [entity]


def test_no_dependency_goes_through_a_thread() -> None:
    routes = [
        one for router in (applications.router, doors.router) for one in router.routes if isinstance(one, APIRoute)
    ]
    calls = [dependency.call for route in routes for dependency in route.dependant.dependencies]
    assert calls
    assert all(inspect.iscoroutinefunction(call) for call in calls)


def test_nobody_says_in_a_parameter_who_he_is() -> None:
    operation = app_before(Link()).openapi()["paths"]["/v1/applications"]["post"]
    assert [one["name"] for one in operation.get("parameters", []) if one["in"] != "header"] == []


def test_a_link_with_too_much_under_way_refuses_at_once() -> None:
    link = LinkClient(Path("nowhere"), submits_max=0)
    with pytest.raises(Busy):
        asyncio.run(link.submit_told(SubmitApplication, SubmitApplication.empty()))


def test_a_call_is_a_line_of_the_log_with_its_request_number(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "actors.gateway.log")
    with TestClient(app_before(Link())) as client:
        mine = client.post("/v1/applications", content=b"no form", headers={"X-Request-ID": "mine-1"})
        given = [
            client.get(f"/v1/nothing/{ID}", headers={"X-Request-ID": one}) for one in ('no "number"', "", "x" * 65)
        ]
    assert mine.headers["x-request-id"] == "mine-1"
    first, *others = (json.loads(JsonLines().format(record)) for record in caplog.records)
    assert {"request": "mine-1", "status": 422, "path": "/v1/applications"}.items() <= first.items()
    assert [one["request"] for one in others] == [one.headers["x-request-id"] for one in given]
    assert all(re.fullmatch("[0-9a-f]{16}", one["request"]) and one["status"] == 404 for one in others)
    assert not any(ID in one["path"] or ID in one["message"] for one in others)


def test_a_gateway_that_is_late_takes_half_as_many_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    link = Link()
    link.under_way = SUBMITS_MAX // 2
    with TestClient(app := app_before(link)) as client:
        assert client.post("/v1/applications", content=b"no form").status_code == 422
        monkeypatch.setattr(app.state.pulse, "is_late", lambda: True)
        assert client.post("/v1/applications", content=b"no form").status_code == 503
        link.under_way -= 1
        assert client.post("/v1/applications", content=b"no form").status_code == 422


def test_a_turn_that_lasts_too_long_is_late_until_the_next_begins() -> None:
    async def turns() -> list[bool]:
        pulse = Pulse(SimpleNamespace(link=Link()))  # type: ignore[arg-type]
        beating = asyncio.create_task(pulse.beat())
        await asyncio.sleep(0)
        found = [pulse.is_late()]
        time.sleep(0.1)
        found.append(pulse.is_late())
        await asyncio.sleep(0.001)
        found.append(pulse.is_late())
        beating.cancel()
        return found

    assert asyncio.run(turns()) == [False, True, False]


def test_a_gateway_that_is_far_behind_refuses_questions_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with TestClient(app := app_before(Link())) as client:
        assert client.get("/v1/clock").status_code == 200
        monkeypatch.setattr(app.state.pulse, "is_behind", lambda: True)
        refused = client.get("/v1/clock")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert client.post("/v1/applications", content=b"no form").status_code == 503
        assert client.get("/health").status_code == 200


def test_a_loop_is_behind_after_some_long_turns_and_no_more_once_it_beats_in_time() -> None:
    async def turns() -> list[bool]:
        pulse = Pulse(SimpleNamespace(link=Link()))  # type: ignore[arg-type]
        beating = asyncio.create_task(pulse.beat())
        await asyncio.sleep(0)
        found = [pulse.is_behind()]
        for _ in range(4):
            time.sleep(0.3)
            await asyncio.sleep(0.001)
            found.append(pulse.is_behind())
        await asyncio.sleep(0.1)
        beating.cancel()
        return [*found, pulse.is_behind()]

    assert asyncio.run(turns()) == [False, False, False, False, True, False]


def test_every_fault_that_a_field_of_any_endpoint_can_have_is_said_in_chinese() -> None:
    """Every parameter and every body, with every kind of value in it, and in each of a body's fields."""
    values: list[Any] = [None, True, [], [[]] * 30, {}, "", "x" * 9_000, -1, 1 << 60, 1.5, "1", "2026-02-30"]
    said = set()
    for route in (one for part in PARTS for one in part.router.routes if isinstance(one, APIRoute)):
        of = route.dependant
        for field in (*of.body_params, *of.query_params, *of.path_params):
            names = getattr(field.field_info.annotation, "model_fields", {})
            bodies = [
                dict.fromkeys([*(one.alias or name for name, one in names.items()), "strange"], value)
                for value in values
            ]
            for value in (*values, *bodies):
                for error in field.validate(value, {}, loc=())[1] or ():
                    words = fault_zh(error)
                    assert not words.startswith("格式有误"), (route.path, error["type"], words)
                    said.add(words)
    assert len(said) > 30
