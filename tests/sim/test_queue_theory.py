"""Staffed pools against queueing theory: M/M/c (Erlang C), M/G/1 (Pollaczek–Khinchine) and priorities (Cobham), with a 24x7
pool on an endless shift. Each estimate is the mean of independent replications after warm-up; theory must lie within
its 99.9 % interval, and the interval must be narrow enough (half-width under 15 %) for that to mean something. A busy pool
of many needs more tasks for that: the shorter its waits, the more of them it takes to know their mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from credit.times import DAY_MS
from sim.staff import ENDLESS, Tasks
from tests.sim.staffing import MONDAY, clerk, pool_of

Floats = npt.NDArray[np.float64]
Service = Callable[[np.random.Generator, int], Floats]

MEAN_MS = 600_000
REPLICATIONS, KEPT = 20, 6_000
START = MONDAY * DAY_MS


def exponential(rng: np.random.Generator, count: int) -> Floats:
    return rng.exponential(MEAN_MS, count)


def constant(_rng: np.random.Generator, count: int) -> Floats:
    return np.full(count, float(MEAN_MS))


def two_kinds(rng: np.random.Generator, count: int) -> Floats:
    """One task in ten takes 5.5 times the mean, the others half of it: a squared coefficient of variation of 2.25."""
    return np.where(rng.random(count) < 0.1, 5.5 * MEAN_MS, 0.5 * MEAN_MS)


@cache
def mean_waits(
    servers: int, load: float, service: Service, shares: tuple[float, ...] = (1.0,), kept: int = KEPT
) -> Floats:
    """Mean wait by priority class (columns) of each replication (rows), in units of the mean service time; of so many tasks
    each, after a tenth as many to warm up."""
    means, warm_up = [], kept // 10
    for replication in range(REPLICATIONS):
        rng = np.random.default_rng([servers, replication])
        count = warm_up + kept
        arrivals = np.cumsum(rng.exponential(MEAN_MS / (servers * load), count)).round().astype(np.int64) + START
        work = np.maximum(service(rng, count).round().astype(np.int64), 1)
        priority = rng.choice(len(shares), count, p=shares)
        people = [clerk(number, shift=ENDLESS) for number in range(1, servers + 1)]
        tasks = Tasks.of(np.arange(count), arrivals, work, priority=priority)
        done = pool_of(people).serve(tasks, START, int(arrivals[-1]) + 1_000 * DAY_MS)
        waited = np.zeros(count, dtype=np.int64)
        waited[done.task] = done.waited_ms
        assert len(done) == count
        warm = np.arange(count) >= warm_up
        means.append([waited[warm & (priority == rank)].mean() / MEAN_MS for rank in range(len(shares))])
    return np.array(means)


def assert_within_interval(estimates: Floats, theory: float) -> None:
    centre = float(estimates.mean())
    half = float(stats.t.ppf(0.9995, len(estimates) - 1) * estimates.std(ddof=1) / math.sqrt(len(estimates)))
    assert half < 0.15 * theory, "too few replications to say anything"
    assert abs(centre - theory) <= half, f"theory {theory:.4f}, estimate {centre:.4f} ± {half:.4f}"


def erlang_c_wait(servers: int, load: float) -> float:
    """Mean wait of M/M/c in units of the mean service time."""
    offered = servers * load
    blocked = offered**servers / math.factorial(servers) / (1 - load)
    waits = blocked / (sum(offered**k / math.factorial(k) for k in range(servers)) + blocked)
    return waits / (servers * (1 - load))


@pytest.mark.parametrize(("servers", "load", "kept"), [(1, 0.6, KEPT), (3, 0.7, KEPT), (8, 0.75, 10_000)])
def test_mean_wait_of_several_people_follows_erlang_c(servers: int, load: float, kept: int) -> None:
    waits = mean_waits(servers, load, exponential, kept=kept)[:, 0]
    assert_within_interval(waits, erlang_c_wait(servers, load))


@pytest.mark.parametrize(("service", "variation"), [(constant, 0.0), (two_kinds, 2.25)])
def test_mean_wait_for_any_service_time_follows_pollaczek_khinchine(service: Service, variation: float) -> None:
    load = 0.7
    theory = load * (1 + variation) / (2 * (1 - load))
    assert_within_interval(mean_waits(1, load, service)[:, 0], theory)


def test_mean_waits_by_priority_follow_cobham() -> None:
    load, shares = 0.75, (0.3, 0.3, 0.4)
    waits = mean_waits(1, load, exponential, shares)
    above = np.concatenate([[0.0], np.cumsum(shares)]) * load
    for rank in range(len(shares)):
        assert_within_interval(waits[:, rank], load / ((1 - above[rank]) * (1 - above[rank + 1])))


def test_a_wrong_formula_would_be_noticed() -> None:
    """The intervals can fail: theory of a desk 5 % busier, or with exponential instead of constant work, lies outside."""
    waits = mean_waits(3, 0.7, exponential, kept=KEPT)[:, 0]
    with pytest.raises(AssertionError, match="estimate"):
        assert_within_interval(waits, erlang_c_wait(3, 0.735))
    with pytest.raises(AssertionError, match="estimate"):
        assert_within_interval(mean_waits(1, 0.7, constant)[:, 0], 0.7 / (1 - 0.7))
