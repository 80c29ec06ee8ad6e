"""A store around another one: what it does not do otherwise, the other one does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actors.book.store import Entry, Founding, Snapshot, Standing, Store


class Around:
    """Hands all on."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def found(self, identity: str) -> Founding:
        return self._store.found(identity)

    def enter(self, epoch: int | None = None) -> int:
        return self._store.enter(epoch)

    def append(self, entries: Sequence[Entry], epoch: int | None = None) -> None:
        self._store.append(entries, epoch)

    def standing(self) -> Standing:
        return self._store.standing()

    def seal_before(self, number: int) -> bytes:
        return self._store.seal_before(number)

    def read(self, first: int = 0) -> Iterator[Entry]:
        return self._store.read(first)

    def put_snapshot(self, snapshot: Snapshot) -> None:
        self._store.put_snapshot(snapshot)

    def snapshots(self) -> list[int]:
        return self._store.snapshots()

    def snapshot(self, number: int) -> Snapshot:
        return self._store.snapshot(number)

    def close(self) -> None:
        self._store.close()
