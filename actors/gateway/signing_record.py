"""How a contract came to be signed (签约过程记录, CON-07), over HTTP: what was shown to the customer, when he confirmed that he
had read it and when he signed it, by which channel, before whom, and who had checked it."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends

from actors.gateway.agreed import archived_of
from actors.gateway.bank import Bank, bank_of, branch_with, label, moment, number_of
from actors.gateway.contracts import Archives, Reader, written
from actors.gateway.models import CasePath, Model, shown
from actors.gateway.problems import Problem
from credit.contracts.states import SignMode

router = APIRouter(prefix="/v1/applications/{case}/contract", tags=["contracts"])


class SigningRecord(Model):
    """The process of a signature, step by step, from the bank's archive; it never changes."""

    model_config = shown(
        {
            "case": "1000000001",
            "number": "1000000001-0-1-V1",
            "round": 0,
            "attempt": 1,
            "digest": "4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b",
            "text_sha256": "9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c",
            "offered_at": "2026-02-10T10:00:45.000+08:00",
            "checked_by": "1420001",
            "confirmed_at": "2026-02-10T14:02:10.000+08:00",
            "signed_at": "2026-02-10T14:12:10.000+08:00",
            "mode": "paper",
            "channel": "counter",
            "before": "1410001",
            "serial": None,
        }
    )

    case: str
    number: str
    round: int
    attempt: int
    digest: str
    """SHA-256 over the clauses shown and every value written into them, the customer's number standing for his name."""
    text_sha256: str
    """SHA-256 of the whole text, as `GET …/contract/document` gives it to who may see all numbers."""
    offered_at: str | None
    checked_by: str | None
    """Who had checked amount, term and rate; null where its mode asks for no check."""
    confirmed_at: str | None
    signed_at: str | None
    mode: str
    channel: Literal["counter", "online"]
    """At the counter before a member of staff, or by the customer himself, online."""
    before: str | None
    """The member of staff before whom it was signed; null: the customer by himself."""
    serial: str | None
    """Of the certificate by which it was signed, if any."""


@router.get("/record", summary="How the contract was signed", response_model=SigningRecord)
async def record(
    case: CasePath, bank: Annotated[Bank, Depends(bank_of)], archive: Archives, caller: Reader
) -> dict[str, Any]:
    """CON-07: what was shown, when, by which channel, by whom; of a signed contract alone."""
    del caller
    number = await bank.known_case(case)
    signed = await archived_of(bank, number)
    if not len(signed):
        says = f"application {number} has no signed contract"
        raise Problem(404, "Not found", says, detail_zh="该申请无已签署的合同")
    row, text = signed[0], await written(bank, archive, number)
    certified = await bank.look("contracts", branch_with(case=number), "signatures", "case", number)
    by_hand = int(row["mode"]) == SignMode.PAPER or row["person"] > 0
    return {
        "case": number_of(number),
        "number": text.number,
        "round": int(row["round"]),
        "attempt": int(row["attempt"]),
        "digest": bank.rooms.shown(signed),
        "text_sha256": sha256(text.text.encode()).hexdigest(),
        **{name: moment(int(row[name])) for name in ("offered_at", "confirmed_at", "signed_at")},
        "mode": label(SignMode(int(row["mode"]))),
        "channel": "counter" if by_hand else "online",
        "checked_by": number_of(row["checked_by"]) if row["checked_by"] else None,
        "before": number_of(row["person"]) if row["person"] else None,
        "serial": str(int(certified["serial"][0])) if len(certified) else None,
    }
