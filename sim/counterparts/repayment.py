"""The world opposite repayment: accounts that hold what is due or don't, customers who pay by themselves, late or as promised,
and those who repay early. Whether an instalment is missed is fixed by (loan, number), whether an overdue customer
pays by (loan, day), so neither windows, retries nor shards have a say."""

from __future__ import annotations

import datetime as dt
import math
from enum import IntEnum
from functools import cache
from typing import NamedTuple

import numpy as np

from credit.calendar import WORKDAY_LAST_YEAR, add_months, day_of_month, workday_from
from credit.codes import Channel, Status
from credit.mail import Inbox
from credit.masks import all_of, true_rows
from credit.numbers import occasion_of_task, place_in_case
from credit.policies import ProductPolicy, load
from credit.repayment.contract import (
    FAILED_DEBITS,
    AccountCheck,
    AccountChecked,
    DebitRequest,
    DebitResult,
    Desk,
    EarlyRepaymentRequested,
    FollowUp,
    LoanOpened,
    PaymentIntended,
    PaymentMade,
)
from credit.room import Kind, Rows
from credit.schedules import LOWER_INSTALMENT, SHORTER_TERM
from credit.subsystem import State, Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, NEVER, Bools, Ints, day_number
from scenarios.model import Scenario
from sim.counterparts.ports import Port, port_statistics
from sim.counterparts.staffed import Done, StaffedDesks, service_table
from sim.curves import exponential
from sim.economy import Economy
from sim.held import Held
from sim.occasions import on_loan, party_of
from sim.opposite import Opposite, World
from sim.population.script import OTHER_ACCOUNT_BASE, moment_of
from sim.randomness import PPM, Draw, Draws
from sim.staff import Desks
from sim.staffing import DeputySource
from sim.truth import Truth

_BATCH_MS = 15 * MINUTE_MS
"""A debit is tried within so long of being asked for."""
_ONE_INSTALMENT_DPD = 28
"""Below this DPD the instalment that fell due last is the oldest unpaid one, since months have 28 days or more."""
_CURE_DPD = np.array([8, 31, 91], dtype=np.int64)
_CURE_DIVISOR = np.array([1, 2, 20, 80], dtype=np.int64)
_WILLING_PPM = 625_000
"""Willingness of the average customer, for whom `cure_daily_ppm` holds."""
_CURE_MOST_PPM = 950_000
_PARTIAL_EVERY_DPD = 7
_PARTIAL_LEAST_PPM, _PARTIAL_SPAN_PPM = 100_000, 500_000
_PAYING_MS = 12 * HOUR_MS
_LATE_DAYS_MAX = 5
_CHANNELS = np.array([Channel.ONLINE_BANK, Channel.MOBILE_BANK, Channel.COUNTER, Channel.THIRD_PARTY], dtype=np.int64)
_CHANNEL_PPM = np.array([200_000, 600_000, 100_000, 100_000], dtype=np.int64)
_OFFICE_OPENS_MS, _OFFICE_MS = 9 * HOUR_MS, 8 * HOUR_MS
_YEAR_DAYS, _MONTH_DAYS = 365, 30
_EARLY_DAYS_MAX = 1_000 * _YEAR_DAYS
_LAST_DAY = day_number(dt.date(WORKDAY_LAST_YEAR, 12, 1))
"""Nobody plans further ahead than workdays are known."""
_PARTS_MAX = 3
_PART_LEAST_PPM, _PART_SPAN_PPM = 100_000, 300_000
_PART_STEP_FEN, _PART_LEAST_FEN = 10_000, 100_000
_BY_HAND_PPM = 900_000
"""Chance that a debit brings all of it once the customer has said that the money is there."""
_NOT_OWN_PPM = 50_000
"""Chance that the account a customer names is somebody else's."""
_ACCOUNTS = 100
_FIRST_DESK_ROUND = 1


class RepaymentCounterpart:
    """Customers of a shard's loans, the port through which their accounts are debited, and the bank's desk of failed debits."""

    def __init__(self, scenario: Scenario, seed: int, desks: Desks, truth: Truth | None = None) -> None:
        """`desks`: the shard's repayment desks (see `sim.staffing`)."""
        self._payers = Payers(scenario, seed, truth or Truth(seed, scenario))
        self._clerks = Clerks(scenario, seed, self._payers)
        self._desks = StaffedDesks(
            desks, FAILED_DEBITS, (Desk.REPAYMENT_CLERK,), _FIRST_DESK_ROUND, self._clerks.service_ms, self._clerks.say
        )
        self.rounds = self._desks.rounds
        self._early = EarlyRepayers(scenario, seed)
        self._core = Port(scenario, seed, "core_banking")
        self.ports = [self._core]
        self._place_in_batch = Draw(seed, "debit.batch")
        self._held, self._far = Held(), Held()

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """Results of debits minutes later, payments when they are made, early repayments when their month has come."""
        said = self._desks.respond(requests, window, round_number)
        debits = requests.take(DebitRequest)
        if len(debits):
            self._ask(debits)
        intended = requests.take(PaymentIntended)
        if len(intended):
            self._held.put(PaymentMade, self._payers.as_intended(intended))
        opened = requests.take(LoanOpened)
        if len(opened):
            self._far.put(EarlyRepaymentRequested, self._early.requests(opened))
            self._far.put(PaymentMade, self._payers.of_own_accord(opened))
        accounts = requests.take(AccountCheck)
        if len(accounts):
            self._held.put(AccountChecked, self._checked(accounts))
        return [*said, *self._release(window)]

    def _checked(self, accounts: Rows) -> Rows:
        """Core banking compares names; where it is silent, nobody knows."""
        about, occasion = accounts["party"], on_loan(accounts["loan"], accounts["account"] % _ACCOUNTS)
        answer = self._core.call(about, occasion, accounts["at"])
        status = np.where(self._payers.names_other(about, occasion), int(Status.REFUSED), int(Status.OK))
        status[answer.missing] = Status.UNAVAILABLE
        return AccountChecked.carry(accounts, at=answer.at, status=status)

    def _ask(self, debits: Rows) -> None:
        automatic = debits["automatic"] != 0
        if all_of(automatic):
            self._held.put(DebitResult, self._debited(debits))
            return
        self._held.put(DebitResult, self._debited(debits[automatic]))
        self._held.put(PaymentMade, self._payers.bill(debits[~automatic]))

    def _debited(self, debits: Rows) -> Rows:
        """One result a debit: all of it, a part or nothing; nothing and no answer where core banking is silent."""
        loan, attempt, amount = (np.ascontiguousarray(debits[name]) for name in ("loan", "attempt", "amount_fen"))
        about, occasion = debits["party"], on_loan(loan, attempt)
        tried = debits["at"] + self._place_in_batch.below(_BATCH_MS, about, occasion)
        answer = self._core.call(about, occasion, tried)
        share = self._payers.shares(debits).share_ppm
        by_hand = debits["by_hand"] != 0
        share[by_hand] = self._payers.as_said(debits[by_hand])
        paid = np.where(share == PPM, amount, amount * share // PPM)
        paid[answer.missing] = 0
        status = np.where(paid < amount, int(Status.FAILED), int(Status.OK))
        status[answer.missing] = Status.UNAVAILABLE
        return DebitResult.rows(len(debits), at=answer.at, loan=loan, paid_fen=paid, status=status, attempt=attempt)

    def _release(self, window: Window) -> list[tuple[Kind, Rows]]:
        """What is due in the window. Early repayments years ahead lie apart and come nearer once a month, so that a window
        does not turn over all of them."""
        if self._nears() < window.until:
            next_month = int(add_months(_month_begins((window.until - 1) // DAY_MS), 1))
            for kind, rows in self._far.release(Window(window.number, 0, next_month * DAY_MS)):
                self._held.put(kind, rows)
        return self._held.release(window)

    def _nears(self) -> int:
        """When a month begins that brings early repayments nearer."""
        far = self._far.due()
        return far if far == NEVER else _month_begins(far // DAY_MS) * DAY_MS

    def due(self) -> int:
        """When the next payment or result comes, or a month begins that brings early repayments nearer."""
        return min(self._held.due(), self._desks.due(), self._nears())

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        """Rows for ``queues``, ``staff`` and ``partners`` of the window."""
        return self._desks.statistics(window, closing) | port_statistics(self.ports, window)

    def export_state(self) -> State:
        return self._desks.export_state() | self._held.export_state() | self._far.export_state("far")

    def import_state(self, state: State) -> None:
        """Replaces everything by exported state."""
        self._desks.import_state(state)
        self._held.import_state(state)
        self._far.import_state(state, "far")


@cache
def _month_begins(day: int) -> int:
    """The first day of a day's month."""
    return day + 1 - int(day_of_month(day))


class Shares(NamedTuple):
    """Of each debit: the share that the customer has for it, and whether its instalment was missed (always so once an
    older one is unpaid)."""

    share_ppm: Ints
    missed: Bools


class Payers:
    """Who pays, how much and when."""

    def __init__(self, scenario: Scenario, seed: int, truth: Truth) -> None:
        products = load("products", ProductPolicy, scenario.policies)
        self._behaviour, self._truth = scenario.behaviour, truth
        self._economy = Economy(scenario, products)
        self._codes = np.arange(max(product.code for product in products.products) + 1)
        self._scripted = len(scenario.script)
        self._missed = np.array(
            [(one.party, number) for one in scenario.script for number in one.misses], dtype=np.int64
        )
        self._brings = np.array(
            [(one.party, moment_of(paid.at), paid.amount) for one in scenario.script for paid in one.pays],
            dtype=np.int64,
        ).reshape(-1, 3)
        names = ("miss", "cure", "partial", "part", "late", "late_days", "hour", "channel", "by_hand", "other")
        self._draws = {name: Draw(seed, f"payer.{name}") for name in names}

    def shares(self, debits: Rows) -> Shares:
        """First the fate of the instalment; a missed one is made up on a later day, or paid in part."""
        missed = self.misses(debits)
        share = np.where(missed, 0, PPM)
        short = true_rows(missed)
        if len(short):
            share[short] = self._made_up(debits[short])
        return Shares(share, missed)

    def misses(self, debits: Rows) -> Bools:
        """Whether the instalment that fell due last is missed, by loan and number, as the economy was on its due date; true
        for all that are past the month of one instalment."""
        missed = np.ones(len(debits), dtype=bool)
        first = true_rows(debits["dpd"] < _ONE_INSTALMENT_DPD)
        loan, number, party, product, at, dpd = (
            debits[name][first] for name in ("loan", "number", "party", "product", "at", "dpd")
        )
        factor = self._factor_ppm(product, at // DAY_MS - dpd)
        chance = self._truth.miss_ppm(party_of(party), product) * factor // PPM
        missed[first] = self._draws["miss"].happens(chance, party, on_loan(loan, number))
        if len(self._missed):
            missed[first] |= self._as_scripted(party_of(party), number)
        return missed

    def _as_scripted(self, party: Ints, number: Ints) -> Bools:
        """Whether a script says that an instalment is missed."""
        of, missed = self._missed.T
        return np.asarray(((party[:, None] == of) & (number[:, None] == missed)).any(axis=1))

    def _factor_ppm(self, product: Ints, day: Ints) -> Ints:
        """The economy's factor; looked up in a small table of products and days."""
        if not len(day):
            return day
        first, last = int(day.min()), int(day.max())
        table = self._economy.miss_factor_ppm(self._codes[:, None], np.arange(first, last + 1)[None, :])
        return np.asarray(table[product, day - first])

    def _made_up(self, debits: Rows) -> Ints:
        """Share paid of debits whose instalment was missed: nothing, a part, or from the next day on all of it. The longer
        overdue, the rarer, and rarer still in a bad economy; a part is found at most once in seven days."""
        dpd, day, about = debits["dpd"], debits["at"] // DAY_MS, debits["party"]
        party, occasion = party_of(about), on_loan(debits["loan"], day)
        falling = _CURE_DIVISOR[_CURE_DPD.searchsorted(dpd, side="right")]
        willing = self._truth.willingness_ppm(party)
        chance = self._behaviour.cure_daily_ppm * willing // _WILLING_PPM // falling
        chance = chance * PPM // self._factor_ppm(debits["product"], day)
        cured = (dpd > 0) & self._draws["cure"].happens(np.minimum(chance, _CURE_MOST_PPM), about, occasion)
        cured &= ~self._stays_short(party)
        found = (dpd % _PARTIAL_EVERY_DPD == 0) & (party > self._scripted)
        found &= self._draws["partial"].happens(self._behaviour.debit_partial_ppm, about, occasion)
        part = _PARTIAL_LEAST_PPM + self._draws["part"].below(_PARTIAL_SPAN_PPM, about, occasion)
        return np.where(cured, PPM, np.where(found, part, 0))

    def bill(self, debits: Rows) -> Rows:
        """REP-06: without automatic debit the bill is paid on its day or, by the forgetful, some days late; whoever missed
        it behaves as any overdue customer. Later bills of an instalment that is paid anyway change nothing."""
        shares = self.shares(debits)
        pays = (shares.share_ppm > 0) & (shares.missed | (debits["dpd"] == 0))
        rows, share = debits[pays], shares.share_ppm[pays]
        about, number = rows["party"], rows["number"]
        due, day = on_loan(rows["loan"], number), on_loan(rows["loan"], rows["at"] // DAY_MS)
        late = self._draws["late"].happens(self._behaviour.manual_late_ppm, about, due)
        late &= ~shares.missed[pays] & (party_of(about) > self._scripted)
        days = np.where(late, 1 + self._draws["late_days"].below(_LATE_DAYS_MAX, about, due), 0)
        at = rows["at"] + days * DAY_MS + self._draws["hour"].below(_PAYING_MS, about, day)
        return self._payments(rows, at, share, number)

    def as_said(self, debits: Rows) -> Ints:
        """Share paid of debits that somebody of the bank asked for, after the customer had said that the money is there; who
        misses by script has none."""
        paid = self._draws["by_hand"].happens(_BY_HAND_PPM, debits["party"], on_loan(debits["loan"], debits["attempt"]))
        return np.where(paid & ~self._stays_short(party_of(debits["party"])), PPM, 0)

    def _stays_short(self, party: Ints) -> Bools:
        """Who misses instalments by script makes none of them up."""
        return np.isin(party, self._missed.reshape(-1, 2)[:, 0])

    def names_other(self, party: Ints, occasion: Ints) -> Bools:
        """Whether the account that a customer names is somebody else's."""
        return self._draws["other"].happens(_NOT_OWN_PPM, party, occasion)

    def scaled(self, chance_ppm: int, party: Ints) -> Ints:
        """A chance of the average customer, for each customer's willingness."""
        return np.minimum(chance_ppm * self._truth.willingness_ppm(party) // _WILLING_PPM, PPM)

    def as_intended(self, intended: Rows) -> Rows:
        """Payments that collections has brought about."""
        return self._payments(intended, intended["pay_at"], intended["share_ppm"], intended["pay_at"] // DAY_MS)

    def of_own_accord(self, opened: Rows) -> Rows:
        """What scripts have customers bring to the counter on their first loans, once those are open."""
        first = opened[place_in_case(opened["loan"]) == 1]
        place, of = np.nonzero(party_of(first["party"])[:, None] == self._brings[:, 0])
        rows, brought = first[place], self._brings[of]
        said = {"loan": rows["loan"], "amount_fen": brought[:, 2], "channel": int(Channel.COUNTER)}
        return PaymentMade.rows(len(rows), at=brought[:, 1], **said)

    def _payments(self, rows: Rows, at: Ints, share_ppm: Ints, occasion: Ints) -> Rows:
        channel = _CHANNELS[self._draws["channel"].choice(_CHANNEL_PPM, rows["party"], on_loan(rows["loan"], occasion))]
        return PaymentMade.rows(len(rows), at=at, loan=rows["loan"], share_ppm=share_ppm, channel=channel)


class Clerks:
    """The desk of failed debits: who is called says that the money is there now, names another account, or neither."""

    def __init__(self, scenario: Scenario, seed: int, payers: Payers) -> None:
        self._behaviour, self._payers = scenario.behaviour, payers
        self._table = service_table(scenario, Desk.REPAYMENT_CLERK)
        self._draws = Draws(seed, "failed_debit", ("service", "says"))

    def service_ms(self, desk: IntEnum, tasks: Rows) -> Ints:
        del desk
        return self._draws["service"].quantile(self._table, tasks["party"], on_loan(tasks["loan"], _day_of(tasks)))

    def say(self, done: Done) -> dict[str, Ints]:
        """What comes of the calls."""
        tasks, party, day = done.tasks, party_of(done.tasks["party"]), _day_of(done.tasks)
        again = self._payers.scaled(self._behaviour.failed_debit_again_ppm, party)
        other = again + self._payers.scaled(self._behaviour.failed_debit_account_ppm, party)
        drawn = self._draws["says"].ppm(tasks["party"], on_loan(tasks["loan"], day))
        said = np.select(
            [drawn < again, drawn < other], [FollowUp.DEBIT_AGAIN, FollowUp.CHANGE_ACCOUNT], FollowUp.HAND_OVER
        ).astype(np.int64)
        account = OTHER_ACCOUNT_BASE + party * _ACCOUNTS + day % _ACCOUNTS
        return {"follow_up": said, "account": np.where(said == FollowUp.CHANGE_ACCOUNT, account, 0)}


def _day_of(tasks: Rows) -> Ints:
    """What a call's luck hangs on beside the loan: its how-manieth task."""
    return occasion_of_task(tasks["task"])


class EarlyRepayers:
    """Who repays early, and when: waiting times of the yearly chances, drawn once when a loan is opened."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        behaviour = scenario.behaviour
        self._full = _waiting_days(behaviour.early_full_per_year_ppm)
        self._part = _waiting_days(behaviour.early_partial_per_year_ppm)
        self._scripted = len(scenario.script)
        names = ("full", "part", "amount", "choice", "hour")
        self._draws = Draws(seed, "early", names)

    def requests(self, opened: Rows) -> Rows:
        """REP-11, REP-12: at most one repayment in full a loan and some in part before it, none in the loan's last month."""
        opened = opened[party_of(opened["party"]) > self._scripted]
        start = opened["at"] // DAY_MS
        end = np.minimum(start + (opened["term_months"] - 1) * _MONTH_DAYS, _LAST_DAY)
        full = self._on(start, self._full, "full", opened, 0)
        found = [self._rows(opened, full, full < end, 1, 0)]
        part = start
        for nth in range(1, _PARTS_MAX + 1):
            part = self._on(part, self._part, "part", opened, nth)
            found.append(self._rows(opened, part, part < np.minimum(full, end), 0, nth))
        return np.concatenate(found)

    def _on(self, start: Ints, table: Ints, what: str, opened: Rows, nth: int) -> Ints:
        """The day after a wait from `start`, tomorrow at the soonest."""
        return np.asarray(start + 1 + self._draws[what].quantile(table, opened["party"], on_loan(opened["loan"], nth)))

    def _rows(self, opened: Rows, day: Ints, wanted: Bools, full: int, nth: int) -> Rows:
        """Requests on workdays in office hours; a part is 10 to 40 % of the amount borrowed, in hundreds of yuan."""
        rows = opened[wanted]
        if not len(rows):
            return EarlyRepaymentRequested.nothing
        about, occasion = rows["party"], on_loan(rows["loan"], nth)
        at = (
            workday_from(day[wanted]) * DAY_MS
            + _OFFICE_OPENS_MS
            + self._draws["hour"].below(_OFFICE_MS, about, occasion)
        )
        share = _PART_LEAST_PPM + self._draws["amount"].below(_PART_SPAN_PPM, about, occasion)
        amount = np.maximum(rows["amount_fen"] * share // PPM // _PART_STEP_FEN * _PART_STEP_FEN, _PART_LEAST_FEN)
        choice = np.where(self._draws["choice"].below(2, about, occasion) == 0, SHORTER_TERM, LOWER_INSTALMENT)
        return EarlyRepaymentRequested.rows(
            len(rows),
            at=at,
            loan=rows["loan"],
            full=full,
            amount_fen=0 if full else amount,
            choice=0 if full else choice,
        )


def _waiting_days(per_year_ppm: int) -> Ints:
    """Quantile table of the days until something that happens within a year with a chance in millionths; a chance of 0
    waits longer than any loan lasts."""
    if per_year_ppm <= 0:
        return np.full_like(exponential(1), _EARLY_DAYS_MAX)
    yearly = -math.log1p(-min(per_year_ppm, PPM - 1) / PPM)
    return exponential(max(round(_YEAR_DAYS / yearly), 1), 0, _EARLY_DAYS_MAX)


def opposite(world: World) -> Opposite:
    """Customers, their accounts, and the desk of failed debits; the administrator appoints its deputies."""
    desks = world.staffing.desks(world.branches, Desk)
    deputies = DeputySource({FAILED_DEBITS.appoint: Desk}, world.staffing, world.branches)
    return Opposite(RepaymentCounterpart(world.scenario, world.seed, desks), deputies)
