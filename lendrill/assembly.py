"""Where everybody meets: builds what a cell's host is made of. Called in the process in which the cell will live, so its
arguments are plain data. A room's parts are found by its name: the subsystem in ``credit/<room>/subsystem.py``, the world
opposite it in ``sim/counterparts/<room>.py`` (or, of a room that lives elsewhere, in ``counterpart.py`` beside it). Nothing
here depends on the number of shards but which branches a cell serves."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from actors.host import Blueprint, Parts
from actors.topology import Cell, Flow, shard_of_branch
from credit.applications import contract as applications
from credit.bank import PIPELINE
from credit.room import Room
from credit.subsystem import Setting, Subsystem
from credit.times import Ints
from results.sink import RunSink
from scenarios.model import Scenario
from sim.away import system_spans
from sim.callers import with_numbers
from sim.opposite import Opposite, World
from sim.outages import with_outages
from sim.played import with_people
from sim.staffing import Staffing, build_staffing
from sim.told import with_told

PRELOAD = "lendrill.assembly:preload"


def blueprints(
    scenario: Scenario, flow: Flow, folder: Path, check_every_window: bool, every_window: bool = False
) -> list[Blueprint]:
    """How to build every cell of a bank. Who works there is drawn here, once and not in each cell."""
    staffing = build_staffing(scenario, scenario.run.seed)
    build = partial(build_parts, scenario, staffing, flow, folder, check_every_window, every_window)
    return [Blueprint(cell, flow, build) for cell in flow.cells]


def live_blueprints(scenario: Scenario, flow: Flow, desks: Collection[int], arrivals: bool) -> list[Blueprint]:
    """How to build every cell of a live bank: what it does is told and not written to files, and people sit at some desks.
    `arrivals`: the scenario's customers come too, beside those of the gateway."""
    staffing = build_staffing(scenario, scenario.run.seed)
    build = partial(build_live_parts, scenario, staffing, flow, tuple(desks), arrivals)
    return [Blueprint(cell, flow, build) for cell in flow.cells]


def build_live_parts(
    scenario: Scenario, staffing: Staffing, flow: Flow, desks: Collection[int], arrivals: bool, cell: Cell
) -> Parts:
    """The subsystem and its counterpart, for one cell of a live bank."""
    room, branches = _place(scenario, flow, cell)
    nobody_comes = room is applications.room and not arrivals  # and whoever would is not drawn: ten years of visits
    found = Opposite() if nobody_comes else _opposite(room, World(scenario, room, branches, staffing))
    opposite = with_people(with_numbers(with_told(found, room)), desks)
    return Parts(_subsystem(room, scenario, staffing), opposite.counterpart, opposite.source, tells=True)


def build_parts(
    scenario: Scenario,
    staffing: Staffing,
    flow: Flow,
    folder: Path,
    check_every_window: bool,
    every_window: bool,
    cell: Cell,
) -> Parts:
    """The subsystem, its counterpart, its source of mail and its sink, for one cell."""
    room, branches = _place(scenario, flow, cell)
    world = World(scenario, room, branches, staffing)
    opposite = with_numbers(with_outages(_opposite(room, world), world))
    sink = RunSink(folder, cell.room, cell.shard, scenario.policies)
    subsystem = _subsystem(room, scenario, staffing)
    away = [(span.start, span.until) for span in system_spans(scenario, room.name)]
    return Parts(subsystem, opposite.counterpart, opposite.source, sink, check_every_window, away, every_window)


def _place(scenario: Scenario, flow: Flow, cell: Cell) -> tuple[Room, Ints]:
    """The cell's room, and the branches it serves (0 = head office)."""
    room = flow.room_of(cell)
    every = np.arange(1, scenario.bank.branches + 1, dtype=np.int64)
    return room, np.zeros(1, dtype=np.int64) if room.shared else every[
        shard_of_branch(every, flow.shards) == cell.shard
    ]


def _subsystem(room: Room, scenario: Scenario, staffing: Staffing) -> Subsystem:
    setting = Setting(scenario.policies, staffing.register())
    subsystem: Subsystem = _rules(room).build(setting)
    return subsystem


def _opposite(room: Room, world: World) -> Opposite:
    module = _counterpart(room)
    opposite: Opposite = module.opposite(world) if module is not None else Opposite()
    return opposite


def _rules(room: Room) -> Any:
    return importlib.import_module(f"{room.package}.subsystem")


def _counterpart(room: Room) -> Any:
    """None of a room with nobody opposite, as the ledger."""
    ours = room.package == f"credit.{room.name}"
    name = f"sim.counterparts.{room.name}" if ours else f"{room.package}.counterpart"
    return None if ours and importlib.util.find_spec(name) is None else importlib.import_module(name)


def preload() -> None:
    """Imports whatever a cell of the bank is built of, for a process of which many are made."""
    for room in PIPELINE:
        _rules(room)
        _counterpart(room)
