"""What secures a loan, from the valuation to the release: who values it, what must be done before a payment, when it is valued
again, and when it is given back."""

from __future__ import annotations

import datetime as dt

import pytest

from credit.approval.contract import ApplicationScored
from credit.codes import Collateral, Guarantee, Segment
from credit.collateral.contract import DESK, Event, Refusal
from credit.collateral.rules import security_of
from credit.collateral.states import CollateralState
from credit.disbursement.contract import Event as Disbursement
from credit.disbursement.contract import GuaranteeReported
from credit.disbursement.contract import Refusal as DisbursementRefusal
from credit.due_diligence.contract import BusinessScored
from credit.policies import PolicyError, ProductPolicy, load
from credit.policies.collateral import CollateralPolicy
from credit.repayment.contract import Event as Repayment
from credit.times import DAY_MS, HOUR_MS, day_number
from credit.worklists.states import Refusal as TaskRefusal
from scenarios.loading import load_scenario
from tests.credit.collateral.builders import (
    BOTH,
    CUSTODIAN,
    NINE,
    REGISTRAR,
    VALUER,
    WORKING,
    YUAN,
    Bench,
    effective,
    offered,
    reasons,
    told,
)

_S = CollateralState


@pytest.mark.requirement("PRD-03.c", "APR-01.c")
def test_approval_gets_the_valuers_figure_and_not_the_applicants():
    bench = Bench()
    out = bench.run(offered(yuan=9_000_000))
    assert len(out.take(ApplicationScored)) == 0
    [scored] = bench.says(VALUER, yuan=1_800_000).take(ApplicationScored)
    assert scored["collateral_fen"] == 1_800_000 * YUAN
    row = bench.row()
    assert (row["kind"], row["owner"], row["valuer"], row["value_fen"]) == (
        Collateral.DWELLING,
        17,
        VALUER,
        1_800_000 * YUAN,
    )


@pytest.mark.requirement("APP-01.b")
def test_a_business_is_looked_into_once_its_security_is_valued():
    bench = Bench()
    bench.run(offered(segment=Segment.MICRO))
    out = bench.says(VALUER, yuan=1_800_000)
    assert len(out.take(ApplicationScored)) == 0
    assert out.take(BusinessScored)["collateral_fen"].tolist() == [1_800_000 * YUAN]


@pytest.mark.requirement("PRD-03.c")
def test_what_the_valuer_does_not_accept_is_worth_nothing():
    bench = Bench()
    bench.run(offered())
    out = bench.says(VALUER, yes=False)
    [scored] = out.take(ApplicationScored)
    assert scored["collateral_fen"] == 0
    assert reasons(out, Event.COLLATERAL_VALUED) == [Refusal.NOT_ACCEPTED]
    bench.run(until=NINE + DAY_MS)
    assert bench.is_gone


@pytest.mark.parametrize(
    ("yes", "yuan", "reason"), [(True, 0, Refusal.VALUE_MISSING), (False, 5, Refusal.VALUE_UNASKED)]
)
def test_a_valuation_says_a_value_and_a_refusal_none(yes: bool, yuan: int, reason: int):
    bench = Bench()
    bench.run(offered())
    assert reasons(bench.says(VALUER, yes, yuan), Event.COLLATERAL_ACTION_REFUSED) == [reason]
    assert bench.row()["state"] == _S.OFFERED


def test_nobody_without_the_valuers_seat_values():
    bench = Bench()
    bench.run(offered())
    assert reasons(bench.says(REGISTRAR, yuan=5), Event.COLLATERAL_ACTION_REFUSED) == [TaskRefusal.NO_AUTHORITY]


@pytest.mark.requirement("CON-24.a", "CON-24.b", "PRD-03.d")
def test_formalities_pass_a_registrar_and_another_who_takes_the_documents_in():
    bench = Bench()
    bench.valued()
    out = bench.run(effective(NINE + DAY_MS))
    assert len(out.take(DESK.task)) == 1
    assert len(out.take(GuaranteeReported)) == 0
    out = bench.says(BOTH)
    assert len(out.take(GuaranteeReported)) == 0
    assert bench.row()["state"] == _S.DEPOSITING
    assert reasons(bench.says(BOTH), Event.COLLATERAL_ACTION_REFUSED) == [TaskRefusal.SAME_PERSON]
    [report] = bench.says(CUSTODIAN).take(GuaranteeReported)
    assert report["in_place"] == 1
    row = bench.row()
    assert (row["state"], row["registrar"], row["custodian"]) == (_S.IN_FORCE, BOTH, CUSTODIAN)


@pytest.mark.requirement("CON-24.a")
def test_who_valued_a_thing_does_not_register_it():
    bench = Bench()
    bench.run(offered())
    bench.says(BOTH, yuan=2_000_000)
    bench.run(effective(NINE + DAY_MS))
    assert reasons(bench.says(BOTH), Event.COLLATERAL_ACTION_REFUSED) == [TaskRefusal.SAME_PERSON]


@pytest.mark.requirement("DIS-02.d")
def test_a_guarantor_signs_without_a_valuation():
    bench = Bench()
    bench.run(effective(NINE, product=WORKING, guarantee=Guarantee.GUARANTOR))
    assert bench.row()["kind"] == Collateral.GUARANTOR
    bench.says(REGISTRAR)
    [report] = bench.says(CUSTODIAN).take(GuaranteeReported)
    assert report["in_place"] == 1
    assert Bench(None).room.due() > NINE * 2


@pytest.mark.requirement("CON-24.b")
def test_documents_that_are_not_complete_go_back_and_what_cant_be_registered_ends():
    bench = Bench()
    bench.valued()
    bench.run(effective(NINE + DAY_MS))
    bench.says(REGISTRAR)
    bench.says(CUSTODIAN, yes=False)
    assert bench.row()["state"] == _S.REGISTERING
    out = bench.says(REGISTRAR, yes=False)
    [report] = out.take(GuaranteeReported)
    assert report["in_place"] == 0
    assert reasons(out, Event.FORMALITIES_FAILED) == [Refusal.NOT_REGISTERED]


@pytest.mark.requirement("PRD-03.d")
@pytest.mark.parametrize(
    ("granted", "found"), [(1_600_000, []), (1_600_001, [Refusal.LOAN_TO_VALUE])], ids=["80 %", "a yuan more"]
)
def test_no_more_is_secured_than_the_kinds_share_of_its_value(granted: int, found: list[int]):
    bench = Bench()
    bench.valued(2_000_000)
    assert reasons(bench.run(effective(NINE + DAY_MS, granted)), Event.FORMALITIES_FAILED) == found


def test_a_contract_without_a_valuation_that_holds_gets_no_guarantee():
    bench = Bench({"collateral": {"valuation_valid_days": 10}})
    bench.valued()
    out = bench.run(until=NINE + 11 * DAY_MS)
    assert len(out.events_of(Event.VALUATION_LAPSED)) == 1
    out = bench.run(effective(bench.now + 1))
    assert reasons(out, Event.FORMALITIES_FAILED) == [Refusal.NOT_VALUED]
    assert out.take(GuaranteeReported)["in_place"].tolist() == [0]


@pytest.mark.requirement("PRD-03.d")
def test_it_is_valued_again_by_calendar_and_a_fall_in_value_is_told():
    bench = Bench().in_force()
    due = day_number(dt.date(2027, 3, 2)) * DAY_MS
    assert bench.room.due() == due
    out = bench.run(until=due + 9 * HOUR_MS)
    assert out.events_of(Event.REVALUATION_DUE)["at"].tolist() == [due]
    assert bench.row()["state"] == _S.REVALUING
    out = bench.says(VALUER, yuan=1_800_000)
    assert len(out.events_of(Event.COLLATERAL_SHORT)) == 1
    assert bench.row()["state"] == _S.IN_FORCE
    assert bench.room.due() == day_number(dt.date(2028, 3, 2)) * DAY_MS


def test_a_value_that_still_covers_is_not_told():
    bench = Bench().in_force()
    bench.run(until=day_number(dt.date(2027, 3, 2)) * DAY_MS + 9 * HOUR_MS)
    assert len(bench.says(VALUER, yuan=1_875_000).events_of(Event.COLLATERAL_SHORT)) == 0


@pytest.mark.requirement("PRD-03.d")
def test_it_is_given_back_by_two_people_once_the_loan_is_repaid():
    bench = Bench().in_force()
    assert len(bench.run(told(Disbursement.LOAN_DISBURSED, bench.now + DAY_MS)).take(DESK.task)) == 0
    out = bench.run(told(Repayment.LOAN_SETTLED, bench.now + DAY_MS))
    assert len(out.events_of(Event.RELEASE_BEGUN)) == 1
    bench.says(REGISTRAR)
    assert reasons(bench.says(REGISTRAR), Event.COLLATERAL_ACTION_REFUSED) == [TaskRefusal.NO_AUTHORITY]
    out = bench.says(CUSTODIAN)
    assert out.events_of(Event.COLLATERAL_RELEASED)["actor"].tolist() == [CUSTODIAN]
    bench.run(until=bench.now + DAY_MS)
    assert bench.is_gone


@pytest.mark.requirement("PRD-03.d")
def test_a_limit_is_given_back_only_when_it_is_closed_and_all_its_loans_are_repaid():
    bench = Bench()
    bench.run(effective(NINE, product=WORKING, guarantee=Guarantee.GUARANTOR))
    bench.says(REGISTRAR)
    bench.says(CUSTODIAN)
    bench.run(told(Disbursement.LOAN_DISBURSED, bench.now + 1))
    bench.run(told(Repayment.LOAN_SETTLED, bench.now + 1))
    bench.run(told(Disbursement.LOAN_DISBURSED, bench.now + 1, place=2))
    assert len(bench.run(told(Disbursement.FACILITY_CLOSED, bench.now + 1)).events_of(Event.RELEASE_BEGUN)) == 0
    assert len(bench.run(told(Repayment.LOAN_SETTLED, bench.now + 1, place=2)).events_of(Event.RELEASE_BEGUN)) == 1


def test_what_is_never_paid_frees_the_collateral_and_open_conditions_do_not():
    bench = Bench()
    bench.valued()
    bench.run(effective(NINE + DAY_MS))
    failed = Disbursement.DISBURSEMENT_PRECHECK_FAILED
    bench.run(told(failed, bench.now + 1, DisbursementRefusal.CONDITION_OPEN))
    assert bench.row()["state"] == _S.REGISTERING
    out = bench.run(told(failed, bench.now + 1, DisbursementRefusal.ACCOUNT_INVALID))
    assert len(out.take(DESK.withdrawn)) == 1
    bench.run(until=bench.now + DAY_MS)
    assert bench.is_gone


def test_a_stopped_payment_frees_the_collateral_of_a_loan_and_not_of_a_limit():
    bench = Bench().in_force()
    assert len(bench.run(told(Disbursement.PAYMENT_STOPPED, bench.now + 1)).events_of(Event.RELEASE_BEGUN)) == 1
    limit = Bench()
    limit.run(effective(NINE, product=WORKING, guarantee=Guarantee.GUARANTOR))
    limit.says(REGISTRAR)
    limit.says(CUSTODIAN)
    assert len(limit.run(told(Disbursement.PAYMENT_STOPPED, limit.now + 1)).events_of(Event.RELEASE_BEGUN)) == 0


@pytest.mark.requirement("PRD-03.d")
def test_its_next_valuation_counts_from_the_last_and_is_never_in_the_past():
    bench = Bench({"collateral": {"valuation_valid_days": 700}})
    bench.valued()
    bench.run(effective(NINE + 20 * DAY_MS))
    bench.says(REGISTRAR)
    bench.says(CUSTODIAN)
    assert bench.room.due() == day_number(dt.date(2027, 3, 2)) * DAY_MS
    old = Bench({"collateral": {"valuation_valid_days": 700}})
    old.valued()
    old.run(effective(NINE + 400 * DAY_MS))
    old.says(REGISTRAR)
    out = old.says(CUSTODIAN)
    placed = out.events_of(Event.GUARANTEE_IN_PLACE)["at"].tolist()
    assert out.events_of(Event.REVALUATION_DUE)["at"].tolist() == placed


def test_a_valuation_lapses_in_the_window_that_its_last_instant_lies_in():
    bench = Bench()
    bench.valued()
    end = int(bench.row()["due_at"])
    assert len(bench.run(until=end).events_of(Event.VALUATION_LAPSED)) == 0
    assert bench.run(until=end + 1).events_of(Event.VALUATION_LAPSED)["at"].tolist() == [end]


def test_what_is_repaid_while_it_is_valued_again_is_released():
    bench = Bench().in_force()
    bench.run(told(Disbursement.LOAN_DISBURSED, bench.now + 1))
    bench.run(until=day_number(dt.date(2027, 3, 2)) * DAY_MS + 9 * HOUR_MS)
    out = bench.run(told(Repayment.LOAN_SETTLED, bench.now + 1))
    assert len(out.take(DESK.withdrawn)) == 1
    assert bench.row()["state"] == _S.RELEASING


@pytest.mark.requirement("PRD-03.d")
def test_who_deletes_the_registration_does_not_give_the_documents_back():
    bench = Bench().in_force()
    bench.run(told(Disbursement.LOAN_DISBURSED, bench.now + 1))
    bench.run(told(Repayment.LOAN_SETTLED, bench.now + 1))
    bench.says(BOTH)
    assert bench.row()["state"] == _S.RETURNING
    assert reasons(bench.says(BOTH), Event.COLLATERAL_ACTION_REFUSED) == [TaskRefusal.SAME_PERSON]


def test_formalities_are_due_at_the_close_of_the_fifth_workday():
    bench = Bench()
    bench.valued()
    [task] = bench.run(effective(NINE + HOUR_MS)).take(DESK.task)
    assert task["limit_at"] == (NINE // DAY_MS + 7) * DAY_MS + 17 * HOUR_MS + HOUR_MS // 2


def test_a_task_past_its_limit_is_urged_at_that_instant():
    bench = Bench()
    bench.run(offered())
    limit = (NINE // DAY_MS + 2) * DAY_MS + 17 * HOUR_MS + HOUR_MS // 2
    assert bench.room.due() == limit
    assert bench.run(until=limit + HOUR_MS).events_of(Event.TASK_URGED)["at"].tolist() == [limit]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("custodian", REGISTRAR, "without two people"),
        ("valuer", 0, "never valued"),
        ("settled", 9, "settled more loans"),
        ("kind", int(Collateral.DEPOSIT), "not secured by"),
        ("state", int(_S.RELEASING), "has not the one task"),
    ],
)
@pytest.mark.planted
def test_an_invariant_finds_a_row_that_cant_be(column: str, value: int, words: str):
    bench = Bench().in_force()
    bench.room.register[column][:] = value
    assert any(words in one for one in bench.room.violations())


PLEDGE = load_scenario("deposit_pledge").policies
DEPOSIT_PLEDGE = 7


@pytest.mark.requirement("PRD-01.c", "CON-24.a")
def test_a_pledge_is_of_a_thing_that_is_valued_and_registered():
    bench = Bench(PLEDGE)
    bench.run(offered(product=DEPOSIT_PLEDGE, amount_fen=60_000 * YUAN))
    bench.says(VALUER, yuan=100_000)
    row = bench.row()
    assert (row["kind"], row["value_fen"], row["owner"]) == (Collateral.DEPOSIT, 100_000 * YUAN, 17)
    out = bench.run(effective(NINE + DAY_MS, 60_000, product=DEPOSIT_PLEDGE, guarantee=Guarantee.PLEDGE))
    assert len(out.events_of(Event.FORMALITIES_BEGUN)) == 1
    assert len(bench.says(REGISTRAR).events_of(Event.COLLATERAL_REGISTERED)) == 1


@pytest.mark.requirement("PRD-01.c")
def test_a_pledge_of_nothing_secures_nothing():
    bench = Bench(PLEDGE)
    out = bench.run(effective(NINE, 60_000, product=DEPOSIT_PLEDGE, guarantee=Guarantee.PLEDGE))
    assert reasons(out, Event.FORMALITIES_FAILED) == [Refusal.NOT_VALUED]


def test_a_mortgage_without_a_kind_of_collateral_is_refused():
    policy = load("collateral", CollateralPolicy).model_copy(update={"products": []})
    with pytest.raises(PolicyError, match=r"mortgage is secured by mortgage; its file needs \[collateral\]"):
        security_of(policy, load("products", ProductPolicy))
