"""Snapshots in a database: a row each, and their cells in parts, so that hundreds of megabytes never stand in memory twice. Their
transactions are their own: a large snapshot does not keep a window waiting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import blake2b
from typing import Any, NamedTuple

from actors.book.database import Connection, Database
from actors.book.store import SNAPSHOTS_KEPT, Damaged, Snapshot, StoreError, seal_over

PART_BYTES = 1 << 20
TABLES = {
    "snapshots": (
        "CREATE TABLE IF NOT EXISTS snapshots (number {key} PRIMARY KEY, until_ms BIGINT NOT NULL, chain TEXT NOT NULL, "
        "seal {bytes} NOT NULL)"
    ),
    "snapshot_parts": (
        "CREATE TABLE IF NOT EXISTS snapshot_parts (number BIGINT NOT NULL, cell TEXT NOT NULL, part INTEGER NOT NULL, "
        "content {bytes} NOT NULL, PRIMARY KEY (number, cell, part))"
    ),
}
_INSERT = "INSERT INTO snapshots (number, until_ms, chain, seal) VALUES (?, ?, ?, ?)"
_INSERT_PART = "INSERT INTO snapshot_parts (number, cell, part, content) VALUES (?, ?, ?, ?)"
_READ = (
    "SELECT s.until_ms, s.chain, s.seal, p.cell, p.part, p.content FROM snapshots s "
    "LEFT JOIN snapshot_parts p ON p.number = s.number WHERE s.number = ? ORDER BY p.cell, p.part"
)


class _Head(NamedTuple):
    until: int
    chain: str
    seal: bytes


class Snapshots:
    """The snapshots of one bank; see the module's text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, snapshot: Snapshot) -> None:
        """One transaction; older ones go only once the new one has been read."""
        number, database = snapshot.number, self._database
        if number in self.numbers() and self.is_good(number):
            return
        with database.transaction("snapshots") as connection:
            self._forget(connection, [number])
            digests = {}
            for cell, content in snapshot.cells.items():
                digests[cell] = _digest(content)
                parts = ((number, cell, part, piece) for part, piece in enumerate(_pieces(content)))
                database.run_many(connection, _INSERT_PART, parts)
            seal = _seal(number, snapshot.until, snapshot.chain, digests)
            database.run(connection, _INSERT, number, snapshot.until, snapshot.chain, seal)
        self.read(number, keep=False)
        if superseded := self.numbers()[SNAPSHOTS_KEPT:-1]:
            with database.transaction("snapshots") as connection:
                self._forget(connection, superseded)

    def numbers(self) -> list[int]:
        """Newest first."""
        with self._database.using("snapshots") as connection:
            statement = "SELECT number FROM snapshots ORDER BY number DESC"
            rows = self._database.run(connection, statement).fetchall()
        if not all(are(row, (int,)) for row in rows):
            raise Damaged(f"{self._database.name}: damaged: the list of snapshots is not what was written")
        return [int(number) for (number,) in rows]

    def read(self, number: int, keep: bool = True) -> Snapshot:
        """Compares it with its seal; without its content where that is not to be kept."""
        cells: dict[str, bytes] = {}
        digests: dict[str, bytes] = {}
        head: _Head | None = None
        with (
            self._database.using("snapshots") as connection,
            closing(self._database.streamed(connection, _READ, number)) as rows,
        ):
            for said, cell, content in self._cells(number, rows):
                head = said
                if cell is not None:
                    digests[cell] = _digest(content)
                    if keep:
                        cells[cell] = content
        if head is None:
            raise StoreError(f"{self._database.name}: there is no snapshot {number}")
        if _seal(number, head.until, head.chain, digests) != head.seal:
            raise self._damaged(number)
        return Snapshot(number, head.until, head.chain, cells)

    def is_good(self, number: int) -> bool:
        """Whether it is what was written."""
        try:
            self.read(number, keep=False)
        except Damaged:
            return False
        return True

    def _cells(self, number: int, rows: Iterator[Sequence[Any]]) -> Iterator[tuple[_Head, str | None, bytes]]:
        """Cell by cell, each with what the snapshot's row says; None for the cell of one that has none."""
        head: _Head | None = None
        name, parts = None, list[bytes]()
        for until, chain, seal, cell, part, content in rows:
            if not are((until, chain, seal), (int, str, bytes)):
                raise self._damaged(number)
            if cell is None:
                yield _Head(until, chain, seal), None, b""
                return
            if head is not None and cell != name:
                yield head, name, b"".join(parts)
                parts.clear()
            if not are((cell, part, content), (str, int, bytes)) or part != len(parts):
                raise self._damaged(number)
            head, name = _Head(until, chain, seal), cell
            parts.append(content)
        if head is not None:
            yield head, name, b"".join(parts)

    def _damaged(self, number: int) -> Damaged:
        return Damaged(f"{self._database.name}: damaged: snapshot {number} is not what was written")

    def _forget(self, connection: Connection, numbers: Sequence[int]) -> None:
        for number in numbers:
            for table in TABLES:
                self._database.run(connection, f"DELETE FROM {table} WHERE number = ?", number)


def are(values: Sequence[Any], types: Sequence[type]) -> bool:
    """Whether values are of their types: a damaged file may hold anything in any column."""
    return all(type(value) is of for value, of in zip(values, types, strict=True))


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def _pieces(content: bytes) -> Iterator[memoryview]:
    """At least one, so that an empty cell is kept."""
    view = memoryview(content)
    for begin in range(0, max(len(view), 1), PART_BYTES):
        yield view[begin : begin + PART_BYTES]


def _seal(number: int, until: int, chain: str, digests: Mapping[str, bytes]) -> bytes:
    fields: list[bytes | str | int] = [number, until, chain]
    for cell in sorted(digests):
        fields += [cell, digests[cell]]
    return seal_over(*fields)
