"""The check before a signature: staff read amount, term and rate in the contract, and what was not approved blocks it."""

from __future__ import annotations

import numpy as np
import pytest

from credit.contracts import rules
from credit.contracts.contract import ApplicationApproved, ContractReturned, Event, Refusal, ReturnReason
from credit.contracts.elements import NAMES
from credit.contracts.states import ContractState, SignMode
from credit.contracts.subsystem import ContractsSubsystem
from credit.disbursement.contract import ContractEffective
from credit.subsystem import Setting
from tests.credit.contracts.test_contracts import (
    CASE,
    CLERK,
    FIRST,
    NINE,
    YUAN,
    approved,
    checked,
    handled,
    opened,
    refusals,
    run,
    signed,
    state,
    unchecked,
)


@pytest.mark.requirement("CON-11.c")
def test_what_is_signed_on_paper_is_checked_first_by_whom_takes_no_signature_and_the_trace_says_who():
    desk, paper = opened(), {"mode": SignMode.PAPER, "person": CLERK + 1}
    assert refusals(run(desk, signed(NINE + 2, **paper), until=NINE + 3)) == [Refusal.CONTRACT_UNCHECKED]
    out = run(desk, checked(NINE + 3, person=CLERK + 1), signed(NINE + 4, **paper), start=NINE + 3, until=NINE + 5)
    assert refusals(out) == [Refusal.CHECKED_BY_SIGNER]
    out = run(desk, checked(NINE + 5), signed(NINE + 6, **paper), start=NINE + 5)
    [told] = out.events_of(Event.CONTRACT_CHECKED)
    assert (told["actor"], told["value"], told["amount_fen"]) == (CLERK, FIRST, 50_000 * YUAN)
    assert len(out.take(ContractEffective)) == 1


@pytest.mark.requirement("CON-11.c")
@pytest.mark.parametrize(
    ("read", "reason", "element"),
    [
        ({"amount_fen": 50_000 * YUAN + 1}, ReturnReason.AMOUNT_WRONG, "amount_figures"),
        ({"term_months": 18}, ReturnReason.TERM_WRONG, "term_months"),
        ({"rate_ppm": 59_999}, ReturnReason.RATE_WRONG, "rate_percent"),
    ],
)
def test_a_difference_blocks_the_contract_with_its_reason_until_it_is_returned(read, reason, element):
    desk = opened()
    out = run(desk, checked(NINE + 3, **read), signed(NINE + 4, mode=SignMode.PAPER), until=NINE + 5)
    [told] = out.events_of(Event.CONTRACT_BLOCKED)
    assert (told["actor"], told["reason"], told["value"]) == (CLERK, reason, 1 << NAMES.index(element))
    assert refusals(out) == [Refusal.CONTRACT_ELEMENT]
    assert state(desk) == [ContractState.BLOCKED]
    back = handled(ContractReturned, NINE + 6, reason=reason)
    out = run(desk, back, signed(NINE + 7, mode=SignMode.PAPER, attempt=2), start=NINE + 5, until=NINE + 8)
    assert refusals(out) == [Refusal.CONTRACT_UNCHECKED]
    anew = [checked(NINE + 8, attempt=2), signed(NINE + 9, mode=SignMode.PAPER, attempt=2)]
    assert len(run(desk, *anew, start=NINE + 8).take(ContractEffective)) == 1


@pytest.mark.requirement("CON-11.c")
def test_a_contract_generated_anew_is_checked_anew_and_by_somebody():
    desk = opened()
    again = signed(NINE + 5, mode=SignMode.PAPER, attempt=2)
    out = run(desk, checked(NINE + 2), handled(ContractReturned, NINE + 4), again, until=NINE + 6)
    assert refusals(out) == [Refusal.CONTRACT_UNCHECKED]
    out = run(desk, checked(NINE + 6, attempt=2, person=0), checked(NINE + 7), start=NINE + 6)
    assert refusals(out) == [Refusal.CONTRACT_STATE, Refusal.CONTRACT_EXPIRED]
    assert state(desk, "checked_by") == [0]


@pytest.mark.requirement("CON-11.c")
def test_which_contracts_are_checked_is_the_policys():
    for modes, accepted in (([], True), (["electronic"], False)):
        desk = ContractsSubsystem.build(Setting({"contracts": {"checked_modes": modes}}))
        out = run(desk, (ApplicationApproved, approved()), signed(NINE + 5), until=NINE + 6)
        assert len(out.take(ContractEffective)) == accepted


@pytest.mark.planted
def test_planted_signature_without_a_check_is_caught(monkeypatch):
    monkeypatch.setattr(rules, "check_faults", lambda signatures, contracts, modes: np.zeros(len(contracts), np.int64))
    found = unchecked(opened(), signed(NINE + 5, mode=SignMode.PAPER), start=NINE)
    assert found == [f"contract of case {CASE} was signed unchecked in mode: {int(SignMode.PAPER)}"]
    found = unchecked(opened(), checked(NINE + 4), signed(NINE + 5, mode=SignMode.PAPER, person=CLERK), start=NINE)
    assert found == [f"contract of case {CASE} was checked and signed before one person: {CLERK}"]
