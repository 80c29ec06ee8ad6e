"""Encryption at rest (SEC-08): AES-256-GCM for whole blobs, and keyed fingerprints by which equal values
are found without being opened. `about` says where a sealed thing belongs; opened with another `about` it is refused, so that a
blob can't be moved to another window, or a number to another customer.

A sealed blob is ``LV1`` + 8 bytes that name the key + 12 bytes of nonce + content and tag. Nonces are random: one key is good
for 2³² seals, which at a hundred a second is more than a year."""

from __future__ import annotations

import hmac
import os
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from actors.identity.errors import Damaged, WrongKey
from actors.identity.keys import Keys

_FORM = b"LV1"
_NAME, _NONCE, _TAG = 8, 12, 16
_HEAD = len(_FORM) + _NAME


class Sealer:
    """Seals and opens with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._head = _FORM + hmac.digest(key, b"name of the key", "sha256")[:_NAME]

    def seal(self, content: bytes, about: bytes) -> bytes:
        """`content`, which nobody can read or change without the key, or pass off as being about something else."""
        nonce = os.urandom(_NONCE)
        return self._head + nonce + self._cipher.encrypt(nonce, content, self._head + about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """What was sealed. WrongKey where it was sealed with another key, Damaged where anything of it changed."""
        if len(sealed) < _HEAD + _NONCE + _TAG or not sealed.startswith(_FORM):
            raise Damaged("sealed content is damaged: it is of no known form, or cut short")
        if sealed[:_HEAD] != self._head:
            raise WrongKey("sealed content was sealed with another key; restore the keys it was written with")
        nonce, rest = sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, rest, self._head + about)
        except InvalidTag:
            raise Damaged("sealed content is damaged, or was sealed for another place") from None


class Vault:
    """A bank's encryption: blobs and fingerprints."""

    def __init__(self, keys: Keys) -> None:
        self._blobs = Sealer(keys.derived("blobs"))
        self._fingerprints = keys.derived("fingerprints")

    def seal(self, content: bytes, about: bytes) -> bytes:
        """A sealed blob; see `Sealer.seal`."""
        return self._blobs.seal(content, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """An opened blob; see `Sealer.open`."""
        return self._blobs.open(sealed, about)

    def fingerprint(self, text: str, about: str) -> bytes:
        """32 bytes, equal for equal values of one column and drawn with a key, so that nobody can try all ID numbers. Blanks,
        full-width forms and the case of letters make no difference."""
        plain = "".join(unicodedata.normalize("NFKC", text).upper().split())
        return hmac.digest(
            self._fingerprints, about.encode() + b"\0" + plain.encode("utf-8", "surrogatepass"), "sha256"
        )
