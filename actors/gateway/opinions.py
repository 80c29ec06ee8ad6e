"""Written opinions (书面评审意见) over HTTP (APR-01): what each approver, reviewer and member of the committee has written about
an application, in the order in which it took effect."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends

from actors.gateway.bank import Bank, bank_of, branch_with, label, moment
from actors.gateway.models import CasePath, Model, shown
from actors.gateway.tasks import Reader
from credit.approval.contract import room as approval
from credit.codes import Node, Verdict
from credit.head_office.contract import room as head_office
from credit.numbers import node_of

router = APIRouter(prefix="/v1", tags=["tasks"])


class Opinion(Model):
    """One opinion: who gave it at which node, what he decided, and why."""

    at: str | None
    node: str
    person: str
    verdict: str
    opinion: str
    background: str
    """背景分析, of a review whose product asks for it."""
    finance: str
    """财务分析, of a review whose product asks for it."""


class Opinions(Model):
    """The opinions on an application."""

    model_config = shown(
        {
            "case": "1000000001",
            "opinions": [
                {
                    "at": "2026-02-10T11:00:00.000+08:00",
                    "node": "initial",
                    "person": "1010001",
                    "verdict": "approve",
                    "opinion": "还款来源稳定，同意。",
                    "background": "经营正常，上下游稳定。",
                    "finance": "收入稳定，负债率合理。",
                }
            ],
        }
    )

    case: str
    opinions: list[Opinion]


@router.get("/applications/{case}/opinions", summary="What approvers have written", response_model=Opinions)
async def opinions(case: CasePath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """APR-01, APR-09: kept with the case, for who works on it, checks it or audits it."""
    del caller
    number = await bank.known_case(case)
    branch = branch_with(case=number)
    found = [
        row
        for room in (approval, head_office)
        for row in await bank.look(room.name, branch, "opinions", "case", number)
    ]
    found.sort(key=lambda row: (int(row["at"]), int(row["task"])))
    return {"case": str(number), "opinions": [_shown(row) for row in found]}


def _shown(row: Any) -> dict[str, Any]:
    node = int(node_of(np.array([row["task"]]))[0])
    words = {name: str(row[name]) for name in ("opinion", "background", "finance")}
    return {
        "at": moment(int(row["at"])),
        "node": label(Node(node)),
        "person": str(int(row["person"])),
        "verdict": label(Verdict(int(row["verdict"]))),
    } | words
