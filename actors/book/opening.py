"""Which store stands where: `sqlite:PATH`, a bare path, or `postgresql://…`."""

from __future__ import annotations

import re
from pathlib import Path

from actors.book.store import Store, StoreError

_SQLITE = "sqlite:"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_RIGHT = "right are sqlite:PATH, a path, or postgresql://USER@HOST:PORT/DATABASE?bank=NAME"


def is_server(where: str) -> bool:
    """Whether a store is on a database server, not in a file."""
    scheme, apart, _ = where.partition("://")
    return bool(apart) and scheme.lower() in ("postgresql", "postgres")


def open_store(where: str) -> Store:
    """The store at `where`. StoreError says what is wrong with it, and never repeats a password."""
    if is_server(where):
        from actors.book.postgres import PostgresStore

        return PostgresStore(f"postgresql://{where.partition('://')[2]}")
    path = where.removeprefix(_SQLITE)
    if other := _SCHEME.match(path):
        raise StoreError(f"a store can't be at {other[0]}…; {_RIGHT}")
    if not path or path.startswith("//"):
        raise StoreError(f"a store needs a path; {_RIGHT}")
    from actors.book.sqlite import SqliteStore

    return SqliteStore(Path(path).expanduser())
