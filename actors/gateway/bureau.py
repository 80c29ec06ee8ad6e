"""Bureau queries (征信查询) over HTTP: have the bureau asked about a case under review, and, for internal audit and supervisors,
every query that was made or refused: when, about which case, by whom, for which purpose (EXT-03)."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from actors.gateway.bank import Bank, acting, bank_of, moment, number_of, reason_words, request_number
from actors.gateway.callers import Caller, needs
from actors.gateway.models import Body, CasePath, IdempotencyKey, Model, Person, shown
from credit.room import Rows
from credit.scoring.contract import Event, QueryBureau

router = APIRouter(prefix="/v1", tags=["bureau"])

PAGE, PAGE_MAX = 100, 1_000
_WINDOWS = 2_000
_QUERIES = (int(Event.BUREAU_QUERIED), int(Event.QUERY_REFUSED))


class Asking(Body):
    """For which purpose the bureau is to be asked, by its own code (2: loan approval), and in whose name."""

    model_config = shown({"purpose": 2, "person": "1010001"})

    purpose: int = Field(ge=0, le=99)
    person: Person | None = None


class Asked(Model):
    """When the bank took it in."""

    case: str
    at: str | None


class BureauQueryMade(Model):
    """One query, or one that was refused, with its reason."""

    at: str | None
    case: str
    person: str
    purpose: int
    made: bool
    attempt: int | None = None
    refused: dict[str, Any] | None = None


class Queries(Model):
    """A page in the order of time; `next` is where the page after it begins, null where there is none."""

    model_config = shown(
        {
            "queries": [
                {
                    "at": "2026-02-10T10:00:01.030+08:00",
                    "case": "1000000001",
                    "person": "1010001",
                    "purpose": 2,
                    "made": True,
                    "attempt": 1,
                }
            ],
            "next": None,
        }
    )

    queries: list[BureauQueryMade]
    next: int | None


@router.post("/applications/{case}/bureau-queries", summary="Have the bureau asked", response_model=Asked)
async def ask(
    case: CasePath,
    asking: Asking,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("bureau:query"))],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """EXT-03: of a case under review alone, and for no other purpose than the bank may have; what is refused is on record."""
    del key
    number = await bank.known_case(case)
    person = acting(caller, asking.person)
    rows = QueryBureau.rows(
        1,
        at=0,
        case=number,
        purpose=asking.purpose,
        person=person,
        request=request_number(request, caller.subject, QueryBureau),
    )
    answer = await bank.done(QueryBureau, rows)
    return {"case": number_of(number), "at": moment(answer.at)}


@router.get("/audit/bureau-queries", summary="Every query of the bureau", response_model=Queries)
async def queries(
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("audit:read"))],
    person: Annotated[Person | None, Query(description="Of one person alone.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
    after: Annotated[int, Query(ge=0, lt=1 << 53, description="`next` of the page before.")] = 0,
) -> dict[str, Any]:
    """Open to internal audit and supervisory inspection, of all branches. A page holds whole windows of the bank's work."""
    del caller
    found: list[dict[str, Any]] = []
    async for window, events in bank.windows_since(after, _WINDOWS):
        if len(found) >= limit:
            return {"queries": found, "next": window}
        found += [_said(row) for row in _queries(events, int(person or 0))]
    return {"queries": found, "next": None}


def _queries(events: Rows, person: int) -> Rows:
    mine: Rows = events[np.isin(events["event"], _QUERIES)]
    return mine if not person else mine[mine["actor"] == person]


def _said(row: Any) -> dict[str, Any]:
    made = int(row["event"]) == Event.BUREAU_QUERIED
    said = {
        "at": moment(int(row["at"])),
        "case": str(int(row["case"])),
        "person": str(int(row["actor"])),
        "made": made,
        "purpose": int(row["reason"] if made else row["value"]),
    }
    if made:
        return said | {"attempt": int(row["value"])}
    return said | {"refused": reason_words(int(row["reason"]))}
