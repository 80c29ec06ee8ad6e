"""What is still open counts: the product-limit estimate, checked against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from results.survival import quantiles


@pytest.mark.parametrize("seed", range(6))
def test_the_estimate_is_scipys(seed: int) -> None:
    draws = np.random.default_rng(seed)
    lasted, ended = draws.integers(1, 30, 80), draws.random(80) < 0.6
    shares = [0.1, 0.25, 0.5, 0.75, 0.9, 0.99]
    curve = ecdf(CensoredData(uncensored=lasted[ended], right=lasted[~ended])).sf
    expected = [
        next(
            (
                float(t)
                for t, left in zip(curve.quantiles, curve.probabilities, strict=True)
                if left <= 1 - share + 1e-12
            ),
            None,
        )
        for share in shares
    ]
    assert quantiles(lasted, ended, shares) == expected


def test_half_open_means_that_the_median_is_not_reached() -> None:
    lasted = np.array([1, 2, 3, 9, 9, 9, 9])
    assert quantiles(lasted, lasted < 9, [0.4, 0.5]) == [3.0, None]
    assert quantiles(lasted[:0], lasted[:0] > 0, [0.5]) == [None]
