"""The upkeep of risk lists (名单维护, EXT-07, EXT-08) over HTTP: entries of the outside lists come one by one or as a table, from
their owners' systems or by hand, into the bank's own copy; the internal risk library changes by the word of two people. Who
stands on a list is seen by staff alone, with masked numbers unless a post shows them."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from actors.gateway.bank import Bank, acting, bank_of, labels, moment, request_number
from actors.gateway.bulk import MEDIA_CSV, REQUEST_BITS, Faults
from actors.gateway.callers import Caller, needs
from actors.gateway.coded import ByName
from actors.gateway.models import Body, IdempotencyKey, Model, Number, Person, shown
from actors.gateway.problems import Problem
from actors.host import Look
from actors.identity.masking import shown as as_seen
from credit.codes import RiskList
from credit.customers.contract import DecideLibraryChange, ProposeLibraryChange, RefreshRiskList
from credit.customers.keys import id_number_of
from credit.customers.lists import OUTSIDE
from credit.room import REASONS

router = APIRouter(prefix="/v1/lists", tags=["lists"])

ROWS_MAX = 10_000
_COLUMNS = ("list", "entry", "id_number", "removed")
_NAMES = {labels(RiskList, int(one))[0]: one for one in OUTSIDE}
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


class Answers(Model):
    """What became of each row of a table, by its position."""

    model_config = shown({"rows": 2, "refused": 0, "reasons": [0, 0]})

    rows: int
    refused: int
    reasons: list[int]
    """0 where the row was taken; else why not, see `codes`."""
    codes: dict[str, list[str]] = Field(default_factory=dict)
    """The reasons that occur, in words."""


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
    openapi_extra={
        "requestBody": {"required": True, "content": {MEDIA_CSV: {"schema": {"type": "string"}, "example": ""}}}
    },
)
async def refresh_many(
    request: Request, bank: Annotated[Bank, Depends(bank_of)], caller: Keeper, key: IdempotencyKey = None
) -> dict[str, Any]:
    """A table with the columns `list`, `entry`, `id_number` and `removed` (1 or empty), with their names in the first line. A
    table with a value that can be none is handed back whole; what the bank refuses, it refuses row by row."""
    del key
    columns = _table(await request.body(), request.headers.get("content-type", ""))
    count = len(columns["entry"])
    numbers = (request_number(request, caller.subject, RefreshRiskList) + np.arange(count)) & REQUEST_BITS
    numbers[numbers == 0] = REQUEST_BITS
    rows = RefreshRiskList.rows(count, at=0, person=_by_hand(caller, None), request=numbers, **columns)
    reasons = [answer.reason for answer in await bank.told(RefreshRiskList, rows)]
    occurring = {str(one): list(REASONS[one].words) for one in sorted(set(reasons) - {0})}
    return {"rows": count, "refused": sum(one > 0 for one in reasons), "reasons": reasons, "codes": occurring}


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
    """The member of staff who enters it; 0 where a system delivers it."""
    return acting(caller, stated) if caller.kind == "staff" and (caller.person or stated) else 0


def _table(body: bytes, media: str) -> dict[str, Any]:
    """The columns of a table; Problem 415, 413 or 422, which names rows and columns."""
    if media.partition(";")[0].strip().lower() != MEDIA_CSV:
        raise Problem(415, "Unsupported media type", f"Content-Type: {MEDIA_CSV}", detail_zh="请以 text/csv 提交")
    try:
        table = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
        lines = list(table)
    except (UnicodeDecodeError, csv.Error):
        zh = "表格无法读取，请另存为“CSV UTF-8”"
        raise Problem(422, "Invalid request", "the table can't be read: save it as CSV UTF-8", detail_zh=zh) from None
    if not lines or len(lines) > ROWS_MAX:
        status, says = (413, f"at most {ROWS_MAX:,} rows in one go") if lines else (422, "the table has no rows")
        raise Problem(status, "Invalid request", says, detail_zh=f"每次提交 1 至 {ROWS_MAX} 行")
    if sorted(table.fieldnames or ()) != sorted(_COLUMNS):
        says = f"columns: {', '.join(_COLUMNS)}"
        raise Problem(422, "Invalid request", says, detail_zh=f"表头应为 {'、'.join(_COLUMNS)}")
    ragged = np.array([None in line or None in line.values() for line in lines])
    faults = Faults([])
    faults.add("entry", ragged, [line["entry"] for line in lines], f"a row of {len(_COLUMNS)} values")
    faults.raise_any()
    said = {name: [line[name].strip() for line in lines] for name in _COLUMNS}
    for name, right, good in (
        ("list", " or ".join(_NAMES), _NAMES.__contains__),
        (
            "entry",
            "a number of up to 18 digits",
            lambda text: text.isascii() and text.isdecimal() and 0 < int(text) < 10**18,
        ),
        ("id_number", "at most 18 characters", lambda text: len(text) <= 18 and text.isascii()),
        ("removed", "1, or nothing", ("", "0", "1").__contains__),
    ):
        faults.add(name, np.array([not good(text) for text in said[name]]), said[name], right)
    faults.raise_any()
    return {
        "list": np.array([int(_NAMES[text]) for text in said["list"]]),
        "entry": np.array([int(text) for text in said["entry"]]),
        "id_number": np.array(said["id_number"], dtype="U18"),
        "removed": np.array([text == "1" for text in said["removed"]], dtype=np.int64),
    }
