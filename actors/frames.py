"""Messages between a bank's processes: MessagePack with its length before it, on a Unix socket in the bank's own folder or,
between sites, on a TCP connection.

    {"n": 7, "do": "submit", …}  →        ← {"n": 7, "ok": …}  or  {"n": 7, "no": "busy", "why": "…"}"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgpack

MESSAGE_MAX = 256 << 20
AT_WORK_MAX = 1_000
"""Messages of one connection that are worked on at once; what comes beyond is refused."""
_LENGTH = 4

Message = dict[str, Any]


async def read(reader: asyncio.StreamReader) -> Message:
    """The next message. ConnectionError where it is too long."""
    length = int.from_bytes(await reader.readexactly(_LENGTH), "little")
    return _opened(await reader.readexactly(_bounded(length)))


def framed(message: Message) -> bytes:
    """A message as it is sent."""
    content: bytes = msgpack.packb(message)
    return len(content).to_bytes(_LENGTH, "little") + content


def write(writer: asyncio.StreamWriter | None, content: bytes) -> None:
    """Writes to whoever is still there; a call to somebody who is gone is made again when he is back."""
    if writer is not None and not writer.is_closing():
        writer.write(content)


def _bounded(length: int) -> int:
    if length > MESSAGE_MAX:
        raise ConnectionError(f"a message of {length} bytes")
    return length


def _opened(content: bytes) -> Message:
    found: Message = msgpack.unpackb(content, strict_map_key=False)
    return found


class FrameServer:
    """Answers messages, each in a task of its own: what a message asks for is a method, `_do_…`. Nothing more is read of a
    connection while its far end does not read the answers, and what comes while very much of it is under way is refused, all but
    what is `urgent`: what waits here is bounded."""

    urgent: frozenset[str] = frozenset()
    """What is asked by who looks after the bank: never refused for want of room."""
    refusals: Mapping[str, type[Exception]] = {}
    """The errors that are answers, by the word that stands for each."""

    def __init__(self) -> None:
        self._working: set[asyncio.Task[None]] = set()

    async def serve(self, path: Path) -> asyncio.Server:
        """Listens; whoever may enter the folder may connect."""
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._connected, path)
        path.chmod(0o600)
        return server

    async def serve_on(self, listening: socket.socket, tls: ssl.SSLContext) -> asyncio.Server:
        """Listens on a TCP socket; who has no key of the bank's does not get in."""
        return await asyncio.start_server(self._connected, sock=listening, ssl=tls)

    async def answer(self, message: Message) -> Any:
        """What is answered. One of `refusals`, or whatever went wrong."""
        return await getattr(self, f"_do_{message['do']}")(message)

    def attach(self, message: Message, writer: asyncio.StreamWriter) -> Callable[[], object] | None:
        """Where a message asks to be told of things from now on: sees to it, and gives how to stop that."""
        del message, writer
        return None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stop: Callable[[], object] = bool
        working: set[asyncio.Task[None]] = set()
        try:
            while True:
                await writer.drain()
                message = await read(reader)
                if (attached := self.attach(message, writer)) is not None:
                    stop()
                    stop = attached
                    write(writer, framed({"n": message["n"], "ok": True}))
                    continue
                if len(working) >= AT_WORK_MAX and message["do"] not in self.urgent:
                    why = f"{len(working):,} questions are under way; ask again in a second"
                    write(writer, framed({"n": message["n"], "no": "busy", "why": why}))
                    continue
                task = asyncio.create_task(self._work(message, writer))
                self._working.add(task)
                working.add(task)
                task.add_done_callback(self._working.discard)
                task.add_done_callback(working.discard)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, ssl.SSLError):
            pass
        finally:
            stop()
            writer.close()

    async def _work(self, message: Message, writer: asyncio.StreamWriter) -> None:
        said: Message = {"n": message["n"]}
        try:
            said["ok"] = await self.answer(message)
        except tuple(self.refusals.values()) as error:
            said["no"] = next(name for name, kind in self.refusals.items() if isinstance(error, kind))
            said["why"] = getattr(error, "user_message", str(error))
        except Exception as error:  # who asked hears of it, and is not left waiting
            said["no"], said["why"] = "fault", f"{type(error).__name__}: {error}"
        write(writer, framed(said))


class Caller:
    """Calls from who has no loop, one after another, over a connection that is made anew where it was lost."""

    def __init__(self, connect: Callable[[float], socket.socket]) -> None:
        """`connect`: gives a connection within so many seconds, or raises OSError."""
        self._connect = connect
        self._connection: socket.socket | None = None
        self._lock = threading.Lock()

    def call(self, message: Message, patience_s: float) -> Message:
        """The answer as it came. OSError where none came in time; what was asked for may have been done."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._connect(patience_s)
                self._connection.settimeout(patience_s)
                self._connection.sendall(framed({"n": 0, **message}))
                length = int.from_bytes(self._exactly(_LENGTH), "little")
                return _opened(self._exactly(_bounded(length)))
            except (OSError, ValueError, msgpack.UnpackException) as error:
                self._let_go()
                raise error if isinstance(error, OSError) else OSError(str(error)) from None

    def close(self) -> None:
        """Lets go of the connection; the next call makes a new one."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _exactly(self, count: int) -> bytes:
        assert self._connection is not None
        found = bytearray()
        while len(found) < count:
            if not (some := self._connection.recv(min(count - len(found), 1 << 20))):
                raise ConnectionResetError("the far end has let go")
            found += some
        return bytes(found)


def unix(path: Path) -> Callable[[float], socket.socket]:
    """How to reach who listens at a path."""

    def connect(patience_s: float) -> socket.socket:
        folder = os.open(path.parent, os.O_RDONLY)  # a socket's path holds 108 bytes, and a bank's home may be deep
        try:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(patience_s)
            try:
                connection.connect(f"/proc/self/fd/{folder}/{path.name}")
            except OSError:
                connection.close()
                raise
        finally:
            os.close(folder)
        return connection

    return connect
