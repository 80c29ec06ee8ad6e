"""Figures of the desks, in columns: of queues a row a pool and window in which something happened, and one for the quiet time
before in which tasks waited; of people a row a day. Integers only, taken from what happened (`PoolWindow`), all pools at once;
a queue's length counts those who wait once an instant has been dealt with."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from credit.times import DAY_MS, HOUR_MS, Ints
from sim.staff.pool import Pool, PoolWindow
from sim.staff.seat import Begun, Seat


class QueueRows(NamedTuple):
    """One row a pool and stretch of time. `waiting_max` greatest queue length · `waiting_ms` its integral over time (÷ stretch =
    mean length) · `wait_ms_sum`, `wait_ms_max` over `begun`. Who was urged the bank counts, in its events."""

    start: Ints
    until: Ints
    branch: Ints
    role: Ints
    arrivals: Ints
    begun: Ints
    completions: Ints
    waiting_end: Ints
    waiting_max: Ints
    waiting_ms: Ints
    in_service_end: Ints
    wait_ms_sum: Ints
    wait_ms_max: Ints


class StaffRows(NamedTuple):
    """One row a person, desk and day; `busy_ms` working time spent on tasks, of `on_shift_ms`. For a deputy,
    `on_shift_ms` counts the hours of the duty."""

    start: Ints
    until: Ints
    branch: Ints
    role: Ints
    person: Ints
    on_behalf_of: Ints
    busy_ms: Ints
    on_shift_ms: Ints


class HourRows(NamedTuple):
    """One row a desk of a branch and hour of its shift, or in which somebody worked: `busy_ms` working time spent on tasks, of
    `on_shift_ms` of all its people."""

    start: Ints
    until: Ints
    branch: Ints
    role: Ints
    busy_ms: Ints
    on_shift_ms: Ints


def queue_rows(windows: list[PoolWindow], start: int, until: int) -> QueueRows:
    """Queue figures of pools just served for [start, until); none of a pool where nothing happened and nobody waits."""
    if not windows:
        return QueueRows(*np.zeros((len(QueueRows._fields), 0), dtype=np.int64))
    rows = _of_window(windows, start, until)
    told = (rows.arrivals + rows.begun + rows.completions + rows.waiting_ms + rows.waiting_end) > 0
    before = quiet_rows([(w.pool, w.since, w.waited, len(w.carried)) for w in windows], start)
    return QueueRows(*(np.concatenate((old, new[told])) for old, new in zip(before, rows, strict=True)))


def quiet_rows(pools: Iterable[tuple[Pool, int, int, int]], until: int) -> QueueRows:
    """Queue figures of the time up to an instant in which nothing happened while tasks waited, of (pool, since when, tasks
    waiting, tasks in service)."""
    quiet = [(pool.branch, pool.role, *figures) for pool, *figures in pools if figures[0] < until and figures[1]]
    branch, role, since, waiting, serving = np.array(quiet, dtype=np.int64).reshape(-1, 5).T
    nothing = np.zeros(len(quiet), dtype=np.int64)
    return QueueRows(
        start=since,
        until=np.full(len(quiet), until, dtype=np.int64),
        branch=branch,
        role=role,
        arrivals=nothing,
        begun=nothing,
        completions=nothing,
        waiting_end=waiting,
        waiting_max=waiting,
        waiting_ms=waiting * (until - since),
        in_service_end=serving,
        wait_ms_sum=nothing,
        wait_ms_max=nothing,
    )


def _of_window(windows: list[PoolWindow], start: int, until: int) -> QueueRows:
    count = len(windows)
    waited, begun, came = _column([window.waited for window in windows]), _begun(windows), _came(windows)
    waits = begun[3] - begun[1]
    wait_max = np.zeros(count, dtype=np.int64)
    np.maximum.at(wait_max, begun[0], waits)
    return QueueRows(
        start=np.full(count, start, dtype=np.int64),
        until=np.full(count, until, dtype=np.int64),
        branch=_column([window.pool.branch for window in windows]),
        role=_column([window.pool.role for window in windows]),
        arrivals=_column([len(window.came) for window in windows]),
        begun=np.bincount(begun[0], minlength=count),
        completions=_column([len(window.finished(until)) for window in windows]),
        waiting_end=_column([len(window.pool.waiting) for window in windows]),
        waiting_max=_longest(waited, came, begun, start),
        waiting_ms=waited * (until - start)
        + _sums(count, came[0], until - came[1])
        - _sums(count, begun[0], until - begun[3]),
        in_service_end=_column([window.pool.serving for window in windows]),
        wait_ms_sum=_sums(count, begun[0], waits),
        wait_ms_max=wait_max,
    )


def people_rows(pools: Iterable[Pool], until: int) -> tuple[HourRows, StaffRows]:
    """Figures of the desks' hours and of their people, those who were away too, for the time that has not been told yet, which
    counts as told from now on. An hour counts as told when it has begun."""
    untold = groupby((pool for pool in pools if pool.told_until < until), attrgetter("told_until"))
    told = [_since(start, list(of_start), until) for start, of_start in untold]
    hours = [np.zeros((len(HourRows._fields), 0), dtype=np.int64), *(of_hours for of_hours, _ in told)]
    staff = [np.zeros((len(StaffRows._fields), 0), dtype=np.int64), *(of_people for _, of_people in told)]
    return HourRows(*np.concatenate(hours, axis=1)), StaffRows(*np.concatenate(staff, axis=1))


def _since(start: int, pools: list[Pool], until: int) -> tuple[Ints, Ints]:
    """The columns of `HourRows` and `StaffRows` of pools that were told of last at one instant."""
    first, last = start // DAY_MS, -(-until // DAY_MS)
    hours = np.arange(first * 24, last * 24 + 1) * HOUR_MS
    days = hours[::24].clip(start, until)
    on_shift = np.zeros((len(pools), len(hours) - 1), dtype=np.int64)
    busy, people = np.zeros_like(on_shift), []
    shifts: dict[Hashable, tuple[Ints, Ints]] = {}
    """Of people who work at the same times."""
    for place, pool in enumerate(pools):
        worked_on: dict[tuple[int, ...], list[Begun]] = {}
        for row in pool.worked_on:
            worked_on.setdefault(row[3:5], []).append(row)
        for seat in pool.seats:
            if (pattern := seat.begins.pattern(first, last)) not in shifts:
                shifts[pattern] = np.diff(seat.begins.worked_by(hours)), np.diff(seat.begins.worked_by(days))
            by_hour, by_day = shifts[pattern]
            on_shift[place] += by_hour
            mine = _busy_by_hour(seat, worked_on.get(seat.who, []), hours, start, until)
            busy[place] += mine
            of_day = mine.reshape(-1, 24).sum(axis=1), by_day
            who = np.array([pool.branch, pool.role, *seat.who], dtype=np.int64)
            people.append(np.vstack([days[:-1], days[1:], np.repeat(who[:, None], len(days) - 1, axis=1), *of_day]))
        pool.told_until, pool.worked_on = until, [seat.begun for seat in pool.seats if seat.begun]
    begins = hours[:-1]
    of_pool, of_hour = (((on_shift > 0) | (busy > 0)) & (begins >= start) & (begins < until)).nonzero()
    at, desks = begins[of_hour], np.array([(pool.branch, pool.role) for pool in pools], dtype=np.int64).T
    told = [at, at + HOUR_MS, *desks[:, of_pool], busy[of_pool, of_hour], on_shift[of_pool, of_hour]]
    return np.stack(told), np.concatenate(people, axis=1)


def _busy_by_hour(seat: Seat, rows: list[Begun], hours: Ints, start: int, until: int) -> Ints:
    """Working time on tasks in each hour."""
    busy = np.zeros(len(hours) - 1, dtype=np.int64)
    if not rows:
        return busy
    begun, ends = np.array([row[5:7] for row in rows], dtype=np.int64).clip(start, until).T
    places = (begun - hours[0]) // HOUR_MS
    pieces = np.maximum((ends - hours[0] - 1) // HOUR_MS - places + 1, 0)
    task = np.repeat(np.arange(len(rows)), pieces)
    hour = places[task] + np.arange(len(task)) - (pieces.cumsum() - pieces)[task]
    spans = np.maximum(begun[task], hours[hour]), np.minimum(ends[task], hours[hour + 1])
    np.add.at(busy, hour, seat.hours.worked_by(spans[1]) - seat.hours.worked_by(spans[0]))
    return busy


def _begun(windows: list[PoolWindow]) -> Ints:
    """Rows pool, at, limit_at, started_at of the tasks begun."""
    rows = [(n, row[1], row[2], row[5]) for n, window in enumerate(windows) for row in window.begun]
    return np.array(rows, dtype=np.int64).reshape(-1, 4).T


def _came(windows: list[PoolWindow]) -> Ints:
    """Rows pool, at of the tasks that arrived."""
    rows = [(n, entry[1]) for n, window in enumerate(windows) for entry in window.came]
    return np.array(rows, dtype=np.int64).reshape(-1, 2).T


def _longest(waited: Ints, came: Ints, begun: Ints, start: int) -> Ints:
    """Greatest queue length of each pool, of those who waited at the start, came and were begun. At one instant leaving is
    counted before joining, so that only the length after the instant can be a maximum."""
    each = np.arange(len(waited))
    pools = np.concatenate([begun[0], each, came[0]])
    at = np.concatenate([begun[3], np.full(len(waited), start), came[1]])
    steps = np.concatenate([np.full(begun.shape[1], -1), waited, np.ones(came.shape[1], dtype=np.int64)])
    order = np.lexsort((steps, at, pools))
    pools, length = pools[order], steps[order].cumsum()
    before = np.concatenate([[0], length])[pools.searchsorted(each)]
    longest = np.zeros(len(waited), dtype=np.int64)
    np.maximum.at(longest, pools, length - before[pools])
    return longest


def _sums(count: int, pool: Ints, amounts: Ints) -> Ints:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, pool, amounts)
    return sums


def _column(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)
