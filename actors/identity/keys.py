"""The keys of a bank, made at its first start in a folder that only their owner can read: one 256-bit key that signs tokens,
one from which all other keys follow (HKDF, one a purpose). Tokens are signed with HS256: whoever verifies them also issues them,
and it takes a fifth of Ed25519's time. Keys never show: not in a repr, a message or a log.

Losing `keys.json` loses everything that was sealed with it, so a folder that was in use gets no new one in silence."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from actors.identity import files
from actors.identity.errors import IdentityError

NAME = "keys.json"
KEY_BYTES = 32
_RELEASE = 1
_FIRST_LETTERS = 20
"""Of a first password, from an alphabet of 32: 100 bits."""


class Keys:
    """A bank's keys. `number` names the signing key in tokens, and tells nothing about it."""

    def __init__(self, signing: bytes, data: bytes) -> None:
        """Raises IdentityError unless both have 256 bits and differ."""
        if len(signing) != KEY_BYTES or len(data) != KEY_BYTES or signing == data:
            raise IdentityError("keys: two different keys of 32 bytes each are needed")
        self._signing, self._data = signing, data
        self.number = hmac.digest(signing, b"number of the signing key", "sha256")[:8].hex()

    def __repr__(self) -> str:
        return f"<Keys {self.number}>"

    def __reduce__(self) -> str:
        raise TypeError("keys are not sent or stored; open their folder instead")

    @classmethod
    def random(cls) -> Keys:
        """Fresh keys, kept nowhere."""
        return cls(os.urandom(KEY_BYTES), os.urandom(KEY_BYTES))

    @classmethod
    def open(cls, folder: Path) -> Keys:
        """The keys of a folder, made there at the first start. KeysExposed where others may read it; IdentityError where the
        keys are damaged, or gone while other files are there."""
        path = files.private_folder(folder) / NAME
        if not path.exists() and not path.is_symlink():
            if others := sorted(one.name for one in folder.iterdir() if not one.name.startswith(".")):
                if not path.exists():  # nor has another process made them meanwhile
                    raise IdentityError(
                        f"{path}: the keys are gone, but {others[0]} is there; restore the keys from their copy, "
                        "new ones could not read what was sealed with them"
                    )
            else:
                files.create(path, cls.random()._content())
        return cls._read(path)

    def _content(self) -> bytes:
        texts = {"signing": base64.b64encode(self._signing).decode(), "data": base64.b64encode(self._data).decode()}
        return (json.dumps({"release": _RELEASE} | texts, indent=1) + "\n").encode()

    @classmethod
    def _read(cls, path: Path) -> Keys:
        content = files.read(path)
        try:
            found = json.loads(content)
            release, signing, data = (
                found["release"],
                *(base64.b64decode(found[k], validate=True) for k in ("signing", "data")),
            )
            keys = cls(signing, data)
        except (ValueError, KeyError, TypeError):
            raise IdentityError(f"{path}: damaged; restore the keys from their copy") from None
        if release != _RELEASE:
            raise IdentityError(
                f"{path}: of release {release!r}, this one reads {_RELEASE}; use the release that wrote it"
            )
        return keys

    def signing(self) -> bytes:
        """The key that signs tokens."""
        return self._signing

    def derived(self, purpose: str) -> bytes:
        """The 256-bit key of a purpose; those of other purposes don't follow from it."""
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"lendrill " + purpose.encode()).derive(
            self._data
        )

    def first_secret(self, who: str, turn: int = 0) -> str:
        """The first password or client secret of somebody (100 bits, in groups of five), and after `turn` resets the next one.
        It follows from the data key, so it need not be stored anywhere, and nobody without the key can work it out."""
        drawn = hmac.digest(self.derived("first passwords"), f"{who}\0{turn}".encode(), "sha256")
        text = base64.b32encode(drawn).decode().lower()[:_FIRST_LETTERS]
        return "-".join(text[at : at + 5] for at in range(0, len(text), 5))


def digest_of(secret: str) -> bytes:
    """What is kept of a secret of 100 bits and more. Nobody can try so many, so a fast digest is enough; passwords that people
    choose are another matter (`actors.identity.passwords`)."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
