"""The store in a PostgreSQL database, for `postgresql://…` by psycopg. Each bank has a schema of its own, which the URL names
(`?bank=NAME`, by itself `lendrill`), so that several share a database. A commit has reached the server's disk when it returns;
a server that is set not to wait for its disk is refused.

The bank's row is locked for as long as an append or a takeover lasts, so of two writers one waits and is then fenced. A writer
that stands still with the lock in hand is cut off by the server after a few seconds, so that another can take over."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict

from actors.book.database import Database, Line
from actors.book.sql import SqlStore
from actors.book.store import Damaged, StoreError

_BANK = re.compile(r"[a-z][a-z0-9_]{0,47}")
_SETTINGS = {
    "synchronous_commit": "on",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "5s",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
}
_CONNECT = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


class PostgresStore(SqlStore):
    """The store at a URL."""

    def __init__(self, url: str) -> None:
        super().__init__(PostgresDatabase(url))


class PostgresDatabase(Database):
    """The schema of one bank."""

    TYPES = {"bytes": "BYTEA", "key": "BIGINT"}
    FOR_UPDATE = " FOR UPDATE"
    ERRORS = (psycopg.Error, OverflowError, UnicodeError)

    def __init__(self, url: str) -> None:
        self._where, self._bank_name = _parsed(url)
        super().__init__(_shown(self._where, self._bank_name))

    def _connect(self, line: Line) -> psycopg.Connection[Any]:
        settings = {**_SETTINGS, "search_path": self._bank_name}
        options = " ".join(
            [str(self._where.get("options", "")), *(f"-c {key}={_escaped(of)}" for key, of in settings.items())]
        )
        arguments: dict[str, Any] = {**_CONNECT, **self._where, "options": options, "client_encoding": "utf8"}
        arguments.setdefault("application_name", f"lendrill {line}")
        connection = psycopg.connect(**arguments, autocommit=True)
        try:
            row = connection.execute("SELECT current_setting('fsync')").fetchone()
            if row != ("on",):
                raise StoreError(f"{self.name}: the server does not wait for its disk (fsync = off); set it on")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def begun(self, connection: psycopg.Connection[Any], line: Line) -> Iterator[None]:
        with connection.transaction():
            if line == "snapshots" and "snapshots" in self._tables(connection):
                connection.execute("LOCK TABLE snapshots IN SHARE ROW EXCLUSIVE MODE")
            yield

    def _tables(self, connection: psycopg.Connection[Any]) -> set[str]:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (self._bank_name,))
        return {str(name) for (name,) in rows}

    def _make(self, connection: psycopg.Connection[Any], tables: Sequence[str]) -> None:
        """Two processes may be about it at once; a schema made for us beforehand will do."""
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"lendrill {self._bank_name}",))
        there = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (self._bank_name,)).fetchone()
        if there is None:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self._bank_name)))
        super()._make(connection, tables)

    def rename_aside(self) -> None:
        """Gives the bank's schema a name that no other has."""
        with self.transaction("append") as connection:
            found = connection.execute("SELECT nspname FROM pg_namespace").fetchall()
            names = {str(name) for (name,) in found}
            aside = next(name for number in count(1) if (name := f"{self._bank_name}_aside_{number}") not in names)
            if self._bank_name in names:
                connection.execute(
                    sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(
                        sql.Identifier(self._bank_name), sql.Identifier(aside)
                    )
                )

    def run(self, connection: psycopg.Connection[Any], statement: str, *values: Any) -> Any:
        return connection.cursor(binary=True).execute(_placed(statement), values)

    def run_many(self, connection: psycopg.Connection[Any], statement: str, rows: Iterable[Sequence[Any]]) -> None:
        connection.cursor().executemany(_placed(statement), rows)

    def streamed(
        self, connection: psycopg.Connection[Any], statement: str, *values: Any
    ) -> Generator[Sequence[Any], None, None]:
        yield from connection.cursor(binary=True).stream(_placed(statement), values)

    def _explained(self, error: Exception, line: Line) -> StoreError:  # noqa: ARG002
        said = " ".join((getattr(getattr(error, "diag", None), "message_primary", None) or str(error)).split())
        if isinstance(error, errors.LockNotAvailable):
            return StoreError(f"{self.name}: another process kept it locked for {_SETTINGS['lock_timeout']} ({said})")
        if isinstance(error, errors.DataCorrupted | errors.IndexCorrupted):
            return Damaged(f"{self.name}: damaged ({said}); restore the database from a copy")
        if isinstance(error, psycopg.OperationalError | errors.IdleInTransactionSessionTimeout):
            return StoreError(f"{self.name}: the server can't be reached, or went away ({said})")
        return StoreError(f"{self.name}: can't be used as a day book ({said})")

    def _lost(self, connection: psycopg.Connection[Any]) -> bool:
        return connection.closed


_CHANGED = {
    True: (
        "UPDATE snapshot_parts SET content = set_byte(content, 9, get_byte(content, 9) # 85) WHERE (number, cell, part) = "
        "(SELECT number, cell, part FROM snapshot_parts ORDER BY number DESC, length(content) DESC LIMIT 1)"
    ),
    False: (
        "UPDATE windows SET inputs = set_byte(inputs, 9, get_byte(inputs, 9) # 85) WHERE number = "
        "(SELECT number FROM windows ORDER BY length(inputs) > 100 DESC, number DESC LIMIT 1)"
    ),
}


def one_byte_changed(url: str, *, snapshot: bool) -> None:
    """In the last window that carries something, or in the newest snapshot; see `actors.book.aside`."""
    database = PostgresDatabase(url)
    try:
        with database.transaction("append") as connection:
            if not connection.execute(_CHANGED[snapshot]).rowcount:
                raise StoreError(f"{database.name}: holds nothing yet that could be damaged")
    finally:
        database.close()


def renamed_aside(url: str) -> None:
    """The bank's schema has another name from now on, ``…_aside_N``, and its place is free."""
    database = PostgresDatabase(url)
    try:
        database.rename_aside()
    finally:
        database.close()


def _parsed(url: str) -> tuple[dict[str, Any], str]:
    """What libpq is told, and the bank's schema. No message repeats the URL: a password may stand in it."""
    base, _, query = url.partition("?")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    bank = asked.pop("bank", "lendrill")
    if not _BANK.fullmatch(bank) or bank.startswith("pg_"):
        raise StoreError(
            f"?bank={bank!r}: a bank in a database is named with small letters, digits and _, a letter first"
        )
    try:
        where = conninfo_to_dict(f"{base}?{urlencode(asked, quote_via=quote)}" if asked else base)
    except psycopg.Error:
        raise StoreError(
            "the store's URL can't be read; right is postgresql://USER:PASSWORD@HOST:PORT/DATABASE?bank=NAME, with %XX for "
            "special characters in user and password"
        ) from None
    return dict(where), bank


def _shown(where: dict[str, Any], bank: str) -> str:
    user = f"{where['user']}@" if "user" in where else ""
    port = f":{where['port']}" if "port" in where else ""
    return f"postgresql://{user}{where.get('host', '')}{port}/{where.get('dbname', '')}?bank={bank}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _placed(statement: str) -> bytes:
    """Psycopg's placeholders."""
    return statement.replace("?", "%s").encode()
