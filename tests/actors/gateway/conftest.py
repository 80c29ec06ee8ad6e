"""Banks that several tests share. What a test does in one of them, it does to a case of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.actors.gateway.live import LiveBank, live


@pytest.fixture(scope="module")
def bank() -> Iterator[LiveBank]:
    """Everybody is played by the world."""
    with live() as found:
        yield found
