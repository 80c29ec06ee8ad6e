"""Restructuring: who cannot pay as agreed comes before a team of its own, from which new terms go to approval, to the customer
and to the book; afterwards his loan is observed. For one loan things happen in the order of their time."""

from __future__ import annotations

import numpy as np

from credit.collections.contract import LoanOverdue, OverduePaid
from credit.mail import Outbox
from credit.policies.loading import load
from credit.policies.restructuring import RestructuringPolicy
from credit.restructuring import invariants
from credit.restructuring.cases import Endings
from credit.restructuring.contract import (
    INSPECTION,
    RESTRUCTURING,
    AnswerTerms,
    DraftRestructuringPlan,
    Event,
    Gauge,
    LoanRestructured,
    RequestRestructuring,
    RestructuredLeft,
    RestructuringOpened,
    room,
)
from credit.restructuring.intake import Intake
from credit.restructuring.observation import Observation
from credit.restructuring.proposals import Proposals
from credit.restructuring.states import CaseState
from credit.room import Rows
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, Subsystem, Takes, Together
from credit.worklists.worklist import Events, Worklist, takes


class RestructuringSubsystem(Subsystem):
    """State: cases under way or lately ended, loans under observation, and the two worklists."""

    room = room
    REFUSED = Event.RESTRUCTURING_REFUSED
    HANDLERS = (
        Together(
            "loan",
            (
                Takes(LoanOverdue, "overdue"),
                Takes(OverduePaid, "paid"),
                Takes(RestructuringOpened, "intake.opened"),
                Takes(LoanRestructured, "observation.restructured"),
                Takes(RestructuredLeft, "observation.left"),
                Takes(RequestRestructuring, "intake.request"),
                Takes(DraftRestructuringPlan, "proposals.draft"),
                Takes(AnswerTerms, "proposals.answer"),
            ),
        ),
        *takes(RESTRUCTURING, "desk", "decide"),
        *takes(INSPECTION, "inspectors", "inspected"),
    )

    def __init__(self, policy: RestructuringPolicy, register: StaffRegister) -> None:
        super().__init__()
        self.policy, cases = policy, self.tables["cases"]
        events = Events(Event.RESTRUCTURING_URGED, Event.RESTRUCTURING_HANDLED, Event.RESTRUCTURING_DEPUTY_APPOINTED)
        self.desk = desk = Worklist(self, RESTRUCTURING, register, events)
        events = Events(Event.INSPECTION_URGED, Event.INSPECTION_HANDLED, Event.INSPECTION_DEPUTY_APPOINTED)
        self.inspectors = Worklist(self, INSPECTION, register, events)
        endings = Endings(cases, policy, desk)
        self.intake = Intake(cases, policy, desk, endings, self.refuse)
        self.proposals = Proposals(cases, policy, desk, endings, self.refuse, self.note)
        self.observation = Observation(self.tables, policy, self.inspectors, endings, desk, self.note)

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> RestructuringSubsystem:
        """The room under the packaged policy, with a scenario's overrides laid over it."""
        return cls(load("restructuring", RestructuringPolicy, setting.overrides), setting.register)

    # mail -------------------------------------------------------------------------------------------------------------

    def overdue(self, rows: Rows, out: Outbox) -> None:
        """Loans that enter overdue management."""
        self.intake.overdue(rows, out)
        self.observation.overdue(rows, out)

    def paid(self, rows: Rows, out: Outbox) -> None:
        """Payments on overdue loans."""
        del out
        self.intake.paid(rows)
        self.observation.paid(rows)

    def decide(self, rows: Rows, out: Outbox) -> None:
        """Opinions on cases (NPL-11)."""
        self.proposals.decide(rows, out)

    def inspected(self, rows: Rows, out: Outbox) -> None:
        """Reports on borrowers observed (EX-18)."""
        self.observation.inspected(rows, out)

    # time -------------------------------------------------------------------------------------------------------------

    def begin(self, out: Outbox) -> None:
        """Inspections that the window's time brings."""
        self.observation.ask(self.window.start, self.window.until, out)

    def end(self, out: Outbox) -> None:
        """Offers that lapse, tasks whose limit passes."""
        self.proposals.lapse(self.window.until, out)
        self.desk.urge(self.window.until, out)
        self.inspectors.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:
        """Cases that need no terms any more, observations that are over."""
        day, at = self.window.day, self.window.until - 1
        self.intake.end_day(day, at, out)
        self.observation.end_day(day, at, out)
        for worklist in (self.desk, self.inspectors):
            worklist.tidy(day)

    def measure(self, until: int, out: Outbox) -> None:
        """Cases by state, loans observed by class."""
        cases, watched = self.tables["cases"], self.tables["watched"]
        if len(cases):
            open_ = cases.take(np.flatnonzero(cases["state"] != CaseState.ENDED))
            columns = (open_[name] for name in ("branch", "product", "state", "principal_fen"))
            out.tally(Gauge.RESTRUCTURING_CASES, until - 1, *columns)
        columns = (watched[name] for name in ("branch", "product", "risk_class", "principal_fen"))
        out.tally(Gauge.RESTRUCTURED_OBSERVED, until - 1, *columns)

    def due(self) -> int:
        worklists = self.desk.due(), self.inspectors.due()
        return min(*worklists, self.proposals.due(), self.observation.due())

    def violations(self) -> list[str]:
        found = invariants.violations(self.tables["cases"], self.tables["watched"], self.desk.tasks)
        for worklist in (self.desk, self.inspectors):
            found += worklist.violations(self.window.until)
        for rows in self.noted("approved"):
            found += invariants.by_different_people(rows, self.policy.head_office_from)
        for rows in self.noted("carried out"):
            found += invariants.as_signed(rows)
        return found


build = RestructuringSubsystem.build
