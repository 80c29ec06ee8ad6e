"""A year of a bank of 20,000 customers with every invariant in every window: no violation, whatever the economy."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit.bank import PIPELINE
from scenarios.loading import load_scenario
from tests.lendrill import harness


@pytest.mark.slow
@pytest.mark.parametrize("name", ["baseline", "growth", "recession"])
def test_a_year_breaks_no_invariant(name: str, tmp_path: Path) -> None:
    summary = harness.run(load_scenario(name, {"run.customers": 20_000, "run.days": 365}), tmp_path / "run")
    assert summary["status"] == "complete"
    assert summary["invariants"] == {"checked": 365 * len(PIPELINE), "violations": 0}
