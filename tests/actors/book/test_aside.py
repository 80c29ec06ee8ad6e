"""A bank of several sites has a book at each; one of no use is set aside, and a byte of one can be made another."""

from __future__ import annotations

import pytest

from actors.book.aside import at_site, damage, set_aside
from actors.book.store import Damaged, StoreError
from tests.actors.book.books import entries, founded, snapshot
from tests.actors.book.conftest import Place


def test_each_site_has_an_address_of_its_own() -> None:
    assert at_site("sqlite:/books/{site}/book.db", "same-city") == "sqlite:/books/same-city/book.db"
    where = "postgresql://{site}.db/credit?bank=lendrill_{site}"
    assert at_site(where, "same-city") == "postgresql://same_city.db/credit?bank=lendrill_same_city"


def test_a_book_that_is_set_aside_leaves_its_place_to_an_empty_one(place: Place) -> None:
    for number in range(3):
        store = place.open()
        store.append(entries(range(5 + number), founded(store)))
        store.close()
        set_aside(place.where).close()
        with pytest.raises(StoreError, match="belongs to no bank yet"):
            place.open().standing()


@pytest.mark.parametrize("of_snapshot", [False, True])
def test_one_byte_is_another_and_it_is_noticed(place: Place, of_snapshot: bool) -> None:
    store = place.open()
    with pytest.raises(StoreError, match="holds nothing yet"):
        damage(place.where, snapshot=of_snapshot)
    store.append(entries(range(5), founded(store)))
    store.put_snapshot(snapshot(5))
    store.close()
    damage(place.where, snapshot=of_snapshot)
    again = place.open()
    with pytest.raises(Damaged, match="snapshot 5" if of_snapshot else "window"):
        again.snapshot(5) if of_snapshot else list(again.read())
    assert again.standing().number == 5
