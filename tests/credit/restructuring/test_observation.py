"""Restructured loans under observation (NPL-12, EX-18): class, monthly inspections, renewed default, the return to normal."""

from __future__ import annotations

import numpy as np
import pytest

from credit.calendar import add_months, close_of_workday
from credit.codes_trouble import RiskClass
from credit.errors import InvariantViolation
from credit.repayment.contract import ObservationEnded
from credit.restructuring.contract import INSPECTION, Desk, Event, Finding, RefusedBecause, RestructuredLeft
from credit.restructuring.rules import observed_until
from tests.credit.restructuring.desk import DAY, LOAN, Bench, at, finding, observed, opened, overdue, paid
from tests.rows import sample

SIGNED = DAY + 5
"""The new terms were carried out; the first payment is thirty-one days later."""


@pytest.mark.requirement("NPL-12.a")
@pytest.mark.parametrize(("bad", "right"), [(0, RiskClass.SPECIAL_MENTION), (1, RiskClass.SUBSTANDARD)])
def test_a_restructured_loan_is_special_mention_at_best_and_substandard_where_it_was_non_performing(
    bad: int, right: RiskClass
) -> None:
    bench = Bench()
    bench.non_performing = bad
    observed(bench)
    assert bench.watched("risk_class") == [right]
    assert bench.happened(Event.CLASS_ASSIGNED)["reason"].tolist() == [right]


@pytest.mark.requirement("NPL-12.a", "EX-18.c")
def test_the_borrower_is_inspected_every_month() -> None:
    bench = Bench()
    observed(bench)
    first, second = (int(add_months(sample(RestructuredLeft, 1, loan=SIGNED)["loan"], n)[0]) - DAY for n in (1, 2))
    task = bench.day(first).take(INSPECTION.task)
    assert task["desk"].tolist() == [Desk.RESTRUCTURED_INSPECTOR]
    assert task["at"].tolist() == [at(first, 9)]
    assert task["limit_at"].tolist() == close_of_workday(task["at"], 5, 1_050).tolist()
    out = bench.day(first + 1, finding(task, first + 1, 9))
    assert out.events_of(Event.RESTRUCTURING_REFUSED)["reason"].tolist() == [RefusedBecause.FINDING_INVALID]
    bench.day(first + 2, finding(task, first + 2, Finding.STRAINED))
    assert (bench.watched("inspections"), bench.watched("finding")) == ([1], [Finding.STRAINED])
    assert bench.day(second).take(INSPECTION.task)["at"].tolist() == [at(second, 9)]


@pytest.mark.requirement("EX-18.c")
def test_who_has_not_been_looked_at_yet_is_not_asked_for_twice() -> None:
    bench = Bench()
    observed(bench)
    assert len(bench.day(36).take(INSPECTION.task)) == 1
    tasks = [bench.day(day).take(INSPECTION.task) for day in range(37, 100)]
    assert sum(map(len, tasks)) == 0


@pytest.mark.requirement("NPL-12.a", "EX-18.d")
def test_after_a_year_of_payments_in_time_he_is_back_to_normal() -> None:
    bench = Bench()
    observed(bench)
    [until] = bench.watched("observe_until")
    assert until - SIGNED > 365
    bench.day(until - DAY - 1)
    assert bench.watched("loan") == [LOAN]
    out = bench.day(until - DAY)
    assert out.take(ObservationEnded)["loan"].tolist() == [LOAN]
    assert len(out.events_of(Event.RETURNED_TO_NORMAL)) == 1
    assert bench.watched("loan") == []


@pytest.mark.requirement("NPL-12.a", "EX-18.d")
def test_an_observation_is_a_year_and_at_least_two_payments_and_the_day_on_which_a_miss_shows() -> None:
    first = int(np.datetime64("2026-01-31").astype(int))
    late = int(np.datetime64("2027-06-30").astype(int))
    until = observed_until(np.array([first, first]), np.array([first + 28, late]), 12)
    assert until.tolist() == [int(np.datetime64("2027-02-01").astype(int)), late + 1]


@pytest.mark.requirement("NPL-12.b")
def test_a_renewed_default_is_detected_and_the_observation_counts_from_it() -> None:
    bench = Bench()
    observed(bench)
    [before] = bench.watched("observe_until")
    out = bench.day(200, overdue(200))
    assert len(out.events_of(Event.RENEWED_DEFAULT)) == 1
    [after] = bench.watched("observe_until")
    assert after - (DAY + 200) >= 365
    assert after > before
    bench.day(after - DAY + 3)
    assert bench.watched("loan") == [LOAN], "nobody is back to normal while he is overdue"
    bench.day(after - DAY + 4, paid(after - DAY + 4))
    assert bench.watched("loan") == []


def test_whose_last_inspection_found_him_worse_is_observed_anew() -> None:
    bench = Bench()
    observed(bench)
    [until] = bench.watched("observe_until")
    task = bench.day(36).take(INSPECTION.task)
    bench.day(37, finding(task, 37, Finding.WORSE))
    bench.day(until - DAY + 1)
    [again] = bench.watched("observe_until")
    assert again - until >= 365


def test_a_loan_that_leaves_the_book_is_observed_no_more_and_its_inspection_is_withdrawn() -> None:
    bench = Bench()
    observed(bench)
    bench.day(40)
    out = bench.day(41, (RestructuredLeft, sample(RestructuredLeft, 1, at=at(41, 23), loan=LOAN)))
    assert len(out.take(INSPECTION.withdrawn)) == 1
    assert bench.watched("loan") == []


@pytest.mark.planted
def test_a_loan_observed_as_normal_would_be_noticed() -> None:
    bench = Bench()
    observed(bench)
    bench.room.tables["watched"]["risk_class"][:] = RiskClass.NORMAL
    with pytest.raises(InvariantViolation, match="while it is observed"):
        bench.day(6, opened(6))
