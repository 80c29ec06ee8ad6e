"""Customers' own accounts (客户注册) over HTTP: whoever gives an ID number opens one, applies with it and sees where that stands.
It is provisional: what the bank knows of the person, also which of his papers it holds, and whatever binds him is beyond it until
he has proved who he is: somebody at the counter sees his ID card and gives him a sealed word that names his customer number; with
it the account is tied to the bank's file, and every other account under his ID number is closed (CUS-10, SEC-02). An ID number
and a mobile number, which others know as well, prove nothing, and take nothing from who has them."""

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
from actors.gateway.models import Model, shown
from actors.gateway.problems import Problem
from credit.identifiers import check_resident_ids
from credit.times import DAY_MS

router = APIRouter(prefix="/v1", tags=["customers"])

_IDENTIFIED = "customer identified"
VALID_MS = DAY_MS
"""How long the sealed word is good; ours."""
IdNumber = Annotated[str, Field(max_length=18)]


class Registering(Model):
    """Who opens an account, and his password."""

    model_config = shown(
        {"id_number": "110105199003072872", "mobile": "13800138000", "password": "three words and a number 7"}
    )

    id_number: IdNumber
    mobile: str = Field(pattern="^1[3-9][0-9]{9}$")
    password: str = Field(max_length=1_000)


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


class Binding(Model):
    """What the customer was given at the counter, and his ID number once more."""

    model_config = shown(
        {"code": "1-1770775200000-ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "id_number": "110105199003072872"}
    )

    code: str = Field(max_length=100)
    id_number: IdNumber


class Bound(Model):
    """The customer number that the account is tied to, and the cases that it brings."""

    customer: str
    cases: list[str]


@router.post(
    "/registrations", summary="Open a customer's account", status_code=201, dependencies=[Depends(not_too_often)]
)
def register(body: Registering, identity: Annotated[Identity, Depends(identity_of)]) -> Registered:
    """Provisional until its holder was seen with his ID card, see `/v1/binding`. Of the ID number only a fingerprint is kept."""
    if int(check_resident_ids(np.array([body.id_number]))[0]):
        raise Problem(
            422,
            "Refused",
            "id_number: 17 digits and the check character of a resident ID card are needed",
            field="id_number",
            detail_zh="身份证号有误",
        )
    account = identity.accounts.open_customer(body.id_number, body.mobile, body.password, identity.clock())
    return Registered(subject=account.subject, username=identity.accounts.signs_in_with(account.subject, body.mobile))


@router.post("/customers/{customer}/identification", summary="Say that a customer was seen with his ID card")
async def identify(
    customer: CustomerPath,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("customers:identify"))],
) -> Identified:
    """现场核验: the word is for the customer in person, who ties his account with it. The operation log says who gave it."""
    del caller
    row, until = (await file_of(bank, customer))[0], await bank.now() + VALID_MS
    code = seals.sealed(bank.key, _IDENTIFIED, (int(row["customer"]), until), str(row["id_number"]))
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
    sealed = seals.is_sealed(bank.key, _IDENTIFIED, body.code, body.id_number)
    if not sealed or not identity.accounts.belongs_to(caller.subject, body.id_number):
        raise wrong
    customer = int(said[0])
    identity.accounts.bind_customer(caller.subject, customer, body.id_number)
    cases = await bank.cases_of(customer)
    identity.holdings.add([(case, caller.subject) for case in cases])
    return Bound(customer=str(customer), cases=[str(case) for case in cases])
