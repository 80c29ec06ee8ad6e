"""Nobody of the bank acts at a time at which he is not at work: every event of a small bank with all products whose actor is a
member of staff lies in that person's own working hours, holidays, leave and duties as a deputy counted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from credit.calendar import is_workday
from credit.numbers import PEOPLE_PER_BRANCH, PEOPLE_PER_DESK
from credit.policies import load
from credit.policies.approval import ApprovalPolicy
from credit.times import DAY_MS, HOUR_MS, day_number, text_of
from sim.staff.hours import Shift, WorkingHours, covered_days
from sim.staff.people import hours_of
from sim.staffing import build_staffing
from tests.lendrill import harness

CLERKS_SEAT = 42
"""Counter clerks have no desk and no leave; they are there while the counter is open."""
IN_THEIR_NAME = ("bureau_queried",)
"""The bank's system asks the bureau within a second of an application, at any hour, in the name of the branch's query officer
(征信查询员), who answers for it (EXT-03): nobody sits there and asks."""
A_DAY_LATER = ("limit_restricted",)
"""Ordered after an inspection; mail back up the flow takes a day, and the order takes effect, in the reviewer's name, when it
comes."""
Act = tuple[str, int, int]
"""Event, person, instant."""


def acts(run: Path) -> list[Act]:
    query = f"SELECT event, split_part(actor, ' ', 2)::BIGINT, epoch_ms(ts) FROM '{run}/events/*.parquet'"
    return duckdb.execute(f"{query} WHERE starts_with(actor, 'staff ')").fetchall()


def clerks_hours(first_day: int) -> WorkingHours:
    spans = tuple(tuple(span) for span in load("approval", ApprovalPolicy).working_minutes)
    return WorkingHours(Shift(spans=spans), is_workday, first_day)


def at_work(hours: WorkingHours, at: int) -> bool:
    """Whether an instant lies in working hours; what is done to the last minute is done at their end."""
    opens, closes = hours.opening(max(at - 1, 0))
    return opens <= at <= closes


def out_of_hours(done: list[Act], hours: dict[int, list[WorkingHours]]) -> list[str]:
    found = []
    for event, person, at in done:
        when = at - DAY_MS if event in A_DAY_LATER else at
        if event not in IN_THEIR_NAME and not any(at_work(one, when) for one in hours.get(person, [])):
            found.append(f"{event} by {person} at {text_of(at)}")
    return found


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Act], dict[int, list[WorkingHours]]]:
    """What people of the small bank did in sixty days, and when each of them is at work."""
    scenario, folder = harness.small(), tmp_path_factory.mktemp("hours") / "run"
    harness.run(scenario, folder)
    first, hours = day_number(scenario.run.start) - 1, dict[int, list[WorkingHours]]()
    for one in build_staffing(scenario, scenario.run.seed).people:
        hours.setdefault(one.person, []).append(hours_of(one, is_workday, first))
    for branch in range(1, scenario.bank.branches + 1):
        clerk = branch * PEOPLE_PER_BRANCH + CLERKS_SEAT * PEOPLE_PER_DESK + 1
        hours[clerk] = [clerks_hours(first)]
    return acts(folder), hours


def test_nobody_acts_out_of_his_hours(bank: tuple[list[Act], dict[int, list[WorkingHours]]]) -> None:
    done, hours = bank
    kinds = {event for event, *_ in done}
    assert len(done) > 1_000
    assert {"contract_checked", "contract_scanned", "application_submitted", "deputy_appointed"} <= kinds
    assert {*IN_THEIR_NAME, *A_DAY_LATER} <= kinds, "an exception that nobody needs any more is to go"
    assert out_of_hours(done, hours) == []


def test_who_acts_at_night_on_leave_or_without_a_desk_would_be_found() -> None:
    day = day_number(dt.date(2026, 3, 2))
    noon, night = day * DAY_MS + 11 * HOUR_MS, day * DAY_MS + 3 * HOUR_MS
    away = WorkingHours(Shift(), lambda days: ~covered_days([(day, day)])(days), day - 1)
    hours = {1: [WorkingHours(Shift(), is_workday, day - 1)], 2: [away]}
    done = [("node_decided", 1, noon), ("node_decided", 1, night), ("node_decided", 2, noon), ("node_decided", 3, noon)]
    assert [one.split(" at ")[0] for one in out_of_hours(done, hours)] == [f"node_decided by {n}" for n in (1, 2, 3)]
