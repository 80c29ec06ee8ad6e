"""What must always hold of contracts. These functions share no code with the rules they watch; each violation names the case."""

from __future__ import annotations

import numpy as np

from credit.contracts.states import ContractState
from credit.masks import true_rows
from credit.room import Rows
from credit.rows import among
from credit.table import Table
from credit.times import Bools, Ints, text_of

_SIGNED = np.dtype(
    [
        (n, "i8")
        for n in "case offered_at expires_at confirmed_at signed_at amount_fen approved_fen mode person checked_by".split()
    ]
)
_KEPT = np.array([ContractState.GENERATED, ContractState.EXPIRED, ContractState.BLOCKED], dtype=np.int64)


def pending(contracts: Table, until: int, valid_ms: int) -> list[str]:
    """Every kept contract is in a state that is kept, says what was approved, and is neither overdue nor long-lived."""
    if not len(contracts):
        return []
    case, state = contracts["case"], contracts["state"]
    generated = state == ContractState.GENERATED
    found = _named(case, ~among(state, _KEPT), "is kept in a state that ends the flow", state)
    differs = contracts["amount_fen"] != contracts["approved_fen"]
    found += _named(case, differs, "says another amount than was approved", contracts["amount_fen"])
    overdue = generated & (contracts["expires_at"] < until)
    found += _named(case, overdue, f"was not marked expired by {text_of(until)}", contracts["expires_at"])
    long = generated & (contracts["expires_at"] - contracts["offered_at"] > valid_ms)
    found += _named(case, long, "may be signed for longer than the policy says", contracts["expires_at"])
    nobody = generated & (contracts["customer"] <= 0)
    found += _named(case, nobody, "is offered to nobody", contracts["customer"])
    lapsed = contracts["valid_until"] < until
    return found + _named(case, lapsed, "is kept beyond its approval", contracts["valid_until"])


def effective(signed: Rows, checked_modes: Ints) -> list[str]:
    """CON-15, CON-07, CON-11: each contract that became effective in the window was checked where its mode asks for it,
    confirmed, then signed, before it expired, and says what was approved."""
    case = signed["case"]
    found = _named(
        case, signed["signed_at"] >= signed["expires_at"], "was signed after it expired", signed["signed_at"]
    )
    early = (signed["confirmed_at"] < signed["offered_at"]) | (signed["confirmed_at"] > signed["signed_at"])
    found += _named(case, early, "was confirmed outside the time of its offer", signed["confirmed_at"])
    unchecked = among(signed["mode"], checked_modes) & (signed["checked_by"] <= 0)
    found += _named(case, unchecked, "was signed unchecked in mode", signed["mode"])
    alone = (signed["person"] > 0) & (signed["person"] == signed["checked_by"]) & among(signed["mode"], checked_modes)
    found += _named(case, alone, "was checked and signed before one person", signed["person"])
    differs = signed["amount_fen"] != signed["approved_fen"]
    return found + _named(case, differs, "was signed for another amount than approved", signed["amount_fen"])


def signed(contracts: Rows, actions: Rows) -> Rows:
    """The witness of signatures: contracts as they stood, and how they were signed."""
    rows = np.zeros(len(actions), dtype=_SIGNED)
    for name in ("case", "offered_at", "expires_at", "amount_fen", "approved_fen", "checked_by"):
        rows[name] = contracts[name]
    for name in ("mode", "person"):
        rows[name] = actions[name]
    rows["confirmed_at"], rows["signed_at"] = actions["confirmed_at"], actions["at"]
    return rows


def _named(case: Ints, wrong: Bools, what: str, value: Ints) -> list[str]:
    return [f"contract of case {case[row]} {what}: {value[row]}" for row in true_rows(wrong).tolist()]
