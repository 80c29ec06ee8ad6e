"""Transaction numbers: one for each movement of a loan, rising for ever, from its disbursement to its last recovery."""

from __future__ import annotations

import numpy as np
import pytest

from credit.codes import Account
from credit.errors import InvariantViolation
from credit.ledger.contract import Posting
from credit.numbers import (
    BRANCH_MAX,
    LOANS_MAX,
    PRODUCT_MAX,
    TRANSACTIONS_MAX,
    batch_transaction,
    branch_of_transaction,
    group_of,
    is_batch,
    loan_of,
    numbered,
    place_in_group,
    place_in_loan,
    transaction_of,
)
from credit.repayment.contract import Event, Refusal
from credit.repayment.subsystem import PAYMENTS_MAX
from tests.credit.repayment.bank import LOAN, START, Bank, at, day_of, loan, payment, write_off

FIRST = day_of(2026, 2, 10)


def numbers(bank: Bank) -> list[int]:
    """The loan's transactions in the order in which they were given out: 2, 3 …"""
    rows = bank.sent(Posting)
    return sorted({int(number) % 10_000 for number in rows["transaction"][rows["transaction"] // 10_000 == LOAN]})


@pytest.mark.requirement("DIS-15.a", "REP-05.c")
@pytest.mark.parametrize("count", [51, 400])
def test_each_of_many_payments_in_one_window_has_its_own_number(count: int) -> None:
    bank = Bank()
    bank.pays = 0
    pays = [payment(at(FIRST + 5, 12) + n, amount_fen=100) for n in range(count)]
    bank.until(FIRST + 6, loan(), *pays)
    assert numbers(bank) == list(range(2, count + 2))
    assert -bank.sent_postings(Account.PENALTY_RECEIVABLE)["amount_fen"].min() == 100
    bank.until(FIRST + 7, payment(at(FIRST + 6, 12), amount_fen=100))
    assert numbers(bank) == list(range(2, count + 3))


@pytest.mark.requirement("NPL-09.a")
def test_numbers_go_on_after_a_write_off_and_over_a_saved_book() -> None:
    bank = Bank()
    bank.pays = 0
    bank.until(FIRST + 10, loan(), payment(at(FIRST + 5, 12), amount_fen=100))
    bank.until(FIRST + 21, write_off(at(FIRST + 20, 12)))
    for subsystem in (bank.repayment, bank.ledger):
        subsystem.import_state(subsystem.export_state())
    bank.until(FIRST + 31, *(payment(at(FIRST + 22 + n, 12), amount_fen=100) for n in range(3)))
    assert numbers(bank) == [2, 3, 4, 5, 6]


@pytest.mark.planted
def test_planted_book_that_forgets_its_last_number_is_caught() -> None:
    bank = Bank()
    bank.strict, bank.pays = False, 0
    bank.until(FIRST + 6, loan(), payment(at(FIRST + 5, 12), amount_fen=100))
    loans = bank.repayment.book.loans
    loans.put(np.arange(len(loans)), transactions=1)
    bank.until(FIRST + 7, payment(at(FIRST + 6, 12), amount_fen=100))
    assert f"transaction {LOAN * 10_000 + 2} of loan {LOAN}" in bank.found[0]


def test_a_loan_that_has_used_up_its_numbers_is_named() -> None:
    ids = np.array([LOAN])
    assert transaction_of(ids, TRANSACTIONS_MAX).tolist() == [LOAN * 10_000 + 9_999]
    with pytest.raises(InvariantViolation, match=rf"loan {LOAN} has had 9,999 transactions"):
        transaction_of(ids, TRANSACTIONS_MAX + 1)


@pytest.mark.requirement("REP-05.c")
def test_who_pays_fen_by_fen_is_refused_before_the_numbers_of_his_loan_are_spent() -> None:
    bank = Bank()
    bank.pays = 0
    bank.until(FIRST + 3, loan())
    for table, column in ((bank.repayment.book.loans, "transactions"), (bank.ledger.tables["loans"], "last")):
        table.put(np.arange(len(table)), **{column: PAYMENTS_MAX - 1})
    bank.until(FIRST + 6, *(payment(at(FIRST + 5, 12) + n, amount_fen=1) for n in range(3)))
    assert numbers(bank)[-1] == PAYMENTS_MAX
    assert bank.happened(Event.RECEIPT_REFUSED)["reason"].tolist() == [Refusal.PAYMENTS_SPENT] * 2


def test_numbers_of_the_largest_branch_loan_and_group_say_where_they_belong() -> None:
    ids = loan_of(numbered(np.array([BRANCH_MAX]), np.array([10**9 - 1])), LOANS_MAX)
    of_loan = transaction_of(ids, TRANSACTIONS_MAX)
    group = group_of(np.array([BRANCH_MAX]), np.array([PRODUCT_MAX]))
    of_group = batch_transaction(group, 200_000, 99)
    assert branch_of_transaction(np.concatenate([of_loan, of_group])).tolist() == [BRANCH_MAX, BRANCH_MAX]
    assert is_batch(np.concatenate([of_loan, of_group])).tolist() == [False, True]
    assert [int(part[0]) for part in place_in_loan(of_loan)] == [int(ids[0]), TRANSACTIONS_MAX]
    assert [int(part[0]) for part in place_in_group(of_group)] == [int(group[0]), 200_000 * 100 + 99]
    assert branch_of_transaction(np.array([-1, 0, 2 * 10**18])).tolist() == [-1, -1, -1]
    assert START < 200_000


@pytest.mark.parametrize(
    ("columns", "sound"),
    [
        ({"amount_fen": 10**11}, True),
        ({"amount_fen": 10**11 + 1}, False),
        ({"term_months": 999, "method": 2}, True),
        ({"term_months": 1_000, "method": 2}, False),
        ({"rate_ppm": 240_000}, True),
        ({"rate_ppm": 240_001}, False),
        ({"rate_ppm": 0}, True),
        ({"rate_ppm": -1}, False),
    ],
)
def test_a_loan_larger_dearer_or_longer_than_the_book_can_hold_is_refused(columns: dict[str, int], sound: bool) -> None:
    bank = Bank().until(START, loan(**columns))
    bank.strict = sound  # the payment that nobody could book stays in the ledger alone
    bank.until(START + 1)
    assert len(bank.happened(Event.SCHEDULE_GENERATED if sound else Event.RECEIPT_REFUSED)) == 1
