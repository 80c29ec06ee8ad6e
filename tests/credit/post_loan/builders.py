"""Small builders for tests of what follows after the loan: a bench that drives the bare subsystem window by window, invariants
checked after each. Monday 2 March 2026, nine o'clock, is when money goes out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from credit.codes import Grade, Segment, Verdict
from credit.mail import Outbox
from credit.post_loan.contract import DESK, Desk, LoanTold
from credit.post_loan.subsystem import PostLoanSubsystem
from credit.repayment.contract import LoanDisbursed
from credit.room import EventCode, Rows
from credit.staff import StaffRegister
from credit.subsystem import Setting
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, instant
from tests.credit import bench
from tests.rows import sample

MONDAY = instant(dt.date(2026, 3, 2))
NINE = MONDAY + 9 * HOUR_MS
BRANCH = 3
CASE = BRANCH * 10**9 + 1
YUAN = 100
CONSUMER, MORTGAGE, MICRO, WORKING = 1, 3, 4, 5
MANAGER, REVIEWER, BOTH = 3_411, 3_671, 3_999
STAFF = StaffRegister.of(
    [(MANAGER, BRANCH, Desk.CUSTOMER_MANAGER), (REVIEWER, BRANCH, Desk.POST_LOAN_REVIEWER)]
    + [(BOTH, BRANCH, desk) for desk in Desk]
)
"""BOTH has a seat at both desks: only the rule keeps the parts apart."""
Mail = tuple[Any, Rows]


def paid(at: int = NINE, yuan: int = 50_000, *, place: int = 1, **columns: Any) -> Mail:
    """Money goes out, by default of a sound consumer loan."""
    facts = {"customer": 17, "party": 7, "branch": BRANCH, "segment": Segment.INDIVIDUAL, "product": CONSUMER}
    facts |= {"grade": Grade.GOOD, "term_months": 12}
    return LoanDisbursed, sample(
        LoanDisbursed, 1, at=at, loan=CASE * 100 + place, case=CASE, amount_fen=yuan * YUAN, **(facts | columns)
    )


def working(at: int = NINE, **columns: Any) -> Mail:
    """A drawing under a company's limit."""
    return paid(at, 800_000, product=WORKING, segment=Segment.ENTERPRISE, revolving=1, **columns)


def told(event: EventCode, at: int, place: int = 1) -> Mail:
    return LoanTold, sample(LoanTold, 1, at=at, case=CASE, loan=CASE * 100 + place, branch=BRANCH, event=event)


class Bench(bench.Bench[PostLoanSubsystem]):
    """One subsystem and its time."""

    def __init__(self) -> None:
        super().__init__(PostLoanSubsystem.build(Setting(None, STAFF)), MONDAY)

    def comes_due(self) -> Outbox:
        """Up to nine o'clock of the next inspection's day."""
        return self.run(until=int(self.row()["due_day"]) * DAY_MS + 9 * HOUR_MS)

    def says(self, person: int, verdict: int = Verdict.APPROVE, findings: int = 0) -> Outbox:
        """Somebody decides on the case's open task, ten minutes later."""
        tasks = self.room.desk.tasks
        [task] = tasks["task"][self.room.desk.is_open() & (tasks["case"] == CASE)]
        columns = {"task": task, "case": CASE, "person": person, "verdict": verdict, "findings": findings}
        return self.run((DESK.opinion, sample(DESK.opinion, 1, at=self.now + 10 * MINUTE_MS, **columns)))

    def row(self) -> Any:
        """The case's row."""
        [found] = self.room.inspections.find([CASE])
        assert found >= 0, "not inspected"
        return self.room.inspections.take([found])[0]

    def is_gone(self) -> bool:
        return bool(self.room.inspections.find([CASE])[0] < 0)

    def day(self, date: str) -> int:
        return int(np.datetime64(date).astype(int))


def reasons(out: Outbox, event: EventCode) -> list[int]:
    """Why: the reason of each such event, in order."""
    return list(out.events_of(event)["reason"].tolist())
