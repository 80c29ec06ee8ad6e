"""Scoring over time: outages, back-off, deadlines, the batch, late and foreign answers, windows, shards and state."""

from __future__ import annotations

import numpy as np
import pytest

from credit.approval.contract import ApplicationScored
from credit.codes import Channel, Doubt, Lane, Segment, Source, Status
from credit.due_diligence.contract import BusinessScored
from credit.mail import Inbox
from credit.policies import Overrides
from credit.room import Kind, Rows
from credit.scoring.cases import Cases
from credit.scoring.contract import (
    ApplicationAccepted,
    BureauQuery,
    Event,
    Refusal,
    VerificationQuery,
    VerificationReply,
)
from credit.scoring.subsystem import ScoringSubsystem
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, Ints
from tests.credit.applications.builders import Answer, Run, fingerprint, walk
from tests.credit.scoring.builders import (
    CASE,
    DAY,
    MORNING,
    OFFICERS,
    STAFFED,
    START,
    accepted,
    answer,
    ask,
    reply,
    report,
    reported,
    told,
    windows,
)

ASKED = MORNING + 30


def world(up_from: int = 0, late_ms: int = 1_200) -> Answer:
    """A world whose bureau answers from an instant on; before it, a query times out after ten seconds."""

    def respond(requests: Inbox) -> list[tuple[Kind, Rows]]:
        queries, questions = requests.take(BureauQuery), requests.take(VerificationQuery)
        reports = report(queries, late_ms + queries["case"] % 7 * 100)
        dead = queries["at"] < up_from
        reports["status"][dead] = Status.UNAVAILABLE
        reports["at"][dead] = queries["at"][dead] + 10_000
        return [*reported(reports), (VerificationReply, reply(questions, 400 + questions["case"] % 11 * 300))]

    return respond


def days(rows: Rows, respond: Answer, count: int = 4, overrides: Overrides | None = None) -> Run:
    return walk(
        ScoringSubsystem.build(Setting(overrides, OFFICERS)),
        [(ApplicationAccepted, rows)],
        windows(DAY_MS, count),
        respond,
    )


@pytest.mark.requirement("EXT-01.b")
def test_a_decision_leaves_a_few_milliseconds_after_the_last_answer() -> None:
    scored = np.sort(days(accepted(3), world()).sent(ApplicationScored), order="case")
    last = 1_200 + scored["case"] % 7 * 100 + 400 + scored["case"] % 11 * 300
    assert (scored["at"] == accepted(3)["at"] + 30 + last + 8).all()


@pytest.mark.requirement("EXT-01.b")
def test_an_unavailable_bureau_is_asked_again_with_growing_pauses() -> None:
    run = days(accepted(), world(up_from=ASKED + 2 * HOUR_MS))
    asked = run.events_of(Event.BUREAU_QUERIED)
    pauses = np.diff(asked["at"]) - 10_000
    assert pauses.tolist()[:5] == [m * MINUTE_MS for m in (1, 5, 15, 30, 30)]
    assert asked["value"].tolist() == list(range(1, len(asked) + 1))
    assert len(run.events_of(Event.BUREAU_UNAVAILABLE)) == len(asked) - 1
    scored = run.sent(ApplicationScored)
    assert (scored["lane"][0], scored["doubts"][0]) == (Lane.AUTOMATIC, 0)


@pytest.mark.requirement("EXT-01.b")
@pytest.mark.parametrize(
    ("when_missing", "lane", "reason"),
    [("manual", Lane.MANUAL, None), ("reject", Lane.REJECT, Refusal.BUREAU_UNAVAILABLE)],
)
def test_after_the_longest_wait_policy_decides(when_missing: str, lane: Lane, reason: Refusal | None) -> None:
    run = days(accepted(), world(up_from=10**15), overrides={"scorecard": {"bureau": {"when_missing": when_missing}}})
    scored = run.sent(ApplicationScored)
    assert scored["at"].tolist() == [ASKED + 1_440 * MINUTE_MS]
    assert scored["lane"].tolist() == [lane]
    assert scored["doubts"].tolist() == [Doubt.SOURCE_MISSING]
    assert run.events_of(Event.SCORING_REJECTED)["reason"].tolist() == ([] if reason is None else [reason])
    assert run.events_of(Event.BUREAU_QUERIED)["at"].max() < ASKED + 1_440 * MINUTE_MS


@pytest.mark.requirement("EXT-01.c")
def test_a_batch_report_may_come_the_next_night() -> None:
    def nightly(requests: Inbox) -> list[tuple[Kind, Rows]]:
        queries, questions = requests.take(BureauQuery), requests.take(VerificationQuery)
        assert (queries["batch"] == 1).all()
        night = (queries["at"] // DAY_MS + 1) * DAY_MS + 2 * HOUR_MS
        return [*reported(report(queries, night - queries["at"])), (VerificationReply, reply(questions))]

    firm = accepted(segment=Segment.ENTERPRISE, product=5, amount_fen=200_000_000, income_fen=900_000_000)
    scored = days(firm, nightly).sent(BusinessScored)
    assert scored["at"].tolist() == [DAY.until + 2 * HOUR_MS + 1_500 + 8]


def test_silence_of_everybody_is_decided_at_the_deadline() -> None:
    run = days(accepted(2), lambda requests: [])
    scored = run.sent(ApplicationScored)
    assert (scored["doubts"] == Doubt.SOURCE_MISSING).all()
    assert (scored["lane"] == Lane.MANUAL).all()
    assert (scored["at"] == accepted(2)["at"] + 30 + DAY_MS).all()


@pytest.mark.requirement("EXT-01.a")
@pytest.mark.parametrize(
    ("changes", "delay_ms"),
    [({"case": CASE + 9}, 0), ({"attempt": 2}, 0), ({}, 2 * DAY_MS), ({"segment": int(Segment.MICRO)}, 0)],
)
def test_a_report_that_fits_no_open_question_is_refused(changes: dict[str, int], delay_ms: int) -> None:
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, accepted())
    foreign = report(queries)
    foreign["at"] += delay_ms
    for name, value in changes.items():
        foreign[name] = value
    assert not len(told(scoring, foreign, out))
    assert len(out.events_of(Event.ANSWER_REFUSED)) == 1
    answer(scoring, (VerificationReply, reply(told(scoring, report(queries), out))), out=out)
    assert len(out.take(ApplicationScored)) == 1


def test_the_second_of_two_answers_is_refused() -> None:
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, accepted())
    twice = np.concatenate([report(queries), report(queries, 1_300, overdue_24m=9)])
    questions = told(scoring, twice, out)
    twice_told = np.concatenate([reply(questions), reply(questions, 1_600, mobile_matches=0)])
    answer(scoring, (VerificationReply, twice_told), out=out)
    assert len(out.events_of(Event.ANSWER_REFUSED)) == 2
    assert out.take(ApplicationScored)["doubts"].tolist() == [0]


def a_busy_week() -> Rows:
    """Applications of three branches on five days, of all segments, some without consent, many in the last second of a day."""
    count = 150
    number = np.arange(count)
    branch = 1 + number % 3
    return accepted(
        count,
        branch=branch,
        case=branch * 10**9 + number + 1,
        customer=branch * 10**9 + number + 1,
        party=number + 1,
        at=START + number % 5 * DAY_MS + np.where(number % 4 == 0, DAY_MS - 1_000 + number, number * 9 * MINUTE_MS),
        consent=np.where(number % 19 == 0, 2, 3),
        product=np.where(number % 10 == 0, 5, 1),
        channel=Channel.COUNTER,
        segment=np.where(number % 10 == 0, Segment.ENTERPRISE, Segment.INDIVIDUAL),
        recent_applications=1 + number % 4,
        recent_channels=1 + number % 3,
        amount_fen=2_000_000 + number * 100_000,
    )


OUTAGE_END = START + 2 * DAY_MS + 11 * HOUR_MS


@pytest.mark.parametrize("length_ms", [HOUR_MS, 10 * MINUTE_MS])
def test_results_do_not_depend_on_the_length_of_windows(length_ms: int) -> None:
    prints = []
    for length in (DAY_MS, length_ms):
        scoring = ScoringSubsystem.build(STAFFED)
        run = walk(scoring, [(ApplicationAccepted, a_busy_week())], windows(length, 8), world(OUTAGE_END))
        prints.append(fingerprint(run, scoring))
    assert prints[0] == prints[1]


def test_results_do_not_depend_on_shards_or_on_the_order_of_rows() -> None:
    rows = a_busy_week()
    whole = days(rows, world(OUTAGE_END), 8)
    turned = days(rows[::-1], world(OUTAGE_END), 8)
    parts = [days(rows[rows["branch"] == branch], world(OUTAGE_END), 8) for branch in (1, 2, 3)]
    together = np.concatenate([part.sent(ApplicationScored) for part in parts])
    expected = np.sort(whole.sent(ApplicationScored), order=["at", "case"])
    assert np.array_equal(np.sort(together, order=["at", "case"]), expected)
    assert np.array_equal(np.sort(turned.sent(ApplicationScored), order=["at", "case"]), expected)
    events = np.concatenate([part.all_events() for part in parts])
    assert np.array_equal(np.sort(events, order=list(events.dtype.names or ())), whole.all_events())
    assert np.array_equal(turned.all_events(), whole.all_events())


@pytest.mark.parametrize("cut_hour", [9, 26, 50, 75])
def test_state_taken_out_and_put_into_a_fresh_object_goes_on_the_same(cut_hour: int) -> None:
    rows, hours = a_busy_week(), windows(HOUR_MS, 8)
    world_side = _Remembering(world(OUTAGE_END))
    straight = walk(ScoringSubsystem.build(STAFFED), [(ApplicationAccepted, rows)], hours, world(OUTAGE_END))
    first = ScoringSubsystem.build(STAFFED)
    early = rows["at"] < hours[cut_hour].start
    before = walk(first, [(ApplicationAccepted, rows[early])], hours[:cut_hour], world_side)
    second = ScoringSubsystem.build(STAFFED)
    second.import_state(first.export_state())
    rest = [(ApplicationAccepted, rows[~early]), *world_side.outstanding(hours[cut_hour])]
    after = walk(second, rest, hours[cut_hour:], world_side)
    sent = np.concatenate([before.sent(ApplicationScored), after.sent(ApplicationScored)])
    expected = straight.sent(ApplicationScored)
    assert np.array_equal(np.sort(sent, order=["at", "case"]), np.sort(expected, order=["at", "case"]))


class _Remembering:
    """A world that remembers all its answers, so that those still under way survive the change of object."""

    def __init__(self, inner: Answer) -> None:
        self._inner = inner
        self._given: list[tuple[Kind, Rows]] = []

    def __call__(self, requests: Inbox) -> list[tuple[Kind, Rows]]:
        answers = self._inner(requests)
        self._given += answers
        return answers

    def outstanding(self, window: Window) -> list[tuple[Kind, Rows]]:
        return [(kind, rows[rows["at"] >= window.start]) for kind, rows in self._given]


@pytest.mark.planted
def test_planted_deadline_that_never_comes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cases, "time_out", lambda self, until: None)
    with pytest.raises(AssertionError, match="window 1"):
        days(accepted(), lambda requests: [])


@pytest.mark.planted
def test_planted_case_that_gets_lost_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Cases.ready

    def forgetful(self: Cases, until: int) -> Ints:
        return original(self, until)[1:]

    monkeypatch.setattr(Cases, "ready", forgetful)
    with pytest.raises(AssertionError, match="window 0"):
        days(accepted(2), world())


def test_a_source_that_is_down_leaves_its_doubt_and_the_rest_of_the_facts() -> None:
    def partly(requests: Inbox) -> list[tuple[Kind, Rows]]:
        answers = world()(requests)
        for kind, rows in answers:
            if kind is VerificationReply:
                rows["unavailable"] = int(Source.JUDICIAL)
        return answers

    scored = days(accepted(), partly).sent(ApplicationScored)
    assert scored["doubts"].tolist() == [Doubt.SOURCE_MISSING]
    assert scored["verified_income_fen"].tolist() == [1_800_000]


def test_the_first_answer_to_a_question_counts_and_a_second_is_refused() -> None:
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, accepted())
    silent = told(scoring, report(queries, status=Status.UNAVAILABLE), out)
    again = out.take(BureauQuery)[-1:]
    for after_ms, matches in ((1_500, 1), (2_000, 0)):
        answer(scoring, (VerificationReply, reply(silent, after_ms, mobile_matches=matches)), out=out)
    assert len(told(scoring, report(again, 5_000), out)) == len(silent)
    scoring.close(DAY, out)
    assert out.take(ApplicationScored)["doubts"].tolist() == [0]
    assert len(out.events_of(Event.ANSWER_REFUSED)) == 1


@pytest.mark.parametrize(("late_ms", "refused"), [(0, 0), (1, 1)])
def test_an_answer_counts_up_to_the_deadline(late_ms: int, refused: int) -> None:
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, accepted())
    questions = told(scoring, report(queries), out)
    wait = int(scoring.export_state()["cases"]["deadline"][0] - questions["at"][0])
    answer(scoring, (VerificationReply, reply(questions, wait + late_ms)), out=out)
    assert len(out.events_of(Event.ANSWER_REFUSED)) == refused
