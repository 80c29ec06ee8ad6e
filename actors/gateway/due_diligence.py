"""Due diligence (尽职调查) over HTTP: what the customer manager who holds a visit brings back, photos, report and figures, and
what was found of a case. Visit and analysis end at the desks, like every other task. A paper goes the way of customers'
materials: looked into, kept sealed, then told to the bank."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from actors.gateway.bank import Bank, acting, bank_of, branch_with, label, labels, moment, refusal, request_number
from actors.gateway.callers import Caller, needs
from actors.gateway.materials import BINARY, FILE_FORM, TYPES, Kept, as_file, file_of
from actors.gateway.models import Body, CasePath, IdempotencyKey, Model, Person, shown
from actors.gateway.problems import Problem
from credit.codes import FileFormat, Verdict
from credit.due_diligence.contract import FIGURES, RATIOS, FilePaper, Paper, RecordStatement
from credit.due_diligence.findings import Analysis, Concern

router = APIRouter(prefix="/v1/applications/{case}/due-diligence", tags=["due diligence"])

_TABLES = ("reports", "statements", "papers")
_PHOTOS_MOST = 20
Reader = Annotated[Caller, Depends(needs("tasks:read"))]
Worker = Annotated[Caller, Depends(needs("tasks:work"))]
Nth = Annotated[int, Path(ge=1, le=_PHOTOS_MOST, description="The photo's number, from 1.")]
Who = Annotated[Person | None, Query(description="Who I am, where the bank does not know.")]
Download = Annotated[bool, Query(description="As a file to be saved, instead of to be looked at.")]
Fen = Annotated[int, Field(gt=-(1 << 53), lt=1 << 53)]
_SEEN: dict[int | str, dict[str, Any]] = {200: {"content": dict.fromkeys(TYPES.values(), BINARY)}}


class Statement(Body):
    """What a business's books say of a year (经营与财务数据), amounts in fen. Costs are those of operations, without interest and
    tax; `operating_cash_fen` is net cash from operations."""

    model_config = shown(
        {
            "person": "1450001",
            "year": 2025,
            "employees": 8,
            "revenue_fen": 600_000_000,
            "cost_fen": 420_000_000,
            "interest_fen": 10_000_000,
            "tax_fen": 8_000_000,
            "profit_fen": 162_000_000,
            "assets_fen": 400_000_000,
            "current_assets_fen": 240_000_000,
            "stock_fen": 100_000_000,
            "liabilities_fen": 200_000_000,
            "current_liabilities_fen": 160_000_000,
            "equity_fen": 200_000_000,
            "operating_cash_fen": 240_000_000,
        }
    )

    person: Person | None = None
    year: int = Field(ge=0, le=9999)
    employees: int = Field(ge=0, lt=1 << 31)
    revenue_fen: Fen
    cost_fen: Fen
    interest_fen: Fen
    tax_fen: Fen
    profit_fen: Fen
    assets_fen: Fen
    current_assets_fen: Fen
    stock_fen: Fen
    liabilities_fen: Fen
    current_liabilities_fen: Fen
    equity_fen: Fen
    operating_cash_fen: Fen


class Brought(Model):
    """A paper of the visit."""

    paper: str
    nth: int
    person: str
    format: str
    size: int
    digest: str
    filed_at: str | None


class DueDiligence(Model):
    """What was found out about a business, as far as it has gone; null is still to come. Ratios in millionths."""

    case: str
    asked_fen: int
    papers: list[Brought]
    statement: dict[str, Any] | None
    visitor: str | None
    visited_at: str | None
    advice: str | None
    """What the visitor advises: approve or decline."""
    advice_fen: int | None
    report: str | None
    """In his words."""
    concerns: list[str]
    ratios: dict[str, int] | None
    capacity_fen: int | None
    """What it can carry."""
    analyst: str | None
    analysed_at: str | None
    analysis: str | None
    proposed_fen: int | None
    assessment: str | None


class Told(Model):
    """What counts now."""

    case: str
    at: str | None


@router.get("", summary="What was found out about a business")
async def found(case: CasePath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> DueDiligence:
    """APP-21: papers, figures, ratios, what the visitor advises and the analyst proposes. 404 of a case that is not
    looked into."""
    del caller
    number = await bank.known_case(case)
    reports, statements, papers = [await _rows(bank, number, table) for table in _TABLES]
    if not len(reports):
        raise Problem(404, "Not found", f"application {number} was not looked into", detail_zh="该申请未做尽职调查")
    row, visited, analysed = reports[0], bool(reports["visited_at"][0]), bool(reports["analysed_at"][0])
    return DueDiligence(
        case=str(number),
        asked_fen=int(row["asked_fen"]),
        papers=[_paper(one) for one in np.sort(papers, order="number")],
        statement=_statement(statements[0]) if len(statements) else None,
        visitor=str(row["visitor"]) if visited else None,
        visited_at=moment(int(row["visited_at"])) if visited else None,
        advice=label(Verdict(int(row["advice"]))) if visited else None,
        advice_fen=int(row["advice_fen"]) if visited else None,
        report=str(row["report"]) if visited else None,
        concerns=labels(Concern, int(row["concerns"])),
        ratios={name: int(row[name]) for name in RATIOS.split()} if visited else None,
        capacity_fen=int(row["capacity_fen"]) if visited else None,
        analyst=str(row["analyst"]) if analysed else None,
        analysed_at=moment(int(row["analysed_at"])) if analysed else None,
        analysis=label(Analysis(int(row["analysis"]))) if visited else None,
        proposed_fen=int(row["proposed_fen"]) if analysed else None,
        assessment=str(row["assessment"]) if analysed else None,
    )


@router.post("/statement", summary="Record what a business's books say")
async def record(
    case: CasePath,
    body: Statement,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> Told:
    """EX-07: by the customer manager who holds the visit. Figures that do not agree are taken, and told; impossible
    ones are refused."""
    del key
    number = await bank.known_case(case)
    said = body.model_dump(exclude={"person"}) | {"case": number, "person": acting(caller, body.person)}
    row = RecordStatement.rows(1, at=0, request=request_number(request, caller.subject, RecordStatement), **said)
    answer = await bank.done(RecordStatement, row)
    return Told(case=str(number), at=moment(answer.at))


@router.post("/photos/{nth}", summary="Upload a photo of the premises", openapi_extra=FILE_FORM)
async def photo(
    case: CasePath,
    nth: Nth,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    contents: Kept,
    caller: Worker,
    person: Who = None,
    key: IdempotencyKey = None,
) -> Told:
    """APP-21: one JPG, in the part `file` of a multipart form; what comes again takes the place of what came before."""
    del key
    return await _file(case, Paper.PHOTO, nth, request, bank, contents, caller, acting(caller, person))


@router.post("/report", summary="Upload the investigation report", openapi_extra=FILE_FORM)
async def report(
    case: CasePath,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    contents: Kept,
    caller: Worker,
    person: Who = None,
    key: IdempotencyKey = None,
) -> Told:
    """APP-21: one PDF or JPG (调查报告), in the part `file` of a multipart form."""
    del key
    return await _file(case, Paper.REPORT, 1, request, bank, contents, caller, acting(caller, person))


@router.get("/photos/{nth}", summary="See a photo", response_class=Response, responses=_SEEN)
async def see_photo(
    case: CasePath,
    nth: Nth,
    bank: Annotated[Bank, Depends(bank_of)],
    contents: Kept,
    caller: Reader,
    download: Download = False,
) -> Response:
    """As it came."""
    del caller
    return await _see(case, Paper.PHOTO, nth, bank, contents, download)


@router.get("/report", summary="See the investigation report", response_class=Response, responses=_SEEN)
async def see_report(
    case: CasePath, bank: Annotated[Bank, Depends(bank_of)], contents: Kept, caller: Reader, download: Download = False
) -> Response:
    """As it came."""
    del caller
    return await _see(case, Paper.REPORT, 1, bank, contents, download)


# what they share ------------------------------------------------------------------------------------------------------


async def _rows(bank: Bank, case: int, table: str) -> Any:
    return await bank.look("due_diligence", branch_with(case=case), table, "case", case)


async def _file(
    case: str, paper: Paper, nth: int, request: Request, bank: Bank, contents: Kept, caller: Caller, person: int
) -> Told:
    """A paper that counts. What the bank would refuse is neither kept nor told."""
    number = await bank.known_case(case)
    file = await file_of(request, bank.rooms.materials)
    about = {"case": number, "person": person, "paper": int(paper), "nth": nth} | file.about | file.seen.measured()
    tables = {table: await _rows(bank, number, table) for table in ("cases", "tasks")}
    if reason := bank.rooms.paper_fault(tables, FilePaper.rows(1, at=await bank.now(), request=0, **about)):
        raise refusal(reason)
    contents.keep(file.content)
    key = request_number(request, caller.subject, FilePaper)
    answer = await bank.done(FilePaper, FilePaper.rows(1, at=0, request=key, **about))
    return Told(case=str(number), at=moment(answer.at))


async def _see(case: str, paper: Paper, nth: int, bank: Bank, contents: Kept, download: bool) -> Response:
    number = await bank.known_case(case)
    rows = await _rows(bank, number, "papers")
    rows = rows[(rows["paper"] == paper) & (rows["nth"] == nth)]
    if not len(rows) or not contents.has(str(rows["digest"][0])):
        raise Problem(
            404, "Not found", f"application {number} has no {label(paper)} {nth}", detail_zh="该申请无此份尽职调查资料"
        )
    return as_file(contents, rows[0], f"{number}-{label(paper)}-{nth}", download)


def _paper(row: np.void) -> Brought:
    return Brought(
        paper=label(Paper(int(row["paper"]))),
        nth=int(row["nth"]),
        person=str(row["person"]),
        format=label(FileFormat(int(row["format"]))),
        size=int(row["size"]),
        digest=str(row["digest"]),
        filed_at=moment(int(row["filed_at"])),
    )


def _statement(row: np.void) -> dict[str, Any]:
    said = {name: int(row[name]) for name in ("year", "employees", *FIGURES.split())}
    return {"person": str(row["person"]), "recorded_at": moment(int(row["recorded_at"]))} | said
