"""What customers uploaded, at rest: each content once, under its digest, sealed (SEC-08), in files that are their owner's alone.
A content is on the disk before the bank is told of it. What the bank does not speak of, since it was never told or the
application was closed, is swept away once it has lain for as long as materials are waited for.

HOME/materials/ab/abcdef…    named by the SHA-256 of the content, sealed for that name
HOME/contents.db             their digests in the order in which they came, for other sites"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from actors.identity import files
from actors.identity.database import Database
from actors.identity.errors import Damaged
from actors.identity.vault import Vault

FOLDER, LIST = "materials", "contents.db"
_TABLE = "CREATE TABLE IF NOT EXISTS contents (number INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE)"
_AT_ONCE = 2_000
_DIGEST = re.compile("[0-9a-f]{64}")


class Contents:
    """Contents by their digests. `home`: the bank's folder."""

    def __init__(self, home: Path, vault: Vault) -> None:
        self._folder, self._vault = home / FOLDER, vault

    @staticmethod
    def digest(content: bytes) -> str:
        """What a content is known by: 64 hexadecimal digits."""
        return hashlib.sha256(content).hexdigest()

    def keep(self, content: bytes) -> str:
        """The digest of a content that is on the disk when this returns, whole, and once however often it came. One that came
        again is as young as a new one: no sweep takes it before the bank is told."""
        digest = self.digest(content)
        self._put(digest, self._vault.seal(content, _about(digest)))
        return digest

    def put(self, digest: str, sealed: bytes) -> None:
        """Keeps what another site of the bank sealed (`sealed`), as `keep` does. Damaged where it is not what the digest says."""
        if self.digest(self._vault.open(sealed, _about(digest))) != digest:
            raise Damaged(f"material {digest}: the content is another one")
        self._put(digest, sealed)

    def _put(self, digest: str, sealed: bytes) -> None:
        path = self._path(digest)
        for folder in (self._folder, path.parent):
            files.private_folder(folder)
        with _held(path.parent, fcntl.LOCK_SH):
            if path.exists():
                os.utime(path)
            else:
                files.create(path, sealed)
        for folder in (path.parent, self._folder, self._folder.parent):
            files.sync_folder(folder)
        self._list.run("INSERT OR REPLACE INTO contents (digest) VALUES (?)", digest)

    def sweep(self, spoken_of: Collection[str], before_s: float) -> int:
        """Removes what last came before an instant (seconds since 1970) and is none of the digests that the bank speaks of, also
        what a process left half written; how many. `spoken_of` may be of any instant after `before_s`."""
        removed = 0
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            with _held(folder, fcntl.LOCK_EX):
                for path in sorted(folder.iterdir()):
                    if path.name not in spoken_of and path.stat().st_mtime < before_s:
                        path.unlink()
                        self._list.run("DELETE FROM contents WHERE digest = ?", path.name)
                        removed += 1
        return removed

    def has(self, digest: str) -> bool:
        """Whether a content is there: what a simulated customer brought has none."""
        return self._path(digest).exists()

    def get(self, digest: str) -> bytes:
        """A content. IdentityError where it is not there or was changed."""
        return self._vault.open(files.read(self._path(digest)), _about(digest))

    def sealed(self, digest: str) -> bytes:
        """A content as it lies here, for another site. IdentityError where it is not there or was changed."""
        sealed = files.read(self._path(digest))
        self._vault.open(sealed, _about(digest))
        return sealed

    def lacking(self, digests: Iterable[str]) -> list[str]:
        """Those of some digests whose contents are not here."""
        return [digest for digest in digests if _DIGEST.fullmatch(digest) and not self.has(digest)]

    def changes(self, since: int) -> Iterator[tuple[int, bytes]]:
        """(number, digest) of what came after a number, in its order."""
        query = "SELECT number, digest FROM contents WHERE number > ? ORDER BY number LIMIT ?"
        while rows := self._list.rows(query, since, _AT_ONCE):
            for number, digest in rows:
                yield number, digest.encode()
            since = rows[-1]["number"]

    def newest(self) -> int:
        """The number of the last that came."""
        return int(self._list.rows("SELECT coalesce(max(number), 0) FROM contents")[0][0])

    @cached_property
    def _list(self) -> Database:
        """The list of what came; it begins with what lay here before there was one."""
        database = Database(self._folder.parent / LIST, (_TABLE,))
        with database.transaction():
            if database.row("SELECT 1 FROM contents") is None:
                lie = sorted(
                    path.name for path in self._folder.glob("[0-9a-f][0-9a-f]/*") if _DIGEST.fullmatch(path.name)
                )
                database.run_all("INSERT INTO contents (digest) VALUES (?)", [(digest,) for digest in lie])
        return database

    def close(self) -> None:
        """Ends the connection."""
        if "_list" in vars(self):
            self._list.close()

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    """A folder held together with others, or alone."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _about(digest: str) -> bytes:
    return b"material " + digest.encode()
