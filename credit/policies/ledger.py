"""The chart of accounts (会计科目表): number, names, side and keeping of every account. The chart and the code name
exactly the same accounts, so a posting can't reach an account that no report shows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from credit.codes import Account
from credit.policies.base import WORDS, PolicyModel

BY_LOAN = ("principal", "interest_receivable", "penalty_receivable", "off_balance_write_off")
"""The accounts that the ledger keeps for each loan, in the order of the columns of `LoanBalance`."""
BY_TOTAL = ("interest_accrued",)
"""Those that it proves against the total of the book alone, which repayment sends."""
_KEPT = {"loan": BY_LOAN, "control": BY_TOTAL}


class ChartAccount(PolicyModel):
    """One account. `side` is where its balance may lie; `keeping` says how it is proved: against each loan, against a
    total that another stage sends (control), or by the trial balance alone (general)."""

    key: str
    """The account."""
    number: int = Field(ge=1000, le=9999)
    """[number] As in the chart."""
    name: Annotated[str, WORDS]
    """In English."""
    name_zh: Annotated[str, WORDS]
    """In Chinese."""
    side: Literal["debit", "credit", "either"]
    """Where its balance may lie."""
    keeping: Literal["loan", "control", "general"]
    """How it is proved."""


class LedgerPolicy(PolicyModel):
    """The chart of accounts."""

    accounts: list[ChartAccount] = Field(min_length=1)
    """Every account once."""

    @model_validator(mode="after")
    def _complete(self) -> LedgerPolicy:
        for row in self.accounts:
            code = Account.__members__.get(row.key.upper())
            if code is None:
                raise ValueError(f"account {row.key!r} is not one of {', '.join(a.name.lower() for a in Account)}")
            if code != row.number:
                raise ValueError(f"account {row.key}: number {row.number} must be {int(code)}")
        keys = [row.key for row in self.accounts]
        missing = [a.name.lower() for a in Account if a.name.lower() not in keys]
        if missing or len(keys) != len(Account):
            raise ValueError(f"each account stands in the chart once; missing: {', '.join(missing) or 'none'}")
        for keeping, needed in _KEPT.items():
            kept = tuple(row.key for row in self.accounts if row.keeping == keeping)
            if sorted(kept) != sorted(needed):
                raise ValueError(
                    f"keeping = {keeping!r} belongs to exactly {', '.join(needed)}; given {', '.join(kept)}"
                )
        return self
