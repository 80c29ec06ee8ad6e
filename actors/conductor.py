"""The conductor (总控): what makes a bank live. It takes commands from whoever calls, cuts windows, has them made durable and
worked (`actors.sequencer`), answers the callers, and wakes the bank when time itself brings something.

One loop takes what has come; two threads do what waits: one writes the day book and submits, one waits for the cells. A window
is cut as soon as something has come and there is room under way, a little later where company is likely (`Pace.linger_ms`): so
windows are short while the bank is idle, and grow by themselves under load, where each costs the same and carries more.

Callers are held back before the bank is slow: what would wait behind more than `Pace.queue_rows` is refused at once (`Busy`)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from actors.clock import Clock, ClockError
from actors.host import Broken, Look
from actors.meters import Meters
from actors.packing import PackingLost
from actors.pipeline import IN_FLIGHT, CellLost
from actors.refusals import Busy, Closing, DayOver
from actors.sequencer import Command, Done, Sequencer, Taken, joined_by_kind
from actors.topology import Cell
from actors.trail import Trail, about_cases, in_window
from actors.worth import SinceSnapshot
from credit.numbers import branch_of
from credit.room import Kind, Rows
from credit.times import DAY_MS, HOUR_MS, NEVER, text_of

ADVANCE_DAYS_MAX = 400
_REBUILDS_MAX = 20
_log = logging.getLogger(__name__)
_OF_LATE = 0.2
"""How much the last window weighs in what windows cost of late."""


class Pace(NamedTuple):
    """How windows are cut."""

    linger_ms: float = 2.0
    """How long the first command of a window waits for company."""
    spacing: float = 4.0
    """A window is cut no sooner after the one before than so many times what windows cost of late: what falls due meanwhile
    keeps it company. 1 would have the bank do nothing but windows, each as small as can be."""
    spacing_ms: float = 100.0
    """Most that this adds to the time of an answer."""
    window_rows: int = 20_000
    """Most rows of one window."""
    queue_rows: int = 40_000
    """Rows that may wait; more are refused."""
    advance_ms: int = HOUR_MS
    """The grain of windows in which a business date is advanced."""
    replay_s: float = 3.0
    """A snapshot once the windows since the last cost so much of a processor: less shortens recoveries, more waits (ours)."""
    snapshot_share: float = 0.1
    """Most of the time that snapshots may take."""


class Answer(NamedTuple):
    """What the bank says to a command: the number of what came of it, or why not."""

    number: int
    reason: int
    at: int


class Story(NamedTuple):
    """The events of a case, or of some, one after another, and the instant at which they were asked for."""

    now: int
    events: Rows


class _Waiting(NamedTuple):
    commands: Sequence[Command]
    rows: int
    answers: Sequence[asyncio.Future[Answer]]

    def noted(self, at: int) -> None:
        """It stands in the book: all that there is to answer to what is no command."""
        if not self.commands[0].kind.command and not self.answers[0].done():
            self.answers[0].set_result(Answer(0, 0, at))


class Conductor:
    """One live bank; see the module's text. All methods belong to the event loop it runs in."""

    def __init__(self, sequencer: Sequencer, clock: Clock, trail: Trail, pace: Pace | None = None) -> None:
        self._bank, self._clock, self._trail, self._pace = sequencer, clock, trail, pace or Pace()
        self._queue: deque[_Waiting] = deque()
        self._queued = 0
        self._asked: dict[tuple[int, int], list[asyncio.Future[Answer]]] = {}
        self._listeners: set[Callable[[int, Rows], None]] = set()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._driver = ThreadPoolExecutor(1, thread_name_prefix="bank-drive")
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="bank-keep")
        self._keeping: asyncio.Future[None] | None = None
        self._collector = ThreadPoolExecutor(1, thread_name_prefix="bank-collect")
        self._collected: deque[asyncio.Task[None]] = deque()
        self._targets: deque[tuple[int, asyncio.Future[int]]] = deque()
        self._reaching: list[asyncio.Future[int]] = []
        self._closing = False
        self._since = SinceSnapshot()
        self._cut_at = self._cost_s = self._moved_at = 0.0
        self._trail_until, self._heard_until = trail.until(), -1
        self.failure: Exception | None = None
        self.ready = False
        self.meters = Meters()

    # life -------------------------------------------------------------------------------------------------------------

    async def open(self, on_replay: Callable[[int], object] = int) -> None:
        """The bank as its book has it, up to now."""
        await self._in(self._driver, self._open, on_replay)
        self._since.open(self._bank.figures)
        self.ready = True

    async def follow(self) -> None:
        """Works what another site has written into the book since; who listens hears of it."""
        began = time.perf_counter()
        found = await self._in(self._driver, self._followed)
        for done in found:
            if done.block[-1].number > self._heard_until:
                self._heard_until = done.block[-1].number
                self._tell(done)
        if found:
            self._since.add(found, time.perf_counter() - began)
        if self._wants_snapshot():
            await self._snapshot()

    def _followed(self) -> list[Done]:
        found = []
        for done in self._bank.follow():
            if done.block[0].number <= self._trail_until:
                self._trail.forget_from(done.block[0].number)
            self._trail.add(done.told)
            self._trail_until = done.block[-1].number
            found.append(done if self._listeners else done._replace(told=[]))
        self._trail.begin(self._bank.before)
        return found

    def start_clock(self, clock: Clock) -> None:
        """The clock from now on; a business date goes on from where the bank stands."""
        self._clock = clock

    def _open(self, on_replay: Callable[[int], object]) -> None:
        first = True
        for done in self._bank.open(on_replay):
            if first:
                self._trail.forget_from(done.block[0].number)
                first = False
            self._trail.add(done.told)
            self.meters.count(self._bank.cells, done)
        self._trail.begin(self._bank.before)
        cells = self._bank.cells
        rows = self._bank.get([self._bank.ask(cell, "table_rows") for cell in cells])
        book = self._bank.get([self._bank.ask(cell, "measured", self._bank.until) for cell in cells])
        self.meters.tables, self.meters.book = (dict(zip(cells, found, strict=True)) for found in (rows, book))

    async def run(self) -> None:
        """Lives until it is told to close, or can't go on."""
        try:
            while not (self._closing and not self._queue):
                try:
                    await self._until_something_is_due()
                    await self._cut()
                    if self._wants_snapshot():
                        await self._snapshot()
                except CellLost as lost:
                    _log.warning("%s", lost.user_message)
                    self.meters.lost_cells += 1
                    await self._recover()
                except Broken as broken:
                    _log.warning("%s", broken.user_message)
                    await self._recover()
            await self._snapshot()
            await self._keeping  # type: ignore[misc]
        except Exception as error:  # whatever it is, callers hear of it and the process ends
            self.failure = error
            raise
        finally:
            self.ready = False
            for waiting in [*self._asked.values(), *(one.answers for one in self._queue)]:
                for answer in waiting:
                    if not answer.done():
                        answer.set_exception(Closing("the bank is closing; ask again with the same number"))
            self._asked.clear()  # who waits behind them hears that it closes

    def close(self) -> None:
        """Takes nothing more; finishes what is under way."""
        self._closing = True
        self._wake.set()

    # commands ---------------------------------------------------------------------------------------------------------

    async def submit(self, kind: Kind, rows: Rows, *beside: Command) -> list[Answer]:
        """Has the bank do commands of one kind, each with a request number; returns its answers once they are given. Busy where
        too much waits. They are durable before they are done, and a number that comes again gets the first answer. What comes
        beside them bears the same instant and is of the same window. What is no command is answered once the book holds it."""
        asked = list(zip(branch_of(rows).tolist(), rows["request"].tolist(), strict=True)) if kind.command else []
        while not self._closing and (under_way := [one for key in asked for one in self._asked.get(key, ())]):
            await asyncio.wait(under_way)  # an answer says its number alone, and this may ask for something else
        if self._closing:
            raise Closing("the bank is closing; ask again with the same number")
        commands = [Command(kind, rows), *beside]
        count = sum(len(command.rows) for command in commands)
        if self._queued + count > self._pace.queue_rows:
            self.meters.refused_busy += count
            raise Busy(f"{self._queued:,} commands are waiting; ask again in a second")
        now = self._clock.now()
        for command in commands:
            command.rows["at"] = now
        answers = [asyncio.get_running_loop().create_future() for _ in range(len(rows) if kind.command else 1)]
        for key, answer in zip(asked, answers, strict=False):
            self._asked.setdefault(key, []).append(answer)
        self._queue.append(_Waiting(commands, count, answers))
        self._queued += count
        self._wake.set()
        return list(await asyncio.gather(*answers))

    async def advance(self, to: int) -> int:
        """Moves the business date on; returns the instant at which the bank stands then. ClockError where that can't be."""
        if to - self._clock.now() > ADVANCE_DAYS_MAX * DAY_MS:
            raise ClockError(f"{text_of(to)} is more than {ADVANCE_DAYS_MAX} days away; go there in steps")
        self._clock.set(to)
        reached: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._targets.append((to, reached))
        self._wake.set()
        return await reached

    # questions --------------------------------------------------------------------------------------------------------

    @property
    def shards(self) -> int:
        """Shards that the branches are shared among."""
        return 1 + max(cell.shard for cell in self._bank.cells)

    def now(self) -> int:
        """The bank's instant."""
        return self._clock.now()

    async def look(self, cell: Cell, asked: Look) -> Rows:
        """Rows of a cell's state after the last window that was submitted."""
        handle = await self._in(self._driver, self._bank.ask, cell, "look", asked)
        [rows] = await self._in(self._collector, self._bank.get, [handle])
        return rows  # type: ignore[no-any-return]

    async def looks(self, cell: Cell, asked: Sequence[Look]) -> list[Rows]:
        """Rows of several tables of a cell's state, of one instant."""
        handle = await self._in(self._driver, self._bank.ask, cell, "looks", asked)
        [found] = await self._in(self._collector, self._bank.get, [handle])
        return found  # type: ignore[no-any-return]

    async def story(self, *cases: int) -> Story:
        """What happened to some cases until now, case by case."""
        return Story(self._clock.now(), self._trail.of(*cases))

    async def since(self, window: int, most: int) -> list[tuple[int, Rows]]:
        """What happened from a window on, see `Trail.since`."""
        return self._trail.since(window, most)

    def listen(self, listener: Callable[[int, Rows], None]) -> Callable[[], None]:
        """Has somebody hear, window by window, all events of cases from now on (`actors.trail.in_window`); returns how to stop
        that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def waits_s(self) -> tuple[float, float]:
        """How long the store has not taken a window, and how long no block of those under way was finished."""
        now, since = time.monotonic(), self._bank.waits_since
        working = self.ready and self._bank.under_way > 0
        return 0.0 if since is None else now - since, now - self._moved_at if working else 0.0

    def standing(self) -> dict[str, Any]:
        """How the bank stands, for health."""
        bank = self._bank
        return {
            "ready": self.ready,
            "failure": str(self.failure) if self.failure else "",
            "now": self._clock.now(),
            "until": bank.until,
            "window": bank.number - 1,
            "chain": bank.chain,
            "due": bank.due,
            "queued": self._queued,
            "under_way": bank.under_way,
        }

    def figures(self) -> dict[str, Any]:
        """How the bank stands and what it has counted, for metrics."""
        kept = self._bank.figures
        return (
            self.standing()
            | self.meters.told()
            | {"set_aside": kept.set_aside, "snapshots": kept.snapshots, "replayed": kept.replayed}
        )

    # the loop ---------------------------------------------------------------------------------------------------------

    async def _until_something_is_due(self) -> None:
        while not (self._queue or self._targets or self._closing):
            self._wake.clear()
            now = self._clock.now()
            due = min(self._bank.due if not self._bank.under_way else NEVER, self._midnight())
            if now >= due and self._bank.until < self._day_end():
                break
            wait = min((due - now) / 1_000, 1.0) if due < NEVER else 1.0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(wait, 0.001))
            self._reap()
        if not self._closing:
            spacing_s = min(self._pace.spacing * self._cost_s, self._pace.spacing_ms / 1_000)
            linger_s = self._pace.linger_ms / 1_000 if self._queue else 0.0
            await asyncio.sleep(max(linger_s, self._cut_at + spacing_s - time.perf_counter()))

    def _midnight(self) -> int:
        """When the day that the bank is in ends; a business date stays until it is told to move on."""
        return (self._bank.until // DAY_MS + 1) * DAY_MS if self._clock.moves_days else NEVER

    def _day_end(self) -> int:
        """Beyond which no window goes: where the date is a business date, the night is not begun before it is told to move on."""
        return NEVER if self._clock.moves_days else (self._clock.now() // DAY_MS + 1) * DAY_MS

    def _turn_away(self, taken: Sequence[_Waiting]) -> None:
        """A window takes a ms at least: each of the day's last has had its own."""
        date = text_of(self._bank.until - 1)[:10]
        for answer in (answer for one in taken for answer in one.answers if not answer.done()):
            answer.set_exception(DayOver(f"the business date {date} has come to its end; move it on"))
        self._asked = {
            key: waiting for key, of in self._asked.items() if (waiting := [one for one in of if not one.done()])
        }

    async def _cut(self) -> None:
        """One window, or those up to where the business date is to go."""
        await self._until_there_is_room()
        taken = self._take()
        commands = joined_by_kind([command for one in taken for command in one.commands])
        rows = sum(one.rows for one in taken)
        target, reached = self._targets.popleft() if self._targets else (0, None)
        now = min(max(self._clock.now(), self._bank.until) + 1, self._day_end())
        until, every = max(now, target), self._pace.advance_ms if target else DAY_MS
        if until <= self._bank.until:
            self._turn_away(taken)
            if reached is not None and not reached.done():
                reached.set_result(self._bank.until)
            return
        self._cut_at = began = time.perf_counter()
        if not self._bank.under_way:
            self._moved_at = time.monotonic()
        try:
            await self._in(self._driver, self._bank.cut, until, commands, every)
        except (CellLost, Broken):  # when all stands in the book
            self._noted(taken, until)
            raise
        self._noted(taken, until)
        self.meters.commit_ms.append(self._bank.figures.commit_s * 1e3)
        self.meters.rows.append(rows)
        self.meters.commands += rows
        task = asyncio.create_task(self._collect(began))
        self._collected.append(task)
        if reached is not None:
            self._reaching.append(reached)
            await self._drained()
            self._arrive()

    def _arrive(self) -> None:
        """Tells who moved the business date on that the bank stands there."""
        while self._reaching:
            if not (reached := self._reaching.pop()).done():
                reached.set_result(self._bank.until)

    def _noted(self, taken: Sequence[_Waiting], at: int) -> None:
        for one in taken:
            one.noted(at)

    def _take(self) -> list[_Waiting]:
        """What is to be of one window."""
        taken: list[_Waiting] = []
        rows = 0
        while self._queue and (not rows or rows + self._queue[0].rows <= self._pace.window_rows):
            taken.append(self._queue.popleft())
            rows += taken[-1].rows
        self._queued -= rows
        return taken

    async def _until_there_is_room(self) -> None:
        self._reap()
        while len(self._collected) >= IN_FLIGHT:
            await self._collected[0]
            self._reap()

    def _reap(self) -> None:
        """Lets go of what is collected; raises what went wrong there."""
        while self._collected and self._collected[0].done():
            self._collected.popleft().result()

    async def _drained(self) -> None:
        while self._collected:
            await self._collected[0]
            self._reap()

    async def _collect(self, began: float) -> None:
        """Everything that one cut put under way."""
        found = await self._in(self._collector, self._collect_all)
        for done in found:
            self._tell(done)
        took_s = time.perf_counter() - began
        self._since.add(found, took_s)
        self._cost_s += _OF_LATE * (took_s - self._cost_s)
        self.meters.window_ms.append(took_s * 1e3)
        self._wake.set()

    def _collect_all(self) -> list[Done]:
        found = []
        while self._bank.under_way:
            found.append(self._bank.collect())
            self._moved_at = time.monotonic()
            self._trail.add(found[-1].told)
        return found

    def _tell(self, done: Done) -> None:
        """Answers the callers, and tells who listens."""
        self.meters.count(self._bank.cells, done)
        for _, _, answers in done.told:
            for branch, request, at, number, reason in answers.tolist():
                for answer in self._asked.pop((branch, request), ()):
                    if not answer.done():
                        answer.set_result(Answer(number, reason, at))
        if self._listeners:
            self._tell_listeners(done)

    def _tell_listeners(self, done: Done) -> None:
        parts: dict[int, list[Rows]] = {}
        for window, events, _ in done.told:
            if len(cases := about_cases(events)):
                parts.setdefault(window, []).append(cases)
        for window, of in sorted(parts.items()):
            rows = in_window(of)
            for listener in tuple(self._listeners):
                listener(window, rows)

    async def _recover(self) -> None:
        """A cell was lost, or a window can't be worked as it is: the cells anew, as the book has them; who waits for an answer
        gets it from there."""
        self.ready = False
        for task in self._collected:
            with contextlib.suppress(Exception):
                await task
        self._collected.clear()
        for attempt in range(_REBUILDS_MAX):
            try:
                found = await self._in(self._driver, self._rebuilt)
            except CellLost:
                if attempt == _REBUILDS_MAX - 1:
                    raise
            else:
                for done in found:
                    self._tell(done)
                break
        self._arrive()
        self.ready = True

    def _rebuilt(self) -> list[Done]:
        found = list(self._bank.rebuild())
        for done in found:
            self._trail.add(done.told)
        return found

    async def _snapshot(self) -> None:
        """Everything that the cells know, exported between two windows and kept while the next are worked."""
        await self._drained()
        began = time.perf_counter()
        taken = await self._in(self._driver, self._bank.snapshot)
        self._since.begin(time.perf_counter() - began)
        if self._keeping is not None:
            await self._keeping
        self._keeping = asyncio.ensure_future(self._keep(taken))

    async def _keep(self, taken: Taken) -> None:
        began = time.perf_counter()
        try:
            await self._in(self._keeper, self._bank.keep, taken)
        except PackingLost as lost:
            _log.warning("%s; the one before serves", lost.user_message)
        self._since.kept_s = time.perf_counter() - began

    def _wants_snapshot(self) -> bool:
        """One at a time, once it is worth its time."""
        if self._keeping is not None and not self._keeping.done():
            return False
        return self._since.is_worth(self._pace.replay_s, self._pace.snapshot_share)

    def _in(self, pool: ThreadPoolExecutor, work: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
        return asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
