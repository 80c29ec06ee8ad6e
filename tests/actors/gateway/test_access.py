"""The doors: every endpoint by everybody, with own and with other people's data, as `docs/access.md` has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.actors.gateway.access import OPEN, TABLE, House, endpoints, house, posts, rows, table
from tests.actors.gateway.live import POST


@pytest.fixture(scope="module")
def found() -> Iterator[House]:
    with house() as one:
        yield one


@pytest.fixture(scope="module")
def text() -> str:
    return TABLE.read_text(encoding="utf-8")


@pytest.mark.requirement("DIS-10.b", "API-08.a", "API-09.a", "API-09.b")
def test_customers_and_systems_do_what_the_table_says_with_their_own_data_alone(found: House, text: str) -> None:
    expected = [line for line in text.splitlines() if line.startswith("|")]
    wrong = [line for line in rows(found) if line not in expected]
    assert not wrong, "not in docs/access.md (python -m tests.actors.gateway.access prints what is):\n" + "\n".join(
        wrong
    )
    assert len(table(text, "| endpoint")) == len(endpoints(found.bank.app.openapi()))


def test_no_endpoint_forgets_whose_data_it_shows(found: House) -> None:
    for one in endpoints(found.bank.app.openapi()):
        assert not one.owned or (one.needs and one.needs != (OPEN,)), f"{one.method} {one.path} needs no permission"


@pytest.mark.requirement("CON-18.c", "SEC-02.a", "SEC-02.b", "SEC-03.a", "SEC-04.a")
def test_each_post_does_what_the_table_says_with_the_data_of_its_branches(found: House, text: str) -> None:
    assert [line for line in posts(found) if line not in text.splitlines()] == []
    scopes = {
        (permission, post.strip()): scope
        for permission, *cells in table(text, "| permission")
        for scope, cell in zip(("own", "yes", "yes"), cells, strict=True)
        for post in cell.split(",")
    }
    wrong = []
    for one in endpoints(found.bank.app.openapi()):
        if one.needs == (OPEN,):
            continue
        for post in (post.key for post in found.bank.identity.posts if post.key != POST["key"]):
            reached = [scopes.get((needed, post), "no") for needed in one.needs] or ["yes"]
            expected = min(reached, key=("yes", "own", "no").index)
            if expected == "own" and (not one.owned or "{customer}" in one.path):
                expected = "yes"  # a customer is the whole bank's
            if (seen := found.may(one, post)) != expected:
                wrong.append(f"{one.method} {one.path}: {post}: {seen}, expected {expected}")
    assert wrong == []


@pytest.mark.requirement("SEC-09.a")
def test_numbers_are_whole_for_posts_that_may_see_them_and_masked_for_all_others(found: House) -> None:
    shown = {"id_number": "pii:read", "mobile": "pii:read"}
    seen = set()
    for post in (post for post in found.bank.identity.posts if "customers:read" in post.permissions):
        if post.key == POST["key"]:
            continue
        answer = found.bank.client.get(
            f"/v1/customers/{found.own['customer']}", headers={"Authorization": f"Bearer {found.tokens[post.key]}"}
        ).json()
        for name, permission in shown.items():
            assert ("*" not in answer[name]) == (permission in post.permissions), f"{post.key}: {name} {answer[name]}"
            seen.add(permission in post.permissions)
    assert seen == {True, False}
    for who, whole in (("counter_clerk", True), ("finance_officer", False), ("customer", False), ("system", False)):
        headers = {"Authorization": f"Bearer {found.tokens[who]}"}
        voucher = found.bank.client.get(f"/v1/loans/{found.own['loan']}/voucher", headers=headers).json()
        assert ("*" not in voucher["account"]) == whole


def test_nobody_is_told_whether_what_is_another_one_s_exists(found: House) -> None:
    for who in ("customer", "system", "initial_approver", "counter_clerk"):
        for there, nowhere in ((found.other["case"], "2999999999"), (found.other["loan"], "299999999901")):
            kind = "loans" if len(there) > 10 else "applications"
            headers = {"Authorization": f"Bearer {found.tokens[who]}"}
            one, none = (found.bank.client.get(f"/v1/{kind}/{number}", headers=headers) for number in (there, nowhere))
            assert (one.status_code, none.status_code) == (404, 404)
            assert one.text == none.text.replace(nowhere, there)


def test_a_list_of_tasks_and_the_stream_hold_what_is_within_reach(found: House) -> None:
    def of(who: str, path: str, **headers: str) -> str:
        answer = found.bank.client.get(path, headers={"Authorization": f"Bearer {found.tokens[who]}"} | headers)
        assert answer.status_code == 200
        return answer.text

    assert found.own["task"] in of("initial_approver", "/v1/tasks?limit=200")
    assert found.other["task"] not in of("initial_approver", "/v1/tasks?limit=200")
    assert found.other["task"] in of("final_approver", "/v1/tasks?limit=200")
    for who in ("customer", "system"):
        told = of(who, "/v1/events?until_idle=true", **{"Last-Event-ID": "0.0"})
        assert f'"{found.own["case"]}"' in told
        assert f'"{found.other["case"]}"' not in told
