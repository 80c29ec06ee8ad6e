"""The application track and the query on it, and the three stages of the business."""

from __future__ import annotations

import numpy as np
import pytest

from credit.applications import ApplicationsSubsystem, query, track
from credit.applications.track import STEP_AFTER, Handler, Step
from credit.codes import Event, Stage
from credit.messages import EVENT_DTYPE, Rows
from credit.stages import Phase, phase_of_event, phases_of_events
from credit.times import MINUTE_MS
from tests.credit.applications.builders import DAY, MORNING, desk_day, forms

CASE = 3_000_000_001


def events(*pairs: tuple[int, Event]) -> Rows:
    rows = np.zeros(len(pairs), dtype=EVENT_DTYPE)
    rows["case"] = CASE
    rows["at"], rows["event"] = [at for at, _ in pairs], [event for _, event in pairs]
    return rows


@pytest.mark.requirement("APP-15", "APP-18")
def test_the_track_starts_with_the_application_and_tells_the_step() -> None:
    run = desk_day(forms(2))
    log = run.all_events()
    names = [Event(int(e)).name for e in track(log, CASE, DAY.until)["event"]]
    assert names == ["APPLICATION_SUBMITTED", "CUSTOMER_CREATED", "APPLICATION_ACCEPTED", "APPLICATION_DISPATCHED"]
    before, during, after = (query(log, CASE, at) for at in (MORNING - 1, MORNING + 10, MORNING + 500))
    assert before is None
    assert during is not None
    assert (during.step, during.handler, during.since) == (Step.INITIAL_REVIEW, Handler.SYSTEM, MORNING)
    assert after is not None
    assert (after.step, after.handler, after.since) == (Step.SCORING, Handler.SYSTEM, MORNING + 170)


@pytest.mark.requirement("APP-18")
def test_the_estimate_is_the_rest_of_this_step_and_all_later_ones() -> None:
    minutes = ApplicationsSubsystem.build().policy.step_minutes
    log = events((0, Event.APPLICATION_SUBMITTED), (1_000, Event.APPLICATION_SCORED), (2_000, Event.NODE_ENTERED))
    rest = (minutes["contract"] + minutes["disbursement"]) * MINUTE_MS
    early, late = query(log, CASE, 3_000), query(log, CASE, 10**9)
    assert early is not None
    assert (early.step, early.handler, early.since) == (Step.APPROVAL, Handler.APPROVER, 1_000)
    assert early.expected_at == 1_000 + minutes["approval"] * MINUTE_MS + rest
    assert late is not None
    assert late.expected_at == 10**9 + rest


@pytest.mark.requirement("APP-18")
@pytest.mark.parametrize(
    ("last", "step", "handler"),
    [
        (Event.CONTRACT_GENERATED, Step.CONTRACT, Handler.CUSTOMER),
        (Event.CONTRACT_WITHDRAWN, Step.APPROVAL, Handler.SYSTEM),
        (Event.CONTRACT_EFFECTIVE, Step.DISBURSEMENT, Handler.OPERATOR),
        (Event.DISBURSEMENT_INITIATED, Step.DISBURSEMENT, Handler.REVIEWER),
        (Event.INSTRUCTION_SENT, Step.DISBURSEMENT, Handler.CORE_BANKING),
        (Event.LOAN_DISBURSED, Step.DISBURSED, Handler.NOBODY),
        (Event.APPLICATION_DECLINED, Step.CLOSED, Handler.NOBODY),
    ],
)
def test_the_query_goes_on_through_all_stages(last: Event, step: Step, handler: Handler) -> None:
    progress = query(events((0, Event.APPLICATION_SUBMITTED), (9, Event.APPLICATION_APPROVED), (20, last)), CASE, 50)
    assert progress is not None
    assert (progress.step, progress.handler) == (step, handler)
    assert (progress.expected_at == 0) == (step > Step.DISBURSEMENT)


@pytest.mark.requirement("APP-18")
def test_events_that_move_nothing_and_other_cases_are_passed_over() -> None:
    log = events(
        (0, Event.APPLICATION_SUBMITTED), (5, Event.NODE_ENTERED), (6, Event.CASE_URGED), (7, Event.LOAN_DISBURSED)
    )
    log["case"][3] = CASE + 1
    progress = query(log, CASE, 50)
    assert progress is not None
    assert (progress.step, progress.last_event) == (Step.APPROVAL, Event.NODE_ENTERED)


@pytest.mark.requirement("APP-01")
def test_every_event_belongs_to_a_stage_of_the_business() -> None:
    for event, phase in (
        (Event.APPLICATION_SUBMITTED, Phase.PRE_LOAN),
        (Event.APPLICATION_SCORED, Phase.PRE_LOAN),
        (Event.APPLICATION_APPROVED, Phase.PRE_LOAN),
        (Event.CONTRACT_SIGNED, Phase.IN_LOAN),
        (Event.FUNDS_ARRIVED, Phase.IN_LOAN),
        (Event.INSTALMENT_PAID, Phase.POST_LOAN),
        (Event.CONTACT_MADE, Phase.POST_LOAN),
        (Event.TRIAL_BALANCED, Phase.NONE),
    ):
        assert phase_of_event(event) is phase, event.name
    codes = np.array([int(e) for e in Event if e // 100 != Stage.LEDGER])
    assert (phases_of_events(codes) != Phase.NONE).all()
    assert phases_of_events(np.array([0, 5, 99_999])).tolist() == [0, 0, 0]


@pytest.mark.requirement("APP-01")
def test_the_track_never_goes_back_before_the_contract_except_to_approval() -> None:
    order = {event: STEP_AFTER[event][0] for event in STEP_AFTER}
    assert order[Event.CONTRACT_WITHDRAWN] is Step.APPROVAL
    assert all(
        step in (Step.CONTRACT, Step.APPROVAL)
        for event, step in order.items()
        if event // 100 == Stage.CONTRACTS and event is not Event.CONTRACT_EFFECTIVE
    )
