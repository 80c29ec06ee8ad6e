"""Passwords: argon2id, the least that a new one must be, and a comparison that costs the same whoever is asked for (SEC-07)."""

from __future__ import annotations

import hmac
import threading
import unicodedata
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from actors.identity.errors import WeakPassword

LENGTH_MAX = 128
"""A longer one is refused unread: hashing it would be work for nothing."""
_DISTINCT_MIN = 6
_AT_ONCE = 4
"""Each comparison takes 19 MiB; so many of a process run at the same time, the others wait."""


class Passwords:
    """Hashes and compares. The hasher's defaults are OWASP's for argon2id (19 MiB, 2 passes, 1 lane): 30 ms."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._turn = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody = self._hasher.hash("nobody's password")

    def hash(self, password: str) -> str:
        """The argon2id hash of a password."""
        with self._turn:
            return self._hasher.hash(_bytes(password))

    def matches(self, password: str, kept: str | None, first: str | None) -> bool:
        """Whether it is the password that was hashed or, where none was yet, the first one. One hash is reckoned in any case,
        also for somebody who is not there (both None), so the time tells nothing."""
        given = _bytes(password) if len(password) <= LENGTH_MAX else b""
        try:
            with self._turn:
                self._hasher.verify(kept or self._nobody, given)
        except (VerificationError, InvalidHashError):
            if kept is not None:
                return False
        if kept is not None:
            return bool(given)
        return first is not None and hmac.compare_digest(given, first.encode())

    def outdated(self, kept: str) -> bool:
        """True where a hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(kept)


def prove_strong(password: str, length_min: int, names: Iterable[str]) -> None:
    """WeakPassword, saying what would be right, unless a new password keeps the rules: long enough, of at least two kinds of
    characters, six different ones, and none of its owner's names or numbers in it."""
    plain = unicodedata.normalize("NFKC", password)
    if not length_min <= len(plain) <= LENGTH_MAX:
        raise WeakPassword(f"the new password needs {length_min} to {LENGTH_MAX} characters")
    kinds = {"letter" if c.isalpha() else "digit" if c.isdigit() else "other" for c in plain}
    if len(kinds) < 2 or len(set(plain)) < _DISTINCT_MIN:
        raise WeakPassword(
            f"the new password needs at least {_DISTINCT_MIN} different characters, of at least two kinds: "
            "letters, digits, others"
        )
    if any(name and name.lower() in plain.lower() for name in names):
        raise WeakPassword("the new password must not contain the name or number that one signs in with")
    if any(0xD800 <= ord(c) < 0xE000 for c in plain):
        raise WeakPassword("the new password holds what is no character")


def is_same(one: str, other: str) -> bool:
    """Whether two passwords are one, however their characters were typed."""
    return _bytes(one) == _bytes(other)


def _bytes(password: str) -> bytes:
    """A password's bytes; the same character typed in another way is the same."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
