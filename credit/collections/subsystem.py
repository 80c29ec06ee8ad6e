"""Collections: overdue loans become cases, cases find their strategy, team and next step, until they are paid or written
off. Repayment tells each morning what every loan in collection owes; with that the day's work is decided. For one loan things
happen in the order of their time."""

from __future__ import annotations

import numpy as np

from credit.collections import invariants
from credit.collections.contacts import Contacts
from credit.collections.contract import (
    COLLECTION,
    WRITE_OFF,
    ArrearsTotal,
    DebitHandedOver,
    Event,
    Gauge,
    LoanOverdue,
    OverduePaid,
    OverdueReported,
    OverdueRestructured,
    RestructuringUnderWay,
    room,
)
from credit.collections.daily_work import DailyWork
from credit.collections.intake import Intake
from credit.collections.likelihood import Likelihood
from credit.collections.referral import Referrals
from credit.collections.states import CaseState
from credit.collections.strategy import Strategies, compile_strategies
from credit.collections.write_off import WriteOffs
from credit.mail import Outbox
from credit.policies.collections import CollectionPolicy, StrategySet
from credit.policies.loading import load
from credit.policies.products import ProductPolicy
from credit.policies.scorecard import ScorecardPolicy
from credit.room import Rows
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, State, Subsystem, Takes, Together
from credit.times import DAY_MS
from credit.worklists.worklist import Events, Worklist, takes


class CollectionsSubsystem(Subsystem):
    """State: every open case, and those closed today."""

    room = room
    REFUSED = Event.COLLECTION_ACTION_REFUSED
    HANDLERS = (
        Together(
            "loan",
            (
                Takes(LoanOverdue, "overdue"),
                Takes(OverdueReported, "reported"),
                Takes(DebitHandedOver, "handed_over"),
                Takes(OverduePaid, "paid"),
                Takes(OverdueRestructured, "referrals.restructured"),
                Takes(RestructuringUnderWay, "referrals.under_way"),
            ),
        ),
        *takes(COLLECTION, "collectors", "contacted"),
        *takes(WRITE_OFF, "bodies", "decided"),
        Takes(ArrearsTotal, "totalled"),
    )

    def __init__(
        self, policy: CollectionPolicy, strategies: Strategies, register: StaffRegister, scorecard: ScorecardPolicy
    ) -> None:
        super().__init__()
        self.policy, self.strategies = policy, strategies
        self.cases, self._receipts = self.tables["cases"], self.tables["receipts"]
        events = Events(Event.COLLECTION_URGED, Event.COLLECTION_HANDLED, Event.COLLECTION_DEPUTY_APPOINTED)
        self.collectors = collectors = Worklist(self, COLLECTION, register, events)
        events = Events(Event.WRITE_OFF_URGED, Event.WRITE_OFF_HANDLED, Event.WRITE_OFF_DEPUTY_APPOINTED)
        self.bodies = Worklist(self, WRITE_OFF, register, events)
        self.referrals = referrals = Referrals(self.cases, policy, collectors)
        likelihood = Likelihood(self.cases, policy, scorecard)
        self._daily_work = work = DailyWork(self.cases, policy, strategies, collectors, referrals, likelihood)
        self._intake = Intake(self.cases, self._receipts, strategies, work, collectors, self.refuse)
        self._contacts = Contacts(self.cases, self._receipts, policy, strategies, collectors, referrals)
        self._write_offs = WriteOffs(self.cases, policy, strategies, work, collectors, self.bodies, self.note)

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> CollectionsSubsystem:
        """Collections with the packaged policies, and a scenario's overrides laid over them."""
        overrides = setting.overrides
        policy = load("collections", CollectionPolicy, overrides)
        sets = [load(f"collections_{key}", StrategySet, overrides) for key in ("a", "b")]
        strategies = compile_strategies(policy, sets, load("products", ProductPolicy, overrides))
        return cls(policy, strategies, setting.register, load("scorecard", ScorecardPolicy, overrides))

    def overdue(self, rows: Rows, out: Outbox) -> None:
        """Loans that enter overdue management."""
        self._intake.overdue(rows, out)

    def reported(self, rows: Rows, out: Outbox) -> None:
        """The morning's figures of loans in collection, and the day's work on them. Its contacts are stamped at the hour of
        work, which may lie in a later window."""
        rows, place = self._intake.known(rows, out)
        self._daily_work.morning(place, rows["at"], out)
        self._write_offs.propose(place, rows["at"], out)

    def handed_over(self, rows: Rows, out: Outbox) -> None:
        """Loans that the desk of failed debits could do nothing for (REP-08)."""
        self._intake.handed_over(rows, out)

    def paid(self, rows: Rows, out: Outbox) -> None:
        """Payments on overdue loans."""
        self._intake.paid(rows, out)

    def contacted(self, rows: Rows, out: Outbox) -> None:
        """What collectors report (COL-08)."""
        self._contacts.record(rows, out)

    def decided(self, rows: Rows, out: Outbox) -> None:
        """Opinions on write-offs (NPL-08)."""
        self._write_offs.decide(rows, out)

    def totalled(self, rows: Rows, out: Outbox) -> None:
        """What the book says that the loans in collection owe, to be compared."""
        del out
        self.note("totals", rows)

    def end(self, out: Outbox) -> None:
        """Tasks whose limit passes are urged."""
        self.collectors.urge(self.window.until, out)
        self.bodies.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:
        """Promises are looked at, and paid cases leave with their tasks."""
        at = self.window.until - 1
        self._contacts.watch(at // DAY_MS, at, out)
        closed = self.cases["state"] == CaseState.CLOSED
        self.collectors.withdraw(self.cases["loan"][closed], self.cases["closed_at"][closed], out)
        self._write_offs.end_day(at, out)
        for worklist in (self.collectors, self.bodies):
            worklist.tidy(self.window.day)
        self.cases.keep(~closed)
        self._receipts.drop(np.arange(len(self._receipts)))

    def measure(self, until: int, out: Outbox) -> None:
        """Cases by branch, product and stage."""
        columns = (self.cases[name] for name in ("branch", "product", "stage", "overdue_fen"))
        out.tally(Gauge.COLLECTION_CASES, until - 1, *columns)

    def due(self) -> int:
        return min(self.collectors.due(), self.bodies.due())

    def violations(self) -> list[str]:
        found = invariants.violations(self.cases, self.strategies)
        found += invariants.tasks(self.collectors.tasks, self.cases, self.strategies)
        for worklist in (self.collectors, self.bodies):
            found += worklist.violations(self.window.until)
        for rows in self.noted("decisions"):
            found += invariants.decided(rows)
        for rows in self.noted("totals"):
            found += invariants.against_the_book(self.cases, rows)
        return found

    def import_state(self, state: State) -> None:
        """Replaces every table. Cases that another policy opened are worked by what applies now (COL-04)."""
        super().import_state(state)
        self.cases["set"][:] = self.strategies.sets(self.cases["product"], self.cases["segment"])


build = CollectionsSubsystem.build
