"""What must always hold in approval. These functions share no code with the rules they watch; each violation names the case."""

from __future__ import annotations

import numpy as np

from credit.approval.states import CaseState
from credit.codes import Node
from credit.masks import true_rows
from credit.room import Rows
from credit.rows import among
from credit.table import Table
from credit.times import Bools, Ints
from credit.worklists.states import TaskState

_GRANTED = np.dtype([(name, "i8") for name in "case reviewer approver node amount_fen ayes ballots".split()])


def open_cases(cases: Table, tasks: Table, nodes: tuple[Node, ...]) -> list[str]:
    """Every case before people stands at one of the desk's nodes, looks only upwards, and has one open task, at its node."""
    if not len(cases) and not len(tasks):
        return []
    people = cases["state"] == CaseState.AT_NODE
    case, node, path = (cases[name][people] for name in ("case", "node", "path"))
    found = _named(case, ~among(node, nodes), "stands at a node that is not this desk's", node)
    found += _named(
        case, (path & ((np.int64(2) << node) - 1)) != 0, "is to pass a node not above the one it is at", path
    )
    amount = cases["amount_fen"][people]
    found += _named(case, amount <= 0, "is decided on without an amount", amount)
    is_open = tasks["state"] < TaskState.DONE
    owner, desk = tasks["case"][is_open], tasks["desk"][is_open]
    ids = np.sort(case)
    asked = np.bincount(ids.searchsorted(owner[np.isin(owner, ids)]), minlength=len(ids))
    ballots, ayes, noes = (cases[name][people] for name in ("ballots", "ayes", "noes"))
    expected = np.where(ballots > 0, ballots - ayes - noes, 1)[case.argsort()]
    found += _named(
        ids, (asked != expected) | (expected < 1), "is not before those who are to decide on it; tasks:", asked
    )
    where = cases.find(owner)
    stray = (where < 0) | (cases.get("node", where) != desk)
    return found + _named(owner, stray, "is before a desk at which it does not stand:", desk)


def investigated(cases: Table, tasks: Table) -> list[str]:
    """APP-17: every case under investigation has one open task at the fraud desk, and no other has one."""
    waits = np.sort(cases["case"][cases["state"] == CaseState.INVESTIGATED])
    owner = np.sort(tasks["case"][tasks["state"] < TaskState.DONE])
    if np.array_equal(waits, owner):
        return []
    astray = np.setxor1d(waits, owner)
    return [
        f"case {case} is under investigation by nobody, or is before the fraud desk without being so" for case in astray
    ]


def granted(cases: Rows, opinions: Rows) -> Rows:
    """The witness of manual approvals: who stands behind each."""
    rows = np.zeros(len(cases), dtype=_GRANTED)
    for name in ("case", "node", "amount_fen", "ayes", "ballots"):
        rows[name] = cases[name]
    rows["reviewer"], rows["approver"] = cases["previous"], opinions["person"]
    return rows


def approvals(granted: Rows, authority_fen: Ints, majority_ppm: int) -> list[str]:
    """APR-02, APR-04, APR-07: each manual approval has two people behind it, the authority of its last node, and of the
    committee the majority."""
    case = granted["case"]
    alone = (granted["reviewer"] == granted["approver"]) | (granted["reviewer"] <= 0) | (granted["approver"] <= 0)
    found = _named(case, alone, "was approved by one person alone", granted["approver"])
    share, ballots = granted["ayes"] * 1_000_000, granted["ballots"]
    outvoted = (granted["node"] == Node.COMMITTEE) & (share <= ballots * majority_ppm)
    found += _named(case, outvoted, "was granted without the committee's majority, in favour", granted["ayes"])
    beyond = granted["amount_fen"] > authority_fen[granted["node"]]
    return found + _named(case, beyond, "was approved above the authority of its node", granted["amount_fen"])


def in_words(written: Rows, opinions: Table) -> list[str]:
    """APR-01: each opinion that took effect is kept in words, as it was written."""
    place = opinions.find(written["task"])
    lost = (place < 0) | (opinions.get("person", place) != written["person"])
    found = _named(written["case"], lost, "has lost an opinion; task", written["task"])
    blank = np.char.str_len(np.char.strip(written["opinion"])) == 0
    return found + _named(written["case"], blank, "was decided on without a word; task", written["task"])


def _named(case: Ints, wrong: Bools, what: str, value: Ints) -> list[str]:
    return [f"case {case[row]} {what}: {value[row]}" for row in true_rows(wrong).tolist()]
