"""A SQLite file of the identity services: only its owner may read it, and several processes use it at once. Write-ahead log and
`synchronous=FULL`: what a transaction wrote has reached the disk when it returns."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from actors.identity import files
from actors.identity.errors import Damaged, IdentityError

_BUSY_S = 10.0
Row = sqlite3.Row


class Database:
    """One file with its tables. A process has one connection, which its threads take in turns."""

    def __init__(self, path: Path, tables: Sequence[str]) -> None:
        """Makes the file and what is lacking of `tables`; IdentityError where that can't be."""
        self.path = path
        self._turn, self._inside = threading.RLock(), False
        files.claim(path)
        try:
            self._connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA trusted_schema = OFF")
        except sqlite3.Error as error:
            raise _told(path, error) from None
        with self.transaction():
            for statement in tables:
                self.run(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens or nothing of it, and nobody else writes meanwhile. One inside another is part of it."""
        with self._turn, self._telling():
            if self._inside:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._inside = True
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._inside = False

    def run(self, statement: str, *values: Any) -> int:
        """One statement; how many rows it changed. Outside a transaction it is one of its own."""
        with self._turn, self._telling():
            return self._connection.execute(statement, values).rowcount

    def run_all(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """One statement for each row of values, all or none."""
        with self.transaction():
            self._connection.executemany(statement, rows)

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """The rows that a query finds."""
        with self._turn, self._telling():
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> Row | None:
        """The first row that a query finds."""
        with self._turn, self._telling():
            found: Row | None = self._connection.execute(statement, values).fetchone()
        return found

    def close(self) -> None:
        """Ends the connection."""
        with self._turn:
            self._connection.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _told(self.path, error) from None


def _told(path: Path, error: sqlite3.Error) -> IdentityError:
    """The database's complaint in one line; Damaged where the file is not what SQLite wrote."""
    if type(error) is sqlite3.DatabaseError:
        return Damaged(f"{path}: damaged ({error}); restore it from a copy")
    return IdentityError(f"{path}: can't be read or written ({error})")
