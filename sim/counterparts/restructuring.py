"""The world opposite restructuring: customers who ask for other terms and sign them or not, the team and those who approve, and
the inspectors. What people do is keyed by application, loan and occasion; when somebody gets round to it is the queue's affair.
Head office's approval serves each branch as if it were the only one, as its bodies do in `sim.counterparts.collections`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

import numpy as np

from credit.calendar import is_workday
from credit.codes import Material, Segment, Verdict
from credit.codes_trouble import Hardship, Measure
from credit.mail import Inbox
from credit.numbers import occasion_of_task
from credit.restructuring.contract import (
    INSPECTION,
    RESTRUCTURING,
    AnswerTerms,
    Desk,
    Finding,
    HelpOffered,
    RequestRestructuring,
    TermsOffered,
)
from credit.room import Kind, Rows
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, Bools, Ints
from scenarios.model import Scenario
from sim.counterparts.staffed import LEAST_SERVICE_MS, Done, StaffedDesks, service_table
from sim.counterparts.staffed_lists import StaffedLists, at_the_branch, seated
from sim.occasions import on_loan, party_of
from sim.opposite import Biding, Opposite, World
from sim.randomness import Draw
from sim.staff import Desks, Person
from sim.staffing import DeputySource

STEPS = (Desk.RESTRUCTURING_SPECIALIST, Desk.RESTRUCTURING_APPROVER, Desk.RESTRUCTURING_HEAD)
INSPECTORS = (Desk.RESTRUCTURED_INSPECTOR,)
_HEAD_OFFICE = (Desk.RESTRUCTURING_HEAD,)

_FIRST_HOUR_MS, _HOURS_MS = 9 * HOUR_MS, 8 * HOUR_MS
_ASKS_WITHIN_DAYS, _SIGNS_WITHIN_DAYS = 20, 5
_STAGED_MONTHS = 24
_LONG = 60
"""Whoever has more instalments left than this gets a longer term."""
_FREE_MONTHS = 6


class Debtors:
    """What overdue customers do about their terms."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._behaviour, self._scripted = scenario.behaviour, len(scenario.script)
        names = ("asks", "ask_at", "proof", "signs", "refuses", "sign_at", "hardship")
        self._draws = {name: Draw(seed, f"restructuring.{name}") for name in names}

    def ask(self, told: Rows) -> Rows:
        """The few who ask of their own accord, some of them without a proof."""
        party, occasion = told["party"], _of_day(told)
        asks = self._draws["asks"].happens(self._behaviour.restructuring_request_ppm, party, occasion)
        rows = told[asks & (party_of(party) > self._scripted)]
        occasion = _of_day(rows)
        unproven = self._draws["proof"].happens(self._behaviour.restructuring_unproven_ppm, rows["party"], occasion)
        return RequestRestructuring.rows(
            len(rows),
            at=self._within(rows, occasion, "ask_at", _ASKS_WITHIN_DAYS),
            loan=rows["loan"],
            hardship=self.hardship(rows, occasion),
            proof=np.where(unproven, 0, int(Material.INCOME_PROOF)),
        )

    def answer(self, offers: Rows) -> Rows:
        """Most sign within days; of the others some say no and some say nothing. Who is scripted signs."""
        party, occasion = offers["party"], _of_day(offers)
        signs = self._draws["signs"].happens(self._behaviour.restructuring_signed_ppm, party, occasion)
        signs |= party_of(party) <= self._scripted
        refuses = ~signs & (self._draws["refuses"].below(2, party, occasion) == 0)
        rows, accept = offers[signs | refuses], signs[signs | refuses]
        at = self._within(rows, _of_day(rows), "sign_at", _SIGNS_WITHIN_DAYS)
        return AnswerTerms.rows(len(rows), at=at, loan=rows["loan"], accept=accept)

    def hardship(self, rows: Rows, occasion: Ints) -> Ints:
        """What has befallen a person."""
        befallen = np.array([Hardship.INCOME_LOST, Hardship.INCOME_LOST, Hardship.ILLNESS, Hardship.DISASTER])
        return befallen[self._draws["hardship"].below(len(befallen), rows["party"], occasion)]

    def _within(self, rows: Rows, occasion: Ints, what: str, days: int) -> Ints:
        """Some hour of one of the next days."""
        drawn = self._draws[what].below(days * _HOURS_MS, rows["party"], occasion)
        later, hour = 1 + drawn // _HOURS_MS, drawn % _HOURS_MS
        return np.asarray((rows["at"] // DAY_MS + later) * DAY_MS + _FIRST_HOUR_MS + hour)


class RestructuringCounterpart(Biding):
    """Customers, the team, who approves, and the inspectors of the branches of one shard."""

    def __init__(self, scenario: Scenario, seed: int, people: Iterable[Person], branches: Sequence[int]) -> None:
        """`people`: the bank's whole roster; `branches`: those of the shard."""
        everybody, first_day = list(people), scenario.run.start_ms // DAY_MS
        self._debtors = Debtors(scenario, seed)
        self._behaviour, self._scripted = scenario.behaviour, len(scenario.script)
        self._service: dict[int, Ints] = {desk: service_table(scenario, desk) for desk in (*STEPS, *INSPECTORS)}
        names = ("service", "verdict", "measure", "finding")
        self._draws = {name: Draw(seed, f"restructuring.desk.{name}") for name in names}
        desks = Desks(seated(everybody, STEPS, branches, _HEAD_OFFICE), is_workday, first_day)
        steps = StaffedDesks(desks, RESTRUCTURING, STEPS, 0, self._working_ms, self._opinions, at_the_branch)
        desks = Desks(seated(everybody, INSPECTORS, branches), is_workday, first_day)
        inspectors = StaffedDesks(desks, INSPECTION, INSPECTORS, 0, self._working_ms, self._findings)
        lists = {"steps": steps, "inspectors": inspectors}
        super().__init__(StaffedLists(lists, _HEAD_OFFICE, scenario.bank.branches))

    # ---- the conversation

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """Customers answer when they have made up their minds; tasks go to the desks of their round."""
        told, offers = requests.take(HelpOffered), requests.take(TermsOffered)
        if len(told):
            self.held.put(RequestRestructuring, self._debtors.ask(told))
        if len(offers):
            self.held.put(AnswerTerms, self._debtors.answer(offers))
        return [*self.held.release(window), *super().respond(requests, window, round_number)]

    def _working_ms(self, desk: IntEnum, rows: Rows) -> Ints:
        drawn = self._draws["service"].quantile(self._service[desk], rows["party"], _of_task(rows))
        return np.asarray(np.maximum(drawn, LEAST_SERVICE_MS))

    # ---- what people say

    def _opinions(self, done: Done) -> dict[str, Ints]:
        tasks = done.tasks
        first = done.desk == STEPS[0]
        chance = self._behaviour.restructuring_hopeless_ppm if first else self._behaviour.restructuring_decline_ppm
        no = self._draws["verdict"].happens(chance, tasks["party"], _of_task(tasks)) & self._drawn(tasks)
        said = {"verdict": np.where(no, int(Verdict.DECLINE), int(Verdict.APPROVE))}
        nothing = np.zeros(len(tasks), dtype=np.int64)
        if not first:
            return said | dict.fromkeys(("ground", "measure", "months", "free_months"), nothing)
        proposed = self._proposed(tasks)
        return said | {name: np.where(no, 0, values) for name, values in proposed.items()}

    def _proposed(self, tasks: Rows) -> dict[str, Ints]:
        """Firms get half-yearly interest with staged principal; persons a longer term, lower instalments or a time without
        principal, by what is left."""
        left, firm = tasks["left"], tasks["segment"] != Segment.INDIVIDUAL
        drawn = self._draws["measure"].below(3, tasks["party"], _of_task(tasks))
        measure = np.select(
            [firm, left > _LONG, left == 0, drawn == 0, drawn == 1],
            [Measure.STAGED, Measure.EXTENSION, Measure.LOWER_INSTALMENT, Measure.EXTENSION, Measure.LOWER_INSTALMENT],
            Measure.MORATORIUM,
        ).astype(np.int64)
        longer = np.clip(left // 2, 1, 12)
        months = np.select(
            [measure == one for one in (Measure.STAGED, Measure.EXTENSION, Measure.LOWER_INSTALMENT)],
            [_STAGED_MONTHS, longer, np.clip(2 * left, 24, 60)],
            np.clip(left + _FREE_MONTHS, 12, 60),
        )
        ground = np.where(firm, int(Hardship.CASH_SHORT), self._debtors.hardship(tasks, _of_task(tasks)))
        return {
            "ground": np.where(tasks["hardship"] > 0, tasks["hardship"], ground),
            "measure": measure,
            "months": months,
            "free_months": np.where(measure == Measure.MORATORIUM, _FREE_MONTHS, 0),
        }

    def _findings(self, done: Done) -> dict[str, Ints]:
        tasks = done.tasks
        drawn = self._draws["finding"].ppm(tasks["party"], _of_task(tasks))
        worse, strained = self._behaviour.restructured_worse_ppm, self._behaviour.restructured_strained_ppm
        found = np.select([drawn < worse, drawn < worse + strained], [Finding.WORSE, Finding.STRAINED], Finding.SOUND)
        return {"finding": np.where(self._drawn(tasks), found, int(Finding.SOUND))}

    def _drawn(self, tasks: Rows) -> Bools:
        return np.asarray(party_of(tasks["party"]) > self._scripted)


def _of_day(rows: Rows) -> Ints:
    return on_loan(rows["loan"], rows["at"] // DAY_MS)


def _of_task(tasks: Rows) -> Ints:
    return on_loan(tasks["loan"], occasion_of_task(tasks["task"]))


def opposite(world: World) -> Opposite:
    """Customers under hardship, the team, who approves and who inspects; the administrator appoints deputies for the desks at the
    branches."""
    people, branches = world.staffing.people, world.branches.tolist()
    desks = {RESTRUCTURING.appoint: STEPS[:2], INSPECTION.appoint: INSPECTORS}
    deputies = DeputySource(desks, world.staffing, world.branches)
    return Opposite(RestructuringCounterpart(world.scenario, world.seed, people, branches), deputies)
