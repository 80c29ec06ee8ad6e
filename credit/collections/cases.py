"""The few ways in which collection cases change, and their entries in the log, each of which carries the case's own numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit.collections.contract import Event, RefusedBecause
from credit.collections.rules import dpd_of
from credit.collections.states import MOVES, CaseState
from credit.collections.strategy import Strategies
from credit.mail import Outbox
from credit.room import Rows
from credit.table import Table
from credit.times import Ints

Refuse = Callable[[Rows, RefusedBecause | Ints, Outbox], None]
"""How answers that have no effect are recorded, and why."""
Note = Callable[[str, Rows], None]
"""Keeps a witness for the invariants."""


def to_work(cases: Table, rows: Ints) -> None:
    """Takes cases back into ordinary work: ASSIGNED, or CONTINUED after a write-off (NPL-09)."""
    written_off = cases["written_off"][rows] != 0
    MOVES.to(cases, rows, np.where(written_off, int(CaseState.CONTINUED), int(CaseState.ASSIGNED)))


def stage_on(cases: Table, strategies: Strategies, rows: Ints, day: Ints | int) -> Ints:
    """Stage of cases on a day, 1 to 3: by days past due, plus the levels that broken promises have added (COL-09)."""
    by_dpd = strategies.stages(cases["set"][rows], dpd_of(day, cases["overdue_since_day"][rows]))
    return np.asarray(np.minimum(np.maximum(by_dpd, 1) + cases["raised"][rows], strategies.dpd_from.shape[1]))


def log_case(
    out: Outbox,
    event: Event,
    cases: Table,
    place: Ints,
    at: Ints | int,
    *,
    amount_fen: Ints | int | None = None,
    **said: Ints | int,
) -> None:
    """One event a case, with its numbers and its overdue amount unless another is given; `said`: see `Outbox.log`."""
    amount = cases["overdue_fen"][place] if amount_fen is None else amount_fen
    out.log_rows(event, cases, place, at, amount_fen=amount, **said)
