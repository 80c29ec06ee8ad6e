"""The loan book (贷款台账): all that repayment remembers. A loan is one row of integers and no schedule; what has fallen due
and is unpaid stands in two small tables beside it, so the daily work on arrears never touches the healthy loans. Every change
of a loan's balances is noted, so that at the window's end the ledger can be told each balance that moved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from credit.codes import Account
from credit.disbursement.contract import LimitReleased
from credit.ledger.contract import LoanBalance, Posting
from credit.mail import Outbox
from credit.masks import all_of, true_rows
from credit.numbers import batch_transaction, branch_and_product, case_of, transaction_of
from credit.repayment.contract import Event
from credit.repayment.states import MOVES, LoanState
from credit.room import Rows
from credit.rows import joined
from credit.schedules import accrued_fen
from credit.table import Table
from credit.times import Ints

NO_DAY = 1 << 40
"""Due day of a loan that has no further instalment."""
DAYS = ("begun", "debited", "reminded", "ended")
DEBIT_MEMORY_DAYS = 30
"""How long a late answer to a debit is waited for."""
DUE_BATCH, PENALTY_BATCH, ACCRUAL_BATCH = 1, 2, 3
_COMPACT_SHARE = 8
DUE = ("penalty_fen", "interest_fen", "principal_fen")
"""The parts of what is due, in the order in which payments are taken for them."""


class Book:
    """The tables of the book, and what the running window has touched."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.loans, self.arrears, self.instalments = tables["loans"], tables["arrears"], tables["instalments"]
        self.written_off, self.control, self.debits = tables["written_off"], tables["control"], tables["debits"]
        self.restructured = tables["restructured"]
        self.today = -1
        self.done = dict.fromkeys(DAYS, -1)
        """The last day that was begun, debited, reminded of and ended."""
        self._touched: list[Ints] = []

    # finding ----------------------------------------------------------------------------------------------------------

    def find_loans(self, loans: Ints) -> Ints:
        """Row numbers of loans on the active book; −1 for those that never were, are settled or written off."""
        rows = self.loans.find(loans)
        return np.where(self.loans.get("state", rows, LoanState.SETTLED) < LoanState.SETTLED, rows, -1)

    def owed(self, loans: Ints) -> tuple[Ints, Ints]:
        """(row of the arrears or −1, amount due and unpaid in fen) of loans."""
        rows = self.arrears.find(loans)
        penalty, interest, principal = (self.arrears.get(name, rows) for name in DUE)
        return rows, principal + interest + penalty

    def arrears_fen(self) -> Ints:
        """Amount due and unpaid of each row of the arrears."""
        penalty, interest, principal = (self.arrears[name] for name in DUE)
        return principal + interest + penalty

    def unpaid(self) -> Ints:
        """What is left of each instalment, fen."""
        return self.instalments["principal_fen"] + self.instalments["interest_fen"]

    def unpaid_of(self, loans: Ints) -> tuple[Ints, Ints]:
        """(rows of the unpaid instalments of the given loans, place of each one's loan in `loans`), by place and number.
        `loans` must be ascending and distinct."""
        if not len(loans):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        table = self.instalments
        place = np.minimum(loans.searchsorted(table["loan"]), len(loans) - 1)
        rows = true_rows((loans[place] == table["loan"]) & (self.unpaid() > 0))
        rows = rows[table["instalment"][rows].argsort(kind="stable")]
        return rows, place[rows]

    def control_rows(self, groups: Ints) -> Ints:
        """Rows of groups in the control table, new ones added in order."""
        rows = self.control.find(groups)
        if all_of(rows >= 0):
            return rows
        missing = np.unique(groups[rows < 0])
        self.control.append(length=len(missing), group=missing)
        return self.control.find(groups)

    def accrued_fen(self, rows: Ints, day: Ints) -> Ints:
        """Interest that stands in the account of accrued interest for loan rows during `day`: as of its beginning."""
        loans = self.loans
        start, due = loans["period_start_day"][rows], loans["due_day"][rows]
        return loans["held_fen"][rows] + accrued_fen(loans["next_interest_fen"][rows], day - start, due - start)

    # changing ---------------------------------------------------------------------------------------------------------

    def park(self, rows: Ints, state: LoanState) -> None:
        """The loans have no further instalment and bear no further interest."""
        loans = self.loans
        MOVES.to(loans, rows, state)
        nothing = dict.fromkeys(("next_principal_fen", "next_interest_fen", "held_fen", "balance_fen"), 0)
        loans.put(rows, due_day=NO_DAY, period_start_day=NO_DAY - 1, **nothing)

    def settle(self, rows: Ints, at: Ints, out: Outbox) -> None:
        """The loans owe nothing any more and leave the active book."""
        if not len(rows):
            return
        loans, (_, product) = self.loans["loan"][rows], branch_and_product(self.loans["group"][rows])
        self.park(rows, LoanState.SETTLED)
        out.log(Event.LOAN_SETTLED, at, case_of(loans), loan=loans, product=product)

    def release_limits(self, rows: Ints, at: Ints, principal_fen: Ints, out: Outbox) -> None:
        """Principal repaid of revolving loans may be drawn again."""
        again = true_rows((principal_fen > 0) & (self.loans["revolving"][rows] != 0))
        if not len(again):
            return
        loans = self.loans["loan"][rows[again]]
        mail = LimitReleased.rows(
            len(again), at=at[again], case=case_of(loans), loan=loans, principal_fen=principal_fen[again]
        )
        out.send(LimitReleased, mail)

    def touch(self, loans: Ints) -> None:
        """Notes that balances of loans have moved."""
        if len(loans):
            self._touched.append(loans)

    def release_accrual(self, groups: Ints, amounts_fen: Ints) -> None:
        """Takes what has left the account of accrued interest off the control totals."""
        rows = self.control_rows(groups)  # first: a new group may move the column
        np.subtract.at(self.control["accrued_fen"], rows, amounts_fen)

    # the window's end -------------------------------------------------------------------------------------------------

    def report_balances(self, at: int, out: Outbox) -> None:
        """The balances of every loan touched in the window, for the ledger to prove."""
        if not self._touched:
            return
        loans = np.unique(np.concatenate(self._touched))
        self._touched = []
        arrears = self.arrears.find(loans)
        balances = LoanBalance.rows(
            len(loans),
            at=at,
            loan=loans,
            principal_fen=self.loans.get("balance_fen", self.find_loans(loans))
            + self.arrears.get("principal_fen", arrears),
            interest_receivable_fen=self.arrears.get("interest_fen", arrears),
            penalty_receivable_fen=self.arrears.get("penalty_fen", arrears),
            written_off_fen=self.written_off.get("balance_fen", self.written_off.find(loans)),
        )
        out.send(LoanBalance, balances)

    def compact(self) -> None:
        """Paid arrears leave every day; settled loans when they are one in eight, since renumbering costs a pass."""
        self.arrears.keep(self.arrears_fen() > 0)
        self.debits.keep(np.asarray(self.debits["asked_day"] > self.today - DEBIT_MEMORY_DAYS))
        self.instalments.keep(self.unpaid() > 0)
        self.restructured.keep(self.find_loans(self.restructured["loan"]) >= 0)
        alive = self.loans["state"] < LoanState.SETTLED
        if (len(alive) - np.count_nonzero(alive)) * _COMPACT_SHARE > len(alive):
            self.loans.keep(alive)

    # days -------------------------------------------------------------------------------------------------------------

    def start(self, today: int) -> None:
        """A new book has left nothing undone of the days before the first that it sees."""
        for name, day in self.done.items():
            if day < 0:
                self.done[name] = today - 1

    def write_days(self) -> None:
        """Enters the days that are done into the control table: a book without groups has nothing to do on any day."""
        for name, day in self.done.items():
            self.control[name][:] = day

    def begin_anew(self) -> None:
        """After its tables were replaced: takes the days that are done from the control table, and nothing has moved yet."""
        self._touched = []
        self.done = {name: int(self.control[name].max(initial=-1)) for name in DAYS}


def next_transactions(table: Table, rows: Ints) -> Ints:
    """The next transaction number of each row of loans or of claims written off."""
    table.add(rows, transactions=1)
    return transaction_of(table["loan"][rows], table["transactions"][rows])


def post(out: Outbox, at: Ints | int, transaction: Ints, legs: list[tuple[Account, Ints | int, Ints]]) -> None:
    """Posts legs (account, loan or 0, amounts in fen, debit positive) of transactions, a row each; zero amounts are left out."""
    parts: list[Rows] = []
    for account, loan, amounts in legs:
        moved = true_rows(amounts)
        if len(moved):
            parts.append(
                Posting.rows(
                    len(moved),
                    at=at[moved] if isinstance(at, np.ndarray) else at,
                    transaction=transaction[moved],
                    account=account,
                    loan=loan[moved] if isinstance(loan, np.ndarray) else loan,
                    amount_fen=amounts[moved],
                )
            )
    if parts:
        out.send(Posting, joined(parts))


def post_batch(
    out: Outbox,
    at: int,
    day: int,
    what: int,
    by_loan: Account,
    total: Account,
    loans: Ints,
    groups: Ints,
    amounts: Ints,
) -> None:
    """One transaction a group: `amounts` debited to `by_loan` loan by loan, their sum credited to `total`."""
    ids, place = np.unique(groups, return_inverse=True)
    sums = np.zeros(len(ids), dtype=np.int64)
    np.add.at(sums, place, amounts)
    numbers = batch_transaction(ids, day, what)
    post(out, at, numbers[place], [(by_loan, loans, amounts)])
    post(out, at, numbers, [(total, 0, -sums)])
