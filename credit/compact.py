"""Rows in the space that what they say needs, column by column (`credit.narrow`). What is made compact here and whole there is
equal to the last bit, so a digest, which is drawn of whole rows, does not see how they were kept."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.narrow import Narrowing, Widening
from credit.room import Rows

Compact = dict[str, npt.NDArray[Any]]
"""``plans`` and ``pieces``: the columns, see `credit.narrow` · ``form``: no rows, of the record type that the whole ones have."""
ABOUT, LIST = "about", "tables"
"""What of packed tables says what they are: a text, and in JSON each table's name, record type and share of the rest."""


def compact(rows: Rows) -> Compact:
    """Whole rows made compact; no rows take no columns."""
    if not len(rows):
        return _NOTHING | {"form": rows}
    columns = Narrowing()
    for name in rows.dtype.names or ():
        if rows.dtype[name].kind == "U":
            columns.texts(rows[name])
        else:
            columns.numbers(rows[name])
    return {"plans": columns.plans, "pieces": columns.pieces, "form": rows[:0]}


def whole(kept: Compact) -> Rows:
    """Compact rows made whole. KeyError where they are not compact."""
    if "texts" in kept:
        return _whole_of_records(kept)
    plans, form = kept["plans"], kept["form"].dtype
    rows = np.zeros(int(plans[0, 0]) if len(plans) else 0, dtype=form)
    if len(rows):
        columns = Widening(plans, kept["pieces"])
        for name in form.names or ():
            rows[name] = columns.texts(form[name]) if form[name].kind == "U" else columns.numbers()
    return rows


_NOTHING: Compact = {"plans": Narrowing().plans, "pieces": Narrowing().pieces}


@cache
def _descr(form: np.dtype[np.void]) -> str:
    """A record type in JSON."""
    return json.dumps(form.descr)


def packed(state: Mapping[str, Rows], about: str = "") -> bytes:
    """Named tables as the bytes of one file (numpy's ``.npz``), all of them compact in few arrays, with a text about them."""
    kept = {key: compact(rows) for key, rows in state.items()}
    lists = [
        f"[{json.dumps(key)}, {_descr(one['form'].dtype)}, {len(one['plans'])}, {len(one['pieces'])}]"
        for key, one in kept.items()
    ]
    entries: dict[str, npt.NDArray[Any]] = {
        ABOUT: np.array(about),
        LIST: np.frombuffer(f"[{', '.join(lists)}]".encode(), np.uint8),
    }
    for part in ("plans", "pieces"):
        entries[part] = np.concatenate([one[part] for one in (_NOTHING, *kept.values())])
    stream = io.BytesIO()
    np.savez(stream, **entries)  # type: ignore[arg-type]
    return stream.getvalue()


def unpacked(content: bytes) -> dict[str, Rows]:
    """The tables that were packed; KeyError where they are not compact."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        if LIST not in archive.files:
            return _unpacked_by_table({name: archive[name] for name in archive.files if name != ABOUT})
        lists, plans, pieces = json.loads(archive[LIST].tobytes()), archive["plans"], archive["pieces"]
    tables: dict[str, Rows] = {}
    for key, form, count, size in lists:
        dtype = np.dtype([tuple(field) for field in form])
        tables[key] = whole({"plans": plans[:count], "pieces": pieces[:size], "form": np.zeros(0, dtype=dtype)})
        plans, pieces = plans[count:], pieces[size:]
    return tables


def _unpacked_by_table(entries: Mapping[str, npt.NDArray[Any]]) -> dict[str, Rows]:
    """Of the forms before this one, in which banks have snapshots: three arrays a table."""
    kept: dict[str, Compact] = {}
    for entry, array in entries.items():
        key, _, part = entry.partition("/")
        kept.setdefault(key, {})[part] = array
    return {key: whole(parts) for key, parts in kept.items()}


def _whole_of_records(kept: Compact) -> Rows:
    """Of an earlier form, in which banks have snapshots: ``rows``, a record a row of numbers as narrow as the column's
    largest and of texts' lengths, and ``texts``, their characters in UTF-8, column by column."""
    narrow, form = kept["rows"], kept["form"].dtype
    rows = np.zeros(len(narrow), dtype=form)
    said = np.frombuffer(
        kept["texts"].tobytes().decode("utf-8", "surrogatepass").encode("utf-32-le", "surrogatepass"), dtype=np.uint32
    )
    for name in form.names or ():
        if form[name].kind == "U":
            codes = np.zeros((len(rows), form[name].itemsize // 4), dtype=np.uint32)
            written = np.arange(codes.shape[1]) < narrow[name][:, np.newaxis]
            count = int(np.count_nonzero(written))
            codes[written], said = said[:count], said[count:]
            rows[name] = codes.view(form[name])[:, 0]
        else:
            rows[name] = narrow[name]
    return rows
