"""What the SQL stores share: tables, seals and the epoch. A dialect says how to connect and how its placeholders look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from actors.book.store import (
    OPENING,
    SNAPSHOTS_KEPT,
    Damaged,
    Entry,
    Fenced,
    Snapshot,
    StoreError,
    seal_of,
    seal_of_snapshot,
)

RELEASE = 1
"""Of these tables; a store of a newer one is not touched."""
Connection = Any

BOOK_TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS bank (one INTEGER PRIMARY KEY CHECK (one = 1), release INTEGER NOT NULL, "
        "identity TEXT NOT NULL, epoch BIGINT NOT NULL)"
    ),
    (
        "CREATE TABLE IF NOT EXISTS windows (number BIGINT PRIMARY KEY, epoch BIGINT NOT NULL, start_ms BIGINT NOT NULL, "
        "until_ms BIGINT NOT NULL, inputs {bytes} NOT NULL, proved BIGINT NOT NULL, chain TEXT NOT NULL, seal {bytes} NOT NULL)"
    ),
)
SHELF_TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS snapshots (number BIGINT PRIMARY KEY, until_ms BIGINT NOT NULL, chain TEXT NOT NULL, "
        "seal {bytes} NOT NULL)"
    ),
    (
        "CREATE TABLE IF NOT EXISTS snapshot_cells (number BIGINT NOT NULL, cell TEXT NOT NULL, content {bytes} NOT NULL, "
        "PRIMARY KEY (number, cell))"
    ),
)
_COLUMNS = "number, epoch, start_ms, until_ms, inputs, proved, chain"
_READ_AT_ONCE = 500


class SqlStore:
    """A store in a database; see the module's text. `_book` and `_shelf` are connections: snapshots, which are large, never keep
    a window waiting."""

    BYTES: ClassVar[str]
    PLACEHOLDER: ClassVar[str] = "?"
    name: str
    """What messages call it; without a password."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._book, self._shelf = self._connect("book"), self._connect("snapshots")
        self._last = (-1, OPENING)
        for connection, tables in ((self._book, BOOK_TABLES), (self._shelf, SHELF_TABLES)):
            with self._transaction(connection):
                for table in tables:
                    self._run(connection, table.format(bytes=self.BYTES))

    # a dialect says ---------------------------------------------------------------------------------------------------

    def _connect(self, what: str) -> Connection:
        """A connection for the windows (``book``) or the snapshots."""
        raise NotImplementedError

    def _transaction(self, connection: Connection) -> AbstractContextManager[Any]:
        """Commits at the end, rolls back on an error; the database's own errors leave as StoreError."""
        raise NotImplementedError

    def _run(self, connection: Connection, statement: str, *values: Any) -> Any:
        return connection.execute(statement.replace("?", self.PLACEHOLDER), values)

    # the port ---------------------------------------------------------------------------------------------------------

    def found(self, identity: str) -> str:
        with self._transaction(self._book):
            self._run(
                self._book,
                "INSERT INTO bank (one, release, identity, epoch) VALUES (1, ?, ?, 0) ON CONFLICT (one) DO NOTHING",
                RELEASE,
                identity,
            )
            release, kept = self._run(self._book, "SELECT release, identity FROM bank WHERE one = 1").fetchone()
        if release > RELEASE:
            raise StoreError(
                f"{self.name}: written by a newer release (its tables are of version {release}, this release knows {RELEASE}); "
                "use the release that wrote it"
            )
        return str(kept)

    def enter(self) -> int:
        with self._transaction(self._book):
            row = self._run(self._book, "UPDATE bank SET epoch = epoch + 1 WHERE one = 1 RETURNING epoch").fetchone()
            if row is None:
                raise StoreError(f"{self.name}: belongs to no bank yet")
            last = self._run(self._book, "SELECT number, seal FROM windows ORDER BY number DESC LIMIT 1").fetchone()
        self._last = (int(last[0]), bytes(last[1])) if last else (-1, OPENING)
        return int(row[0])

    def append(self, entries: Sequence[Entry]) -> None:
        last = self._last
        with self._transaction(self._book):
            mine = self._run(self._book, "UPDATE bank SET epoch = epoch WHERE one = 1 AND epoch = ?", entries[0].epoch)
            if mine.rowcount != 1:
                raise Fenced(f"{self.name}: another process has taken the bank over; this one must stop")
            for entry in entries:
                if entry.number != last[0] + 1 and last[0] >= 0:
                    raise StoreError(f"{self.name}: window {entry.number} does not follow window {last[0]}")
                seal = seal_of(last[1], entry)
                self._run(
                    self._book, f"INSERT INTO windows ({_COLUMNS}, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *entry, seal
                )
                last = (entry.number, seal)
        self._last = last

    def read(self, first: int = 0) -> Iterator[Entry]:
        before, number = self._seal_before(first), first
        while True:
            rows = self._run(
                self._book,
                f"SELECT {_COLUMNS}, seal FROM windows WHERE number >= ? ORDER BY number LIMIT {_READ_AT_ONCE}",
                number,
            ).fetchall()
            for row in rows:
                place, epoch, start, until, inputs, proved, chain, seal = row
                entry = Entry(place, epoch, start, until, bytes(inputs), proved, chain)
                if entry.number != number and not (number == first and before == OPENING):
                    raise Damaged(f"{self.name}: damaged: window {number} is missing from the day book")
                if seal_of(before, entry) != bytes(seal):
                    raise Damaged(
                        f"{self.name}: damaged: window {entry.number} of the day book is not what was written; "
                        "restore the store from a copy"
                    )
                yield entry
                before, number = bytes(seal), entry.number + 1
            if len(rows) < _READ_AT_ONCE:
                return

    def _seal_before(self, first: int) -> bytes:
        row = self._run(
            self._book, "SELECT seal FROM windows WHERE number < ? ORDER BY number DESC LIMIT 1", first
        ).fetchone()
        return bytes(row[0]) if row else OPENING

    def put_snapshot(self, snapshot: Snapshot) -> None:
        with self._transaction(self._shelf):
            kept = [number for (number,) in self._run(self._shelf, "SELECT number FROM snapshots").fetchall()]
            if snapshot.number in kept:
                return
            for name, content in snapshot.cells.items():
                self._run(
                    self._shelf,
                    "INSERT INTO snapshot_cells (number, cell, content) VALUES (?, ?, ?)",
                    snapshot.number,
                    name,
                    content,
                )
            self._run(
                self._shelf,
                "INSERT INTO snapshots (number, until_ms, chain, seal) VALUES (?, ?, ?, ?)",
                snapshot.number,
                snapshot.until,
                snapshot.chain,
                seal_of_snapshot(snapshot),
            )
            kept = sorted([*kept, snapshot.number])
            for number in kept[1:-SNAPSHOTS_KEPT]:
                for table in ("snapshots", "snapshot_cells"):
                    self._run(self._shelf, f"DELETE FROM {table} WHERE number = ?", number)

    def snapshots(self) -> list[int]:
        rows = self._run(self._shelf, "SELECT number FROM snapshots ORDER BY number DESC").fetchall()
        return [int(number) for (number,) in rows]

    def snapshot(self, number: int) -> Snapshot:
        row = self._run(self._shelf, "SELECT until_ms, chain, seal FROM snapshots WHERE number = ?", number).fetchone()
        if row is None:
            raise StoreError(f"{self.name}: there is no snapshot {number}")
        cells = self._run(self._shelf, "SELECT cell, content FROM snapshot_cells WHERE number = ?", number).fetchall()
        found = Snapshot(number, int(row[0]), str(row[1]), {name: bytes(content) for name, content in cells})
        if seal_of_snapshot(found) != bytes(row[2]):
            raise Damaged(f"{self.name}: damaged: snapshot {number} is not what was written")
        return found

    def close(self) -> None:
        self._book.close()
        self._shelf.close()
