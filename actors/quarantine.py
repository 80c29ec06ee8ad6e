"""Quarantine (隔离): one row from outside that breaks a rule of the bank must not stop the bank. When a window can't be worked,
the cells are built anew as they stood before it, and the row to blame is found by trying: rows in their order, the shortest
beginning of them that breaks. A command that is set aside is answered so by its room (`credit.requests`); any other row is left
out. What was set aside is written into the day book as a window of its own, so that the bank worked again is the same bank.

A window that can't be worked without any of its rows either is not theirs to answer for: the bank stops there and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from actors.topology import Cell
from actors.wire import Bundle, pack, unpack
from credit.masks import all_of
from credit.numbers import branch_of
from credit.room import KINDS, Rows


class Aside(NamedTuple):
    """One row set aside: its window, the cell (by name) and kind (by number) it came for, its place among their rows; whose it
    is: branch, request number (0: it had none); and why."""

    window: int
    cell: str
    kind: int
    place: int
    branch: int
    request: int
    why: str = ""

    def __str__(self) -> str:
        request = f" request {self.request}" if self.request else ""
        return f"window {self.window}: {KINDS[self.kind].name}{request} of branch {self.branch} set aside: {self.why}"


def rows_of(window: int, mail: Mapping[Cell, Bundle]) -> list[Aside]:
    """Every row that came from outside in a window, in the order of trying: commands last, since what came beside them can do
    without them, not they without it."""
    found = [
        Aside(window, str(cell), number, place, int(branch), int(request))
        for cell, number, rows in _parts(mail)
        for place, (branch, request) in enumerate(zip(branch_of(rows), _requests(rows), strict=True))
    ]
    return sorted(found, key=lambda row: bool(row.request))


def without(mail: Mapping[Cell, Bundle], asides: Iterable[Aside]) -> dict[Cell, Bundle]:
    """The mail of one window, with some rows of it set aside."""
    places: dict[tuple[str, int], list[int]] = {}
    for row in asides:
        places.setdefault((row.cell, row.kind), []).append(row.place)
    kept: dict[Cell, dict[int, list[Rows]]] = {}
    for cell, number, rows in _parts(mail):
        mine = np.zeros(len(rows), dtype=bool)
        mine[places.get((str(cell), number), [])] = True
        if KINDS[number].command:
            rows["request"][mine] *= -1
            mine &= rows["request"] == 0
        if not all_of(mine):
            kept.setdefault(cell, {})[number] = [rows[~mine]]
    return {cell: pack(of) for cell, of in kept.items()}


def to_blame(rows: Sequence[Aside], works: Callable[[Sequence[Aside]], bool]) -> list[Aside]:
    """The fewest rows, in the order of trying, without which the rest works; `works` tries a window with some rows set aside.
    Empty where it does not work without any."""
    if not works(rows):
        return []
    blamed: list[Aside] = []
    good = 0  # so many rows, without those that are to blame, work
    while not works(blamed):
        low, high = good, len(rows)  # the first `low` rows work, the first `high` don't
        while high - low > 1:
            middle = (low + high) // 2
            if works([*blamed, *rows[middle:]]):
                low = middle
            else:
                high = middle
        blamed.append(rows[low])
        good = high
    return blamed


def _parts(mail: Mapping[Cell, Bundle]) -> Iterator[tuple[Cell, int, Rows]]:
    for cell, bundle in mail.items():
        for number, parts in unpack([bundle]).items():
            for rows in parts:
                yield cell, number, rows


def _requests(rows: Rows) -> list[int]:
    """0 where the kind has no request numbers."""
    return rows["request"].tolist() if "request" in (rows.dtype.names or ()) else [0] * len(rows)
