"""What must hold for every restructuring case and every loan observed, as functions from tables and witnesses to sentences that
name the loan."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit.codes_trouble import RiskClass
from credit.masks import true_rows
from credit.restructuring.contract import Desk
from credit.restructuring.states import CaseState
from credit.room import Rows
from credit.table import Table
from credit.times import DAY_MS, Bools
from credit.worklists.states import TaskState

_APPROVED = np.dtype([(n, "i8") for n in ("loan", "principal_fen", "proposed_by", "approved_by", "confirmed_by")])
_CARRIED_OUT = np.dtype([(n, "i8") for n in ("loan", "state", "signed_at", "at", "signed", "carried_out")])
_DESK_AT = {
    CaseState.ANALYSED: Desk.RESTRUCTURING_SPECIALIST,
    CaseState.PROPOSED: Desk.RESTRUCTURING_APPROVER,
    CaseState.CONFIRMING: Desk.RESTRUCTURING_HEAD,
}


def violations(cases: Table, watched: Table, tasks: Table) -> list[str]:
    """Of the tables; empty when everything holds."""
    return [*_with_their_desk(cases, tasks), *_terms(cases), *_watched(watched)]


def _with_their_desk(cases: Table, tasks: Table) -> list[str]:
    """A case waits for just the desk whose turn it is, and none that is with nobody has a task."""
    open_ = tasks.take(tasks["state"] <= TaskState.ASKED, "loan desk") if len(tasks) else tasks.take(np.zeros(0, int))
    loans, place = open_["loan"], cases.find(open_["loan"])
    state = cases.get("state", place)
    wanted = np.select([state == one for one in _DESK_AT], [int(desk) for desk in _DESK_AT.values()], 0)
    found = [
        f"restructuring of loan {row['loan']}: a task at desk {row['desk']}"
        for row in open_[open_["desk"] != wanted][:5]
    ]
    waiting = np.isin(cases["state"], list(_DESK_AT)) & ~np.isin(cases["loan"], loans)
    return found + _said(cases, waiting, lambda i: f"in state {cases['state'][i]} with no task at any desk")


def _terms(cases: Table) -> list[str]:
    """Terms that are proposed have a measure, months and an author."""
    later = np.isin(cases["state"], (CaseState.PROPOSED, CaseState.CONFIRMING, CaseState.OFFERED, CaseState.SIGNED))
    lacking = later & ((cases["measure"] == 0) | (cases["months"] == 0) | (cases["proposed_by"] == 0))
    return _said(cases, lacking, lambda _: "terms are proposed by nobody, or are none (NPL-11)")


def _watched(watched: Table) -> list[str]:
    """Whoever is observed is below normal, and for a year at least."""
    normal = (watched["risk_class"] <= RiskClass.NORMAL) | (watched["risk_class"] > RiskClass.LOSS)
    short = watched["observe_until"] < watched["since_day"] + 365
    late = watched["defaults"] < watched["overdue"]
    found = _said(watched, normal, lambda i: f"class {watched['risk_class'][i]} while it is observed (NPL-12)")
    found += _said(watched, short, lambda _: "observed for less than a year (NPL-12)")
    return found + _said(watched, late, lambda _: "overdue without a default (NPL-12)")


def approved(cases: Table, place: np.ndarray) -> Rows:
    """The witness of approvals: who proposed, approved and confirmed terms that go to the customer."""
    rows = np.zeros(len(place), dtype=_APPROVED)
    for name in _APPROVED.names or ():
        rows[name] = cases[name][place]
    return rows


def by_different_people(rows: Rows, head_office_from: int) -> list[str]:
    """NPL-11: who proposes does not approve, and a large loan was before head office as well."""
    proposed, first, second = rows["proposed_by"], rows["approved_by"], rows["confirmed_by"]
    same = (proposed == first) | (first == second) | (proposed == second)
    found = [f"restructuring of loan {row['loan']}: one person acted twice (NPL-11)" for row in rows[same][:5]]
    alone = (first == 0) | ((rows["principal_fen"] >= head_office_from) & (second == 0))
    return found + [f"restructuring of loan {row['loan']}: an approval is missing (NPL-11)" for row in rows[alone][:5]]


def carried_out(rows: Rows, cases: Table, place: np.ndarray) -> Rows:
    """The witness of terms that the book has taken in, beside those that were signed."""
    found = np.zeros(len(rows), dtype=_CARRIED_OUT)
    for name, values in (
        ("loan", rows["loan"]),
        ("at", rows["at"]),
        ("carried_out", rows["measure"]),
        ("state", cases.get("state", place)),
        ("signed_at", cases.get("signed_at", place)),
        ("signed", cases.get("measure", place)),
    ):
        found[name] = values
    return found


def as_signed(rows: Rows) -> list[str]:
    """The book changes the terms that were signed, a day later at the soonest, and no others."""
    strange = (rows["state"] != CaseState.SIGNED) | (rows["signed"] != rows["carried_out"])
    strange |= rows["at"] - rows["signed_at"] < DAY_MS
    return [
        f"loan {row['loan']}: terms {row['carried_out']} were carried out that nobody signed"
        for row in rows[strange][:5]
    ]


def _said(table: Table, wrong: Bools, sentence: Callable[[int], str]) -> list[str]:
    return [f"restructuring of loan {table['loan'][i]}: {sentence(int(i))}" for i in true_rows(wrong)[:5]]
