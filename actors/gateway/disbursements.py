"""Disbursement (放款) over HTTP: where a payment stands, drawdowns, conditions, evidence of use, restrictions, and the voucher of
a payment, which anybody can have verified (DIS-07 to DIS-16, PRD-09, APR-13)."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from actors.gateway import seals
from actors.gateway.bank import (
    Bank,
    acting,
    attesting,
    bank_of,
    bits,
    branch_with,
    case_of_loan,
    label,
    moment,
    number_of,
    payment_of,
    reason_words,
    request_number,
)
from actors.gateway.callers import Caller, needs
from actors.gateway.models import (
    AccountNumber,
    Body,
    CasePath,
    IdempotencyKey,
    LoanPath,
    MaterialName,
    Model,
    Person,
    shown,
)
from actors.gateway.problems import Problem
from actors.host import Look
from actors.identity.masking import shown as as_seen
from credit.codes import Material
from credit.disbursement.contract import ConditionFulfilled, DrawdownRequested, Event, RestrictLimit, UseEvidenceFiled
from credit.disbursement.states import FacilityState, PaymentState
from credit.room import EVENTS, Kind, Rows

router = APIRouter(prefix="/v1", tags=["disbursement"])

_VOUCHER = "disbursement voucher"
_TOLD = (
    Event.DISBURSEMENT_INITIATED,
    Event.DISBURSEMENT_REVIEWED,
    Event.DISBURSEMENT_REJECTED,
    Event.INSTRUCTION_SENT,
    Event.PAYMENT_DELAYED,
    Event.PAYMENT_FAILED,
    Event.PAYMENT_RETRIED,
    Event.FUNDS_ARRIVED,
    Event.LOAN_DISBURSED,
    Event.USE_VERIFIED,
    Event.USE_REJECTED,
    Event.PAYMENT_STOPPED,
)
"""The steps of a payment (DIS-15)."""
Reader = Annotated[Caller, Depends(needs("disbursements:read"))]
Asker = Annotated[Caller, Depends(needs("contracts:sign"))]


class Step(Model):
    """What happened to a payment."""

    at: str | None
    event: str
    words: list[str]
    amount_fen: int
    reason: dict[str, Any] | None = None


class Disbursement(Model):
    """A loan's payment, from its beginning to its arrival."""

    model_config = shown(
        {
            "loan": "100000000101",
            "transaction": "1000000001010001",
            "state": "disbursed",
            "amount_fen": 5_000_000,
            "attempts": 1,
            "steps": [],
        }
    )

    loan: str
    transaction: str
    state: str
    """As `PaymentState` has it; `disbursed` or `stopped` once it is over."""
    amount_fen: int
    attempts: int
    """Instructions sent."""
    leaves_at: str | None = None
    purpose: str | None = None
    """Of a drawdown: what it is for, while the payment is under way."""
    delayed: bool = False
    """Late, and still under way."""
    steps: list[Step]


class Facility(Model):
    """A contract of which more than one payment, or none yet, can be made: its limit and what is drawn of it."""

    case: str
    state: str
    limit_fen: int
    drawn_fen: int
    paid_fen: int
    restored_fen: int
    available_fen: int
    restricted: bool
    conditions: list[str]
    """Materials still to come (APR-13)."""
    valid_until: str | None


class Drawing(Body):
    """A drawdown on a revolving limit (PRD-04); `number` counts the requests of the case. `term_months`: one that the product
    offers, at most the term that was approved and that the contract names. `purpose`: one of those that the
    product lends for; `payee_account`: who is paid, where the product pays him (受托支付)."""

    model_config = shown(
        {
            "amount_fen": 2_000_000,
            "term_months": 6,
            "number": 1,
            "purpose": "采购原材料",
            "payee_account": "6222000000000000001",
        }
    )

    amount_fen: int = Field(ge=0, lt=1 << 53)
    term_months: int = Field(ge=0, le=1_000)
    number: int = Field(default=1, ge=1, le=1_000_000)
    purpose: str = Field(default="", max_length=12)
    payee_account: AccountNumber | None = None


class Fulfilling(Body):
    """Materials that have come."""

    model_config = shown({"materials": ["lease_contract"]})

    materials: list[MaterialName] = Field(min_length=1, max_length=20)


class Restricting(Body):
    """A limit is restricted, or let go on; `reason` as the bank numbers them."""

    model_config = shown({"restricted": True, "reason": 509, "person": "1110001"})

    restricted: bool
    reason: int = Field(ge=0, le=9_999)
    person: Person | None = None


class Filing(Body):
    """Evidence of what a tranche was spent on is filed (DIS-16); a verifier of the bank looks at it."""

    model_config = shown({})


class Done(Model):
    """What was asked for is done. `number`: the case or loan that it is about."""

    number: str
    at: str | None


class Voucher(Model):
    """What an e-voucher (电子凭证) says (DIS-10): amount, time, account, and the code under which it is verified."""

    model_config = shown(
        {
            "code": "100000000101-ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            "loan": "100000000101",
            "transaction": "1000000001010001",
            "amount_fen": 5_000_000,
            "paid_at": "2026-02-10T10:28:45.000+08:00",
            "account": "6217000000000000001",
        }
    )

    code: str
    loan: str
    transaction: str
    amount_fen: int
    paid_at: str | None
    account: str


@router.get("/loans/{loan}/disbursement", summary="Where a payment stands", response_model=Disbursement)
async def show(loan: LoanPath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """State, attempts and every step (DIS-15)."""
    del caller
    number = await bank.known_loan(loan)
    [rows] = await bank.looks(bank.cell("disbursement", branch_with(loan=number)), Look("payments", "loan", (number,)))
    steps = await _steps(bank, number)
    said: dict[str, Any] = {
        "loan": str(number),
        "transaction": str(payment_of(number)),
        "attempts": int((steps["event"] == Event.INSTRUCTION_SENT).sum()),
        "steps": [_step(row) for row in steps],
    }
    if len(rows):
        payment = rows[0]
        return said | {
            "state": label(PaymentState(int(payment["state"]))),
            "amount_fen": int(payment["amount_fen"]),
            "attempts": int(payment["attempt"]),
            "leaves_at": moment(int(payment["leaves_at"])),
            "delayed": bool(payment["delayed"] and payment["state"] == PaymentState.SENT),
            "purpose": str(payment["purpose"]) or None,
        }
    if not len(steps):
        raise Problem(
            404, "Not found", f"nothing is known of the payment of loan {number}", detail_zh="该笔贷款无放款记录"
        )
    stopped = int(steps["event"][-1]) == Event.PAYMENT_STOPPED
    return said | {"state": "stopped" if stopped else "disbursed", "amount_fen": int(steps["amount_fen"][-1])}


@router.get("/applications/{case}/facility", summary="A limit and what is drawn of it", response_model=Facility)
async def facility(case: CasePath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """Of a revolving limit, a staged loan, or a contract whose conditions are open."""
    del caller
    number = await bank.known_case(case)
    rows = await bank.look("disbursement", branch_with(case=number), "facilities", "case", number)
    if not len(rows):
        raise Problem(404, "Not found", f"application {number} has no facility", detail_zh="该申请无授信额度")
    row = rows[0]
    used = int(row["drawn_fen"]) - int(row["restored_fen"])
    return {
        "case": str(number),
        "state": label(FacilityState(int(row["state"]))),
        "limit_fen": int(row["amount_fen"]),
        "available_fen": int(row["amount_fen"]) - used,
        **{name: int(row[name]) for name in ("drawn_fen", "paid_fen", "restored_fen")},
        "restricted": bool(row["restricted"]),
        "conditions": [str(one.name).lower() for one in Material if int(row["conditions"]) & one],
        "valid_until": moment(int(row["valid_until"])),
    }


@router.post("/applications/{case}/drawdowns", summary="Draw on a limit", response_model=Done)
async def draw(
    case: CasePath,
    drawing: Drawing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Asker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """PRD-04, PRD-09: within the limit, for a purpose and a term that the product offers, and no longer than what was approved
    for the limit: a longer term is refused as such."""
    del key
    about = {name: getattr(drawing, name) for name in ("amount_fen", "term_months", "number", "purpose")}
    about["payee_account"] = int(drawing.payee_account or 0)
    return await _do(bank, request, caller, DrawdownRequested, {"case": await bank.known_case(case)} | about)


@router.post("/applications/{case}/conditions", summary="Bring what was still to come", response_model=Done)
async def fulfil(
    case: CasePath,
    fulfilling: Fulfilling,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("materials:attest"))],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """APR-13: once all conditions are met the payment begins. Who brings the papers has them seen at a counter."""
    del key
    about = {"case": await bank.known_case(case), "conditions": bits(fulfilling.materials)}
    about["attested"] = attesting(caller, fulfilling.materials)
    return await _do(bank, request, caller, ConditionFulfilled, about)


@router.post("/loans/{loan}/use-evidence", summary="File evidence of use", response_model=Done)
async def file(
    loan: LoanPath,
    filing: Filing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Asker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """DIS-16: the next tranche waits for it."""
    del key, filing
    return await _do(bank, request, caller, UseEvidenceFiled, {"loan": await bank.known_loan(loan), "genuine": 1})


@router.post("/applications/{case}/limit-restrictions", summary="Restrict a limit", response_model=Done)
async def restrict(
    case: CasePath,
    restricting: Restricting,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("facilities:restrict"))],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """PRD-09 (限制用信): somebody of the bank restricts the use of a limit, or lifts the restriction."""
    del key
    about = {
        "case": await bank.known_case(case),
        "restricted": restricting.restricted,
        "reason": restricting.reason,
        "operator": acting(caller, restricting.person),
    }
    return await _do(bank, request, caller, RestrictLimit, about)


@router.get("/loans/{loan}/voucher", summary="The voucher of a payment", response_model=Voucher)
async def voucher(loan: LoanPath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """DIS-10: of a loan that was paid out."""
    return dict(as_seen(await voucher_of(bank, await bank.known_loan(loan)), caller))


@router.get("/vouchers/{code}", summary="Verify a voucher", response_model=Voucher)
async def verify(
    code: Annotated[
        str,
        Path(max_length=80, examples=["100000000101-ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"], description="On the voucher."),
    ],
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("disbursements:read"))],
) -> dict[str, Any]:
    """DIS-11: what a genuine voucher of this code says, to be compared with the one in hand; 404 for a forged one. Who
    has the code has the voucher: nobody can make one up."""
    found = await genuine(bank, code)
    if found is None:
        raise Problem(
            404, "Not genuine", "no voucher of the bank bears this code", detail_zh="本行无此凭证，防伪码不符"
        )
    return dict(as_seen(found, caller))


async def voucher_of(bank: Bank, loan: int) -> dict[str, Any]:
    """What the voucher of a loan says, with its code; Problem 404 where the loan is not paid out."""
    said = await _paid(bank, loan)
    if said is None:
        raise Problem(404, "Not found", f"loan {loan} is not paid out yet", detail_zh="该笔贷款尚未放款")
    return _voucher(loan, said) | {"code": seals.sealed(bank.key, _VOUCHER, (loan,), _says(loan, said))}


async def genuine(bank: Bank, code: str) -> dict[str, Any] | None:
    """What the genuine voucher of a code says; None for a forged one (DIS-11)."""
    numbers = seals.numbers_in(code)
    if numbers is None or len(numbers) != 1 or not 0 < numbers[0] < 1 << 63:
        return None
    [loan] = numbers
    said = await _paid(bank, loan) if 1 <= branch_with(loan=loan) <= bank.branches else None
    if said is None or not seals.is_sealed(bank.key, _VOUCHER, code, _says(loan, said)):
        return None
    return _voucher(loan, said) | {"code": code}


async def _steps(bank: Bank, loan: int) -> Rows:
    _, events = await bank.story(case_of_loan(loan))
    mine: Rows = events[(events["loan"] == loan) & np.isin(events["event"], [int(one) for one in _TOLD])]
    return mine


async def _paid(bank: Bank, loan: int) -> Any | None:
    """The event of a loan's arrival."""
    _, events = await bank.story(case_of_loan(loan))
    found = events[(events["loan"] == loan) & (events["event"] == Event.LOAN_DISBURSED)]
    return found[0] if len(found) else None


def _voucher(loan: int, said: Any) -> dict[str, Any]:
    return {
        "loan": str(loan),
        "transaction": str(payment_of(loan)),
        "amount_fen": int(said["amount_fen"]),
        "paid_at": moment(int(said["at"])),
        "account": str(said["value"]),
    }


def _says(loan: int, said: Any) -> str:
    """All that a voucher says, as it is sealed."""
    return "\n".join(str(value) for _, value in sorted(_voucher(loan, said).items()))


def _step(row: Any) -> dict[str, Any]:
    event, reason = EVENTS[int(row["event"])], int(row["reason"])
    said: dict[str, Any] = {
        "at": moment(int(row["at"])),
        "event": label(event),
        "words": list(event.said.words),
        "amount_fen": int(row["amount_fen"]),
    }
    return said | ({"reason": reason_words(reason)} if reason and event.said.refuses else {})


async def _do(bank: Bank, request: Request, caller: Caller, kind: Kind, about: dict[str, Any]) -> dict[str, Any]:
    number = request_number(request, caller.subject, kind)
    answer = await bank.done(kind, kind.rows(1, at=0, request=number, **about))
    return {"number": number_of(answer.number), "at": moment(answer.at)}
