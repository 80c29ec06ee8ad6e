"""What the fault search's world is made of: sites with their disks and cells, and the lines between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from actors.host import Blueprint, StepReport
from actors.local import LocalExecutor
from actors.pipeline import CellLost
from actors.sequencer import Command
from actors.topology import Cell, Flow
from actors.wire import Parcel
from credit.subsystem import State, Window
from sim.search.disk import Disk


class Crashed(BaseException):
    """The process of a site is gone, wherever it was. No `except Exception` keeps it alive."""

    def __init__(self, site: str) -> None:
        super().__init__(site)
        self.site = site


class Wrong(Exception):
    """What must never be: what was promised, and what is."""


class Bank(NamedTuple):
    """What every site runs: how its cells are built, and its first instant."""

    flow: Flow
    blueprints: Sequence[Blueprint]
    start: int


class Cells(LocalExecutor):
    """Cells that are built once and begin anew from how they were then; one of them may be lost in a step."""

    def __init__(self) -> None:
        super().__init__()
        self._pristine: dict[Cell, State] = {}
        self.lost_in = 0

    def start(self, blueprints: Sequence[Blueprint], states: dict[Cell, State] | None) -> None:
        if not self.hosts:
            super().start(blueprints, None)
            self._pristine = {cell: host.export_state() for cell, host in self.hosts.items()}
        for cell, host in self.hosts.items():
            host.import_state((states or self._pristine)[cell])

    def step(self, cell: Cell, block: Sequence[Window], inputs: Sequence[Parcel]) -> tuple[list[Parcel], StepReport]:
        self.lost_in -= 1
        if self.lost_in == 0:
            raise CellLost(cell, "drawn", f"in window {block[0].number}")
        return super().step(cell, block, inputs)


@dataclass
class Site:
    """A site: what lies on its disk, and what its process knows."""

    name: str
    cells: Cells
    disk: Disk = field(default_factory=Disk)
    up: bool = False
    leads: bool = False
    back_at: int = 0
    """Tick at which its process is started anew, or goes on."""
    looks_at: int = 0
    """Tick at which it reads its whole book."""
    hangs: bool = False
    busy: bool = False
    """In the middle of something: it waits for another."""
    writes_left: int = 0
    after_write: bool = False
    full_until: int = 0
    unheard_in: int = 0
    skew_ms: int = 0
    skew_until: int = 0
    commands: list[Command] = field(default_factory=list)
    receiver: Any = None
    replicated: Any = None
    bank: Any = None

    @property
    def answers(self) -> bool:
        return self.up and not self.hangs


class Carrier(Protocol):
    """What carries calls between sites."""

    def carry(self, here: str, there: str, method: str, arguments: Sequence[Any]) -> Any: ...


class Line:
    """What calls of a place pass on their way to another, and their answers on the way back. The far end's methods are its own:
    each raises Away where the call or its answer is lost, and where the far end is gone, or dies of it."""

    def __init__(self, world: Carrier, here: str, there: str) -> None:
        self._world, self._here, self._there = world, here, there

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            return self._world.carry(self._here, self._there, method, arguments)

        return call
