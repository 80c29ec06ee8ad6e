"""The world opposite disbursement: operators, reviewers and verifiers at their desks, core banking and the payment channel, and
borrowers who bring what was still missing, draw on their limits and show what the money was spent on. Whatever
people and partners do is keyed by application, tranche and attempt; only when somebody gets round to a task is the queue's.
Rounds of a window: borrowers act first, because nothing they do follows from a desk's work of the same window by less than a
day; then verifiers, whose yes may open the next tranche; then operators; then reviewers, whose yes pays. Payments are
answered in whatever round they are ordered."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from credit.calendar import workday_from
from credit.codes import Status, Verdict
from credit.disbursement.contract import (
    DESK,
    ConditionFulfilled,
    ConditionRequested,
    Desk,
    DrawdownRequested,
    FacilityOpened,
    PaymentInstruction,
    PaymentResult,
    UseEvidenceFiled,
    UseEvidenceRequested,
)
from credit.mail import Inbox
from credit.masks import true_rows
from credit.policies import ProductPolicy, columns_of, load
from credit.room import Kind, Rows
from credit.subsystem import State, Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, Bools, Ints
from scenarios.model import Scenario
from scenarios.script import ScriptedCustomer
from sim.counterparts.ports import Port, port_statistics
from sim.counterparts.staffed import LEAST_SERVICE_MS, Done, StaffedDesks, service_table
from sim.curves import below_each, lognormal
from sim.held import Held
from sim.occasions import on_loan, party_of
from sim.opposite import Opposite, World
from sim.population.script import PAYEE_BASE
from sim.population.vocabulary import FORBIDDEN_PURPOSE
from sim.randomness import PPM, Draw
from sim.staff import Desks
from sim.staffing import DeputySource

DESKS = (Desk.USE_VERIFIER, Desk.DISBURSEMENT_OPERATOR, Desk.DISBURSEMENT_REVIEWER)
"""The desks in the order in which they are served."""

_FIRST_DESK_ROUND = 1
_DESK_CODES = 32
_INQUIRY_SHARE = 6
"""To ask what has become of a payment takes so much less than to initiate one."""
_DAYS_SPREAD_PPM, _DAYS_MAX = 600_000, 400
_OFFICE_OPENS_MS, _OFFICE_MS = 9 * HOUR_MS, 8 * HOUR_MS
_YEAR_DAYS = 365
_FIRST_DRAWDOWN_DAYS = 10
_DRAWN_LEAST_PPM, _DRAWN_SPAN_PPM = 500_000, 1_000_000
_DRAWN_STEP_FEN = 1_000_000
_TRANCHES = 100
_WRONG_ACCOUNT_PPM = 250_000
_PURPOSES = (
    "condition_never condition_days not_genuine use_days drawdown_times drawdown_day drawdown_amount drawdown_term "
    "drawdown_misused drawdown_purpose hour"
)


class DisbursementCounterpart:
    """Staff of one shard's branches, its borrowers, and the partners that move the money."""

    def __init__(self, scenario: Scenario, seed: int, desks: Desks) -> None:
        """`desks`: the shard's desks of the roles `DESKS` (see `sim.staffing`)."""
        self._tables = {int(desk): service_table(scenario, desk) for desk in DESKS}
        self._service = Draw(seed, "disbursement.service")
        self._reject = Draw(seed, "disbursement.reject")
        self._reject_ppm = scenario.behaviour.reviewer_reject_ppm
        self._desks = StaffedDesks(desks, DESK, DESKS, _FIRST_DESK_ROUND, self._service_ms, self._says)
        self.rounds = self._desks.rounds
        self._channel = PaymentChannel(scenario, seed)
        self.ports = self._channel.ports
        self._held = Held()
        self._borrowers = Borrowers(scenario, seed, self._held)
        self._acts: dict[Kind, Callable[[Rows], None]] = {
            ConditionRequested: self._borrowers.bring_conditions,
            FacilityOpened: self._borrowers.plan_drawdowns,
            UseEvidenceRequested: self._borrowers.show_use,
            PaymentInstruction: self._pay,
        }

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """What staff, partners and borrowers do in a round; answers due after the window are kept."""
        answers = self._desks.respond(requests, window, round_number)
        for kind, rows in requests:
            if kind in self._acts:
                self._acts[kind](rows)
        return answers + self._held.release(window)

    def _pay(self, instructions: Rows) -> None:
        self._held.put(PaymentResult, self._channel.results(instructions))

    def _service_ms(self, desk: IntEnum, tasks: Rows) -> Ints:
        occasion = tasks["attempt"] * _DESK_CODES + int(desk)
        drawn = self._service.quantile(self._tables[desk], tasks["party"], on_loan(tasks["loan"], occasion))
        return np.where(tasks["inquiry"] != 0, np.maximum(drawn // _INQUIRY_SHARE, LEAST_SERVICE_MS), drawn)

    def _says(self, done: Done) -> dict[str, Ints]:
        return {"verdict": np.where(self._declines(done.desk, done.tasks), int(Verdict.DECLINE), int(Verdict.APPROVE))}

    def _declines(self, desk: IntEnum, tasks: Rows) -> Bools:
        """Operators pass everything on; reviewers now and then find a fault; verifiers find out what is not genuine."""
        if desk is Desk.DISBURSEMENT_REVIEWER:
            return self._reject.happens(self._reject_ppm, tasks["party"], on_loan(tasks["loan"], tasks["attempt"]))
        if desk is Desk.USE_VERIFIER:
            return ~self._borrowers.spends_as_agreed(tasks)
        return np.zeros(len(tasks), dtype=bool)

    def due(self) -> int:
        return min(self._desks.due(), self._held.due())

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        """Rows for ``queues``, ``staff`` and ``partners`` of the window."""
        return self._desks.statistics(window, closing) | port_statistics(self.ports, window)

    def export_state(self) -> State:
        return self._desks.export_state() | self._held.export_state()

    def import_state(self, state: State) -> None:
        """Replaces everything by exported state."""
        self._desks.import_state(state)
        self._held.import_state(state)


class PaymentChannel:
    """Core banking books the instruction, then the payment channel carries the money. An instruction that one of them does
    not take comes back as failed, nothing paid. Keyed by application, tranche and attempt."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._core, self._payment = self.ports = [Port(scenario, seed, name) for name in ("core_banking", "payment")]
        self._draws = {name: Draw(seed, f"payment.{name}") for name in ("wrong", "account", "difference")}
        self._wrong_ppm = scenario.behaviour.payment_wrong_ppm
        minutes = [-1 if one.payment_minutes is None else one.payment_minutes for one in _in_order(scenario)]
        self._scripted_ms = np.array([-1, *minutes], dtype=np.int64) * MINUTE_MS

    def results(self, orders: Rows) -> Rows:
        """One `PaymentResult` an instruction, stamped with the instant at which the bank hears of it."""
        about, attempt = orders["party"], on_loan(orders["loan"], orders["attempt"])
        booked = self._core.call(about, attempt, orders["at"])
        at, failed = booked.at, booked.missing.copy()
        passed_on = true_rows(~booked.missing)
        carried = self._payment.call(about[passed_on], attempt[passed_on], at[passed_on])
        at[passed_on], failed[passed_on] = carried.at, carried.missing
        wrong = ~failed & self._draws["wrong"].happens(self._wrong_ppm, about, attempt)
        at, failed, wrong = self._by_script(orders, at, failed, wrong)
        other_account = wrong & self._draws["account"].happens(_WRONG_ACCOUNT_PPM, about, attempt)
        most = np.clip(orders["amount_fen"] - 1, 1, 2**31)
        less = 1 + below_each(self._draws["difference"], most, about, attempt)
        amount = orders["amount_fen"] - np.where(wrong & ~other_account, less, 0)
        return PaymentResult.carry(
            orders,
            at=at,
            status=np.where(failed, int(Status.FAILED), int(Status.OK)),
            amount_fen=np.where(failed, 0, amount),
            account=orders["account"] + other_account,
        )

    def _by_script(self, orders: Rows, at: Ints, failed: Bools, wrong: Bools) -> tuple[Ints, Bools, Bools]:
        """Where the script says how long a payment takes, it arrives just then, and whole."""
        party = party_of(orders["party"])
        party = np.where(party < len(self._scripted_ms), party, 0)
        took = self._scripted_ms[party]
        drawn = took < 0
        return np.where(drawn, at, orders["at"] + took), failed & drawn, wrong & drawn


class Borrowers:
    """What borrowers do before and after they have the money. Their actions lie at least a day ahead, in office hours of
    workdays; scripted ones keep to their script."""

    def __init__(self, scenario: Scenario, seed: int, held: Held) -> None:
        behaviour, products = scenario.behaviour, load("products", ProductPolicy, scenario.policies)
        self._behaviour, self._held = behaviour, held
        self._draws = {name: Draw(seed, f"borrower.{name}") for name in _PURPOSES.split()}
        self._condition_ms = _days_table(behaviour.condition_days_median)
        self._use_ms = _days_table(behaviour.use_evidence_days_median)
        self._terms = columns_of(products).terms
        self._purposes = {one.code: one.drawdown_purposes for one in products.products if one.revolving}
        self._script = _in_order(scenario)

    def bring_conditions(self, requests: Rows) -> None:
        """APR-13: what was missing is brought days later, or never."""
        about, conditions = requests["party"], requests["conditions"]
        never = self._draws["condition_never"].happens(self._behaviour.condition_never_ppm, about, conditions)
        rows = requests[~never | self._is_scripted(requests["party"])]
        spent = self._draws["condition_days"].quantile(self._condition_ms, rows["party"], rows["conditions"])
        at = self._office_moment(rows["at"], spent, rows["party"])
        self._held.put(ConditionFulfilled, ConditionFulfilled.carry(rows, at=at))

    def plan_drawdowns(self, opened: Rows) -> None:
        """PRD-04: a revolving limit is drawn some times a year while it is valid, first within days."""
        days = (opened["valid_until"] - opened["at"]) // DAY_MS - 1
        rows = opened[(opened["revolving"] != 0) & (days > 0)]
        days = (rows["valid_until"] - rows["at"]) // DAY_MS - 1
        times, rest = np.divmod(self._behaviour.drawdowns_per_year * days, _YEAR_DAYS)
        once_more = self._draws["drawdown_times"].below(_YEAR_DAYS, rows["party"]) < rest
        times = np.clip(times + once_more, 1, days)
        nth = np.arange(int(times.sum())) - np.repeat(times.cumsum() - times, times)
        rows, span = np.repeat(rows, times), np.repeat(days // times, times)
        latest = np.where(nth == 0, np.minimum(span, _FIRST_DRAWDOWN_DAYS), span)
        within = below_each(self._draws["drawdown_day"], latest, rows["party"], nth)
        at = self._office_moment(rows["at"], (nth * span + within) * DAY_MS, rows["party"], nth)
        share = _DRAWN_LEAST_PPM + self._draws["drawdown_amount"].below(_DRAWN_SPAN_PPM, rows["party"], nth)
        amount = rows["limit_fen"] * self._behaviour.drawdown_share_ppm // PPM * share // PPM
        asked = DrawdownRequested.rows(
            len(rows),
            at=at,
            case=rows["case"],
            number=nth + 1,
            term_months=self._term(rows, nth),
            amount_fen=np.maximum(amount // _DRAWN_STEP_FEN, 1) * _DRAWN_STEP_FEN,
            purpose=self._purpose(rows, nth),
            payee_account=PAYEE_BASE + party_of(rows["party"]),
        )
        self._held.put(DrawdownRequested, asked[at < rows["valid_until"]])

    def _purpose(self, rows: Rows, nth: Ints) -> npt.NDArray[np.str_]:
        """One that the product allows; now and then another, which it does not."""
        texts = np.full(len(rows), FORBIDDEN_PURPOSE, dtype="U12")
        good = ~self._draws["drawdown_misused"].happens(self._behaviour.drawdown_misused_ppm, rows["party"], nth)
        for code, allowed in self._purposes.items():
            where = true_rows(good & (rows["product"] == code))
            which = self._draws["drawdown_purpose"].below(len(allowed), rows["party"][where], nth[where])
            texts[where] = np.array(allowed)[which]
        return texts

    def show_use(self, requests: Rows) -> None:
        """DIS-16: evidence of what a tranche was spent on comes days later; some of it is not genuine."""
        scripted = self._is_scripted(requests["party"])
        for row in requests[scripted]:
            self._keep_to_script(row)
        about, tranche = requests["party"], on_loan(requests["loan"])
        spent = self._draws["use_days"].quantile(self._use_ms, about, tranche)
        at = self._office_moment(requests["at"], spent, about, tranche)
        for place in true_rows(scripted):
            days = self._script[int(party_of(about[place])) - 1].use_evidence_after_days
            if days is not None:
                at[place] = requests["at"][place] + days * DAY_MS
        self._held.put(
            UseEvidenceFiled, UseEvidenceFiled.carry(requests, at=at, genuine=self.spends_as_agreed(requests))
        )

    def spends_as_agreed(self, rows: Rows) -> Bools:
        """Whether the money of tranches went where it was meant to go: a truth of the loan, so asking again is no help."""
        chance, tranche = self._behaviour.use_not_genuine_ppm, on_loan(rows["loan"])
        return ~self._draws["not_genuine"].happens(chance, rows["party"], tranche) | self._is_scripted(rows["party"])

    def _keep_to_script(self, request: np.void) -> None:
        """A scripted borrower may ask for the rest of the limit too early."""
        one, loan = self._script[int(party_of(request["party"])) - 1], int(request["loan"])
        rest = (one.approved_amount or one.amount) - int(request["amount_fen"])
        if one.early_tranche_after_days is None or loan % _TRANCHES != 1 or rest <= 0:
            return
        at = int(request["at"]) + one.early_tranche_after_days * DAY_MS
        asked = DrawdownRequested.rows(
            1, at=at, case=int(request["case"]), amount_fen=rest, term_months=one.term_months, number=2
        )
        self._held.put(DrawdownRequested, asked)

    def _is_scripted(self, reference: Ints) -> Bools:
        party = party_of(reference)
        return (party >= 1) & (party <= len(self._script))

    def _term(self, rows: Rows, nth: Ints) -> Ints:
        """One of the product's terms, no longer than what was approved."""
        options = self._terms[rows["product"]]
        options = options & (np.arange(options.shape[1]) <= rows["term_months"][:, None])
        count = options.sum(axis=1)
        chosen = below_each(self._draws["drawdown_term"], np.maximum(count, 1), rows["party"], nth)
        return np.asarray(np.argmax(options.cumsum(axis=1) > chosen[:, None], axis=1))

    def _office_moment(self, at: Ints, spent_ms: Ints, entity: Ints, occasion: Ints | int = 0) -> Ints:
        """A moment of office hours on the first workday from the day on which `spent_ms` have passed, tomorrow at the soonest."""
        day = workday_from(np.maximum((at + spent_ms) // DAY_MS, at // DAY_MS + 1))
        return np.asarray(day * DAY_MS + _OFFICE_OPENS_MS + self._draws["hour"].below(_OFFICE_MS, entity, occasion))


def _days_table(median: int) -> Ints:
    """Quantile table of some days, in ms."""
    return lognormal(median * DAY_MS, _DAYS_SPREAD_PPM, 1, _DAYS_MAX * DAY_MS)


def _in_order(scenario: Scenario) -> list[ScriptedCustomer]:
    """Scripted customers; party n stands at place n − 1."""
    return sorted(scenario.script, key=lambda one: one.party)


def opposite(world: World) -> Opposite:
    """Staff, borrowers and partners; the administrator appoints deputies."""
    people = DisbursementCounterpart(world.scenario, world.seed, world.staffing.desks(world.branches, DESKS))
    return Opposite(people, DeputySource({DESK.appoint: DESKS}, world.staffing, world.branches))
