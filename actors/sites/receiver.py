"""What a site that follows does with what the leader sends: it holds it in a book of its own. Each call bears the leader's epoch,
so one that was taken over from is refused; each may come twice, since its answer may have been lost. A book that went another way
than the leader's (it holds a window that nobody was answered for) is set aside, and a new one copied."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from actors.book.store import OPENING, Damaged, Entry, Fenced, Snapshot, Standing, Store, StoreError

_log = logging.getLogger(__name__)


class Astray(StoreError):
    """A book that does not stand where it was thought to."""


class Away(StoreError):
    """A site that can't be reached, or did not answer; what it was asked to do it may have done."""


class Peer(Protocol):
    """Another site, as the leader calls it. All methods raise Away where it does not answer, and Fenced where it knows a later
    leader."""

    def enter(self, epoch: int, identity: str) -> Standing: ...

    def append(self, epoch: int, before: Standing, entries: Sequence[Entry]) -> Standing: ...

    def renew(self, epoch: int, identity: str, snapshot: Snapshot | None) -> Standing: ...


def opening(store: Store) -> int | None:
    """The snapshot that a book begins with; None where it begins with the bank itself."""
    return next((number for number in store.snapshots() if store.seal_before(number) == OPENING), None)


class Receiver:
    """A site's book, written by a leader elsewhere. `anew` sets a book aside and gives an empty one."""

    def __init__(self, store: Store, anew: Callable[[], Store]) -> None:
        self.store, self._anew = store, anew
        self.damage = ""
        """What is wrong with the book; it is of no use until it is copied anew."""

    def verify(self) -> None:
        """Reads all of the book and its snapshots, as is done now and then: what nobody reads may be damaged unseen. Damaged
        where it is; the leader then copies it anew."""
        try:
            for number in self.store.snapshots():
                if number in self.store.snapshots():  # and not put away meanwhile
                    self.store.snapshot(number)
            for _ in self.store.read(self.begin()):
                pass
        except Damaged as damage:
            self.damage = str(damage)
            raise

    def enter(self, epoch: int, identity: str) -> Standing:
        """Fences earlier leaders; tells how far the book goes, Astray where it is damaged or another bank's."""
        self._sound()
        try:
            if self.store.found(identity).identity != identity:
                raise Astray("the book is another bank's")
            self.store.enter(epoch)
            return self.store.standing()
        except Damaged as damage:
            raise Astray(str(damage)) from None

    def append(self, epoch: int, before: Standing, entries: Sequence[Entry]) -> Standing:
        """Windows that follow upon those that the leader believes to be here."""
        self._sound()
        stands = self.store.standing()
        if stands.epoch != epoch:
            raise Fenced(f"this site follows the leader of epoch {stands.epoch}, not of {epoch}")
        if stands[1:] != before[1:]:
            return stands
        self.store.append(entries, epoch)
        return self.store.standing()

    def renew(self, epoch: int, identity: str, snapshot: Snapshot | None) -> Standing:
        """A new book, which begins with a snapshot or with the bank's first window."""
        if (stands := self._epoch()) > epoch:
            raise Fenced(f"this site follows the leader of epoch {stands}, not of {epoch}")
        self.store.close()
        self.store, self.damage = self._anew(), ""
        self.store.found(identity)
        if snapshot is not None:
            self.store.put_snapshot(snapshot)
        self.store.enter(epoch)
        return self.store.standing()

    def begin(self) -> int:
        """The first window of the book, which begins with the bank itself or with the snapshot that it was opened with."""
        return opening(self.store) or 0

    def _sound(self) -> None:
        if self.damage:
            raise Astray(self.damage)

    def _epoch(self) -> int:
        try:
            return self.store.standing().epoch
        except StoreError:
            return -1
