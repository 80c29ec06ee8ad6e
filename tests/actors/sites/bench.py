"""One site with stand-ins for all it stands upon, which do as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from actors.book.store import Damaged, Standing, StoreError
from actors.sites.site import Site
from actors.sites.witness import Configuration, WrongClock

HERE, OTHER, FAR = "same-city", "primary", "remote"
LED_BY_OTHER = Configuration(3, 2, OTHER, (OTHER, HERE))
LED_HERE = Configuration(4, 3, HERE, (OTHER, HERE))


class Live:
    """A conductor that does as a test says."""

    def __init__(self) -> None:
        self.waits = (0.0, 0.0)
        self.opens: Exception | None = None
        self.closed = asyncio.Event()
        self.followed = 0
        self.follows: Exception | None = None

    def waits_s(self) -> tuple[float, float]:
        return self.waits

    async def open(self) -> None:
        if self.opens:
            raise self.opens

    async def follow(self) -> None:
        self.followed += 1
        if self.follows:
            raise self.follows

    async def run(self) -> None:
        await self.closed.wait()

    def close(self) -> None:
        self.closed.set()

    def standing(self) -> dict[str, Any]:
        return {"window": 6, "chain": "c"}


class Book:
    """A replicated book that says what was asked of it."""

    def __init__(self) -> None:
        self.site, self.configuration = HERE, LED_HERE
        self.said: list[tuple[str, str]] = []
        self.fails: dict[str, StoreError] = {}

    def standing(self) -> Standing:
        return Standing(2, 7, b"\x01\x02")

    def _say(self, what: str, name: str) -> None:
        self.said.append((what, name))
        if name in self.fails:
            raise self.fails[name]

    def admit(self, name: str) -> None:
        self._say("admit", name)

    def feed(self, name: str) -> None:
        self._say("feed", name)

    def hand_over(self, name: str) -> Configuration:
        self._say("hand_over", name)
        return LED_BY_OTHER


class Receiver:
    """A site's own book."""

    def __init__(self) -> None:
        self.damage, self.read = "", 0

    def verify(self) -> None:
        self.read += 1
        raise Damaged("a page is damaged")


class Beats:
    """The witness, as a site's signs of life reach it."""

    def __init__(self) -> None:
        self.says, self.asked = LED_BY_OTHER, 0
        self.heard_of: list[str] = []
        self.walls: list[int] = []
        self.wrong_clock = ""
        self.decided: list[tuple[str, Sequence[str]]] = []

    def configuration(self) -> Configuration:
        self.asked += 1
        return self.says

    def heard(self, site: str, wall_ms: int) -> Configuration:
        if self.wrong_clock:
            raise WrongClock(self.wrong_clock)
        self.walls.append(wall_ms)
        self.heard_of.append(site)
        return self.says

    def take_over(self, site: str, seen: Configuration, by: Sequence[str]) -> Configuration:
        self.decided.append((site, by))
        return seen._replace(version=seen.version + 1, epoch=seen.epoch + 1, leader=site)


class Mirror:
    """What lies beside the book."""

    def __init__(self) -> None:
        self.away: dict[str, str] = {}
        self.rounds = 0

    def round(self) -> bool:
        self.rounds += 1
        return True


class Bench:
    """One site with all it stands upon."""

    def __init__(self, links: dict[str, Any] | None = None, site: str = HERE) -> None:
        self.live, self.book, self.receiver, self.beats, self.mirror = Live(), Book(), Receiver(), Beats(), Mirror()
        self.book.site = site
        self.led = 0
        self.beside = {"folder": (self, frozenset({"told"}))}
        parts: Any = self.live, self.book, self.receiver, self.beats, links or {}, (OTHER, HERE), self._led
        parts = *parts, self.beside, self.mirror
        self.site = Site(*parts)

    def _led(self) -> None:
        self.led += 1

    def told(self, what: str) -> str:
        return f"told {what}"


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    """A test's loop, which must not take long."""
    return asyncio.run(asyncio.wait_for(work(), 10))  # type: ignore[arg-type]


async def until(holds: Callable[[], object]) -> None:
    while not holds():
        await asyncio.sleep(0.005)


@asynccontextmanager
async def going(site: Site) -> AsyncIterator[asyncio.Task[None]]:
    """A site that lives meanwhile."""
    task = asyncio.create_task(site.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, StoreError):
            await task
