"""What the desk of failed debits hands over is called out of turn."""

from __future__ import annotations

import pytest

from credit.codes import Contact, ContactOutcome
from credit.collections.contract import COLLECTION, DebitHandedOver, Event
from credit.mail import Outbox
from credit.room import Kind, Rows
from tests.credit.collections.desk import LOAN, Bench, at, contact, means_sent, overdue, paid
from tests.rows import sample


def handed(dpd: int, hour: int = 0) -> tuple[Kind, Rows]:
    return DebitHandedOver, sample(DebitHandedOver, 1, at=at(dpd, hour), loan=LOAN)


def told(out: Outbox) -> list[int]:
    return [int(one) for one in out.events_of(Event.CASE_HANDED_OVER)["value"]]


@pytest.mark.requirement("REP-08.d")
def test_who_is_handed_over_is_called_once_his_stage_is_called_at_all_and_not_when_his_turn_comes() -> None:
    """By set B, which calls from day 8 on."""
    plain, early = (Bench({"collections": {"default_set": "b"}}) for _ in range(2))
    plain.day(1, overdue(grade=4))
    assert told(early.day(1, overdue(grade=4), handed(1))) == [1]
    days: list[int] = []
    for bench in (plain, early):
        for dpd in range(2, 40):
            tasks = bench.day(dpd).take(COLLECTION.task)
            if len(tasks) and int(tasks["action"][0]) == Contact.CALL:
                days.append(dpd)
                break
    assert days == [10, 8]


@pytest.mark.requirement("REP-08.d")
def test_a_case_that_is_paid_or_was_never_opened_is_left_alone() -> None:
    bench = Bench()
    bench.day(1, overdue())
    out = bench.day(2, paid(2, hour=9), handed(2, hour=12))
    assert told(out) == []
    assert told(Bench().day(1, handed(1))) == []
    assert len(out.events_of(Event.COLLECTION_ACTION_REFUSED)) == 0


def test_who_could_not_be_reached_is_visited_though_he_is_handed_over() -> None:
    bench = Bench()
    bench.day(1, overdue())
    task = bench.day(31).take(COLLECTION.task)
    bench.day(32, contact(task, ContactOutcome.LOST, dpd=32), handed(32, hour=16), hours=1)
    assert bench.day(33).take(COLLECTION.task)["action"].tolist() == [Contact.VISIT]


@pytest.mark.parametrize(("hour", "sent"), [(9, ["sms"]), (10, [])])
def test_a_case_that_is_opened_by_the_hour_of_work_is_worked_on_that_day(hour: int, sent: list[str]) -> None:
    bench = Bench()
    assert means_sent(bench.day(1, overdue(hour=hour))) == sent
