"""Scans of contracts signed on paper over HTTP (纸质合同扫描归档, CON-08): which are missing, filing one, and seeing it
beside the contract's text. The file is looked into and kept as an uploaded material is."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request, Response

from actors.gateway.bank import Bank, acting, bank_of, branch_with, label, moment, number_of, refusal, request_number
from actors.gateway.callers import Caller, Identity, identity_of, needs
from actors.gateway.materials import BINARY, FILE_FORM, TYPES, Kept, as_file, file_of
from actors.gateway.models import CasePath, IdempotencyKey, Model, Person, shown
from actors.gateway.problems import Problem
from actors.gateway.reach import reach_of
from actors.host import Look
from credit.codes import FileFormat
from credit.contracts.contract import ContractScanned, Refusal, room
from credit.contracts.scans import faults_of
from credit.room import Rows

router = APIRouter(prefix="/v1", tags=["contracts"])

Reader = Annotated[Caller, Depends(needs("contracts:read"))]
Handler = Annotated[Caller, Depends(needs("contracts:handle"))]


class Scan(Model):
    """The scan of a paper contract. Until it is filed, `scanned_at` is null, and `chase_at` says when it is chased next."""

    model_config = shown(
        {
            "case": "1000000001",
            "branch": 1,
            "signed_at": "2026-03-05T14:34:48.414+08:00",
            "chase_at": None,
            "chases": 0,
            "scanned_at": "2026-03-05T15:00:13.222+08:00",
            "scanned_by": "1420001",
            "pages": 4,
            "format": "pdf",
            "size": 240_000,
            "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        }
    )

    case: str
    branch: int
    signed_at: str | None
    chase_at: str | None
    chases: int
    scanned_at: str | None
    scanned_by: str | None
    pages: int | None
    format: str | None
    size: int | None
    digest: str | None


class Missing(Model):
    """Paper contracts that nobody has scanned, those that are chased first before the others."""

    scans: list[Scan]


@router.get("/contracts/unscanned", summary="Paper contracts without a scan", response_model=Missing)
async def unscanned(
    bank: Annotated[Bank, Depends(bank_of)], identity: Annotated[Identity, Depends(identity_of)], caller: Handler
) -> dict[str, Any]:
    """Of the branches that the caller reaches."""
    reach, found = reach_of(identity, caller, "contracts:handle"), []
    for cell in bank.cells(room.name):
        [rows] = await bank.looks(cell, Look("scans", "scanned_at", (0,)))
        found.append(rows[reach.branches(rows["branch"])])
    rows = np.concatenate(found)
    return {"scans": [_shown(row) for row in rows[np.lexsort([rows["case"], rows["due_at"]])]]}


@router.get("/applications/{case}/contract/scan", summary="The scan of a paper contract", response_model=Scan)
async def scan(case: CasePath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """Who filed it and when, or since when it is missing."""
    del caller
    return _shown((await _of(bank, await bank.known_case(case)))[0])


@router.get(
    "/applications/{case}/contract/scan/file",
    summary="See the scan",
    response_class=Response,
    responses={200: {"content": dict.fromkeys(TYPES.values(), BINARY)}},
)
async def seen(case: CasePath, bank: Annotated[Bank, Depends(bank_of)], contents: Kept, caller: Reader) -> Response:
    """The scan as it came."""
    del caller
    number = await bank.known_case(case)
    row = (await _of(bank, number))[0]
    if not contents.has(str(row["digest"])):
        raise Problem(
            404, "Not found", f"application {number} has no file of its contract's scan", detail_zh="该申请无合同扫描件"
        )
    return as_file(contents, row, f"{number}-contract", download=False)


@router.post("/applications/{case}/contract/scan", summary="File a scan", response_model=Scan, openapi_extra=FILE_FORM)
async def file_scan(
    case: CasePath,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    contents: Kept,
    caller: Handler,
    person: Annotated[Person | None, Query(description="Who scanned it; left out by whom the bank knows.")] = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """One file, in the part `file` of a multipart form, of all pages; once filed it stays."""
    del key
    number, policy = await bank.known_case(case), bank.rooms.materials
    rows = await _of(bank, number)
    if int(rows["scanned_at"][0]):
        raise refusal(Refusal.NO_SCAN_WANTED)
    file = await file_of(request, policy)
    asked = request_number(request, caller.subject, ContractScanned)
    told = ContractScanned.rows(
        1, at=0, request=asked, case=number, pages=file.seen.pages, **file.about, person=acting(caller, person)
    )
    if reason := int(faults_of(told)[0]):
        raise refusal(reason)
    contents.keep(file.content)
    answer = await bank.done(ContractScanned, told)
    return _shown((await _of(bank, int(number_of(answer.number))))[0])


async def _of(bank: Bank, case: int) -> Rows:
    rows = await bank.look(room.name, branch_with(case=case), "scans", "case", case)
    if not len(rows):
        raise Problem(
            404,
            "Not found",
            f"application {case} has no contract that was signed on paper",
            detail_zh="该申请无纸质签署的合同",
        )
    return rows


def _shown(row: Any) -> dict[str, Any]:
    filed = int(row["scanned_at"]) > 0
    said = {
        "case": str(int(row["case"])),
        "branch": int(row["branch"]),
        "signed_at": moment(int(row["signed_at"])),
        "chase_at": None if filed else moment(int(row["due_at"])),
        "chases": int(row["chases"]),
        "scanned_at": moment(int(row["scanned_at"])) if filed else None,
    }
    facts = {
        "scanned_by": str(int(row["person"])),
        "pages": int(row["pages"]),
        "format": label(FileFormat(int(row["format"]))) if filed else None,
        "size": int(row["size"]),
        "digest": str(row["digest"]),
    }
    return said | (facts if filed else dict.fromkeys(facts))
