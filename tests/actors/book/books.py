"""Windows and snapshots for tests, each a function of its number, and a cipher in place of the bank's own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from cryptography.fernet import Fernet

from actors.book.store import Entry, Snapshot, Store

MINUTE_MS = 60_000
_KEY = Fernet(base64.urlsafe_b64encode(hashlib.blake2b(b"tests", digest_size=32).digest()))


def entry(number: int, epoch: int = 1, size: int | None = None) -> Entry:
    """Every third has no inputs."""
    size = number % 3 * 40 if size is None else size
    inputs = hashlib.shake_128(f"inputs {number}".encode()).digest(size)
    proved = number - 2 if number > 1 else -1
    return Entry(number, epoch, number * MINUTE_MS, (number + 1) * MINUTE_MS, inputs, proved, f"chain-{proved}")


def entries(numbers: Iterable[int], epoch: int = 1) -> list[Entry]:
    return [entry(number, epoch) for number in numbers]


def snapshot(number: int, size: int = 1_000) -> Snapshot:
    """Three cells; one knows nothing."""
    cells = {
        f"{room}/{shard}": hashlib.shake_128(f"{room} {shard} {number}".encode()).digest(size)
        for room, shard in (("scoring", 0), ("ledger", 1))
    }
    return Snapshot(number, number * MINUTE_MS, f"chain-{number - 1}", {**cells, "contracts/0": b""})


def founded(store: Store, identity: str = "bank") -> int:
    """The epoch of a writer who has just come in."""
    store.found(identity)
    return store.enter()


def sealed(content: bytes, about: bytes) -> bytes:
    """Authenticated, and another ciphertext each time."""
    return _KEY.encrypt(about + content)


def unsealed(content: bytes, about: bytes) -> bytes:
    opened = _KEY.decrypt(content)
    if not opened.startswith(about):
        raise ValueError("sealed about something else")
    return opened.removeprefix(about)
