"""Working hours of one person: on which days and between which minutes they work, and the arithmetic of work that pauses
when they are away. Every question is answered from the person's own calendar, to the millisecond, and the answer
never depends on who asks or how the run is cut into windows. Days are kept as one byte each and grown on demand, so a
year of a person costs a few hundred bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, NEVER, Bools, Ints

DayMask = Callable[[Ints], Bools]
"""For day numbers, whether work is done on them; e.g. the bank's calendar."""

Spans = tuple[tuple[int, int], ...]

_CHUNK_DAYS = 128
_SEARCH_DAYS = 800
"""A person without a working day in so many days has left for good."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Working spans of a day as (from minute, to minute) pairs in order; a night shift is two spans of its day. A shift
    that is `always` kept ignores weekends and holidays (a 24x7 desk), but not its people's leave."""

    spans: tuple[tuple[int, int], ...] = ((9 * 60, 12 * 60), (13 * 60, 18 * 60))
    always: bool = False

    def __post_init__(self) -> None:
        edges = [minute for span in self.spans for minute in span]
        rising = all(a < b for a, b in self.spans) and edges == sorted(edges)
        if not edges or not rising or edges[0] < 0 or edges[-1] > 24 * 60:
            raise ValueError(f"shift {self.spans}: spans must be in order, not overlap, and lie in minutes 0 to 1440")


OFFICE = Shift()
ENDLESS = Shift(spans=((0, 24 * 60),), always=True)


def covered_days(periods: Sequence[tuple[int, int]]) -> DayMask:
    """Mask of the days that lie in any period (from day, to day), both included."""

    def mask(days: Ints) -> Bools:
        inside = np.zeros(len(days), dtype=np.bool_)
        for first, last in periods:
            inside |= (days >= first) & (days <= last)
        return inside

    return mask


Away = tuple[tuple[int, int], ...]
"""Spans of time (from, to) in ms in which nobody can work, in order and apart from one another."""


class WorkingHours:
    """The working time of `shift` on the days that `works` marks, from `first_day` on, without the spans of `away`. Times are
    int64 ms."""

    def __init__(self, shift: Shift, works: DayMask, first_day: int, away: Away = ()) -> None:
        self._spans = tuple((a * MINUTE_MS, b * MINUTE_MS) for a, b in shift.spans)
        self._day_ms = sum(b - a for a, b in self._spans)
        self._mask = works
        self._first = first_day
        self._away = away
        self._days = b""

    def _grow(self, size: int) -> None:
        first = self._first + len(self._days)
        count = max(size - len(self._days), _CHUNK_DAYS)
        new = self._mask(np.arange(first, first + count, dtype=np.int64))
        self._days += np.asarray(new, dtype=np.uint8).tobytes()

    def _next_day(self, day: int) -> int:
        """First working day from `day` on, or -1 if the person never works again."""
        index = day - self._first
        if index < 0:
            raise ValueError(f"day {day} lies before the first day {self._first} of this calendar")
        found = self._days.find(1, index)
        while found < 0:
            if len(self._days) - index > _SEARCH_DAYS:
                return -1
            self._grow(index + 1)
            found = self._days.find(1, index)
        return self._first + found

    def opening(self, at: int) -> tuple[int, int]:
        """The first span [from, to) of working time that ends after `at`; (NEVER, NEVER) if there is none."""
        opens, closes = self._opening(at)
        for start, until in self._away:
            if opens < until and start < closes and until > at:
                if max(opens, at) < start:
                    return opens, start
                opens, closes = self._opening(until)
                opens = max(opens, until)
        return opens, closes

    def _opening(self, at: int) -> tuple[int, int]:
        """The same, as if nobody were ever away."""
        today = at // DAY_MS
        day = self._next_day(today)
        if day == today:
            base = day * DAY_MS
            for opens, closes in self._spans:
                if at < base + closes:
                    return base + opens, base + closes
            day = self._next_day(day + 1)
        if day < 0:
            return NEVER, NEVER
        opens, closes = self._spans[0]
        return day * DAY_MS + opens, day * DAY_MS + closes

    def finish(self, at: int, work_ms: int) -> int:
        """When `work_ms` > 0 of work begun at `at` is done, or NEVER; pauses outside the working hours."""
        while True:
            opens, closes = self.opening(at)
            if opens == NEVER:
                return NEVER
            at = max(at, opens)
            if work_ms <= closes - at:
                return at + work_ms
            work_ms -= closes - at
            at = closes

    def spans(self, day: int) -> Spans:
        """The spans [from, to) of working time of a day, in ms since its midnight."""
        spans, midnight = self._spans if self._count_days(day, day + 1) else (), day * DAY_MS
        for start, until in self._away:
            if start < midnight + DAY_MS and until > midnight:
                spans = _without(spans, start - midnight, until - midnight)
        return spans

    def worked(self, start: int, until: int) -> int:
        """Milliseconds of working time in [start, until)."""
        away = ((max(start, since), min(until, back)) for since, back in self._away)
        lost = sum(self._worked(since, back) for since, back in away if since < back)
        return self._worked(start, until) - lost

    def _worked(self, start: int, until: int) -> int:
        """The same, as if nobody were ever away."""
        first, low = divmod(start, DAY_MS)
        last, high = divmod(until, DAY_MS)
        if not low and not high:
            return self._count_days(first, last) * self._day_ms
        if first == last:
            return _within(self._spans, low, high) if self._count_days(first, first + 1) else 0
        full = self._count_days(first, last) * self._day_ms
        return full + self._worked(last * DAY_MS, until) - self._worked(first * DAY_MS, start)

    def _count_days(self, first: int, last: int) -> int:
        low, high = first - self._first, last - self._first
        if low < 0:
            raise ValueError(f"day {first} lies before the first day {self._first} of this calendar")
        if high > len(self._days):
            self._grow(high)
        return self._days.count(1, low, high)


def _without(spans: Spans, start: int, until: int) -> Spans:
    """What is left of spans without [start, until)."""
    parts = [part for a, b in spans for part in ((a, min(b, start)), (max(a, until), b))]
    return tuple((a, b) for a, b in parts if a < b)


@lru_cache(maxsize=1024)
def by_hour(shifts: tuple[Spans, ...]) -> Ints:
    """Milliseconds of working time in each of the 24 hours of a day, of people with these spans together; not to be changed."""
    hours = range(24)
    together = [sum(_within(spans, hour * HOUR_MS, (hour + 1) * HOUR_MS) for spans in shifts) for hour in hours]
    found = np.array(together, dtype=np.int64)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=1024)
def _within(spans: Spans, low: int, high: int) -> int:
    """Milliseconds of the spans within [low, high) of a day; everybody of a shift asks for the same window."""
    return sum(max(min(high, b) - max(low, a), 0) for a, b in spans)
