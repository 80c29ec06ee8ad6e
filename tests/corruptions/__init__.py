"""Corruptions planted while a bank runs: a cell of a table changed, a row deleted or doubled, mail lost, doubled or changed on
its way. A bank is run to a day once; each corruption is then planted in a fork of the process, so the next one finds the bank
whole, and the fork runs on for a day of the bank's time."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actors.local import LocalExecutor
from actors.pipeline import Pipeline
from actors.topology import Flow
from credit.errors import InvariantViolation
from credit.subsystem import Window, windows
from credit.table import Table
from credit.times import DAY_MS
from lendrill.assembly import blueprints
from results import folder
from tests.lendrill import harness

DAYS = 102
"""A Monday: cases have waited over the weekend, and some loans are in arrears."""
CUSTOMERS = 700


@dataclass
class Bank:
    """A small bank at the end of a day."""

    path: Path
    window: str
    executor: LocalExecutor = field(default_factory=LocalExecutor)

    def __post_init__(self) -> None:
        scenario = harness.small(run__customers=CUSTOMERS, run__days=DAYS + 3)
        folder.create(self.path)
        flow, run = Flow(1), scenario.run
        self.executor.start(blueprints(scenario, flow, self.path, True), None)
        self.pipeline = Pipeline(self.executor, flow)
        self.now = run.start_ms + DAYS * DAY_MS
        self.step_ms = {"day": DAY_MS, "hour": DAY_MS // 24, "5min": DAY_MS // 288}[self.window]
        self.pipeline.run(spans(run.start_ms, self.now, DAY_MS))

    @classmethod
    @contextmanager
    def running(cls, path: Path, window: str) -> Iterator[Bank]:
        """A bank, until it is no longer needed."""
        bank = cls(path, window)
        yield bank
        bank.executor.stop()

    def table(self, room: str, name: str) -> Table:
        """A table of a room, alive."""
        [host] = [host for cell, host in self.executor.hosts.items() if cell.room == room]
        return host.stage.subsystem.tables[name]

    def sealed_columns(self) -> list[tuple[str, str, str]]:
        """(room, table, column) of all that is sealed and has rows, one column in twelve; ids are left out, by which rows are
        found."""
        every = [
            (cell.room, name, column)
            for cell, host in self.executor.hosts.items()
            for name, table in host.stage.subsystem.tables.items()
            if len(table)
            for column in table.sealed
            if column != table.key
        ]
        return every[::12]

    def run_a_day(self) -> None:
        """The day after the corruption, whole."""
        done = self.pipeline.progress.window.number + 1
        whole = [
            Window(done + i, w.start, w.until) for i, w in enumerate(spans(self.now, self.now + DAY_MS, self.step_ms))
        ]
        self.pipeline.run(whole)

    def noticed(self, plant: Callable[[Bank], Any]) -> tuple[Any, str]:
        """What was planted, as `plant` says, and what the bank says of it within a day; empty where it says nothing."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _in_the_fork(self, plant, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        planted, said = pickle.loads(told)
        return planted, str(said)


def spans(start: int, until: int, step: int) -> Sequence[Window]:
    """Windows from an instant to another."""
    return list(windows([*range(start, until, step), until]))


def _in_the_fork(bank: Bank, plant: Callable[[Bank], Any], writing: int) -> None:
    planted: Any = None
    try:
        planted = plant(bank)
        bank.run_a_day()
        told = ""
    except InvariantViolation as violation:
        told = str(violation)
    except BaseException:
        told = "!" + traceback.format_exc()
    with os.fdopen(writing, "wb") as pipe:
        pickle.dump((planted, told), pipe)
    sys.stdout.flush()
    os._exit(0)
