"""Who appeals, and what reviewers find: those who were entered by mistake often, the others seldom, and the truth mostly."""

from __future__ import annotations

import numpy as np
import pytest

from credit.appeals.contract import DESK, Appeal, AppealAnswered, AppealOffered, Desk, Ground
from credit.codes import Verdict
from credit.mail import Inbox
from credit.room import Kind, Rows
from credit.subsystem import Window
from credit.times import DAY_MS, Bools
from scenarios.model import Scenario
from sim.counterparts.appeals import AppealsCounterpart
from sim.occasions import party_of, reference_of
from sim.staffing import build_staffing
from sim.truth import Truth
from tests.rows import sample
from tests.sim.worlds import SEED, scenario

COUNT = 400
DAYS = 60


def world(**behaviour: int) -> Scenario:
    return scenario(behaviour=behaviour, population={"fraud_ppm": 500_000})


def counterpart(laid: Scenario) -> AppealsCounterpart:
    return AppealsCounterpart(laid, SEED, build_staffing(laid, SEED).desks(np.array([0]), Desk))


def told(kind: Kind, laid: Scenario, **columns: int) -> Rows:
    party = reference_of(np.arange(1, COUNT + 1), 1)
    case = 10**9 + np.arange(1, COUNT + 1)
    return sample(kind, COUNT, at=laid.run.start_ms, case=case, party=party, **columns)


def heard(laid: Scenario, kind: Kind, rows: Rows, wanted: Kind) -> Rows:
    """What comes of it within the days."""
    people, said, start = counterpart(laid), [wanted.empty()], laid.run.start_ms
    for number in range(DAYS):
        window = Window(number, start + number * DAY_MS, start + (number + 1) * DAY_MS)
        mail = Inbox.of((kind, rows)) if not number else Inbox()
        said += [part for of, part in people.respond(mail, window, 0) if of is wanted]
        people.import_state(people.export_state())
    return np.concatenate(said)


def guilty(laid: Scenario) -> Bools:
    return Truth(SEED, laid).is_fraud(np.arange(1, COUNT + 1))


def appeal(laid: Scenario, kind: Kind = AppealOffered, **columns: int) -> Bools:
    rows = heard(laid, kind, told(kind, laid, **columns), Appeal)
    assert set(rows["ground"].tolist()) <= set(Ground)
    return np.isin(told(kind, laid, **columns)["case"], rows["case"])


@pytest.mark.requirement("EXT-09.a")
def test_who_was_entered_by_mistake_appeals_often_and_the_others_seldom() -> None:
    laid = world()
    fraud, appeals = guilty(laid), appeal(laid)
    assert 0.6 < appeals[~fraud].mean() < 0.8
    assert 0.0 < appeals[fraud].mean() < 0.1
    again = appeal(laid, AppealAnswered, granted=0, appeals=1)
    assert 0.6 < again[~fraud].mean() < 0.8
    assert (again != appeals).any(), "another occasion"


def test_whose_appeal_was_granted_says_no_more() -> None:
    assert not appeal(world(), AppealAnswered, granted=1, appeals=1).any()


@pytest.mark.requirement("EXT-09.b")
def test_reviewers_find_out_the_truth_more_often_than_not() -> None:
    laid = world(appeal_right_ppm=800_000)
    start = laid.run.start_ms
    tasks = told(DESK.task, laid, desk=int(Desk.LIST_REVIEWER), appeals=1, limit_at=start + 90 * DAY_MS)[:120]
    tasks["task"] = np.arange(1, len(tasks) + 1)
    said = heard(laid, DESK.task, tasks, DESK.opinion)
    assert len(said) == len(tasks)
    of = tasks["party"][np.searchsorted(tasks["case"], said["case"])]
    fraud = Truth(SEED, laid).is_fraud(party_of(of))
    right = (said["verdict"] == Verdict.DECLINE) == fraud
    assert 0.7 < right.mean() < 0.9
    assert all(len(text) >= 4 for text in said["opinion"].tolist())
