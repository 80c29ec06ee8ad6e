"""Who cannot pay goes to the restructuring team (COL-08, EX-17), and is left alone until it has done with him."""

from __future__ import annotations

import numpy as np
import pytest

from credit.calendar import add_months
from credit.codes import ContactOutcome
from credit.codes_trouble import ReferralCause
from credit.collections.contract import COLLECTION, Event, OverdueRestructured, RestructuringUnderWay
from credit.collections.states import CaseState
from credit.mail import Outbox
from credit.repayment.contract import RestructuringReferred
from credit.room import Rows
from credit.times import DAY_MS
from tests.credit.collections.desk import DAY, LOAN, Bench, at, contact, overdue
from tests.rows import sample


def called() -> tuple[Bench, Rows]:
    """A case at DPD 31 under set A, with its first call asked for."""
    bench = Bench()
    bench.day(1, overdue())
    return bench, bench.day(31).take(COLLECTION.task)


@pytest.mark.requirement("COL-08.b")
def test_who_is_found_unable_is_referred_and_left_alone_until_the_team_has_done() -> None:
    bench, task = called()
    out = bench.day(32, contact(task, ContactOutcome.UNABLE, dpd=32))
    assert out.take(RestructuringReferred)["cause"].tolist() == [ReferralCause.UNABLE]
    team = sample(RestructuringUnderWay, 1, at=at(33), loan=LOAN, under_way=1)
    bench.day(33, (RestructuringUnderWay, team))
    bench.day(80)
    assert bench.column("state") == CaseState.PAUSED
    team["at"], team["under_way"] = at(81), 0
    bench.day(81, (RestructuringUnderWay, team))
    bench.day(82)
    assert bench.column("state") == CaseState.ASSIGNED


@pytest.mark.requirement("EX-17.a")
@pytest.mark.parametrize(("segment", "referred"), [(2, 1), (1, 0)])
def test_a_small_owner_overdue_two_months_in_a_row_is_referred_by_itself(segment: int, referred: int) -> None:
    bench = Bench()
    bench.day(1, overdue(segment=segment))
    bench.day(75)
    events = bench.out.events_of(Event.HARDSHIP_REFERRED)
    two_months = int(add_months(np.array([DAY]), 2)[0]) - DAY
    assert (events["at"] // DAY_MS - DAY).tolist() == [two_months] * referred
    assert events["reason"].tolist() == [ReferralCause.MONTHS_OVERDUE] * referred


def test_a_case_whose_loan_was_restructured_is_closed_and_no_promise_of_it_counts() -> None:
    bench, task = called()
    bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=38))
    bench.day(33, (OverdueRestructured, sample(OverdueRestructured, 1, at=at(33), loan=LOAN)))
    assert bench.out.events_of(Event.PROMISE_KEPT).tolist() == []
    assert bench.out.events_of(Event.CASE_CLOSED)["loan"].tolist() == [LOAN]


def test_a_promised_case_rests_once_its_promise_is_broken_while_the_team_has_it() -> None:
    bench, task = called()
    bench.day(32, contact(task, ContactOutcome.PROMISE, dpd=32, promise_dpd=34))
    bench.day(33, (RestructuringUnderWay, sample(RestructuringUnderWay, 1, at=at(33), loan=LOAN, under_way=1)))
    bench.day(35)
    assert bench.column("state") == CaseState.PAUSED
    assert bench.open_tasks == 0


@pytest.mark.requirement("COL-08.b")
@pytest.mark.parametrize(("days_ago", "written_off", "again"), [(89, 0, False), (90, 0, True), (90, 1, False)], ids=str)
def test_a_loan_on_the_books_is_referred_again_after_the_policys_days(
    days_ago: int, written_off: int, again: bool
) -> None:
    bench, task = called()
    rows = bench.bank.cases.find([LOAN])
    bench.bank.cases["referred_day"][rows] = DAY + 32 - days_ago
    bench.bank.cases["written_off"][rows] = written_off
    out = Outbox()
    when = np.array([at(32)])
    bench.bank.referrals.unable(rows, when, when * 0 + task["task"][0], out)
    assert len(out.take(RestructuringReferred)) == again
