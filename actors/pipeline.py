"""The pipeline: drives the windows through all cells. It never touches a row: it only says which cell's output goes into
which cell's input, so an output may be the rows themselves (local executor) or a promise of them (Ray). Its rule: window w
of a stage needs window w of the stages before it and window w − LATE_WINDOWS of the stages after it, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from actors.host import Blueprint, FinalReport, StepReport
from actors.topology import LATE_WINDOWS, Cell, Flow
from actors.wire import Bundle
from credit.subsystem import State, Window

Handle = Any
"""A bundle, or a promise of one; only the executor looks inside."""


class Executor(Protocol):
    """Runs cells. `step` returns one handle a destination and one for the step's report."""

    name: str

    def start(self, blueprints: Sequence[Blueprint], states: dict[Cell, State] | None) -> None: ...

    def step(self, cell: Cell, window: Window, inputs: Sequence[Handle]) -> tuple[list[Handle], Handle]: ...

    def put(self, bundle: Bundle) -> Handle: ...

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
    late: dict[tuple[int, Cell, Cell], Bundle]
    """Mail still under way, by (windows it has travelled, sender, receiver)."""
    windows_done: int
    events: Counter[int]
    complete: bool


def windows(start_ms: int, until_ms: int, length_ms: int) -> Iterator[Window]:
    """The windows of a span, numbered from 0."""
    for number, start in enumerate(range(start_ms, until_ms, length_ms)):
        yield Window(number, start, min(start + length_ms, until_ms))


class Pipeline:
    """One run of the windows; see the module's text."""

    def __init__(self, executor: Executor, flow: Flow) -> None:
        self._executor = executor
        self._cells, self._is_late = flow.cells, flow.is_late
        self._destinations = {cell: flow.destinations(cell) for cell in self._cells}
        self._sources = {cell: flow.sources(cell) for cell in self._cells}
        self._mail: dict[tuple[int, Cell, Cell], Handle] = {}
        self._reports: dict[int, list[Handle]] = {}
        self.progress = Progress(Window(0, 0, 0))

    def seed_late_mail(self, late: dict[tuple[int, Cell, Cell], Bundle]) -> None:
        """Mail under way at the end of the run this one continues."""
        for (age, sender, receiver), bundle in late.items():
            self._mail[age - LATE_WINDOWS, sender, receiver] = self._executor.put(bundle)

    def run(self, spans: Sequence[Window], on_progress: Callable[[Progress], None] | None = None) -> bool:
        """Runs all windows; False when interrupted from the keyboard, with every window begun also ended."""
        done = 0
        try:
            for window in spans:
                self._submit(window)
                done = window.number + 1
                if window.number >= LATE_WINDOWS:
                    self._collect(window.number - LATE_WINDOWS, spans, on_progress)
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
            inputs = []
            for sender in self._sources[cell]:
                number = window.number - LATE_WINDOWS if self._is_late(sender, cell) else window.number
                handle = self._mail.pop((number, sender, cell), None)
                if handle is not None:
                    inputs.append(handle)
            outputs, report = self._executor.step(cell, window, inputs)
            for receiver, handle in zip(self._destinations[cell], outputs, strict=True):
                self._mail[window.number, cell, receiver] = handle
            reports.append(report)
        self._reports[window.number] = reports

    def _collect(self, number: int, spans: Sequence[Window], on_progress: Callable[[Progress], None] | None) -> None:
        reports: list[StepReport] = self._executor.get(self._reports.pop(number))
        for report in reports:
            self.progress.events.update(report.events)
        self.progress.window = spans[number]
        self.progress.windows_done = number + 1
        if on_progress is not None:
            on_progress(self.progress)

    def outcome(self, complete: bool) -> Outcome:
        """Ends the run: final reports, and the late mail still under way."""
        done = self.progress.windows_done
        pending = {key: handle for key, handle in self._mail.items() if self._is_late(key[1], key[2]) and key[0] < done}
        bundles = self._executor.get(list(pending.values()))
        late = {(key[0] - done + LATE_WINDOWS, key[1], key[2]): b for key, b in zip(pending, bundles, strict=True)}
        return Outcome(self._executor.finish(), late, done, self.progress.events, complete)
