"""Small builders for tests of due diligence: a bench that drives the bare subsystem window by window, invariants checked after
each, and one function a fact. Tuesday 3 March 2026, nine o'clock, is when things begin."""

from __future__ import annotations

import datetime as dt
from typing import Any

from credit.codes import FileFormat, Grade, Lane, Segment, Verdict
from credit.due_diligence.contract import DESK, BusinessScored, Desk, FilePaper, Paper, RecordStatement
from credit.due_diligence.subsystem import DueDiligenceSubsystem
from credit.mail import Outbox
from credit.numbers import task_of
from credit.policies import Overrides
from credit.room import EventCode, Rows
from credit.staff import StaffRegister
from credit.subsystem import Setting
from credit.times import HOUR_MS, MINUTE_MS, instant
from tests.credit import bench
from tests.rows import sample

START = instant(dt.date(2026, 3, 3))
NINE = START + 9 * HOUR_MS
BRANCH = 3
CASE = BRANCH * 10**9 + 1
YUAN = 100
MICRO = 4
VISITOR, OTHER_VISITOR, ANALYST, OTHER_ANALYST, BOTH = 3_451, 3_452, 3_461, 3_462, 3_999
STAFF = StaffRegister.of(
    [(one, BRANCH, Desk.SITE_INVESTIGATOR) for one in (VISITOR, OTHER_VISITOR, BOTH)]
    + [(one, BRANCH, Desk.FINANCIAL_ANALYST) for one in (ANALYST, OTHER_ANALYST, BOTH)]
)
"""BOTH has a seat everywhere: only the rule keeps the parts apart."""
BOOKS = {
    "year": 2025,
    "employees": 8,
    "revenue_fen": 600_000_000,
    "cost_fen": 420_000_000,
    "interest_fen": 10_000_000,
    "tax_fen": 8_000_000,
    "profit_fen": 162_000_000,
    "assets_fen": 400_000_000,
    "current_assets_fen": 240_000_000,
    "stock_fen": 100_000_000,
    "liabilities_fen": 200_000_000,
    "current_liabilities_fen": 160_000_000,
    "equity_fen": 200_000_000,
    "operating_cash_fen": 240_000_000,
}
"""A sound shop: 2,400,000 yuan a year from operations."""
Mail = tuple[Any, Rows]


def scored(at: int = NINE, yuan: int = 2_000_000, **columns: Any) -> Mail:
    """A micro business asks for 2,000,000 for a year; it is good, and owes nobody."""
    facts = {
        "customer": 17,
        "party": 7,
        "branch": BRANCH,
        "product": MICRO,
        "segment": Segment.MICRO,
        "amount_fen": yuan * YUAN,
        "term_months": 12,
        "grade": Grade.GOOD,
        "lane": Lane.MANUAL,
    }
    return BusinessScored, sample(BusinessScored, 1, at=at, case=CASE, **(facts | columns))


def paper(at: int, person: int = VISITOR, kind: Paper = Paper.PHOTO, nth: int = 1, **columns: Any) -> Mail:
    """A legible photo, or a report as PDF."""
    form = FileFormat.JPG if kind is Paper.PHOTO else FileFormat.PDF
    facts = {
        "format": form,
        "size": 900_000,
        "short_side_px": 2_000,
        "sharpness": 500,
        "digest": f"{int(kind)}{nth % 10}" * 32,
    }
    about = {"case": CASE, "person": person, "paper": kind, "nth": nth}
    return FilePaper, sample(FilePaper, 1, at=at, **(about | facts | columns))


def figures(at: int, person: int = VISITOR, **columns: Any) -> Mail:
    """What its books say."""
    return RecordStatement, sample(RecordStatement, 1, at=at, case=CASE, person=person, **(BOOKS | columns))


class Bench(bench.Bench[DueDiligenceSubsystem]):
    """One subsystem, its time, and everything it has sent and logged."""

    def __init__(self, overrides: Overrides | None = None) -> None:
        super().__init__(DueDiligenceSubsystem.build(Setting(overrides, STAFF)), START)

    @property
    def task(self) -> int:
        """The case's last task."""
        return int(task_of(CASE, self.row()["tasks"]))

    def claims(self, person: int = VISITOR) -> Outbox:
        """Somebody takes the case's task up."""
        at = self.now + MINUTE_MS
        return self.run((DESK.claim, sample(DESK.claim, 1, at=at, case=CASE, task=self.task, person=person)))

    def says(self, person: int, yuan: int = 2_000_000, **columns: Any) -> Outbox:
        """Somebody decides on the case's task, a little later."""
        said = {"verdict": Verdict.APPROVE, "opinion": "经营正常，建议授信。", "amount_fen": yuan * YUAN} | columns
        about = {"case": CASE, "task": self.task, "person": person}
        return self.run((DESK.opinion, sample(DESK.opinion, 1, at=self.now + 10 * MINUTE_MS, **(about | said))))

    def brings(
        self, person: int = VISITOR, photos: int = 3, report: bool = True, books: bool = True, **changed: Any
    ) -> Outbox:
        """Who holds the visit brings its papers and figures."""
        at = self.now + MINUTE_MS
        mail = [paper(at, person, nth=nth) for nth in range(1, photos + 1)]
        mail += [paper(at, person, Paper.REPORT)] if report else []
        mail += [figures(at, person, **changed)] if books else []
        return self.run(*mail) if mail else Outbox()

    def visited(self, person: int = VISITOR, yuan: int = 2_000_000, concerns: int = 0, **changed: Any) -> Outbox:
        """A whole visit, and its report."""
        self.claims(person)
        self.brings(person, **changed)
        return self.says(person, yuan, concerns=concerns)

    def row(self) -> Any:
        """The case as it is looked into."""
        [found] = self.room.cases.find([CASE])
        assert found >= 0, "is not looked into"
        return self.room.cases.take([found])[0]

    def report(self) -> Any:
        """What was found."""
        return self.room.reports.take(self.room.reports.find([CASE]))[0]


def reasons(out: Outbox, event: EventCode) -> list[int]:
    """Why: the reason of each such event, in order."""
    return list(out.events_of(event)["reason"].tolist())
