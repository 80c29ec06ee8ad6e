"""What may be promised, and for when."""

from __future__ import annotations

import pytest

from credit.codes import ContactOutcome
from credit.collections.contract import Event, RefusedBecause
from credit.collections.states import CaseState
from tests.credit.collections.desk import MIDDLE, contact
from tests.credit.collections.test_contacts import in_middle, refusals


@pytest.mark.requirement("COL-09.a")
@pytest.mark.parametrize("ahead", [0, 16, 400])
def test_a_promise_for_no_sensible_day_is_refused(ahead: int) -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=32 + ahead))
    assert refusals(out) == [RefusedBecause.PROMISE_TERMS]
    assert len(out.events_of(Event.CONTACT_MADE)) == 0
    corrected = bench.day(33, contact(task, ContactOutcome.PROMISE, dpd=33, promise_dpd=38))
    assert corrected.events_of(Event.PROMISE_MADE)["actor"].tolist() == [MIDDLE]


@pytest.mark.requirement("COL-09.a")
@pytest.mark.parametrize("above", [None, 1])
def test_a_promise_of_nothing_or_of_more_than_all_is_refused(above: int | None) -> None:
    bench, task = in_middle()
    whole = sum(bench.column(name) for name in ("principal_fen", "interest_fen", "penalty_fen"))
    promised = 0 if above is None else whole + above
    out = bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=38, promise_fen=promised))
    assert refusals(out) == [RefusedBecause.PROMISE_TERMS]
    assert bench.column("state") == CaseState.ASSIGNED


@pytest.mark.requirement("COL-09.a")
def test_all_that_is_owed_may_be_promised() -> None:
    bench, task = in_middle()
    whole = sum(bench.column(name) for name in ("principal_fen", "interest_fen", "penalty_fen"))
    out = bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=38, promise_fen=whole))
    assert out.events_of(Event.PROMISE_MADE)["amount_fen"].tolist() == [whole]
