"""Percentiles within 1 % of the exact ones, whatever the values are and however many histograms they came from."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from loadtests.histogram import Histogram

SECONDS = st.floats(min_value=1e-5, max_value=1e4)
PERCENTS = st.sampled_from([1, 50, 90, 95, 99, 99.9, 100])


def exact(values: list[float], percent: float) -> float:
    return sorted(values)[max(1, math.ceil(len(values) * percent / 100 - 1e-9)) - 1]


@given(st.lists(SECONDS, min_size=1, max_size=200), PERCENTS)
def test_every_percentile_is_within_half_a_percent(values: list[float], percent: float) -> None:
    """Read back in the middle of its bucket, which is as far from either end."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    found = histogram.percentile(percent)
    assert found is not None
    assert abs(found / exact(values, percent) - 1) <= 0.005 + 1e-9


@given(st.lists(SECONDS, min_size=1, max_size=60), st.lists(SECONDS, max_size=60), PERCENTS)
def test_merged_histograms_are_the_histogram_of_all(one: list[float], other: list[float], percent: float) -> None:
    parts, whole = [Histogram(), Histogram()], Histogram()
    for part, values in zip(parts, (one, other), strict=True):
        for value in values:
            part.add(value)
            whole.add(value)
    merged = Histogram.unpacked(parts[0].packed())
    merged.merge(Histogram.unpacked(parts[1].packed()))
    assert merged.packed() == whole.packed()
    assert merged.percentile(percent) == whole.percentile(percent)


def test_a_histogram_of_nothing_has_no_percentile() -> None:
    assert Histogram().percentile(99) is None
    assert Histogram().share_within(1.0) is None


def test_the_share_within_a_limit_counts_those_that_are_not_longer() -> None:
    histogram = Histogram()
    for value in (0.1, 0.2, 2.0, 3.0):
        histogram.add(value)
    assert histogram.share_within(1.0) == 0.5
    assert histogram.share_within(10.0) == 1.0
