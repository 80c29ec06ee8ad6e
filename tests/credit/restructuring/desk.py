"""Small builders for restructuring tests: a bench that drives the bare room day by day, and one function a fact."""

from __future__ import annotations

import numpy as np

from credit.codes import Verdict
from credit.codes_trouble import Hardship, Measure, ReferralCause
from credit.collections.contract import LoanOverdue, OverduePaid
from credit.errors import InvariantViolation
from credit.mail import Inbox, Outbox
from credit.repayment.contract import RestructureLoan
from credit.restructuring.contract import (
    INSPECTION,
    RESTRUCTURING,
    AnswerTerms,
    Desk,
    Finding,
    LoanRestructured,
    RequestRestructuring,
    RestructuringOpened,
)
from credit.restructuring.subsystem import RestructuringSubsystem
from credit.room import EventCode, Kind, Rows
from credit.staff import StaffRegister
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS
from tests.rows import sample

DAY = 20_454
BRANCH = 3
LOAN = (BRANCH * 10**9 + 1) * 100 + 1
TEAM, APPROVER, BOTH, HEAD, INSPECTOR = 3_601, 3_701, 3_602, 3_801, 3_901
STAFF = StaffRegister.of(
    [
        (TEAM, BRANCH, Desk.RESTRUCTURING_SPECIALIST),
        (BOTH, BRANCH, Desk.RESTRUCTURING_SPECIALIST),
        (BOTH, BRANCH, Desk.RESTRUCTURING_APPROVER),
        (APPROVER, BRANCH, Desk.RESTRUCTURING_APPROVER),
        (HEAD, 0, Desk.RESTRUCTURING_HEAD),
        (INSPECTOR, BRANCH, Desk.RESTRUCTURED_INSPECTOR),
    ]
)
Mail = tuple[Kind, Rows]
TERMS = {"ground": Hardship.CASH_SHORT, "measure": Measure.STAGED, "months": 24}


class Bench:
    """One room and everything that it has sent and logged; the book carries out what is signed, a day later."""

    def __init__(self) -> None:
        self.room = RestructuringSubsystem.build(Setting(None, STAFF))
        self.out, self.next_day = Outbox(), DAY
        self.reason = 0
        """Why the book can't carry new terms out."""
        self.non_performing = 0
        self._signed: list[Rows] = []

    def day(self, number: int, *mail: Mail, hours: int = 24) -> Outbox:
        """Runs the days up to DAY + number, mail on the last; returns what that last day brought."""
        while self.next_day < DAY + number:
            self._one((), hours)
        return self._one(mail, hours)

    def _one(self, mail: tuple[Mail, ...], hours: int) -> Outbox:
        out, day = Outbox(), self.next_day
        mail = (*mail, *((LoanRestructured, self._done(rows)) for rows in self._signed))
        for hour in range(0, 24, hours):
            start = day * DAY_MS + hour * HOUR_MS
            window = Window(day * 24 + hour, start, start + hours * HOUR_MS)
            self.room.open(window, out)
            inside = [(kind, rows[(rows["at"] >= start) & (rows["at"] < window.until)]) for kind, rows in mail]
            self.room.apply(Inbox.of(*inside), window, out)
            self.room.close(window, out)
            if found := self.room.check():
                raise InvariantViolation(found[0])
        self._signed = [rows for rows in (out.take(RestructureLoan),) if len(rows)]
        self.next_day = day + 1
        self.out.events += out.events
        return out

    def _done(self, rows: Rows) -> Rows:
        day = self.next_day + 30
        said = {"reason": self.reason, "non_performing": self.non_performing, "first_day": day, "second_day": day + 30}
        return sample(LoanRestructured, source=rows, at=rows["at"] + DAY_MS, **said)

    def state(self, loan: int = LOAN) -> int:
        cases = self.room.tables["cases"]
        return int(cases.get("state", cases.find([loan]))[0])

    def watched(self, name: str) -> list[int]:
        return [int(value) for value in self.room.tables["watched"][name]]

    def happened(self, event: EventCode) -> Rows:
        return self.out.events_of(event)


def at(day: int, hour: int = 12) -> int:
    return (DAY + day) * DAY_MS + hour * HOUR_MS


def opened(day: int = 1, fen: int = 20_000_000, cause: int = ReferralCause.UNABLE, **columns: int) -> Mail:
    values = {
        "overdue_since_day": DAY + day - 40,
        "overdue_fen": 500_000,
        "left": 9,
        "party": 77,
        "segment": 2,
    } | columns
    case = LOAN // 100
    rows = sample(
        RestructuringOpened,
        1,
        at=at(day, 0),
        loan=LOAN,
        case=case,
        branch=BRANCH,
        principal_fen=fen,
        cause=cause,
        **values,
    )
    return RestructuringOpened, rows


def opinion(task: Rows, day: int, person: int, hour: int = 12, verdict: int = Verdict.APPROVE, **terms: int) -> Mail:
    said = {"ground": 0, "measure": 0, "months": 0, "free_months": 0} | terms
    kind = RESTRUCTURING.opinion
    return kind, sample(kind, source=task[-1:], at=at(day, hour), person=person, verdict=verdict, **said)


def answer(day: int, accept: int = 1, hour: int = 12) -> Mail:
    return AnswerTerms, sample(AnswerTerms, 1, at=at(day, hour), loan=LOAN, accept=accept)


def request(day: int, hardship: int = Hardship.ILLNESS, proof: int = 4) -> Mail:
    return RequestRestructuring, sample(RequestRestructuring, 1, at=at(day), loan=LOAN, hardship=hardship, proof=proof)


def overdue(day: int) -> Mail:
    return LoanOverdue, sample(
        LoanOverdue,
        1,
        at=at(day, 0),
        loan=LOAN,
        case=LOAN // 100,
        branch=BRANCH,
        overdue_since_day=DAY + day - 1,
        overdue_fen=9,
    )


def paid(day: int, left: int = 0) -> Mail:
    return OverduePaid, sample(OverduePaid, 1, at=at(day, 9), loan=LOAN, overdue_fen=left, principal_fen=1)


def finding(task: Rows, day: int, what: int = Finding.SOUND) -> Mail:
    kind = INSPECTION.opinion
    return kind, sample(kind, source=task[-1:], at=at(day), person=INSPECTOR, finding=what)


def proposed(bench: Bench, day: int = 1, fen: int = 20_000_000, **terms: int) -> Rows:
    """A case whose terms somebody of the team has proposed at noon; the approver's task."""
    task = bench.day(day, opened(day, fen)).take(RESTRUCTURING.task)
    out = bench.day(day + 1, opinion(task, day + 1, TEAM, **(TERMS | terms)))
    return np.asarray(out.take(RESTRUCTURING.task))


def observed(bench: Bench, **columns: int) -> None:
    """A loan whose new terms were carried out on day 5."""
    task = bench.day(1, opened(1, **columns)).take(RESTRUCTURING.task)
    task = bench.day(2, opinion(task, 2, TEAM, **TERMS)).take(RESTRUCTURING.task)
    bench.day(3, opinion(task, 3, APPROVER))
    bench.day(4, answer(4))
    bench.day(5)
