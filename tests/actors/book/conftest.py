"""The stores that every test of the contract runs against, and the server for one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from actors.book.opening import open_store
from actors.book.sealed import SealedStore
from actors.book.store import Store
from tests.actors.book.books import sealed, unsealed
from tests.actors.book.server import Server, programs, running

KINDS = ("sqlite", "postgresql", "sealed")
_banks = count()


class Place:
    """Where one bank's store stands; it can be opened several times, as several processes would."""

    def __init__(self, where: str, is_sealed: bool) -> None:
        self.where, self._is_sealed = where, is_sealed
        self._opened: list[Store] = []

    def open(self) -> Store:
        store = open_store(self.where)
        self._opened.append(SealedStore(store, sealed, unsealed) if self._is_sealed else store)
        return self._opened[-1]

    def close(self) -> None:
        for store in self._opened:
            store.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if (bins := programs()) is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
    with running(bins) as found:
        yield found


Places = Callable[[], Place]


@pytest.fixture(params=KINDS)
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    """Gives a place for a new bank at each call."""
    made: list[Place] = []

    def place() -> Place:
        name = f"bank_{next(_banks)}"
        where = (
            request.getfixturevalue("server").url(name)
            if request.param == "postgresql"
            else f"sqlite:{tmp_path / name}"
        )
        made.append(Place(where, request.param == "sealed"))
        return made[-1]

    yield place
    for one in made:
        one.close()


@pytest.fixture
def place(places: Places) -> Place:
    return places()
