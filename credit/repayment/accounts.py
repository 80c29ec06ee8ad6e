"""The account that a loan is repaid from, and how (还款账户、扣款方式): set when the loan comes onto the book, changed by the
customer or by the bank's desk (REP-06, REP-14). Another account counts from the instant at which core banking has said that it is
the borrower's own; until then the old one is debited."""

from __future__ import annotations

import numpy as np

from credit.codes import Actor, Status
from credit.identifiers import has_digits
from credit.mail import Outbox
from credit.masks import true_rows
from credit.numbers import case_of
from credit.repayment.book import Book
from credit.repayment.contract import AccountCheck, ChangeDebit, Event, Refusal
from credit.repayment.dues import Dues
from credit.repayment.rules import method_of
from credit.room import Rows
from credit.rows import first_fault
from credit.table import Table
from credit.times import Bools, Ints


class DebitAccounts:
    """Changes of account and method. All methods expect each loan at most once."""

    def __init__(self, book: Book, checks: Table, digits: tuple[int, int], dues: Dues) -> None:
        """`digits`: fewest and most of an account number."""
        self._book, self._checks, self._digits, self._dues = book, checks, digits, dues

    def faults(self, loans: Ints, account: Ints, automatic: Ints) -> Ints:
        """Why changes are refused, 0 where they are not."""
        rows, low, high = self._book.find_loans(loans), *self._digits
        same_account = (account == 0) | (account == self._book.loans.get("account", rows))
        same = same_account & (automatic == self._book.loans.get("automatic", rows))
        return first_fault(
            (rows < 0, Refusal.LOAN_UNKNOWN),
            (self._checks.find(loans) >= 0, Refusal.CHECK_OUTSTANDING),
            ((account != 0) & ~has_digits(account, low, high), Refusal.ACCOUNT_INVALID),
            ((automatic != 0) & (automatic != 1), Refusal.ACCOUNT_INVALID),
            (same, Refusal.ACCOUNT_UNCHANGED),
        )

    def change(self, orders: Rows, out: Outbox) -> None:
        """Sound orders: another account is put before core banking; the method alone changes at once."""
        rows = self._book.find_loans(orders["loan"])
        other = (orders["account"] != 0) & (orders["account"] != self._book.loans["account"][rows])
        asked, of = orders[other], rows[other]
        self._checks.append(asked)
        self._log(Event.ACCOUNT_CHECK_ASKED, asked, asked["account"], out)
        party = self._book.loans["party"][of]
        out.send(AccountCheck, AccountCheck.carry(asked, party=party))
        self._set(orders[~other], rows[~other], self._book.loans["account"][rows[~other]], out)

    def checked(self, answers: Rows, out: Outbox) -> tuple[Rows, Bools]:
        """What core banking says of accounts. Returns (the orders that were asked about, which of them it refuses), after those
        that it confirms have been carried out. An answer that nobody waits for changes nothing."""
        found = self._checks.find(answers["loan"])
        known = self._checks.get("account", found) == answers["account"]
        answers, found = answers[known], found[known]
        orders = ChangeDebit.carry(self._checks.take(found), at=answers["at"])
        self._checks.drop(found)
        rows = self._book.find_loans(orders["loan"])
        good = (answers["status"] == Status.OK) & (rows >= 0)
        self._set(orders[good], rows[good], orders["account"][good], out)
        bad = orders[~good]
        reason = first_fault(
            (rows[~good] < 0, Refusal.LOAN_UNKNOWN),
            (answers["status"][~good] == Status.UNAVAILABLE, Refusal.ACCOUNT_UNCHECKED),
            (np.ones(len(bad), dtype=bool), Refusal.ACCOUNT_NOT_OWN),
        )
        out.log(
            Event.ACCOUNT_REFUSED,
            bad["at"],
            case_of(bad["loan"]),
            actor=Actor.CORE_BANKING,
            loan=bad["loan"],
            reason=reason,
            value=bad["account"],
        )
        return orders, ~good

    def _set(self, orders: Rows, rows: Ints, account: Ints, out: Outbox) -> None:
        """The loan is repaid so from here on; what is due by now is debited at once."""
        if not len(orders):
            return
        loans = self._book.loans
        loans.put(rows, account=account, automatic=orders["automatic"])
        self._log(Event.DEBIT_CHANGED, orders, account, out)
        arrears, owed = self._book.owed(orders["loan"])
        now = true_rows((owed > 0) & (orders["automatic"] != 0))
        self._dues.send_debits(arrears[now], orders["at"][now], out, by_hand=True)

    def _log(self, event: Event, orders: Rows, account: Ints, out: Outbox) -> None:
        out.log(
            event,
            orders["at"],
            case_of(orders["loan"]),
            actor=np.where(orders["operator"] > 0, orders["operator"], int(Actor.CUSTOMER)),
            loan=orders["loan"],
            reason=method_of(orders["automatic"]),
            value=account,
        )
