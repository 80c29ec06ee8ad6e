"""An appeal over HTTP: who was taken for a fraudster says so, somebody without a hand in it removes the entry, and he applies
again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from actors.gateway.applications import ZHANG
from actors.identity.caller import Caller
from credit.appeals.contract import Desk as Appeals
from credit.approval.contract import Desk
from credit.numbers import person_of
from credit.policies.posts import PERMISSIONS
from tests.actors.gateway.live import EVERYBODY, LiveBank, calling, live
from tests.actors.gateway.test_fraud import LARGE, decided, seat, waiting

PEOPLE = ["initial_approver", "re_reviewer", "fraud_investigator", "list_reviewer"]
SAYS = {"ground": "facts_wrong", "words": "三次申请均为同一笔装修款，请核实。"}


def reviewer(nth: int = 1) -> str:
    return str(person_of(0, Appeals.LIST_REVIEWER, nth))


@contextmanager
def acting_as(bank: LiveBank, caller: Caller) -> Iterator[None]:
    bank.app.state.signed_in = calling(caller)
    try:
        yield
    finally:
        bank.app.state.signed_in = calling(EVERYBODY)


def customer(bank: LiveBank, *cases: str) -> Caller:
    """Mr Zhang himself, who holds these applications."""
    bank.identity.holdings.add([(int(case), "customer:zhang") for case in cases])
    return Caller("customer", "customer:zhang", frozenset({"appeals:submit", "applications:read"}))


def listed(bank: LiveBank) -> tuple[str, list[str]]:
    """The application for which he was entered in the risk library, and the others."""
    cases = [bank.hand_in(**LARGE, channel=one)["case"] for one in ("mobile_bank", "online_bank", "mobile_bank")]
    decided(bank, waiting(bank, "fraud_investigator", cases[2]), seat(Desk.FRAUD_INVESTIGATOR), "decline")
    bank.advance(days=2)
    return cases[2], cases[:2]


def review(
    bank: LiveBank, case: str, verdict: str, who: str, opinion: str = "经核实，原认定有误。", status: int = 200
) -> Any:
    [task] = bank.get("/v1/tasks?desk=list_reviewer")["tasks"]
    assert task["case"] == case
    return bank.post(
        f"/v1/tasks/{task['task']}/decision", {"person": who, "verdict": verdict, "opinion": opinion}, status
    )


@pytest.mark.requirement("EXT-09.a", "EXT-09.b", "EXT-09.c")
def test_who_was_listed_by_mistake_appeals_and_is_let_in_again() -> None:
    with live(people=PEOPLE) as bank:
        case, others = listed(bank)
        again = bank.hand_in(id_number=ZHANG["id_number"])
        assert again["step"] == "closed"
        me, path = customer(bank, case, again["case"]), f"/v1/applications/{again['case']}/appeal"
        with acting_as(bank, me):
            assert bank.get(path) == {"case": again["case"], "state": "open"}
            taken = bank.post(path, SAYS, 201, Idempotency_Key="once")
            assert bank.post(path, SAYS, 201, Idempotency_Key="once") == taken
            assert bank.post(path, SAYS, 422)["code"] == "UNDER_WAY"
            bank.post(f"/v1/applications/{others[0]}/appeal", SAYS, 404)
            seen = bank.get(path)
        assert (seen["state"], seen["answer_by"][:10]) == ("under_review", "2026-02-27")
        assert {"words", "ground", "reviewer"}.isdisjoint(seen)
        assert bank.get(path)["words"] == SAYS["words"]
        assert review(bank, case, "approve", seat(Desk.FRAUD_INVESTIGATOR), status=422)["code"] == "NO_AUTHORITY"
        assert review(bank, case, "approve", reviewer(), opinion="嗯", status=422)["code"] == "OPINION_MISSING"
        review(bank, case, "approve", reviewer())
        with acting_as(bank, me):
            assert bank.get(path)["state"] == "granted"
            assert bank.post(path, SAYS, 422)["code"] == "REMOVED_ALREADY"
        bank.advance(days=2)
        let_in = bank.hand_in(id_number=ZHANG["id_number"])
        assert let_in["step"] != "closed"
        told = [one["topic"] for one in bank.get(f"/v1/applications/{again['case']}/notices")["notices"]]
        assert {"appeal_received", "appeal_granted"} <= set(told)


@pytest.mark.requirement("EXT-09.b")
def test_an_entry_that_is_upheld_is_looked_at_once_more_by_somebody_else() -> None:
    with live(people=PEOPLE) as bank:
        case, _ = listed(bank)
        path = f"/v1/applications/{case}/appeal"
        bank.post(path, SAYS | {"person": "1420001"}, 201)
        review(bank, case, "decline", reviewer(), "经核实，维持原认定。")
        seen = bank.get(path)
        assert (seen["state"], seen["reviewer"], seen["opinion"]) == ("upheld", reviewer(), "经核实，维持原认定。")
        assert seen["again_until"] is not None
        bank.post(path, SAYS | {"person": "1420001"}, 201)
        assert review(bank, case, "approve", reviewer(), status=422)["code"] == "SAME_PERSON"
        review(bank, case, "decline", reviewer(2))
        assert "again_until" not in bank.get(path)
        refused = bank.post(path, SAYS | {"person": "1420001"}, 422)
        assert refused["code"] == "DECIDED"
        bank.advance(days=2)
        assert bank.hand_in(id_number=ZHANG["id_number"])["step"] == "closed"


def test_an_application_that_no_list_stopped_is_not_appealed_about() -> None:
    with live() as bank:
        case = bank.apply()["case"]
        refused = bank.post(f"/v1/applications/{case}/appeal", SAYS | {"person": "1420001"}, 422)
        assert (refused["code"], refused["detail_zh"]) == ("NOT_STOPPED", "该申请在申诉期内未被名单拦截")
        assert bank.get(f"/v1/applications/{case}/appeal") == {"case": case, "state": "none"}
        wrong = bank.post(f"/v1/applications/{case}/appeal", {"ground": "angry", "person": "1420001"}, 422)
        assert wrong["faults"][0]["at"] == "body.ground"
        nobody = replace(EVERYBODY, scopes=frozenset(PERMISSIONS) - {"appeals:submit"})
        with acting_as(bank, nobody):
            bank.post(f"/v1/applications/{case}/appeal", SAYS, 403)
