"""Small builders for ledger tests: one business fact each, as the postings and reports that the other stages would send."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from credit.codes import Account
from credit.ledger.contract import BookTotal, LoanBalance, Posting
from credit.ledger.subsystem import LedgerSubsystem
from credit.mail import Inbox, Outbox
from credit.room import Kind, Rows
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS
from tests.rows import sample

DAY = 20_454
LOAN = 3 * 10**11 + 101
OTHER_LOAN = 5 * 10**11 + 201


def day_window(day: int = DAY) -> Window:
    return Window(day - DAY, day * DAY_MS, (day + 1) * DAY_MS)


@dataclass
class Mail:
    """Postings and reports of one window; `post` takes account → fen for one transaction."""

    at: int = DAY * DAY_MS + HOUR_MS
    rows: list[tuple[Kind, Rows]] = field(default_factory=list)

    def post(self, transaction: int, loan: int, lines: dict[int, int], at: int | None = None) -> Mail:
        self.rows.append(
            (
                Posting,
                sample(
                    Posting,
                    len(lines),
                    at=self.at if at is None else at,
                    transaction=transaction,
                    loan=loan,
                    account=list(lines),
                    amount_fen=list(lines.values()),
                ),
            )
        )
        return self

    def report(
        self, loan: int, principal: int = 0, interest: int = 0, penalty: int = 0, written_off: int = 0, later: int = 0
    ) -> Mail:
        self.rows.append(
            (
                LoanBalance,
                sample(
                    LoanBalance,
                    1,
                    at=self.at + later,
                    loan=loan,
                    principal_fen=principal,
                    interest_receivable_fen=interest,
                    penalty_receivable_fen=penalty,
                    written_off_fen=written_off,
                ),
            )
        )
        return self

    def accrued(self, branch: int, product: int, fen: int, principal: int = 0) -> Mail:
        self.rows.append(
            (
                BookTotal,
                sample(
                    BookTotal, 1, at=self.at, branch=branch, product=product, accrued_fen=fen, principal_fen=principal
                ),
            )
        )
        return self

    def disburse(self, loan: int, fen: int, number: int = 1) -> Mail:
        return self.post(loan * 10_000 + number, loan, {Account.PRINCIPAL: fen, Account.SETTLEMENT: -fen})

    def inbox(self) -> Inbox:
        return Inbox.of(*self.rows)


def run(ledger: LedgerSubsystem, *mails: Mail, day: int = DAY) -> Outbox:
    """One day's window with the mails joined."""
    window, out = day_window(day), Outbox()
    ledger.open(window, out)
    ledger.apply(Inbox.of(*(pair for mail in mails for pair in mail.rows)), window, out)
    ledger.close(window, out)
    return out


def kept(ledger: LedgerSubsystem, loan: int = LOAN) -> list[int]:
    """Principal, interest receivable, penalty receivable, written off of a loan."""
    return [int(fen) for fen in ledger.loan_balances(np.array([loan]))[0]]


def balance(ledger: LedgerSubsystem, account: Account) -> int:
    rows = ledger.closing_balances()
    return int(rows["balance_fen"][rows["account"] == account].sum())


def lent(fen: int = 5_000_000) -> LedgerSubsystem:
    """A ledger in which LOAN has been paid out the day before."""
    ledger = LedgerSubsystem.build()
    run(ledger, Mail(at=(DAY - 1) * DAY_MS).disburse(LOAN, fen).report(LOAN, fen), day=DAY - 1)
    return ledger
