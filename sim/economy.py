"""The economy: unemployment and house prices over time, and what they do to missed instalments. Points come from the
scenario; between two points the line is straight, before the first and after the last it is flat. Whole numbers
only, so every shard computes the same chance for the same day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.policies.loading import load
from credit.policies.products import ProductPolicy
from credit.times import Ints, day_number
from scenarios.model import Scenario
from sim.randomness import PPM

_POINT_PPM = 10_000
_TENTH_PPM = 100_000


class Economy:
    """The economy of one scenario."""

    def __init__(self, scenario: Scenario, products: ProductPolicy | None = None) -> None:
        catalogue = products or load("products", ProductPolicy, scenario.policies)
        rules = scenario.sensitivity
        self._days = np.array([day_number(point.day) for point in scenario.economy], dtype=np.int64)
        self._unemployment = np.array([point.unemployment_ppm for point in scenario.economy], dtype=np.int64)
        self._prices = np.array([point.house_price_ppm for point in scenario.economy], dtype=np.int64)
        self._normal, self._floor = rules.normal_unemployment_ppm, rules.floor_ppm
        size = max(product.code for product in catalogue.products) + 1
        self._per_point, self._per_tenth = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        for product in catalogue.products:
            self._per_point[product.code] = getattr(rules, f"{product.purpose_class}_per_point_ppm")
            self._per_tenth[product.code] = getattr(rules, f"{product.purpose_class}_per_price_tenth_ppm")

    def unemployment_ppm(self, day: npt.ArrayLike) -> Ints:
        """Unemployment on days; the normal rate when the scenario has no points."""
        return self._on_line(self._unemployment, day, self._normal)

    def house_price_ppm(self, day: npt.ArrayLike) -> Ints:
        """House prices on days, relative to the start."""
        return self._on_line(self._prices, day, PPM)

    def miss_factor_ppm(self, product: npt.ArrayLike, day: npt.ArrayLike) -> Ints:
        """What to multiply the normal chance of a missed instalment by, in millionths; product and day broadcast."""
        code = np.atleast_1d(np.asarray(product, dtype=np.int64))
        jobs = self._per_point[code] * (self.unemployment_ppm(day) - self._normal) // _POINT_PPM
        houses = self._per_tenth[code] * (PPM - self.house_price_ppm(day)) // _TENTH_PPM
        return np.maximum(PPM + jobs + houses, self._floor)

    def _on_line(self, values: Ints, day: npt.ArrayLike, absent: int) -> Ints:
        days = np.atleast_1d(np.asarray(day, dtype=np.int64))
        if not len(values):
            return np.full(days.shape, absent, dtype=np.int64)
        right = self._days.searchsorted(days, side="right")
        before, after = np.maximum(right - 1, 0), np.minimum(right, len(values) - 1)
        span = np.maximum(self._days[after] - self._days[before], 1)
        passed = np.clip(days - self._days[before], 0, span)
        return np.asarray(values[before] + (values[after] - values[before]) * passed // span, dtype=np.int64)
