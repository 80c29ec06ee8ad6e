"""The arithmetic of disbursement: when a payment leaves, which accounts are ours, when a task is due."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from credit.calendar import close_of_workday
from credit.disbursement.contract import PaymentInstruction
from credit.disbursement.payments import transaction_of
from credit.disbursement.rules import PaymentTimes
from credit.disbursement.states import DESKS, PaymentKind, PaymentState
from credit.policies import PolicyError, load
from credit.policies.payments import PaymentPolicy
from credit.times import MINUTE_MS, instant
from tests.credit.disbursement.builders import (
    CARD,
    CONSUMER,
    MICRO,
    MORTGAGE,
    NINE,
    OWN,
    PAYEE,
    WORKING,
    YUAN,
    Bench,
    contract,
    initiated,
    result,
    reviewed,
)

POLICY = load("payments", PaymentPolicy)
TIMES = PaymentTimes(POLICY)
LARGE = 1_000_000 * YUAN + 1


def on(day: str, hour: int = 0, minute: int = 0) -> int:
    return instant(dt.date.fromisoformat(f"2026-{day}"), hour, minute)


def leaves(at: int, product: int, account: int = OWN, fen: int = 1, *, again: bool = False) -> int:
    [found] = TIMES.leaves_at(np.array([at]), np.array([product]), np.array([account]), np.array([fen]), again=again)
    return int(found)


@pytest.mark.requirement("DIS-13.a")
@pytest.mark.parametrize("at", [on("03-02", 0, 1), on("03-07", 23), on("10-01", 12)])
@pytest.mark.parametrize("product", [CONSUMER, CARD, MICRO])
def test_real_time_payments_leave_at_any_hour_of_any_day(product, at):
    assert leaves(at, product) == at
    assert TIMES.kind(np.array([product])).tolist() == [PaymentKind.REAL_TIME]


@pytest.mark.requirement("DIS-13.a")
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (on("03-02", 9), on("03-02", 10)),
        (on("03-02", 10), on("03-02", 10)),
        (on("03-02", 10) + 1, on("03-02", 14, 30)),
        (on("03-02", 16, 30), on("03-02", 16, 30)),
        (on("03-02", 16, 31), on("03-03", 10)),
        (on("03-06", 17), on("03-09", 10)),  # Friday evening → Monday
        (on("03-07", 11), on("03-09", 10)),  # Saturday
        (on("09-30", 17), on("10-08", 10)),  # before National Day
        (on("10-03", 11), on("10-08", 10)),
        (on("10-10", 9), on("10-10", 10)),  # a Saturday that is worked (调休)
    ],
)
def test_batches_leave_at_their_times_on_workdays(at, expected):
    assert leaves(at, MORTGAGE) == expected
    assert TIMES.kind(np.array([MORTGAGE])).tolist() == [PaymentKind.BATCH]


@pytest.mark.requirement("DIS-13.a")
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (on("03-02", 9), on("03-03", 9, 30)),
        (on("03-02", 23, 59), on("03-03", 9, 30)),
        (on("03-06", 9), on("03-09", 9, 30)),
        (on("03-08", 9), on("03-09", 9, 30)),
        (on("09-30", 9), on("10-08", 9, 30)),
    ],
)
def test_scheduled_payments_leave_at_their_minute_so_many_workdays_later(at, expected):
    assert leaves(at, WORKING) == expected
    assert TIMES.kind(np.array([WORKING])).tolist() == [PaymentKind.SCHEDULED]


@pytest.mark.requirement("DIS-13.a")
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (on("03-02", 9), on("03-02", 9, 30)),
        (on("03-02", 9, 30), on("03-02", 9, 30)),
        (on("03-02", 9, 31), on("03-03", 9, 30)),
        (on("03-07"), on("03-09", 9, 30)),
    ],
)
def test_a_scheduled_payment_of_no_days_leaves_at_the_next_such_minute_of_a_workday(at, expected):
    route = {"product": CONSUMER, "kind": "scheduled", "workdays": 0, "minute": 570}
    times = PaymentTimes(load("payments", PaymentPolicy, {"payments": {"routes": [route]}}))
    one = np.array([1])
    assert times.leaves_at(np.array([at]), one * CONSUMER, one * OWN, one).tolist() == [expected]


@pytest.mark.requirement("DIS-13.b")
@pytest.mark.parametrize(
    ("at", "account", "fen", "expected"),
    [
        (on("03-02", 7), PAYEE, LARGE, on("03-02", 8, 30)),
        (on("03-02", 12), PAYEE, LARGE, on("03-02", 12)),
        (on("03-02", 17), PAYEE, LARGE, on("03-03", 8, 30)),
        (on("03-06", 20), PAYEE, LARGE, on("03-09", 8, 30)),
        (on("10-02", 12), PAYEE, LARGE, on("10-08", 8, 30)),
        (on("10-02", 12), PAYEE, LARGE - 1, on("10-02", 12)),  # small: at once
        (on("10-02", 12), OWN, LARGE, on("10-02", 12)),  # within the bank: at once
    ],
)
def test_large_inter_bank_payments_leave_in_clearing_hours_only(at, account, fen, expected):
    assert leaves(at, MICRO, account, fen) == expected


@pytest.mark.requirement("DIS-13.a", "DIS-13.b")
def test_a_payment_that_is_sent_again_waits_for_no_batch_but_for_clearing():
    assert leaves(on("03-02", 12), MORTGAGE, again=True) == on("03-02", 12)
    assert leaves(on("03-02", 20), MORTGAGE, PAYEE, LARGE, again=True) == on("03-03", 8, 30)


@pytest.mark.requirement("DIS-13.b")
def test_which_accounts_are_kept_here_shows_in_their_first_six_digits():
    accounts = np.array([6217_0000_0000_0000, 6217_0099_9999_9999_999, 6217_0100_0000_0000, PAYEE, 6_217_000])
    assert TIMES.is_interbank(accounts).tolist() == [False, False, True, True, False]


@pytest.mark.requirement("DIS-13.a", "DIS-13.b")
@pytest.mark.parametrize(
    ("product", "leaves_at", "kind"),
    [(CONSUMER, NINE + 2 * MINUTE_MS, PaymentKind.REAL_TIME), (MORTGAGE, on("03-02", 10), PaymentKind.BATCH)],
)
@pytest.mark.parametrize("minutes", [15, 240])
def test_the_instruction_carries_its_kind_and_the_moment_it_left(product, leaves_at, kind, minutes):
    bench = Bench()
    bench.run(contract(product, lane=2))
    bench.steps(initiated(NINE + MINUTE_MS), reviewed(NINE + 2 * MINUTE_MS))
    while bench.now < on("03-02", 12):
        bench.run(until=bench.now + minutes * MINUTE_MS)
    [order] = bench.all.take(PaymentInstruction)
    assert (order["at"], order["kind"], order["interbank"]) == (leaves_at, kind, int(product == MORTGAGE))
    bench.run(result(bench.all.take(PaymentInstruction), bench.now - int(order["at"])))
    assert len(bench.bank.payments.table) == 0


@pytest.mark.parametrize(
    ("at", "expected"), [(on("03-02", 9), on("03-03", 17, 30)), (on("03-06", 20), on("03-09", 17, 30))]
)
def test_a_task_is_due_at_the_close_of_the_next_workday(at, expected):
    assert close_of_workday(np.array([at]), POLICY.task_workdays, POLICY.closing_minute).tolist() == [expected]


@pytest.mark.requirement("DIS-15.a")
def test_transaction_numbers_of_different_loans_differ_and_keep_off_those_of_repayment():
    loans = np.arange(1, 200)
    assert len(np.unique(transaction_of(loans))) == len(loans)
    assert bool(np.all(transaction_of(loans) % 10_000 == 1))


def test_only_four_states_have_a_desk():
    assert [state for state in PaymentState if DESKS[state]] == [
        PaymentState.PENDING,
        PaymentState.REVIEW,
        PaymentState.EXCEPTION,
        PaymentState.EVIDENCE,
    ]


@pytest.mark.requirement("PRD-08.d")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_minutes": [600, 600]}, "batch_minutes must rise"),
        ({"clearing_opens_minute": 1_100}, "clearing_opens_minute: must lie before clearing_closes_minute"),
        ({"account_digits": [19, 16]}, "account_digits"),
        ({"routes": [{"product": 1, "kind": "at once"}]}, "routes.0.kind"),
        ({"routes": [{"product": 1, "kind": "batch"}] * 2}, "two rows for one product"),
        ({"guarantee_materials": {"mortgage": ["gold"]}}, "'gold' is not one of"),
        ({"arrival": 30}, "policies.payments: arrival"),
    ],
)
def test_a_wrong_payment_policy_is_refused_with_the_field_and_what_is_allowed(changes, words):
    with pytest.raises(PolicyError, match=words):
        load("payments", PaymentPolicy, {"payments": changes})
