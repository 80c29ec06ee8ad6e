"""The map of the flow: which stage mails which, and which shard a branch lives in. Its rule: mail to a later stage travels
in the same window; mail to an earlier stage travels `LATE_WINDOWS` windows, so stages of different windows can overlap
without ever seeing each other's future.

    applications → scoring → approval → head office → contracts → disbursement → repayment → collections
                                                                       └────────────┴─────────────┴──→ ledger
"""

from __future__ import annotations

from dataclasses import dataclass

from credit.codes import Stage
from credit.messages import Rows
from credit.times import Ints

LATE_WINDOWS = 4
"""How many windows mail to an earlier stage is under way; also how many windows may be in flight at once."""

ROUTES: dict[Stage, tuple[Stage, ...]] = {
    Stage.APPLICATIONS: (Stage.SCORING,),
    Stage.SCORING: (Stage.APPROVAL, Stage.APPLICATIONS),
    Stage.APPROVAL: (Stage.HEAD_OFFICE, Stage.CONTRACTS),
    Stage.HEAD_OFFICE: (Stage.CONTRACTS,),
    Stage.CONTRACTS: (Stage.DISBURSEMENT, Stage.APPROVAL),
    Stage.DISBURSEMENT: (Stage.REPAYMENT, Stage.LEDGER, Stage.APPLICATIONS),
    Stage.REPAYMENT: (Stage.COLLECTIONS, Stage.LEDGER, Stage.DISBURSEMENT),
    Stage.COLLECTIONS: (Stage.LEDGER, Stage.REPAYMENT),
    Stage.LEDGER: (),
}
"""Every stage with the stages it may mail, later ones first."""

SHARED = frozenset({Stage.HEAD_OFFICE})
"""Stages of which there is one for all shards."""

_BRANCH_UNIT = {"case": 10**9, "customer": 10**9, "loan": 10**11, "transaction": 10**13, "person": 10_000, "group": 100}


@dataclass(frozen=True, order=True)
class Cell:
    """One host's place: a stage of a shard. Shared stages live in shard 0."""

    stage: Stage
    shard: int

    def __str__(self) -> str:
        return f"{self.stage.name.lower()}-{self.shard}"


def cells(shards: int) -> list[Cell]:
    """All cells in the order in which a window passes them."""
    return [Cell(stage, shard) for stage in Stage for shard in range(1 if stage in SHARED else shards)]


def destinations(cell: Cell, shards: int) -> list[Cell]:
    """The cells a cell may mail, in a fixed order."""
    found = []
    for stage in ROUTES[cell.stage]:
        if stage in SHARED:
            found.append(Cell(stage, 0))
        elif cell.stage in SHARED:
            found.extend(Cell(stage, shard) for shard in range(shards))
        else:
            found.append(Cell(stage, cell.shard))
    return found


def sources(cell: Cell, shards: int) -> list[Cell]:
    """The cells that may mail a cell, in a fixed order."""
    return [other for other in cells(shards) if cell in destinations(other, shards)]


def is_late(sender: Cell, receiver: Cell) -> bool:
    """True for mail that goes back up the flow."""
    return receiver.stage <= sender.stage


def shard_of_branch(branch: Ints, shards: int) -> Ints:
    """The shard of each branch: branches are dealt out in turn. Head office (branch 0) lives in shard 0."""
    return (branch - 1).clip(min=0) % shards


def branch_of(rows: Rows) -> Ints:
    """The branch of each row, from its `branch` column or from the number it carries (case, loan, customer …). Raises
    ValueError for rows that carry neither."""
    names = rows.dtype.names or ()
    if "branch" in names:
        return rows["branch"]
    for name, unit in _BRANCH_UNIT.items():
        if name in names:
            return rows[name] // unit
    raise ValueError(f"rows with the columns {', '.join(names)} do not say which branch they belong to")
