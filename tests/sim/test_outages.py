"""Outages of the bank's own: nothing passes between bank and world while they last, nobody works, and whoever waited comes
again, in the order in which he came, or is known never to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.codes import Channel, Waits
from credit.contracts.contract import ContractOffered, ContractSigned
from credit.contracts.states import SignMode
from credit.customers.contract import RefreshRiskList
from credit.mail import Inbox, Outbox
from credit.notices.contract import NoticeAnswered, NoticeOrdered
from credit.notices.contract import room as notices
from credit.repayment.contract import PaymentMade
from credit.room import Kind, Rows
from credit.stage import Stage
from credit.subsystem import State, Subsystem, Takes, Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, NEVER, instant
from scenarios.model import Scenario
from sim.arrivals import Arrivals, drawn_visits
from sim.away import Span, away_from_desk, postponed, system_spans
from sim.outages import WAITED_DTYPE, AwayCounterpart
from sim.staff import Person, Shift
from sim.staff.people import hours_of, label_of
from sim.staffing import build_staffing
from tests.sim.worlds import SEED, ZHANG, numbers, scenario, windows

DAY = dt.date(2026, 1, 7)
START = instant(dt.date(2026, 1, 1))
A, B = instant(DAY, 10), instant(DAY, 12)
NOBODY = np.zeros(0, dtype=np.int64)
SYSTEM: dict[str, Any] = {"kind": "system_outage", "start": "2026-01-07T10:00:00", "end": "2026-01-07T12:00:00"}
BRANCH: dict[str, Any] = SYSTEM | {"kind": "branch_outage", "branches": [2]}
RUN = {"customers": 4_000, "days": 10}


def away(*faults: dict[str, Any], **sections: Any) -> Scenario:
    return scenario(run=RUN, faults=list(faults), **sections)


# ---- instants


@given(st.lists(st.integers(0, 6 * HOUR_MS), min_size=1, max_size=40), st.sampled_from([0, MINUTE_MS, HOUR_MS]))
def test_who_waits_comes_after_it_and_nobody_overtakes(offsets: list[int], return_ms: int) -> None:
    at = np.sort(np.array(offsets, dtype=np.int64)) + A - 2 * HOUR_MS
    spans = [Span(A, B, NOBODY), Span(B + 30 * MINUTE_MS, B + HOUR_MS, NOBODY)]
    moved = postponed(at, spans, return_ms)
    assert bool((np.diff(moved) >= 0).all())
    assert bool((moved >= at).all())
    assert not any(bool(((moved >= span.start) & (moved < span.until)).any()) for span in spans)
    before = at < A
    assert moved[before].tolist() == at[before].tolist()


def test_the_crowd_after_it_stands_behind_those_who_came_before() -> None:
    at = np.array([A - 1, A, B - 1, B, B + 30 * MINUTE_MS, B + HOUR_MS, B + HOUR_MS + 1])
    moved = postponed(at, [Span(A, B, NOBODY)], HOUR_MS)
    assert moved.tolist() == sorted(moved.tolist())
    assert moved[[0, 1, 5, 6]].tolist() == [A - 1, B, B + HOUR_MS, B + HOUR_MS + 1]
    assert B + 30 * MINUTE_MS < moved[2] <= moved[3] < moved[4] < moved[5]


def test_a_stage_comes_back_in_its_grade_and_the_ledger_is_never_asked() -> None:
    graded = away(SYSTEM | {"recovery_minutes": {"collections": 90}})
    ends = [[span.until for span in system_spans(graded, stage)] for stage in ("approval", "collections", "ledger")]
    assert ends == [[B], [B + 90 * MINUTE_MS], []]


# ---- people at desks


def _person(away: tuple[tuple[int, int], ...]) -> Person:
    return Person(1, 1, 1, shift=Shift(spans=((510, 720), (780, 1050))), away=away)


def test_work_pauses_while_the_bank_is_away() -> None:
    hours = hours_of(_person(((A, B),)), lambda days: np.ones(len(days), dtype=np.bool_), START // DAY_MS)
    nine, one = instant(DAY, 9), instant(DAY, 13)
    assert hours.opening(nine) == (instant(DAY, 8, 30), A)
    assert hours.opening(A) == (one, instant(DAY, 17, 30)), "the break begins when the bank is back"
    assert hours.opening(B - 1) == hours.opening(A)
    assert hours.finish(nine, 2 * HOUR_MS) == one + HOUR_MS, "an hour before, an hour after"
    edges = np.array([instant(DAY, hour) for hour in range(8, 15)])
    assert (np.diff(hours.worked_by(edges)) // MINUTE_MS).tolist() == [30, 60, 0, 0, 0, 60]


@given(
    st.lists(st.integers(0, 72 * 60), min_size=2, max_size=6, unique=True), st.integers(0, 72 * 60), st.integers(1, 900)
)
def test_hours_with_time_away_are_those_of_the_minutes_that_are_left(cuts: list[int], at: int, work: int) -> None:
    edges = [START + cut * MINUTE_MS for cut in sorted(cuts)[: len(cuts) // 2 * 2]]
    spans = tuple(zip(edges[::2], edges[1::2], strict=True))
    hours = hours_of(_person(spans), lambda days: np.ones(len(days), dtype=np.bool_), START // DAY_MS)
    minutes = START + np.arange(10 * 24 * 60, dtype=np.int64) * MINUTE_MS
    on = ((minutes % DAY_MS >= 510 * MINUTE_MS) & (minutes % DAY_MS < 1050 * MINUTE_MS)) & ~(
        (minutes % DAY_MS >= 720 * MINUTE_MS) & (minutes % DAY_MS < 780 * MINUTE_MS)
    )
    for start, until in spans:
        on &= ~((minutes >= start) & (minutes < until))
    later = on & (minutes >= START + at * MINUTE_MS)
    assert (
        hours.finish(START + at * MINUTE_MS, work * MINUTE_MS) == minutes[np.flatnonzero(later)[work - 1]] + MINUTE_MS
    )
    until = START + at * MINUTE_MS
    worked = hours.worked_by(np.array([START, until]))
    assert worked[1] - worked[0] == int(on[:at].sum()) * MINUTE_MS
    of_a_day = on[: 24 * 60].reshape(24, 60).sum(axis=1) * MINUTE_MS
    assert np.diff(hours.worked_by(START + np.arange(25) * HOUR_MS)).tolist() == of_a_day.tolist()


def test_desks_are_away_with_their_stage_and_their_branch() -> None:
    world = away(
        SYSTEM | {"recovery_minutes": {"collections": 60}},
        BRANCH | {"start": "2026-01-07T11:00:00", "end": "2026-01-07T15:00:00"},
    )
    roles = {one.role: one for one in build_staffing(world, SEED).people if one.branch == 1 and not one.is_deputy}
    found = {(branch, int(role)): away_from_desk(world, branch, int(role)) for branch in (1, 2) for role in roles}
    for (branch, role), spans in found.items():
        collects = label_of(role).startswith("collector") or label_of(role) == "branch_risk_director"
        back = B + 60 * MINUTE_MS if collects else B
        assert spans == ((A, back if branch == 1 else instant(DAY, 15)),), (branch, role)
    assert all(one.away == found[one.branch, int(one.role)] for one in roles.values())


# ---- applicants


def test_every_applicant_comes_comes_again_or_is_told_lost() -> None:
    world = away(SYSTEM)
    offered, arrivals = drawn_visits(world, SEED, RUN["customers"]), Arrivals(world, SEED)
    waited = arrivals.waited
    inside = (offered.at >= A) & (offered.at < B)
    assert sorted(waited["reference"].tolist()) == sorted(offered.reference[inside].tolist())
    assert 0 < int((waited["comes"] == 0).sum()) < len(waited) // 2
    came = dict(zip(arrivals.drawn.reference.tolist(), arrivals.drawn.at.tolist(), strict=True))
    lost = set(waited["reference"][waited["comes"] == 0].tolist())
    assert set(came) == set(offered.reference.tolist()) - lost
    again = {int(row["reference"]): int(row["until"]) for row in waited if row["comes"]}
    first = dict(zip(offered.reference.tolist(), offered.at.tolist(), strict=True))
    assert came == {reference: again.get(reference, at) for reference, at in first.items() if reference not in lost}
    assert min(again.values()) >= B
    assert not ((arrivals.drawn.at >= A) & (arrivals.drawn.at < B)).any()


def test_half_come_again_within_the_median() -> None:
    world = away(SYSTEM, behaviour={"outage_again_ppm": 1_000_000, "outage_again_minutes_median": 30})
    waited = Arrivals(world, SEED).waited
    soon = int((waited["until"] <= B + 30 * MINUTE_MS).sum())
    assert bool(waited["comes"].all())
    assert abs(soon - len(waited) / 2) < 2 * len(waited) ** 0.5


def test_neither_windows_nor_shards_have_a_say_in_who_comes_again() -> None:
    world = away(SYSTEM)
    until, every = world.run.until_ms, numbers(8)
    whole = np.concatenate([Arrivals(world, SEED).window(one, every) for one in windows(START, until)])
    finer, parts = Arrivals(world, SEED), []
    for one in windows(START, until, HOUR_MS):
        parts += [finer.window(one, every)]
    halves = [
        np.concatenate([Arrivals(world, SEED).window(one, np.array(mine)) for one in windows(START, until)])
        for mine in ([1, 3, 5, 7], [2, 4, 6, 8])
    ]
    together = np.concatenate(halves)
    assert whole.tobytes() == np.concatenate(parts).tobytes()
    assert whole.tobytes() == together[np.lexsort((together["party"], together["at"]))].tobytes()


def test_a_branch_that_is_cut_off_keeps_its_online_customers() -> None:
    world = away(BRANCH)
    plain, arrivals = Arrivals(scenario(run=RUN), SEED), Arrivals(world, SEED)
    day = Window(6, A // DAY_MS * DAY_MS, (A // DAY_MS + 1) * DAY_MS)
    forms = plain.window(day, numbers(8))
    inside = (forms["at"] >= A) & (forms["at"] < B) & (forms["branch"] == 2)
    counter = np.isin(forms["channel"], (Channel.COUNTER, Channel.CUSTOMER_MANAGER))
    assert set(arrivals.waited["reference"].tolist()) == set(forms["party"][inside & counter].tolist())
    assert len(arrivals.waited) > 0
    online = forms["party"][inside & ~counter].tolist()
    assert set(online) <= set(arrivals.window(day, numbers(8))["party"].tolist())


def test_a_scripted_customer_comes_as_soon_as_he_can_with_what_belongs_to_his_form() -> None:
    script = [ZHANG | {"at": "2026-01-07T10:30:00", "remark": "急"}]
    arrivals = Arrivals(away(SYSTEM, script=script), SEED)
    source = arrivals.source(numbers(8))
    mail = [row for one in windows(START, START + 10 * DAY_MS) for _, rows in source.mail(one) for row in rows]
    assert [int(row["at"]) for row in mail if row["party"] == mail_party(arrivals)] == [B, B]


def mail_party(arrivals: Arrivals) -> int:
    return int(arrivals.forms.people.script.forms["party"][1])


# ---- the line between bank and world


class Echo:
    """Answers each notice and each offer at once, and keeps what it heard."""

    rounds = 1

    def __init__(self) -> None:
        self.heard: list[Rows] = []

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
        del window, round_number
        orders, offers = requests.take(NoticeOrdered), requests.take(ContractOffered)
        self.heard += [rows for rows in (orders, offers) if len(rows)]
        answers = NoticeAnswered.carry(orders, status=0)
        signed = ContractSigned.carry(offers, confirmed_at=offers["at"])
        return [(NoticeAnswered, answers), (ContractSigned, signed)]

    def due(self) -> int:
        return NEVER

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        del window, closing
        return {}

    def export_state(self) -> State:
        return {}

    def import_state(self, state: State) -> None:
        assert not state


def rows_of(kind: Kind, *, at: list[int], **columns: Any) -> Rows:
    """Rows of a kind about different cases; what is not given is 0."""
    rows = kind.empty(len(at))
    for name, values in {"at": at, "case": 1_000_000_001 + np.arange(len(at)), **columns}.items():
        rows[name] = values
    return rows


def orders(*at: int) -> Rows:
    return rows_of(NoticeOrdered, at=list(at), notice=np.arange(len(at)))


def passed(counterpart: AwayCounterpart, requests: Inbox, window: Window) -> dict[str, list[int]]:
    said = counterpart.respond(requests, window, 0)
    found: dict[str, list[int]] = {}
    for kind, rows in said:
        found.setdefault(kind.name, []).extend(rows["at"].tolist())
    return {name: sorted(at) for name, at in found.items() if at}


def test_calls_leave_and_answers_arrive_when_the_stage_is_back() -> None:
    echo = Echo()
    line = AwayCounterpart(echo, away(SYSTEM), "notices")
    first = Window(0, A - HOUR_MS, A + HOUR_MS)
    assert passed(line, Inbox.of((NoticeOrdered, orders(A - 1, A, A + 5))), first) == {"NoticeAnswered": [A - 1]}
    assert [rows["at"].tolist() for rows in echo.heard] == [[A - 1]], "nothing is asked while it lasts"
    assert line.due() == B
    assert passed(line, Inbox.of((NoticeOrdered, orders(B - 1))), Window(1, A + HOUR_MS, B)) == {}
    assert passed(line, Inbox(), Window(2, B, B + HOUR_MS)) == {"NoticeAnswered": [B, B, B]}
    waited = line.statistics(first, False)["waited"]
    assert waited["who"].tolist() == [Waits.BANK] * 3
    assert (waited["until"] - waited["start"]).tolist() == [2 * HOUR_MS, 2 * HOUR_MS - 5, 1]


def test_customers_come_again_in_their_order_and_are_told() -> None:
    line = AwayCounterpart(Echo(), away(SYSTEM), "contracts")
    offers = rows_of(ContractOffered, at=[A - 1, B - 1, B], mode=SignMode.ELECTRONIC)
    counterpart = AwayCounterpart(Echo(), away(), "contracts")
    day = Window(0, A // DAY_MS * DAY_MS, (A // DAY_MS + 1) * DAY_MS)
    assert passed(counterpart, Inbox.of((ContractOffered, offers)), day)["ContractSigned"] == [A - 1, B - 1, B]
    signed = passed(line, Inbox.of((ContractOffered, offers)), day)["ContractSigned"]
    assert signed[0] == A - 1
    assert B <= signed[1] <= signed[2] <= B + HOUR_MS


def test_entries_of_lists_wait_as_their_owners_answers_do() -> None:
    class Owners(Echo):
        def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
            del requests, window, round_number
            return [(RefreshRiskList, RefreshRiskList.rows(1, at=A + 7, entry=1, list=1, removed=0, id_number=""))]

    line = AwayCounterpart(Owners(), away(SYSTEM), "customers")
    passed(line, Inbox(), Window(0, A - HOUR_MS, A + HOUR_MS))
    assert line.statistics(Window(0, A - HOUR_MS, A + HOUR_MS), False)["waited"]["who"].tolist() == [Waits.PARTNER]


def test_what_is_held_up_survives_a_restart() -> None:
    line, other = (AwayCounterpart(Echo(), away(SYSTEM), "notices") for _ in range(2))
    passed(line, Inbox.of((NoticeOrdered, orders(A + 5))), Window(0, A, A + HOUR_MS))
    other.import_state(line.export_state())
    assert list(line.export_state()) == ["away.asked.NoticeOrdered"]
    assert passed(other, Inbox(), Window(1, A + HOUR_MS, B + HOUR_MS)) == {"NoticeAnswered": [B]}


def test_at_a_branch_that_is_cut_off_only_the_counter_waits() -> None:
    class Payers(Echo):
        def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
            del requests, window, round_number
            channels = np.array([Channel.COUNTER, Channel.MOBILE_BANK, Channel.COUNTER])
            loan = np.array([2, 2, 1]) * 10**11 + 1
            return [(PaymentMade, PaymentMade.rows(3, at=A + 7, loan=loan, channel=channels))]

    line = AwayCounterpart(Payers(), away(BRANCH), "repayment")
    day = Window(0, A // DAY_MS * DAY_MS, (A // DAY_MS + 1) * DAY_MS)
    assert passed(line, Inbox(), day)["PaymentMade"][:2] == [A + 7, A + 7]
    waited = line.statistics(day, False)["waited"]
    assert waited.dtype == WAITED_DTYPE
    assert (waited["branch"].tolist(), waited["who"].tolist()) == ([2], [Waits.CUSTOMER])


class Ear(Subsystem):
    """A room that notes when it takes receipts in."""

    room = notices
    HANDLERS = (Takes(NoticeAnswered, "hear"),)

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[int] = []

    def hear(self, rows: Rows, out: Outbox) -> None:
        del out
        self.heard += rows["at"].tolist()


@pytest.mark.parametrize(("at", "taken"), [(A - 1, A - 1), (A, B), (B - 1, B), (B, B)])
def test_mail_within_the_bank_waits_for_the_room(at: int, taken: int) -> None:
    ear = Ear()
    stage = Stage(notices, ear, away=[(A, B)])
    for window in (Window(0, A - HOUR_MS, A + HOUR_MS), Window(1, A + HOUR_MS, B + HOUR_MS)):
        now = window.start <= at < window.until
        stage.step(window, {NoticeAnswered.number: [rows_of(NoticeAnswered, at=[at])]} if now else {})
    assert ear.heard == [taken]
