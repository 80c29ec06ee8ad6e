"""The application track and the query on it, and the three stages of the business."""

from __future__ import annotations

import numpy as np
import pytest

from credit.applications.contract import Event
from credit.applications.subsystem import ApplicationsSubsystem
from credit.approval.contract import Event as ApprovalEvent
from credit.codes import Handler, Step
from credit.contracts.contract import Event as ContractEvent
from credit.disbursement.contract import Event as DisbursementEvent
from credit.room import EVENT_DTYPE, EVENTS, Rows
from credit.scoring.contract import Event as ScoringEvent
from credit.times import MINUTE_MS
from credit.track import query, track
from tests.credit.applications.builders import DAY, MORNING, desk_day, forms

CASE = 3_000_000_001


def events(*pairs: tuple[int, Event]) -> Rows:
    rows = np.zeros(len(pairs), dtype=EVENT_DTYPE)
    rows["case"] = CASE
    rows["at"], rows["event"] = [at for at, _ in pairs], [event for _, event in pairs]
    return rows


@pytest.mark.requirement("APP-15.d", "APP-18.a")
def test_the_track_starts_with_the_application_and_tells_the_step() -> None:
    run = desk_day(forms(2))
    log = run.all_events()
    names = [EVENTS[event].name for _, event in track(log, CASE, DAY.until)]
    assert names == ["APPLICATION_SUBMITTED", "CUSTOMER_CREATED", "APPLICATION_ACCEPTED", "APPLICATION_DISPATCHED"]
    before, during, after = (query(log, CASE, at) for at in (MORNING - 1, MORNING + 10, MORNING + 500))
    assert before is None
    assert during is not None
    assert (during.step, during.handler, during.since) == (Step.INITIAL_REVIEW, Handler.SYSTEM, MORNING)
    assert after is not None
    assert (after.step, after.handler, after.since) == (Step.SCORING, Handler.SYSTEM, MORNING + 170)


@pytest.mark.requirement("APP-18.c")
def test_the_estimate_is_the_rest_of_this_step_and_all_later_ones() -> None:
    minutes = ApplicationsSubsystem.build().policy.step_minutes
    log = events(
        (0, Event.APPLICATION_SUBMITTED), (1_000, ScoringEvent.APPLICATION_SCORED), (2_000, ApprovalEvent.NODE_ENTERED)
    )
    rest = (minutes["contract"] + minutes["disbursement"]) * MINUTE_MS
    early, late = query(log, CASE, 2_000), query(log, CASE, 10**9)
    assert early is not None
    assert (early.step, early.handler, early.since) == (Step.APPROVAL, Handler.APPROVER, 1_000)
    assert early.last_event is ApprovalEvent.NODE_ENTERED
    assert early.expected_at == 1_000 + minutes["approval"] * MINUTE_MS + rest
    assert late is not None
    assert late.expected_at == 10**9 + rest


@pytest.mark.requirement("APP-01.a", "APP-18.a", "APP-18.b")
@pytest.mark.parametrize(
    ("last", "step", "handler"),
    [
        (ContractEvent.CONTRACT_GENERATED, Step.CONTRACT, Handler.CUSTOMER),
        (ContractEvent.CONTRACT_WITHDRAWN, Step.APPROVAL, Handler.SYSTEM),
        (ContractEvent.CONTRACT_EFFECTIVE, Step.DISBURSEMENT, Handler.OPERATOR),
        (DisbursementEvent.DISBURSEMENT_INITIATED, Step.DISBURSEMENT, Handler.REVIEWER),
        (DisbursementEvent.INSTRUCTION_SENT, Step.DISBURSEMENT, Handler.CORE_BANKING),
        (DisbursementEvent.LOAN_DISBURSED, Step.DISBURSED, Handler.NOBODY),
        (ApprovalEvent.APPLICATION_DECLINED, Step.CLOSED, Handler.NOBODY),
    ],
)
def test_the_query_goes_on_through_all_stages(last: Event, step: Step, handler: Handler) -> None:
    progress = query(
        events((0, Event.APPLICATION_SUBMITTED), (9, ApprovalEvent.APPLICATION_APPROVED), (20, last)), CASE, 50
    )
    assert progress is not None
    assert (progress.step, progress.handler) == (step, handler)
    assert (progress.expected_at == 0) == (step > Step.DISBURSEMENT)


@pytest.mark.requirement("APP-18.a")
def test_events_that_move_nothing_and_other_cases_are_passed_over() -> None:
    log = events(
        (0, Event.APPLICATION_SUBMITTED),
        (5, ApprovalEvent.NODE_ENTERED),
        (6, ApprovalEvent.CASE_URGED),
        (7, DisbursementEvent.LOAN_DISBURSED),
    )
    log["case"][3] = CASE + 1
    progress = query(log, CASE, 50)
    assert progress is not None
    assert (progress.step, progress.last_event) == (Step.APPROVAL, ApprovalEvent.NODE_ENTERED)


@pytest.mark.requirement("APP-18.b")
def test_of_one_instant_what_was_said_last_tells_who_has_the_case() -> None:
    """An opinion takes the case to the next desk within the same millisecond."""
    log = events((0, Event.APPLICATION_SUBMITTED), (5, ApprovalEvent.NODE_ENTERED), (5, ApprovalEvent.NODE_DECIDED))
    log["seq"] = [1, 3, 2]
    progress = query(log, CASE, 50)
    assert progress is not None
    assert (progress.handler, progress.last_event) == (Handler.APPROVER, ApprovalEvent.NODE_ENTERED)


@pytest.mark.requirement("APP-01.a")
def test_from_a_contract_the_track_goes_back_to_approval_and_nowhere_else() -> None:
    order = {event: event.said.step for event in EVENTS.values() if event.said.step}
    assert order[ContractEvent.CONTRACT_WITHDRAWN] is Step.APPROVAL
    assert all(
        step in (Step.CONTRACT, Step.APPROVAL, Step.CLOSED)
        for event, step in order.items()
        if event in ContractEvent and event is not ContractEvent.CONTRACT_EFFECTIVE
    )
