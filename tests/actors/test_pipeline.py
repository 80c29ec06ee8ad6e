"""The pipeline: what a cell sends reaches each receiver once, in the block it is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.host import Blueprint, StepReport
from actors.pipeline import Pipeline
from actors.topology import LATE_MS, Cell, Flow
from credit.subsystem import State, windows
from credit.times import DAY_MS, NEVER

DAYS = list(windows(range(0, 5 * DAY_MS, DAY_MS)))


class _Messenger:
    """Cells that send each destination a letter a block, and note what they are given."""

    name = "messenger"

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self.given: dict[Cell, list[str]] = {cell: [] for cell in flow.cells}

    def start(self, blueprints: Sequence[Blueprint], states: dict[Cell, State] | None) -> None:
        raise AssertionError

    def step(self, cell: Cell, block: Any, inputs: Sequence[str]) -> tuple[list[str], StepReport]:
        self.given[cell] += inputs
        receivers = self._flow.destinations(cell)
        report = StepReport({}, [(0, 0)] * len(block), sent=(True,) * len(receivers))  # type: ignore[arg-type]
        return [f"{cell} to {to}, day {block[0].number}" for to in receivers], report

    def keep(self, cell: Cell, inputs: Sequence[str]) -> None:
        self.given[cell] += inputs

    def ask(self, cell: Cell, method: str, *arguments: Any) -> Any:
        raise AssertionError

    def packed(self, cells: Sequence[Cell]) -> list[Any]:
        raise AssertionError

    def get(self, handles: Sequence[Any]) -> list[Any]:
        return list(handles)

    def finish(self) -> list[Any]:
        return []

    def stop(self) -> None:
        raise AssertionError


def test_what_is_sent_arrives_once_also_where_it_was_handed_over_early() -> None:
    flow = Flow(2)
    cells = _Messenger(flow)
    pipeline = Pipeline(cells, flow)
    for window in DAYS:
        pipeline.collect(pipeline.submit([window]))
        if window.number == 2:
            pipeline.settle()
            assert pipeline.due() == NEVER, "nothing is under way"
    assert pipeline.due() == (DAYS[-1].start + LATE_MS)
    pipeline.settle()
    for cell in flow.cells:
        sent = [f"{one} to {cell}, day {day.number}" for one in flow.sources(cell) for day in DAYS]
        assert sorted(cells.given[cell]) == sorted(sent), cell


def test_mail_that_goes_back_up_the_flow_comes_a_day_later() -> None:
    flow = Flow(1)
    cells = _Messenger(flow)
    pipeline = Pipeline(cells, flow)
    sender, receiver = next((one, to) for one in flow.cells for to in flow.destinations(one) if flow.is_late(one, to))
    for window in DAYS[:2]:
        pipeline.collect(pipeline.submit([window]))
        came = [said for said in cells.given[receiver] if said.startswith(f"{sender} to")]
        assert came == [f"{sender} to {receiver}, day {day}" for day in range(window.number)]
