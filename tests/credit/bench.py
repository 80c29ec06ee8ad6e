"""A room driven by hand for its tests: its time, its windows, and the invariants at each window's end."""

from __future__ import annotations

from typing import Generic, TypeVar

from credit.mail import Inbox, Outbox
from credit.room import Kind, Rows
from credit.subsystem import Subsystem, Window
from credit.times import DAY_MS

Mail = tuple[Kind, Rows]
Room = TypeVar("Room", bound=Subsystem)


class Bench(Generic[Room]):
    """One subsystem and its time."""

    def __init__(self, room: Room, now: int) -> None:
        self.room, self.now, self.number = room, now, 0

    def run(self, *mail: Mail, until: int | None = None) -> Outbox:
        """Windows up to `until`, by default just past the last of the mail, cut at midnights; invariants hold at each end."""
        end = until if until is not None else max(int(rows["at"].max()) for _, rows in mail) + 1
        out = Outbox()
        while self.now < end:
            stop = min(end, (self.now // DAY_MS + 1) * DAY_MS)
            window = Window(self.number, self.now, stop)
            self.room.open(window, out)
            mine = [(kind, rows[(rows["at"] >= self.now) & (rows["at"] < stop)]) for kind, rows in mail]
            self.room.apply(Inbox.of(*[(kind, rows) for kind, rows in mine if len(rows)]), window, out)
            self.room.close(window, out)
            self.now, self.number = stop, self.number + 1
            found = self.room.check()
            assert found == [], found[0]
        return out
