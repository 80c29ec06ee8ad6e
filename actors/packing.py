"""A copy of this process (fork) that packs what the cells know, as they stand at this instant, while they go on: the bank waits
for the copy to be made, which shares its memory, and not for what it does. It holds nothing open but the pipe that it writes to,
and ends with the process that it was made by."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import struct
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, NoReturn, Protocol

_LENGTH = struct.Struct("<q")
_PR_SET_PDEATHSIG = 1
_NICE = 5


class Packs(Protocol):
    """What can say all that it knows as bytes."""

    def export_packed(self) -> bytes: ...


class PackingLost(Exception):
    """The copy ended before it had said everything."""

    user_message = "the process that packed a snapshot ended before it was done"


class Packing:
    """A copy at work; `said` waits for it."""

    def __init__(self, hosts: Sequence[Packs]) -> None:
        self._count = len(hosts)
        self._reads, writes = os.pipe()
        self._process = os.fork()
        if not self._process:
            _pack(hosts, writes)
        os.close(writes)

    @cached_property
    def said(self) -> list[bytes]:
        """What each of the hosts knew. PackingLost where the copy did not come so far."""
        with os.fdopen(self._reads, "rb") as pipe:
            content = pipe.read()
        os.waitpid(self._process, 0)
        found, place = [], 0
        while len(content) - place >= _LENGTH.size:
            [length] = _LENGTH.unpack_from(content, place)
            place += _LENGTH.size + length
            found.append(content[place - length : place])
        if len(found) < self._count or place != len(content):
            raise PackingLost
        return found


class Part(NamedTuple):
    """What one of the hosts knew."""

    packing: Packing
    place: int

    def get(self) -> bytes:
        return self.packing.said[self.place]


def _pack(hosts: Sequence[Packs], writes: int) -> NoReturn:
    """In the copy. Only this thread lives on in it, so it touches nothing that another may have held."""
    with contextlib.suppress(BaseException):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_DFL)
        os.closerange(0, writes)
        os.closerange(writes + 1, os.sysconf("SC_OPEN_MAX"))
        os.nice(_NICE)
        gc.disable()
        with os.fdopen(writes, "wb") as pipe:
            for host in hosts:
                content = host.export_packed()
                pipe.write(_LENGTH.pack(len(content)))
                pipe.write(content)
    os._exit(0)
