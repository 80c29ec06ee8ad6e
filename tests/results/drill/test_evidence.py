"""What the evidence of a drill says, counted again by other means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from results.drill.course import unplanned
from results.drill.evidence import evidence
from results.drill.record import read
from results.drill.words import SERVICES, SITES
from scenarios import drill as model
from tests.results.drill import records
from tests.results.drill.records import LOSE, SHAPES, Made, after_loss, always, drill_of, made


def of(record: Made, folder: Path) -> dict[str, Any]:
    return evidence(read(record.write(folder)))


def first_answered(record: Made, service: str, since: float) -> float:
    """When a try that began since then was acknowledged first."""
    tries = record.tries(service=service, outcome="acknowledged")
    return min(float(line["done"]) for line in tries if line["sent"] >= since)


def test_services_and_sites_are_those_of_a_drill() -> None:
    assert tuple(SERVICES) == model.SERVICES
    assert tuple(SITES) == model.SITES


@pytest.mark.parametrize("shape", SHAPES)
def test_clients_are_counted_as_duckdb_counts_them(shape: str, tmp_path: Path) -> None:
    found = of(SHAPES[shape](), tmp_path)["clients"]
    sql = f"""
        WITH tries AS (FROM read_json('{tmp_path}/requests.jsonl')),
             asked AS (SELECT id, bool_or(outcome = 'acknowledged') AS yes, bool_or(outcome = 'refused') AS no, count(*) AS n
                       FROM tries GROUP BY id)
        SELECT count(*), count(*) FILTER (yes), count(*) FILTER (no AND NOT yes), count(*) FILTER (NOT yes AND NOT no),
               sum(n)::INT FROM asked"""
    names = ("offered", "acknowledged", "refused", "unanswered", "tries")
    assert [tuple(found[name] for name in names)] == duckdb.execute(sql).fetchall()
    sql = f"""SELECT floor(done)::INT, site, status, count(*) FROM read_json('{tmp_path}/requests.jsonl')
              WHERE outcome IN ('again', 'given_up') GROUP BY ALL ORDER BY ALL"""
    assert [tuple(one.values()) for one in found["errors"]] == duckdb.execute(sql).fetchall()


@pytest.mark.parametrize("shape", ["uninterrupted", "lost", "switched", "twice"])
def test_latencies_are_those_that_duckdb_finds(shape: str, tmp_path: Path) -> None:
    found = of(SHAPES[shape](), tmp_path)["clients"]
    during = " OR ".join(f"t >= {begin} AND t < {end}" for begin, end in found["spans"])
    sql = f"""
        WITH waits AS (SELECT any_value(t) AS t, min(done) FILTER (outcome = 'acknowledged') - any_value(t) AS wait
                       FROM read_json('{tmp_path}/requests.jsonl') GROUP BY id),
             told AS (SELECT wait, CASE WHEN t < {found["spans"][0][0]} THEN 'before' WHEN {during} THEN 'during' ELSE 'after' END
                      AS phase FROM waits)
        SELECT phase, count(*), quantile_disc(wait, 0.5), quantile_disc(wait, 0.95), quantile_disc(wait, 0.99)
        FROM told GROUP BY phase"""
    for phase, n, *waits in duckdb.execute(sql).fetchall():
        mine = found["latency_s"][phase]
        assert mine["requests"] == n
        assert [mine[name] for name in ("p50", "p95", "p99")] == pytest.approx(waits, abs=0.0011)


def test_a_site_is_lost_and_every_service_is_back_with_the_first_answer_to_a_later_try(tmp_path: Path) -> None:
    record = records.lost_primary()
    found = of(record, tmp_path)
    loss, over = found["disruptions"]
    for name in SERVICES:
        assert loss["services"][name]["state"] == "interrupted"
        assert loss["services"][name]["rto_s"] == pytest.approx(first_answered(record, name, 20.0) - 20.0, abs=0.001)
        assert over["services"][name]["state"] == "not_interrupted"
    assert loss["over"] == 40.0
    assert (loss["noticed_by_site"], loss["switched"], loss["switched_to"]) == (21.8, 21.8, "same-city")
    failed = min(line["done"] for line in record.requests if line["outcome"] == "again")
    assert (loss["noticed_by_client"], loss["noticed"]) == (failed, failed)
    assert loss["decision"] == {"how": "by_itself", "asked": None, "decided": 21.8, "by": [], "decision": None}
    apart = loss["apart"]
    assert (apart["detection_s"], apart["decision_s"]) == (1.8, 0.0), "nobody decides on what a site does by itself"
    assert sum(apart.values()) == pytest.approx(loss["all_back_s"], abs=0.002)
    assert loss["back"] == max(first_answered(record, name, 20.0) for name in SERVICES)
    assert loss["drained_s"] == 3.0  # the requests of the seconds 20, 21, 22 waited


def test_what_nobody_noticed_was_not_interrupted(tmp_path: Path) -> None:
    found = of(records.uninterrupted(), tmp_path)
    [one] = found["disruptions"]
    assert {of["state"] for of in one["services"].values()} == {"not_interrupted"}
    assert {of["rto_s"] for of in one["services"].values()} == {0.0}
    assert (one["noticed"], one["decision"], one["switched"], one["all_back_s"], one["drained_s"]) == (
        None,
        None,
        None,
        0.0,
        0.0,
    )
    assert found["touched"] == {"count": 0, "first": []}


def test_planned_switches_are_measured_and_say_who_decided(tmp_path: Path) -> None:
    record = records.switched()
    found = of(record, tmp_path)
    first, second = found["disruptions"]
    assert [one["kind"] for one in found["disruptions"]] == ["switch", "switch"]
    assert (first["t"], first["switched"], first["switched_to"]) == (15.0, 16.0, "same-city")
    assert (second["t"], second["switched_to"]) == (40.5, "primary")
    assert first["decision"] | {"decision": 0} == {
        "how": "by_people", "asked": 14.0, "decided": 15.0, "by": ["王芳", "李强"], "decision": 0,
    }  # fmt: skip
    for name in SERVICES:
        expected = first_answered(record, name, 15.0) - 15.0
        assert first["services"][name]["rto_s"] == pytest.approx(expected, abs=0.001)
    assert [of["took_s"] for of in found["decisions"]] == [1.0, 0.5]


def test_a_takeover_that_people_decide_is_theirs(tmp_path: Path) -> None:
    """An event's `fault` counts the drill's befalls first, then its decisions."""
    decision = {
        "at_s": 21,
        "what": "take_over",
        "site": "same-city",
        "question_zh": "接管？",
        "question_en": "Take over?",
    }
    expected = {"leader": "same-city"}
    record = made(drill_of([LOSE], decisions=[decision], expected=expected), after_loss, [(20.0, 23.0)])
    record.event(20.0, "befalls", "primary", 0)
    record.event(20.2, "noticed", "primary")  # by the drill, which no bank has
    record.event(20.4, "out_of_step", "same-city")
    record.event(21.0, "asked", "same-city", 1)
    record.event(21.6, "decided", "same-city", 1, by=["王芳", "李强"])
    record.event(21.8, "leads", "same-city")
    [one] = of(record, tmp_path)["disruptions"]
    assert one["decision"] == {
        "how": "by_people",
        "asked": 21.0,
        "decided": 21.6,
        "by": ["王芳", "李强"],
        "decision": 0,
    }
    assert one["apart"]["detection_s"] == 0.4
    assert one["apart"]["decision_s"] == 1.2
    assert one["apart"]["technical_s"] == pytest.approx(one["back"] - 21.6, abs=0.001)


def test_a_fault_during_recovery_is_part_of_both(tmp_path: Path) -> None:
    record = records.twice()
    found = of(record, tmp_path)
    first, second = (one for one in found["disruptions"] if one["kind"] == "befalls")
    for name in SERVICES:
        back = first_answered(record, name, 20.0)
        assert first["services"][name]["rto_s"] == pytest.approx(back - 20.0, abs=0.001)
        assert second["services"][name]["rto_s"] == pytest.approx(back - 22.5, abs=0.001)
    assert found["services"]["approval"]["rto_s"] == first["services"]["approval"]["rto_s"]
    assert first["switched_to"] == "same-city"


def test_two_sites_lost_at_one_instant_have_the_same_course(tmp_path: Path) -> None:
    befalls = [LOSE, LOSE | {"place": "same-city"}]
    record = made(drill_of(befalls), lambda t: ("primary", 1) if t < 24 else ("remote", 2), [(20.0, 25.0)])
    record.event(20.0, "befalls", "primary", 0)
    record.event(20.003, "befalls", "same-city", 1)
    record.event(24.0, "leads", "remote")
    first, second = of(record, tmp_path)["disruptions"]
    assert first["switched_to"] == second["switched_to"] == "remote"
    assert first["services"]["repayment"]["back"] == second["services"]["repayment"]["back"]


def test_who_never_came_back_is_told_as_such(tmp_path: Path) -> None:
    found = of(records.hung_for_good(), tmp_path)
    [one] = found["disruptions"]
    assert {of["state"] for of in one["services"].values()} == {"not_back"}
    assert (one["all_back_s"], one["back"], one["drained_s"]) == (None, None, None)
    assert found["clients"]["unanswered"] == 6 * 2 * 10
    assert found["clients"]["latency_s"]["during"]["p50"] is None


def test_a_service_that_goes_away_again_is_back_only_afterwards(tmp_path: Path) -> None:
    away = dict.fromkeys(SERVICES, ()) | {
        "approval": [(20.0, 23.0), (26.0, 31.5)],
        "repayment": [(20.0, 23.0), (26.0, 28.5)],
    }
    record = made(drill_of([LOSE | {"for_s": None}]), always, away)
    record.event(20.0, "befalls", "primary", 0)
    services = of(record, tmp_path)["disruptions"][0]["services"]
    again = first_answered(record, "approval", 31.0)
    assert services["approval"]["rto_s"] == pytest.approx(again - 20.0, abs=0.001)
    first = first_answered(record, "repayment", 20.0)  # the second silence is one client's try and the gap, or shorter
    assert services["repayment"]["rto_s"] == pytest.approx(first - 20.0, abs=0.001)
    assert services["contracts"]["state"] == "not_interrupted"


def test_a_service_that_only_refuses_is_silent(tmp_path: Path) -> None:
    record = records.uninterrupted()
    for line in record.tries(service="contracts"):
        if 20 <= line["t"] < 32:
            line |= {"outcome": "refused", "status": 404}
    one = of(record, tmp_path)["disruptions"][0]["services"]["contracts"]
    assert (one["state"], one["rto_s"]) == ("interrupted", pytest.approx(12.16, abs=0.001))


def test_nobody_before_or_after_means_not_measured(tmp_path: Path) -> None:
    record = records.uninterrupted()
    record.requests = [
        line for line in record.requests
        if not (line["service"] == "approval" and line["t"] < 21) and not (line["service"] == "repayment" and line["t"] > 19)
    ]  # fmt: skip
    services = of(record, tmp_path)["services"]
    assert (services["approval"]["state"], services["approval"]["why"][0]) == (
        "unknown",
        "nothing of it was acknowledged before",
    )
    assert (services["repayment"]["state"], services["repayment"]["why"][0]) == (
        "unknown",
        "nobody asked for it afterwards",
    )
    assert services["approval"]["rto_s"] is None


def test_the_end_of_a_fault_after_which_nobody_came_says_nothing_either_way(tmp_path: Path) -> None:
    record = records.lost_primary()
    record.requests = [line for line in record.requests if line["service"] != "approval" or line["t"] < 39]
    found = of(record, tmp_path)
    loss, over = (one["services"]["approval"] for one in found["disruptions"])
    assert (loss["state"], over["state"]) == ("interrupted", "unknown")
    service = found["services"]["approval"]
    assert (service["state"], service["rto_s"], service["why"]) == ("interrupted", loss["rto_s"], None)


def test_the_end_of_a_fault_that_interrupts_a_service_counts_as_a_fault_does(tmp_path: Path) -> None:
    record = made(drill_of([LOSE]), always, [(20.0, 23.0), (40.0, 46.0)])
    record.event(20.0, "befalls", "primary", 0)
    record.event(40.0, "over", "primary", 0)
    found = of(record, tmp_path)
    loss, over = (one["services"]["approval"] for one in found["disruptions"])
    service = found["services"]["approval"]
    assert service["rto_s"] == over["rto_s"] > loss["rto_s"] > 0
    assert service["worst"] == 1


def test_what_was_never_written_can_not_be_lost(tmp_path: Path) -> None:
    services = of(records.lost_primary(), tmp_path)["services"]
    assert {name for name, one in services.items() if one["lost"] is None} == set(SERVICES) - {"applications"}
    assert services["applications"]["lost"] == 0


def test_who_comes_after_an_end_of_a_fault_that_shows_nothing_comes_after_the_recovery(tmp_path: Path) -> None:
    record = made(drill_of([LOSE]), always, [(20.0, 23.0)])
    record.event(20.0, "befalls", "primary", 0)
    last = max(line["done"] for line in record.requests)
    record.event(last + 1, "over", "primary", 0)
    record.event(last + 9, "ended")
    found = of(record, tmp_path)
    assert found["disruptions"][1]["all_back_s"] is None
    assert len(found["clients"]["spans"]) == 1


def test_what_befell_too_seldom_or_was_never_asked_did_not_go_as_planned(tmp_path: Path) -> None:
    decision = {"at_s": 30, "what": "switch", "site": "same-city", "question_zh": "切换？", "question_en": "Switch?"}
    kill = {"at_s": 10, "what": "kill", "times": 3, "every_s": 2}
    record = made(drill_of([kill, LOSE], decisions=[decision]), always)
    for t in (10.0, 12.0):
        record.event(t, "befalls", "primary", 0)
    record.event(20.0, "befalls", "primary", 1)
    assert unplanned(read(record.write(tmp_path / "short"))) == [
        ("befalls[1] (kill) befell 2 of 3 times", "故障 1（kill）发生 2 次，应为 3 次"),
        ("decisions[1] (switch) was never asked", "决策 1（switch）从未提请"),
    ]
    record.event(14.0, "befalls", "primary", 0)
    record.event(30.0, "asked", "same-city", 2)
    assert unplanned(read(record.write(tmp_path / "whole"))) == []


def test_slow_customers_before_the_fault_widen_the_gap(tmp_path: Path) -> None:
    record = records.uninterrupted()
    for line in record.tries(service="collections"):
        line["done"] += 0.9
    services = of(record, tmp_path)["services"]
    assert services["collections"]["gap_s"] == pytest.approx(1.9)
    assert services["approval"]["gap_s"] == 1.0


def test_the_rpo_of_a_loss_reaches_from_its_first_acknowledgement_to_the_fault(tmp_path: Path) -> None:
    record = records.lost_primary()
    lost = [line for line in record.tries(written=True, outcome="acknowledged") if 18.5 <= line["done"] < 20]
    record.final |= {"lost": [line["id"] for line in lost], "held": record.final["held"] - len(lost)}
    found = of(record, tmp_path)
    assert found["disruptions"][0]["lost"] == len(lost) == 3
    assert found["disruptions"][0]["rpo_s"] == pytest.approx(20.0 - min(line["done"] for line in lost))
    assert found["lost"]["by_service"]["applications"] == 3
    assert found["contradictions"] == []


def test_customers_touched_are_listed_with_their_tries_and_wait(tmp_path: Path) -> None:
    record = records.lost_primary()
    found = of(record, tmp_path)["touched"]
    again = {line["id"] for line in record.tries(written=True, outcome="again")}
    assert (found["count"], {one["id"] for one in found["first"]}) == (len(again), again)
    one = found["first"][0]
    mine = record.tries(id=one["id"])
    assert (one["tries"], one["sites"]) == (len(mine), [line["site"] for line in mine])
    assert one["wait_s"] == pytest.approx(mine[-1]["done"] - mine[0]["t"])
    assert one["case"] == mine[-1]["case"] > 0


def test_lanes_say_how_each_site_stood(tmp_path: Path) -> None:
    lanes = of(records.lost_primary(), tmp_path)["leading"]["lanes"]
    states = {name: [span["state"] for span in spans] for name, spans in lanes.items()}
    assert states == {"primary": ["leads", "gone", "in_step"], "same-city": ["in_step", "leads"], "remote": ["follows"]}
    assert [span["since"] for span in lanes["primary"]] == [0.0, 20.0, 42.0]


def test_evidence_is_plain_json(tmp_path: Path) -> None:
    found = of(records.twice(), tmp_path)
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))
    assert found["format"] == 1
