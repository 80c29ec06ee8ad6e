"""Contracts that wait for their signature (待签署合同) over HTTP: the list from which staff open one to preview it (CON-11)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query

from actors.gateway.bank import Bank, bank_of, label, moment, number_of
from actors.gateway.callers import Caller, Identity, identity_of, needs
from actors.gateway.models import Model, shown
from actors.gateway.reach import reach_of
from actors.host import Look
from credit.contracts.contract import room
from credit.contracts.states import ContractState, SignMode

router = APIRouter(prefix="/v1/contracts", tags=["contracts"])

PAGE, PAGE_MAX = 50, 500
_WAITING = (ContractState.GENERATED, ContractState.EXPIRED, ContractState.BLOCKED)


class Waiting(Model):
    """A contract that is not signed yet: what is to be checked of it before it is, and until when it can be."""

    case: str
    branch: int
    product: str | None
    state: str
    """`generated`: it can be signed; `expired`, `blocked`: it has to be generated anew."""
    amount_fen: int
    term_months: int
    rate_ppm: int
    mode: str
    round: int
    attempt: int
    offered_at: str | None
    expires_at: str | None
    checked_by: str | None
    """Who has checked amount, term and rate against the approval (CON-11)."""


class Pending(Model):
    """A page in the order of the cases' numbers; `next` is the last case of it, null where no more follow."""

    model_config = shown(
        {
            "contracts": [
                {
                    "case": "1000000001",
                    "branch": 1,
                    "product": "consumer_loan",
                    "state": "generated",
                    "amount_fen": 5_000_000,
                    "term_months": 12,
                    "rate_ppm": 60_000,
                    "mode": "electronic",
                    "round": 0,
                    "attempt": 1,
                    "offered_at": "2026-02-10T10:00:45.000+08:00",
                    "expires_at": "2026-02-13T10:00:45.000+08:00",
                    "checked_by": None,
                }
            ],
            "next": None,
        }
    )

    contracts: list[Waiting]
    next: str | None


@router.get("/pending", summary="Contracts that wait for their signature", response_model=Pending)
async def pending(
    bank: Annotated[Bank, Depends(bank_of)],
    identity: Annotated[Identity, Depends(identity_of)],
    caller: Annotated[Caller, Depends(needs("contracts:handle"))],
    state: Annotated[Literal["generated", "expired", "blocked"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
    after: Annotated[str, Query(pattern=r"^[0-9]{1,18}$", description="`next` of the page before.")] = "0",
) -> dict[str, Any]:
    """Of the branches that the caller reaches; each can be previewed at `…/contract/document`."""
    reach = reach_of(identity, caller, "contracts:handle")
    wanted = tuple(int(one) for one in _WAITING if state is None or label(one) == state)
    found = []
    for cell in bank.cells(room.name):
        [rows] = await bank.looks(cell, Look("contracts", "state", wanted))
        found.append(rows[(rows["case"] > int(after)) & reach.branches(rows["branch"])])
    rows = np.concatenate(found)
    rows = rows[rows["case"].argsort(kind="stable")]
    page = rows[:limit]
    return {
        "contracts": [_shown(bank, row) for row in page],
        "next": str(int(page["case"][-1])) if len(rows) > limit else None,
    }


def _shown(bank: Bank, row: Any) -> dict[str, Any]:
    return {
        "case": str(int(row["case"])),
        "branch": int(row["branch"]),
        "product": bank.product_keys.get(int(row["product"])),
        "state": label(ContractState(int(row["state"]))),
        "mode": label(SignMode(int(row["mode"]))),
        "offered_at": moment(int(row["offered_at"])),
        "expires_at": moment(int(row["expires_at"])),
        "checked_by": number_of(row["checked_by"]) if row["checked_by"] else None,
        **{name: int(row[name]) for name in ("amount_fen", "term_months", "rate_ppm", "round", "attempt")},
    }
