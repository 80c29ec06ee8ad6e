"""The corruptions by name: each changes one thing in a bank that runs, and says what must be heard of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from credit.collections.contract import LoanOverdue, OverduePaid, OverdueReported
from credit.contracts.contract import ApplicationApproved
from credit.customers.contract import FormChecked
from credit.disbursement.contract import ContractEffective
from credit.ledger.contract import BookTotal, LoanBalance, Posting
from credit.mail import Outbox
from credit.repayment.contract import LoanDisbursed
from credit.room import Kind, Rows
from credit.scoring.contract import ApplicationAccepted
from credit.table import Table
from tests.corruptions import Bank

Change = Callable[[Rows], Rows]


class Planted(NamedTuple):
    """A corruption: its name, what plants it, and how the sentence that must come begins to name it; `{}` is the loan or case."""

    name: str
    plant: Callable[[Bank], Any]
    heard: str


def cell(room: str, table: str, column: str, change: Callable[[int], int], heard: str, which: int = 0) -> Planted:
    """One value of one row; `which`: of the table's rows by id."""

    def plant(bank: Bank) -> int:
        rows = bank.table(room, table)
        row = int(rows[rows.key].argsort()[which])
        rows[column][row] = change(int(rows[column][row]))
        return int(rows[rows.key][row])

    return Planted(f"{room}.{table}.{column}", plant, heard)


def gone(room: str, table: str, heard: str, share: int = 1) -> Planted:
    """Rows that are no longer there: the first of each `share`."""

    def plant(bank: Bank) -> int:
        rows = bank.table(room, table)
        lost = rows[rows.key].argsort()[::share] if share > 1 else rows[rows.key].argsort()[:1]
        first = int(rows[rows.key][lost[0]])
        rows.drop(np.sort(lost))
        return first

    return Planted(f"{room}.{table} deleted", plant, heard)


def mailed(kind: Kind, name: str, change: Change, heard: str) -> Planted:
    """The next rows of a kind, changed as they are sent; the first of them is the one that is named."""

    def plant(bank: Bank) -> list[int]:
        del bank
        victims: list[int] = []
        about = next(name for name in ("loan", "case", "branch") if name in kind.fields.names)
        send = Outbox.send

        def corrupted(self: Outbox, sent: Kind, rows: Rows) -> None:
            if sent is kind and len(rows) and not victims:
                victims.append(int(rows[about][0]))
                rows = change(rows.copy())
            send(self, sent, rows)

        Outbox.send = corrupted  # type: ignore[assignment,method-assign]
        return victims

    return Planted(f"{kind.name} {name}", plant, heard)


def lost(rows: Rows) -> Rows:
    return rows[1:]


def doubled(rows: Rows) -> Rows:
    return np.concatenate([rows, rows[:1]])


def plus(column: str, by: int) -> Change:
    """The first row's column, more by so much."""

    def change(rows: Rows) -> Rows:
        rows[column][0] += by
        return rows

    return change


def times(column: str, by: int) -> Change:
    def change(rows: Rows) -> Rows:
        rows[column][0] *= by
        return rows

    return change


def one_more(value: int) -> int:
    return value + 1


def none(value: int) -> int:
    del value
    return 0


def tenfold(value: int) -> int:
    return value * 10


def whole_column(room: str, table: str, column: str, value: int, heard: str) -> Planted:
    def plant(bank: Bank) -> int:
        rows: Table = bank.table(room, table)
        rows[column][:] = value
        return int(rows[rows.key].min())

    return Planted(f"{room}.{table}.{column} all {value}", plant, heard)


MONEY = [
    gone("repayment", "loans", "", share=3),
    gone("repayment", "loans", "the loans sum to"),
    cell("repayment", "loans", "balance_fen", one_more, "loan {}"),
    cell("repayment", "loans", "next_interest_fen", one_more, "loan {}"),
    whole_column("repayment", "loans", "next_interest_fen", 0, "loan"),
    cell("repayment", "loans", "next_principal_fen", one_more, "loan {}"),
    cell("repayment", "loans", "rate_ppm", lambda rate: rate + rate // 100, "loan {}"),
    cell("repayment", "loans", "held_fen", one_more, "loan {}"),
    cell("repayment", "loans", "part_fen", one_more, "loan {}"),
    cell("repayment", "loans", "number", one_more, "loan {}"),
    cell("repayment", "loans", "due_day", one_more, "loan {}"),
    cell("repayment", "loans", "customer", one_more, "loan {}"),
    cell("repayment", "loans", "group", lambda group: group + 1_000, ""),
    cell("repayment", "loans", "account", one_more, "loan {}"),
    cell("repayment", "arrears", "penalty_fen", one_more, ""),
    cell("repayment", "arrears", "interest_fen", one_more, "loan {}"),
    cell("repayment", "arrears", "principal_fen", one_more, "loan {}"),
    cell("repayment", "arrears", "since_day", one_more, "loan {}"),
    cell("repayment", "arrears", "penalty_rest", one_more, "loan {}"),
    cell("repayment", "arrears", "told", none, ""),
    gone("repayment", "arrears", "loan {}"),
    cell("repayment", "instalments", "interest_fen", one_more, ""),
    cell("repayment", "instalments", "due_day", one_more, ""),
    gone("repayment", "instalments", ""),
    cell("repayment", "control", "accrued_fen", one_more, "interest_accrued"),
    cell("ledger", "loans", "principal", one_more, "principal"),
    cell("ledger", "loans", "interest_receivable", one_more, "interest_receivable"),
    cell("ledger", "loans", "penalty_receivable", one_more, "penalty_receivable"),
    cell("ledger", "loans", "last", one_more, "loan {}"),
    gone("ledger", "loans", "principal"),
    cell("disbursement", "facilities", "amount_fen", tenfold, "case {}"),
    cell("disbursement", "facilities", "rate_ppm", one_more, "case {}"),
    cell("disbursement", "facilities", "drawn_fen", one_more, "{}"),
    cell("disbursement", "facilities", "paid_fen", one_more, "{}"),
    cell("disbursement", "payments", "amount_fen", tenfold, "loan {}"),
    cell("disbursement", "payments", "rate_ppm", lambda rate: rate // 2, "loan {}"),
    cell("disbursement", "payments", "account", one_more, "loan {}"),
    cell("disbursement", "payments", "customer", one_more, "loan {}"),
    cell("contracts", "contracts", "amount_fen", tenfold, "case {}"),
    cell("contracts", "contracts", "approved_fen", tenfold, "case {}"),
    cell("contracts", "contracts", "rate_ppm", lambda rate: rate // 2, "case {}"),
    cell("contracts", "contracts", "term_months", one_more, "case {}"),
    cell("contracts", "contracts", "payee_account", one_more, "case {}"),
    cell("contracts", "archived", "amount_fen", one_more, "case {}"),
    cell("contracts", "archived", "rate_ppm", one_more, "case {}"),
    cell("collections", "cases", "customer", one_more, "loan {}"),
    gone("collections", "cases", "cases come to"),
    cell("collateral", "register", "owner", one_more, "case {}"),
    cell("collateral", "register", "declared_fen", one_more, "case {}"),
    mailed(Posting, "lost", lost, ""),
    mailed(Posting, "doubled", doubled, "transaction"),
    mailed(Posting, "amount", plus("amount_fen", 1), "transaction"),
    mailed(Posting, "another account", plus("account", 1), ""),
    mailed(LoanBalance, "lost", lost, "loan {}"),
    mailed(LoanBalance, "principal", plus("principal_fen", 1), "loan {}"),
    mailed(LoanBalance, "penalty", plus("penalty_receivable_fen", 1), "loan {}"),
    mailed(BookTotal, "lost", lost, "branch"),
    mailed(BookTotal, "principal", plus("principal_fen", 1), "branch"),
    mailed(BookTotal, "accrued", plus("accrued_fen", 1), "branch"),
    mailed(LoanDisbursed, "amount", times("amount_fen", 10), "loan {}"),
    mailed(ContractEffective, "amount", times("amount_fen", 10), "case {}"),
    mailed(ApplicationApproved, "amount", times("amount_fen", 10), "case {}"),
    mailed(LoanOverdue, "amount", plus("overdue_fen", 1), "loan {}"),
    mailed(OverdueReported, "amount", plus("overdue_fen", 1), "come to"),
    mailed(OverdueReported, "principal", plus("principal_fen", 1), "come to"),
]
ORDER = [
    mailed(ApplicationAccepted, "lost", lost, "case {}"),
    mailed(ApplicationAccepted, "doubled", doubled, "case {}"),
    mailed(ApplicationApproved, "lost", lost, "case {}"),
    mailed(ApplicationApproved, "doubled", doubled, "case {}"),
    mailed(ApplicationApproved, "another case", plus("case", 1), ""),
    mailed(ContractEffective, "lost", lost, "case {}"),
    mailed(ContractEffective, "doubled", doubled, "case {}"),
    mailed(LoanDisbursed, "lost", lost, "loan {}"),
    mailed(LoanDisbursed, "doubled", doubled, "loan {}"),
    mailed(LoanOverdue, "lost", lost, "loan {}"),
    mailed(LoanOverdue, "doubled", doubled, "loan {}"),
    mailed(OverdueReported, "lost", lost, "come to"),
    mailed(OverduePaid, "lost", lost, ""),
    gone("approval", "tasks", "case"),
    gone("approval", "cases", ""),
    cell("approval", "cases", "customer", one_more, "case {}"),
    cell("approval", "cases", "product", lambda product: product % 5 + 1, "case {}"),
    cell("approval", "cases", "grade", one_more, "case {}"),
    cell("approval", "tasks", "branch", one_more, ""),
    cell("approval", "tasks", "excluded", one_more, ""),
    cell("approval", "opinions", "person", one_more, ""),
    cell("approval", "opinions", "verdict", one_more, ""),
    cell("customers", "customers", "party", one_more, "customer {}"),
    cell("customers", "customers", "since", one_more, "customer {}"),
    cell("customers", "people", "customer", one_more, ""),
    cell("customers", "copy", "person", one_more, ""),
    cell("customers", "copy", "list", one_more, ""),
    gone("customers", "people", ""),
    gone("customers", "customers", ""),
    cell("repayment", "loans", "state", one_more, "loan {}"),
    cell("disbursement", "payments", "state", one_more, "{}"),
    cell("post_loan", "inspections", "customer", one_more, "case {}"),
]
NOT_HEARD = [
    (cell("collections", "cases", "overdue_fen", one_more, ""), "the morning's figures of the book take its place"),
    (cell("collections", "cases", "principal_fen", one_more, ""), "the morning's figures of the book take its place"),
    (
        mailed(FormChecked, "another branch", plus("branch", 1), ""),
        "nobody compares it with the branch of the case number",
    ),
]
"""What nothing is heard of, and why; a test says so as long as it is true."""
