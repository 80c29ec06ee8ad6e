"""What customers uploaded, at rest: each content once, under its digest, sealed (SEC-08), in files that are their owner's alone.

HOME/materials/ab/abcdef…    named by the SHA-256 of the content, sealed for that name"""

from __future__ import annotations

import hashlib
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
        """The digest of a content that is on the disk when this returns, whole, and once however often it came."""
        digest = self.digest(content)
        path = self._path(digest)
        files.private_folder(self._folder)
        files.private_folder(path.parent)
        if not path.exists():
            files.create(path, self._vault.seal(content, _about(digest)))
        return digest

    def get(self, digest: str) -> bytes:
        """A content. IdentityError where it is not there or was changed."""
        return self._vault.open(files.read(self._path(digest)), _about(digest))

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


def _about(digest: str) -> bytes:
    return b"material " + digest.encode()
