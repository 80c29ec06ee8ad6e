"""Customers' own accounts over HTTP: opened, applied with, tied to the bank's file by who was seen at the counter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from actors.gateway.applications import ZHANG
from actors.gateway.login import signed_in
from credit.numbers import person_of
from tests.actors.gateway.live import EVERYBODY, LiveBank, calling, live
from tests.actors.gateway.papers import pdf

PASSWORD = "three words and a number 7"
CLERK = person_of(1, 42, 1)


class People:
    """A bank whose callers are who their tokens say."""

    def __init__(self, bank: LiveBank) -> None:
        self.bank, self.ids = bank, list(islice(bank.people, 20))
        bank.app.state.signed_in = signed_in

    def call(self, token: str, method: str, path: str, status: int, body: Any = None, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.bank.client.request(method, path, json=body, headers=headers, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    def registers(self, id_number: str, mobile: str) -> str:
        """Somebody opens an account and signs in; his token."""
        form = {"id_number": id_number, "mobile": mobile, "password": PASSWORD}
        return self.signs_in(self.call("", "POST", "/v1/registrations", 201, form)["username"])

    def signs_in(self, name: str) -> str:
        form = {"grant_type": "password", "client_id": "mobile", "username": name, "password": PASSWORD}
        return str(self.bank.client.post("/oauth/token", data=form).json()["access_token"])

    def clerk(self) -> str:
        identity = self.bank.identity
        identity.accounts.open_staff([(CLERK, ["counter_clerk"])], identity.clock())
        account = replace(identity.accounts.get(f"staff:{CLERK}"), must_change=False)
        return identity.tokens.issue(account, identity.clock()).access

    def with_all_rights(self, on: bool) -> None:
        """Whether callers may do everything, without a token."""
        self.bank.app.state.signed_in = calling(EVERYBODY) if on else signed_in


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    with live() as bank:
        yield People(bank)


@pytest.mark.requirement("API-09.b")
def test_a_customer_registers_applies_for_himself_and_sees_his_own_alone(people: People) -> None:
    mine, his, third = people.ids[:3]
    me, he = people.registers(mine, "13900000001"), people.registers(his, "13900000002")
    refused = people.call(me, "POST", "/v1/applications", 422, ZHANG | {"id_number": third})
    assert (refused["field"], refused["detail_zh"]) == ("id_number", "客户只能为本人申请")
    claimed = people.call(me, "POST", "/v1/applications", 422, ZHANG | {"id_number": mine})
    assert (claimed["field"], claimed["detail_zh"]) == ("documents", "本人申请须上传资料")
    form = {name: value for name, value in ZHANG.items() if name != "documents"} | {"id_number": mine, "uploads": 1}
    case = people.call(me, "POST", "/v1/applications", 202, form)["case"]
    assert people.call(me, "GET", f"/v1/applications/{case}", 200)["case"] == case
    assert people.call(me, "GET", f"/v1/applications/{case}/materials", 200)["missing"]
    people.call(he, "GET", f"/v1/applications/{case}/materials", 404)
    assert people.call(he, "GET", f"/v1/applications/{case}", 404)["detail"] == f"there is no application {case}"
    people.call(he, "POST", f"/v1/applications/{case}/contract/changes", 403, {})


def test_a_number_that_is_none_opens_no_account(people: People) -> None:
    one = people.ids[3]
    form = {"id_number": one, "mobile": "13900000004", "password": PASSWORD}
    for wrong, what in (
        ({"id_number": one[:-1] + ("1" if one[-1] != "1" else "2")}, "check character"),
        ({"password": "short"}, "password"),
        ({"mobile": "23900000004"}, "mobile"),
    ):
        assert what in people.call("", "POST", "/v1/registrations", 422, form | wrong)["detail"]


@pytest.mark.requirement("CUS-10.b", "SEC-02.b", "APP-07.b")
def test_what_the_bank_knew_before_is_reached_by_who_was_seen_with_his_id_card(people: People) -> None:
    mine, his = people.ids[5:7]
    people.with_all_rights(True)
    before = people.bank.apply(id_number=mine)["case"]
    number = str(people.bank.customer_of(before))
    people.with_all_rights(False)
    me, he, clerk = people.registers(mine, "13900000005"), people.registers(his, "13900000006"), people.clerk()
    people.call(me, "GET", f"/v1/applications/{before}", 404)
    people.call(me, "POST", f"/v1/customers/{number}/identification", 403)
    word = people.call(clerk, "POST", f"/v1/customers/{number}/identification", 200)["code"]
    binding = {"code": word, "id_number": mine}
    for token, wrong in (
        (he, {}),
        (he, {"id_number": his}),
        (me, {"code": word[:-1] + ("A" if word[-1] != "A" else "B")}),
        (me, {"code": word.replace(f"{number}-", f"{int(number) + 1}-", 1)}),
        (me, {"code": "x"}),
    ):
        assert people.call(token, "POST", "/v1/binding", 422, binding | wrong)["field"] == "code"
    bound = people.call(me, "POST", "/v1/binding", 200, binding)
    assert bound == {"customer": number, "cases": [before]}
    path = "/v1/products/consumer_loan/form"
    assert people.call(me, "GET", path, 200)["of"] == {"income_fen": ZHANG["income_fen"], "age": 37}
    poorer = people.call(me, "GET", f"{path}?income_fen=300000&age=20", 200)
    assert (poorer["amount_max_fen"], poorer["of"]["age"]) == (18 * 300_000, 37)
    assert people.call(he, "GET", path, 200)["of"] == {"income_fen": None, "age": None}
    assert people.call(me, "GET", f"/v1/applications/{before}", 200)["case"] == before
    assert people.call(people.signs_in(number), "GET", f"/v1/customers/{number}", 200)["customer"] == number
    people.call(he, "GET", f"/v1/customers/{number}", 403)
    after = people.call(clerk, "POST", "/v1/applications", 202, ZHANG | {"id_number": mine})["case"]
    people.call(me, "GET", f"/v1/applications/{after}", 200)
    people.call(he, "GET", f"/v1/applications/{after}", 404)


def test_who_is_tied_to_his_file_reads_the_statement_of_a_loan_settled_before(people: People) -> None:
    people.with_all_rights(True)
    mine, bank = people.ids[8], people.bank
    loan = bank.paid_out(id_number=mine)
    bank.post(f"/v1/loans/{loan}/early-repayment", {"full": True})
    case, number = loan[:-2], str(bank.customer_of(loan[:-2]))
    bank.advance(days=2)
    assert not any(int(loan) in rows["loan"] for name, rows in bank.state("repayment").items() if "loans" in name)
    word = bank.post(f"/v1/customers/{number}/identification")["code"]
    people.with_all_rights(False)
    me = people.registers(mine, "13900000008")
    assert people.call(me, "POST", "/v1/binding", 200, {"code": word, "id_number": mine})["cases"] == [case]
    statement = people.call(me, "GET", f"/v1/loans/{loan}/statement", 200)
    assert statement["received_fen"] >= statement["paid_out_fen"] > 0


@pytest.mark.requirement("SEC-02.a")
def test_who_registers_with_another_s_id_number_learns_nothing_of_him_and_is_not_in_his_way(people: People) -> None:
    his, unknown = people.ids[8:10]
    people.with_all_rights(True)
    before = people.bank.apply(id_number=his)["case"]
    number = str(people.bank.customer_of(before))
    file = people.bank.get(f"/v1/customers/{number}")
    people.with_all_rights(False)
    stranger, nobody = people.registers(his, "13900000008"), people.registers(unknown, "13900000009")
    told = []
    for token, whose in ((stranger, his), (nobody, unknown)):
        form = {name: value for name, value in ZHANG.items() if name != "documents"} | {
            "id_number": whose,
            "name": "陌生人",
        }
        case = people.call(token, "POST", "/v1/applications", 202, form)["case"]
        shown = people.call(token, "GET", f"/v1/applications/{case}/materials", 200)
        refused = people.call(token, "POST", f"/v1/applications/{case}/materials", 422)
        for material in shown["missing"]:
            sent = {"file": ("a.pdf", pdf(), "application/pdf")}
            people.call(token, "POST", f"/v1/applications/{case}/materials/{material}", 200, files=sent)
        people.call(token, "POST", f"/v1/applications/{case}/materials", 200)
        people.call(token, "GET", f"/v1/applications/{case}/contract", 403)
        events = people.call(token, "GET", f"/v1/applications/{case}", 200)["events"]
        happened = [
            one["event"] for one in events if not one["event"].startswith("notice_")
        ]  # sent when the window ends
        told.append((shown["missing"], [one["has"] for one in shown["materials"]], refused["code"], happened))
        people.call(token, "GET", f"/v1/customers/{number}", 403)
    assert told[0] == told[1]
    assert not any(told[0][1])
    owner, clerk = people.registers(his, "13900000008"), people.clerk()
    people.with_all_rights(True)
    assert people.bank.get(f"/v1/customers/{number}") | {"applications": []} == file | {"applications": []}
    people.with_all_rights(False)
    word = people.call(clerk, "POST", f"/v1/customers/{number}/identification", 200)["code"]
    bound = people.call(owner, "POST", "/v1/binding", 200, {"code": word, "id_number": his})
    assert before in bound["cases"]
    people.call(stranger, "GET", "/v1/products", 401)
    again = people.call(
        people.signs_in(number), "POST", "/v1/applications", 202, form | {"id_number": his, "uploads": 1}
    )
    shown = people.call(owner, "GET", f"/v1/applications/{again['case']}/materials", 200)
    assert {one["material"]: one["has"] for one in shown["materials"]}["id_front"]


def test_a_word_from_the_counter_is_good_for_a_day(people: People) -> None:
    people.with_all_rights(True)
    mine = people.ids[7]
    number = str(people.bank.customer_of(people.bank.apply(id_number=mine)["case"]))
    word = people.bank.post(f"/v1/customers/{number}/identification")["code"]
    people.bank.advance(days=2)
    people.with_all_rights(False)
    me = people.registers(mine, "13900000007")
    assert people.call(me, "POST", "/v1/binding", 422, {"code": word, "id_number": mine})["field"] == "code"


@pytest.mark.requirement("CUS-10.c")
def test_another_name_under_a_known_id_number_is_told_to_staff_and_to_no_stranger(people: People) -> None:
    known, stranger = people.ids[15], people.registers(people.ids[15], "13900000031")
    people.with_all_rights(True)
    first = people.bank.post("/v1/applications", ZHANG | {"id_number": known}, 202)
    assert first["name_differs"] is False
    people.with_all_rights(False)
    form = {key: value for key, value in ZHANG.items() if key != "documents"} | {"id_number": known, "uploads": 1}
    told = people.call(stranger, "POST", "/v1/applications", 202, form | {"name": "李四"})
    case = told["case"]
    for one in people.call(stranger, "GET", f"/v1/applications/{case}/materials", 200)["missing"]:
        files = {"file": (f"{one}.pdf", pdf(), "application/pdf")}
        people.call(stranger, "POST", f"/v1/applications/{case}/materials/{one}", 200, files=files)
    people.call(stranger, "POST", f"/v1/applications/{case}/materials", 200)
    seen = people.call(stranger, "GET", f"/v1/applications/{case}", 200)
    assert seen["name_differs"] is None
    assert not [one for one in seen["events"] if "name" in one["event"]]
    people.with_all_rights(True)
    shown = people.bank.get(f"/v1/applications/{case}")
    assert shown["name_differs"] is True
    assert [one["words"][1] for one in shown["events"] if one["event"] == "name_differs"] == [
        "姓名与档案不符，申请人身份未核实，档案保持不变"
    ]
    changed = people.bank.post("/v1/applications", ZHANG | {"id_number": known, "name": "张建军"}, 202)
    assert changed["name_differs"] is True
    assert "name_changed" in [one["event"] for one in changed["events"]]
    people.with_all_rights(False)
