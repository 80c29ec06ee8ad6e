"""Worklists over HTTP: people at a desk, two of them where the bank wants two, and every refusal."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from actors.gateway.bank import Bank, instant_of
from actors.gateway.worklists import LISTS
from actors.identity.caller import Caller
from credit.policies.posts import PERMISSIONS
from credit.room import DESK_LABELS
from tests.actors.gateway.live import EVERYBODY, LiveBank, calling, live
from tests.actors.gateway.papers import pdf

APPROVER = 1_010_001
"""The first initial approver of branch 1."""
WRITTEN = {"opinion": "收入稳定，负债率合理。"}
LARGE = {"amount_fen": 25_000_000}
"""Above what the machine decides alone."""


@pytest.fixture(scope="module")
def bank() -> Iterator[LiveBank]:
    with live(people=["initial_approver", "re_reviewer", "approval_supervisor"]) as found:
        yield found


def asked(bank: LiveBank) -> dict[str, Any]:
    """A new case, and the task about it at the first desk; whom a machine turns away before, another follows."""
    for _ in range(5):
        case = bank.hand_in(**LARGE)["case"]
        for _ in range(30):
            waiting = bank.get("/v1/tasks?desk=initial_approver&limit=200")["tasks"]
            if found := [one for one in waiting if one["case"] == case]:
                return dict(found[0])
            if bank.get(f"/v1/applications/{case}")["step"] == "closed":
                break
            bank.a_minute()
    raise AssertionError("nobody was asked")


def test_every_desk_of_every_room_has_a_list() -> None:
    assert set(LISTS.of_desk) == set(DESK_LABELS)
    assert sorted(LISTS.all) == [
        "appeals",
        "approval",
        "approval_fraud",
        "collateral",
        "collections",
        "collections_write_off",
        "disbursement",
        "due_diligence",
        "head_office",
        "post_loan",
        "repayment_failed_debit",
        "restructuring",
        "restructuring_inspection",
    ]


@pytest.mark.requirement("SCO-14.c")
def test_an_approver_sees_what_the_machine_advises_and_why(bank: LiveBank) -> None:
    task = asked(bank)
    assert task["advice"] is None
    assert len(task["shortfalls"]) == 3
    points = [task[f"{name}_points"] for name in ("identity", "capacity", "history", "behaviour")]
    assert min(points) > 0
    assert 5_000 < sum(points) < 10_000


@pytest.mark.requirement("APR-01.d")
def test_an_opinion_is_written_in_words_and_kept_with_the_case(bank: LiveBank) -> None:
    task = asked(bank)
    path = f"/v1/tasks/{task['task']}/decision"
    yes = {"person": str(APPROVER), "verdict": "approve"}
    for silent in ({}, {"opinion": "  "}, {"opinion": "行"}):
        assert bank.post(path, yes | silent, 422)["code"] == "OPINION_MISSING"
    assert bank.post(path, yes | {"opinion": "多" * 201}, 422)["title"] == "Invalid request"
    bank.post(path, yes | WRITTEN)
    [kept] = bank.get(f"/v1/applications/{task['case']}/opinions")["opinions"]
    said = {name: kept[name] for name in ("node", "person", "verdict", "opinion", "background")}
    assert said == {"node": "initial", "person": str(APPROVER), "verdict": "approve", "background": ""} | WRITTEN
    assert bank.get("/v1/applications/1000999999/opinions", 404)["title"]


@pytest.mark.requirement("APR-06.b", "SEC-04.b")
def test_a_case_sent_for_special_approval_comes_to_the_supervisor(bank: LiveBank) -> None:
    task = asked(bank)
    path = f"/v1/tasks/{task['task']}/decision"
    bank.post(path, {"person": str(APPROVER), "verdict": "special"} | WRITTEN)
    [special] = bank.get("/v1/tasks?desk=approval_supervisor")["tasks"]
    assert (special["case"], special["desk_words"]) == (task["case"], ["approval supervisor", "审批主管"])
    path = f"/v1/tasks/{special['task']}/decision"
    assert bank.post(path, {"person": str(APPROVER), "verdict": "approve"} | WRITTEN, 422)["code"] == "NO_AUTHORITY"
    bank.post(path, {"person": "60001", "verdict": "approve"} | WRITTEN)
    assert bank.get(f"/v1/applications/{task['case']}")["step"] == "contract"


@pytest.mark.requirement("APR-03.d", "APR-04.a", "APR-05.a", "APR-09.a")
def test_an_approver_claims_and_decides_and_nobody_else_may(bank: LiveBank) -> None:
    task = asked(bank)
    path = f"/v1/tasks/{task['task']}"
    assert (task["state"], task["amount_fen"], task["segment"]) == ("waiting", 25_000_000, "individual")
    first, second = APPROVER, APPROVER + 1
    assert bank.post(f"{path}/release", {"person": str(first)}, 422)["code"] == "NOT_CLAIMED"
    assert bank.post(f"{path}/claim", {"person": "1020001"}, 422)["code"] == "NO_AUTHORITY"
    assert bank.post(f"{path}/claim", {"person": "2999999"}, 422)["code"] == "NOT_ON_REGISTER"
    assert (
        bank.post(f"{path}/claim", {"person": str(first), "on_behalf_of": str(second)}, 422)["code"] == "NOT_APPOINTED"
    )
    held = bank.post(f"{path}/claim", {"person": str(first)})["task"]
    assert (held["state"], held["claimed_by"]) == ("claimed", str(first))
    assert bank.post(f"{path}/claim", {"person": str(second)}, 422)["code"] == "CLAIMED_BY_ANOTHER"
    yes = {"person": str(second), "verdict": "approve"} | WRITTEN
    assert bank.post(f"{path}/decision", yes, 422)["code"] == "CLAIMED_BY_ANOTHER"
    mine = bank.get(f"/v1/tasks?mine=true&person={first}")["tasks"]
    assert task["task"] in [one["task"] for one in mine]
    assert task["task"] not in [one["task"] for one in bank.get(f"/v1/tasks?mine=true&person={second}")["tasks"]]
    done = bank.post(f"{path}/decision", {"person": str(first), "verdict": "approve"} | WRITTEN)
    assert done["task"]["state"] == "done"
    assert bank.post(f"{path}/decision", {"person": str(first), "verdict": "approve"}, 422)["code"] == "ALREADY_DECIDED"
    said = bank.get(f"/v1/applications/{task['case']}")["events"]
    assert "node_decided" in [one["event"] for one in said]


@pytest.mark.requirement("APR-06.a")
def test_a_second_opinion_holds_the_decision_up_and_counts_as_an_act(bank: LiveBank) -> None:
    path = f"/v1/tasks/{asked(bank)['task']}"
    first, second = str(APPROVER), str(APPROVER + 1)
    bank.post(f"{path}/claim", {"person": first})
    assert bank.post(f"{path}/second-opinion", {"person": first, "asked": first}, 422)["code"] == "SAME_PERSON"
    assert bank.post(f"{path}/second-opinion", {"person": first, "asked": second})["task"]["asked"] == second
    assert bank.post(f"{path}/decision", {"person": first, "verdict": "approve"}, 422)["code"] == "OPINION_OUTSTANDING"
    mine = {who: bank.get(f"/v1/tasks?mine=true&person={who}")["tasks"] for who in (first, second, "1010009")}
    assert [who for who, tasks in mine.items() if path.endswith(tuple(one["task"] for one in tasks))] == [first, second]
    bank.post(f"{path}/second-opinion/answer", {"person": second, "verdict": "approve"})
    bank.post(f"{path}/release", {"person": first})
    refused = bank.post(f"{path}/claim", {"person": second}, 422)
    assert (refused["code"], refused["detail_zh"]) == ("SAME_PERSON", "双人审批同一人")


def test_a_task_is_handed_over_to_who_could_have_claimed_it(bank: LiveBank) -> None:
    path = f"/v1/tasks/{asked(bank)['task']}"
    first, second = str(APPROVER), str(APPROVER + 1)
    bank.post(f"{path}/claim", {"person": first})
    assert bank.post(f"{path}/hand-over", {"person": first, "to": "1020001"}, 422)["code"] == "NO_AUTHORITY"
    assert bank.post(f"{path}/hand-over", {"person": first, "to": second})["task"]["claimed_by"] == second


def test_a_decision_says_what_its_list_asks_for_and_nothing_else(bank: LiveBank) -> None:
    path = f"/v1/tasks/{asked(bank)['task']}/decision"
    person = {"person": str(APPROVER)}
    assert bank.post(path, person, 422)["field"] == "verdict"
    assert bank.post(path, person | {"verdict": "approve", "outcome": "promise"}, 422)["field"] == "outcome"
    assert bank.post(path, person | {"verdict": "perhaps"}, 422)["title"] == "Invalid request"
    assert bank.post(path, person | {"verdict": "approve", "surprise": 1}, 422)["title"] == "Invalid request"
    assert bank.post(path, {"verdict": "approve"}, 422)["field"] == "person"
    refused = bank.post(path, person | {"verdict": "reduce", "amount_fen": 1 << 52}, 422)
    assert refused["code"] == "LIMIT_EXCEEDED"


@pytest.mark.requirement("APR-12.a", "APR-12.b")
def test_only_the_administrator_appoints_a_deputy_who_then_acts_for_the_absent(bank: LiveBank) -> None:
    first, second = str(APPROVER), str(APPROVER + 1)
    today = bank.get("/v1/clock")["now"][:10]
    appointing = {"person": second, "deputy": first, "from": today, "to": today}
    path = "/v1/desks/initial_approver/deputies"
    assert bank.post(path, appointing | {"operator": first}, 422)["code"] == "NOT_ADMINISTRATOR"
    administrator = str(9 * 10_000 + 1)
    assert bank.post(path, appointing | {"operator": administrator, "to": "2020-01-01"}, 422)["code"] == "DAYS_REVERSED"
    assert bank.post(path, appointing | {"operator": administrator, "deputy": second}, 422)["code"] == "SAME_PERSON"
    bank.post(path, appointing | {"operator": administrator})
    task = asked(bank)
    held = bank.post(f"/v1/tasks/{task['task']}/claim", {"person": first, "on_behalf_of": second})["task"]
    assert (held["claimed_by"], held["on_behalf_of"]) == (first, second)
    assert bank.post("/v1/desks/throne/deputies", appointing | {"operator": administrator}, 404)["title"] == "Not found"


@pytest.mark.requirement("APP-19.a", "APP-19.b", "APP-19.d")
def test_a_case_sent_back_takes_what_is_missing_and_comes_to_the_same_desk_again(bank: LiveBank) -> None:
    task = asked(bank)
    case, person = f"/v1/applications/{task['case']}", {"person": str(APPROVER)}
    decision = f"/v1/tasks/{task['task']}/decision"
    assert bank.post(decision, person | {"verdict": "return"}, 422)["code"] == "SUPPLEMENT_UNNAMED"
    back = {"verdict": "return", "materials": ["income_proof", "work_proof"]} | WRITTEN
    bank.post(decision, person | back)
    assert bank.get(case)["handler"] == "customer"
    bank.advance(days=2)
    standing = bank.get(f"{case}/materials")
    assert (standing["supplement"], standing["missing"], len(standing["how"])) == (True, back["materials"], 2)
    for material in back["materials"]:
        assert bank.post(f"{case}/materials", status=422)["code"] == "DOCUMENT_MISSING"
        files = {"file": ("a.pdf", pdf(), "application/pdf")}
        assert bank.client.post(f"{case}/materials/{material}", files=files).status_code == 200
    assert bank.get(f"{case}/materials")["missing"] == []
    bank.post(f"{case}/materials")
    bank.a_minute()
    [again] = [one for one in bank.get("/v1/tasks?limit=200")["tasks"] if one["case"] == task["case"]]
    assert (again["desk"], again["task"] != task["task"]) == (task["desk"], True)
    said = [(one["event"], one.get("materials")) for one in bank.get(case)["events"]]
    assert [one for one in said if one[0] != "material_refused"][-7:] == [
        ("supplement_asked", back["materials"]),
        ("supplement_awaited", back["materials"]),
        ("material_filed", ["income_proof"]),
        ("material_filed", ["work_proof"]),
        ("supplement_handed_in", back["materials"]),
        ("re_approval_opened", None),
        ("node_entered", None),
    ]


def test_a_task_is_offered_from_the_instant_on_at_which_it_is_put(
    bank: LiveBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, seen = asked(bank), []
    put_at = instant_of(task["put_at"], "put_at")
    for now in (put_at - 1, put_at):
        monkeypatch.setattr(Bank, "now", partial(answered, now))
        seen.append(task["task"] in [one["task"] for one in bank.get("/v1/tasks?limit=200")["tasks"]])
    assert seen == [False, True]


async def answered(now: int) -> int:
    return now


def test_pages_follow_one_another_without_a_gap(bank: LiveBank) -> None:
    for _ in range(3):
        asked(bank)
    whole = [one["task"] for one in bank.get("/v1/tasks?limit=200")["tasks"]]
    found, cursor = [], ""
    while True:
        page = bank.get(f"/v1/tasks?limit=2{cursor}")
        found += [one["task"] for one in page["tasks"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(whole) >= 3
    assert found == whole
    for limit, more in ((len(whole) - 1, True), (len(whole), False)):
        assert (bank.get(f"/v1/tasks?limit={limit}")["next"] is not None) == more
    assert bank.get("/v1/tasks?branch=2")["tasks"] == []
    for wrong in ("x", "MS8y", "é"):
        assert bank.get(f"/v1/tasks?cursor={wrong}", 422)["field"] == "cursor"
    bank.get("/v1/tasks?desk=throne", 404)
    bank.get("/v1/tasks?state=lost", 422)


@pytest.mark.parametrize(
    "task",
    [
        "approval-1",
        "approval-99999999999999999",
        "throne-10000000010001",
        "approval-x",
        "approval",
        "-",
        "approval-50000000010001",
    ],
)
def test_nothing_is_done_about_a_task_that_does_not_exist(bank: LiveBank, task: str) -> None:
    assert bank.get(f"/v1/tasks/{task}", 404)["title"] == "Not found"
    person = {"person": str(APPROVER)}
    bank.post(f"/v1/tasks/{task}/claim", person, 404)
    bank.post(f"/v1/tasks/{task}/release", person, 404)
    bank.post(f"/v1/tasks/{task}/hand-over", person | {"to": "1"}, 404)
    bank.post(f"/v1/tasks/{task}/second-opinion", person | {"asked": "1"}, 404)
    bank.post(f"/v1/tasks/{task}/second-opinion/answer", person | {"verdict": "approve"}, 404)
    bank.post(f"/v1/tasks/{task}/decision", person | {"verdict": "approve"}, 404)


def test_nobody_asks_for_tasks_as_somebody_else(bank: LiveBank, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Caller("staff", "staff:1010001", frozenset(PERMISSIONS), posts=EVERYBODY.posts, person=APPROVER, branch=1)
    monkeypatch.setattr(bank.app.state, "signed_in", calling(mine))
    for query in ("person=8010002", "person=8010002&mine=true"):
        assert bank.get(f"/v1/tasks?{query}", 403)["field"] == "person"
    for query in (f"person={APPROVER}", f"person={APPROVER}&mine=true", "mine=true", ""):
        assert "tasks" in bank.get(f"/v1/tasks?{query}")
