"""What must hold in the books, each as a function from columns to sentences that name the transaction, the loan or the
account. An empty list means that the promise holds; the first sentence is enough to find the fault."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit.ledger.rules import Transactions
from credit.ledger.states import MOVES
from credit.masks import true_rows
from credit.policies.ledger import BY_LOAN
from credit.room import Rows
from credit.times import Bools, Ints, text_of

NAMED_MAX = 5
"""Sentences a fault of one kind gives at most; the rest is counted."""


def unbalanced(postings: Rows, transactions: Transactions) -> list[str]:
    """Transactions whose postings do not sum to zero."""
    bad = true_rows(transactions.total_fen != 0)
    return _sentences(
        bad,
        lambda i: (
            f"transaction {transactions.number[i]} of loan {postings['loan'][transactions.first[i]]} at "
            f"{text_of(postings['at'][transactions.first[i]])} sums to {transactions.total_fen[i]} fen instead of 0"
        ),
    )


def numbers_used_before(postings: Rows, transactions: Transactions, before: Bools) -> list[str]:
    """Transactions whose number does not come after all those of its loan or group."""
    return _sentences(
        true_rows(before),
        lambda i: (
            f"transaction {transactions.number[i]} of loan {postings['loan'][transactions.first[i]]} at "
            f"{text_of(postings['at'][transactions.first[i]])} carries a number that was used before"
        ),
    )


def unknown_accounts(postings: Rows, unknown: Bools) -> list[str]:
    """Postings to accounts that the chart does not hold; their whole transaction is refused."""
    return _sentences(
        true_rows(unknown),
        lambda i: (
            f"transaction {postings['transaction'][i]} of loan {postings['loan'][i]} posts "
            f"{postings['amount_fen'][i]} fen to account {postings['account'][i]}, which the chart does not hold"
        ),
    )


def unknown_branches(postings: Rows, unknown: Bools) -> list[str]:
    """Postings whose transaction number belongs to no branch."""
    return _sentences(
        true_rows(unknown),
        lambda i: f"transaction {postings['transaction'][i]} of loan {postings['loan'][i]} belongs to no branch",
    )


def without_loan(postings: Rows, orphan: Bools) -> list[str]:
    """Postings to an account kept by loan that name no loan."""
    return _sentences(
        true_rows(orphan),
        lambda i: (
            f"transaction {postings['transaction'][i]} posts {postings['amount_fen'][i]} fen to account "
            f"{postings['account'][i]} without a loan; that account is kept by loan"
        ),
    )


def ledger_against_loans(reports: Rows, balances: Ints) -> list[str]:
    """Loans whose balance in the ledger differs from what the loan itself reports (`LoanBalance`); `balances` has one row
    a report, in the order of `BY_LOAN`."""
    reported = reported_balances(reports)
    bad, column = np.nonzero(reported != balances)
    return _sentences(
        np.arange(len(bad)),
        lambda i: (
            f"loan {reports['loan'][bad[i]]}: {BY_LOAN[column[i]]} is {balances[bad[i], column[i]]} fen in the ledger "
            f"but {reported[bad[i], column[i]]} fen in the loan at {text_of(reports['at'][bad[i]])}"
        ),
    )


def reported_balances(reports: Rows) -> Ints:
    """The balances of `LoanBalance` rows, shape (rows, 4) in the order of `BY_LOAN`."""
    names = ("principal_fen", "interest_receivable_fen", "penalty_receivable_fen", "written_off_fen")
    return np.array([reports[name] for name in names]).T


def unreported(loans: Ints, reported: Ints) -> list[str]:
    """Loans that had postings in a window in which they did not report their balance; both in order."""
    place = reported.searchsorted(loans)
    told = np.zeros(len(loans), dtype=bool)
    inside = place < len(reported)
    told[inside] = reported[place[inside]] == loans[inside]
    return _sentences(
        true_rows(~told), lambda i: f"loan {loans[i]} had postings but did not report its balance in the window"
    )


def impossible_balances(loans: Ints, before: Ints, after: Ints, balances: Ints) -> list[str]:
    """Negative balances, balances on and off the balance sheet at once, and moves that `states` does not allow."""
    negative: Bools = np.logical_or.reduce(balances < 0, axis=1)
    both = (balances[:, 3] != 0) & (balances[:, 0] != 0)
    moved = ~MOVES.allowed(before, after)

    def sentence(i: int) -> str:
        if negative[i]:
            column = int(np.argmax(balances[i] < 0))
            return f"loan {loans[i]}: {BY_LOAN[column]} is {balances[i, column]} fen, below zero"
        if both[i]:
            return f"loan {loans[i]}: {balances[i, 0]} fen principal on balance, {balances[i, 3]} fen written off"
        return MOVES.said(int(loans[i]), int(before[i]), int(after[i])) + " by postings of one window"

    return _sentences(true_rows(negative | both | moved), sentence)


def accounts_against_book(account: str, ledger_fen: Ints, book_fen: Ints) -> list[str]:
    """Branches in which an account differs from the sum of the loans on the book; a row a branch."""
    return _sentences(
        true_rows(ledger_fen != book_fen),
        lambda i: f"branch {i}: {account} is {ledger_fen[i]} fen in the ledger, the loans sum to {book_fen[i]} fen",
    )


def loans_against_accounts(names: tuple[str, ...], loans_fen: Ints, accounts_fen: Ints) -> list[str]:
    """Accounts kept by loan whose loans do not sum to the account."""
    return _sentences(
        true_rows(loans_fen != accounts_fen),
        lambda i: f"account {names[i]}: the loans sum to {loans_fen[i]} fen, the account holds {accounts_fen[i]} fen",
    )


def wrong_side(names: tuple[str, ...], balance_fen: Ints, sides: Ints) -> list[str]:
    """Accounts whose balance lies on the other side than the chart says; sides: 1 debit, −1 credit, 0 either."""
    return _sentences(
        true_rows(balance_fen * sides < 0),
        lambda i: f"account {names[i]}: a balance of {balance_fen[i]} fen lies on the wrong side",
    )


def trial_balance(balance_fen: Ints) -> list[str]:
    """Debits and credits of all accounts must meet."""
    total = int(balance_fen.sum())
    return [f"trial balance: debits exceed credits by {total} fen"] if total else []


def _sentences(rows: Ints, sentence: Callable[[int], str]) -> list[str]:
    found = [sentence(int(i)) for i in rows[:NAMED_MAX]]
    if len(rows) > NAMED_MAX:
        found[-1] += f" (and {len(rows) - NAMED_MAX} more of this kind)"
    return found
