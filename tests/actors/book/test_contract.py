"""What every store promises, whatever it is kept in."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.book.sealed import SealedStore
from actors.book.store import SNAPSHOTS_KEPT, Damaged, Entry, Fenced, Founding, Snapshot, Store, StoreError, newest_good
from tests.actors.book.books import entries, entry, founded, snapshot
from tests.actors.book.conftest import Place, Places

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 120)),
        st.tuples(st.just("snapshot"), st.integers(0, 3_000)),
        st.tuples(st.just("reopen"), st.just(0)),
        st.tuples(st.just("refused"), st.integers(1, 9)),
    ),
    max_size=12,
)


def test_a_bank_is_founded_once_and_keeps_its_identity(place: Place) -> None:
    assert place.open().found("Zhang's bank") == Founding("Zhang's bank", new=True)
    assert place.open().found("another bank") == Founding("Zhang's bank", new=False)


def test_what_belongs_to_no_bank_takes_no_writer_and_gives_no_windows(place: Place) -> None:
    store = place.open()
    for call in (store.enter, lambda: list(store.read()), lambda: store.append([entry(0)])):
        with pytest.raises(StoreError, match="belongs to no bank"):
            call()


def test_windows_are_read_as_they_were_appended_from_any_number_on(place: Place) -> None:
    store = place.open()
    epoch = founded(store)
    store.append([])
    store.append(entries(range(3), epoch))
    store.append(entries(range(3, 130), epoch))
    for reader in (store, place.open()):
        assert list(reader.read()) == entries(range(130), epoch)
        assert list(reader.read(50)) == entries(range(50, 130), epoch)
        assert list(reader.read(130)) == []
        with pytest.raises(Damaged, match="window 131"):
            list(reader.read(131))


def test_the_extremes_of_every_field_are_kept(place: Place) -> None:
    store = place.open()
    epoch = founded(store)
    largest = 2**63 - 1
    odd = [
        Entry(0, epoch, -largest - 1, largest, bytes(range(256)), -1, ""),
        Entry(1, epoch, 0, 0, b"", largest, "总账 ✓ ' \" ; --"),
        Entry(2, epoch, 0, 0, b"\0" * 3_000_000, 0, "x" * 10_000),
    ]
    store.append(odd)
    assert list(place.open().read()) == odd
    with pytest.raises(StoreError):
        store.append([Entry(3, epoch, largest + 1, 0, b"", 0, "")])
    store.append([entry(3, epoch)])
    assert list(store.read(3)) == [entry(3, epoch)]


@pytest.mark.parametrize("wrong", [[1], [-1], [0, 2], [0, 0], [1, 0], [0, 1, 3, 2]], ids=str)
def test_a_gap_a_repeat_and_a_swap_are_refused_and_leave_nothing(place: Place, wrong: list[int]) -> None:
    store = place.open()
    epoch = founded(store)
    for begin in (0, 5):
        with pytest.raises(StoreError, match="comes next"):
            store.append(entries([begin + number for number in wrong], epoch))
        assert list(store.read(begin)) == []
        store.append(entries(range(begin, begin + 5), epoch))
    with pytest.raises(StoreError, match="window 10 comes next"):
        store.append(entries(range(5, 10), epoch))
    assert list(place.open().read()) == entries(range(10), epoch)


def test_the_first_window_is_the_one_after_the_opening_snapshot(place: Place) -> None:
    store = place.open()
    epoch = founded(store)
    store.put_snapshot(snapshot(70))
    with pytest.raises(StoreError, match="snapshot 70"):
        store.put_snapshot(snapshot(71))
    with pytest.raises(StoreError, match="window 70 comes next"):
        store.append([entry(0, epoch)])
    store.append(entries(range(70, 75), epoch))
    assert list(store.read(70)) == entries(range(70, 75), epoch)
    assert list(store.read(72)) == entries(range(72, 75), epoch)
    for number in (0, 69):
        with pytest.raises(StoreError, match="begins with window 70"):
            list(store.read(number))


def test_a_writer_is_fenced_by_the_next_one(place: Place) -> None:
    first, second = place.open(), place.open()
    old = founded(first)
    first.append(entries(range(3), old))
    new = second.enter()
    assert new > old
    with pytest.raises(Fenced, match="taken the bank over"):
        first.append([entry(3, old)])
    second.append([entry(3, new)])
    with pytest.raises(Fenced):
        second.append([entry(4, new), entry(5, old)])
    with pytest.raises(StoreError, match="never given"):
        second.append([entry(4, new + 1)])
    assert list(first.read()) == [*entries(range(3), old), entry(3, new)]


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """What each gave or raised."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return work()
        except StoreError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_of_writers_who_come_at_once_one_goes_on(place: Place) -> None:
    stores = [place.open() for _ in range(4)]
    stores[0].found("bank")
    epochs = at_once([store.enter for store in stores])
    assert sorted(epochs) == [1, 2, 3, 4]
    ends = at_once(
        [partial(store.append, entries(range(20), epoch)) for store, epoch in zip(stores, epochs, strict=True)]
    )
    assert [type(end) for end, epoch in zip(ends, epochs, strict=True) if epoch == 4] == [type(None)]
    assert [type(end) for end, epoch in zip(ends, epochs, strict=True) if epoch < 4] == [Fenced] * 3
    assert list(place.open().read()) == entries(range(20), 4)


def test_of_those_who_found_a_bank_at_once_one_does(places: Places) -> None:
    for _ in range(5):
        place = places()
        ends = at_once([partial(open_and_found, place, name) for name in "abcd"])
        assert sorted(founding.new for founding in ends) == [False, False, False, True], ends
        assert len({founding.identity for founding in ends}) == 1


def open_and_found(place: Place, identity: str) -> Founding:
    return place.open().found(identity)


def test_the_same_snapshot_may_be_put_by_several_at_once(place: Place) -> None:
    stores = [place.open() for _ in range(4)]
    founded(stores[0])
    assert at_once([partial(store.put_snapshot, snapshot(0, 1_500_000)) for store in stores]) == [None] * 4
    assert stores[0].snapshot(0) == snapshot(0, 1_500_000)


def test_a_takeover_between_two_appends_of_another_loses_nothing_and_mixes_nothing(place: Place) -> None:
    for _ in range(5):
        old, new = place.open(), place.open()
        epoch = founded(old)
        begin = sum(1 for _ in old.read())
        ends = at_once([partial(old.append, entries(range(begin, begin + 9), epoch)), new.enter])
        assert ends[1] == epoch + 1
        there = list(new.read(begin))
        assert there == (entries(range(begin, begin + 9), epoch) if ends[0] is None else [])
        assert ends[0] is None or isinstance(ends[0], Fenced)


def test_appends_reads_and_snapshots_may_come_from_several_threads_at_once(place: Place) -> None:
    store = place.open()
    epoch = founded(store)
    store.append(entries(range(10), epoch))

    def append() -> None:
        for begin in range(10, 110, 5):
            store.append(entries(range(begin, begin + 5), epoch))

    def read() -> None:
        for _ in range(10):
            found = list(store.read())
            assert found == entries(range(len(found)), epoch)

    def keep() -> None:
        for number in range(1, 9):
            store.put_snapshot(snapshot(number, 50_000))
            assert newest_good(store) is not None

    assert at_once([append, read, read, keep]) == [None] * 4
    assert list(store.read()) == entries(range(110), epoch)


def test_threads_that_append_the_same_through_one_store_do_it_once(place: Place) -> None:
    store = place.open()
    founded(store)
    assert sorted(at_once([store.enter] * 6)) == [2, 3, 4, 5, 6, 7]
    for begin in range(0, 100, 20):
        ends = at_once([partial(store.append, entries(range(begin, begin + 20), 7))] * 6)
        assert [end for end in ends if end is not None and "comes next" not in str(end)] == []
        assert ends.count(None) == 1
    assert list(store.read()) == entries(range(100), 7)


def test_snapshots_are_given_back_and_the_newest_and_the_opening_one_are_kept(place: Place) -> None:
    store = place.open()
    epoch = founded(store)
    store.put_snapshot(snapshot(0))
    store.append(entries(range(50), epoch))
    for number in (10, 20, 30, 40):
        store.put_snapshot(snapshot(number, 1_200_000))
        assert place.open().snapshot(number) == snapshot(number, 1_200_000)
    assert store.snapshots() == [40, 30, 0]
    assert len(store.snapshots()) == SNAPSHOTS_KEPT + 1
    assert store.snapshot(0) == snapshot(0)
    assert newest_good(store) == snapshot(40, 1_200_000)
    with pytest.raises(StoreError, match="no snapshot 20"):
        store.snapshot(20)


def test_a_large_snapshot_never_stands_in_memory_twice(place: Place) -> None:
    store = place.open()
    founded(store)
    cell, count = 2 << 20, 20
    large = Snapshot(0, 0, "", {f"room/{number}": bytes([number]) * cell for number in range(count)})
    of_cipher = 8 * cell if isinstance(store, SealedStore) else 0
    assert peak_of(partial(store.put_snapshot, large)) < 2.5 * cell + of_cipher
    assert peak_of(partial(store.snapshot, 0)) < (count + 3) * cell + of_cipher
    assert store.snapshot(0) == large


def peak_of(work: Callable[[], object]) -> int:
    """The most bytes that Python held beyond what it held before."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_a_snapshot_may_be_of_nothing_and_the_first_of_a_number_stays(place: Place) -> None:
    store = place.open()
    epoch = founded(store)
    assert newest_good(store) is None
    store.append(entries(range(5), epoch))
    store.put_snapshot(Snapshot(3, 7, "chain", {}))
    assert store.snapshot(3) == Snapshot(3, 7, "chain", {})
    store.put_snapshot(Snapshot(3, 8, "another", {"cell/0": b"x"}))
    assert store.snapshot(3) == Snapshot(3, 7, "chain", {})


def test_a_snapshot_that_is_ahead_of_the_book_is_refused(place: Place) -> None:
    store = place.open()
    epoch = founded(store)
    store.append(entries(range(5), epoch))
    store.put_snapshot(snapshot(5))
    with pytest.raises(StoreError, match="ahead of the day book"):
        store.put_snapshot(snapshot(6))
    assert store.snapshots() == [5]


def test_a_store_that_is_closed_says_so(place: Place) -> None:
    store = place.open()
    epoch = founded(store)
    store.close()
    store.close()
    for call in (store.enter, store.snapshots, lambda: list(store.read()), lambda: store.append([entry(0, epoch)])):
        with pytest.raises(StoreError, match="closed"):
            call()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(begin=st.integers(0, 3), steps=STEPS)
def test_whatever_is_done_in_whatever_order_reads_back_equal(
    places: Places, begin: int, steps: list[tuple[str, int]]
) -> None:
    place = places()
    store = place.open()
    epoch = founded(store)
    kept: dict[int, Snapshot] = {}
    if begin:
        kept[begin] = snapshot(begin)
        store.put_snapshot(kept[begin])
    book: list[Entry] = []
    for what, size in steps:
        upcoming = begin + len(book)
        if what == "append":
            book += entries(range(upcoming, upcoming + size), epoch)
            store.append(book[-size:])
        elif what == "snapshot" and (book or not begin):
            kept.setdefault(upcoming, snapshot(upcoming, size))
            store.put_snapshot(kept[upcoming])
        elif what == "reopen":
            store.close()
            store = place.open()
            epoch = store.enter()
        elif what == "refused":
            with pytest.raises(StoreError):
                store.append(entries([upcoming + size], epoch))
        expect_equal(store, begin, book, kept)
    place.close()


def expect_equal(store: Store, begin: int, book: list[Entry], kept: dict[int, Snapshot]) -> None:
    numbers = sorted(kept, reverse=True)
    left = numbers[:SNAPSHOTS_KEPT] + numbers[SNAPSHOTS_KEPT:][-1:]
    assert list(store.read(begin)) == book
    assert store.snapshots() == left
    assert [store.snapshot(number) for number in left] == [kept[number] for number in left]


def test_an_epoch_that_was_given_is_not_given_again(place: Place) -> None:
    store = place.open()
    founded(store)
    assert store.enter(7) == 7
    for old in (6, 1):
        with pytest.raises(Fenced, match="taken the bank over"):
            store.enter(old)
    assert store.enter(7) == 7
    assert place.open().standing().epoch == 7


def test_a_commit_of_which_only_an_error_was_heard_is_not_done_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = place.open()
    epoch = founded(store)
    below: Any = getattr(store, "_store", store)
    begun = below._database.begun

    @contextmanager
    def unheard(*of: Any) -> Iterator[None]:
        with begun(*of):
            yield
        raise StoreError("the line broke")

    monkeypatch.setattr(below._database, "begun", unheard)
    with pytest.raises(StoreError, match="the line broke"):
        store.append(entries(range(3), epoch))
    monkeypatch.undo()
    store.append(entries(range(3), epoch))
    assert list(place.open().read()) == entries(range(3), epoch)
