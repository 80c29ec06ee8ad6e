"""A desk that a room declares is staffed: by its declaration, or as the scenario says, and nowhere else is it named."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from credit.room import DESK_LABELS, DESKS, ROOMS, DeskCode, Room
from scenarios.loading import parse_scenario
from scenarios.model import Scenario
from sim.staffing import StaffError, build_staffing, headcounts

HEAD = 'name = "odd"\ntitle = "t"\npurpose = "p"\nlook_at = []\n[bank]\nbranches = 2\n'


class Desk(DeskCode):
    """The desks of a room that nobody else knows."""

    WATCHER = 77, "watcher", "盯盘", False, 3, 45
    JUDGE = 78, "judge", "裁决", True, 2


@pytest.fixture(autouse=True)
def room() -> Iterator[None]:
    Room(__name__, "watching", ("watching", "盯盘")).logs(desks=Desk)
    yield
    del ROOMS["watching"]
    for desk in Desk:
        del DESKS[desk], DESK_LABELS[desk.label]


def heads(scenario: Scenario) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for one in build_staffing(scenario, 1).people:
        if not one.is_deputy:
            found[one.branch, one.role] = found.get((one.branch, one.role), 0) + 1
    return found


def test_a_declared_desk_has_the_people_of_its_declaration() -> None:
    scenario = parse_scenario(HEAD, "odd.toml")
    found = heads(scenario)
    assert (found[1, Desk.WATCHER], found[2, Desk.WATCHER], found[0, Desk.JUDGE]) == (3, 3, 2)
    assert (0, Desk.WATCHER) not in found
    assert scenario.staff.desks()[Desk.WATCHER].service_minutes_median == 45


def test_a_scenario_may_speak_of_a_declared_desk() -> None:
    scenario = parse_scenario(HEAD + "[staff.watcher]\nper_branch = 1\nservice_spread_ppm = 30\n", "odd.toml")
    watcher = scenario.staff.desks()[Desk.WATCHER]
    assert (watcher.per_branch, watcher.service_spread_ppm, watcher.service_minutes_median) == (1, 30, 45)
    desks = build_staffing(scenario, 1).desks(np.array([2]), Desk)
    assert desks.roles == [Desk.WATCHER]


def test_a_head_count_means_what_the_file_says() -> None:
    plain = HEAD + "[staff.finance]\nhead_office = 3\n[staff.use_verifier]\nper_branch = 1\n[run]\ncustomers = 90_000\n"
    scenario = parse_scenario(plain, "odd.toml")
    assert headcounts(scenario)["finance"] == (0, 3)
    assert headcounts(scenario)["use_verifier"] == (1, 0)
    found = heads(scenario)
    assert (found[0, DESK_LABELS["finance"]], found[1, DESK_LABELS["use_verifier"]]) == (3, 1)


def test_staff_follows_the_volume_where_a_scenario_asks_for_it() -> None:
    text = HEAD + "[staff]\nscale = true\nscale_per_day = 100\n[run]\ncustomers = 25_000\ndays = 100\n"
    counts = headcounts(parse_scenario(text, "odd.toml"))
    assert counts["initial_approver"] == (5, 0), "two and a half times two"
    assert counts["final_approver"] == (0, 8)


@pytest.mark.parametrize(("scale", "people", "said"), [("false", 10_000, "10000;"), ("true", 9_000, "9000, scaled to")])
def test_more_people_than_there_are_numbers_are_refused_by_name(scale: str, people: int, said: str) -> None:
    text = HEAD + f"[staff]\nscale = {scale}\n[staff.finance]\nhead_office = {people}\n[run]\ncustomers = 40_000\n"
    with pytest.raises(StaffError, match=f"staff.finance.head_office: {said}"):
        build_staffing(parse_scenario(text, "odd.toml"), 1)
    assert heads(parse_scenario(HEAD + "[staff.watcher]\nper_branch = 9_999\n", "odd.toml"))[1, Desk.WATCHER] == 9_999
