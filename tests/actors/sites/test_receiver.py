"""A site's own book: it is read whole, from its first window on, and one that begins with a snapshot is copied with that."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actors.book.store import Damaged
from tests.actors.book.books import entries, snapshot
from tests.actors.sites.test_protocol import Bank

WINDOWS = 5


def a_book(folder: Path, begins: int) -> Bank:
    """`a` leads with a book that begins with the bank itself (0), or with a snapshot, and has another one besides."""
    bank = Bank(folder)
    if begins:
        bank.books["a"].store.put_snapshot(snapshot(begins))
    epoch = bank.sites["a"].enter()
    bank.sites["a"].append(entries(range(begins, begins + WINDOWS), epoch))
    bank.sites["a"].put_snapshot(snapshot(begins + 2))
    return bank


@pytest.mark.parametrize("begins", [0, 3])
@pytest.mark.parametrize("which", range(WINDOWS))
def test_whichever_window_is_damaged_is_found(tmp_path: Path, begins: int, which: int) -> None:
    book = a_book(tmp_path, begins).books["a"]
    book.verify()
    with closing(sqlite3.connect(tmp_path / "a-0.db", isolation_level=None)) as file:
        file.execute("UPDATE windows SET until_ms = until_ms + 1 WHERE number = ?", (begins + which,))
    with pytest.raises(Damaged, match=f"window {begins + which} "):
        book.verify()
    assert f"window {begins + which} " in book.damage


@pytest.mark.parametrize("which", [3, 5])
def test_whichever_snapshot_is_damaged_is_found(tmp_path: Path, which: int) -> None:
    book = a_book(tmp_path, 3).books["a"]
    assert book.store.snapshots() == [5, 3]
    with closing(sqlite3.connect(tmp_path / "a-0.db-snapshots", isolation_level=None)) as file:
        file.execute("UPDATE snapshots SET until_ms = until_ms + 1 WHERE number = ?", (which,))
    with pytest.raises(Damaged):
        book.verify()
    assert book.damage


@pytest.mark.parametrize("begins", [0, 3])
@pytest.mark.parametrize("other", [None, 500])
def test_a_book_that_begins_with_a_snapshot_is_copied_with_it(tmp_path: Path, begins: int, other: int | None) -> None:
    """Also to a site whose book holds nothing yet but another snapshot, or none: by their windows alone the two are the same."""
    bank = Bank(tmp_path)
    bank.books["a"].store.put_snapshot(snapshot(begins))
    if other is not None:
        bank.books["b"].store.put_snapshot(snapshot(begins, other))
    bank.sites["a"].append(entries(range(begins, begins + WINDOWS), bank.sites["a"].enter()))
    bank.sites["a"].admit("b")
    assert list(bank.books["b"].store.read(begins)) == entries(range(begins, begins + WINDOWS), 1)
    assert bank.books["b"].store.snapshot(begins) == snapshot(begins)
    bank.books["b"].verify()
