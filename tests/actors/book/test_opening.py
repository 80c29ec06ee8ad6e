"""Where a store stands is said in a few words, and what is wrong with them is said back."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.book.opening import open_store
from actors.book.postgres import PostgresStore
from actors.book.sqlite import SqliteStore
from actors.book.store import StoreError
from tests.actors.book.server import Server


@pytest.mark.parametrize("prefix", ["sqlite:", ""])
def test_a_path_is_a_sqlite_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for where in (f"{tmp_path}/book.db", "./book.db", "book.db", "~/book.db"):
        store = open_store(f"{prefix}{where}")
        assert isinstance(store, SqliteStore)
        store.found("bank")
        store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.db", "book.db-snapshots"]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "PostgreSQL"])
def test_a_url_is_a_postgresql_store(server: Server, scheme: str) -> None:
    store = open_store(server.url("opened").replace("postgresql", scheme, 1))
    assert isinstance(store, PostgresStore)
    store.close()


@pytest.mark.parametrize(
    "where",
    [
        "",
        "sqlite:",
        "sqlite://book.db",
        "mysql://zhang:s3cret@host/db",
        "postgresql:bank",
        "file:book.db",
        "sqlite:mysql://zhang:s3cret@host/db",
        "//book.db",
    ],
)
def test_anything_else_is_refused_with_what_is_right_and_without_a_password(where: str) -> None:
    with pytest.raises(StoreError, match=r"right are sqlite:PATH, a path, or postgresql://") as caught:
        open_store(where)
    assert "s3cret" not in caught.value.user_message
