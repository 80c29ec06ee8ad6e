"""Two sites of one bank."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actors.sites.homes import Site, founded


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    a, b = founded(tmp_path, ["a", "b"])
    yield a, b
    a.close()
    b.close()
