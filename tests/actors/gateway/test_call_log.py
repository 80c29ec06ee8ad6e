"""The operation log says what a call said and what it was answered (API-10), and holds nobody's secrets."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.routing import APIRoute

from actors.gateway.app import PARTS
from actors.gateway.applications import ZHANG
from actors.gateway.log import UNREADABLE, OperationLog
from actors.gateway.said import BODY_MAX, Said, names_in, refusal_of
from actors.identity.audit import Deed, Entry
from actors.identity.logged import mask_of
from actors.identity.service import open_audit
from tests.actors.gateway.live import LiveBank
from tests.actors.gateway.test_bulk import as_csv, forms, hand_in

KNOWN = names_in(part.router for part in PARTS)
JSON = b"application/json"
CLOSED = ("certificate", "revocations", "mark", "scope", "account")
"""Long texts that are nobody's writing; the account is one of staff or of a system."""
POST: dict[str, Any] = {"method": "POST", "path": "/", "query_string": b"", "headers": []}


def written(bank: LiveBank, request: str) -> Entry:
    """The row of a request, which is written behind its answer."""
    until = time.monotonic() + 10.0
    while time.monotonic() < until:
        if found := [one for one in bank.identity.audit.find(limit=10_000) if one.request == request]:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"request {request} was not written down")


def called(bank: LiveBank, method: str, path: str, **more: Any) -> Entry:
    answer = bank.client.request(method, path, **more)
    return written(bank, answer.headers["x-request-id"])


@pytest.mark.requirement("API-10.b", "API-10.c")
def test_an_application_is_logged_with_its_fields_masked_and_the_case_that_it_made(bank: LiveBank) -> None:
    form = ZHANG | {"id_number": next(bank.people), "remark": "妻子李梅，电话13812345678", "details": {}}
    row = called(bank, "POST", "/v1/applications", json=form, headers={"X-Request-Id": "the-first"})
    said = json.loads(row.parameters)["body"]
    assert (said["product"], said["amount_fen"], said["consents"]) == (
        "consumer_loan", 5_000_000, ["bureau", "personal_data", "auto_debit"],
    )  # fmt: skip
    assert (said["name"], said["mobile"], said["account"]) == ("张**", "138****8000", "***************0001")
    assert (said["id_number"], said["remark"]) == (f"110***********{form['id_number'][-4:]}", "18 characters")
    assert (row.request, row.status, row.result) == ("the-first", 202, f"ok case={row.entity}")
    for whole in (form["id_number"], form["mobile"], form["account"], "张建国", "李梅"):
        assert whole not in str(row)


@pytest.mark.requirement("API-10.c")
@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"amount_fen": 1}, "refused code=AMOUNT_RANGE reason=142 field=amount_fen at=amount_fen"),
        ({"amount_fen": "x"}, "refused title='Invalid request' at=body.amount_fen"),
        ({"张三": 1}, "refused title='Invalid request' at=?"),
        ({"branch": 999}, "refused title='Refused' field=branch"),
    ],
)
def test_of_a_refusal_its_reason_and_its_fields_are_logged(bank: LiveBank, changes: Any, result: str) -> None:
    row = called(bank, "POST", "/v1/applications", json=ZHANG | {"id_number": next(bank.people)} | changes)
    assert (row.status, row.result) == (422, result)
    assert "张三" not in str(row)


@pytest.mark.requirement("API-10.b", "API-10.c")
def test_a_look_is_logged_with_its_query_and_the_size_of_its_answer(bank: LiveBank) -> None:
    row = called(bank, "GET", "/v1/contracts?name=张建国&since=2026-01-01&limit=5&limit=6&strange=110105199003072872")
    assert json.loads(row.parameters) == {
        "query": {"name": "张**", "since": "2026-01-01", "limit": ["5", "6"], "***": "***"}
    }
    row = called(bank, "GET", "/v1/clock")
    assert (row.parameters, row.result) == ("null", f"ok bytes={len(bank.client.get('/v1/clock').content)}")


@pytest.mark.requirement("API-10.b", "API-10.c")
def test_a_table_is_logged_with_its_number_of_rows_and_its_digest(bank: LiveBank) -> None:
    rows = forms(bank, 3)
    rows[1]["amount_fen"] = 1
    body = as_csv(rows)
    hand_in(bank, body, X_Request_Id="a-table")
    row = written(bank, "a-table")
    told = {"rows": 3, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    assert (json.loads(row.parameters)["body"], row.result) == (told, "ok rows=3 refused=1")


@pytest.mark.requirement("API-10.b")
def test_no_secret_is_logged_wherever_it_stands(bank: LiveBank) -> None:
    secret = "hunter2-hunter2"
    form = {"grant_type": "password", "client_id": "mobile", "username": "13812345678", "password": secret}
    row = called(bank, "POST", "/oauth/token", data=form)
    assert json.loads(row.parameters)["body"] == form | {"username": "*******5678", "password": "***"}
    assert row.result == "refused error=invalid_grant"
    rows = [
        called(bank, "POST", "/password", json={"old": secret, "new": secret}),
        called(bank, "POST", "/password", json={"passwrod": secret, secret: 1}),
        called(bank, "POST", "/oauth/revoke", data={"token": secret}),
        called(bank, "POST", "/v1/binding", json={"code": secret}),
        called(bank, "GET", f"/v1/clock?access_token={secret}"),
        called(bank, "GET", f"/v1/vouchers/100000000101-{secret}"),
        called(bank, "GET", f"/vouchers/100000000101-{secret}"),
        called(bank, "POST", "/password", content=f'{{"old": "{secret}"', headers={"Content-Type": "application/json"}),
    ]
    assert not [row for row in rows if secret in str(row)]
    assert rows[-2].path == "/vouchers/***"
    for file in bank.home.rglob("audit.db*"):
        assert secret.encode() not in file.read_bytes()


def test_the_log_stays_whole_and_is_shown_with_what_was_said(bank: LiveBank) -> None:
    row = called(bank, "GET", "/v1/products/consumer_loan/form?segment=individual")
    log = open_audit(bank.home)
    assert log.verify().number >= row.number
    [again] = [one for one in log.find(limit=10_000) if one.number == row.number]
    assert json.loads(again.parameters) == {"query": {"segment": "individual"}}


def test_every_text_of_a_request_is_masked_or_of_a_closed_set_or_told_by_its_length() -> None:
    """A new field of somebody's own writing must be one that the log knows."""
    free = []
    for route in (one for part in PARTS for one in part.router.routes if isinstance(one, APIRoute)):
        for field in route.dependant.body_params:
            for name, prop in _texts(field.field_info.annotation):
                if mask_of(name)("Zhang San") == mask_of(name)("zhang") or mask_of(name)("zhang") != "zhang":
                    continue
                if prop.get("maxLength", 0) > 64:
                    free.append((route.path, name))
    assert free == [(path, name) for path, name in free if name in CLOSED]


def _texts(annotation: Any) -> list[tuple[str, dict[str, Any]]]:
    if not hasattr(annotation, "model_json_schema"):
        return []
    schema = annotation.model_json_schema()
    of = [schema, *schema.get("$defs", {}).values()]
    found = [(name, prop) for one in of for name, prop in one.get("properties", {}).items()]
    return [
        (name, one) for name, prop in found for one in (prop, *prop.get("anyOf", ())) if one.get("type") == "string"
    ]


# what is kept while a call is under way ---------------------------------------------------------------------------------


def said(*parts: bytes, media: bytes = JSON, **state: Any) -> Said:
    one = Said(POST)
    for part in parts:
        one.hears(part, media)
    one.ends(state)
    return one


@pytest.mark.parametrize("media", [JSON, b"multipart/form-data", b"text/csv", b""])
def test_what_is_too_large_or_no_form_is_told_by_size_and_digest(media: bytes) -> None:
    parts = (b'{"name":', b'"' + b"x" * BODY_MAX + b'"}') if media == JSON else (b"\x00abc", b"def")
    one = said(*parts, media=media)
    whole = b"".join(parts)
    told = {"bytes": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}
    assert (one.held, json.loads(one.parameters(KNOWN))) == (0, {"body": told})


@pytest.mark.parametrize("body", [b'{"name": ', b"\xff\xfe", b"[" * 5_000, b""])
def test_a_body_that_is_no_json_breaks_nothing(body: bytes) -> None:
    kept = json.loads(said(body).parameters(KNOWN))
    assert kept == ({"body": {"bytes": len(body)}} if body else None)


def test_parts_of_a_form_are_put_together() -> None:
    assert json.loads(said(b'{"term_mon', b'ths": 12}').parameters(KNOWN)) == {"body": {"term_months": 12}}


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ({"case": "1000000001", "name": "张三", "confirmation": "secret"}, "ok case=1000000001"),
        ({"proposal": {"number": 7, "target": "staff:1"}, "secret": "hunter2"}, "ok number=7"),
        ({"task": "1-100000000101", "loan": "张三"}, "ok task=1-100000000101"),
        ({"error": "invalid client of 张三"}, "ok"),
        ([1, 2], "ok"),
    ],
)
def test_of_an_answer_the_numbers_that_it_gave_are_kept(answer: Any, result: str) -> None:
    one = said(b"{}")
    text = json.dumps(answer).encode()
    one.answers(text[:5])
    one.answers(text[5:])
    assert one.result(200) == result


def test_a_refusal_names_its_type_and_no_field_that_a_caller_made_up() -> None:
    faults = [{"at": "body.110105199003072872"}, {"at": "body.amount_fen"}, {"column": "branch"}]
    told = refusal_of("urn:lendrill:day-over", "Day over", {"faults": faults})
    assert told == "title='Day over' type=urn:lendrill:day-over at=?,body.amount_fen,branch"


class Book:
    """A log that can be written at the second attempt."""

    def __init__(self, fails: int) -> None:
        self.fails, self.rows = fails, list[Deed]()

    def append(self, deeds: list[Deed]) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("the disk is full")
        self.rows.extend(deeds)


def put_down(calls: list[Said], fails: int = 0) -> list[Deed]:
    async def course() -> list[Deed]:
        book = Book(fails)
        log = OperationLog(book, lambda: 1, KNOWN)  # type: ignore[arg-type]
        log.start()
        for one in calls:
            log.add(POST, "r", 200, 0.0, one)
        await log._write()
        await log.stop()
        return book.rows

    return asyncio.run(course())


def test_calls_that_could_not_be_written_come_again_once() -> None:
    rows = put_down([said(b'{"term_months": %d}' % number) for number in range(3)], fails=1)
    assert [json.loads(one.parameters)["body"]["term_months"] for one in rows] == [0, 1, 2]


def test_one_call_that_can_t_be_read_keeps_no_other_out() -> None:
    broken: Any = said(b"{}")
    broken._body = 7
    assert [one.parameters for one in put_down([broken, said(b"{}")])] == [UNREADABLE, '{"body":{}}']


def test_when_too_much_waits_sizes_alone_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.gateway.log._HELD_MAX", 30)
    rows = put_down([said(b'{"term_months": 12}'), said(b'{"term_months": 13}')])
    assert [json.loads(one.parameters)["body"] for one in rows] == [{"term_months": 12}, {"bytes": 19}]


def test_a_caller_s_state_is_no_answer() -> None:
    assert said(b"{}", caller=SimpleNamespace()).result(200) == "ok"
