"""What staff do about a loan, each under its own name, is a decision at a desk: who may, and how many it takes, the desk says."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import anyio
import numpy as np
import pytest

from actors.gateway import duties, tasks
from actors.gateway.applications import ZHANG
from credit.numbers import person_of
from credit.room import DESK_LABELS, Rows
from credit.worklists.states import TaskState
from tests.actors.gateway.live import EVERYBODY, LiveBank, calling, live

LARGE = {"amount_fen": 25_000_000}
"""Above what is paid out without people."""
OPERATOR, REVIEWER, COLLECTOR, LATE_COLLECTOR = 11, 12, 22, 23
COLLECTORS = ["collector_early", "collector_middle", "collector_long"]


def seat(desk: int, nth: int = 1) -> dict[str, str]:
    """The nth person of branch 1 at a desk, as who acts."""
    return {"person": str(person_of(1, desk, nth))}


def signed(bank: LiveBank) -> str:
    """The loan of a large application, its contract signed; whom a machine turns away before, another follows."""
    for _ in range(5):
        case = bank.hand_in(**LARGE)["case"]
        bank.advance(days=2)
        if bank.get(f"/v1/applications/{case}")["step"] == "contract":
            bank.sign(case)
            bank.a_minute()
            return f"{case}01"
    raise AssertionError("nobody was approved")


def refused_to_a_colleague(bank: LiveBank, path: str, body: dict[str, Any]) -> None:
    """Who signed in as somebody else does not act under the name that the body says."""
    bank.app.state.signed_in = calling(replace(EVERYBODY, person=int(body["person"]) + 1, branch=1))
    try:
        assert bank.post(path, body, 403)["field"] == "person"
    finally:
        bank.app.state.signed_in = calling(EVERYBODY)


@pytest.mark.requirement("DIS-01.a", "DIS-04.a")
def test_one_person_initiates_a_payment_and_another_reviews_it() -> None:
    with live(people=["disbursement_operator", "disbursement_reviewer"]) as bank:
        path = f"/v1/loans/{signed(bank)}/disbursement"
        assert "no task" in bank.post(f"{path}/review", seat(REVIEWER) | {"verdict": "approve"}, 404)["detail"]
        assert bank.post(f"{path}/initiation", seat(REVIEWER), 422)["code"] == "NO_AUTHORITY"
        refused_to_a_colleague(bank, f"{path}/initiation", seat(OPERATOR))
        first = bank.post(f"{path}/initiation", seat(OPERATOR), Idempotency_Key="once")
        assert (first["task"]["desk"], first["task"]["state"]) == ("disbursement_operator", "done")
        assert bank.post(f"{path}/initiation", seat(OPERATOR), Idempotency_Key="once")["at"] == first["at"]
        assert bank.post(f"{path}/initiation", seat(OPERATOR), 422)["code"] == "ALREADY_DECIDED"
        assert bank.post(f"{path}/review", seat(REVIEWER), 422)["faults"][0]["at"] == "body.verdict"
        refused_to_a_colleague(bank, f"{path}/review", seat(REVIEWER) | {"verdict": "approve"})
        bank.post(f"{path}/review", seat(REVIEWER) | {"verdict": "approve"})
        bank.advance(days=1)
        assert bank.get(path)["state"] == "disbursed"


@pytest.mark.requirement("COL-08.a", "COL-09.c")
def test_a_collector_finds_his_tasks_records_a_contact_and_takes_a_promise_down() -> None:
    with live(people=COLLECTORS) as bank:
        loan = bank.paid_out(consents=[one for one in ZHANG["consents"] if one != "auto_debit"])
        bank.advance(days=62)
        [task] = bank.get("/v1/collections/tasks")["tasks"]
        assert (task["loan"], task["desk"], task["action"]) == (loan, "collector_middle", "call")
        assert bank.get("/v1/collections/tasks?stage=early")["tasks"] == []
        bank.get("/v1/collections/tasks?stage=last", 422)
        day = str(np.datetime64(bank.get("/v1/clock")["now"][:10]) + 3)
        said = {"promise_day": day, "promise_fen": task["amount_fen"]}
        path = f"/v1/loans/{loan}"
        assert bank.post(f"{path}/promises", seat(OPERATOR) | said, 422)["code"] == "NO_AUTHORITY"
        assert bank.post(f"{path}/promises", seat(COLLECTOR) | said)["task"]["state"] == "done"
        bank.advance(days=30)
        told = [one["event"] for one in bank.get(f"/v1/applications/{task['case']}")["events"]]
        assert told.index("promise_made") < told.index("promise_broken")
        [task] = bank.get("/v1/collections/tasks")["tasks"]
        assert (
            bank.post(f"{path}/contact-records", seat(LATE_COLLECTOR) | {"outcome": "lost"})["task"]["state"] == "done"
        )
        assert (
            bank.post(f"{path}/contact-records", seat(LATE_COLLECTOR) | {"outcome": "lost"}, 422)["code"]
            == "ALREADY_DECIDED"
        )


@pytest.mark.parametrize(
    ("found", "which"),
    [
        ([(5, TaskState.WAITING), (9, TaskState.DONE)], 5),
        ([(5, TaskState.ASKED), (9, TaskState.WITHDRAWN)], 5),
        ([(9, TaskState.CLAIMED), (5, TaskState.DONE)], 9),
        ([(9, TaskState.DONE), (5, TaskState.DONE)], 9),
    ],
)
def test_a_decision_is_on_the_task_that_is_open_else_on_the_last_that_was(
    monkeypatch: pytest.MonkeyPatch, found: list[tuple[int, TaskState]], which: int
) -> None:
    desk, asked = int(DESK_LABELS["disbursement_operator"]), list[str]()

    async def look(*_: object) -> Rows:
        return np.array([(*one, desk) for one in found], dtype=[("task", "i8"), ("state", "i8"), ("desk", "i8")])

    async def decide(task: str, *_: object) -> None:
        asked.append(task)

    monkeypatch.setattr(tasks, "decide", decide)
    bank: Any = SimpleNamespace(branches=8, look=look)
    anyio.run(duties.initiate, "100000000101", duties.Initiating(), None, bank, None)
    assert asked == [f"disbursement-{which}"]
