"""The lines (线路) between the sites of a bank on one machine: what goes from one place to another passes here, and may be
delayed, narrowed, lost and cut, in one direction or both. On several machines there is no such thing, but real lines.

    a's conductor ──► [a → b] ──► b's conductor        what b answers on that connection goes the line b → a

A byte that is lost on a real line is sent again by TCP, so a line never loses bytes for good: they come late. A cut line holds
what it was given, and delivers it when it is mended, as TCP does; connections that were given up meanwhile are closed then."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from actors.book.store import StoreError
from actors.frames import FrameServer, Message

RESENT_MS = 200.0
"""After so long TCP sends again what was lost (its least, RTO_min of Linux)."""
_SEGMENT = 1_448
"""Bytes of a TCP segment on Ethernet."""
_PIECE = 64 << 10
_STEP_S = 0.02


@dataclass
class Line:
    """How a line is in one direction."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    """Share of segments that are lost."""
    mbit_s: float = 0.0
    """Bandwidth; 0: no bound."""
    cut: bool = False
    free_at: float = field(default=0.0, compare=False)

    def due(self, now: float, count: int, luck: random.Random) -> float:
        """When bytes that are sent now arrive: after whatever was sent before them."""
        lost = self.loss > 0 and luck.random() < 1 - (1 - self.loss) ** (1 + count // _SEGMENT)
        late_ms = self.delay_ms + luck.uniform(0, self.jitter_ms) + (RESENT_MS if lost else 0.0)
        sent = max(now, self.free_at) + (count * 8 / (self.mbit_s * 1e6) if self.mbit_s else 0.0)
        self.free_at = sent
        return sent + late_ms / 1e3

    def told(self) -> dict[str, Any]:
        """How it is, in words of `Lines.change`."""
        return {name: of for name, of in asdict(self).items() if name != "free_at"}


class Lines(FrameServer):
    """All lines of a bank; `change` is also what a message asks for."""

    refusals = {"bad": StoreError}

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._lines: dict[tuple[str, str], Line] = {}
        self._luck = random.Random(seed)

    async def lay(self, here: str, there: str, listening: socket.socket, to: tuple[str, int]) -> asyncio.Server:
        """What calls of `here` on their way to `there` connect to."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far = None
            try:
                await self._until_whole(here, there)
                far_reader, far = await asyncio.open_connection(*to)
                await asyncio.wait(
                    [
                        asyncio.create_task(self._carry(reader, far, here, there)),
                        asyncio.create_task(self._carry(far_reader, writer, there, here)),
                    ],
                    return_when=asyncio.FIRST_COMPLETED,
                )
            except OSError:
                pass
            finally:
                writer.close()
                if far is not None:
                    far.close()

        for one in ((here, there), (there, here)):
            self._lines.setdefault(one, Line())
        return await asyncio.start_server(connected, sock=listening)

    def change(self, here: str, there: str, how: Mapping[str, Any]) -> None:
        """Makes a line what `how` says, and leaves the rest of it. StoreError where there is none, or it can't be so."""
        line = self._lines.get((here, there))
        if line is None:
            raise StoreError(
                f"no line goes from {here} to {there}; lines: {', '.join(sorted({a for a, _ in self._lines}))}"
            )
        for name, value in how.items():
            if name not in line.told():
                raise StoreError(f"a line has no {name!r}; it has {', '.join(line.told())}")
            if name != "cut" and not (0 <= value <= (1 if name == "loss" else 1e6)):
                raise StoreError(f"{name} {value}: impossible")
            setattr(line, name, value)

    async def _do_change(self, message: Message) -> None:
        self.change(message["here"], message["there"], message["how"])

    async def _do_lines(self, message: Message) -> list[list[Any]]:
        del message
        return [[here, there, line.told()] for (here, there), line in sorted(self._lines.items())]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, here: str, there: str) -> None:
        line, loop = self._lines[here, there], asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(256)

        async def deliver() -> None:
            while True:
                due, content = await waiting.get()
                await asyncio.sleep(due - loop.time())
                await self._until_whole(here, there)
                if not content:
                    return
                writer.write(content)
                await writer.drain()

        delivering = asyncio.create_task(deliver())
        with contextlib.suppress(OSError):
            while content := await reader.read(_PIECE):
                await waiting.put((line.due(loop.time(), len(content), self._luck), content))
        await waiting.put((loop.time(), b""))
        with contextlib.suppress(OSError):
            await delivering

    async def _until_whole(self, here: str, there: str) -> None:
        while self._lines[here, there].cut:
            await asyncio.sleep(_STEP_S)
