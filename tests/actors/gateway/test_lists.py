"""The upkeep of lists over HTTP: single entries and tables of outside lists, the internal library by two people, and who sees
what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.gateway.applications import ZHANG
from actors.gateway.lists import _by_hand
from actors.identity.caller import Caller
from credit.identifiers import resident_ids
from credit.policies.posts import PERMISSIONS
from tests.actors.gateway.live import EVERYBODY, LiveBank, live
from tests.actors.gateway.test_appeals import acting_as

OTHER = str(resident_ids(110105, 6_700, 7).ravel()[0])
OWNER = Caller("system", "system:court", frozenset({"lists:maintain"}))
SINGLE = {"list": "dishonest_debtor", "entry": "4711", "id_number": ZHANG["id_number"], "person": "30001"}
HEAD = "list,entry,id_number,removed\n"


def table(bank: LiveBank, text: str, status: int = 202, media: str = "text/csv", key: str = "") -> Any:
    headers = {"Content-Type": media} | ({"Idempotency-Key": key} if key else {})
    answer = bank.client.post("/v1/lists/entries/bulk", content=text.encode(), headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.requirement("EXT-07.b", "EXT-08.c")
def test_entries_come_one_by_one_and_in_tables_and_go_again() -> None:
    with live() as bank:
        path = "/v1/lists/entries"
        first = bank.post(path, SINGLE, Idempotency_Key="one")
        assert bank.post(path, SINGLE, Idempotency_Key="one") == first
        assert bank.post(path, SINGLE | {"list": "internal"}, 422)["code"] == "LIST_UNKNOWN"
        assert bank.post(path, SINGLE | {"id_number": OTHER}, 422)["field"] == "entry"
        with acting_as(bank, OWNER):
            said = f"{HEAD}association,5,{OTHER},\nassociation,6,110105199003072871,0\nassociation,9,,1\n"
            answers = table(bank, said, key="two")
            assert (answers["rows"], answers["refused"], answers["reasons"][0]) == (3, 2, 0)
            assert set(answers["codes"]) == {str(one) for one in answers["reasons"] if one}
            assert table(bank, said, key="two") == answers
            bank.get(f"{path}?list=association", 403)
            assert bank.get("/v1/lists/library", 403)["detail_zh"] == "行内风险客户库仅限行员双人维护"
        [seen] = bank.get(f"{path}?list=association")["entries"]
        assert (seen["entry"], seen["id_number"], seen["customer"]) == ("5", OTHER, None)
        with acting_as(bank, replace(EVERYBODY, scopes=frozenset(PERMISSIONS) - {"pii:read"})):
            [seen] = bank.get(f"{path}?list=dishonest_debtor")["entries"]
        assert "*" in seen["id_number"]
        assert seen["id_number"][-4:] == ZHANG["id_number"][-4:]
        bank.post(path, SINGLE | {"removed": True})
        nobody: dict[str, Any] = {"entries": [], "next": None}
        assert bank.get(f"{path}?list=dishonest_debtor") == nobody
        bank.advance(days=3)
        assert bank.get(f"{path}?list=dishonest_debtor") == nobody


def test_whom_a_system_names_is_who_enters_it() -> None:
    assert [_by_hand(OWNER, "30001"), _by_hand(OWNER, None)] == [30_001, 0]


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("", 422, "can't be read"),
        (HEAD, 422, "no rows"),
        ("list,entry\nassociation,5\n", 422, "the column 'id_number' is lacking; columns: list, entry"),
        (f"{HEAD}mine,5,,\n", 422, "row 1, column list"),
        (f"{HEAD}association,x,,\n", 422, "row 1, column entry"),
        (f"{HEAD}association,5,,yes\n", 422, "row 1, column removed"),
        (f"{HEAD}association,5,1234567890123456789,\n", 422, "row 1, column id_number"),
        (f"{HEAD}association,5,,,more\n", 422, "Expected 4 columns, got 5"),
        (f"{HEAD}association,5\n", 422, "Expected 4 columns, got 2"),
    ],
)
def test_a_table_that_cannot_be_is_handed_back_whole(text: str, status: int, said: str) -> None:
    with live() as bank:
        assert said in table(bank, text, status)["detail_en"]


def test_entries_are_shown_a_page_at_a_time_and_tables_are_csv() -> None:
    with live() as bank:
        rows = "".join(f"association,{n},{OTHER},\n" for n in range(1, 6))
        assert table(bank, HEAD + rows)["refused"] == 0
        table(bank, "[]", 415, "application/json")
        page = bank.get("/v1/lists/entries?list=association&limit=2")
        assert ([one["entry"] for one in page["entries"]], page["next"]) == (["1", "2"], "2")
        rest = bank.get("/v1/lists/entries?list=association&after=2&limit=3")
        assert ([one["entry"] for one in rest["entries"]], rest["next"]) == (["3", "4", "5"], None)


@pytest.mark.requirement("EXT-08.c")
def test_the_library_changes_by_the_word_of_two_people() -> None:
    with live() as bank:
        case = bank.apply()["case"]
        customer = str(bank.customer_of(case))
        change = {
            "customer": customer,
            "case": case,
            "action": "enter",
            "reason": "贷后检查确认资料伪造",
            "person": "30001",
        }
        number = bank.post("/v1/lists/library", change, 201)["proposal"]
        assert bank.post("/v1/lists/library", change, 422)["code"] == "PROPOSED_ALREADY"
        [waits] = bank.get("/v1/lists/library")
        assert (waits["proposal"], waits["action"], waits["person"]) == (number, "enter", "30001")
        path = f"/v1/lists/library/{number}/decision"
        yes = {"verdict": "approve", "person": "30001"}
        assert bank.post(path, yes, 422)["code"] == "SAME_PERSON"
        bank.post(path, yes | {"person": "30002"})
        assert bank.get("/v1/lists/library") == []
        [seen] = bank.get("/v1/lists/entries")["entries"]
        assert (seen["entry"], seen["customer"]) == (case, customer)
        assert bank.hand_in(id_number=ZHANG["id_number"])["step"] == "closed"
        assert bank.get(f"/v1/applications/{case}/appeal")["state"] == "open"
        gone = bank.post("/v1/lists/library", change | {"action": "remove"}, 201)["proposal"]
        bank.post(f"/v1/lists/library/{gone}/decision", yes | {"person": "30002"})
        assert bank.hand_in(id_number=ZHANG["id_number"])["step"] != "closed"
        assert bank.get(f"/v1/applications/{case}/appeal")["state"] == "granted"
