"""What a subsystem is: a room with state that answers the same calls as every other, so a host needs to know nothing else.

In a window the frame calls `open` (what time itself brings: due dates, retries), `apply` (mail, any number of times) and
`close` (what falls due because the window's end passes it); `check` proves the invariants; `export_state` and `import_state`
are its memory. A subsystem itself fills in:

    HANDLERS   which method takes which kind of mail, in this order; only kinds that came are called
    begin      what a window brings before its mail            follow     what is to be done after each round of mail
    end        what the window's end passes                    end_day    what a day's end passes, after `end`
    violations the invariants, and whatever it wants to prove of what it has seen (`note`) since they were looked at last
    due        when time itself next brings something

Until then a window without mail changes nothing and says nothing, so it is not worked at all: a window costs what it carries.

The result depends on the arguments and the state alone, never on the order in which shards or hosts run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from credit.mail import Inbox, Outbox
from credit.masks import all_of
from credit.numbers import case_of
from credit.policies import Overrides
from credit.room import EventCode, Kind, Room, Rows
from credit.rows import joined
from credit.staff import StaffRegister
from credit.table import Table
from credit.times import DAY_MS, Ints, text_of

State = dict[str, Rows]
"""A subsystem's whole state: named record arrays, each in id order, text and int64 fields only."""


class Window(NamedTuple):
    """A half-open span of time [start, until) in ms, with its running number. Mail in a window is stamped inside it."""

    number: int
    start: int
    until: int

    @property
    def ends_day(self) -> bool:
        """True when the window's end is a midnight, so that end-of-day work belongs to it."""
        return self.until % DAY_MS == 0

    @property
    def day(self) -> int:
        """Day number of the window's first instant."""
        return self.start // DAY_MS


NOBODY = StaffRegister.of(())


def windows(cuts: Iterable[int]) -> Iterator[Window]:
    """Windows between rising instants, numbered from 0. However the instants lie, nothing is left out, and a midnight is always a
    cut: a window that is late, long, short or oddly cut is made of pieces that belong to one day each. ValueError when the
    instants do not rise."""
    number, start = 0, None
    for until in cuts:
        if start is not None and until <= start:
            raise ValueError(f"windows must follow one another: {text_of(until)} does not come after {text_of(start)}")
        while start is not None and start < until:
            end = min(until, (start // DAY_MS + 1) * DAY_MS)
            yield Window(number, start, end)
            number, start = number + 1, end
        start = until


@dataclass(frozen=True)
class Setting:
    """What a subsystem is built from: a scenario's changes to the packaged policies, and who works at the bank."""

    overrides: Overrides | None = None
    register: StaffRegister = NOBODY


PLAIN = Setting()
"""The packaged policies, and nobody at any desk."""


class Takes(NamedTuple):
    """The method that takes a kind of mail; ``part.method`` is one of a part of the room."""

    kind: Kind
    method: str


class Together(NamedTuple):
    """Kinds that are taken in the order of their time, one id of the column `key` at a time (see `Inbox.in_time`)."""

    key: str
    takes: tuple[Takes, ...]


class Subsystem:
    """One room at work; see the module's text. A handler's method is called with (rows, out)."""

    room: ClassVar[Room]
    HANDLERS: ClassVar[tuple[Takes | Together, ...]] = ()
    REFUSED: ClassVar[EventCode]
    """The event that says what mail had no effect, and why."""
    cut_free: ClassVar[bool] = False
    """True where neither the room nor the world opposite says anything else however a day is cut into windows (no desks), so
    that several windows may be worked as one."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {name: Table(*declared) for name, declared in self.room.tables.items()}
        self._of_product = [
            table for table in self.tables.values() if table.key in ("case", "loan") and "product" in table.names
        ]
        self.window = Window(-1, 0, 0)
        self._noted: dict[str, list[Rows]] = {}

    # what a host calls ------------------------------------------------------------------------------------------------

    def open(self, window: Window, out: Outbox) -> None:
        """A window begins."""
        self.window = window
        self.begin(out)

    def apply(self, inbox: Inbox, window: Window, out: Outbox) -> None:
        """Mail of the window."""
        self.window = window
        for handler in self.HANDLERS:
            if isinstance(handler, Takes):
                rows = inbox.get(handler.kind)
                if rows is not None:
                    attrgetter(handler.method)(self)(rows, out)
            elif came := {one.kind: one.method for one in handler.takes if inbox.get(one.kind) is not None}:
                for kind, rows in inbox.in_time(tuple(came), handler.key):
                    attrgetter(came[kind])(self)(rows, out)
        self.follow(out)

    def close(self, window: Window, out: Outbox) -> None:
        """The window ends."""
        self.window = window
        self.end(out)
        if window.ends_day:
            self.end_day(out)
            self.measure(window.until, out)

    def check(self) -> list[str]:
        """Violated invariants: of the state, and of everything noted since the last call, however many windows ago; at a day's
        end also rows of which something has changed that never does."""
        found = self.violations()
        self._noted = {}
        for name, table in self.tables.items() if self.window.ends_day else ():
            found += [
                f"{self.room.name}: {table.key} {one} of {name} is not as it was written" for one in table.altered()
            ]
        return found

    def export_state(self) -> State:
        """Every table, in id order."""
        return {name: table.export() for name, table in self.tables.items()}

    def import_state(self, state: State) -> None:
        """Replaces every table."""
        for name, table in self.tables.items():
            table.load(state[name])
        self._noted = {}

    # what a subsystem fills in ----------------------------------------------------------------------------------------

    def begin(self, out: Outbox) -> None:
        """Before the window's mail."""

    def follow(self, out: Outbox) -> None:
        """After each round of mail."""

    def end(self, out: Outbox) -> None:
        """What the window's end passes."""

    def end_day(self, out: Outbox) -> None:
        """What a day's end passes."""

    def measure(self, until: int, out: Outbox) -> None:
        """What stands in the room at an instant, as its gauges: at a day's end, and when a bank is opened. Changes nothing."""

    def violations(self) -> list[str]:
        """Violated invariants, each a sentence that names the entity."""
        return []

    def due(self) -> int:
        """The earliest instant at which `begin`, `follow` or `end` has something to do though no mail comes; NEVER where there
        is none, 0 where a room can't say. A day's end is always worked."""
        return 0

    def product_of(self, case: Ints, loan: Ints) -> Ints:
        """The product of cases and loans that the room has, for its events; 0 where it does not know."""
        product = np.zeros(len(case), dtype=np.int64)
        for table in self._of_product:
            if len(table):
                rows = table.find(loan if table.key == "loan" else case)
                product = np.where(product == 0, table.get("product", rows), product)
                if all_of(product):
                    break
        return product

    # what they share --------------------------------------------------------------------------------------------------

    def note(self, name: str, rows: Rows) -> None:
        """Keeps a witness for `violations`: rows of one shape a name."""
        if len(rows):
            self._noted.setdefault(name, []).append(rows)

    def noted(self, name: str) -> list[Rows]:
        """The witnesses of a name since the last check."""
        parts = self._noted.get(name, [])
        return [joined(parts)] if parts else []

    def refuse(self, rows: Rows, reason: Ints | int, out: Outbox, **more: Any) -> None:
        """Logs mail that has no effect. Case, loan and actor are read off the rows unless they are given."""
        if not len(rows):
            return
        names = rows.dtype.names or ()
        if "loan" in names:
            more.setdefault("loan", rows["loan"])
        if "person" in names:
            more.setdefault("actor", rows["person"])
        if "product" in names:
            more.setdefault("product", rows["product"])
        case = rows["case"] if "case" in names else case_of(rows["loan"])
        out.log(self.REFUSED, rows["at"], case, reason=reason, **more)
        if "request" in names:
            out.answer(rows, reason=reason)


class Counterpart(Protocol):
    """The world opposite a room: its staff, partners or customers. `respond` is called in `rounds` rounds a window (more
    while requests are outstanding) and returns answers stamped inside the window, sorted by nobody; it keeps later ones.
    `statistics` are asked for after each window that was worked, and, `closing`, when the run ends.
    `due` is the earliest instant at which it has something to say unasked: windows that end before need not be asked about."""

    rounds: int

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]: ...

    def due(self) -> int: ...

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]: ...

    def export_state(self) -> State: ...

    def import_state(self, state: State) -> None: ...
