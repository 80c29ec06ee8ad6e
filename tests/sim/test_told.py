"""What a living bank's world is told of its partners comes out as what a scenario plans, whatever is saved in between."""

from __future__ import annotations

from typing import Any

import pytest

from credit.codes import Partner, Status
from credit.mail import Inbox
from credit.room import Rows
from credit.scoring.contract import BureauQuery, room
from credit.times import DAY_MS, MINUTE_MS, NEVER
from sim.counterparts.scoring import ScoringCounterpart
from sim.opposite import Opposite
from sim.told import ToldOfPartners, with_told
from tests.sim.test_partners import AT, DAY, OUTAGE, both, bureau, played
from tests.sim.worlds import SEED, scenario, windows

BEGINS, ENDS = DAY.start + 610 * MINUTE_MS, DAY.start + 620 * MINUTE_MS
SLOW = OUTAGE | {"kind": "slow_partner", "slower_ms": 3_000}
assert room.partner_told is not None
TOLD = room.partner_told
PERFECT = {"error_ppm": 0, "timeout_ms": DAY_MS}


def told(at: int, partner: int, until: int, slower_ms: int = 0, share_ppm: int = 1_000_000) -> Rows:
    return TOLD.rows(
        1, at=at, partner=partner, branch=1, until=until, share_ppm=share_ppm if until else 0, slower_ms=slower_ms
    )


def world(**sections: Any) -> ToldOfPartners:
    found = with_told(Opposite(ScoringCounterpart(scenario(**sections), SEED)), room).counterpart
    assert isinstance(found, ToldOfPartners)
    return found


def answered(of: ToldOfPartners, *rows: Rows, cut: int = DAY_MS // 24) -> Rows:
    return both(
        played(of, [(BureauQuery, bureau()), *((TOLD, one) for one in rows)], windows(DAY.start, DAY.until, cut))
    )


@pytest.mark.parametrize(("planned", "slower_ms"), [(OUTAGE, 0), (SLOW, 3_000)])
@pytest.mark.parametrize("ended_of", [Partner.BUREAU, 0])
def test_a_partner_that_is_told_of_is_away_or_slow_as_if_it_were_planned(
    planned: dict[str, Any], slower_ms: int, ended_of: int
) -> None:
    plan = answered(world(faults=[planned]))
    found = answered(world(), told(BEGINS, Partner.BUREAU, NEVER, slower_ms), told(ENDS, ended_of, 0))
    assert found.tolist() == plan.tolist()
    assert found.tolist() != answered(world()).tolist()


def test_a_slow_partner_is_slow_while_it_is_and_answers_all_the_same() -> None:
    slow, ordinary = (world(faults=faults, partners={"bureau": PERFECT}) for faults in ([SLOW], []))
    plan, plain = answered(slow), answered(ordinary)
    met = (AT >= BEGINS) & (AT < ENDS)
    assert set((plan["at"] - plain["at"])[met].tolist()) == {3_000}
    assert set((plan["at"] - plain["at"])[~met].tolist()) == {0}
    assert set(plan["status"].tolist()) == {Status.OK}
    [struck] = slow.statistics(DAY, closing=True)["partners"]["struck"].tolist()
    assert 0 < struck < int(ordinary.statistics(DAY, closing=True)["partners"]["calls"][0])


def test_a_share_of_the_calls_is_struck() -> None:
    half = told(BEGINS, Partner.BUREAU, NEVER, share_ppm=500_000), told(ENDS, Partner.BUREAU, 0)
    assert answered(world(), *half).tolist() == answered(world(faults=[OUTAGE | {"share_ppm": 500_000}])).tolist()


def test_what_is_told_of_others_changes_nothing() -> None:
    assert answered(world(), told(BEGINS, Partner.SMS, NEVER)).tolist() == answered(world()).tolist()
    others = told(BEGINS, Partner.BUREAU, NEVER), told(BEGINS + MINUTE_MS, Partner.SMS, 0), told(ENDS, 0, 0)
    assert answered(world(), *others).tolist() == answered(world(faults=[OUTAGE])).tolist()


def test_what_was_told_is_state_and_is_forgotten_once_it_is_over() -> None:
    first, cut = world(), windows(DAY.start, DAY.until, DAY_MS // 24)
    quiet = first.export_state().keys()
    first.respond(Inbox.of((TOLD, told(BEGINS, Partner.BUREAU, NEVER))), cut[10], 0)
    state = first.export_state()
    assert state.keys() - quiet == {"told.ScoringPartnerTold"}
    second = world()
    second.import_state(state)
    queries = bureau()
    queries = queries[(queries["at"] >= BEGINS) & (queries["at"] < cut[10].until)]
    found = [
        both({kind.name: rows for kind, rows in one.respond(Inbox.of((BureauQuery, queries)), cut[10], 0)})
        for one in (first, second)
    ]
    assert len(found[0]) > 100
    assert found[0].tolist() == found[1].tolist()
    assert set(found[0]["status"].tolist()) == {Status.UNAVAILABLE}
    second.respond(Inbox.of((TOLD, told(cut[11].start, 0, 0))), cut[11], 0)
    second.respond(Inbox.of((TOLD, told(cut[12].start, 0, 0))), cut[12], 0)
    assert "told.ScoringPartnerTold" not in second.export_state()
