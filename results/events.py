"""A run's event files read back: the rows that they were made of (`results.schemas.event_table`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from credit.codes import Actor
from credit.room import EVENT_DTYPE, REASONS, Reason, Rows
from credit.room import EVENTS as EVENT_CODES
from credit.rows import joined
from credit.times import Ints
from results.schemas import actor_name
from results.steps import code_of

_ACTORS = {actor_name(int(one)): int(one) for one in Actor}


def events_of(folder: Path, products: Mapping[str, int]) -> Rows:
    """All events of a run, room by room; `products`: their codes by key, 0 for one that there is no more."""
    parts = [event_rows(pq.read_table(path), products) for path in sorted((folder / "events").glob("*.parquet"))]
    return joined(parts) if parts else np.zeros(0, dtype=EVENT_DTYPE)


def event_rows(table: pa.Table, products: Mapping[str, int]) -> Rows:
    """The rows of an event table."""
    rows = np.zeros(len(table), dtype=EVENT_DTYPE)
    rows["at"], rows["case"] = table["ts"].cast(pa.int64()).to_numpy(), table["case_no"].to_numpy()
    for name in ("loan", "amount_fen", "value", "branch", "seq"):
        rows[name] = table[name].to_numpy()
    rows["event"] = _codes(
        lambda room, event: int(code_of({"room": room, "event": event})), table["room"], table["event"]
    )
    rows["actor"] = _codes(_actor, table["actor"])
    rows["product"] = _codes(lambda key: products.get(key) or _number(key), table["product"])
    rows["reason"] = _codes(_reason, pa.chunked_array([rows["event"]]), table["reason"])
    return rows


def _codes(code_of_names: Callable[..., int], *columns: pa.ChunkedArray) -> Ints:
    """The code of each row, made once for each that differs from the others."""
    named = [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in columns]
    distinct = [column.combine_chunks().dictionary_encode("encode") for column in named]
    place = np.zeros(len(columns[0]), dtype=np.int64)
    for one in distinct:
        place = place * len(one.dictionary) + one.indices.to_numpy()
    kinds, index = np.unique(place, return_inverse=True)
    found = []
    for kind in kinds.tolist():
        names, rest = [], kind
        for one in reversed(distinct):
            rest, nth = divmod(rest, len(one.dictionary))
            names.append(one.dictionary[nth].as_py())
        found.append(code_of_names(*reversed(names)))
    return np.array(found, dtype=np.int64)[index]


def _actor(name: str) -> int:
    """See `results.schemas.actor_name`."""
    return _ACTORS[name] if name in _ACTORS else int(name.removeprefix("staff "))


def _reason(event: int, name: str | None) -> int:
    """See `results.schemas.reason_name`."""
    codes = EVENT_CODES[event].said.reason
    known = REASONS.values() if codes is Reason else codes or ()
    return next((int(one) for one in known if one.name.lower() == name), None) or _number(name)


def _number(name: str | None) -> int:
    """A code that stands as a number, since it had no name; 0 for none."""
    return int(name) if name is not None and name.lstrip("-").isdecimal() else 0
