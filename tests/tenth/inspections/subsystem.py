"""Inspections: every loan is looked at once after it has been paid. Where the money went elsewhere the case's limit is
restricted (限制用信)."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from credit.codes import Verdict
from credit.disbursement.contract import RestrictLimit
from credit.mail import Outbox
from credit.moves import Moves
from credit.repayment.contract import LoanDisbursed
from credit.room import Rows
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, Subsystem, Takes
from credit.times import DAY_MS
from credit.worklists.worklist import Events, Worklist, takes
from tests.tenth.inspections.contract import DESK, Desk, Event, Gauge, room

DUE_MS = 15 * DAY_MS


class InspectionState(IntEnum):
    """Where an inspection stands."""

    OPEN = 1
    DONE = 2


MOVES = Moves("inspection of loan", {InspectionState.OPEN: (InspectionState.DONE,), InspectionState.DONE: ()})


class InspectionsSubsystem(Subsystem):
    """State: one inspection a loan."""

    room = room
    REFUSED = Event.REPORT_REFUSED
    HANDLERS = (Takes(LoanDisbursed, "paid"), *takes(DESK, "desk", "report"))

    def __init__(self, register: StaffRegister) -> None:
        super().__init__()
        events = Events(Event.TASK_URGED, Event.TASK_HANDLED, Event.DEPUTY_APPOINTED)
        self.desk = Worklist(self, DESK, register, events)

    def paid(self, loans: Rows, out: Outbox) -> None:
        """A loan has been paid: somebody is to look at it."""
        self.tables["inspections"].append(loans, state=InspectionState.OPEN)
        self.desk.put(
            loans,
            out,
            at=loans["at"],
            occasion=np.ones(len(loans), dtype=np.int64),
            desk=int(Desk.INSPECTOR),
            priority=0,
            limit_at=loans["at"] + DUE_MS,
            excluded=0,
        )

    def report(self, reports: Rows, out: Outbox) -> None:
        """What the inspector found."""
        reports, tasks = self.desk.heard(reports, out)
        self.desk.done(tasks, reports["at"], out)
        table = self.tables["inspections"]
        rows = table.find(reports["loan"])
        MOVES.to(table, rows, InspectionState.DONE)
        table["inspector"][rows] = reports["person"]
        case, loan, at = table["case"][rows], reports["loan"], reports["at"]
        out.log(Event.INSPECTED, at, case, loan=loan, actor=reports["person"], value=reports["verdict"])
        misused = reports["verdict"] == Verdict.DECLINE
        order = RestrictLimit.rows(
            int(misused.sum()),
            at=at[misused],
            case=case[misused],
            restricted=1,
            reason=1,
            operator=reports["person"][misused],
        )
        out.send(RestrictLimit, order)

    def end(self, out: Outbox) -> None:
        """Inspections that are due are urged."""
        self.desk.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:
        self.desk.tidy(self.window.day)

    def measure(self, until: int, out: Outbox) -> None:
        """How many wait."""
        waiting = self.tables["inspections"]["state"] == InspectionState.OPEN
        out.measure(Gauge.INSPECTIONS_OPEN, until, count=int(waiting.sum()))

    def violations(self) -> list[str]:
        """Whoever has looked is known."""
        table = self.tables["inspections"]
        nobody = (table["state"] == InspectionState.DONE) & (table["inspector"] == 0)
        found = [f"inspection of loan {loan} is done by nobody" for loan in table["loan"][nobody]]
        return found + self.desk.violations(self.window.until)


def build(setting: Setting = PLAIN) -> InspectionsSubsystem:
    """The room; it knows no policies."""
    return InspectionsSubsystem(setting.register)
