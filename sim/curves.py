"""Shapes that the world draws from, as integer quantile tables for `sim.randomness.Draw.quantile`: lognormal for times and
sizes, exponential for durations, and a uniform draw below a bound that differs by row. Floating point is used once
per table, in plain Python, never on whole arrays."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from credit.times import Ints
from sim.randomness import PPM, TABLE_SIZE, Draw, quantile_table

_HIGH, _LOW = np.array(33, dtype=np.uint64), np.array(31)
_normal = lru_cache(maxsize=2 * TABLE_SIZE)(NormalDist().inv_cdf)


@lru_cache(maxsize=256)
def lognormal(median: int, spread_ppm: int, lowest: int = 1, highest: int = 2**53) -> Ints:
    """Quantile table of a lognormal with the given median, in its unit, and sigma in millionths."""
    sigma = spread_ppm / PPM
    return quantile_table(lambda share: median * math.exp(sigma * _normal(share)), lowest, highest)


@lru_cache(maxsize=256)
def exponential(mean: int, lowest: int = 0, highest: int = 2**53) -> Ints:
    """Quantile table of an exponential with the given mean, in its unit."""
    return quantile_table(lambda share: -mean * math.log1p(-share), lowest, highest)


def below_each(draw: Draw, bounds: npt.ArrayLike, entity: npt.ArrayLike, occasion: npt.ArrayLike = 0) -> Ints:
    """Uniform integers 0 … bound − 1, one bound a row, 1 ≤ bound ≤ 2**31."""
    high = (draw.words(entity, occasion) >> _HIGH).view(np.int64)
    drawn: Ints = (high * np.asarray(bounds, dtype=np.int64)) >> _LOW
    return drawn


def shares_ppm(weights: list[int]) -> Ints:
    """Whole weights as shares that sum to exactly 1,000,000; the remainder of rounding falls on the last edges."""
    total = sum(weights)
    edges = np.array([sum(weights[: k + 1]) * PPM // total for k in range(len(weights))], dtype=np.int64)
    return np.diff(edges, prepend=0)
