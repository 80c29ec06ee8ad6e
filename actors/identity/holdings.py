"""Who holds which case (数据权限): the customer or the system that handed it in, and whoever was bound to it since. A case is
written down before its number is told, so whoever was told of a case reaches it; a caller that was cut off before asks again with
the same key, and is written down then. Staff are in no such list: what they reach follows from their posts and branch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from actors.identity.database import Database

TABLE = (
    'CREATE TABLE IF NOT EXISTS holdings ("case" INTEGER NOT NULL, subject TEXT NOT NULL, '
    'PRIMARY KEY ("case", subject)) WITHOUT ROWID'
)


class Holdings:
    """Cases and their holders, in a file of its own: a case handed in does not wait for somebody who signs in."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, (TABLE,))
        # A power cut may take the last ones along; whoever held them gets them again by asking with the same key.
        self._database.run("PRAGMA synchronous = NORMAL")

    def add(self, held: Sequence[tuple[int, str]]) -> None:
        """Subjects (``customer:7``, ``system:partner``) hold cases from now on."""
        if held:
            self._database.run_all("INSERT OR IGNORE INTO holdings VALUES (?, ?)", held)

    def holds(self, subject: str, case: int) -> bool:
        """Whether a subject holds a case."""
        found = self._database.row('SELECT 1 FROM holdings WHERE "case" = ? AND subject = ?', case, subject)
        return found is not None

    def close(self) -> None:
        """Ends the connection."""
        self._database.close()
