"""A desk that a room declares is staffed: by its declaration, or as the scenario says, and nowhere else is it named."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from credit.room import DESK_LABELS, DESKS, ROOMS, DeskCode, Room
from scenarios.loading import parse_scenario
from scenarios.model import Scenario
from sim.staffing import build_staffing

HEAD = 'name = "odd"\ntitle = "t"\npurpose = "p"\nlook_at = []\n[bank]\nbranches = 2\n[staff]\nscale = false\n'


class Desk(DeskCode):
    """The desks of a room that nobody else knows."""

    WATCHER = 77, "watcher", "盯盘", False, 2, 45
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
    assert (found[1, Desk.WATCHER], found[2, Desk.WATCHER], found[0, Desk.JUDGE]) == (2, 2, 2)
    assert (0, Desk.WATCHER) not in found
    assert scenario.staff.desks()[Desk.WATCHER].service_minutes_median == 45


def test_a_scenario_may_speak_of_a_declared_desk() -> None:
    scenario = parse_scenario(HEAD + "[staff.watcher]\nper_branch = 1\nlimit_minutes = 30\n", "odd.toml")
    watcher = scenario.staff.desks()[Desk.WATCHER]
    assert (watcher.per_branch, watcher.limit_minutes, watcher.service_minutes_median) == (1, 30, 45)
    desks = build_staffing(scenario, 1).desks(np.array([2]), Desk)
    assert desks.roles == [Desk.WATCHER]
