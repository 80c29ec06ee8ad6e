"""What secures a case (押品) over HTTP: its row of the register, as the bank has it. Valuation, formalities, revaluation and
release are decided at the desks, like every other task."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends

from actors.gateway.bank import Bank, bank_of, branch_with, label, moment
from actors.gateway.callers import Caller, needs
from actors.gateway.models import CasePath, Model, shown
from credit.codes import Collateral as Kind
from credit.collateral.states import CollateralState
from credit.times import NEVER

router = APIRouter(prefix="/v1/applications/{case}", tags=["collateral"])


class Collateral(Model):
    """A row of the register. People are given by their numbers; what has not happened yet is null."""

    kind: str
    words: list[str]
    """The kind, in English and Chinese."""
    owner: str
    """The number of the customer whose it is."""
    state: str
    declared_fen: int
    """What the applicant said it is worth."""
    value_fen: int | None = None
    """What the bank's valuer said."""
    amount_fen: int
    """What it secures: asked for, then granted."""
    valuer: str | None = None
    valued_at: str | None = None
    registrar: str | None = None
    custodian: str | None = None
    established_at: str | None = None
    value_again_at: str | None = None
    """When it is to be valued again, while it is in force."""


class Secured(Model):
    """What secures a case; null where nothing does, or it has been given back."""

    model_config = shown(
        {
            "case": "1000000001",
            "collateral": {
                "kind": "dwelling",
                "words": ["dwelling", "住宅"],
                "owner": "17",
                "state": "in_force",
                "declared_fen": 200_000_000,
                "value_fen": 180_000_000,
                "amount_fen": 140_000_000,
                "valuer": "1640001",
                "valued_at": "2026-03-02T10:00:00.000+08:00",
                "registrar": "1650001",
                "custodian": "1660001",
                "established_at": "2026-03-09T15:00:00.000+08:00",
                "value_again_at": "2027-03-02T00:00:00.000+08:00",
            },
        }
    )

    case: str
    collateral: Collateral | None


@router.get("/collateral", summary="What secures a case")
async def collateral(
    case: CasePath,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("collateral:read"))],
) -> Secured:
    """CON-24, PRD-03: kind, owner, value, who valued and registered it, and where it stands."""
    del caller
    number = await bank.known_case(case)
    rows = await bank.look("collateral", branch_with(case=number), "register", "case", number)
    return Secured(case=case, collateral=_shown(rows[0]) if len(rows) else None)


def _shown(row: np.void) -> Collateral:
    kind, state = Kind(int(row["kind"])), CollateralState(int(row["state"]))
    in_force = state is CollateralState.IN_FORCE and int(row["due_at"]) < NEVER
    return Collateral(
        kind=label(kind),
        words=list(kind.words),
        owner=str(row["owner"]),
        state=label(state),
        declared_fen=int(row["declared_fen"]),
        value_fen=int(row["value_fen"]) if row["valued_at"] else None,
        amount_fen=int(row["amount_fen"]),
        valuer=_person(row["valuer"]),
        valued_at=_when(row["valued_at"]),
        registrar=_person(row["registrar"]),
        custodian=_person(row["custodian"]),
        established_at=_when(row["established_at"]),
        value_again_at=_when(row["due_at"]) if in_force else None,
    )


def _person(number: int) -> str | None:
    return str(int(number)) if number else None


def _when(at: int) -> str | None:
    return moment(int(at)) if at else None
