"""The link between gateways and the conductor: one connection on a Unix socket in the bank's own folder, messages in MessagePack
with their length before them. A call that was under way when the conductor went away is made again once it is back: commands
carry their request numbers, and everything else only asks, so nothing is done twice.

    {"n": 7, "do": "submit", …}  →        ← {"n": 7, "ok": …}  or  {"n": 7, "no": "busy", "why": "…"}
                                          ← {"events": …}      to those who listen"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from actors.clock import ClockError
from actors.conductor import Answer, Busy, Closing, Conductor, Story
from actors.host import Look
from actors.topology import Cell
from actors.wire import pack, unpack
from credit.errors import CreditError
from credit.room import EVENT_DTYPE, KINDS, Kind, Rows

_LENGTH = 4
MESSAGE_MAX = 256 << 20
_RETRY_S = 0.05
SUBMITS_MAX = 200
"""Commands of one gateway that may wait for their answers: some seconds' worth, so that callers are refused before they wait
longer. The conductor's own bound (`Pace.queue_rows`) is for bulk."""
_REFUSALS: dict[str, type[Exception]] = {"busy": Busy, "closing": Closing, "clock": ClockError, "bad": CreditError}


class Away(CreditError):
    """The conductor did not come back in time."""


async def _read(reader: asyncio.StreamReader) -> Any:
    length = int.from_bytes(await reader.readexactly(_LENGTH), "little")
    if length > MESSAGE_MAX:
        raise ConnectionError(f"a message of {length} bytes")
    return msgpack.unpackb(await reader.readexactly(length), strict_map_key=False)


def _framed(message: dict[str, Any]) -> bytes:
    content: bytes = msgpack.packb(message)
    return len(content).to_bytes(_LENGTH, "little") + content


def _write(writer: asyncio.StreamWriter | None, content: bytes) -> None:
    """Writes to whoever is still there; a call to somebody who is gone is made again when he is back."""
    if writer is not None and not writer.is_closing():
        writer.write(content)


def as_bytes(rows: Rows) -> dict[str, Any]:
    """Rows of any record type, as a message carries them."""
    return {"form": [list(field) for field in rows.dtype.descr], "rows": rows.tobytes()}


def as_rows(message: dict[str, Any]) -> Rows:
    """The rows of a message."""
    return np.frombuffer(message["rows"], dtype=[(name, form) for name, form in message["form"]])


class LinkServer:
    """The conductor's end."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._working: set[asyncio.Task[None]] = set()

    async def serve(self, path: Path) -> asyncio.Server:
        """Listens; whoever may enter the folder may connect."""
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._connected, path)
        path.chmod(0o600)
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stop: Callable[[], object] = bool
        try:
            while True:
                message = await _read(reader)
                if message["do"] == "listen":
                    stop()
                    stop = self._conductor.listen(lambda rows: _write(writer, _framed({"events": rows.tobytes()})))
                    _write(writer, _framed({"n": message["n"], "ok": True}))
                    continue
                task = asyncio.create_task(self._work(message, writer))
                self._working.add(task)
                task.add_done_callback(self._working.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            stop()
            writer.close()

    async def _work(self, message: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        said: dict[str, Any] = {"n": message["n"]}
        try:
            said["ok"] = await getattr(self, f"_do_{message['do']}")(message)
        except tuple(_REFUSALS.values()) as error:
            said["no"] = next(name for name, kind in _REFUSALS.items() if isinstance(error, kind))
            said["why"] = getattr(error, "user_message", str(error))
        _write(writer, _framed(said))
        with contextlib.suppress(ConnectionError, RuntimeError):
            await writer.drain()

    async def _do_submit(self, message: dict[str, Any]) -> list[Answer]:
        [(number, parts)] = unpack([[tuple(one) for one in message["bundle"]]]).items()  # type: ignore[list-item]
        return await self._conductor.submit(KINDS[number], parts[0])

    async def _do_submit_told(self, message: dict[str, Any]) -> tuple[Answer, int, bytes]:
        [answer] = await self._do_submit(message)
        now, events = await self._do_story({"case": answer.number}) if not answer.reason else (0, b"")
        return answer, now, events

    async def _do_story(self, message: dict[str, Any]) -> tuple[int, bytes]:
        now, events = await self._conductor.story(message["case"])
        return now, events.tobytes()

    async def _do_news(self, message: dict[str, Any]) -> tuple[int, bytes]:
        """Only if nothing has happened since the caller looked."""
        _, events = await self._conductor.story(message["case"])
        if len(events) <= message["known"]:
            await self._conductor.news(message["case"], message["timeout_s"])
        return await self._do_story(message)

    async def _do_look(self, message: dict[str, Any]) -> dict[str, Any]:
        asked = Look(message["table"], message["column"], tuple(message["values"]))
        return as_bytes(await self._conductor.look(Cell.named(message["cell"]), asked))

    async def _do_advance(self, message: dict[str, Any]) -> int:
        return await self._conductor.advance(message["to"])

    async def _do_standing(self, message: dict[str, Any]) -> dict[str, Any]:
        del message
        return self._conductor.standing()


class LinkClient:
    """A gateway's end: the conductor's methods, from another process."""

    def __init__(self, path: Path, patience_s: float = 60.0, submits_max: int = SUBMITS_MAX) -> None:
        """`patience_s`: how long a call waits for a conductor that is away; `submits_max`: commands that may be under way."""
        self._path, self._patience_s, self._submits_max = path, patience_s, submits_max
        self._submitting = 0
        self._numbers = itertools.count(1)
        self._open: dict[int, tuple[bytes, asyncio.Future[Any]]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._listener: Callable[[Rows], None] | None = None
        self._task: asyncio.Task[None] | None = None
        self.connected = False

    def start(self) -> None:
        """Connects, now and whenever the connection is lost."""
        self._task = asyncio.get_running_loop().create_task(self._stay_connected())

    async def stop(self) -> None:
        """Lets go."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _stay_connected(self) -> None:
        while True:
            with contextlib.suppress(ConnectionError, OSError, asyncio.IncompleteReadError):
                reader, self._writer = await asyncio.open_unix_connection(self._path)
                self.connected = True
                if self._listener is not None:
                    _write(self._writer, _framed({"n": 0, "do": "listen"}))
                for content, _ in self._open.values():
                    _write(self._writer, content)
                while True:
                    self._hear(await _read(reader))
            self.connected, self._writer = False, None
            await asyncio.sleep(_RETRY_S)

    def _hear(self, message: dict[str, Any]) -> None:
        if "events" in message:
            if self._listener is not None:
                self._listener(np.frombuffer(message["events"], dtype=EVENT_DTYPE))
            return
        _, answer = self._open.get(message["n"], (b"", None))
        if answer is None or answer.done():
            return
        if "no" in message:
            answer.set_exception(_REFUSALS[message["no"]](message["why"]))
        else:
            answer.set_result(message["ok"])

    async def _call(self, do: str, patience_s: float | None = None, **more: Any) -> Any:
        number = next(self._numbers)
        content = _framed({"n": number, "do": do, **more})
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open[number] = content, answer
        _write(self._writer, content)
        try:
            return await asyncio.wait_for(answer, patience_s or self._patience_s)
        except TimeoutError:
            raise Away("the bank does not answer; ask again with the same number") from None
        finally:
            del self._open[number]

    async def submit(self, kind: Kind, rows: Rows) -> list[Answer]:
        """See `Conductor.submit`; Busy at once where too many of this process's commands are under way."""
        return [Answer(*one) for one in await self._submitted("submit", kind, rows)]

    async def submit_told(self, kind: Kind, rows: Rows) -> tuple[Answer, Story]:
        """One command whose answer's number is a case, and what happened to that case, with one call."""
        answer, now, events = await self._submitted("submit_told", kind, rows)
        return Answer(*answer), Story(now, np.frombuffer(events, dtype=EVENT_DTYPE))

    @property
    def full(self) -> bool:
        """Whether a command would be refused now."""
        return self._submitting >= self._submits_max

    async def _submitted(self, do: str, kind: Kind, rows: Rows) -> Any:
        if self.full:
            raise Busy(f"{self._submitting:,} commands are under way; ask again in a second")
        self._submitting += 1
        try:
            return await self._call(do, bundle=pack({kind.number: [rows]}))
        finally:
            self._submitting -= 1

    async def story(self, case: int) -> Story:
        """See `Conductor.story`."""
        now, events = await self._call("story", case=case)
        return Story(now, np.frombuffer(events, dtype=EVENT_DTYPE))

    async def news(self, case: int, known: int, timeout_s: float) -> Story:
        """The events of a case once there are more than are known, or the time is over."""
        patience_s = timeout_s + self._patience_s
        now, events = await self._call("news", patience_s, case=case, known=known, timeout_s=timeout_s)
        return Story(now, np.frombuffer(events, dtype=EVENT_DTYPE))

    async def look(self, cell: Cell, asked: Look) -> Rows:
        """See `Conductor.look`."""
        found = await self._call(
            "look", cell=str(cell), table=asked.table, column=asked.column, values=list(asked.values)
        )
        return as_rows(found)

    async def advance(self, to: int) -> int:
        """See `Conductor.advance`."""
        return int(await self._call("advance", 3_600.0, to=to))

    async def standing(self, patience_s: float | None = None) -> dict[str, Any]:
        """See `Conductor.standing`."""
        found: dict[str, Any] = await self._call("standing", patience_s)
        return found

    def listen(self, listener: Callable[[Rows], None]) -> None:
        """Has one listener hear all events of cases from now on."""
        self._listener = listener
        _write(self._writer, _framed({"n": 0, "do": "listen"}))


Bank = Conductor | LinkClient
"""Whoever a gateway may ask."""
