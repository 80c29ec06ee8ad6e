"""The sealed store: nothing of what is inside stands in the clear, and no ciphertext opens in another's place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from actors.book.sealed import SealedStore
from actors.book.sqlite import SqliteStore
from actors.book.store import Damaged, Entry, Snapshot, StoreError, newest_good
from tests.actors.book.books import entries, entry, founded, sealed, snapshot, unsealed

SECRET = b"resident id 110101199003070000"


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "book.db")
    yield store
    store.close()


@pytest.fixture
def store(plain: SqliteStore) -> SealedStore:
    return SealedStore(plain, sealed, unsealed)


def test_what_is_inside_stands_nowhere_in_the_files(store: SealedStore, tmp_path: Path) -> None:
    epoch = founded(store)
    secret = Entry(0, epoch, 0, 1, SECRET, -1, "")
    store.append([secret])
    store.put_snapshot(Snapshot(1, 1, "", {"customers/0": SECRET * 100}))
    assert list(store.read()) == [secret]
    assert store.snapshot(1).cells == {"customers/0": SECRET * 100}
    store.close()
    files = list(tmp_path.iterdir())
    assert len(files) == 2
    assert not [path for path in files if SECRET in path.read_bytes()]


class Forged:
    """A store whose owner sealed everything anew after changing it: only the ciphertexts can tell."""

    def __init__(self, book: list[Entry], kept: Snapshot) -> None:
        self._book, self._kept = book, kept

    def read(self, first: int = 0) -> Iterator[Entry]:
        return iter(self._book[first:])

    def snapshots(self) -> list[int]:
        return [self._kept.number]

    def snapshot(self, number: int) -> Snapshot:
        return self._kept


@pytest.mark.parametrize("field", ["number", "epoch", "start", "until", "proved", "chain", "inputs"])
def test_a_window_opens_in_no_others_place(store: SealedStore, plain: SqliteStore, field: str) -> None:
    store.append(entries(range(3), founded(store)))
    first, second, third = plain.read()
    changed = third._replace(**{field: getattr(second, field) if field != "epoch" else 9})
    forged = SealedStore(Forged([first, second, changed], snapshot(0)), sealed, unsealed)
    with pytest.raises(Damaged, match="can't be unsealed"):
        list(forged.read())
    assert list(SealedStore(Forged([first, second, third], snapshot(0)), sealed, unsealed).read()) == entries(range(3))


def test_a_cell_opens_in_no_others_place_and_none_can_be_left_out(store: SealedStore, plain: SqliteStore) -> None:
    founded(store)
    store.put_snapshot(snapshot(0))
    kept = plain.snapshot(0)
    cells = dict(kept.cells)
    swapped = {**cells, "scoring/0": cells["ledger/1"], "ledger/1": cells["scoring/0"]}
    fewer = {name: content for name, content in cells.items() if name != "contracts/0"}
    for wrong in (
        kept._replace(cells=swapped),
        kept._replace(cells=fewer),
        kept._replace(number=1),
        kept._replace(until=1),
        kept._replace(chain="another"),
    ):
        forged = SealedStore(Forged([], wrong), sealed, unsealed)
        with pytest.raises(Damaged, match="of snapshot"):
            forged.snapshot(wrong.number)
        assert newest_good(forged, str) is None
    assert SealedStore(Forged([], kept), sealed, unsealed).snapshot(0) == snapshot(0)


def test_another_key_is_said(store: SealedStore, plain: SqliteStore) -> None:
    store.append(entries(range(2), founded(store)))
    other = Fernet(Fernet.generate_key())
    with pytest.raises(Damaged, match="sealed with another key"):
        list(SealedStore(plain, sealed, lambda content, about: other.decrypt(content)).read())


def test_windows_that_are_appended_again_are_the_same_bytes(store: SealedStore, plain: SqliteStore) -> None:
    """Else a store that has them already would take them for others."""
    epoch = founded(store)
    tried: list[list[Entry]] = []

    class Failing:
        def append(self, windows: list[Entry], epoch: int | None = None) -> None:
            tried.append(list(windows))
            if len(tried) == 1:
                raise StoreError("the answer was lost")

    failing = SealedStore(Failing(), sealed, unsealed)
    with pytest.raises(StoreError):
        failing.append([entry(0, epoch)])
    failing.append([entry(0, epoch)])
    failing.append([entry(0, epoch)])
    assert tried[0] == tried[1] != tried[2]


def test_cells_are_sealed_one_at_a_time(plain: SqliteStore) -> None:
    """While a cell is sealed, those before it are in the database already and not in memory."""
    in_database: list[int] = []

    def watching(content: bytes, about: bytes) -> bytes:
        rows = connection.execute("SELECT count(DISTINCT cell) FROM snapshot_parts").fetchone()
        in_database.append(rows[0])
        return sealed(content, about)

    store = SealedStore(plain, watching, unsealed)
    founded(store)
    with plain._database.using("snapshots") as connection:
        assert isinstance(connection, sqlite3.Connection)
    store.put_snapshot(snapshot(0))
    assert in_database == [0, 1, 2]
