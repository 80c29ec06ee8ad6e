"""Papers over HTTP: contracts and vouchers as PDF, the search in the archive of signed contracts, and the page on which anybody
who holds a voucher has it verified (CON-11, CON-18, DIS-10, DIS-11)."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import html
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from actors.gateway.archive import PAGE, Archived
from actors.gateway.bank import Bank, bank_of, label, moment
from actors.gateway.callers import Caller, needs
from actors.gateway.contracts import Archives, written
from actors.gateway.disbursements import genuine, voucher_of
from actors.gateway.login import Services, not_too_often
from actors.gateway.models import CasePath, Date, LoanPath, Model, shown
from actors.gateway.problems import Problem
from actors.gateway.reach import reach_of
from actors.gateway.typeset import ContractPaper, Signature, VoucherPaper, contract_pdf, set_in_type, voucher_pdf
from actors.identity.masking import mask_account
from actors.identity.masking import paper as as_paper
from actors.identity.masking import shown as as_seen
from credit.amount_words import amount_words
from credit.contracts.elements import figures
from credit.contracts.states import SignMode
from credit.times import DAY_MS, NEVER, day_number, text_of

router = APIRouter(tags=["papers"])

_NUMBER = r"^([1-9][0-9]{0,18}(-[0-9A-Za-z]{1,12}){1,4})?$"
_PDF = "application/pdf"
_AS_PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {_PDF: {"schema": {"type": "string", "format": "binary"}}}}
}
_MODES = {SignMode.ELECTRONIC: "电子签署（数字证书）", SignMode.PAPER: "纸质签署（柜面面签）"}
_STYLE = (
    "body{font:16px/1.7 'Songti SC','Noto Serif CJK SC',serif;max-width:34em;margin:3em auto;padding:0 1em;color:#222}"
    "h1{font-size:1.4em;color:#1a3668;border-bottom:2px solid #1a3668}h1.bad{color:#c81e28;border-color:#c81e28}"
    "dt{color:#777;font-size:.85em}dd{margin:0 0 .6em}"
)


class Signed(Model):
    """A signed contract of the archive."""

    number: str
    case: str
    customer: str
    product: str
    mode: str
    signed_at: str | None


class Found(Model):
    """A page of the archive; `next`: the last number of the page, where there may be more."""

    model_config = shown(
        {
            "contracts": [
                {
                    "number": "1000000001-0-1-V1",
                    "case": "1000000001",
                    "customer": "1",
                    "product": "consumer_loan",
                    "mode": "electronic",
                    "signed_at": "2026-02-10T10:06:00.000+08:00",
                }
            ],
            "next": None,
        }
    )

    contracts: list[Signed]
    next: str | None = Field(default=None)


@router.get(
    "/v1/applications/{case}/contract/document.pdf",
    summary="The contract as PDF",
    response_class=Response,
    responses=_AS_PDF,
)
async def contract(
    case: CasePath,
    bank: Annotated[Bank, Depends(bank_of)],
    archive: Archives,
    caller: Annotated[Caller, Depends(needs("contracts:read"))],
) -> Response:
    """CON-11: to be looked at before it is signed, marked as unsigned; afterwards as it was signed, with signature and seal."""
    found = await written(bank, archive, await bank.known_case(case))
    signature = _signature(found.signed) if found.signed is not None else None
    digest = hashlib.sha256(found.text.encode()).hexdigest()
    text = as_paper(found.text, caller)
    paper = ContractPaper(bank.rooms.lender, found.number, text, digest, _date(found.made_at), signature)
    return _file(await set_in_type(contract_pdf, paper), f"合同-{found.number}.pdf")


@router.get("/v1/contracts", summary="Search the archive of signed contracts", response_model=Found)
async def search(
    archive: Archives,
    identity: Services,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("contracts:read"))],
    name: Annotated[str, Query(max_length=120, description="The customer's name, whole.")] = "",
    product: Annotated[str, Query(max_length=60)] = "",
    since: Annotated[Date | None, Query(description="First day of signing.")] = None,
    until: Annotated[Date | None, Query(description="Last day of signing.")] = None,
    after: Annotated[str, Query(max_length=60, pattern=_NUMBER, description="`next` of the page before.")] = "",
) -> dict[str, Any]:
    """CON-18: by customer, product and day of signing; staff of a branch find its own."""
    if caller.kind != "staff":
        raise Problem(
            403,
            "Forbidden",
            "the archive is searched by staff; your own contract stands at its application",
            detail_zh="合同档案仅供员工检索；本人合同请在申请中查看",
        )
    known = [one.key for one in bank.products.products]
    if product and product not in known:
        says = f"product: there is no product {product!r}; products: {', '.join(known)}"
        raise Problem(
            422, "Invalid request", says, field="product", detail_zh=f"无此产品，应为以下之一：{'、'.join(known)}"
        )
    if since and until and since > until:
        says = f"since: {since} comes after until, {until}"
        raise Problem(422, "Invalid request", says, field="since", detail_zh="起始日期晚于截止日期")
    reach = reach_of(identity, caller, "contracts:read")
    first = day_number(since) * DAY_MS if since else 0
    end = (day_number(until) + 1) * DAY_MS if until else NEVER
    branch = None if reach.everything else caller.branch
    found = await asyncio.to_thread(archive.search, branch, name, product, first, end, after)
    shown_ = [
        {
            "number": one.number,
            "case": str(one.case),
            "customer": str(one.customer),
            "product": one.product,
            "mode": label(one.mode),
            "signed_at": moment(one.signed_at),
        }
        for one in found
    ]
    return {"contracts": shown_, "next": found[-1].number if len(found) == PAGE else None}


@router.get("/v1/loans/{loan}/voucher.pdf", summary="The voucher as PDF", response_class=Response, responses=_AS_PDF)
async def voucher(
    loan: LoanPath,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("disbursements:read"))],
) -> Response:
    """DIS-10: amount, time, account and the bank's seal, with a code and a QR code by which anybody can have it verified."""
    said = await voucher_of(bank, await bank.known_loan(loan))
    said = said if caller.kind == "customer" else as_seen(said, caller)
    rows = (
        ("凭证类型", "贷款发放"),
        ("借据编号", said["loan"]),
        ("交易流水号", said["transaction"]),
        ("收款账号", said["account"]),
        ("币种及金额", f"人民币 {figures(said['amount_fen'])} 元"),
        ("金额大写", amount_words(said["amount_fen"])),
        ("到账时间", _printed(said["paid_at"])),
    )
    address = str(request.url_for("voucher_page", code=said["code"]))
    paid_at = dt.datetime.fromisoformat(said["paid_at"]).replace(tzinfo=None)
    paper = VoucherPaper(bank.rooms.lender, rows, said["code"], address, paid_at)
    return _file(await set_in_type(voucher_pdf, paper), f"电子凭证-{said['loan']}.pdf")


@router.get(
    "/vouchers/{code}",
    name="voucher_page",
    summary="Verify a voucher by its QR code",
    response_class=HTMLResponse,
    dependencies=[Depends(not_too_often)],
    responses={404: {"description": "It is forged.", "content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def verify(
    code: Annotated[str, Path(max_length=80, examples=["100000000101-ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"])],
    bank: Annotated[Bank, Depends(bank_of)],
) -> HTMLResponse:
    """DIS-11: for whoever holds the voucher, without signing in: what the genuine one says, the account masked."""
    said = await genuine(bank, code)
    if said is None:
        title, rows = "核验未通过", [("结果", "本行没有此验证码的凭证，该凭证可能系伪造。")]
    else:
        title = "核验通过"
        rows = [
            ("结果", f"该凭证系{bank.rooms.lender}出具，请与手中凭证逐项核对。"),
            ("交易流水号", said["transaction"]),
            ("金额", f"人民币 {figures(said['amount_fen'])} 元（{amount_words(said['amount_fen'])}）"),
            ("到账时间", _printed(said["paid_at"])),
            ("收款账号", mask_account(said["account"])),
        ]
    listed = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in rows)
    kind = "" if said else ' class="bad"'
    page = (
        f'<!doctype html>\n<html lang="zh"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1{kind}>电子凭证{title}</h1><dl>{listed}</dl></body></html>\n"
    )
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return HTMLResponse(page, 200 if said else 404, headers)


def _signature(signed: Archived) -> Signature:
    return Signature(_MODES[signed.mode], text_of(signed.confirmed_at)[:19], text_of(signed.signed_at)[:19])


def _date(at: int) -> dt.datetime:
    return dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=at)


def _printed(at: str) -> str:
    return at[:19].replace("T", " ")


def _file(content: bytes, name: str) -> Response:
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=_PDF, headers=headers)
