"""The fraud desk over HTTP: what is suspicious waits for it, what it confirms ends there and stops what else is under way."""

from __future__ import annotations

from typing import Any

import pytest

from actors.gateway.applications import ZHANG
from credit.approval.contract import Desk
from credit.head_office.contract import Desk as HeadOffice
from credit.numbers import person_of
from tests.actors.gateway.live import LiveBank, live

PEOPLE = ["initial_approver", "re_reviewer", "final_approver", "fraud_investigator"]
LARGE = {"amount_fen": 25_000_000, "id_number": ZHANG["id_number"]}


def seat(desk: int, nth: int = 1) -> str:
    return str(person_of(1, desk, nth))


def waiting(bank: LiveBank, desk: str, case: str) -> dict[str, Any]:
    """The task that a desk has of a case, once it has one."""
    for _ in range(30):
        found = [one for one in bank.get(f"/v1/tasks?desk={desk}&limit=200")["tasks"] if one["case"] == case]
        if found:
            return dict(found[0])
        bank.a_minute()
    raise AssertionError(f"{desk} was not asked about case {case}")


def decided(bank: LiveBank, task: dict[str, Any], person: str, verdict: str, status: int = 200) -> Any:
    said = {"person": person, "verdict": verdict}
    said |= {} if task["task"].startswith("approval_fraud") else {"opinion": "资料属实，同意。"}
    return bank.post(f"/v1/tasks/{task['task']}/decision", said, status)


@pytest.mark.requirement("APP-17.c", "EXT-08.b")
def test_what_the_fraud_desk_confirms_ends_and_stops_what_is_under_way() -> None:
    with live(people=PEOPLE, policies__scorecard__yellow_below=75) as bank:  # whose alert adds the final approver
        cases = [bank.hand_in(**LARGE, channel=one)["case"] for one in ("mobile_bank", "online_bank", "mobile_bank")]
        first, third = cases[0], cases[2]
        suspicion = waiting(bank, "fraud_investigator", third)
        assert suspicion["doubts"] == ["repeated_applications"]
        assert decided(bank, suspicion, seat(Desk.INITIAL_APPROVER), "decline", 422)["code"] == "NO_AUTHORITY"
        assert decided(bank, suspicion, seat(Desk.FRAUD_INVESTIGATOR), "reduce", 422)["code"] == "DECISION_INVALID"
        decided(bank, suspicion, seat(Desk.FRAUD_INVESTIGATOR), "decline")
        over = bank.get(f"/v1/applications/{third}")
        assert (over["step"], over["handler"]) == ("closed", "nobody")
        decided(bank, waiting(bank, "initial_approver", first), seat(Desk.INITIAL_APPROVER), "approve")
        bank.advance(days=2)
        decided(bank, waiting(bank, "re_reviewer", first), seat(Desk.RE_REVIEWER), "approve")
        last = person_of(0, HeadOffice.FINAL_APPROVER, 1)
        decided(bank, waiting(bank, "final_approver", first), str(last), "approve")
        assert bank.get(f"/v1/applications/{first}")["step"] == "closed"
        declined = [
            one for one in bank.get(f"/v1/applications/{first}")["events"] if one["event"] == "application_declined"
        ]
        assert [one["reason"][1] for one in declined] == ["行内风险客户库"]


@pytest.mark.requirement("APP-17.c")
def test_what_the_fraud_desk_clears_goes_on_to_somebody_else() -> None:
    with live(people=PEOPLE) as bank:
        cases = [bank.hand_in(**LARGE, channel=one)["case"] for one in ("mobile_bank", "online_bank", "mobile_bank")]
        decided(bank, waiting(bank, "fraud_investigator", cases[2]), seat(Desk.FRAUD_INVESTIGATOR), "approve")
        task = waiting(bank, "initial_approver", cases[2])
        assert decided(bank, task, seat(Desk.FRAUD_INVESTIGATOR), "approve", 422)["code"] == "NO_AUTHORITY"
        events = [one["event"] for one in bank.get(f"/v1/applications/{cases[2]}")["events"]]
        assert "fraud_cleared" in events
