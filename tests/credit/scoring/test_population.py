"""The packaged policies against the drawn population: roughly the shares of refusals, declines, lanes and rejections that a
normal year is tuned for. Wide bounds: the test is about a policy that has lost its measure, not about a tenth of a percent."""

from __future__ import annotations

import numpy as np
import pytest

from credit.applications.contract import Event as ApplicationEvent
from credit.applications.contract import SubmitApplication
from credit.approval.contract import ApplicationScored
from credit.codes import Lane
from credit.customers.contract import Event as CustomerEvent
from credit.mail import Inbox
from credit.policies import ProductPolicy, load
from credit.scoring.contract import ApplicationAccepted
from credit.scoring.subsystem import ScoringSubsystem
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS
from scenarios.model import Run as RunSection
from scenarios.model import Scenario
from sim.counterparts.customers import CustomersCounterpart
from sim.counterparts.scoring import ScoringCounterpart
from sim.occasions import party_of, reference_of
from sim.population.forms import Forms
from sim.staffing import build_staffing
from sim.truth import Truth
from tests.credit.applications.builders import Front, Run, walk

ARRIVALS = 8_000
DAYS = 4
SEED = 7


@pytest.fixture(scope="module")
def runs() -> tuple[Run, Run]:
    """The desk and scoring after four days of arrivals."""
    scenario = Scenario(name="tuned", title="t", purpose="p", look_at=[], run=RunSection(customers=ARRIVALS, days=180))
    products = load("products", ProductPolicy)
    truth = Truth(SEED, scenario, products)
    start = scenario.run.start_ms
    days = [Window(n, start + n * DAY_MS, start + (n + 1) * DAY_MS) for n in range(DAYS + 3)]
    arrival = np.arange(1, ARRIVALS + 1)
    at = start + (arrival % DAYS) * DAY_MS + 9 * HOUR_MS + arrival * 3_000
    rows = Forms(scenario, SEED, products).forms(reference_of(arrival, 1), at)
    lists, partners = (
        CustomersCounterpart(scenario, SEED, truth, products),
        ScoringCounterpart(scenario, SEED, truth, products),
    )
    whole = Window(
        0, start, start + 400 * DAY_MS
    )  # the port answers at once; the driver holds answers till they are due

    def ask_lists(requests: Inbox):
        return lists.respond(requests, whole, 1)

    def ask_partners(requests: Inbox):
        return partners.respond(requests, whole, 0)

    desk = Front().walk([(SubmitApplication, rows)], days, ask_lists)
    accepted = desk.sent(ApplicationAccepted)
    scoring = ScoringSubsystem.build(Setting(register=build_staffing(scenario, SEED).register()))
    return desk, walk(scoring, [(ApplicationAccepted, accepted)], days, ask_partners)


def share(count: int) -> float:
    return count / ARRIVALS


def test_the_desk_refuses_declines_and_intercepts_in_measure(runs: tuple[Run, Run]) -> None:
    desk, _ = runs
    assert 0.03 < share(len(desk.events_of(ApplicationEvent.APPLICATION_REFUSED))) < 0.06
    assert 0.04 < share(len(desk.events_of(CustomerEvent.CUSTOMER_DECLINED))) < 0.09
    assert 0.002 < share(len(desk.events_of(CustomerEvent.APPLICATION_INTERCEPTED))) < 0.02


def test_lanes_and_rejections_keep_their_measure(runs: tuple[Run, Run]) -> None:
    scored = runs[1].sent(ApplicationScored)
    assert 0.10 < share(int((scored["lane"] == Lane.REJECT).sum())) < 0.20
    consumer = scored[scored["product"] <= 2]
    assert 0.60 < (consumer["lane"] == Lane.AUTOMATIC).mean() < 0.75
    assert not (scored[scored["product"] > 2]["lane"] == Lane.AUTOMATIC).any()


@pytest.mark.requirement("SCO-01.a", "SCO-01.b")
def test_a_score_ranks_people_by_their_latent_quality(runs: tuple[Run, Run]) -> None:
    scored = runs[1].sent(ApplicationScored)
    truth = Truth(
        SEED, Scenario(name="t", title="t", purpose="p", look_at=[], run=RunSection(customers=ARRIVALS, days=180))
    )
    miss = truth.miss_ppm(party_of(scored["party"]), scored["product"])
    consumer = scored["product"] <= 2
    by_band = [miss[consumer & (scored["score"] >= low) & (scored["score"] < low + 15)].mean() for low in (40, 55, 70)]
    assert by_band[0] > 1.3 * by_band[1] > 1.6 * by_band[2]
