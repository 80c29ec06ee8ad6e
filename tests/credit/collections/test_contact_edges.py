"""The edges of contacts: the last day of a promise, the last team, the instant of a payment."""

from __future__ import annotations

import pytest

from credit.codes import ContactOutcome
from credit.collections.contract import COLLECTION, Event, RefusedBecause
from tests.credit.collections.desk import DAY, contact, paid
from tests.credit.collections.test_contacts import in_middle, promised, refusals


@pytest.mark.requirement("COL-09.a")
@pytest.mark.parametrize("ahead", [1, 15])
def test_a_promise_for_the_first_and_for_the_last_sensible_day_is_noted(ahead: int) -> None:
    bench, task = in_middle()
    out = bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=32 + ahead))
    assert out.events_of(Event.PROMISE_MADE)["value"].tolist() == [DAY + 32 + ahead]


def test_no_level_is_above_the_last_teams() -> None:
    bench = promised()
    bench.day(38)
    while not len(task := bench.day(bench.next_day - DAY).take(COLLECTION.task)):
        assert bench.next_day < DAY + 60
    dpd = bench.next_day - DAY
    bench.day(dpd, contact(task, ContactOutcome.PROMISE, dpd=dpd, promise_dpd=dpd + 3))
    out = bench.day(dpd + 3)
    assert len(out.events_of(Event.PROMISE_BROKEN)) == 1
    assert len(out.events_of(Event.LEVEL_RAISED)) == 0


def test_a_contact_of_the_instant_of_the_payment_has_no_effect() -> None:
    bench, task = in_middle()
    out = bench.day(32, paid(32, hour=15), contact(task, ContactOutcome.NONE, dpd=32, hour=15))
    assert refusals(out) == [RefusedBecause.UNKNOWN_CASE]
