"""Scoring: asks the bureau and the other sources, looks for fraud, scores, and chooses the lane (SCO-01 to SCO-11, EXT-01 to
EXT-03). Its rule: no question without consent, no decision without the facts or the policy's word on missing ones, and every
case leaves with a reason that can be explained."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import Event as ApplicationEvent
from credit.applications.contract import FraudConfirmed
from credit.applications.contract import Refusal as ApplicationRefusal
from credit.approval.contract import ApplicationScored
from credit.codes import Actor, Alert, Consent, Lane, Status
from credit.mail import Inbox, Outbox
from credit.policies import Overrides, ProductPolicy, columns_of, load
from credit.policies.fraud import FraudPolicy
from credit.policies.scorecard import ScorecardPolicy
from credit.room import Rows
from credit.scoring.cards import Scorecards
from credit.scoring.cases import BUREAU_FIELDS, SOURCE_FIELDS, Cases
from credit.scoring.contract import (
    ApplicationAccepted,
    BureauQuery,
    BureauReport,
    Event,
    Refusal,
    VerificationQuery,
    VerificationReply,
    room,
)
from credit.scoring.facts import Facts, asked_sources
from credit.scoring.fraud import FraudEngine, FraudFindings
from credit.scoring.invariants import violations
from credit.scoring.rules import alerts, borderline, cross_validation_doubts, lanes, rejections
from credit.scoring.tally import Tally
from credit.subsystem import Setting, State, Window
from credit.times import Bools, Ints


class ScoringSubsystem:
    """State: open cases and a tally a branch."""

    room = room

    def __init__(self, scorecard: ScorecardPolicy, fraud: FraudPolicy, products: ProductPolicy) -> None:
        self.policy = scorecard
        self.cards = Scorecards(scorecard)
        self._engine = FraudEngine(fraud)
        self._automatic_max = columns_of(products).automatic_max
        self._sources = asked_sources(scorecard)
        self._cases = Cases(scorecard.bureau, products)
        self._tally = Tally()
        self._decided: list[Rows] = []
        self._until = 0

    @classmethod
    def build(cls, overrides: Overrides | None = None) -> ScoringSubsystem:
        """Scoring under the packaged policies, with a scenario's overrides laid over them."""
        return cls(
            load("scorecard", ScorecardPolicy, overrides),
            load("fraud", FraudPolicy, overrides),
            load("products", ProductPolicy, overrides),
        )

    def open(self, window: Window, out: Outbox) -> None:
        """Retries that fall into this window, and cases that became ready in the last milliseconds of the one before."""
        self._decided = []
        self._ask(window, out)
        self._decide(window, out)

    def apply(self, inbox: Inbox, window: Window, out: Outbox) -> None:
        """New cases and answers; questions due in the window go out, cases with all answers are decided."""
        self._accepted(inbox.take(ApplicationAccepted), out)
        self._bureau_report(inbox.take(BureauReport), out)
        self._verification_reply(inbox.take(VerificationReply), out)
        self._ask(window, out)
        self._cases.settle(self.policy.score_ms)
        self._decide(window, out)

    def close(self, window: Window, out: Outbox) -> None:
        """Whoever has waited too long is decided at the deadline, with what there is."""
        self._until = window.until
        self._cases.time_out(window.until)
        self._decide(window, out)

    def check(self) -> list[str]:
        """Violated invariants."""
        decided = np.concatenate(self._decided) if self._decided else ApplicationScored.empty()
        return violations(self._cases.table, self._tally, decided, self._automatic_max, self._until)

    def export_state(self) -> State:
        return {"cases": self._cases.table.export(), "tally": self._tally.table.export()}

    def import_state(self, state: State) -> None:
        self._cases.table.load(state["cases"])
        self._tally.table.load(state["tally"])
        self._decided = []

    # questions and answers ----------------------------------------------------------------------------------------------
    def _accepted(self, rows: Rows, out: Outbox) -> None:
        """EXT-02: without recorded consent nobody is asked, and the case ends."""
        if not len(rows):
            return
        self._tally.count("accepted", rows["case"])
        agreed = (rows["consent"] & Consent.BUREAU) != 0
        refused = rows[~agreed]
        for event in (Event.BUREAU_REFUSED, Event.SCORING_REJECTED):
            out.log(event, refused["at"], refused["case"], reason=ApplicationRefusal.CONSENT_MISSING)
        self._tally.count("refused", refused["case"])
        self._cases.add(rows[agreed])

    def _ask(self, window: Window, out: Outbox) -> None:
        """EXT-01, EXT-03: bureau queries that are due, each with reason and operator; EXT-06: with the first one the other
        sources are asked too."""
        rows = self._cases.due_questions(window.until)
        if not len(rows):
            return
        queries = self._cases.queries(rows)
        out.send(BureauQuery, queries)
        out.log(
            Event.BUREAU_QUERIED,
            queries["at"],
            queries["case"],
            actor=queries["operator"],
            reason=queries["reason"],
            value=queries["attempt"],
        )
        first = queries["attempt"] == 1
        asked = VerificationQuery.carry(
            queries[first],
            sources=self._sources[queries["segment"][first]],
            declared_income_fen=self._cases.table["income_fen"][rows[first]],
        )
        out.send(VerificationQuery, asked)

    def _bureau_report(self, reports: Rows, out: Outbox) -> None:
        """EXT-01: a report is taken in; without one another attempt follows after the policy's pause."""
        if not len(reports):
            return
        rows, fits = self._cases.bureau_answers(reports)
        self._refuse_answers(reports[~fits], out)
        told = fits & (reports["status"] == Status.OK)
        silent = fits & ~told
        self._cases.store(rows[told], reports[told], BUREAU_FIELDS, "bureau_at")
        self._cases.plan_retry(rows[silent], reports["at"][silent])
        for event, chosen in ((Event.BUREAU_ANSWERED, reports[told]), (Event.BUREAU_UNAVAILABLE, reports[silent])):
            out.log(event, chosen["at"], chosen["case"], actor=Actor.PARTNER, value=chosen["attempt"])

    def _verification_reply(self, replies: Rows, out: Outbox) -> None:
        """EXT-06: what the other sources say; those that did not answer stand in `unavailable`."""
        if not len(replies):
            return
        rows, fits = self._cases.source_answers(replies)
        self._refuse_answers(replies[~fits], out)
        self._cases.store(rows[fits], replies[fits], SOURCE_FIELDS, "verified_at")

    def _refuse_answers(self, rows: Rows, out: Outbox) -> None:
        """An answer for a case that is not open, to a question not asked, a second one, or one that comes too late."""
        out.log(Event.ANSWER_REFUSED, rows["at"], rows["case"], actor=Actor.PARTNER)

    # decisions ----------------------------------------------------------------------------------------------------------
    def _decide(self, window: Window, out: Outbox) -> None:
        """SCO-01 to SCO-11 for all cases that are ready before the window's end."""
        cases = self._cases.take_ready(window.until)
        if not len(cases):
            return
        facts = Facts(cases, self.policy, self._sources)
        found = self._engine.examine(facts)
        doubts = found.doubts | cross_validation_doubts(cases, facts, self.policy)
        self._intercept(cases, doubts, found, out)
        scored = self._score(cases, facts, doubts, found.watch, ~found.intercept, out)
        self._tally.count("scored", scored["case"])
        self._decided.append(scored)
        out.send(ApplicationScored, scored)

    def _intercept(self, cases: Rows, doubts: Ints, found: FraudFindings, out: Outbox) -> None:
        """SCO-08: high risk is stopped at once; confirmed fraud goes into the internal risk library (EXT-08)."""
        stopped = np.flatnonzero(found.intercept)
        if not len(stopped):
            return
        rows = cases[stopped]
        out.log(
            ApplicationEvent.APPLICATION_INTERCEPTED,
            rows["ready_at"],
            rows["case"],
            reason=Refusal.FRAUD,
            value=doubts[stopped],
        )
        self._tally.count("intercepted", rows["case"])
        confirmed = rows[found.confirm[stopped]]
        out.log(Event.RISK_LIBRARY_ENTERED, confirmed["ready_at"], confirmed["case"], value=confirmed["customer"])
        out.send(FraudConfirmed, FraudConfirmed.carry(confirmed, at=confirmed["ready_at"]))

    def _score(self, cases: Rows, facts: Facts, doubts: Ints, watch: Bools, goes_on: Bools, out: Outbox) -> Rows:
        """Score, grade, alert and lane of the cases that go on, with their events; ApplicationScored rows."""
        scores = self.cards.application_scores(cases["segment"], facts)
        grade = self.cards.grades(scores)
        alert = alerts(scores, facts, watch, self.policy)
        reasons = rejections(scores, alert, facts, self.policy)
        advised = borderline(scores, reasons, facts, self.policy)
        limit = self._automatic_max[np.clip(cases["product"], 0, len(self._automatic_max) - 1)]
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
        )[goes_on]
        self._log_scores(scored, advice[goes_on], out)
        return scored

    def _log_scores(self, scored: Rows, advice: Ints, out: Outbox) -> None:
        """SCO-14: the score's event carries the machine's advice, the reason it would decline for, or 0."""
        at, case = scored["at"], scored["case"]
        out.log(
            Event.APPLICATION_SCORED, at, case, amount_fen=scored["amount_fen"], reason=advice, value=scored["score"]
        )
        for event, values in ((Event.DOUBT_MARKED, scored["doubts"]), (Event.ALERT_RAISED, scored["alert"])):
            rows = np.flatnonzero(values)
            out.log(event, at[rows], case[rows], value=values[rows])
        rows = np.flatnonzero(scored["lane"] == Lane.REJECT)
        out.log(Event.SCORING_REJECTED, at[rows], case[rows], reason=advice[rows], value=scored["score"][rows])


def build(setting: Setting) -> ScoringSubsystem:
    """The room under a setting."""
    return ScoringSubsystem.build(setting.overrides)
