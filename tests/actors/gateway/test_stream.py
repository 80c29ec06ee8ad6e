"""Events over HTTP: heard as they happen, and gone on with where they stopped."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest

from actors.gateway import stream
from actors.gateway.problems import Problem
from actors.gateway.reach import reach_of
from actors.host import Told
from actors.trail import BEFORE, Trail, in_window
from credit.mail import ANSWER_DTYPE
from credit.room import EVENT_DTYPE, Rows
from tests.actors.gateway.live import EVERYBODY, LiveBank


def parts(text: str) -> list[dict[str, Any]]:
    """The events of a stream's text, with their ids."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in lines:
            found.append(json.loads(lines["data"]) | {"id": lines["id"]})
    return found


def known(bank: LiveBank, last: str = "0.0", **asked: Any) -> list[dict[str, Any]]:
    return parts(bank.get("/v1/events", params={"until_idle": True, **asked}, headers={"Last-Event-ID": last}))


@pytest.mark.requirement("APP-15.d")
def test_who_comes_back_goes_on_behind_the_last_event_he_heard(bank: LiveBank) -> None:
    case = bank.apply()["case"]
    whole = known(bank, case=case)
    told = [one["event"] for one in bank.get(f"/v1/applications/{case}")["events"]]
    assert [one["event"] for one in whole] == told
    assert {one["case"] for one in whole} == {case}
    assert len({one["id"] for one in whole}) == len(whole)
    for place in (0, 2, len(whole) - 1):
        assert known(bank, whole[place]["id"], case=case) == whole[place + 1 :]
    assert [one["event"] for one in known(bank, case=case, event="contract_generated")] == ["contract_generated"]


def test_a_listener_hears_what_happens_from_then_on(bank: LiveBank) -> None:
    case, heard, listens = bank.apply()["case"], [], threading.Event()

    def listen() -> None:
        asked = {"case": case, "event": "contract_signed"}
        with httpx.stream("GET", f"{bank.client.base_url}/v1/events", params=asked, timeout=30.0) as answer:
            for line in answer.iter_lines():
                listens.set()
                if line.startswith("data: "):
                    heard.append(json.loads(line.removeprefix("data: ")))
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    assert listens.wait(20.0)
    bank.sign(case)
    thread.join(20.0)
    assert [(one["event"], one["case"]) for one in heard] == [("contract_signed", case)]


@pytest.mark.parametrize(("status", "told"), [(0, 2), (429, 2), (401, 1), (403, 1)])
def test_who_may_listen_no_more_hears_no_more(
    monkeypatch: pytest.MonkeyPatch, bank: LiveBank, status: int, told: int
) -> None:
    """His token was revoked, has expired, his account is closed: all the same to the door."""
    monkeypatch.setattr(stream, "ASKS_EVERY_S", 0.0)

    async def asked(_: Any) -> None:
        if status and len(heard) > 1:
            raise Problem(status, "Not any more")

    async def earlier() -> AsyncIterator[stream.Part]:
        for window in (1, 2):
            yield window, rows_of(1, at=window)

    async def case() -> None:
        request: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(signed_in=asked)))
        hub = stream.Hub(bank.bank)
        wanted = stream._Wanted([], [], reach_of(bank.identity, EVERYBODY, "events:read"))
        parts = stream._told(hub, stream.Listener(), earlier(), None, wanted, True, stream.Door(request))
        async for text in parts:
            heard.append(text)

    heard: list[str] = []
    asyncio.run(case())
    assert len([text for text in heard if text.startswith("id: ")]) == told


def test_what_nobody_could_hear_is_refused(bank: LiveBank) -> None:
    assert bank.get("/v1/events?event=nonsense", 422)["field"] == "event"
    assert bank.get("/v1/events?case=x", 422)["title"] == "Invalid request"
    assert bank.get("/v1/events", 422, headers={"Last-Event-ID": "yesterday"})["field"] == "Last-Event-ID"


def rows_of(count: int, at: int = 1) -> Rows:
    rows = np.zeros(count, dtype=EVENT_DTYPE)
    rows["case"], rows["at"], rows["event"] = 1_000_000_001, at, 101
    return rows


def test_a_slow_listener_is_cut_off_and_holds_nothing() -> None:
    async def case() -> None:
        slow = stream.Listener()
        for window in range(5):
            slow.put((window, rows_of(10)), 40)
        assert slow.is_over
        assert slow.parts.qsize() == 1
        assert slow.parts.get_nowait() is None
        quick = stream.Listener()
        for window in range(4):
            quick.put((window, rows_of(10)), 40)
        assert not quick.is_over

    asyncio.run(case())


def test_a_listener_who_keeps_up_is_never_cut_off_however_much_he_hears() -> None:
    async def nothing() -> AsyncIterator[stream.Part]:
        for part in list[stream.Part]():
            yield part

    async def case() -> list[int]:
        quick, heard = stream.Listener(), list[int]()
        told = stream._all(quick, nothing(), False)
        for window in range(9):
            quick.put((window, rows_of(10)), 40)
            part = await anext(told)
            assert part is not None
            heard.append(part[0])
        assert (quick.is_over, quick.waiting) == (False, 0)
        return heard

    assert asyncio.run(asyncio.wait_for(case(), 5.0)) == list(range(9))


def test_a_window_has_one_order_whoever_told_of_it_first_and_pages_cut_no_window() -> None:
    one, other = rows_of(3, at=5), rows_of(2, at=4)
    one["seq"], other["seq"] = [3, 1, 2], [7, 6]
    assert np.array_equal(in_window([one, other]), in_window([other, one]))
    trail = Trail(":memory:")
    for window in range(4):
        trail.add([Told(window, rows_of(3, at=window), np.zeros(0, dtype=ANSWER_DTYPE))])
    assert [(number, len(rows)) for number, rows in trail.since(1, 4)] == [(1, 3), (2, 3)]
    assert [number for number, _ in trail.since(3, 100)] == [3]


def test_what_was_before_is_taken_once_as_soon_as_the_book_says_it() -> None:
    """At a site that begins, the book's first snapshot comes a while after the first question."""
    asked: list[Rows | None] = [None, None, rows_of(2), rows_of(9)]
    trail = Trail(":memory:")
    for _ in range(4):
        trail.begin(lambda: asked.pop(0))
    assert [(number, len(rows)) for number, rows in trail.since(BEFORE, 100)] == [(BEFORE, 2)]
    assert len(asked) == 1
