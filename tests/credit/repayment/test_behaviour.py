"""The behaviour card: when a loan is scored, what changes its grade, and what collections hears of it."""

from __future__ import annotations

import numpy as np
import pytest

from credit.codes import Grade
from credit.collections.contract import LoanOverdue
from credit.repayment.behaviour import Behaviour
from credit.repayment.contract import Event
from credit.times import Ints
from tests.credit.repayment.bank import LOAN, Bank, day_of, loan

DUE = [day_of(2026, month, 10) for month in range(2, 8)]


def scored(bank: Bank) -> list[tuple[int, int]]:
    """Day and grade of each score that was told."""
    return [(int(row["at"]) // 86_400_000, int(row["reason"])) for row in bank.happened(Event.BEHAVIOUR_SCORED)]


def row(bank: Bank) -> dict[str, int]:
    table = bank.repayment.book.loans
    place = table.find(np.array([LOAN]))
    return {name: int(table[name][place][0]) for name in ("lates", "met", "behaviour", "grade")}


@pytest.mark.requirement("SCO-04.b")
def test_a_loan_is_scored_when_an_instalment_falls_due_and_not_before() -> None:
    bank = Bank().until(DUE[0], loan(grade=int(Grade.FAIR)))
    assert row(bank) == {"lates": 0, "met": 0, "behaviour": 0, "grade": Grade.FAIR}
    bank.until(DUE[0] + 1)
    assert row(bank) == {"lates": 0, "met": 1, "behaviour": 82, "grade": Grade.GOOD}
    assert scored(bank) == [(DUE[0], Grade.GOOD)]
    assert bank.happened(Event.BEHAVIOUR_SCORED)["value"].tolist() == [9_000]


@pytest.mark.requirement("SCO-04.b")
def test_months_on_the_book_are_the_instalments_that_have_fallen_due() -> None:
    bank = Bank()
    scores: list[int] = []
    for due in DUE[:3]:
        bank.until(due + 1, *([] if scores else [loan()]))
        scores.append(row(bank)["behaviour"])
    assert scores == [82, 82, 85], "three months and three instalments met count from the third on"


@pytest.mark.requirement("SCO-04.b")
def test_who_pays_late_falls_and_who_pays_again_rises() -> None:
    bank = Bank().until(DUE[0] + 1, loan())
    bank.pays = 0
    bank.until(DUE[2] + 1)
    late = row(bank)
    assert (late["lates"], late["met"], late["grade"]) == (1, 0, Grade.POOR)
    bank.pays = 1_000_000
    bank.until(DUE[5] + 1)
    better = row(bank)
    assert (better["lates"], better["met"]) == (1, 3)
    assert better["behaviour"] > late["behaviour"]
    assert [grade for _, grade in scored(bank)] == [Grade.GOOD, Grade.POOR, Grade.GOOD]


@pytest.mark.requirement("SCO-04.b")
def test_collections_goes_by_the_grade_of_the_behaviour() -> None:
    bank = Bank().until(DUE[0] + 1, loan(grade=int(Grade.EXCELLENT)))
    bank.pays = 0
    bank.until(DUE[1] + 2)
    assert bank.sent(LoanOverdue)["grade"].tolist() == [Grade.GOOD]


@pytest.mark.planted
def test_planted_month_without_a_score_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def idle(self: Behaviour, rows: Ints, day: int, at: int, out: object) -> None:
        pass

    monkeypatch.setattr(Behaviour, "review", idle)
    bank = Bank()
    bank.strict = False
    bank.until(DUE[0] + 2, loan())
    assert any("its behaviour score is 0" in found for found in bank.found)
