"""The embedded store: two SQLite files, the day book and beside it the snapshots. Write-ahead log, `synchronous=FULL`: a commit
has reached the disk when it returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actors.book.sql import SqlStore
from actors.book.store import StoreError

_BUSY_S = 10.0


class SqliteStore(SqlStore):
    """The store at a path; its folder must exist."""

    BYTES = "BLOB"

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(str(path))

    def _connect(self, what: str) -> sqlite3.Connection:
        path = self._path if what == "book" else self._path.with_name(f"{self._path.name}-{what}")
        if not path.parent.is_dir():
            raise StoreError(f"{path}: there is no folder {path.parent}; make it first")
        try:
            connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            raise StoreError(f"{path}: can't be used as a day book ({error})") from None
        return connection

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection) -> Iterator[None]:
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"{self.name}: the day book can't be written ({error})") from None
