"""Notices (通知): every event that customers are told of becomes a message of its topic, from a template of a version (APP-15,
REP-07, DIS-09). It goes out by the first channel that reaches the customer, outside the quiet hours; what a partner does not
deliver is tried again, then by the next channel, and in the end shown as failed. The room asks no clock and keeps no timer:
an attempt that is to go out later is an order stamped later."""

from __future__ import annotations

import numpy as np

from credit.codes import Actor, Status
from credit.customers.contract import FormChecked
from credit.mail import Outbox
from credit.masks import any_of
from credit.notices import invariants
from credit.notices.contract import (
    DELIVERED,
    TOPIC_OF,
    Event,
    EventTold,
    Gauge,
    NoticeAnswered,
    NoticeOrdered,
    Refusal,
    room,
)
from credit.notices.rules import Plan
from credit.numbers import branch_of_case
from credit.policies import load
from credit.policies.notices import NoticePolicy
from credit.room import Rows
from credit.rows import first_fault, only
from credit.subsystem import PLAIN, Setting, Subsystem, Takes, Together
from credit.tally import Tally
from credit.times import MINUTE_MS, NEVER, Ints


class NoticesSubsystem(Subsystem):
    """State: who can be told, and the notices under way."""

    room = room
    cut_free = True
    REFUSED = Event.RECEIPT_REFUSED
    HANDLERS = (
        Takes(FormChecked, "known"),
        Takes(EventTold, "write"),
        Together("notice", (Takes(NoticeAnswered, "answered"),)),
    )

    def __init__(self, policy: NoticePolicy) -> None:
        super().__init__()
        self.policy, self.plan = policy, Plan(policy)
        self._late_ms = policy.late_minutes * MINUTE_MS
        self._people, self._under_way = self.tables["people"], self.tables["under_way"]
        self._tally = Tally(self.tables["counters"])
        self._topic_of = np.zeros(max(TOPIC_OF) + 1, dtype=np.int64)
        for number, topic in TOPIC_OF.items():
            self._topic_of[number] = topic

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> NoticesSubsystem:
        """The room under the packaged policy, with a scenario's overrides laid over it."""
        return cls(load("notices", NoticePolicy, setting.overrides))

    def known(self, forms: Rows, out: Outbox) -> None:
        """Whose form has been checked can be told of it from now on."""
        del out
        self._people.append(forms)

    def write(self, events: Rows, out: Outbox) -> None:
        """One notice an event. A form that was refused at the desk has none: its fault was told there, and whether its number is
        anybody's nobody has seen."""
        found = self._people.find(events["case"])
        known = found >= 0
        if not any_of(known):
            return
        events, people = only(events, known), self._people.take(only(found, known), "party channel")
        topic = self._topic_of[events["event"]]
        planned = self.plan.waking(events["at"], topic)
        rows = self._under_way.append(
            events,
            notice=self._tally.next_numbers("written", events["branch"]),
            party=people["party"],
            applied_through=people["channel"],
            topic=topic,
            written_at=events["at"],
            planned_at=planned,
            ordered_at=planned,
            attempt=1,
        )
        self._order(rows, out)

    def answered(self, receipts: Rows, out: Outbox) -> None:
        """What came of an attempt: the notice has come, goes out again, or has failed."""
        table = self._under_way
        found = table.find(receipts["notice"])
        due = (table.get("attempt", found) == receipts["attempt"]) & (table.get("ordered_at", found) <= receipts["at"])
        faults = first_fault((found < 0, int(Refusal.NOTICE_UNKNOWN)), (~due, int(Refusal.ATTEMPT_UNKNOWN)))
        self.refuse(receipts[faults != 0], faults[faults != 0], out, value=receipts["notice"][faults != 0])
        receipts, found = only(receipts, faults == 0), only(found, faults == 0)
        come = receipts["status"] == Status.OK
        more = ~come & (self._channel(found, 1) != 0)
        self._again(only(found, more), receipts["at"][more], out)
        over = ~more
        self._end(only(found, over), receipts["at"][over], come[over], out)

    def _channel(self, rows: Ints, later: int = 0) -> Ints:
        """The channel of the running attempt of notices, or of a later one; 0 where there is none."""
        table = self._under_way
        return self.plan.channel[table["topic"][rows], table["applied_through"][rows], table["attempt"][rows] + later]

    def _again(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """The next attempt, after its wait."""
        if not len(rows):
            return
        table = self._under_way
        table["attempt"][rows] += 1
        topic = table["topic"][rows]
        wait = self.plan.wait_ms[topic, table["applied_through"][rows], table["attempt"][rows]]
        table["ordered_at"][rows] = self.plan.waking(at + wait, topic)
        self._order(rows, out)

    def _order(self, rows: Ints, out: Outbox) -> None:
        notices = self._under_way.take(rows)
        orders = NoticeOrdered.carry(
            notices, at=notices["ordered_at"], version=self.plan.version[notices["topic"]], channel=self._channel(rows)
        )
        self.note("ordered", orders)
        out.send(NoticeOrdered, orders)

    def _end(self, rows: Ints, at: Ints, come: Ints, out: Outbox) -> None:
        """Delivered, late or in time, or failed for good."""
        if not len(rows):
            return
        notices, channel = self._under_way.take(rows), np.where(come, self._channel(rows), 0)
        ends = [(event, channel == carrier) for carrier, event in DELIVERED.items()]
        ends.append((Event.NOTICE_FAILED, ~come))
        ends.append((Event.NOTICE_LATE, come & (at - notices["planned_at"] > self._late_ms)))
        for event, mine in ends:
            if not any_of(mine):
                continue
            ended = notices[mine]
            out.log(
                event,
                at[mine],
                ended["case"],
                actor=Actor.PARTNER,
                loan=ended["loan"],
                reason=ended["topic"],
                value=ended["written_at"],
                product=ended["product"],
            )
        branch = branch_of_case(notices["case"])
        for name, mine in (("delivered", come), ("failed", ~come)):
            self._tally.count(name, branch[mine])
        self._under_way.drop(rows)

    def due(self) -> int:
        return NEVER

    def measure(self, until: int, out: Outbox) -> None:
        """Notices under way, by branch, product and topic."""
        table = self._under_way
        nothing = np.zeros(len(table), dtype=np.int64)
        branch = branch_of_case(table["case"])
        out.tally(Gauge.NOTICES_UNDER_WAY, until - 1, branch, table["product"], table["topic"], nothing)

    def violations(self) -> list[str]:
        """Every notice that was written has come, has failed or is under way; none goes out in the quiet hours."""
        found = invariants.counted(self.tables["counters"], self._under_way)
        found += invariants.under_way(self._under_way, self._people)
        for ordered in self.noted("ordered"):
            found += invariants.ordered(ordered, self.policy)
        return found


build = NoticesSubsystem.build
