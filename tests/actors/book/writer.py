"""``python -m tests.actors.book.writer WHERE`` appends windows and keeps snapshots until it is killed; after each commit it says
the last window's number. Windows are a function of number and epoch, so whoever reads knows what should stand there."""

from __future__ import annotations

import os
import sys
from itertools import cycle

from actors.book.opening import open_store
from tests.actors.book.books import entry, founded, snapshot

SIZES = (1, 2, 30, 1, 7)
"""Windows a commit."""
WINDOW_BYTES = 5_000
SNAPSHOT_BYTES = 400_000
SNAPSHOT_EVERY = 60


def main(where: str) -> None:
    store = open_store(where)
    epoch = founded(store)
    number = max((entry.number + 1 for entry in store.read()), default=0)
    kept = number
    for size in cycle(SIZES):
        store.append([entry(number + place, epoch, WINDOW_BYTES) for place in range(size)])
        number += size
        os.write(1, f"{number - 1}\n".encode())
        if number - kept >= SNAPSHOT_EVERY:
            store.put_snapshot(snapshot(number, SNAPSHOT_BYTES))
            kept = number


if __name__ == "__main__":
    main(sys.argv[1])
