"""Approval at the branch (分行审批; APR-01 to APR-15): declines what scoring rejected, decides the automatic lane, and
opens a route for the rest, whose first nodes are the branch's own desk."""

from __future__ import annotations

import numpy as np

from credit.approval import invariants, rules
from credit.approval.affordability import Affordability
from credit.approval.contract import (
    DESK,
    FRAUD,
    ApplicationScored,
    ApplicationSupplemented,
    Cause,
    ContractWithdrawn,
    CustomerListed,
    Event,
    Refusal,
    room,
)
from credit.approval.desk import ApprovalDesk
from credit.approval.fraud_desk import FraudDesk
from credit.approval.states import MOVES, CaseState
from credit.codes import Actor, Alert, Lane, Material, Node, Verdict
from credit.due_diligence.findings import Analysis
from credit.head_office.contract import CaseEscalated
from credit.mail import Outbox
from credit.masks import true_rows
from credit.money import share_fen
from credit.policies import ProductPolicy
from credit.policies.approval import ApprovalPolicy
from credit.room import Rows
from credit.rows import only
from credit.scoring.contract import Refusal as ScoringRefusal
from credit.staff import StaffRegister
from credit.subsystem import Takes
from credit.times import Bools, Ints
from credit.worklists.worklist import Events, Worklist, takes


class ApprovalSubsystem(ApprovalDesk):
    """State: a desk's; cases of the automatic lane are among them for its second."""

    room = room
    DESK, NODES = DESK, (Node.INITIAL, Node.RE_REVIEW)
    HANDLERS = (
        Takes(CustomerListed, "listed"),
        Takes(ApplicationScored, "scored"),
        Takes(ContractWithdrawn, "withdrawn"),
        Takes(ApplicationSupplemented, "supplemented"),
        *takes(FRAUD, "investigators", "investigated"),
        *takes(DESK, "desk", "decide"),
    )

    def __init__(self, approval: ApprovalPolicy, products: ProductPolicy, register: StaffRegister) -> None:
        super().__init__(approval, products, register)
        events = Events(Event.FRAUD_URGED, Event.FRAUD_HANDLED, Event.FRAUD_DEPUTY_APPOINTED)
        self.investigators = Worklist(self, FRAUD, register, events)
        self._fraud = FraudDesk(self.cases, approval, self.investigators, self.desk, self._time)
        self._affordability = Affordability(approval, products, self._products)
        self._key_materials = sum(Material[name.upper()] for name in approval.key_materials)
        size = len(self._products.known)
        self._collateral_ppm, self._machine_review = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool)
        for row in approval.products:
            code = products.by_key(row.key).code
            self._collateral_ppm[code], self._machine_review[code] = row.collateral_share_ppm, row.machine_review

    # what comes in ----------------------------------------------------------------------------------------------------

    def scored(self, rows: Rows, out: Outbox) -> None:
        """Rejected: declined at once. Automatic: decided within seconds (APR-15). The rest: to people."""
        reason = rules.rejected_reason(rows)
        reason = np.where(reason == 0, rules.material_faults(rows, self._key_materials, self._products), reason)
        reason = np.where(reason == 0, rules.advised_against(rows), reason)
        self._decline(rows, rows["at"], reason, out)
        rows = only(rows, reason == 0)
        automatic = rules.may_be_automatic(rows, self._products) & ~self._fraud.has_team(rows)
        self._take_up(rows[automatic], 0)
        manual = rows[~automatic]
        if len(manual):
            cases = CaseEscalated.carry(manual, path=self._routes.paths(manual), round=0, previous=0)
            self._open_routes(cases, manual["at"], out)

    def withdrawn(self, rows: Rows, out: Outbox) -> None:
        """CON-16: a changed wish is approved anew, under the next round. One that asks for no more than was approved takes
        the machine or the lighter route; more takes the whole route."""
        round_ = self._open_round(rows, out)
        reason = rules.terms_faults(rows, self._products)
        self._decline(rows, rows["at"], reason, out)
        rows, round_ = rows[reason == 0], round_[reason == 0]
        lower = rows["amount_fen"] <= rows["previous_fen"]
        automatic = lower & rules.may_be_automatic(rows, self._products)
        self._take_up(rows[automatic], round_[automatic])
        manual, lighter = rows[~automatic], lower[~automatic]
        paths = np.where(lighter, self._routes.lighter, self._routes.paths(manual))
        self._open_routes(
            CaseEscalated.carry(manual, path=paths, round=round_[~automatic], previous=0), manual["at"], out
        )

    def supplemented(self, rows: Rows, out: Outbox) -> None:
        """APP-19: with what was missing, a case goes on where it was sent back, under the next round."""
        round_ = self._open_round(rows, out)
        self._admit(CaseEscalated.carry(rows, round=round_), rows["at"], out)

    def _open_round(self, rows: Rows, out: Outbox) -> Ints:
        round_: Ints = rows["round"] + 1
        said = {"amount_fen": rows["amount_fen"], "value": round_, "product": rows["product"]}
        out.log(Event.RE_APPROVAL_OPENED, rows["at"], rows["case"], **said)
        return round_

    # the automatic lane -----------------------------------------------------------------------------------------------

    def _take_up(self, rows: Rows, round_: Ints | int) -> None:
        """The machine needs `decision_ms`."""
        if not len(rows):
            return
        at = rows["at"] + self.policy.decision_ms
        new = self.cases.append(rows, round=round_, path=0, previous=0, decide_at=at, state=CaseState.RECEIVED)
        MOVES.to(self.cases, new, CaseState.DECIDING)

    def begin(self, out: Outbox) -> None:
        """Automatic decisions whose second comes in this window."""
        self.follow(out)

    def follow(self, out: Outbox) -> None:
        """So do those of cases that have just come."""
        due = true_rows((self.cases["state"] == CaseState.DECIDING) & (self.cases["decide_at"] < self.window.until))
        self._decide(due, out)
        super().follow(out)

    def due(self) -> int:
        deciding = self.cases["state"] == CaseState.DECIDING
        return min(super().due(), self.investigators.due(), self.cases.least("decide_at", deciding))

    def _decide(self, rows: Ints, out: Outbox) -> None:
        """APR-14, APR-15: what the customer can carry, if that is enough for the product."""
        if not len(rows):
            return
        cases = self.cases.take(rows)
        at, largest = cases["decide_at"], self._affordability.largest_fen(cases)
        enough = largest >= self._products.amount_min[cases["product"]]
        self._decline(cases, at, np.where(enough, 0, int(Refusal.AFFORDABILITY)), out)
        cases["amount_fen"] = largest
        self._approve(only(cases, enough), at[enough], Actor.SYSTEM, Lane.AUTOMATIC, out)
        MOVES.to(self.cases, rows, np.where(enough, int(CaseState.APPROVED), int(CaseState.DECLINED)))

    # routes -----------------------------------------------------------------------------------------------------------

    def _open_routes(self, cases: Rows, at: Ints, out: Outbox) -> None:
        """A case for people: the machine reviews first, fraud doubts add the risk specialist, a yellow alert the policy's node
        where people would decide without it too, weak finances the policy's, then the first node."""
        if not len(cases):
            return
        kept = self._review(cases, at, out)
        cases, at = only(cases, kept), only(at, kept)
        doubtful = self._routes.has_fraud_doubt(cases)
        self._deepen(cases, at, doubtful, Node.RISK_SPECIALIST, Cause.FRAUD_DOUBT, out)
        anyway = cases["amount_fen"] > self._products.automatic_max[cases["product"]]
        yellow = anyway & (cases["alert"] == Alert.YELLOW) & (self._routes.yellow_adds > 0)
        self._deepen(cases, at, yellow, self._routes.yellow_adds, Cause.YELLOW_ALERT, out)
        weak = (cases["analysis"] == Analysis.WEAK) & (self._routes.weak_adds > 0)
        self._deepen(cases, at, weak, self._routes.weak_adds, Cause.WEAK_FINANCES, out)
        suspicious = (doubtful | self._fraud.has_team(cases)) & (cases["round"] == 0)
        self._fraud.open(only(cases, suspicious), at[suspicious], out)
        self._admit(only(cases, ~suspicious), at[~suspicious], out)

    def _deepen(self, cases: Rows, at: Ints, wanted: Bools, node: np.int64 | Node, cause: Cause, out: Outbox) -> None:
        """A node is added to the routes, in place, of the cases that want it and do not have it (SCO-05, APR-07)."""
        bit = np.int64(1) << np.int64(node)
        rows = true_rows(wanted & ((cases["path"] & bit) == 0))
        if not len(rows):
            return
        cases["path"][rows] |= bit
        out.log(
            Event.CASE_ESCALATED,
            at[rows],
            cases["case"][rows],
            reason=cause,
            amount_fen=cases["amount_fen"][rows],
            value=node,
            product=cases["product"][rows],
        )

    def investigated(self, opinions: Rows, out: Outbox) -> None:
        """APP-17: what the fraud desk has found out: a case that is cleared goes on, another one ends."""
        cleared, confirmed, found = self._fraud.decide(opinions, out)
        reason = np.full(len(confirmed), int(ScoringRefusal.FRAUD))
        self._decline(self.cases.take(found), confirmed["at"], reason, out, confirmed["person"])
        MOVES.to(self.cases, found, CaseState.DECLINED)
        self._enter(self.cases.find(cleared["case"]), cleared["at"], out)

    def end(self, out: Outbox) -> None:
        super().end(out)
        self.investigators.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:
        super().end_day(out)
        self.investigators.tidy(self.window.day)

    def violations(self) -> list[str]:
        found = super().violations() + invariants.investigated(self.cases, self.investigators.tasks)
        return found + self.investigators.violations(self.window.until)

    def _review(self, cases: Rows, at: Ints, out: Outbox) -> Bools:
        """The machine's review (PRD-03, PRD-05): collateral binds the amount, and so does
        what due diligence proposes; what a customer can carry is advice to the
        people who decide, unless not even the least amount is affordable. Lowers `cases` in place; False = declined."""
        product, least = cases["product"], self._products.amount_min[cases["product"]]
        share = self._collateral_ppm[product]
        cover = self._affordability.rounded_down(share_fen(cases["collateral_fen"], share))
        proposed = np.where(cases["analysis"] > 0, cases["proposed_fen"], cases["amount_fen"])
        bound = np.minimum(proposed, cases["amount_fen"])
        covered = np.where(share > 0, np.minimum(bound, cover), bound)
        advised = np.where(self._machine_review[product], self._affordability.largest_fen(cases), covered)
        advised = np.minimum(advised, proposed)
        reason = np.where(advised < least, int(Refusal.AFFORDABILITY), 0)
        reason = np.where((share > 0) & (cover < least), int(Refusal.GUARANTEE_MISSING), reason)
        verdict = np.where(advised < cases["amount_fen"], int(Verdict.REDUCE), int(Verdict.APPROVE))
        verdict = np.where(reason > 0, int(Verdict.DECLINE), verdict)
        seen = true_rows(self._machine_review[product] | (covered < cases["amount_fen"]))
        out.log(
            Event.NODE_DECIDED,
            at[seen],
            cases["case"][seen],
            actor=Actor.SYSTEM,
            amount_fen=advised[seen],
            reason=verdict[seen],
            product=product[seen],
        )
        self._decline(cases, at, reason, out)
        cases["amount_fen"] = covered
        return np.asarray(reason == 0)


build = ApprovalSubsystem.build
