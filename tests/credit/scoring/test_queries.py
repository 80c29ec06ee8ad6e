"""Bureau queries: in whose name, for which purpose, by whom out of turn, and what is refused and on record."""

from __future__ import annotations

import pytest

from credit.codes import Status
from credit.mail import Inbox, Outbox
from credit.policies import PolicyError
from credit.room import Kind, Rows
from credit.scoring import invariants
from credit.scoring.contract import BureauQuery, Event, QueryBureau, Refusal
from credit.scoring.officers import Officers
from credit.scoring.subsystem import ScoringSubsystem
from credit.subsystem import Setting, Window
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.scoring.builders import (
    CASE,
    COLLEAGUE,
    DAY,
    MORNING,
    OFFICER,
    OFFICERS,
    STAFFED,
    accepted,
    answer,
    ask,
    report,
    reported,
)
from tests.rows import sample

STRANGER = 4_010_001
LOAN_APPROVAL, CURIOSITY = 2, 8


def order(
    person: int = OFFICER, purpose: int = LOAN_APPROVAL, at: int = MORNING + 40_000, case: int = CASE
) -> tuple[Kind, Rows]:
    return QueryBureau, sample(QueryBureau, 1, at=at, case=case, person=person, purpose=purpose)


def refusals(out: Outbox) -> list[tuple[int, int]]:
    return [(int(one["actor"]), int(one["reason"])) for one in out.events_of(Event.QUERY_REFUSED)]


@pytest.mark.requirement("EXT-03.b", "EXT-03.c")
def test_an_officer_asks_again_before_the_turn_and_in_his_own_name() -> None:
    first, second = Window(0, DAY.start, MORNING + 10_000), Window(1, MORNING + 10_000, MORNING + 30_000)
    scoring = ScoringSubsystem.build(STAFFED)
    queries, out = ask(scoring, accepted(), first)
    answer(scoring, *reported(report(queries, status=Status.UNAVAILABLE)), out=out, window=first)
    assert out.take(BureauQuery)["attempt"].tolist() == [1], "the system's next attempt is a minute away"
    later = Outbox()
    scoring.open(second, later)
    scoring.apply(Inbox.of(order(at=MORNING + 20_000)), second, later)
    [query] = later.take(BureauQuery)
    assert (query["attempt"], query["at"], query["operator"]) == (2, MORNING + 20_000, OFFICER)
    answer(scoring, *reported(report(later.take(BureauQuery))), out=later, window=second)
    again = Outbox()
    scoring.apply(Inbox.of(order(at=MORNING + 25_000)), second, again)
    assert refusals(again) == [(OFFICER, Refusal.QUERY_UNDER_WAY)], "it has answered"


@pytest.mark.requirement("EXT-03.c")
@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (order(purpose=CURIOSITY), Refusal.NO_PURPOSE),
        (order(purpose=0), Refusal.NO_PURPOSE),
        (order(person=9), TaskRefusal.NOT_ON_REGISTER),
        (order(person=STRANGER), TaskRefusal.NO_AUTHORITY),
        (order(case=CASE + 7), Refusal.NOT_UNDER_REVIEW),
        (order(), Refusal.QUERY_UNDER_WAY),
    ],
)
def test_a_query_without_a_ground_is_refused_and_on_record(mail: tuple[Kind, Rows], reason: int) -> None:
    register = type(OFFICERS)(
        [*OFFICERS.person, STRANGER], [*OFFICERS.branch, 4], [*OFFICERS.desk, int(OFFICERS.desk[0])]
    )
    scoring = ScoringSubsystem.build(Setting(register=register))
    _, out = ask(scoring, accepted())
    before = len(out.take(BureauQuery))
    scoring.apply(Inbox.of(mail), DAY, out)
    assert refusals(out) == [(int(mail[1]["person"][0]), reason)]
    assert out.events_of(Event.QUERY_REFUSED)["value"].tolist() == mail[1]["purpose"].tolist()
    assert len(out.take(BureauQuery)) == before


@pytest.mark.requirement("EXT-03.b")
def test_nobody_is_asked_where_nobody_may_ask_until_somebody_does() -> None:
    register = type(OFFICERS)([STRANGER, 1], [4, 0], [int(OFFICERS.desk[0]), int(OFFICERS.desk[0])])
    scoring = ScoringSubsystem.build(Setting(register=register))
    _, out = ask(scoring, accepted())
    assert len(out.take(BureauQuery)) == 0
    assert refusals(out) == [(0, Refusal.NO_OPERATOR)]
    scoring.apply(Inbox.of(order(person=1)), DAY, out)
    [query] = out.take(BureauQuery)
    assert (query["operator"], query["reason"], query["at"]) == (1, LOAN_APPROVAL, MORNING + 40_000)
    assert out.events_of(Event.BUREAU_QUERIED)["actor"].tolist() == [1]


@pytest.mark.planted
def test_planted_a_query_in_the_name_of_a_stranger_is_found() -> None:
    scoring = ScoringSubsystem.build(STAFFED)
    ask(scoring, accepted())
    table = scoring.tables["cases"]
    assert invariants.operators_are_people(table, OFFICERS) == []
    table["operator"][:] = 3_990
    assert str(CASE) in invariants.operators_are_people(table, OFFICERS)[0]


def test_a_desk_that_there_is_none_of_and_a_reason_that_is_no_purpose_are_refused() -> None:
    with pytest.raises(PolicyError, match="query_desk: 'cinema' is no desk"):
        Officers(OFFICERS, "cinema")
    with pytest.raises(PolicyError, match="query_reason 3 is not among the purposes"):
        ScoringSubsystem.build(Setting({"scorecard": {"bureau": {"query_reason": 3}}}, OFFICERS))


def test_the_people_of_the_desk_take_turns() -> None:
    queries, _ = ask(ScoringSubsystem.build(STAFFED), accepted(4))
    assert set(queries["operator"].tolist()) == {OFFICER, COLLEAGUE}
