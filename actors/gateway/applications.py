"""Applications (贷款申请) over HTTP: hand a form in, see where it stands, follow what happens to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.routing import APIRoute
from pydantic import Field

from actors.conductor import Answer, Story
from actors.gateway.bank import (
    Bank,
    absent,
    attesting,
    bank_of,
    bits,
    field_of,
    label,
    labels,
    moment,
    number_in,
    refusal,
    request_number,
)
from actors.gateway.callers import Caller, Identity, identity_of, needs
from actors.gateway.coded import ByName
from actors.gateway.details import Details, LastDay, detail_columns, details_of, fields_of, last_days, prove_details
from actors.gateway.direct import Way
from actors.gateway.models import AccountNumber, Body, IdempotencyKey, Name, SegmentName, shown
from actors.gateway.prefer import wait_s
from actors.gateway.problems import Problem
from actors.gateway.reach import OF_THE_FILE, handed_in, is_proven, prove_own_form
from actors.gateway.stream import Hub
from actors.identity.masking import shown as as_seen
from actors.sequencer import Command
from credit.applications.contract import Event as ApplicationEvent
from credit.applications.contract import FormText, SubmitApplication
from credit.approval.contract import Event as ApprovalEvent
from credit.codes import Channel, Consent, Material, Method, Step, Uploads
from credit.customers.contract import Event as CustomerEvent
from credit.disbursement.contract import Event as DisbursementEvent
from credit.room import EVENTS, REASONS, Rows
from credit.texts import Field as TextField
from credit.texts import cut_columns
from credit.times import Ints
from credit.track import deciding, query

router = APIRouter(prefix="/v1/applications", tags=["applications"])

_MAY_SUBMIT = needs("applications:submit")
_FAULTS = [int(ApplicationEvent.APPLICATION_REFUSED), int(ApplicationEvent.FAULT_SHOWN)]
ChannelName = Annotated[Channel, ByName(Channel)]
MethodName = Annotated[Method, ByName(Method)]
MaterialName = Annotated[Material, ByName(Material)]
ConsentName = Annotated[Consent, ByName(Consent)]

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
    "id_valid_until": "2041-03-07",
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


class Application(Body):
    """A form. What a bank finds wrong with it comes back as a refusal that names the field."""

    model_config = shown(ZHANG)

    branch: int = Field(ge=1, le=999, description="The branch that will have the case.")
    channel: ChannelName
    segment: SegmentName
    product: str = Field(max_length=60, description="A product's key, see GET /v1/products.")
    amount_fen: int = Field(ge=0, lt=1 << 53)
    term_months: int = Field(ge=0, le=1_000)
    method: MethodName
    purpose: str = Field(max_length=500)
    name: Name = Field(max_length=120)
    id_number: str = Field(max_length=20)
    id_valid_until: LastDay = Field(default="", description="Of the ID card: the last day, or long_term (长期).")
    licence_valid_until: LastDay = Field(default="", description="Of a firm's business licence: the same.")
    mobile: str = Field(max_length=12)
    occupation: int = Field(ge=0, le=99)
    income_fen: int = Field(ge=0, lt=1 << 53, description="A month's.")
    employment_months: int = Field(ge=0, le=1_200)
    documents: list[MaterialName] = Field(
        default=[], max_length=20, description="In hand, and answered for: needs materials:attest."
    )
    uploads: int = Field(default=0, ge=0, le=1, description="1: what is not in hand is uploaded, see …/materials.")
    consents: list[ConsentName] = Field(max_length=10)
    collateral_fen: int = Field(default=0, ge=0, lt=1 << 53)
    account: AccountNumber = Field(description="Where the money goes and the instalments come from.")
    payee_account: AccountNumber
    credit_code: str = Field(default="", max_length=20)
    remark: str = Field(default="", max_length=500)
    address: str = Field(default="", max_length=200)
    details: Details = Field(
        default={}, description="The fields of the product's own form, see GET /v1/products/{key}/form."
    )


_FIELDS = tuple(Application.model_fields)
_IN_COLUMNS: dict[str, Callable[[Sequence[Any]], list[int]]] = {
    "documents": lambda column: [bits(one) for one in column],
    "consents": lambda column: [bits(one) for one in column],
    "account": lambda column: [int(one) for one in column],
    "payee_account": lambda column: [int(one) for one in column],
}
"""What is a number in the bank and something else in a form."""


_RENAMED = frozenset({int(CustomerEvent.NAME_CHANGED), int(CustomerEvent.NAME_DIFFERS)})
"""A form by another name than the one under which the bank knows the ID number."""
_LOOK_S = 2.0
"""Who waits for a decision looks that often, whatever was heard."""
_TOLD = ("event", "at", "reason", "loan", "amount_fen", "value")
_OF_MATERIALS = (
    ApplicationEvent.DOCUMENTS_ATTESTED,
    DisbursementEvent.CONDITION_MET,
    ApprovalEvent.SUPPLEMENT_ASKED,
    CustomerEvent.MATERIALS_AWAITED,
    CustomerEvent.MATERIAL_FILED,
    CustomerEvent.MATERIAL_REFUSED,
    CustomerEvent.SUPPLEMENT_AWAITED,
    CustomerEvent.SUPPLEMENT_HANDED_IN,
)
"""Events that count materials: which ones, their reader is told."""


class Visit(NamedTuple):
    """A form that was handed in, the number of its request, by whom, who answers for papers in hand (`attesting`), and whether it
    is certain who the caller is."""

    form: Application
    number: int
    caller: Caller
    attested: int
    proven: bool


async def taken_in(bank: Bank, identity: Identity, visits: Sequence[Visit]) -> list[tuple[Answer, Story]]:
    """The bank's answers to visits, and what happened to each case; who holds it is written down by then. Of those under one
    number each is asked after the one before is answered: the bank's answer says the number alone."""
    numbers = [one.number for one in visits]
    if len(set(numbers)) < len(numbers):
        again = [place for place, one in enumerate(numbers) if one in numbers[:place]]
        first = await taken_in(bank, identity, [one for place, one in enumerate(visits) if place not in again])
        later = await taken_in(bank, identity, [visits[place] for place in again])
        return [later.pop(0) if place in again else first.pop(0) for place in range(len(visits))]
    rows, beside = form_rows(columns_of([one.form for one in visits]), bank, np.array([one.number for one in visits]))
    rows["uploads"][[not one.proven for one in visits]] = Uploads.ALONE
    rows["attested"] = [one.attested for one in visits]
    rows["begun_by"] = [int(one.caller.person or 0) for one in visits]
    told = await bank.told_stories(SubmitApplication, rows, *beside)
    taken = [
        (one.caller, answer.number, whose)
        for one, (answer, _) in zip(visits, told, strict=True)
        for whose in (one.form.id_number, one.form.credit_code)
        if whose and not answer.reason
    ]
    if taken:
        handed_in(identity, *zip(*taken, strict=True))
    return told


async def submit(
    form: Application,
    request: Request,
    response: Response,
    caller: Annotated[Caller, Depends(_MAY_SUBMIT)],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Durable when it is answered. `Prefer: wait=10` waits for the decision; `Preference-Applied` says how long at most."""
    del key
    began, wait = time.monotonic(), wait_s(request, response)
    bank, identity = await bank_of(request), await identity_of(request)
    number = request_number(request, caller.subject, SubmitApplication)
    bank.prove_branch(form.branch)
    prove_own_form(identity, caller, form.id_number, form.credit_code)
    prove_details(bank.products, form.product, form.details)
    if caller.kind == "customer" and form.documents:
        raise Problem(
            422,
            "Refused",
            "documents: who hands in for himself uploads his papers; leave this out and give uploads: 1",
            field="documents",
            detail_zh="本人申请须上传资料",
        )
    attested, proven = attesting(caller, form.documents), is_proven(identity, caller)
    answer, story = await request.app.state.intake.ask(Visit(form, number, caller, attested, proven))
    if answer.reason:
        raise _faulty(bank, form, answer, story)
    request.state.case = answer.number
    response.headers["Location"] = f"/v1/applications/{answer.number}"
    patience_s = wait - (time.monotonic() - began)
    return await _shown(bank, request.app.state.hub, answer.number, patience_s, story, proven)


router.add_api_route("", submit, methods=["POST"], status_code=202, summary="Hand an application in")
_SUBMITS = router.routes[-1]
assert isinstance(_SUBMITS, APIRoute)
SHORT = Way(_SUBMITS, Application, _MAY_SUBMIT)


def _faulty(bank: Bank, form: Application, answer: Answer, story: Story) -> Problem:
    """A form that is refused: the first fault is the reason, and each is shown with its field (CUS-08); what the applicant may
    ask for is named where he asked for something else (APP-07)."""
    problem, (_, events) = refusal(answer.reason), story
    found = [REASONS[one] for one in events["reason"][np.isin(events["event"], _FAULTS)].tolist() if one in REASONS]
    if REASONS.get(answer.reason) in found:
        words = [
            {"at": field_of(one), "code": one.name, "what": one.words[0], "what_zh": one.words[1]} for one in found
        ]
        own = fields_of(bank.products, form.product)
        for row in events[events["event"] == ApplicationEvent.DETAIL_REFUSED]:
            one, place = REASONS[int(row["reason"])], int(row["value"]) - 1
            words = [told for told in words if told["at"] != one.field]
            at = f"details.{own[place].key}" if place < len(own) else one.field
            words.append({"at": at, "code": one.name, "what": one.words[0], "what_zh": one.words[1]})
        problem.more["faults"] = words
    for row in events[events["event"] == ApplicationEvent.RANGE_SHOWN]:
        least = next((one.amount_min for one in bank.products.products if one.key == form.product), 0)
        said = {"amount_min_fen": least, "amount_max_fen": int(row["amount_fen"]), "term_months_max": int(row["value"])}
        problem.more["range"] = said
    return problem


@router.get("/{case}", summary="Where an application stands")
async def show(
    case: Annotated[str, Path(examples=["1000000001"])],
    request: Request,
    response: Response,
    bank: Annotated[Bank, Depends(bank_of)],
    identity: Annotated[Identity, Depends(identity_of)],
    caller: Annotated[Caller, Depends(needs("applications:read"))],
) -> dict[str, Any]:
    """Step, handler and what happened so far (APP-15, APP-18). `Prefer: wait=10` waits for the decision;
    `Preference-Applied` says how long at most."""
    number, wait = number_in(case, "case"), wait_s(request, response)
    story = await bank.story(number)
    said = await _shown(bank, request.app.state.hub, number, wait, story, is_proven(identity, caller))
    product = int(story.events["product"].max(initial=0))
    said["details"] = [as_seen(one, caller) for one in await details_of(bank, number, product)]
    return said


async def _shown(bank: Bank, hub: Hub, case: int, patience_s: float, story: Story, proven: bool) -> dict[str, Any]:
    """Where a case stands; who has not proved who he is, is not told whether the bank had a file of him before."""
    now, events = story
    until = time.monotonic() + patience_s
    while True:
        seen, left, progress = events["event"].tolist(), until - time.monotonic(), None
        if left <= 0 or not deciding().isdisjoint(seen):
            progress = query(events, case, max(now, int(events["at"].max(initial=0))))
        if left <= 0 or (progress is not None and progress.step >= Step.CONTRACT):
            break
        await hub.until_decided(case, seen, min(left, _LOOK_S))
        now, events = await bank.story(case)
    if progress is None:
        raise absent("case", str(case))
    renamed = not _RENAMED.isdisjoint(events["event"].tolist())
    if not proven:
        events = events[~np.isin(events["event"], OF_THE_FILE)]
    return {
        "case": str(case),
        "step": label(progress.step),
        "handler": label(progress.handler),
        "since": moment(progress.since),
        "expected_at": moment(progress.expected_at),
        "loans": [str(loan) for loan in sorted(set(events["loan"].tolist())) if loan],
        "name_differs": renamed if proven else None,
        "events": [_event(*row) for row in zip(*(events[name].tolist() for name in _TOLD), strict=True)],
    }


def _event(number: int, at: int, reason: int, loan: int, amount_fen: int, value: int) -> dict[str, Any]:
    event = EVENTS[number]
    said: dict[str, Any] = {"at": moment(at), "event": label(event), "words": list(event.said.words)}
    if loan:
        said["loan"] = str(loan)
    if amount_fen:
        said["amount_fen"] = amount_fen
    if event in _OF_MATERIALS:
        said["materials"] = labels(Material, value)
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
        id_until=last_days(columns["id_valid_until"]),
        licence_until=last_days(columns["licence_valid_until"]),
        **detail_columns(bank.products, columns["product"].tolist(), columns["details"].tolist()),
    )
    texts = np.concatenate([cut_columns(FormText, field, column, **about) for field, column in long.items()])
    return rows, [Command(FormText, texts)] if len(texts) else []


def columns_of(forms: Sequence[Application]) -> dict[str, npt.NDArray[Any]]:
    """Forms as the columns of their fields."""
    return {name: np.array(_IN_COLUMNS.get(name, list)([getattr(one, name) for one in forms])) for name in _FIELDS}
