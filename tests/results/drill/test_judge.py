"""Each expectation of a drill, held and missed; and every lie that is planted in a record is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from results.drill.evidence import evidence
from results.drill.judge import Line, judged
from results.drill.record import read
from tests.results.drill.records import (
    Made,
    always,
    asked,
    drill_of,
    hung_for_good,
    lost_primary,
    made,
    switched,
    twice,
    uninterrupted,
)


def lines(record: Made, folder: Path) -> dict[str, Line]:
    return {line.name: line for line in judged(evidence(read(record.write(folder))))}


def missed(record: Made, folder: Path) -> set[str]:
    return {name for name, line in lines(record, folder).items() if not line.held}


@pytest.mark.parametrize("shape", [uninterrupted, lost_primary, switched, twice])
def test_a_drill_that_went_well_holds(shape: Callable[[], Made], tmp_path: Path) -> None:
    found = lines(shape(), tmp_path)
    assert [line.said for line in found.values() if not line.held] == []
    assert {
        "as_planned",
        "record",
        "leader",
        "one_leader",
        "digests",
        "replay",
        "ledger",
        "principal",
        "day_ended",
    } <= set(found)
    assert all(line.words[0] and line.words[1] for line in found.values())


def test_each_service_has_its_own_target(tmp_path: Path) -> None:
    record = lost_primary(expected={"rto_s": {"all": 10, "approval": 3.0, "repayment": 3.3}})
    found = lines(record, tmp_path)
    assert {name: line.held for name, line in found.items() if name.startswith("rto.")} == {
        "rto.applications": True, "rto.approval": False, "rto.contracts": True, "rto.disbursement": True, "rto.repayment": True,
        "rto.collections": True,
    }  # fmt: skip
    assert (found["rto.approval"].measured, found["rto.approval"].limit) == (3.11, 3.0)
    assert "3.1 秒后恢复；不高于 3 秒" in found["rto.approval"].said


def test_a_target_of_nothing_is_held_by_a_service_that_was_not_interrupted(tmp_path: Path) -> None:
    record = uninterrupted()
    record.plan["drill"]["expected"]["rto_s"] = {"all": 0}
    assert missed(record, tmp_path / "quiet") == set()
    record = lost_primary(expected={"rto_s": {"all": 0}})
    assert len(missed(record, tmp_path / "lost")) == 6


def test_clients_who_gave_up_and_services_that_never_came_back_are_missed(tmp_path: Path) -> None:
    record = hung_for_good()
    assert {f"rto.{name}" for name in ("applications", "collections")} <= missed(record, tmp_path / "one")
    assert lines(record, tmp_path / "one")["given_up"].held
    record.plan["drill"]["expected"]["given_up"] = 119
    assert "given_up" in missed(record, tmp_path / "two")


def change(path: str, value: Any) -> Callable[[Made], None]:
    """Plants a value in a record's plan or end."""

    def planted(record: Made) -> None:
        *steps, last = path.split(".")
        at: Any = {"plan": record.plan, "final": record.final}
        for step in steps:
            at = at[step]
        at[last] = value

    return planted


def some_lost(record: Made) -> None:
    one = record.tries(written=True, outcome="acknowledged")[3]["id"]
    record.final |= {"lost": [one], "held": record.final["held"] - 1}


def hidden_loss(record: Made) -> None:
    """What was acknowledged is told as one fewer, so that nothing seems lost."""
    record.final |= {"acknowledged": record.final["acknowledged"] - 1, "held": record.final["held"] - 1}


def unheard(record: Made) -> None:
    """A client whose last try is left out was never answered, and nobody says that he gave up."""
    line = record.tries(service="approval")[5]
    line |= {"outcome": "again", "status": 0}


def two_cases(record: Made) -> None:
    """A client was told two case numbers, and the end says nothing of it."""
    first = record.tries(written=True, outcome="acknowledged")[0]
    record.requests.append(first | {"sent": first["done"], "done": first["done"] + 0.1, "case": 77})
    record.final["customers_touched"] += 1


def one_case_for_two(record: Made) -> None:
    first, second = record.tries(written=True, outcome="acknowledged")[:2]
    second["case"] = first["case"]


def lost_and_given_again(record: Made) -> None:
    """A lost case's number is given to another application: one is lost, none is doubled."""
    one_case_for_two(record)
    lost = record.tries(written=True, outcome="acknowledged")[0]["id"]
    record.final |= {"lost": [lost], "held": record.final["held"] - 1}


def acknowledged_by_nobody(record: Made) -> None:
    record.tries(service="repayment")[0]["status"] = 503


def no_fault(record: Made) -> None:
    record.events = [event for event in record.events if event["what"] != "befalls"]


def same_epoch(record: Made) -> None:
    for line in record.sites[200:210]:
        line["sites"]["primary"] = dict(line["sites"]["same-city"], leader="primary")


def old_leader_writes(record: Made) -> None:
    """The lost primary still leads its old epoch at 30 s, and says yes to an application."""
    for line in record.sites[140:170]:
        line["sites"]["primary"] = dict(line["sites"]["same-city"], leader="primary", epoch=1)
    record.requests += asked(30.0, "applications", 9_999, (), always)
    record.final |= {"acknowledged": record.final["acknowledged"] + 1, "held": record.final["held"] + 1}


def short_lead(record: Made) -> None:
    """Another site led between two looks."""
    record.event(50.0, "leads", "remote")
    record.event(50.1, "leads", "same-city")


def nobody_leads(record: Made) -> None:
    for line in record.sites:
        for said in line["sites"].values():
            if said:
                said |= {"leads": False, "leader": ""}


def nobody_leads_at_the_end(record: Made) -> None:
    for line in record.sites[-12:]:
        line["sites"]["same-city"] = {}


def nobody_came(record: Made) -> None:
    record.requests = []
    record.final |= {"acknowledged": 0, "held": 0, "customers_touched": 0}


RTOS = {f"rto.{name}" for name in ("applications", "approval", "contracts", "disbursement", "repayment", "collections")}


@pytest.mark.planted
@pytest.mark.parametrize(
    ("lie", "found"),
    [
        (some_lost, {"lost_requests"}),
        (hidden_loss, {"record"}),
        (change("final.customers_touched", 5), {"record"}),
        (change("final.lost", ["nobody"]), {"record", "lost_requests"}),
        (change("final.doubled", ["nobody"]), {"record", "doubled"}),
        (unheard, {"given_up"}),
        (two_cases, {"doubled"}),
        (one_case_for_two, {"doubled"}),
        (lost_and_given_again, {"lost_requests"}),
        (acknowledged_by_nobody, {"record"}),
        (no_fault, {"as_planned"}),
        (same_epoch, {"one_leader", "takeovers"}),
        (old_leader_writes, {"one_leader"}),
        (short_lead, {"takeovers"}),
        (nobody_leads, {"one_leader", "leader", "takeovers", "in_step", "digests"}),
        (nobody_leads_at_the_end, {"leader", "in_step", "digests"}),
        (nobody_came, RTOS | {"lost_requests", "doubled", "given_up"}),
        (change("final.sites.primary.seal", "another"), {"digests", "in_step"}),
        (change("final.sites.primary.chain", "another"), {"digests", "in_step"}),
        (change("final.sites.primary.windows", 299), {"digests", "in_step"}),
        (change("final.sites.remote.seal", "another"), {"digests"}),
        (change("final.sites.same-city.seal", ""), {"digests", "in_step"}),
        (change("final.sites.remote.replayed", False), {"replay"}),
        (change("final.sites.remote.compared", 0), {"replay"}),
        (change("final.sites", {}), {"digests", "in_step", "replay"}),
        (change("final.trial_balance_fen", 1), {"ledger"}),
        (change("final.trial_balance_fen", None), {"ledger"}),
        (change("final.postings", 0), {"ledger"}),
        (change("final.ledger.principal_fen", 5_000_001), {"principal"}),
        (change("final.book", {}), {"principal"}),
        (change("final.day_ended", False), {"day_ended"}),
        (change("plan.drill.expected.leader", "primary"), {"leader"}),
        (change("plan.drill.expected.takeovers", 0), {"takeovers"}),
        (change("plan.drill.expected.in_step", 3), {"in_step"}),
        (change("plan.drill.expected.rto_s", {"all": 2}), RTOS),
    ],
)
def test_what_is_planted_is_found_and_nothing_else(
    lie: Callable[[Made], None], found: set[str], tmp_path: Path
) -> None:
    record = lost_primary()
    lie(record)
    if (
        lie is no_fault
    ):  # without the fault there is nothing after which a service could have been measured, but its end
        assert found <= missed(record, tmp_path)
    else:
        assert missed(record, tmp_path) == found


def test_a_drill_in_which_nothing_befell_measures_no_recovery(tmp_path: Path) -> None:
    record = made(drill_of([{"at_s": 20, "what": "kill"}]), always)
    assert missed(record, tmp_path) >= RTOS
    assert "nothing befell" in lines(record, tmp_path)["rto.approval"].said


def test_what_was_slow_beforehand_can_not_show_a_short_recovery(tmp_path: Path) -> None:
    record = uninterrupted()
    record.plan["drill"]["expected"]["rto_s"] = {"all": 1}
    for line in record.tries(service="collections"):
        line["done"] += 0.9
    assert missed(record, tmp_path) == {"rto.collections"}
    assert "gaps up to 1.9 s were usual" in lines(record, tmp_path)["rto.collections"].said


@pytest.mark.parametrize(
    ("event", "how", "why"),
    [
        ("decided", {"by": ["王芳"]}, "1 people"),
        ("decided", {"by": ["王芳", "王芳"]}, "1 people"),
        ("decided", {"by": []}, "nobody"),
        ("asked", {"t": 1.0}, "decided after 14.0 s"),
        ("asked", {"t": 15.5}, "decided after -0.5 s"),
        ("decided", {"what": "refused"}, "same-city decided"),
        ("asked", {"what": "noticed", "fault": None}, "not decided"),
    ],
)
def test_two_people_decide_in_time(event: str, how: dict[str, Any], why: str, tmp_path: Path) -> None:
    record = switched()
    record.plan["drill"]["decisions"][0]["within_s"] = 10
    next(line for line in record.events if line["what"] == event).update(how)
    found = lines(record, tmp_path)
    assert not found["decision.1"].held
    assert why in found["decision.1"].words[0]
    assert found["decision.2"].held


def test_digests_are_not_equal_where_the_leaders_are_not_known(tmp_path: Path) -> None:
    """Nobody says that he is in step with it, so nobody is unlike it either."""
    record = lost_primary(expected={"in_step": None})
    for line in record.sites:
        line["sites"]["same-city"]["in_step"] = []
    assert missed(record, tmp_path / "with") == set()
    del record.final["sites"]["same-city"]
    assert missed(record, tmp_path / "without") == {"digests"}
    assert "nobody is known to lead" in lines(record, tmp_path / "without")["digests"].words[0]


def test_a_leader_that_knows_it_no_longer_leads_is_no_second_one(tmp_path: Path) -> None:
    """For a moment it says both: that it leads, and that another does."""
    record = lost_primary()
    record.sites[109]["sites"]["primary"] = dict(record.sites[109]["sites"]["same-city"], leads=True)
    assert missed(record, tmp_path) == set()


_RESTORED = {
    "site": "primary", "windows": 9, "seal": "aa", "equal": True, "trial_balance_fen": 0, "took_s": 1.0, "backed_up_s": 35.0,
    "named": ["later"], "lost": [{"id": "later", "acknowledged_s": 35.5}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("planted", "why"),
    [
        ({}, ""),
        ({"equal": False}, "another bank than it was then"),
        ({"equal": False, "why": "no key"}, "no key"),
        ({"trial_balance_fen": 3}, "out by 3 fen"),
        ({"named": []}, "not named by the restore: later"),
        ({"lost": [{"id": "later", "acknowledged_s": 34.0}]}, "acknowledged before the backup: later"),
        ({"backed_up_s": None}, "acknowledged before the backup: later"),
        (None, "another bank than it was then"),
    ],
)
def test_what_backups_alone_give_back_is_judged(planted: dict[str, Any] | None, why: str, tmp_path: Path) -> None:
    record = evidence(read(uninterrupted().write(tmp_path)))
    assert "restored" not in {line.name for line in judged(record)}
    record["drill"]["restore"] = {"site": "primary", "back_up_at_s": 35.0}
    if planted is not None:
        record["restored"] = _RESTORED | planted
    [line] = [line for line in judged(record) if line.name == "restored"]
    assert (line.held, why in line.words[0]) == (not why, True)


def test_any_site_may_lead_at_the_end_but_one_must(tmp_path: Path) -> None:
    record = evidence(read(lost_primary().write(tmp_path)))
    record["drill"]["expected"]["leader"] = "any"
    assert {line.name: line.held for line in judged(record)}["leader"]
    record["leading"]["at_end"]["leader"] = None
    assert not {line.name: line.held for line in judged(record)}["leader"]


@pytest.mark.parametrize(
    ("struck", "measured", "said"),
    [
        ({"bureau": 3, "public_security": 9}, 3, "3 calls met with it; at least 1"),
        ({"bureau": 0, "public_security": 9}, 0, "0 calls met with it; at least 1"),
        (None, None, "not measured calls met with it; at least 1"),
    ],
)
def test_a_partner_that_nobody_called_while_it_was_away_shows_nothing(
    struck: dict[str, int] | None, measured: int | None, said: str, tmp_path: Path
) -> None:
    record = made(drill_of([{"at_s": 20, "what": "partner_outage", "partner": "bureau", "for_s": 5}]), always)
    record.event(20.0, "befalls", "bureau", 0)
    record.final |= {} if struck is None else {"struck": struck}
    line = lines(record, tmp_path)["struck.bureau"]
    assert (line.held, line.measured) == (bool(measured), measured)
    assert said in line.words[0]
    assert [name for name in lines(uninterrupted(), tmp_path / "other") if name.startswith("struck")] == []
