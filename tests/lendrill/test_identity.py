"""A run says what it was made with, and a run that continues another one says what is not as it was there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from actors.local import LocalExecutor
from actors.topology import Flow
from credit.fingerprints import SchemaError
from lendrill.run import execute
from lendrill.saved import load_saved
from results import folder
from tests.lendrill import harness


def test_other_policies_are_told_and_another_schema_is_refused(tmp_path: Path) -> None:
    first = harness.run(harness.small(run__customers=20, run__days=3), tmp_path / "first")
    assert list(first["versions"]) == ["python", "lendrill", "numpy", "simpy", "ray", "duckdb", "pyarrow"]
    assert first["next"]["policies"] == first["policies"]["fingerprint"]
    assert first["next"]["chain"] == first["chain"] != ""
    later = {"run__customers": 10, "run__days": 2, "run__start": "2026-01-04"}
    same = harness.run(harness.small(**later), tmp_path / "same", earlier=tmp_path / "first", shards=2)
    assert same["continued_with_other"] == []
    changed = harness.small(**later | {"policies__contracts": {"valid_days": 9}})
    other = harness.run(changed, tmp_path / "other", earlier=tmp_path / "first")
    assert other["continued_with_other"] == ["policy contracts"]
    saved = load_saved(tmp_path / "first")
    loans = saved.by_cell["repayment-0"]["bank.loans"]
    odd = saved.by_cell["repayment-0"] | {"bank.loans": loans[list(loans.dtype.names or ())[1:]].copy()}
    saved = dataclasses.replace(saved, by_cell=saved.by_cell | {"repayment-0": odd})
    folder.create(tmp_path / "refused")
    with pytest.raises(SchemaError, match=r"table repayment\.loans has columns"):
        execute(harness.small(**later), Flow(1), LocalExecutor(), tmp_path / "refused", saved)
    assert not (tmp_path / "refused").exists()
