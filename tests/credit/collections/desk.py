"""Small builders for collection tests: a bench that drives the bare subsystem day by day, and one function a fact."""

from __future__ import annotations

import numpy as np

from credit.codes import Contact, ContactOutcome, Verdict
from credit.collections.contract import (
    COLLECTION,
    WRITE_OFF,
    Desk,
    LoanOverdue,
    NoticeSent,
    OverduePaid,
    OverdueReported,
)
from credit.collections.subsystem import CollectionsSubsystem
from credit.errors import InvariantViolation
from credit.mail import Inbox, Outbox
from credit.numbers import occasion_of_day, task_of
from credit.policies.loading import Overrides
from credit.room import EventCode, Kind, Rows
from credit.staff import ADMINISTRATOR_DESK, StaffRegister
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS
from tests.rows import sample

DAY = 20_454
"""The due day that was missed: DPD n is day DAY + n."""
BRANCH = 3
CASE = BRANCH * 10**9 + 1
LOAN = CASE * 100 + 1
EARLY, MIDDLE, COLLEAGUE, LONG, DIRECTOR = 3_101, 3_201, 3_202, 3_301, 3_401
RISK, FINANCE, ADMIN, STRANGER = 11, 12, 13, 4_101
STAFF = StaffRegister.of(
    [
        (EARLY, BRANCH, Desk.COLLECTOR_EARLY),
        (MIDDLE, BRANCH, Desk.COLLECTOR_MIDDLE),
        (COLLEAGUE, BRANCH, Desk.COLLECTOR_MIDDLE),
        (LONG, BRANCH, Desk.COLLECTOR_LONG),
        (DIRECTOR, BRANCH, Desk.BRANCH_RISK_DIRECTOR),
        (RISK, 0, Desk.HEAD_OFFICE_RISK),
        (FINANCE, 0, Desk.FINANCE),
        (ADMIN, 0, ADMINISTRATOR_DESK),
        (STRANGER, 4, Desk.COLLECTOR_EARLY),
        (DIRECTOR, 0, Desk.FINANCE),
    ]
)
TEAM: dict[int, int] = {Desk.COLLECTOR_EARLY: EARLY, Desk.COLLECTOR_MIDDLE: MIDDLE, Desk.COLLECTOR_LONG: LONG}


class Bench:
    """One subsystem and everything it has sent and logged."""

    def __init__(self, overrides: Overrides | None = None, subsystem: CollectionsSubsystem | None = None) -> None:
        self.bank = subsystem or CollectionsSubsystem.build(Setting(overrides, STAFF))
        self.out = Outbox()
        self.next_day = DAY
        self.check_daily = False
        """Whether invariants are looked at when a day ends only, as runs do."""
        self.reports = True
        """Whether repayment tells each morning what the loans in collection owe: what was told last."""

    def day(self, dpd: int, *mail: tuple[Kind, Rows], hours: int = 24) -> Outbox:
        """Runs the days up to DPD `dpd`, mail on the last; returns what that last day brought."""
        assert self.next_day <= DAY + dpd, "that day is over"
        while self.next_day < DAY + dpd:
            self._one(self.next_day, (), hours)
        return self._one(self.next_day, mail, hours)

    def _one(self, day: int, mail: tuple[tuple[Kind, Rows], ...], hours: int) -> Outbox:
        out = Outbox()
        for hour in range(0, 24, hours):
            start = day * DAY_MS + hour * HOUR_MS
            window = Window(day * 24 + hour, start, start + hours * HOUR_MS)
            self.bank.open(window, out)
            inside = [(kind, rows[(rows["at"] >= start) & (rows["at"] < window.until)]) for kind, rows in mail]
            if hour == 0 and self.reports:
                inside.append((OverdueReported, reports(self.bank, start)))
            self.bank.apply(Inbox.of(*inside), window, out)
            self.bank.close(window, out)
            if (window.ends_day or not self.check_daily) and (found := self.bank.check()):
                raise InvariantViolation(found[0])
        self.next_day = day + 1
        for number, parts in out.mail.items():
            self.out.mail.setdefault(number, []).extend(parts)
        self.out.events += out.events
        return out

    @property
    def open_tasks(self) -> int:
        """How many tasks of collectors are open."""
        return int(self.bank.collectors.is_open().sum())

    def column(self, name: str, loan: int = LOAN) -> int:
        return int(self.bank.cases[name][self.bank.cases.find([loan])[0]])


def at(dpd: int, hour: int = 12, minute: int = 0) -> int:
    return (DAY + dpd) * DAY_MS + hour * HOUR_MS + minute * 60_000


def reports(bank: CollectionsSubsystem, at: int) -> Rows:
    """The morning's figures of every case, as they are known."""
    return sample(OverdueReported, source=bank.cases.export(), at=at)


def overdue(
    dpd: int = 1,
    loan: int = LOAN,
    fen: int = 500_000,
    grade: int = 2,
    product: int = 1,
    segment: int = 1,
    hour: int = 0,
    branch: int = BRANCH,
    since: int = DAY,
) -> tuple[Kind, Rows]:
    return LoanOverdue, sample(
        LoanOverdue,
        1,
        at=at(dpd, hour),
        loan=loan,
        case=loan // 100,
        customer=branch * 10**9 + 7,
        party=77,
        branch=branch,
        segment=segment,
        product=product,
        grade=grade,
        overdue_since_day=since,
        overdue_fen=fen,
        principal_fen=10 * fen,
    )


def paid(
    dpd: int, fen: int = 500_000, left: int = 0, since: int = DAY, loan: int = LOAN, hour: int = 12, **columns: int
) -> tuple[Kind, Rows]:
    return OverduePaid, sample(
        OverduePaid,
        1,
        at=at(dpd, hour),
        loan=loan,
        transaction=loan * 10_000 + dpd * 24 + hour,
        paid_fen=fen,
        overdue_fen=left,
        overdue_since_day=since,
        **columns,
    )


def contact(
    task: Rows,
    outcome: ContactOutcome,
    *,
    person: int | None = None,
    dpd: int | None = None,
    hour: int = 15,
    promise_dpd: int = 0,
    promise_fen: int = 500_000,
    **columns: int,
) -> tuple[Kind, Rows]:
    """The answer to one task of the collectors, by default by its own team on the day of the task."""
    row = task[0]
    when = at(dpd, hour) if dpd is not None else int(row["at"]) // DAY_MS * DAY_MS + hour * HOUR_MS
    rows = sample(
        COLLECTION.opinion,
        1,
        at=when,
        loan=row["loan"],
        task=row["task"],
        outcome=outcome,
        person=TEAM[int(row["desk"])] if person is None else person,
        promise_day=DAY + promise_dpd if promise_dpd else 0,
        promise_fen=promise_fen,
    )
    for name, value in columns.items():
        rows[name] = value
    return COLLECTION.opinion, rows


def about(name: str, task: Rows, person: int, dpd: int, hour: int, **columns: int) -> tuple[Kind, Rows]:
    """``about("claim", task, MIDDLE, 31, 10)``: a command about a collectors' task; the name is that of a kind of the list."""
    kind: Kind = getattr(COLLECTION, name)
    return kind, sample(kind, source=task[:1], at=at(dpd, hour), person=person, **columns)


def opinion(
    desk: Desk, person: int, dpd: int, hour: int, verdict: Verdict = Verdict.APPROVE, loan: int = LOAN, asked: int = 0
) -> tuple[Kind, Rows]:
    """On a body's task of the day `asked` past due: by default the first body's is of the day before, the others' of the same."""
    bodies = (Desk.BRANCH_RISK_DIRECTOR, Desk.HEAD_OFFICE_RISK, Desk.FINANCE)
    place = bodies.index(desk)
    day = DAY + (asked or dpd - (place == 0))
    task = task_of(np.array([loan]), occasion_of_day(np.array([day]), place, len(bodies)))
    return WRITE_OFF.opinion, sample(
        WRITE_OFF.opinion, 1, at=at(dpd, hour), loan=loan, task=task, person=person, verdict=verdict
    )


def means_sent(out: Outbox) -> list[str]:
    """Names of the means used in what was sent, sorted."""
    sent = np.concatenate([out.take(NoticeSent)["action"], out.take(COLLECTION.task)["action"]])
    return sorted(Contact(int(means)).name.lower() for means in sent)


def named(out: Outbox, event: EventCode) -> Rows:
    return out.events_of(event)
