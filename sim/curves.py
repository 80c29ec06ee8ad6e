"""Shapes that the world draws from, as integer quantile tables for `sim.randomness.Draw.quantile`: lognormal for times and
sizes, exponential for durations, and a uniform draw below a bound that differs by row. Floating point is used once
per table; what may differ in its last bit, exponentials and logarithms, is worked out in plain Python, number by number."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from credit.times import Ints
from sim.randomness import PPM, SHARES, Draw, quantile_table

_HIGH, _LOW = np.array(33, dtype=np.uint64), np.array(31)


@cache
def _normals() -> npt.NDArray[np.float64]:
    return np.array([NormalDist().inv_cdf(share) for share in SHARES])


@cache
def _logarithms() -> npt.NDArray[np.float64]:
    return np.array([math.log1p(-share) for share in SHARES])


@lru_cache(maxsize=256)
def lognormal(median: int, spread_ppm: int, lowest: int = 1, highest: int = 2**53) -> Ints:
    """Quantile table of a lognormal with the given median, in its unit, and sigma in millionths."""
    sigma = spread_ppm / PPM
    factors = np.array([math.exp(power) for power in (sigma * _normals()).tolist()])
    return quantile_table(median * factors, lowest, highest)


@lru_cache(maxsize=256)
def exponential(mean: int, lowest: int = 0, highest: int = 2**53) -> Ints:
    """Quantile table of an exponential with the given mean, in its unit."""
    return quantile_table(-mean * _logarithms(), lowest, highest)


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
