"""A desk of approval (审批台), at a branch or at head office: cases come to its nodes one after another, a task is put to the
node's people, their opinions are judged, and the case is granted, declined or moved on. A case moves by an opinion that
holds, from a person the register names, and by nothing else."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from credit import calendar
from credit.approval import invariants, rules, trail
from credit.approval.contract import Cause, Event, Gauge, Refusal
from credit.approval.deadlines import WorkingTime
from credit.approval.routes import Routes, next_node
from credit.codes import Actor, Lane, Node, Verdict
from credit.contracts.contract import ApplicationApproved
from credit.deputies import Deputies
from credit.head_office.contract import CaseEscalated
from credit.mail import Outbox
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.approval import ApprovalPolicy
from credit.room import Kind, Rows
from credit.rows import only
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, Subsystem
from credit.times import DAY_MS, Ints

_DEPUTY_KEPT_DAYS = 60


class ApprovalDesk(Subsystem):
    """State: cases at a node, and deputies. A room says in TASK, OPINION and NODES what it asks, hears and serves."""

    REFUSED = Event.DECISION_REFUSED
    TASK: ClassVar[Kind]
    OPINION: ClassVar[Kind]
    NODES: ClassVar[tuple[Node, ...]]

    def __init__(self, approval: ApprovalPolicy, products: ProductPolicy, register: StaffRegister) -> None:
        super().__init__()
        self.policy = approval
        self._register = register
        self._products = columns_of(products)
        self._routes = Routes(approval, products)
        self._time = WorkingTime(approval.working_minutes, calendar.is_workday)
        self._valid_ms = np.zeros(len(self._products.known), dtype=np.int64)
        for row in approval.products:
            self._valid_ms[products.by_key(row.key).code] = row.valid_days * DAY_MS
        self._cases = self.tables["cases"]
        self._deputies = Deputies(self.tables["deputies"])

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> Self:
        """The desk under the packaged policies, with a scenario's overrides laid over them."""
        products = load("products", ProductPolicy, setting.overrides)
        return cls(load("approval", ApprovalPolicy, setting.overrides), products, setting.register)

    def appoint(self, rows: Rows, out: Outbox) -> None:
        """APR-12: of the administrator's appointments, those for this desk's nodes."""
        rows = rows[np.isin(rows["node"], self.NODES)]
        self._deputies.appoint(rows)
        out.log(Event.DEPUTY_APPOINTED, rows["at"], 0, actor=rows["operator"], value=rows["deputy"])

    # nodes ------------------------------------------------------------------------------------------------------------

    def _enter(self, cases: Rows, at: Ints, out: Outbox) -> None:
        """The case comes to the next node of its path (APR-05): a task is put, with its limit (APR-10)."""
        node = next_node(cases["path"])
        mine = np.isin(node, self.NODES)
        out.send(CaseEscalated, CaseEscalated.carry(cases[~mine], at=at[~mine]))
        cases, at, node = only(cases, mine), only(at, mine), only(node, mine)
        if not len(cases):
            return
        limit = self._time.add(at, self._routes.limit_ms[node])
        cases["path"] &= ~(np.int64(1) << node)
        out.log(Event.NODE_ENTERED, at, cases["case"], amount_fen=cases["amount_fen"], value=node)
        new = self._cases.append(cases, node=node, entered_at=at, limit_at=limit, urged=0)
        self._put(new, at, out)

    def _put(self, rows: Ints, at: Ints, out: Outbox) -> None:
        cases = self._cases.take(rows)
        priority = np.where(cases["round"] > 0, self.policy.returned_priority, self._routes.priority[cases["node"]])
        tasks = self.TASK.carry(cases, at=at, excluded=cases["previous"], priority=priority)
        out.send(self.TASK, tasks)

    # opinions, one a case at a time -----------------------------------------------------------------------------------

    def decide(self, opinions: Rows, out: Outbox) -> None:
        """An opinion on a task takes effect, or is refused and the task put again."""
        found = self._cases.find(opinions["case"])
        fits = (self._cases.get("node", found) == opinions["node"]) & (found >= 0)
        fits &= opinions["at"] >= self._cases.get("entered_at", found)
        self._reject(opinions[~fits], Refusal.NO_OPEN_TASK, out)
        opinions, found = only(opinions, fits), only(found, fits)
        cases = self._cases.take(found)
        faults = self._faults(opinions, cases)
        wrong = faults > 0
        self._reject(opinions[wrong], faults[wrong], out)
        self._put(found[wrong], opinions["at"][wrong], out)
        self._take_effect(only(opinions, ~wrong), only(cases, ~wrong), found[~wrong], out)

    def _faults(self, opinions: Rows, cases: Rows) -> Ints:
        """Entitlement first (APR-04, APR-12), then the opinion itself."""
        least = self._products.amount_min[cases["product"]]
        may_reduce = self._routes.may_reduce[cases["node"]]
        faults = rules.opinion_faults(opinions, cases, least, may_reduce, self.policy.committee_members)
        lost = (opinions["verdict"] == Verdict.ESCALATE) & (self._routes.wished_above(cases["node"]) == 0)
        lost |= (opinions["started_at"] < cases["entered_at"]) | (opinions["started_at"] > opinions["at"])
        faults = np.where(lost, int(Refusal.DECISION_INVALID), faults)
        faults = np.where(rules.same_person(opinions, cases), int(Refusal.SAME_PERSON), faults)
        may = self._deputies.entitled(self._register, opinions, cases["branch"], cases["node"])
        return np.where(may, faults, int(Refusal.NO_AUTHORITY))

    def _reject(self, opinions: Rows, reason: Ints | int, out: Outbox) -> None:
        self.refuse(opinions, reason, out, amount_fen=opinions["amount_fen"], value=opinions["node"])

    def _take_effect(self, opinions: Rows, cases: Rows, found: Ints, out: Outbox) -> None:
        """A good opinion: written into the trail (APR-09), then the case is declined, granted or moved on (APR-05)."""
        if not len(opinions):
            return
        at, verdict = opinions["at"], opinions["verdict"]
        self._urge(found[(cases["limit_at"] < at) & (cases["urged"] == 0)], out)
        amount = rules.decided_amount(opinions, cases)
        reason = np.where(verdict == Verdict.DECLINE, int(Refusal.HUMAN_DECLINE), 0)
        value = trail.pack(cases["node"], verdict, opinions["votes"], cases["round"], opinions["on_behalf_of"])
        out.log(
            Event.NODE_DECIDED,
            at,
            cases["case"],
            actor=opinions["person"],
            amount_fen=amount,
            reason=reason,
            value=value,
        )
        self._cases.drop(found)
        self._decline(cases, at, reason, out, opinions["person"])
        cases["amount_fen"] = amount
        on = verdict != Verdict.DECLINE
        self._move_on(only(opinions, on), only(cases, on), out)

    def _move_on(self, opinions: Rows, cases: Rows, out: Outbox) -> None:
        """Granted by the last node within its authority, else to the next node. A node lacking authority, or a person who
        wishes so, adds a higher node (APR-07)."""
        at, node = opinions["at"], cases["node"]
        wish = np.where(opinions["verdict"] == Verdict.ESCALATE, self._routes.wished_above(node), 0)
        last = (cases["path"] == 0) & (wish == 0)
        lacking = np.where(last, self._routes.above_authority(node, cases["amount_fen"]), 0)
        added = np.where(wish > 0, wish, lacking)
        cause = np.where(wish > 0, int(Cause.PERSON), int(Cause.AUTHORITY))
        up = np.flatnonzero(added)
        cases["path"][up] |= np.int64(1) << added[up]
        out.log(
            Event.CASE_ESCALATED,
            at[up],
            cases["case"][up],
            actor=opinions["person"][up],
            reason=cause[up],
            amount_fen=cases["amount_fen"][up],
            value=added[up],
        )
        granted = cases["path"] == 0
        self.note("granted", invariants.granted(cases[granted], opinions[granted]))
        self._approve(cases[granted], at[granted], opinions["person"][granted], Lane.MANUAL, out)
        onward = cases[~granted]
        onward["previous"] = opinions["person"][~granted]
        self._enter(onward, at[~granted], out)

    # what goes out ----------------------------------------------------------------------------------------------------

    def _approve(self, cases: Rows, at: Ints, actor: Ints | int, lane: Lane, out: Outbox, **fixed: Ints) -> None:
        """APR-14: fixes amount, term, rate, method and guarantee; materials still to come are conditions (APR-13)."""
        if not len(cases):
            return
        product = cases["product"]
        terms = ApplicationApproved.carry(
            cases,
            at=at,
            approved_at=at,
            lane=lane,
            conditions=cases["missing"],
            rate_ppm=self._products.rate_ppm[product, cases["grade"]],
            guarantee=self._products.guarantee[product],
            valid_until=at + self._valid_ms[product],
            **fixed,
        )
        out.send(ApplicationApproved, terms)
        out.log(Event.APPLICATION_APPROVED, at, terms["case"], actor=actor, amount_fen=terms["amount_fen"], value=lane)

    def _decline(self, cases: Rows, at: Ints, reason: Ints, out: Outbox, actor: Ints | int = Actor.SYSTEM) -> None:
        rows = np.flatnonzero(reason)
        who = np.broadcast_to(np.asarray(actor, dtype=np.int64), len(cases))[rows]
        out.log(
            Event.APPLICATION_DECLINED,
            at[rows],
            cases["case"][rows],
            actor=who,
            amount_fen=cases["amount_fen"][rows],
            reason=reason[rows],
            value=cases["party"][rows],
        )

    def _urge(self, rows: Ints, out: Outbox) -> None:
        cases = self._cases
        cases["urged"][rows] = 1
        out.log(Event.CASE_URGED, cases["limit_at"][rows], cases["case"][rows], value=cases["node"][rows])

    # time and proof ---------------------------------------------------------------------------------------------------

    def end(self, out: Outbox) -> None:
        """APR-10: whose limit passes in this window is urged at that instant."""
        self._urge(np.flatnonzero((self._cases["limit_at"] < self.window.until) & (self._cases["urged"] == 0)), out)

    def end_day(self, out: Outbox) -> None:
        """Open cases by branch, product and node; appointments that ended long ago are forgotten."""
        self._deputies.forget(self.window.day - _DEPUTY_KEPT_DAYS)
        columns = (self._cases[name] for name in ("branch", "product", "node", "amount_fen"))
        out.tally(Gauge.PENDING_APPROVALS, self.window.until - 1, *columns)

    def violations(self) -> list[str]:
        """Of the open cases, and of every manual approval."""
        found = invariants.open_cases(self._cases, self.NODES, self.window.until)
        for granted in self.noted("granted"):
            found += invariants.approvals(granted, self._routes.authority_fen)
        return found
