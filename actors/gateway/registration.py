"""Customers' own accounts (客户注册) over HTTP: whoever gives an ID number opens one, applies with it and sees where that stands.
It is provisional: what the bank knows of the person, also which of his papers it holds, and whatever binds him is beyond it until
he has proved who he is: somebody at the counter sees his ID card and gives him a sealed word that names his customer number; with
it the account is tied to the bank's file, and every other account under his ID number is closed (CUS-10, SEC-02). An ID number
and a mobile number, which others know as well, prove nothing, and take nothing from who has them.

A company has an account of its own (企业网银) under its credit code; the word ties it for the operator whom the company's
letter of authority names, and he acts for that company alone (PRD-04)."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends
from pydantic import Field

from actors.gateway import seals
from actors.gateway.bank import Bank, bank_of, moment
from actors.gateway.callers import Caller, Identity, identity_of, needs
from actors.gateway.customers import CustomerPath, file_of
from actors.gateway.login import not_too_often
from actors.gateway.models import Body, Model, shown
from actors.gateway.problems import Problem
from actors.gateway.writing import Verbatim
from credit.codes import Segment
from credit.identifiers import check_credit_codes, check_resident_ids
from credit.times import DAY_MS

router = APIRouter(prefix="/v1", tags=["customers"])

_IDENTIFIED = "customer identified"
VALID_MS = DAY_MS
"""How long the sealed word is good; ours."""
IdNumber = Annotated[str, Field(max_length=18)]
CreditCode = Annotated[str, Field(max_length=18, description="Of a company, whose e-banking account it is (企业网银).")]
Operator = Annotated[
    str, Field(max_length=18, description="Of a company: the ID number of who operates its account (经办人).")
]


class Registering(Body):
    """Who opens an account, and his password."""

    model_config = shown(
        {"id_number": "110105199003072872", "mobile": "13800138000", "password": "three words and a number 7"}
    )

    id_number: IdNumber = ""
    credit_code: CreditCode = ""
    mobile: str = Field(pattern="^1[3-9][0-9]{9}$")
    password: Annotated[str, Field(max_length=1_000), Verbatim]


class Registered(Model):
    """The account; its holder signs in with `username` at `/oauth/token`, `client_id=mobile`: the mobile number, unless another
    account signs in with that."""

    subject: str
    username: str


class Identified(Model):
    """The word that the customer is given, and until when it is good."""

    customer: str
    code: str
    valid_until: str | None


class Identifying(Body):
    """Who was seen: the customer himself, or for a company the person whom its letter of authority (授权书) names."""

    model_config = shown({"operator_id_number": "110105199003072872"})

    operator_id_number: Operator = ""


class Binding(Body):
    """What the customer was given at the counter, and his ID number once more; a company's code and operator's number."""

    model_config = shown(
        {"code": "1-1770775200000-ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "id_number": "110105199003072872"}
    )

    code: str = Field(max_length=100)
    id_number: IdNumber = ""
    credit_code: CreditCode = ""
    operator_id_number: Operator = ""


class Bound(Model):
    """The customer number that the account is tied to, and the cases that it brings."""

    customer: str
    cases: list[str]


@router.post(
    "/registrations", summary="Open a customer's account", status_code=201, dependencies=[Depends(not_too_often)]
)
def register(body: Registering, identity: Annotated[Identity, Depends(identity_of)]) -> Registered:
    """Provisional until its holder was seen with his ID card, see `/v1/binding`. Of the ID number only a fingerprint is kept."""
    if bool(body.id_number) == bool(body.credit_code):
        says = "id_number: give it for yourself, or credit_code for the company whose e-banking account it is"
        raise Problem(422, "Refused", says, field="id_number", detail_zh="请填写身份证号或统一社会信用代码之一")
    if body.credit_code and int(check_credit_codes(np.array([body.credit_code]))[0]):
        says = "credit_code: 18 characters with a right check character are needed"
        raise Problem(422, "Refused", says, field="credit_code", detail_zh="统一社会信用代码有误")
    if body.id_number:
        _prove_id(body.id_number, "id_number")
    whose = body.id_number or body.credit_code
    account = identity.accounts.open_customer(whose, body.mobile, body.password, identity.clock())
    return Registered(subject=account.subject, username=identity.accounts.signs_in_with(account.subject, body.mobile))


def _prove_id(number: str, field: str) -> None:
    """Problem 422 on what is no ID number."""
    if int(check_resident_ids(np.array([number]))[0]):
        raise Problem(
            422,
            "Refused",
            f"{field}: 17 digits and the check character of a resident ID card are needed",
            field=field,
            detail_zh="身份证号有误",
        )


@router.post("/customers/{customer}/identification", summary="Say that a customer was seen with his ID card")
async def identify(
    customer: CustomerPath,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("customers:identify"))],
    body: Identifying | None = None,
) -> Identified:
    """现场核验: the word is for the customer in person, who ties his account with it; a company's for its operator alone. The
    operation log says who gave it."""
    del caller
    row, until = (await file_of(bank, customer))[0], await bank.now() + VALID_MS
    operator, company = body.operator_id_number if body else "", str(row["credit_code"])
    if operator and not company:
        says = "operator_id_number: a person has no operator; leave it out"
        raise Problem(422, "Refused", says, field="operator_id_number", detail_zh="个人客户无经办人")
    if company and not operator and row["segment"] == Segment.ENTERPRISE:
        says = "operator_id_number: say whom the company's letter of authority names"
        raise Problem(422, "Refused", says, field="operator_id_number", detail_zh="请填写企业授权经办人身份证号")
    if operator:
        _prove_id(operator, "operator_id_number")
    seen = _of_operator(company, operator) if operator else str(row["id_number"])
    code = seals.sealed(bank.key, _IDENTIFIED, (int(row["customer"]), until), seen)
    return Identified(customer=str(row["customer"]), code=code, valid_until=moment(until))


@router.post("/binding", summary="Tie one's account to the bank's file")
async def bind(
    body: Binding,
    bank: Annotated[Bank, Depends(bank_of)],
    identity: Annotated[Identity, Depends(identity_of)],
    caller: Annotated[Caller, Depends(needs("customers:bind"))],
) -> Bound:
    """From then on the customer reaches the cases under his number, whoever handed them in, and may sign in with that number. Any
    other account under his ID number is closed."""
    said = seals.numbers_in(body.code) or ()
    wrong = Problem(
        422,
        "Refused",
        "code: none of this bank, no longer good, or for another ID number; ask for one at the counter",
        field="code",
        detail_zh="核验码无效，请到网点办理",
    )
    if len(said) != 2 or said[1] <= await bank.now():
        raise wrong
    whose = body.credit_code or body.id_number
    seen = _of_operator(body.credit_code, body.operator_id_number) if body.credit_code else body.id_number
    sealed = seals.is_sealed(bank.key, _IDENTIFIED, body.code, seen)
    if not sealed or not identity.accounts.belongs_to(caller.subject, whose):
        raise wrong
    customer = int(said[0])
    identity.accounts.bind_customer(caller.subject, customer, whose)
    cases = await bank.cases_of(customer)
    identity.holdings.add([(case, caller.subject) for case in cases])
    return Bound(customer=str(customer), cases=[str(case) for case in cases])


def _of_operator(credit_code: str, operator: str) -> str:
    """What the word for a company's operator is sealed over."""
    return f"{credit_code} {operator}"
