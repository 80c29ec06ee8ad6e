"""What a visit counts: latency from the instant at which it was due, service time from sending, and every end apart."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from loadtests.accounts import Account, Accounts
from loadtests.client import LOST, Answer
from loadtests.recorder import Recorder
from loadtests.results import LOAD, write_load
from loadtests.schedule import shaped
from loadtests.visitors import NobodyComes, comers, mixed
from loadtests.visits import Session, Visit
from tests.loadtests.stub import PATHS

OPENING = {"case": "1", "step": "contract", "round": 0, "attempt": 1, "mode": "paper", "confirmation": "sealed"}
CLERKS = Accounts(people=[Account("3420001", "first", ("initial_approver",))])


class Canned:
    """A client whose answers are given: by how a path ends, or one for all."""

    def __init__(self, status: int, of: dict[str, int] | None = None, body: dict[str, Any] | None = None) -> None:
        self.status, self.of, self.body = status, of or {}, json.dumps(OPENING | (body or {})).encode()
        self.posted: list[tuple[str, Any]] = []

    def answer(self, path: str) -> Answer:
        now = time.perf_counter()
        status = next((status for end, status in self.of.items() if path.endswith(end)), self.status)
        return Answer(status, self.body, now, now, why="" if status < 400 else str(status))

    def get(self, path: str, account: Account, **headers: str) -> Answer:
        return self.answer(path)

    def post(self, path: str, content: Any, key: str, account: Account) -> Answer:
        self.posted.append((path, content))
        return self.answer(path)

    def post_raw(self, path: str, body: Any, key: str, account: Account) -> Answer:
        return self.answer(path)


def visited(
    client: Canned | int, late_s: float = 0.0, who: str = "mobile_customer"
) -> tuple[Recorder, list[tuple[Any, ...]]]:
    told: list[tuple[Any, ...]] = []
    client = Canned(client) if isinstance(client, int) else client
    session = Session(client, Recorder(), lambda *of: told.append(of), 1, "run", 8, 5, accounts=CLERKS)  # type: ignore[arg-type]
    session.began = time.perf_counter()
    [visitor], _ = comers(who, PATHS, CLERKS)
    for number in range(10) if who == "failing_partner" else [1]:
        visitor.visit(Visit(session, who, number, time.perf_counter() - late_s))
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


def test_a_visit_of_the_warm_up_is_left_out_whole(tmp_path: Path) -> None:
    session = Session(Canned(202), Recorder(), lambda *of: None, 1, "run", 8, 5, warmup_s=5)  # type: ignore[arg-type]
    session.began = time.perf_counter() - 10
    [visitor], _ = comers("third_party", PATHS, CLERKS)
    for due in (4.9, 5.1):
        visitor.visit(Visit(session, "third_party", 1, session.began + due))
    counts = session.recorder.total(session.recorder.visitors).counts
    assert (counts["offered"], counts["accepted"], counts["completed"]) == (1, 1, 1)
    assert session.recorder.total().counts["offered"] == 2
    write_load(tmp_path, session.recorder, shaped("constant", 1.0, 15.0), 5.0)
    load = json.loads((tmp_path / LOAD).read_text(encoding="utf-8"))
    assert (load["warmup_s"], load["accepted_per_s"], load["offered_per_s"]) == (5, 0.1, 0.1)


def test_locust_hears_of_every_request_under_the_visitors_name() -> None:
    assert [of[1].split(":")[0] for of in visited(202)[1]] == ["mobile_customer", "mobile_customer"]


def test_figures_of_processes_are_added() -> None:
    one, other, gathered = visited(202)[0], visited(503)[0], Recorder()
    gathered.merge(one.drain())
    gathered.merge(other.drain())
    counts = gathered.total().counts
    assert (counts["offered"], counts["accepted"], counts["shed"]) == (2, 1, 1)
    assert one.drain()["cells"] == []


def test_a_visitor_stays_away_from_a_gateway_without_his_endpoints_and_without_an_account() -> None:
    none = {path: of for path, of in PATHS.items() if "contract" not in path}
    assert "signing_customer" in [one.name for one in comers("", PATHS, CLERKS)[0]]
    assert "signing_customer" not in [one.name for one in comers("", none, CLERKS)[0]]
    assert [one.name for one in comers("initial_approver,re_reviewer", PATHS, CLERKS)[0]] == ["initial_approver"]
    with pytest.raises(NobodyComes, match="signing_customer"):
        comers("signing_customer", none, CLERKS)


def test_a_contract_is_signed_with_the_confirmation_of_the_round_that_was_read() -> None:
    client = Canned(202)
    assert visited(client, who="signing_customer")[0].total().counts["signed"] == 1
    assert client.posted[1:] == [
        ("/v1/applications/1/contract/confirmation", {"round": 0, "attempt": 1}),
        ("/v1/applications/1/contract/signature", {"confirmation": "sealed", "mode": "paper"}),
    ]


class Careful(Canned):
    """A gateway that refuses what is broken, and takes what only comes slowly or again."""

    other = 409

    def post(self, path: str, content: Any, key: str, account: Account) -> Answer:
        self.posted.append((key, content))
        again = all(one == content for of, one in self.posted if of == key)
        status = 202 if again else self.other
        return Answer(status, self.body, why="" if status < 400 else str(status))

    def post_raw(self, path: str, body: Any, key: str, account: Account) -> Answer:
        return Answer(202 if callable(body) else 422, self.body, why="" if callable(body) else "422")


@pytest.mark.requirement("API-08.c")
def test_what_a_failing_partner_sends_has_to_be_refused_and_that_is_no_failure() -> None:
    borne, taken, broken = (visited(one, who="failing_partner")[0] for one in (Careful(202), Canned(202), Canned(500)))
    counts = borne.total().counts
    assert (counts["completed"], counts["failed"], counts["offered"]) == (10, 0, 10)
    assert counts["refused"] > counts["completed"] // 2
    assert not borne.failures
    careless = Careful(202)
    careless.other = 202
    for lenient in (taken, visited(careless, who="failing_partner")[0]):
        assert lenient.total().counts["completed"] < 10
    assert broken.total().counts["failed"] == 10


@pytest.mark.parametrize(
    ("of", "worked", "completed", "claims"),
    [({}, 1, 1, 1), ({"/claim": 422}, 0, 1, 2), ({"/decision": 422}, 0, 0, 1), ({"/claim": 500}, 0, 0, 1)],
)
def test_a_task_that_somebody_else_has_is_left_and_the_next_one_taken(
    of: Any, worked: int, completed: int, claims: int
) -> None:
    client = Canned(200, of, {"tasks": [{"task": "approval-1"}, {"task": "approval-2"}]})
    recorder, _ = visited(client, who="initial_approver")
    counts = recorder.total().counts
    assert (counts["worked"], counts["completed"]) == (worked, completed)
    assert sum(path.endswith("/claim") for path, _ in client.posted) == claims
    assert bool(recorder.failures) == (of in ({"/decision": 422}, {"/claim": 500}))


@pytest.mark.parametrize("mix", ["burglar", "reader=many", "reader=-1", "reader=0", "reader=nan"])
def test_an_impossible_mix_is_refused(mix: str) -> None:
    with pytest.raises(NobodyComes):
        mixed(mix)
