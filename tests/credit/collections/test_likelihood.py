"""The collection card: who is likely to pay, and whom collectors serve first."""

from __future__ import annotations

import numpy as np
import pytest

from credit.codes import ContactOutcome, Grade
from credit.collections.contract import COLLECTION, Event
from credit.mail import Outbox
from credit.policies.loading import PolicyError
from tests.credit.collections.desk import LOAN, Bench, at, contact, overdue

OTHER = LOAN + 100


@pytest.mark.requirement("SCO-04.c")
def test_whoever_is_likely_to_pay_is_served_first() -> None:
    bench = Bench()
    bench.day(1, overdue(grade=int(Grade.EXCELLENT)), overdue(loan=OTHER, grade=int(Grade.POOR)))
    tasks = bench.day(31).take(COLLECTION.task)
    said = {int(task["loan"]): (int(task["priority"]), int(task["repay_ppm"])) for task in tasks}
    assert said == {LOAN: (2, 652_500), OTHER: (3, 381_000)}


@pytest.mark.requirement("SCO-04.c")
def test_contacts_without_result_make_it_less_likely_and_each_change_is_told() -> None:
    bench = Bench()
    bench.day(1, overdue())
    bench.day(31)
    for dpd in (31, 41, 51, 61, 71):
        task = bench.out.take(COLLECTION.task)[-1:]
        bench.day(dpd + 1, contact(task, ContactOutcome.NONE, dpd=dpd + 1))
        bench.day(dpd + 10)
    tasks, told = bench.out.take(COLLECTION.task), bench.out.events_of(Event.COLLECTION_SCORED)
    assert sorted(tasks["repay_ppm"].tolist(), reverse=True) == tasks["repay_ppm"].tolist()
    assert set(told["value"].tolist()) == set(tasks["repay_ppm"].tolist())
    assert len(told) < len(tasks)
    assert tasks["priority"][-1] > tasks["priority"][0]


@pytest.mark.requirement("SCO-04.c")
def test_whoever_reaches_the_bound_is_likely_to_pay() -> None:
    def served(likely_from: int) -> tuple[int, int]:
        bench = Bench({"collections": {"likely_from": likely_from, "unlikely_below": 0}})
        bench.day(1, overdue())
        [task] = bench.day(31).take(COLLECTION.task)
        return bench.column("likelihood"), int(task["priority"])

    score, _ = served(60)
    assert served(score)[1] < served(score + 1)[1]


@pytest.mark.requirement("SCO-04.c")
def test_broken_promises_and_contacts_count_each_for_itself() -> None:
    bench = Bench()
    bench.day(1, overdue())
    bench.day(31)
    rows = bench.bank.cases.find([LOAN])
    chances = []
    for raised, contacts in ((0, 6), (1, 6), (2, 6), (2, 0)):
        bench.bank.cases["raised"][rows], bench.bank.cases["contacts"][rows] = raised, contacts
        repay, _ = bench.bank._daily_work._likelihood.estimate(rows, np.array([at(31)]), Outbox())
        chances += repay.tolist()
    assert chances[0] > chances[1] > chances[2] < chances[3]


def test_the_bounds_of_likelihood_must_not_cross() -> None:
    with pytest.raises(PolicyError, match="unlikely_below is above likely_from"):
        Bench({"collections": {"likely_from": 10}})
