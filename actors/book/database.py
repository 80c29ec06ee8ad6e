"""A database as the SQL stores use it: three connections, each with a lock of its own, so that the threads of a bank do not wait
for one another: one appends, one reads windows, one keeps snapshots. Where one is lost, all are made anew by their next calls.

A dialect says how to connect, how a transaction begins, and what its database's errors mean. Statements are written with `?`."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from actors.book.store import StoreError

Connection = Any
Line = Literal["append", "read", "snapshots"]


@dataclass
class _Held:
    """A connection and who may use it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    connection: Connection | None = None
    losses: int = 0
    """How many had been lost when it was made."""


class Database:
    """See the module's text."""

    TYPES: ClassVar[Mapping[str, str]]
    """What it calls `bytes`, and the `key` of a table that is a number."""
    FOR_UPDATE: ClassVar[str] = ""
    """How a row is locked until the transaction ends, where a transaction does not lock out other writers by itself."""
    ERRORS: ClassVar[tuple[type[Exception], ...]]
    """What its driver raises."""

    def __init__(self, name: str) -> None:
        """`name`: what messages call it; without a password."""
        self.name = name
        self._closed = False
        self._losses = 0
        self._lines: dict[Line, _Held] = {"append": _Held(), "read": _Held(), "snapshots": _Held()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    # a dialect says ---------------------------------------------------------------------------------------------------

    def _connect(self, line: Line) -> Connection:
        raise NotImplementedError

    def begun(self, connection: Connection, line: Line) -> AbstractContextManager[Any]:
        """A transaction, alone in writing what this line writes; rolled back on any error."""
        raise NotImplementedError

    def _tables(self, connection: Connection) -> set[str]:
        """The tables that are there."""
        raise NotImplementedError

    def _explained(self, error: Exception, line: Line) -> StoreError:
        """One of `ERRORS` as a line that a person understands."""
        raise NotImplementedError

    def _lost(self, connection: Connection) -> bool:
        """Whether a connection is of no more use after an error."""
        raise NotImplementedError

    def _make(self, connection: Connection, tables: Sequence[str]) -> None:
        """The tables, unless another process has just made them."""
        for table in tables:
            self.run(connection, table.format(**self.TYPES))

    def run(self, connection: Connection, statement: str, *values: Any) -> Any:
        """A cursor."""
        return connection.execute(statement, values)

    def run_many(self, connection: Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """The statement once for each row."""
        connection.executemany(statement, rows)

    def streamed(self, connection: Connection, statement: str, *values: Any) -> Generator[Sequence[Any], None, None]:
        """Rows of one statement, not all at once in memory."""
        yield from self.run(connection, statement, *values)

    # connections ------------------------------------------------------------------------------------------------------

    @contextmanager
    def using(self, line: Line) -> Iterator[Connection]:
        """A connection, for one thread at a time."""
        held = self._lines[line]
        with held.lock:
            if self._closed:
                raise StoreError(f"{self.name}: the store is closed")
            try:
                if held.losses != self._losses:
                    self._let_go(held)
                if held.connection is None:
                    held.losses, held.connection = self._losses, self._connect(line)
                yield held.connection
            except self.ERRORS as error:
                raise self._explained(error, line) from None
            finally:
                if held.connection is not None and self._lost(held.connection):
                    self._losses += 1

    @contextmanager
    def transaction(self, line: Line) -> Iterator[Connection]:
        """A connection in a transaction: all of it, or nothing."""
        with self.using(line) as connection, self.begun(connection, line):
            yield connection

    def prepare(self, line: Line, tables: Mapping[str, str], ours: frozenset[str]) -> None:
        """Makes tables where there are none; refuses a place that holds something else than `ours`."""
        with self.using(line) as connection:
            there = self._tables(connection)
        if there.intersection(tables):
            return
        if foreign := sorted(there - ours):
            raise StoreError(
                f"{self.name}: holds something else (a table {foreign[0]}); a day book needs a place of its own"
            )
        with self.transaction(line) as connection:
            self._make(connection, list(tables.values()))

    def close(self) -> None:
        """Waits for calls under way. May be called again."""
        self._closed = True
        for held in self._lines.values():
            with held.lock:
                self._let_go(held)

    def _let_go(self, held: _Held) -> None:
        connection, held.connection = held.connection, None
        if connection is not None:
            with suppress(*self.ERRORS):
                connection.close()
