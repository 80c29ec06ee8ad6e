"""``codes.parquet``: what the names in a run's files stand for, in both languages. One row a code: its kind (the column it
stands in; of a gauge's `grp` and an event's own `reason` followed by their name), number, name as the files spell it,
English, Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from credit.codes import Account, Actor, Partner, Waits
from credit.policies import Overrides
from credit.room import REASONS, ROOMS, Reason
from results import names
from results.schemas import marked

FILE = "codes.parquet"


class Code(NamedTuple):
    """One row; `room` is the room that says it, empty for the bank's own."""

    kind: str
    code: int
    name: str
    english: str
    chinese: str
    room: str = ""


def codes(policies: Overrides | None = None) -> list[Code]:
    """The whole dictionary of a bank with a scenario's changes to the packaged policies."""
    return [
        *(Code("room", place, room.name, *room.words) for place, room in enumerate(ROOMS.values())),
        *(row for room in ROOMS.values() for row in _of_room(room.name)),
        *_listed("reason", REASONS.values()),
        *_listed("account", Account),
        *_listed("actor", Actor),
        *_listed("partner", Partner),
        *_listed("who", Waits),
        *(Code("product", code, key, *words) for key, (code, words) in names.products(policies).items()),
    ]


def _of_room(name: str) -> Iterator[Code]:
    room = ROOMS[name]
    yield from _listed("event", room.events or (), name)
    yield from _listed("metric", room.gauges or (), name)
    yield from _listed("role", room.desks or (), name)
    for gauge in room.gauges or ():
        yield from _listed(f"grp.{gauge.name.lower()}", gauge.groups, name)
    for event in room.events or ():
        if event.said.reason not in (None, Reason):
            yield from _listed(f"reason.{event.name.lower()}", event.said.reason or (), name)


def _listed(kind: str, members: Iterable[IntEnum], room: str = "") -> Iterator[Code]:
    for member in members:
        said = getattr(member, "said", member)
        name = member.name.lower()
        english, chinese = getattr(said, "words", names.plain(name))
        yield Code(kind, int(member), name, english, chinese, room)


def write(folder: Path, policies: Overrides | None = None) -> Path:
    """Writes ``codes.parquet`` into a run's folder."""
    columns = zip(*codes(policies), strict=True)
    table = pa.table({name: list(column) for name, column in zip(Code._fields, columns, strict=True)})
    pq.write_table(table.cast(marked("codes", table.schema)), folder / FILE)
    return folder / FILE
