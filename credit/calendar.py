"""The bank's calendar (营业日历): months, month ends, and which days are workdays in mainland China. Days are day
numbers (numpy ``datetime64[D]``), every question is asked of whole columns and answered from tables built once a process.
Workdays rest on the State Council's published notices, make-up workdays (调休) included, for the `published_years`: they stand
in ``workdays.json`` beside this module, taken once from chinesecalendar (``python -m tests.frozen`` takes them anew). Later
years are a stated guess: Monday to Friday but for the thirteen statutory days of the 2024 decree (1 January, New Year's Eve and
the first three days of the lunar year, Qingming, 1–2 May, Dragon Boat, Mid-Autumn, 1–3 October), and a statutory day on a
weekend is made good on the next workday. Notices move days about but keep their number, so a guessed year has the right
length."""

from __future__ import annotations

import datetime as dt
import json
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from credit.calendar_festivals import FESTIVALS
from credit.errors import CreditError
from credit.masks import all_of, any_of
from credit.times import DAY_MS, MINUTE_MS, Bools, Ints, day_number

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years the month tables hold, enough for the oldest birthday and the longest loan."""


class _Months:
    """Month and day of the month of every day, first day and length of every month. Months count from January 1970."""

    def __init__(self) -> None:
        first, end = (np.datetime64(f"{year}-01", "M") for year in (FIRST_YEAR, LAST_YEAR + 2))
        starts = np.arange(first, end).astype("M8[D]").astype(np.int64)
        self.base = int(first.astype(np.int64))
        self.starts = starts[:-1]
        self.lengths = np.diff(starts)
        self.first_day = int(starts[0])
        self.days = day_number(dt.date(LAST_YEAR + 1, 1, 1)) - self.first_day
        self.month = np.repeat(np.arange(len(self.lengths)), self.lengths)[: self.days].astype(np.int64)
        self.dom = np.arange(self.days) + self.first_day - self.starts[self.month] + 1


@lru_cache(maxsize=1)
def _months() -> _Months:
    return _Months()


def _beyond(index: Ints, length: int) -> bool:
    """Whether an index lies outside of 0 … length − 1: one below 0 is a large number without its sign."""
    return any_of(index.view(np.uint64) >= length)


def _index(day: npt.ArrayLike, table: _Months) -> Ints:
    index = np.asarray(day, dtype=np.int64) - table.first_day
    if _beyond(index, table.days):
        raise CreditError(f"a day lies outside the years {FIRST_YEAR} to {LAST_YEAR} that the calendar knows")
    return index


def _month_index(month: Ints, table: _Months) -> Ints:
    index = month - table.base
    if _beyond(index, len(table.starts)):
        raise CreditError(f"a month lies outside the years {FIRST_YEAR} to {LAST_YEAR} that the calendar knows")
    return index


def month_of(day: npt.ArrayLike) -> Ints:
    """Months since January 1970 (numpy ``datetime64[M]``) of day numbers."""
    table = _months()
    return np.asarray(table.month[_index(day, table)] + table.base)


def day_of_month(day: npt.ArrayLike) -> Ints:
    """1 … 31."""
    table = _months()
    return np.asarray(table.dom[_index(day, table)])


def month_days(month: npt.ArrayLike) -> Ints:
    """How many days months since January 1970 have."""
    table = _months()
    return np.asarray(table.lengths[_month_index(np.asarray(month, dtype=np.int64), table)])


def day_in_month(month: npt.ArrayLike, wanted_day: npt.ArrayLike) -> Ints:
    """Day number of the wanted day (1 … 31) of months since January 1970; the month's last day where it is shorter."""
    table = _months()
    index = _month_index(np.asarray(month, dtype=np.int64), table)
    return np.asarray(table.starts[index] + np.minimum(wanted_day, table.lengths[index]) - 1)


def add_months(day: npt.ArrayLike, months: npt.ArrayLike) -> Ints:
    """The same day of the month so many months later (earlier if negative), or that month's last day: 31 January + 1 is
    28 February. Arrays that broadcast."""
    table = _months()
    index = _index(day, table)
    return day_in_month(table.month[index] + table.base + np.asarray(months, dtype=np.int64), table.dom[index])


def months_and_days(start_day: npt.ArrayLike, end_day: npt.ArrayLike) -> tuple[Ints, Ints]:
    """Whole months from start to end and the odd days (零头天数) after them, for end ≥ start.

    A span is whole months and no days if it is so counted from either end, so 31 January – 28 February and
    28 February – 31 March, neighbours in a schedule due at month ends, are one month each."""
    start, end = np.asarray(start_day, dtype=np.int64), np.asarray(end_day, dtype=np.int64)
    months = month_of(end) - month_of(start)
    reached = add_months(start, months)
    whole = np.asarray(reached == end)
    if all_of(whole):  # most periods end on the day of the month they began on
        return months, np.zeros_like(whole, dtype=np.int64)
    whole = whole | (add_months(end, -months) == start)
    short = ~whole & (reached > end)
    months = months - short
    reached = add_months(start, months) if any_of(short) else reached
    return months, np.where(whole, 0, end - reached)


# workdays -------------------------------------------------------------------------------------------------------------

WORKDAY_FIRST_YEAR, WORKDAY_LAST_YEAR = 2004, 2060
"""Years for which workdays are known or guessed."""


@lru_cache(maxsize=1)
def _published() -> dict[bool, list[dt.date]]:
    """Days off, and days worked on a weekend, as published."""
    frozen = json.loads(resources.files("credit").joinpath("workdays.json").read_text(encoding="utf-8"))
    return {
        works: [dt.date.fromisoformat(f"{year}-{day}") for year, days in frozen[key].items() for day in days]
        for works, key in ((False, "off"), (True, "work"))
    }


def published_years() -> tuple[int, int]:
    """First and last year whose workdays come from published notices; later ones are guessed."""
    off = _published()[False]
    return off[0].year, off[-1].year


class _Workdays:
    """Whether each day is a workday, how many there are before it, and the days of all of them."""

    def __init__(self) -> None:
        self.first_day = day_number(dt.date(WORKDAY_FIRST_YEAR, 1, 1))
        days = np.arange(self.first_day, day_number(dt.date(WORKDAY_LAST_YEAR + 1, 1, 1)), dtype=np.int64)
        self.works: Bools = (days + 3) % 7 < 5  # 1970-01-01 was a Thursday
        for works, dates in _published().items():
            self.works[[day_number(date) - self.first_day for date in dates]] = works
        for year in range(published_years()[1] + 1, WORKDAY_LAST_YEAR + 1):
            self._guess(_statutory_days(year))
        self.before = np.concatenate([[0], self.works.cumsum()]).astype(np.int64)
        self.all = days[self.works]

    def _guess(self, days: list[int]) -> None:
        """Each statutory day takes itself off, or the next workday where it is free already."""
        for day in days:
            place = day - self.first_day
            self.works[place + int(np.argmax(self.works[place:]))] = False


def _statutory_days(year: int) -> list[int]:
    """The thirteen statutory holidays (法定节假日) of a year, rising; two may fall on one day."""
    festivals = {row[0]: row[1:] for row in FESTIVALS}
    spring, qingming, dragon, autumn = (day_number(dt.date(year, *divmod(day, 100))) for day in festivals[year])
    fixed = [
        day_number(dt.date(year, month, day)) for month, day in ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
    ]
    return sorted([*fixed, *range(spring - 1, spring + 3), qingming, dragon, autumn])


@lru_cache(maxsize=1)
def _workdays() -> _Workdays:
    return _Workdays()


def _place(day: npt.ArrayLike, table: _Workdays) -> Ints:
    place = np.asarray(day, dtype=np.int64) - table.first_day
    if _beyond(place, len(table.works)):
        raise CreditError(
            f"a day lies outside the years {WORKDAY_FIRST_YEAR} to {WORKDAY_LAST_YEAR} whose workdays are known"
        )
    return place


def is_workday(day: npt.ArrayLike) -> Bools:
    """Whether day numbers are workdays; CreditError outside 2004 … 2060."""
    table = _workdays()
    return np.asarray(table.works[_place(day, table)])


def workday_from(day: npt.ArrayLike) -> Ints:
    """The day itself where it is a workday, else the next workday."""
    table = _workdays()
    return _nth(table, table.before[_place(day, table)])


def next_workday(day: npt.ArrayLike) -> Ints:
    """The first workday after the day."""
    table = _workdays()
    return _nth(table, table.before[_place(day, table) + 1])


def add_workdays(day: npt.ArrayLike, count: npt.ArrayLike) -> Ints:
    """The workday that is `count` ≥ 1 workdays after the day, as limits are counted (N个工作日内): from a Friday, 1 is Monday."""
    table = _workdays()
    return _nth(table, table.before[_place(day, table) + 1] + np.asarray(count, dtype=np.int64) - 1)


def close_of_workday(at: Ints, count: Ints | int, closing_minute: int) -> Ints:
    """By when a task is to be done that has `count` ≥ 1 workdays: the close (minute of the day) of the last of them, ms."""
    return np.asarray(add_workdays(at // DAY_MS, count) * DAY_MS + closing_minute * MINUTE_MS)


def _nth(table: _Workdays, rank: Ints) -> Ints:
    if rank.size and int(rank.max()) >= len(table.all):
        raise CreditError(f"a workday is asked for after {WORKDAY_LAST_YEAR}, where none are known")
    return np.asarray(table.all[rank])
