"""What a contract says, waiting or signed: amount, rate, term and method as they were agreed, from the bank's own rows. Signed
ones are kept for good."""

from __future__ import annotations

from typing import Any

from actors.gateway.bank import Bank, branch_with, label, moment
from credit.codes import Method
from credit.contracts.states import SignMode
from credit.policies.products import TermClass
from credit.room import Rows

ARCHIVED = "archived"


async def archived_of(bank: Bank, case: int) -> Rows:
    """A case's signed contract, if any."""
    return await bank.look("contracts", branch_with(case=case), ARCHIVED, "case", case)


def agreed(bank: Bank, row: Any) -> dict[str, Any]:
    """The terms of a contract, from its row."""
    return {
        "case": str(int(row["case"])),
        "amount_fen": int(row["amount_fen"]),
        "term_months": int(row["term_months"]),
        "term_class": label(TermClass(int(bank.products.term_class(row["term_months"])))),
        "rate_ppm": int(row["rate_ppm"]),
        "method": label(Method(int(row["method"]))),
        "mode": label(SignMode(int(row["mode"]))),
        "round": int(row["round"]),
        "attempt": int(row["attempt"]),
        "expires_at": moment(int(row["expires_at"])),
        "approval_valid_until": moment(int(row["valid_until"])),
    }
