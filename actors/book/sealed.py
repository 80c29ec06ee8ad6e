"""A store that keeps what customers sent and what cells know encrypted: around any other store, with two functions that somebody
else brings. Each ciphertext is bound to the window, or to the snapshot and cell, that it is of, and to all that stands beside it
in the clear: put in another's place it does not open. A key belongs to one bank."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from actors.book.around import Around
from actors.book.store import Damaged, Entry, Snapshot, Store, seal_over

Cipher = Callable[[bytes, bytes], bytes]
"""`(content, about)` → content sealed or unsealed; unsealing raises where either is not what was sealed."""


class SealedStore(Around):
    """See the module's text."""

    def __init__(self, store: Store, seal: Cipher, unseal: Cipher) -> None:
        super().__init__(store)
        self._seal, self._unseal = seal, unseal
        self._tried: tuple[Sequence[Entry], Sequence[Entry]] = ((), ())

    def append(self, entries: Sequence[Entry], epoch: int | None = None) -> None:
        """Windows that are appended again after an error are the same bytes again: the store below may have them already."""
        if list(entries) != self._tried[0]:
            self._tried = (list(entries), [self._sealed(entry) for entry in entries])
        self._store.append(self._tried[1], epoch)
        self._tried = ((), ())

    def read(self, first: int = 0) -> Iterator[Entry]:
        for entry in self._store.read(first):
            yield entry._replace(
                inputs=self._opened(entry.inputs, _about_window(entry), f"window {entry.number} of the day book")
            )

    def put_snapshot(self, snapshot: Snapshot) -> None:
        self._store.put_snapshot(snapshot._replace(cells=_Sealing(snapshot, self._seal)))

    def snapshot(self, number: int) -> Snapshot:
        snapshot = self._store.snapshot(number)
        cells = dict(snapshot.cells)
        snapshot = snapshot._replace(cells=cells)  # one dictionary is left: each ciphertext goes as its cell is opened
        for cell, content in cells.items():
            cells[cell] = self._opened(content, _about_cell(snapshot, cell), f"cell {cell} of snapshot {number}")
        return snapshot

    def _sealed(self, entry: Entry) -> Entry:
        return entry._replace(inputs=self._seal(entry.inputs, _about_window(entry)))

    def _opened(self, content: bytes, about: bytes, what: str) -> bytes:
        try:
            return self._unseal(content, about)
        except Exception:  # whatever the cipher raises
            raise Damaged(
                f"damaged: {what} can't be unsealed: it is not what was written, or was sealed with another key"
            ) from None


def inputs_of(entry: Entry, unseal: Cipher) -> bytes:
    """The inputs of a window as it stands in the store below."""
    return unseal(entry.inputs, _about_window(entry))


class _Sealing(Mapping[str, bytes]):
    """Cells of a snapshot, each sealed when it is asked for: they never stand in memory twice."""

    def __init__(self, snapshot: Snapshot, seal: Cipher) -> None:
        self._snapshot, self._seal = snapshot, seal

    def __getitem__(self, cell: str) -> bytes:
        return self._seal(self._snapshot.cells[cell], _about_cell(self._snapshot, cell))

    def __iter__(self) -> Iterator[str]:
        return iter(self._snapshot.cells)

    def __len__(self) -> int:
        return len(self._snapshot.cells)


def _about_window(entry: Entry) -> bytes:
    return seal_over("window", *entry._replace(inputs=b""))


def _about_cell(snapshot: Snapshot, cell: str) -> bytes:
    """Says the names of all cells too, so that none can be left out."""
    return seal_over("cell", cell, snapshot.number, snapshot.until, snapshot.chain, *sorted(snapshot.cells))
