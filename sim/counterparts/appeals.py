"""The world opposite appeals: customers who were entered in the risk library, of whom those who were taken for fraudsters by
mistake appeal often and the others seldom; and the reviewers, who find out the truth more often than not. Scripted customers
are nobody's suspects."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from credit.appeals.contract import DESK, Appeal, AppealAnswered, AppealOffered, Desk, Ground
from credit.codes import Verdict
from credit.identifiers import Texts
from credit.mail import Inbox
from credit.room import Kind, Rows
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, Ints
from scenarios.model import Scenario
from sim.counterparts.staffed import Done, StaffedDesks, service_table
from sim.curves import lognormal
from sim.occasions import party_of
from sim.opposite import Biding, Opposite, World
from sim.randomness import Draws
from sim.staff import Desks
from sim.staffing import DeputySource
from sim.truth import Truth

_SPREAD_PPM, _LONGEST_MS = 700_000, 60 * DAY_MS
_FIRST = 0
_WORDS = np.array(
    ["", "我本人未申请过该笔贷款，请核实。", "我的身份证曾经丢失，请核实。", "所述情况属实，请重新核实。"]
)
"""By ground."""
_OPINIONS = np.array(["经核实，原认定依据充分，维持。", "经核实，原认定有误，予以移除。"])


class Customers:
    """Who appeals, when, and on what ground."""

    def __init__(self, scenario: Scenario, seed: int, truth: Truth) -> None:
        self._truth, self._behaviour = truth, scenario.behaviour
        median = scenario.behaviour.appeal_days_median * DAY_MS
        self._spent = lognormal(median, _SPREAD_PPM, HOUR_MS, _LONGEST_MS)
        self._draws = Draws(seed, "appeal", ("appeals", "spent", "ground"))

    def appeals(self, told: Rows, occasion: Ints) -> Rows:
        """The appeals of those who make one, after what they were told for the how-manieth time."""
        party = told["party"]
        chance = np.where(
            self._truth.is_fraud(party_of(party)), self._behaviour.appeal_guilty_ppm, self._behaviour.appeal_honest_ppm
        )
        makes = self._draws["appeals"].happens(chance, party, occasion)
        rows, party, occasion = told[makes], party[makes], occasion[makes]
        ground = 1 + self._draws["ground"].below(len(Ground), party, occasion)
        at = rows["at"] + self._draws["spent"].quantile(self._spent, party, occasion)
        return Appeal.carry(rows, at=at, ground=ground, words=_WORDS[ground])


class AppealsCounterpart(Biding):
    """The customers, and the one desk."""

    def __init__(self, scenario: Scenario, seed: int, desks: Desks, truth: Truth | None = None) -> None:
        self._truth = truth or Truth(seed, scenario)
        self._customers = Customers(scenario, seed, self._truth)
        self._right_ppm = scenario.behaviour.appeal_right_ppm
        self._table = service_table(scenario, Desk.LIST_REVIEWER)
        self._draws = Draws(seed, "appeal.desk", ("service", "right"))
        super().__init__(StaffedDesks(desks, DESK, (Desk.LIST_REVIEWER,), 0, self._service_ms, self._says))

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """Customers hear, and appeal when they have made up their minds; the desk is served."""
        offered, answered = requests.take(AppealOffered), requests.take(AppealAnswered)
        if len(offered):
            self.held.put(Appeal, self._customers.appeals(offered, np.full(len(offered), _FIRST)))
        denied = answered[answered["granted"] == 0]
        if len(denied):
            self.held.put(Appeal, self._customers.appeals(denied, denied["appeals"]))
        return [*self.held.release(window), *super().respond(requests, window, round_number)]

    def _service_ms(self, desk: IntEnum, tasks: Rows) -> Ints:
        del desk
        return self._draws["service"].quantile(self._table, tasks["party"], tasks["appeals"])

    def _says(self, done: Done) -> dict[str, Ints | Texts]:
        party = done.tasks["party"]
        right = self._draws["right"].happens(self._right_ppm, party, done.tasks["appeals"])
        granted = self._truth.is_fraud(party_of(party)) != right
        verdict = np.where(granted, int(Verdict.APPROVE), int(Verdict.DECLINE))
        return {"verdict": verdict, "opinion": _OPINIONS[granted.astype(np.int64)]}


def opposite(world: World) -> Opposite:
    """Customers and reviewers; the administrator appoints deputies."""
    desks = world.staffing.desks(world.branches, (Desk.LIST_REVIEWER,))
    people = AppealsCounterpart(world.scenario, world.seed, desks)
    return Opposite(people, DeputySource({DESK.appoint: (Desk.LIST_REVIEWER,)}, world.staffing, world.branches))
