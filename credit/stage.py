"""One room's windows, in memory: no wire, no file, no clock. This is the hard module of the frame, so here is how it works.

A stage joins a subsystem and the world opposite it (its staff, partners, customers). One window is one call of `step`:

    open       what time itself brings: due dates, retries
    apply      the window's mail, all of it, in order of time
    ┌─ respond   the world is asked and answers what falls into this window; a staffed desk is served
    └─ apply     its answers; and again, until nothing is outstanding
    close      what falls due because the end passes it: expiry, end of day
    check      invariants, each window in tests and drills, each day's end in runs

What a subsystem sends goes one of three ways, told apart by the kind alone: to the world opposite, when it is stamped inside
the window; into `_carried` until the window comes whose end passes it, when it is stamped later; out of the stage, when its
room is another one. Mail that leaves is stamped inside the window: the rooms after this one see complete windows in order of
time, and nobody sees a future. What would break that (mail from outside the window, requests nobody takes, a conversation
without end) stops the run and says who did it.

A window in which no mail comes and nothing is due is not stepped at all (`rests`): every part says when time itself next brings
it something to do.

The same object runs in one process, inside an actor and under a test; only hosts know which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from credit.errors import InvariantViolation
from credit.fingerprints import Forms, prove_state
from credit.mail import Inbox, Outbox, in_order
from credit.masks import all_of, any_of
from credit.requests import Requests
from credit.room import BY_NAME, KINDS, Kind, Room, Rows
from credit.rows import joined
from credit.subsystem import Counterpart, State, Subsystem, Window
from credit.times import DAY_MS, text_of
from credit.waiting import Waiting

ROUNDS_MAX = 400
Mail = dict[int, list[Rows]]
"""Parts by kind number."""


class Source(Protocol):
    """Where a room's mail from outside comes from: arrivals in a simulation. `due`: when the next of it comes."""

    def mail(self, window: Window) -> list[tuple[Kind, Rows]]: ...

    def due(self) -> int: ...


@dataclass(frozen=True)
class WindowResult:
    """What a window leaves behind: the mail the room found, its record, the mail for other rooms, and what the world opposite
    was asked."""

    inbox: Inbox
    out: Outbox
    mail: Mail
    answers: Rows
    """What the bank answers to the commands of the window, rows of `credit.mail.ANSWER_DTYPE`."""
    asked: Sequence[Inbox] = ()


def inbox_of(mail: Mail) -> Inbox:
    """An inbox of merged, sorted rows."""
    return Inbox({number: in_order(KINDS[number], parts) for number, parts in mail.items()})


class Stage:
    """One room at work; see the module's text."""

    def __init__(
        self,
        room: Room,
        subsystem: Subsystem,
        counterpart: Counterpart | None = None,
        source: Source | None = None,
        *,
        check_every_window: bool = False,
        away: Sequence[tuple[int, int]] = (),
        lap: Callable[[str], object] = str,
    ) -> None:
        """`away`: times [from, to) in ms, in order, in which the room takes no mail in; it waits for their end. `lap` is told the
        name of each phase when it ends."""
        self.room, self.subsystem, self.counterpart = room, subsystem, counterpart
        self._source, self._check_every_window, self._lap = source, check_every_window, lap
        self._carried, self._away = Waiting(), away
        self._parts = [part for part in (self._carried, subsystem, counterpart, source) if part is not None]
        self._forms: Forms = {}
        self._until: int | None = None
        self._due: int | None = None
        self._requests = Requests()
        self.checks = 0

    def step(self, window: Window, mail: Mail) -> WindowResult:
        """One window; InvariantViolation names the room, the window and what is wrong."""
        try:
            return self._step(window, mail)
        except InvariantViolation as violation:
            raise type(violation)(
                f"{self.room}, window {window.number} ({text_of(window.start)}): {violation.what}"
            ) from None

    def rests(self, window: Window) -> bool:
        """Lets a window without mail pass in which nothing is due; False where it must be stepped."""
        if window.ends_day or window.until > self.due():
            return False
        self._follow_on(window)
        return True

    def due(self) -> int:
        """The earliest instant at which something happens here though no mail comes. What is known holds until the next
        step, since nothing else changes the state."""
        if self._due is None:
            self._due = min([part.due() for part in self._parts])
        return self._due

    def _step(self, window: Window, mail: Mail) -> WindowResult:
        self._due = None
        self._follow_on(window)
        inbox, requests = self._receive(window, mail)
        self._lap("wire")
        out, leaving = Outbox(product_of=self.subsystem.product_of), Mail()
        self.subsystem.open(window, out)
        answers = [self._apply(inbox, window, out)]
        self._lap("subsystem")
        asked = self._converse(window, requests, out, leaving, answers)
        self.subsystem.close(window, out)
        if window.ends_day:
            self._requests.forget(window.until)
        self._keep_for_next(window, self._sort_out(window, out, leaving))
        if self._check_every_window or window.ends_day:
            self.checks += 1
            violations = self.subsystem.check()
            if violations:
                raise InvariantViolation(violations[0])
        self._lap("subsystem")
        return WindowResult(inbox, out, leaving, joined(answers), asked)

    def statistics(self, window: Window, closing: bool = False) -> dict[str, Rows]:
        """What the world opposite measured of itself since it was asked last."""
        return self.counterpart.statistics(window, closing) if self.counterpart is not None else {}

    def closing_statistics(self) -> dict[str, Rows]:
        """What the world opposite has measured and not told when the run ends."""
        until = self._until or 0
        return self.statistics(Window(-1, until, until), True)

    def _apply(self, inbox: Inbox, window: Window, out: Outbox) -> Rows:
        """The subsystem does what is new; returns the answers to all that was asked."""
        admitted = self._requests.admit(inbox)
        self.subsystem.apply(admitted.inbox, window, out)
        return self._requests.answer(admitted, out)

    def _follow_on(self, window: Window) -> None:
        """Windows follow one another without a gap, and each belongs to one day (see `credit.subsystem.windows`)."""
        if self._until not in (None, window.start):
            raise InvariantViolation(
                f"the last window ended at {text_of(self._until or 0)}: the time between would be lost"
            )
        if (window.until - 1) // DAY_MS != window.day:
            raise InvariantViolation(f"the window ends at {text_of(window.until)}: it spans a midnight")
        self._until = window.until

    def _receive(self, window: Window, mail: Mail) -> tuple[Inbox, Mail]:
        """The room's inbox and the mail for the world opposite; what is stamped after the window waits for its time."""
        self.keep(mail)
        bank, world = Mail(), Mail()
        for number, rows in self._carried.take(window.until):
            self._assert_inside(KINDS[number], rows, window)
            if KINDS[number].world:
                world[number] = [rows]
            elif len(rows := self._let_in(number, rows, window)):
                bank[number] = [rows]
        if self._source is not None:
            self._lap("wire")
            for kind, rows in self._source.mail(window):
                bank.setdefault(kind.number, []).append(rows)
            self._lap("counterpart")
        return inbox_of(bank), world

    def _let_in(self, number: int, rows: Rows, window: Window) -> Rows:
        """Mail that the room takes in within the window; what came while it was away has waited for its return."""
        if not self._away:
            return rows
        for start, until in self._away:
            waits = (rows["at"] >= start) & (rows["at"] < until)
            if any_of(waits):
                rows = rows.copy()
                rows["at"][waits] = until
        later = rows["at"] >= window.until
        self._carried.put(number, rows[later])
        return rows[~later]

    def keep(self, mail: Mail) -> None:
        """Takes mail in until its time comes."""
        if mail:
            self._due = None
        for number, parts in mail.items():
            for rows in parts:
                self._carried.put(number, rows)

    def _keep_for_next(self, window: Window, requests: Mail) -> None:
        """Requests made at the close reach the world opposite when the next window opens."""
        for parts in requests.values():
            for rows in parts:
                rows["at"] = window.until
        self.keep(requests)

    def _converse(
        self, window: Window, requests: Mail, out: Outbox, leaving: Mail, answered: list[Rows]
    ) -> list[Inbox]:
        """Asks the world and applies its answers until nothing is outstanding in this window; returns what was asked, as it was
        handed over."""
        asked: list[Inbox] = []
        for round_number in range(ROUNDS_MAX):
            for number, parts in self._sort_out(window, out, leaving).items():
                requests.setdefault(number, []).extend(parts)
            if self.counterpart is None or (not requests and _is_silent(self.counterpart, round_number, window)):
                break
            self._lap("subsystem")
            handed = inbox_of(requests)
            asked += [handed] if handed else []
            answers = self._answers(self.counterpart.respond(handed, window, round_number), window, leaving)
            self._lap("counterpart")
            requests = {}
            if answers:
                answered.append(self._apply(inbox_of(answers), window, out))
        else:
            raise InvariantViolation("requests and answers do not end")
        if requests:
            raise InvariantViolation(f"requests to nobody: {', '.join(KINDS[n].name for n in requests)}")
        return asked

    def _answers(self, replies: Sequence[tuple[Kind, Rows]], window: Window, leaving: Mail) -> Mail:
        answers: Mail = {}
        for kind, rows in replies:
            if len(rows):
                self._assert_inside(kind, rows, window)
                (answers if kind.room == self.room.name else leaving).setdefault(kind.number, []).append(rows)
        return answers

    def _sort_out(self, window: Window, out: Outbox, leaving: Mail) -> Mail:
        """Splits what the subsystem sent: requests due now (returned), requests for later (carried), mail (leaving)."""
        requests: Mail = {}
        if not out.mail:
            return requests
        for number, parts in out.mail.items():
            kind = KINDS[number]
            if kind.room != self.room.name:
                for rows in parts:
                    self._assert_inside(kind, rows, window)
                leaving.setdefault(number, []).extend(parts)
                continue
            for rows in parts:
                due = rows["at"] < window.until
                if any_of(due):
                    requests.setdefault(number, []).append(rows[due])
                if not all_of(due):
                    self._carried.put(number, rows[~due])
        out.mail = {}
        return requests

    def _assert_inside(self, kind: Kind, rows: Rows, window: Window) -> None:
        at = rows["at"]
        if int(at.min()) < window.start or int(at.max()) >= window.until:
            bad = at[(at < window.start) | (at >= window.until)][0]
            raise InvariantViolation(
                f"{kind.name} stamped {text_of(int(bad))}, outside [{text_of(window.start)}, {text_of(window.until)})"
            )

    def export_state(self) -> State:
        """Everything the stage knows: ``bank.*`` of the subsystem, ``world.*`` of its counterpart, ``carried.*``, and the
        answered ``requests``."""
        state: State = {f"bank.{name}": rows for name, rows in self.subsystem.export_state().items()}
        state["requests"] = self._requests.table.export()
        if self.counterpart is not None:
            state |= {f"world.{name}": rows for name, rows in self.counterpart.export_state().items()}
        for number, parts in self._carried:
            state[f"carried.{KINDS[number].name}"] = in_order(KINDS[number], parts)
        return state

    def import_state(self, state: State) -> None:
        """Replaces everything the stage knows; SchemaError when it is of another release."""
        self._forms = self._forms or _forms(self.export_state())
        prove_state(self.room.name, _forms(state), self._forms)
        self.subsystem.import_state(_under("bank.", state))
        self._requests.table.load(state["requests"])
        if self.counterpart is not None:
            self.counterpart.import_state(_under("world.", state))
        self._carried.clear()
        self._until, self._due = None, None
        self.keep({BY_NAME[name].number: [rows] for name, rows in _under("carried.", state).items()})


def _is_silent(world: Counterpart, round_number: int, window: Window) -> bool:
    """Whether the world has nothing to say in a window unless it is asked: it had its turns, or was not asked anything and
    nothing is due."""
    return round_number >= world.rounds or (not round_number and world.due() >= window.until)


def _forms(state: State) -> Forms:
    return {name: rows.dtype for name, rows in state.items()}


def _under(prefix: str, state: State) -> State:
    return {name.removeprefix(prefix): rows for name, rows in state.items() if name.startswith(prefix)}
