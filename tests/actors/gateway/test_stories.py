"""A case's story over HTTP: what `lendrill explain` tells, of a live bank; whole for who may see all, and less for the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

from actors.gateway.applications import ZHANG
from actors.identity.caller import Caller
from credit.policies.posts import PERMISSIONS
from tests.actors.gateway.live import EVERYBODY, LiveBank, calling, live

PLAIN = {"Accept": "text/plain"}


@pytest.fixture(scope="module")
def paid() -> Iterator[tuple[LiveBank, str]]:
    """Mr Zhang, paid out, three months on."""
    with live() as bank:
        loan = bank.paid_out(remark="周末联系 13912345678")
        bank.advance(days=95)
        yield bank, loan[:-2]


def _told(bank: LiveBank, case: str, caller: Caller = EVERYBODY) -> Any:
    bank.app.state.signed_in = calling(caller)
    try:
        return bank.get(f"/v1/applications/{case}/story")
    finally:
        bank.app.state.signed_in = calling(EVERYBODY)


def _paper(told: Any, name: str) -> Any:
    return next((step[name] for step in told["steps"] if name in step), None)


def test_a_story_leaves_nothing_out_and_puts_nothing_before_its_cause(paid: tuple[LiveBank, str]) -> None:
    bank, case = paid
    told = _told(bank, case)
    shown = bank.get(f"/v1/applications/{case}")
    assert [(one["at"], one["event"]) for one in shown["events"]] == [
        (one["at"], one["event"]) for one in told["steps"]
    ]
    assert [one["at"] for one in told["steps"]] == sorted(one["at"] for one in told["steps"])
    names = [step["event"] for step in told["steps"]]
    chain = ("application_submitted", "application_scored", "application_approved", "contract_generated", "contract_signed",
             "contract_archived", "loan_disbursed", "schedule_generated", "instalment_due", "instalment_paid")  # fmt: skip
    assert [names.index(name) for name in chain] == sorted(names.index(name) for name in chain)
    form = _paper(told, "form")
    expected = {name: ZHANG[name] for name in ("name", "id_number", "mobile", "amount_fen")}
    assert {name: form[name] for name in expected} == expected
    assert form["remark"] == "周末联系 13912345678"
    contract = bank.get(f"/v1/applications/{case}/contract/document")
    at = next(step for step in told["steps"] if "contract" in step)
    assert (at["event"], at["contract"]["text"]) == ("contract_generated", contract)
    loan = f"{case}01"
    plan, whole = _paper(told, "schedule"), bank.get(f"/v1/loans/{loan}/schedule")["instalments"]
    assert [line["payment_fen"] for line in plan] == [line["payment_fen"] for line in whole]
    assert told["principal_fen"] == {loan: bank.get(f"/v1/loans/{loan}")["principal_fen"]}
    assert told["stands_at"]


def test_it_is_written_as_the_command_writes_a_run(paid: tuple[LiveBank, str]) -> None:
    bank, case = paid
    lines = bank.client.get(f"/v1/applications/{case}/story", headers=PLAIN).text.splitlines()
    assert max(map(cell_len, lines)) <= 80
    text = "\n".join(lines)
    for said in (
        f"case 申请 {case}",
        "as of 截至 2026-",
        "name 姓名",
        "the contract 合同",
        "the plan of the contract",
        "As it stands 目前",
    ):
        assert said in text, said


def _staff(*left_out: str) -> Caller:
    return replace(EVERYBODY, scopes=frozenset(PERMISSIONS) - set(left_out))


@pytest.mark.parametrize(
    ("permission", "gone"),
    [("contracts:read", ["contract"]), ("loans:read", ["schedule"]), ("tasks:read", ["opinion"])],
)
def test_what_somebody_may_not_see_elsewhere_he_does_not_see_here(
    paid: tuple[LiveBank, str], permission: str, gone: list[str]
) -> None:
    bank, case = paid
    told = _told(bank, case, _staff(permission))
    assert all(_paper(told, name) is None for name in gone)
    assert len(told["steps"]) == len(_told(bank, case)["steps"])
    assert (told["principal_fen"] == {}) == (permission == "loans:read")


def test_numbers_of_persons_and_accounts_are_masked_in_fields_and_in_texts(paid: tuple[LiveBank, str]) -> None:
    bank, case = paid
    for caller in (_staff("pii:read"), _staff("account_numbers:read")):
        told = _told(bank, case, caller)
        text = _paper(told, "contract")["text"]
        assert str(ZHANG["id_number"]) not in text
        assert str(ZHANG["account"]) not in text
        assert "13912345678" not in _paper(told, "form")["remark"]
    told = _told(bank, case, _staff("pii:read"))
    assert "*" in _paper(told, "form")["id_number"]
    assert str(ZHANG["id_number"]) in _paper(_told(bank, case), "contract")["text"]


def test_a_system_that_holds_the_case_is_not_told_and_a_case_that_is_not_there_is_not_told_of(
    paid: tuple[LiveBank, str],
) -> None:
    bank, case = paid
    bank.identity.holdings.add([(int(case), EVERYBODY.subject)])
    bank.app.state.signed_in = calling(replace(EVERYBODY, kind="system"))
    own, story = (bank.client.get(f"/v1/applications/{case}{what}") for what in ("", "/story"))
    bank.app.state.signed_in = calling(EVERYBODY)
    assert (own.status_code, story.status_code) == (200, 403)
    bank.get("/v1/applications/1999999999/story", 404)


def test_an_opinion_stands_at_the_step_that_it_explains() -> None:
    with live(people=["initial_approver"]) as bank:
        for _ in range(5):
            case = bank.hand_in(amount_fen=25_000_000)["case"]
            found = _task(bank, case)
            if found:
                break
        said = {"verdict": "approve", "opinion": "还款来源稳定，电话 13912345678 核实，同意。", "person": "1010001"}
        bank.post(f"/v1/tasks/{found}/claim", {"person": "1010001"})
        bank.post(f"/v1/tasks/{found}/decision", said)
        told = _told(bank, case)
        step = next(one for one in told["steps"] if "opinion" in one)
        assert (step["event"], step["actor"], step["opinion"]["opinion"]) == (
            "node_decided",
            "staff 1010001",
            said["opinion"],
        )
        assert all("opinion" not in one for one in _told(bank, case, _staff("tasks:read"))["steps"])
        masked = _paper(_told(bank, case, _staff("pii:read")), "opinion")["opinion"]
        assert "13912345678" not in masked


def _task(bank: LiveBank, case: str) -> str:
    for _ in range(30):
        waiting = bank.get("/v1/tasks?limit=200")["tasks"]
        if found := [one["task"] for one in waiting if one.get("case") == case]:
            return str(found[0])
        bank.a_minute()
    return ""
