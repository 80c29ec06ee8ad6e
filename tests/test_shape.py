"""The rooms are of one shape: who has read one knows where everything stands in the others."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import pytest

import credit
from credit.bank import PIPELINE
from credit.room import KINDS, Kind, Room
from credit.subsystem import Subsystem, Takes

ROOMS = pytest.mark.parametrize("room", PIPELINE, ids=str)
OWNS = {"contract.py", "subsystem.py", "__init__.py"}


def subsystem_of(room: Room) -> Subsystem:
    built: Subsystem = importlib.import_module(f"{room.package}.subsystem").build()
    return built


def taken(room: Subsystem) -> Iterator[Takes]:
    for handler in room.HANDLERS:
        yield from (handler,) if isinstance(handler, Takes) else handler.takes


@ROOMS
def test_each_room_is_found_by_its_name_and_has_the_files_of_a_room(room: Room) -> None:
    folder = Path(credit.__file__).parent / room.name
    assert {path.name for path in folder.glob("*.py")} >= OWNS
    assert subsystem_of(room).room is room
    assert type(subsystem_of(room)).violations is not Subsystem.violations, "what has state has invariants"


@ROOMS
def test_each_kind_that_a_room_takes_in_has_a_handler_and_no_other(room: Room) -> None:
    expected = {kind for kind in room.kinds if not kind.world}
    expected |= {kind for kind in KINDS.values() if room.name in kind.hearers}
    handled: list[Kind] = [one.kind for one in taken(subsystem_of(room))]
    assert sorted(map(str, handled)) == sorted(map(str, expected))


@ROOMS
def test_each_handler_is_a_method_and_each_table_is_state(room: Room) -> None:
    built = subsystem_of(room)
    assert all(callable(attrgetter(one.method)(built)) for one in taken(built))
    assert set(built.export_state()) >= set(room.tables)
