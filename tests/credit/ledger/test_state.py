"""State: the same books whatever the windows, the shards, and however often they are exported and taken up again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.codes import Account
from credit.digest import Digest
from credit.ledger.contract import LoanBalance, Posting
from credit.ledger.subsystem import LedgerSubsystem
from credit.mail import Inbox, Outbox
from credit.numbers import batch_transaction
from credit.policies.ledger import LedgerPolicy
from credit.policies.loading import PolicyError, load, packaged
from credit.room import Rows
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS
from tests.credit.ledger.books import DAY, LOAN, Mail, run
from tests.rows import sample

Facts = list[tuple[int, int, int]]
"""(hour, branch, principal) of disbursements, one loan each."""

facts = st.lists(st.tuples(st.integers(0, 71), st.integers(1, 4), st.integers(1, 10**9)), min_size=1, max_size=25)


def mail_of(rows: Facts) -> tuple[Rows, Rows]:
    postings, reports = [], []
    for n, (hour, branch, principal) in enumerate(rows):
        loan, at = branch * 10**11 + 101 + n * 100, DAY * DAY_MS + hour * HOUR_MS
        part = principal // 3
        lines = [(1, 0, Account.PRINCIPAL, principal), (1, 0, Account.SETTLEMENT, -principal)]
        if part:
            lines += [(2, 1, Account.SETTLEMENT, part), (2, 1, Account.PRINCIPAL, -part)]
        for number, later, account, amount in lines:
            postings.append(
                sample(
                    Posting,
                    1,
                    at=at + later,
                    transaction=loan * 10_000 + number,
                    account=account,
                    loan=loan,
                    amount_fen=amount,
                )
            )
        reports.append(sample(LoanBalance, 1, at=at + 1, loan=loan, principal_fen=principal - part))
    return np.concatenate(postings), np.concatenate(reports)


def feed(ledger: LedgerSubsystem, mail: tuple[Rows, Rows], start_hour: int, until_hour: int, step: int) -> None:
    for hour in range(start_hour, until_hour, step):
        window = Window(hour, DAY * DAY_MS + hour * HOUR_MS, DAY * DAY_MS + (hour + step) * HOUR_MS)
        parts = [rows[(rows["at"] >= window.start) & (rows["at"] < window.until)] for rows in mail]
        out = Outbox()
        ledger.open(window, out)
        ledger.apply(Inbox.of((Posting, parts[0]), (LoanBalance, parts[1])), window, out)
        ledger.close(window, out)
        assert ledger.check() == []


def digest(ledger: LedgerSubsystem) -> str:
    result = Digest()
    for number, (_, rows) in enumerate(sorted(ledger.export_state().items())):
        result.add(number, rows)
    return result.hex()


@given(facts)
@settings(max_examples=25)
def test_days_and_hours_give_the_same_books(rows: Facts) -> None:
    by_day, by_hour = LedgerSubsystem.build(), LedgerSubsystem.build()
    feed(by_day, mail_of(rows), 0, 72, 24)
    feed(by_hour, mail_of(rows), 0, 72, 1)
    assert digest(by_day) == digest(by_hour)


@given(facts, st.integers(0, 3))
@settings(max_examples=25)
def test_export_and_import_in_between_changes_nothing(rows: Facts, days: int) -> None:
    whole, first, second = LedgerSubsystem.build(), LedgerSubsystem.build(), LedgerSubsystem.build()
    feed(whole, mail_of(rows), 0, 72, 24)
    feed(first, mail_of(rows), 0, days * 24, 24)
    second.import_state(first.export_state())
    feed(second, mail_of(rows), days * 24, 72, 24)
    assert digest(second) == digest(whole)


@given(facts)
@settings(max_examples=25)
def test_two_shards_together_hold_what_one_holds(rows: Facts) -> None:
    whole, odd, even = LedgerSubsystem.build(), LedgerSubsystem.build(), LedgerSubsystem.build()
    feed(whole, mail_of(rows), 0, 72, 24)
    mail = mail_of(rows)
    for ledger, rest in ((odd, 1), (even, 0)):
        mine = tuple(part[(part["loan"] // 10**11) % 2 == rest] for part in mail)
        feed(ledger, (mine[0], mine[1]), 0, 72, 24)
    for table, key in (("loans", ["loan"]), ("accounts", ["branch", "account"])):
        joined = np.concatenate([odd.export_state()[table], even.export_state()[table]])
        assert np.sort(joined, order=key).tolist() == whole.export_state()[table].tolist()


def again(ledger: LedgerSubsystem, transaction: int, loan: int) -> list[str]:
    """What is wrong when 7 fen more are posted on the day after under a number."""
    lines = {Account.SETTLEMENT: -7, Account.PRINCIPAL: 7}
    run(ledger, Mail(at=(DAY + 1) * DAY_MS).post(transaction, loan, lines).report(loan, 7), day=DAY + 1)
    return ledger.check()


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_no_number_of_a_loan_is_used_twice_not_even_of_a_settled_one(saved: bool, number: int) -> None:
    ledger = LedgerSubsystem.build()
    back = {Account.SETTLEMENT: 500, Account.PRINCIPAL: -500}
    run(ledger, Mail().disburse(LOAN, 500).post(LOAN * 10_000 + 2, LOAN, back).report(LOAN))
    assert ledger.check() == []
    if saved:
        state, ledger = ledger.export_state(), LedgerSubsystem.build()
        ledger.import_state(state)
    found = again(ledger, LOAN * 10_000 + number, LOAN)
    assert (number == 3) == (found == [])
    assert number == 3 or f"transaction {LOAN * 10_000 + number} of loan {LOAN}" in found[0]


@pytest.mark.parametrize(
    ("day", "what", "sound"), [(0, 2, False), (0, 1, False), (-1, 3, False), (0, 3, True), (1, 1, True)]
)
def test_no_batch_of_a_group_is_posted_twice_or_late(day: int, what: int, sound: bool) -> None:
    ledger, group = LedgerSubsystem.build(), np.array([301])
    lines = {Account.INTEREST_ACCRUED: 7, Account.INTEREST_INCOME: -7}
    run(ledger, Mail().post(int(batch_transaction(group, DAY, 2)[0]), 0, lines))
    # Another group's batch and a loan's own numbers stay apart.
    run(ledger, Mail().post(int(batch_transaction(group + 1, DAY, 1)[0]), 0, lines).disburse(LOAN, 7).report(LOAN, 7))
    assert ledger.check() == ["repayment did not report the totals of its book (BookTotal) at the day's end"] * 2
    number = int(batch_transaction(group, DAY + day, what)[0])
    run(ledger, Mail().post(number, 0, lines))
    assert sound == (not any(f"transaction {number}" in line for line in ledger.check()))


# ---- the chart


def chart_with(change: object) -> dict[str, object]:
    chart = packaged("ledger")
    change(chart["accounts"])  # type: ignore[operator]
    return chart


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.pop(), "missing: off_balance_contra"),
        (lambda rows: rows[0].update(number=1002), "number 1002 must be 1001"),
        (lambda rows: rows[0].update(key="petty_cash"), "'petty_cash' is not one of"),
        (lambda rows: rows[0].update(keeping="loan"), "keeping = 'loan' belongs to exactly"),
        (lambda rows: rows[0].update(keeping="control"), "keeping = 'control' belongs to exactly interest_accrued"),
    ],
)
def test_a_chart_that_does_not_match_the_accounts_is_refused(change: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LedgerPolicy.model_validate(chart_with(change))


def test_the_fault_of_an_overridden_chart_is_one_clear_line() -> None:
    with pytest.raises(PolicyError, match=r"policies\.ledger: accounts\.0\.side"):
        load("ledger", LedgerPolicy, {"ledger": {"accounts": [{"key": "settlement", "side": "left"}]}})


def test_every_account_has_its_chinese_name() -> None:
    policy = load("ledger", LedgerPolicy)
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in row.name_zh) for row in policy.accounts)
