"""The PostgreSQL store: its URL, several banks in one database, a server that goes away, and locks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from actors.book import postgres
from actors.book.database import Database
from actors.book.opening import open_store
from actors.book.postgres import PostgresDatabase, PostgresStore
from actors.book.store import Damaged, Fenced, StoreError, newest_good
from tests.actors.book.books import entries, entry, founded, snapshot
from tests.actors.book.server import PASSWORD, Server


@pytest.fixture
def store(server: Server) -> Iterator[PostgresStore]:
    found = PostgresStore(server.url(f"pg{time.monotonic_ns()}"))
    yield found
    found.close()


def schema(store: PostgresStore) -> str:
    name = store._database.name
    return name.rpartition("bank=")[2]


def test_banks_share_a_database_without_meeting(server: Server) -> None:
    stores = [PostgresStore(server.url(name)) for name in ("north", "south", "user")]
    for size, store in enumerate(stores, 1):
        assert store.found(f"bank {size}").new
        store.append(entries(range(size), store.enter()))
    for size, store in enumerate(stores, 1):
        assert store.found("?").identity == f"bank {size}"
        assert list(store.read()) == entries(range(size))
        store.close()


@pytest.mark.parametrize("bank", ["", "North", "1st", "pg_mine", "a b", 'x"; DROP', "ü", "x" * 49])
def test_a_bank_needs_a_plain_name(bank: str) -> None:
    with pytest.raises(StoreError, match="small letters"):
        open_store(f"postgresql://h/d?bank={quote(bank)}")


def test_a_password_stands_in_no_message_and_in_no_text_of_the_store(server: Server) -> None:
    good, wrong = quote(PASSWORD, safe=""), quote("s3cret/wrong", safe="")
    url = server.url("with_password", "guarded")
    store = open_store(url.replace("guarded@", f"guarded:{good}@"))
    founded(store)
    texts = [repr(store), repr(vars(store))]
    store.close()
    with pytest.raises(StoreError, match="closed") as closed:
        store.enter()
    with pytest.raises(StoreError, match="password authentication failed") as refused:
        open_store(url.replace("guarded@", f"guarded:{wrong}@"))
    with pytest.raises(StoreError, match="can't be reached") as nobody:
        open_store(f"postgresql://guarded:{good}@127.0.0.1:1/postgres")
    with pytest.raises(StoreError, match="can't be read") as unread:
        open_store("postgresql://guarded:s3cret%zz@h/d")
    with pytest.raises(StoreError, match="can't be read") as unknown:
        open_store("postgresql://guarded:s3cret@h/d?nonsense=1")
    texts += [str(one.value) for one in (closed, refused, nobody, unread, unknown)]
    assert not [text for text in texts if PASSWORD in text or good in text or "s3cret" in text or "\n" in text]


def test_a_server_or_a_database_that_is_not_there_is_said_in_one_line(server: Server) -> None:
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/postgres.* can't be reached.*refused"):
        open_store("postgresql://somebody@127.0.0.1:1/postgres")
    with pytest.raises(StoreError, match='database "nowhere" does not exist'):
        open_store(server.url("x").replace("/postgres?", "/nowhere?"))


def test_a_connection_that_was_lost_is_made_anew(server: Server, store: PostgresStore) -> None:
    epoch = founded(store)
    store.append(entries(range(3), epoch))
    store.put_snapshot(snapshot(2))
    list(store.read())
    for number, call in (
        (3, lambda: store.append([entry(3, epoch)])),
        (4, lambda: list(store.read())),
        (4, lambda: newest_good(store)),
    ):
        assert (store.snapshots(), len(list(store.read()))) == ([2], number)
        with server.connect() as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lendrill %%' "
                "AND pid <> pg_backend_pid()"
            )
        with pytest.raises(StoreError, match="went away"):
            call()
        assert store.snapshots() == [2], "its line, too, is made anew"
        call()
    assert list(store.read()) == entries(range(4), epoch)


def test_windows_whose_commit_was_done_but_not_heard_of_may_be_appended_again(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = founded(store)
    store.append(entries(range(3), epoch))
    lose_the_answer(store, monkeypatch)
    with pytest.raises(StoreError, match="went away"):
        store.append(entries(range(3, 6), epoch))
    monkeypatch.undo()
    assert list(store.read()) == entries(range(6), epoch), "they are there"
    with pytest.raises(StoreError, match="window 6 comes next"):
        store.append([entry(3, epoch), entry(4, epoch, 1), entry(5, epoch)])
    store.append(entries(range(3, 6), epoch))
    with pytest.raises(StoreError, match="window 6 comes next"):
        store.append(entries(range(3, 6), epoch))
    assert list(store.read()) == entries(range(6), epoch)


def lose_the_answer(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = PostgresDatabase.begun

    class Lossy:
        def __init__(self, *arguments: Any) -> None:
            self._inner = begun(store._database, *arguments)

        def __enter__(self) -> None:
            self._inner.__enter__()

        def __exit__(self, *error: Any) -> None:
            self._inner.__exit__(*error)
            raise psycopg.OperationalError("the line was cut")

    monkeypatch.setattr(store._database, "begun", Lossy)


def test_commits_wait_for_the_disk_whatever_the_database_is_set_to(server: Server) -> None:
    with server.connect() as other:
        other.execute("ALTER DATABASE postgres SET synchronous_commit = off")
    try:
        store = PostgresStore(server.url("waits"))
        for line in ("append", "snapshots"):
            with store._database.using(line) as connection:
                assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        store.close()
    finally:
        with server.connect() as other:
            other.execute("ALTER DATABASE postgres RESET synchronous_commit")


def test_a_server_that_does_not_wait_for_its_disk_is_refused(server: Server) -> None:
    with server.connect() as other:
        other.execute("ALTER SYSTEM SET fsync = off")
        other.execute("SELECT pg_reload_conf()")
        try:
            until_said(server, "off")
            with pytest.raises(StoreError, match="does not wait for its disk"):
                PostgresStore(server.url("unsafe"))
        finally:
            other.execute("ALTER SYSTEM RESET fsync")
            other.execute("SELECT pg_reload_conf()")
            until_said(server, "on")


def until_said(server: Server, value: str) -> None:
    for _ in range(200):
        with server.connect() as other:
            if other.execute("SHOW fsync").fetchone() == (value,):
                return
        time.sleep(0.02)
    raise AssertionError(f"fsync never became {value}")


def stand_still(database: Database, meanwhile: Callable[[], object]) -> None:
    """In the middle of a transaction."""
    with database.transaction("append") as connection:
        database.run(connection, "SELECT epoch FROM bank FOR UPDATE")
        database.run(connection, "UPDATE bank SET epoch = 77")
        meanwhile()
        database.run(connection, "SELECT 1")


def test_a_writer_that_stands_still_with_the_lock_in_hand_is_cut_off(
    store: PostgresStore, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = founded(store)
    with store._database.using("append") as connection:
        assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("5s",)
    monkeypatch.setitem(postgres._SETTINGS, "idle_in_transaction_session_timeout", "300ms")
    still = PostgresStore(server.url(schema(store)))
    with pytest.raises(StoreError, match="went away"):
        stand_still(still._database, store.enter)
    with pytest.raises(Fenced):
        still.append([entry(0, epoch)])
    still.close()


def test_a_lock_that_is_not_given_free_is_said(
    store: PostgresStore, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    founded(store)
    monkeypatch.setitem(postgres._SETTINGS, "lock_timeout", "200ms")
    other = PostgresStore(server.url(schema(store)))
    with store._database.transaction("append") as connection:
        store._database.run(connection, "SELECT epoch FROM bank FOR UPDATE")
        with pytest.raises(StoreError, match="kept it locked"):
            other.enter()
    assert other.enter() == 2
    other.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE windows SET chain = 'another' WHERE number = 3", "window 3"),
        ("DELETE FROM windows WHERE number = 3", "window 3 is missing"),
        ("DELETE FROM windows WHERE number = 5", "should be 5"),
        ("UPDATE bank SET epoch = 0", "the bank's own row"),
        ("UPDATE bank SET release = 2", "newer release"),
    ],
)
def test_what_was_changed_behind_its_back_is_found(store: PostgresStore, statement: str, said: str) -> None:
    epoch = founded(store)
    store.append(entries(range(6), epoch))
    with store._database.using("append") as connection:
        connection.execute(statement)
    with pytest.raises(StoreError, match=said):
        store.enter() and list(store.read())


def test_a_schema_of_something_else_and_a_store_of_a_newer_release_are_left_alone(
    store: PostgresStore, server: Server
) -> None:
    founded(store)
    with server.connect() as other:
        other.execute("CREATE SCHEMA shop")
        other.execute("CREATE TABLE shop.orders (number INT)")
        other.execute(f"UPDATE {schema(store)}.bank SET release = 2")
    with pytest.raises(StoreError, match="holds something else"):
        PostgresStore(server.url("shop"))
    with pytest.raises(StoreError, match="written by a newer release"):
        PostgresStore(server.url(schema(store)))


def test_a_user_who_may_make_nothing_opens_a_bank_that_was_made_for_him(store: PostgresStore, server: Server) -> None:
    founded(store)
    name = schema(store)
    with server.connect() as other:
        other.execute("CREATE ROLE clerk LOGIN")
        other.execute(f"GRANT USAGE ON SCHEMA {name} TO clerk")
        other.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {name} TO clerk")
    clerk = PostgresStore(server.url(name, "clerk"))
    epoch = clerk.enter()
    clerk.append(entries(range(3), epoch))
    clerk.put_snapshot(snapshot(2))
    assert list(clerk.read()) == entries(range(3), epoch)
    clerk.close()
    with pytest.raises(StoreError, match="permission denied"):
        PostgresStore(server.url("not_his", "clerk"))


def test_a_damaged_snapshot_is_skipped_and_reported(store: PostgresStore) -> None:
    epoch = founded(store)
    store.append(entries(range(6), epoch))
    for number in (2, 4):
        store.put_snapshot(snapshot(number))
    with store._database.using("snapshots") as connection:
        connection.execute("UPDATE snapshot_parts SET content = 'x' WHERE number = 4 AND cell = 'ledger/1'")
    skipped: list[Damaged] = []
    assert newest_good(store, skipped.append) == snapshot(2)
    assert len(skipped) == 1
