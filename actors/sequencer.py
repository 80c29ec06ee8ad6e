"""The sequencer: puts what comes from outside into windows, one after another, makes each durable in the day book before it is
applied, and has the cells work it. It has no clock, no threads and no sockets: `actors.conductor` gives it those.

    cut      commands → windows → day book (one commit) → submitted to the cells
    collect  the oldest block under way: its answers and events, and the chain, which the next commit takes along
    open     newest snapshot, then every window after it from the day book: the same bank as before, digest by digest

A window that can't be worked is Broken; `rebuild` sets aside what is to blame for it (`actors.quarantine`) and goes on.

Whatever the cells have done can be done again from the book, so a lost cell, a lost process and a restart are one case."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from actors.book import inputs
from actors.book.before import before_in, states_in, with_before
from actors.book.store import Damaged, Entry, Fenced, Snapshot, Store, StoreError, newest_good
from actors.host import Blueprint, Broken, StepReport, Told
from actors.pipeline import BLOCK, IN_FLIGHT, Executor, Handle, Pipeline, UnderWay, blocks
from actors.quarantine import Aside, rows_of, to_blame
from actors.topology import Cell, Flow, shard_of_branch
from actors.wire import Bundle, Parcel, pack
from credit.numbers import branch_of
from credit.room import Kind, Rows
from credit.subsystem import State, Window, windows
from credit.times import DAY_MS

STORE_PATIENCE_S = 30.0
"""How long a bank waits for a store that is away before it gives up."""
_STORE_RETRY_S = 0.2
_CHAINS_KEPT = 4 * BLOCK * IN_FLIGHT
_log = logging.getLogger(__name__)


class Command(NamedTuple):
    """Rows of one kind from outside; `at` says when they came."""

    kind: Kind
    rows: Rows


class Done(NamedTuple):
    """A block that was worked: what happened in it, by window and cell, when the bank is next due by itself, and the cells'
    reports, in the order of the flow's cells."""

    block: Sequence[Window]
    told: list[Told]
    due: int
    reports: Sequence[StepReport]


@dataclass
class Figures:
    """What the sequencer counts."""

    windows: int = 0
    rows: int = 0
    replayed: int = 0
    snapshots: int = 0
    set_aside: int = 0
    """Rows from outside that were set aside since the process began."""
    store_away: int = 0
    """How often the store did not take a window at once."""
    commit_s: float = 0.0
    """What the last commit took."""
    restored_s: float = 0.0
    """What it took to have the cells as the last snapshot had them."""
    again_s: float = 0.0
    """What the windows since then took."""


class Taken(NamedTuple):
    """A snapshot that was taken: the window that comes next, until when, the chain, and a promise of what each cell knew."""

    number: int
    until: int
    chain: str
    packed: Sequence[Handle]


class Sequencer:
    """One bank's order of things; see the module's text."""

    def __init__(
        self,
        executor: Executor,
        flow: Flow,
        blueprints: Sequence[Blueprint],
        store: Store,
        start: int,
        opening: dict[Cell, State] | None = None,
        before: Rows | None = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """`start`: the bank's first instant; `opening`: what its cells know then, and the events `before`; `pause`: waits for a
        store that is away, and raises StoreError where that is no use."""
        self._executor, self._flow, self._blueprints, self._store = executor, flow, blueprints, store
        self._start, self._opening, self._told_before, self._pause = start, opening, before, pause
        self._under_way: deque[UnderWay] = deque()
        self._chains: deque[tuple[int, str]] = deque(maxlen=_CHAINS_KEPT)
        self._written: dict[int, str] = {}
        self._epoch = 0
        self._told_until = -1
        self._followed: bytes | None = None
        """The seal of the last window that was worked of a book that somebody else writes."""
        self.until, self.number, self.chain = start, 0, ""
        self.due = 0
        self.figures = Figures()
        self.waits_since: float | None = None
        """Since when the store has not taken a window that it was given (`time.monotonic`); None where it took all."""

    # opening ----------------------------------------------------------------------------------------------------------

    def open(self, on_replay: Callable[[int], object] = int) -> Iterator[Done]:
        """Takes the book over, fences who wrote before, and goes on from where it ends: from where it was followed, else with the
        cells as the newest snapshot has them and every window after it. Gives what happened in windows that nobody was told of
        yet (all of them, at the first opening)."""
        self._epoch = self._store.enter()
        if self._followed is not None:
            yield from self.follow(on_replay)
        if self._followed is None:
            yield from self.rebuild(on_replay)
        self._followed = None

    def rebuild(self, on_replay: Callable[[int], object] = int) -> Iterator[Done]:
        """The cells anew, as the book has them. Broken where a window can't be worked and nothing that came in it is to blame."""
        while True:
            try:
                yield from self._rebuild(on_replay)
            except Broken as broken:
                self._set_aside(broken)
            else:
                return

    # following --------------------------------------------------------------------------------------------------------

    def follow(self, on_replay: Callable[[int], object] = int) -> Iterator[Done]:
        """Works what somebody else has written into the book since; compares what the bank becomes with what it became there. The
        cells begin anew where the book is another one than it was, and where a window can't be worked: who leads sets aside what
        is to blame."""
        if self._followed is None or self._seal_before() != self._followed:
            yield from self._stand_by(on_replay)
            return
        entries = list(self._store.read(self.number))
        if inputs.asides(entries):
            yield from self._stand_by(on_replay)
            return
        try:
            for some in in_days(entries):
                yield from self._worked_again(some)
            self._followed = self._seal_before()
        except Broken:
            self._followed = None

    def _stand_by(self, on_replay: Callable[[int], object]) -> Iterator[Done]:
        self._followed, self._told_until = None, -1  # what was told may have been another book's
        with suppress(Broken):
            yield from self._rebuild(on_replay)
            self._followed = self._seal_before()

    def _worked_again(self, entries: Sequence[Entry]) -> Iterator[Done]:
        self._written |= {entry.proved: entry.chain for entry in entries}
        self._work_again(entries, ())
        while self._under_way:
            yield from self._news()

    def _seal_before(self) -> bytes:
        """What the window that comes next follows upon; empty where the book does not go so far."""
        try:
            return self._store.seal_before(self.number)
        except Damaged:
            return b""

    # the cells anew ---------------------------------------------------------------------------------------------------

    def _rebuild(self, on_replay: Callable[[int], object]) -> Iterator[Done]:
        began = time.perf_counter()
        first = self._go_back()
        restored = time.perf_counter()
        asides = inputs.asides(self._store.read(first))
        for entries in in_days(self._store.read(first)):
            self._written |= {entry.proved: entry.chain for entry in entries}
            self._work_again(entries, asides)
            self.figures.replayed += len(entries)
            on_replay(self.number)
            while len(self._under_way) > IN_FLIGHT:
                yield from self._news()
        while self._under_way:
            yield from self._news()
        kept = self.figures
        kept.restored_s, kept.again_s = restored - began, time.perf_counter() - restored
        _log.info(
            "opened: cells as of window %d in %.2f s, %d windows worked again in %.2f s",
            *(first, kept.restored_s, self.number - first, kept.again_s),
        )
        if not self._store.snapshots() and self._opening is not None and self.number == first:
            self.keep(self.snapshot(), self._told_before)

    def _go_back(self) -> int:
        """The cells as the newest snapshot has them; returns the first window after it."""
        self._under_way.clear()
        self._chains.clear()
        self._written.clear()
        kept = newest_good(self._store)
        if kept is None:
            states, first, self.until, self.chain = self._opening, 0, self._start, ""
        else:
            states = states_in(kept)
            first, self.until, self.chain = kept.number, kept.until, kept.chain
        self.number = first
        self._chains.append((first - 1, self.chain))
        self._executor.start(self._blueprints, states)
        self._pipeline = Pipeline(self._executor, self._flow, self.chain)
        return first

    def _work_again(self, entries: Sequence[Entry], asides: Sequence[Aside]) -> None:
        self._submit(
            [Window(entry.number, entry.start, entry.until) for entry in entries], inputs.mail_of(entries, asides)
        )
        self.number, self.until = entries[-1].number + 1, entries[-1].until

    def _set_aside(self, broken: Broken) -> None:
        """Finds out what came in a window that can't be worked and is to blame for it, and writes it down as the book's next
        window; raises what is wrong with the window where nothing is."""
        told_until = self._told_until
        before, entries, asides = self._before(broken.window)
        mail = inputs.unpacked(entries[-1].inputs)
        known = {row._replace(why="") for row in asides if row.window == broken.window}

        def works(rows: Sequence[Aside]) -> bool:
            self._executor.start(self._blueprints, states_in(before))
            self._under_way.clear()
            self._pipeline = Pipeline(self._executor, self._flow, before.chain)
            try:
                self._work_again(entries, [*asides, *rows])
                self.collect()
            except Broken:
                return False
            return True

        rows = [row for row in rows_of(broken.window, mail) if row not in known]
        found = [row._replace(why=broken.what) for row in to_blame(rows, works)]
        self._told_until = told_until
        if not found:
            raise broken
        *_, last = self._store.read(broken.window)
        self._append(
            [Entry(last.number + 1, self._epoch, last.until, last.until + 1, inputs.packed({}, found), -1, "")]
        )
        self.figures.set_aside += len(found)
        for row in found:
            _log.warning("%s", row)

    def _before(self, window: int) -> tuple[Snapshot, list[Entry], list[Aside]]:
        """The bank before the block that a window stands in, the block as far as this window, and what is set aside already."""
        first = self._go_back()
        asides = inputs.asides(self._store.read(first))
        for entries in in_days(self._store.read(first)):
            if entries[-1].number >= window:
                return self._whole(self.snapshot()), [entry for entry in entries if entry.number <= window], asides
            self._work_again(entries, asides)
            self.collect()
        raise Damaged(f"window {window} was worked, and the day book does not hold it")

    def _news(self) -> Iterator[Done]:
        """What a block tells that nobody was told yet."""
        told_until = self._told_until
        done = self.collect()
        self._prove(done.block)
        if done.block[-1].number > told_until:
            yield done._replace(told=[one for one in done.told if one.window > told_until])

    def _prove(self, block: Sequence[Window]) -> None:
        """Damaged when the bank, worked anew, is not what the book says it was."""
        worked = dict(self._chains)
        for number in (window.number for window in block):
            written = self._written.pop(number, worked[number])
            if written != worked[number]:
                raise Damaged(
                    f"the bank worked anew has the chain {worked[number]} after window {number}, the day book says {written}: "
                    "another release or another policy worked it"
                )

    # working ----------------------------------------------------------------------------------------------------------

    @property
    def stands_at(self) -> int:
        """The bank's instant: the last of its last window, so that a date that has run out is not the next one."""
        return self.until - 1 if self.number else self.until

    @property
    def under_way(self) -> int:
        """Blocks that are submitted and not collected."""
        return len(self._under_way)

    def cut(self, until: int, commands: Sequence[Command] = (), every_ms: int = DAY_MS) -> None:
        """The time from the last window to `until` as windows (cut at midnights, and at multiples of `every_ms`), with what came
        in it. Durable when it returns, and under way. What came before the last window's end comes with this one's begin."""
        cuts = [self.until, *range((self.until // every_ms + 1) * every_ms, until, every_ms), until]
        spans = [Window(self.number + place, window.start, window.until) for place, window in enumerate(windows(cuts))]
        mail = self._dealt(spans, commands)
        proved, chain = self._chains[-1]
        entries = [
            Entry(one.number, self._epoch, one.start, one.until, inputs.packed(mail.get(one.number, {})), proved, chain)
            for one in spans
        ]
        for place in range(0, len(spans), BLOCK):
            began = time.perf_counter()
            self._append(entries[place : place + BLOCK])
            self.figures.commit_s = time.perf_counter() - began
            for block in blocks(spans[place : place + BLOCK]):
                self._submit(block, mail)
            self.number, self.until = (
                spans[place : place + BLOCK][-1].number + 1,
                spans[place : place + BLOCK][-1].until,
            )
        self.figures.windows += len(spans)
        self.figures.rows += sum(len(command.rows) for command in commands)

    def _append(self, entries: Sequence[Entry]) -> None:
        """Tries again where the store is away for a while (a database that is started anew): nothing is done before."""
        self.waits_since = began = time.monotonic()
        while True:
            try:
                self._store.append(entries)
            except (Fenced, Damaged):
                raise
            except StoreError:
                if time.monotonic() > began + STORE_PATIENCE_S:
                    raise
                self.figures.store_away += 1
                self._pause(_STORE_RETRY_S)
            else:
                self.waits_since = None
                return

    def _dealt(self, spans: Sequence[Window], commands: Sequence[Command]) -> dict[int, dict[Cell, Bundle]]:
        """Commands by window and cell."""
        found: dict[int, dict[Cell, dict[int, list[Rows]]]] = {}
        for kind, rows in commands:
            rows["at"] = rows["at"].clip(spans[0].start, spans[-1].until - 1)
            for window in spans:
                now = rows[(rows["at"] >= window.start) & (rows["at"] < window.until)]
                for cell, mine in self._addressed(kind, now):
                    found.setdefault(window.number, {}).setdefault(cell, {}).setdefault(kind.number, []).append(mine)
        return {number: {cell: pack(mail) for cell, mail in of.items()} for number, of in found.items()}

    def _addressed(self, kind: Kind, rows: Rows) -> Iterator[tuple[Cell, Rows]]:
        if not len(rows):
            return
        if kind.room in self._flow.shared or self._flow.shards == 1:
            yield Cell(kind.room, 0), rows
            return
        shard = shard_of_branch(branch_of(rows), self._flow.shards)
        for number in range(self._flow.shards):
            if bool((mine := shard == number).any()):
                yield Cell(kind.room, number), rows[mine]

    def _submit(self, block: Sequence[Window], mail: dict[int, dict[Cell, Bundle]]) -> None:
        self._under_way.append(self._pipeline.submit(block, parcels(block, mail)))

    def collect(self) -> Done:
        """Waits for the oldest block under way."""
        collected = self._pipeline.collect(self._under_way[0])
        self._under_way.popleft()
        self._chains.extend((one.number, chain) for one, chain in zip(collected.block, collected.chains, strict=True))
        self.chain = self._chains[-1][1]
        dues = [report.due for report in collected.reports]
        if not self._under_way:
            dues.append(self._pipeline.due())
        self.due = min(dues)
        self._told_until = max(self._told_until, collected.block[-1].number)
        told = [one for report in collected.reports for one in report.told]
        return Done(collected.block, told, self.due, collected.reports)

    @property
    def cells(self) -> Sequence[Cell]:
        """All cells, in the order of the flow."""
        return self._flow.cells

    def ask(self, cell: Cell, method: str, *arguments: Any) -> Handle:
        """A promise of what a cell says between two blocks."""
        return self._executor.ask(cell, method, *arguments)

    def get(self, handles: Sequence[Handle]) -> list[Any]:
        """What was promised."""
        return self._executor.get(handles)

    def snapshot(self) -> Taken:
        """All that the cells know now, to be kept; nothing may be under way, and the bank may go on meanwhile."""
        assert not self._under_way, "a snapshot is taken between windows"
        self._pipeline.settle()
        return Taken(self.number, self.until, self.chain, self._executor.packed(self._flow.cells))

    def keep(self, taken: Taken, before: Rows | None = None) -> None:
        """Puts a snapshot into the store, with the events of before it; another thread may cut windows meanwhile."""
        whole = self._whole(taken)
        if before is not None:
            whole = whole._replace(cells=with_before(whole.cells, before))
        self._store.put_snapshot(whole)
        self.figures.snapshots += 1

    def before(self) -> Rows | None:
        """What had happened before the book's first window; None as long as the book does not say."""
        return before_in(self._store)

    def _whole(self, taken: Taken) -> Snapshot:
        packed = self._executor.get(taken.packed)
        contents = {str(cell): content for cell, content in zip(self._flow.cells, packed, strict=True)}
        return Snapshot(taken.number, taken.until, taken.chain, contents)


def joined_by_kind(commands: Sequence[Command]) -> list[Command]:
    """The same rows, one batch a kind."""
    parts: dict[Kind, list[Rows]] = {}
    for kind, rows in commands:
        parts.setdefault(kind, []).append(rows)
    return [Command(kind, np.concatenate(of)) for kind, of in parts.items()]


def in_days(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Entries in blocks, as `actors.pipeline.blocks` cuts windows."""
    waiting: list[Entry] = []
    for entry in entries:
        if waiting and (entry.start // DAY_MS != waiting[0].start // DAY_MS or len(waiting) == BLOCK):
            yield waiting
            waiting = []
        waiting.append(entry)
    if waiting:
        yield waiting


def parcels(block: Sequence[Window], mail: Mapping[int, Mapping[Cell, Bundle]]) -> dict[Cell, Parcel]:
    """Mail from outside by window and cell, as one parcel a cell for a block of windows."""
    found: dict[Cell, Parcel] = {}
    for window in block:
        for cell, bundle in mail.get(window.number, {}).items():
            found[cell] = (*found.get(cell, ()), (window.number, bundle))
    return found
