"""Visits begin when they are due, no more are open than a process bears, and those that are open at the end are given up."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import gevent
import pytest

from lendrill.load_judge import Limits, judged
from loadtests import arrivals
from loadtests.arrivals import Arrivals
from loadtests.client import Answer
from loadtests.recorder import Recorder
from loadtests.results import LOAD, second_of, write_load
from loadtests.schedule import Schedule
from loadtests.visits import Session, Visit, Visitor

SCHEDULE = Schedule(given=[0.0, 0.01, 0.02])


class Silent:
    """A server that answers so many requests of each kind, and then none any more."""

    def __init__(self, **answers: int) -> None:
        self.answers = answers

    def get(self, path: str, *_: Any) -> Answer:
        self.answers[path] -= 1
        if self.answers[path] < 0:
            gevent.sleep(60)
        now = time.perf_counter()
        return Answer(202, b"{}", now, now)


class Asks(Visitor):
    """Asks twice."""

    name = "third_party"

    def visit(self, visit: Visit) -> None:
        visit.get("first", "what he came for")
        visit.get("second", "what follows")
        visit.completed()


def visited(monkeypatch: pytest.MonkeyPatch, first: int = 0, second: int = 0, **bounds: float) -> Recorder:
    """What is counted of three visits to a server that answers so many requests of each kind."""
    for name, bound in ({"PATIENCE_S": 0.05} | bounds).items():
        monkeypatch.setattr(arrivals, name, bound)
    session = Session(Silent(first=first, second=second), Recorder(), lambda *_: None, 1, "run", 8, 5)  # type: ignore[arg-type]
    Arrivals(session, SCHEDULE, [Asks()], [1.0], 0, 1).run()
    return session.recorder


@pytest.mark.parametrize(
    ("first", "second", "ends"),
    [(0, 0, (0, 3, 0)), (1, 0, (1, 2, 0)), (3, 0, (3, 0, 0)), (3, 1, (3, 0, 1)), (3, 3, (3, 0, 3))],
)
def test_a_visit_that_is_given_up_has_failed_unless_what_it_came_for_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int, second: int, ends: tuple[int, int, int]
) -> None:
    """In all that is read: the second's figures, the totals, and the threshold."""
    recorder, names = visited(monkeypatch, first, second), ("accepted", "failed", "completed")
    counts = recorder.total().counts
    assert (counts["scheduled"], counts["offered"]) == (3, 3)
    assert tuple(counts[name] for name in names) == ends
    assert recorder.failures.total() == 3 - ends[2]
    assert sum(second_of(recorder, second)["failed"] for second in range(recorder.last_second + 1)) == ends[1]
    write_load(tmp_path, recorder, SCHEDULE, 0.0)
    load = json.loads((tmp_path / LOAD).read_text(encoding="utf-8"))
    assert all(tuple(load[whose][name] for name in names) == ends for whose in ("visits", "applications"))
    [rate] = [one for one in judged(Limits(), load, True) if one["name"] == "error_rate"]
    assert (rate["measured"], rate["held"]) == (ends[1] / 3, not ends[1])


def test_no_more_visits_are_open_than_a_process_bears_and_the_others_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = visited(monkeypatch, OPEN_MAX=2).total().counts
    assert [counts[name] for name in ("scheduled", "offered", "dropped", "failed")] == [3, 2, 1, 2]
