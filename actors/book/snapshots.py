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
                digests[cell] = blake2b(content, digest_size=16).digest()
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
        with (
            self._database.using("snapshots") as connection,
            closing(self._database.streamed(connection, _READ, number)) as rows,
        ):
            head, digests, parts = self._gathered(number, rows, keep)
        if head is None:
            raise StoreError(f"{self._database.name}: there is no snapshot {number}")
        if _seal(number, head.until, head.chain, digests) != head.seal:
            raise self._damaged(number)
        cells = {cell: b"".join(parts.pop(cell)) for cell in tuple(parts)}
        return Snapshot(number, head.until, head.chain, cells)

    def _gathered(
        self, number: int, rows: Iterator[Sequence[Any]], keep: bool
    ) -> tuple[_Head | None, dict[str, bytes], dict[str, list[bytes]]]:
        """What a snapshot's row says, and by cell a digest and the parts."""
        head: _Head | None = None
        digests: dict[str, Any] = {}
        parts: dict[str, list[bytes]] = {}
        upcoming = 0
        for until, chain, seal, cell, part, content in rows:
            head = _Head(until, chain, seal)
            if cell is None and are(head, (int, str, bytes)):
                break  # it is of no cell
            if not are((*head, cell, part, content), (int, str, bytes, str, int, bytes)):
                raise self._damaged(number)
            if cell not in digests:
                digests[cell], upcoming = blake2b(digest_size=16), 0
            if part != upcoming:
                raise self._damaged(number)
            upcoming += 1
            digests[cell].update(content)
            if keep:
                parts.setdefault(cell, []).append(content)
        return head, {cell: digest.digest() for cell, digest in digests.items()}, parts

    def is_good(self, number: int) -> bool:
        """Whether it is what was written."""
        try:
            self.read(number, keep=False)
        except Damaged:
            return False
        return True

    def _damaged(self, number: int) -> Damaged:
        return Damaged(f"{self._database.name}: damaged: snapshot {number} is not what was written")

    def _forget(self, connection: Connection, numbers: Sequence[int]) -> None:
        for number in numbers:
            for table in TABLES:
                self._database.run(connection, f"DELETE FROM {table} WHERE number = ?", number)


def are(values: Sequence[Any], types: tuple[type, ...]) -> bool:
    """Whether values are of their types: a damaged file may hold anything in any column."""
    return tuple(map(type, values)) == types


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
