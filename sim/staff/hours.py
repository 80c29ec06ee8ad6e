"""Working hours of one person: on which days and between which minutes they work, and the arithmetic of work that pauses
when they are away. Every question is answered from the person's own calendar, to the millisecond, and the answer
never depends on who asks or how the run is cut into windows. Days are kept as one byte each and grown on demand, so a
year of a person costs a few hundred bytes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from credit.times import DAY_MS, MINUTE_MS, NEVER, Bools, Ints

DayMask = Callable[[Ints], Bools]
"""For day numbers, whether work is done on them; e.g. the bank's calendar."""

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

    def pattern(self, first: int, last: int) -> Hashable:
        """Who has the same one works at the same times of the days [first, last)."""
        if last - self._first > len(self._days):
            self._grow(last - self._first)
        return self._spans, self._away, self._days[first - self._first : last - self._first]

    def worked_by(self, at: Ints) -> Ints:
        """Milliseconds of working time from the calendar's first day until each instant, shape as `at`."""
        worked = self._worked_by(at)
        for since, back in self._away:
            worked -= self._worked_by(at.clip(since, back)) - self._worked_by(np.array(since))
        return worked

    def _worked_by(self, at: Ints) -> Ints:
        """The same, as if nobody were ever away."""
        day = at // DAY_MS - self._first
        if day.size and (low := int(day.min())) < 0:
            raise ValueError(f"day {low + self._first} lies before the first day {self._first} of this calendar")
        if day.size and (high := int(day.max())) >= len(self._days):
            self._grow(high + 1)
        works = np.frombuffer(self._days, dtype=np.uint8).astype(np.int64)
        in_day = at % DAY_MS
        today: Ints = np.sum([(in_day - a).clip(0, b - a) for a, b in self._spans], axis=0)
        return (works.cumsum() - works)[day] * self._day_ms + works[day] * today
