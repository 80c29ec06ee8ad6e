"""Day books of which there are several in one bank, one a site, and what is done with one that is of no use any more, or is made
so for a drill."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from actors.book.opening import is_server, open_store
from actors.book.store import Store, StoreError

SITE = "{site}"
"""In a store's address: where the name of a site stands."""
_LAST = "SELECT inputs FROM windows ORDER BY length(inputs) > 100 DESC, number DESC LIMIT 1"
_NEWEST = "SELECT content FROM snapshot_parts ORDER BY number DESC, length(content) DESC LIMIT 1"


def at_site(where: str, site: str) -> str:
    """The address of a site's own store."""
    return where.replace(SITE, site.replace("-", "_") if is_server(where) else site)


def set_aside(where: str) -> Store:
    """Keeps a store under another name beside, and gives an empty one in its place. It must not be open."""
    if is_server(where):
        from actors.book.postgres import renamed_aside

        renamed_aside(where)
        return open_store(where)
    path = Path(where.removeprefix("sqlite:"))
    aside = path.parent / f"set-aside-{1 + len(list(path.parent.glob('set-aside-*')))}"
    aside.mkdir(mode=0o700)
    for file in path.parent.glob(f"{path.name}*"):
        file.rename(aside / file.name)
    return open_store(where)


def damage(where: str, *, snapshot: bool) -> None:
    """Changes one byte of the last window that carries something, or of the newest snapshot: in a file on the disk itself, on a
    server in its row. StoreError where there is none yet."""
    if is_server(where):
        from actors.book.postgres import one_byte_changed

        one_byte_changed(where, snapshot=snapshot)
        return
    path = Path(where.removeprefix("sqlite:"))
    path = path.with_name(f"{path.name}-snapshots") if snapshot else path
    with closing(sqlite3.connect(path)) as book:
        book.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found: Any = book.execute(_NEWEST if snapshot else _LAST).fetchone()
    if found is None or not found[0]:
        raise StoreError(f"{path}: holds nothing yet that could be damaged")
    content, mark = path.read_bytes(), bytes(found[0][:32])
    if (at := content.find(mark)) < 0:
        raise StoreError(f"{path}: its last window is not on the disk yet; wait a moment, and try again")
    with path.open("r+b") as file:
        file.seek(at + len(mark) // 2)
        byte = file.read(1)[0]
        file.seek(at + len(mark) // 2)
        file.write(bytes([byte ^ 0x55]))
