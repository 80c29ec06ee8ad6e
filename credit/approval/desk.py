"""A desk of approval (审批台), at a branch or at head office: cases come to its nodes one after another, a task is put to the
node's people, their opinions are judged, and the case is granted, declined or moved on. A case moves by an opinion that
holds, from a person the register names, and by nothing else."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from credit import calendar
from credit.approval import invariants, rules, trail
from credit.approval.committee import Committee
from credit.approval.contract import Cause, Event, Gauge, Refusal
from credit.approval.deadlines import WorkingTime
from credit.approval.listed import Listed
from credit.approval.routes import Routes, next_node
from credit.approval.states import MOVES, CaseState
from credit.codes import Actor, Lane, Node, Verdict
from credit.contracts.contract import ApplicationApproved
from credit.customers.contract import Refusal as CustomerRefusal
from credit.customers.contract import SupplementAsked
from credit.head_office.contract import CaseEscalated, CaseHandled
from credit.mail import Outbox
from credit.masks import any_of, true_rows
from credit.numbers import occasion_of
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.approval import ApprovalPolicy
from credit.room import Rows
from credit.rows import among, only
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, Subsystem
from credit.times import DAY_MS, Ints
from credit.worklists.kinds import DeskKinds
from credit.worklists.states import Refusal as TaskRefusal
from credit.worklists.worklist import Events, Worklist


class ApprovalDesk(Subsystem):
    """State: cases, what people have written about them, the worklist of the desk's nodes, and its deputies. A room says in
    DESK and NODES whom it serves."""

    REFUSED = Event.DECISION_REFUSED
    DESK: ClassVar[DeskKinds]
    NODES: ClassVar[tuple[Node, ...]]

    def __init__(self, approval: ApprovalPolicy, products: ProductPolicy, register: StaffRegister) -> None:
        super().__init__()
        self.policy = approval
        self._products = columns_of(products)
        self._routes = Routes(approval, products)
        self._time = WorkingTime(approval.working_minutes, calendar.is_workday)
        self._valid_ms = np.zeros(len(self._products.known), dtype=np.int64)
        self._analysed = np.zeros(len(self._products.known), dtype=bool)
        for row in approval.products:
            code = products.by_key(row.key).code
            self._valid_ms[code], self._analysed[code] = row.valid_days * DAY_MS, row.analysis
        self.cases, self._opinions = self.tables["cases"], self.tables["opinions"]
        self._listed = Listed(self.tables["listed"])
        events = Events(urged=Event.CASE_URGED, handled=Event.TASK_HANDLED, deputy=Event.DEPUTY_APPOINTED)
        self.desk = Worklist(self, self.DESK, register, events)
        self.committee = Committee(approval, self.cases, self.desk, register)
        self._votes = Node.COMMITTEE in self.NODES

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> Self:
        """The desk under the packaged policies, with a scenario's overrides laid over them."""
        products = load("products", ProductPolicy, setting.overrides)
        return cls(load("approval", ApprovalPolicy, setting.overrides), products, setting.register)

    def listed(self, rows: Rows, out: Outbox) -> None:
        """EXT-08: customers who have been entered in the risk library since their forms were let in."""
        del out
        self._listed.enter(rows)

    # nodes ------------------------------------------------------------------------------------------------------------

    def _admit(self, cases: Rows, at: Ints, out: Outbox) -> None:
        """Cases for people begin their path."""
        self._enter(self.cases.append(cases, state=CaseState.RECEIVED), at, out)

    def _enter(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """Cases come to the next node of their path (APR-05): a task is put, with its limit (APR-10); what is head office's is
        passed on, with the names of all who had a hand in it."""
        if not len(rows):
            return
        cases, node = self.cases, next_node(self.cases["path"][rows])
        mine = among(node, self.NODES)
        self._pass_on(rows[~mine], at[~mine], out)
        rows, at, node = only(rows, mine), only(at, mine), only(node, mine)
        MOVES.to(cases, rows, CaseState.AT_NODE)
        cases["node"][rows] = node
        cases["path"][rows] &= ~(np.int64(1) << node)
        found = cases.take(rows)
        amount, product = found["amount_fen"], found["product"]
        out.log(Event.NODE_ENTERED, at, found["case"], amount_fen=amount, value=node, product=product)
        asked = {
            "at": at,
            "desk": node,
            "priority": np.where(found["round"] > 0, self.policy.returned_priority, self._routes.priority[node]),
            "limit_at": self._time.add(at, self._routes.limit_ms[node]),
            "excluded": found["previous"],
        }
        several = node == Node.COMMITTEE
        cases["ballots"][rows] = 0
        one = {name: only(values, ~several) for name, values in asked.items()}
        found = only(found, ~several)
        self.desk.put(found, out, occasion=occasion_of(found["round"], one["desk"]), member=0, **one)
        if any_of(several):
            self.committee.ask(rows[several], out, **{name: values[several] for name, values in asked.items()})

    def _pass_on(self, rows: Ints, at: Ints, out: Outbox) -> None:
        if not len(rows):
            return
        cases = self.cases.take(rows)
        acts, place = self.desk.acts_of(cases["case"])
        out.send(CaseHandled, CaseHandled.carry(acts, at=at[place]))
        out.send(CaseEscalated, CaseEscalated.carry(cases, at=at))
        MOVES.to(self.cases, rows, CaseState.PASSED_ON)

    # opinions, one a case at a time -----------------------------------------------------------------------------------

    def decide(self, opinions: Rows, out: Outbox) -> None:
        """An opinion on a task takes effect, or is refused; what time has decided before, it does not change."""
        if self._votes:
            self._conclude(*self.committee.lapse(self.desk.instants(opinions), out), out)
        opinions, tasks = self.desk.heard(opinions, out)
        rows = self.cases.find(opinions["case"])
        faults = self._faults(opinions, self.cases.take(rows))
        wrong = faults > 0
        self.desk.reject(opinions[wrong], tasks[wrong], faults[wrong], out)
        self._take_effect(only(opinions, ~wrong), only(tasks, ~wrong), only(rows, ~wrong), out)

    def _faults(self, opinions: Rows, cases: Rows) -> Ints:
        """What is wrong with an opinion as such."""
        may_reduce = self._routes.may_reduce[cases["node"]]
        lost = (opinions["verdict"] == Verdict.ESCALATE) & (self._routes.wished_above(cases["node"]) == 0)
        faults = rules.opinion_faults(opinions, cases, self._products, may_reduce, self.policy.special_max)
        faults = np.where(lost, int(TaskRefusal.DECISION_INVALID), faults)
        words = rules.words_faults(opinions, cases, self.policy.opinion_length_min, self._analysed)
        return np.where(faults == 0, words, faults)

    def _take_effect(self, opinions: Rows, tasks: Ints, rows: Ints, out: Outbox) -> None:
        """A good opinion ends its task; of the committee's those conclude that decide a case."""
        self.desk.done(tasks, opinions["at"], out)
        self._opinions.append(opinions)
        self.note("written", opinions)
        out.file(self.DESK.opinion, opinions)
        self._conclude(*self.committee.count(opinions, tasks, rows, out), out)

    def _conclude(self, opinions: Rows, rows: Ints, out: Outbox) -> None:
        """Written into the trail (APR-09), then the case is declined, sent back, granted or moved on (APR-05)."""
        if not len(rows):
            return
        at, person, cases = opinions["at"], opinions["person"], self.cases
        cases["amount_fen"][rows] = rules.decided_amount(opinions, cases.take(rows, "amount_fen"))
        trail.record(opinions, cases.take(rows, "case node amount_fen product ayes"), out)
        no = opinions["verdict"] == Verdict.DECLINE
        if any_of(no):
            gone = cases.take(rows[no])
            self._decline(gone, at[no], np.full(len(gone), int(Refusal.HUMAN_DECLINE)), out, person[no])
            MOVES.to(cases, rows[no], CaseState.DECLINED)
        back = opinions["verdict"] == Verdict.RETURN
        self._send_back(only(opinions, back), only(rows, back), out)
        onward = ~no & ~back
        if any_of(onward):
            self._move_on(only(opinions, onward), only(rows, onward), out)

    def _send_back(self, opinions: Rows, rows: Ints, out: Outbox) -> None:
        """APP-19: the case leaves until the customer has brought what is named, and then comes to the same node again."""
        if not len(rows):
            return
        self.cases["path"][rows] |= np.int64(1) << self.cases["node"][rows]
        cases, at, asked = self.cases.take(rows), opinions["at"], opinions["materials"]
        out.log(
            Event.SUPPLEMENT_ASKED,
            at,
            cases["case"],
            actor=opinions["person"],
            amount_fen=cases["amount_fen"],
            value=asked,
            product=cases["product"],
        )
        out.send(SupplementAsked, SupplementAsked.carry(cases, at=at, asked=asked))
        MOVES.to(self.cases, rows, CaseState.SENT_BACK)

    def _move_on(self, opinions: Rows, rows: Ints, out: Outbox) -> None:
        """Granted by the last node within its authority, else to the next node. A node lacking authority, or a person who
        wishes so, adds a higher node (APR-07); who asks for special approval leaves the route for the supervisor (APR-06)."""
        cases, at, person = self.cases, opinions["at"], opinions["person"]
        special = opinions["verdict"] == Verdict.SPECIAL
        cases["path"][rows[special]] = 0
        node = cases["node"][rows]
        wish = np.where(opinions["verdict"] == Verdict.ESCALATE, self._routes.wished_above(node), 0)
        wish = np.where(special, int(Node.SUPERVISOR), wish)
        last = (cases["path"][rows] == 0) & (wish == 0)
        lacking = np.where(last, self._routes.above_authority(node, cases["amount_fen"][rows]), 0)
        cause = np.where(wish > 0, int(Cause.PERSON), int(Cause.AUTHORITY))
        cause = np.where(special, int(Cause.SPECIAL_APPROVAL), cause)
        self._add_node(rows, np.where(wish > 0, wish, lacking), cause, at, out, person)
        granted = cases["path"][rows] == 0
        if any_of(granted):
            given = cases.take(rows[granted])
            self.note("granted", invariants.granted(given, opinions[granted]))
            self._approve(given, at[granted], person[granted], Lane.MANUAL, out)
            MOVES.to(cases, rows[granted], CaseState.APPROVED)
        onward = rows[~granted]
        cases["previous"][onward] = person[~granted]
        self._enter(onward, at[~granted], out)

    def _add_node(self, rows: Ints, node: Ints, cause: Ints, at: Ints, out: Outbox, actor: Ints) -> None:
        """APR-07: a node is added to the path where it is not 0."""
        up = true_rows(node)
        if not len(up):
            return
        found = self.cases.take(rows[up], "case amount_fen")
        self.cases["path"][rows[up]] |= np.int64(1) << node[up]
        out.log(
            Event.CASE_ESCALATED,
            at[up],
            found["case"],
            actor=actor[up],
            reason=cause[up],
            amount_fen=found["amount_fen"],
            value=node[up],
        )

    # what goes out ----------------------------------------------------------------------------------------------------

    def _approve(self, cases: Rows, at: Ints, actor: Ints | int, lane: Lane, out: Outbox, **fixed: Ints) -> None:
        """APR-14: fixes amount, term, rate, method and guarantee; materials still to come are conditions (APR-13)."""
        entered = self._listed.entered_for(cases, at)
        hit = entered >= 0
        self._decline(cases, at, np.where(hit, int(CustomerRefusal.LIST_INTERNAL), 0), out, actor, entered)
        fixed = {name: column[~hit] for name, column in fixed.items()}
        actor = actor if isinstance(actor, int) else actor[~hit]
        cases, at = only(cases, ~hit), only(at, ~hit)
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
        out.log(
            Event.APPLICATION_APPROVED,
            at,
            terms["case"],
            actor=actor,
            amount_fen=terms["amount_fen"],
            value=lane,
            product=product,
        )

    def _decline(
        self,
        cases: Rows,
        at: Ints,
        reason: Ints,
        out: Outbox,
        actor: Ints | int = Actor.SYSTEM,
        entered: Ints | None = None,
    ) -> None:
        """`entered`: the application that the entry in the risk library rests on, where that is the reason."""
        rows = true_rows(reason)
        if not len(rows):
            return
        who = np.broadcast_to(np.asarray(actor, dtype=np.int64), len(cases))[rows]
        out.log(
            Event.APPLICATION_DECLINED,
            at[rows],
            cases["case"][rows],
            actor=who,
            amount_fen=cases["amount_fen"][rows],
            reason=reason[rows],
            value=(cases["party"] if entered is None else entered)[rows],
            product=cases["product"][rows],
        )

    # time and proof ---------------------------------------------------------------------------------------------------

    def follow(self, out: Outbox) -> None:
        """Cases that are decided here or passed on leave."""
        del out
        self._let_go()

    def _let_go(self) -> None:
        over = true_rows(MOVES.final[self.cases["state"]])
        if len(over):
            self.desk.forget(self.cases["case"][over])
            self.cases.drop(over)

    def end(self, out: Outbox) -> None:
        """APR-10: tasks whose limit passes in this window are urged at that instant; where the committee has its quorum then, the
        case is decided (APR-02)."""
        if self._votes:
            self._conclude(*self.committee.lapse(self.window.until, out), out)
        self._let_go()
        self.desk.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:  # noqa: ARG002
        self.desk.tidy(self.window.day)
        self._listed.forget(self.window.start)

    def measure(self, until: int, out: Outbox) -> None:
        """Cases before people, by branch, product and node."""
        cases = self.cases.take(self.cases["state"] == CaseState.AT_NODE, "branch product node amount_fen")
        columns = (cases[name] for name in ("branch", "product", "node", "amount_fen"))
        out.tally(Gauge.PENDING_APPROVALS, until - 1, *columns)

    def due(self) -> int:
        return self.desk.due()

    def violations(self) -> list[str]:
        """Of the cases and their tasks, and of every manual approval."""
        found = invariants.open_cases(self.cases, self.desk.tasks, self.NODES)
        found += self.desk.violations(self.window.until)
        for granted in self.noted("granted"):
            found += invariants.approvals(granted, self._routes.authority_fen, self.policy.committee_majority_ppm)
        for written in self.noted("written"):
            found += invariants.in_words(written, self._opinions)
        return found
