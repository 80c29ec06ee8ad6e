"""Repayment (还款): the book of all loans from disbursement to their last fen. Mail comes in, a day brings dues and debits by
itself, the day's end accrues. Its rule: for one loan things happen in the order of their time, and every fen that moves is
posted in the same window."""

from __future__ import annotations

import numpy as np

from credit.mail import Inbox, Outbox
from credit.policies import Overrides, ProductPolicy, columns_of, load
from credit.policies.repayment import RepaymentPolicy
from credit.repayment.book import Book
from credit.repayment.contract import (
    DebitResult,
    EarlyRepaymentRequested,
    LoanDisbursed,
    PaymentMade,
    WriteOffApproved,
    room,
)
from credit.repayment.day_end import end_day
from credit.repayment.dues import Dues
from credit.repayment.early import Early
from credit.repayment.invariants import violations
from credit.repayment.opening import Opening
from credit.repayment.plans import Plans
from credit.repayment.receipts import Receipts
from credit.repayment.rules import DebitDays
from credit.repayment.write_off import write_off
from credit.room import Kind, Rows
from credit.rows import waves
from credit.schedules import Schedule
from credit.subsystem import Setting, State, Window
from credit.times import DAY_MS, Ints

_MONEY_KINDS = (DebitResult, PaymentMade, EarlyRepaymentRequested, WriteOffApproved)


class RepaymentSubsystem:
    """State: the book. `check_whole_book` makes every check replay every loan; tests set it."""

    room = room

    def __init__(self, policy: RepaymentPolicy, products: ProductPolicy, *, check_whole_book: bool = False) -> None:
        self.policy = policy
        self.book = Book()
        self.check_whole_book = check_whole_book
        self._plans = Plans(policy)
        self._opening = Opening(columns_of(products), DebitDays(policy), self._plans)
        self._dues = Dues(policy, self._plans)
        self._receipts = Receipts(policy, self._dues)
        self._early = Early(policy, self._plans)

    @classmethod
    def build(cls, overrides: Overrides | None = None) -> RepaymentSubsystem:
        """Repayment under the packaged policies, with a scenario's overrides laid over them."""
        return cls(load("repayment", RepaymentPolicy, overrides), load("products", ProductPolicy, overrides))

    def open(self, window: Window, out: Outbox) -> None:
        """The days that begin in the window, then the day's debits and reminders if their minute lies in it."""
        self.book.today = window.day
        if window.start % DAY_MS == 0:
            self._dues.begin_day(self.book, window.day, out)
        for minute_ms, action in (
            (self.policy.debit_ms, self._dues.ask_debits),
            (self.policy.reminder_ms, self._dues.remind),
        ):
            at = window.day * DAY_MS + minute_ms
            if window.start <= at < window.until:
                action(self.book, window.day, at, out)

    def apply(self, inbox: Inbox, window: Window, out: Outbox) -> None:  # noqa: ARG002
        """New loans first: nothing can happen to a loan before it is there. Then money, loan by loan in order of time."""
        disbursed = inbox.take(LoanDisbursed)
        if len(disbursed):
            self._opening.open_loans(self.book, disbursed, out)
        kinds = [kind for kind in _MONEY_KINDS if len(inbox.take(kind))]
        if not kinds:
            return
        of_kind, row = _in_time(inbox, kinds)
        loans = np.concatenate([inbox.take(kind)["loan"] for kind in kinds])[row]
        offsets = np.cumsum([0, *(len(inbox.take(kind)) for kind in kinds)])
        for wave in waves(loans):
            for number, kind in enumerate(kinds):
                mine = wave[of_kind[wave] == number]
                if len(mine):
                    self._money(kind, inbox.take(kind)[row[mine] - offsets[number]], out)

    def _money(self, kind: Kind, rows: Rows, out: Outbox) -> None:
        if kind is DebitResult:
            self._receipts.debit_results(self.book, rows, out)
        elif kind is PaymentMade:
            self._receipts.payments(self.book, rows, out)
        elif kind is EarlyRepaymentRequested:
            self._early.repay(self.book, rows, out)
        else:
            write_off(self.book, rows, out)

    def close(self, window: Window, out: Outbox) -> None:
        """At a day's end interest accrues and the book is measured; at each end the ledger is told what moved."""
        if window.ends_day:
            end_day(self.book, window.until // DAY_MS, window.until - 1, out)
            self.book.compact()
        self.book.report_balances(window.until - 1, out)

    def check(self) -> list[str]:
        """Violated invariants, each naming its loan."""
        return violations(self.book, self._plans, whole=self.check_whole_book)

    def schedule(self, loan: int) -> Schedule:
        """The running plan of a loan on the book, an instalment a row (REP-01, REP-04); KeyError for any other."""
        row = self.book.find_loans(np.array([loan], dtype=np.int64))
        if row[0] < 0 or self.book.loans["number"][row[0]] > self.book.loans["periods"][row[0]]:
            raise KeyError(f"loan {loan} has no plan: it is not on the book, or all its instalments have fallen due")
        return self._plans.schedule(self.book.loans.take(row))

    def export_state(self) -> State:
        return self.book.export_state()

    def import_state(self, state: State) -> None:
        self.book.import_state(state)


def _in_time(inbox: Inbox, kinds: list[Kind]) -> tuple[Ints, Ints]:
    """(place of the kind, place among all rows) of the rows of several kinds, in order of time, then kind."""
    lengths = [len(inbox.take(kind)) for kind in kinds]
    of_kind = np.repeat(np.arange(len(kinds)), lengths)
    at = np.concatenate([inbox.take(kind)["at"] for kind in kinds])
    order = np.argsort(at, kind="stable")
    return of_kind[order], order


def build(setting: Setting) -> RepaymentSubsystem:
    """The room under a setting."""
    return RepaymentSubsystem.build(setting.overrides)
