"""The local executor: all cells in this process, one after the other. Same interface and same results as the Ray executor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.host import Blueprint, FinalReport, StageHost, StepReport
from actors.packing import Packing, Part
from actors.topology import Cell
from actors.wire import Parcel
from credit.subsystem import State, Window

ASIDE_ROWS = 10_000
"""A bank with more rows than that is packed aside: a fork costs milliseconds, packing so many rows a twentieth of a second."""


class LocalExecutor:
    """Runs cells in the calling process."""

    name = "local"

    def __init__(self) -> None:
        self.hosts: dict[Cell, StageHost] = {}

    def start(self, blueprints: Sequence[Blueprint], states: dict[Cell, State] | None) -> None:
        """Builds all hosts; with `states`, from where an earlier run ended."""
        for blueprint in blueprints:
            host = StageHost(blueprint)
            if states is not None:
                host.import_state(states[blueprint.cell])
            self.hosts[blueprint.cell] = host

    def step(self, cell: Cell, block: Sequence[Window], inputs: Sequence[Parcel]) -> tuple[list[Parcel], StepReport]:
        return self.hosts[cell].step(block, inputs)

    def keep(self, cell: Cell, inputs: Sequence[Parcel]) -> None:
        self.hosts[cell].keep(inputs)

    def ask(self, cell: Cell, method: str, *arguments: Any) -> Any:
        return getattr(self.hosts[cell], method)(*arguments)

    def packed(self, cells: Sequence[Cell]) -> list[Any]:
        """In a copy of the process where the bank is so large that it would have to wait."""
        hosts = [self.hosts[cell] for cell in cells]
        if sum(sum(host.table_rows().values()) for host in hosts) < ASIDE_ROWS:
            return [host.export_packed() for host in hosts]
        packing = Packing(hosts)
        return [Part(packing, place) for place in range(len(hosts))]

    def get(self, handles: Sequence[Any]) -> list[Any]:
        return [one.get() if isinstance(one, Part) else one for one in handles]

    def finish(self) -> list[FinalReport]:
        return [host.finish() for host in self.hosts.values()]

    def stop(self) -> None:
        self.hosts.clear()
