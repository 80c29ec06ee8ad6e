"""The book's promises over time: a saved book goes on as if it had never been saved, what accrues is what the schedules say,
and loan, schedule and ledger agree every day whatever the customers pay (the bank of these tests checks it every window)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.codes import Account, Method
from credit.daycount import ACT_360, ACT_365, D30_360, MONTHLY
from credit.ledger.contract import BookTotal
from credit.policies import Overrides, ProductPolicy, columns_of, load
from credit.repayment.contract import Event
from credit.repayment.rules import DAYCOUNT_OF_PRODUCT
from credit.repayment.subsystem import RepaymentSubsystem
from credit.schedules import Schedule, Terms, accrued_fen, build_schedule
from credit.times import date_of
from tests.credit.repayment.bank import LOAN, OTHER, START, Bank, Mail, at, day_of, early, loan, payment, write_off
from tests.twins import twin

THIRD = LOAN + 200
STANDARD = [Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST]
CONVENTIONS = {"monthly": MONTHLY, "act_360": ACT_360, "act_365": ACT_365, "30_360": D30_360}


def terms(convention: int, method: Method = Method.EQUAL_INSTALMENT, months: int = 12) -> Schedule:
    """The plan of the tests' loan, worked out by `credit.schedules` alone."""
    first = day_of(2026, 2, 10)
    return build_schedule(Terms.of(5_000_000, 60_000, months, method, convention, START, first, 10))


# day counts -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("PRD-08.a", "REP-01.a")
@pytest.mark.parametrize(("name", "convention"), CONVENTIONS.items())
def test_the_catalogues_day_counts_are_those_of_the_schedules(name: str, convention: int) -> None:
    overrides: Overrides = {"products": {"products": [{"key": "consumer_loan", "daycount": name}]}}
    columns = columns_of(load("products", ProductPolicy, overrides))
    assert DAYCOUNT_OF_PRODUCT[columns.daycount[1]] == convention
    plan = Bank(overrides).until(START + 1, loan()).repayment.schedule(LOAN)
    assert plan.payment_fen.tolist() == terms(convention).payment_fen.tolist()


@pytest.mark.requirement("PRD-08.a", "REP-01.a", "REP-02.a", "REP-02.b", "REP-02.c")
@pytest.mark.parametrize("method", STANDARD)
def test_a_micro_business_loan_runs_by_actual_days_over_360(method: Method) -> None:
    bank = Bank().until(day_of(2027, 1, 12), loan(product=4, method=int(method)))
    plan = terms(ACT_360, method)
    assert bank.happened(Event.INSTALMENT_DUE)["amount_fen"].tolist() == plan.payment_fen.tolist()
    # 365 days of a year of 360: 5 % and more above the other loans' interest.
    assert plan.total_interest_fen > terms(MONTHLY, method).total_interest_fen
    assert bank.balance(Account.INTEREST_INCOME) == -plan.total_interest_fen


# accrual --------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-01.a", "REP-02.a", "REP-02.b", "REP-02.c")
@pytest.mark.parametrize("method", STANDARD)
@pytest.mark.parametrize("product", [1, 4])
def test_what_accrues_each_day_is_what_the_schedule_says(method: Method, product: int) -> None:
    bank = Bank().until(day_of(2026, 5, 10), loan(product=product, method=int(method)))
    plan = terms(MONTHLY if product == 1 else ACT_360, method)
    totals = bank.sent(BookTotal)
    assert len(totals) == day_of(2026, 5, 10) - START
    edges = np.concatenate([[START], plan.due_day])
    for row in totals:
        day_end = int(row["at"] + 1) // 86_400_000
        # The day before a due date ends with the whole interest accrued.
        period = int(np.searchsorted(edges, day_end, side="left")) - 1
        start, due = int(edges[period]), int(edges[period + 1])
        expected = accrued_fen(int(plan.interest_fen[period]), day_end - start, due - start)
        assert int(row["accrued_fen"]) == int(expected), date_of(day_end)


@pytest.mark.requirement("REP-03.b")
def test_interest_held_back_by_a_plan_by_hand_accrues_as_well() -> None:
    bank = Bank().until(day_of(2026, 4, 10), loan(method=int(Method.CUSTOM), term_months=24))
    assert bank.balance(Account.INTEREST_ACCRUED) == 3 * 25_000
    assert bank.balance(Account.INTEREST_INCOME) == -3 * 25_000


# a saved book ---------------------------------------------------------------------------------------------------------


def _mail() -> list[Mail]:
    """Loans of several kinds, with everything that can happen to one."""
    return [
        loan(),
        loan(OTHER, START + 2, method=2, product=4),
        loan(THIRD, START + 4, method=int(Method.CUSTOM), term_months=24),
        payment(at(START + 45, 12), share_ppm=300_000),
        payment(at(START + 61, 12), share_ppm=1_000_000),
        early(at(START + 20, 11), OTHER, amount_fen=1_000_000, choice=1),
        early(at(START + 70, 11), THIRD, amount_fen=500_000, choice=2),
        write_off(at(START + 100, 12), OTHER),
        payment(at(START + 130, 12), OTHER, amount_fen=700_000),
    ]


def _run(bank: Bank, days: Sequence[int]) -> None:
    """A run in which debits are paid in full, in part or not at all, by the day."""
    for day in days:
        bank.pays = (0, 0, 300_000, 0, 0, 0, 0)[day % 7]
        bank.until(day + 1)


LIFE = range(START, START + 140)
SAVED_AFTER = [1, 21, 35, 46, 71, 101, 131]


@pytest.fixture(scope="module")
def lives() -> dict[int, Bank]:
    """One bank's life: as it was after so many days, and at its end."""
    bank, found = Bank().until(START, *_mail()), {}
    for before, after in pairwise([0, *SAVED_AFTER, len(LIFE)]):
        _run(bank, LIFE[before:after])
        found[after] = twin(bank)
    return found


@pytest.mark.parametrize("after", SAVED_AFTER)
def test_a_saved_book_goes_on_as_if_it_had_never_been_saved(lives: dict[int, Bank], after: int) -> None:
    whole, saved = lives[len(LIFE)], lives[after]
    state = saved.repayment.export_state()
    saved.repayment = RepaymentSubsystem.build()
    saved.repayment.import_state(state)
    again = saved.repayment.export_state()
    assert all(again[name].tolist() == state[name].tolist() for name in state)
    _run(saved, LIFE[after:])
    mine, its = whole.repayment.export_state(), saved.repayment.export_state()
    assert all(mine[name].tolist() == its[name].tolist() for name in mine)
    for rows, others in ((whole.events, saved.events), (whole.measures, saved.measures)):
        assert _sorted(rows) == _sorted(others)
    for event in (Event.LOAN_WRITTEN_OFF, Event.RECOVERY_RECEIVED, Event.SCHEDULE_REGENERATED, Event.OVERDUE_CLEARED):
        assert len(whole.happened(event)), f"the run shows too little: no {event.name}"
    assert set(whole.mail) == set(saved.mail)
    assert all(_sorted(whole.mail[kind]) == _sorted(saved.mail[kind]) for kind in whole.mail)
    assert whole.ledger.balances().tolist() == saved.ledger.balances().tolist()


def _sorted(parts: Sequence[np.ndarray]) -> list[tuple[int, ...]]:
    return sorted(map(tuple, np.concatenate(parts).tolist()))


def test_an_empty_book_can_be_saved() -> None:
    state = Bank().until(START + 1).repayment.export_state()
    fresh = RepaymentSubsystem.build()
    fresh.import_state(state)
    assert all(fresh.export_state()[name].tolist() == state[name].tolist() for name in state)
    assert fresh.check() == []


# any payment pattern --------------------------------------------------------------------------------------------------

LOANS = st.fixed_dictionaries(
    {
        "amount_fen": st.integers(100_000, 10**9),
        "rate_ppm": st.integers(0, 240_000),
        "term_months": st.integers(1, 4),
        "method": st.sampled_from([int(method) for method in Method]),
        "product": st.integers(1, 5),
    }
)
PAYS = st.lists(st.sampled_from([0, 1, 250_000, 999_999, 1_000_000]), min_size=16, max_size=16)
ORDERS = st.lists(
    st.tuples(
        st.integers(1, 150),
        st.sampled_from(["share", "amount", "part", "full"]),
        st.integers(1, 1_000_000),
        st.sampled_from([1, 2]),
    ),
    max_size=5,
)


def _order(day: int, what: str, share: int, choice: int, amount_fen: int) -> Mail:
    when, part = at(START + day, 12), max(1, amount_fen * share // 1_000_000)
    if what == "share":
        return payment(when, share_ppm=share)
    if what == "amount":
        return payment(when, amount_fen=part)
    return early(when, amount_fen=part, choice=choice, full=int(what == "full"))


@pytest.mark.requirement("REP-01.a", "REP-02.a", "REP-05.a", "REP-11.b", "REP-12.a")
@settings(max_examples=12)
@given(LOANS, PAYS, ORDERS)
def test_loan_schedule_and_ledger_agree_every_day_whatever_is_paid(
    terms: dict[str, int], pays: list[int], orders: list[tuple[int, str, int, int]]
) -> None:
    bank = Bank().until(START, loan(**terms), *(_order(*order, terms["amount_fen"]) for order in orders))
    for place, share in enumerate(pays):
        bank.pays = share
        bank.until(START + 10 * (place + 1))
    bank.pays = 1_000_000
    bank.until(START + 175)
    amount = terms["amount_fen"]
    rows = bank.sent_postings(Account.PRINCIPAL)
    assert (rows["amount_fen"] < 0).all()
    assert int(rows["amount_fen"].sum()) == -amount
    assert len(bank.happened(Event.LOAN_SETTLED)) == 1
    for account in (
        Account.PRINCIPAL,
        Account.INTEREST_ACCRUED,
        Account.INTEREST_RECEIVABLE,
        Account.PENALTY_RECEIVABLE,
    ):
        assert bank.balance(account) == 0, account
    income = (Account.INTEREST_INCOME, Account.PENALTY_INCOME, Account.FEE_INCOME)
    assert bank.balance(Account.SETTLEMENT) == -sum(bank.balance(account) for account in income)


@pytest.mark.requirement("REP-01.a", "REP-02.a", "REP-03.b")
@settings(max_examples=10)
@given(LOANS)
def test_what_falls_due_is_the_plan_and_its_principal_is_the_amount(terms: dict[str, int]) -> None:
    bank = Bank().until(START + 1, loan(**terms))
    plan = bank.repayment.schedule(LOAN)
    assert plan.principal_fen.sum() == terms["amount_fen"]
    assert plan.balance_fen[-1] == 0
    bank.until(START + 125)
    due = bank.happened(Event.INSTALMENT_DUE)["amount_fen"].tolist()
    assert due == [fen for fen in plan.payment_fen.tolist() if fen]
    assert bank.balance(Account.INTEREST_INCOME) == -plan.total_interest_fen
