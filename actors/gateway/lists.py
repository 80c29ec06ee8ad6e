"""The upkeep of risk lists (名单维护, EXT-07, EXT-08) over HTTP: entries of the outside lists come one by one or as a table, from
their owners' systems or by hand, into the bank's own copy; the internal risk library changes by the word of two people. Who
stands on a list is seen by staff alone, with masked numbers unless a post shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from actors.gateway.bank import Bank, acting, bank_of, labels, moment, request_number
from actors.gateway.callers import Caller, needs
from actors.gateway.coded import ByName
from actors.gateway.models import Body, IdempotencyKey, Model, Number, Person, shown
from actors.gateway.problems import Problem
from actors.gateway.tables import (
    CONTENT,
    Answers,
    Faults,
    answers_told,
    as_text,
    integers,
    plain,
    read_table,
    row_numbers,
)
from actors.host import Look
from actors.identity.masking import shown as as_seen
from credit.codes import RiskList
from credit.customers.contract import DecideLibraryChange, ProposeLibraryChange, RefreshRiskList
from credit.customers.keys import id_number_of
from credit.customers.lists import OUTSIDE

router = APIRouter(prefix="/v1/lists", tags=["lists"])

ROWS_MAX = 10_000
_COLUMNS = ("list", "entry", "id_number", "removed")
_NAMES = {labels(RiskList, int(one))[0]: one for one in OUTSIDE}
_ENTRY, _ID_MAX = "a number of up to 18 digits", 18
_REASON = ProposeLibraryChange.dtype["reason"].itemsize // 4
Keeper = Annotated[Caller, Depends(needs("lists:maintain"))]


async def by_a_person(caller: Keeper) -> Caller:
    """A member of staff who keeps lists; Problem 403 for a system, which is nobody's second person."""
    if caller.kind != "staff":
        raise Problem(
            403,
            "Forbidden",
            "the bank's own risk library is changed by members of staff, two of them",
            detail_zh="行内风险客户库仅限行员双人维护",
        )
    return caller


Keeping = Annotated[Caller, Depends(by_a_person)]
ProposalPath = Annotated[str, Path(max_length=19, pattern=r"^[1-9][0-9]{0,17}$", examples=["1"])]


class Entry(Body):
    """An entry of an outside list, under its owner's number; `removed` takes it off the bank's own copy."""

    model_config = shown({"list": "dishonest_debtor", "entry": "20260210001", "id_number": "110105199003072872"})

    list: Annotated[RiskList, ByName(RiskList)]
    entry: Number
    id_number: str = Field(default="", max_length=18)
    removed: bool = False
    person: Person | None = None


class Taken(Model):
    """The bank's copy says so from then on."""

    model_config = shown({"entry": "20260210001", "at": "2026-02-10T10:00:00.000+08:00"})

    entry: str
    at: str | None


class Standing(Model):
    """An entry as the bank has it."""

    list: str
    entry: str
    """Of the internal risk library the application that it rests on."""
    id_number: str
    """Empty for a company."""
    customer: str | None = None
    since: str | None


class Page(Model):
    """Entries by their numbers; `next` is where the page after it begins."""

    model_config = shown(
        {
            "entries": [
                {
                    "list": "internal",
                    "entry": "1000000001",
                    "id_number": "110***********2872",
                    "customer": "1",
                    "since": "2026-02-11T10:00:00.000+08:00",
                }
            ],
            "next": None,
        }
    )

    entries: list[Standing]
    next: str | None


class Change(Body):
    """A change of the internal risk library by hand: who, for which application, and why."""

    model_config = shown(
        {"customer": "1", "case": "1000000001", "action": "enter", "reason": "贷后检查确认资料伪造", "person": "30001"}
    )

    customer: Number
    case: Number
    action: Literal["enter", "remove"]
    reason: str = Field(min_length=1, max_length=_REASON)
    person: Person | None = None


class Deciding(Body):
    """The second person's word on a change; `decline` by who proposed it takes it back."""

    model_config = shown({"verdict": "approve", "person": "30002"})

    verdict: Literal["approve", "decline"]
    person: Person | None = None


class Proposed(Model):
    """A change that waits for its second person."""

    model_config = shown(
        {
            "proposal": "1",
            "customer": "1",
            "case": "1000000001",
            "action": "enter",
            "reason": "贷后检查确认资料伪造",
            "person": "30001",
            "at": "2026-02-10T10:00:00.000+08:00",
        }
    )

    proposal: str
    customer: str
    case: str
    action: str
    reason: str
    person: str
    at: str | None


class Decided(Model):
    """A change was proposed, or decided."""

    model_config = shown({"proposal": "1", "at": "2026-02-10T10:00:00.000+08:00"})

    proposal: str
    at: str | None


@router.post("/entries", summary="Enter or remove an entry of an outside list", response_model=Taken)
async def refresh(
    body: Entry, request: Request, bank: Annotated[Bank, Depends(bank_of)], caller: Keeper, key: IdempotencyKey = None
) -> dict[str, Any]:
    """EXT-07: as its owner has it. The internal library changes by two people's word, see `/v1/lists/library`."""
    del key
    rows = RefreshRiskList.rows(
        1,
        at=0,
        entry=int(body.entry),
        list=int(body.list),
        removed=body.removed,
        id_number=body.id_number,
        person=_by_hand(caller, body.person),
        request=request_number(request, caller.subject, RefreshRiskList),
    )
    answer = await bank.done(RefreshRiskList, rows)
    return {"entry": body.entry, "at": moment(answer.at)}


@router.post(
    "/entries/bulk",
    status_code=202,
    summary="Enter and remove many entries",
    response_model=Answers,
    openapi_extra={"requestBody": {"required": True, "content": CONTENT}},
)
async def refresh_many(
    request: Request, bank: Annotated[Bank, Depends(bank_of)], caller: Keeper, key: IdempotencyKey = None
) -> dict[str, Any]:
    """A table with the columns `list`, `entry`, `id_number` and `removed` (1, or 0 or nothing). A table with a value that can be
    none is handed back whole; what the bank refuses, it refuses row by row."""
    del key
    table = await read_table(request, dict.fromkeys(_COLUMNS, True), ROWS_MAX)
    columns = _columns(table)
    numbers = row_numbers(request_number(request, caller.subject, RefreshRiskList), table.num_rows)
    rows = RefreshRiskList.rows(table.num_rows, at=0, person=_by_hand(caller, None), request=numbers, **columns)
    answers = await bank.told(RefreshRiskList, rows)
    return answers_told(request, np.array([one.reason for one in answers], dtype=np.int64))


@router.get("/entries", summary="The entries of the lists", response_model=Page)
async def entries(
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("lists:read"))],
    of: Annotated[RiskList, ByName(RiskList), Query(alias="list", description="Of which list.")] = RiskList.INTERNAL,
    after: Annotated[int, Query(ge=0, lt=1 << 63, description="From the entry after this one on.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """EXT-07, EXT-08: those that stand now, of the bank's own copy or of its own library. Staff alone see them: who stands on a
    list is not warned."""
    [cell], now = bank.cells("customers"), await bank.now()
    if of is RiskList.INTERNAL:
        [rows] = await bank.looks(cell, Look("library"))
        number, person = rows["entry"], rows["key"]
    else:
        [rows] = await bank.looks(cell, Look("copy", "list", (int(of),)))
        number, person = rows["entry"], rows["person"]
    mine = np.flatnonzero((rows["since"] <= now) & (now < rows["until"]) & (number > after))
    page = mine[np.argsort(number[mine])][: limit + 1]
    [people] = await bank.looks(cell, Look("people", "key", tuple(person[page].tolist())))
    customers = dict(zip(people["key"].tolist(), people["customer"].tolist(), strict=True))
    said = [
        {
            "list": labels(RiskList, int(of))[0],
            "entry": str(rows["case"][row] if of is RiskList.INTERNAL else number[row]),
            "id_number": id_number_of(int(person[row])),
            "customer": str(customers[int(person[row])]) if int(person[row]) in customers else None,
            "since": moment(int(rows["since"][row])),
        }
        for row in page[:limit].tolist()
    ]
    more = str(int(number[page[limit - 1]])) if len(page) > limit else None
    return {"entries": [as_seen(one, caller) for one in said], "next": more}


@router.post("/library", status_code=201, summary="Propose a change of the risk library", response_model=Decided)
async def propose(
    body: Change, request: Request, bank: Annotated[Bank, Depends(bank_of)], caller: Keeping, key: IdempotencyKey = None
) -> dict[str, Any]:
    """EXT-08: by hand, of a customer for an application of his; it waits for a second person."""
    del key
    person = acting(caller, body.person)
    rows = ProposeLibraryChange.rows(
        1,
        at=0,
        case=await bank.known_case(body.case),
        customer=int(body.customer),
        removed=body.action == "remove",
        reason=body.reason,
        person=person,
        request=request_number(request, caller.subject, ProposeLibraryChange),
    )
    answer = await bank.done(ProposeLibraryChange, rows)
    return {"proposal": str(answer.number), "at": moment(answer.at)}


@router.get("/library", summary="Changes of the risk library that wait", response_model=list[Proposed])
async def proposed(bank: Annotated[Bank, Depends(bank_of)], caller: Keeping) -> list[dict[str, Any]]:
    """Those that nobody has decided on, the oldest first."""
    del caller
    [rows] = await bank.looks(bank.cells("customers")[0], Look("proposals"))
    return [
        {
            "proposal": str(row["proposal"]),
            "customer": str(row["customer"]),
            "case": str(row["case"]),
            "action": "remove" if row["removed"] else "enter",
            "reason": str(row["reason"]),
            "person": str(row["person"]),
            "at": moment(int(row["at"])),
        }
        for row in rows[np.argsort(rows["proposal"])]
    ]


@router.post("/library/{proposal}/decision", summary="Decide on a change of the risk library", response_model=Decided)
async def decide(
    proposal: ProposalPath,
    body: Deciding,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Keeping,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """By somebody else than who proposed it; what he confirms counts at once."""
    del key
    rows = DecideLibraryChange.rows(
        1,
        at=0,
        proposal=int(proposal),
        person=acting(caller, body.person),
        confirmed=body.verdict == "approve",
        request=request_number(request, caller.subject, DecideLibraryChange),
    )
    answer = await bank.done(DecideLibraryChange, rows)
    return {"proposal": proposal, "at": moment(answer.at)}


def _by_hand(caller: Caller, stated: str | None) -> int:
    """The member of staff who enters it; 0 where a system delivers it of its own accord."""
    return acting(caller, stated) if caller.person or stated is not None else 0


def _columns(table: pa.Table) -> dict[str, npt.NDArray[Any]]:
    """The columns as the bank takes them; Problem 422 names what can be none."""
    faults, columns = Faults([]), {name: plain(table, name) for name in _COLUMNS}
    texts = {name: np.char.strip(as_text(column)) for name, column in columns.items()}
    entry = integers("entry", columns["entry"], faults, _ENTRY)
    faults.add("entry", (entry < 1) | (entry >= 10**18), texts["entry"], _ENTRY)
    faults.add("list", ~np.isin(texts["list"], list(_NAMES)), texts["list"], " or ".join(_NAMES))
    faults.add("id_number", np.char.str_len(texts["id_number"]) > _ID_MAX, texts["id_number"], "at most 18 characters")
    faults.add("removed", ~np.isin(texts["removed"], ["", "0", "1"]), texts["removed"], "1, or 0 or nothing")
    faults.raise_any()
    return {
        "list": np.array([int(_NAMES[text]) for text in texts["list"].tolist()]),
        "entry": entry,
        "id_number": texts["id_number"].astype(f"U{_ID_MAX}"),
        "removed": (texts["removed"] == "1").astype(np.int64),
    }
