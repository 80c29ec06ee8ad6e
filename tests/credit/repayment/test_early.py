"""Early repayment in full and in part: what is settled, which plan follows, what is refused."""

from __future__ import annotations

import pytest

from credit.codes import Account, Method
from credit.disbursement.contract import LimitReleased
from credit.ledger.contract import Posting
from credit.policies import Overrides
from credit.repayment.contract import Event, Refusal
from credit.schedules import LOWER_INSTALMENT, SHORTER_TERM
from tests.credit.repayment.bank import LOAN, OTHER, START, Bank, at, day_of, early, loan

SIXTH = day_of(2026, 7, 10)
"""Zhang's sixth due day: he owes 25,374.05 afterwards."""


def event(bank: Bank, kind: Event) -> list[tuple[int, int, int]]:
    """(amount, value, reason) of all rows of an event."""
    rows = bank.happened(kind)
    return list(zip(rows["amount_fen"].tolist(), rows["value"].tolist(), rows["reason"].tolist(), strict=True))


# in full --------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-11.b")
def test_full_repayment_settles_principal_interest_to_the_day_and_the_fee() -> None:
    bank = Bank().until(START + 22, loan(), early(at(START + 20, 11), full=1))
    # 20 days of 0.5 % a month on 50,000 are 166.67; 1 % of the principal is the fee within the first six months.
    assert event(bank, Event.EARLY_REPAYMENT) == [(5_000_000, 16_667 + 50_000, 0)]
    assert len(bank.happened(Event.LOAN_SETTLED)) == 1
    assert bank.balance(Account.SETTLEMENT) == 66_667
    assert bank.balance(Account.INTEREST_INCOME) == -16_667
    assert bank.balance(Account.FEE_INCOME) == -50_000
    for account in (Account.PRINCIPAL, Account.INTEREST_ACCRUED, Account.INTEREST_RECEIVABLE):
        assert bank.balance(account) == 0, account


@pytest.mark.requirement("REP-11.b")
def test_a_loan_repaid_in_full_falls_due_no_more() -> None:
    bank = Bank().until(START + 70, loan(), early(at(START + 20, 11), full=1))
    assert len(bank.happened(Event.INSTALMENT_DUE)) == 0
    assert len(bank.repayment.export_state()["loans"]) == 0
    with pytest.raises(KeyError, match="no plan"):
        bank.repayment.schedule(LOAN)


@pytest.mark.requirement("REP-11.b")
@pytest.mark.parametrize(("hour", "count"), [(7, 0), (9, 1)])
def test_on_a_due_day_the_instalment_comes_first(hour: int, count: int) -> None:
    due = day_of(2026, 2, 10)
    bank = Bank(window_ms=3_600_000).until(due + 1, loan(), early(at(due, hour), full=1))
    assert len(bank.happened(Event.EARLY_REPAYMENT)) == count
    assert [row[2] for row in event(bank, Event.EARLY_REPAYMENT_REFUSED)] == [Refusal.LOAN_OVERDUE] * (1 - count)


@pytest.mark.requirement("REP-11.b")
def test_full_repayment_on_the_day_of_disbursement_costs_no_interest() -> None:
    bank = Bank().until(START + 1, loan(), early(at(START, 15), full=1))
    assert event(bank, Event.EARLY_REPAYMENT) == [(5_000_000, 50_000, 0)]
    assert bank.balance(Account.INTEREST_INCOME) == 0


@pytest.mark.requirement("REP-11.b")
def test_a_plan_by_hand_settles_the_interest_it_held_back() -> None:
    when = day_of(2026, 4, 10)
    bank = Bank().until(when + 1, loan(method=int(Method.CUSTOM), term_months=24), early(at(when, 11), full=1))
    assert event(bank, Event.EARLY_REPAYMENT) == [(5_000_000, 3 * 25_000 + 50_000, 0)]
    assert bank.balance(Account.INTEREST_INCOME) == -75_000
    assert bank.balance(Account.INTEREST_ACCRUED) == 0


@pytest.mark.requirement("REP-11.b", "REP-12.a")
def test_interest_held_back_and_settled_with_a_part_is_not_owed_again() -> None:
    when = day_of(2026, 4, 10)
    order = early(at(when, 11), amount_fen=1_000_000)
    bank = Bank().until(when + 1, loan(method=int(Method.CUSTOM), term_months=24), order)
    assert event(bank, Event.EARLY_REPAYMENT) == [(1_000_000, 3 * 25_000 + 10_000, 0)]
    assert bank.repayment.book.loans["held_fen"].tolist() == [0]


# fees -----------------------------------------------------------------------------------------------------------------

FREE: Overrides = {"repayment": {"early_fees": [{"key": "consumer_loan", "fee_ppm": 0}]}}
DEAR: Overrides = {"repayment": {"early_fees": [{"key": "consumer_loan", "fee_ppm": 30_000, "free_after_months": 2}]}}


@pytest.mark.requirement("REP-11.b")
@pytest.mark.parametrize(
    ("day", "fee"), [(day_of(2026, 7, 9), 29_530), (SIXTH, 0)], ids=["five instalments", "six instalments"]
)
def test_the_fee_ends_with_the_sixth_instalment(day: int, fee: int) -> None:
    bank = Bank().until(day + 1, loan(), early(at(day, 11), full=1))
    principal = int(bank.happened(Event.EARLY_REPAYMENT)["amount_fen"][0])
    # 1 % of 29,529.72 and of 25,374.05.
    assert principal == (2_952_972 if fee else 2_537_405)
    assert bank.balance(Account.FEE_INCOME) == -fee


@pytest.mark.requirement("PRD-08.d", "REP-11.b")
@pytest.mark.parametrize(("overrides", "months", "fee"), [(FREE, 1, 0), (DEAR, 1, 30_000), (DEAR, 2, 0)])
def test_the_fee_is_a_matter_of_configuration(overrides: Overrides, months: int, fee: int) -> None:
    when = day_of(2026, 1 + months, 20)
    bank = Bank(overrides).until(when + 1, loan(), early(at(when, 11), amount_fen=1_000_000))
    assert bank.balance(Account.FEE_INCOME) == -fee


@pytest.mark.requirement("PRD-08.a", "REP-11.b")
@pytest.mark.parametrize(("product", "fee"), [(1, 10_000), (2, 20_000), (3, 5_000), (4, 5_000), (5, 0)])
def test_each_product_has_its_own_fee(product: int, fee: int) -> None:
    bank = Bank().until(START + 11, loan(product=product), early(at(START + 10, 11), amount_fen=1_000_000))
    assert bank.balance(Account.FEE_INCOME) == -fee


# in part --------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-12.a", "REP-12.b")
@pytest.mark.parametrize(
    ("choice", "count", "instalment"), [(SHORTER_TERM, 4, 430_332), (LOWER_INSTALMENT, 6, 260_737)]
)
def test_after_a_part_the_customer_has_a_shorter_term_or_a_lower_instalment(
    choice: int, count: int, instalment: int
) -> None:
    bank = Bank().until(SIXTH + 1, loan(), early(at(SIXTH, 11), amount_fen=1_000_000, choice=choice))
    assert event(bank, Event.EARLY_REPAYMENT) == [(1_000_000, 0, 0)]
    assert event(bank, Event.SCHEDULE_REGENERATED) == [(1_000_000, count, choice)]
    plan = bank.repayment.schedule(LOAN)
    assert plan.number.tolist() == list(range(7, 7 + count))
    assert plan.payment_fen[:-1].tolist() == [instalment] * (count - 1)
    assert plan.principal_fen.sum() == 1_537_405
    bank.until(day_of(2027, 1, 12))
    due = bank.happened(Event.INSTALMENT_DUE)
    assert due["amount_fen"].tolist()[6:] == plan.payment_fen.tolist()
    assert len(bank.happened(Event.LOAN_SETTLED)) == 1
    assert bank.balance(Account.PRINCIPAL) == 0


@pytest.mark.requirement("REP-12.a", "REP-12.b")
@pytest.mark.parametrize(
    "method", [Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST, Method.CUSTOM]
)
@pytest.mark.parametrize("choice", [SHORTER_TERM, LOWER_INSTALMENT])
def test_a_part_before_the_first_due_day_is_proved_like_any_other(method: Method, choice: int) -> None:
    first = day_of(2026, 2, 10)
    order = early(at(START + 20, 11), amount_fen=1_000_000, choice=choice)
    bank = Bank().until(first + 1, loan(method=int(method), term_months=24), order)
    assert len(bank.happened(Event.SCHEDULE_REGENERATED)) == 1
    plan = bank.repayment.schedule(LOAN)
    assert plan.number[0] == 1
    assert plan.due_day[0] == first
    assert plan.principal_fen.sum() == 4_000_000


@pytest.mark.requirement("REP-11.b", "REP-12.a", "REP-12.b")
def test_the_rest_of_the_month_after_a_part_runs_on_what_is_left() -> None:
    first = day_of(2026, 2, 10)
    order = early(at(START + 20, 11), amount_fen=1_000_000, choice=LOWER_INSTALMENT)
    bank = Bank().until(first + 1, loan(), order)
    assert event(bank, Event.EARLY_REPAYMENT) == [(1_000_000, 16_667 + 10_000, 0)]
    # 11 days of 6 % / 360 on 40,000 are 73.33; the principal of a month at the new instalment of 3,442.66 is 3,242.66.
    assert bank.happened(Event.INSTALMENT_DUE)["amount_fen"].tolist() == [7_333 + 324_266]
    assert bank.balance(Account.INTEREST_RECEIVABLE) == 0


@pytest.mark.requirement("REP-12.a")
def test_parts_may_follow_each_other_even_on_one_day() -> None:
    orders = [
        early(at(START + 20, 11), amount_fen=1_000_000, choice=SHORTER_TERM),
        early(at(START + 20, 11, 30), amount_fen=500_000, choice=LOWER_INSTALMENT),
        early(at(START + 40, 9), amount_fen=500_000, choice=SHORTER_TERM),
    ]
    bank = Bank().until(day_of(2027, 1, 12), loan(), *orders)
    settled = bank.happened(Event.EARLY_REPAYMENT)
    assert settled["amount_fen"].tolist() == [1_000_000, 500_000, 500_000]
    assert settled["value"].tolist()[1] == 5_000  # the fee alone: interest was settled half an hour before
    assert len(bank.happened(Event.LOAN_SETTLED)) == 1
    assert bank.balance(Account.PRINCIPAL) == 0


@pytest.mark.requirement("REP-11.b")
def test_a_part_that_covers_the_balance_repays_in_full() -> None:
    orders = [early(at(START + 10, 11), amount_fen=4_950_000), early(at(START + 20, 11), amount_fen=60_000, choice=0)]
    bank = Bank().until(START + 21, loan(), *orders)
    assert bank.happened(Event.EARLY_REPAYMENT)["amount_fen"].tolist() == [4_950_000, 50_000]
    assert len(bank.happened(Event.LOAN_SETTLED)) == 1
    assert len(bank.happened(Event.SCHEDULE_REGENERATED)) == 1


# refused --------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-11.b", "REP-12.a")
@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (early(at(START + 5, 11), OTHER, full=1), Refusal.LOAN_UNKNOWN),
        (early(at(START + 5, 11), amount_fen=99_999), Refusal.EARLY_AMOUNT),
        (early(at(START + 5, 11), amount_fen=0), Refusal.EARLY_AMOUNT),
        (early(at(START + 5, 11), amount_fen=-1), Refusal.EARLY_AMOUNT),
        (early(at(START + 5, 11), amount_fen=1_000_000, choice=0), Refusal.EARLY_AMOUNT),
        (early(at(START + 5, 11), amount_fen=1_000_000, choice=3), Refusal.EARLY_AMOUNT),
    ],
    ids=["unknown", "below the minimum", "nothing", "negative", "no choice", "no such choice"],
)
def test_orders_that_cannot_be_kept_are_refused_and_change_nothing(order: tuple, reason: Refusal) -> None:  # type: ignore[type-arg]
    bank = Bank().until(START + 6, loan(), order)
    untouched = Bank().until(START + 6, loan())
    assert [row[2] for row in event(bank, Event.EARLY_REPAYMENT_REFUSED)] == [reason]
    assert len(bank.happened(Event.EARLY_REPAYMENT)) == 0
    assert (bank.repayment.export_state()["loans"] == untouched.repayment.export_state()["loans"]).all()
    assert len(bank.sent(Posting)) == len(untouched.sent(Posting))


@pytest.mark.requirement("REP-12.a")
def test_the_least_part_may_be_repaid() -> None:
    bank = Bank().until(START + 6, loan(), early(at(START + 5, 11), amount_fen=100_000))
    assert bank.happened(Event.EARLY_REPAYMENT)["amount_fen"].tolist() == [100_000]


@pytest.mark.requirement("REP-11.b")
def test_an_empty_book_refuses_as_well() -> None:
    bank = Bank().until(START + 1, early(at(START, 11), full=1))
    assert [row[2] for row in event(bank, Event.EARLY_REPAYMENT_REFUSED)] == [Refusal.LOAN_UNKNOWN]


@pytest.mark.requirement("REP-11.b")
def test_nobody_repays_early_while_something_is_due_or_twice() -> None:
    due = day_of(2026, 2, 10)
    bank = Bank()
    bank.pays = 0
    bank.until(due + 5, loan(), early(at(due + 3, 11), full=1))
    assert [row[2] for row in event(bank, Event.EARLY_REPAYMENT_REFUSED)] == [Refusal.LOAN_OVERDUE]
    bank.pays = 1_000_000
    bank.until(due + 8, early(at(due + 6, 11), full=1), early(at(due + 6, 12), full=1))
    assert len(bank.happened(Event.EARLY_REPAYMENT)) == 1
    assert [row[2] for row in event(bank, Event.EARLY_REPAYMENT_REFUSED)][1:] == [Refusal.LOAN_UNKNOWN]


# limits ---------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("PRD-09.b")
def test_repaid_principal_of_a_revolving_loan_gives_its_limit_back() -> None:
    second = day_of(2026, 3, 20)
    orders = [early(at(START + 20, 11), amount_fen=1_000_000), early(at(second, 11), full=1)]
    bank = Bank().until(second + 1, loan(revolving=1), *orders)
    released = bank.sent(LimitReleased)
    assert released["principal_fen"].sum() == 5_000_000
    assert released["at"].tolist()[0] == at(START + 20, 11)
    assert len(released) == 4  # a part, two instalments, the rest
    assert (released["case"] == LOAN // 100).all()


@pytest.mark.requirement("PRD-09.b")
def test_repaying_a_loan_that_does_not_revolve_releases_no_limit() -> None:
    bank = Bank().until(START + 40, loan(), early(at(START + 20, 11), full=1))
    assert len(bank.sent(LimitReleased)) == 0
