"""What callers ask at about the same time is done together (合并处理): a table of ten rows costs gateway and conductor little
more than a table of one. The first is done at once; what comes within `EVERY_S` after that waits for the next turn. The bank cuts
its windows farther apart, so hardly anybody is answered later for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Told = TypeVar("Told")
EVERY_S = 0.04
"""From the beginning of one turn to that of the next."""


class Together(Generic[Asked, Told]):
    """Does the same for many callers, turn by turn, without waiting for one turn's end before the next begins."""

    def __init__(self, do: Callable[[Sequence[Asked]], Awaitable[Sequence[Told]]], every_s: float = EVERY_S) -> None:
        """`do` gives an answer for each that was asked, in their order; what it raises, all of its turn are told."""
        self._do, self._every_s, self._next_at = do, every_s, 0.0
        self._waiting: list[tuple[Asked, asyncio.Future[Told]]] = []
        self._turns: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many wait for a turn."""
        return len(self._waiting)

    async def ask(self, asked: Asked) -> Told:
        """The answer to one of them."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Told] = loop.create_future()
        self._waiting.append((asked, answer))
        if len(self._waiting) == 1:
            loop.call_at(self._next_at, self._begin)
        return await answer

    def _begin(self) -> None:
        loop, turn = asyncio.get_running_loop(), self._waiting
        self._waiting, self._next_at = [], loop.time() + self._every_s
        task = loop.create_task(self._take(turn))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)

    async def _take(self, turn: Sequence[tuple[Asked, asyncio.Future[Told]]]) -> None:
        try:
            found = await self._do([asked for asked, _ in turn])
        except Exception as error:  # whatever it is, it is theirs to tell
            for _, answer in turn:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), told in zip(turn, found, strict=True):
            if not answer.done():  # who hung up hears nothing
                answer.set_result(told)
