"""What must always hold of disbursement. These functions share no code with the rules they watch; each violation names the loan
or the case."""

from __future__ import annotations

import numpy as np

from credit.codes import Lane
from credit.disbursement.states import DESK_OF, FacilityState, PaymentState
from credit.masks import true_rows
from credit.room import Rows
from credit.rows import among, firsts
from credit.table import Table
from credit.times import Bools, Ints, text_of
from credit.worklists.states import TaskState

_P = PaymentState
_PAID = np.dtype([(n, "i8") for n in "loan case lane amount_fen paid_fen operator reviewer sent_at at".split()])
_BEGUN = np.dtype(
    [(n, "i8") for n in "loan revolving".split()]
    + [
        (f"{n}{what}", "i8")
        for n in "amount_fen term_months rate_ppm customer account".split()
        for what in ("", "_agreed")
    ]
)
_KEPT, _MOVING, _AT_DESKS, _COMMITTED, _WAITING = (
    np.array(states, dtype=np.int64)
    for states in (
        [state for state in _P if state is not _P.CLOSED],
        [_P.SCHEDULED, _P.SENT, _P.EXCEPTION, _P.ARRIVED, _P.EVIDENCE],
        [_P.PENDING, _P.REVIEW],
        [_P.PENDING, _P.REVIEW, _P.SCHEDULED, _P.SENT, _P.EXCEPTION],
        list(DESK_OF),
    )
)


def under_way(payments: Table, until: int, arrival_ms: int) -> list[str]:
    """Every payment is where its facts say it can be: two different people before the money moves unless the automatic lane
    pays (DIS-04), no silent delay (DIS-06), nothing kept that is done."""
    if not len(payments):
        return []
    loan, state, sent_at = payments["loan"], payments["state"], payments["sent_at"]
    found = _named("loan", loan, ~among(state, _KEPT), "is kept in state", state)
    moving = among(state, _MOVING)
    found += _alone(loan, moving, payments["lane"], payments["operator"], payments["reviewer"])
    silent = (state == _P.SENT) & (payments["delayed"] == 0) & (sent_at + arrival_ms < until)
    found += _named("loan", loan, silent, f"is late by {text_of(until)} and nobody was told; sent at", sent_at)
    missed = (state == _P.SCHEDULED) & (payments["leaves_at"] < until)
    found += _named("loan", loan, missed, "should have left at", payments["leaves_at"])
    waits = among(state, _AT_DESKS)
    over = waits & (payments["valid_until"] < until)
    return found + _named(
        "loan", loan, over, "waits for a desk beyond its approval, which ended at", payments["valid_until"]
    )


def asked(payments: Table, tasks: Table) -> list[str]:
    """Every payment that waits for a desk has one open task there; of the others a delayed one alone may have one, before the
    operator."""
    if not len(payments) and not len(tasks):
        return []
    is_open = tasks["state"] < TaskState.DONE
    owner, desk = tasks["loan"][is_open], tasks["desk"][is_open]
    loan, state = payments["loan"], payments["state"]
    waits = among(state, _WAITING)
    counted = np.zeros(len(loan), dtype=np.int64)
    place = payments.find(owner)
    np.add.at(counted, place[place >= 0], 1)
    found = _named("loan", loan, waits & (counted != 1), "waits for a desk that was never asked, state", state)
    standing = payments.get("state", place, _P.CLOSED)
    standing[(standing == _P.SENT) & (payments.get("delayed", place) != 0)] = _P.EXCEPTION
    wanted = np.array([int(DESK_OF.get(PaymentState(one), 0)) for one in standing.tolist()])
    return found + _named("loan", owner, desk != wanted, "is before a desk that it does not wait for:", desk)


def limits(facilities: Table, payments: Table) -> list[str]:
    """PRD-09: 0 ≤ drawn − restored ≤ limit; drawn = paid + under way; a tranche begins only after the use of all before it is
    verified (DIS-16); nothing is drawn while a condition is open."""
    if not len(facilities):
        return []
    case = facilities["case"]
    used = facilities["drawn_fen"] - facilities["restored_fen"]
    found = _named("case", case, used > facilities["amount_fen"], "has drawn more than its limit, in fen:", used)
    found += _named("case", case, used < 0, "has restored more than it drew, in fen:", used)
    going = among(payments["state"], _COMMITTED)
    owner = facilities.find(payments["case"][going])
    committed = facilities["paid_fen"].copy()
    np.add.at(committed, owner[owner >= 0], payments["amount_fen"][going][owner >= 0])
    differs = committed != facilities["drawn_fen"]
    found += _named(
        "case", case, differs, "has drawn what is neither paid nor under way; paid and under way:", committed
    )
    early = (facilities["staged"] != 0) & (facilities["loans"] > facilities["verified"] + 1)
    found += _named(
        "case", case, early, "began a tranche before the use of the last was verified; tranches:", facilities["loans"]
    )
    waits = (facilities["state"] == FacilityState.WAITING) & (facilities["drawn_fen"] != 0)
    found += _named("case", case, waits, "draws while conditions are open:", facilities["conditions"])
    bare = (facilities["formalities"] != 0) & (facilities["drawn_fen"] != 0)
    return found + _named(
        "case", case, bare, "draws before its guarantee is in place, in fen:", facilities["drawn_fen"]
    )


def paid(loans: Rows, at: Ints, paid_fen: Ints) -> Rows:
    """The witness of disbursements: payments as they stood, when the money came and how much."""
    rows = np.zeros(len(loans), dtype=_PAID)
    for name in ("loan", "case", "lane", "amount_fen", "operator", "reviewer", "sent_at"):
        rows[name] = loans[name]
    rows["at"], rows["paid_fen"] = at, paid_fen
    return rows


def paid_out(paid: Rows) -> list[str]:
    """DIS-04, DIS-07 of what was disbursed: the amount that moved is the amount agreed, after the instruction,
    by two people or by the automatic lane."""
    loan = paid["loan"]
    differs = paid["paid_fen"] != paid["amount_fen"]
    found = _named("loan", loan, differs, "was paid another amount than agreed, in fen:", paid["paid_fen"])
    found += _named("loan", loan, paid["at"] < paid["sent_at"], "arrived before it was sent, at", paid["at"])
    found += [f"loan {number} was disbursed twice" for number in loan[~firsts(loan)].tolist()]
    return found + _alone(loan, np.ones(len(paid), dtype=bool), paid["lane"], paid["operator"], paid["reviewer"])


def begun(payments: Rows, contracts: Rows) -> Rows:
    """The witness of payments that begin: each beside its contract, or the facility that it draws on, as that stands."""
    rows = np.zeros(len(payments), dtype=_BEGUN)
    rows["loan"], rows["revolving"] = payments["loan"], payments["revolving"]
    for name in ("amount_fen", "term_months", "rate_ppm", "customer", "account"):
        rows[name], rows[f"{name}_agreed"] = payments["debit_account" if name == "account" else name], contracts[name]
    return rows


def as_agreed(begun: Rows) -> list[str]:
    """PRD-04, CON-11: what is paid is what the contract says: the same customer, account, rate and term, and no more money. A
    drawdown of a revolving limit may run for a shorter term, never for a longer one."""
    loan, term = begun["loan"], begun["term_months"]
    found = _named(
        "loan",
        loan,
        begun["amount_fen"] > begun["amount_fen_agreed"],
        "is more than agreed, in fen:",
        begun["amount_fen"],
    )
    longer, shorter = term > begun["term_months_agreed"], term < begun["term_months_agreed"]
    wrong = longer | (shorter & (begun["revolving"] == 0))
    found += _named("loan", loan, wrong, "has another term than its contract allows, in months:", term)
    for name in ("rate_ppm", "customer", "account"):
        found += _named(
            "loan", loan, begun[name] != begun[f"{name}_agreed"], f"has another {name} than agreed:", begun[name]
        )
    return found


def _alone(loan: Ints, moving: Bools, lane: Ints, operator: Ints, reviewer: Ints) -> list[str]:
    """Money that moves without two people, and not by the automatic lane."""
    nobody = (operator == 0) & (reviewer == 0)
    pair = (operator != 0) & (reviewer != 0) & (operator != reviewer)
    alone = moving & ~pair & ~(nobody & (lane == Lane.AUTOMATIC))
    return _named("loan", loan, alone, "moves money without an operator and another reviewer; operator", operator)


def _named(what: str, ids: Ints, wrong: Bools, how: str, value: Ints) -> list[str]:
    return [f"{what} {ids[row]} {how} {value[row]}" for row in true_rows(wrong).tolist()]
