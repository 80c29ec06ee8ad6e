"""Desks, payments and borrowers opposite disbursement: two people for a payment, money that arrives in minutes, conditions,
drawdowns and evidence days later; the same for any windows and shards."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from credit.calendar import is_workday
from credit.codes import Status, Verdict
from credit.disbursement.contract import (
    DESK,
    ConditionFulfilled,
    ConditionRequested,
    Desk,
    DrawdownRequested,
    FacilityOpened,
    PaymentInstruction,
    PaymentResult,
    UseEvidenceFiled,
    UseEvidenceRequested,
)
from credit.mail import Inbox, in_order
from credit.numbers import branch_of_loan, branch_of_person, task_of
from credit.room import Kind, Rows
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, NEVER, Bools, Ints, day_number
from scenarios.model import Scenario
from sim.counterparts.disbursement import DESKS, DisbursementCounterpart
from sim.occasions import reference_of
from sim.staffing import build_staffing
from tests.rows import sample
from tests.sim.worlds import SEED, ZHANG, ZHANG_ASKS, numbers, scenario, windows

MONDAY = day_number(dt.date(2026, 3, 9))
START = MONDAY * DAY_MS
NINE = START + 9 * HOUR_MS
BRANCHES = numbers(4)
COUNT = 8_000
OUTAGE = {"kind": "partner_outage", "start": "2026-03-09T00:00:00", "end": "2026-03-10T00:00:00"}
LI = ZHANG | {
    "segment": "micro",
    "product": "micro_business",
    "amount": 2_000_000,
    "approved_amount": 1_800_000,
    "use_evidence_after_days": 15,
    "early_tranche_after_days": 5,
    "payment_minutes": 8,
}
KINDS = {
    kind.name: kind
    for kind in (DESK.claim, DESK.opinion, PaymentResult, ConditionFulfilled, DrawdownRequested, UseEvidenceFiled)
}
Mail = tuple[Kind, Rows]


QUICK = {
    "disbursement_operator": {"per_branch": 1, "service_minutes_median": 10},
    "disbursement_reviewer": {"per_branch": 1, "service_minutes_median": 8},
}
"""Desks that take minutes for a payment, so that a day's work ends within the day."""


def small(**sections: Any) -> Scenario:
    bank = {"run": {"customers": 1_000}, "bank": {"branches": 4}, "staff": {"scale": False} | QUICK}
    return scenario(**bank | sections)


def world(branches: Ints = BRANCHES, **sections: Any) -> DisbursementCounterpart:
    laid = small(**sections)
    return DisbursementCounterpart(laid, SEED, build_staffing(laid, SEED).desks(branches, DESKS))


def in_window(mail: list[Mail], window: Window) -> list[Mail]:
    return [(kind, rows[(rows["at"] >= window.start) & (rows["at"] < window.until)]) for kind, rows in mail]


NUMBER = {Desk.DISBURSEMENT_OPERATOR: 1, Desk.DISBURSEMENT_REVIEWER: 2, Desk.USE_VERIFIER: 3}


def at_desk(rows: Rows, desk: Desk) -> Bools:
    """The claims or decisions of a desk, told by the number of the payment's task."""
    return np.asarray(rows["task"] % 10 == NUMBER[desk])


def next_step(opinions: Rows, tasks: dict[int, Rows]) -> list[Mail]:
    """What a bank makes of an operator's yes: a task for a reviewer, who must be somebody else."""
    passed = opinions[at_desk(opinions, Desk.DISBURSEMENT_OPERATOR) & (opinions["verdict"] == Verdict.APPROVE)]
    rows = np.concatenate([tasks[int(loan)] for loan in passed["loan"]]) if len(passed) else DESK.task.empty()
    rows["task"] = task_of(rows["loan"], 2)
    rows["at"], rows["excluded"], rows["desk"] = passed["at"] + 500, passed["person"], Desk.DISBURSEMENT_REVIEWER
    return [(DESK.task, rows)]


def played(counterpart: DisbursementCounterpart, mail: list[Mail], cut: list[Window]) -> dict[str, Rows]:
    """All answers by kind, in order; operators' approvals go on to reviewers as a bank would send them."""
    tasks = {int(row["loan"][0]): row for kind, rows in mail if kind is DESK.task for row in np.split(rows, len(rows))}
    answers: dict[str, list[Rows]] = {}
    carried: list[Mail] = []
    for window in cut:
        due, carried = in_window(mail, window) + carried, []
        for round_number in range(counterpart.rounds + 1):
            replies = counterpart.respond(Inbox.of(*due), window, round_number)
            due = []
            for kind, rows in replies:
                assert bool(((rows["at"] >= window.start) & (rows["at"] < window.until)).all())
                answers.setdefault(kind.name, []).append(rows.copy())
                steps = next_step(rows, tasks) if kind is DESK.opinion else []
                due += in_window(steps, window)
                carried += [(step, found[found["at"] >= window.until]) for step, found in steps]
        assert not due
    return {name: in_order(KINDS[name], parts) for name, parts in answers.items()}


def days(count: int, length: int = DAY_MS) -> list[Window]:
    return windows(START, START + count * DAY_MS, length)


# desks ----------------------------------------------------------------------------------------------------------------


def tasks(count: int, desk: Desk = Desk.DISBURSEMENT_OPERATOR, **columns: Any) -> Rows:
    """Tasks at four branches, one every six minutes from Monday at nine on."""
    number = numbers(count)
    branch = 1 + number % 4
    case = branch * 10**9 + number
    rows = {
        "at": NINE + number * 6 * MINUTE_MS,
        "loan": case * 100 + 1,
        "case": case,
        "party": reference_of(1 + number, 1),
        "branch": branch,
        "desk": int(desk),
        "priority": 3,
        "limit_at": NEVER,
        "attempt": 1,
        "task": task_of(case * 100 + 1, NUMBER[desk]),
    }
    return sample(DESK.task, count, **rows | columns)


@pytest.mark.requirement("DIS-04.a")
def test_operator_and_reviewer_of_a_payment_are_two_people_and_follow_one_another_within_the_window() -> None:
    answers = played(world(), [(DESK.task, tasks(60))], days(3))
    found = answers[DESK.opinion.name]
    operated = found[at_desk(found, Desk.DISBURSEMENT_OPERATOR)]
    reviewed = found[at_desk(found, Desk.DISBURSEMENT_REVIEWER)]
    assert sorted(operated["loan"].tolist()) == sorted(reviewed["loan"].tolist()) == sorted(tasks(60)["loan"].tolist())
    assert len(operated) == len(reviewed) == 60
    by_loan = [rows[np.argsort(rows["loan"], kind="stable")] for rows in (operated, reviewed)]
    assert bool((by_loan[0]["person"] != by_loan[1]["person"]).all())
    begun = answers[DESK.claim.name]
    begun = begun[at_desk(begun, Desk.DISBURSEMENT_REVIEWER)]
    assert bool((by_loan[0]["at"] <= begun[np.argsort(begun["loan"])]["at"]).all())
    same_day = by_loan[0]["at"] // DAY_MS == by_loan[1]["at"] // DAY_MS
    assert float(same_day.mean()) > 0.8
    seat = np.where(found["on_behalf_of"] > 0, found["on_behalf_of"], found["person"])
    assert bool((branch_of_person(seat) == branch_of_loan(found["loan"])).all()), "each branch has its own people"


def test_the_excluded_person_does_not_take_a_task() -> None:
    reviewers = [
        one for one in build_staffing(small(), SEED).people if int(one.role) == int(Desk.DISBURSEMENT_REVIEWER)
    ]
    people = [one.person for one in reviewers if one.branch == 1]
    mine = tasks(20, Desk.DISBURSEMENT_REVIEWER, branch=1, excluded=min(people))
    found = played(world(), [(DESK.task, mine)], days(5))[DESK.opinion.name]
    assert len(found) == 20
    assert min(people) not in found["person"].tolist()


def test_reviewers_find_a_fault_as_often_as_declared_and_operators_never() -> None:
    counterpart = world(
        behaviour={"reviewer_reject_ppm": 200_000},
        staff={"scale": False} | {desk: quick | {"per_branch": 9} for desk, quick in QUICK.items()},
    )
    rows = tasks(800)
    rows["at"] = NINE + numbers(800) * MINUTE_MS // 2
    found = played(counterpart, [(DESK.task, rows)], days(4))[DESK.opinion.name]
    declined = found["verdict"] == Verdict.DECLINE
    at_review = at_desk(found, Desk.DISBURSEMENT_REVIEWER)
    assert int(at_review.sum()) == 800
    assert not declined[~at_review].any()
    assert 0.16 < float(declined[at_review].mean()) < 0.24


def test_time_at_a_desk_is_as_declared() -> None:
    answers = played(world(), [(DESK.task, tasks(60))], days(3))
    begun, ended = (np.sort(answers[kind.name], order="task") for kind in (DESK.claim, DESK.opinion))
    for desk, minutes in ((Desk.DISBURSEMENT_OPERATOR, 10), (Desk.DISBURSEMENT_REVIEWER, 8)):
        mine = at_desk(ended, desk)
        spent = np.median(ended["at"][mine] - begun["at"][mine]) / MINUTE_MS
        assert 0.7 * minutes < spent < 1.6 * minutes


def test_a_task_for_a_desk_already_served_waits_for_the_next_window() -> None:
    counterpart, (today, tomorrow) = world(), days(2)
    late = tasks(1, Desk.USE_VERIFIER)
    for round_number in range(3):
        assert counterpart.respond(Inbox(), today, round_number) == []
    assert counterpart.respond(Inbox.of((DESK.task, late)), today, 3) == []
    answers = played(counterpart, [], [tomorrow])
    assert answers[DESK.opinion.name]["loan"].tolist() == late["loan"].tolist()
    assert int(answers[DESK.claim.name]["at"][0]) >= tomorrow.start


def test_where_nobody_sits_nothing_is_done() -> None:
    desks = build_staffing(small(), SEED).desks(BRANCHES, [Desk.DISBURSEMENT_REVIEWER])
    counterpart = DisbursementCounterpart(small(), SEED, desks)
    assert played(counterpart, [(DESK.task, tasks(20))], days(3)) == {}


def test_desks_and_ports_report_their_figures() -> None:
    counterpart, (today,) = world(), days(1)
    played(counterpart, [(DESK.task, tasks(20)), (PaymentInstruction, instructions(50))], [today])
    figures = counterpart.statistics(today, closing=True)
    arrivals = {
        role: int(figures["queues"]["arrivals"][figures["queues"]["role"] == role].sum()) for role in map(int, DESKS)
    }
    assert arrivals[int(Desk.DISBURSEMENT_OPERATOR)] == 20
    assert arrivals[int(Desk.DISBURSEMENT_REVIEWER)] == len(tasks(20))
    assert set(figures["staff"]["role"].tolist()) == set(map(int, DESKS))
    assert figures["partners"]["calls"].tolist() == [50, 50]


# payments -------------------------------------------------------------------------------------------------------------


def instructions(count: int = COUNT, **columns: Any) -> Rows:
    loan = tasks(count)["loan"]
    rows = {
        "at": NINE + numbers(count),
        "transaction": loan * 10_000 + 1,
        "loan": loan,
        "party": reference_of(1 + numbers(count), 1),
        "amount_fen": 5_000_000,
        "account": 6_217_000_000_000_000_000 + numbers(count),
        "attempt": 1,
    }
    return sample(PaymentInstruction, count, **rows | columns)


def paid(rows: Rows, span: int = 1, **sections: Any) -> Rows:
    found = played(world(**sections), [(PaymentInstruction, rows)], days(span))["PaymentResult"]
    return found[np.argsort(found["transaction"], kind="stable")]


@pytest.mark.requirement("DIS-06.a")
def test_money_arrives_in_minutes_and_rarely_later_than_half_an_hour() -> None:
    found = paid(instructions())
    took = found["at"] - np.sort(instructions(), order="transaction")["at"]
    assert len(found) == COUNT
    assert 2.7 < float(np.median(took)) / MINUTE_MS < 3.4
    assert float((took < 10 * MINUTE_MS).mean()) > 0.9
    assert 0.0005 < float((took > 30 * MINUTE_MS).mean()) < 0.01


@pytest.mark.requirement("DIS-07.a", "DIS-08.a")
def test_most_payments_agree_with_their_instruction_and_some_fail_whole() -> None:
    found = paid(instructions(), behaviour={"payment_wrong_ppm": 20_000})
    asked = np.sort(instructions(), order="transaction")
    failed = found["status"] == Status.FAILED
    assert 0.002 < float(failed.mean()) < 0.008
    assert not found["amount_fen"][failed].any()
    other_amount = ~failed & (found["amount_fen"] != 5_000_000)
    other_account = ~failed & (found["account"] != asked["account"])
    assert 0.012 < float(other_amount.mean()) < 0.018
    assert 0.003 < float(other_account.mean()) < 0.008
    assert bool((found["amount_fen"][other_amount] > 0).all())
    assert float((paid(instructions())["amount_fen"] == 5_000_000).mean()) > 0.99


@pytest.mark.parametrize("partner", ["payment", "core_banking"])
def test_in_an_outage_payments_fail_and_a_new_one_has_its_own_luck(partner: str) -> None:
    found = paid(instructions(count=200), faults=[OUTAGE | {"target": partner}])
    assert set(found["status"].tolist()) == {Status.FAILED}
    again = instructions(count=200, at=NINE + DAY_MS, attempt=2)
    again["transaction"] += 1
    later = played(world(faults=[OUTAGE | {"target": partner}]), [(PaymentInstruction, again)], days(2))[
        "PaymentResult"
    ]
    assert float((later["status"] == Status.OK).mean()) > 0.95


@pytest.mark.requirement("DIS-06.a")
def test_a_scripted_payment_takes_the_minutes_of_the_script_and_arrives_whole() -> None:
    rows = instructions(count=500, party=ZHANG_ASKS)
    found = paid(rows, script=[ZHANG | {"payment_minutes": 8}], behaviour={"payment_wrong_ppm": 1_000_000})
    assert set((found["at"] - np.sort(rows, order="transaction")["at"]).tolist()) == {8 * MINUTE_MS}
    assert set(found["status"].tolist()) == {Status.OK}
    assert set(found["amount_fen"].tolist()) == {5_000_000}


# borrowers ------------------------------------------------------------------------------------------------------------


def in_office_hours(found: Rows) -> bool:
    hour = found["at"] % DAY_MS // HOUR_MS
    return bool((is_workday(found["at"] // DAY_MS) & (hour >= 9) & (hour < 17)).all())


@pytest.mark.requirement("APR-13.b")
def test_conditions_are_brought_days_later_or_never() -> None:
    asked = sample(
        ConditionRequested,
        COUNT,
        at=NINE,
        case=tasks(COUNT)["case"],
        party=reference_of(1 + numbers(COUNT), 1),
        conditions=4096,
    )
    found = played(world(), [(ConditionRequested, asked)], days(450))["ConditionFulfilled"]
    assert 0.05 < 1 - len(found) / COUNT < 0.07
    assert set(found["conditions"].tolist()) == {4096}
    assert in_office_hours(found)
    later = found["at"] // DAY_MS - MONDAY
    assert int(later.min()) == 1
    assert 4 <= float(np.median(later)) <= 6, "four days, and weekends"


def facilities(count: int = 400, **columns: Any) -> Rows:
    rows = {
        "at": NINE,
        "case": tasks(count)["case"],
        "party": reference_of(1 + numbers(count), 1),
        "product": 5,
        "limit_fen": 500_000_000,
        "term_months": 12,
        "revolving": 1,
        "valid_until": NINE + 365 * DAY_MS,
    }
    return sample(FacilityOpened, count, **rows | columns)


def drawn(rows: Rows, **sections: Any) -> Rows:
    found = played(world(**sections), [(FacilityOpened, rows)], days(400))
    return found.get("DrawdownRequested", DrawdownRequested.empty())


@pytest.mark.requirement("PRD-04.b")
def test_a_revolving_limit_is_drawn_some_times_within_its_year() -> None:
    found = drawn(facilities())
    assert in_office_hours(found)
    assert int(found["at"].max()) < NINE + 365 * DAY_MS
    times = np.unique(found["case"], return_counts=True)[1]
    assert len(times) == 400
    assert 3.8 < float(times.mean()) <= 4.0
    first = found["at"][found["number"] == 1]
    assert int(first.max()) < NINE + 25 * DAY_MS, "a firm that has asked for a limit needs it"
    assert not (found["amount_fen"] % 1_000_000).any()
    assert 0.3 < float(found["amount_fen"].mean()) / 500_000_000 < 0.4
    assert set(found["term_months"].tolist()) == {3, 6, 12}


@pytest.mark.requirement("PRD-04.b")
@pytest.mark.parametrize(("approved", "asked"), [(3, {3}), (6, {3, 6})])
def test_borrowers_ask_for_no_longer_than_was_approved(approved: int, asked: set[int]) -> None:
    assert set(drawn(facilities(term_months=approved))["term_months"].tolist()) == asked


@pytest.mark.requirement("PRD-09.c")
def test_some_borrowers_ask_for_more_than_is_free() -> None:
    found = drawn(facilities())
    sums = np.bincount(found["case"] % 10**9, weights=found["amount_fen"])
    assert float((sums > 500_000_000).sum()) / 400 > 0.2, "without repayments in between"


def test_drawdowns_come_in_proportion_to_the_time_the_limit_is_valid() -> None:
    assert len(drawn(facilities(valid_until=NINE + 183 * DAY_MS))) == pytest.approx(800, abs=20)
    assert not len(drawn(facilities(revolving=0, staged=1)))
    assert not len(drawn(facilities(valid_until=NINE + HOUR_MS)))


def evidence(count: int = COUNT, **columns: Any) -> Rows:
    rows = tasks(count)
    named = {
        "at": NINE,
        "loan": rows["loan"],
        "case": rows["case"],
        "party": reference_of(1 + numbers(count), 1),
        "amount_fen": 100_000_000,
    }
    return sample(UseEvidenceRequested, count, **named | columns)


@pytest.mark.requirement("DIS-16.a")
def test_evidence_of_use_comes_days_later_and_is_mostly_genuine() -> None:
    found = played(world(), [(UseEvidenceRequested, evidence())], days(450))["UseEvidenceFiled"]
    assert len(found) == COUNT
    assert in_office_hours(found)
    assert 0.02 < float((found["genuine"] == 0).mean()) < 0.04
    assert 11 <= float(np.median(found["at"] // DAY_MS - MONDAY)) <= 15


@pytest.mark.requirement("DIS-16.a", "DIS-16.b")
def test_verifiers_turn_down_what_is_not_genuine_and_nothing_else() -> None:
    misuse = {"behaviour": {"use_not_genuine_ppm": 300_000}}
    filed = played(world(**misuse), [(UseEvidenceRequested, evidence(40))], days(100))["UseEvidenceFiled"]
    found = played(world(**misuse), [(DESK.task, tasks(40, Desk.USE_VERIFIER))], days(9))[DESK.opinion.name]
    assert len(found) == 40
    genuine = dict(zip(filed["loan"].tolist(), filed["genuine"].tolist(), strict=True))
    assert 0 < sum(genuine.values()) < 40
    said = [int(verdict == Verdict.APPROVE) for verdict in found["verdict"].tolist()]
    assert said == [genuine[loan] for loan in found["loan"].tolist()]


@pytest.mark.requirement("DIS-16.a")
def test_a_scripted_borrower_asks_too_early_and_shows_evidence_on_the_day_of_the_script() -> None:
    loan = 100_000_000_101
    asked = evidence(1, loan=loan, case=loan // 100, party=ZHANG_ASKS)
    second = evidence(
        1, loan=loan + 1, case=loan // 100, party=ZHANG_ASKS, at=NINE + 20 * DAY_MS, amount_fen=80_000_000
    )
    script = {"script": [LI], "behaviour": {"use_not_genuine_ppm": 1_000_000}}
    mail: list[Mail] = [(UseEvidenceRequested, asked), (UseEvidenceRequested, second)]
    check: list[Mail] = [(DESK.task, tasks(1, Desk.USE_VERIFIER, loan=loan, party=ZHANG_ASKS, at=NINE + 15 * DAY_MS))]
    found = played(world(**script), mail + check, days(60))
    early = found["DrawdownRequested"]
    assert early["at"].tolist() == [NINE + 5 * DAY_MS], "only before the second tranche"
    assert early["amount_fen"].tolist() == [80_000_000]
    assert found["UseEvidenceFiled"]["at"].tolist() == [NINE + 15 * DAY_MS, NINE + 35 * DAY_MS]
    assert found["UseEvidenceFiled"]["genuine"].tolist() == [1, 1]
    assert found[DESK.opinion.name]["verdict"].tolist() == [Verdict.APPROVE]


# windows, shards and state --------------------------------------------------------------------------------------------


def mixed() -> list[Mail]:
    asked = sample(
        ConditionRequested, 60, at=NINE + numbers(60), case=tasks(60)["case"], party=tasks(60)["party"], conditions=1
    )
    return [
        (DESK.task, tasks(120)),
        (DESK.task, tasks(30, Desk.USE_VERIFIER)),
        (ConditionRequested, asked),
        (PaymentInstruction, instructions(60, at=NINE + numbers(60) * 15 * MINUTE_MS)),
        (FacilityOpened, facilities(20)),
        (UseEvidenceRequested, evidence(40, party=ZHANG_ASKS)),
    ]


def plain(found: dict[str, Rows]) -> dict[str, list[Any]]:
    return {name: rows.tolist() for name, rows in sorted(found.items())}


def test_answers_are_the_same_for_windows_of_any_length() -> None:
    by_day = played(world(script=[LI]), mixed(), days(40))
    assert set(by_day) == set(KINDS)
    assert plain(by_day) == plain(played(world(script=[LI]), mixed(), days(40, HOUR_MS)))


def test_two_shards_together_give_what_one_gives() -> None:
    whole = plain(played(world(), mixed(), days(30)))
    found: dict[str, list[Rows]] = {}
    for mine in (np.array([1, 3]), np.array([2, 4])):
        unit = {"loan": 10**11, "case": 10**9, "transaction": 10**15}
        mail = [(kind, rows[np.isin(rows[kind.key] // unit[kind.key], mine)]) for kind, rows in mixed()]
        for name, rows in played(world(mine), mail, days(30)).items():
            found.setdefault(name, []).append(rows)
    assert plain({name: in_order(KINDS[name], parts) for name, parts in found.items()}) == whole


def test_a_world_put_down_and_taken_up_again_goes_on_as_before() -> None:
    first, second = world(script=[LI]), world(script=[LI])
    quiet = [(kind, rows) for kind, rows in mixed() if kind is not DESK.task]
    checks: list[Mail] = [(DESK.task, tasks(120, Desk.USE_VERIFIER))]
    whole = played(world(script=[LI]), quiet + checks, days(40))
    begun = played(first, quiet + checks, days(40)[:1])
    second.import_state({name: rows.copy() for name, rows in first.export_state().items()})
    rest = played(second, quiet + checks, days(40)[1:])
    assert len(rest[DESK.opinion.name]) > 0, "tasks were waiting over the cut"
    joined = {name: in_order(KINDS[name], [part[name] for part in (begun, rest) if name in part]) for name in whole}
    assert plain(joined) == plain(whole)
