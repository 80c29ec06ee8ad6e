"""Where applications stand (APP-15): paid out, closed by which event, or open. Told by the steps that the rooms' contracts give
their events, so that an event which closes a case is an end wherever ends are counted."""

from __future__ import annotations

from credit.applications.contract import Event as ApplicationEvent
from credit.bank import PIPELINE
from credit.codes import Step
from credit.disbursement.contract import Event as DisbursementEvent
from credit.room import EventCode

STEPPED: tuple[EventCode, ...] = tuple(
    event for room in PIPELINE for event in room.events or () if event.said.step is not None
)
"""Events that move a case a step on; none of them shares its name with another event."""
CLOSING: tuple[EventCode, ...] = tuple(event for event in STEPPED if event.said.step == Step.CLOSED)
PAID_OUT = DisbursementEvent.LOAN_DISBURSED


def spelt(events: tuple[EventCode, ...]) -> str:
    """Events as a list in SQL."""
    return ", ".join(f"'{event.name.lower()}'" for event in events)


_STEPS = ", ".join(f"('{event.name.lower()}', {int(event.said.step or 0)})" for event in STEPPED)
STANDING = f"""
CREATE TEMP TABLE standing AS
SELECT case_no, LAST(event ORDER BY ts, seq) AS event, LAST(step ORDER BY ts, seq) AS step, MAX(ts) AS moved,
       BOOL_OR(event = '{ApplicationEvent.APPLICATION_SUBMITTED.name.lower()}') AS came,
       BOOL_OR(event = '{PAID_OUT.name.lower()}') AS paid_out,
       MAX(step) FILTER (step < {int(Step.CLOSED)}) AS furthest,
       NOT paid_out AND LAST(step ORDER BY ts, seq) = {int(Step.CLOSED)} AS closed
FROM (SELECT case_no, ts, seq, CAST(event AS VARCHAR) AS event FROM {{events}} WHERE case_no > 0)
JOIN (VALUES {_STEPS}) steps(event, step) USING (event) GROUP BY case_no
"""
"""One row a case that anything moved: the last event that did, its step and instant, the furthest step before it was closed. A
case that was paid out is not closed by what ends a later drawdown; of one that is neither, something is still to come."""
