"""Companies by e-banking (企业网银): an account of their own, whose operator draws on the company's limit, and on no other's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from credit.identifiers import credit_codes
from scenarios.loading import load_scenario
from tests.actors.gateway.live import LiveBank, _id_numbers, live
from tests.actors.gateway.test_registration import People

CODES = credit_codes(110105, np.arange(1, 4)).tolist()
PAPERS = [
    "id_front", "business_licence", "legal_person_id", "articles", "financial_statements", "operating_permit", "tax_proof",
    "purpose_statement",
]  # fmt: skip
DRAWING = {"amount_fen": 1_000_000, "term_months": 3, "purpose": "采购原材料", "payee_account": "6222000000000000077"}


def limit_of(bank: LiveBank, code: str) -> str:
    """The case of a company whose limit is open."""
    case = bank.apply(
        segment="enterprise", product="working_capital", channel="counter", amount_fen=60_000_000, term_months=12,
        method="interest_first", purpose="采购原材料", name="北方实业有限公司", credit_code=code, income_fen=100_000_000,
        documents=PAPERS, licence_valid_until="long_term",
        details={"counterparty": "北方物资有限公司", "project": "2026年度原料采购合同"},
    )["case"]  # fmt: skip
    for _ in range(20):
        if bank.get(f"/v1/applications/{case}")["step"] == "contract":
            break
        bank.advance(days=1)
    bank.sign(case)
    for _ in range(20):
        answer = bank.client.get(f"/v1/applications/{case}/facility")
        if answer.status_code == 200 and answer.json()["state"] == "open":
            return str(case)
        bank.advance(days=1)
    raise AssertionError(f"the limit of {case} does not open: {answer.text}")


class Companies(People):
    """Two companies with open limits, each with an operator who has signed in."""

    def __init__(self, bank: LiveBank) -> None:
        super().__init__(bank)
        self.with_all_rights(True)
        self.cases = [limit_of(bank, code) for code in CODES[:2]]
        self.numbers = [str(bank.customer_of(case)) for case in self.cases]
        self.with_all_rights(False)
        self.operators = self.ids[10:12]

    def opens(self, which: int, mobile: str) -> str:
        form = {"credit_code": CODES[which], "mobile": mobile, "password": "three words and a number 7"}
        return self.signs_in(self.call("", "POST", "/v1/registrations", 201, form)["username"])

    def is_seen(self, which: int, status: int = 200, **body: Any) -> Any:
        path = f"/v1/customers/{self.numbers[which]}/identification"
        return self.call(self.clerk(), "POST", path, status, body)

    def binds(self, token: str, which: int, code: str, operator: str, status: int = 200) -> Any:
        body = {"code": code, "credit_code": CODES[which], "operator_id_number": operator}
        return self.call(token, "POST", "/v1/binding", status, body)


@pytest.fixture(scope="module")
def companies() -> Iterator[Companies]:
    [zhang] = load_scenario("zhang_consumer_loan").script
    sound = {"income": 1_000_000, "deposits": 5_000_000, "quality_ppm": 950_000, "segment": "enterprise"}
    of_persons = {"wealth", "card_limit", "card_used", "other_monthly_debt"}
    firms = [
        zhang.model_dump(exclude=of_persons) | sound | {"party": n, "id_number": one}
        for n, one in enumerate(_id_numbers()[:30], 1)
    ]
    with live(script=firms, run__customers=30) as bank:
        yield Companies(bank)


@pytest.mark.requirement("PRD-04.e", "PRD-04.d")
def test_an_operator_draws_for_his_company_and_for_no_other(companies: Companies) -> None:
    here, there = (f"/v1/applications/{case}/drawdowns" for case in companies.cases)
    tokens = [companies.opens(which, f"1390000001{which}") for which in (0, 1)]
    companies.call(tokens[0], "POST", here, 403, DRAWING)  # nobody has seen a letter of authority yet
    for which, token in enumerate(tokens):
        operator = companies.operators[which]
        assert companies.is_seen(which, 422)["field"] == "operator_id_number"
        assert companies.is_seen(which, 422, operator_id_number="1")["field"] == "operator_id_number"
        word = companies.is_seen(which, operator_id_number=operator)["code"]
        other = companies.operators[1 - which]
        assert companies.binds(token, which, word, other, 422)["field"] == "code"  # not whom the letter names
        assert companies.binds(tokens[1 - which], which, word, operator, 422)["field"] == "code"
        bound = companies.binds(token, which, word, operator)
        assert bound == {"customer": companies.numbers[which], "cases": [companies.cases[which]]}
    companies.call(tokens[0], "POST", there, 404, DRAWING)
    companies.call(tokens[1], "POST", here, 404, DRAWING)
    refused = companies.call(tokens[0], "POST", here, 422, DRAWING | {"purpose": "股权投资"})
    assert (refused["code"], refused["field"]) == ("DRAWDOWN_PURPOSE", "purpose")
    assert companies.call(tokens[0], "POST", here, 422, DRAWING | {"payee_account": None})["field"] == "payee_account"
    companies.call(tokens[0], "POST", here, 200, DRAWING)
    facilities = [
        companies.call(tokens[n], "GET", f"/v1/applications/{companies.cases[n]}/facility", 200) for n in (0, 1)
    ]
    assert [one["drawn_fen"] for one in facilities] == [DRAWING["amount_fen"], 0]


def test_an_account_is_a_persons_or_a_companys(companies: Companies) -> None:
    form = {"mobile": "13900000099", "password": "three words and a number 7"}
    both = {"id_number": companies.ids[12], "credit_code": CODES[2]}
    for wrong, field in ((both, "id_number"), ({}, "id_number"), ({"credit_code": CODES[2][:-1] + "?"}, "credit_code")):
        assert companies.call("", "POST", "/v1/registrations", 422, form | wrong)["field"] == field
