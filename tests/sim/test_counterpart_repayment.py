"""Accounts, customers and early repayers opposite repayment: fates keyed by loan and instalment, rates as declared, the same
answers for any windows, shards and row orders."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from credit.calendar import is_workday
from credit.codes import Channel, Status
from credit.mail import Inbox, in_order
from credit.repayment.contract import (
    FAILED_DEBITS,
    AccountCheck,
    DebitRequest,
    DebitResult,
    Desk,
    EarlyRepaymentRequested,
    FollowUp,
    LoanOpened,
    PaymentIntended,
    PaymentMade,
)
from credit.room import Kind, Rows
from credit.schedules import LOWER_INSTALMENT, SHORTER_TERM
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, Ints, day_number
from sim.counterparts.repayment import RepaymentCounterpart
from sim.occasions import reference_of
from sim.staffing import build_staffing
from sim.truth import Truth
from tests.rows import sample
from tests.sim.worlds import SEED, ZHANG, numbers, scenario, windows

COUNT = 20_000
DAY = day_number(dt.date(2026, 3, 10))
START = DAY * DAY_MS
EIGHT = START + 8 * HOUR_MS
PORT = {"core_banking": {"error_ppm": 0, "timeout_ms": 120_000}}
RECESSION = [{"day": "2026-01-01", "unemployment_ppm": 100_000}]
OUTAGE = [
    {"kind": "partner_outage", "target": "core_banking", "start": "2026-03-10T07:00:00", "end": "2026-03-10T08:30:00"}
]
Played = dict[str, Rows]


def world(**sections: Any) -> RepaymentCounterpart:
    laid = scenario(**{"run": {"customers": COUNT}, "partners": PORT} | sections)
    return RepaymentCounterpart(laid, SEED, build_staffing(laid, SEED).desks(np.arange(1, 5), Desk))


def loans(party: Ints) -> Ints:
    return ((1 + party % 4) * 10**9 + party) * 100 + 1


def debits(count: int = COUNT, dpd: int = 0, **columns: Any) -> Rows:
    """One debit a party at eight in the morning, `dpd` days after what is unpaid fell due."""
    party = numbers(count)
    rows = {
        "at": EIGHT + dpd * DAY_MS,
        "loan": loans(party),
        "party": reference_of(party, 1),
        "product": 1,
        "number": 3,
        "dpd": dpd,
        "amount_fen": 430_332,
        "attempt": 1,
        "automatic": 1,
    }
    return sample(DebitRequest, count, **rows | columns)


def played(counterpart: RepaymentCounterpart, mail: list[tuple[Kind, Rows]], cut: list[Window]) -> Played:
    """All answers by kind, in order, of requests given in the window they are stamped in."""
    answers: dict[str, list[Rows]] = {}
    kinds: dict[str, Kind] = {}
    for window in cut:
        due = [(kind, rows[(rows["at"] >= window.start) & (rows["at"] < window.until)]) for kind, rows in mail]
        for kind, rows in counterpart.respond(Inbox.of(*due), window, 0):
            assert bool(((rows["at"] >= window.start) & (rows["at"] < window.until)).all())
            answers.setdefault(kind.name, []).append(rows.copy())
            kinds[kind.name] = kind
    return {name: in_order(kinds[name], parts) for name, parts in answers.items()}


def results(rows: Rows, **sections: Any) -> Rows:
    """Results of debits in order of the debits' loans."""
    first = int(rows["at"].min()) // DAY_MS * DAY_MS
    found = played(world(**sections), [(DebitRequest, rows)], windows(first, first + DAY_MS))["DebitResult"]
    assert sorted(found["loan"].tolist()) == sorted(rows["loan"].tolist()), "one answer a debit"
    return found[np.argsort(found["loan"], kind="stable")]


def payments(rows: Rows, days: int = 8, **sections: Any) -> Rows:
    first = int(rows["at"].min()) // DAY_MS * DAY_MS
    found = played(world(**sections), [(DebitRequest, rows)], windows(first, first + days * DAY_MS))
    return found.get("PaymentMade", PaymentMade.empty())


def paid_nothing(found: Rows) -> float:
    return float((found["paid_fen"] == 0).mean())


# automatic debits -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-06.b")
def test_every_debit_is_answered_within_minutes_of_its_hour() -> None:
    found = results(debits())
    took = found["at"] - EIGHT
    assert int(took.min()) > 0
    assert int(took.max()) < 20 * MINUTE_MS
    assert float(np.median(took)) > 5 * MINUTE_MS, "a batch is not debited all at once"
    assert set(found["attempt"].tolist()) == {1}


def test_a_debit_pays_all_a_part_or_nothing_and_says_so() -> None:
    found = results(debits())
    full = found["paid_fen"] == 430_332
    assert bool((full == (found["status"] == Status.OK)).all())
    assert bool((found["status"][~full] == Status.FAILED).all())
    part = found["paid_fen"][~full & (found["paid_fen"] > 0)]
    assert int(part.min()) > 0.1 * 430_331
    assert int(part.max()) <= 0.6 * 430_332
    assert 0.06 < len(part) / int((~full).sum()) < 0.14, "a tenth of the missed debits pays a part"


def test_instalments_are_missed_as_often_as_the_truth_says() -> None:
    found = results(debits())
    party = numbers(COUNT)
    truth = Truth(SEED, scenario(run={"customers": COUNT}))
    expected = truth.miss_ppm(party, np.ones(COUNT, dtype=np.int64)) / 1e6
    short = found["paid_fen"] < 430_332
    by_party = np.argsort(loans(party), kind="stable")
    weak = expected[by_party] > np.quantile(expected, 0.8)
    for group in (weak, ~weak):
        rate, mean = float(short[group].mean()), float(expected[by_party][group].mean())
        assert abs(rate - mean) < 4 * (mean / int(group.sum())) ** 0.5


def test_a_recession_makes_more_customers_miss_and_none_fewer() -> None:
    normal, recession = results(debits()), results(debits(), economy=RECESSION)
    missed_before, missed_now = (found["paid_fen"] < 430_332 for found in (normal, recession))
    assert bool((missed_now | ~missed_before).all()), "the same people with the same luck"
    assert 1.5 < float(missed_now.mean() / missed_before.mean()) < 2.0, "five points of 15 % each"


def test_fates_belong_to_loan_and_instalment() -> None:
    third, fourth = results(debits()), results(debits(number=4, attempt=9))
    again = results(debits(attempt=5, at=EIGHT + 2 * HOUR_MS))
    missed = [found["paid_fen"] < 430_332 for found in (third, fourth, again)]
    assert missed[0].tolist() == missed[2].tolist()
    both = float((missed[0] & missed[1]).mean())
    assert both < 0.3 * float(missed[0].mean()), "another month, another luck"


def test_in_an_outage_nobody_is_debited_and_afterwards_as_if_there_had_been_none() -> None:
    during = results(debits(), faults=OUTAGE)
    assert set(during["status"].tolist()) == {Status.UNAVAILABLE}
    assert not during["paid_fen"].any()
    after = results(debits(attempt=2, at=EIGHT + HOUR_MS), faults=OUTAGE)
    assert (after["paid_fen"] > 0).tolist() == (results(debits())["paid_fen"] > 0).tolist()
    tomorrow = results(debits(dpd=1, attempt=2), faults=OUTAGE)
    missed = results(debits())["paid_fen"] < 430_332
    assert bool((tomorrow["paid_fen"][~missed] == 430_332).all()), "who had the money still has it the next day"


def test_the_longer_overdue_the_fewer_pay() -> None:
    bad = {"behaviour": {"miss_base_ppm": 900_000, "miss_spread": 1}}
    shares = []
    for dpd in (1, 10, 40, 120):
        found = results(debits(dpd=dpd), **bad)
        due = results(debits(), **bad)
        never = due["paid_fen"] < 430_332 if dpd < 28 else np.ones(COUNT, dtype=bool)
        shares.append(float((found["paid_fen"][never] == 430_332).mean()))
    for share, expected in zip(shares, (0.074, 0.037, 0.0037, 0.000925), strict=True):
        assert 0.75 * expected < share < 1.25 * expected


def test_a_part_is_found_at_most_once_a_week() -> None:
    for dpd, some in ((28, True), (29, False), (34, False), (35, True)):
        found = results(debits(dpd=dpd))
        part = (found["paid_fen"] > 0) & (found["paid_fen"] < 430_332)
        assert bool(part.any()) == some, dpd


def test_results_depend_on_neither_order_nor_company() -> None:
    rows = debits()
    some = np.random.default_rng(1).permutation(COUNT)[: COUNT // 3]
    alone, together = results(rows[some]), results(rows)
    assert alone.tolist() == together[np.isin(together["loan"], rows["loan"][some])].tolist()


# customers who pay by themselves --------------------------------------------------------------------------------------


@pytest.mark.requirement("REP-05.b", "REP-06.a")
def test_without_automatic_debit_customers_pay_on_the_day_or_some_days_late() -> None:
    made = payments(debits(automatic=0))
    missed = results(debits())["paid_fen"] < 430_332
    whole = made[made["share_ppm"] == 1_000_000]
    assert sorted(whole["loan"].tolist()) == np.sort(loans(numbers(COUNT)))[~missed].tolist(), (
        "the same fates as by debit"
    )
    late = whole["at"] // DAY_MS - DAY
    assert 0.045 < float((late > 0).mean()) < 0.075
    assert set(late.tolist()) == {0, 1, 2, 3, 4, 5}
    assert set(made["channel"].tolist()) == {
        Channel.ONLINE_BANK,
        Channel.MOBILE_BANK,
        Channel.COUNTER,
        Channel.THIRD_PARTY,
    }
    assert bool((made["at"] >= EIGHT).all())


def test_a_second_bill_is_paid_only_by_those_who_missed_the_first() -> None:
    missed = results(debits())["paid_fen"] < 430_332
    made = payments(debits(dpd=1, automatic=0), behaviour={"cure_daily_ppm": 500_000})
    assert len(made) > 50
    assert set(made["loan"].tolist()) <= set(np.sort(loans(numbers(COUNT)))[missed].tolist())


def test_intended_payments_are_made_when_they_were_meant() -> None:
    loan = loans(numbers(50))
    pay_at = START + 7 * DAY_MS + numbers(50) * HOUR_MS
    intended = sample(
        PaymentIntended, 50, at=START, loan=loan, party=reference_of(numbers(50), 1), pay_at=pay_at, share_ppm=400_000
    )
    made = played(world(), [(PaymentIntended, intended)], windows(START, START + 12 * DAY_MS))["PaymentMade"]
    assert made["at"].tolist() == pay_at.tolist()
    assert made["loan"].tolist() == loan.tolist()
    assert set(made["share_ppm"].tolist()) == {400_000}


# early repayment ------------------------------------------------------------------------------------------------------


def opened(count: int = COUNT, term: int = 13, **columns: Any) -> Rows:
    party = numbers(count)
    rows = {
        "at": EIGHT + party,
        "loan": loans(party),
        "party": reference_of(party, 1),
        "product": 1,
        "amount_fen": 5_000_000,
        "term_months": term,
    }
    return sample(LoanOpened, count, **rows | columns)


def early(rows: Rows, days: int = 420, **sections: Any) -> Rows:
    found = played(world(**sections), [(LoanOpened, rows)], windows(START, START + days * DAY_MS))
    return found.get("EarlyRepaymentRequested", EarlyRepaymentRequested.empty())


@pytest.mark.requirement("REP-11.b", "REP-12.a")
def test_early_repayments_come_at_their_yearly_chances_in_office_hours() -> None:
    found = early(opened())
    full, part = found[found["full"] != 0], found[found["full"] == 0]
    assert 0.033 < len(full) / COUNT < 0.047
    assert 0.024 < len(part) / COUNT < 0.036
    assert bool(is_workday(found["at"] // DAY_MS).all())
    hour = found["at"] % DAY_MS // HOUR_MS
    assert (int(hour.min()), int(hour.max())) == (9, 16)
    assert set(part["choice"].tolist()) == {SHORTER_TERM, LOWER_INSTALMENT}
    assert bool(((part["amount_fen"] >= 500_000) & (part["amount_fen"] <= 2_000_000)).all())
    assert not full["amount_fen"].any()


def test_nothing_is_repaid_early_after_the_whole_or_in_the_last_month() -> None:
    often = {"early_full_per_year_ppm": 700_000, "early_partial_per_year_ppm": 900_000}
    found = early(opened(count=2_000), behaviour=often)
    full = found[found["full"] != 0]
    part = found[found["full"] == 0]
    settled = dict(zip(full["loan"].tolist(), full["at"].tolist(), strict=True))
    assert len(settled) == len(full), "once a loan"
    assert all(
        at // DAY_MS <= settled.get(loan, at) // DAY_MS
        for loan, at in zip(part["loan"].tolist(), part["at"].tolist(), strict=True)
    )
    assert int(found["at"].max()) < START + 375 * DAY_MS
    assert not len(early(opened(count=2_000, term=1), behaviour=often))


def test_nobody_repays_early_where_the_chance_is_nought() -> None:
    never = {"early_full_per_year_ppm": 0, "early_partial_per_year_ppm": 0}
    assert not len(early(opened(term=360), behaviour=never))


def test_scripted_customers_never_miss_are_never_late_and_never_repay_early() -> None:
    script = {
        "script": [ZHANG],
        "economy": RECESSION,
        "behaviour": {"manual_late_ppm": 1_000_000, "early_full_per_year_ppm": 999_999},
    }
    rows = np.concatenate([debits(count=1, number=n, attempt=n) for n in range(1, 241)])
    found = played(world(**script), [(DebitRequest, rows)], windows(START, START + DAY_MS))["DebitResult"]
    assert set(found["paid_fen"].tolist()) == {430_332}
    made = payments(debits(count=1, automatic=0), **script)
    assert (made["at"] // DAY_MS).tolist() == [DAY]
    assert 1 not in early(opened(count=500), **script)["loan"] % 10**11 // 100


# windows and state ----------------------------------------------------------------------------------------------------


def mixed() -> list[tuple[Kind, Rows]]:
    rows = debits(count=600, dpd=1, automatic=numbers(600) % 2)
    rows["at"] = START + numbers(600) % 200 * 7 * MINUTE_MS
    quick = opened(count=600, at=START + numbers(600) * MINUTE_MS)
    return [(DebitRequest, rows), (LoanOpened, quick)]


OFTEN = {"behaviour": {"early_full_per_year_ppm": 900_000, "cure_daily_ppm": 400_000}}


def test_answers_are_the_same_for_windows_of_any_length() -> None:
    until = START + 60 * DAY_MS
    by_day = played(world(**OFTEN), mixed(), windows(START, until))
    by_hour = played(world(**OFTEN), mixed(), windows(START, until, HOUR_MS))
    assert set(by_day) == {"DebitResult", "PaymentMade", "EarlyRepaymentRequested"}
    assert {name: rows.tolist() for name, rows in by_day.items()} == {
        name: rows.tolist() for name, rows in by_hour.items()
    }


def test_a_world_put_down_and_taken_up_again_goes_on_as_before() -> None:
    cut = windows(START, START + 90 * DAY_MS)
    whole = played(world(**OFTEN), mixed(), cut)
    first, second = world(**OFTEN), world(**OFTEN)
    begun = played(first, mixed(), cut[:1])
    state = {name: rows.copy() for name, rows in first.export_state().items()}
    second.import_state(state)
    rest = played(second, mixed(), cut[1:])
    kinds: dict[str, Kind] = {kind.name: kind for kind in (DebitResult, PaymentMade, EarlyRepaymentRequested)}
    assert len(rest["EarlyRepaymentRequested"]) > 20
    for name, kind in kinds.items():
        parts = [answers[name] for answers in (begun, rest) if name in answers]
        assert in_order(kind, parts).tolist() == whole[name].tolist()


def test_calls_to_core_banking_are_counted() -> None:
    counterpart = world()
    window = windows(START, START + DAY_MS)[0]
    counterpart.respond(Inbox.of((DebitRequest, debits(count=300))), window, 0)
    assert counterpart.statistics(window, closing=True)["partners"]["calls"].tolist() == [300]
    assert "partners" not in counterpart.statistics(window, closing=True)


# failed debits --------------------------------------------------------------------------------------------------------


def listed(count: int) -> Rows:
    """A task a party at the repayment desks of four branches, at nine on the due day."""
    party = numbers(count)
    rows = {
        "at": EIGHT + HOUR_MS,
        "loan": loans(party),
        "task": loans(party) * 10_000 + 8,
        "party": reference_of(party, 1),
    }
    return sample(
        FAILED_DEBITS.task, count, branch=1 + party % 4, desk=int(Desk.REPAYMENT_CLERK), product=1, priority=3, **rows
    )


def decided(**behaviour: int) -> Rows:
    """What the desks say of a hundred failed debits within a week."""
    counterpart, tasks, said = world(behaviour=behaviour), listed(100), []
    for window in windows(START, START + 7 * DAY_MS, HOUR_MS):
        inside = (tasks["at"] >= window.start) & (tasks["at"] < window.until)
        for turn in range(counterpart.rounds):
            mail = Inbox.of((FAILED_DEBITS.task, tasks[inside])) if turn == 0 else Inbox({})
            said += [rows for kind, rows in counterpart.respond(mail, window, turn) if kind is FAILED_DEBITS.opinion]
    return np.concatenate(said)


@pytest.mark.requirement("REP-08.d")
def test_the_desk_finds_out_what_customers_say() -> None:
    found = decided()
    assert len(found) == 100
    said = {one: int((found["follow_up"] == one).sum()) for one in FollowUp}
    assert min(said.values()) > 0
    assert said[FollowUp.DEBIT_AGAIN] > said[FollowUp.CHANGE_ACCOUNT]
    assert bool(((found["account"] > 0) == (found["follow_up"] == FollowUp.CHANGE_ACCOUNT)).all())
    none = decided(failed_debit_again_ppm=0, failed_debit_account_ppm=0)
    assert set(none["follow_up"].tolist()) == {FollowUp.HAND_OVER}


@pytest.mark.requirement("REP-08.d")
def test_a_debit_by_hand_nearly_always_finds_the_money_that_the_customer_spoke_of() -> None:
    missed = paid_nothing(results(debits(2_000), behaviour={"miss_base_ppm": 1_000_000}))
    by_hand = paid_nothing(results(debits(2_000, by_hand=1), behaviour={"miss_base_ppm": 1_000_000}))
    assert missed > 0.5
    assert 0.07 < by_hand < 0.13


@pytest.mark.requirement("REP-14.c")
def test_core_banking_says_whose_an_account_is_unless_it_is_silent() -> None:
    party = numbers(2_000)
    rows = sample(
        AccountCheck, 2_000, at=EIGHT, loan=loans(party), party=reference_of(party, 1), account=6_230 * 10**15 + party
    )
    found = played(world(), [(AccountCheck, rows)], windows(START, START + DAY_MS))["AccountChecked"]
    assert len(found) == 2_000
    assert 0.03 < float((found["status"] == Status.REFUSED).mean()) < 0.07
    silent = played(world(faults=OUTAGE), [(AccountCheck, rows)], windows(START, START + DAY_MS))["AccountChecked"]
    assert set(silent["status"].tolist()) == {Status.UNAVAILABLE}
