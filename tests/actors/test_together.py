"""What many ask at about the same time is done in turns, and each is told his own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from actors.gateway.together import Together


def asked(numbers: Sequence[int], every_s: float = 0.005) -> tuple[list[list[int]], list[object]]:
    """The turns in which some numbers were doubled, and what each asker was told."""
    turns: list[list[int]] = []

    async def double(some: Sequence[int]) -> list[int]:
        turns.append(list(some))
        await asyncio.sleep(2 * every_s)
        if 13 in some:
            raise ValueError("thirteen")
        return [2 * one for one in some]

    async def all_of_them() -> list[object]:
        together = Together(double, every_s)
        first = asyncio.create_task(together.ask(numbers[0]))
        await asyncio.sleep(0.002)
        return list(await asyncio.gather(first, *(together.ask(one) for one in numbers[1:]), return_exceptions=True))

    return turns, asyncio.run(all_of_them())


def test_the_first_is_done_at_once_and_what_comes_meanwhile_in_one_turn() -> None:
    turns, told = asked([1, 2, 3, 4])
    assert turns == [[1], [2, 3, 4]]
    assert told == [2, 4, 6, 8]


def test_what_a_turn_meets_with_is_told_to_all_who_are_in_it_and_to_nobody_else() -> None:
    turns, (first, *others) = asked([1, 2, 13])
    assert turns == [[1], [2, 13]]
    assert first == 2
    assert [str(one) for one in others] == ["thirteen", "thirteen"]
