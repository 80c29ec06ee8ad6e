"""Contracts (合同) over HTTP: look at what is offered, read it, confirm it, sign it, or ask for another (CON-07 to CON-17).

A customer first confirms that he has read the contract (读完确认), and then signs. The confirmation is a sealed word that says
when he did so and of which contract; the signature brings it along."""

from __future__ import annotations

import asyncio
import html
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from actors.gateway import marks, seals
from actors.gateway.agreed import ARCHIVED, agreed, archived_of
from actors.gateway.archive import Archive, Archived, Laid
from actors.gateway.bank import Bank, acting, bank_of, branch_with, moment, number_of, refusal, request_number
from actors.gateway.callers import Caller, needs
from actors.gateway.coded import ByName
from actors.gateway.login import Services
from actors.gateway.models import Body, CasePath, IdempotencyKey, Model, Person, shown
from actors.gateway.problems import Problem
from actors.host import Look
from actors.identity.masking import paper as as_paper
from credit.contracts.contract import (
    CancelReason,
    ChangeReason,
    ContractCancelled,
    ContractChangeRequested,
    ContractRenewalRequested,
    ContractReturned,
    ContractSigned,
    Event,
    Refusal,
    RenewalReason,
    ReturnReason,
)
from credit.contracts.rules import action_faults
from credit.contracts.states import Action, ContractState, SignMode
from credit.customers.contract import ChangeContact
from credit.room import EVENTS, EventCode, Kind, Rows

router = APIRouter(prefix="/v1/applications/{case}/contract", tags=["contracts"])

_CONFIRMATION = "contract confirmation"
_AFTER: dict[EventCode, ContractState] = {
    Event.CONTRACT_ARCHIVED: ContractState.ARCHIVED,
    Event.CONTRACT_EFFECTIVE: ContractState.EFFECTIVE,
    Event.CONTRACT_WITHDRAWN: ContractState.WITHDRAWN,
    Event.CONTRACT_CANCELLED: ContractState.WITHDRAWN,
    Event.CONTRACT_LAPSED: ContractState.LAPSED,
}
_PENDING = "contracts"
Which = Annotated[int, Field(ge=0, lt=1 << 31)]
Reader = Annotated[Caller, Depends(needs("contracts:read"))]
Signer = Annotated[Caller, Depends(needs("contracts:sign"))]
Handler = Annotated[Caller, Depends(needs("contracts:handle"))]


class Contract(Model):
    """Where a case's contract stands. A signed one is told as it was agreed; of one that came to nothing its amount is left."""

    model_config = shown(
        {
            "case": "1000000001",
            "state": "generated",
            "amount_fen": 5_000_000,
            "term_months": 12,
            "term_class": "short",
            "rate_ppm": 60_000,
            "method": "equal_instalment",
            "mode": "electronic",
            "round": 0,
            "attempt": 1,
            "offered_at": "2026-02-10T10:00:45.000+08:00",
            "expires_at": "2026-02-13T10:00:45.000+08:00",
            "approval_valid_until": "2026-03-12T10:00:45.000+08:00",
            "checked_by": None,
        }
    )

    case: str
    state: str
    amount_fen: int
    term_months: int | None = None
    term_class: Literal["short", "medium", "long"] | None = None
    rate_ppm: int | None = None
    method: str | None = None
    mode: str | None = None
    round: int | None = None
    attempt: int | None = None
    offered_at: str | None = None
    expires_at: str | None = None
    approval_valid_until: str | None = None
    checked_by: str | None = None
    """Who has checked amount, term and rate against the approval; null: nobody yet, or it was not offered any more."""
    signed_at: str | None = None


class Confirming(Body):
    """Which contract of the case was read: as `GET …/contract` shows it."""

    model_config = shown({"round": 0, "attempt": 1})

    round: Which
    attempt: Which


class Confirmation(Model):
    """That a contract was read, sealed by the bank."""

    confirmation: str
    confirmed_at: str | None
    digest: str
    to_sign: str
    """What is signed by a certificate: the SHA-256 of the document's text, and of the contract as the bank holds it; empty, as
    `digest` is, where it is signed without one."""


class Signing(Body):
    """A signature. On paper a contract may always be signed, electronically where the product is (CON-08). `person`: the
    member of staff before whom it is signed, if any, not the one that checked it; may be left out by whom the bank knows."""

    model_config = shown({"confirmation": "1000000001-0-1-1770688845000-…", "mode": "electronic"})

    confirmation: str = Field(max_length=200)
    mode: Annotated[SignMode, ByName(SignMode)]
    person: Person | None = None
    serial: str = Field(default="0", pattern=r"^(0|[1-9][0-9]{0,17})$")
    """Of the certificate by which it is signed, where the bank asks for one; then with `digest` and `mark`."""
    digest: str = Field(default="", max_length=64)
    mark: str = Field(default="", max_length=128)
    """The Ed25519 signature of `to_sign`, in hexadecimal digits; both as the confirmation says."""


class Changing(Body):
    """Another amount or term is wished for (CON-16): the contract is withdrawn and the case goes back to approval."""

    model_config = shown(
        {"round": 0, "attempt": 1, "amount_fen": 3_000_000, "term_months": 12, "reason": "other_amount"}
    )

    round: Which
    attempt: Which
    amount_fen: int = Field(ge=0, lt=1 << 53)
    term_months: int = Field(ge=0, le=1_000)
    reason: Annotated[ChangeReason, ByName(ChangeReason)]


class SendingBack(Body):
    """What is wrong with an offered contract (CON-12), and who says so; `person` may be left out by whom the bank knows."""

    model_config = shown({"round": 0, "attempt": 1, "reason": "rate_wrong", "person": "1420001"})

    round: Which
    attempt: Which
    reason: Annotated[ReturnReason, ByName(ReturnReason)]
    person: Person | None = None


class Cancelling(Body):
    """Why an offered contract can't stand (CON-14), and who says so; `person` may be left out by whom the bank knows."""

    model_config = shown({"round": 0, "attempt": 1, "reason": "name_changed", "person": "1420001"})

    round: Which
    attempt: Which
    reason: Annotated[CancelReason, ByName(CancelReason)]
    person: Person | None = None


class Contacting(Body):
    """Other contact details of the customer (CON-13), one or more, and who enters them."""

    model_config = shown({"mobile": "13900139000", "address": "上海市黄浦区人民路 1 号", "person": "1420001"})

    mobile: str = Field(default="", max_length=12)
    email: str = Field(default="", max_length=64)
    address: str = Field(default="", max_length=200)
    person: Person | None = None


class Renewing(Confirming):
    """Which expired or blocked contract is to be generated anew, and why (CON-15, CON-17)."""

    model_config = shown({"round": 0, "attempt": 1, "reason": "not_in_time"})

    reason: Annotated[RenewalReason, ByName(RenewalReason)]


class Done(Model):
    """What was asked for is done."""

    case: str
    at: str | None


class Written(NamedTuple):
    """A contract's text: of one that waits for its signature, or of a signed one. `made_at`: when it was offered, or signed."""

    number: str
    text: str
    made_at: int
    signed: Archived | None


async def archive_of(request: Request, identity: Services) -> Archive:
    """The archive of an app, opened when it is first asked for."""
    state = request.app.state
    if not hasattr(state, "archive"):
        state.archive = Archive(identity.folder.parent, identity.vault)
    found: Archive = state.archive
    return found


Archives = Annotated[Archive, Depends(archive_of)]


@router.get("", summary="Where the contract stands", response_model=Contract)
async def contract(case: CasePath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """Amount, term and rate as they are checked before signing (CON-11), until when it can be signed, round and attempt."""
    del caller
    number = await bank.known_case(case)
    rows = await pending_of(bank, number)
    if not len(rows):
        return await _past(bank, number)
    row = rows[0]
    return agreed(bank, row) | {
        "state": ContractState(int(row["state"])).name.lower(),
        "offered_at": moment(int(row["offered_at"])),
        "checked_by": number_of(row["checked_by"]) if row["checked_by"] else None,
    }


@router.get(
    "/document",
    summary="The contract's text",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}, "text/html": {"schema": {"type": "string"}}}}
    },
)
async def document(
    case: CasePath, request: Request, bank: Annotated[Bank, Depends(bank_of)], archive: Archives, caller: Reader
) -> Response:
    """The text of a contract that waits for its signature (CON-01), or as it was signed, in Chinese: plain, or as a page where
    `Accept` asks for `text/html`; numbers that the caller may not see whole are masked (SEC-09)."""
    text = as_paper((await written(bank, archive, await bank.known_case(case))).text, caller)
    if "text/html" not in request.headers.get("accept", ""):
        return Response(text, media_type="text/plain; charset=utf-8")
    title, _, rest = text.partition("\n")
    body = f"<h1>{html.escape(title)}</h1>\n" + "\n".join(
        f"<p>{html.escape(line)}</p>" for line in rest.splitlines() if line.strip()
    )
    page = f'<!doctype html>\n<html lang="zh"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>\n'
    policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(f"{page}<body>\n{body}\n</body></html>\n", 200, policy, "text/html; charset=utf-8")


@router.post("/confirmation", summary="Confirm that the contract was read", response_model=Confirmation)
async def confirm(
    case: CasePath, which: Confirming, bank: Annotated[Bank, Depends(bank_of)], caller: Signer
) -> dict[str, Any]:
    """CON-07: the bank's sealed word of when this contract was confirmed, for the signature that follows."""
    del caller
    number = await bank.known_case(case)
    now = await bank.now()
    rows = await pending_of(bank, number)
    if not len(rows):
        raise refusal(Refusal.CONTRACT_STATE)
    asked = ContractSigned.rows(
        1, at=now, case=number, round=which.round, attempt=which.attempt, mode=0, confirmed_at=now
    )
    if reason := int(action_faults(Action.SIGN, asked, rows)[0]):
        raise refusal(reason)
    sealed = seals.sealed(bank.key, _CONFIRMATION, (number, which.round, which.attempt, now))
    digest = bank.rooms.digest(rows)
    to_sign = marks.to_sign((await _laid(bank, _PENDING, rows)).text, digest).decode() if digest else ""
    return {"confirmation": sealed, "confirmed_at": moment(now), "digest": digest, "to_sign": to_sign}


@router.post("/signature", summary="Sign the contract", response_model=Done)
async def sign(
    case: CasePath,
    signing: Signing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    archive: Archives,
    caller: Signer,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """CON-07, CON-18: confirmed, signed, effective and archived in one go; the money is on its way then."""
    del key
    number = await bank.known_case(case)
    said = seals.numbers_in(signing.confirmation)
    if (
        said is None
        or len(said) != 4
        or said[0] != number
        or not seals.is_sealed(bank.key, _CONFIRMATION, signing.confirmation)
    ):
        raise Problem(
            422,
            "Not confirmed",
            f"confirmation: none of this contract; POST /v1/applications/{number}/contract/confirmation gives one",
            field="confirmation",
            detail_zh="须先确认已阅读本合同，再行签署",
        )
    by_certificate = bank.rooms.certified and signing.mode == SignMode.ELECTRONIC
    if not by_certificate and (signing.serial != "0" or signing.digest or signing.mark):
        raise Problem(
            422,
            "Invalid request",
            "serial, digest, mark: this signature is by no certificate",
            field="serial",
            detail_zh="本次签署不使用数字证书，请勿填写 serial、digest、mark",
        )
    _, round_, attempt, confirmed_at = said
    about: dict[str, Any] = {"round": round_, "attempt": attempt, "mode": signing.mode, "confirmed_at": confirmed_at}
    about |= {"serial": int(signing.serial), "digest": signing.digest, "mark": signing.mark}
    about["person"] = acting(caller, signing.person) if signing.person or caller.person else 0
    rows = await pending_of(bank, number)
    offered = len(rows) and (int(rows["round"][0]), int(rows["attempt"][0])) == (round_, attempt)
    laid = await _laid(bank, _PENDING, rows) if offered else None
    if by_certificate and laid is not None:
        said_of = marks.to_sign(laid.text, signing.digest)
        await marks.prove(bank, number, int(signing.serial), signing.mark, said_of)
    if laid is not None:
        await asyncio.to_thread(archive.lay, laid)
    answer = await done(bank, request, caller, ContractSigned, number, about)
    await _told(bank, archive, number)
    return answer


@router.post("/changes", summary="Ask for another amount or term", response_model=Done)
async def change(
    case: CasePath,
    wish: Changing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("contracts:sign"))],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """CON-16, CON-17: the contract is withdrawn with a reason, and the application goes back to approval."""
    del key
    about = {name: getattr(wish, name) for name in ("round", "attempt", "amount_fen", "term_months", "reason")}
    return await done(bank, request, caller, ContractChangeRequested, await bank.known_case(case), about)


@router.post("/renewals", summary="Have an expired contract generated anew", response_model=Done)
async def renew(
    case: CasePath,
    which: Renewing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("contracts:sign"))],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """CON-15: an expired contract must be regenerated before it can be signed."""
    del key
    about = {"round": which.round, "attempt": which.attempt, "reason": which.reason}
    return await done(bank, request, caller, ContractRenewalRequested, await bank.known_case(case), about)


@router.post("/returns", summary="Return a contract for revision", response_model=Done)
async def send_back(
    case: CasePath,
    wrong: SendingBack,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Handler,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """CON-12, CON-17: an element is wrong; it is generated anew, and the customer is offered the new one."""
    del key
    return await _handle(bank, request, caller, ContractReturned, case, wrong)


@router.post("/cancellation", summary="Cancel a contract", response_model=Done)
async def cancel(
    case: CasePath,
    why: Cancelling,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Handler,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """CON-14, CON-17: name or ID number have changed; the case ends, and a new application is needed."""
    del key
    return await _handle(bank, request, caller, ContractCancelled, case, why)


@router.post("/contact", summary="Enter other contact details", response_model=Done)
async def change_contact(
    case: CasePath,
    contact: Contacting,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Handler,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """CON-13: information is updated, and the contract stands, waiting or signed."""
    del key
    number = await bank.known_case(case)
    of_case = [
        await bank.look("contracts", branch_with(case=number), table, "case", number) for table in (_PENDING, ARCHIVED)
    ]
    customers = [int(row["customer"]) for rows in of_case for row in rows]
    if not customers:
        raise Problem(404, "Not found", f"application {number} has no contract", detail_zh="该申请无合同")
    about = contact.model_dump(exclude={"person"}) | {"address": contact.address.strip(), "customer": customers[0]}
    about["person"] = acting(caller, contact.person)
    return await done(bank, request, caller, ChangeContact, number, about)


async def _handle(
    bank: Bank, request: Request, caller: Caller, kind: Kind, case: str, said: SendingBack | Cancelling
) -> dict[str, Any]:
    about = {"round": said.round, "attempt": said.attempt, "reason": said.reason}
    about["person"] = acting(caller, said.person)
    return await done(bank, request, caller, kind, await bank.known_case(case), about)


async def done(
    bank: Bank, request: Request, caller: Caller, kind: Kind, case: int, about: dict[str, Any]
) -> dict[str, Any]:
    """Tells the bank of a case's contract, under the caller's number, and waits for its answer."""
    number = request_number(request, caller.subject, kind)
    answer = await bank.done(kind, kind.rows(1, at=0, case=case, request=number, **about))
    return {"case": number_of(answer.number), "at": moment(answer.at)}


async def pending_of(bank: Bank, case: int) -> Rows:
    """A case's contract that waits for its signature, if any."""
    return await bank.look("contracts", branch_with(case=case), _PENDING, "case", case)


async def written(bank: Bank, archive: Archive, case: int) -> Written:
    """The text of a case's contract; Problem 404 where it has none that waits or was signed."""
    rows = await pending_of(bank, case)
    if len(rows):
        laid = await _laid(bank, _PENDING, rows)
        return Written(laid.number, laid.text, int(rows["offered_at"][0]), None)
    found = archive.of(case) or await _told(bank, archive, case)
    if found is None:
        raise _none(case)
    return Written(found.number, archive.text(found.number), found.signed_at, found)


async def _told(bank: Bank, archive: Archive, case: int) -> Archived | None:
    """The archived contract of a case, once the archive has been told what the bank says of its signature. A text that was laid
    down stays; one that never was, since nobody signed through a gateway, or that was lost, is filled in again from the book."""
    rows = await archived_of(bank, case)
    if len(rows):
        laid = await _laid(bank, ARCHIVED, rows)
        mode, *instants = (int(rows[name][0]) for name in ("mode", "confirmed_at", "signed_at"))
        await asyncio.to_thread(archive.sign, laid, SignMode(mode), *instants)
    return archive.of(case)


async def _laid(bank: Bank, table: str, rows: Rows) -> Laid:
    """A contract of the bank's, from its row in a table, as it is archived."""
    [cell], row = bank.cells("customers"), rows[0]
    [customer] = await bank.looks(cell, Look("customers", "customer", (int(row["customer"]),)))
    [texts] = await bank.looks(cell, Look("texts", "case", (int(customer["texts"][0]),)))
    identity = bank.rooms.identity(customer, texts)
    case, customer_ = int(row["case"]), int(row["customer"])
    [own_words] = await bank.looks(cell, Look("texts", "case", (case,)))
    number, text = bank.rooms.contract(table, rows, identity, own_words)
    product = bank.product_keys[int(row["product"])]
    return Laid(number, case, customer_, identity.name, branch_with(case=case), product, text)


async def _past(bank: Bank, case: int) -> dict[str, Any]:
    """A contract that has left the desk: a signed one from the bank's archive, another one as the case's events tell it."""
    for row in await archived_of(bank, case):
        return agreed(bank, row) | {
            "state": ContractState.ARCHIVED.name.lower(),
            "signed_at": moment(int(row["signed_at"])),
        }
    _, events = await bank.story(case)
    for row in events[::-1]:
        if (event := int(row["event"])) in _AFTER:
            state = _AFTER[EVENTS[event]]
            return {"case": str(case), "state": state.name.lower(), "amount_fen": int(row["amount_fen"])}
    raise _none(case)


def _none(case: int) -> Problem:
    says = f"application {case} has no contract that waits for a signature or was signed"
    return Problem(404, "Not found", says, detail_zh="该申请无待签署或已签署的合同")
