"""Where a bank keeps its day book. A store does five things and nothing else: it knows which bank it belongs to, lets one writer
in at a time (an epoch fences the one before), appends windows in their order with one commit, reads them from a number on, and
keeps snapshots. A bank's state is a pure function of what stands here: newest snapshot, then the windows after it.

Every window carries a seal drawn of its content and of the seal before it, so that a byte that changed, and a window that is
missing or came twice, are found when they are read, and named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from credit.errors import CreditError

SNAPSHOTS_KEPT = 2
"""The newest so many; the one a bank was opened with stays besides."""
OPENING = b"lendrill day book"
"""What the first seal follows upon."""


class StoreError(CreditError):
    """A day book that can't be used: what is wrong with it, and what would be right."""


class Fenced(StoreError):
    """A later writer has taken the bank over; this one must write no more."""


class Damaged(StoreError):
    """What was read is not what was written."""


class Entry(NamedTuple):
    """One window of the day book. `inputs`: packed mail from outside by cell (`actors.book.inputs`). `chain`: the chain of
    digests of the bank after window `proved`, the last that was known when this one was written (−1: none yet)."""

    number: int
    epoch: int
    start: int
    until: int
    inputs: bytes
    proved: int
    chain: str


class Snapshot(NamedTuple):
    """Everything every cell knows before window `number`, at the instant `until`, packed by cell name."""

    number: int
    until: int
    chain: str
    cells: dict[str, bytes]


class Store(Protocol):
    """See the module's text. `append` returns once the entries are durable. All methods raise StoreError."""

    def found(self, identity: str) -> str:
        """Keeps the identity of a new bank; gives that of the bank whose book this is."""

    def enter(self) -> int:
        """The epoch of a new writer: whoever wrote before is fenced."""

    def append(self, entries: Sequence[Entry]) -> None: ...

    def read(self, first: int = 0) -> Iterator[Entry]: ...

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """Whoever writes it: it follows from the windows before it, which only one writer appended."""

    def snapshots(self) -> list[int]:
        """The numbers of the snapshots, newest first."""

    def snapshot(self, number: int) -> Snapshot: ...

    def close(self) -> None: ...


def seal_of(before: bytes, entry: Entry) -> bytes:
    """16 bytes that depend on every field of a window and on all windows before it."""
    digest = hashlib.blake2b(before, digest_size=16)
    for field in entry:
        content = field if isinstance(field, bytes) else str(field).encode()
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.digest()


def seal_of_snapshot(snapshot: Snapshot) -> bytes:
    """16 bytes that depend on everything in a snapshot."""
    digest = hashlib.blake2b(f"{snapshot.number} {snapshot.until} {snapshot.chain}".encode(), digest_size=16)
    for name, content in sorted(snapshot.cells.items()):
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.digest()
