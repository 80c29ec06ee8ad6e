"""The pipeline: drives the windows through all cells. It never touches a row: it only says which cell's output goes into which
cell's input, so an output may be the rows themselves (local executor) or a promise of them (Ray). A window of a room needs the
same window of the rooms before it, and of the rooms after it every window that began `LATE_MS` before its end, and nothing
else; so a room may work many windows of a day in one call."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from actors.host import Blueprint, FinalReport, StepReport
from actors.topology import LATE_MS, Cell, Flow
from credit.digest import Digest, linked
from credit.subsystem import State, Window
from credit.times import NEVER

IN_FLIGHT = 4
"""How many blocks may be under way at once."""
BLOCK = 48
"""Most windows of a block: four hours of windows of five minutes."""
Handle = Any
"""A parcel, or a promise of one; only the executor looks inside."""
_NOTHING: Mapping[Cell, Handle] = MappingProxyType({})
Block = Sequence[Window]
"""Windows of one day that a cell works in one call."""


class CellLost(Exception):
    """A cell whose process ended before the run did, or None where all of the executor was lost; why; and in which window."""

    def __init__(self, cell: Cell | None, why: str, when: str = "before the first window") -> None:
        super().__init__(cell, why, when)
        self.cell, self.why = cell, why
        who = f"the actor {cell} (stage {cell.room}, shard {cell.shard})" if cell else "Ray"
        self.user_message = f"lost {who} {when}: {why}"


class Executor(Protocol):
    """Runs cells. `step` works a block of windows and returns one handle a destination and one for the step's report."""

    name: str

    def start(self, blueprints: Sequence[Blueprint], states: dict[Cell, State] | None) -> None: ...

    def step(self, cell: Cell, block: Block, inputs: Sequence[Handle]) -> tuple[list[Handle], Handle]: ...

    def keep(self, cell: Cell, inputs: Sequence[Handle]) -> None: ...

    def ask(self, cell: Cell, method: str, *arguments: Any) -> Handle:
        """A promise of what a method of the cell's host gives, after all steps that were submitted before."""

    def packed(self, cells: Sequence[Cell]) -> list[Handle]:
        """A promise of what each cell knows, as bytes, after all steps submitted before; others may follow meanwhile."""

    def get(self, handles: Sequence[Handle]) -> list[Any]: ...

    def finish(self) -> list[FinalReport]: ...

    def stop(self) -> None: ...


class UnderWay(NamedTuple):
    """A block that was submitted: one promise of a report a cell."""

    block: Block
    reports: list[Handle]


class Collected(NamedTuple):
    """A block that is done: the cells' reports, and the chain after each of its windows."""

    block: Block
    reports: list[StepReport]
    chains: list[str]


@dataclass
class Progress:
    """How far a run has come: the last window all of whose cells are done, and the event counts so far."""

    window: Window
    events: Counter[int] = field(default_factory=Counter)
    windows_done: int = 0


@dataclass
class RunEnd:
    """What the pipeline hands back."""

    finals: list[FinalReport]
    windows_done: int
    events: Counter[int]
    complete: bool
    chain: str
    """Every window's digest over all cells, folded one into the next."""


@dataclass
class _Line:
    """What is under way from one cell to another, with the time at which its block begins: mail of the same block or, `late`,
    what goes back up the flow and waits for its day."""

    late: bool
    under_way: deque[tuple[int, Handle]] = field(default_factory=deque)

    def arrived(self, block: Block) -> list[Handle]:
        """What the mail for a block is in."""
        found = []
        while self.under_way and (not self.late or self.under_way[0][0] + LATE_MS < block[-1].until):
            found.append(self.under_way.popleft()[1])
        return found

    def forget(self, block: Block) -> None:
        """Drops a block's mail, which turns out to be none."""
        self.under_way = deque(one for one in self.under_way if one[0] != block[0].start)


def blocks(spans: Iterable[Window], most: int = BLOCK) -> Iterator[Block]:
    """Windows cut into blocks: of one day, so that late mail is never for a window of its own block, and few enough for rooms of
    several blocks to work side by side."""
    block: list[Window] = []
    for window in spans:
        if block and (window.day != block[0].day or len(block) == most):
            yield block
            block = []
        block.append(window)
    if block:
        yield block


class Pipeline:
    """One run of the windows; see the module's text."""

    def __init__(self, executor: Executor, flow: Flow, chain: str = "") -> None:
        """`chain`: where the run that this one continues ended."""
        self._executor, self._chain = executor, chain
        self._cells = flow.cells
        lines = {(cell, to): _Line(flow.is_late(cell, to)) for cell in self._cells for to in flow.destinations(cell)}
        self._coming = [[lines[sender, cell] for sender in flow.sources(cell)] for cell in self._cells]
        self._going = [[lines[cell, to] for to in flow.destinations(cell)] for cell in self._cells]
        self._late = [line for line in lines.values() if line.late]
        self._one_at_a_time = threading.Lock()
        self.progress = Progress(Window(0, 0, 0))

    def run(
        self,
        spans: Sequence[Window],
        on_progress: Callable[[Progress], None] | None = None,
        stops: Callable[[], bool] = bool,
    ) -> bool:
        """Runs all windows; False when `stops` says so in between, with every window begun also ended."""
        under_way: deque[UnderWay] = deque()
        complete = True
        for block in blocks(spans):
            if stops():
                complete = False
                break
            under_way.append(self.submit(block))
            if len(under_way) > IN_FLIGHT:
                self._follow(under_way.popleft(), on_progress)
        while under_way:
            self._follow(under_way.popleft(), on_progress)
        return complete

    def _follow(self, under_way: UnderWay, on_progress: Callable[[Progress], None] | None) -> None:
        self.collect(under_way)
        if on_progress is not None:
            on_progress(self.progress)

    def submit(self, block: Block, outside: Mapping[Cell, Handle] = _NOTHING) -> UnderWay:
        """Has every cell work a block; `outside`: a parcel for a cell from outside the bank."""
        with self._one_at_a_time:
            return self._submit(block, outside)

    def _submit(self, block: Block, outside: Mapping[Cell, Handle]) -> UnderWay:
        reports = []
        for cell, coming, going in zip(self._cells, self._coming, self._going, strict=True):
            inputs = [handle for line in coming for handle in line.arrived(block)]
            if cell in outside:
                inputs.append(outside[cell])
            outputs, report = self._executor.step(cell, block, inputs)
            for line, handle in zip(going, outputs, strict=True):
                line.under_way.append((block[0].start, handle))
            reports.append(report)
        return UnderWay(block, reports)

    def collect(self, under_way: UnderWay) -> Collected:
        """Waits until a block, the oldest under way, is done. Another thread may submit meanwhile."""
        reports: list[StepReport] = self._executor.get(under_way.reports)
        with self._one_at_a_time:
            return self._done(under_way.block, reports)

    def _done(self, block: Block, reports: list[StepReport]) -> Collected:
        chains = []
        for place in range(len(block)):
            digest = Digest()
            for lanes in (report.digests[place] for report in reports):
                if any(lanes):
                    digest.merge(Digest(lanes))
            self._chain = linked(self._chain, digest.lanes)
            chains.append(self._chain)
        for going, report in zip(self._going, reports, strict=True):
            self.progress.events.update(report.events)
            for line, sent in zip(going, report.sent, strict=True):
                if line.late and not sent:
                    line.forget(block)
        self.progress.window = block[-1]
        self.progress.windows_done = block[-1].number + 1
        return Collected(block, reports, chains)

    def due(self) -> int:
        """The earliest instant at which mail that goes back up the flow arrives; NEVER where none is under way."""
        return min((line.under_way[0][0] + LATE_MS for line in self._late if line.under_way), default=NEVER)

    def settle(self) -> None:
        """Hands mail that is still under way to its receivers, who keep it until its time comes."""
        for cell, coming in zip(self._cells, self._coming, strict=True):
            handles = [handle for line in coming for _, handle in line.under_way]
            if handles:
                self._executor.keep(cell, handles)
            for line in coming:
                line.under_way.clear()

    def outcome(self, complete: bool) -> RunEnd:
        """Ends the run."""
        self.settle()
        return RunEnd(self._executor.finish(), self.progress.windows_done, self.progress.events, complete, self._chain)
