"""What nobody should send: each is refused with a problem that says why, and the bank stands as before."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from actors.gateway import bodies
from actors.gateway.applications import ZHANG
from actors.identity.keys import Keys
from actors.identity.rates import Rates
from actors.identity.tokens import TYPE
from credit.policies.posts import Rate
from tests.actors.gateway.access import House, house

EVIL = ("'; DROP TABLE holdings; --", '<script>alert("1")</script>', "\x00", "../../etc/passwd", "{{7*7}}", "😀" * 9)
DEEP = 100_000
_RESTS_S = 3.0


@pytest.fixture(scope="module")
def found() -> Iterator[House]:
    with house() as one:
        _until_it_rests(one)
        yield one


def _until_it_rests(found: House) -> None:
    """Customers are told of things a little later: until nothing happens by itself any more."""
    last, since = -1, time.monotonic()
    while time.monotonic() - since < _RESTS_S:
        if (window := found.bank.client.get("/health").json()["window"]) != last:
            last, since = window, time.monotonic()
        time.sleep(0.1)


def standing(found: House) -> tuple[Any, dict[str, int]]:
    """The last window cut and every room's rows: what a refusal leaves as it is."""
    window = found.bank.client.get("/health").json()["window"]
    rooms = {cell.room for cell in found.bank.executor.hosts}
    return window, {
        name: hash(rows.tobytes()) for room in sorted(rooms) for name, rows in found.bank.state(room).items()
    }


@pytest.fixture(autouse=True)
def _unchanged(found: House, request: pytest.FixtureRequest) -> Iterator[None]:
    before = standing(found)
    yield
    if "changes" not in request.keywords:
        assert standing(found) == before


def send(found: House, method: str, path: str, token: str = "system", **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {found.tokens.get(token, token)}"} | more.pop("headers", {})
    return found.bank.client.request(method, path, headers=headers, **more)


def refused(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["title"]
    assert body["detail"]
    return body


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b'{"branch": 1', 422),
        (b"\xff\xfe\x00", 400),
        (b"null", 422),
        (b"[[[[1]]]]", 422),
        (b"[" * DEEP, 400),
        (b'{"branch":' * DEEP, 413),
        (b'{"branch": NaN}', 422),
        (b'{"branch": 1e999}', 422),
        (b'{"branch": 1, "branch": {"$gt": 0}}', 422),
        (b"<xml/>", 422),
        (b'"' + b"x" * (bodies.FORM_MAX + 1) + b'"', 413),
    ],
)
def test_a_body_that_is_no_form_is_refused(found: House, content: bytes, status: int) -> None:
    assert refused(send(found, "POST", "/v1/applications", content=content, headers=JSON), status)["status"] == status


@pytest.mark.requirement("APP-03.b")
@pytest.mark.parametrize("wrong", [None, True, [], {}, -1, 1.5, 1 << 64, "", "x" * 10_000, *EVIL])
def test_a_field_of_another_type_or_beyond_its_bounds_is_refused_by_name(found: House, wrong: Any) -> None:
    for name in ("branch", "channel", "amount_fen", "documents", "account"):
        if (name, wrong) in (("documents", []), ("branch", True), ("amount_fen", True)):
            continue
        content = json.dumps(ZHANG | {name: wrong}).encode()
        detail = refused(send(found, "POST", "/v1/applications", content=content, headers=JSON), 422)["detail"]
        assert name in detail
        assert "DROP" not in detail
        assert "<script>" not in detail


@pytest.mark.parametrize("text", EVIL)
def test_evil_texts_in_paths_and_queries_find_nothing(found: House, text: str) -> None:
    for path in ("/v1/applications/{}", "/v1/loans/{}", "/v1/tasks/{}", "/v1/customers/{}", "/v1/vouchers/{}"):
        token = "initial_approver" if "tasks" in path else "counter_clerk"
        refused(send(found, "GET", path.format(quote(text, safe="")), token), 404)
    assert (
        refused(send(found, "GET", "/v1/tasks", "initial_approver", params={"cursor": text}), 422)["field"] == "cursor"
    )
    refused(send(found, "GET", "/v1/events", params={"event": text}), 422)


def test_a_slow_body_is_given_up(found: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "FORM_S", 0.2)
    url = found.bank.client.base_url
    with socket.create_connection((url.host, url.port), timeout=10.0) as line:
        head = f"POST /v1/applications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {found.tokens['system']}\r\n"
        line.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        began = time.monotonic()
        assert b" 408 " in line.recv(4096).partition(b"\r\n")[0]
        assert time.monotonic() - began < 5.0


def test_a_huge_body_that_does_not_say_so_is_given_up(found: House) -> None:
    parts = (b"x" * 65_536 for _ in range(1_000))
    assert "256 KiB" in refused(send(found, "POST", "/v1/applications", content=parts, headers=JSON), 413)["detail"]


@pytest.mark.requirement("API-08.c", "API-09.a", "API-09.b")
def test_forged_foreign_and_expired_tokens_are_nobody_s(found: House) -> None:
    good = found.tokens["system"]
    head, claims, seal = good.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    own, other = (OctKey.import_key(keys.signing()) for keys in (found.bank.identity.keys, Keys.random()))
    header = {"alg": "HS256", "typ": TYPE, "kid": found.bank.identity.keys.number}
    plain = base64.urlsafe_b64encode(json.dumps(header | {"alg": "none"}).encode()).decode().rstrip("=")
    forged = {
        "alg none": f"{plain}.{claims}.",
        "no seal": f"{head}.{claims}.",
        "another's claims": f"{head}.{found.tokens['auditor'].split('.')[1]}.{seal}",
        "another key": jwt.encode(header, said, other),
        "another audience": jwt.encode(header, said | {"aud": "another bank"}, own),
        "expired": jwt.encode(header, said | {"exp": said["iat"] - 1, "nbf": said["iat"] - 900}, own),
        "a character": good[:-1] + ("A" if good[-1] != "A" else "B"),
    }
    path = f"/v1/loans/{found.own['loan']}"
    assert send(found, "GET", path).status_code == 200
    for name, token in forged.items():
        assert send(found, "GET", path, token).status_code == 401, name
        refused(send(found, "POST", f"{path}/payments", token, json={"amount_fen": 1, "channel": "counter"}), 401)


def test_a_token_is_worth_nothing_after_signing_out_nor_a_refresh_token_twice(found: House) -> None:
    identity, client = found.bank.identity, found.bank.client
    account = identity.accounts.get("customer:2")
    grant = identity.tokens.issue(account, identity.clock())
    assert send(found, "GET", "/me", grant.access).status_code == 200
    client.post("/oauth/revoke", data={"token": grant.access})
    refused(send(found, "GET", "/me", grant.access), 401)
    form = {"grant_type": "refresh_token", "refresh_token": identity.tokens.issue(account, identity.clock()).refresh}
    fresh = client.post("/oauth/token", data=form).json()["access_token"]
    assert client.post("/oauth/token", data=form).json()["error"] == "invalid_grant"
    refused(send(found, "GET", "/me", fresh), 401)


@pytest.mark.requirement("DIS-11.a")
def test_a_voucher_with_any_character_changed_is_not_genuine(found: House) -> None:
    code = send(found, "GET", f"/v1/loans/{found.own['loan']}/voucher").json()["code"]
    assert send(found, "GET", f"/v1/vouchers/{code}").status_code == 200
    for place, character in enumerate(code):
        other = "7" if character != "7" else "6"
        refused(send(found, "GET", f"/v1/vouchers/{code[:place]}{other}{code[place + 1 :]}"), 404)


@pytest.mark.requirement("API-08.b")
def test_who_asks_too_often_is_told_when_to_come_again_and_health_always_answers(found: House) -> None:
    few = Rates({kind: Rate(per_second=0.5, burst=3) for kind in ("system", "staff", "customer", "nobody")})
    plenty = found.bank.identity.rates
    object.__setattr__(found.bank.identity, "rates", few)
    answers = [send(found, "GET", "/v1/products") for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert answers[3].headers["retry-after"] == "2"
    assert "请求过于频繁" in refused(answers[3], 429)["detail_zh"]
    assert send(found, "GET", "/v1/products", "auditor").status_code == 200
    tries = [send(found, "GET", "/v1/products", "no token").status_code for _ in range(5)]
    assert tries == [401, 401, 401, 429, 429]
    refused(found.bank.client.post("/v1/registrations", json={}), 429)
    assert [found.bank.client.get("/health").status_code for _ in range(9)] == [200] * 9
    object.__setattr__(found.bank.identity, "rates", plenty)


def test_a_query_parameter_that_the_endpoint_does_not_know_is_refused(found: House) -> None:
    misspelt = refused(send(found, "GET", "/v1/tasks?state=done&limt=3", "initial_approver"), 422)
    assert misspelt["field"] == "query.limt"
    assert "known are branch, cursor, desk, limit" in misspelt["detail"]
    assert "known are none" in refused(send(found, "GET", "/v1/products?key=x"), 422)["detail"]
    refused(send(found, "GET", "/accounts/proposals?state=opn", "system_administrator"), 422)


def test_every_refusal_says_something_in_chinese_too(found: House) -> None:
    for status, path, token in (
        (401, "/v1/products", "no token"),
        (403, "/accounts", "system"),
        (404, "/nowhere", "system"),
    ):
        said = refused(send(found, "GET", path, token), status)["detail_zh"]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in said), (path, said)


@pytest.mark.changes
def test_evil_texts_in_a_form_are_texts(found: House) -> None:
    people = found.bank.people
    for text in EVIL[:2]:
        form = ZHANG | {"id_number": next(people), "name": text, "purpose": text, "remark": text, "address": text}
        answer = send(found, "POST", "/v1/applications", json=form)
        assert answer.status_code in (202, 422)
        assert "json" in answer.headers["content-type"]
    assert found.bank.identity.holdings.holds("system:one", int(found.own["case"]))


@pytest.mark.changes
def test_of_those_who_ask_at_once_under_one_key_for_something_else_one_is_heard(found: House) -> None:
    form = ZHANG | {"id_number": next(found.bank.people)}

    def asked(amount_fen: int) -> httpx.Response:
        headers = {"Idempotency-Key": "all-at-once"}
        return send(found, "POST", "/v1/applications", json=form | {"amount_fen": amount_fen}, headers=headers)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(asked, [3_000_000, 4_000_000, 5_000_000] * 2))
    taken = [answer.json()["case"] for answer in answers if answer.status_code == 202]
    assert sorted(answer.status_code for answer in answers) == [202, 202, 409, 409, 409, 409]
    assert taken[0] == taken[1]


@pytest.mark.changes
def test_another_client_s_key_gets_none_of_the_first_one_s_answers(found: House) -> None:
    identity, form = found.bank.identity, ZHANG | {"id_number": next(found.bank.people)}
    other = identity.tokens.issue(identity.accounts.get("system:two"), identity.clock()).access
    key = {"Idempotency-Key": "the-same"}
    first, again = (send(found, "POST", "/v1/applications", json=form, headers=key).json()["case"] for _ in range(2))
    theirs = send(found, "POST", "/v1/applications", other, json=form, headers=key).json()["case"]
    assert first == again != theirs
    refused(send(found, "GET", f"/v1/applications/{first}", other), 404)
