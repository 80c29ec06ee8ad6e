"""Nothing is paid before the guarantee is in place (担保手续): a facility waits for its formalities as it does for conditions."""

from __future__ import annotations

import pytest

from credit.approval.contract import Refusal as ApprovalRefusal
from credit.codes import Guarantee, Material
from credit.contracts.contract import Refusal as ContractRefusal
from credit.disbursement.contract import Event, FacilityOpened
from credit.policies import Overrides
from credit.times import DAY_MS, HOUR_MS
from tests.credit.disbursement.builders import (
    CONSUMER,
    LOAN,
    MORTGAGE,
    NINE,
    WORKING,
    Bench,
    contract,
    desks,
    drawdown,
    fulfilled,
    guaranteed,
    reasons,
)

FORMAL: Overrides = {"collateral": {}}
"""The packaged policy: mortgage, pledge and guarantor take formalities."""


@pytest.mark.requirement("CON-24.d", "DIS-02.d")
def test_no_payment_begins_before_the_formalities_are_done():
    bench = Bench(FORMAL)
    assert desks(bench.run(contract(MORTGAGE))) == []
    assert bench.facility("formalities") == 1
    out = bench.run(guaranteed(NINE + HOUR_MS))
    assert len(desks(out)) == 1
    assert bench.payment("loan") == LOAN
    assert bench.facility("formalities") == 0


@pytest.mark.requirement("DIS-02.d")
def test_a_guarantor_is_waited_for_before_a_limit_can_be_drawn():
    bench = Bench(FORMAL)
    assert len(bench.run(contract(WORKING)).take(FacilityOpened)) == 0
    assert reasons(bench.run(drawdown(NINE + 1, 10_000)), Event.DRAWDOWN_REFUSED)
    assert len(bench.run(guaranteed(NINE + HOUR_MS)).take(FacilityOpened)) == 1
    assert reasons(bench.run(drawdown(NINE + 2 * HOUR_MS, 10_000)), Event.DRAWDOWN_REFUSED) == []


@pytest.mark.requirement("CON-24.d")
def test_a_guarantee_that_is_not_to_be_had_ends_the_facility():
    bench = Bench(FORMAL)
    bench.run(contract(MORTGAGE))
    out = bench.run(guaranteed(NINE + HOUR_MS, in_place=False))
    assert reasons(out, Event.DISBURSEMENT_PRECHECK_FAILED) == [ApprovalRefusal.GUARANTEE_MISSING]
    again = bench.run(guaranteed(NINE + 2 * HOUR_MS))
    assert reasons(again, Event.DISBURSEMENT_ACTION_REFUSED) == [ContractRefusal.CONTRACT_STATE]
    assert desks(bench.all) == []


@pytest.mark.parametrize("formalities_last", [True, False])
def test_conditions_and_formalities_are_both_waited_for(formalities_last: bool):
    bench = Bench(FORMAL)
    bench.run(contract(MORTGAGE, conditions=Material.RESIDENCE_PROOF))
    mail = [guaranteed(NINE + 1), fulfilled(NINE + 2, Material.RESIDENCE_PROOF)]
    if formalities_last:
        mail = [fulfilled(NINE + 1, Material.RESIDENCE_PROOF), guaranteed(NINE + 2)]
    assert desks(bench.run(mail[0])) == []
    assert len(desks(bench.run(mail[1]))) == 1


def test_what_needs_no_formalities_does_not_wait():
    bench = Bench(FORMAL)
    assert len(desks(bench.run(contract(CONSUMER, lane=2)))) == 1
    bench.run(guaranteed(NINE + HOUR_MS))
    assert reasons(bench.all, Event.DISBURSEMENT_ACTION_REFUSED) == [ContractRefusal.CONTRACT_STATE]


def test_an_approval_that_ends_meanwhile_ends_the_wait():
    bench = Bench(FORMAL)
    bench.run(contract(MORTGAGE, valid_until=NINE + 2 * DAY_MS))
    out = bench.run(until=NINE + 3 * DAY_MS)
    assert reasons(out, Event.DISBURSEMENT_PRECHECK_FAILED) == [ApprovalRefusal.APPROVAL_EXPIRED]


def test_an_invariant_finds_what_was_drawn_without_its_guarantee():
    bench = Bench(FORMAL)
    bench.run(contract(WORKING))
    bench.run(guaranteed(NINE + HOUR_MS))
    bench.run(drawdown(NINE + 2 * HOUR_MS, 10_000))
    bench.bank.facilities.table["formalities"][:] = 1
    assert any("before its guarantee is in place" in found for found in bench.bank.violations())


def test_the_guarantee_itself_is_the_product_s():
    bench = Bench(FORMAL)
    out = bench.run(contract(MORTGAGE, guarantee=Guarantee.CREDIT))
    assert reasons(out, Event.DISBURSEMENT_PRECHECK_FAILED) == [ApprovalRefusal.GUARANTEE_MISSING]
