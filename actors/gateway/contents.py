"""What customers uploaded, at rest: each content once, under its digest, sealed (SEC-08), in files that are their owner's alone.
A content is on the disk before the bank is told of it. What the bank does not speak of, since it was never told or the
application was closed, is swept away once it has lain for as long as materials are waited for.

HOME/materials/ab/abcdef…    named by the SHA-256 of the content, sealed for that name"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from actors.identity import files
from actors.identity.vault import Vault

FOLDER = "materials"


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
        path = self._path(digest)
        for folder in (self._folder, path.parent):
            files.private_folder(folder)
        with _held(path.parent, fcntl.LOCK_SH):
            if path.exists():
                os.utime(path)
            else:
                files.create(path, self._vault.seal(content, _about(digest)))
        for folder in (path.parent, self._folder, self._folder.parent):
            files.sync_folder(folder)
        return digest

    def sweep(self, spoken_of: Collection[str], before_s: float) -> int:
        """Removes what last came before an instant (seconds since 1970) and is none of the digests that the bank speaks of, also
        what a process left half written; how many. `spoken_of` may be of any instant after `before_s`."""
        removed = 0
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            with _held(folder, fcntl.LOCK_EX):
                for path in sorted(folder.iterdir()):
                    if path.name not in spoken_of and path.stat().st_mtime < before_s:
                        path.unlink()
                        removed += 1
        return removed

    def has(self, digest: str) -> bool:
        """Whether a content is there: what a simulated customer brought has none."""
        return self._path(digest).exists()

    def get(self, digest: str) -> bytes:
        """A content. IdentityError where it is not there or was changed."""
        return self._vault.open(files.read(self._path(digest)), _about(digest))

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
