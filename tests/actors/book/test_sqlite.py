"""The SQLite store: what is wrong with a file is found, and said in one line."""

from __future__ import annotations

import random
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from actors.book import sqlite
from actors.book.sqlite import SqliteStore
from actors.book.store import Damaged, Entry, Snapshot, StoreError, newest_good, seal_of
from tests.actors.book.books import entries, entry, founded, snapshot

WINDOWS = 60
BESIDE = "epoch, start_ms, until_ms, inputs, proved, chain, seal"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A closed book of sixty windows with two snapshots."""
    path = tmp_path / "book.db"
    store = SqliteStore(path)
    epoch = founded(store)
    store.append(entries(range(WINDOWS), epoch))
    for number in (20, 50):
        store.put_snapshot(snapshot(number))
    store.close()
    return path


def run(path: Path, *statements: str) -> None:
    """What no store would do to a file."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def everything(path: Path) -> tuple[list[Entry], list[Snapshot]]:
    store = SqliteStore(path)
    try:
        store.found("bank")
        store.enter()
        return list(store.read()), [store.snapshot(number) for number in store.snapshots()]
    finally:
        store.close()


def one_line(error: StoreError, path: Path) -> bool:
    return str(path) in error.user_message and "\n" not in error.user_message


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("epoch", "epoch + 1"),
        ("start_ms", "start_ms - 1"),
        ("until_ms", "until_ms + 1"),
        ("proved", "0"),
        ("chain", "'chain-0'"),
        ("chain", "CAST(chain AS BLOB)"),
        ("inputs", "x'00'"),
        ("inputs", "1000000000"),
        ("inputs", "'text'"),
        ("seal", "zeroblob(16)"),
        ("seal", "'text'"),
        ("epoch", "1.5"),
        ("start_ms", "'1'"),
    ],
)
def test_a_field_that_changed_is_found_and_its_window_named(book: Path, column: str, value: str) -> None:
    run(book, f"UPDATE windows SET {column} = {value} WHERE number = 31")
    with pytest.raises(Damaged, match=r"window 31 .*restore the store from a copy") as caught:
        everything(book)
    assert one_line(caught.value, book)


@pytest.mark.parametrize("column", ["epoch", "next_number", "last_seal", "identity", "seal"])
def test_a_field_of_the_banks_own_row_that_changed_is_found(book: Path, column: str) -> None:
    value = {"identity": "'another'", "last_seal": "zeroblob(16)", "seal": "zeroblob(16)"}.get(column, f"{column} + 1")
    run(book, f"UPDATE bank SET {column} = {value}")
    with pytest.raises(Damaged, match="the bank's own row"):
        everything(book)


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DELETE FROM windows WHERE number = 31"], "window 31 is missing"),
        (["DELETE FROM windows WHERE number < 31"], "window 31"),
        (["DELETE FROM windows WHERE number > 31"], "last window is 31, and should be 59"),
        (["DELETE FROM windows"], "last window is None, and should be 59"),
        (
            [
                "UPDATE windows SET number = -1 WHERE number = 31",
                "UPDATE windows SET number = 31 WHERE number = 32",
                "UPDATE windows SET number = 32 WHERE number = -1",
            ],
            "window 31",
        ),
        (
            [
                "CREATE TEMP TABLE other AS SELECT * FROM windows WHERE number = 31",
                f"UPDATE windows SET ({BESIDE}) = (SELECT {BESIDE} FROM other) WHERE number = 32",
            ],
            "window 32",
        ),
    ],
    ids=["gap", "head", "tail", "all", "swapped", "twice"],
)
def test_a_window_that_is_missing_or_in_anothers_place_is_found(book: Path, statements: list[str], said: str) -> None:
    run(book, *statements)
    with pytest.raises(StoreError, match=said) as caught:
        everything(book)
    assert one_line(caught.value, book)


def test_the_last_windows_are_missed_by_a_reader_too(book: Path) -> None:
    run(book, "DELETE FROM windows WHERE number = 59")
    store = SqliteStore(book)
    with pytest.raises(Damaged, match="window 59 is missing"):
        list(store.read(40))
    store.close()


def test_a_last_window_that_was_sealed_anew_is_found(book: Path) -> None:
    """The bank's own row says the last seal."""
    store = SqliteStore(book)
    before, last = list(store.read(WINDOWS - 2))
    with store._database.using("append") as connection:
        (seal,) = connection.execute("SELECT seal FROM windows WHERE number = ?", (before.number,)).fetchone()
        changed = last._replace(inputs=b"forged")
        forged = (changed.inputs, seal_of(seal, changed), last.number)
        connection.execute("UPDATE windows SET inputs = ?, seal = ? WHERE number = ?", forged)
    with pytest.raises(Damaged, match="window 59"):
        list(store.read())
    store.close()


def test_a_book_put_back_to_an_earlier_state_is_told_by_a_snapshot_that_is_ahead(tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    store = SqliteStore(path)
    epoch = founded(store)
    store.append(entries(range(10), epoch))
    store.close()
    shutil.copy(path, tmp_path / "earlier")
    store = SqliteStore(path)
    store.append(entries(range(10, 20), epoch))
    store.put_snapshot(snapshot(15))
    store.close()
    shutil.copy(tmp_path / "earlier", path)
    store = SqliteStore(path)
    with pytest.raises(Damaged, match=r"ends with window 9, .* snapshot of all before window 15"):
        store.enter()
    with pytest.raises(Damaged, match="window 15"):
        list(store.read(15))
    store.append(entries(range(10, 12), epoch))  # a writer who was in already is not shut out
    store.close()
    run(tmp_path / "book.db-snapshots", "UPDATE snapshots SET chain = 'x'")  # it is damaged, and says nothing
    assert everything_but_snapshots(path) == entries(range(12), epoch)


def everything_but_snapshots(path: Path) -> list[Entry]:
    store = SqliteStore(path)
    store.enter()
    found = list(store.read())
    store.close()
    return found


def test_a_new_book_beside_old_snapshots_is_refused(book: Path) -> None:
    book.unlink()
    store = SqliteStore(book)
    for _ in range(2):
        with pytest.raises(Damaged, match="its day book is missing"):
            store.found("bank")
    store.close()


def test_a_book_that_lost_the_snapshot_it_was_opened_with_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    store = SqliteStore(path)
    epoch = founded(store)
    store.put_snapshot(snapshot(70))
    store.append(entries(range(70, 75), epoch))
    store.close()
    Path(f"{path}-snapshots").unlink()
    store = SqliteStore(path)
    with pytest.raises(Damaged, match="begins with window 70, and the snapshot it was opened with is missing"):
        store.enter()
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE snapshot_parts SET content = x'00' WHERE number = 50 AND cell = 'ledger/1'",
        "UPDATE snapshot_parts SET content = 5 WHERE number = 50 AND cell = 'ledger/1'",
        "DELETE FROM snapshot_parts WHERE number = 50 AND cell = 'ledger/1'",
        "UPDATE snapshot_parts SET cell = 'ledger/2' WHERE number = 50 AND cell = 'ledger/1'",
        "UPDATE snapshot_parts SET part = 1 WHERE number = 50 AND cell = 'ledger/1'",
        "DELETE FROM snapshot_parts WHERE number = 50",
        "UPDATE snapshots SET until_ms = until_ms + 1 WHERE number = 50",
        "UPDATE snapshots SET chain = 'another' WHERE number = 50",
        "UPDATE snapshots SET seal = 'x' WHERE number = 50",
    ],
)
def test_a_damaged_snapshot_is_skipped_and_reported_and_written_anew(book: Path, statement: str) -> None:
    run(Path(f"{book}-snapshots"), statement)
    store = SqliteStore(book)
    skipped: list[Damaged] = []
    assert newest_good(store, skipped.append) == snapshot(20)
    assert [str(error) for error in skipped] == [f"{book}: damaged: snapshot 50 is not what was written"]
    store.put_snapshot(snapshot(50))
    assert newest_good(store, skipped.append) == snapshot(50)
    assert len(skipped) == 1
    store.close()


def test_older_snapshots_go_only_once_the_new_one_has_been_read(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoiled(connection: sqlite3.Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        connection.executemany(statement, ((*row[:-1], bytes(row[-1])[::-1]) for row in rows))

    store = SqliteStore(book)
    store.put_snapshot(snapshot(55))
    assert store.snapshots() == [55, 50, 20]
    monkeypatch.setattr(store._database, "run_many", spoiled)
    with pytest.raises(Damaged, match="snapshot 60"):
        store.put_snapshot(snapshot(60))
    monkeypatch.undo()
    assert store.snapshots() == [60, 55, 50, 20]
    assert newest_good(store, str) == snapshot(55)
    store.put_snapshot(snapshot(60))
    assert store.snapshots() == [60, 55, 20]
    store.close()


@pytest.mark.parametrize("suffix", ["", "-snapshots"])
def test_a_byte_that_changed_in_the_file_changes_nothing_or_is_found(book: Path, suffix: str) -> None:
    path = Path(f"{book}{suffix}")
    sound, content = everything(book), path.read_bytes()
    draw = random.Random(7)
    offsets = [*range(0, 110, 3), *(draw.randrange(len(content)) for _ in range(200))]
    found = []
    for offset in offsets:
        flipped = bytearray(content)
        flipped[offset] ^= draw.choice((0x01, 0x80, 0xFF))
        path.write_bytes(flipped)
        outcome = outcome_of(book)
        assert outcome == sound or (isinstance(outcome, StoreError) and "\n" not in outcome.user_message), offset
        found.append(outcome)
    assert sum(isinstance(outcome, Damaged) for outcome in found) > len(offsets) // 8


def outcome_of(path: Path) -> object:
    """What is read, or the error; the file is left without a log."""
    try:
        return everything(path)
    except StoreError as error:
        return error
    finally:
        for log in path.parent.glob("*-[ws][ah][lm]"):
            log.unlink()


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("suffix", ["", "-snapshots"])
def test_a_file_that_was_cut_off_is_found(book: Path, suffix: str, kept: float) -> None:
    path = Path(f"{book}{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    outcome = outcome_of(book)
    if suffix and not kept:
        assert outcome == (entries(range(WINDOWS)), []), "without snapshots the windows are still there"
    else:
        assert isinstance(outcome, StoreError)
        assert one_line(outcome, book)


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        SqliteStore(path)
    assert one_line(caught.value, path)
    return caught.value.user_message


def test_a_path_that_is_no_place_for_a_book_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("This is no database, however long it may be. " * 50, encoding="utf-8")
    run(tmp_path / "bookmarks", "CREATE TABLE bookmarks (url TEXT)")
    assert "there is no folder" in refusal(tmp_path / "nowhere" / "book.db")
    assert "is a folder" in refusal(tmp_path)
    assert "is no day book" in refusal(tmp_path / "text")
    assert "holds something else (a table bookmarks)" in refusal(tmp_path / "bookmarks")
    assert [name for (name,) in sqlite3.connect(tmp_path / "bookmarks").execute("SELECT name FROM sqlite_master")] == [
        "bookmarks"
    ]


def test_a_store_of_a_newer_release_is_left_as_it_is(book: Path) -> None:
    run(book, "UPDATE bank SET release = 2", "DROP TABLE windows", "ALTER TABLE bank RENAME COLUMN epoch TO era")
    before = book.read_bytes()
    assert "written by a newer release" in refusal(book)
    assert book.read_bytes() == before


def test_only_the_owner_can_read_the_files(book: Path) -> None:
    store = SqliteStore(book)
    founded(store)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in book.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    store.close()


def test_commits_wait_for_the_disk(book: Path) -> None:
    store = SqliteStore(book)
    for line in ("append", "snapshots"):
        with store._database.using(line) as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def writable_again(
    spoil: Callable[[sqlite3.Connection], object], mend: Callable[[sqlite3.Connection], object], book: Path
) -> str:
    """Spoils the writer's connection, and has it append the same windows before and after it is mended."""
    store = SqliteStore(book)
    epoch = store.enter()
    more = [entry(number, epoch, 30_000) for number in range(WINDOWS, WINDOWS + 20)]
    with store._database.using("append") as connection:
        spoil(connection)
    with pytest.raises(StoreError) as caught:
        store.append(more)
    assert one_line(caught.value, book)
    assert list(store.read(WINDOWS)) == []
    with store._database.using("append") as connection:
        mend(connection)
    store.append(more)
    store.close()
    store = SqliteStore(book)
    assert list(store.read()) == [*entries(range(WINDOWS)), *more]
    store.close()
    return caught.value.user_message


def test_a_full_disk_is_said_and_once_there_is_room_the_writer_goes_on(book: Path) -> None:
    said = writable_again(
        lambda connection: connection.execute("PRAGMA max_page_count = 40"),
        lambda connection: connection.execute("PRAGMA max_page_count = 1000000"),
        book,
    )
    assert "full" in said


def test_a_file_that_can_only_be_read_is_said(book: Path) -> None:
    said = writable_again(
        lambda connection: connection.execute("PRAGMA query_only = ON"),
        lambda connection: connection.execute("PRAGMA query_only = OFF"),
        book,
    )
    assert "readonly" in said


def test_a_commit_that_fails_leaves_nothing_and_the_writer_goes_on(book: Path) -> None:
    def no_commits(code: int, name: str, *rest: str | None) -> int:
        refused = code == sqlite3.SQLITE_TRANSACTION and name == "COMMIT"
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    said = writable_again(
        lambda connection: connection.set_authorizer(no_commits),
        lambda connection: connection.set_authorizer(None),
        book,
    )
    assert "not authorized" in said


def test_a_file_that_another_keeps_locked_is_said(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_S", 0.2)
    other = sqlite3.connect(book, isolation_level=None)
    store = SqliteStore(book)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="kept it locked"):
        store.enter()
    other.execute("ROLLBACK")
    other.close()
    assert store.enter() == 2
    store.close()
