"""Worklists (待办) over HTTP: the tasks of every desk, what people do about them, and their deputies (APR-03 to APR-12, DIS-04,
COL-07, COL-08, NPL-08, NPL-11). Which desks there are and what a decision says is read off the rooms' contracts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from enum import IntFlag
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, create_model

from actors.gateway.bank import Bank, absent, acting, bank_of, day, label, labels, moment, number_of, request_number
from actors.gateway.callers import Caller, Identity, identity_of, needs
from actors.gateway.coded import CODES
from actors.gateway.decided import FIELDS, NUMBER, WRITTEN
from actors.gateway.details import details_of
from actors.gateway.models import Body, Date, IdempotencyKey, Model, Person, VerdictName, shown
from actors.gateway.problems import Problem
from actors.gateway.reach import reach_of
from actors.gateway.task_order import cursor_of, first_of, place_of
from actors.gateway.worklists import LISTS, Worklist
from actors.host import Look
from actors.identity.masking import shown as as_seen
from credit.room import DESKS, Kind, Rows
from credit.times import day_number
from credit.worklists.states import TaskState

router = APIRouter(prefix="/v1", tags=["tasks"])

PAGE = 50
PAGE_MAX = 200
_STATES = ("waiting", "claimed", "asked", "done", "withdrawn")
_INNER = frozenset(
    {"task", "party", "product", "desk", "state", "urged", "round", "asked", "excluded", "on_behalf_of", "member"}
)
_PEOPLE = ("claimed_by", "on_behalf_of", "asked", "excluded", "member")
Reader = Annotated[Caller, Depends(needs("tasks:read"))]
Worker = Annotated[Caller, Depends(needs("tasks:work"))]
TaskPath = Annotated[
    str, Path(max_length=60, description="A list's name and a task's number.", examples=["approval-10000000010001"])
]
DeskLabel = Annotated[str, Path(max_length=40, examples=["initial_approver"])]


class Task(BaseModel):
    """A task of a desk; beside these fields it says what its list has to say: amounts, score, grade, doubts, means of contact."""

    model_config = shown(
        {
            "task": "approval-10000000010001",
            "worklist": "approval",
            "desk": "initial_approver",
            "desk_words": ["initial approval", "初审"],
            "state": "waiting",
            "branch": 1,
            "priority": 3,
            "limit_at": "2026-02-10T14:00:00.000+08:00",
            "put_at": "2026-02-10T10:00:40.000+08:00",
            "case": "1000000001",
            "amount_fen": 180_000_000,
            "advice": "score_low",
            "shortfalls": ["debt_ratio_ppm", "lenders"],
            "capacity_points": 1_380,
        }
    ) | ConfigDict(extra="allow")

    task: str
    worklist: str
    desk: str
    desk_words: list[str]
    state: str
    branch: int
    priority: int
    """1 first; a task past its limit rises."""
    limit_at: str | None
    put_at: str | None
    urged: bool
    claimed_by: str | None = None
    claimed_at: str | None = None
    on_behalf_of: str | None = None
    asked: str | None = None
    """Whose second opinion is waited for (加签)."""
    excluded: str | None = None
    """Who may not have it (回避)."""
    member: str | None = None
    """Of a committee's ballot (表决票): whose it is."""


class Tasks(Model):
    """A page of tasks, the most urgent first; `next` is the cursor of the page after it."""

    tasks: list[Task]
    next: str | None


class Claiming(Body):
    """Who takes a task up, and for whom (APR-12). `person` may be left out by a caller whom the bank knows."""

    model_config = shown({"person": "1010001"})

    person: Person | None = None
    on_behalf_of: Person | None = None


class Releasing(Body):
    """Who gives a task back."""

    model_config = shown({"person": "1010001"})

    person: Person | None = None


class Handing(Releasing):
    """Who gives a task to whom (转办)."""

    model_config = shown({"person": "1010001", "to": "1010002"})

    to: Person


class Asking(Releasing):
    """Who asks whom for a second opinion (加签, APR-06)."""

    model_config = shown({"person": "1010001", "asked": "1010002"})

    asked: Person


class Answering(Releasing):
    """A second opinion."""

    model_config = shown({"person": "1010002", "verdict": "approve"})

    verdict: VerdictName


class Appointing(Body):
    """Who stands in for whom, from a day to a day (审批代理, APR-12). Only the administrator may appoint."""

    model_config = shown(
        {"person": "1010001", "deputy": "1010002", "from": "2026-03-02", "to": "2026-03-06", "operator": "90001"}
    )

    person: Person
    deputy: Person
    from_day: Date = Field(alias="from")
    to_day: Date = Field(alias="to")
    operator: Person | None = None


_DECIDES: dict[str, Any] = {name: FIELDS.get(name, NUMBER) for one in LISTS.all.values() for name in one.kinds.decides}
Decision: type[Claiming] = create_model(
    "Decision",
    __base__=Claiming,
    __doc__="A decision: the fields that the task's list asks for, by name; others are refused.",
    **_DECIDES,
)
Decision.model_config = Body.model_config | shown(
    {"person": "1010001", "verdict": "approve", "opinion": "还款来源稳定，同意。"}
)
Decision.model_rebuild(force=True)


class Done(Model):
    """What was asked for is done, and how the task stands now; null where it is over and gone."""

    at: str | None
    task: Task | None = None


@router.get("/tasks", summary="The tasks of the desks", response_model=Tasks)
async def tasks(
    bank: Annotated[Bank, Depends(bank_of)],
    identity: Annotated[Identity, Depends(identity_of)],
    caller: Reader,
    desk: Annotated[str | None, Query(max_length=40, examples=["initial_approver"])] = None,
    branch: Annotated[int | None, Query(ge=1, le=999)] = None,
    state: Annotated[Literal["waiting", "claimed", "asked", "done", "withdrawn"] | None, Query()] = None,
    mine: Annotated[bool, Query(description="What I hold, or am asked about.")] = False,
    person: Annotated[Person | None, Query(description="Who I am, where the bank does not know.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """Of the branches that the caller reaches, the most urgent first. Without `state` those that are open."""
    who = acting(caller, person) if mine or person is not None else 0
    me, desks = who if mine else 0, None if desk is None else [desk]
    return await page_of(bank, identity, caller, desks, branch=branch, state=state, me=me, limit=limit, cursor=cursor)


async def page_of(
    bank: Bank,
    identity: Identity,
    caller: Caller,
    labels: Sequence[str] | None,
    *,
    branch: int | None = None,
    state: str | None = None,
    me: int = 0,
    limit: int = PAGE,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A page of the tasks of some desks, all of them where none are named. Problem 404 for a desk that there is none of."""
    found = [_desk(one) for one in (LISTS.of_desk if labels is None else labels)]
    desks, reach = sorted({int(desk) for desk, _ in found}), reach_of(identity, caller, "tasks:read")
    wanted = [int(TaskState[name.upper()]) for name in ([state] if state else _STATES[:3])]
    after = place_of(cursor) if cursor else None
    now, places, page = await bank.now(), list(LISTS.all), []
    for one in dict.fromkeys(one for _, one in found):
        for cell in bank.cells(one.room.name) if branch is None else [bank.cell(one.room.name, branch)]:
            [rows] = await bank.looks(cell, Look(one.table, "desk", tuple(desks)))
            rows = rows[np.isin(rows["state"], wanted) & (rows["put_at"] <= now) & reach.branches(rows["branch"])]
            if branch is not None:
                rows = rows[rows["branch"] == branch]
            if me:
                rows = rows[(rows["claimed_by"] == me) | (rows["asked"] == me)]
            page += first_of(rows, places.index(one.name), after, limit + 1)
    page.sort(key=lambda entry: entry[0])
    more = cursor_of(page[limit - 1][0]) if len(page) > limit else None
    return {"tasks": [_shown(bank, LISTS.all[places[key[3]]], row) for key, row in page[:limit]], "next": more}


@router.get("/tasks/{task}", summary="One task", response_model=Task)
async def show(task: TaskPath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """What the desk is asked, who has it, and what the case says in the fields of its product's own form."""
    one, rows = await _found(bank, task)
    said = _shown(bank, one, rows[0])
    if {"case", "product"} <= set(rows.dtype.names or ()):
        row = rows[0]
        found = await details_of(bank, int(row["case"]), int(row["product"]))
        said["details"] = [as_seen(detail, caller) for detail in found]
    return said


@router.post("/tasks/{task}/claim", summary="Take a task up", response_model=Done)
async def claim(
    task: TaskPath,
    body: Claiming,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """领取. Refused to who has no seat at the desk, or has acted on the case before (APR-04)."""
    del key
    about = {"person": acting(caller, body.person), "on_behalf_of": int(body.on_behalf_of or 0)}
    return await _do(bank, request, caller, task, lambda one: one.kinds.claim, about)


@router.post("/tasks/{task}/release", summary="Give a task back", response_model=Done)
async def release(
    task: TaskPath,
    body: Releasing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """退回: it is offered again, to others."""
    del key
    return await _do(
        bank, request, caller, task, lambda one: one.kinds.release, {"person": acting(caller, body.person)}
    )


@router.post("/tasks/{task}/hand-over", summary="Hand a task over", response_model=Done)
async def hand_over(
    task: TaskPath,
    body: Handing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """转办: to somebody who could have claimed it."""
    del key
    about = {"person": acting(caller, body.person), "to": int(body.to)}
    return await _do(bank, request, caller, task, lambda one: one.kinds.hand_over, about)


@router.post("/tasks/{task}/second-opinion", summary="Ask for a second opinion", response_model=Done)
async def ask(
    task: TaskPath,
    body: Asking,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """加签 (APR-06): until it comes nothing is decided."""
    del key
    about = {"person": acting(caller, body.person), "asked": int(body.asked)}
    return await _do(bank, request, caller, task, lambda one: one.kinds.ask, about)


@router.post("/tasks/{task}/second-opinion/answer", summary="Give a second opinion", response_model=Done)
async def answer(
    task: TaskPath,
    body: Answering,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """加签意见: it counts as an act on the case."""
    del key
    about = {"person": acting(caller, body.person), "verdict": int(body.verdict)}
    return await _do(bank, request, caller, task, lambda one: one.kinds.second, about)


@router.post("/tasks/{task}/decision", summary="Decide", response_model=Done)
async def decide(
    task: TaskPath,
    body: Decision,  # type: ignore[valid-type]
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """A decision on a task that nobody has claimed claims it, also one that is refused for what it says: who decided may put it
    right, or give the task back. Two people are needed where the bank says so (APR-04, DIS-04)."""
    del key
    one, rows = await _found(bank, task)
    said: Claiming = body
    about = {"person": acting(caller, said.person), "on_behalf_of": int(said.on_behalf_of or 0)}
    return await _do(bank, request, caller, task, lambda of: of.kinds.opinion, about | _decided(one, rows[0], said))


@router.post("/desks/{desk}/deputies", summary="Appoint a deputy", response_model=Done)
async def appoint(
    desk: DeskLabel,
    body: Appointing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("deputies:appoint"))],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """APR-12: whose tasks a deputy receives while somebody is away."""
    del key
    code, one = _desk(desk)
    kind = one.kinds.appoint
    rows = kind.rows(
        1,
        at=0,
        person=int(body.person),
        deputy=int(body.deputy),
        desk=int(code),
        from_day=day_number(body.from_day),
        to_day=day_number(body.to_day),
        operator=acting(caller, body.operator),
        request=request_number(request, caller.subject, kind),
    )
    found = await bank.done(kind, rows)
    return {"at": moment(found.at)}


# what they share ------------------------------------------------------------------------------------------------------


def _desk(text: str) -> Any:
    if text not in LISTS.of_desk:
        says = f"there is no desk {text!r}; desks: {', '.join(sorted(LISTS.of_desk))}"
        raise Problem(404, "Not found", says, detail_zh=f"无此岗位：{text}")
    return LISTS.of_desk[text]


async def _found(bank: Bank, text: str) -> tuple[Worklist, Rows]:
    """The list and the row of a task; Problem 404 where there is none, or one that has long been decided."""
    if (found := LISTS.find(text)) is not None:
        one, number = found
        branch = int(one.branch_of(np.int64(number)))  # type: ignore[arg-type]
        if 1 <= branch <= bank.branches:
            rows = await bank.look(one.room.name, branch, one.table, "task", number)
            if len(rows):
                return one, rows
    raise absent("task", text)


async def _do(
    bank: Bank, request: Request, caller: Caller, task: str, of: Callable[[Worklist], Kind], about: dict[str, Any]
) -> dict[str, Any]:
    one, rows = await _found(bank, task)
    kind, row = of(one), rows[0]
    command = kind.rows(
        1,
        at=0,
        task=int(row["task"]),
        request=request_number(request, caller.subject, kind),
        **{one.kinds.entity: int(row[one.kinds.entity])},
        **about,
    )
    done = await bank.done(kind, command)
    branch = int(one.branch_of(np.int64(row["task"])))  # type: ignore[arg-type]
    left = await bank.look(one.room.name, branch, one.table, "task", int(row["task"]))
    return {"at": moment(done.at), "task": _shown(bank, one, left[0]) if len(left) else None}


def _decided(one: Worklist, task: Any, body: BaseModel) -> dict[str, int | str]:
    """What a decision says, as columns. The first field is what is decided; an amount that is not given is the task's."""
    given = {
        name: getattr(body, name) for name in sorted(body.model_fields_set) if name not in ("person", "on_behalf_of")
    }
    strange = [name for name in given if name not in one.kinds.decides]
    if strange:
        right = ", ".join(one.kinds.decides)
        raise Problem(422, "Invalid request", f"{strange[0]}: a decision of this list says {right}", field=strange[0])
    first = one.kinds.decides[0]
    if given.get(first) is None:
        raise Problem(422, "Invalid request", f"{first}: say what is decided", field=first)
    otherwise: dict[str, int | str] = dict.fromkeys(one.kinds.decides, 0) | dict.fromkeys(WRITTEN, "")
    if "amount_fen" in (task.dtype.names or ()):
        otherwise["amount_fen"] = int(task["amount_fen"])
    return {name: _as_column(given.get(name), otherwise[name]) for name in one.kinds.decides}


def _as_column(value: Any, otherwise: int | str) -> int | str:
    if value is None:
        return otherwise
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return int(sum(set(value)))
    return day_number(value) if isinstance(value, dt.date) else int(value)


def _shown(bank: Bank, one: Worklist, row: Any) -> dict[str, Any]:
    desk = DESKS[int(row["desk"])]
    said: dict[str, Any] = {
        "task": f"{one.name}-{int(row['task'])}",
        "worklist": one.name,
        "desk": desk.label,
        "desk_words": list(desk.words),
        "state": label(TaskState(int(row["state"]))),
        "urged": bool(row["urged"]),
    }
    for name in (name for name in row.dtype.names if name not in _INNER):
        said[name] = _value(one, name, int(row[name]))
    for name in (name for name in _PEOPLE if name in row.dtype.names):
        said[name] = str(int(row[name])) if int(row[name]) else None
    if "product" in row.dtype.names:
        said["product"] = bank.product_keys.get(int(row["product"]))
    return said


def _value(one: Worklist, name: str, value: int) -> Any:
    """A column of a task as JSON has it."""
    if name in ("case", "loan"):
        return number_of(value)
    if name.endswith("_at"):
        return moment(value)
    if name.endswith("_day"):
        return day(value)
    codes = CODES.get(f"{one.name}.{name}", CODES.get(name))
    if codes is None:
        return value
    if issubclass(codes, IntFlag):
        return labels(codes, value)
    return label(codes(value)) if value in codes._value2member_map_ else None
