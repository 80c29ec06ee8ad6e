"""Approval: the branch's desk and head office's desk, one class for both (APR-01 to APR-15). The branch declines what scoring
rejected, decides the automatic lane within a second, and opens a route for the rest; each desk puts tasks to its nodes
and passes a case on when the next node is head office's. Its rule: a case moves by an opinion that holds, from a person
the register names, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit import calendar
from credit.approval import invariants, rules, trail
from credit.approval.affordability import PPM, Affordability
from credit.approval.contract import ApplicationScored, AppointDeputy, Cause, ContractWithdrawn, Event, Gauge, Refusal
from credit.approval.deadlines import WorkingTime
from credit.approval.routes import Routes, next_node
from credit.approval.states import DESKS
from credit.codes import Actor, Lane, Material, Node, Verdict
from credit.contracts.contract import ApplicationApproved
from credit.deputies import Deputies
from credit.head_office.contract import CaseEscalated
from credit.mail import Inbox, Outbox
from credit.policies import Overrides, ProductPolicy, columns_of, load
from credit.policies.approval import ApprovalPolicy
from credit.profile import SCORED
from credit.room import Rows
from credit.rows import only, passes
from credit.staff import StaffRegister
from credit.subsystem import Setting, State, Window
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints

_ROUTED = f"{SCORED} round previous path"
_DEPUTY_KEPT_DAYS = 60
_GRANTED = np.dtype([(name, "i8") for name in "case reviewer approver node amount_fen".split()])


class ApprovalSubsystem:
    """State: cases at a node, automatic decisions under way, and deputies."""

    def __init__(
        self,
        room: str,
        approval: ApprovalPolicy,
        products: ProductPolicy,
        register: StaffRegister,
        workdays: Callable[[Ints], Bools],
    ) -> None:
        self.room = room
        self.policy = approval
        self._desk = DESKS[room]
        self._register = register
        self._products = columns_of(products)
        self._routes = Routes(approval, products)
        self._affordability = Affordability(approval, products, self._products)
        self._time = WorkingTime(approval.working_minutes, workdays)
        self._key_materials = sum(Material[name.upper()] for name in approval.key_materials)
        size = len(self._products.known)
        self._valid_ms, self._collateral_ppm = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        self._machine_review = np.zeros(size, dtype=bool)
        for row in approval.products:
            code = products.by_key(row.key).code
            self._valid_ms[code] = row.valid_days * DAY_MS
            self._collateral_ppm[code], self._machine_review[code] = row.collateral_share_ppm, row.machine_review
        self._cases = Table(f"{_ROUTED} node entered_at limit_at urged", "case")
        self._deciding = Table(f"{SCORED} round decide_at", "case")
        self._deputies = Deputies()
        self._granted: list[Rows] = []
        self._until = 0

    @classmethod
    def build(cls, room: str, register: StaffRegister, overrides: Overrides | None = None) -> ApprovalSubsystem:
        """A desk under the packaged policies, with a scenario's overrides laid over them."""
        products = load("products", ProductPolicy, overrides)
        return cls(room, load("approval", ApprovalPolicy, overrides), products, register, calendar.is_workday)

    def open(self, window: Window, out: Outbox) -> None:
        """Automatic decisions whose second comes in this window."""
        self._granted = []
        self._decide_due(window, out)

    def apply(self, inbox: Inbox, window: Window, out: Outbox) -> None:
        """Appointments first, then what comes in, then opinions in time order."""
        self._appoint(inbox.take(AppointDeputy), out)
        self._scored(inbox.take(ApplicationScored), window, out)
        self._withdrawn(inbox.take(ContractWithdrawn), window, out)
        self._escalated(inbox.take(CaseEscalated), out)
        self._opinions(inbox.take(self._desk.opinion), out)

    def close(self, window: Window, out: Outbox) -> None:
        """APR-10: whose limit passes in this window is urged at that instant; at midnight the open cases are counted."""
        self._until = window.until
        late = np.flatnonzero((self._cases["limit_at"] < window.until) & (self._cases["urged"] == 0))
        self._urge(late, out)
        if window.ends_day:
            self._deputies.forget(window.day - _DEPUTY_KEPT_DAYS)
            self._measure(window, out)

    def check(self) -> list[str]:
        """Violated invariants."""
        found = invariants.open_cases(self._cases, self._desk.nodes, self._until)
        for granted in self._granted:
            found += invariants.approvals(granted, self._routes.authority_fen)
        return found

    def export_state(self) -> State:
        return {
            "cases": self._cases.export(),
            "deciding": self._deciding.export(),
            "deputies": self._deputies.table.export(),
        }

    def import_state(self, state: State) -> None:
        self._cases.load(state["cases"])
        self._deciding.load(state["deciding"])
        self._deputies.table.load(state["deputies"])

    # what comes in ----------------------------------------------------------------------------------------------------
    def _scored(self, rows: Rows, window: Window, out: Outbox) -> None:
        """Rejected: declined at once. Automatic: decided within seconds (APR-15). The rest: to people."""
        if not len(rows):
            return
        reason = rules.rejected_reason(rows)
        reason = np.where(reason == 0, rules.material_faults(rows, self._key_materials, self._products), reason)
        self._decline(rows, rows["at"], reason, out)
        rows = only(rows, reason == 0)
        automatic = rules.may_be_automatic(rows, self._products)
        self._take_up(rows[automatic], 0, window, out)
        manual = rows[~automatic]
        self._open_routes(_routed(manual, self._routes.paths(manual), 0), manual["at"], out)

    def _withdrawn(self, rows: Rows, window: Window, out: Outbox) -> None:
        """CON-16: a changed wish is approved anew, under the next round. One that asks for no more than was approved takes
        the machine or the lighter route; more takes the whole route."""
        if not len(rows):
            return
        round_ = rows["round"] + 1
        out.log(Event.RE_APPROVAL_OPENED, rows["at"], rows["case"], amount_fen=rows["amount_fen"], value=round_)
        reason = rules.terms_faults(rows, self._products)
        self._decline(rows, rows["at"], reason, out)
        rows, round_ = rows[reason == 0], round_[reason == 0]
        lower = rows["amount_fen"] <= rows["previous_fen"]
        automatic = lower & rules.may_be_automatic(rows, self._products)
        self._take_up(rows[automatic], round_[automatic], window, out)
        manual, lighter = rows[~automatic], lower[~automatic]
        paths = np.where(lighter, self._routes.lighter, self._routes.paths(manual))
        self._open_routes(_routed(manual, paths, round_[~automatic]), manual["at"], out)

    def _escalated(self, rows: Rows, out: Outbox) -> None:
        """APR-07: cases that the branch passes on."""
        if len(rows):
            self._enter(_routed(rows, rows["path"], rows["round"], rows["previous"]), rows["at"], out)

    def _appoint(self, rows: Rows, out: Outbox) -> None:
        """APR-12: of the administrator's appointments, those for this desk's nodes."""
        rows = rows[np.isin(rows["node"], self._desk.nodes)]
        if len(rows):
            self._deputies.appoint(rows)
            out.log(Event.DEPUTY_APPOINTED, rows["at"], 0, actor=rows["operator"], value=rows["deputy"])

    # the automatic lane -----------------------------------------------------------------------------------------------
    def _take_up(self, rows: Rows, round_: Ints | int, window: Window, out: Outbox) -> None:
        """The machine needs `decision_ms`; what falls beyond the window waits for the next one."""
        if not len(rows):
            return
        at = rows["at"] + self.policy.decision_ms
        rounds = np.broadcast_to(np.asarray(round_, dtype=np.int64), len(rows))
        now = at < window.until
        self._deciding.append(rows[~now], round=rounds[~now], decide_at=at[~now])
        self._decide(only(rows, now), at[now], rounds[now], out)

    def _decide_due(self, window: Window, out: Outbox) -> None:
        due = self._deciding["decide_at"] < window.until
        if bool(due.any()):
            rows = self._deciding.take(due)
            self._deciding.keep(~due)
            self._decide(rows, rows["decide_at"], rows["round"], out)

    def _decide(self, rows: Rows, at: Ints, round_: Ints, out: Outbox) -> None:
        """APR-14, APR-15: what the customer can carry, if that is enough for the product."""
        largest = self._affordability.largest_fen(rows)
        enough = largest >= self._products.amount_min[rows["product"]]
        self._decline(rows, at, np.where(enough, 0, int(Refusal.AFFORDABILITY)), out)
        self._approve(
            only(rows, enough),
            at[enough],
            Actor.SYSTEM,
            Lane.AUTOMATIC,
            out,
            amount_fen=largest[enough],
            round=round_[enough],
        )

    # routes -----------------------------------------------------------------------------------------------------------
    def _open_routes(self, cases: Rows, at: Ints, out: Outbox) -> None:
        """A case for people: the machine reviews first, fraud doubts add the risk specialist, then the first node."""
        if not len(cases):
            return
        kept = self._review(cases, at, out)
        cases, at = only(cases, kept), only(at, kept)
        doubtful = self._routes.has_fraud_doubt(cases)
        doubtful &= (cases["path"] & (1 << Node.RISK_SPECIALIST)) == 0
        cases["path"][doubtful] |= 1 << Node.RISK_SPECIALIST
        rows = np.flatnonzero(doubtful)
        out.log(
            Event.CASE_ESCALATED,
            at[rows],
            cases["case"][rows],
            reason=Cause.FRAUD_DOUBT,
            amount_fen=cases["amount_fen"][rows],
            value=Node.RISK_SPECIALIST,
        )
        self._enter(cases, at, out)

    def _review(self, cases: Rows, at: Ints, out: Outbox) -> Bools:
        """The machine's review (PRD-03, PRD-05): collateral binds the amount; what a customer can carry is advice to the
        people who decide, unless not even the least amount is affordable. Lowers `cases` in place; False = declined."""
        product, least = cases["product"], self._products.amount_min[cases["product"]]
        share = self._collateral_ppm[product]
        cover = self._affordability.rounded_down(cases["collateral_fen"] // PPM * share)
        covered = np.where(share > 0, np.minimum(cases["amount_fen"], cover), cases["amount_fen"])
        advised = np.where(self._machine_review[product], self._affordability.largest_fen(cases), covered)
        reason = np.where(advised < least, int(Refusal.AFFORDABILITY), 0)
        reason = np.where(covered < least, int(Refusal.GUARANTEE_MISSING), reason)
        verdict = np.where(advised < cases["amount_fen"], int(Verdict.REDUCE), int(Verdict.APPROVE))
        verdict = np.where(reason > 0, int(Verdict.DECLINE), verdict)
        seen = np.flatnonzero(self._machine_review[product] | (covered < cases["amount_fen"]))
        out.log(
            Event.NODE_DECIDED,
            at[seen],
            cases["case"][seen],
            actor=Actor.SYSTEM,
            amount_fen=advised[seen],
            reason=reason[seen],
            value=trail.pack(0, verdict[seen], 0, cases["round"][seen], 0),
        )
        self._decline(cases, at, reason, out)
        cases["amount_fen"] = covered
        return np.asarray(reason == 0)

    def _enter(self, cases: Rows, at: Ints, out: Outbox) -> None:
        """The case comes to the next node of its path (APR-05): a task is put, with its limit (APR-10)."""
        node = next_node(cases["path"])
        mine = np.isin(node, self._desk.nodes)
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
        tasks = self._desk.task.carry(cases, at=at, excluded=cases["previous"], priority=priority)
        out.send(self._desk.task, tasks)

    # opinions ---------------------------------------------------------------------------------------------------------
    def _opinions(self, rows: Rows, out: Outbox) -> None:
        """Opinions in time order; a second one on the same case is looked at after the first."""
        for batch in passes(rows, "case"):
            self._decided(batch, out)

    def _decided(self, opinions: Rows, out: Outbox) -> None:
        found = self._cases.find(opinions["case"])
        open_task = found >= 0
        open_task[open_task] = self._fits_task(opinions[open_task], found[open_task])
        self._refuse(opinions[~open_task], Refusal.NO_OPEN_TASK, out)
        opinions, found = only(opinions, open_task), only(found, open_task)
        cases = self._cases.take(found)
        faults = self._faults(opinions, cases)
        wrong = faults > 0
        self._refuse(opinions[wrong], faults[wrong], out)
        self._put(found[wrong], opinions["at"][wrong], out)
        self._take_effect(only(opinions, ~wrong), only(cases, ~wrong), found[~wrong], out)

    def _fits_task(self, opinions: Rows, found: Ints) -> Bools:
        at_node = self._cases["node"][found] == opinions["node"]
        return np.asarray(at_node & (opinions["at"] >= self._cases["entered_at"][found]))

    def _faults(self, opinions: Rows, cases: Rows) -> Ints:
        """Entitlement first (APR-04, APR-12), then the opinion itself."""
        least = self._products.amount_min[cases["product"]]
        may_reduce = self._routes.may_reduce[cases["node"]]
        faults = rules.opinion_faults(opinions, cases, least, may_reduce, self.policy.committee_members)
        lost = (opinions["verdict"] == Verdict.ESCALATE) & (self._routes.wished_above(cases["node"]) == 0)
        lost |= (opinions["started_at"] < cases["entered_at"]) | (opinions["started_at"] > opinions["at"])
        faults = np.where(lost, int(Refusal.DECISION_INVALID), faults)
        faults = np.where(rules.same_person(opinions, cases), int(Refusal.SAME_PERSON), faults)
        return np.where(self._entitled(opinions, cases), faults, int(Refusal.NO_AUTHORITY))

    def _entitled(self, opinions: Rows, cases: Rows) -> Bools:
        return self._deputies.entitled(self._register, opinions, cases["branch"], cases["node"])

    def _refuse(self, opinions: Rows, reason: Ints | int, out: Outbox) -> None:
        out.log(
            Event.DECISION_REFUSED,
            opinions["at"],
            opinions["case"],
            actor=opinions["person"],
            reason=reason,
            amount_fen=opinions["amount_fen"],
            value=opinions["node"],
        )

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
        self._leave(found)
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
        self._witness(opinions[granted], cases[granted])
        self._approve(cases[granted], at[granted], opinions["person"][granted], Lane.MANUAL, out)
        onward = cases[~granted]
        onward["previous"] = opinions["person"][~granted]
        self._enter(onward, at[~granted], out)

    def _witness(self, opinions: Rows, cases: Rows) -> None:
        """Keeps who stands behind each approval of the window, for `check`."""
        rows = np.zeros(len(cases), dtype=_GRANTED)
        for name in ("case", "node", "amount_fen"):
            rows[name] = cases[name]
        rows["reviewer"], rows["approver"] = cases["previous"], opinions["person"]
        if len(rows):
            self._granted.append(rows)

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

    def _leave(self, rows: Ints) -> None:
        staying = np.ones(len(self._cases), dtype=bool)
        staying[rows] = False
        self._cases.keep(staying)

    def _measure(self, window: Window, out: Outbox) -> None:
        """Open cases by branch, product and node."""
        cases = self._cases
        columns = (cases[name] for name in ("branch", "product", "node", "amount_fen"))
        out.tally(Gauge.PENDING_APPROVALS, window.until - 1, *columns)


def _routed(source: Rows, path: Ints, round_: Ints | int, previous: Ints | int = 0) -> Rows:
    """Cases with their route, from scored, withdrawn or escalated rows."""
    return CaseEscalated.carry(source, path=path, round=round_, previous=previous)


def build(setting: Setting) -> ApprovalSubsystem:
    """The room under a setting."""
    return ApprovalSubsystem.build("approval", setting.register, setting.overrides)
