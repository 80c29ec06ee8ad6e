"""What the tests of staffed queues share: a calendar, people, tasks drawn by hypothesis, and running a pool in windows.
No expectation lives here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from credit.approval.contract import Desk
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, NEVER, Bools, Ints, day_number, instant
from sim.staff import Completions, Person, Pool, Shift, Tasks, join_completions, no_tasks

MONDAY = day_number(dt.date(2026, 1, 5))
HOLIDAY = MONDAY + 9  # a Wednesday
EARLY = Shift(spans=((8 * 60 + 30, 12 * 60), (13 * 60, 18 * 60)))


def is_workday(days: Ints) -> Bools:
    """Monday to Friday without one holiday; day number 0 was a Thursday."""
    return np.asarray((((days + 3) % 7) < 5) & (days != HOLIDAY))


def at(day: int, hour: int, minute: int = 0) -> int:
    """Instant on the `day`-th day from the first Monday, which is day 0."""
    return instant(dt.date(2026, 1, 5) + dt.timedelta(days=day), hour, minute)


def clerk(number: int, **fields: object) -> Person:
    """A person of the one desk of the tests."""
    return Person(1000 + number, 1, Desk.INITIAL_APPROVER, **fields)  # type: ignore[arg-type]


def pool_of(people: Sequence[Person]) -> Pool:
    """A pool of these people on the calendar of the tests."""
    return Pool(people, is_workday, MONDAY)


def arriving(tasks: Tasks, start: int, until: int) -> Tasks:
    """The tasks that arrive in [start, until)."""
    return tasks.take((tasks.at >= start) & (tasks.at < until))


def run(pool: Pool, tasks: Tasks, cuts: Sequence[int]) -> Completions:
    """Serve the windows between the `cuts` and join what they complete."""
    parts = [pool.serve(no_tasks(), cuts[0] - 1, cuts[0])]
    for start, until in pairwise(cuts):
        parts.append(pool.serve(arriving(tasks, start, until), start, until))
    return join_completions(parts)


def rows_of(completions: Completions) -> list[tuple[int, ...]]:
    """Completions as sorted plain rows, to compare two runs."""
    columns = (completions.task, completions.person, completions.on_behalf_of, completions.started_at)
    more = (completions.finished_at, completions.waited_ms, completions.urged.astype(np.int64))
    return sorted(zip(*(column.tolist() for column in (*columns, *more)), strict=True))


DAYS = 12
periods = st.tuples(st.integers(0, DAYS), st.integers(0, 4)).map(lambda p: (MONDAY + p[0], MONDAY + p[0] + p[1]))
shifts = st.sampled_from(
    [Shift(), EARLY, Shift(spans=((0, 360), (1320, 1440))), Shift(spans=((600, 1200),), always=True)]
)


@st.composite
def peoples(draw: st.DrawFn, deputies: bool = True) -> list[Person]:
    """One to four people with leave, speeds and skills, perhaps with a deputy."""
    people = [
        clerk(
            number,
            shift=draw(shifts),
            leave=tuple(draw(st.lists(periods, max_size=2))),
            speed_ppm=draw(st.sampled_from([1_000_000, 700_001, 1_300_000])),
            skills=draw(st.sampled_from([0, 1, 3])),
        )
        for number in range(1, draw(st.integers(1, 4)) + 1)
    ]
    if deputies and draw(st.booleans()):
        first, last = draw(periods)
        people.append(Person(2001, 2, Desk.RE_REVIEWER).deputise(1, Desk.INITIAL_APPROVER, [(first, last)], 1001))
    return people


@st.composite
def workloads(draw: st.DrawFn, plain: bool = False) -> Tasks:
    """Tasks of the first DAYS days with many ties in time. `plain` tasks bar nobody."""
    count = draw(st.integers(1, 40))
    slots = st.integers(0, DAYS * 48 - 1)
    arrivals = draw(st.lists(slots, min_size=count, max_size=count))
    kinds = st.tuples(
        st.sampled_from([1, 10 * MINUTE_MS, 30 * MINUTE_MS, 3 * HOUR_MS + 17, 20 * HOUR_MS]),
        st.integers(0, 2),
        st.sampled_from([NEVER, 0, 2 * HOUR_MS, 26 * HOUR_MS]),
        st.sampled_from([0] if plain else [0, 0, 1001, 1002, 2001]),
        st.sampled_from([0] if plain else [0, 0, 1, 2]),
    )
    rows = draw(st.lists(kinds, min_size=count, max_size=count))
    when = np.array(arrivals, dtype=np.int64) * (HOUR_MS // 2) + MONDAY * DAY_MS
    service, priority, limit, excluded, needs = np.array(rows, dtype=np.int64).T
    limits = np.where(limit == NEVER, NEVER, when + np.where(limit == NEVER, 0, limit))
    ids = np.array(draw(st.permutations(range(1, count + 1))), dtype=np.int64)
    return Tasks.of(ids, when, service, priority=priority, limit_at=limits, excluded=excluded, needs=needs)
