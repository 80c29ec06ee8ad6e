"""Who waits for something to happen to a case is woken by what a gateway hears; nobody waits for what has happened already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

import numpy as np
import pytest

from actors.conductor import Story
from actors.gateway.bank import Bank
from actors.gateway.stream import LATELY_MAX, Hub
from credit.applications.contract import Event as Applications
from credit.approval.contract import Event as Approval
from credit.room import EVENT_DTYPE, Rows

CASE, WANTED, OTHER = 7, int(Approval.APPLICATION_APPROVED), int(Applications.APPLICATION_SUBMITTED)
_SOON_S, _LONG_S = 0.05, 5.0


class Link:
    """A conductor's far end that says what a test has it say."""

    def __init__(self) -> None:
        self.hear: Callable[[int, Rows], None] = lambda _, rows: None
        self.lost: Callable[[], object] = bool
        self.asked: list[list[int]] = []

    def listen(self, hear: Callable[[int, Rows], None], lost: Callable[[], object]) -> None:
        self.hear, self.lost = hear, lost

    def happens(self, *what: tuple[int, int]) -> None:
        rows = np.zeros(len(what), dtype=EVENT_DTYPE)
        rows["case"], rows["event"] = zip(*what, strict=True)
        self.hear(1, rows)

    async def stories(self, cases: Sequence[int]) -> list[Story]:
        self.asked.append(list(cases))
        return [Story(case, np.zeros(0, dtype=EVENT_DTYPE)) for case in cases]


def hub() -> tuple[Link, Hub]:
    link = Link()
    found = Hub(cast(Bank, type("Its", (), {"link": link})))
    return link, found


async def waits(of: Hub, timeout_s: float = _LONG_S, seen: Collection[int] = ()) -> asyncio.Task[None]:
    task = asyncio.create_task(of.until_decided(CASE, seen, timeout_s))
    await asyncio.sleep(0)
    return task


def run(hour: Any) -> None:
    asyncio.run(asyncio.wait_for(hour(), 3.0))


def test_who_waits_first_looks_again_since_nothing_was_heard_before() -> None:
    async def hour() -> None:
        link, of = hub()
        assert (await waits(of)).done()
        assert not (await waits(of, _SOON_S)).done()
        assert link.hear == of._hear

    run(hour)


@pytest.mark.parametrize("what", [[(CASE, OTHER)], [(CASE + 1, WANTED)]])
def test_only_what_is_waited_for_wakes(what: list[tuple[int, int]]) -> None:
    async def hour() -> None:
        link, of = hub()
        await waits(of)
        waiting = await waits(of)
        link.happens(*what)
        await asyncio.sleep(_SOON_S)
        assert not waiting.done()
        link.happens((CASE + 1, OTHER), (CASE, WANTED))
        await waiting

    run(hour)


def test_what_happened_before_somebody_began_to_wait_wakes_all_who_have_not_seen_it() -> None:
    async def hour() -> None:
        link, of = hub()
        await waits(of)
        link.happens((CASE, WANTED))
        assert (await waits(of)).done()
        assert (await waits(of, seen=[OTHER])).done()
        assert not (await waits(of, _SOON_S, seen=[OTHER, WANTED])).done()

    run(hour)


def test_nobody_waits_longer_than_he_will() -> None:
    async def hour() -> None:
        _, of = hub()
        await waits(of)
        await (await waits(of, _SOON_S))
        assert of._waiting == {}

    run(hour)


@pytest.mark.parametrize("how", ["lost", "end of day"])
def test_everybody_looks_again_where_the_conductor_was_away_or_very_much_happened(how: str) -> None:
    async def hour() -> None:
        link, of = hub()
        await waits(of)
        waiting = await waits(of)
        if how == "lost":
            link.lost()
        else:
            link.happens(*((CASE + 1, WANTED) for _ in range(LATELY_MAX + 1)))
        await asyncio.sleep(_SOON_S)
        assert waiting.done()

    run(hour)


def test_what_is_remembered_is_bounded() -> None:
    async def hour() -> None:
        link, of = hub()
        await waits(of)
        link.happens((CASE, WANTED))
        for start in range(0, 2 * LATELY_MAX, 1_000):
            link.happens(*((CASE + 1 + start + place, WANTED) for place in range(1_000)))
        assert len(of._lately) == LATELY_MAX
        assert not (await waits(of, _SOON_S)).done()

    run(hour)


def test_stories_that_are_asked_for_at_once_are_one_question() -> None:
    async def hour() -> None:
        link = Link()
        bank = Bank(cast(Any, link), cast(Any, None), 1, cast(Any, None), cast(Any, None))
        found = await asyncio.gather(*(bank.story(case) for case in range(5)))
        assert [one.now for one in found] == [0, 1, 2, 3, 4]
        assert link.asked == [[0, 1, 2, 3, 4]]

    run(hour)
