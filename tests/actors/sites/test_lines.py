"""Lines between sites: late, narrow, cut in one direction, and whole again."""

from __future__ import annotations

import asyncio
import random
import socket
import time

import pytest

from actors.book.store import StoreError
from actors.sites.lines import RESENT_MS, Line, Lines

_NO_LUCK = random.Random(1)


def test_what_is_sent_arrives_after_its_delay_and_after_what_was_sent_before() -> None:
    line = Line(delay_ms=5.0, mbit_s=8.0)
    assert line.due(10.0, 1_000, _NO_LUCK) == pytest.approx(10.006)
    assert line.due(10.0, 1_000, _NO_LUCK) == pytest.approx(10.007)
    assert line.due(11.0, 1_000, _NO_LUCK) == pytest.approx(11.006)


def test_a_lost_segment_comes_when_it_is_sent_again() -> None:
    assert Line(loss=1.0).due(0.0, 10, _NO_LUCK) == pytest.approx(RESENT_MS / 1e3)
    late = [Line(loss=0.1).due(0.0, 14_480, luck) > 0 for luck in map(random.Random, range(2_000))]
    assert 0.62 < sum(late) / len(late) < 0.75  # 1 − 0.9¹¹ = 0.686


def test_a_line_that_is_not_there_or_can_not_be_so_is_refused() -> None:
    async def work() -> None:
        lines = Lines(seed=1)
        door = socket.socket()
        door.bind(("127.0.0.1", 0))
        server = await lines.lay("a", "b", door, ("127.0.0.1", 1))
        with pytest.raises(StoreError, match="no line goes from a to c; lines: a, b"):
            lines.change("a", "c", {"cut": True})
        with pytest.raises(StoreError, match="a line has no 'colour'"):
            lines.change("a", "b", {"colour": 1})
        with pytest.raises(StoreError, match=r"loss 1\.5: impossible"):
            lines.change("a", "b", {"loss": 1.5})
        server.close()

    asyncio.run(work())


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while content := await reader.read(100):
        writer.write(content.upper())
    writer.close()


def test_what_a_cut_line_held_is_delivered_when_it_is_whole_again() -> None:
    async def work() -> list[bytes]:
        echo = await asyncio.start_server(_echo, "127.0.0.1", 0)
        lines, door = Lines(seed=1), socket.socket()
        door.bind(("127.0.0.1", 0))
        laid = await lines.lay("a", "b", door, echo.sockets[0].getsockname())
        reader, writer = await asyncio.open_connection(*door.getsockname())
        heard = []

        async def said(words: bytes) -> bytes:
            writer.write(words)
            try:
                return await asyncio.wait_for(reader.read(100), 0.3)
            except TimeoutError:
                return b"nothing"

        heard.append(await said(b"whole"))
        lines.change("b", "a", {"cut": True})
        heard.append(await said(b"the answer is held"))
        lines.change("b", "a", {"cut": False})
        heard.append(await reader.read(100))
        lines.change("a", "b", {"cut": True})
        heard.append(await said(b"the question is held"))
        lines.change("a", "b", {"cut": False, "delay_ms": 50.0})
        heard.append(await reader.read(100))
        began = time.perf_counter()
        heard.append(await said(b"late"))
        assert time.perf_counter() - began >= 0.05
        for server in (laid, echo):
            server.close()
        writer.close()
        return heard

    whole, nothing, held, still_nothing, question, late = asyncio.run(work())
    assert (whole, held, question, late) == (b"WHOLE", b"THE ANSWER IS HELD", b"THE QUESTION IS HELD", b"LATE")
    assert nothing == still_nothing == b"nothing"
