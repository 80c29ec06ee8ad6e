"""How a loan is repaid (还款账户、扣款方式) over HTTP: from which account, by debit or by the customer himself, and its change
(REP-06, REP-14)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request

from actors.gateway.bank import Bank, bank_of, branch_with, label, moment, request_number
from actors.gateway.callers import Caller, needs
from actors.gateway.models import AccountNumber, Body, IdempotencyKey, LoanPath, Model, shown
from actors.gateway.problems import Problem
from actors.host import Look
from actors.identity.masking import shown as as_seen
from credit.repayment.contract import ChangeDebit, DebitMethod

router = APIRouter(prefix="/v1/loans/{loan}", tags=["loans"])

Reader = Annotated[Caller, Depends(needs("loans:read"))]
Payer = Annotated[Caller, Depends(needs("loans:repay"))]


class Debit(Model):
    """How a loan is repaid. `checking`: another account has been named, and core banking has not said yet whose it is."""

    model_config = shown(
        {"loan": "100000000101", "account": "6217000000000000001", "method": "automatic", "checking": None}
    )

    loan: str
    account: str
    method: str
    checking: str | None


class Changing(Body):
    """Another account, another method, or both; what is left out stays. The account must be the borrower's own."""

    model_config = shown({"account": "6230000000000000001", "method": "automatic"})

    account: AccountNumber | None = None
    method: Literal["automatic", "by_customer"] | None = None


class Changed(Model):
    """When the bank took it in. A method counts at once, an account once core banking has confirmed it."""

    loan: str
    at: str | None


@router.get("/debit", summary="How a loan is repaid", response_model=Debit)
async def show(loan: LoanPath, bank: Annotated[Bank, Depends(bank_of)], caller: Reader) -> dict[str, Any]:
    """The account that the instalments come from, and whether the bank debits it (REP-06)."""
    number = await bank.known_loan(loan)
    row, checks = await _looked_up(bank, number)
    said = {
        "loan": str(number),
        "account": str(row["account"]),
        "method": label(DebitMethod.AUTOMATIC if row["automatic"] else DebitMethod.BY_CUSTOMER),
    }
    pending = [{"account": str(one)} for one in checks["account"].tolist()]
    seen = dict(as_seen(said, caller))
    return seen | {"checking": as_seen(pending[0], caller)["account"] if pending else None}


@router.post("/debit", summary="Change how a loan is repaid", response_model=Changed)
async def change(
    loan: LoanPath,
    changing: Changing,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Payer,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """REP-14: by the customer, or by the clerk to whom he came. What is due by then is debited from the new account at once."""
    del key
    number = await bank.known_loan(loan)
    row, _ = await _looked_up(bank, number)
    automatic = row["automatic"] if changing.method is None else changing.method == label(DebitMethod.AUTOMATIC)
    rows = ChangeDebit.rows(
        1,
        at=0,
        loan=number,
        account=int(changing.account or 0),
        automatic=automatic,
        operator=int(caller.person),
        request=request_number(request, caller.subject, ChangeDebit),
    )
    answer = await bank.done(ChangeDebit, rows)
    return {"loan": str(number), "at": moment(answer.at)}


async def _looked_up(bank: Bank, loan: int) -> tuple[Any, Any]:
    """(the loan's row, its checks under way); Problem 404 where it is not on the book."""
    cell = bank.cell("repayment", branch_with(loan=loan))
    rows, checks = await bank.looks(cell, *(Look(table, "loan", (loan,)) for table in ("loans", "account_checks")))
    if not len(rows):
        raise Problem(404, "Not found", f"loan {loan} is not on the book", detail_zh="借据未在账")
    return rows[0], checks
