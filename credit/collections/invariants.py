"""What must hold for every collection case, as functions from the table to sentences that name the loan. Whole
columns, so that they may run in every window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit.collections.states import CaseState
from credit.collections.strategy import HUMAN, Strategies
from credit.masks import true_rows
from credit.room import Rows
from credit.table import Table
from credit.times import DAY_MS, NEVER, Bools, Ints
from credit.worklists.states import TaskState

_TOTALLED = ("overdue_fen", "principal_fen", "penalty_fen")


def violations(cases: Table, strategies: Strategies) -> list[str]:
    """All of them; empty when everything holds."""
    if not len(cases):
        return []
    return [
        sentence for rule in (_one_set, _stage, _promise, _closed, _write_off) for sentence in rule(cases, strategies)
    ]


def against_the_book(cases: Table, totals: Rows) -> list[str]:
    """COL-03: at a day's end the open cases of each branch are as many as the loans that the book has told of, and owe what these
    owe. `totals`: `ArrearsTotal` rows, of which a branch's newest counts."""
    branches, last = np.unique(totals["branch"][::-1], return_index=True)
    newest = totals[::-1][last]
    place = np.minimum(branches.searchsorted(cases["branch"]), len(branches) - 1)
    mine = true_rows((cases["state"] != CaseState.CLOSED) & (branches[place] == cases["branch"]))
    found = []
    for name in ("loans", *_TOTALLED):
        known = np.zeros(len(branches), dtype=np.int64)
        np.add.at(known, place[mine], 1 if name == "loans" else cases[name][mine])
        found += [
            f"branch {branches[at]}: {name} of its cases come to {known[at]}, the book says {newest[name][at]}"
            for at in true_rows(known != newest[name])
        ]
    return found


def _one_set(cases: Table, strategies: Strategies) -> list[str]:
    wrong = cases["set"] != strategies.sets(cases["product"], cases["segment"])
    return _said(
        cases, wrong, lambda i: f"policy set {cases['set'][i]} is not the one of its product and segment (COL-04)"
    )


def _stage(cases: Table, strategies: Strategies) -> list[str]:
    wrong = (cases["stage"] < 1) | (cases["stage"] > strategies.dpd_from.shape[1])
    return _said(cases, wrong, lambda i: f"stage {cases['stage'][i]} has no team (COL-05)")


def _promise(cases: Table, strategies: Strategies) -> list[str]:  # noqa: ARG001
    pending = cases["promise_day"] > 0
    wrong = (cases["state"] == CaseState.PROMISED) & ~pending
    lost = _said(cases, wrong, lambda _: "a promise is awaited but its date is lost (COL-09)")
    backwards = pending & (cases["promise_day"] <= cases["promise_at"] // DAY_MS)
    return lost + _said(
        cases, backwards, lambda i: f"promised for day {cases['promise_day'][i]}, not after it was made"
    )


def _closed(cases: Table, strategies: Strategies) -> list[str]:  # noqa: ARG001
    closed = cases["state"] == CaseState.CLOSED
    unpaid = _said(
        cases, closed & (cases["overdue_fen"] > 0), lambda i: f"closed with {cases['overdue_fen'][i]} fen still overdue"
    )
    untold = closed != (cases["closed_at"] < NEVER)
    return unpaid + _said(cases, untold, lambda _: "its state and its closing time disagree")


def _write_off(cases: Table, strategies: Strategies) -> list[str]:  # noqa: ARG001
    by = [cases[f"approved_{n}"] for n in (1, 2, 3)]
    decided = by[2] > 0
    same = (by[0] == by[1]) | (by[1] == by[2]) | (by[0] == by[2])
    missing = (by[0] == 0) | (by[1] == 0)
    found = _said(
        cases,
        decided & (same | missing),
        lambda i: f"written off by {by[0][i]}, {by[1][i]}, {by[2][i]}: not three different people (NPL-08)",
    )
    early = decided & (cases["legal_done"] == 0)
    return found + _said(cases, early, lambda _: "written off before all means of collection were exhausted (NPL-08)")


def tasks(table: Table, cases: Table, strategies: Strategies) -> list[str]:
    """A collector's task is one for people, with the team of its case's stage (COL-05), and the only one of its case."""
    open_ = table.take(table["state"] <= TaskState.ASKED, "task loan desk action")
    means, place = open_["action"], cases.find(open_["loan"])
    nobodys = ~HUMAN[np.minimum(means, len(HUMAN) - 1)]
    found = [f"task {row['task']} asks for means {row['action']}, which needs nobody" for row in open_[nobodys][:5]]
    desk = strategies.desk[cases.get("stage", place)]
    found += [
        f"task {row['task']} is with desk {row['desk']}, not with its case's team (COL-05)"
        for row in open_[open_["desk"] != desk][:5]
    ]
    loans, count = np.unique(open_["loan"], return_counts=True)
    return found + [f"collection case of loan {loan}: several tasks are open at once" for loan in loans[count > 1][:5]]


_DECISION = np.dtype([(n, "i8") for n in ("loan", "person", "on_behalf_of", "approved_1", "approved_2", "legal_done")])


def decisions(opinions: Rows, cases: Table, place: Ints) -> Rows:
    """The witness of decisions on write-offs: who decided, and how their cases stood."""
    rows = np.zeros(len(opinions), dtype=_DECISION)
    for name in ("loan", "person", "on_behalf_of"):
        rows[name] = opinions[name]
    for name in ("approved_1", "approved_2", "legal_done"):
        rows[name] = cases[name][place]
    return rows


def decided(rows: Rows) -> list[str]:
    """NPL-08: nobody decides twice on a case, in his own name or in another's, nor before all means are exhausted."""
    found: list[str] = []
    for name in ("approved_1", "approved_2"):
        twice = (rows[name] > 0) & ((rows["person"] == rows[name]) | (rows["on_behalf_of"] == rows[name]))
        found += [f"write-off of loan {row['loan']}: {row[name]} decided twice (NPL-08)" for row in rows[twice][:5]]
    early = rows[rows["legal_done"] == 0]
    return found + [
        f"write-off of loan {row['loan']}: decided before all means of collection were exhausted (NPL-08)"
        for row in early[:5]
    ]


def _said(cases: Table, wrong: Bools | Ints, sentence: Callable[[int], str]) -> list[str]:
    return [f"collection case of loan {cases['loan'][i]}: {sentence(int(i))}" for i in true_rows(wrong)[:5]]
