"""Repayment (还款): the book of all loans from disbursement to their last fen. Mail comes in, a day brings dues and debits by
itself, the day's end accrues. For one loan things happen in the order of their time, and every fen that moves is posted in
the same window."""

from __future__ import annotations

import numpy as np

from credit.codes import Actor, Status
from credit.mail import Outbox
from credit.masks import any_of
from credit.money import PPM
from credit.numbers import TRANSACTIONS_MAX, branch_and_product, case_of, debit_of
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.payments import PaymentPolicy
from credit.policies.repayment import RepaymentPolicy
from credit.policies.scorecard import ScorecardPolicy
from credit.repayment import day_end
from credit.repayment.accounts import DebitAccounts
from credit.repayment.behaviour import Behaviour
from credit.repayment.book import DAYS, Book
from credit.repayment.contract import (
    CHANNELS,
    FAILED_DEBITS,
    AccountChecked,
    ChangeDebit,
    DebitResult,
    EarlyRepaymentRequested,
    Event,
    LoanDisbursed,
    LossEvidence,
    ObservationEnded,
    PaymentMade,
    Refusal,
    RestructureLoan,
    RestructuringReferred,
    WriteOffApproved,
    room,
)
from credit.repayment.dues import Dues
from credit.repayment.early import Early
from credit.repayment.failed_debits import FailedDebits
from credit.repayment.invariants import as_disbursed, failed_debits, payments, violations
from credit.repayment.opening import Opening
from credit.repayment.plans import Plans
from credit.repayment.receipts import Receipts
from credit.repayment.restructure import Restructurings
from credit.repayment.rules import DebitDays
from credit.repayment.states import LoanState
from credit.repayment.write_off import WriteOffs, give_back, offered_fen
from credit.room import Rows
from credit.rows import among, first_fault, only
from credit.schedules import Schedule
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, State, Subsystem, Takes, Together
from credit.times import DAY_MS, Ints
from credit.worklists.worklist import Events, Worklist, takes_acts, takes_appointments

PAYMENTS_MAX = TRANSACTIONS_MAX - 1_000
"""Once a loan has had so many transactions its customer's own payments are refused: the numbers left are the bank's, for debits
and what ends the loan. Nobody who pays fen by fen may use them up."""


class RepaymentSubsystem(Subsystem):
    """State: the book. `check_whole_book` makes every check replay every loan; tests set it."""

    room = room
    REFUSED = Event.RECEIPT_REFUSED
    HANDLERS = (
        Takes(LoanDisbursed, "disbursed"),
        takes_appointments(FAILED_DEBITS, "desk"),
        Together(
            "loan",  # the desk and the customer speak of one loan in the order of their time
            (
                Takes(DebitResult, "debited"),
                Takes(AccountChecked, "account_checked"),
                *takes_acts(FAILED_DEBITS, "desk", "followed_up"),
                Takes(PaymentMade, "paid"),
                Takes(EarlyRepaymentRequested, "repaid_early"),
                Takes(ChangeDebit, "change_debit"),
                Takes(WriteOffApproved, "written_off"),
                Takes(RestructuringReferred, "restructurings.refer"),
                Takes(RestructureLoan, "restructurings.carry_out"),
                Takes(ObservationEnded, "restructurings.observed"),
                Takes(LossEvidence, "restructurings.evident"),
            ),
        ),
    )

    def __init__(
        self,
        policy: RepaymentPolicy,
        products: ProductPolicy,
        payments: PaymentPolicy,
        scorecard: ScorecardPolicy,
        register: StaffRegister,
    ) -> None:
        super().__init__()
        self.policy = policy
        self._instants = (0, policy.debit_ms, policy.reminder_ms, DAY_MS - 1)
        self.check_whole_book = False
        self.book = Book(self.tables)
        self._plans, days = Plans(policy, self.book.restructured), DebitDays(policy)
        self._opening = Opening(self.book, columns_of(products), days, self._plans, self.note)
        self._dues = Dues(self.book, policy, self._plans, Behaviour(self.book, scorecard))
        checks, digits = self.tables["account_checks"], payments.account_digits
        self._accounts = DebitAccounts(self.book, checks, digits, self._dues)
        events = Events(Event.FAILED_DEBIT_URGED, Event.FAILED_DEBIT_HANDLED, Event.FAILED_DEBIT_DEPUTY_APPOINTED)
        self.desk = Worklist(self, FAILED_DEBITS, register, events)
        self._failed = FailedDebits(self.book, policy, self._dues, self._accounts, self.desk)
        self._receipts = Receipts(self.book, policy, self._dues, self._failed, self.note)
        self._early = Early(self.book, policy, self._plans)
        self._write_offs = WriteOffs(self.book)
        self.restructurings = Restructurings(self.book, policy, self._plans, days)

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> RepaymentSubsystem:
        """Repayment under the packaged policies, with a scenario's overrides laid over them."""
        overrides = setting.overrides
        return cls(
            load("repayment", RepaymentPolicy, overrides),
            load("products", ProductPolicy, overrides),
            load("payments", PaymentPolicy, overrides),
            load("scorecard", ScorecardPolicy, overrides),
            setting.register,
        )

    # time -------------------------------------------------------------------------------------------------------------

    def begin(self, out: Outbox) -> None:
        """All of today that lies before the window's end, and first of all whatever earlier days have left undone."""
        today = self.window.day
        self.book.start(today)
        for day in range(self.book.done["ended"] + 1, today):
            self._day(day, len(DAYS), out)
        self._day(today, len(DAYS) - 1, out)

    def _day(self, day: int, steps: int, out: Outbox) -> None:
        """The first steps of a day that are due before the window's end and not done yet. Nothing but the state says what is
        done, so a window may begin late, be long or short: no day and no minute is lost."""
        actions = (self._dues.begin_day, self._dues.ask_debits, self._dues.remind, self._end)
        self.book.today = day
        for name, ms, action in list(zip(DAYS, self._instants, actions, strict=True))[:steps]:
            at = day * DAY_MS + ms
            if at < self.window.until and self.book.done[name] < day:
                action(day, max(at, self.window.start), out)
                self.book.done[name] = day

    def _end(self, day: int, at: int, out: Outbox) -> None:
        day_end.end_day(self.book, day + 1, at, out)
        self._dues.total_overdue(day, at, out)
        self.restructurings.end_day(at, out)
        self.book.compact()

    def end(self, out: Outbox) -> None:
        """At a day's end interest accrues; at each end the ledger is told what moved."""
        self._failed.close_of(self.window, out)
        self._day(self.window.day, len(DAYS), out)
        self.book.report_balances(self.window.until - 1, out)

    def measure(self, until: int, out: Outbox) -> None:
        day_end.measure(self.book, until, out)

    def due(self) -> int:
        done = [self.book.done[name] for name in DAYS]
        days = min((day + 1) * DAY_MS + ms for day, ms in zip(done, self._instants, strict=True))
        return min(days, self.desk.due())

    def product_of(self, case: Ints, loan: Ints) -> Ints:  # noqa: ARG002
        """By the group that the loan is in."""
        book = self.book
        owed, lost = (table.get("group", table.find(loan)) for table in (book.loans, book.written_off))
        return branch_and_product(np.where(owed > 0, owed, lost))[1]

    # mail -------------------------------------------------------------------------------------------------------------

    def disbursed(self, rows: Rows, out: Outbox) -> None:
        """New loans; one that is there already is refused."""
        sound = self._opening.sound(rows)
        wrong = rows[~sound]
        self.refuse(wrong, Refusal.LOAN_UNKNOWN, out, amount_fen=wrong["amount_fen"])
        if any_of(sound):
            self._opening.open_loans(only(rows, sound), out)

    def debited(self, results: Rows, out: Outbox) -> None:
        """Answers of core banking to debits; one that nobody asked for, or that has been answered, is refused. A debit that
        timed out may be answered yet, though it was asked again: its money is taken, counts as recovered where the loan was
        written off since (NPL-09), or goes back where it is settled."""
        book, loans, paid = self.book, results["loan"], results["paid_fen"]
        numbered = (results["attempt"] >= 1) & (results["attempt"] <= TRANSACTIONS_MAX)
        rows = book.debits.find(debit_of(loans, np.where(numbered, results["attempt"], 0)))
        silent = results["status"] == Status.UNAVAILABLE
        answered = (rows >= 0) & (paid >= 0) & ~(silent & (book.debits.get("silent", rows) != 0))
        wrong = ~answered
        self.refuse(results[wrong], Refusal.DEBIT_UNKNOWN, out, actor=Actor.PARTNER, amount_fen=paid[wrong])
        book.debits.put(rows[answered & silent], silent=1)
        on_book, gone = book.find_loans(loans) >= 0, book.written_off.find(loans) >= 0
        recovered, returned = answered & gone, answered & ~gone & ~on_book
        self._write_offs.recover(results[recovered], paid[recovered], Actor.CORE_BANKING, out)
        give_back(results[returned], paid[returned], out)
        book.debits.drop(rows[answered & ~silent])
        self._receipts.debited(results[answered & on_book], out)

    def paid(self, payments: Rows, out: Outbox) -> None:
        """Payments by the customer: an amount, or a share of what is due."""
        loans, share = payments["loan"], payments["share_ppm"]
        gone, on_book = self.book.written_off.find(loans) >= 0, self.book.find_loans(loans) >= 0
        faults = first_fault(
            (~(gone | on_book), Refusal.LOAN_UNKNOWN),
            ((payments["amount_fen"] < 0) | (share < 0) | (share > PPM), Refusal.PAYMENT_AMOUNT),
            ((payments["amount_fen"] == 0) & (share == 0), Refusal.PAYMENT_AMOUNT),
            (~among(payments["channel"], CHANNELS), Refusal.PAYMENT_CHANNEL),
            (self._moved(loans) >= PAYMENTS_MAX, Refusal.PAYMENTS_SPENT),
        )
        wrong, sound = payments[faults != 0], faults == 0
        gone, on_book = gone & sound, on_book & sound
        self.refuse(wrong, faults[faults != 0], out, actor=Actor.PARTNER, amount_fen=wrong["amount_fen"])
        recovered, payments = payments[gone], payments[on_book]
        claims = self._write_offs.claims_fen(recovered["loan"])
        offered, channel = offered_fen(recovered, claims), recovered["channel"]
        self._write_offs.recover(recovered, offered, Actor.CUSTOMER, out, channel=channel)
        amount = offered_fen(payments, self.book.owed(payments["loan"])[1])
        some = amount > 0
        payments, amount = payments[some], amount[some]
        self._receipts.take(payments, amount, Actor.CUSTOMER, out, channel=payments["channel"])

    def _moved(self, loans: Ints) -> Ints:
        """How many transactions loans have had."""
        owed, lost = (
            table.get("transactions", table.find(loans)) for table in (self.book.loans, self.book.written_off)
        )
        return np.maximum(owed, lost)

    def repaid_early(self, orders: Rows, out: Outbox) -> None:
        """REP-11, REP-12: orders that the loan and the policy allow."""
        faults = self._early.faults(orders)
        bad, orders = orders[faults != 0], only(orders, faults == 0)
        out.log(
            Event.EARLY_REPAYMENT_REFUSED,
            bad["at"],
            case_of(bad["loan"]),
            actor=Actor.CUSTOMER,
            loan=bad["loan"],
            amount_fen=bad["amount_fen"],
            reason=faults[faults != 0],
        )
        out.answer(bad, number=bad["loan"], reason=faults[faults != 0])
        if len(orders):
            self._early.repay(orders, out)

    def change_debit(self, orders: Rows, out: Outbox) -> None:
        """REP-14: another account, or another way of paying, for the rest of the loan."""
        faults = self._accounts.faults(orders["loan"], orders["account"], orders["automatic"])
        bad = orders[faults != 0]
        self.refuse(bad, faults[faults != 0], out, actor=np.where(bad["operator"] > 0, bad["operator"], Actor.CUSTOMER))
        self._accounts.change(only(orders, faults == 0), out)

    def account_checked(self, answers: Rows, out: Outbox) -> None:
        """What core banking says of accounts that loans are to be repaid from."""
        orders, refused = self._accounts.checked(answers, out)
        self._failed.again(orders[refused], out)

    def followed_up(self, rows: Rows, out: Outbox) -> None:
        """REP-08: what the desk of failed debits does about them."""
        self._failed.follow_up(rows, out)

    def written_off(self, approved: Rows, out: Outbox) -> None:
        """NPL-09: loans that are still overdue when their write-off has been approved."""
        overdue = self._write_offs.overdue(approved)
        self.refuse(approved[~overdue], Refusal.LOAN_UNKNOWN, out)
        if any_of(overdue):
            self._write_offs.write_off(only(approved, overdue), out)

    # looking ----------------------------------------------------------------------------------------------------------

    def violations(self) -> list[str]:
        found = violations(self.book, self._plans, whole=self.check_whole_book)
        for rows in self.noted("payments"):
            found += payments(rows)
        for rows in self.noted("opened"):
            found += as_disbursed(rows)
        found += failed_debits(self.book, self.desk.tasks, ended=self.window.ends_day)
        return found + self.desk.violations(self.window.until)

    def schedule(self, loan: int) -> Schedule:
        """The running plan of a loan on the book, an instalment a row (REP-01, REP-04); KeyError for any other."""
        row = self.book.find_loans(np.array([loan], dtype=np.int64))
        if row[0] < 0 or self.book.loans["number"][row[0]] > self.book.loans["periods"][row[0]]:
            raise KeyError(f"loan {loan} has no plan: it is not on the book, or all its instalments have fallen due")
        return self._plans.schedule(self.book.loans.take(row))

    def export_state(self) -> State:
        """What is alive, in id order: what still waits to be compacted is no part of the state."""
        self.book.write_days()
        state = super().export_state()
        loans, arrears, instalments = state["loans"], state["arrears"], state["instalments"]
        return state | {
            "loans": loans[loans["state"] < LoanState.SETTLED],
            "arrears": arrears[arrears["principal_fen"] + arrears["interest_fen"] + arrears["penalty_fen"] > 0],
            "instalments": instalments[instalments["principal_fen"] + instalments["interest_fen"] > 0],
        }

    def import_state(self, state: State) -> None:
        super().import_state(state)
        self.book.begin_anew()


build = RepaymentSubsystem.build
