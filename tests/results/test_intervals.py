"""Intervals of shares: right against an independent implementation, silent where there is no share."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from results.intervals import interval_text, wilson


@pytest.mark.parametrize(("count", "total"), [(0, 10), (1, 3), (8, 10), (10, 10), (2_654, 4_000), (1, 1_000_000)])
def test_the_interval_is_wilsons(count: int, total: int) -> None:
    expected = binomtest(count, total).proportion_ci(0.95, method="wilson")
    assert wilson(count, total) == pytest.approx((expected.low, expected.high), abs=1e-7)


@pytest.mark.parametrize(("count", "total"), [(0, 0), (5, 0), (11, 10), (-1, 10)])
def test_what_is_no_share_has_no_interval(count: int, total: int) -> None:
    assert wilson(count, total) is None
    assert interval_text(wilson(count, total)) == "–"


def test_an_interval_is_written_in_percent() -> None:
    assert interval_text((0.4903, 0.9433)) == "49.0%–94.3%"
    assert interval_text((0.0, 0.0256), 2) == "0.00%–2.56%"
