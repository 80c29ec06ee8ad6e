"""The link between gateways and the conductor: one connection on a Unix socket in the bank's own folder (`actors.frames`). A call
that was under way when the conductor went away is made again once it is back: commands carry their request numbers, a date that
stands there already was moved on, and all else only asks, so nothing is done twice.

    {"n": 7, "do": "submit", …}  →        ← {"n": 7, "ok": …}, see `actors.frames`
                                          ← {"events": …}      to those who listen"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from actors import partners
from actors.book.store import StoreError
from actors.clock import ClockError
from actors.conductor import Answer, Conductor, Story
from actors.frames import Caller, FrameServer, Message, framed, read, unix, write
from actors.host import Look
from actors.refusals import Busy, Closing, DayOver
from actors.sequencer import Command
from actors.topology import Cell
from actors.wire import pack, unpack
from credit.errors import CreditError
from credit.room import EVENT_DTYPE, KINDS, Kind, Rows

_BEHIND_MAX = 64 << 20
"""Most bytes that may wait for a listener."""
UNSENT_MAX = 8 << 20
"""Bytes of questions that a conductor may not have read yet; more are refused at once. Of what was given up meanwhile nobody
hears, but it stands there until it is read."""
_RETRY_S = 0.05


class Away(CreditError):
    """The conductor did not come back in time."""


class Moved(Away):
    """Another site leads the bank now; ask there."""


SUBMITS_MAX = 200
"""Callers of one gateway that may wait for the answers to their commands: half a second's worth, so that others are refused
before they wait longer. The conductor's own bound (`Pace.queue_rows`) is for bulk."""
OF_SITES = frozenset({"site", "hand_over", "take_over"})
"""What is asked of a site, whoever leads (`actors.sites.site`)."""
URGENT = OF_SITES | {"standing", "figures", "partner"}
"""What people ask and decide is never refused for want of room."""
REFUSALS: dict[str, type[Exception]] = {
    "moved": Moved,
    "away": Away,
    "busy": Busy,
    "closing": Closing,
    "day over": DayOver,
    "clock": ClockError,
    "bad": CreditError,
}


class Fault(Exception):
    """The conductor could not do what it was asked to, by a fault of its own or of the question."""


def _told(writer: asyncio.StreamWriter, window: int, rows: Rows) -> None:
    """Tells a listener of a window. One that does not read is let go, so that what waits for him is bounded."""
    if writer.transport.get_write_buffer_size() > _BEHIND_MAX:
        writer.transport.abort()
    write(writer, framed({"window": window, "events": rows.tobytes()}))


def as_bytes(rows: Rows) -> dict[str, Any]:
    """Rows of any record type, as a message carries them."""
    return {"form": [list(field) for field in rows.dtype.descr], "rows": rows.tobytes()}


def as_rows(message: dict[str, Any]) -> Rows:
    """The rows of a message."""
    return np.frombuffer(message["rows"], dtype=[(name, form) for name, form in message["form"]])


def asked_once(path: Path, do: str, patience_s: float, **more: Any) -> Any:
    """What the conductor that listens at `path` answers to one question, for who has no loop. Away where it does not."""
    caller = Caller(unix(path))
    try:
        return caller.call({"do": do, **more}, patience_s)["ok"]
    except (OSError, KeyError):
        raise Away("the bank does not answer") from None
    finally:
        caller.close()


class LinkServer(FrameServer):
    """The conductor's end."""

    refusals = REFUSALS
    urgent = URGENT

    def __init__(self, conductor: Conductor) -> None:
        super().__init__()
        self._conductor = conductor

    def attach(self, message: Message, writer: asyncio.StreamWriter) -> Callable[[], object] | None:
        """Has a gateway hear all events."""
        return self._conductor.listen(partial(_told, writer)) if message["do"] == "listen" else None

    async def _do_submit(self, message: dict[str, Any]) -> list[Answer]:
        mail = unpack([[tuple(one) for one in message["bundle"]]])  # type: ignore[list-item]
        kind, [rows] = KINDS[message["kind"]], mail.pop(message["kind"])
        beside = [Command(KINDS[number], part) for number, parts in mail.items() for part in parts]
        return await self._conductor.submit(kind, rows, *beside)

    async def _do_submit_told(self, message: dict[str, Any]) -> tuple[list[Answer], int, bytes]:
        answers = await self._do_submit(message)
        now, events = await self._conductor.story(*(one.number for one in answers if one.number))
        return answers, now, events.tobytes()

    async def _do_stories(self, message: dict[str, Any]) -> tuple[int, bytes]:
        now, events = await self._conductor.story(*message["cases"])
        return now, events.tobytes()

    async def _do_look(self, message: dict[str, Any]) -> dict[str, Any]:
        asked = Look(message["table"], message["column"], tuple(message["values"]))
        return as_bytes(await self._conductor.look(Cell.named(message["cell"]), asked))

    async def _do_looks(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        asked = [Look(table, column, tuple(values)) for table, column, values in message["asked"]]
        return [as_bytes(rows) for rows in await self._conductor.looks(Cell.named(message["cell"]), asked)]

    async def _do_since(self, message: dict[str, Any]) -> list[tuple[int, bytes]]:
        found = await self._conductor.since(message["window"], message["most"])
        return [(window, rows.tobytes()) for window, rows in found]

    async def _do_advance(self, message: dict[str, Any]) -> int:
        return await self._conductor.advance(message["to"])

    async def _do_partner(self, message: dict[str, Any]) -> None:
        """Something befalls a partner that the world plays, or is over."""
        told = partners.over if message["over"] else partners.befalls
        first, *beside = told(self._conductor.shards, message["partner"], **message["how"])
        await self._conductor.submit(first.kind, first.rows, *beside)

    async def _do_standing(self, message: dict[str, Any]) -> dict[str, Any]:
        del message
        return self._conductor.standing()

    async def _do_figures(self, message: dict[str, Any]) -> dict[str, Any]:
        del message
        return self._conductor.figures()


Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""How to reach the conductor; OSError where it is away."""


class LinkClient:
    """A gateway's end: the conductor's methods, from another process."""

    def __init__(self, at: Path | Connect, patience_s: float = 60.0, submits_max: int = SUBMITS_MAX) -> None:
        """`at`: its socket's path, or how to reach it; `patience_s`: how long a call waits for a conductor that is away;
        `submits_max`: commands that may be under way."""
        self._connect: Connect = partial(asyncio.open_unix_connection, at) if isinstance(at, Path) else at
        self._patience_s, self._submits_max = patience_s, submits_max
        self._submitting = 0
        self._numbers = itertools.count(1)
        self._open: dict[int, tuple[bytes, asyncio.Future[Any]]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._listener: Callable[[int, Rows], None] | None = None
        self._lost: Callable[[], object] = bool
        self._task: asyncio.Task[None] | None = None
        self.connected, self._connected_times = False, 0

    def start(self) -> None:
        """Connects, now and whenever the connection is lost."""
        self._task = asyncio.get_running_loop().create_task(self._stay_connected())

    async def stop(self) -> None:
        """Lets go."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._writer is not None:
            self._writer.close()

    async def _stay_connected(self) -> None:
        while True:
            with contextlib.suppress(ConnectionError, OSError, asyncio.IncompleteReadError):
                reader, self._writer = await self._connect()
                self.connected = True
                self._connected_times += 1
                if self._listener is not None:
                    write(self._writer, framed({"n": 0, "do": "listen"}))
                for content, _ in self._open.values():
                    write(self._writer, content)
                while True:
                    self._hear(await read(reader))
            if self.connected:
                self._lost()
            self.connected, self._writer = False, None
            await asyncio.sleep(_RETRY_S)

    def give_up(self, error: Exception) -> None:
        """Ends every call under way with an error."""
        for _, answer in self._open.values():
            if not answer.done():
                answer.set_exception(error)

    async def pass_on(self, message: Message, patience_s: float) -> Any:
        """A message of somebody else's, as it came, and what is answered."""
        return await self._call(patience_s=patience_s, **{name: of for name, of in message.items() if name != "n"})

    def _hear(self, message: dict[str, Any]) -> None:
        if "events" in message:
            if self._listener is not None:
                self._listener(message["window"], np.frombuffer(message["events"], dtype=EVENT_DTYPE))
            return
        _, answer = self._open.get(message["n"], (b"", None))
        if answer is None or answer.done():
            return
        if "no" in message:
            answer.set_exception(REFUSALS.get(message["no"], Fault)(message["why"]))
        else:
            answer.set_result(message["ok"])

    async def _call(self, do: str, patience_s: float | None = None, **more: Any) -> Any:
        unsent = self._writer.transport.get_write_buffer_size() if self._writer is not None else 0
        if unsent > UNSENT_MAX and do not in URGENT:
            raise Busy("the bank is behind with reading what it is asked; ask again in a second")
        number = next(self._numbers)
        content = framed({"n": number, "do": do, **more})
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open[number] = content, answer
        write(self._writer, content)
        try:
            return await asyncio.wait_for(answer, patience_s or self._patience_s)
        except TimeoutError:
            raise Away("the bank does not answer; ask again with the same number") from None
        finally:
            del self._open[number]

    async def submit(self, kind: Kind, rows: Rows, *beside: Command) -> list[Answer]:
        """See `Conductor.submit`; Busy at once where too many of this process's commands are under way."""
        return [Answer(*one) for one in await self._submitted("submit", 1, kind, rows, beside)]

    async def submit_told(self, kind: Kind, rows: Rows, *beside: Command) -> list[tuple[Answer, Story]]:
        """Commands of as many callers, whose answers' numbers are cases, and what happened to each case, with one call."""
        said, now, content = await self._submitted("submit_told", len(rows), kind, rows, beside)
        answers = [Answer(*one) for one in said]
        return list(zip(answers, _by_case(now, content, [one.number for one in answers]), strict=True))

    @property
    def under_way(self) -> int:
        """Callers who wait for the answers to their commands."""
        return self._submitting

    async def _submitted(self, do: str, callers: int, kind: Kind, rows: Rows, beside: Sequence[Command]) -> Any:
        if self._submitting >= self._submits_max:
            raise Busy(f"{self._submitting:,} commands are under way; ask again in a second")
        self._submitting += callers
        try:
            mail = {kind.number: [rows]} | {other.number: [more] for other, more in beside}
            return await self._call(do, kind=kind.number, bundle=pack(mail))
        finally:
            self._submitting -= callers

    async def stories(self, cases: Sequence[int]) -> list[Story]:
        """What happened to each of some cases, see `Conductor.story`."""
        now, content = await self._call("stories", cases=list(cases))
        return _by_case(now, content, cases)

    async def look(self, cell: Cell, asked: Look) -> Rows:
        """See `Conductor.look`."""
        found = await self._call(
            "look", cell=str(cell), table=asked.table, column=asked.column, values=list(asked.values)
        )
        return as_rows(found)

    async def looks(self, cell: Cell, asked: Sequence[Look]) -> list[Rows]:
        """See `Conductor.looks`."""
        questions = [(one.table, one.column, list(one.values)) for one in asked]
        return [as_rows(found) for found in await self._call("looks", cell=str(cell), asked=questions)]

    async def since(self, window: int, most: int) -> list[tuple[int, Rows]]:
        """See `Conductor.since`."""
        found = await self._call("since", window=window, most=most)
        return [(number, np.frombuffer(rows, dtype=EVENT_DTYPE)) for number, rows in found]

    async def advance(self, to: int) -> int:
        """See `Conductor.advance`. Made again after the conductor was away, it may have been done before."""
        times = self._connected_times
        try:
            return int(await self._call("advance", 3_600.0, to=to))
        except ClockError:
            until = int((await self.standing())["until"]) if times != self._connected_times else to - 1
            if until < to:
                raise
            return until

    async def site(self) -> dict[str, Any]:
        """How the site behind this link stands (`actors.sites.site`); empty where the bank has one alone."""
        try:
            found: dict[str, Any] = await self._call("site")
        except Fault:
            return {}
        return found

    async def decide(self, how: Literal["hand_over", "take_over"], site: str, by: Sequence[str]) -> None:
        """Has the site behind this link do what people decided (`actors.sites.site`). StoreError where it can't."""
        message = {"by": list(by)} | ({"to": site} if how == "hand_over" else {})
        try:
            await self._call(how, None, **message)
        except Fault as fault:
            raise StoreError(str(fault)) from None

    async def standing(self, patience_s: float | None = None) -> dict[str, Any]:
        """See `Conductor.standing`."""
        found: dict[str, Any] = await self._call("standing", patience_s)
        return found

    async def figures(self, patience_s: float | None = None) -> dict[str, Any]:
        """See `Conductor.figures`."""
        found: dict[str, Any] = await self._call("figures", patience_s)
        return found

    def listen(self, listener: Callable[[int, Rows], None], lost: Callable[[], object] = bool) -> None:
        """Has one listener hear all events of cases from now on. `lost` is called when the conductor goes away: some windows are
        then told to nobody, and stand in the trail."""
        self._listener, self._lost = listener, lost
        write(self._writer, framed({"n": 0, "do": "listen"}))


def _by_case(now: int, content: bytes, cases: Sequence[int]) -> list[Story]:
    """The events of some cases, which come case by case, as the story of each."""
    events = np.frombuffer(content, dtype=EVENT_DTYPE)
    first, last = (events["case"].searchsorted(cases, side).tolist() for side in ("left", "right"))
    return [Story(now, events[a:b]) for a, b in zip(first, last, strict=True)]


Bank = Conductor | LinkClient
"""Whoever a gateway may ask."""
