"""What staff do about a loan, each under its own name: initiate and review its payment (DIS-01 to DIS-04), see the collectors'
tasks, record a contact, take a promise to pay down (COL-07 to COL-09). Each is a decision on the task that a desk has of the
loan, and is taken as any other decision (`actors.gateway.tasks`): same rules, same refusals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Request

from actors.gateway import tasks
from actors.gateway.bank import Bank, absent, bank_of, branch_with, number_in
from actors.gateway.callers import Caller, Identity, identity_of
from actors.gateway.coded import ByName
from actors.gateway.models import Date, Fen, IdempotencyKey, LoanPath, VerdictName, shown
from actors.gateway.problems import Problem
from actors.gateway.tasks import PAGE, PAGE_MAX, Claiming, Done, Reader, Tasks, Worker
from actors.gateway.worklists import LISTS, Worklist
from credit.codes import ContactOutcome, Verdict
from credit.collections.contract import Desk as CollectionDesk
from credit.disbursement.contract import Desk
from credit.worklists.states import TaskState

router = APIRouter(prefix="/v1", tags=["duties"])

_OPEN = (TaskState.WAITING, TaskState.CLAIMED, TaskState.ASKED)
_COLLECTORS = (CollectionDesk.COLLECTOR_EARLY, CollectionDesk.COLLECTOR_MIDDLE, CollectionDesk.COLLECTOR_LONG)


class Initiating(Claiming):
    """The operator's word on a payment that is due (放款发起): amount, account and purpose are right, or not."""

    model_config = shown({"person": "1110001", "verdict": "approve"})

    verdict: VerdictName = Verdict.APPROVE


class Reviewing(Claiming):
    """The second person's word on it (放款复核)."""

    model_config = shown({"person": "1120001", "verdict": "approve"})

    verdict: VerdictName


class Contacted(Claiming):
    """What came of a contact (催收记录)."""

    model_config = shown({"person": "1210001", "outcome": "unable"})

    outcome: Annotated[ContactOutcome, ByName(ContactOutcome)]


class Promising(Claiming):
    """A promise to pay (承诺还款): on which day, how much."""

    model_config = shown({"person": "1210001", "promise_day": "2026-04-15", "promise_fen": 430_332})

    promise_day: Date
    promise_fen: Fen


@router.post("/loans/{loan}/disbursement/initiation", summary="Initiate a payment", response_model=Done)
async def initiate(
    loan: LoanPath,
    body: Initiating,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """DIS-01, DIS-03: the operator confirms amount, account and purpose; what must hold before, the bank has looked at."""
    del key
    return await _decide(bank, request, caller, loan, (Desk.DISBURSEMENT_OPERATOR,), body)


@router.post("/loans/{loan}/disbursement/review", summary="Review a payment", response_model=Done)
async def review(
    loan: LoanPath,
    body: Reviewing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """DIS-04: by somebody else than who initiated it."""
    del key
    return await _decide(bank, request, caller, loan, (Desk.DISBURSEMENT_REVIEWER,), body)


@router.get("/collections/tasks", summary="The collectors' tasks", response_model=Tasks)
async def collectors_tasks(
    bank: Annotated[Bank, Depends(bank_of)],
    identity: Annotated[Identity, Depends(identity_of)],
    caller: Reader,
    stage: Annotated[Literal["early", "middle", "long"] | None, Query(description="Of one team alone.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """COL-05, COL-07: open ones of the branches that the caller reaches, the most urgent first."""
    labels = [one.label for one in _COLLECTORS if stage is None or one.label == f"collector_{stage}"]
    return await tasks.page_of(bank, identity, caller, labels, limit=limit, cursor=cursor)


@router.post("/loans/{loan}/contact-records", summary="Record a contact", response_model=Done)
async def record(
    loan: LoanPath,
    body: Contacted,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """COL-07, COL-08: of the contact that today's task asks for. A promise is taken down at `…/promises`."""
    del key
    return await _decide(bank, request, caller, loan, _COLLECTORS, body)


@router.post("/loans/{loan}/promises", summary="Take a promise to pay down", response_model=Done)
async def promise(
    loan: LoanPath,
    body: Promising,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """COL-09: watched on its day; broken, it raises the level of collection."""
    del key
    return await _decide(bank, request, caller, loan, _COLLECTORS, body, outcome=ContactOutcome.PROMISE)


async def _decide(
    bank: Bank, request: Request, caller: Caller, loan: str, desks: Sequence[Any], body: Claiming, **more: Any
) -> dict[str, Any]:
    """The decision on the task that some desks of one list have of a loan: the one that is open, else the last that was, so that
    who asks again with the same key gets the first answer. Problem 404 where they have none."""
    one: Worklist = LISTS.of_desk[desks[0].label][1]
    number = number_in(loan, "loan")
    branch = branch_with(loan=number)
    if not 1 <= branch <= bank.branches:
        raise absent("loan", loan)
    rows = await bank.look(one.room.name, branch, one.table, "loan", number)
    rows = rows[np.isin(rows["desk"], [int(desk) for desk in desks])]
    if not len(rows):
        raise Problem(
            404,
            "Not found",
            f"loan {number} has no task at the desk of {' or '.join(desk.label for desk in desks)}",
            detail_zh="该笔贷款在此岗位无待办任务",
        )
    rows = rows[np.lexsort((rows["task"], np.isin(rows["state"], _OPEN)))]
    about = {name: value for name, value in body if value is not None} | more
    said = tasks.Decision.model_construct(set(about), **about)
    return await tasks.decide(f"{one.name}-{int(rows['task'][-1])}", said, request, bank, caller)
