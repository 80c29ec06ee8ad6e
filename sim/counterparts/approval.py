"""The world opposite approval: the people at the branch's desks and at head office's, one class for both. Cases wait in staffed
queues; what a person decides is keyed by application, node and round, and is better than chance: people see through some of
the fraud that the machine let pass. A desk is served once a window, lower nodes before higher ones; a task that comes for a
desk already served waits for the next window."""

from __future__ import annotations

import numpy as np

from credit.approval.contract import Refusal
from credit.approval.desk import ApprovalDesk
from credit.approval.subsystem import ApprovalSubsystem
from credit.codes import Node, Verdict
from credit.mail import Inbox
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.approval import ApprovalPolicy
from credit.room import Kind, Rows
from credit.subsystem import State, Window
from credit.table import Table
from credit.times import Bools, Ints
from scenarios.model import Scenario
from sim.counterparts.staffed import LEAST_SERVICE_MS, LONGEST_SERVICE_MS, records, service_table
from sim.held import Held
from sim.occasions import party_of
from sim.opposite import Opposite, World
from sim.population.people import PRODUCT_KEYS
from sim.randomness import PPM, Draw
from sim.staff import Completions, Desks, StaffState, Tasks
from sim.staffing import DeputySource
from sim.truth import Truth

_STEP_FEN = 100_000
_KEPT_LEAST, _KEPT_SPAN = 600_000, 350_000
_ROUNDS, _MEMBERS = 10, 10_000
_BITS = np.array([bin(value).count("1") for value in range(1 << 10)], dtype=np.int64)
_TASK = "case party node product amount_fen grade alert doubts round"


class Judgement:
    """What people decide. A pure function of seed, application, node and round."""

    def __init__(self, scenario: Scenario, seed: int, truth: Truth) -> None:
        products = load("products", ProductPolicy, scenario.policies)
        behaviour = scenario.behaviour
        self._behaviour, self._truth = behaviour, truth
        self._least = columns_of(products).amount_min
        self._members = load("approval", ApprovalPolicy, scenario.policies).committee_members
        self._by_grade = np.array([0, *behaviour.approver_decline_ppm], dtype=np.int64)
        names = ("decline", "insight", "escalate", "reduce", "share")
        self._draws = {name: Draw(seed, f"approval.{name}") for name in names}
        script = truth.people.script
        self._scripted = len(script)
        self._granted = script.column(lambda one: one.approved_amount or 0)

    def opinions(self, tasks: Rows) -> tuple[Ints, Ints, Ints]:
        """Verdict, amount (0 unless reduced) and votes in favour (committee only) of each task."""
        key = tasks["node"] + _ROUNDS * tasks["round"]
        amount = self._lower_amount(tasks, key)
        verdict = np.where(amount > 0, int(Verdict.REDUCE), int(Verdict.APPROVE))
        verdict = np.where(self._passes_up(tasks, key), int(Verdict.ESCALATE), verdict)
        declined, votes = self._declines(tasks, key)
        verdict = np.where(declined, int(Verdict.DECLINE), verdict)
        return self._by_script(tasks, verdict, np.where(verdict == Verdict.REDUCE, amount, 0), votes)

    def _declines(self, tasks: Rows, key: Ints) -> tuple[Bools, Ints]:
        """One person's no, or at the committee the majority's."""
        behaviour, about = self._behaviour, tasks["party"]
        chance = self._by_grade[tasks["grade"]] + tasks["alert"] * behaviour.approver_alert_ppm
        chance = np.minimum(chance + _BITS[tasks["doubts"] % len(_BITS)] * behaviour.approver_doubt_ppm, PPM)
        fraud = self._truth.is_fraud(party_of(about))
        no = self._draws["decline"].happens(chance, about, key)
        no |= fraud & self._draws["insight"].happens(behaviour.approver_insight_ppm, about, key)
        votes = np.zeros(len(tasks), dtype=np.int64)
        committee = np.flatnonzero(tasks["node"] == Node.COMMITTEE)
        for member in range(self._members if len(committee) else 0):
            occasion = key[committee] + _MEMBERS * (member + 1)
            against = self._draws["decline"].happens(chance[committee], about[committee], occasion)
            seen = self._draws["insight"].happens(behaviour.approver_insight_ppm, about[committee], occasion)
            votes[committee] += ~(against | (seen & fraud[committee]))
        no[committee] = votes[committee] * 2 <= self._members
        return no, votes

    def _lower_amount(self, tasks: Rows, key: Ints) -> Ints:
        """A lower amount in whole thousands where a person wants one and the product allows it; else 0."""
        wants = self._draws["reduce"].happens(self._behaviour.approver_reduce_ppm, tasks["party"], key)
        share = _KEPT_LEAST + self._draws["share"].below(_KEPT_SPAN, tasks["party"], key)
        lower = tasks["amount_fen"] // 1_000 * (share // 1_000) // _STEP_FEN * _STEP_FEN
        sensible = (lower >= self._least[tasks["product"]]) & (lower < tasks["amount_fen"])
        return np.where(wants & sensible, lower, 0)

    def _passes_up(self, tasks: Rows, key: Ints) -> Bools:
        doubtful = ((tasks["alert"] > 0) | (tasks["doubts"] != 0)) & (tasks["node"] != Node.COMMITTEE)
        wishes = self._draws["escalate"].happens(self._behaviour.approver_escalate_ppm, tasks["party"], key)
        return np.asarray(doubtful & wishes)

    def _by_script(self, tasks: Rows, verdict: Ints, amount: Ints, votes: Ints) -> tuple[Ints, Ints, Ints]:
        """Scripted customers are granted what their script says."""
        party = party_of(tasks["party"])
        scripted = party <= self._scripted
        if not bool(scripted.any()):
            return verdict, amount, votes
        granted = self._granted[np.where(scripted, party, 0)]
        lower = (granted > 0) & (granted < tasks["amount_fen"])
        said = np.where(lower, int(Verdict.REDUCE), int(Verdict.APPROVE))
        full = np.where(tasks["node"] == Node.COMMITTEE, self._members, 0)
        return (
            np.where(scripted, said, verdict),
            np.where(scripted, np.where(lower, granted, 0), amount),
            np.where(scripted, full, votes),
        )


class ApprovalCounterpart:
    """The desks of one room: INITIAL and RE_REVIEW of a shard's branches, or head office's three."""

    def __init__(
        self, desk: type[ApprovalDesk], scenario: Scenario, seed: int, desks: Desks, truth: Truth | None = None
    ) -> None:
        """`desk`: whose tasks they do · `desks`: the staffed desks of its nodes (see `sim.staffing`)."""
        self._desk = desk
        self.rounds = len(desk.NODES)
        self._desks = desks
        self._at_head_office = desk.room.shared
        self._judgement = Judgement(scenario, seed, truth or Truth(seed, scenario))
        self._service = Draw(seed, "approval.service")
        self._tables = {node: service_table(scenario, node) for node in desk.NODES}
        self._time_ppm = _time_by_product(scenario)
        self._tasks = Table(_TASK, "case")
        self._later = Held()
        self._arrived: dict[int, list[Rows]] = {}
        self._served: list[int] = []

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """Takes tasks in, and serves the round's desk."""
        if round_number == 0:
            self._served = []
            for _, rows in self._later.release(window):
                self._take_in(rows, 0)
        self._take_in(requests.take(self._desk.TASK), round_number)
        if round_number >= self.rounds:
            return []
        node = self._desk.NODES[round_number]
        done = self._serve(node, window)
        return [(self._desk.OPINION, self._opinions(node, done))] if len(done) else []

    def _take_in(self, rows: Rows, round_number: int) -> None:
        """Tasks for desks still to be served in this window; the others wait for the next."""
        if not len(rows):
            return
        still = rows["node"] >= (self._desk.NODES[round_number] if round_number < self.rounds else max(Node) + 1)
        self._later.put(self._desk.TASK, rows[~still])
        for node in self._desk.NODES:
            mine = still & (rows["node"] == node)
            if bool(mine.any()):
                self._arrived.setdefault(int(node), []).append(rows[mine])

    def _serve(self, node: Node, window: Window) -> Completions:
        parts = self._arrived.pop(int(node), [])
        rows = np.concatenate(parts) if parts else self._desk.TASK.empty()
        if len(rows):
            self._tasks.append(rows)
        tasks = Tasks.of(
            rows["case"],
            rows["at"],
            self._service_ms(node, rows),
            priority=rows["priority"],
            limit_at=rows["limit_at"],
            excluded=rows["excluded"],
            branch=np.where(self._at_head_office, 0, rows["branch"]),
        )
        self._served.append(node)
        return self._desks.serve(node, tasks, window.start, window.until)

    def _service_ms(self, node: Node, rows: Rows) -> Ints:
        drawn = self._service.quantile(self._tables[node], rows["party"], node + _ROUNDS * rows["round"])
        needed = drawn * self._time_ppm[rows["product"]] // PPM
        return np.asarray(np.clip(needed, LEAST_SERVICE_MS, LONGEST_SERVICE_MS))

    def _opinions(self, node: Node, done: Completions) -> Rows:
        place = self._tasks.find(done.task)
        tasks = self._tasks.take(place)
        self._tasks.drop(place)
        verdict, amount, votes = self._judgement.opinions(tasks)
        return self._desk.OPINION.rows(
            len(tasks),
            at=done.finished_at,
            case=done.task,
            node=node,
            person=done.person,
            on_behalf_of=done.on_behalf_of,
            started_at=done.started_at,
            verdict=verdict,
            amount_fen=amount,
            urged=done.urged,
            reason=np.where(verdict == Verdict.DECLINE, int(Refusal.HUMAN_DECLINE), 0),
            votes=votes,
        )

    def statistics(self, window: Window) -> dict[str, Rows]:
        """Rows for ``queues`` and ``staff`` of the desks served in the window."""
        del window
        if not self._served:
            return {}
        queues = [records(self._desks.queues(desk)) for desk in self._served]
        staff = [records(self._desks.staff(desk)) for desk in self._served]
        return {"queues": np.concatenate(queues), "staff": np.concatenate(staff)}

    def export_state(self) -> State:
        """Cases at the desks, the desks themselves, and tasks put off to the next window."""
        state = {"tasks": self._tasks.export()} | self._later.export_state("later")
        desks = self._desks.export_state()
        return state | {f"desks.{name}": rows for name, rows in zip(desks._fields, desks, strict=True)}

    def import_state(self, state: State) -> None:
        """Replaces everything by exported state."""
        self._tasks.load(state["tasks"])
        self._later.import_state(state, "later")
        self._desks.import_state(StaffState(*(state[f"desks.{name}"] for name in StaffState._fields)))
        self._arrived, self._served = {}, []


def _time_by_product(scenario: Scenario) -> Ints:
    products = load("products", ProductPolicy, scenario.policies)
    factor = np.full(max(product.code for product in products.products) + 1, PPM, dtype=np.int64)
    for key, ppm in zip(PRODUCT_KEYS, scenario.behaviour.desk_time_ppm, strict=True):
        factor[products.by_key(key).code] = ppm
    return factor


def of_desk(desk: type[ApprovalDesk], world: World) -> Opposite:
    """The approvers of a desk; the administrator appoints their deputies."""
    desks = world.staffing.desks(world.branches, world.room.desks or ())
    people = ApprovalCounterpart(desk, world.scenario, world.seed, desks)
    return Opposite(people, DeputySource(world.staffing.appointments(), world.branches))


def opposite(world: World) -> Opposite:
    """The approvers at the branches."""
    return of_desk(ApprovalSubsystem, world)
