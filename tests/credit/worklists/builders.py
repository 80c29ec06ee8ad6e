"""A room that is nothing but a worklist, so that its tests say only what they are about."""

from __future__ import annotations

from typing import Any

import numpy as np

from credit.approval.contract import DESK, Desk, Event, room
from credit.head_office.contract import Desk as HeadOfficeDesk
from credit.mail import Inbox, Outbox
from credit.numbers import task_of
from credit.room import Kind, Rows
from credit.staff import StaffRegister
from credit.subsystem import Subsystem, Window
from credit.times import DAY_MS, HOUR_MS
from credit.worklists.worklist import Events, Worklist, takes
from tests.rows import sample

DAY = 20_500
NINE = DAY * DAY_MS + 9 * HOUR_MS
CASE = 10**9 + 1
ANNA, BO, CHEN, DING, ELSEWHERE, ADMINISTRATOR = 10_001, 10_002, 10_003, 10_009, 20_001, 99
"""Three at the first desk, of whom the third holds the second desk too; one at another desk; one of branch 2."""
FIRST, SECOND, EXCLUDING = (int(task_of(case, n)) for case, n in ((CASE, 1), (CASE, 2), (CASE + 1, 1)))
"""Two tasks of a case, and one of another case from which BO is excluded."""
REGISTER = StaffRegister.of(
    [(person, 1, Desk.INITIAL_APPROVER) for person in (ANNA, BO, CHEN)]
    + [(CHEN, 1, Desk.RE_REVIEWER), (DING, 1, Desk.RE_REVIEWER), (ELSEWHERE, 2, Desk.INITIAL_APPROVER)]
    + [(ADMINISTRATOR, 0, HeadOfficeDesk.ADMINISTRATOR)]
)
Mail = tuple[Kind, Rows]


class DeskRoom(Subsystem):
    """Takes every decision that its worklist admits."""

    room = room
    REFUSED = Event.DECISION_REFUSED
    HANDLERS = takes(DESK, "desk", "decide")

    def __init__(self) -> None:
        super().__init__()
        events = Events(Event.CASE_URGED, Event.TASK_HANDLED, Event.DEPUTY_APPOINTED)
        self.desk = Worklist(self, DESK, REGISTER, events)
        self.decided: list[tuple[int, int]] = []

    def decide(self, rows: Rows, out: Outbox) -> None:
        rows, found = self.desk.heard(rows, out)
        self.desk.done(found, rows["at"], out)
        self.decided += rows[["task", "person"]].tolist()

    def end(self, out: Outbox) -> None:
        self.desk.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:
        del out
        self.desk.tidy(self.window.day)

    def violations(self) -> list[str]:
        return self.desk.violations(self.window.until)


def desk() -> DeskRoom:
    """A room with the three tasks put at nine, due at noon."""
    one, out = DeskRoom(), Outbox()
    for task, number, excluded in ((FIRST, 1, 0), (SECOND, 2, 0), (EXCLUDING, 1, BO)):
        case = np.array([task // 10_000])
        source = sample(DESK.task, 1, case=case, branch=1)
        one.desk.put(
            source,
            out,
            at=np.array([NINE]),
            occasion=np.array([number]),
            desk=int(Desk.INITIAL_APPROVER),
            priority=3,
            limit_at=NINE + 3 * HOUR_MS,
            excluded=excluded,
        )
    return one


def command(name: str, task: int, who: int, at: int = NINE + 1, **columns: Any) -> Mail:
    """``command("claim", FIRST, ANNA)``; the name is that of a kind of the worklist."""
    kind: Kind = getattr(DESK, name)
    if name == "appoint":
        return kind, sample(kind, 1, at=at, operator=who, **columns)
    return kind, sample(kind, 1, at=at, case=task // 10_000, task=task, person=who, **columns)


def run(room_at_work: DeskRoom, *mail: Mail, until: int = NINE + 12 * HOUR_MS) -> Outbox:
    """A window from the day's start; the invariants are looked at by the test."""
    out, window = Outbox(), Window(0, DAY * DAY_MS, until)
    room_at_work.open(window, out)
    room_at_work.apply(Inbox.of(*mail), window, out)
    room_at_work.close(window, out)
    return out


def refusals(out: Outbox) -> list[int]:
    """Why, in the order of the commands' kinds."""
    return list(out.events_of(Event.DECISION_REFUSED)["reason"].tolist())
