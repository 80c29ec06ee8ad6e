"""Small builders for tests of appeals: a bench that drives the bare subsystem window by window, invariants checked after each.
Monday 2 March 2026, nine o'clock, is when somebody is entered in the risk library."""

from __future__ import annotations

import datetime as dt
from typing import Any

from credit.appeals.contract import DESK, Appeal, Desk, EntryMade, Event, Ground, HandTold, StopTold
from credit.appeals.subsystem import AppealsSubsystem
from credit.codes import Verdict
from credit.customers.contract import Event as Customers
from credit.customers.contract import Refusal as Lists
from credit.mail import Outbox
from credit.room import EventCode, Rows
from credit.staff import StaffRegister
from credit.subsystem import Setting
from credit.times import HOUR_MS, MINUTE_MS, instant
from tests.credit import bench
from tests.rows import sample

MONDAY = instant(dt.date(2026, 3, 2))
NINE = MONDAY + 9 * HOUR_MS
CASE, LATER = 3_000_000_001, 5_000_000_007
INVESTIGATOR, REVIEWER, SECOND = 3_140_001, 530_001, 530_002
STAFF = StaffRegister.of([(one, 0, Desk.LIST_REVIEWER) for one in (INVESTIGATOR, REVIEWER, SECOND)])
"""INVESTIGATOR has a seat here as well: only the rule keeps the parts apart."""
WRITTEN = "经核实，原认定有误。"
Mail = tuple[Any, Rows]


def stopped(case: int = CASE, reason: int = Lists.LIST_INTERNAL, entry: int = 0, **columns: Any) -> Mail:
    facts = {"at": NINE, "branch": case // 10**9, "product": 1, "event": Customers.APPLICATION_INTERCEPTED}
    return StopTold, sample(StopTold, 1, case=case, reason=reason, value=entry, **(facts | columns))


def entered(case: int = CASE, at: int = NINE) -> Mail:
    return EntryMade, sample(EntryMade, 1, at=at, case=case, party=7, customer=17)


def hand(event: EventCode, person: int = INVESTIGATOR, reason: int = 0, case: int = CASE, at: int = NINE) -> Mail:
    return HandTold, sample(
        HandTold, 1, at=at, case=case, branch=case // 10**9, actor=person, event=event, reason=reason
    )


class Bench(bench.Bench[AppealsSubsystem]):
    """One subsystem and its time."""

    def __init__(self, *mail: Mail) -> None:
        super().__init__(AppealsSubsystem.build(Setting(None, STAFF)), MONDAY)
        if mail:
            self.run(*mail)

    def appeal(self, case: int = CASE, ground: int = Ground.NOT_ME, **columns: Any) -> Outbox:
        """Ten minutes later."""
        said = {"at": self.now + 10 * MINUTE_MS, "case": case, "ground": ground, "words": "请核实"} | columns
        return self.run((Appeal, sample(Appeal, 1, **said)))

    def says(self, person: int, verdict: int = Verdict.APPROVE, opinion: str = WRITTEN) -> Outbox:
        """Somebody decides on the open task, ten minutes later."""
        [task] = self.room.desk.tasks["task"][self.room.desk.is_open()]
        about = {"task": task, "case": CASE, "person": person, "verdict": verdict, "opinion": opinion}
        return self.run((DESK.opinion, sample(DESK.opinion, 1, at=self.now + 10 * MINUTE_MS, **about)))

    def state(self) -> int:
        [found] = self.room.entries.find([CASE])
        return int(self.room.entries["state"][found])


def refusals(out: Outbox) -> list[int]:
    """Why: the reasons, in order."""
    return list(out.events_of(Event.APPEAL_REFUSED)["reason"].tolist())
