"""A columnar table that grows: one contiguous array a column, found by a unique int64 id. Rows keep their number until `keep`
or `drop` compacts the table, and ids are looked up whole columns at a time (binary search in a sorted index, with a small
tail of recent ids that is merged now and then).

Most of what a row says never changes: whose it is, what was approved. A table that is told which columns are written in place
seals the others, row by row, and says which rows are not as they were (`altered`). What changes by `put` moves the
seal with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.masks import all_of
from credit.room import Fields, Rows, fits
from credit.seals import UNSEALED, factors, seals
from credit.times import NEVER, Bools, Ints

_TEXT = np.dtypes.StringDType()
"""A text costs what it needs, not what its column allows."""
SEALS_AT_ONCE = 4_096
"""Rows whose seals are looked at in one call; a larger table is looked through in turns."""
_TAIL_MAX = 16_384
_SORT_FROM = 256
_NO_IDS, _NO_ROWS = np.array([np.iinfo(np.int64).max]), np.array([-1])
"""What ends an index, and is the index of no rows: an id after all others, in no row."""
_FIRST, _NOWHERE = np.array(0), np.array(-1)
"""Row numbers as arrays without an axis: numpy makes one of a scalar each time that it meets an array."""


class Table:
    """Columns from a record type; `key` names the id column. Text columns are allowed beside int64."""

    def __init__(self, fields: str, key: str, changes: str | None = None, puts: str = "") -> None:
        """`fields`: a field list, see `credit.room` · `changes`: the columns that are written in place once a row is there
        (blank-separated), None where nobody asks which rows were `altered` · `puts`: those that `put` alone changes.
        ValueError on what is no column."""
        self.fields = Fields(fields)
        self.dtype: np.dtype[np.void] = self.fields.dtype
        self.key = key
        forms = {name: _TEXT if name in self.fields.texts else self.dtype[name] for name in self.fields.names}
        self._columns: dict[str, npt.NDArray[np.generic]] = {name: np.zeros(0, form) for name, form in forms.items()}
        self._blank = np.zeros((), dtype=self.dtype)
        self._forms = {"": self.dtype}
        self._length = 0
        self._sealed = self._never_changing(changes, puts)
        self._puts = frozenset(self.fields.names if changes is None else puts.split())
        self._seals, self._next_turn = np.zeros(0, dtype=np.int64), 0
        self._gone: list[int] = []
        self._reset_index()

    def _never_changing(self, changes: str | None, puts: str) -> dict[str, np.int64]:
        """The columns that are sealed, each with its factor. Texts are not: they are kept where nobody writes them anew."""
        if changes is None:
            return {}
        told = changes.split()
        unknown = [name for name in (*told, *puts.split()) if name not in self.fields.names]
        if unknown:
            raise ValueError(f"table by {self.key}: {', '.join(unknown)} can't change, there is no such column")
        return factors(n for n in self.fields.names if n not in self.fields.texts and n not in told)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, name: str) -> Ints:
        """The live part of a column: a view, so writing to it writes the table."""
        return self._columns[name][: self._length]  # type: ignore[return-value]

    def text(self, name: str) -> npt.NDArray[np.str_]:
        """The live part of a text column."""
        return self._columns[name][: self._length]  # type: ignore[return-value]

    @property
    def sealed(self) -> tuple[str, ...]:
        """The columns that are sealed."""
        return tuple(self._sealed)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._columns)

    def append(self, source: Rows | None = None, length: int | None = None, **columns: npt.ArrayLike) -> Ints:
        """Adds rows: columns taken from `source` where it has them, then from `columns` (scalars broadcast). Returns the new
        row numbers. ValueError on a column that does not exist or that nobody fills, and on an id that is already there."""
        what, names = f"table by {self.key}", None if source is None else source.dtype.names or ()
        given: dict[str, npt.ArrayLike] = dict(columns)
        for name in self.fields.plan(what, names, columns):
            given[name] = source[name]  # type: ignore[index]
        start = self._length
        stop = start + (len(source) if source is not None else int(length or 0))
        rows = np.arange(start, stop, dtype=np.int64)
        if start == stop:
            return rows
        for name in self.fields.texts:
            if name in given:
                fits(what, name, self.dtype[name], given[name])
        self._grow(stop)
        self._length = stop
        for name, column in self._columns.items():
            column[start:stop] = given[name] if name in given else self._blank[name]
        self._seals[start:stop] = UNSEALED
        self._index(self[self.key][start:stop].copy(), rows)
        return rows

    def put(self, rows: Ints, **columns: npt.ArrayLike) -> None:
        """Writes columns of rows; a scalar goes into all of them. ValueError on a column that does not change."""
        if len(wrong := columns.keys() - self._puts):
            raise ValueError(f"table by {self.key}: {', '.join(sorted(wrong))} is not said to be put")
        moved, counts = np.zeros(len(rows), dtype=np.int64), self._sealed
        for name, values in columns.items():
            if name in counts:
                moved += (np.asarray(values, dtype=np.int64) - self[name][rows]) * counts[name]
            self._columns[name][rows] = values
        if counts:
            before = self._seals[rows]
            self._seals[rows] = np.where(before == UNSEALED, UNSEALED, before + moved)

    def add(self, rows: Ints, **columns: npt.ArrayLike) -> None:
        """Adds to columns of rows, none of which is named twice; see `put`."""
        self.put(rows, **{name: self._columns[name][rows] + values for name, values in columns.items()})  # type: ignore[operator]

    def find(self, ids: npt.ArrayLike) -> Ints:
        """Row numbers of ids; −1 where there is none."""
        wanted = np.asarray(ids, dtype=np.int64)
        rows = _look_up(self._tail_ids, self._tail_rows, wanted)
        if len(self._main_ids) > 1:
            missing = (rows < _FIRST).nonzero()[0]
            if len(missing):
                rows[missing] = _look_up(self._main_ids, self._main_rows, wanted[missing])
        return rows

    def get(self, name: str, rows: Ints, default: int = 0) -> Ints:
        """A column at the given rows; `default` where the row is −1."""
        if not self._length:
            return np.full(len(rows), default, dtype=np.int64)
        return np.where(rows >= _FIRST, self[name][rows], default)

    def least(self, name: str, rows: Bools | None = None) -> int:
        """The least value of a column, of all rows or of those that a mask marks; NEVER where there is none."""
        values = self[name] if rows is None else self[name][rows]
        return int(values.min()) if len(values) else NEVER

    def take(self, rows: npt.ArrayLike, names: str = "") -> Rows:
        """A record copy of the given rows, of all columns or of those named (blank-separated)."""
        chosen = np.asarray(rows)
        form = self._forms.get(names) or self._forms.setdefault(names, self._form(names))
        if chosen.dtype == bool:
            chosen = chosen.nonzero()[0]
        out = np.zeros(len(chosen), dtype=form)
        if len(chosen):
            for name in form.names or ():
                out[name] = self._columns[name][: self._length][chosen]
        return out

    def _form(self, names: str) -> np.dtype[np.void]:
        return np.dtype([(name, self.dtype[name]) for name in names.split()])

    def drop(self, rows: Ints) -> None:
        """Removes rows; the others are renumbered in their order."""
        if len(rows):
            staying = np.ones(self._length, dtype=bool)
            staying[rows] = False
            self.keep(staying)

    def keep(self, mask: Bools) -> None:
        """Drops the rows where `mask` is false; the others are renumbered in their order."""
        if all_of(mask):
            return
        if self._sealed:
            leaving = (~mask).nonzero()[0]
            self._gone += self._wrong(leaving[self._seals[leaving] != UNSEALED])
        kept = int(mask.sum())
        for column in (*self._columns.values(), self._seals):
            column[:kept] = column[: self._length][mask]
        self._length = kept
        self._rebuild()

    def export(self) -> Rows:
        """All rows as one record array, in id order, so that it does not depend on history."""
        return self.take(self[self.key].argsort(kind="stable"))

    def load(self, rows: Rows) -> None:
        """Replaces the whole content by exported rows."""
        self._length, self._next_turn, self._gone = 0, 0, []
        self._reset_index()
        self.append(rows)

    def altered(self) -> list[int]:
        """Ids of rows of which something is not as it was when they were sealed, which happens to new rows here; of rows that
        have left since the last call as well. The rows of a large table are looked at in turns, `SEALS_AT_ONCE` a call."""
        gone, self._gone = self._gone, []
        if not self._length or not self._sealed:
            return gone
        first = self._next_turn if self._next_turn < self._length else 0
        self._next_turn = first + SEALS_AT_ONCE
        kept = self._seals[: self._length]
        fresh, turn = (kept == UNSEALED).nonzero()[0], np.arange(first, min(self._next_turn, self._length))
        found = gone + self._wrong(turn[kept[turn] != UNSEALED])
        if len(fresh):
            kept[fresh] = self._seals_of(fresh)
        return found

    def _seals_of(self, rows: Ints) -> Ints:
        return seals({name: self[name][rows] for name in self._sealed}, self._sealed)

    def _wrong(self, rows: Ints) -> list[int]:
        """Ids of rows whose seal is not that of their columns."""
        if not len(rows):
            return []
        wrong = self._seals[rows] != self._seals_of(rows)
        found: list[int] = self[self.key][rows[wrong]].tolist()
        return found

    def _grow(self, needed: int) -> None:
        if needed <= len(self._columns[self.key]):
            return
        for name, column in self._columns.items():
            if len(column) < needed:
                larger = np.zeros(max(needed, len(column) + (len(column) >> 1), 64), dtype=column.dtype)
                larger[: self._length] = column[: self._length]
                self._columns[name] = larger
        larger = np.zeros(len(self._columns[self.key]), dtype=np.int64)
        larger[: self._length] = self._seals[: self._length]
        self._seals = larger

    def _reset_index(self) -> None:
        self._main_ids = self._tail_ids = _NO_IDS
        self._main_rows = self._tail_rows = _NO_ROWS

    def _index(self, ids: Ints, rows: Ints) -> None:
        self._tail_ids, self._tail_rows = _merge(ids, rows, self._tail_ids, self._tail_rows)
        again = self._tail_ids[1:][self._tail_ids[1:] == self._tail_ids[:-1]]
        if not len(again) and len(self._main_ids) > 1:
            again = ids[_look_up(self._main_ids, self._main_rows, ids) >= 0]
        if len(again):
            raise ValueError(f"{self.key} {again[0]} is already in the table")
        if len(self._tail_ids) > _TAIL_MAX:
            self._main_ids, self._main_rows = _merge(
                self._tail_ids[:-1], self._tail_rows[:-1], self._main_ids, self._main_rows
            )
            self._tail_ids, self._tail_rows = _NO_IDS, _NO_ROWS

    def _rebuild(self) -> None:
        self._reset_index()
        ids = self[self.key]
        order = ids.argsort(kind="stable")
        index = np.concatenate((ids[order], _NO_IDS)), np.concatenate((order, _NO_ROWS))
        if len(order) < _TAIL_MAX:
            self._tail_ids, self._tail_rows = index
        else:
            self._main_ids, self._main_rows = index


def _look_up(ids: Ints, rows: Ints, wanted: Ints) -> Ints:
    """Row of each wanted id, −1 where there is none. Many ids in no order are sorted first: walking a large index in order
    costs less than jumping about in it."""
    if len(wanted) < _SORT_FROM or all_of(wanted[1:] >= wanted[:-1]):
        return _search(ids, rows, wanted)
    order = wanted.argsort()
    found = np.empty(len(wanted), dtype=np.int64)
    found[order] = _search(ids, rows, wanted[order])
    return found


def _search(ids: Ints, rows: Ints, wanted: Ints) -> Ints:
    place = ids.searchsorted(wanted)
    return np.where(ids[place] == wanted, rows[place], _NOWHERE)


def _merge(more_ids: Ints, more_rows: Ints, ids: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """An index with further ids; what ends it stays at its end."""
    all_ids = np.concatenate((more_ids, ids))
    order = all_ids.argsort(kind="stable")
    return all_ids[order], np.concatenate((more_rows, rows))[order]
