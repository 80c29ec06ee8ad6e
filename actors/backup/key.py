"""The key of a bank's backups (备份密钥): 256 bits of its own, made at the bank's first start and kept with its other keys. It
opens what the bank's own keys lie in, so a copy of it must be kept elsewhere: without it no backup restores.

HOME/identity/backup.key    64 hexadecimal digits"""

from __future__ import annotations

import hmac
import os
import re
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from actors.backup.errors import BackupError
from actors.identity import files
from actors.identity.vault import Sealer

FILE = "backup.key"
_BYTES = 32
_FORM = re.compile(rb"[0-9a-f]{64}\s*")


class BackupKey:
    """A key of backups. `name` says which one it is, and tells nothing about it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.name = hmac.digest(secret, b"name of the backup key", "sha256")[:8].hex()

    def __repr__(self) -> str:
        return f"<BackupKey {self.name}>"

    def __reduce__(self) -> str:
        raise TypeError("keys are not sent or stored; read their file instead")

    @classmethod
    def open(cls, path: Path) -> BackupKey:
        """The key in a file with mode 600, made there at the first call."""
        if not path.exists():
            files.create(path, os.urandom(_BYTES).hex().encode() + b"\n")
        return cls.read(path)

    @classmethod
    def read(cls, path: Path) -> BackupKey:
        """The key in a file. BackupError where it holds none, IdentityError where others may read it or it is not there."""
        content = files.read(path)
        if not _FORM.fullmatch(content):
            raise BackupError(f"{path}: holds no key of backups; give the bank's identity/{FILE}, or its copy")
        return cls(bytes.fromhex(content.decode()))

    def save(self, path: Path) -> None:
        """Writes it into a file with mode 600."""
        files.replace(path, self._secret.hex().encode() + b"\n")

    def cipher(self, backup: str) -> AESGCM:
        """The cipher of one backup, which no other backup shares."""
        return AESGCM(self._derived(b"backup " + backup.encode()))

    def wrapping(self) -> Sealer:
        """What seals the bank's own keys once more, so that they stand in no opened backup in the clear."""
        return Sealer(self._derived(b"the bank's own keys"))

    def _derived(self, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=_BYTES, salt=None, info=b"lendrill " + purpose).derive(self._secret)
