"""Appeals (名单申诉, EXT-09) over HTTP: a customer appeals against what stopped his application, and sees how far that is; staff
see what he said and what was found. Reviewers decide as all desks do (`actors.gateway.tasks`). The customer learns that he was
refused and what came of his appeal; what is held against him, and who found it, he is not told."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from actors.gateway.bank import Bank, acting, bank_of, label, moment, request_number
from actors.gateway.callers import Caller, needs
from actors.gateway.coded import ByName
from actors.gateway.models import Body, CasePath, IdempotencyKey, Model, Person, shown
from actors.host import Look
from credit.appeals.contract import Appeal, Ground, room
from credit.appeals.rules import APPEALS_MAX
from credit.appeals.states import EntryState
from credit.times import DAY_MS
from credit.worklists.states import TaskState

router = APIRouter(prefix="/v1/applications/{case}/appeal", tags=["appeals"])

_STANDS = {EntryState.LISTED: "open", EntryState.REMOVED: "granted"}
_WORDS = Appeal.dtype["words"].itemsize // 4
Appellant = Annotated[Caller, Depends(needs("appeals:submit"))]
Either = Annotated[Caller, Depends(needs("appeals:review", "appeals:submit"))]


class Appealing(Body):
    """What is wrong with the entry; in one's own words as well. `person`: who takes it down at a counter."""

    model_config = shown({"ground": "not_me", "words": "我本人未申请过该笔贷款，请核实。"})

    ground: Annotated[Ground, ByName(Ground)]
    words: str = Field(default="", max_length=_WORDS)
    person: Person | None = None


class Standing(Model):
    """How far an appeal is: `open` where one may be made, `under_review`, `upheld` or `granted`; `none` where there is nothing to
    appeal against."""

    model_config = shown(
        {
            "case": "1000000001",
            "state": "under_review",
            "appealed_at": "2026-02-12T10:00:00.000+08:00",
            "answer_by": "2026-02-27T23:59:59.999+08:00",
        }
    )

    case: str
    state: str
    appealed_at: str | None = None
    answer_by: str | None = None
    """Under review: until when it is answered."""
    decided_at: str | None = None
    again_until: str | None = None
    """Upheld: until when it can be looked at once more, by somebody else."""
    entry: str | None = None
    """For staff alone: the application that the entry rests on, what the customer says, and what the reviewer found."""
    ground: str | None = None
    words: str | None = None
    opinion: str | None = None
    reviewer: str | None = None


class Taken(Model):
    """An appeal is taken."""

    model_config = shown({"case": "1000000001", "at": "2026-02-12T10:00:00.000+08:00"})

    case: str
    at: str | None


@router.post("", status_code=201, summary="Appeal against a list", response_model=Taken)
async def appeal(
    case: CasePath,
    body: Appealing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Appellant,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """EXT-09: against an entry of the bank's own risk library. Entries of other lists are corrected by whoever keeps them."""
    del key
    number = await bank.known_case(case)
    by_staff = caller.kind == "staff" or body.person is not None
    rows = Appeal.rows(
        1,
        at=0,
        case=number,
        ground=int(body.ground),
        words=body.words,
        person=acting(caller, body.person) if by_staff else 0,
        request=request_number(request, caller.subject, Appeal),
    )
    return {"case": str(number), "at": moment((await bank.done(Appeal, rows)).at)}


@router.get("", summary="How far an appeal is", response_model=Standing, response_model_exclude_none=True)
async def show(case: CasePath, bank: Annotated[Bank, Depends(bank_of)], caller: Either) -> dict[str, Any]:
    """Of the entry that stopped this application; `none` where none of the bank's own did."""
    number = await bank.known_case(case)
    [cell] = bank.cells(room.name)
    [stopped] = await bank.looks(cell, Look("stopped", "case", (number,)))
    wanted = {number, *stopped["entry"].tolist()}
    entries, tasks = await bank.looks(
        cell, *(Look(table, "case", tuple(sorted(wanted))) for table in ("entries", "tasks"))
    )
    if not len(entries):
        return {"case": str(number), "state": "none"}
    own = entries[entries["case"] == number]
    row = own[0] if len(own) else entries[0]
    limits = tasks["limit_at"][(tasks["case"] == row["case"]) & (tasks["state"] < TaskState.DONE)]
    state = EntryState(int(row["state"]))
    more = state is EntryState.UPHELD and row["appeals"] < APPEALS_MAX
    said = {
        "case": str(number),
        "state": _STANDS.get(state, label(state)),
        "appealed_at": moment(int(row["appealed_at"])),
        "answer_by": moment(int(limits[0])) if len(limits) else None,
        "decided_at": moment(int(row["decided_at"])) if state in (EntryState.UPHELD, EntryState.REMOVED) else None,
        "again_until": moment(int(row["decided_at"]) + bank.rooms.appeals.again_days * DAY_MS) if more else None,
    }
    return said | (_for_staff(row) if caller.kind == "staff" else {})


def _for_staff(row: Any) -> dict[str, Any]:
    return {
        "entry": str(row["case"]),
        "ground": label(Ground(int(row["ground"]))) if row["ground"] else None,
        "words": str(row["words"]) or None,
        "opinion": str(row["opinion"]) or None,
        "reviewer": str(row["reviewer"]) if row["reviewer"] else None,
    }
