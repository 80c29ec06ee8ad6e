"""A bank of two stages for repayment's tests: repayment and the real ledger behind it, fed by hand. Every window ends with both
stages' invariants over the whole book, so each test also proves that loan, schedule and ledger agree to the fen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from credit.codes import Account, Method, Status
from credit.ledger.contract import Posting
from credit.ledger.subsystem import LedgerSubsystem
from credit.mail import Inbox, Outbox
from credit.policies import Overrides
from credit.repayment.contract import (
    DebitRequest,
    DebitResult,
    EarlyRepaymentRequested,
    LoanDisbursed,
    PaymentMade,
    WriteOffApproved,
)
from credit.repayment.invariants import accrued_against_loans
from credit.repayment.subsystem import RepaymentSubsystem
from credit.room import KINDS, EventCode, Kind, Rows
from credit.staff import StaffRegister
from credit.subsystem import NOBODY, Setting, Window
from credit.times import DAY_MS, HOUR_MS, day_number
from tests.rows import sample

START = day_number(dt.date(2026, 1, 10))
LOAN = 3 * 10**11 + 101
OTHER = 3 * 10**11 + 201
Mail = tuple[Kind, Rows]


def at(day: int, hour: int = 0, minute: int = 0) -> int:
    return day * DAY_MS + hour * HOUR_MS + minute * 60_000


def day_of(year: int, month: int, day: int) -> int:
    return day_number(dt.date(year, month, day))


def loan(number: int = LOAN, day: int = START, **columns: int) -> Mail:
    """A loan disbursed at 10:00; Zhang's by default: 50,000 yuan, 12 months, 0.5 % a month, equal instalment."""
    values = {
        "case": number // 100,
        "customer": number // 100,
        "party": 7,
        "branch": number // 10**11,
        "segment": 1,
        "product": 1,
        "grade": 2,
        "amount_fen": 5_000_000,
        "rate_ppm": 60_000,
        "term_months": 12,
        "method": int(Method.EQUAL_INSTALMENT),
        "auto_debit": 1,
        "pd_ppm": 20_000,
        "debit_account": 6_217_000_000_000_000_001,
    } | columns
    return LoanDisbursed, sample(LoanDisbursed, 1, at=at(day, 10), loan=number, **values)


def payment(when: int, number: int = LOAN, amount_fen: int = 0, share_ppm: int = 0) -> Mail:
    return PaymentMade, sample(
        PaymentMade, 1, at=when, loan=number, amount_fen=amount_fen, share_ppm=share_ppm, channel=2
    )


def early(when: int, number: int = LOAN, amount_fen: int = 0, choice: int = 1, full: int = 0) -> Mail:
    rows = sample(EarlyRepaymentRequested, 1, at=when, loan=number, full=full, amount_fen=amount_fen, choice=choice)
    return EarlyRepaymentRequested, rows


def write_off(when: int, number: int = LOAN, decided_fen: int = 0) -> Mail:
    return WriteOffApproved, sample(WriteOffApproved, 1, at=when, loan=number, decided_fen=decided_fen)


class Bank:
    """Runs windows. `pays` answers every automatic debit: the share of the amount that is paid, in millionths."""

    def __init__(
        self,
        overrides: Overrides | None = None,
        *,
        start: int = START,
        window_ms: int = DAY_MS,
        register: StaffRegister = NOBODY,
    ) -> None:
        self.repayment = RepaymentSubsystem.build(Setting(overrides, register))
        self.ledger = LedgerSubsystem.build()
        self.now = start * DAY_MS
        self.window_ms = window_ms
        self.pays = 1_000_000
        self.status = Status.OK
        self.events: list[Rows] = []
        self.measures: list[Rows] = []
        self.mail: dict[int, list[Rows]] = {}
        self.strict = True
        self.check_daily = False
        """Whether invariants are looked at when a day ends only, as runs do."""
        self.found: list[str] = []
        """Violated invariants, where `strict` is off: for planted bugs."""
        self._proved: list[tuple[int, ...]] = []
        self._booked: set[int] = set()
        self._later: list[Mail] = []

    def until(self, day: int, *mail: Mail) -> Bank:
        """Runs windows up to the beginning of a day, with the mail given, each row in the window of its time."""
        self._later += mail
        while self.now < day * DAY_MS:
            self.step()
        return self

    def step(self) -> Outbox:
        """One window: mail, debits answered five seconds later, ledger, invariants."""
        window = Window(self.now // self.window_ms, self.now, self.now + self.window_ms)
        out = Outbox()
        self.repayment.open(window, out)
        due = [mail for mail in self._later if int(mail[1]["at"][0]) < window.until]
        self._later = [mail for mail in self._later if int(mail[1]["at"][0]) >= window.until]
        arrives_first = [mail for mail in due if mail[0] in (LoanDisbursed, WriteOffApproved)]
        self.repayment.apply(Inbox.of(*arrives_first), window, out)
        answers = [mail for mail in due if mail[0] not in (LoanDisbursed, WriteOffApproved)]
        for _ in range(20):
            requests = out.take(DebitRequest)
            out.mail.pop(DebitRequest.number, None)
            self._keep(DebitRequest, requests)
            automatic = requests[requests["automatic"] != 0]
            answers += [(DebitResult, self._result(automatic[i : i + 1])) for i in range(len(automatic))]
            now = [mail for mail in answers if int(mail[1]["at"][0]) < window.until]
            self._later += [mail for mail in answers if int(mail[1]["at"][0]) >= window.until]
            answers = []
            if not now:
                break
            self.repayment.apply(Inbox.of(*now), window, out)
        self.repayment.close(window, out)
        self._book(window, out, arrives_first)
        self.now = window.until
        return out

    def _result(self, request: Rows) -> Rows:
        paid = request["amount_fen"] * self.pays // 1_000_000
        paid = np.where(self.status == Status.UNAVAILABLE, 0, paid)
        return sample(DebitResult, source=request, at=request["at"] + 5_000, paid_fen=paid, status=self.status)

    def _book(self, window: Window, out: Outbox, mail: Sequence[Mail]) -> None:
        """The ledger takes what repayment posted, and what disbursement would have posted for new loans."""
        # Disbursement pays out a loan once, even where its message is told twice.
        disbursed = []
        for kind, rows in mail:
            if kind is LoanDisbursed and int(rows["loan"][0]) not in self._booked:
                self._booked.add(int(rows["loan"][0]))
                disbursed.append(rows)
        entries: list[Mail] = [
            (
                Posting,
                sample(
                    Posting,
                    1,
                    at=rows["at"],
                    transaction=rows["loan"] * 10_000 + 1,
                    account=account,
                    loan=rows["loan"],
                    amount_fen=rows["amount_fen"] * sign,
                ),
            )
            for rows in disbursed
            for account, sign in ((Account.PRINCIPAL, 1), (Account.SETTLEMENT, -1))
        ]
        for number, parts in out.mail.items():
            kind = KINDS[number]
            for rows in parts:
                assert (rows["at"] >= window.start).all(), f"{kind.name} stamped before its window"
                assert kind.world or (rows["at"] < window.until).all(), f"{kind.name} stamped after its window"
                self._keep(kind, rows)
                if kind.room == "ledger":
                    entries.append((kind, rows))
        for rows in out.events:
            assert ((rows["at"] >= window.start) & (rows["at"] < window.until)).all(), rows
        self.events += out.events
        self.measures += out.measures
        books = Outbox()
        self.ledger.open(window, books)
        self.ledger.apply(Inbox.of(*entries), window, books)
        self.ledger.close(window, books)
        if window.ends_day or not self.check_daily:
            self.found += self._check() + self.ledger.check()
        assert not (self.strict and self.found), self.found

    def _check(self) -> list[str]:
        """Repayment's invariants over the whole book. The replay of the plans reads the loans' rows alone: it is not done again
        over the very rows that it has found sound."""
        book = self.repayment.book
        loans = book.loans.export().tolist()
        self.repayment.check_whole_book = loans != self._proved
        found = self.repayment.check()
        if not self.repayment.check_whole_book:
            return found + accrued_against_loans(book)
        self._proved = [] if found else loans
        return found

    def _keep(self, kind: Kind, rows: Rows) -> None:
        if len(rows):
            self.mail.setdefault(kind.number, []).append(rows)

    # looking ----------------------------------------------------------------------------------------------------------

    def sent(self, kind: Kind) -> Rows:
        """All rows of a kind so far."""
        parts = self.mail.get(kind.number)
        return np.concatenate(parts) if parts else kind.empty()

    def sent_postings(self, account: Account) -> Rows:
        """All of repayment's postings to an account so far."""
        rows = self.sent(Posting)
        chosen: Rows = rows[rows["account"] == account]
        return chosen

    def happened(self, event: EventCode) -> Rows:
        """All rows of an event so far, in order of time."""
        rows = np.concatenate(self.events)
        rows = rows[rows["event"] == event]
        in_time: Rows = rows[np.argsort(rows["at"], kind="stable")]
        return in_time

    def balance(self, account: Account) -> int:
        """The ledger's balance of an account in fen, debit positive."""
        return int(self.ledger.balances()[list(self.ledger._names).index(account.name.lower())])
