"""Scoring: asks the bureau and the other sources, looks for fraud, scores, and chooses the lane (SCO-01 to SCO-11, EXT-01 to
EXT-03). No question without consent, no decision without the facts or the policy's word on missing ones, and every case
leaves with a reason that can be explained."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import Refusal as ApplicationRefusal
from credit.approval.contract import ApplicationScored
from credit.codes import Actor, Alert, Consent, Guarantee, Lane, Status
from credit.collateral.contract import CollateralOffered
from credit.customers.contract import Event as CustomerEvent
from credit.customers.contract import FraudConfirmed
from credit.due_diligence.contract import BusinessScored
from credit.mail import Outbox
from credit.masks import true_rows
from credit.numbers import HEAD_OFFICE, branch_of_case, branch_of_person
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.due_diligence import DueDiligencePolicy, Scope
from credit.policies.fraud import FraudModelPolicy, FraudPolicy
from credit.policies.scorecard import ScorecardPolicy
from credit.room import Kind, Rows
from credit.rows import among, first_fault, only
from credit.scoring import invariants
from credit.scoring.cards import Scorecards
from credit.scoring.cases import Cases
from credit.scoring.contract import (
    ApplicationAccepted,
    BureauQuery,
    CompanyReport,
    Event,
    PersonReport,
    QueryBureau,
    Refusal,
    VerificationQuery,
    VerificationReply,
    room,
)
from credit.scoring.facts import Facts, asked_sources
from credit.scoring.fraud import FraudEngine, FraudFindings
from credit.scoring.officers import Officers
from credit.scoring.rules import alerts, borderline, cross_validation_doubts, history_fails, lanes, rejections
from credit.scoring.states import CaseState
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, Subsystem, Takes, Together
from credit.tally import Tally
from credit.times import NEVER, Bools, Ints
from credit.worklists.states import Refusal as TaskRefusal


class ScoringSubsystem(Subsystem):
    """State: open cases and a tally a branch."""

    room = room
    cut_free = True
    REFUSED = Event.ANSWER_REFUSED
    HANDLERS = (
        Takes(ApplicationAccepted, "accepted"),
        Together("case", (Takes(QueryBureau, "query"),)),
        Takes(PersonReport, "person_report"),
        Takes(CompanyReport, "company_report"),
        Takes(VerificationReply, "verification_reply"),
    )

    def __init__(
        self,
        scorecard: ScorecardPolicy,
        engine: FraudEngine,
        products: ProductPolicy,
        scope: Scope,
        register: StaffRegister,
    ) -> None:
        super().__init__()
        self._register, self._scope = register, scope
        self.policy = scorecard
        self.cards = Scorecards(scorecard)
        self.engine = engine
        columns = columns_of(products)
        self._automatic_max = columns.automatic_max
        self._valued = np.isin(columns.guarantee, (Guarantee.MORTGAGE, Guarantee.PLEDGE))
        self._sources = asked_sources(scorecard)
        officers = Officers(register, scorecard.bureau.query_desk)
        self._cases = Cases(self.tables["cases"], scorecard.bureau, products, officers)
        self._tally = Tally(self.tables["tally"])

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> ScoringSubsystem:
        """Scoring under the packaged policies, with a scenario's overrides laid over them."""
        overrides = setting.overrides
        products = load("products", ProductPolicy, overrides)
        return cls(
            load("scorecard", ScorecardPolicy, overrides),
            FraudEngine(load("fraud", FraudPolicy, overrides), load("fraud_model", FraudModelPolicy, overrides)),
            products,
            Scope(load("due_diligence", DueDiligencePolicy, overrides), products),
            setting.register,
        )

    # time -------------------------------------------------------------------------------------------------------------

    def begin(self, out: Outbox) -> None:
        """Retries that fall into this window, and cases that became ready in the last milliseconds of the one before."""
        self._ask(out)
        self._decide(out)

    def follow(self, out: Outbox) -> None:
        """Questions due in the window go out, cases with all answers are decided."""
        self._ask(out)
        self._cases.settle(self.policy.score_ms)
        self._decide(out)

    def end(self, out: Outbox) -> None:
        """Whoever has waited too long is decided at the deadline, with what there is."""
        self._cases.time_out(self.window.until)
        self._decide(out)

    def due(self) -> int:
        return self._cases.due()

    def violations(self) -> list[str]:
        """Of the open cases, and of every decision."""
        found = invariants.of_cases(self._cases.table, self._tally, self.window.until, self.policy.history_max_dpd)
        found += invariants.operators_are_people(self._cases.table, self._register)
        for decided in self.noted("decided"):
            found += invariants.lanes_are_earned(decided, self._automatic_max)
        return found

    # questions and answers --------------------------------------------------------------------------------------------

    def accepted(self, rows: Rows, out: Outbox) -> None:
        """EXT-02: without recorded consent nobody is asked, and the case ends."""
        self._count("accepted", rows)
        agreed = (rows["consent"] & int(Consent.BUREAU)) != 0
        refused = rows[~agreed]
        for event in (Event.BUREAU_REFUSED, Event.SCORING_REJECTED):
            out.log(
                event,
                refused["at"],
                refused["case"],
                reason=ApplicationRefusal.CONSENT_MISSING,
                product=refused["product"],
            )
        self._count("refused", refused)
        self._cases.add(rows[agreed])

    def _ask(self, out: Outbox) -> None:
        """EXT-01, EXT-03: bureau queries that are due, each with reason and operator."""
        rows = self._cases.due_questions(self.window.until)
        if not len(rows):
            return
        at, nobody = self._cases.table["next_at"].copy(), self._cases.without_ground(rows)
        said = {"reason": Refusal.NO_OPERATOR, "value": self.policy.bureau.query_reason}
        out.log(Event.QUERY_REFUSED, at[nobody], self._cases.table["case"][nobody], **said)
        rows = self._cases.due_questions(self.window.until)
        queries = self._cases.queries(rows)
        out.send(BureauQuery, queries)
        at, case, operator = queries["at"], queries["case"], queries["operator"]
        told = {"value": queries["attempt"], "product": self._cases.table["product"][rows]}
        out.log(Event.BUREAU_QUERIED, at, case, actor=operator, reason=queries["reason"], **told)

    def query(self, orders: Rows, out: Outbox) -> None:
        """EXT-03: a question by hand needs a person of the branch's register, a purpose that the bank may have, a case that is
        under review, and no question under way."""
        faults = self._query_faults(orders)
        bad, wrong = orders[faults != 0], faults[faults != 0]
        out.log(Event.QUERY_REFUSED, bad["at"], bad["case"], actor=bad["person"], reason=wrong, value=bad["purpose"])
        out.answer(bad, reason=wrong)
        good = only(orders, faults == 0)
        self._cases.ask_now(self._cases.table.find(good["case"]), good)

    def _query_faults(self, orders: Rows) -> Ints:
        table, person = self._cases.table, orders["person"]
        rows = table.find(orders["case"])
        waiting = table.get("state", rows) == CaseState.WAITING
        under_way = (table.get("next_at", rows) == NEVER) & (table.get("attempt", rows) > 0)
        asked = (table.get("bureau_at", rows) > 0) | under_way
        elsewhere = branch_of_person(person) != branch_of_case(orders["case"])
        return first_fault(
            (~self._register.knows(person), TaskRefusal.NOT_ON_REGISTER),
            (elsewhere & (branch_of_person(person) != HEAD_OFFICE), TaskRefusal.NO_AUTHORITY),
            (~among(orders["purpose"], self.policy.bureau.purposes), Refusal.NO_PURPOSE),
            (~waiting | (orders["at"] > table.get("deadline", rows)), Refusal.NOT_UNDER_REVIEW),
            (asked, Refusal.QUERY_UNDER_WAY),
        )

    def person_report(self, reports: Rows, out: Outbox) -> None:
        """EXT-01: persons have reports of their own kind."""
        self._bureau_report(reports, PersonReport, out)

    def company_report(self, reports: Rows, out: Outbox) -> None:
        """EXT-01: and companies of theirs."""
        self._bureau_report(reports, CompanyReport, out)

    def _bureau_report(self, reports: Rows, kind: Kind, out: Outbox) -> None:
        """EXT-01: a report is taken in; without one another attempt follows after the policy's pause. The other sources are
        asked then: not before the bureau has been, and not about somebody whose credit history fails (CUS-04)."""
        rows, fits = self._cases.answering(reports, kind)
        fits &= self._cases.asked(rows, reports, kind)
        self._refuse_answers(reports[~fits], out)
        told = fits & (reports["status"] == Status.OK)
        silent = fits & ~told
        self._cases.store(rows[told], reports[told], kind)
        self._cases.plan_retry(rows[silent], reports["at"][silent])
        sound = fits & ~(told & history_fails(reports["max_dpd_24m"], self.policy))
        self._ask_sources(rows[sound], reports["at"][sound], out)
        for event, mine in ((Event.BUREAU_ANSWERED, told), (Event.BUREAU_UNAVAILABLE, silent)):
            chosen = reports[mine]
            said = {"value": chosen["attempt"], "product": self._cases.table["product"][rows[mine]]}
            out.log(event, chosen["at"], chosen["case"], actor=Actor.PARTNER, **said)

    def _ask_sources(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """EXT-06: the other sources, once a case."""
        if not len(rows):
            return
        order = rows.argsort()
        new = self._cases.unasked(rows[order], self._sources)
        cases = self._cases.to_sources(new)
        when = at[order][rows[order].searchsorted(new)]
        out.send(VerificationQuery, VerificationQuery.carry(cases, at=when, declared_income_fen=cases["income_fen"]))

    def verification_reply(self, replies: Rows, out: Outbox) -> None:
        """EXT-06: what the other sources say; those that did not answer stand in `unavailable`."""
        rows, fits = self._cases.answering(replies, VerificationReply)
        self._refuse_answers(replies[~fits], out)
        told = replies[fits]
        rows, has_account = rows[fits], told["account_months"] > 0
        self._cases.store(rows, told, VerificationReply)
        customer, product = told[has_account], self._cases.table["product"][rows[has_account]]
        held = customer["deposits_fen"] + customer["wealth_fen"] + customer["settlement_fen"]
        months = customer["income_months"]
        said = {"amount_fen": held, "value": months, "product": product}
        out.log(Event.ACCOUNTS_READ, customer["at"], customer["case"], **said)

    def _refuse_answers(self, rows: Rows, out: Outbox) -> None:
        """An answer for a case that is not open, to a question not asked, a second one, or one that comes too late."""
        self.refuse(rows, 0, out, actor=Actor.PARTNER)

    def _count(self, name: str, rows: Rows) -> None:
        self._tally.count(name, branch_of_case(rows["case"]))

    # decisions --------------------------------------------------------------------------------------------------------

    def _decide(self, out: Outbox) -> None:
        """SCO-01 to SCO-11 for all cases that are ready before the window's end."""
        rows = self._cases.ready(self.window.until)
        if not len(rows):
            return
        cases = self._cases.table.take(rows)
        facts = Facts(cases, self.policy)
        found = self.engine.examine(facts)
        doubts = found.doubts | cross_validation_doubts(cases, facts, self.policy)
        self._intercept(cases, doubts, found, out)
        scored = self._score(cases, facts, doubts, found.watch, ~found.intercept, out)
        self._count("scored", scored)
        self.note("decided", scored)
        goes_on = scored["lane"] != Lane.REJECT
        valued = self._valued[scored["product"]] & goes_on
        looked_into = self._scope.holds(scored) & goes_on & ~valued
        out.send(ApplicationScored, scored[~valued & ~looked_into])
        out.send(BusinessScored, BusinessScored.carry(scored[looked_into]))
        out.send(CollateralOffered, CollateralOffered.carry(scored[valued]))
        self._cases.leave(rows, found.intercept)

    def _intercept(self, cases: Rows, doubts: Ints, found: FraudFindings, out: Outbox) -> None:
        """SCO-08: high risk is stopped at once; confirmed fraud goes into the internal risk library (EXT-08)."""
        rows = cases[found.intercept]
        event, stopped_for = CustomerEvent.APPLICATION_INTERCEPTED, doubts[found.intercept]
        reason = np.where(found.by_model[found.intercept], int(Refusal.FRAUD_MODEL), int(Refusal.FRAUD))
        out.log(event, rows["ready_at"], rows["case"], reason=reason, value=stopped_for)
        self._count("intercepted", rows)
        confirmed = rows[found.confirm[found.intercept]]
        out.log(Event.RISK_LIBRARY_ENTERED, confirmed["ready_at"], confirmed["case"], value=confirmed["customer"])
        out.send(FraudConfirmed, FraudConfirmed.carry(confirmed, at=confirmed["ready_at"]))

    def _score(self, cases: Rows, facts: Facts, doubts: Ints, watch: Bools, goes_on: Bools, out: Outbox) -> Rows:
        """Score, grade, alert and lane of the cases that go on, with their events; ApplicationScored rows."""
        scores = self.cards.application_scores(cases["segment"], facts)
        grade = self.cards.grades(scores)
        alert = alerts(scores, facts, watch, self.policy)
        reasons = rejections(scores, alert, facts, self.policy)
        advised = borderline(scores, reasons, facts, self.policy)
        limit = self._automatic_max.take(cases["product"], mode="clip")
        lane = lanes(cases, grade, alert, doubts, (reasons != 0) & ~advised, limit, self.policy)
        advice = np.where((reasons == 0) & (alert == Alert.RED), int(Refusal.RED_ALERT), reasons)
        scored = ApplicationScored.carry(
            cases,
            at=cases["ready_at"],
            score=scores,
            grade=grade,
            pd_ppm=self.cards.pd_ppm(scores),
            alert=alert,
            lane=lane,
            doubts=doubts,
            verified_income_fen=facts["income_fen"],
            monthly_debt_fen=facts.monthly_debt_fen,
            advice=advice,
            **self.cards.contributions(cases["segment"], facts),
        )[goes_on]
        self._log_scores(scored, out)
        return scored

    def _log_scores(self, scored: Rows, out: Outbox) -> None:
        """SCO-14: the score's event carries the machine's advice, the reason it would decline for, or 0."""
        at, case, advice, product = scored["at"], scored["case"], scored["advice"], scored["product"]
        said = {"amount_fen": scored["amount_fen"], "reason": advice, "value": scored["score"], "product": product}
        out.log(Event.APPLICATION_SCORED, at, case, **said)
        for event, values in ((Event.DOUBT_MARKED, scored["doubts"]), (Event.ALERT_RAISED, scored["alert"])):
            rows = true_rows(values)
            out.log(event, at[rows], case[rows], value=values[rows], product=product[rows])
        gone = scored[scored["lane"] == Lane.REJECT]
        said = {"reason": gone["advice"], "value": gone["score"], "product": gone["product"]}
        out.log(Event.SCORING_REJECTED, gone["at"], gone["case"], **said)


build = ScoringSubsystem.build
