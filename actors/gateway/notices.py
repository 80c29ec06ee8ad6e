"""Notices (通知) over HTTP: what the bank has told a customer of his application and its loans, and what became of each message.
The events that were told and those that say what became of it stand in the trail; the words are the room's own templates."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Request

from actors.gateway.bank import Bank, bank_of, branch_with, moment
from actors.gateway.callers import Caller, needs
from actors.gateway.language import wants_english
from actors.gateway.models import CasePath, Model, shown
from credit.notices.contract import DELIVERED, TOPIC_OF, Event, NoticeChannel, Topic
from credit.notices.texts import text
from credit.room import EVENT_DTYPE

router = APIRouter(prefix="/v1/applications/{case}", tags=["notices"])

_CHANNEL_OF: dict[int, NoticeChannel] = {int(event): channel for channel, event in DELIVERED.items()}
_COLUMNS = EVENT_DTYPE.names or ()
_ENDS = (*_CHANNEL_OF, int(Event.NOTICE_FAILED))


class Notice(Model):
    """One message. `ended_at`: when it came, or had failed by every channel."""

    topic: str
    words: list[str]
    """The topic, in English and Chinese."""
    version: int
    """Of its template."""
    text: str
    loan: str | None = None
    state: str
    """`under_way`, `delivered` or `failed`."""
    channel: str | None = None
    """By which it came: `push`, `sms` or `letter`."""
    attempts: int | None = None
    """So far, while it is under way."""
    written_at: str | None
    ended_at: str | None = None


class Notices(Model):
    """The messages of a case, in the order in which they were written."""

    model_config = shown(
        {
            "case": "1000000001",
            "notices": [
                {
                    "topic": "received",
                    "words": ["application received", "申请已受理"],
                    "version": 1,
                    "text": "【Lendrill银行】您于2026-01-05 09:30提交的50,000.00元贷款申请已受理，申请编号1000000001。",
                    "state": "delivered",
                    "channel": "sms",
                    "written_at": "2026-01-05T09:30:00.000+08:00",
                    "ended_at": "2026-01-05T09:30:04.120+08:00",
                }
            ],
        }
    )

    case: str
    notices: list[Notice]


@router.get("/notices", summary="What the customer was told")
async def notices(
    case: CasePath,
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    caller: Annotated[Caller, Depends(needs("applications:read"))],
) -> Notices:
    """Every message of a case and its loans, with its words, channel, time and fate (APP-15, DIS-09)."""
    del caller
    number = await bank.known_case(case)
    english = wants_english(request.headers.get("accept-language", ""))
    waiting = await bank.look("notices", branch_with(case=number), "under_way", "case", number)
    events = (await bank.story(number)).events
    fates: dict[tuple[int, ...], np.void] = {
        (one["reason"], one["loan"], one["value"]): one for one in events[np.isin(events["event"], _ENDS)]
    }
    under_way: dict[tuple[int, ...], np.void] = {(one["topic"], one["loan"], one["written_at"]): one for one in waiting}
    told = events[np.isin(events["event"], list(TOPIC_OF))]
    found = [
        _notice(bank, event, fates.get(key), under_way.get(key), english=english)
        for event in told
        if (key := _key(event)) in fates or key in under_way
    ]
    return Notices(case=case, notices=found)


def _key(event: np.void) -> tuple[int, int, int]:
    return TOPIC_OF[int(event["event"])], int(event["loan"]), int(event["at"])


def _notice(bank: Bank, event: np.void, fate: np.void | None, waiting: np.void | None, *, english: bool) -> Notice:
    topic: Topic = TOPIC_OF[int(event["event"])]
    channel = _CHANNEL_OF.get(int(fate["event"])) if fate is not None else None
    return Notice(
        topic=topic.name.lower(),
        words=list(topic.words),
        version=bank.rooms.notices.of(topic).version,
        text=text(bank.rooms.notices, topic, dict(zip(_COLUMNS, event.item(), strict=True)), english=english),
        loan=str(event["loan"]) if event["loan"] else None,
        state="under_way" if fate is None else "failed" if channel is None else "delivered",
        channel=None if channel is None else channel.name.lower(),
        attempts=None if waiting is None or fate is not None else int(waiting["attempt"]),
        written_at=moment(int(event["at"])),
        ended_at=None if fate is None else moment(int(fate["at"])),
    )
