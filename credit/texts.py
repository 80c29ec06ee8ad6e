"""Text in columns and text that is too long for one. A column is fixed in width, so it holds the usual text; the few that are
longer travel and lie as pieces (`field place size text`), each with the size of the whole, so that nothing is cut unseen:
a name of a company up to 120 characters, purposes and remarks up to 500, addresses up to 200."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from credit.codes import Coded
from credit.digest import odd_words
from credit.masks import all_of, any_of, true_rows
from credit.room import Kind, Rows
from credit.table import Table
from credit.times import Bools, Ints

Codes = npt.NDArray[np.uint32]
PIECE = 32
PIECES = f"field place size text:U{PIECE}"
"""The columns of a piece: which text of the form, the piece's place in it from 0, the characters of the whole text."""
_S29, _S32 = np.uint64(29), np.uint64(32)
_MULTIPLIER = np.uint64(0xFF51AFD7ED558CCD)
_ODD = odd_words(64, 0xD6E8FEB86659FD93)
"""A factor for each place of a text, with nothing in common between them: sums of small multiples of one number would meet."""


class Field(Coded):
    """The texts of a form that may be long."""

    NAME = 1
    PURPOSE = 2
    REMARK = 3
    ADDRESS = 4


# columns --------------------------------------------------------------------------------------------------------------


def codes_of(texts: npt.NDArray[np.generic]) -> Codes:
    """A text column as its code points: one row a text, zeros at the end."""
    whole = np.ascontiguousarray(texts)
    return whole.view(np.uint32).reshape(len(whole), whole.dtype.itemsize // 4)


def present(texts: npt.NDArray[np.generic]) -> Bools:
    """True where a text is not empty."""
    return np.asarray(codes_of(texts)[:, 0] != 0)


def text_keys(texts: npt.NDArray[np.generic]) -> npt.NDArray[np.uint64]:
    """64 mixed bits of each text, whatever the column's width."""
    codes = codes_of(texts)
    mixed = (codes * _ODD[: codes.shape[1]]).sum(axis=1, dtype=np.uint64)
    mixed = (mixed ^ (mixed >> _S29)) * _MULTIPLIER
    return np.asarray(mixed ^ (mixed >> _S32))


# pieces ---------------------------------------------------------------------------------------------------------------


def cut(kind: Kind, field: Field, text: str, **columns: npt.ArrayLike) -> Rows:
    """A text as rows of a kind that carries pieces; `columns` are its other columns."""
    pieces = [text[first : first + PIECE] for first in range(0, len(text), PIECE)]
    places = np.arange(len(pieces))
    return kind.rows(len(pieces), field=field, place=places, size=len(text), text=np.array(pieces, "U"), **columns)


def cut_columns(kind: Kind, field: Field, texts: npt.NDArray[np.str_], **columns: npt.ArrayLike) -> Rows:
    """`cut` for a column of texts, a row each; of an empty one there is no piece. `columns` are as long as it, or scalars."""
    if not any_of(sizes := np.char.str_len(texts)):
        return kind.nothing
    codes = codes_of(texts)
    width = -(-codes.shape[1] // PIECE) * PIECE
    whole = np.ascontiguousarray(np.pad(codes, ((0, 0), (0, width - codes.shape[1]))))
    rows, places = np.nonzero(np.arange(width // PIECE) * PIECE < sizes[:, None])
    beside = {name: np.broadcast_to(values, len(texts))[rows] for name, values in columns.items()}
    pieces = whole.view(f"U{PIECE}")[rows, places]
    return kind.rows(len(rows), field=field, place=places, size=sizes[rows], text=pieces, **beside)


def joined(pieces: Rows) -> dict[Field, str | None]:
    """The whole texts of pieces that belong together; None for one of which a piece is lacking or stands twice."""
    found: dict[Field, str | None] = {}
    for field in np.unique(pieces["field"]).tolist():
        mine = pieces[pieces["field"] == field]
        mine = mine[mine["place"].argsort(kind="stable")]
        text = "".join(mine["text"].tolist())
        whole = all_of(mine["place"] == np.arange(len(mine))) and all_of(mine["size"] == len(text))
        found[Field(field)] = text if whole else None
    return found


def groups(rows: Rows, keys: str) -> Iterator[tuple[tuple[int, ...], Rows]]:
    """Rows by the values of some columns (blank-separated)."""
    if not len(rows):
        return
    columns = np.stack([rows[name] for name in keys.split()], axis=1)
    for key in np.unique(columns, axis=0):
        yield tuple(key.tolist()), rows[(columns == key).all(axis=1)]


class Texts:
    """Long texts by case, in a table of pieces."""

    def __init__(self, table: Table) -> None:
        """`table`: ``piece case`` and `PIECES`, by `piece`, a running number."""
        self.table = table

    def add(self, rows: Rows) -> None:
        """Keeps pieces."""
        last = int(self.table["piece"].max(initial=0))
        self.table.append(rows, piece=last + 1 + np.arange(len(rows)))

    def drop(self, cases: Ints) -> None:
        """Forgets the texts of cases that come to nothing."""
        if len(self.table):
            self.table.drop(true_rows(np.isin(self.table["case"], cases)))

    def of(self, case: int, field: Field) -> str:
        """A case's text; empty where it has none."""
        rows = true_rows((self.table["case"] == case) & (self.table["field"] == field))
        return joined(self.table.take(rows)).get(field) or ""
