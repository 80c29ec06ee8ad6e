"""The check before a signature over HTTP (CON-11): staff say what they read in the contract that is to be signed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from actors.gateway.bank import Bank, acting, bank_of
from actors.gateway.contracts import Done, Handler, Which, done
from actors.gateway.models import Body, CasePath, IdempotencyKey, Person, shown
from credit.contracts.contract import ContractChecked

router = APIRouter(prefix="/v1/applications/{case}/contract", tags=["contracts"])


class Checking(Body):
    """What a member of staff has read in the contract that is to be signed (CON-11); `person` may be left out by whom the bank
    knows."""

    model_config = shown(
        {"round": 0, "attempt": 1, "amount_fen": 5_000_000, "term_months": 12, "rate_ppm": 60_000, "person": "1420001"}
    )

    round: Which
    attempt: Which
    amount_fen: int = Field(ge=0, lt=1 << 53)
    term_months: int = Field(ge=0, le=1_000)
    rate_ppm: int = Field(ge=0, le=1_000_000)
    person: Person | None = None


@router.post("/checks", summary="Check amount, term and rate before the signature", response_model=Done)
async def check(
    case: CasePath,
    read: Checking,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Handler,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """CON-11: what was read in the contract is held against the approval; where they differ, it is blocked with the reason, and
    has to be returned for revision."""
    del key
    about = read.model_dump(exclude={"person"}) | {"person": acting(caller, read.person)}
    return await done(bank, request, caller, ContractChecked, await bank.known_case(case), about)
