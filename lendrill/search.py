"""`lendrill search`."""

from __future__ import annotations

from actors.topology import Flow
from credit.applications.contract import SubmitApplication
from credit.policies import ProductPolicy, load
from credit.times import HOUR_MS
from actors.sequencer import Command
from lendrill.assembly import live_blueprints
from scenarios.loading import load_scenario
from sim.played import live_people, live_references
from sim.population.script import Script
from sim.search.run import Searcher
from sim.search.world import Bank
import numpy as np


def searcher() -> Searcher:
    scenario = load_scenario("zhang_consumer_loan")
    forms = Script(scenario, load("products", ProductPolicy, scenario.policies)).forms[1:2]
    people = live_people(forms["id_number"], scenario)

    def form(number: int) -> Command:
        rows = forms.copy()
        rows["party"] = live_references(people, np.array([number]))
        rows["request"], rows["branch"] = number, 1 + number % 2
        return Command(SubmitApplication, rows)

    flow = Flow(1)
    bank = Bank(flow, live_blueprints(scenario, flow, (), arrivals=False), scenario.run.start_ms + 9 * HOUR_MS)
    return Searcher(bank, form)
