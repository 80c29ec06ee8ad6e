"""The application track (申请轨迹, APP-15) and the query on it (APP-18): where a case stands, who has it, and when it will
probably be done, folded from its events of any room, each of which says in its contract where the case stands after it. It is
computed from the event log, so it can be asked for any past instant and can't disagree with what happened."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from credit.codes import Handler, Step
from credit.policies import load
from credit.policies.admission import AdmissionPolicy
from credit.room import EVENTS, EventCode, Rows
from credit.times import MINUTE_MS

LAST_OPEN = Step.DISBURSEMENT


@dataclass(frozen=True)
class Progress:
    """Answer to an application query: all instants in ms; `expected_at` is 0 when nothing more is to come."""

    case: int
    step: Step
    handler: Handler
    since: int
    expected_at: int
    last_event: EventCode


def track(events: Rows, case: int, at: int) -> list[tuple[int, int]]:
    """The track of a case up to an instant: when each of its events happened, and its code, in the order of time, then in that in
    which the bank said them (``seq``)."""
    columns = (events[name].tolist() for name in ("at", "seq", "event", "case"))
    mine = sorted(
        (when, seq, event) for when, seq, event, whose in zip(*columns, strict=True) if whose == case and when <= at
    )
    return [(when, event) for when, _, event in mine]


def query(events: Rows, case: int, at: int, policy: AdmissionPolicy | None = None) -> Progress | None:
    """Current step, handler and estimated completion of a case at an instant (APP-18), from event rows of any stages; None
    for a case that has no events by then."""
    last: EventCode | None = None
    step, since = None, 0
    for happened, number in track(events, case, at):
        event = EVENTS[number]
        if event.said.step is None:
            continue
        if step is Step.CLOSED:
            break
        if event.said.step is not step:
            step, since = event.said.step, happened
        last = event
    if last is None or step is None:
        return None
    return Progress(
        case,
        step,
        last.said.handler,
        since,
        _expected(step, since, at, policy or load("admission", AdmissionPolicy)),
        last,
    )


@lru_cache(maxsize=1)
def deciding() -> frozenset[int]:
    """The events after which a case is decided: it stands at its contract, or further, or is closed."""
    return frozenset(
        code for code, one in EVENTS.items() if one.said.step is not None and one.said.step >= Step.CONTRACT
    )


def _expected(step: Step, since: int, at: int, policy: AdmissionPolicy) -> int:
    """The end of the current step (not before now), then all steps that remain."""
    if step > LAST_OPEN:
        return 0
    minutes = policy.step_minutes
    end = max(since + minutes[step.name.lower()] * MINUTE_MS, at)
    return end + sum(minutes[Step(later).name.lower()] for later in range(step + 1, LAST_OPEN + 1)) * MINUTE_MS
