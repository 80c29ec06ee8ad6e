"""Events of cases as they happen (server-sent events), for those who track applications and loans (APP-15).

Each event has an id, ``window.place``: it is the same for all who listen and stands in the trail, so that a listener who was cut
off goes on behind the last one that he heard (``Last-Event-ID``). What waits for a listener is bounded: one who does not keep up
is cut off, and neither the bank nor the others wait for him."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from actors.gateway.bank import Bank, bank_of, label, moment, number_of, reason_words
from actors.gateway.callers import Caller, Identity, identity_of, needs
from actors.gateway.models import Number
from actors.gateway.problems import Problem
from actors.gateway.reach import Reach, reach_of
from credit.room import EVENTS, Rows
from credit.track import deciding

router = APIRouter(prefix="/v1", tags=["events"])

HEARTBEAT_S = 15.0
ASKS_EVERY_S = 1.0
"""How long somebody may listen on before he is asked again who he is."""
BUFFER_EVENTS = 10_000
"""Most events that wait for a listener."""
LISTENERS_MAX = 500
LATELY_MAX = 4_096
"""Cases of which a gateway knows the decisions of late."""
_PAGE = 2_000
_BY_NAME = {label(event): int(event) for event in EVENTS.values()}
Part = tuple[int, Rows]
"""A window and its events, as `actors.trail.in_window` orders them."""


@dataclass(eq=False)
class Listener:
    """What waits for somebody who listens."""

    parts: asyncio.Queue[Part | None] = field(default_factory=asyncio.Queue)
    waiting: int = 0
    is_over: bool = False

    def put(self, part: Part, most: int) -> None:
        """One more window; beyond the bound it is over."""
        self.waiting += len(part[1])
        if self.waiting > most:
            self.end()
        elif not self.is_over:
            self.parts.put_nowait(part)

    def end(self) -> None:
        """Nothing more comes: what is left is not sent either, the listener asks again behind the last he got."""
        self.is_over = True
        self.parts = asyncio.Queue()
        self.parts.put_nowait(None)


class Hub:
    """One ear at the conductor for all listeners of a gateway process, and for those who wait for a decision."""

    def __init__(self, bank: Bank) -> None:
        self._bank, self._listens = bank, False
        self.listeners: set[Listener] = set()
        self._decide = np.array(sorted(deciding()), dtype=np.int64)
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._lately: dict[int, set[int]] = {}
        """Decisions on cases that were heard of late: who asks for them may have looked before they were."""

    async def until_decided(self, case: int, seen: Collection[int], timeout_s: float) -> None:
        """Waits until a case is decided, or the time is over, or it must be looked anyhow: a decision was heard of lately that is
        not among the events `seen`, or nothing was heard before."""
        if self._begins() or not self._lately.get(case, set()).issubset(seen):
            return
        loop = asyncio.get_running_loop()
        decided: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(case, []).append(decided)
        over = loop.call_later(timeout_s, _end, decided)  # of its own: `wait_for` goes round the loop once more
        try:
            await decided
        finally:
            over.cancel()
            self._waiting[case].remove(decided)
            if not self._waiting[case]:
                del self._waiting[case]

    def _begins(self) -> bool:
        """Listens; whether it did not before."""
        if self._listens:
            return False
        self._listens = True
        self._bank.link.listen(self._hear, self._lost)
        return True

    def join(self) -> Listener:
        """Somebody listens from now on. Problem 503 where too many do."""
        if len(self.listeners) >= LISTENERS_MAX:
            raise Problem(
                503,
                "Overloaded",
                "too many listen here; come again later",
                {"Retry-After": "5"},
                detail_zh="订阅人数已满，请稍后再试",
            )
        self._begins()
        listener = Listener()
        self.listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """He listens no more."""
        self.listeners.discard(listener)

    def _hear(self, window: int, rows: Rows) -> None:
        for listener in tuple(self.listeners):
            listener.put((window, rows), BUFFER_EVENTS)
        decided = rows[np.isin(rows["event"], self._decide)]
        if len(decided) > LATELY_MAX:  # more than is remembered: who waits looks
            self._lately.clear()
            self._wake(self._waiting)
            return
        cases = decided["case"].tolist()
        for case, event in zip(cases, decided["event"].tolist(), strict=True):
            self._lately.setdefault(case, set()).add(event)
        self._wake(cases)
        for case in list(itertools.islice(self._lately, max(0, len(self._lately) - LATELY_MAX))):
            del self._lately[case]

    def _wake(self, cases: Iterable[int]) -> None:
        for case in cases:
            for decided in self._waiting.get(case, ()):
                _end(decided)

    def _lost(self) -> None:
        """The conductor was away, and what happened then was told to nobody: it stands in the trail, for those who ask."""
        for listener in tuple(self.listeners):
            listener.end()
        self._lately.clear()
        self._wake(self._waiting)


def _end(wait: asyncio.Future[None]) -> None:
    if not wait.done():
        wait.set_result(None)


@router.get(
    "/events",
    summary="Events as they happen",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    identity: Annotated[Identity, Depends(identity_of)],
    caller: Annotated[Caller, Depends(needs("events:read"))],
    case: Annotated[list[Number] | None, Query(max_length=100, description="Of these cases alone.")] = None,
    event: Annotated[
        list[str] | None, Query(max_length=100, description="These alone.", examples=[["loan_disbursed"]])
    ] = None,
    last: Annotated[
        str | None, Header(alias="Last-Event-ID", description="Go on behind this one.", examples=["1234.0"])
    ] = None,
    until_idle: Annotated[
        bool, Query(description="End once nothing more waits, and do not listen on.", include_in_schema=True)
    ] = False,
) -> StreamingResponse:
    """`id` is where to go on, `event` the event's name, `data` the event as JSON. A comment comes every 15 s where nothing else
    does. Customers and systems hear of the cases that they hold, from the answer on that told them the case's number."""
    reach = reach_of(identity, caller, "events:read")
    wanted = _Wanted([int(one) for one in case or ()], [_number(name) for name in event or ()], reach)
    after = _place(last)
    hub: Hub = request.app.state.hub
    listener = hub.join()
    try:
        earlier = await _known(bank, after)
    except BaseException:
        hub.leave(listener)
        raise
    return StreamingResponse(
        _told(hub, listener, earlier, after, wanted, until_idle, Door(request)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


class Door:
    """Whether who opened a stream may still come in: his token may expire or be revoked meanwhile, his account change or be
    closed. Asked at most every `ASKS_EVERY_S`."""

    def __init__(self, request: Request) -> None:
        self._request, self._asked_at = request, time.monotonic()

    async def is_shut(self) -> bool:
        """Whether he would be sent away now; that he asks too often meanwhile is no reason."""
        if time.monotonic() < self._asked_at + ASKS_EVERY_S:
            return False
        self._asked_at = time.monotonic()
        try:
            await self._request.app.state.signed_in(self._request)
        except Problem as problem:
            return problem.status != 429
        return False


@dataclass(frozen=True)
class _Wanted:
    cases: list[int]
    events: list[int]
    reach: Reach

    def places(self, rows: Rows) -> Any:
        """Which rows somebody wants to hear of, and may."""
        chosen = np.ones(len(rows), dtype=bool)
        for values, column in ((self.cases, "case"), (self.events, "event")):
            if values:
                chosen &= np.isin(rows[column], values)
        seen = {case: self.reach.case(case) for case in dict.fromkeys(rows["case"][chosen].tolist())}
        return [place for place in np.flatnonzero(chosen).tolist() if seen[int(rows["case"][place])]]


async def _known(bank: Bank, after: tuple[int, int] | None) -> AsyncIterator[Part]:
    """The windows from a place on that the trail holds; the first page is read before anything is answered."""
    found = bank.windows_since(after[0], _PAGE) if after is not None else None
    first = await anext(found, None) if found is not None else None

    async def parts() -> AsyncIterator[Part]:
        if first is not None and found is not None:
            yield first
            async for part in found:
                yield part

    return parts()


async def _told(
    hub: Hub,
    listener: Listener,
    earlier: AsyncIterator[Part],
    after: tuple[int, int] | None,
    wanted: _Wanted,
    until_idle: bool,
    door: Door,
) -> AsyncIterator[str]:
    """What is known, then what happens; each event once. Ends where who listens may not any more."""
    last = after or (-1, -1)
    try:
        yield ": lendrill\n\n"
        async for part in _all(listener, earlier, until_idle):
            if await door.is_shut():
                return
            if part is None:
                yield ": still here\n\n"
                continue
            window, rows = part
            if text := "".join(
                _as_event(window, place, rows[place]) for place in wanted.places(rows) if (window, place) > last
            ):
                yield text
            last = max(last, (window, len(rows) - 1))
    finally:
        hub.leave(listener)


async def _all(listener: Listener, earlier: AsyncIterator[Part], until_idle: bool) -> AsyncIterator[Part | None]:
    """Parts in the order of their windows; None for a heartbeat."""
    async for part in earlier:
        yield part
    while not (until_idle and listener.parts.empty()):
        try:
            part_ = await asyncio.wait_for(listener.parts.get(), HEARTBEAT_S)
        except TimeoutError:
            yield None
            continue
        if part_ is None:
            return
        listener.waiting -= len(part_[1])
        yield part_


def _as_event(window: int, place: int, row: Any) -> str:
    event, reason = EVENTS[int(row["event"])], int(row["reason"])
    data: dict[str, Any] = {
        "at": moment(int(row["at"])),
        "case": number_of(row["case"]),
        "event": label(event),
        "words": list(event.said.words),
    }
    if row["loan"]:
        data["loan"] = number_of(row["loan"])
    if row["amount_fen"]:
        data["amount_fen"] = int(row["amount_fen"])
    if reason and event.said.refuses:
        data |= reason_words(reason)
    return f"id: {window}.{place}\nevent: {label(event)}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _number(name: str) -> int:
    if name not in _BY_NAME:
        raise Problem(
            422,
            "Invalid request",
            f"event: there is none called {name[:60]!r}",
            field="event",
            detail_zh=f"无此事件：{name[:60]}",
        )
    return _BY_NAME[name]


def _place(last: str | None) -> tuple[int, int] | None:
    if last is None:
        return None
    if not re.fullmatch(r"[0-9]{1,15}\.[0-9]{1,9}", last):
        raise Problem(
            422,
            "Invalid request",
            "Last-Event-ID: as it came with an event, 1234.0",
            field="Last-Event-ID",
            detail_zh="Last-Event-ID 应为事件自带的编号，如 1234.0",
        )
    window, _, place = last.partition(".")
    return int(window), int(place)
