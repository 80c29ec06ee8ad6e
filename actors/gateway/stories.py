"""A case's whole story over HTTP, form to ledger, for staff: what `lendrill explain` tells of a run, told by the same teller
(`results.steps`, `results.telling`) of the events and papers of a live bank. Who may not see a contract, an opinion or a plan
elsewhere does not see it here, and numbers of persons and accounts are masked as everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from actors.gateway.archive import Archive
from actors.gateway.bank import Bank, bank_of, branch_with, moment
from actors.gateway.callers import Caller, needs
from actors.gateway.contracts import Archives, written
from actors.gateway.loans import plan_of
from actors.gateway.models import CasePath, Model, shown
from actors.gateway.problems import Problem
from actors.host import Look
from actors.identity.masking import ACCOUNTS, PII, masked_text
from actors.identity.masking import shown as as_seen
from credit.approval.contract import room as approval
from credit.customers.contract import Event as CustomerEvent
from credit.due_diligence.contract import room as due_diligence
from credit.head_office.contract import room as head_office
from credit.ledger.contract import room as ledger
from credit.room import Rows
from credit.texts import Field, joined
from results import names
from results.steps import Kept, Told, code_of, live_story, plain
from results.telling import told

router = APIRouter(prefix="/v1/applications/{case}", tags=["applications"])
_WORDS = ("opinion", "background", "finance")


class Step(Model):
    """One thing that happened, with the paper that belongs to it. `value`: what the event counts, which `counts` says."""

    at: str | None
    room: str
    event: str
    words: list[str]
    """In English and Chinese."""
    actor: str
    loan: str | None = None
    amount_fen: int | None = None
    reason: str | None = None
    counts: str | None = None
    value: int | None = None
    form: dict[str, Any] | None = None
    opinion: dict[str, Any] | None = None
    statement: dict[str, Any] | None = None
    contract: dict[str, Any] | None = None
    schedule: list[dict[str, Any]] | None = None


class CaseStory(Model):
    """The story of a case, in causal order, and where it stands; `principal_fen`: by loan, as the ledger has it."""

    model_config = shown(
        {
            "case": "1000000001",
            "as_of": "2026-03-21T09:00:00.000+08:00",
            "stands_at": "loan_disbursed",
            "principal_fen": {"100000000101": 5_000_000},
            "became": {},
            "steps": [
                {
                    "at": "2026-02-10T10:00:45.000+08:00",
                    "room": "contracts",
                    "event": "contract_generated",
                    "words": ["contract generated", "生成合同"],
                    "actor": "system",
                    "amount_fen": 5_000_000,
                    "counts": "attempt in its round",
                    "value": 1,
                    "contract": {"number": "1000000001-0-1-V1", "text": "个人消费贷款合同…"},
                }
            ],
        }
    )

    case: str
    as_of: str | None
    stands_at: str
    principal_fen: dict[str, int]
    became: dict[str, str]
    """What has become of loans since they were paid out: restructured, settled, written off."""
    steps: list[Step]


@router.get(
    "/story",
    summary="The whole story of a case",
    response_model=CaseStory,
    response_model_exclude_none=True,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def story(
    case: CasePath,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    archive: Archives,
    caller: Annotated[Caller, Depends(needs("applications:read"))],
) -> Any:
    """Form, checks, opinions, contract text, payment, plan and book, as JSON, or as `lendrill explain` writes it where `Accept`
    asks for `text/plain`. Without contracts:read no contract text, without tasks:read no opinions and statements, without
    loans:read no plans and balances."""
    if caller.kind != "staff":
        raise Problem(
            403,
            "Forbidden",
            "the story is told to staff; GET /v1/applications/{case} says where your application stands",
            detail_zh="全程记录仅供员工查看；本人申请进度请查询申请",
        )
    number = await bank.known_case(case)
    now, events = await bank.story(number)
    found = live_story(number, now, events, await _kept(bank, archive, caller, number, events))
    found = dict(as_seen(found, caller))
    if "text/plain" in request.headers.get("accept", ""):
        lines = told(found, names.products(bank.policies))
        return Response("\n".join(lines) + "\n", media_type="text/plain; charset=utf-8")
    return _as_json(found)


async def _kept(bank: Bank, archive: Archive, caller: Caller, case: int, events: Rows) -> Kept:
    """What the rooms still have of a case, as far as the caller may see it."""
    opinions, statements = await _opinions(bank, caller, case)
    plans, principal = await _loans(bank, caller, case, events)
    return Kept(
        await _form(bank, caller, case, events),
        opinions,
        statements,
        await _contract(bank, archive, caller, case),
        plans,
        principal,
    )


async def _form(bank: Bank, caller: Caller, case: int, events: Rows) -> Told:
    """Of the form: who he is by his file, what was asked for, and the case's own texts."""
    said: Told = {}
    if len(first := events[events["product"] > 0][:1]):
        said = {"product": int(first["product"][0]), "amount_fen": int(events["amount_fen"][0])}
    [cell] = bank.cells("customers")
    [texts] = await bank.looks(cell, Look("texts", "case", (case,)))
    made = events[events["event"] == CustomerEvent.CUSTOMER_CREATED]
    number = int(made["value"][0]) if len(made) else await _customer(bank, case)
    [customer] = await bank.looks(cell, Look("customers", "customer", (number,)))
    if len(customer):
        [last] = await bank.looks(cell, Look("texts", "case", (int(customer["texts"][0]),)))
        said |= bank.rooms.identity(customer, last)._asdict()
    whole = joined(texts)
    for field, name in ((Field.PURPOSE, "purpose"), (Field.REMARK, "remark")):
        if whole.get(field):
            said[name] = _text(caller, str(whole[field]))
    return said


async def _customer(bank: Bank, case: int) -> int:
    """Whose a case is that a customer of before has handed in; 0 where no room has it any more."""
    for room, table in (("contracts", "archived"), ("contracts", "contracts"), ("approval", "cases")):
        if len(rows := await bank.look(room, branch_with(case=case), table, "case", case)):
            return int(rows["customer"][0])
    return 0


async def _opinions(bank: Bank, caller: Caller, case: int) -> tuple[list[Told], list[Told]]:
    if not caller.may("tasks:read"):
        return [], []
    branch = branch_with(case=case)
    rows = [
        row for room in (approval, head_office) for row in await bank.look(room.name, branch, "opinions", "case", case)
    ]
    opinions = [one | {name: _text(caller, one[name]) for name in _WORDS} for one in map(plain, rows)]
    books = [plain(row) for row in await bank.look(due_diligence.name, branch, "statements", "case", case)]
    return opinions, [one | {"at": one["recorded_at"]} for one in books]


async def _contract(bank: Bank, archive: Archive, caller: Caller, case: int) -> Told:
    if not caller.may("contracts:read"):
        return {}
    try:
        found = await written(bank, archive, case)
    except Problem:
        return {}
    return {"number": found.number, "text": _text(caller, found.text)}


async def _loans(bank: Bank, caller: Caller, case: int, events: Rows) -> tuple[dict[int, list[Told]], dict[int, int]]:
    """The running plans and the ledger's balances of a case's loans."""
    loans = sorted({int(loan) for loan in events["loan"] if loan})
    if not caller.may("loans:read"):
        return {}, {}
    plans = {loan: [line | {"due_day": line["due_on"]} for line in await plan_of(bank, loan)] for loan in loans}
    rows: Rows | list[Any] = (
        await bank.look(ledger.name, branch_with(case=case), "loans", "loan", *loans) if loans else []
    )
    return plans, {int(row["loan"]): int(row["principal"]) for row in rows}


def _text(caller: Caller, text: str) -> str:
    """A running text, whole for who may see whole numbers of persons and accounts."""
    return text if caller.may(PII) and caller.may(ACCOUNTS) else masked_text(text)


def _as_json(found: Mapping[str, Any]) -> dict[str, Any]:
    stands = found["ends"]
    return {
        "case": str(found["case"]),
        "as_of": moment(found["now"]),
        "stands_at": stands["event"],
        "principal_fen": {str(loan): fen for loan, fen in stands["principal_fen"].items()},
        "became": {str(loan): event for loan, event in stands["became"].items()},
        "steps": [_step(step) for step in found["steps"]],
    }


def _step(step: Told) -> dict[str, Any]:
    papers = {name: step[name] for name in ("form", "opinion", "statement", "contract", "schedule") if name in step}
    said = code_of(step).said
    counted = {"counts": said.counts, "value": step["value"]} if said.counts and step["value"] else {}
    whole = {name: step[name] for name in ("room", "event", "actor")} | counted | papers
    whole |= {"at": moment(step["at"]), "words": list(said.words), "loan": str(step["loan"]) if step["loan"] else None}
    return whole | {"amount_fen": step["amount_fen"] or None, "reason": step["reason"]}
