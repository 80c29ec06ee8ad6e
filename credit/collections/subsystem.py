"""Collections: overdue loans become cases, cases find their strategy, team and next step, until they are paid or written
off. Its rule: what a day's work is, is decided at its midnight from what is known then; answers change a case when they
come."""

from __future__ import annotations

import numpy as np

from credit.collections import invariants
from credit.collections.cases import new_table
from credit.collections.contacts import Contacts
from credit.collections.contract import ContactMade, Gauge, LoanOverdue, OverduePaid, WriteOffOpinion, room
from credit.collections.intake import Intake
from credit.collections.states import CaseState
from credit.collections.strategy import Strategies, compile_strategies
from credit.collections.worklist import WorkList
from credit.collections.write_off import WriteOffs
from credit.mail import Inbox, Outbox
from credit.policies.collections import CollectionPolicy, StrategySet
from credit.policies.loading import Overrides, load
from credit.policies.products import ProductPolicy
from credit.staff import StaffRegister
from credit.subsystem import Setting, State, Window
from credit.times import DAY_MS, Ints


class CollectionsSubsystem:
    """See the module's text."""

    room = room

    def __init__(self, policy: CollectionPolicy, strategies: Strategies, register: StaffRegister) -> None:
        self.policy, self.strategies = policy, strategies
        self.cases = new_table()
        self._work_list = WorkList(self.cases, policy, strategies)
        self._intake = Intake(self.cases, strategies, self._work_list)
        self._contacts = Contacts(self.cases, policy, strategies, register)
        self._write_offs = WriteOffs(self.cases, policy, strategies, register, self._work_list)

    @classmethod
    def build(cls, register: StaffRegister, overrides: Overrides | None = None) -> CollectionsSubsystem:
        """Collections with the packaged policies, and a scenario's overrides laid over them."""
        policy = load("collections", CollectionPolicy, overrides)
        sets = [load(f"collections_{key}", StrategySet, overrides) for key in ("a", "b")]
        strategies = compile_strategies(policy, sets, load("products", ProductPolicy, overrides))
        return cls(policy, strategies, register)

    def open(self, window: Window, out: Outbox) -> None:
        """The window in which a day begins makes the day's work list. Its contacts are stamped at the hour of work, which
        may lie in a later window."""
        if window.start % DAY_MS == 0 and len(self.cases):
            self._work_list.morning(window.day, window.start, out)
            self._write_offs.propose(window.day, out)

    def apply(self, inbox: Inbox, window: Window, out: Outbox) -> None:  # noqa: ARG002
        """Overdue and paid loans first, then what the desks report."""
        self._intake.apply(inbox.take(LoanOverdue), inbox.take(OverduePaid), out)
        self._contacts.apply(inbox.take(ContactMade), out)
        self._write_offs.apply(inbox.take(WriteOffOpinion), out)

    def close(self, window: Window, out: Outbox) -> None:
        """At a day's end promises are looked at, paid cases leave, and the cases are counted."""
        if not window.ends_day or not len(self.cases):
            return
        at = window.until - 1
        self._contacts.watch(at // DAY_MS, at, out)
        self.cases.keep(np.asarray(self.cases["state"] != CaseState.CLOSED))
        self._count(at, out)

    def check(self) -> list[str]:
        """Broken invariants, by loan."""
        return invariants.violations(self.cases, self.strategies)

    def export_state(self) -> State:
        """``cases``: every open case, and those closed today."""
        return {"cases": self.cases.export()}

    def import_state(self, state: State) -> None:
        """Replaces everything by exported state."""
        self.cases.load(state["cases"])

    def dpd(self, day: int) -> Ints:
        """Days past due of every case on a day, in the order of the table."""
        return np.asarray(day - self.cases["overdue_since_day"])

    def _count(self, at: int, out: Outbox) -> None:
        """Cases and overdue amount by branch, product and stage."""
        columns = (self.cases[name] for name in ("branch", "product", "stage", "overdue_fen"))
        out.tally(Gauge.COLLECTION_CASES, at, *columns)


def build(setting: Setting) -> CollectionsSubsystem:
    """The room under a setting."""
    return CollectionsSubsystem.build(setting.register, setting.overrides)
