"""Other terms (重组) over HTTP: a customer asks for them and signs them, the team sets the shares of each instalment by hand, and
whoever may see the loan sees how far it is (REP-03, REP-13, NPL-11, NPL-12). Proposals, approvals and inspections are
decisions on tasks, as any other (`actors.gateway.tasks`)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from actors.gateway.bank import Bank, acting, bank_of, bits, branch_with, day, label, moment, request_number
from actors.gateway.callers import Caller, needs
from actors.gateway.coded import ByName
from actors.gateway.models import Body, IdempotencyKey, LoanPath, MaterialName, Model, Person, shown
from actors.gateway.problems import Problem
from actors.host import Look
from credit.codes_trouble import Hardship, Measure, ReferralCause, RiskClass
from credit.restructuring.contract import AnswerTerms, DraftRestructuringPlan, Finding, RequestRestructuring, room
from credit.restructuring.states import CaseState

router = APIRouter(prefix="/v1/loans/{loan}/restructuring", tags=["restructuring"])

_STAGES_MAX = 12
_STAGES_LONGEST = DraftRestructuringPlan.dtype["stages"].itemsize // 4
Reader = Annotated[Caller, Depends(needs("loans:read"))]
Debtor = Annotated[Caller, Depends(needs("terms:request"))]
Worker = Annotated[Caller, Depends(needs("collections:work"))]


class Asked(Body):
    """Why other terms are asked for, and the proofs that are shown."""

    model_config = shown({"hardship": "income_lost", "proof": ["income_proof"]})

    hardship: Annotated[Hardship, ByName(Hardship)]
    proof: Annotated[list[MaterialName], Field(max_length=20)] = []


class Signing(Body):
    """Whether the customer accepts the terms that he is offered."""

    model_config = shown({"accept": True})

    accept: bool


class Stage(Body):
    """The share of the principal that an instalment repays."""

    instalment: Annotated[int, Field(ge=1, le=480)]
    """Counted from the first of the new plan."""
    share_ppm: Annotated[int, Field(ge=1, le=1_000_000)]


class Draft(Body):
    """A plan by hand: of so many months, interest every so often and with the last, principal in stages that sum to 1,000,000."""

    model_config = shown(
        {
            "person": "1360001",
            "months": 24,
            "interest_every": 6,
            "stages": [
                {"instalment": 12, "share_ppm": 300_000},
                {"instalment": 18, "share_ppm": 300_000},
                {"instalment": 24, "share_ppm": 400_000},
            ],
        }
    )

    person: Person | None = None
    months: Annotated[int, Field(ge=1, le=480)]
    interest_every: Annotated[int, Field(ge=1, le=480)]
    stages: Annotated[list[Stage], Field(min_length=1, max_length=_STAGES_MAX)]


class Taken(Model):
    """What was asked for is done."""

    loan: str
    at: str | None


class Standing(Model):
    """How far a restructuring is, or how its loan is observed; what does not apply is null."""

    model_config = shown(
        {
            "loan": "100000000101",
            "state": "offered",
            "cause": "months_overdue",
            "hardship": "cash_short",
            "measure": "staged",
            "months": 24,
            "lapses_at": "2026-09-17T11:13:04.974+08:00",
        }
    )

    loan: str
    state: str
    """requested, analysed, proposed, confirming, offered, signed, ended; observed once the terms have changed; none."""
    cause: str | None = None
    hardship: str | None = None
    measure: str | None = None
    months: int | None = None
    free_months: int | None = None
    lapses_at: str | None = None
    retry_on: str | None = None
    """Ended without new terms: the day from which the loan may be referred again."""
    risk_class: str | None = None
    observed_until: str | None = None
    inspections: int | None = None
    last_finding: str | None = None
    defaults: int | None = None


@router.get("", summary="How far other terms are", response_model=Standing, response_model_exclude_none=True)
async def show(loan: LoanPath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """The case that is open or ended lately, else how the loan is observed."""
    del caller
    number = await bank.known_loan(loan)
    cell = bank.cell(room.name, branch_with(loan=number))
    cases, watched = await bank.looks(cell, Look("cases", "loan", (number,)), Look("watched", "loan", (number,)))
    said: dict[str, Any] = {"loan": str(number), "state": "none"}
    if len(watched):
        row = watched[0]
        said |= {
            "state": "observed",
            "measure": label(Measure(int(row["measure"]))),
            "risk_class": label(RiskClass(int(row["risk_class"]))),
            "observed_until": day(int(row["observe_until"])),
            "inspections": int(row["inspections"]),
            "last_finding": label(Finding(int(row["finding"]))) if row["finding"] else None,
            "defaults": int(row["defaults"]),
        }
    return said | (_case(cases[0]) if len(cases) else {})


def _case(row: Any) -> dict[str, Any]:
    measure = int(row["measure"])
    return {
        "state": label(CaseState(int(row["state"]))),
        "cause": label(ReferralCause(int(row["cause"]))),
        "hardship": label(Hardship(int(row["hardship"]))),
        "measure": label(Measure(measure)) if measure else None,
        "months": int(row["months"]) or None,
        "free_months": int(row["free_months"]) or None,
        "lapses_at": moment(int(row["lapses_at"])),
        "retry_on": day(int(row["retry_day"])),
    }


@router.post("", summary="Ask for other terms", response_model=Taken)
async def ask(
    loan: LoanPath,
    body: Asked,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Debtor,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """REP-13: a customer says his hardship and shows a proof of it; the restructuring team has the case a day later."""
    del key
    number = await bank.known_loan(loan)
    about = {"hardship": int(body.hardship), "proof": bits(body.proof)}
    asked = request_number(request, caller.subject, RequestRestructuring)
    rows = RequestRestructuring.rows(1, at=0, loan=number, request=asked, **about)
    return {"loan": str(number), "at": moment((await bank.done(RequestRestructuring, rows)).at)}


@router.post("/signature", summary="Sign other terms, or not", response_model=Taken)
async def sign(
    loan: LoanPath,
    body: Signing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Debtor,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Within the time that they hold. The plan begins anew a day later."""
    del key
    number = await bank.known_loan(loan)
    asked = request_number(request, caller.subject, AnswerTerms)
    rows = AnswerTerms.rows(1, at=0, loan=number, accept=body.accept, request=asked)
    return {"loan": str(number), "at": moment((await bank.done(AnswerTerms, rows)).at)}


@router.post("/plan", summary="Set the shares of a plan by hand", response_model=Taken)
async def draft(
    loan: LoanPath,
    body: Draft,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Worker,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """REP-03: of this loan alone, by one of the team before he proposes it; the proposal is then bound to it."""
    del key
    number = await bank.known_loan(loan)
    kind = DraftRestructuringPlan
    stages = " ".join(
        f"{one.instalment}:{one.share_ppm // 10_000}.{one.share_ppm % 10_000:04}".rstrip("0").rstrip(".")
        for one in body.stages
    )
    if len(stages) > _STAGES_LONGEST:
        raise Problem(
            422,
            "Invalid request",
            "stages: fewer of them, or rounder shares",
            field="stages",
            detail_zh="还款阶段过多或比例过细，请减少阶段或取整比例",
        )
    rows = kind.rows(
        1,
        at=0,
        loan=number,
        person=acting(caller, body.person),
        months=body.months,
        interest_every=body.interest_every,
        stages=stages,
        request=request_number(request, caller.subject, kind),
    )
    return {"loan": str(number), "at": moment((await bank.done(kind, rows)).at)}
