"""A broken promise stops the run, in the command line as in the tests, and says where to look."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from credit.bank import PIPELINE
from credit.codes import Account
from credit.errors import InvariantViolation
from credit.ledger.contract import Posting
from credit.mail import Outbox
from credit.room import Rows
from lendrill.errors import line_for
from tests.lendrill import harness


def without_interest(send: Any, victim: list[int]) -> Any:
    """`Outbox.send` that loses what one loan received in interest."""

    def lossy(self: Outbox, kind: Any, rows: Rows) -> None:
        if kind is Posting:
            interest = (rows["account"] == Account.INTEREST_RECEIVABLE) & (rows["amount_fen"] < 0)
            if bool(interest.any()):
                victim[:] = victim or [int(rows["loan"][interest][0])]
                rows = rows[~(interest & np.isin(rows["loan"], victim))]
        send(self, kind, rows)

    return lossy


@pytest.mark.planted
def test_a_lost_posting_stops_the_run_and_names_loan_window_and_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim: list[int] = []
    monkeypatch.setattr(Outbox, "send", without_interest(Outbox.send, victim))
    path = tmp_path / "run"
    with pytest.raises(InvariantViolation) as caught:
        harness.run(harness.small(run__customers=120, run__days=50), path)
    line = line_for(caught.value)
    assert line is not None
    for part in (str(victim[0]), "window", "seed 20260101", "UNFINISHED"):
        assert part in line, line
    assert (path / "UNFINISHED").exists()
    assert not (path / "summary.json").exists()


def test_the_same_bank_without_the_loss_is_whole(tmp_path: Path) -> None:
    harness.run(harness.small(run__customers=120, run__days=50), tmp_path / "run")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["invariants"]["violations"] == 0
    assert summary["invariants"]["checked"] == 50 * len(PIPELINE)
    assert summary["ledger"]["trial_balance_fen"] == 0
