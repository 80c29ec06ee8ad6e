"""Materials (申请资料) over HTTP: what an application needs and has, uploads, previews, and the word that all is there (APP-09 to
APP-13). A file is looked into, kept sealed, and then told to the bank, which counts it or refuses it; what would be refused is
neither kept nor told."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from actors.gateway.bank import Bank, bank_of, label, labels, moment, number_of, refusal, request_number
from actors.gateway.callers import Caller, needs
from actors.gateway.contents import Contents
from actors.gateway.inspection import Seen, Unfit, inspected
from actors.gateway.models import CasePath, IdempotencyKey, MaterialName, Model, shown
from actors.gateway.problems import Problem
from actors.gateway.uploads import Received, received
from actors.host import Look
from credit.applications.contract import Event as ApplicationEvent
from credit.codes import MATERIALS_ZH, Actor, FileFormat, Material
from credit.customers.contract import FileMaterial, HandInMaterials, Refusal
from credit.disbursement.contract import Event as DisbursementEvent
from credit.policies.materials import MaterialPolicy
from credit.room import Kind, Rows
from credit.times import DAY_MS

router = APIRouter(prefix="/v1/applications/{case}", tags=["materials"])

_ENDINGS = {".jpg": FileFormat.JPG, ".jpeg": FileFormat.JPG, ".pdf": FileFormat.PDF}
TYPES = {FileFormat.JPG: "image/jpeg", FileFormat.PDF: "application/pdf"}
_ATTESTED = (ApplicationEvent.DOCUMENTS_ATTESTED, DisbursementEvent.CONDITION_MET)
_TABLES = ("waiting", "supplements", "files")
_HOW = (
    "upload each missing material to …/materials/{material}, as JPG or PDF; once all are there, hand in: POST …/materials",
    "请将所缺资料逐项上传（JPG 或 PDF），全部上传后提交，申请即恢复审批",
)
_UNTYPED = ("", "application/octet-stream")
BINARY = {"schema": {"type": "string", "format": "binary"}}
FILE_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
Need = Literal["required", "conditional", "optional"]
Which = Annotated[MaterialName, Path(description="A material, as the list names it.", examples=["id_front"])]
Reader = Annotated[Caller, Depends(needs("applications:read"))]
Submitter = Annotated[Caller, Depends(needs("applications:submit"))]


class Paper(Model):
    """A material that the product asks for. `need`: 必传, 可后补, 选传. `has`: it counts, uploaded, in hand or on file; null
    where files are no longer taken and none was uploaded: what else was there is not kept."""

    material: str
    words: list[str]
    need: Need
    has: bool | None
    format: str | None = None
    size: int | None = None
    digest: str | None = None
    filed_at: str | None = None


class Attested(Model):
    """Who said that he had papers in hand: a member of staff by his number, or `partner`, a system."""

    by: str
    at: str | None
    materials: list[str]


class Materials(Model):
    """What an application needs and has. Sizes in bytes."""

    model_config = shown(
        {
            "case": "1000000001",
            "open": True,
            "until": "2026-03-12T10:00:00.000+08:00",
            "complete": False,
            "supplement": False,
            "how": ["upload each material, then hand them in", "请逐项上传所缺资料，全部上传后提交"],
            "missing": ["id_back", "income_proof", "purpose_statement"],
            "formats": ["jpg", "pdf"],
            "file_size_max": 10_485_760,
            "total_size_max": 52_428_800,
            "total_size": 1_204_311,
            "attested": [{"by": "1420001", "at": "2026-02-10T10:00:00.000+08:00", "materials": ["income_proof"]}],
            "materials": [
                {
                    "material": "id_front",
                    "words": ["id front", "身份证人像面"],
                    "need": "required",
                    "has": True,
                    "format": "jpg",
                    "size": 1_204_311,
                    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "filed_at": "2026-02-10T10:01:00.000+08:00",
                }
            ],
        }
    )

    case: str
    open: bool
    """Whether files are taken."""
    until: str | None
    complete: bool | None
    """Null where files are no longer taken: where the application stands says what became of it."""
    supplement: bool
    """Whether an approver has sent the case back for what is missing (补件, APP-19): an older file of it does not count."""
    how: list[str]
    """How to supply what is missing; empty where nothing is."""
    missing: list[str]
    formats: list[str]
    file_size_max: int
    total_size_max: int
    total_size: int
    attested: list[Attested]
    """Papers that nobody uploaded, and who answers for them."""
    materials: list[Paper]


class Filed(Model):
    """A file that counts."""

    model_config = shown(
        {
            "case": "1000000001",
            "material": "id_front",
            "format": "jpg",
            "size": 1_204_311,
            "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "at": "2026-02-10T10:01:00.000+08:00",
        }
    )

    case: str
    material: str
    format: str
    size: int
    digest: str
    at: str | None


class HandedIn(Model):
    """The materials are complete, and the application goes its way."""

    case: str
    at: str | None


async def kept_contents(request: Request) -> Contents:
    """Where files are kept."""
    found: Contents = request.app.state.contents
    return found


Kept = Annotated[Contents, Depends(kept_contents)]


@router.get("/materials", summary="What an application needs and has", response_model=Materials)
async def materials(case: CasePath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """APP-10: required (必传), may follow (可后补) and optional (选传) materials, what has come, and what is missing.
    APP-19: a case that was sent back takes files again from the next day on."""
    del caller
    number = await bank.known_case(case)
    of_case = await _of_case(bank, number)
    policy, files, waits = bank.rooms.materials, of_case["files"], _that_waits(of_case)
    is_open = bool(len(waits))
    has, missing = await _counted(bank, of_case) if is_open else (0, 0)
    by_material = {int(row["material"]): row for row in files}
    return {
        "case": str(number),
        "open": is_open,
        "until": moment(int(waits["expires_at"][0])) if is_open else None,
        "complete": not missing if is_open else None,
        "supplement": bool(len(of_case["supplements"])),
        "how": list(_HOW) if missing else [],
        "missing": labels(Material, missing),
        "formats": policy.formats,
        "file_size_max": policy.file_bytes_max,
        "total_size_max": policy.total_bytes_max,
        "total_size": int(files["size"].sum()),
        "attested": await _attested(bank, number),
        "materials": [
            _paper(one, need, bool(has & one) if is_open else None, by_material.get(int(one)))
            for one, need in (await _asked(bank, number)).items()
        ],
    }


@router.post("/materials/{material}", summary="Upload a material", response_model=Filed, openapi_extra=FILE_FORM)
async def upload(
    case: CasePath,
    material: Which,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    contents: Kept,
    caller: Submitter,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """One file, in the part `file` of a multipart form. APP-11, APP-12: JPG or PDF, of limited size, alone and together. APP-13:
    an unclear image has to be uploaded again. A material that comes again takes the place of what came before."""
    del key
    number = await bank.known_case(case)
    if not len(_that_waits(await _of_case(bank, number))):
        raise refusal(Refusal.MATERIALS_CLOSED)
    file = await file_of(request, bank.rooms.materials)
    about = {"case": number, "material": int(material)} | file.about
    await _prove(bank, about, file.seen)
    contents.keep(file.content)
    answer = await bank.done(FileMaterial, _row(FileMaterial, request, caller, **about, **file.seen.measured()))
    return about | {
        "case": number_of(answer.number),
        "material": _name(material),
        "format": label(file.form),
        "at": moment(answer.at),
    }


@router.get(
    "/materials/{material}",
    summary="See a material",
    response_class=Response,
    responses={200: {"content": dict.fromkeys(TYPES.values(), BINARY)}},
)
async def preview(
    case: CasePath,
    material: Which,
    bank: Annotated[Bank, Depends(bank_of)],
    contents: Kept,
    caller: Reader,
    download: Annotated[bool, Query(description="As a file to be saved, instead of to be looked at.")] = False,
) -> Response:
    """APP-13: what was uploaded, as it came."""
    del caller
    number = await bank.known_case(case)
    files = (await _of_case(bank, number))["files"]
    found = files[files["material"] == int(material)]
    if not len(found) or not contents.has(str(found["digest"][0])):
        raise Problem(
            404, "Not found", f"application {number} has no file of {_name(material)}", detail_zh="该申请无此项资料文件"
        )
    return as_file(contents, found[0], f"{number}-{_name(material)}", download)


@router.post("/materials", summary="Hand the materials in", response_model=HandedIn)
async def hand_in(
    case: CasePath,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Submitter,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """APP-10: says that all is there. A missing required material blocks it; complete, the application goes on.
    APP-19: so does a case that was sent back, where it was."""
    del key
    number = await bank.known_case(case)
    answer = await bank.done(HandInMaterials, _row(HandInMaterials, request, caller, case=number))
    return {"case": number_of(answer.number), "at": moment(answer.at)}


async def swept(bank: Bank, contents: Contents, now_s: float) -> int:
    """Removes uploads that the bank does not speak of, and that have lain for longer than materials are waited for; how many."""
    spoken_of: set[str] = set()
    for room, table in (("customers", "files"), ("due_diligence", "papers"), ("contracts", "scans")):
        for cell in bank.cells(room):
            [files] = await bank.looks(cell, Look(table))
            spoken_of |= set(files["digest"].tolist())
    before_s = now_s - bank.rooms.materials.wait_days * DAY_MS / 1_000
    return await asyncio.to_thread(contents.sweep, frozenset(spoken_of - {""}), before_s)


# what they share ------------------------------------------------------------------------------------------------------


class Looked(NamedTuple):
    """A file that came, and was looked into."""

    content: bytes
    form: FileFormat
    seen: Seen

    @property
    def about(self) -> dict[str, Any]:
        """What the bank is told of it, beside what was seen."""
        return {"format": int(self.form), "size": len(self.content), "digest": Contents.digest(self.content)}


async def file_of(request: Request, policy: MaterialPolicy) -> Looked:
    """The one file of a request. Problem 4xx where it is none that can be used."""
    file = await received(request, policy.file_bytes_max)
    form = format_of(file, policy.formats)
    try:
        seen = await inspected(file.content, form, policy.pixels_max, policy.pages_max)
    except Unfit as error:
        raise Problem(
            422, "Unfit", f"file: {error}", field="file", detail_zh="文件无法使用，请检查后重新上传"
        ) from None
    return Looked(file.content, form, seen)


def as_file(contents: Contents, row: np.void, name: str, download: bool) -> Response:
    """A kept content (digest, format), as it came: to be saved, or to be looked at."""
    form = FileFormat(int(row["format"]))
    how = "attachment" if download else "inline"
    headers = {
        "Content-Disposition": f'{how}; filename="{name}.{label(form)}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return Response(contents.get(str(row["digest"])), media_type=TYPES[form], headers=headers)


def _row(kind: Kind, request: Request, caller: Caller, **about: Any) -> Rows:
    return kind.rows(1, at=0, request=request_number(request, caller.subject, kind), **about)


def format_of(file: Received, allowed: list[str]) -> FileFormat:
    """What a file says that it is, by the end of its name and its media type, which must agree; Problem 415."""
    form = _ENDINGS.get(PurePosixPath(file.name.lower()).suffix)
    if form is None or label(form) not in allowed:
        endings = ", ".join(end for end, one in _ENDINGS.items() if label(one) in allowed)
        raise Problem(
            415,
            "Unsupported media type",
            f"file: its name must end in one of {endings}",
            field="file",
            detail_zh=f"文件名后缀应为以下之一：{endings}",
        )
    media_type = file.media_type.partition(";")[0].strip().lower()
    if media_type not in (*_UNTYPED, TYPES[form]):
        raise Problem(
            415,
            "Unsupported media type",
            f"file: its name says {TYPES[form]}, its type {media_type[:60]!r}; they must agree",
            field="file",
            detail_zh="文件后缀与文件类型不一致",
        )
    return form


async def _prove(bank: Bank, about: dict[str, Any], seen: Seen) -> None:
    """Problem 422 where the bank would refuse a file, so that it is neither kept nor told."""
    tables = await _of_case(bank, about["case"])
    row = FileMaterial.rows(1, at=await bank.now(), request=0, **about, **seen.measured())
    if reason := bank.rooms.material_fault(tables, row):
        raise refusal(reason)


async def _of_case(bank: Bank, case: int) -> dict[str, Rows]:
    """The form of a case that waits for materials, or what it was sent back with, and the files of the case."""
    found = await bank.looks(bank.cells("customers")[0], *(Look(table, "case", (case,)) for table in _TABLES))
    return dict(zip(_TABLES, found, strict=True))


def _that_waits(of_case: dict[str, Rows]) -> Rows:
    """The row that says until when materials are taken; none where they are not."""
    return of_case["waiting"] if len(of_case["waiting"]) else of_case["supplements"]


async def _counted(bank: Bank, of_case: dict[str, Rows]) -> tuple[int, int]:
    """The materials (bits) that count for a case that waits, and those that are missing."""
    waiting, [cell] = of_case["waiting"], bank.cells("customers")
    if not len(waiting):
        return bank.rooms.papers(of_case)
    [people] = await bank.looks(cell, Look("people", "key", (bank.rooms.customer_key(waiting),)))
    customer = tuple(people["customer"].tolist()) or (0,)
    [customers] = await bank.looks(cell, Look("customers", "customer", customer))
    return bank.rooms.papers(of_case | {"people": people, "customers": customers})


async def _attested(bank: Bank, case: int) -> list[dict[str, Any]]:
    """Who had which papers of a case in hand, and when."""
    events = (await bank.story(case)).events
    said = events[np.isin(events["event"], _ATTESTED) & (events["actor"] != Actor.SYSTEM)]
    return [
        {"by": str(who) if who > 0 else label(Actor(who)), "at": moment(at), "materials": labels(Material, bits)}
        for who, at, bits in said[["actor", "at", "value"]].tolist()
    ]


async def _asked(bank: Bank, case: int) -> dict[Material, Need]:
    """The materials that product and segment of a case ask for."""
    events = (await bank.story(case)).events
    code = int(events["product"].max(initial=0))
    product = next((one for one in bank.products.products if one.code == code), None)
    if product is None:
        return {}
    segment = await bank.segment_of(case, product)
    brings = bank.products.materials(product, segment.name.lower())
    asked: dict[Material, Need] = {one: "optional" for one in Material if brings.optional & one}
    asked |= {one: "required" for one in Material if brings.required & one}
    asked |= {one: "conditional" for one in Material if brings.conditional & one}
    return dict(sorted(asked.items()))


def _paper(material: Material, need: Need, has: bool | None, file: Any) -> dict[str, Any]:
    name = _name(material)
    said = {"material": name, "words": [name.replace("_", " "), MATERIALS_ZH[material]], "need": need}
    if file is None:
        return said | {"has": has}
    return said | {
        "has": True if has is None else has,
        "format": label(FileFormat(int(file["format"]))),
        "size": int(file["size"]),
        "digest": str(file["digest"]),
        "filed_at": moment(int(file["filed_at"])),
    }


def _name(material: Material) -> str:
    return str(material.name).lower()
