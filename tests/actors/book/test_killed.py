"""A process that is killed in the middle of its work: all it was told is durable is there, and nothing is torn."""

from __future__ import annotations

import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actors.book.opening import open_store
from actors.book.store import Damaged, Fenced, Store, StoreError
from tests.actors.book.books import entries, entry, founded, snapshot
from tests.actors.book.conftest import Place
from tests.actors.book.server import Server
from tests.actors.book.writer import SNAPSHOT_BYTES, WINDOW_BYTES

ROOT = Path(__file__).parents[3]
KILLS = [
    ("sqlite", 7),
    ("postgresql", 3),
    pytest.param("sqlite", 70, marks=pytest.mark.slow),
    pytest.param("postgresql", 30, marks=pytest.mark.slow),
]


def killed_after(where: str, wait_s: float) -> int:
    """The last window a writer had acknowledged when it was killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.actors.book.writer", where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready, _, _ = select.select([process.stdout], [], [], 60)
        time.sleep(wait_s if ready else 0)
        process.send_signal(signal.SIGKILL)
        said, errors = process.communicate()
    assert said, errors.decode()
    return int(said.decode().rpartition("\n")[0].split("\n")[-1])


def check_kills(where: str, kills: int) -> None:
    draw = random.Random(kills)
    lengths = [0]
    for _ in range(kills):
        acknowledged = killed_after(where, draw.uniform(0.0, 0.25))
        store = open_store(where)
        found = list(store.read())
        assert [(one, one.number) for one in found] == [
            (entry(number, found[number].epoch, WINDOW_BYTES), number) for number in range(len(found))
        ]
        assert len(found) > acknowledged >= lengths[-1]
        assert [one.epoch for one in found] == sorted(one.epoch for one in found)
        for number in store.snapshots():
            assert store.snapshot(number) == snapshot(number, SNAPSHOT_BYTES)
        store.close()
        lengths.append(len(found))


@pytest.mark.parametrize(("kind", "kills"), KILLS)
def test_what_a_killed_writer_had_acknowledged_is_there_and_nothing_is_torn(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, kills: int
) -> None:
    where = f"sqlite:{tmp_path / 'book.db'}"
    if kind == "postgresql":
        where = request.getfixturevalue("server").url(f"killed_{kills}")
    check_kills(where, kills)


class Dying(Mapping[str, bytes]):
    """Cells of which the last can't be had."""

    def __init__(self, cells: Mapping[str, bytes]) -> None:
        self._cells = cells

    def __getitem__(self, cell: str) -> bytes:
        if cell == list(self._cells)[-1]:
            raise KeyboardInterrupt
        return self._cells[cell]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)


def test_a_snapshot_that_was_being_written_when_its_process_died_is_none(place: Place) -> None:
    """Its cells come from a mapping that fails half way: the same as death, to the store."""
    store = place.open()
    epoch = founded(store)
    store.append(entries(range(5), epoch))
    store.put_snapshot(snapshot(2))
    with pytest.raises(KeyboardInterrupt):
        store.put_snapshot(snapshot(4)._replace(cells=Dying(snapshot(4).cells)))
    for reader in (store, place.open()):
        assert reader.snapshots() == [2]
    store.put_snapshot(snapshot(4))
    assert store.snapshot(4) == snapshot(4)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_two_processes_that_take_a_bank_from_one_another_only_the_last_goes_on(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """Processes that race from the first byte of the file on: every other one is fenced, and the book is whole."""
    where = f"sqlite:{tmp_path / 'book.db'}"
    if kind == "postgresql":
        where = request.getfixturevalue("server").url("raced")
    command = [sys.executable, "-m", "tests.actors.book.writer", where]
    processes = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, text=True)
        for _ in range(3)
    ]
    until = time.monotonic() + 60
    while sum(process.poll() is None for process in processes) > 1:
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.1)
    lasting = [process for process in processes if process.poll() is None]
    assert len(lasting) == 1, [process.communicate()[1][-300:] for process in processes]
    lasting[0].kill()
    told = [process.communicate()[1] for process in processes if process is not lasting[0]]
    lasting[0].communicate()
    assert all("taken the bank over" in text or "comes next" in text for text in told), told
    store = open_store(where)
    found = list(store.read())
    assert found == [entry(number, found[number].epoch, WINDOW_BYTES) for number in range(len(found))]
    assert found[-1].epoch == max(one.epoch for one in found)
    store.close()


def test_a_server_that_dies_keeps_what_it_acknowledged_and_the_writer_goes_on(server: Server) -> None:
    where = server.url("crashed")
    store = open_store(where)
    epoch = founded(store)
    number = 0
    for _ in range(2):
        with ThreadPoolExecutor(1) as pool:
            ending = pool.submit(die_soon, server)
            number, error = appended_until_it_fails(store, number, epoch)
            ending.result()
        assert not isinstance(error, Damaged | Fenced)
        assert "went away" in error.user_message
        with pytest.raises(StoreError, match="can't be reached"):
            store.append([entry(number, epoch)])
        server.start()
        store.append([entry(number, epoch)])  # whether the server had it before it died or not
        number += 1
        assert list(store.read()) == entries(range(number), epoch)
    store.close()


def die_soon(server: Server) -> None:
    time.sleep(0.1)
    server.stop(signal.SIGQUIT)


def appended_until_it_fails(store: Store, number: int, epoch: int) -> tuple[int, StoreError]:
    while True:
        try:
            store.append([entry(number, epoch)])
        except StoreError as error:
            return number, error
        number += 1
