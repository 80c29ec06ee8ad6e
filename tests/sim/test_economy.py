"""The economy moves defaults: straight lines between points, flat outside them, stronger where it should be."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.times import day_number
from sim.economy import Economy
from tests.sim.worlds import scenario

START = day_number(dt.date(2026, 1, 1))
POINTS = [
    {"day": "2026-01-11", "unemployment_ppm": 50_000, "house_price_ppm": 1_000_000},
    {"day": "2026-01-21", "unemployment_ppm": 70_000, "house_price_ppm": 900_000},
]
CONSUMER, MORTGAGE, MICRO = 1, 3, 4


def economy() -> Economy:
    return Economy(scenario(economy=POINTS))


def test_without_points_the_economy_leaves_everything_as_it_is() -> None:
    assert Economy(scenario()).miss_factor_ppm([1, 2, 3, 4, 5], START).tolist() == [1_000_000] * 5


def test_between_two_points_the_line_is_straight_and_outside_flat() -> None:
    days = START + np.array([0, 10, 15, 20, 500])
    assert economy().unemployment_ppm(days).tolist() == [50_000, 50_000, 60_000, 70_000, 70_000]
    assert economy().house_price_ppm(days).tolist() == [1_000_000, 1_000_000, 950_000, 900_000, 900_000]


def test_the_declared_sensitivities_make_the_factor() -> None:
    """Two points of unemployment at 15 % a point and a tenth of the house prices at 2 %: 1.32 for consumers."""
    assert economy().miss_factor_ppm(CONSUMER, START + 20).tolist() == [1_320_000]


def test_mortgages_follow_house_prices_and_businesses_follow_jobs_most() -> None:
    falling = Economy(scenario(economy=[{"day": "2026-01-01", "house_price_ppm": 800_000}]))
    jobless = Economy(scenario(economy=[{"day": "2026-01-01", "unemployment_ppm": 80_000}]))
    products = [MORTGAGE, MICRO, CONSUMER]
    for world, order in ((falling, [MORTGAGE, MICRO, CONSUMER]), (jobless, [MICRO, CONSUMER, MORTGAGE])):
        factor = dict(zip(products, world.miss_factor_ppm(products, START).tolist(), strict=True))
        assert sorted(products, key=lambda code: -factor[code]) == order


def test_a_boom_lowers_the_chance_but_not_below_the_floor() -> None:
    boom = Economy(scenario(economy=[{"day": "2026-01-01", "unemployment_ppm": 0, "house_price_ppm": 5_000_000}]))
    assert boom.miss_factor_ppm(MORTGAGE, START).tolist() == [200_000]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=20))
def test_days_and_products_broadcast_and_keep_their_order(days: list[int]) -> None:
    world, at = economy(), START + np.array(days)
    whole = world.miss_factor_ppm(MICRO, at)
    assert whole.tolist() == [int(world.miss_factor_ppm(MICRO, day)[0]) for day in at.tolist()]


def test_points_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="points must stand in the order of their days"):
        scenario(economy=POINTS[::-1])
