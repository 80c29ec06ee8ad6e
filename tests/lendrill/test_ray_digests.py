"""The central promise on Ray: its actors, of one shard and of two, end with the digest of one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.ray_executor import RayExecutor
from tests.lendrill import harness


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The reference: one process, one shard."""
    return harness.run(harness.small(run__days=30), tmp_path_factory.mktemp("runs") / "whole")


@pytest.mark.ray
@pytest.mark.parametrize("shards", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_ray_actors_and_the_local_executor_agree(whole: dict[str, object], shards: int, tmp_path: Path) -> None:
    executor = RayExecutor()
    summary = harness.run(harness.small(run__days=30), tmp_path / "run", shards=shards, executor=executor)
    assert summary["digest"] == whole["digest"]
    assert summary["funnel"] == whole["funnel"]
    assert summary["funnel"]["disbursed"] > 20
