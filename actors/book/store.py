"""Where a bank keeps its day book. A store does five things and nothing else: it knows which bank it belongs to, lets one writer
in at a time (an epoch fences the one before), appends windows in their order with one commit, reads them from a number on, and
keeps snapshots. A bank's state is a pure function of what stands here: newest snapshot, then the windows after it.

Every window carries a seal drawn of its content and of the seal before it, and the bank's own row says the seal of the last one:
so a byte that changed, and a window that is missing, came twice or stands in another's place, are found when they are read, and
named. The first window of a book is 0, or the number of the snapshot the bank was opened with.

What seals alone can't see is a book that was put back to an earlier state as a whole (an old copy; a write-ahead log cut off).
A snapshot that is ahead of its book tells, when a writer enters; else only another site's copy can."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from credit.errors import CreditError

SNAPSHOTS_KEPT = 2
"""The newest so many; the oldest, which a bank was opened with, stays besides."""
OPENING = b"lendrill day book"
"""What the first seal follows upon."""

_log = logging.getLogger(__name__)


class StoreError(CreditError):
    """A day book that can't be used: what is wrong with it, and what would be right."""


class Fenced(StoreError):
    """A later writer has taken the bank over; this one must write no more."""


class Damaged(StoreError):
    """What was read is not what was written."""


class Founding(NamedTuple):
    """Whose book it is, and whether it became so just now."""

    identity: str
    new: bool


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


class Standing(NamedTuple):
    """How far a book goes: the epoch of its last writer, the number of the window that comes next, and the seal of the one
    before it. Two books of one bank that stand alike hold the same windows."""

    epoch: int
    number: int
    seal: bytes


class Snapshot(NamedTuple):
    """Everything every cell knows before window `number`, at the instant `until`, packed by cell name."""

    number: int
    until: int
    chain: str
    cells: Mapping[str, bytes]


class Store(Protocol):
    """See the module's text. All methods raise StoreError; they may be called from several threads at once."""

    def found(self, identity: str) -> Founding:
        """Keeps the identity of a new bank; gives that of the bank whose book this is."""

    def enter(self, epoch: int | None = None) -> int:
        """The epoch of a new writer: whoever wrote before is fenced. Where several books are kept, the same one for all, which
        is given; Fenced where a later writer has entered. Damaged where book and snapshots contradict each other."""

    def append(self, entries: Sequence[Entry], epoch: int | None = None) -> None:
        """All or none, durable when it returns. After an error the same windows may be appended again, also where the commit
        had been done and only its answer was lost. `epoch`: the writer's, where he copies windows of writers before him. Fenced
        where another writer has entered since."""

    def standing(self) -> Standing:
        """How far the book goes."""

    def seal_before(self, number: int) -> bytes:
        """What the seal of window `number` follows upon."""

    def read(self, first: int = 0) -> Iterator[Entry]:
        """Window `first`, the one after it, and so on to the last. Damaged where that is not what was appended."""

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """Whoever writes it: it follows from the windows before it, which only one writer appended. A good one that is there
        under this number stays. Each cell is asked for once, one at a time."""

    def snapshots(self) -> list[int]:
        """The numbers of the snapshots, newest first."""

    def snapshot(self, number: int) -> Snapshot:
        """Damaged where it is not what was put."""

    def close(self) -> None:
        """Waits for calls under way. May be called again."""


def newest_good(store: Store, on_skipped: Callable[[Damaged], object] = _log.warning) -> Snapshot | None:
    """The newest snapshot that is what was written; `on_skipped` hears of each newer one that is not."""
    for number in store.snapshots():
        try:
            return store.snapshot(number)
        except Damaged as damage:
            on_skipped(damage)
    return None


def seal_of(before: bytes, entry: Entry) -> bytes:
    """16 bytes that depend on every field of a window and on all windows before it."""
    return seal_over(before, *entry)


def seal_over(*fields: bytes | str | int) -> bytes:
    """16 bytes that depend on every field and on where one ends and the next begins."""
    parts: list[bytes] = []
    for field in fields:
        content = field if isinstance(field, bytes) else str(field).encode()
        parts += len(content).to_bytes(8, "little"), content
    return hashlib.blake2b(b"".join(parts), digest_size=16).digest()
