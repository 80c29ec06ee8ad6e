"""The partners that carry notices: an outage is one channel's, and a month later luck is another."""

from __future__ import annotations

import numpy as np

from credit.codes import Status
from credit.mail import Inbox
from credit.notices.contract import NoticeAnswered, NoticeChannel, NoticeOrdered
from credit.room import Rows
from credit.subsystem import Window
from credit.times import DAY_MS
from sim.counterparts.notices import NoticesCounterpart
from sim.occasions import reference_of
from tests.rows import sample
from tests.sim.worlds import SEED, morning, numbers, scenario

COUNT = 3_000
OUTAGE = {"kind": "partner_outage", "target": "sms", "start": "2026-01-05T00:00:00", "end": "2026-01-06T00:00:00"}


def answered(channel: NoticeChannel, later: int = 0, **sections: object) -> Rows:
    """Which orders of a morning came to nothing, by notice."""
    at = morning(COUNT) + later * DAY_MS
    party = numbers(COUNT)
    orders = sample(
        NoticeOrdered,
        COUNT,
        at=at,
        notice=party,
        party=reference_of(party, 1),
        channel=channel,
        written_at=at,
        attempt=1,
    )
    start = int(at[0]) // DAY_MS * DAY_MS
    world = NoticesCounterpart(scenario(**sections), SEED)
    [(kind, rows)] = world.respond(Inbox.of((NoticeOrdered, orders)), Window(0, start, start + 2 * DAY_MS), 0)
    assert kind is NoticeAnswered
    return np.sort(rows["notice"][rows["status"] != Status.OK])


def test_an_outage_of_the_sms_gateway_stops_sms_and_nothing_else() -> None:
    assert len(answered(NoticeChannel.SMS, faults=[OUTAGE])) == COUNT
    assert 0 < len(answered(NoticeChannel.SMS)) < COUNT // 20
    assert answered(NoticeChannel.PUSH, faults=[OUTAGE]).tolist() == answered(NoticeChannel.PUSH).tolist()


def test_who_was_not_reached_once_may_be_the_next_time() -> None:
    first, next_month = answered(NoticeChannel.SMS), answered(NoticeChannel.SMS, later=30)
    assert len(np.intersect1d(first, next_month)) < len(first) // 2
