"""Planted bugs in runs of five-minute windows whose invariants are looked at once a day: what was done at ten and left every
table by half past is proved at midnight all the same."""

from __future__ import annotations

from itertools import pairwise

import pytest

from credit.approval.contract import ApplicationScored
from credit.approval.contract import room as approval
from credit.codes import Node
from credit.disbursement.contract import PaymentInstruction
from credit.disbursement.contract import room as disbursement
from credit.errors import InvariantViolation
from credit.room import Rows
from credit.stage import Stage
from credit.subsystem import Window
from credit.times import DAY_MS, MINUTE_MS
from tests.credit.approval import builders as asked
from tests.credit.disbursement import builders as paid
from tests.credit.worklists.planted import anybody_may

FIVE = 5 * MINUTE_MS


class Silence:
    """A world that never answers."""

    rounds = 0

    def __init__(self) -> None:
        self.heard: dict[int, Rows] = {}

    def respond(self, requests, window, round_number):
        self.heard |= {kind.number: rows for kind, rows in requests}
        return []


class Office:
    """A room through a day in windows of five minutes; its mail is handed over in the window that it is stamped in."""

    def __init__(self, room, subsystem, day: int) -> None:
        self.world = Silence()
        self.stage = Stage(room, subsystem, self.world)
        self.cuts = pairwise(range(day, day + DAY_MS + 1, FIVE))
        self.number = 0

    def until(self, at: int, *mail) -> None:
        """Windows up to the one that ends at `at`."""
        for start, until in self.cuts:
            now = {k.number: [r.copy()] for k, r in mail if start <= int(r["at"][0]) < until}
            self.stage.step(Window(self.number, start, until), now)
            self.number += 1
            if until >= at:
                return


@pytest.mark.planted
@pytest.mark.requirement("APR-04.a")
def test_planted_approval_by_one_person_is_found_at_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    anybody_may(monkeypatch)
    day = asked.NINE - asked.NINE % DAY_MS
    desk = asked.desk()
    office = Office(approval, desk, day)
    office.until(
        day + DAY_MS - FIVE,
        (ApplicationScored, asked.manual()),
        asked.opinion(asked.INITIAL, Node.INITIAL, asked.NINE + asked.hours(1)),
        asked.opinion(asked.INITIAL, Node.RE_REVIEW, asked.NINE + asked.hours(2)),
    )
    assert len(desk.cases) == 0, "nothing of it is left"
    assert office.stage.checks == 0
    with pytest.raises(InvariantViolation, match=f"case {asked.CASE} was acted on twice by person {asked.INITIAL}"):
        office.until(day + DAY_MS)


@pytest.mark.planted
@pytest.mark.requirement("DIS-04.a")
def test_planted_payment_by_one_person_is_found_at_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    anybody_may(monkeypatch)
    bank = paid.Bench().bank
    office = Office(disbursement, bank, paid.MONDAY)
    ten = paid.NINE + 60 * MINUTE_MS
    office.until(
        ten + 4 * FIVE, paid.contract(lane=2), paid.initiated(ten), paid.reviewed(ten + FIVE, person=paid.OPERATOR)
    )
    order = office.world.heard[PaymentInstruction.number]
    office.until(paid.MONDAY + DAY_MS - FIVE, paid.result(order, 5 * FIVE))
    assert len(bank.payments.table) == 0, "nothing of it is left"
    assert office.stage.checks == 0
    with pytest.raises(
        InvariantViolation, match=f"loan {paid.LOAN} moves money without an operator and another reviewer"
    ):
        office.until(paid.MONDAY + DAY_MS)
