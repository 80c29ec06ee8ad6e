"""Signing in over HTTP: tokens, problems, guards, and changes of accounts by two people."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from fastapi import Depends, FastAPI
from starlette.testclient import TestClient

from actors.gateway import login, parameters, problems
from actors.gateway.problems import Problem
from actors.identity.caller import Caller
from actors.identity.changes import State
from actors.identity.service import Identity
from credit.times import MINUTE_MS
from tests.actors.gateway.live import ENGLISH
from tests.actors.identity.builders import (
    APPROVAL,
    APPROVER,
    MOBILE,
    PASSWORD,
    START,
    SYSTEM,
    Clock,
    a_bank,
    a_customer,
    settled,
)

FORM = {"grant_type": "password", "client_id": "terminal", "username": "1010001", "password": PASSWORD}


def _app(identity: Identity) -> FastAPI:
    app = FastAPI()
    app.state.identity, app.state.signed_in = identity, login.signed_in
    app.include_router(login.router)
    problems.install(app)

    @app.get("/tasks")
    def tasks(caller: Annotated[Caller, Depends(login.needs("tasks:read"))]) -> dict[str, Any]:
        return {"person": caller.person, "branch": caller.branch}

    @app.get("/teapot")
    def teapot() -> None:
        raise Problem(418, "Teapot", "is short and stout", type="urn:teapot", spout=1, headers={"X-Handle": "2"})

    return app


@pytest.fixture
def bank(tmp_path: Path) -> Identity:
    return a_bank(tmp_path)


@pytest.fixture
def client(bank: Identity) -> Iterator[TestClient]:
    with TestClient(_app(bank), headers=ENGLISH) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def as_staff(bank: Identity, subject: str) -> dict[str, str]:
    """The headers of a member of staff who has changed his first password."""
    account = bank.accounts.get(subject)
    account = settled(bank, subject) if account.must_change else account
    return bearer(bank.tokens.issue(account, bank.clock()).access)


def clock_of(bank: Identity) -> Clock:
    assert isinstance(bank.clock, Clock)
    return bank.clock


def check_problem(answer: Any, status: int) -> dict[str, Any]:
    """The body of a problem document of this status."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert {"type", "title", "status", "detail"} <= set(body)
    return body


# tokens ---------------------------------------------------------------------------------------------------------------


def test_staff_sign_in_change_the_first_password_and_go_on(bank: Identity, client: TestClient) -> None:
    first = bank.accounts.first_password(APPROVER)
    answer = client.post("/oauth/token", data=FORM | {"password": first})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 900, "")
    assert "refresh_token" not in body
    headers = bearer(body["access_token"])
    assert client.get("/me", headers=headers).json()["must_change_password"] is True
    assert "first password must be changed" in check_problem(client.get("/tasks", headers=headers), 403)["detail"]
    changed = client.post("/password", json={"old": first, "new": PASSWORD}, headers=headers)
    assert changed.status_code == 200
    assert client.get("/tasks", headers=bearer(changed.json()["access_token"])).json() == {
        "person": 1_010_001,
        "branch": 1,
    }
    check_problem(client.get("/me", headers=headers), 401)


def test_customers_sign_in_with_their_own_application(bank: Identity, client: TestClient) -> None:
    a_customer(bank, party=77)
    for name in (MOBILE, "77"):
        answer = client.post("/oauth/token", data=FORM | {"client_id": "mobile", "username": name})
        me = client.get("/me", headers=bearer(answer.json()["access_token"])).json()
        assert (me["kind"], me["party"], me["person"], me["posts"]) == ("customer", 77, 0, [])
    assert client.post("/oauth/token", data=FORM | {"username": MOBILE}).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("how", ["basic", "form"])
def test_systems_use_client_credentials(bank: Identity, client: TestClient, how: str) -> None:
    secret, form = bank.keys.first_secret("system:partner"), {"grant_type": "client_credentials", "scope": "loans:read"}
    if how == "basic":
        answer = client.post("/oauth/token", data=form, auth=("partner", secret))
    else:
        answer = client.post("/oauth/token", data=form | {"client_id": "partner", "client_secret": secret})
    body = answer.json()
    assert (answer.status_code, body["scope"], "refresh_token" in body) == (200, "loans:read", False)
    me = client.get("/me", headers=bearer(body["access_token"])).json()
    assert (me["kind"], me["subject"], me["permissions"]) == ("system", "system:partner", ["loans:read"])


BASIC = base64.b64encode(b"partner:wrong").decode()


@pytest.mark.parametrize(
    ("form", "headers", "status", "error"),
    [
        ({}, {}, 400, "invalid_request"),
        ({"grant_type": "authorization_code"}, {}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, {}, 401, "invalid_client"),
        (
            {"grant_type": "client_credentials", "client_id": "partner", "client_secret": "wrong"},
            {},
            401,
            "invalid_client",
        ),
        ({"grant_type": "client_credentials", "client_id": "terminal"}, {}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, {"Authorization": f"Basic {BASIC}"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, {"Authorization": "Basic !"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, {"Authorization": "Bearer x"}, 401, "invalid_client"),
        (
            {"grant_type": "client_credentials", "client_id": "load"},
            {"Authorization": f"Basic {BASIC}"},
            400,
            "invalid_request",
        ),
        (
            {"grant_type": "client_credentials", "client_secret": "x"},
            {"Authorization": f"Basic {BASIC}"},
            400,
            "invalid_request",
        ),
        (FORM | {"client_id": ""}, {}, 401, "invalid_client"),
        (FORM | {"client_id": "partner"}, {}, 401, "invalid_client"),
        (FORM | {"username": ""}, {}, 400, "invalid_request"),
        (FORM | {"password": ""}, {}, 400, "invalid_request"),
        (FORM | {"password": "wrong"}, {}, 400, "invalid_grant"),
        (FORM | {"username": "nobody"}, {}, 400, "invalid_grant"),
        (FORM | {"scope": "clock:advance"}, {}, 400, "invalid_scope"),
        ({"grant_type": "refresh_token"}, {}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, {}, 400, "invalid_grant"),
    ],
)
def test_the_token_endpoint_refuses_in_the_form_of_its_standard(
    bank: Identity, client: TestClient, form: dict[str, str], headers: dict[str, str], status: int, error: str
) -> None:
    settled(bank, APPROVER)
    answer = client.post("/oauth/token", data=form, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description", "error_description_zh"}
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.requirement("SEC-07.a")
def test_the_fourth_wrong_password_is_told_to_be_a_lock(bank: Identity, client: TestClient) -> None:
    settled(bank, APPROVER)
    told = [
        client.post("/oauth/token", data=FORM | {"password": "wrong"}).json()["error_description"] for _ in range(4)
    ]
    assert [text.startswith("locked") for text in told] == [False, False, False, True]
    assert client.post("/oauth/token", data=FORM).json()["error"] == "invalid_grant"
    stranger = [
        client.post("/oauth/token", data=FORM | {"username": "5"}).json()["error_description"] for _ in range(4)
    ]
    assert stranger == told


def test_a_refresh_token_is_good_once(bank: Identity, client: TestClient) -> None:
    settled(bank, APPROVER)
    first = client.post("/oauth/token", data=FORM).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = client.post("/oauth/token", data=form).json()
    assert client.get("/tasks", headers=bearer(second["access_token"])).status_code == 200
    assert client.post("/oauth/token", data=form).json()["error"] == "invalid_grant"
    check_problem(client.get("/tasks", headers=bearer(second["access_token"])), 401)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_signing_out_ends_the_sign_in(bank: Identity, client: TestClient, which: str) -> None:
    settled(bank, APPROVER)
    body = client.post("/oauth/token", data=FORM).json()
    assert client.post("/oauth/revoke", data={"token": "no such token"}).status_code == 200
    assert client.get("/me", headers=bearer(body["access_token"])).status_code == 200
    assert client.post("/oauth/revoke", data={"token": body[which]}).status_code == 200
    check_problem(client.get("/me", headers=bearer(body["access_token"])), 401)


# guards ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer a b", "bearer x.y.z", "Token x"])
@pytest.mark.parametrize("path", ["/tasks", "/me", "/accounts", "/accounts/proposals"])
def test_without_a_good_token_nobody_passes(client: TestClient, path: str, header: str) -> None:
    answer = client.get(path, headers={"Authorization": header} if header else {})
    check_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith('Bearer realm="lendrill"')


def test_an_expired_token_is_told_to_be_no_longer_good(bank: Identity, client: TestClient) -> None:
    headers = as_staff(bank, APPROVER)
    assert client.get("/tasks", headers=headers).status_code == 200
    clock_of(bank).now += 15 * MINUTE_MS
    answer = client.get("/tasks", headers=headers)
    check_problem(answer, 401)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_lacking_permission_is_named(bank: Identity, client: TestClient) -> None:
    answer = client.get("/tasks", headers=as_staff(bank, SYSTEM[0]))
    assert check_problem(answer, 403)["permission"] == "tasks:read"
    assert 'scope="tasks:read"' in answer.headers["www-authenticate"]


def test_a_guard_for_a_permission_that_does_not_exist_is_an_error_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="is no permission"):
        login.needs("tasks:reed")


# one's own password ---------------------------------------------------------------------------------------------------


def test_a_wrong_or_a_weak_password_is_refused_without_being_repeated(bank: Identity, client: TestClient) -> None:
    headers = as_staff(bank, APPROVER)
    for old, new in (("Wrong-horse-8", "Other-horse-9"), (PASSWORD, "weak")):
        text = client.post("/password", json={"old": old, "new": new}, headers=headers)
        check_problem(text, 422)
        assert "horse" not in text.text
        assert "weak" not in text.text
    for body in ({"old": PASSWORD, "newer": "Secret-horse-9"}, {"old": ["Secret-horse-9"]}, "Secret-horse-9"):
        answer = client.post("/password", json=body, headers=headers)
        check_problem(answer, 422)
        assert "Secret" not in answer.text
    for _ in range(4):
        locked = client.post("/password", json={"old": "Wrong-horse-8", "new": "Other-horse-9"}, headers=headers)
    assert check_problem(locked, 423)["detail"].startswith("locked")
    check_problem(client.post("/password", json={"old": "x", "new": "y"}), 401)


# accounts -------------------------------------------------------------------------------------------------------------


def test_two_administrators_change_the_posts_of_a_person(bank: Identity, client: TestClient) -> None:
    first, second, his = as_staff(bank, APPROVAL[0]), as_staff(bank, APPROVAL[1]), as_staff(bank, APPROVER)
    body = {"change": "posts", "account": APPROVER, "value": ["collector"]}
    proposed = client.post("/accounts/proposals", json=body, headers=first)
    assert proposed.status_code == 201
    place = f"/accounts/proposals/{proposed.json()['number']}/confirm"
    check_problem(client.post(place, headers=first), 403)
    check_problem(client.post(place, headers=his), 403)
    assert client.get("/tasks", headers=his).status_code == 200
    confirmed = client.post(place, headers=second).json()
    assert confirmed["proposal"]["before"] == ["initial_approver"]
    assert (confirmed["proposal"]["after"], confirmed["secret"]) == (["collector"], None)
    check_problem(client.get("/tasks", headers=his), 401)
    assert client.get("/accounts/proposals", headers=first).json() == [confirmed["proposal"]]
    check_problem(client.post(place, headers=second), 422)


def test_a_key_where_none_is_kept_is_refused(bank: Identity, client: TestClient) -> None:
    headers = as_staff(bank, APPROVAL[0])
    body = {"change": "posts", "account": APPROVER, "value": []}
    said = client.post("/accounts/proposals", json=body, headers=headers | {"Idempotency-Key": "once"})
    assert check_problem(said, 422)["field"] == "Idempotency-Key"
    assert client.get("/me", headers=headers | {"Idempotency-Key": "once"}).status_code == 200


@pytest.mark.requirement("SEC-03.b")
def test_posts_that_conflict_are_refused_by_name(bank: Identity, client: TestClient) -> None:
    both = ["disbursement_operator", "disbursement_reviewer"]
    body = {"change": "posts", "account": APPROVER, "value": both}
    said = check_problem(client.post("/accounts/proposals", json=body, headers=as_staff(bank, APPROVAL[0])), 422)
    assert all(post in said["detail"] for post in both)


@pytest.mark.requirement("SEC-07.b")
def test_two_system_administrators_unlock(bank: Identity, client: TestClient) -> None:
    settled(bank, APPROVER)
    for _ in range(4):
        client.post("/oauth/token", data=FORM | {"password": "wrong"})
    headers = as_staff(bank, SYSTEM[0])
    listed = {one["subject"]: one for one in client.get("/accounts", headers=headers).json()}
    assert listed[APPROVER]["locked_until_ms"] > START
    body = {"change": "unlock", "account": APPROVER}
    check_problem(client.post("/accounts/proposals", json=body, headers=as_staff(bank, APPROVAL[0])), 403)
    number = client.post("/accounts/proposals", json=body, headers=headers).json()["number"]
    assert client.post(f"/accounts/proposals/{number}/confirm", headers=as_staff(bank, SYSTEM[1])).status_code == 200
    assert client.post("/oauth/token", data=FORM).status_code == 200


def test_a_new_secret_is_told_to_the_second_person_alone(bank: Identity, client: TestClient) -> None:
    first, second = as_staff(bank, SYSTEM[0]), as_staff(bank, SYSTEM[1])
    body = {"change": "client", "account": "system:shop", "value": ["loans:read"]}
    number = client.post("/accounts/proposals", json=body, headers=first).json()["number"]
    answer = client.post(f"/accounts/proposals/{number}/confirm", headers=second)
    assert answer.headers["cache-control"] == "no-store"
    secret = answer.json()["secret"]
    assert (
        client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("shop", secret)).status_code == 200
    )
    assert secret not in client.get("/accounts/proposals", headers=first).text
    assert [one["subject"] for one in client.get("/accounts?kind=system", headers=first).json()][-1] == "system:shop"


def test_a_proposal_is_refused_or_is_not_there(bank: Identity, client: TestClient) -> None:
    headers = as_staff(bank, APPROVAL[0])
    body = {"change": "posts", "account": APPROVER, "value": ["collector"]}
    number = client.post("/accounts/proposals", json=body, headers=headers).json()["number"]
    check_problem(client.post(f"/accounts/proposals/{number}/refuse", headers=as_staff(bank, APPROVER)), 403)
    assert client.post(f"/accounts/proposals/{number}/refuse", headers=headers).json()["state"] == "refused"
    for missing in (99, 0, -1, 2**70):
        for verb in ("confirm", "refuse"):
            check_problem(client.post(f"/accounts/proposals/{missing}/{verb}", headers=headers), 404)


@pytest.mark.parametrize("path", ["/accounts", "/accounts/proposals"])
@pytest.mark.parametrize("query", ["limit=0", "limit=9999", "limit=x", f"after={'9' * 90}"])
def test_odd_pages_are_refused(bank: Identity, client: TestClient, path: str, query: str) -> None:
    check_problem(client.get(f"{path}?{query}", headers=as_staff(bank, SYSTEM[0])), 422)


@pytest.mark.parametrize("subject", [APPROVER, "staff:920001", "staff:710001"])
def test_accounts_are_for_their_administrators(bank: Identity, client: TestClient, subject: str) -> None:
    headers = as_staff(bank, subject)
    body = {"change": "posts", "account": "staff:1020001", "value": ["system_administrator"]}
    check_problem(client.get("/accounts", headers=headers), 403)
    check_problem(client.get("/accounts/proposals", headers=headers), 403)
    check_problem(client.post("/accounts/proposals", json=body, headers=headers), 403)


def test_a_token_with_fewer_scopes_changes_no_account(bank: Identity, client: TestClient) -> None:
    narrow = bearer(bank.tokens.issue(settled(bank, APPROVAL[0]), START, ["tasks:read"]).access)
    other = as_staff(bank, APPROVAL[1])
    body = {"change": "posts", "account": APPROVER, "value": ["collector"]}
    check_problem(client.post("/accounts/proposals", json=body, headers=narrow), 403)
    number = client.post("/accounts/proposals", json=body, headers=other).json()["number"]
    check_problem(client.post(f"/accounts/proposals/{number}/confirm", headers=narrow), 403)
    assert bank.changes.get(number).state == "open"
    manages = bearer(bank.tokens.issue(settled(bank, SYSTEM[1]), START, ["accounts:manage"]).access)
    body = {"change": "client", "account": "system:shop", "value": ["loans:read"]}
    number = client.post("/accounts/proposals", json=body, headers=as_staff(bank, SYSTEM[0])).json()["number"]
    assert (
        check_problem(client.post(f"/accounts/proposals/{number}/confirm", headers=manages), 403)["permission"]
        == "clients:manage"
    )
    check_problem(client.post("/accounts/proposals/99/confirm", headers=narrow), 403)


# problems -------------------------------------------------------------------------------------------------------------


def test_every_error_is_a_problem_document(client: TestClient) -> None:
    answer = client.get("/teapot")
    body = check_problem(answer, 418)
    said = {"type": "urn:teapot", "title": "Teapot", "status": 418, "detail": "is short and stout", "spout": 1}
    assert body == said | {"detail_zh": "请求未能完成", "detail_en": "is short and stout"}
    assert answer.headers["x-handle"] == "2"
    assert check_problem(client.get("/nowhere"), 404)["type"] == "about:blank"
    assert check_problem(client.delete("/me"), 405)["title"] == "Method Not Allowed"


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("", "zh"),
        ("*", "zh"),
        ("fr", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0", "zh"),
        ("en", "en"),
        ("en-GB, zh;q=0.5", "en"),
    ],
)
def test_a_refusal_speaks_chinese_unless_english_is_asked_for(client: TestClient, asked: str, language: str) -> None:
    refusals = [
        client.get("/teapot", headers={"Accept-Language": asked}),
        client.post("/oauth/token", data={"username": "x" * 65}, headers={"Accept-Language": asked}),
        client.get("/nowhere", headers={"Accept-Language": asked}),
    ]
    for answer, status, english in zip(
        refusals, (418, 422, 404), ("is short and stout", "body.username: String should", "Not Found"), strict=True
    ):
        said = check_problem(answer, status)
        assert answer.headers["content-language"] == language
        assert (said["detail"].startswith(english), said["title"].isascii()) == ((language == "en"),) * 2
        assert chinese(said["detail"]) == (language == "zh")
        assert said["detail_en"].startswith(english)
        assert chinese(said["detail_zh"])
    assert check_problem(refusals[1], 422)["detail_zh"] == "body.username: 最多64个字符"


def chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_what_is_wrong_with_a_sign_in_is_said_in_chinese_too(client: TestClient) -> None:
    for form in ({}, {"grant_type": "magic"}, FORM | {"client_id": "nobody"}, FORM | {"password": "wrong"}):
        said = client.post("/oauth/token", data=form).json()
        assert chinese(said["error_description_zh"]), said
        assert said["error_description"].isascii(), said


def test_the_document_of_the_api_can_be_drawn(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/oauth/token", "/oauth/revoke", "/password", "/me", "/accounts", "/accounts/proposals"} <= set(paths)
    assert "application/x-www-form-urlencoded" in paths["/oauth/token"]["post"]["requestBody"]["content"]


def test_who_signs_in_by_password_is_told_which_client_id_is_needed(client: TestClient) -> None:
    for name in ("", "partner"):
        said = client.post("/oauth/token", data=FORM | {"client_id": name}).json()
        assert (said["error"], "terminal (staff) or mobile (customers)" in said["error_description"]) == (
            "invalid_client",
            True,
        )
        assert said["error_description_zh"] == "使用密码登录须填写 client_id：员工为 terminal，客户为 mobile"
    form = client.get("/openapi.json").json()["components"]["schemas"]["Body_token_oauth_token_post"]["properties"]
    assert "terminal (staff) or mobile (customers)" in form["client_id"]["description"]


def test_states_of_proposals_are_named_all_at_once(bank: Identity, client: TestClient) -> None:
    said = check_problem(client.get("/accounts/proposals?state=bogus", headers=as_staff(bank, SYSTEM[0])), 422)
    assert all(f"'{one}'" in said["detail"] for one in get_args(State))
    assert set(get_args(login._StateOrAny)) == {"", *get_args(State)}


def test_a_parameter_that_is_read_once_is_given_once(bank: Identity, client: TestClient) -> None:
    headers = as_staff(bank, SYSTEM[0])
    for query in ("limit=2&limit=3", "limit=2&limit=2", "kind=staff&kind=system"):
        name = query.partition("=")[0]
        said = check_problem(client.get(f"/accounts?{query}", headers=headers), 422)
        assert (said["detail"], said["field"]) == (
            f"query: {name!r} is given more than once; give it once",
            f"query.{name}",
        )
        assert said["detail_zh"] == f"查询参数重复：{name}"
    assert client.get("/accounts?limit=2&kind=system", headers=headers).status_code == 200
    assert parameters._is_list(list[int] | None)
    assert not parameters._is_list(int | None)
