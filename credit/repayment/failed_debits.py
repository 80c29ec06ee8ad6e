"""The failed-debit list (扣款异常名单, REP-08): a debit that fails on its due day is a task of the repayment desk, which asks the
customer what is wrong. It leads to another attempt, to another account, or to collections; a loan that owes nothing any more
leaves the list when the day ends."""

from __future__ import annotations

import numpy as np

from credit.calendar import close_of_workday
from credit.codes import Actor
from credit.collections.contract import DebitHandedOver
from credit.mail import Outbox
from credit.numbers import branch_and_product, case_of, occasion_of_day, task_of
from credit.policies.repayment import RepaymentPolicy
from credit.repayment.accounts import DebitAccounts
from credit.repayment.book import Book
from credit.repayment.contract import ChangeDebit, Desk, Event, FollowUp, Refusal
from credit.repayment.dues import Dues
from credit.room import Rows
from credit.rows import among, first_fault
from credit.subsystem import Window
from credit.times import DAY_MS, Bools, Ints
from credit.worklists.states import Refusal as TaskRefusal
from credit.worklists.worklist import Worklist

_PRIORITY = 3
_TASKS_A_DAY = 2
"""Of a loan: its failed debit, and the account that core banking has refused."""
_FOLLOW_UPS = [int(one) for one in FollowUp]


class FailedDebits:
    """The list and its desk. All methods expect each loan at most once."""

    def __init__(
        self, book: Book, policy: RepaymentPolicy, dues: Dues, accounts: DebitAccounts, desk: Worklist
    ) -> None:
        self._book, self._policy, self._dues, self._accounts, self._desk = book, policy, dues, accounts, desk

    def is_listed(self, rows: Rows) -> Bools:
        """True for loans whose debit of the day is on the list already, or has been followed up."""
        occasion = occasion_of_day(rows["at"] // DAY_MS, 0, _TASKS_A_DAY)
        return np.asarray(self._desk.tasks.find(task_of(rows["loan"], occasion)) >= 0)

    def enter(self, results: Rows, arrears: Ints, out: Outbox) -> None:
        """Debits that failed on their due day, with the rows of the arrears."""
        if not len(results):
            return
        self._put(results, arrears, 0, out)
        self._log(Event.FAILED_DEBIT_LISTED, results, out, actor=Actor.SYSTEM)

    def again(self, orders: Rows, out: Outbox) -> None:
        """Accounts that the desk was told and core banking has refused: the debit is before the desk once more."""
        loans, day = orders["loan"], orders["at"] // DAY_MS
        arrears, owed = self._book.owed(loans)
        known = self._desk.tasks.find(task_of(loans, occasion_of_day(day, 1, _TASKS_A_DAY))) >= 0
        chosen = (orders["operator"] > 0) & (owed > 0) & ~known & ~self._desk.has_open(loans)
        self._put(orders[chosen], arrears[chosen], 1, out)

    def _put(self, rows: Rows, arrears: Ints, nth: int, out: Outbox) -> None:
        if not len(rows):
            return
        at, found, book = rows["at"], self._book.arrears.take(arrears), self._book
        branch, product = branch_and_product(found["group"])
        self._desk.put(
            found,
            out,
            at=at,
            occasion=occasion_of_day(at // DAY_MS, nth, _TASKS_A_DAY),
            case=case_of(found["loan"]),
            party=book.loans["party"][book.find_loans(found["loan"])],
            product=product,
            branch=branch,
            amount_fen=book.arrears_fen()[arrears],
            desk=Desk.REPAYMENT_CLERK,
            priority=_PRIORITY,
            limit_at=close_of_workday(at, self._policy.follow_up_workdays, self._policy.follow_up_closing_minute),
            excluded=0,
        )

    # what the desk does -----------------------------------------------------------------------------------------------

    def follow_up(self, rows: Rows, out: Outbox) -> None:
        """What somebody of the desk has found out, and what it leads to."""
        rows, tasks = self._desk.heard(rows, out)
        _, owed = self._book.owed(rows["loan"])
        change = rows["follow_up"] == FollowUp.CHANGE_ACCOUNT
        faults = first_fault(
            (~among(rows["follow_up"], _FOLLOW_UPS), TaskRefusal.DECISION_INVALID),
            (owed == 0, Refusal.NOTHING_OWED),
            (~change & (rows["account"] != 0), TaskRefusal.DECISION_INVALID),
            (change & (rows["account"] == 0), Refusal.ACCOUNT_INVALID),
            (change, self._accounts.faults(rows["loan"], rows["account"], np.ones(len(rows), dtype=np.int64))),
        )
        bad = faults != 0
        self._desk.reject(rows[bad], tasks[bad], faults[bad], out)
        rows, tasks = rows[~bad], tasks[~bad]
        if not len(rows):
            return
        self._desk.done(tasks, rows["at"], out)
        self._log(Event.FAILED_DEBIT_FOLLOWED_UP, rows, out, actor=rows["person"], reason=rows["follow_up"])
        self._debit_again(rows[rows["follow_up"] == FollowUp.DEBIT_AGAIN], out)
        changed = rows[rows["follow_up"] == FollowUp.CHANGE_ACCOUNT]
        self._accounts.change(ChangeDebit.carry(changed, automatic=1, operator=changed["person"]), out)
        self._hand_over(rows[rows["follow_up"] == FollowUp.HAND_OVER], out)

    def _debit_again(self, rows: Rows, out: Outbox) -> None:
        self._dues.send_debits(self._book.arrears.find(rows["loan"]), rows["at"], out, by_hand=True)

    def _hand_over(self, rows: Rows, out: Outbox) -> None:
        """Collections hears of it at once where it has the loan, else in the morning with the loan."""
        arrears, place = self._book.arrears, self._book.arrears.find(rows["loan"])
        told = arrears["told"][place] != 0
        arrears.put(place[~told], handed=1)
        out.send(DebitHandedOver, DebitHandedOver.carry(rows[told]))

    # time -------------------------------------------------------------------------------------------------------------

    def close_of(self, window: Window, out: Outbox) -> None:
        """Tasks whose limit passes are urged; at a day's end loans that owe nothing any more leave the list."""
        self._desk.urge(window.until, out)
        if window.ends_day and len(self._desk.tasks):
            loans = np.unique(self._desk.tasks["loan"][self._desk.is_open()])
            paid = loans[self._book.owed(loans)[1] == 0]
            self._desk.withdraw(paid, np.full(len(paid), window.until - 1), out)
            self._desk.tidy(window.day)

    def _log(self, event: Event, rows: Rows, out: Outbox, *, actor: Ints | int, reason: Ints | int = 0) -> None:
        loans = rows["loan"]
        out.log(
            event,
            rows["at"],
            case_of(loans),
            actor=actor,
            loan=loans,
            amount_fen=self._book.owed(loans)[1],
            reason=reason,
            value=self._book.loans.get("debits", self._book.find_loans(loans)),
        )
