"""The loan book (贷款台账): all that repayment remembers. A loan is one row of 29 integers and no schedule; what has fallen due
and is unpaid stands in two small tables beside it, so the daily work on arrears never touches the healthy loans. Its rule:
every change of a loan's balances is noted, so that at the window's end the ledger can be told each balance that moved."""

from __future__ import annotations

import numpy as np

from credit.codes import Account
from credit.ledger.contract import LoanBalance, Posting
from credit.mail import Outbox
from credit.repayment.contract import Event
from credit.repayment.states import LoanState
from credit.room import Rows, blank
from credit.subsystem import State
from credit.table import Table
from credit.times import Ints

LOAN_FIELDS = (
    "loan customer party group segment grade pd_ppm rate_ppm method daycount automatic revolving debit_day reminder_days "
    "state plan_fen plan_day plan_number=0 choice=0 periods part_fen number period_start_day due_day "
    "next_principal_fen=0 next_interest_fen=0 held_fen=0 balance_fen run=0"
)
"""`group` = branch × 100 + product. The running plan began on `plan_day` over `plan_fen`, after instalment `plan_number`;
`choice` is what the customer chose when it was regenerated (REP-12), 0 = it is the plan of the contract.
`number` is the next instalment to fall due, on `due_day`; its principal and interest are known. `balance_fen` is principal
not yet due, `held_fen` interest of past months that a plan by hand has not made due yet."""
ARREARS_FIELDS = "loan group since_day " + blank(
    "principal_fen interest_fen penalty_fen penalty_rest told marked attempt asked tries"
)
"""Due and unpaid, one row a loan. `since_day` is the due day of the oldest unpaid instalment; `told`: collections knows;
`marked`: non-performing; `asked`: attempt number of the debit under way, 0 = none."""
INSTALMENT_FIELDS = "instalment loan due_day principal_fen interest_fen"
"""Unpaid instalments, numbered loan × 1000 + number."""
WRITTEN_OFF_FIELDS = "loan group balance_fen since_day run"
CONTROL_FIELDS = "group accrued_fen=0"

GROUP_UNIT = 100
BRANCH_UNIT = 10**11
INSTALMENT_UNIT = 1_000
NO_DAY = 1 << 40
"""Due day of a loan that has no further instalment."""
_RUNS = 50
_FIRST_RUN = 50
_BATCHES_FROM = 9 * 10**12
_COMPACT_SHARE = 8

DUE_BATCH, PENALTY_BATCH, ACCRUAL_BATCH = 1, 2, 3


class Book:
    """Tables of the book, and what the running window has touched."""

    def __init__(self) -> None:
        self.loans = Table(LOAN_FIELDS, "loan")
        self.arrears = Table(ARREARS_FIELDS, "loan")
        self.instalments = Table(INSTALMENT_FIELDS, "instalment")
        self.written_off = Table(WRITTEN_OFF_FIELDS, "loan")
        self.control = Table(CONTROL_FIELDS, "group")
        self.today = -1
        self._touched: list[Ints] = []
        self._gone = 0

    # finding ----------------------------------------------------------------------------------------------------------

    def find_loans(self, loans: Ints) -> Ints:
        """Row numbers of loans on the active book; −1 for those that never were, are settled or written off."""
        rows = self.loans.find(loans)
        if not len(self.loans):
            return rows
        return np.where((rows >= 0) & (self.loans["state"][rows] < LoanState.SETTLED), rows, -1)

    def owed(self, loans: Ints) -> tuple[Ints, Ints]:
        """(row of the arrears or −1, amount due and unpaid in fen) of loans."""
        rows = self.arrears.find(loans)
        if not len(self.arrears):
            return rows, np.zeros(len(rows), dtype=np.int64)
        return rows, np.where(rows >= 0, self.arrears_fen()[rows], 0)

    def arrears_fen(self) -> Ints:
        """Amount due and unpaid of each row of the arrears."""
        table = self.arrears
        return table["principal_fen"] + table["interest_fen"] + table["penalty_fen"]

    def unpaid_of(self, loans: Ints) -> tuple[Ints, Ints]:
        """(rows of the unpaid instalments of the given loans, place of each one's loan in `loans`), by place and number.
        `loans` must be ascending and distinct."""
        table = self.instalments
        if not len(table) or not len(loans):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        place = np.minimum(np.searchsorted(loans, table["loan"]), len(loans) - 1)
        unpaid = (table["principal_fen"] > 0) | (table["interest_fen"] > 0)
        rows = np.flatnonzero((loans[place] == table["loan"]) & unpaid)
        rows = rows[np.argsort(table["instalment"][rows], kind="stable")]
        return rows, place[rows]

    def control_rows(self, groups: Ints) -> Ints:
        """Rows of groups in the control table, new ones added in order."""
        rows = self.control.find(groups)
        missing = np.unique(groups[rows < 0])
        if len(missing):
            self.control.append(length=len(missing), group=missing)
            rows = self.control.find(groups)
        return rows

    # changing ---------------------------------------------------------------------------------------------------------

    def park(self, rows: Ints, state: LoanState) -> None:
        """The loans have no further instalment and bear no further interest."""
        loans = self.loans
        loans["state"][rows] = state
        loans["due_day"][rows], loans["period_start_day"][rows] = NO_DAY, NO_DAY - 1
        for name in ("next_principal_fen", "next_interest_fen", "held_fen", "balance_fen"):
            loans[name][rows] = 0
        if state >= LoanState.SETTLED:
            self._gone += len(rows)

    def touch(self, loans: Ints) -> None:
        """Notes that balances of loans have moved."""
        if len(loans):
            self._touched.append(loans)

    def next_transactions(self, rows: Ints) -> Ints:
        """A transaction number for each loan row: loan × 100 + 50 … 99 in turn. Disbursement uses the numbers below 50.
        Fifty movements of one loan in one window are more than any window holds."""
        run = (self.loans["run"][rows] + 1) % _RUNS
        self.loans["run"][rows] = run
        return np.asarray(self.loans["loan"][rows] * 100 + _FIRST_RUN + run)

    def release_accrual(self, groups: Ints, amounts_fen: Ints) -> None:
        """Takes what has left the account of accrued interest off the control totals."""
        rows = self.control_rows(groups)  # first: a new group may move the column
        np.subtract.at(self.control["accrued_fen"], rows, amounts_fen)

    # the window's end -------------------------------------------------------------------------------------------------

    def report_balances(self, at: int, out: Outbox) -> None:
        """The balances of every loan touched in the window, for the ledger to prove."""
        if not self._touched:
            return
        loans = np.sort(np.concatenate(self._touched))
        loans = loans[np.flatnonzero(np.diff(loans, prepend=-1))]
        self._touched = []
        rows, arrears, gone = self.find_loans(loans), self.arrears.find(loans), self.written_off.find(loans)

        def column(table: Table, name: str, at_rows: Ints) -> Ints:
            return (
                np.where(at_rows >= 0, table[name][at_rows], 0) if len(table) else np.zeros(len(loans), dtype=np.int64)
            )

        out.send(
            LoanBalance,
            LoanBalance.rows(
                len(loans),
                at=at,
                loan=loans,
                principal_fen=column(self.loans, "balance_fen", rows) + column(self.arrears, "principal_fen", arrears),
                interest_receivable_fen=column(self.arrears, "interest_fen", arrears),
                penalty_receivable_fen=column(self.arrears, "penalty_fen", arrears),
                written_off_fen=column(self.written_off, "balance_fen", gone),
            ),
        )

    def compact(self) -> None:
        """Paid arrears leave every day; settled loans when they are one in eight, since renumbering costs a pass."""
        arrears, instalments = self.arrears, self.instalments
        arrears.keep((self.arrears_fen() > 0) | (arrears["asked"] > 0))
        instalments.keep((instalments["principal_fen"] > 0) | (instalments["interest_fen"] > 0))
        if self._gone * _COMPACT_SHARE > len(self.loans):
            self.loans.keep(self.loans["state"] < LoanState.SETTLED)
            self._gone = 0

    # state ------------------------------------------------------------------------------------------------------------

    def export_state(self) -> State:
        """What is alive, in id order: a settled loan that still waits to be compacted is no part of the state."""
        arrears, instalments, loans = self.arrears.export(), self.instalments.export(), self.loans.export()
        owing = arrears["principal_fen"] + arrears["interest_fen"] + arrears["penalty_fen"] > 0
        return {
            "loans": loans[loans["state"] < LoanState.SETTLED],
            "arrears": arrears[owing | (arrears["asked"] > 0)],
            "instalments": instalments[instalments["principal_fen"] + instalments["interest_fen"] > 0],
            "written_off": self.written_off.export(),
            "control": self.control.export(),
        }

    def import_state(self, state: State) -> None:
        """Replaces everything."""
        for name in ("loans", "arrears", "instalments", "written_off", "control"):
            getattr(self, name).load(state[name])
        self._touched, self._gone = [], 0


def settle(book: Book, rows: Ints, at: Ints, out: Outbox) -> None:
    """The loans owe nothing any more and leave the active book."""
    if len(rows):
        ids = book.loans["loan"][rows]
        book.park(rows, LoanState.SETTLED)
        out.log(Event.LOAN_SETTLED, at, ids // 100, loan=ids)


def batch_transactions(groups: Ints, day: int, what: int) -> Ints:
    """One transaction number for a group's batch of a day; above every loan's own numbers of the branch."""
    branch, product = np.divmod(groups, GROUP_UNIT)
    return np.asarray(branch * 10**13 + _BATCHES_FROM + day * 10_000 + product * 100 + what)


def post(out: Outbox, at: Ints | int, transaction: Ints, legs: list[tuple[Account, Ints | int, Ints]]) -> None:
    """Posts legs (account, loan or 0, amounts in fen, debit positive) of transactions, a row each; zero amounts are left out."""
    parts: list[Rows] = []
    when = np.broadcast_to(np.asarray(at, dtype=np.int64), transaction.shape)
    for account, loan, amounts in legs:
        moved = np.flatnonzero(amounts)
        if len(moved):
            loans = np.broadcast_to(np.asarray(loan, dtype=np.int64), transaction.shape)[moved]
            parts.append(
                Posting.rows(
                    len(moved),
                    at=when[moved],
                    transaction=transaction[moved],
                    account=account,
                    loan=loans,
                    amount_fen=amounts[moved],
                )
            )
    if parts:
        out.send(Posting, np.concatenate(parts))


def post_batch(
    out: Outbox,
    at: int,
    day: int,
    what: int,
    by_loan: Account | None,
    total: Account,
    loans: Ints,
    groups: Ints,
    amounts: Ints,
) -> None:
    """One transaction a group: `amounts` debited to `by_loan` loan by loan, their sum credited to `total`."""
    ids, place = np.unique(groups, return_inverse=True)
    sums = np.zeros(len(ids), dtype=np.int64)
    np.add.at(sums, place, amounts)
    numbers = batch_transactions(ids, day, what)
    if by_loan is not None:
        post(out, at, numbers[place], [(by_loan, loans, amounts)])
    post(out, at, numbers, [(total, 0, -sums)])
