"""The world opposite approval: the people at the branch's desks and at head office's, one class for both. Cases wait in staffed
queues; what a person decides is keyed by application, node and round, and is better than chance: people see through some of
the fraud that the machine let pass. A desk is served once a window, lower nodes before higher ones; a task that comes for a
desk already served waits for the next window."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from credit.approval.contract import FRAUD, Desk
from credit.approval.desk import ApprovalDesk
from credit.approval.subsystem import ApprovalSubsystem
from credit.codes import Doubt, Grade, Node, Segment, Verdict
from credit.identifiers import Texts
from credit.masks import any_of
from credit.numbers import ballot_of
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.approval import ApprovalPolicy
from credit.room import Kind, Rows
from credit.rows import among
from credit.times import Bools, Ints
from scenarios.model import Scenario
from sim.counterparts.staffed import LEAST_SERVICE_MS, LONGEST_SERVICE_MS, Done, StaffedDesks, service_table
from sim.counterparts.staffed_lists import StaffedLists
from sim.occasions import is_scripted, party_of
from sim.opposite import Around, Opposite, World
from sim.randomness import PPM, Draw, Draws
from sim.staff import Desks
from sim.staffing import DeputySource
from sim.truth import Truth

_STEP_FEN = 100_000
_KEPT_LEAST, _KEPT_SPAN = 600_000, 350_000
_SPECIAL_FROM = (Node.RE_REVIEW, Node.FINAL)
_ROUNDS, _MEMBERS = 10, 10_000
_VERDICTS = np.array(["", "同意。", "不同意。", "同意降额。", "上报审批。", "退回补充资料。", "提请特批。"])
"""By verdict."""
_GROUNDS = np.array(["资料齐全，还款来源稳定，", "资信一般，还款能力偏弱，", "存在预警，经核实风险事项，"])
_FINANCE = np.array(["收入稳定，负债率合理。", "收入偏低，负债率较高。", "现金流波动，负债率较高。"])
"""By what speaks against the case: nothing, its grade, an alert."""
_BACKGROUND = np.array(["职业稳定，无不良记录。", "经营正常，上下游稳定。"])
"""Of persons and of companies."""
_BITS = np.array([bin(value).count("1") for value in range(1 << len(Doubt))], dtype=np.int64)


class Judgement:
    """What people decide. A pure function of seed, application, node and round."""

    def __init__(self, scenario: Scenario, seed: int, truth: Truth) -> None:
        products = load("products", ProductPolicy, scenario.policies)
        behaviour = scenario.behaviour
        self._behaviour, self._truth = behaviour, truth
        self._least = columns_of(products).amount_min
        self._special_max = load("approval", ApprovalPolicy, scenario.policies).special_max
        self._by_grade = np.array([0, *behaviour.approver_decline_ppm], dtype=np.int64)
        names = ("decline", "insight", "escalate", "reduce", "share", "return", "special")
        self._draws = Draws(seed, "approval", names)
        script = truth.people.script
        self._scripted = len(script)
        self._granted = script.column(lambda one: one.approved_amount or 0)

    def opinions(self, tasks: Rows) -> dict[str, Ints | Texts]:
        """Verdict, amount (0 unless reduced) and missing materials (of what is sent back) of each task; of the committee's each
        member has a mind of his own."""
        key = tasks["desk"] + _ROUNDS * tasks["round"] + _MEMBERS * ballot_of(tasks["task"])
        amount = self._lower_amount(tasks, key)
        verdict = np.where(amount > 0, int(Verdict.REDUCE), int(Verdict.APPROVE))
        verdict = np.where(self._passes_up(tasks, key), int(Verdict.ESCALATE), verdict)
        verdict = np.where(self._sends_back(tasks, key), int(Verdict.RETURN), verdict)
        no = self._declines(tasks, key)
        verdict = np.where(no, int(Verdict.DECLINE), verdict)
        verdict = np.where(no & self._asks_for_special(tasks, key), int(Verdict.SPECIAL), verdict)
        amount = np.where(verdict == Verdict.REDUCE, amount, 0)
        verdict, amount = self._by_script(tasks, verdict, amount)
        materials = np.where(verdict == Verdict.RETURN, tasks["missing"], 0)
        return {"verdict": verdict, "amount_fen": amount, "materials": materials} | _in_words(tasks, verdict)

    def _declines(self, tasks: Rows, key: Ints) -> Bools:
        behaviour, about = self._behaviour, tasks["party"]
        chance = self._by_grade[tasks["grade"]] + tasks["alert"] * behaviour.approver_alert_ppm
        chance = np.minimum(chance + _BITS[tasks["doubts"] % len(_BITS)] * behaviour.approver_doubt_ppm, PPM)
        fraud = self._truth.is_fraud(party_of(about))
        no = self._draws["decline"].happens(chance, about, key)
        no |= fraud & self._draws["insight"].happens(behaviour.approver_insight_ppm, about, key)
        return np.asarray(no)

    def _lower_amount(self, tasks: Rows, key: Ints) -> Ints:
        """A lower amount in whole thousands where a person wants one and the product allows it; else 0."""
        wants = self._draws["reduce"].happens(self._behaviour.approver_reduce_ppm, tasks["party"], key)
        share = _KEPT_LEAST + self._draws["share"].below(_KEPT_SPAN, tasks["party"], key)
        lower = tasks["amount_fen"] // 1_000 * (share // 1_000) // _STEP_FEN * _STEP_FEN
        sensible = (lower >= self._least[tasks["product"]]) & (lower < tasks["amount_fen"])
        return np.where(wants & sensible, lower, 0)

    def _passes_up(self, tasks: Rows, key: Ints) -> Bools:
        doubtful = ((tasks["alert"] > 0) | (tasks["doubts"] != 0)) & (tasks["desk"] < Node.COMMITTEE)
        wishes = self._draws["escalate"].happens(self._behaviour.approver_escalate_ppm, tasks["party"], key)
        return np.asarray(doubtful & wishes)

    def _asks_for_special(self, tasks: Rows, key: Ints) -> Bools:
        """Who would decline a customer of good standing may put him before the supervisor instead (特批)."""
        may = (
            among(tasks["desk"], _SPECIAL_FROM)
            & (tasks["grade"] <= Grade.GOOD)
            & (tasks["amount_fen"] <= self._special_max)
        )
        wishes = self._draws["special"].happens(self._behaviour.approver_special_ppm, tasks["party"], key)
        return np.asarray(may & wishes)

    def _sends_back(self, tasks: Rows, key: Ints) -> Bools:
        """Who would rather have what is missing now than as a condition of the approval; nobody asks twice."""
        first = (tasks["missing"] != 0) & (tasks["round"] == 0) & (tasks["desk"] != Node.COMMITTEE)
        return np.asarray(
            first & self._draws["return"].happens(self._behaviour.approver_return_ppm, tasks["party"], key)
        )

    def _by_script(self, tasks: Rows, verdict: Ints, amount: Ints) -> tuple[Ints, Ints]:
        """Scripted customers are granted what their script says."""
        party = party_of(tasks["party"])
        scripted = party <= self._scripted
        if not any_of(scripted):
            return verdict, amount
        granted = self._granted[np.where(scripted, party, 0)]
        lower = (granted > 0) & (granted < tasks["amount_fen"])
        said = np.where(lower, int(Verdict.REDUCE), int(Verdict.APPROVE))
        return np.where(scripted, said, verdict), np.where(scripted, np.where(lower, granted, 0), amount)


def _in_words(tasks: Rows, verdict: Ints) -> dict[str, Texts]:
    """What people write: the verdict with what speaks for or against it, and of a review background and finances."""
    against = np.where(tasks["alert"] > 0, 2, np.where(tasks["grade"] >= Grade.WEAK, 1, 0))
    review = tasks["desk"] == Node.INITIAL
    company = (tasks["segment"] != Segment.INDIVIDUAL).astype(np.int64)
    return {
        "opinion": np.char.add(_GROUNDS[against], _VERDICTS[verdict]),
        "background": np.where(review, _BACKGROUND[company], ""),
        "finance": np.where(review, _FINANCE[against], ""),
    }


class Investigators:
    """The fraud desk of a shard's branches, served before its approvers. It finds out many of those who deceive the bank, and
    seldom takes somebody else for one of them."""

    def __init__(self, scenario: Scenario, seed: int, desks: Desks, truth: Truth) -> None:
        self._truth, self._behaviour = truth, scenario.behaviour
        self._table = service_table(scenario, Desk.FRAUD_INVESTIGATOR)
        self._scripted = len(scenario.script)
        self._draws = Draws(seed, "fraud_desk", ("service", "found", "mistaken"))
        self.desks = StaffedDesks(desks, FRAUD, (Desk.FRAUD_INVESTIGATOR,), 0, self._service_ms, self._says)

    def _service_ms(self, desk: IntEnum, tasks: Rows) -> Ints:
        del desk
        return self._draws["service"].quantile(self._table, tasks["party"])

    def _says(self, done: Done) -> dict[str, Ints]:
        party = done.tasks["party"]
        deceives = self._truth.is_fraud(party_of(party))
        found = deceives & self._draws["found"].happens(self._behaviour.fraud_found_ppm, party)
        found |= (
            ~deceives
            & self._draws["mistaken"].happens(self._behaviour.fraud_mistaken_ppm, party)
            & ~is_scripted(party, self._scripted)
        )
        return {"verdict": np.where(found, int(Verdict.DECLINE), int(Verdict.APPROVE))}


class ApprovalCounterpart(Around):
    """The desks of one room: fraud desk, INITIAL and RE_REVIEW of a shard's branches, or head office's three."""

    def __init__(
        self, desk: type[ApprovalDesk], scenario: Scenario, seed: int, desks: Desks, truth: Truth | None = None
    ) -> None:
        """`desk`: whose tasks they do · `desks`: the staffed desks of its nodes (see `sim.staffing`)."""
        truth = truth or Truth(seed, scenario)
        self._judgement = Judgement(scenario, seed, truth)
        self._service = Draw(seed, "approval.service")
        self._tables = {int(node): service_table(scenario, node) for node in desk.NODES}
        self._time_ppm = _time_by_product(scenario)
        investigates = desk is ApprovalSubsystem
        approvers = StaffedDesks(desks, desk.DESK, desk.NODES, int(investigates), self._service_ms, self._says)
        lists = {"": approvers}
        if investigates:
            lists["fraud"] = Investigators(scenario, seed, desks, truth).desks
        super().__init__(StaffedLists(lists))

    def _service_ms(self, desk: IntEnum, rows: Rows) -> Ints:
        occasion = desk + _ROUNDS * rows["round"] + _MEMBERS * ballot_of(rows["task"])
        drawn = self._service.quantile(self._tables[desk], rows["party"], occasion)
        needed = drawn * self._time_ppm[rows["product"]] // PPM
        return np.asarray(np.clip(needed, LEAST_SERVICE_MS, LONGEST_SERVICE_MS))

    def _says(self, done: Done) -> dict[str, Ints | Texts]:
        return self._judgement.opinions(done.tasks)


def _time_by_product(scenario: Scenario) -> Ints:
    products = load("products", ProductPolicy, scenario.policies).products
    factor = np.full(max(product.code for product in products) + 1, PPM, dtype=np.int64)
    for product in products:
        factor[product.code] = scenario.demand[product.key].desk_time_ppm
    return factor


def of_desk(desk: type[ApprovalDesk], world: World) -> Opposite:
    """The approvers of a desk; the administrator appoints their deputies."""
    desks = world.staffing.desks(world.branches, world.room.desks or ())
    people = ApprovalCounterpart(desk, world.scenario, world.seed, desks)
    appoints: dict[Kind, Sequence[int]] = {desk.DESK.appoint: desk.NODES}
    if desk is ApprovalSubsystem:
        appoints[FRAUD.appoint] = (Desk.FRAUD_INVESTIGATOR,)
    return Opposite(people, DeputySource(appoints, world.staffing, world.branches))


def opposite(world: World) -> Opposite:
    """The approvers at the branches."""
    return of_desk(ApprovalSubsystem, world)
