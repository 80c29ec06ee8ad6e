"""The table of collection cases and the few ways in which it changes. Its rule: one case a loan, a state changes only by
`set_state`, and every entry in the log carries the case's own numbers."""

from __future__ import annotations

import numpy as np

from credit.collections.contract import Event, RefusedBecause
from credit.collections.rules import dpd_of
from credit.collections.states import CaseState, moved
from credit.collections.strategy import Strategies
from credit.mail import Outbox
from credit.room import Rows, blank
from credit.table import Table
from credit.times import Ints

_BLANK = (
    "set stage stage_since raised task former_task contacts next_means "
    "sms_day voice_day call_day visit_day legal_day call_done visit_done legal_done "
    "promise_day promise_made promise_fen promise_paid_fen pause_until "
    "write_off_desk write_off_fen approved_1 approved_2 approved_3 refused_day"
)
FIELDS = (
    "loan case customer party branch segment product grade overdue_since_day overdue_fen balance_fen written_off "
    f"opened_at=0 closed_at state {blank(_BLANK)}"
)
"""Columns of a case. `*_day`: day on which a means was last used, 0 = never; `*_done`: day on which a collector last
finished it; `task`: number of the open task, `former_task` of one left with the team before; `raised`: levels added by
broken promises; `approved_n`: who approved the write-off, desk by desk."""


def new_table() -> Table:
    """An empty table of cases."""
    return Table(FIELDS, "loan")


def to_work(cases: Table, rows: Ints) -> None:
    """Takes cases back into ordinary work: ASSIGNED, or CONTINUED after a write-off (NPL-09)."""
    written_off = cases["written_off"][rows] != 0
    set_state(cases, rows[~written_off], CaseState.ASSIGNED)
    set_state(cases, rows[written_off], CaseState.CONTINUED)


def set_state(cases: Table, rows: Ints, state: CaseState) -> None:
    """The only place that changes a state."""
    cases["state"][rows] = moved(cases["state"][rows], state, cases["loan"][rows])


def leave_task(cases: Table, rows: Ints) -> None:
    """An open task stays with the team that has it, which may still finish it; the case may be given to another."""
    waiting = rows[cases["task"][rows] > 0]
    cases["former_task"][waiting] = cases["task"][waiting]
    cases["task"][waiting] = 0


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
    actor: Ints | int = 0,
    amount_fen: Ints | int | None = None,
    reason: Ints | int = 0,
    value: Ints | int = 0,
) -> None:
    """One event a case, with its numbers and its overdue amount unless another is given."""
    out.log(
        event,
        np.broadcast_to(np.asarray(at, dtype=np.int64), place.shape),
        cases["case"][place],
        actor=actor,
        loan=cases["loan"][place],
        amount_fen=cases["overdue_fen"][place] if amount_fen is None else amount_fen,
        reason=reason,
        value=value,
    )


def refuse(out: Outbox, rows: Rows, because: RefusedBecause | Ints) -> None:
    """Records answers that have no effect, and why."""
    names = rows.dtype.names or ()
    actor = rows["person"] if "person" in names else 0
    out.log(
        Event.COLLECTION_ACTION_REFUSED, rows["at"], rows["loan"] // 100, actor=actor, loan=rows["loan"], reason=because
    )
