"""What must always hold of due diligence. These functions share no code with the rules they watch; each violation names the
case."""

from __future__ import annotations

import numpy as np

from credit.due_diligence.contract import Paper
from credit.due_diligence.findings import Analysis, Concern
from credit.due_diligence.states import DESK_OF, InvestigationState
from credit.masks import true_rows
from credit.numbers import paper_of
from credit.room import Rows
from credit.table import Table
from credit.times import Bools, Ints
from credit.worklists.states import TaskState

_FACTS = "case visitor analyst analysis concerns asked_fen advice_fen capacity_fen proposed_fen photos reports figures"
_WITNESS = np.dtype([(name, "i8") for name in _FACTS.split()])


def asked(cases: Table, tasks: Table) -> list[str]:
    """Every case has one open task, at the desk that its state waits for, and no other case has one."""
    is_open = tasks["state"] < TaskState.DONE
    owner, desk = tasks["case"][is_open], tasks["desk"][is_open]
    where = cases.find(owner)
    counted = np.zeros(len(cases), dtype=np.int64)
    np.add.at(counted, where[where >= 0], 1)
    found = _named(cases["case"], counted != 1, "has not the one task that it waits for; tasks:", counted)
    states = cases.get("state", where, int(InvestigationState.PASSED_ON)).tolist()
    wanted = np.array([int(DESK_OF.get(InvestigationState(one), 0)) for one in states], dtype=np.int64)
    return found + _named(owner, desk != wanted, "is before a desk that it does not wait for:", desk)


def witness(results: Rows, papers: Table, statements: Table, photos_max: int) -> Rows:
    """Of cases that are passed on: who stands behind them, what they rest on, and what is proposed."""
    rows = np.zeros(len(results), dtype=_WITNESS)
    for name in (one for one in _FACTS.split() if one in (results.dtype.names or ())):
        rows[name] = results[name]
    for name, kind, most in (("photos", Paper.PHOTO, photos_max), ("reports", Paper.REPORT, 1)):
        numbers = paper_of(results["case"][:, None], int(kind), np.arange(1, most + 1))
        rows[name] = np.count_nonzero(papers.find(numbers.ravel()).reshape(numbers.shape) >= 0, axis=1)
    rows["figures"] = statements.find(results["case"]) >= 0
    return rows


def passed_on(rows: Rows, photos_min: int, declines: list[str]) -> list[str]:
    """APP-01, APP-21: nobody reaches an approver without a visit, photos, a report, figures, and an analysis by somebody
    else; and no more is proposed than is asked for, advised and can be carried."""
    case = rows["case"]
    alone = (rows["visitor"] <= 0) | (rows["analyst"] <= 0) | (rows["visitor"] == rows["analyst"])
    found = _named(case, alone, "was looked into by one person alone:", rows["analyst"])
    bare = (rows["photos"] < photos_min) | (rows["reports"] != 1)
    found += _named(case, bare, "was passed on without its papers; photos:", rows["photos"])
    found += _named(case, rows["figures"] != 1, "was passed on without figures, analysis", rows["analysis"])
    most = np.minimum(rows["asked_fen"], np.minimum(rows["capacity_fen"], rows["advice_fen"]))
    found += _named(case, rows["proposed_fen"] > most, "is proposed more than it can carry:", rows["proposed_fen"])
    bits = sum(int(Concern[name.upper()]) for name in declines)
    forgiven = ((rows["concerns"] & bits) != 0) & (rows["analysis"] != Analysis.AGAINST)
    return found + _named(case, forgiven, "is let through in spite of what was found:", rows["concerns"])


def _named(ids: Ints, wrong: Bools, how: str, value: Ints) -> list[str]:
    return [f"due diligence of case {ids[row]} {how} {value[row]}" for row in true_rows(wrong).tolist()]
