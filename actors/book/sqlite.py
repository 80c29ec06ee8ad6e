"""The embedded store: two SQLite files, the day book and beside it the snapshots, which only their owner can read. Write-ahead
log, `synchronous=FULL`: a commit has reached the disk when it returns."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from actors.book.database import Connection, Database, Line
from actors.book.sql import SqlStore
from actors.book.store import Damaged, StoreError

_BUSY_S = 10.0
_LOG_BYTES_KEPT = 64 << 20
_ACCESS = 0o600


class SqliteStore(SqlStore):
    """The store at a path; its folder must exist. The snapshots stand in `<path>-snapshots`."""

    def __init__(self, path: Path) -> None:
        super().__init__(SqliteDatabase(path))


class SqliteDatabase(Database):
    """The two files."""

    TYPES = {"bytes": "BLOB", "key": "INTEGER"}
    ERRORS = (sqlite3.Error, OverflowError, UnicodeError)

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(str(path))

    def _file(self, line: Line) -> Path:
        return self._path.with_name(f"{self._path.name}-snapshots") if line == "snapshots" else self._path

    def _connect(self, line: Line) -> sqlite3.Connection:
        path = self._file(line)
        if not path.parent.is_dir():
            raise StoreError(f"{path}: there is no folder {path.parent}; make it first")
        if path.is_dir():
            raise StoreError(f"{path}: is a folder; a day book is a file")
        # Only a new file: with a descriptor of ours, an existing one's locks would go. What is wrong, SQLite says.
        with suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _ACCESS))
        connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            _set_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def begun(self, connection: sqlite3.Connection, line: Line) -> Iterator[None]:  # noqa: ARG002
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            raise

    def _tables(self, connection: sqlite3.Connection) -> set[str]:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {str(name) for (name,) in rows}

    def streamed(self, connection: Connection, statement: str, *values: Any) -> Generator[Sequence[Any], None, None]:
        with closing(connection.execute(statement, values)) as cursor:
            yield from cursor

    def _explained(self, error: Exception, line: Line) -> StoreError:
        path, said = self._file(line), " ".join(str(error).split())
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB:
            return Damaged(
                f"{path}: is no day book, or a damaged one ({said}); give another path, or restore it from a copy"
            )
        if code == sqlite3.SQLITE_CORRUPT or isinstance(error, UnicodeDecodeError) or "decode to UTF-8" in said:
            return Damaged(f"{path}: damaged ({said}); restore the store from a copy")
        if code == sqlite3.SQLITE_BUSY:
            return StoreError(f"{path}: another process kept it locked for {_BUSY_S:.0f} s ({said})")
        return StoreError(f"{path}: can't be used as a day book ({said})")

    def _lost(self, connection: sqlite3.Connection) -> bool:
        return connection.in_transaction


def _set_up(connection: sqlite3.Connection) -> None:
    """Two processes that open a new file at once lock each other out for a moment, without SQLite's own patience."""
    until = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES_KEPT}")
