"""The pipeline: drives the windows through all cells. It never touches a row: it only says which cell's output goes into which
cell's input, so an output may be the rows themselves (local executor) or a promise of them (Ray). A window of a room needs the
same window of the rooms before it, and of the rooms after it every window that began `LATE_MS` before its end, and nothing
else."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from actors.host import Blueprint, FinalReport, StepReport
from actors.topology import LATE_MS, Cell, Flow
from credit.digest import Digest, linked
from credit.subsystem import State, Window

IN_FLIGHT = 4
"""How many windows may be under way at once."""
Handle = Any
"""A bundle, or a promise of one; only the executor looks inside."""


class Executor(Protocol):
    """Runs cells. `step` returns one handle a destination and one for the step's report."""

    name: str

    def start(self, blueprints: Sequence[Blueprint], states: dict[Cell, State] | None) -> None: ...

    def step(self, cell: Cell, window: Window, inputs: Sequence[Handle]) -> tuple[list[Handle], Handle]: ...

    def keep(self, cell: Cell, inputs: Sequence[Handle]) -> None: ...

    def get(self, handles: Sequence[Handle]) -> list[Any]: ...

    def finish(self) -> list[FinalReport]: ...

    def stop(self) -> None: ...


@dataclass
class Progress:
    """How far a run has come: the last window all of whose cells are done, and the event counts so far."""

    window: Window
    events: Counter[int] = field(default_factory=Counter)
    windows_done: int = 0


@dataclass
class Outcome:
    """What the pipeline hands back."""

    finals: list[FinalReport]
    windows_done: int
    events: Counter[int]
    complete: bool
    chain: str
    """Every window's digest over all cells, folded one into the next."""


class Pipeline:
    """One run of the windows; see the module's text."""

    def __init__(self, executor: Executor, flow: Flow, chain: str = "") -> None:
        """`chain`: where the run that this one continues ended."""
        self._executor, self._chain = executor, chain
        self._cells, self._is_late = flow.cells, flow.is_late
        self._destinations = {cell: flow.destinations(cell) for cell in self._cells}
        self._sources = {cell: flow.sources(cell) for cell in self._cells}
        self._mail: dict[tuple[Cell, Cell], Handle] = {}
        self._late: dict[tuple[Cell, Cell], deque[tuple[int, Handle]]] = {}
        self._reports: dict[int, list[Handle]] = {}
        self.progress = Progress(Window(0, 0, 0))

    def run(self, spans: Sequence[Window], on_progress: Callable[[Progress], None] | None = None) -> bool:
        """Runs all windows; False when interrupted from the keyboard, with every window begun also ended."""
        done = 0
        try:
            for window in spans:
                self._submit(window)
                done = window.number + 1
                if window.number >= IN_FLIGHT:
                    self._collect(window.number - IN_FLIGHT, spans, on_progress)
            complete = True
        except KeyboardInterrupt:
            complete = False
        for number in sorted(self._reports):
            if number < done:
                self._collect(number, spans, on_progress)
        return complete

    def _submit(self, window: Window) -> None:
        reports = []
        for cell in self._cells:
            inputs = [handle for sender in self._sources[cell] for handle in self._arrived(sender, cell, window)]
            outputs, report = self._executor.step(cell, window, inputs)
            for receiver, handle in zip(self._destinations[cell], outputs, strict=True):
                if self._is_late(cell, receiver):
                    self._late.setdefault((cell, receiver), deque()).append((window.start, handle))
                else:
                    self._mail[cell, receiver] = handle
            reports.append(report)
        self._reports[window.number] = reports

    def _arrived(self, sender: Cell, cell: Cell, window: Window) -> list[Handle]:
        """What a sender's mail for a window of a cell is in."""
        if not self._is_late(sender, cell):
            return [self._mail.pop((sender, cell))]
        waiting, found = self._late.get((sender, cell), deque()), []
        while waiting and waiting[0][0] + LATE_MS < window.until:
            found.append(waiting.popleft()[1])
        return found

    def _collect(self, number: int, spans: Sequence[Window], on_progress: Callable[[Progress], None] | None) -> None:
        reports: list[StepReport] = self._executor.get(self._reports.pop(number))
        digest = Digest()
        for report in reports:
            self.progress.events.update(report.events)
            digest.merge(Digest(report.digest))
        self._chain = linked(self._chain, digest.lanes)
        self.progress.window = spans[number]
        self.progress.windows_done = number + 1
        if on_progress is not None:
            on_progress(self.progress)

    def outcome(self, complete: bool) -> Outcome:
        """Ends the run. Mail still under way is handed to its receivers, who keep it until its time comes."""
        for cell in self._cells:
            waiting = [self._late.pop((sender, cell), deque()) for sender in self._sources[cell]]
            handles = [handle for queue in waiting for _, handle in queue]
            if handles:
                self._executor.keep(cell, handles)
        return Outcome(self._executor.finish(), self.progress.windows_done, self.progress.events, complete, self._chain)
