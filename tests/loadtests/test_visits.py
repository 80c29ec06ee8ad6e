"""What a visit counts: latency from the instant at which it was due, service time from sending, and every end apart."""

from __future__ import annotations

import time
from typing import Any

import pytest

from loadtests.client import LOST, Answer
from loadtests.recorder import Recorder
from loadtests.visitors import NobodyComes, Session, Visit, comers, mixed
from tests.loadtests.stub import PATHS


class Canned:
    """A client whose answers are given."""

    def __init__(self, status: int, body: bytes = b'{"case": "1", "step": "contract"}') -> None:
        self.status, self.body = status, body

    def get(self, path: str, **headers: str) -> Answer:
        now = time.perf_counter()
        return Answer(self.status, self.body, now, now)

    def post(self, path: str, content: Any, key: str, **headers: str) -> Answer:
        return self.get(path)


def visited(status: int, late_s: float = 0.0, who: str = "mobile_customer") -> tuple[Recorder, list[tuple[Any, ...]]]:
    told: list[tuple[Any, ...]] = []
    session = Session(Canned(status), Recorder(), lambda *of: told.append(of), 1, "run", 8, 5, PATHS)  # type: ignore[arg-type]
    session.began = time.perf_counter()
    [visitor], _ = comers(who, PATHS)
    visitor.visit(Visit(session, who, 1, time.perf_counter() - late_s))
    return session.recorder, told


def test_a_visit_begun_late_has_waited_since_it_was_due() -> None:
    times = visited(202, late_s=2.0)[0].total().times
    assert (times["latency"].percentile(50) or 0) > 1.9
    assert (times["lag"].percentile(50) or 0) > 1.9
    assert (times["service"].percentile(50) or 9) < 1.9
    assert visited(202, late_s=2.0)[0].total().counts["late"] == 1


@pytest.mark.parametrize(
    ("status", "end"),
    [(202, "accepted"), (503, "shed"), (429, "shed"), (500, "failed"), (422, "failed"), (LOST, "failed")],
)
def test_every_visit_has_one_end(status: int, end: str) -> None:
    counts = visited(status)[0].total().counts
    assert counts["offered"] == 1
    assert {name: counts[name] for name in ("accepted", "shed", "failed")} == {
        "accepted": 0,
        "shed": 0,
        "failed": 0,
    } | {end: 1}
    assert counts["completed"] == (end == "accepted")


def test_a_visit_of_the_warm_up_is_left_out_whole() -> None:
    session = Session(Canned(202), Recorder(), lambda *of: None, 1, "run", 8, 5, PATHS, warmup_s=5)  # type: ignore[arg-type]
    session.began = time.perf_counter() - 10
    [visitor], _ = comers("third_party", PATHS)
    for due in (4.9, 5.1):
        visitor.visit(Visit(session, "third_party", 1, session.began + due))
    counts = session.recorder.total(session.recorder.visitors).counts
    assert (counts["offered"], counts["accepted"], counts["completed"]) == (1, 1, 1)
    assert session.recorder.total().counts["offered"] == 2


def test_locust_hears_of_every_request_under_the_visitors_name() -> None:
    assert [of[1].split(":")[0] for of in visited(202)[1]] == ["mobile_customer", "mobile_customer"]


def test_figures_of_processes_are_added() -> None:
    one, other, gathered = visited(202)[0], visited(503)[0], Recorder()
    gathered.merge(one.drain())
    gathered.merge(other.drain())
    counts = gathered.total().counts
    assert (counts["offered"], counts["accepted"], counts["shed"]) == (2, 1, 1)
    assert one.drain()["cells"] == []


def test_a_visitor_stays_away_from_a_gateway_without_his_endpoints() -> None:
    signing = PATHS | {"/v1/applications/{case}/contract/signature": {"post": {}}}
    assert "signing_customer" not in [one.name for one in comers("", PATHS)[0]]
    assert "signing_customer" in [one.name for one in comers("", signing)[0]]
    with pytest.raises(NobodyComes, match="signing_customer"):
        comers("signing_customer", PATHS)


@pytest.mark.parametrize("mix", ["burglar", "reader=many", "reader=-1", "reader=0", "reader=nan"])
def test_an_impossible_mix_is_refused(mix: str) -> None:
    with pytest.raises(NobodyComes):
        mixed(mix)
