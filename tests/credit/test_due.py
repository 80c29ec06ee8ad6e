"""When time itself next brings something: each room names the earliest of its deadlines. The world keeps deadlines of its own,
so a run would not notice a room that forgets one; a bank whose world is outside would."""

from __future__ import annotations

from credit.collections.contract import WRITE_OFF
from credit.repayment.subsystem import RepaymentSubsystem
from credit.scoring.subsystem import ScoringSubsystem
from credit.times import NEVER
from tests.credit.collections.test_write_off import proposed
from tests.credit.contracts.test_contracts import opened
from tests.credit.scoring.builders import STAFFED, accepted, ask


def test_a_case_in_scoring_is_due_at_its_deadline_once_everybody_has_been_asked() -> None:
    scoring = ScoringSubsystem.build(STAFFED)
    assert scoring.due() == NEVER
    ask(scoring, accepted())
    assert scoring.due() == scoring.tables["cases"]["deadline"][0] < NEVER


def test_a_write_off_is_due_when_its_task_is_to_be_urged() -> None:
    bench, _ = proposed()
    assert bench.bank.due() == bench.out.take(WRITE_OFF.task)["limit_at"][-1]


def test_an_offered_contract_is_due_when_it_expires() -> None:
    contracts = opened()
    assert contracts.due() == contracts.tables["contracts"]["expires_at"][0]


def test_a_new_book_is_due_at_once() -> None:
    assert RepaymentSubsystem.build().due() == 0
