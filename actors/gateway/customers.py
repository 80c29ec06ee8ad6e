"""Customers (客户) over HTTP: who a customer is, and the risk lists he stands on (CUS-10, CUS-11, EXT-07, EXT-08). Numbers that
identify a person are masked."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from actors.gateway.bank import Bank, absent, acting, bank_of, label, labels, moment, number_in, request_number
from actors.gateway.callers import Caller, needs
from actors.gateway.models import Body, IdempotencyKey, Model, Name, Person, SegmentName, shown
from actors.host import Look
from actors.identity.masking import shown as as_seen
from credit.codes import Material, RiskList
from credit.customers.contract import EnterCustomer
from credit.customers.entry import NAME_MAX
from credit.customers.states import CustomerState

router = APIRouter(prefix="/v1/customers", tags=["customers"])

Reader = Annotated[Caller, Depends(needs("customers:read"))]
CustomerPath = Annotated[str, Path(max_length=40, examples=["1"])]


class Customer(Model):
    """A customer's file."""

    model_config = shown(
        {
            "customer": "1",
            "state": "formal",
            "since": "2026-02-10T10:00:00.000+08:00",
            "name": "张建国",
            "id_number": "110***********2872",
            "mobile": "138****8000",
            "email": "",
            "address": "上海市黄浦区***",
            "credit_code": "",
            "documents": ["id_front", "id_back", "income_proof"],
            "applications": ["2026-02-10T10:00:00.000+08:00"],
        }
    )

    customer: str
    state: str
    since: str | None
    name: str
    id_number: str
    mobile: str
    email: str
    address: str
    """E-mail and address as entered since (CON-13)."""
    credit_code: str
    documents: list[str]
    """Materials on file (APP-05)."""
    applications: list[str | None]
    """When the last ones came, newest first."""


class Lists(Model):
    """The risk lists on which a customer, or the person who signs for him, stands by the bank's own copy, and whether he is in
    the bank's own risk library (内部风险客户库)."""

    model_config = shown({"customer": "1", "lists": ["dishonest_debtor"], "internal": False})

    customer: str
    lists: list[str]
    internal: bool


class NewCustomer(Body):
    """The form of a new customer (新增客户). What the bank finds wrong with it comes back as a refusal that names the field."""

    model_config = shown(
        {
            "branch": 1,
            "segment": "individual",
            "name": "张建国",
            "id_number": "110105199003072872",
            "mobile": "13800138000",
            "occupation": 3,
            "person": "1410001",
        }
    )

    branch: int = Field(ge=1, le=999)
    segment: SegmentName
    name: Name = Field(max_length=NAME_MAX)
    id_number: str = Field(max_length=20)
    mobile: str = Field(max_length=12)
    occupation: int = Field(ge=0, le=99)
    credit_code: str = Field(default="", max_length=20)
    person: Person | None = None


_ENTERED = tuple(name for name in NewCustomer.model_fields if name != "person")


class Entered(Model):
    """The number that the new customer has from now on."""

    model_config = shown({"customer": "1", "at": "2026-02-10T10:00:00.000+08:00"})

    customer: str
    at: str | None


@router.post("", status_code=201, summary="Enter a new customer", response_model=Entered)
async def enter(
    body: NewCustomer,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("customers:enter"))],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """CUS-05, CUS-08: before any application. Who has a number already gets no second one."""
    del key
    bank.prove_branch(body.branch)
    number = request_number(request, caller.subject, EnterCustomer)
    rows = EnterCustomer.rows(
        1,
        at=0,
        party=bank.reference_of(np.array([body.id_number]), np.array([number])),
        person=acting(caller, body.person),
        id_type=1,
        request=number,
        **{name: getattr(body, name) for name in _ENTERED},
    )
    answer = await bank.done(EnterCustomer, rows)
    return {"customer": str(answer.number), "at": moment(answer.at)}


@router.get("/{customer}", summary="Who a customer is", response_model=Customer)
async def show(customer: CustomerPath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """State, materials on file and last applications. Numbers are whole to whom a post shows them (SEC-09)."""
    rows = await file_of(bank, customer)
    [cell] = bank.cells("customers")
    [texts] = await bank.looks(cell, Look("texts", "case", (int(rows["texts"][0]),)))
    who, row = bank.rooms.identity(rows, texts), rows[0]
    said = {
        "customer": str(row["customer"]),
        "state": label(CustomerState(int(row["state"]))),
        "since": moment(int(row["since"])),
        "name": who.name,
        "id_number": who.id_number,
        "mobile": who.mobile,
        "email": str(row["email"]),
        "address": str(row["address"]),
        "credit_code": who.credit_code,
        "documents": labels(Material, int(row["documents"])),
        "applications": [moment(int(row[f"at{n}"])) for n in (1, 2, 3, 4) if int(row[f"at{n}"])],
    }
    return dict(as_seen(said, caller))


@router.get("/{customer}/lists", summary="The risk lists a customer stands on", response_model=Lists)
async def lists(
    customer: CustomerPath,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("lists:read"))],
) -> dict[str, Any]:
    """EXT-07, EXT-08: as of now. Staff alone see them: who stands on a list is not warned."""
    del caller
    rows, now = await file_of(bank, customer), await bank.now()
    person, keys = int(rows["person"][0]), bank.rooms.keys(rows)
    copy, library = await bank.looks(
        bank.cells("customers")[0], Look("copy", "person", (person,)), Look("library", "key", tuple(keys))
    )
    return {
        "customer": str(rows["customer"][0]),
        "lists": labels(RiskList, bank.rooms.lists(person, copy, now)),
        "internal": bank.rooms.in_library(keys, library, now),
    }


async def file_of(bank: Bank, customer: str) -> Any:
    """The bank's file of a customer, one row; Problem 404 where there is none."""
    number = number_in(customer, "customer")
    [rows] = await bank.looks(bank.cells("customers")[0], Look("customers", "customer", (number,)))
    if not len(rows):
        raise absent("customer", customer)
    return rows
