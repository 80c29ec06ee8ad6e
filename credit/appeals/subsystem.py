"""Appeals (名单申诉, EXT-09): who was refused because of an entry in the bank's own risk library says what is wrong with it;
somebody who had no hand in it looks at it again (复核), and upholds the entry or removes it. The room learns what stopped whom,
and who had a hand in it, from what others log; the library itself stands in the customers' room, which is told to remove."""

from __future__ import annotations

import numpy as np

from credit.appeals import invariants, rules
from credit.appeals.contract import (
    DESK,
    Appeal,
    AppealAnswered,
    AppealOffered,
    Desk,
    EntryEnded,
    EntryMade,
    Event,
    Gauge,
    HandTold,
    Refusal,
    StopTold,
    room,
)
from credit.appeals.states import MOVES, EntryState
from credit.approval.contract import Event as Approval
from credit.codes import Actor, Verdict
from credit.customers.contract import RiskEntryRemoved
from credit.mail import Outbox
from credit.numbers import branch_of_case
from credit.policies import load
from credit.policies.appeals import AppealPolicy
from credit.room import Rows
from credit.rows import among, first_fault, firsts, only, waves
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, Subsystem, Takes, Together
from credit.times import DAY_MS, Ints
from credit.worklists.states import Handling
from credit.worklists.states import Refusal as TaskRefusal
from credit.worklists.worklist import Events, Worklist, takes_acts, takes_appointments

_PRIORITY = 3
_VERDICTS = (Verdict.APPROVE, Verdict.DECLINE)


class AppealsSubsystem(Subsystem):
    """State: what was stopped lately, the entries of the risk library with what became of them, and the reviewers' tasks."""

    room = room
    REFUSED = Event.APPEAL_REFUSED
    HANDLERS = (
        Takes(StopTold, "stopped"),
        Takes(HandTold, "handled"),
        Takes(EntryMade, "entered"),
        Takes(EntryEnded, "ended"),
        takes_appointments(DESK, "desk"),
        Together("case", (Takes(Appeal, "appeal"), *takes_acts(DESK, "desk", "decide"))),
    )

    def __init__(self, policy: AppealPolicy, register: StaffRegister) -> None:
        super().__init__()
        self.policy = policy
        self._stopped, self.entries = self.tables["stopped"], self.tables["entries"]
        events = Events(urged=Event.TASK_URGED, handled=Event.TASK_HANDLED, deputy=Event.DEPUTY_APPOINTED)
        self.desk = Worklist(self, DESK, register, events)

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> AppealsSubsystem:
        """The room under the packaged policy, with a scenario's overrides laid over it."""
        return cls(load("appeals", AppealPolicy, setting.overrides), setting.register)

    # what others tell -------------------------------------------------------------------------------------------------

    def stopped(self, rows: Rows, out: Outbox) -> None:
        """Applications that a list, or a suspicion of fraud, has stopped."""
        del out
        rows = only(rows, rules.stops(rows))
        rows = only(rows, firsts(rows["case"]) & (self._stopped.find(rows["case"]) < 0))
        self._stopped.append(rows, entry=rules.entry_of(rows))

    def handled(self, rows: Rows, out: Outbox) -> None:
        """Who confirmed a fraud, or gave an opinion on it, does not review it; a case that was cleared needs no review."""
        del out
        opinion = (rows["event"] == Approval.FRAUD_HANDLED) & (rows["reason"] == Handling.OPINION_GIVEN)
        hands = only(rows, opinion | (rows["event"] == Approval.FRAUD_FOUND))
        self._remember(hands["case"], hands["actor"])
        self.desk.forget(rows["case"][rows["event"] == Approval.FRAUD_CLEARED])

    def _remember(self, case: Ints, person: Ints) -> None:
        """Who has had a hand in an entry; 0 is nobody."""
        new = (person != 0) & ~self.desk.has_acted(case, person)
        acts = np.zeros(int(np.count_nonzero(new)), dtype=self.desk.acts.dtype)
        acts["case"], acts["person"] = case[new], person[new]
        acts["branch"] = branch_of_case(acts["case"])
        self.desk.remember(acts)

    def entered(self, rows: Rows, out: Outbox) -> None:
        """Entries of the risk library; each customer is told that he may appeal. Who is entered anew for the same application
        may appeal anew, and whoever entered him by hand does not review it."""
        before = self.entries.find(rows["case"])
        anew = self.entries.get("state", before, EntryState.REMOVED) == EntryState.REMOVED
        rows, before = only(rows, anew), only(before, anew)
        tasks = self.entries.get("tasks", before)
        self.entries.drop(before[before >= 0])
        self.entries.append(rows, state=EntryState.LISTED, tasks=tasks)
        for name in ("person", "second"):
            self._remember(rows["case"], rows[name])
        out.send(AppealOffered, AppealOffered.carry(rows))

    def ended(self, rows: Rows, out: Outbox) -> None:
        """Entries that were removed by hand: nothing is left to review."""
        found = self.entries.find(rows["case"])
        mine = (found >= 0) & (self.entries.get("state", found) != EntryState.REMOVED)
        rows, found = only(rows, mine), only(found, mine)
        under_way = self.entries["state"][found] == EntryState.UNDER_REVIEW
        MOVES.to(self.entries, found, EntryState.REMOVED)
        self.entries["decided_at"][found], self.entries["reviewer"][found] = rows["at"], 0
        appeals = self.entries["appeals"][found[under_way]]
        self._log(Event.ENTRY_REMOVED, found[under_way], rows["at"][under_way], out, value=appeals)
        self.desk.withdraw(rows["case"], rows["at"], out)
        self.desk.forget(rows["case"])

    # appeals ----------------------------------------------------------------------------------------------------------

    def appeal(self, rows: Rows, out: Outbox) -> None:
        """An appeal names an application: the one that the entry rests on, or a later one that the entry stopped."""
        told = self._stopped.find(rows["case"])
        own = self.entries.find(rows["case"]) >= 0
        entry = np.where(own, rows["case"], self._stopped.get("entry", told))
        for wave in waves(entry):
            self._appeal(rows[wave], entry[wave], self._stopped.get("reason", told[wave]), out)

    def _appeal(self, rows: Rows, entry: Ints, reason: Ints, out: Outbox) -> None:
        """Of each entry one appeal."""
        found = self.entries.find(entry)
        faults = rules.faults(rows, reason, self.entries, found, self.policy)
        bad = faults != 0
        self.refuse(rows[bad], faults[bad], out)
        rows, found = only(rows, ~bad), only(found, ~bad)
        if not len(rows):
            return
        table, at = self.entries, rows["at"]
        MOVES.to(table, found, EntryState.UNDER_REVIEW)
        table["appeals"][found] += 1
        table["tasks"][found] += 1
        table["ground"][found], table["appealed"][found], table["appealed_at"][found] = rows["ground"], rows["case"], at
        table.text("words")[found] = rows["words"]
        first = table["appeals"][found] == 1
        days = np.where(first, self.policy.limit_days, self.policy.again_limit_days)
        person = np.where(rows["person"] > 0, rows["person"], int(Actor.CUSTOMER))
        self._log(Event.APPEAL_RECEIVED, found, at, out, actor=person, value=days)
        self.desk.put(
            table.take(found),
            out,
            at=at,
            branch=0,
            occasion=table["tasks"][found],
            desk=int(Desk.LIST_REVIEWER),
            priority=np.where(first, _PRIORITY, _PRIORITY - 1),
            limit_at=(at // DAY_MS + days + 1) * DAY_MS - 1,
            excluded=np.where(first, rows["person"], table["reviewer"][found]),
        )

    def decide(self, opinions: Rows, out: Outbox) -> None:
        """The reviewer's word, in writing: the entry is removed, or upheld."""
        opinions, tasks = self.desk.heard(opinions, out)
        short = np.char.str_len(np.char.strip(opinions["opinion"])) < self.policy.opinion_min
        faults = first_fault(
            (~among(opinions["verdict"], _VERDICTS), int(TaskRefusal.DECISION_INVALID)),
            (short, int(Refusal.OPINION_MISSING)),
        )
        bad = faults != 0
        self.desk.reject(opinions[bad], tasks[bad], faults[bad], out)
        opinions, tasks = only(opinions, ~bad), only(tasks, ~bad)
        if not len(opinions):
            return
        found, granted = self.entries.find(opinions["case"]), opinions["verdict"] == Verdict.APPROVE
        acts, _ = self.desk.acts_of(opinions["case"])
        self.note("decided", invariants.witness(self.entries.take(found), opinions["person"], acts))
        self.desk.done(tasks, opinions["at"], out)
        self._end(found[granted], opinions[granted], out, granted=True)
        self._end(found[~granted], opinions[~granted], out, granted=False)

    def _end(self, found: Ints, opinions: Rows, out: Outbox, *, granted: bool) -> None:
        """The entry goes, which the customers' room hears a day later, or stays; the customer is answered."""
        if not len(found):
            return
        table, at = self.entries, opinions["at"]
        MOVES.to(table, found, EntryState.REMOVED if granted else EntryState.UPHELD)
        table["decided_at"][found], table["reviewer"][found] = at, opinions["person"]
        table.text("opinion")[found] = opinions["opinion"]
        appeals, person = table["appeals"][found], opinions["person"]
        if granted:
            self._log(Event.ENTRY_REMOVED, found, at, out, actor=person, value=appeals)
            out.send(RiskEntryRemoved, RiskEntryRemoved.carry(opinions))
            self.desk.forget(opinions["case"])
        else:
            days = np.where(appeals < rules.APPEALS_MAX, self.policy.again_days, 0)
            self._log(Event.ENTRY_UPHELD, found, at, out, actor=person, value=days)
        out.send(AppealAnswered, AppealAnswered.carry(table.take(found), at=at, granted=granted))

    def _log(self, event: Event, found: Ints, at: Ints, out: Outbox, **said: Ints) -> None:
        """One event an appeal, of the application whose refusal it is against."""
        out.log(event, at, self.entries["appealed"][found], reason=self.entries["ground"][found], **said)

    # time and proof ---------------------------------------------------------------------------------------------------

    def end(self, out: Outbox) -> None:
        """Reviews past their limit are urged."""
        self.desk.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:
        """What can be appealed against no more, and what has been removed long ago, is forgotten."""
        del out
        self.desk.tidy(self.window.day)
        before = self.window.until - self.policy.open_days * DAY_MS
        self._stopped.keep(self._stopped["at"] >= before)
        gone = (self.entries["state"] == EntryState.REMOVED) & (self.entries["decided_at"] < before)
        self.entries.keep(~gone)

    def due(self) -> int:
        return self.desk.due()

    def measure(self, until: int, out: Outbox) -> None:
        """Entries by what became of them."""
        nothing = np.zeros(len(self.entries), dtype=np.int64)
        out.tally(Gauge.RISK_ENTRIES, until - 1, nothing, nothing, self.entries["state"], nothing)

    def violations(self) -> list[str]:
        """Of the entries and the tasks as they stand, and of every decision since the last look."""
        found = invariants.entries(self.entries) + invariants.asked(self.entries, self.desk.tasks)
        for decided in self.noted("decided"):
            found += invariants.decided(decided)
        return found + self.desk.violations(self.window.until)


build = AppealsSubsystem.build
