"""Who is inspected how often follows segment, product, amount and risk; what is found is confirmed by another person and leads to
a warning, a restriction, or nothing."""

from __future__ import annotations

import numpy as np
import pytest

from credit.calendar import close_of_workday, is_workday
from credit.codes import Finding, Grade, Segment, Verdict
from credit.collateral.contract import Event as Collateral
from credit.disbursement.contract import Event as Disbursement
from credit.disbursement.contract import RestrictLimit
from credit.policies import PolicyError, ProductPolicy, load
from credit.policies.loading import packaged
from credit.policies.post_loan import PostLoanPolicy
from credit.post_loan.contract import DESK, Cause, Desk, Event, Refusal
from credit.post_loan.rules import Plans
from credit.post_loan.states import InspectionState
from credit.post_loan.subsystem import PostLoanSubsystem
from credit.repayment.contract import Event as Repayment
from credit.subsystem import Setting
from credit.times import DAY_MS, HOUR_MS
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.post_loan.builders import (
    BOTH,
    CASE,
    MANAGER,
    MICRO,
    MORTGAGE,
    NINE,
    REVIEWER,
    Bench,
    paid,
    reasons,
    told,
    working,
)

_I = InspectionState
DAY = NINE // DAY_MS


@pytest.mark.requirement("CUS-01.e", "WRN-10.a", "PRD-05.d")
@pytest.mark.parametrize(
    ("loan", "a_year"),
    [
        ({}, 4),
        ({"grade": Grade.WEAK}, 12),
        ({"yuan": 1_000_000, "product": MORTGAGE}, 12),
        ({"yuan": 999_999, "product": MORTGAGE}, 4),
        ({"segment": Segment.MICRO, "product": MICRO}, 12),
        ({"segment": Segment.MICRO, "product": MICRO, "grade": Grade.WEAK}, 24),
        ({"segment": Segment.ENTERPRISE, "product": 5}, 12),
    ],
    ids=["small personal", "risky person", "large", "just not large", "micro", "risky micro", "enterprise"],
)
def test_segment_amount_and_risk_select_the_plan(loan: dict[str, int], a_year: int):
    out = Bench().run(paid(**loan))
    assert out.events_of(Event.INSPECTION_PLANNED)["value"].tolist() == [a_year]


@pytest.mark.requirement("APP-01.e", "CUS-01.e")
def test_small_personal_loans_are_inspected_in_the_records_every_quarter():
    bench = Bench()
    bench.run(paid())
    out = bench.comes_due()
    assert reasons(out, Event.RECORDS_INSPECTED) == [Cause.FIRST]
    assert len(out.take(DESK.task)) == 0
    first = bench.now // DAY_MS
    out = bench.comes_due()
    assert reasons(out, Event.RECORDS_INSPECTED) == [Cause.REGULAR]
    assert 91 <= bench.now // DAY_MS - first <= 99


@pytest.mark.requirement("WRN-10.b")
def test_the_use_of_the_money_is_looked_at_within_the_policys_days():
    bench = Bench()
    bench.run(working())
    [task] = bench.comes_due().take(DESK.task)
    assert (task["desk"], task["cause"]) == (Desk.CUSTOMER_MANAGER, Cause.FIRST)
    assert NINE < task["limit_at"] <= NINE + 31 * DAY_MS
    assert task["limit_at"] // DAY_MS - NINE // DAY_MS <= 30
    out = bench.run(until=int(task["limit_at"]) + HOUR_MS)
    assert out.events_of(Event.TASK_URGED)["at"].tolist() == [task["limit_at"]]


@pytest.mark.requirement("PRD-05.d", "WRN-10.a")
def test_a_company_is_visited_every_month():
    bench = Bench()
    bench.run(working())
    bench.comes_due()
    out = bench.says(MANAGER)
    assert reasons(out, Event.CASE_INSPECTED) == [Cause.FIRST]
    assert bench.row()["state"] == _I.WAITING
    assert 30 <= bench.row()["due_day"] - bench.now // DAY_MS <= 36


@pytest.mark.requirement("PRD-09.e", "WRN-06.c", "WRN-10.a")
def test_what_is_found_restricts_use_once_another_person_has_confirmed_it():
    bench = Bench()
    bench.run(working())
    bench.comes_due()
    out = bench.says(BOTH, findings=Finding.USE_DIVERTED)
    assert len(out.take(RestrictLimit)) == 0
    assert reasons(bench.says(BOTH), Event.POST_LOAN_ACTION_REFUSED) == [TaskRefusal.SAME_PERSON]
    out = bench.says(REVIEWER)
    [order] = out.take(RestrictLimit)
    assert (order["case"], order["restricted"], order["operator"]) == (CASE, 1, REVIEWER)
    assert out.events_of(Event.WARNING_RAISED)["value"].tolist() == [Finding.USE_DIVERTED]
    assert bench.row()["due_day"] - bench.now // DAY_MS < 20, "a warning is watched more often"


@pytest.mark.requirement("PRD-09.e")
def test_a_warning_is_lifted_by_two_people_as_well():
    bench = Bench()
    bench.run(working())
    bench.comes_due()
    bench.says(MANAGER, findings=Finding.FINANCES_WORSE)
    bench.says(REVIEWER)
    bench.comes_due()
    assert len(bench.says(MANAGER).take(RestrictLimit)) == 0
    out = bench.says(REVIEWER)
    assert out.take(RestrictLimit)["restricted"].tolist() == [0]
    assert len(out.events_of(Event.WARNING_LIFTED)) == 1


def test_a_finding_that_policy_does_not_restrict_for_is_a_warning_alone():
    bench = Bench()
    bench.run(working())
    bench.comes_due()
    bench.says(MANAGER, findings=Finding.COLLATERAL_IMPAIRED)
    out = bench.says(REVIEWER)
    assert len(out.events_of(Event.WARNING_RAISED)) == 1
    assert len(out.take(RestrictLimit)) == 0


def test_a_loan_without_a_limit_has_nothing_to_restrict():
    bench = Bench()
    bench.run(paid(grade=Grade.WEAK))
    bench.comes_due()
    bench.says(MANAGER, findings=Finding.USE_DIVERTED)
    out = bench.says(REVIEWER)
    assert len(out.events_of(Event.WARNING_RAISED)) == 1
    assert len(out.take(RestrictLimit)) == 0


def test_a_limit_that_has_closed_is_not_spoken_of_any_more():
    bench = Bench()
    bench.run(working())
    bench.comes_due()
    bench.says(MANAGER, findings=Finding.USE_DIVERTED)
    bench.says(REVIEWER)
    bench.run(told(Disbursement.FACILITY_CLOSED, bench.now + 1))
    bench.comes_due()
    bench.says(MANAGER)
    assert len(bench.says(REVIEWER).take(RestrictLimit)) == 0


def test_a_reviewer_sends_a_report_back_and_it_is_looked_at_again():
    bench = Bench()
    bench.run(working())
    bench.comes_due()
    bench.says(MANAGER, findings=Finding.USE_DIVERTED)
    out = bench.says(REVIEWER, Verdict.DECLINE)
    assert len(out.events_of(Event.FINDINGS_SENT_BACK)) == 1
    assert bench.row()["state"] == _I.INSPECTING
    assert len(bench.says(MANAGER).events_of(Event.CASE_INSPECTED)) == 1


@pytest.mark.parametrize(
    ("verdict", "findings", "reason"),
    [
        (Verdict.DECLINE, 0, TaskRefusal.DECISION_INVALID),
        (Verdict.APPROVE, 8, Refusal.FINDINGS_UNKNOWN),
        (Verdict.APPROVE, -1, Refusal.FINDINGS_UNKNOWN),
    ],
)
def test_a_report_says_what_there_can_be(verdict: int, findings: int, reason: int):
    bench = Bench()
    bench.run(working())
    bench.comes_due()
    assert reasons(bench.says(MANAGER, verdict, findings), Event.POST_LOAN_ACTION_REFUSED) == [reason]


def test_a_reviewer_finds_nothing_of_his_own():
    bench = Bench()
    bench.run(working())
    bench.comes_due()
    bench.says(MANAGER, findings=Finding.USE_DIVERTED)
    out = bench.says(REVIEWER, findings=Finding.USE_DIVERTED)
    assert reasons(out, Event.POST_LOAN_ACTION_REFUSED) == [Refusal.FINDINGS_UNKNOWN]


@pytest.mark.requirement("WRN-06.b")
@pytest.mark.parametrize(
    ("event", "cause"),
    [(Repayment.OVERDUE_STARTED, Cause.OVERDUE), (Collateral.COLLATERAL_SHORT, Cause.COLLATERAL)],
    ids=["overdue", "collateral"],
)
def test_who_is_overdue_or_loses_collateral_is_inspected_at_once(event: Repayment, cause: Cause):
    bench = Bench()
    bench.run(paid())
    [task] = bench.run(told(event, NINE + DAY_MS)).take(DESK.task)
    assert (task["at"], task["cause"]) == (NINE + DAY_MS, cause)
    assert len(bench.run(told(event, bench.now + HOUR_MS)).take(DESK.task)) == 0, "one inspection at a time"


def test_the_records_of_who_is_overdue_are_not_enough():
    bench = Bench()
    bench.run(paid())
    bench.run(told(Repayment.OVERDUE_STARTED, NINE + DAY_MS))
    bench.says(MANAGER)
    assert len(bench.comes_due().take(DESK.task)) == 1
    bench.says(MANAGER)
    bench.run(told(Repayment.OVERDUE_CLEARED, bench.now + HOUR_MS))
    assert len(bench.comes_due().take(DESK.task)) == 0


@pytest.mark.parametrize("end", [Repayment.LOAN_SETTLED, Repayment.LOAN_WRITTEN_OFF])
def test_nobody_is_inspected_once_all_loans_have_ended(end: Repayment):
    bench = Bench()
    bench.run(working())
    bench.run(working(NINE + HOUR_MS, place=2))
    bench.run(told(end, NINE + DAY_MS))
    assert not bench.is_gone()
    bench.comes_due()
    out = bench.run(told(end, bench.now + 1, place=2))
    assert bench.is_gone()
    assert len(out.take(DESK.withdrawn)) == 1
    assert bench.room.due() > 10**15


def test_a_further_payment_is_looked_at_and_the_stricter_plan_holds():
    bench = Bench()
    bench.run(paid())
    bench.run(paid(NINE + HOUR_MS, place=2, grade=Grade.WEAK))
    assert bench.row()["plan"] == 3
    bench.run(paid(NINE + 2 * HOUR_MS, place=3))
    assert bench.row()["plan"] == 3


def planned(plans: list[dict[str, object]] | None = None, **policy: object) -> Plans:
    """Plans under the packaged policy with changes."""
    changes = policy | ({"plans": plans} if plans else {})
    return Plans(load("post_loan", PostLoanPolicy, {"post_loan": changes}), load("products", ProductPolicy))


def test_of_two_plans_of_one_rhythm_the_one_by_a_person_is_stricter():
    plans = planned([{"key": "small_personal", "a_year": 12, "by": "system"}])
    person, system = np.array([3]), np.array([4])
    assert plans.a_year[[3, 4]].tolist() == [12, 12]
    assert (plans.stricter(person, system).tolist(), plans.stricter(system, person).tolist()) == ([3], [3])


@pytest.mark.requirement("WRN-10.a")
def test_a_warning_never_makes_inspections_rarer_and_all_are_on_workdays():
    days, plan, yes = DAY + np.arange(30), np.full(30, 1), np.ones(30, dtype=np.int64)
    plans = planned(watched_a_year=2)
    assert plans.next_day(plan, yes, days).tolist() == plans.next_day(plan, yes * 0, days).tolist()
    assert is_workday(plans.next_day(plan, yes, days)).all()


def test_the_first_inspection_begins_after_the_payment_however_little_time_there_is():
    assert planned(first_days=1, task_workdays=20).first_day(np.array([DAY])).tolist() == [DAY + 1]


def test_the_largest_payment_is_what_an_inspection_is_about():
    bench = Bench()
    bench.run(paid(yuan=50_000))
    bench.run(paid(NINE + HOUR_MS, yuan=20_000, place=2))
    assert bench.row()["amount_fen"] == 5_000_000


def test_arrears_that_nobody_told_of_can_not_be_cleared():
    bench = Bench()
    bench.run(paid())
    bench.run(told(Repayment.OVERDUE_CLEARED, NINE + DAY_MS))
    assert reasons(bench.comes_due(), Event.RECORDS_INSPECTED) == [Cause.FIRST]


def test_who_is_warned_is_visited_though_his_plan_is_of_the_records():
    bench = Bench()
    bench.run(paid())
    bench.run(told(Collateral.COLLATERAL_SHORT, NINE + DAY_MS))
    bench.says(MANAGER, findings=Finding.FINANCES_WORSE)
    bench.says(REVIEWER)
    assert len(bench.comes_due().take(DESK.task)) == 1


def test_a_limit_that_has_closed_is_restricted_by_no_finding():
    bench = Bench()
    bench.run(working())
    bench.run(told(Disbursement.FACILITY_CLOSED, NINE + HOUR_MS))
    bench.comes_due()
    bench.says(MANAGER, findings=Finding.USE_DIVERTED)
    assert len(bench.says(REVIEWER).take(RestrictLimit)) == 0


def test_what_is_inspected_out_of_turn_goes_first_and_its_review_is_due_sooner():
    bench = Bench()
    bench.run(working())
    bench.comes_due()
    bench.says(MANAGER)
    [regular] = bench.comes_due().take(DESK.task)
    [review] = bench.says(MANAGER, findings=Finding.FINANCES_WORSE).take(DESK.task)
    bench.says(REVIEWER)
    [urgent] = bench.run(told(Repayment.OVERDUE_STARTED, bench.now + 1)).take(DESK.task)
    assert urgent["priority"] < regular["priority"]
    assert (regular["cause"], urgent["cause"]) == (Cause.REGULAR, Cause.OVERDUE)
    assert review["limit_at"] == close_of_workday(review["at"], 3, 17 * 60 + 30)


def test_saved_and_taken_up_again_the_next_inspection_is_due_on_its_day():
    bench = Bench()
    bench.run(working())
    due, state = bench.room.due(), bench.room.export_state()
    again = PostLoanSubsystem.build(Setting())
    again.import_state(state)
    assert again.due() == due == bench.row()["due_day"] * DAY_MS


@pytest.mark.planted
@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("due_day", 5, "should have been inspected"),
        ("ended", 1, "though its loans have ended"),
        ("restricted", 1, "without a warning"),
        ("state", int(_I.REVIEWING), "has not the one task"),
    ],
)
def test_an_invariant_finds_a_row_that_cant_be(column: str, value: int, words: str):
    bench = Bench()
    bench.run(working())
    bench.room.inspections[column][:] = value
    assert any(words in one for one in bench.room.violations())


def test_the_last_plan_must_fit_everybody_and_products_must_exist():
    plan = {"key": "odd", "products": ["no_such"], "a_year": 1, "by": "system"}
    with pytest.raises(PolicyError, match="odd is never reached: a row before it fits every loan"):
        load("post_loan", PostLoanPolicy, {"post_loan": {"plans": [plan]}})
    last = {"key": packaged("post_loan")["plans"][-1]["key"], "products": ["no_such"]}
    with pytest.raises(PolicyError, match="the last row must fit every loan"):
        load("post_loan", PostLoanPolicy, {"post_loan": {"plans": [last]}})
    whole = packaged("post_loan")
    with pytest.raises(ValueError, match=f"plans: {whole['plans'][0]['key']} stands twice"):
        PostLoanPolicy.model_validate(whole | {"plans": whole["plans"][:1] + whole["plans"]})
    first = {"key": "business", "products": ["no_such"]}
    with pytest.raises(PolicyError, match="'no_such' is no product"):
        PostLoanSubsystem.build(Setting({"post_loan": {"plans": [first]}}))
