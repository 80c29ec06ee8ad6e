"""What waits at one end of a connection is bounded, however much the far end sends and however little it reads."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from actors.frames import AT_WORK_MAX, FrameServer, framed, read

_SOON_S, _LONG_S = 0.05, 10.0


class Slow(FrameServer):
    """Answers nothing until it is let, but what is urgent."""

    urgent = frozenset({"look"})

    def __init__(self, answer: bytes = b"") -> None:
        super().__init__()
        self.let, self.asked, self._answer = asyncio.Event(), 0, answer

    async def _do_look(self, message: dict[str, Any]) -> str:
        del message
        return "well"

    async def _do_ask(self, message: dict[str, Any]) -> bytes:
        del message
        self.asked += 1
        await self.let.wait()
        return self._answer


async def steady(server: Slow) -> int:
    """How much it was asked, once that grows no more."""
    before = -1
    while server.asked != before:
        before = server.asked
        await asyncio.sleep(_SOON_S)
    return before


def run(hour: Any) -> None:
    asyncio.run(asyncio.wait_for(hour, _LONG_S))


def test_so_many_are_worked_on_at_once_and_others_refused_but_for_what_is_urgent(tmp_path: Path) -> None:
    async def hour() -> None:
        server = Slow()
        listening = await server.serve(tmp_path / "s")
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        for number in range(AT_WORK_MAX + 3):
            writer.write(framed({"n": number, "do": "ask"}))
        assert [(await read(reader))["no"] for _ in range(3)] == ["busy"] * 3
        writer.write(framed({"n": -1, "do": "look"}))
        assert await read(reader) == {"n": -1, "ok": "well"}
        assert await steady(server) == AT_WORK_MAX
        server.let.set()
        answered = {(await read(reader))["n"] for _ in range(AT_WORK_MAX)}
        assert answered == set(range(AT_WORK_MAX))
        writer.write(framed({"n": 7, "do": "ask"}))
        assert (await read(reader))["ok"] == b""
        writer.close()
        listening.close()

    run(hour())


def test_of_who_does_not_read_his_answers_nothing_more_is_read(tmp_path: Path) -> None:
    async def hour() -> None:
        server = Slow(bytes(1 << 20))
        server.let.set()
        listening = await server.serve(tmp_path / "s")
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s", limit=1 << 12)
        for number in range(10):
            writer.write(framed({"n": number, "do": "ask"}))
        assert await steady(server) == 10
        for number in range(10, 300):
            writer.write(framed({"n": number, "do": "ask"}))
        assert await steady(server) < 20
        answered = [(await read(reader))["n"] for _ in range(300)]
        assert answered == list(range(300))
        writer.close()
        listening.close()

    run(hour())
