"""The bank that tests of keeping and restoring share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.backed_up import BackedUp


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BackedUp]:
    """A bank with a day behind it, whose backups go to another place too; none is proved by restoring it."""
    found = BackedUp(tmp_path, tmp_path / "remote")
    found.keeper._prove = lambda path, manifest: "as it is"
    found.day()
    yield found
    found.close()
