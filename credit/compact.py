"""Rows in the space that what they say needs: whole numbers as narrow as the largest of their column allows, texts as UTF-8
without the blanks that fill a column up. What is made compact here and whole there is equal to the last bit, so a digest, which
is drawn of whole rows, does not see how they were kept."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.room import Rows
from credit.texts import Codes, codes_of
from credit.times import Bools, Ints

Compact = dict[str, npt.NDArray[Any]]
"""``rows``: a record a row, in which a text stands as its number of characters · ``texts``: the characters, one column after
another, UTF-8 · ``form``: no rows, of the record type that the whole ones have."""
ABOUT = "about"
"""The entry of packed tables that says what they are."""
_ANY = "surrogatepass"
"""A column may hold what is no character: it comes back as it was."""
_WIDTHS = (np.int8, np.int16, np.int32, np.int64)


def compact(rows: Rows) -> Compact:
    """Whole rows made compact."""
    numbers: dict[str, npt.NDArray[Any]] = {}
    texts: list[npt.NDArray[Any]] = [np.zeros(0, dtype=np.uint32)]
    for name in rows.dtype.names or ():
        column: npt.NDArray[Any] = rows[name]
        if column.dtype.kind == "U":
            codes = codes_of(column)
            column = _lengths(codes)
            texts.append(codes[_written(codes, column)])
        numbers[name] = column.astype(_narrowest(column))
    narrow = np.empty(len(rows), dtype=[(name, column.dtype) for name, column in numbers.items()])
    for name, column in numbers.items():
        narrow[name] = column
    said = np.concatenate(texts).tobytes().decode("utf-32-le", _ANY).encode("utf-8", _ANY)
    return {"rows": narrow, "texts": np.frombuffer(said, dtype=np.uint8), "form": rows[:0]}


def whole(kept: Compact) -> Rows:
    """Compact rows made whole."""
    narrow, form = kept["rows"], kept["form"].dtype
    rows = np.zeros(len(narrow), dtype=form)
    said = np.frombuffer(kept["texts"].tobytes().decode("utf-8", _ANY).encode("utf-32-le", _ANY), dtype=np.uint32)
    for name in form.names or ():
        if form[name].kind == "U":
            codes = np.zeros((len(rows), form[name].itemsize // 4), dtype=np.uint32)
            written = _written(codes, narrow[name])
            count = int(np.count_nonzero(written))
            codes[written], said = said[:count], said[count:]
            rows[name] = codes.view(form[name])[:, 0]
        else:
            rows[name] = narrow[name]
    return rows


def packed(state: Mapping[str, Rows], about: str = "") -> bytes:
    """Named tables as the bytes of one file (numpy's ``.npz``), each compact, with a text about them."""
    entries: dict[str, npt.NDArray[Any]] = {ABOUT: np.array(about)}
    entries |= {f"{key}/{part}": kept for key, rows in state.items() for part, kept in compact(rows).items()}
    stream = io.BytesIO()
    np.savez(stream, **entries)  # type: ignore[arg-type]
    return stream.getvalue()


def unpacked(content: bytes) -> dict[str, Rows]:
    """The tables that were packed; KeyError where they are not compact."""
    kept: dict[str, Compact] = {}
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        for entry in archive.files:
            key, _, part = entry.partition("/")
            if key != ABOUT:
                kept.setdefault(key, {})[part] = archive[entry]
    return {key: whole(parts) for key, parts in kept.items()}


def _lengths(codes: Codes) -> Ints:
    """Characters up to the last that is not blank: a text may hold a zero, though not at its end."""
    places = np.arange(1, codes.shape[1] + 1)
    return np.asarray((places * (codes != 0)).max(axis=1, initial=0))


def _written(codes: Codes, lengths: Ints) -> Bools:
    return np.asarray(np.arange(codes.shape[1]) < lengths[:, np.newaxis])


def _narrowest(column: npt.NDArray[Any]) -> type[np.signedinteger[Any]]:
    least, most = int(column.min(initial=0)), int(column.max(initial=0))
    return next(width for width in _WIDTHS if np.iinfo(width).min <= least and most <= np.iinfo(width).max)
