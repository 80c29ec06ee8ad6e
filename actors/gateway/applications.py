"""Applications (贷款申请) over HTTP: hand a form in, see where it stands, follow what happens to it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from actors.conductor import Story
from actors.gateway.bank import Bank, absent, bank_of, bits, label, moment, number_in, request_number, wait_s
from actors.gateway.callers import Caller, Identity, identity_of, needs
from actors.gateway.coded import ByName
from actors.gateway.models import IdempotencyKey
from actors.gateway.problems import Problem
from actors.gateway.reach import handed_in, is_proven, prove_own_form
from actors.sequencer import Command
from credit.applications.contract import FormText, SubmitApplication
from credit.codes import Channel, Consent, Material, Method, Segment, Step, Uploads
from credit.customers.contract import Event as CustomerEvent
from credit.room import EVENTS, REASONS, Rows
from credit.texts import Field as TextField
from credit.texts import cut_columns
from credit.times import Ints
from credit.track import deciding, query

router = APIRouter(prefix="/v1/applications", tags=["applications"])

ChannelName = Annotated[Channel, ByName(Channel)]
SegmentName = Annotated[Segment, ByName(Segment)]
MethodName = Annotated[Method, ByName(Method)]
MaterialName = Annotated[Material, ByName(Material)]
ConsentName = Annotated[Consent, ByName(Consent)]
AccountNumber = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{11,17}|[1-8][0-9]{18})$")]

ZHANG: dict[str, Any] = {
    "branch": 1,
    "channel": "mobile_bank",
    "segment": "individual",
    "product": "consumer_loan",
    "amount_fen": 5_000_000,
    "term_months": 12,
    "method": "equal_instalment",
    "purpose": "装修",
    "name": "张建国",
    "id_number": "110105199003072872",
    "mobile": "13800138000",
    "occupation": 3,
    "income_fen": 1_800_000,
    "employment_months": 84,
    "documents": ["id_front", "id_back", "income_proof", "work_proof", "purpose_statement"],
    "consents": ["bureau", "personal_data", "auto_debit"],
    "account": "6217000000000000001",
    "payee_account": "6222000000000000001",
}
"""The worked example of Mr Zhang (张先生)."""


class Application(BaseModel):
    """A form. What a bank finds wrong with it comes back as a refusal that names the field."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [ZHANG]})

    branch: int = Field(ge=1, le=999, description="The branch that will have the case.")
    channel: ChannelName
    segment: SegmentName
    product: str = Field(max_length=60, description="A product's key, see GET /v1/products.")
    amount_fen: int = Field(ge=0, lt=1 << 53)
    term_months: int = Field(ge=0, le=1_000)
    method: MethodName
    purpose: str = Field(max_length=500)
    name: str = Field(max_length=120)
    id_number: str = Field(max_length=20)
    mobile: str = Field(max_length=12)
    occupation: int = Field(ge=0, le=99)
    income_fen: int = Field(ge=0, lt=1 << 53, description="A month's.")
    employment_months: int = Field(ge=0, le=1_200)
    documents: list[MaterialName] = Field(default=[], max_length=20, description="Materials in hand.")
    uploads: int = Field(default=0, ge=0, le=1, description="1: what is not in hand is uploaded, see …/materials.")
    consents: list[ConsentName] = Field(max_length=10)
    collateral_fen: int = Field(default=0, ge=0, lt=1 << 53)
    account: AccountNumber = Field(description="Where the money goes and the instalments come from.")
    payee_account: AccountNumber
    credit_code: str = Field(default="", max_length=20)
    remark: str = Field(default="", max_length=500)
    address: str = Field(default="", max_length=200)


@router.post("", status_code=202, summary="Hand an application in")
async def submit(
    form: Application,
    request: Request,
    response: Response,
    bank: Annotated[Bank, Depends(bank_of)],
    identity: Annotated[Identity, Depends(identity_of)],
    caller: Annotated[Caller, Depends(needs("applications:submit"))],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Durable when it is answered. `Prefer: wait=10` waits for the decision."""
    del key
    number = request_number(request, caller.subject, SubmitApplication)
    if form.branch > bank.branches:
        raise Problem(422, "Refused", f"branch: the bank has branches 1 to {bank.branches}", field="branch")
    prove_own_form(identity, caller, form.id_number)
    if caller.kind == "customer" and form.documents:
        raise Problem(
            422,
            "Refused",
            "documents: who hands in for himself uploads his papers; leave this out and give uploads: 1",
            field="documents",
            detail_zh="本人申请须上传资料",
        )
    proven = is_proven(identity, caller)
    rows, beside = form_rows(columns_of(form), bank, np.array([number]))
    if not proven:
        rows["uploads"] = Uploads.ALONE
    began = time.monotonic()
    answer, story = await bank.done_told(SubmitApplication, rows, *beside)
    handed_in(identity, caller, [answer.number], [form.id_number])
    request.state.case = answer.number
    response.headers["Location"] = f"/v1/applications/{answer.number}"
    return await _shown(bank, answer.number, wait_s(request) - (time.monotonic() - began), story, proven)


@router.get("/{case}", summary="Where an application stands")
async def show(
    case: Annotated[str, Path(examples=["1000000001"])],
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    identity: Annotated[Identity, Depends(identity_of)],
    caller: Annotated[Caller, Depends(needs("applications:read"))],
) -> dict[str, Any]:
    """Step, handler and what happened so far (APP-15, APP-18). `Prefer: wait=10` waits for the decision."""
    return await _shown(bank, number_in(case, "case"), wait_s(request), None, is_proven(identity, caller))


async def _shown(bank: Bank, case: int, patience_s: float, story: Story | None, proven: bool) -> dict[str, Any]:
    """Where a case stands; who has not proved who he is, is not told whether the bank had a file of him before."""
    now, events = story or await bank.story(case)
    until = time.monotonic() + patience_s
    while True:
        progress = query(events, case, max(now, int(events["at"].max(initial=0))))
        left = until - time.monotonic()
        if (progress is not None and progress.step >= Step.CONTRACT) or left <= 0:
            break
        now, events = await bank.story(case, len(events), left, [int(one) for one in deciding()])
    if progress is None:
        raise absent("case", str(case))
    return {
        "case": str(case),
        "step": label(progress.step),
        "handler": label(progress.handler),
        "since": moment(progress.since),
        "expected_at": moment(progress.expected_at),
        "loans": [str(loan) for loan in sorted({int(loan) for loan in events["loan"] if loan})],
        "events": [_event(row) for row in events if proven or row["event"] != CustomerEvent.CUSTOMER_CREATED],
    }


def _event(row: Any) -> dict[str, Any]:
    event, reason = EVENTS[int(row["event"])], int(row["reason"])
    said: dict[str, Any] = {"at": moment(int(row["at"])), "event": label(event), "words": list(event.said.words)}
    if row["loan"]:
        said["loan"] = str(row["loan"])
    if row["amount_fen"]:
        said["amount_fen"] = int(row["amount_fen"])
    if event.said.refuses and reason in REASONS:
        said["reason"] = list(REASONS[reason].words)
    return said


def form_rows(columns: Mapping[str, npt.NDArray[Any]], bank: Bank, numbers: Ints) -> tuple[Rows, list[Command]]:
    """Forms as the bank takes them, from the columns of their fields, and beside them the texts that are longer than one."""
    of_form = SubmitApplication.dtype
    about: dict[str, npt.ArrayLike] = {
        "at": 0,
        "party": bank.reference_of(columns["id_number"], numbers),
        "branch": columns["branch"],
    }
    long = {TextField.REMARK: columns["remark"], TextField.ADDRESS: columns["address"]}
    fitting: dict[str, npt.NDArray[np.str_]] = {}
    for field, column, name in ((TextField.NAME, "name", "name"), (TextField.PURPOSE, "purpose_text", "purpose")):
        fits = np.char.str_len(columns[name]) <= of_form[column].itemsize // 4
        fitting[column], long[field] = np.where(fits, columns[name], ""), np.where(fits, "", columns[name])
    product = np.zeros(len(numbers), dtype=np.int64)
    for one in bank.products.products:
        product[columns["product"] == one.key] = one.code
    elsewhere = {*fitting, *about, "product"}
    same: dict[str, npt.ArrayLike] = {
        name: columns[name] for name in of_form.names or () if name in columns and name not in elsewhere
    }
    rows = SubmitApplication.rows(
        len(numbers),
        **(same | fitting | about),
        product=product,
        id_type=1,
        consent=columns["consents"],
        request=numbers,
    )
    texts = np.concatenate([cut_columns(FormText, field, column, **about) for field, column in long.items()])
    return rows, [Command(FormText, texts)] if len(texts) else []


def columns_of(form: Application) -> dict[str, npt.NDArray[Any]]:
    """One form as columns of one row."""
    said = {name: getattr(form, name) for name in Application.model_fields}
    said |= {name: bits(said[name]) for name in ("documents", "consents")}
    said |= {name: int(said[name]) for name in ("account", "payee_account")}
    return {name: np.array([value]) for name, value in said.items()}
