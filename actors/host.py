"""The host of one cell: unpacks the mail, has the stage do its window, records, digests, routes and packs. It knows where
mail goes and how long things take; it knows nothing of loans. The same object runs in the local executor and inside a Ray
actor."""

from __future__ import annotations

import os
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from actors.topology import LATE_MS, Cell, Flow, shard_of_branch
from actors.wire import Bundle, Parcel, pack, unpack
from credit.compact import packed
from credit.digest import Digest
from credit.errors import InvariantViolation
from credit.mail import Outbox, in_order, in_sequence
from credit.masks import true_rows
from credit.numbers import branch_of
from credit.room import BY_NAME, EVENTS, KINDS, Rows
from credit.rows import only
from credit.stage import Mail, Source, Stage, WindowResult
from credit.subsystem import Counterpart, State, Subsystem, Window
from credit.times import Bools, Ints, text_of

EVENT_LABEL = 1
STATE_LABEL = 2
ANSWER_LABEL = 3


class Sink(Protocol):
    """Where a cell's record goes while the run goes on."""

    def record(self, window: Window, outcome: WindowResult, statistics: dict[str, Rows]) -> None: ...

    def close(self, statistics: dict[str, Rows]) -> None: ...


@dataclass
class Parts:
    """What a host is made of."""

    subsystem: Subsystem
    counterpart: Counterpart | None = None
    source: Source | None = None
    sink: Sink | None = None
    check_every_window: bool = False
    away: Sequence[tuple[int, int]] = ()
    """Times in which the room takes no mail in (see `credit.stage.Stage`)."""
    every_window: bool = False
    """Work every window by itself, also where nothing comes and nothing is due: for the proof that it makes no difference."""
    tells: bool = False
    """Tell the driver of each window's events and answers: what a live bank's callers wait for."""


@dataclass(frozen=True)
class Blueprint:
    """How to build a host where it will live: `build` is called there, with the cell."""

    cell: Cell
    flow: Flow
    build: Callable[[Cell], Parts]


class Told(NamedTuple):
    """What happened in one window of a cell: its events in sequence, and the answers to the commands it was given."""

    window: int
    events: Rows
    answers: Rows


@dataclass
class StepReport:
    """What a step tells the driver: rows by event, the digest of each of its windows, when the cell is next due though no mail
    comes, and, where it is asked to tell, what happened."""

    events: Counter[int]
    digests: list[tuple[int, int]]
    sent: tuple[bool, ...] = ()
    """Whether there is mail for each destination."""
    due: int = 0
    told: list[Told] = field(default_factory=list)
    busy_s: float = 0.0
    processor_s: float = 0.0
    """Of its thread alone: what the step costs wherever it is worked again, whatever else the machine had to do."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows of each table; like `measures`, where it is asked to tell."""
    measures: list[Rows] = field(default_factory=list)
    """What the room measured (`credit.mail.Outbox.measure`), as rooms do at a day's end."""


class Look(NamedTuple):
    """A question about a table of a cell's state: rows whose column holds one of the values; all rows where none are given."""

    table: str
    column: str = ""
    values: tuple[int, ...] = ()


@dataclass
class FinalReport:
    """What a host tells at the end."""

    cell: Cell
    digest: tuple[int, int]
    state: dict[str, Rows]
    busy_s: float
    phases_s: dict[str, float]
    cpu_s: float
    peak_rss_mib: float
    process: int
    """The operating system's number of the process; cells of the local executor share one."""
    checks: int


class Meter:
    """Seconds by phase: each lap belongs to the phase that it ends."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = defaultdict(float)
        self._began = self._lap = self._processor = 0.0

    def start(self) -> None:
        """A step begins."""
        self._began = self._lap = time.perf_counter()
        self._processor = time.thread_time()

    def lap(self, phase: str) -> None:
        """A phase ends."""
        now = time.perf_counter()
        self.phases[phase] += now - self._lap
        self._lap = now

    def stop(self) -> tuple[float, float]:
        """The step ends; the seconds it took, and those of a processor that its thread did."""
        took, processor = time.perf_counter() - self._began, time.thread_time() - self._processor
        self.phases["step"] += took
        self.phases["processor"] += processor
        return took, processor


class Broken(InvariantViolation):
    """A window that a live bank's cell can't work: which, and why."""

    def __init__(self, what: str, window: int) -> None:
        super().__init__(what)
        self.window = window

    def __reduce__(self) -> tuple[type[Broken], tuple[str, int]]:
        return Broken, (self.what, self.window)


class StageHost:
    """One cell of the bank; see the module's text."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.cell, self._flow = blueprint.cell, blueprint.flow
        parts = blueprint.build(blueprint.cell)
        self._meter = Meter()
        self._sink, self._every_window, self._tells = parts.sink, parts.every_window, parts.tells
        room = self._flow.room_of(self.cell)
        self.stage = Stage(
            room,
            parts.subsystem,
            parts.counterpart,
            parts.source,
            check_every_window=parts.check_every_window,
            away=parts.away,
            lap=self._meter.lap,
        )
        self._joins = parts.subsystem.cut_free and not (parts.every_window or parts.tells)
        self._destinations = self._flow.destinations(self.cell)
        self._nothing: list[Parcel] = [()] * len(self._destinations)
        self._copied = [
            (kind, _marked(kind.copies))
            for kind in (kind for receiver in self._flow.rooms for kind in receiver.kinds if kind.copies)
            if room.name in kind.senders
        ]
        self._mailed = [
            (int(one), one.said.words[0], BY_NAME[kind], column)
            for one in room.events or ()
            for kind, column in [one.said.mails]
            if kind
        ]
        self._digests = ~_marked([int(one) for one in room.events or () if not one.said.digested])
        self._digest = Digest()
        self._rows: dict[str, int] = {}
        """Rows of each table after the last window that was worked."""

    def step(self, windows: Sequence[Window], parcels: Sequence[Parcel]) -> tuple[list[Parcel], StepReport]:
        """A block of windows of one day, one after another, or as one where the room does not care: mail in, which waits for its
        time, and mail out (one parcel a destination, in the order of `Flow.destinations`)."""
        self._meter.start()
        self.keep(parcels)
        if self._rests(windows):
            return self._nothing, self._idle(windows)
        leaving: Mail = {}
        report = StepReport(Counter(), [])
        for span in [windows] if self._joins else [[window] for window in windows]:
            report.digests += self._work(span, leaving, report)
        sent = self._nothing
        if leaving:
            sent = [((windows[0].number, bundle),) if bundle else () for bundle in self._send(leaving)]
        report.sent = tuple(map(bool, sent))
        if self._tells:
            self._rows = self.table_rows()
            report.due, report.rows = self.stage.due(), self._rows
        self._meter.lap("wire")
        report.busy_s, report.processor_s = self._meter.stop()
        return sent, report

    def _rests(self, span: Sequence[Window]) -> bool:
        """Lets windows pass, as one, in which nothing comes and nothing is due."""
        return not self._every_window and self.stage.rests(_as_one(span))

    def _idle(self, windows: Sequence[Window]) -> StepReport:
        """What there is to tell of windows that were left out."""
        report = StepReport(Counter(), [(0, 0)] * len(windows), tuple(map(bool, self._nothing)))
        if self._tells:
            self._rows = self._rows or self.table_rows()
            report.due, report.rows = self.stage.due(), self._rows
        return report

    def _work(self, span: Sequence[Window], leaving: Mail, report: StepReport) -> list[tuple[int, int]]:
        """Windows worked as one; nothing where they can be left out. Returns the digest of each."""
        window = _as_one(span)
        if self._rests(span):
            return [(0, 0)] * len(span)
        try:
            outcome = self.stage.step(window, {})
            counts = self._in_sequence(outcome)
            self._prove_mailed(window, outcome, counts)
        except InvariantViolation as violation:
            what = f"{violation.what} [shard {self.cell.shard}]"
            raise (Broken(what, window.number) if self._tells else type(violation)(what)) from None
        except Exception as error:
            if not self._tells:
                raise
            what = f"{self.cell}, window {window.number}: {type(error).__name__}: {error}"
            raise Broken(what, window.number) from error
        if self._sink is not None:
            self._sink.record(window, outcome, self.stage.statistics(window))
        self._copy(outcome)
        report.events.update(counts)
        if self._tells:
            report.measures += outcome.out.measures
        if self._tells and (len(outcome.out.events[0]) or len(outcome.answers)):
            report.told.append(Told(window.number, outcome.out.events[0], outcome.answers))
        for number, parts in outcome.mail.items():
            leaving.setdefault(number, []).extend(parts)
        digests = self._digested(span, outcome)
        self._meter.lap("record")
        return digests

    def _in_sequence(self, outcome: WindowResult) -> dict[int, int]:
        """Makes one batch of the window's events; returns how many rows there are of each."""
        events = in_sequence(outcome.out.events, self._flow.order[self.cell.room])
        outcome.out.events = [events]
        if not len(events):
            return {}
        counts = np.bincount(events["event"])
        present = true_rows(counts)
        return dict(zip(present.tolist(), counts[present].tolist(), strict=True))

    def _prove_mailed(self, window: Window, outcome: WindowResult, counts: dict[int, int]) -> None:
        """What is said to have happened has gone out as mail, and nothing else has: a row each, of the same amount."""
        [events] = outcome.out.events
        for event, words, kind, column in self._mailed:
            if event not in counts and kind.number not in outcome.mail:
                continue
            about = "loan" if "loan" in kind.fields.names else "case"
            said = _pairs([events[events["event"] == event]], about, "amount_fen")
            sent = _pairs(outcome.mail.get(kind.number, ()), about, column)
            if not np.array_equal(said, sent):
                odd = np.setxor1d(said[0], sent[0])
                one = odd[0] if len(odd) else _first_apart(said, sent)
                where = f"{self.cell.room}, window {window.number} ({text_of(window.start)})"
                raise InvariantViolation(f"{where}: {about} {one}: {words!r} and {kind.name} don't say the same")

    def _copy(self, outcome: WindowResult) -> None:
        """Events that another room is told of go to it as mail."""
        [events] = outcome.out.events
        for kind, copied in self._copied if len(events) else ():
            told = events[copied[events["event"]]]
            if len(told):
                outcome.mail.setdefault(kind.number, []).append(kind.carry(told))

    def _digested(self, span: Sequence[Window], outcome: WindowResult) -> list[tuple[int, int]]:
        """What each of several windows would give by itself: a row belongs to the window in which it happened."""
        [events] = outcome.out.events
        batches = [(ANSWER_LABEL, outcome.answers)]
        if len(events):
            batches.append((EVENT_LABEL, only(events, self._digests[events["event"]])))
        batches += [(number, rows) for number, parts in outcome.mail.items() for rows in parts]
        batches += [(kind.number, rows) for handed in outcome.asked for kind, rows in handed]
        digests = [Digest() for _ in span]
        for label, rows in batches:
            if len(rows):
                for place, of_window in _by_window(span, rows):
                    digests[place].add(label, of_window)
        for digest in digests:
            self._digest.merge(digest)
        return [digest.lanes for digest in digests]

    def _send(self, mail: Mail) -> list[Bundle]:
        """Mail to earlier rooms is stamped with the time of its arrival."""
        sorted_mail: dict[Cell, Mail] = {}
        for number, parts in mail.items():
            for cell, rows in self._addressed(number, in_order(KINDS[number], parts)):
                arriving = _later(rows) if self._flow.is_late(self.cell, cell) else rows
                sorted_mail.setdefault(cell, {}).setdefault(number, []).append(arriving)
        return [pack(sorted_mail.get(cell, {})) for cell in self._destinations]

    def _addressed(self, number: int, rows: Rows) -> list[tuple[Cell, Rows]]:
        kind, addressed = KINDS[number], []
        for room in (kind.room, *kind.hearers):
            targets = [cell for cell in self._destinations if cell.room == room]
            if not targets and room == kind.room:
                raise InvariantViolation(f"{self.cell}: {kind.name} has no route from here")
            if len(targets) == 1:
                addressed.append((targets[0], rows))
            elif targets:
                shard = shard_of_branch(branch_of(rows), self._flow.shards)
                addressed += [(cell, rows[shard == cell.shard]) for cell in targets]
        return [(cell, mine) for cell, mine in addressed if len(mine)]

    def keep(self, parcels: Sequence[Parcel]) -> None:
        """Takes mail in until its time comes."""
        self.stage.keep(unpack(bundle for parcel in parcels for _, bundle in parcel))

    def finish(self) -> FinalReport:
        """Closes the record and gives the final state, its digest and what the host has used."""
        closing = self.stage.closing_statistics()
        if self._sink is not None:
            self._sink.close(closing)
        state = self.stage.export_state()
        for name, rows in sorted(state.items()):
            self._digest.add(STATE_LABEL + sum(name.encode()), rows)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return FinalReport(
            self.cell,
            self._digest.lanes,
            state,
            self._meter.phases["step"],
            dict(self._meter.phases),
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024,
            os.getpid(),
            self.stage.checks,
        )

    def look(self, asked: Look) -> Rows:
        """Rows of the state, as they stand after the last window."""
        table = self.stage.subsystem.tables[asked.table]
        if not asked.values:
            return table.export()
        if asked.column == table.key:
            found = table.find(asked.values)
            return table.take(found[found >= 0])
        return table.take(np.isin(table[asked.column], asked.values))

    def looks(self, asked: Sequence[Look]) -> list[Rows]:
        """Several questions about one instant."""
        return [self.look(one) for one in asked]

    def table_rows(self) -> dict[str, int]:
        """How many rows each table of the room has."""
        return {name: len(table) for name, table in self.stage.subsystem.tables.items()}

    def measured(self, until: int) -> list[Rows]:
        """The room's gauges as it stands, see `credit.subsystem.Subsystem.measure`."""
        out = Outbox()
        self.stage.subsystem.measure(until, out)
        return out.measures

    def export_state(self) -> State:
        """Everything the cell knows."""
        return self.stage.export_state()

    def export_packed(self) -> bytes:
        """The same as bytes, see `credit.compact.packed`."""
        return packed(self.stage.export_state())

    def import_state(self, state: State) -> None:
        """Replaces everything the cell knows."""
        self.stage.import_state(state)
        self._rows = {}


def _as_one(span: Sequence[Window]) -> Window:
    return span[0] if len(span) == 1 else Window(span[0].number, span[0].start, span[-1].until)


def _pairs(parts: Iterable[Rows], about: str, amount: str) -> Ints:
    """What rows are about and their amounts, shape (2, rows), sorted."""
    some = [rows for rows in parts if len(rows)]
    if not some:
        return np.zeros((2, 0), dtype=np.int64)
    pairs = np.stack([np.concatenate([rows[name] for rows in some]) for name in (about, amount)])
    return pairs[:, np.lexsort(pairs[::-1])]


def _first_apart(some: Ints, others: Ints) -> int:
    """What the first pair is about in which two lists of pairs differ, or one of them has ended."""
    both = min(some.shape[1], others.shape[1])
    apart = true_rows((some[:, :both] != others[:, :both]).any(axis=0))
    longer = max(some, others, key=lambda pairs: pairs.shape[1])
    return int(longer[0, apart[0] if len(apart) else both])


def _marked(codes: Iterable[int]) -> Bools:
    """A mask over all events' numbers."""
    marks = np.zeros(max(EVENTS) + 1, dtype=bool)
    marks[list(codes)] = True
    return marks


def _by_window(span: Sequence[Window], rows: Rows) -> list[tuple[int, Rows]]:
    """Rows by the place of their window, of windows that hold them all."""
    if len(span) == 1:
        return [(0, rows)]
    places = np.array([window.start for window in span[1:]]).searchsorted(rows["at"], side="right")
    return [(place, rows[places == place]) for place in true_rows(np.bincount(places)).tolist()]


def _later(rows: Rows) -> Rows:
    """Rows stamped with the time at which they arrive at an earlier room."""
    arriving = rows.copy()
    arriving["at"] += LATE_MS
    return arriving
