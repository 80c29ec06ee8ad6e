"""``python -m tests.golden NAME`` writes a day book of plain windows into a new folder of that name, by this release. A folder
that is there is left as it is: what a release wrote, it wrote."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from actors.book.sqlite import SqliteStore
from tests.actors.book.books import entries, snapshot
from tests.actors.book.reading import told

WINDOWS = 120


def write(folder: Path) -> None:
    folder.mkdir()
    store = SqliteStore(folder / "book.db")
    store.found("golden bank")
    store.put_snapshot(snapshot(0))
    for begin in range(0, WINDOWS, 40):  # a writer of its own for each third
        store.append(entries(range(begin, begin + 40), store.enter()))
        store.put_snapshot(snapshot(begin + 40))
    store.close()
    store = SqliteStore(folder / "book.db")
    text = json.dumps(told(store), indent=1, ensure_ascii=False)
    store.close()
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent / sys.argv[1])
