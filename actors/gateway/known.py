"""An application of a customer whom the bank knows (APP-05): by his number, without what his file says already."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import create_model

from actors.gateway import applications
from actors.gateway.applications import ZHANG, Application
from actors.gateway.bank import bank_of
from actors.gateway.callers import Caller, needs
from actors.gateway.customers import CustomerPath, file_of
from actors.gateway.models import Body, IdempotencyKey, shown
from actors.gateway.problems import Problem
from actors.host import Look
from credit.codes import Segment

router = APIRouter(prefix="/v1/customers", tags=["applications"])

HELD = ("segment", "name", "id_number", "mobile", "occupation", "credit_code")
"""What the file of a customer says, and no form asks again."""


class _Known(Body):
    model_config = shown({name: value for name, value in ZHANG.items() if name not in HELD})


KnownApplication: Any = create_model(  # type: ignore[call-overload]
    "KnownApplication",
    __base__=_Known,
    __doc__="A form without name, numbers, segment and occupation: those are the customer's file's.",
    **{name: (field.annotation, field) for name, field in Application.model_fields.items() if name not in HELD},
)


@router.post("/{customer}/applications", status_code=202, summary="Hand an application of a known customer in")
async def submit(
    customer: CustomerPath,
    form: KnownApplication,
    request: Request,
    response: Response,
    caller: Annotated[Caller, Depends(needs("applications:submit"))],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """As any application: by the customer number, with who he is, how he is reached and what he does taken from his file."""
    bank = await bank_of(request)
    rows = await file_of(bank, customer)
    [texts] = await bank.looks(bank.cells("customers")[0], Look("texts", "case", (int(rows["texts"][0]),)))
    who, row = bank.rooms.identity(rows, texts), rows[0]
    if not row["occupation"] or not row["segment"]:
        raise Problem(
            422,
            "Refused",
            "occupation: the file does not say it yet; hand the whole form in at POST /v1/applications",
            field="occupation",
            detail_zh="客户档案缺职业信息，请填写完整申请表",
        )
    held = {"segment": Segment(int(row["segment"])), "occupation": int(row["occupation"]), **who._asdict()}
    whole = Application.model_construct(**dict(form) | held)
    return await applications.submit(whole, request, response, caller, key)
