"""What the endpoints share: who acts, request numbers, seals, and a link that says what went wrong."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest
from starlette.requests import Request
from starlette.responses import Response

from actors.gateway import seals
from actors.gateway.applications import ZHANG
from actors.gateway.bank import acting, branch_with, case_of_loan, day, instant_of, request_number
from actors.gateway.prefer import wait_s
from actors.gateway.problems import Problem, problem_of
from actors.host import Look
from actors.link import Away, Fault, LinkClient, Moved
from actors.refusals import Busy, Closing
from actors.topology import Cell
from credit.contracts.contract import ContractRenewalRequested, ContractSigned
from credit.errors import CreditError
from credit.repayment.book import NO_DAY
from credit.repayment.contract import PaymentMade
from tests.actors.gateway.live import LiveBank

KEY = b"k" * 32


class Known(NamedTuple):
    """A caller of whom the bank knows which member of staff he is."""

    subject: str = "anna"
    person: int | None = 1_010_001
    kind: str = "staff"


def test_nobody_acts_as_somebody_else() -> None:
    assert acting(Known(), None) == acting(Known(), "1010001") == 1_010_001
    assert acting(Known(person=None), "1010002") == 1_010_002
    with pytest.raises(Problem) as refused:
        acting(Known(), "1010002")
    assert refused.value.status == 403
    with pytest.raises(Problem) as refused:
        acting(Known(person=None), None)
    assert refused.value.status == 422
    with pytest.raises(Problem) as refused:
        acting(Known(person=0, kind="customer"), "1010002")
    assert refused.value.status == 403


def test_a_day_that_never_comes_is_none() -> None:
    assert [day(number) for number in (0, NO_DAY, 20_000)] == [None, None, "2024-10-04"]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-12:00", "2026-02-30", "now"])
def test_an_instant_that_the_calendar_lacks_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="is no instant"):
        instant_of(text, "to")


def asked(key: str) -> Request:
    return Request({"type": "http", "headers": [(b"idempotency-key", key.encode())]})


def test_a_key_is_its_callers_own_and_that_of_the_room_he_asks() -> None:
    one = request_number(asked("k"), "anna", ContractSigned)
    assert one == request_number(asked("k"), "anna", ContractRenewalRequested)
    assert one not in {
        request_number(asked("k"), "bo", ContractSigned),
        request_number(asked("k"), "anna", PaymentMade),
        request_number(asked("l"), "anna", ContractSigned),
    }
    for key in ("", "a b", "k" * 256):
        with pytest.raises(Problem, match="visible"):
            request_number(asked(key), "anna", ContractSigned)


def preferring(*said: str) -> Request:
    return Request({"type": "http", "headers": [(b"prefer", one.encode()) for one in said]})


@pytest.mark.parametrize(
    ("said", "waits_s"),
    [
        (["wait=0"], 0),
        (["wait=7"], 7),
        (["Wait = 7"], 7),
        (['respond-async, wait="59"'], 59),
        (['note="a, wait=1"; b="wait=2", wait=3; why="x,y"'], 3),
        (["respond-async", "wait=5"], 5),
        (["wait=5, wait=x"], 5),
        (["wait=999999"], 60),
    ],
)
def test_who_is_willing_to_wait_is_told_how_long_he_waits_at_most(said: list[str], waits_s: int) -> None:
    response = Response()
    assert wait_s(preferring(*said), response) == waits_s
    assert response.headers["preference-applied"] == f"wait={waits_s}"


@pytest.mark.parametrize(
    "said", [[], [""], ["respond-async"], ["handling=lenient; wait=3"], ['x="wait=3"'], ["await=3"]]
)
def test_preferences_that_are_not_heeded_are_not_said_to_be(said: list[str]) -> None:
    response = Response()
    assert wait_s(preferring(*said), response) == 0
    assert "preference-applied" not in response.headers


@pytest.mark.parametrize(
    "wait", ["wait", "wait=", "wait=abc", "wait=-1", "wait=1.5", "wait=1s", "wait=１", 'wait="7', "wait=x, wait=5"]
)
def test_a_wait_that_is_none_is_refused(wait: str) -> None:
    with pytest.raises(Problem, match="whole seconds are needed") as refused:
        wait_s(preferring(wait), Response())
    assert (refused.value.status, refused.value.more["field"]) == (400, "Prefer")
    assert "wait=10" in refused.value.more["detail_zh"]


def test_a_form_with_a_wait_that_is_none_is_not_handed_in(bank: LiveBank) -> None:
    person = next(bank.people)
    bank.post("/v1/applications", ZHANG | {"id_number": person}, 400, Prefer="wait=soon")
    answer = bank.client.post("/v1/applications", json=ZHANG | {"id_number": person}, headers={"Prefer": "wait=0"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "wait=0")
    shown = bank.client.get(f"/v1/applications/{answer.json()['case']}", headers={"Prefer": "wait=0"})
    assert shown.headers["preference-applied"] == "wait=0"
    bank.get(f"/v1/applications/{answer.json()['case']}", 400, headers={"Prefer": "wait=soon"})


def test_what_is_sealed_can_not_be_changed_nor_used_for_something_else() -> None:
    word = seals.sealed(KEY, "voucher", (7, 9), "said")
    assert seals.numbers_in(word) == (7, 9)
    assert seals.is_sealed(KEY, "voucher", word, "said")
    assert not seals.is_sealed(KEY, "confirmation", word, "said")
    assert not seals.is_sealed(KEY, "voucher", word, "said otherwise")
    assert not seals.is_sealed(b"x" * 32, "voucher", word, "said")
    assert not seals.is_sealed(KEY, "voucher", word.replace("7", "8", 1), "said")


def test_numbers_say_where_they_belong() -> None:
    assert (branch_with(loan=100_000_000_101), branch_with(case=3_000_000_001)) == (1, 3)
    assert case_of_loan(100_000_000_101) == 1_000_000_001


def test_a_question_that_can_not_be_answered_is_answered_at_once(bank: LiveBank) -> None:
    async def ask() -> None:
        link = LinkClient(bank.home / "link")
        link.start()
        try:
            with pytest.raises(Fault, match="KeyError"):
                await asyncio.wait_for(link.look(Cell("ledger", 0), Look("no such table")), 10.0)
        finally:
            await link.stop()

    asyncio.run(ask())


@pytest.mark.requirement("CUS-08.e")
def test_a_wrong_form_is_refused_by_its_field_with_a_word_of_its_own(bank: LiveBank) -> None:
    wrong = {
        "id_number": "1101051990030728",
        "mobile": "12800138000",
        "amount_fen": 1,
        "term_months": 13,
        "purpose": "日常消费",
    }
    told = {field: bank.post("/v1/applications", ZHANG | {field: value}, 422) for field, value in wrong.items()}
    assert {field: one["field"] for field, one in told.items()} == {field: field for field in wrong}
    assert len({one["detail_zh"] for one in told.values()}) == len(wrong)


@pytest.mark.requirement("CUS-08.f")
def test_a_form_with_several_faults_shows_each_of_them_beside_its_field(bank: LiveBank) -> None:
    wrong = {"mobile": "12800138000", "amount_fen": 1, "purpose": "日常消费"}
    told = bank.post("/v1/applications", ZHANG | wrong, 422)
    assert told["field"] == "mobile"
    assert [fault["at"] for fault in told["faults"]] == list(wrong)
    assert [fault["code"] for fault in told["faults"]] == ["MOBILE_FORMAT", "AMOUNT_RANGE", "PURPOSE_VAGUE"]
    assert [fault["what_zh"] for fault in told["faults"]] == ["手机号格式错误", "金额超出产品范围", "用途笼统"]


def test_the_catalogue_says_to_how_many_branches_forms_go(bank: LiveBank) -> None:
    most = bank.get("/v1/products")["branches"]
    bank.post("/v1/applications", ZHANG | {"branch": most, "id_number": next(bank.people)}, 202)
    told = bank.post("/v1/applications", ZHANG | {"branch": most + 1, "id_number": next(bank.people)}, 422)
    assert told["field"] == "branch"


@pytest.mark.requirement("APP-07.c")
def test_the_catalogue_says_what_a_form_may_ask_for(bank: LiveBank) -> None:
    product = bank.get("/v1/products/consumer_loan")
    ends = product["amount_min_fen"], product["amount_max_fen"]
    for amount, status in ((ends[0] - 1, 422), (ends[0], 202), (ends[1], 202), (ends[1] + 1, 422)):
        bank.post("/v1/applications", ZHANG | {"amount_fen": amount, "id_number": next(bank.people)}, status)
    for months in range(1, 64):
        if months not in product["terms_months"]:
            assert bank.post("/v1/applications", ZHANG | {"term_months": months}, 422)["field"] == "term_months"


@pytest.mark.parametrize("error", [Away("gone"), Moved("elsewhere"), Closing("closing"), Busy("too much")])
def test_a_bank_that_can_not_answer_now_is_asked_again_and_not_told_of_a_fault_of_the_caller(
    error: CreditError,
) -> None:
    found = problem_of(error)
    assert found.status == 503
    assert int(found.headers["Retry-After"]) >= 1
    assert problem_of(CreditError("wrong")).status == 422


def test_the_clock_of_a_bank_that_is_away_is_asked_again(bank: LiveBank, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise Away("the bank does not answer")

    monkeypatch.setattr(bank.app.state.bank.link, "standing", away)
    assert bank.get("/v1/clock", 503)["detail_en"] == "the bank does not answer"
