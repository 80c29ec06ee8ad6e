"""The application track (申请轨迹, APP-15) and the query on it (APP-18): where a case stands, who has it, and when it will
probably be done, folded from its events of any stage. Its rule: it is computed from the event log, so it can be asked for
any past instant and can't disagree with what happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np

from credit.codes import Event
from credit.messages import Rows
from credit.policies import load
from credit.policies.admission import AdmissionPolicy
from credit.times import MINUTE_MS


class Step(IntEnum):
    """Steps of an application in their order; from CLOSED on nothing more is to come."""

    INITIAL_REVIEW = 1  # 自动化初审
    SCORING = 2
    APPROVAL = 3
    CONTRACT = 4
    DISBURSEMENT = 5
    DISBURSED = 6
    CLOSED = 7


class Handler(IntEnum):
    """Who has the case."""

    NOBODY = 0
    SYSTEM = 1
    APPROVER = 2
    CUSTOMER = 3
    OPERATOR = 4
    REVIEWER = 5
    CORE_BANKING = 6


STEP_AFTER: dict[Event, tuple[Step, Handler]] = {
    Event.APPLICATION_SUBMITTED: (Step.INITIAL_REVIEW, Handler.SYSTEM),
    Event.CUSTOMER_CREATED: (Step.INITIAL_REVIEW, Handler.SYSTEM),
    Event.APPLICATION_REFUSED: (Step.CLOSED, Handler.NOBODY),
    Event.CUSTOMER_DECLINED: (Step.CLOSED, Handler.NOBODY),
    Event.APPLICATION_INTERCEPTED: (Step.CLOSED, Handler.NOBODY),
    Event.APPLICATION_ACCEPTED: (Step.SCORING, Handler.SYSTEM),
    Event.APPLICATION_DISPATCHED: (Step.SCORING, Handler.SYSTEM),
    Event.BUREAU_QUERIED: (Step.SCORING, Handler.SYSTEM),
    Event.BUREAU_UNAVAILABLE: (Step.SCORING, Handler.SYSTEM),
    Event.APPLICATION_SCORED: (Step.APPROVAL, Handler.SYSTEM),
    Event.SCORING_REJECTED: (Step.APPROVAL, Handler.SYSTEM),
    Event.BUREAU_REFUSED: (Step.CLOSED, Handler.NOBODY),
    Event.NODE_ENTERED: (Step.APPROVAL, Handler.APPROVER),
    Event.NODE_DECIDED: (Step.APPROVAL, Handler.SYSTEM),
    Event.CASE_ESCALATED: (Step.APPROVAL, Handler.APPROVER),
    Event.APPLICATION_APPROVED: (Step.CONTRACT, Handler.SYSTEM),
    Event.APPLICATION_DECLINED: (Step.CLOSED, Handler.NOBODY),
    Event.RE_APPROVAL_OPENED: (Step.APPROVAL, Handler.SYSTEM),
    Event.CONTRACT_GENERATED: (Step.CONTRACT, Handler.CUSTOMER),
    Event.CONTRACT_REGENERATED: (Step.CONTRACT, Handler.CUSTOMER),
    Event.CONTRACT_BLOCKED: (Step.CONTRACT, Handler.OPERATOR),
    Event.CONTRACT_EXPIRED: (Step.CONTRACT, Handler.CUSTOMER),
    Event.CONTRACT_WITHDRAWN: (Step.APPROVAL, Handler.SYSTEM),
    Event.CONTRACT_EFFECTIVE: (Step.DISBURSEMENT, Handler.OPERATOR),
    Event.DISBURSEMENT_INITIATED: (Step.DISBURSEMENT, Handler.REVIEWER),
    Event.DISBURSEMENT_REVIEWED: (Step.DISBURSEMENT, Handler.SYSTEM),
    Event.DISBURSEMENT_REJECTED: (Step.DISBURSEMENT, Handler.OPERATOR),
    Event.INSTRUCTION_SENT: (Step.DISBURSEMENT, Handler.CORE_BANKING),
    Event.PAYMENT_DELAYED: (Step.DISBURSEMENT, Handler.CORE_BANKING),
    Event.PAYMENT_FAILED: (Step.DISBURSEMENT, Handler.OPERATOR),
    Event.PAYMENT_STOPPED: (Step.CLOSED, Handler.NOBODY),
    Event.FUNDS_ARRIVED: (Step.DISBURSED, Handler.NOBODY),
    Event.LOAN_DISBURSED: (Step.DISBURSED, Handler.NOBODY),
}
"""Where a case stands after an event. Events that are not here (urges, doubts, post-loan work) move nothing."""

LAST_OPEN = Step.DISBURSEMENT


@dataclass(frozen=True)
class Progress:
    """Answer to an application query: all instants in ms; `expected_at` is 0 when nothing more is to come."""

    case: int
    step: Step
    handler: Handler
    since: int
    expected_at: int
    last_event: Event


def track(events: Rows, case: int, at: int) -> Rows:
    """The track of a case up to an instant: its event rows in the order of time. Rows of one instant keep the order of
    stages and of the event codes."""
    mine = events[(events["case"] == case) & (events["at"] <= at)]
    order = np.lexsort((mine["event"], mine["at"]))
    return np.asarray(mine[order])


def query(events: Rows, case: int, at: int, policy: AdmissionPolicy | None = None) -> Progress | None:
    """Current step, handler and estimated completion of a case at an instant (APP-18), from event rows of any stages; None
    for a case that has no events by then."""
    current: Progress | None = None
    for row in track(events, case, at):
        event = Event(int(row["event"]))
        if event not in STEP_AFTER:
            continue
        step, handler = STEP_AFTER[event]
        if current is not None and current.step is Step.CLOSED:
            break
        since = current.since if current is not None and current.step is step else int(row["at"])
        current = Progress(case, step, handler, since, _expected(step, since, at, policy or _packaged()), event)
    return current


def _expected(step: Step, since: int, at: int, policy: AdmissionPolicy) -> int:
    """The end of the current step (not before now), then all steps that remain."""
    if step > LAST_OPEN:
        return 0
    minutes = policy.step_minutes
    end = max(since + minutes[step.name.lower()] * MINUTE_MS, at)
    return end + sum(minutes[Step(later).name.lower()] for later in range(step + 1, LAST_OPEN + 1)) * MINUTE_MS


@lru_cache(maxsize=1)
def _packaged() -> AdmissionPolicy:
    return load("admission", AdmissionPolicy)
