"""Calls between sites: what they carry comes as it went, and nobody gets in who has no key of the bank's."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.book.store import Damaged, Entry, Fenced, Snapshot, Standing, StoreError
from actors.frames import Caller, FrameServer, Message
from actors.sites import wire
from actors.sites.receiver import Astray, Away
from actors.sites.wire import Address, Far
from actors.sites.witness import Configuration, NotYours

_CONTENT = st.binary(max_size=50)
_NUMBERS = st.integers(-(2**63), 2**63 - 1)
_ENTRIES = st.builds(Entry, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS, _CONTENT, _NUMBERS, st.text(max_size=32))
_THINGS = st.one_of(
    st.none(),
    _NUMBERS,
    st.text(max_size=20),
    _CONTENT,
    _ENTRIES,
    st.builds(Standing, _NUMBERS, _NUMBERS, _CONTENT),
    st.builds(
        Snapshot, _NUMBERS, _NUMBERS, st.text(max_size=9), st.dictionaries(st.text(max_size=9), _CONTENT, max_size=3)
    ),
    st.builds(Configuration, _NUMBERS, _NUMBERS, st.text(max_size=9), st.lists(st.text(max_size=9)).map(tuple)),
    st.lists(_ENTRIES, max_size=4).map(tuple),
)


@given(st.lists(_THINGS, max_size=4).map(tuple))
def test_what_a_call_carries_comes_as_it_went(arguments: tuple[Any, ...]) -> None:
    found = wire.unpacked(wire.packed(arguments))
    assert found == arguments
    assert [type(one) for one in found] == [type(one) for one in arguments]


class _Witness:
    """What is called; each method raises what it is named after."""

    errors = {"fenced": Fenced, "astray": Astray, "not_yours": NotYours, "damaged": Damaged, "store": StoreError}

    def heard(self, site: str) -> Configuration:
        return Configuration(1, 2, site, ("a", site))

    def hung(self) -> None:
        threading.Event().wait(1.0)

    def __getattr__(self, name: str) -> Callable[[], None]:
        def fail() -> None:
            raise self.errors[name](f"{name}: what is wrong")

        return fail


class _Server(FrameServer):
    refusals = wire.REFUSALS
    methods = frozenset({"heard", "hung", *_Witness.errors})

    async def _do_witness(self, message: Message) -> bytes:
        return await asyncio.to_thread(wire.called, _Witness(), message, self.methods)


@contextmanager
def listening(folder: Path) -> Iterator[Address]:
    """A server in a thread of its own."""
    door, loop = socket.socket(), asyncio.new_event_loop()
    door.bind(("127.0.0.1", 0))
    loop.run_until_complete(_Server().serve_on(door, wire.tls(folder, server=True)))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield Address(*door.getsockname())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    wire.make_certificate(tmp_path)
    return tmp_path


def far(folder: Path, at: Address, patience_s: float = 5.0) -> Any:
    return Far("the witness", "witness", Caller(wire.over_tls(at, wire.tls(folder, server=False))), patience_s)


def test_a_call_gives_what_the_far_end_gives_and_raises_what_it_raises(folder: Path) -> None:
    with listening(folder) as at:
        witness = far(folder, at)
        assert witness.heard("b") == Configuration(1, 2, "b", ("a", "b"))
        for name, error in _Witness.errors.items():
            with pytest.raises(error, match=f"{name}: what is wrong") as raised:
                getattr(witness, name)()
            assert type(raised.value) is error
        with pytest.raises(StoreError, match="nothing to call '__class__'"):
            witness._call("__class__")


def test_who_does_not_answer_in_time_is_away_and_the_next_call_is_its_own(folder: Path) -> None:
    with listening(folder) as at:
        witness = far(folder, at, patience_s=0.3)
        with pytest.raises(Away, match="the witness does not answer"):
            witness.hung()
        assert witness.heard("c").leader == "c"


def test_strangers_do_not_get_in(folder: Path, tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    wire.make_certificate(other)
    with listening(folder) as at:
        with pytest.raises(Away):
            far(other, at).heard("stranger")
        with pytest.raises(OSError, match=r".+"):
            Caller(lambda patience_s: socket.create_connection(at, patience_s)).call({"do": "witness"}, 2.0)
        context = wire.tls(folder, server=False)
        context.load_cert_chain(other / wire.CERTIFICATE)
        with pytest.raises(Away):
            Far("the witness", "witness", Caller(wire.over_tls(at, context)), 2.0).heard("with another's key")


def test_the_key_is_its_owners_alone(folder: Path) -> None:
    assert (folder / wire.CERTIFICATE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "host", "host:", "host:0", "host:70000", ":80", "host:http"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="right is HOST:PORT"):
        Address.of(text)
    assert Address.of("[::1]:80") == Address("::1", 80)
