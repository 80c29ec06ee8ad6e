"""Yesterday's day books: every one in `tests/golden` is read as the release that wrote it said, and can be written on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from actors.book.sqlite import SqliteStore
from actors.book.store import Entry
from tests import golden
from tests.actors.book.reading import told
from tests.golden.__main__ import write

FOLDER = Path(golden.__file__).parent
BOOKS = sorted(path.parent for path in FOLDER.glob("*/expected.json"))


def test_there_are_golden_books_and_each_folder_is_one() -> None:
    folders = [path for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert sorted(folders) == BOOKS != []


@pytest.mark.parametrize("folder", BOOKS, ids=lambda path: path.name)
def test_a_book_of_an_earlier_release_is_read_and_written_on(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        shutil.copy(path, tmp_path)
    expected = json.loads((tmp_path / "expected.json").read_text(encoding="utf-8"))
    store = SqliteStore(tmp_path / "book.db")
    assert json.loads(json.dumps(told(store))) == expected
    number, epoch = expected["windows"][-1][0] + 1, store.enter()
    store.append([Entry(number, epoch, 0, 1, b"later", -1, "")])
    assert next(store.read(number)).inputs == b"later"
    store.close()


def test_a_golden_book_is_never_written_anew(tmp_path: Path) -> None:
    write(tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "book.db",
        "book.db-snapshots",
        "expected.json",
    ]
    with pytest.raises(FileExistsError):
        write(tmp_path / "new")
