"""Arrears: what a payment is taken for and in which order, penalty interest, overdue management and its end."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from credit.calendar import WORKDAY_FIRST_YEAR, WORKDAY_LAST_YEAR
from credit.codes import Account, Bucket, Method, Status
from credit.collections.contract import ArrearsTotal, LoanOverdue, OverduePaid, OverdueReported
from credit.daycount import ACT_360
from credit.disbursement.contract import LimitReleased
from credit.ledger.contract import Posting
from credit.money import MAX_AMOUNT_FEN, PPM
from credit.policies import Overrides
from credit.policies.base import RATE_PPM_MAX
from credit.policies.repayment import PENALTY_FACTOR_PPM_MAX
from credit.repayment.contract import DebitRequest, DebitResult, Event, Gauge, Refusal
from credit.repayment.rules import buckets, penalty_step
from credit.room import Rows
from credit.schedules_level import PERIODS_MAX
from credit.times import DAY_MS, date_of
from tests.credit.repayment.bank import LOAN, OTHER, START, Bank, Mail, at, day_of, loan, payment, write_off
from tests.rows import sample

FIRST, SECOND, THIRD = day_of(2026, 2, 10), day_of(2026, 3, 10), day_of(2026, 4, 10)
INSTALMENT, INTEREST, PRINCIPAL = 430_332, 25_000, 405_332
"""Zhang's first instalment and its parts."""


def broke() -> Bank:
    """A bank in which no automatic debit is paid."""
    bank = Bank()
    bank.pays = 0
    return bank


def arrears(bank: Bank) -> Rows:
    rows = bank.repayment.export_state()["arrears"]
    assert len(rows) == 1
    return rows


def owed(bank: Bank) -> tuple[int, int, int]:
    """(penalty, interest, principal) due and unpaid, in the order in which they are taken."""
    row = arrears(bank)[0]
    return int(row["penalty_fen"]), int(row["interest_fen"]), int(row["principal_fen"])


def penalty(base_fen: int, days: int, rate_ppm: int = 60_000, base_days: int = 360) -> int:
    """Penalty interest by the words of the rule: one and a half times the rate, rounded half up to the fen once."""
    return int(Fraction(1, 2) + Fraction(base_fen * rate_ppm * days * 3, 1_000_000 * 2 * base_days))


# the order in which a payment is taken --------------------------------------------------------------------------------

LATE = penalty(INSTALMENT, 10)


@pytest.mark.requirement("REP-05.c", "REP-09.c")
@pytest.mark.parametrize(
    ("amount", "left"),
    [
        (1, (LATE - 1, INTEREST, PRINCIPAL)),
        (LATE, (0, INTEREST, PRINCIPAL)),
        (LATE + 10_000, (0, INTEREST - 10_000, PRINCIPAL)),
        (LATE + INTEREST, (0, 0, PRINCIPAL)),
        (LATE + INTEREST + 1, (0, 0, PRINCIPAL - 1)),
        (LATE + INSTALMENT - 1, (0, 0, 1)),
    ],
)
def test_penalty_is_taken_first_then_interest_then_principal(amount: int, left: tuple[int, int, int]) -> None:
    bank = broke().until(FIRST + 11, loan(), payment(at(FIRST + 10, 12), amount_fen=amount))
    assert owed(bank) == left
    assert bank.balance(Account.SETTLEMENT) == amount - 5_000_000
    assert bank.balance(Account.PENALTY_RECEIVABLE) == left[0]
    assert bank.balance(Account.INTEREST_RECEIVABLE) == left[1]
    assert bank.balance(Account.PRINCIPAL) == 5_000_000 - PRINCIPAL + left[2]


@pytest.mark.requirement("REP-05.c")
def test_the_oldest_instalment_is_paid_before_the_next() -> None:
    bank = broke().until(SECOND + 3, loan())
    late = int(arrears(bank)["penalty_fen"][0])
    bank.until(
        SECOND + 4, payment(at(SECOND + 3, 12), amount_fen=late + penalty(2 * INSTALMENT, 1) + INSTALMENT + 5_000)
    )
    paid = bank.happened(Event.INSTALMENT_PAID)
    assert paid["value"].tolist() == [1]
    assert paid["amount_fen"].tolist() == [INSTALMENT]
    unpaid = bank.repayment.export_state()["instalments"]
    assert (unpaid["instalment"] % 1_000).tolist() == [2]
    # The second month's interest is 22,973.34 fen; what was left over went into it, but for a fen of penalty at most.
    assert abs(int(unpaid["interest_fen"][0]) - (22_973 - 5_000)) <= 1
    assert arrears(bank)["since_day"].tolist() == [SECOND]


@pytest.mark.requirement("REP-05.c")
def test_one_payment_may_clear_several_instalments() -> None:
    bank = broke().until(THIRD + 3, loan(), payment(at(THIRD + 2, 12), share_ppm=1_000_000))
    paid = bank.happened(Event.INSTALMENT_PAID)
    assert paid["value"].tolist() == [1, 2, 3]
    assert len(set(paid["at"].tolist())) == 1
    assert len(bank.repayment.export_state()["instalments"]) == 0
    assert bank.balance(Account.PENALTY_RECEIVABLE) == 0


def test_an_instalment_whose_interest_alone_is_paid_is_not_paid() -> None:
    bank = broke().until(FIRST + 3, loan(), payment(at(FIRST + 2, 12), amount_fen=100_000))
    assert owed(bank)[1:] == (0, INSTALMENT - (100_000 - penalty(INSTALMENT, 2)))
    assert len(bank.happened(Event.INSTALMENT_PAID)) == 0


@pytest.mark.requirement("REP-05.c")
def test_partial_payments_and_what_is_left_add_up_to_what_was_due() -> None:
    shares = [payment(at(FIRST + k, 10 + k), share_ppm=333_333) for k in range(4)]
    bank = broke().until(FIRST + 5, loan(), *shares)
    received = int(bank.happened(Event.PAYMENT_RECEIVED)["amount_fen"].sum())
    assert received + sum(owed(bank)) == INSTALMENT - bank.balance(Account.PENALTY_INCOME)
    assert bank.balance(Account.SETTLEMENT) == received - 5_000_000


@pytest.mark.requirement("REP-08.b")
def test_a_debit_that_takes_a_part_leaves_the_rest_due_and_is_tried_for_the_rest() -> None:
    bank = Bank()
    bank.pays = 400_000
    bank.until(FIRST + 2, loan())
    requests = bank.sent(DebitRequest)["amount_fen"].tolist()
    part = INSTALMENT * 400_000 // 1_000_000
    assert requests == [INSTALMENT, INSTALMENT - part + penalty(INSTALMENT - part, 1)]
    assert bank.happened(Event.PAYMENT_RECEIVED)["amount_fen"].tolist()[0] == part
    assert bank.happened(Event.DEBIT_FAILED)["amount_fen"].tolist()[0] == INSTALMENT - part


@pytest.mark.requirement("REP-05.c")
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (payment(at(FIRST, 12), OTHER, amount_fen=1_000), Refusal.LOAN_UNKNOWN),
        (payment(at(FIRST, 12), amount_fen=-1), Refusal.PAYMENT_AMOUNT),
        (payment(at(FIRST, 12), share_ppm=1_000_001), Refusal.PAYMENT_AMOUNT),
        (payment(at(FIRST, 12), share_ppm=-1), Refusal.PAYMENT_AMOUNT),
        (payment(at(FIRST, 12)), Refusal.PAYMENT_AMOUNT),
    ],
    ids=["no such loan", "negative", "more than all", "less than nothing", "nothing"],
)
def test_payments_that_cannot_be_are_refused(wrong: Mail, reason: Refusal) -> None:
    bank = broke().until(FIRST + 1, loan(), wrong)
    assert bank.happened(Event.RECEIPT_REFUSED)["reason"].tolist() == [reason]
    assert owed(bank) == (0, INTEREST, PRINCIPAL)


@pytest.mark.requirement("REP-05.a", "REP-06.b")
def test_a_debit_nobody_asked_for_or_answered_twice_is_refused() -> None:
    bank = Bank()
    bank.pays = 400_000
    answer = sample(DebitResult, 1, at=at(FIRST, 9), loan=LOAN, paid_fen=100_000, status=0, attempt=1)
    bank.until(FIRST + 1, loan(), (DebitResult, answer))
    refused = bank.happened(Event.RECEIPT_REFUSED)
    assert refused["reason"].tolist() == [Refusal.DEBIT_UNKNOWN]
    assert refused["amount_fen"].tolist() == [100_000]
    assert sum(owed(bank)) == INSTALMENT - INSTALMENT * 400_000 // 1_000_000


@pytest.mark.requirement("PRD-09.b")
def test_repaid_principal_in_arrears_gives_the_limit_back_as_it_comes() -> None:
    pays = [payment(at(FIRST + 2, 12), amount_fen=100_000), payment(at(FIRST + 3, 12), share_ppm=1_000_000)]
    bank = broke().until(FIRST + 4, loan(revolving=1), *pays)
    released = bank.sent(LimitReleased)
    assert released["at"].tolist() == [at(FIRST + 2, 12), at(FIRST + 3, 12)]
    assert released["principal_fen"].tolist()[0] == 100_000 - INTEREST - penalty(INSTALMENT, 2)
    assert released["principal_fen"].sum() == PRINCIPAL


@pytest.mark.requirement("REP-05.a", "REP-08.b")
@pytest.mark.parametrize("paid", [INSTALMENT, 100_000])
def test_a_debit_that_timed_out_and_was_asked_again_still_brings_its_money(paid: int) -> None:
    bank = Bank()
    bank.status = Status.UNAVAILABLE
    late = sample(DebitResult, 1, at=at(FIRST + 1, 3), loan=LOAN, paid_fen=paid, status=int(Status.OK), attempt=1)
    bank.until(FIRST + 1, loan())
    bank.status, bank.pays = Status.OK, 0
    bank.until(FIRST + 2, (DebitResult, late))
    assert bank.sent(DebitRequest)["attempt"].max() > 1
    assert len(bank.happened(Event.RECEIPT_REFUSED)) == 0
    assert bank.sent_postings(Account.SETTLEMENT)["amount_fen"].tolist() == [paid]
    # The same answer a second time moves nothing.
    again = late.copy()
    again["at"] = at(FIRST + 2, 3)
    bank.until(FIRST + 3, (DebitResult, again))
    assert bank.happened(Event.RECEIPT_REFUSED)["reason"].tolist() == [Refusal.DEBIT_UNKNOWN]


@pytest.mark.parametrize("paid", [0, 100_000])
def test_that_a_debit_which_was_asked_again_since_brought_too_little_is_no_news(paid: int) -> None:
    bank = Bank()
    bank.status = Status.UNAVAILABLE
    late = sample(DebitResult, 1, at=at(FIRST + 1, 3), loan=LOAN, paid_fen=paid, status=int(Status.OK), attempt=1)
    bank.until(FIRST + 1, loan()).until(FIRST + 2, (DebitResult, late))
    assert late["at"][0] not in bank.happened(Event.DEBIT_FAILED)["at"].tolist()


@pytest.mark.requirement("REP-05.c")
@pytest.mark.parametrize("settled", [False, True])
def test_what_a_late_answer_brings_too_much_goes_back(settled: bool) -> None:
    bank = Bank()
    bank.status = Status.UNAVAILABLE
    due = day_of(2026, 2, 10)
    bank.until(due + 1, loan(term_months=1 if settled else 12))
    bank.status = Status.OK
    late = sample(DebitResult, 1, at=at(due + 2, 3), loan=LOAN, paid_fen=700, status=int(Status.OK), attempt=1)
    bank.until(due + 3, (DebitResult, late))
    assert len(bank.happened(Event.LOAN_SETTLED)) == settled
    assert bank.happened(Event.PAYMENT_RETURNED)["amount_fen"].tolist() == [700]


# penalty interest -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-09.c")
@pytest.mark.parametrize("days", [0, 1, 2, 9, 27])
def test_penalty_runs_from_the_first_day_past_due_on_principal_and_interest(days: int) -> None:
    bank = broke().until(FIRST + days + 1, loan())
    assert owed(bank) == (penalty(INSTALMENT, days), INTEREST, PRINCIPAL)
    assert bank.balance(Account.PENALTY_INCOME) == -penalty(INSTALMENT, days)


@pytest.mark.requirement("PRD-08.d", "REP-09.c")
def test_penalty_follows_the_policys_factor_and_bears_no_interest() -> None:
    overrides: Overrides = {"repayment": {"penalty_factor_ppm": 3_000_000}}
    bank = Bank(overrides)
    bank.pays = 0
    bank.until(FIRST + 21, loan())
    assert owed(bank)[0] == penalty(2 * INSTALMENT, 20)


@pytest.mark.requirement("REP-09.c")
def test_penalty_of_a_loan_by_365_days_uses_its_year() -> None:
    overrides: Overrides = {"products": {"products": [{"key": "consumer_loan", "daycount": "act_365"}]}}
    bank = Bank(overrides)
    bank.pays = 0
    bank.until(FIRST + 16, loan())
    base = sum(owed(bank)[1:])
    assert owed(bank)[0] == penalty(base, 15, base_days=365)


@pytest.mark.requirement("REP-09.c")
def test_fractions_of_a_fen_are_carried_from_day_to_day() -> None:
    # 25 fen a month of interest: every day's penalty is a small fraction of a fen.
    bank = broke().until(FIRST + 28, loan(amount_fen=5_000, method=int(Method.INTEREST_FIRST), rate_ppm=240_000))
    base = sum(owed(bank)[1:])
    assert base == 100
    assert owed(bank)[0] == penalty(base, 27, rate_ppm=240_000) == 3


@pytest.mark.requirement("REP-09.c")
def test_penalty_is_rounded_half_up_as_all_money_is() -> None:
    # 100.00 at 18 % a year of 360 days: 5 fen a day; of 70.00 3.5 fen, which is 4 after one day and 7 after two.
    bank = broke().until(FIRST + 2, loan(amount_fen=7_000, term_months=1, rate_ppm=0))
    assert owed(bank)[0] == 0
    base, rate, daycount = np.array([7_000]), np.array([120_000]), np.array([1])
    fen, rest = penalty_step(base, np.array([0]), rate, daycount, 1_500_000)
    assert (fen.tolist(), rest.tolist()) == ([4], [-180_000_000])
    fen, rest = penalty_step(base, rest, rate, daycount, 1_500_000)
    assert (fen.tolist(), rest.tolist()) == ([3], [0])


MOST = MAX_AMOUNT_FEN + MAX_AMOUNT_FEN * RATE_PPM_MAX // PPM * PERIODS_MAX // 12
"""More than can be due of one loan but for its penalty: the largest principal, and the highest rate on all of it for the longest
term."""
YEARLY_PPM = RATE_PPM_MAX * PENALTY_FACTOR_PPM_MAX // PPM
DAYS = day_of(WORKDAY_LAST_YEAR, 12, 31) - day_of(WORKDAY_FIRST_YEAR, 1, 1)
"""No run is longer."""


@pytest.mark.requirement("REP-09.c")
def test_the_largest_loan_at_the_highest_rate_is_charged_to_the_fen_for_as_long_as_there_is_a_calendar() -> None:
    base, rate, daycount = np.array([MOST, 1]), np.array([RATE_PPM_MAX] * 2), np.array([ACT_360] * 2)
    charged, rest = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64)
    for _ in range(DAYS):
        fen, rest = penalty_step(base, rest, rate, daycount, PENALTY_FACTOR_PPM_MAX)
        charged += fen
    assert charged.tolist() == [int(Fraction(1, 2) + Fraction(b * YEARLY_PPM * DAYS, PPM * 360)) for b in (MOST, 1)]
    assert 200_000 * (MOST + int(charged[0])) < np.iinfo(np.int64).max, "the sum of so many such loans is exact as well"


def test_penalty_beyond_the_bounds_is_an_error_and_never_wraps() -> None:
    fits = (2**63 - 1 - 365 * PPM) // YEARLY_PPM
    assert fits > 12 * MOST
    rest, rate, daycount = np.array([180 * PPM - 1]), np.array([RATE_PPM_MAX]), np.array([ACT_360])
    fen, _ = penalty_step(np.array([fits]), rest, rate, daycount, PENALTY_FACTOR_PPM_MAX)
    assert fen.tolist() == [int(Fraction(1, 2) + Fraction(int(rest[0]) + fits * YEARLY_PPM, 360 * PPM))]
    with pytest.raises(OverflowError, match="more than int64 holds"):
        penalty_step(np.array([fits + 1]), rest, rate, daycount, PENALTY_FACTOR_PPM_MAX)


# overdue management ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-09.a")
def test_the_day_after_the_due_date_an_unpaid_loan_is_handed_over_once() -> None:
    bank = broke().until(FIRST + 1, loan())
    assert len(bank.sent(LoanOverdue)) == 0
    bank.until(FIRST + 20)
    told = bank.sent(LoanOverdue)
    assert told["at"].tolist() == [at(FIRST + 1)]
    assert told["loan"].tolist() == [LOAN]
    assert told["case"].tolist() == [LOAN // 100]
    assert told["party"].tolist() == [7]
    assert told["overdue_since_day"].tolist() == [FIRST]
    assert told["overdue_fen"].tolist() == [INSTALMENT + penalty(INSTALMENT, 1)]
    assert told["principal_fen"].tolist() == [5_000_000]
    started = bank.happened(Event.OVERDUE_STARTED)
    assert started["value"].tolist() == [1]


@pytest.mark.requirement("REP-09.a", "COL-01.a")
def test_collections_hears_every_morning_what_is_owed_as_further_instalments_fall_due() -> None:
    bank = broke().until(day_of(2026, 4, 1), loan(amount_fen=10_000_000))
    told = bank.sent(OverdueReported)
    assert np.diff(told["at"]).tolist() == [DAY_MS] * (len(told) - 1), "each morning once"
    assert int(told["at"][-1]) == at(day_of(2026, 3, 31))
    penalty_fen, interest, principal = owed(bank)
    last = told[-1]
    assert (int(last["interest_fen"]), int(last["penalty_fen"])) == (interest, penalty_fen)
    assert int(last["principal_fen"]) == 10_000_000
    assert int(last["overdue_fen"]) == penalty_fen + interest + principal == 1_736_390


@pytest.mark.requirement("NPL-09.b")
def test_collections_hears_every_morning_what_is_left_of_a_claim_written_off() -> None:
    mail = write_off(at(FIRST + 5, 12)), payment(at(FIRST + 6, 12), amount_fen=100_000)
    bank = broke().until(FIRST + 8, loan(), *mail)
    told = bank.sent(OverdueReported)[-2:]
    claim = 5_000_000 + INTEREST + penalty(INSTALMENT, 5)
    assert told["overdue_fen"].tolist() == [claim, claim - 100_000]
    assert (told["principal_fen"] + told["interest_fen"] + told["penalty_fen"]).tolist() == [0, 0]


def test_at_a_days_end_collections_hears_what_is_overdue_in_all_penalty_included() -> None:
    bank = broke().until(FIRST + 3, loan())
    last, fen = bank.sent(ArrearsTotal)[-1], penalty(INSTALMENT, 2)
    assert (last["loans"], last["overdue_fen"], last["penalty_fen"]) == (1, INSTALMENT + fen, fen)
    bank.until(FIRST + 4, write_off(at(FIRST + 3, 12)))
    assert bank.sent(ArrearsTotal)[-1]["loans"] == 1, "a claim written off counts as well"


@pytest.mark.requirement("REP-09.a")
def test_a_loan_paid_on_its_due_date_is_not_overdue() -> None:
    bank = broke().until(FIRST + 3, loan(), payment(at(FIRST, 23, 59), share_ppm=1_000_000))
    assert len(bank.sent(LoanOverdue)) == 0
    assert len(bank.sent(OverduePaid)) == 0
    assert bank.balance(Account.PENALTY_INCOME) == 0


@pytest.mark.requirement("REP-09.a")
def test_a_fen_short_is_overdue() -> None:
    bank = broke().until(FIRST + 2, loan(), payment(at(FIRST, 12), amount_fen=INSTALMENT - 1))
    assert bank.sent(LoanOverdue)["overdue_fen"].tolist() == [1]


@pytest.mark.requirement("REP-09.a", "REP-10.b")
def test_collections_hears_of_each_payment_until_nothing_is_overdue() -> None:
    pays = [payment(at(FIRST + 4, 12), amount_fen=100_000), payment(at(FIRST + 6, 12), share_ppm=1_000_000)]
    bank = broke().until(FIRST + 8, loan(), *pays)
    told = bank.sent(OverduePaid)
    left = INSTALMENT + penalty(INSTALMENT, 4) - 100_000
    rest = left + penalty(left, 2)
    assert told["paid_fen"].tolist()[0] == 100_000
    assert told["overdue_fen"].tolist() == [left, 0]
    assert abs(int(told["paid_fen"][1]) - rest) <= 1
    assert told["overdue_since_day"].tolist() == [FIRST, 0]
    assert bank.happened(Event.OVERDUE_CLEARED)["at"].tolist() == [at(FIRST + 6, 12)]


@pytest.mark.requirement("REP-09.a")
def test_paying_what_is_overdue_ends_it_though_something_new_is_due_today() -> None:
    bank = broke().until(SECOND, loan())
    late = penalty(INSTALMENT, SECOND - FIRST)
    bank.until(SECOND + 1, payment(at(SECOND, 12), amount_fen=INSTALMENT + late))
    assert len(bank.happened(Event.OVERDUE_CLEARED)) == 1
    assert arrears(bank)["since_day"].tolist() == [SECOND]
    assert arrears(bank)["told"].tolist() == [0]
    bank.until(SECOND + 2)
    told = bank.sent(LoanOverdue)
    assert told["overdue_since_day"].tolist() == [FIRST, SECOND]
    assert told["at"].tolist()[1] == at(SECOND + 1)


@pytest.mark.requirement("REP-09.a")
def test_a_cured_loan_that_fails_again_starts_at_one_day() -> None:
    pays = payment(at(FIRST + 6, 12), share_ppm=1_000_000)
    bank = broke().until(SECOND + 4, loan(), pays)
    assert bank.sent(LoanOverdue)["overdue_since_day"].tolist() == [FIRST, SECOND]
    base = sum(owed(bank)[1:])
    assert owed(bank)[0] == penalty(base, 3)


@pytest.mark.requirement("REP-09.a", "REP-10.b")
def test_the_books_figures_tell_loans_by_days_past_due() -> None:
    bank = broke().until(FIRST + 9, loan(), loan(OTHER, START + 5))
    rows = np.concatenate(bank.measures)
    rows = rows[(rows["gauge"] == Gauge.LOANS_BY_BUCKET) & (rows["at"] == at(FIRST + 9) - 1)]
    by_bucket = dict(zip(rows["group"].tolist(), rows["count"].tolist(), strict=True))
    # The older loan is 8 days past due that day, the younger 3.
    assert by_bucket == {int(Bucket.DPD_1_7): 1, int(Bucket.DPD_8_30): 1}
    assert sum(rows["amount_fen"].tolist()) == 10_000_000


# the end of a loan ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-06.b", "REP-08.b")
def test_the_last_instalment_is_debited_on_its_day_though_older_ones_are_tried_weekly() -> None:
    last = day_of(2026, 4, 10)
    bank = broke().until(last + 1, loan(term_months=3))
    requests = bank.sent(DebitRequest)
    assert (last - FIRST) % 7 != 0
    assert requests["at"].tolist()[-1] == at(last, 8)
    assert requests["number"].tolist()[-1] == 3


@pytest.mark.requirement("REP-01.a", "REP-05.c")
def test_a_matured_loan_is_settled_with_its_last_fen() -> None:
    last = day_of(2026, 4, 10)
    bank = broke().until(last + 40, loan(term_months=3), payment(at(last + 20, 12), share_ppm=999_999))
    assert len(bank.happened(Event.LOAN_SETTLED)) == 0
    bank.until(last + 42, payment(at(last + 40, 12), share_ppm=1_000_000))
    settled = bank.happened(Event.LOAN_SETTLED)
    assert [date_of(int(when) // 86_400_000).isoformat() for when in settled["at"]] == ["2026-05-20"]
    for account in (Account.PRINCIPAL, Account.INTEREST_RECEIVABLE, Account.PENALTY_RECEIVABLE):
        assert bank.balance(account) == 0


@pytest.mark.requirement("REP-02.a", "REP-02.b")
def test_a_loan_that_rounding_repays_before_its_last_instalment_is_settled_at_its_end() -> None:
    tiny = loan(amount_fen=3, term_months=5, method=int(Method.EQUAL_PRINCIPAL), rate_ppm=0)
    bank = Bank().until(day_of(2026, 6, 12), tiny)
    assert bank.happened(Event.INSTALMENT_DUE)["amount_fen"].tolist() == [1, 1, 1]
    assert bank.happened(Event.LOAN_SETTLED)["at"].tolist() == [at(day_of(2026, 6, 10))]


def test_every_posting_of_a_payment_sums_to_zero() -> None:
    bank = broke().until(FIRST + 3, loan(), payment(at(FIRST + 2, 12), share_ppm=500_000))
    rows = bank.sent(Posting)
    for number in np.unique(rows["transaction"]):
        assert rows["amount_fen"][rows["transaction"] == number].sum() == 0


@pytest.mark.requirement("REP-10.b")
def test_buckets_begin_at_their_days() -> None:
    days = np.array([0, 1, 7, 8, 30, 31, 60, 61, 90, 91, 5_000])
    assert buckets(days).tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
