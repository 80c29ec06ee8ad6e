"""The digest covers what leaves the bank: other rooms' mail, the record, the state, and what the world outside is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from credit.disbursement.contract import PaymentInstruction, PaymentResult
from credit.mail import Outbox
from credit.room import Kind, Rows
from scenarios.loading import load_scenario
from sim.counterparts.disbursement import DisbursementCounterpart
from tests.lendrill import harness


@pytest.mark.planted
def test_planted_another_account_on_a_payment_that_leaves_is_another_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bank's books and the answer are the same to the fen; only what the payment system is told names a stranger."""
    scenario = load_scenario("zhang_consumer_loan", {"run.days": 12})
    sound = harness.run(scenario, tmp_path / "sound")
    send, respond, told = Outbox.send, DisbursementCounterpart.respond, []

    def tampered(self: Outbox, kind: Kind, rows: Rows) -> None:
        send(self, kind, _moved(rows, 1) if kind is PaymentInstruction else rows)

    def hidden(self: DisbursementCounterpart, *asked: Any) -> Any:
        told.append(asked[0].take(PaymentInstruction))
        return [(kind, _moved(rows, -1) if kind is PaymentResult else rows) for kind, rows in respond(self, *asked)]

    monkeypatch.setattr(Outbox, "send", tampered)
    monkeypatch.setattr(DisbursementCounterpart, "respond", hidden)
    found = harness.run(scenario, tmp_path / "tampered")
    assert sum(map(len, told)) == 1
    assert found["digest"] != sound["digest"]
    assert found["funnel"] == sound["funnel"]
    assert found["ledger"] == sound["ledger"]


def _moved(rows: Rows, by: int) -> Rows:
    moved = rows.copy()
    moved["account"] += by
    return moved
