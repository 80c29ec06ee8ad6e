"""Disks of the fault search: databases in memory that outlive the process that writes them, and a store on them that fails when
it is told to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from actors.book.database import Connection, Line
from actors.book.sql import SqlStore
from actors.book.sqlite import SqliteDatabase
from actors.book.store import Entry, Snapshot, StoreError


class Disk:
    """What lies on a site's disk: the day book's file and the snapshots' file."""

    def __init__(self) -> None:
        self.files: dict[str, sqlite3.Connection] = {}
        self.damaged = False
        """Whether a byte of the day book is another; of a snapshot it does not count, since the book makes up for it."""

    def file(self, name: str) -> sqlite3.Connection:
        """A file, made where there is none."""
        if name not in self.files:
            self.files[name] = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        return self.files[name]

    def damage(self, table: str, column: str, count: int) -> bool:
        """Changes a byte of a row; False where there is none."""
        file = self.file("snapshots" if table.startswith("snapshot") else "append")
        with suppress(sqlite3.OperationalError):
            rows = file.execute(f"SELECT rowid, {column} FROM {table} ORDER BY rowid DESC LIMIT {count}").fetchall()
            rows = [row for row in rows if row[1]]
            if rows:
                key, content = rows[-1]
                place = count * 7 % len(content)
                changed = content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :]
                self.damaged |= table == "windows"
                file.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, key))
                return True
        return False

    def close(self) -> None:
        for file in self.files.values():
            file.close()


class _MemoryDatabase(SqliteDatabase):
    """A process's view of a disk: what it leaves open in a transaction, the disk forgets."""

    def __init__(self, name: str, disk: Disk) -> None:
        self._disk = disk
        super().__init__(Path(name))

    def _connect(self, line: Line) -> sqlite3.Connection:
        file = self._disk.file("snapshots" if line == "snapshots" else "append")
        if file.in_transaction:
            file.execute("ROLLBACK")
        return file

    def _let_go(self, held: object) -> None:
        held.connection = None  # type: ignore[attr-defined]

    def _lost(self, connection: Connection) -> bool:  # noqa: ARG002
        return False


class DiskStore(SqlStore):
    """A store whose writes may fail: `write` does one, or raises."""

    def __init__(self, name: str, disk: Disk, write: Callable[[Callable[[], None]], None]) -> None:
        super().__init__(_MemoryDatabase(name, disk))
        self._write = write

    def append(self, entries: Sequence[Entry], epoch: int | None = None) -> None:
        self._write(lambda: super(DiskStore, self).append(entries, epoch))

    def put_snapshot(self, snapshot: Snapshot) -> None:
        self._write(lambda: super(DiskStore, self).put_snapshot(snapshot))


class Full(StoreError):
    """No room on the disk."""
