"""Rules of the contract desk on whole columns: pure functions that answer with a reason code, 0 = none."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import Refusal as ApplicationRefusal
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.contracts.contract import Refusal, RenewalReason, ReturnReason
from credit.contracts.elements import NAMES
from credit.contracts.states import Action, SignMode, refusal_table
from credit.policies.products import ProductColumns
from credit.room import Reason, Rows
from credit.rows import among
from credit.times import Bools, Ints

_TABLE = refusal_table()
_STATE = int(Refusal.CONTRACT_STATE)
_READ = (
    ("amount_fen", "amount_figures", ReturnReason.AMOUNT_WRONG),
    ("term_months", "term_months", ReturnReason.TERM_WRONG),
    ("rate_ppm", "rate_percent", ReturnReason.RATE_WRONG),
)
"""What staff read in a contract before it is signed: column, element, why it is blocked where the two differ."""


def has_expired(at: Ints, expires_at: Ints) -> Bools:
    """CON-15: the instant of expiry itself is too late."""
    return np.asarray(at >= expires_at)


def action_faults(action: Action, actions: Rows, contracts: Rows) -> Ints:
    """Why an action is refused, whatever it is: the approval has run out, the state forbids it, or it is about an earlier
    contract of the case, which has expired. `contracts`: row by row the contract it is about."""
    faults = _TABLE[action, contracts["state"]]
    faults = np.where(_precedes(actions, contracts), int(Refusal.CONTRACT_EXPIRED), faults)
    faults = np.where(_precedes(contracts, actions), _STATE, faults)
    return np.where(actions["at"] >= contracts["valid_until"], int(ApprovalRefusal.APPROVAL_EXPIRED), faults)


def _precedes(one: Rows, other: Rows) -> Bools:
    """Row by row, whether the contract that one speaks of was generated before the other's, of the same case."""
    same_round = one["round"] == other["round"]
    return np.where(same_round, one["attempt"] < other["attempt"], one["round"] < other["round"])


def signature_faults(signatures: Rows, contracts: Rows) -> Ints:
    """A signature needs a confirmation between offer and signature, and the product's mode: a customer may sign on paper
    what could be signed electronically, not the other way round (CON-07, CON-08)."""
    confirmed = signatures["confirmed_at"] >= contracts["offered_at"]
    confirmed &= signatures["confirmed_at"] <= signatures["at"]
    mode = (signatures["mode"] == contracts["mode"]) | (signatures["mode"] == SignMode.PAPER)
    return np.where(confirmed & mode, 0, _STATE)


def check_faults(signatures: Rows, contracts: Rows, checked_modes: Ints) -> Ints:
    """A contract that is signed in such a mode is first checked, and by somebody else than who takes the signature (CON-11)."""
    needed, checker = among(signatures["mode"], checked_modes), contracts["checked_by"]
    faults = np.where(needed & (checker > 0) & (signatures["person"] == checker), int(Refusal.CHECKED_BY_SIGNER), 0)
    return np.where(needed & (checker == 0), int(Refusal.CONTRACT_UNCHECKED), faults)


def differences(checks: Rows, contracts: Rows) -> tuple[Ints, Ints]:
    """Where what was read in contracts is not what was approved (CON-11): the first reason, 0 = none, and the elements as bits,
    see `credit.contracts.elements.NAMES`."""
    reason, bits = np.zeros(len(checks), dtype=np.int64), np.zeros(len(checks), dtype=np.int64)
    for column, element, why in _READ:
        approved = contracts["approved_fen" if column == "amount_fen" else column]
        differs = checks[column] != approved
        reason = np.where(differs & (reason == 0), int(why), reason)
        bits |= np.where(differs, 1 << NAMES.index(element), 0)
    return reason, bits


def person_faults(actions: Rows) -> Ints:
    """What staff do is done by somebody."""
    return np.where(actions["person"] > 0, 0, _STATE)


def reason_faults(actions: Rows, reasons: type[Reason]) -> Ints:
    """What staff do about a contract needs one of the reasons that there are for it, and somebody who does it (CON-17)."""
    good = among(actions["reason"], list(reasons)) & (actions["person"] > 0)
    return np.where(good, 0, _STATE)


def renewal_faults(renewals: Rows) -> Ints:
    """Who asks for a contract anew says why (CON-17)."""
    return np.where(among(renewals["reason"], list(RenewalReason)), 0, _STATE)


def change_faults(changes: Rows, contracts: Rows, products: ProductColumns) -> Ints:
    """A change of amount or term needs a reason (CON-17), must change something, and lies within the product."""
    product, amount, term = contracts["product"], changes["amount_fen"], changes["term_months"]
    months = np.clip(term, 0, products.terms.shape[1] - 1)
    same = (amount == contracts["amount_fen"]) & (term == contracts["term_months"])
    faults = np.where((changes["reason"] <= 0) | same, _STATE, 0)
    offered = products.terms[product, months] & (months == term)
    faults = np.where(offered, faults, int(ApplicationRefusal.TERM_OPTION))
    within = (amount >= products.amount_min[product]) & (amount <= products.amount_max[product])
    return np.where(within, faults, int(ApplicationRefusal.AMOUNT_RANGE))
