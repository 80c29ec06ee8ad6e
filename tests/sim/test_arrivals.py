"""When customers come: exactly so many, by the calendar's shape, the same for every cut into windows and shards."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from credit.applications.contract import SubmitApplication
from credit.calendar import is_workday
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, Ints, day_number, instant
from sim.arrivals import Arrivals, NobodyComes, drawn_visits, hourly_weights
from tests.sim.worlds import SEED, ZHANG, numbers, references, scenario, windows

ALL = numbers(8)
START = instant(dt.date(2026, 1, 1))


def by_day(days: int, **sections: Any) -> Ints:
    """Drawn arrivals a day."""
    world = scenario(run={"customers": 200_000, "days": days}, **sections)
    at = drawn_visits(world, SEED, 200_000).at
    return np.bincount((at - START) // DAY_MS, minlength=days)


def on(counts: Ints, *days: dt.date) -> float:
    """Mean arrivals on calendar days."""
    return float(np.mean([counts[day_number(day) - START // DAY_MS] for day in days]))


def test_exactly_the_declared_number_arrives_in_time_order_and_inside_the_run() -> None:
    world = scenario(run={"customers": 5_003, "days": 31})
    arrivals = Arrivals(world, SEED)
    rows = [arrivals.window(window, ALL) for window in windows(START, world.run.until_ms)]
    at = np.concatenate([part["at"] for part in rows])
    assert len(at) == 5_003
    assert bool((np.diff(at) >= 0).all())
    assert int(at[0]) >= START
    assert int(at[-1]) < world.run.until_ms


@pytest.mark.parametrize("length", [HOUR_MS, 15 * MINUTE_MS, 7 * MINUTE_MS + 13])
def test_the_length_of_the_windows_changes_nothing(length: int) -> None:
    world = scenario(run={"customers": 900, "days": 3}, script=[ZHANG | {"at": "2026-01-02T09:30:00"}])
    daily, finer = Arrivals(world, SEED), Arrivals(world, SEED)
    until = world.run.until_ms
    whole = np.concatenate([daily.window(window, ALL) for window in windows(START, until)])
    parts = np.concatenate([finer.window(window, ALL) for window in windows(START, until, length)])
    assert len(whole) == 900
    assert whole.tobytes() == parts.tobytes()


def test_shards_split_the_arrivals_without_rest() -> None:
    world = scenario(run={"customers": 3_000, "days": 10})
    day = Window(4, START + 4 * DAY_MS, START + 5 * DAY_MS)
    whole = Arrivals(world, SEED).window(day, ALL)
    parts = [Arrivals(world, SEED).window(day, np.array(branches)) for branches in ([1, 4, 7], [2, 3, 5, 6, 8])]
    assert set(np.unique(parts[0]["branch"]).tolist()) <= {1, 4, 7}
    together = np.concatenate(parts)
    assert together[np.lexsort((together["party"], together["at"]))].tobytes() == whole.tobytes()


def test_a_window_may_be_asked_for_first_again_or_out_of_turn() -> None:
    world = scenario(run={"customers": 2_000, "days": 10}, script=[ZHANG | {"at": "2026-01-05T12:00:00"}])
    arrivals, days = Arrivals(world, SEED), windows(START, START + 10 * DAY_MS)
    in_turn = [arrivals.window(window, ALL).tobytes() for window in days]
    for number in (4, 4, 9, 0):
        assert arrivals.window(days[number], ALL).tobytes() == in_turn[number]


def test_scripted_customers_come_at_their_instant_and_count() -> None:
    world = scenario(run={"customers": 50, "days": 10}, script=[ZHANG])
    arrivals = Arrivals(world, SEED)
    rows = np.concatenate([arrivals.window(window, ALL) for window in windows(START, START + 10 * DAY_MS)])
    assert len(rows) == 50
    zhang = rows[rows["name"] == "张建国"]
    assert zhang["at"].tolist() == [instant(dt.date(2026, 1, 8), 10)]
    assert zhang["party"].tolist() == references(1).tolist()


def test_a_world_of_scripted_customers_only() -> None:
    arrivals = Arrivals(scenario(run={"customers": 1, "days": 10}, script=[ZHANG]), SEED)
    counts = [len(arrivals.window(window, ALL)) for window in windows(START, START + 10 * DAY_MS)]
    assert counts == [0] * 7 + [1, 0, 0]


def test_the_source_hands_a_host_its_branches_mail() -> None:
    world = scenario(run={"customers": 3_000, "days": 10})
    source = Arrivals(world, SEED).source(np.array([2]))
    [(kind, rows)] = source.mail(Window(1, START + DAY_MS, START + 2 * DAY_MS))
    assert kind is SubmitApplication
    assert set(rows["branch"].tolist()) == {2}
    assert source.mail(Window(99, START + 99 * DAY_MS, START + 100 * DAY_MS)) == []


def test_hours_come_in_their_weights() -> None:
    world = scenario(run={"customers": 200_000, "days": 30})
    at = drawn_visits(world, SEED, 200_000).at
    counts = np.bincount(at % DAY_MS // HOUR_MS, minlength=24)
    weights = np.array(world.arrivals.hour_weights)
    expected = weights * 200_000 / weights.sum()
    assert float(((counts - expected) ** 2 / expected).sum()) < 23 + 5 * 46**0.5


def test_weekends_are_quiet_holidays_quieter_and_make_up_days_are_mondays() -> None:
    counts = by_day(60)
    workdays = on(counts, *(dt.date(2026, 1, day) for day in (13, 14, 15, 20, 21, 22)))
    sundays = on(counts, dt.date(2026, 1, 11), dt.date(2026, 1, 18), dt.date(2026, 1, 25))
    assert 0.35 < sundays / workdays < 0.55
    spring_festival = [dt.date(2026, 2, 17), dt.date(2026, 2, 18), dt.date(2026, 2, 19)]
    february = on(counts, dt.date(2026, 2, 10), dt.date(2026, 2, 11))
    assert 0.15 < on(counts, *spring_festival) / february < 0.35
    make_up = dt.date(2026, 2, 14)
    assert bool(is_workday(np.array([day_number(make_up)]))[0]), "a Saturday worked before the Spring Festival"
    assert 0.95 < on(counts, make_up) / february < 1.25


def test_a_saturday_inside_a_holiday_is_a_holiday() -> None:
    counts = by_day(60)
    assert on(counts, dt.date(2026, 2, 21)) < 0.6 * on(counts, dt.date(2026, 2, 7)), "the festival's Saturday"


def test_a_campaign_day_has_ten_times_the_volume() -> None:
    campaign = {"name": "x", "from_day": "2026-01-14", "to_day": "2026-01-14", "factor_ppm": 10_000_000}
    counts = by_day(30, arrivals={"campaigns": [campaign]})
    neighbours = on(counts, dt.date(2026, 1, 13), dt.date(2026, 1, 15))
    assert 9.3 < on(counts, dt.date(2026, 1, 14)) / neighbours < 10.7


def test_a_burst_stays_within_its_hours() -> None:
    burst = {
        "name": "x",
        "from_day": "2026-01-01",
        "to_day": "2026-01-30",
        "from_hour": 20,
        "to_hour": 21,
        "factor_ppm": 5_000_000,
    }
    plain = hourly_weights(scenario(run={"days": 30})).reshape(30, 24)
    more = hourly_weights(scenario(run={"days": 30}, arrivals={"campaigns": [burst]})).reshape(30, 24)
    ratio = more * 1_000 // np.maximum(plain, 1) // 1_000_000
    assert set(ratio[:, 20].tolist()) == {5_000}
    assert set(np.delete(ratio, 20, axis=1).ravel().tolist()) == {1_000}


def test_volume_grows_over_the_year() -> None:
    counts = by_day(365, arrivals={"growth_per_year_ppm": 1_000_000, "month_weights": [1] * 12})
    assert 1.75 < counts[-60:].sum() / counts[1:61].sum() < 2.1


def test_arrivals_may_end_before_the_run_does() -> None:
    at = drawn_visits(scenario(run={"customers": 500, "days": 100, "arrival_days": 7}), SEED, 500).at
    assert int(at[-1]) < START + 7 * DAY_MS


def test_intensities_of_any_size_are_exact() -> None:
    """Ten years at ten times the volume a year with a hundredfold campaign would not fit 64 bits; whole numbers do not care."""
    campaign = {"name": "x", "from_day": "2035-01-01", "to_day": "2035-12-31", "factor_ppm": 100_000_000}
    shape = {"growth_per_year_ppm": 10_000_000, "campaigns": [campaign], "hour_weights": [10**6] * 24}
    weights = hourly_weights(scenario(run={"days": 3_660}, arrivals=shape))
    assert sum(weights.tolist()) > 2**63
    assert min(weights.tolist()) >= 0


def test_a_run_in_which_nobody_can_come_is_refused() -> None:
    world = scenario(run={"days": 3}, arrivals={"month_weights": [0, *[1] * 11]})
    with pytest.raises(NobodyComes, match="nobody can come"):
        Arrivals(world, SEED)


def test_weights_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match=r"weekday_weights\.6\s+Input should be greater than or equal to 0"):
        scenario(arrivals={"weekday_weights": [1, 1, 1, 1, 1, 1, -1]})
