"""Loans (贷款) over HTTP: what is owed and when, the plan, every movement of money, payments and early repayment (REP-01, REP-04,
REP-05, REP-10 to REP-12). Whatever is reckoned here, the room's own code reckons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, model_validator

from actors.gateway.agreed import agreed, archived_of
from actors.gateway.bank import Bank, bank_of, branch_with, case_of_loan, day, label, moment, refusal, request_number
from actors.gateway.callers import Caller, needs
from actors.gateway.models import Body, ChannelName, Fen, IdempotencyKey, LoanPath, Model, shown
from actors.gateway.problems import Problem
from actors.host import Look
from credit.codes import Method
from credit.disbursement.contract import Event as Paying
from credit.ledger import contract as ledger
from credit.numbers import branch_and_product, instalment_number
from credit.policies.ledger import BY_LOAN
from credit.repayment.contract import EarlyRepaymentRequested, Event, PaymentMade
from credit.repayment.states import LoanState
from credit.repayment.subsystem import RepaymentSubsystem
from credit.room import EVENTS, EventCode, Rows
from credit.schedules import LOWER_INSTALMENT, SHORTER_TERM
from credit.times import DAY_MS

router = APIRouter(prefix="/v1/loans/{loan}", tags=["loans"])

_TABLES = (
    ("loans", "loan"),
    ("arrears", "loan"),
    ("instalments", "loan"),
    ("written_off", "loan"),
    ("restructured", "loan"),
)
_DUE = ("principal_fen", "interest_fen", "penalty_fen")
_IN, _OUT, _NEITHER = "in", "out", "none"
_MOVES: dict[EventCode, str] = {
    Paying.FUNDS_ARRIVED: _OUT,
    Event.INSTALMENT_DUE: _NEITHER,
    Event.DEBIT_FAILED: _NEITHER,
    Event.PAYMENT_RECEIVED: _IN,
    Event.INSTALMENT_PAID: _IN,
    Event.EARLY_REPAYMENT: _IN,
    Event.PAYMENT_RETURNED: _NEITHER,
    Event.RECOVERY_RECEIVED: _IN,
    Event.LOAN_WRITTEN_OFF: _NEITHER,
    Event.LOAN_RESTRUCTURED: _NEITHER,
    Event.PENALTY_WAIVED: _NEITHER,
}
"""What moves money of a loan, or was to: into the bank, out of it, or neither."""
Reader = Annotated[Caller, Depends(needs("loans:read"))]
Payer = Annotated[Caller, Depends(needs("loans:repay"))]
CHOICES = {"none": 0, "shorter_term": SHORTER_TERM, "lower_instalment": LOWER_INSTALMENT}


class Due(Model):
    """An instalment to come."""

    number: int
    due_on: str | None
    principal_fen: int
    interest_fen: int
    payment_fen: int


class Loan(Model):
    """What a loan owes, by the book of repayment and by the general ledger."""

    model_config = shown(
        {
            "loan": "100000000101",
            "case": "1000000001",
            "state": "active",
            "product": "consumer_loan",
            "method": "equal_instalment",
            "rate_ppm": 60_000,
            "instalments": 12,
            "amount_fen": 5_000_000,
            "term_months": 12,
            "paid_out_at": "2026-02-10T10:06:30.000+08:00",
            "settled_at": None,
            "principal_fen": 5_000_000,
            "interest_fen": 0,
            "penalty_fen": 0,
            "accrued_interest_fen": 0,
            "arrears_fen": 0,
            "days_past_due": 0,
            "written_off_fen": 0,
            "next": {
                "number": 1,
                "due_on": "2026-03-10",
                "principal_fen": 405_332,
                "interest_fen": 25_000,
                "payment_fen": 430_332,
            },
            "ledger": {"principal_fen": 5_000_000},
        }
    )

    loan: str
    case: str
    state: str
    product: str | None = None
    method: str | None = None
    rate_ppm: int | None = None
    instalments: int | None = None
    amount_fen: int | None = None
    """Paid out."""
    term_months: int | None = None
    """As the contract has it, as are method and rate of a loan that has left the book: new terms may have come later."""
    paid_out_at: str | None = None
    settled_at: str | None = None
    principal_fen: int = 0
    """Not yet repaid, due or not."""
    interest_fen: int = 0
    """Due and not paid, as the penalty."""
    penalty_fen: int = 0
    accrued_interest_fen: int = Field(
        default=0,
        description=(
            "Of the running period, up to today, as the books have it; an early repayment is reckoned of the whole and may "
            "differ by a fen."
        ),
    )
    arrears_fen: int = 0
    """All that is due and not paid."""
    days_past_due: int = 0
    written_off_fen: int = 0
    next: Due | None = None
    ledger: dict[str, int] = {}


class Instalment(Due):
    """A line of the plan; of one that lies behind an earlier plan, only what was due is known."""

    principal_fen: int | None = None  # type: ignore[assignment]
    interest_fen: int | None = None  # type: ignore[assignment]
    balance_fen: int | None = None
    state: str


class Schedule(Model):
    """The running plan (还款计划)."""

    loan: str
    total_interest_fen: int | None = None
    instalments: list[Instalment]


class Move(Model):
    """A movement of money, or one that was to be."""

    at: str | None
    event: str
    words: list[str]
    amount_fen: int
    direction: str
    number: int | None = None


class Statement(Model):
    """All movements, oldest first, and their sums."""

    loan: str
    paid_out_fen: int
    received_fen: int
    moves: list[Move]


class Payment(Body):
    """A payment by the customer. What is more than is due goes back; to repay early is another request."""

    model_config = shown({"amount_fen": 430_332, "channel": "mobile_bank"})

    amount_fen: Fen
    channel: ChannelName


class Paid(Model):
    """What became of a payment."""

    loan: str
    at: str | None
    taken_fen: int
    returned_fen: int


class Early(Body):
    """Early repayment, in full or of a part of the principal; of a part, what the customer chooses for the rest (REP-12)."""

    model_config = shown({"full": False, "amount_fen": 1_000_000, "choice": "shorter_term"})

    full: bool
    amount_fen: Fen = 0
    choice: str = Field(default="none", pattern="^(none|shorter_term|lower_instalment)$")

    @model_validator(mode="after")
    def _one_of_both(self) -> Early:
        if self.full and (self.amount_fen or self.choice != "none"):
            raise ValueError("in full there is no amount and no choice: give full: false, or leave both out")
        if not self.full and not self.amount_fen:
            raise ValueError("amount_fen: give how much of the principal, or full: true")
        return self


class Quote(Model):
    """What an early repayment costs today, and the plan after it."""

    loan: str
    at: str | None
    principal_fen: int
    interest_fen: int
    fee_fen: int
    total_fen: int
    instalments_left: int
    next: Due | None = None


@router.get("", summary="What a loan owes", response_model=Loan)
async def show(loan: LoanPath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """Principal, interest, penalty, arrears, and what is due next."""
    del caller
    number, now = await bank.known_loan(loan), await bank.now()
    tables = await _tables(bank, number)
    branch = branch_with(loan=number)
    [kept] = await bank.looks(bank.cell(ledger.room.name, branch), Look("loans", "loan", (number,)))
    said: dict[str, Any] = {
        "loan": str(number),
        "case": str(case_of_loan(number)),
        "ledger": {f"{name}_fen": int(kept[name].sum()) for name in BY_LOAN},
    }
    _, events = await bank.story(case_of_loan(number))
    events = events[events["loan"] == number]
    said |= await _terms(bank, number, events)
    book = bank.rooms.book(tables).book
    if bool(book.find_loans(np.array([number]))[0] >= 0):
        return said | _on_book(bank, tables, number, now)
    if len(tables["written_off"]):
        claim = tables["written_off"][0]
        since = now // DAY_MS - int(claim["since_day"])
        return said | {
            "state": label(LoanState.WRITTEN_OFF),
            "written_off_fen": int(claim["balance_fen"]),
            "days_past_due": since,
        }
    settled = events[events["event"] == Event.LOAN_SETTLED]
    if not len(settled):
        raise Problem(404, "Not found", f"loan {number} is not paid out; see /v1/loans/{number}/disbursement")
    return said | {"state": label(LoanState.SETTLED), "settled_at": moment(int(settled["at"][-1]))}


async def _terms(bank: Bank, loan: int, events: Rows) -> dict[str, Any]:
    """What a loan was paid out under: its contract from the archive, which keeps it for good, and its payment from the trail."""
    said: dict[str, Any] = {}
    paid = events[events["event"] == Paying.FUNDS_ARRIVED]
    if len(paid):
        said = {"amount_fen": int(paid["amount_fen"][-1]), "paid_out_at": moment(int(paid["at"][-1]))}
    for row in await archived_of(bank, case_of_loan(loan)):
        terms = agreed(bank, row)
        said["product"] = bank.product_keys.get(int(row["product"]))
        said |= {name: terms[name] for name in ("method", "rate_ppm", "term_months")}
    return said


def _on_book(bank: Bank, tables: dict[str, Rows], number: int, now: int) -> dict[str, Any]:
    repayment = bank.rooms.book(tables)
    book, row, today = repayment.book, tables["loans"][0], now // DAY_MS
    owed = {name: int(tables["arrears"][name].sum()) for name in _DUE}
    since = int(tables["arrears"]["since_day"].max(initial=0))
    arrears = sum(owed.values())
    product = int(branch_and_product(tables["loans"]["group"])[1][0])
    return {
        "state": label(LoanState(int(row["state"]))),
        "product": bank.product_keys.get(product),
        "method": label(Method(int(row["method"]))),
        "rate_ppm": int(row["rate_ppm"]),
        "instalments": int(row["periods"]),
        "principal_fen": owed["principal_fen"] + int(row["balance_fen"]),
        "interest_fen": owed["interest_fen"],
        "penalty_fen": owed["penalty_fen"],
        "accrued_interest_fen": int(book.accrued_fen(np.zeros(1, dtype=np.int64), np.array([today]))[0]),
        "arrears_fen": arrears,
        "days_past_due": max(today - since, 0) if arrears else 0,
        "next": _next(repayment, number),
    }


@router.get("/schedule", summary="The plan", response_model=Schedule)
async def schedule(loan: LoanPath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """Due day, principal, interest and what is left after each instalment (REP-01, REP-04)."""
    del caller
    number = await bank.known_loan(loan)
    tables = await _tables(bank, number)
    _, events = await bank.story(case_of_loan(number))
    events = events[events["loan"] == number]
    lines: dict[Any, dict[str, Any]] = {line["number"]: line for line in _plan(bank.rooms.book(tables), number)}
    total = sum(line["interest_fen"] for line in lines.values()) if lines else None
    unpaid = {int(one) for one in instalment_number(tables["instalments"]["instalment"]).tolist()}
    for row in events[events["event"] == Event.INSTALMENT_DUE]:
        known = {
            "number": int(row["value"]),
            "due_on": day(int(row["at"]) // DAY_MS),
            "payment_fen": int(row["amount_fen"]),
        }
        lines.setdefault(known["number"], known)
    fell_due = set(events["value"][events["event"] == Event.INSTALMENT_DUE].tolist())
    ahead = int(tables["loans"]["number"][0]) if len(tables["loans"]) else 1 << 30
    for line in lines.values():
        due = line["number"] in fell_due or line["number"] < ahead
        line["state"] = "to_come" if not due else "unpaid" if line["number"] in unpaid else "paid"
    return {"loan": str(number), "total_interest_fen": total, "instalments": [lines[one] for one in sorted(lines)]}


@router.get("/statement", summary="Every movement of money", response_model=Statement)
async def statement(loan: LoanPath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """What was paid out, fell due, was paid, returned and written off, oldest first."""
    del caller
    number = await bank.known_loan(loan)
    _, events = await bank.story(case_of_loan(number))
    moves = list(_moves(events[events["loan"] == number]))
    sums = {way: sum(move["amount_fen"] for move in moves if move["direction"] == way) for way in (_IN, _OUT)}
    return {"loan": str(number), "paid_out_fen": sums[_OUT], "received_fen": sums[_IN], "moves": moves}


@router.post("/payments", summary="Pay", response_model=Paid)
async def pay(
    loan: LoanPath,
    payment: Payment,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Payer,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """What is due is taken, penalty first, then the oldest instalment; the rest goes back (REP-05)."""
    del key
    number = await bank.known_loan(loan)
    rows = PaymentMade.rows(
        1,
        at=0,
        loan=number,
        amount_fen=payment.amount_fen,
        channel=payment.channel,
        request=request_number(request, caller.subject, PaymentMade),
    )
    answer = await bank.done(PaymentMade, rows)
    _, events = await bank.story(case_of_loan(number))
    then = events[(events["loan"] == number) & (events["at"] == answer.at)]
    amounts = {
        name: int(then["amount_fen"][np.isin(then["event"], of)].sum())
        for name, of in (
            ("taken_fen", [Event.PAYMENT_RECEIVED, Event.RECOVERY_RECEIVED]),
            ("returned_fen", [Event.PAYMENT_RETURNED]),
        )
    }
    return {"loan": str(number), "at": moment(answer.at), **amounts}


@router.get("/early-repayment/quote", summary="What an early repayment costs today", response_model=Quote)
async def quote(
    loan: LoanPath,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Reader,
    amount_fen: Annotated[int, Query(ge=0, lt=1 << 53, description="Of the principal; left out: all of it.")] = 0,
    choice: Annotated[str, Query(pattern="^(none|shorter_term|lower_instalment)$")] = "none",
) -> dict[str, Any]:
    """Principal, interest up to today and the fee (REP-11): the order is carried out on a copy of the book."""
    del caller
    if choice != "none" and not amount_fen:
        what = "choice: it is of a part; give amount_fen, or leave it out"
        raise Problem(422, "Invalid request", what, field="choice", detail_zh="全部提前还款无须选择还款方式")
    number, now = await bank.known_loan(loan), await bank.now()
    order = EarlyRepaymentRequested.rows(
        1, at=now, loan=number, full=amount_fen == 0, amount_fen=amount_fen, choice=CHOICES[choice]
    )
    found = bank.rooms.early(await _tables(bank, number), order)
    if found.reason:
        raise refusal(found.reason)
    plan = [line for line in _plan(found.after, number) if line["number"] >= _ahead(found.after)]
    return {
        "loan": str(number),
        "at": moment(now),
        "principal_fen": found.principal_fen,
        "interest_fen": found.interest_fen,
        "fee_fen": found.fee_fen,
        "total_fen": found.principal_fen + found.interest_fen + found.fee_fen,
        "instalments_left": len(plan),
        "next": _next(found.after, number),
    }


class Repaid(Model):
    """What an early repayment came to."""

    loan: str
    at: str | None
    principal_fen: int
    interest_and_fee_fen: int


@router.post("/early-repayment", summary="Repay early", response_model=Repaid)
async def repay_early(
    loan: LoanPath,
    order: Early,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Payer,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """In full, or a part, after which the plan begins anew (REP-11, REP-12)."""
    del key
    number = await bank.known_loan(loan)
    rows = EarlyRepaymentRequested.rows(
        1,
        at=0,
        loan=number,
        full=order.full,
        amount_fen=order.amount_fen,
        choice=CHOICES[order.choice],
        request=request_number(request, caller.subject, EarlyRepaymentRequested),
    )
    answer = await bank.done(EarlyRepaymentRequested, rows)
    _, events = await bank.story(case_of_loan(number))
    done = events[(events["loan"] == number) & (events["at"] == answer.at) & (events["event"] == Event.EARLY_REPAYMENT)]
    return {
        "loan": str(number),
        "at": moment(answer.at),
        "principal_fen": int(done["amount_fen"].sum()),
        "interest_and_fee_fen": int(done["value"].sum()),
    }


async def _tables(bank: Bank, loan: int) -> dict[str, Rows]:
    """All that repayment knows of a loan, at one instant."""
    cell = bank.cell("repayment", branch_with(loan=loan))
    found = await bank.looks(cell, *(Look(table, column, (loan,)) for table, column in _TABLES))
    return {table: rows for (table, _), rows in zip(_TABLES, found, strict=True)}


async def plan_of(bank: Bank, loan: int) -> list[dict[str, Any]]:
    """The running plan of a loan as lines; none where it has none."""
    return _plan(bank.rooms.book(await _tables(bank, loan)), loan)


def _plan(repayment: RepaymentSubsystem, loan: int) -> list[dict[str, Any]]:
    """The running plan as lines; none where the loan has none."""
    try:
        plan = repayment.schedule(loan)
    except KeyError:
        return []
    names = ("number", "due_on", "principal_fen", "interest_fen", "payment_fen", "balance_fen")
    columns = (plan.number, plan.due_day, plan.principal_fen, plan.interest_fen, plan.payment_fen, plan.balance_fen)
    lines = [dict(zip(names, line, strict=True)) for line in zip(*(one.tolist() for one in columns), strict=True)]
    return [line | {"due_on": day(line["due_on"])} for line in lines]


def _ahead(repayment: RepaymentSubsystem) -> int:
    return int(repayment.book.loans["number"][0])


def _next(repayment: RepaymentSubsystem, loan: int) -> dict[str, Any] | None:
    for line in _plan(repayment, loan):
        if line["number"] == _ahead(repayment):
            return {name: value for name, value in line.items() if name != "balance_fen"}
    return None


def _moves(events: Rows) -> Iterator[dict[str, Any]]:
    """What moved money. A payment beside the plan is told of as such and by the instalments that it paid: it counts once."""
    received = set(events["at"][events["event"] == Event.PAYMENT_RECEIVED].tolist())
    for row in events[np.isin(events["event"], [int(one) for one in _MOVES])]:
        event, at, amount = EVENTS[int(row["event"])], int(row["at"]), int(row["amount_fen"])
        direction = _MOVES[event]
        if event is Event.INSTALMENT_PAID and at in received:
            direction = _NEITHER
        if event is Event.EARLY_REPAYMENT:
            amount += int(row["value"])
        said = {"at": moment(at), "event": label(event), "words": list(event.said.words), "amount_fen": amount}
        if event in (Event.INSTALMENT_DUE, Event.INSTALMENT_PAID):
            said["number"] = int(row["value"])
        yield said | {"direction": direction}
