"""Notices: written once an event, sent by the channel that reaches the customer, tried again, and shown when they fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from credit.applications.contract import Event as Applications
from credit.codes import Channel, Status
from credit.customers.contract import FormChecked
from credit.disbursement.contract import Event as Disbursement
from credit.errors import InvariantViolation
from credit.mail import Inbox
from credit.notices import subsystem, texts
from credit.notices.contract import Event, EventTold, NoticeAnswered, NoticeChannel, NoticeOrdered, Refusal, Topic, room
from credit.notices.subsystem import NoticesSubsystem
from credit.policies import Overrides, PolicyError, load
from credit.policies.notices import NoticePolicy
from credit.repayment.contract import Event as Repayment
from credit.room import EventCode, Kind, Rows
from credit.stage import Mail, Stage
from credit.subsystem import Setting, State, Window, windows
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, NEVER, SECOND_MS
from tests.rows import sample

CASE, LOAN = 3_000_000_001, 300_000_000_101
MIDNIGHT = 20_454 * DAY_MS
TEN = MIDNIGHT + 10 * HOUR_MS
Says = Callable[[int, int], tuple[int, Status]]
"""Channel and attempt → after how many ms the partner answers, and what."""


class Partner:
    """A partner that says what it is told to; remembers its orders."""

    rounds = 1

    def __init__(self, says: Says) -> None:
        self.says, self.orders = says, list[tuple[int, int, int]]()
        self.versions = set[int]()
        self.waiting: list[Rows] = []

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        for one in requests.take(NoticeOrdered):
            channel, attempt = int(one["channel"]), int(one["attempt"])
            self.orders.append((int(one["at"]), channel, attempt))
            self.versions.add(int(one["version"]))
            after, status = self.says(channel, attempt)
            row = sample(NoticeAnswered, source=np.array([one]), at=int(one["at"]) + after, status=status)
            self.waiting.append(row)
        now = [rows for rows in self.waiting if rows["at"][0] < window.until]
        self.waiting = [rows for rows in self.waiting if rows["at"][0] >= window.until]
        return [(NoticeAnswered, rows) for rows in now]

    def due(self) -> int:
        return min((int(rows["at"][0]) for rows in self.waiting), default=NEVER)

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        return {}

    def export_state(self) -> State:
        return {}

    def import_state(self, state: State) -> None: ...


def ok(channel: int, attempt: int) -> tuple[int, Status]:
    return 3 * SECOND_MS, Status.OK


def never(channel: int, attempt: int) -> tuple[int, Status]:
    return 10 * SECOND_MS, Status.UNAVAILABLE


class Told:
    """What became of some events: orders, and the room's own events."""

    def __init__(
        self,
        says: Says,
        *events: tuple[EventCode, int],
        channel: Channel = Channel.COUNTER,
        policies: Overrides | None = None,
        cuts: Sequence[int] = (),
        known: bool = True,
    ) -> None:
        self.partner = Partner(says)
        self.room = NoticesSubsystem.build(Setting(policies))
        stage = Stage(room, self.room, self.partner, check_every_window=True)
        form = sample(FormChecked, int(known), at=MIDNIGHT, case=CASE, party=7, branch=3, channel=channel)
        told = [
            sample(EventTold, at=at, case=CASE, branch=3, event=event, loan=LOAN if event > 200 else 0)
            for event, at in events
        ]
        self.events: list[tuple[EventCode, int, int, int]] = []
        for window in windows([MIDNIGHT, *cuts, MIDNIGHT + 6 * DAY_MS]):
            mail: Mail = {}
            for kind, rows in ((FormChecked, form), *((EventTold, rows) for rows in told)):
                if len(rows) and window.start <= rows["at"][0] < window.until:
                    mail.setdefault(kind.number, []).append(rows)
            for rows in stage.step(window, mail).out.events:
                self.events += [(Event(o["event"]), int(o["at"]), int(o["reason"]), int(o["value"])) for o in rows]


@pytest.mark.requirement("APP-15.c", "DIS-09.a")
def test_each_event_is_told_once_and_what_is_recorded_says_topic_channel_and_both_instants() -> None:
    told = Told(ok, (Applications.APPLICATION_SUBMITTED, TEN), (Disbursement.FUNDS_ARRIVED, TEN + HOUR_MS))
    assert told.events == [
        (Event.NOTICE_TEXTED, TEN + 3 * SECOND_MS, Topic.RECEIVED, TEN),
        (Event.NOTICE_TEXTED, TEN + HOUR_MS + 3 * SECOND_MS, Topic.DISBURSED, TEN + HOUR_MS),
    ]
    app = Told(ok, (Applications.APPLICATION_SUBMITTED, TEN), channel=Channel.MOBILE_BANK)
    assert [event for event, *_ in app.events] == [Event.NOTICE_PUSHED]  # who applied with the app has it


def test_what_does_not_come_is_tried_again_then_by_the_next_channel_and_late() -> None:
    def says(channel: int, attempt: int) -> tuple[int, Status]:
        return (SECOND_MS, Status.OK) if attempt == 5 else never(channel, attempt)

    told = Told(says, (Applications.APPLICATION_SUBMITTED, TEN), channel=Channel.MOBILE_BANK)
    gaps = np.diff([at for at, *_ in told.partner.orders]) - 10 * SECOND_MS
    push, sms = NoticeChannel.PUSH, NoticeChannel.SMS
    assert [order[1:] for order in told.partner.orders] == [(push, 1), (push, 2), (sms, 3), (sms, 4), (sms, 5)]
    assert gaps.tolist() == [2 * MINUTE_MS, 10 * MINUTE_MS, 10 * MINUTE_MS, 10 * MINUTE_MS]
    [(event, _, topic, written)] = told.events
    assert (event, topic, written) == (Event.NOTICE_TEXTED, Topic.RECEIVED, TEN)
    hurried = Told(
        says,
        (Applications.APPLICATION_SUBMITTED, TEN),
        channel=Channel.MOBILE_BANK,
        policies={"notices": {"late_minutes": 32}},
    )
    assert [one[0] for one in hurried.events] == [Event.NOTICE_TEXTED, Event.NOTICE_LATE]


@pytest.mark.requirement("REP-07.c")
def test_a_reminder_of_the_night_goes_out_in_the_morning_and_is_not_late() -> None:
    night = MIDNIGHT + DAY_MS
    told = Told(ok, (Repayment.REMINDER_SENT, night), (Repayment.REMINDER_SENT, night - HOUR_MS))
    assert [at for at, *_ in told.partner.orders] == [night + 8 * HOUR_MS] * 2
    assert [event for event, *_ in told.events] == [Event.NOTICE_TEXTED] * 2
    assert sorted(written for *_, written in told.events) == [night - HOUR_MS, night]
    awake = Told(ok, (Applications.APPLICATION_SUBMITTED, night))
    assert [at for at, *_ in awake.partner.orders] == [night]  # who applies at night is awake


@pytest.mark.requirement("REP-07.c")
def test_the_quiet_hours_begin_at_their_minute_and_late_is_what_takes_longer_than_the_limit() -> None:
    evening = MIDNIGHT + 21 * HOUR_MS + HOUR_MS // 2
    told = Told(ok, (Repayment.REMINDER_SENT, evening), (Repayment.REMINDER_SENT, evening - 1))
    assert sorted(at for at, *_ in told.partner.orders) == [evening - 1, MIDNIGHT + DAY_MS + 8 * HOUR_MS]
    for after, ends in ((0, [Event.NOTICE_TEXTED]), (1, [Event.NOTICE_TEXTED, Event.NOTICE_LATE])):
        took = MINUTE_MS + after
        slow = Told(
            lambda *_, took=took: (took, Status.OK),
            (Applications.APPLICATION_SUBMITTED, TEN),
            policies={"notices": {"late_minutes": 1}},
        )
        assert [one[0] for one in slow.events] == ends


@pytest.mark.requirement("REP-07.c")
def test_a_reminder_that_fails_in_the_evening_is_tried_again_in_the_morning() -> None:
    evening = MIDNIGHT + 21 * HOUR_MS + 29 * MINUTE_MS
    told = Told(never, (Repayment.REMINDER_SENT, evening))
    assert [at for at, *_ in told.partner.orders][:2] == [evening, MIDNIGHT + DAY_MS + 8 * HOUR_MS]


def test_an_order_names_the_version_of_its_template() -> None:
    changed: Overrides = {"notices": {"templates": [{"key": "received", "version": 7}]}}
    told = Told(ok, (Applications.APPLICATION_SUBMITTED, TEN), policies=changed)
    assert told.partner.versions == {7}


def test_a_receipt_of_the_instant_of_the_order_counts() -> None:
    told = Told(lambda *_: (0, Status.OK), (Applications.APPLICATION_SUBMITTED, TEN))
    assert [one[:2] for one in told.events] == [(Event.NOTICE_TEXTED, TEN)]


def test_what_no_channel_brings_is_shown_as_failed_once() -> None:
    told = Told(never, (Applications.APPLICATION_SUBMITTED, TEN))
    assert [one[0] for one in told.events] == [Event.NOTICE_FAILED]
    assert len(told.partner.orders) == 3
    assert len(told.room.tables["under_way"]) == 0


def test_however_the_days_are_cut_the_same_is_said() -> None:
    events = [(Applications.APPLICATION_SUBMITTED, TEN), (Disbursement.FUNDS_ARRIVED, MIDNIGHT + 22 * HOUR_MS)]
    once = Told(never, *events, channel=Channel.MOBILE_BANK)
    cut = [TEN + 1, TEN + 10 * SECOND_MS, TEN + 11 * MINUTE_MS, MIDNIGHT + 23 * HOUR_MS]
    again = Told(never, *events, channel=Channel.MOBILE_BANK, cuts=cut)
    assert (again.events, sorted(again.partner.orders)) == (once.events, sorted(once.partner.orders))


def test_a_form_refused_at_the_desk_is_nobody_s_to_be_told() -> None:
    told = Told(ok, (Applications.APPLICATION_SUBMITTED, TEN), known=False)
    assert told.partner.orders == []


def test_a_receipt_that_nobody_waits_for_has_no_effect_and_is_counted() -> None:
    def twice(channel: int, attempt: int) -> tuple[int, Status]:
        return 3 * SECOND_MS, Status.OK

    told = Told(twice, (Applications.APPLICATION_SUBMITTED, TEN))
    stage = Stage(room, told.room, Partner(ok), check_every_window=True)
    late = sample(NoticeAnswered, notice=3_000_000_001, case=CASE, attempt=1, at=TEN + 7 * DAY_MS)
    window = Window(0, MIDNIGHT + 7 * DAY_MS, MIDNIGHT + 8 * DAY_MS)
    [events] = stage.step(window, {NoticeAnswered.number: [late]}).out.events
    assert events[["event", "reason"]].tolist() == [(Event.RECEIPT_REFUSED, Refusal.NOTICE_UNKNOWN)]


def test_a_receipt_of_another_attempt_or_before_it_went_out_has_no_effect() -> None:
    def silent(channel: int, attempt: int) -> tuple[int, Status]:
        return 30 * DAY_MS, Status.OK

    for event, attempt in ((Applications.APPLICATION_SUBMITTED, 2), (Repayment.REMINDER_SENT, 1)):
        told = Told(silent, (event, MIDNIGHT + 5 * DAY_MS + 23 * HOUR_MS))
        early = sample(NoticeAnswered, notice=3_000_000_001, case=CASE, attempt=attempt, at=MIDNIGHT + 6 * DAY_MS)
        stage = Stage(room, told.room, Partner(ok), check_every_window=True)
        window = Window(0, MIDNIGHT + 6 * DAY_MS, MIDNIGHT + 6 * DAY_MS + HOUR_MS)
        [events] = stage.step(window, {NoticeAnswered.number: [early]}).out.events
        assert events[["event", "reason"]].tolist() == [(Event.RECEIPT_REFUSED, Refusal.ATTEMPT_UNKNOWN)]
        assert len(told.room.tables["under_way"]) == 1


@pytest.mark.planted
def test_a_notice_that_gets_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NoticesSubsystem, "_again", lambda room, rows, at, out: room.tables["under_way"].drop(rows))
    with pytest.raises(InvariantViolation, match="1 notices were written, of which 0 can be accounted for"):
        Told(never, (Applications.APPLICATION_SUBMITTED, TEN))


def test_texts_say_what_the_event_says_in_both_languages() -> None:
    policy = load("notices", NoticePolicy)
    event = {"at": TEN, "case": CASE, "loan": LOAN, "amount_fen": 5_000_000, "value": 3}
    assert "应于2026-01-04还款50,000.00元" in texts.text(policy, Topic.DUE, event)
    for topic in Topic:
        for english in (False, True):
            assert "{" not in texts.text(policy, topic, event, english=english)
    said = texts.text(policy, Topic.DISBURSED, event)
    assert said.startswith("【Lendrill银行】")
    assert "50,000.00元" in said
    assert str(LOAN) in said


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"templates": [{"key": "received", "zh": "合同{{rate}}"}]},
            r"zh: \{\{rate\}\} is nothing that its events say; they say at, case",
        ),
        ({"templates": [{"key": "received", "channels": ["push"]}]}, "the last one must reach everybody"),
        (
            {"templates": [{"key": "thanks", "version": 1, "channels": ["sms"], "zh": "谢谢", "en": "Thanks"}]},
            "'thanks' is not one of",
        ),
        ({"quiet_until_minute": 1_300}, "must be before quiet_from_minute"),
        ({"channels": [{"key": "push", "applied_through": ["telex"]}]}, "'telex' is not one of"),
    ],
)
def test_a_policy_that_does_not_hold_says_what_is_wrong(changes: dict[str, object], says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        subsystem.build(Setting({"notices": changes}))
