"""The calendar against the standard library, the published holidays and the moon."""

from __future__ import annotations

import calendar
import datetime as dt
from importlib.metadata import version

import chinese_calendar
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.calendar import (
    WORKDAY_FIRST_YEAR,
    WORKDAY_LAST_YEAR,
    add_months,
    add_workdays,
    day_in_month,
    day_of_month,
    is_workday,
    month_days,
    month_of,
    months_and_days,
    next_workday,
    published_years,
    workday_from,
)
from credit.calendar_festivals import FESTIVALS
from credit.errors import CreditError
from credit.times import date_of, day_number
from tests.frozen import days as frozen_days
from tests.frozen.writing import text_of

DATES = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
GUESSED = range(published_years()[1] + 1, WORKDAY_LAST_YEAR + 1)


def day(text: str) -> int:
    return day_number(dt.date.fromisoformat(text))


def days_of(first_year: int, last_year: int) -> np.ndarray:
    return np.arange(day_number(dt.date(first_year, 1, 1)), day_number(dt.date(last_year + 1, 1, 1)))


# months ---------------------------------------------------------------------------------------------------------------


@given(DATES)
def test_a_day_is_its_month_and_its_place_in_it(date):
    number = day_number(date)
    month = (date.year - 1970) * 12 + date.month - 1
    assert month_of(number) == month
    assert day_of_month(number) == date.day
    assert month_days(month) == calendar.monthrange(date.year, date.month)[1]
    assert day_in_month(month, date.day) == number


@given(st.dates(dt.date(1950, 1, 1), dt.date(2150, 12, 31)), st.integers(-480, 480))
def test_months_are_added_to_the_same_day_or_the_months_end(date, months):
    year, month0 = divmod(date.year * 12 + date.month - 1 + months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    assert date_of(int(add_months(day_number(date), months))) == dt.date(year, month0 + 1, min(date.day, last))


@given(st.dates(dt.date(1950, 1, 1), dt.date(2100, 12, 31)), st.integers(0, 480), st.integers(0, 27))
def test_months_and_odd_days_are_found_again(date, months, odd):
    start = day_number(date)
    reached = int(add_months(start, months))
    found_months, found_days = months_and_days(start, reached)
    assert (int(found_months), int(found_days)) == (months, 0)
    found_months, found_days = months_and_days(start, reached + odd)
    assert int(found_days) == 0 or (int(found_months), int(found_days)) == (months, odd)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-01-31", "2026-02-28", (1, 0)),
        ("2026-02-28", "2026-03-31", (1, 0)),
        ("2026-01-15", "2026-02-14", (0, 30)),
        ("2026-01-15", "2026-03-10", (1, 23)),
        ("2026-01-31", "2026-03-01", (1, 1)),
        ("2024-02-29", "2025-02-28", (12, 0)),
    ],
)
def test_a_span_that_is_whole_months_from_either_end_has_no_odd_days(start, end, expected):
    assert tuple(int(x) for x in months_and_days(day(start), day(end))) == expected


@pytest.mark.parametrize(
    "wrong", [day_number(dt.date(1899, 12, 31)), day_number(dt.date(2200, 1, 1)), -(10**9), 10**12]
)
def test_days_beyond_the_tables_are_refused(wrong):
    with pytest.raises(CreditError, match="1900 to 2199"):
        month_of([0, wrong])


def test_months_beyond_the_tables_are_refused():
    with pytest.raises(CreditError, match="1900 to 2199"):
        add_months(0, 12 * 300)


# workdays -------------------------------------------------------------------------------------------------------------


def test_the_frozen_holidays_are_those_of_the_named_version():
    assert published_years() == (2004, 2026)
    frozen = frozen_days.FILE.read_text(encoding="utf-8")
    if version("chinesecalendar") not in frozen:
        pytest.skip("another chinesecalendar than the one the holidays were taken from")
    assert text_of(frozen_days.drawn()) == frozen


def test_published_years_are_those_of_the_notices():
    first, last = published_years()
    days = days_of(first, last)
    expected = [chinese_calendar.is_workday(date_of(number)) for number in days]
    assert is_workday(days).tolist() == expected


@pytest.mark.parametrize(
    ("date", "works"),
    [
        ("2026-01-01", False),
        ("2026-01-04", True),  # a Sunday, made up for the New Year (调休)
        ("2026-02-17", False),  # Spring Festival
        ("2026-10-01", False),
        ("2026-10-08", True),
        ("2024-10-12", True),  # a Saturday, made up for National Day
    ],
)
def test_holidays_and_make_up_workdays(date, works):
    assert bool(is_workday(day(date))) is works


@pytest.mark.parametrize("year", GUESSED)
def test_a_guessed_year_has_thirteen_statutory_days_off_and_no_work_on_weekends(year):
    days = days_of(year, year)
    weekdays = (days + 3) % 7 < 5
    works = is_workday(days)
    assert not works[~weekdays].any()
    assert weekdays.sum() - works.sum() == 13
    for month, date in ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)):
        assert not is_workday(day_number(dt.date(year, month, date)))


def test_guessed_years_are_as_long_as_published_ones_since_the_decree():
    published = is_workday(days_of(2025, 2026)).sum() / 2
    guessed = is_workday(days_of(2027, 2060)).sum() / 34
    assert abs(published - guessed) < 1.5


@pytest.mark.parametrize(
    ("date", "works"), [("2027-02-05", False), ("2027-02-09", False), ("2027-06-09", False), ("2027-04-05", False)]
)
def test_lunar_festivals_are_off_in_guessed_years(date, works):
    assert bool(is_workday(day(date))) is works


def test_lunar_festivals_agree_with_the_published_years():
    rows = {row[0]: row[1:] for row in FESTIVALS}
    names = ("Spring Festival", "Tomb-sweeping Day", "Dragon-boat Festival", "Mid-autumn Festival")
    for year in range(2009, published_years()[1] + 1):
        for name, month_day in zip(names, rows[year], strict=True):
            date = dt.date(year, *divmod(month_day, 100))
            assert chinese_calendar.get_holiday_detail(date)[0], (name, date)


def test_lunar_festivals_agree_with_the_moon():
    lunation, first_new_moon = 29.530588, 10_962.76 + 8 / 24  # 6 January 2000, in Chinese time
    for year, spring, _, dragon, autumn in FESTIVALS:
        for month_day, of_month in zip((spring, dragon, autumn), (1, 5, 15), strict=True):
            number = day_number(dt.date(year, *divmod(month_day, 100)))
            age = (number + 0.5 - first_new_moon) % lunation - (of_month - 1)
            age = min(age, age - lunation, key=abs)
            assert abs(age) < 1.4, (year, month_day, age)


def test_qingming_agrees_with_the_sun():
    for year, _, qingming, *_ in FESTIVALS:
        date = dt.date(year, *divmod(qingming, 100))
        found = chinese_calendar.get_solar_terms(date, date)
        assert found == [(date, "清明")], year


def test_every_guessed_year_has_its_festivals():
    years = [row[0] for row in FESTIVALS]
    assert years == sorted(years)
    assert np.isin(np.array(GUESSED), years).all()


@given(st.dates(dt.date(WORKDAY_FIRST_YEAR, 1, 1), dt.date(2058, 1, 1)), st.integers(1, 60))
def test_moving_by_workdays_agrees_with_walking(date, count):
    start = day_number(date)
    walked = is_workday(np.arange(start, start + 800))
    places = np.flatnonzero(walked)
    assert workday_from(start) == start + places[0]
    after = places[places > 0]
    assert next_workday(start) == start + after[0]
    assert add_workdays(start, count) == start + after[count - 1]


def test_workdays_outside_the_known_years_are_refused():
    for call in (is_workday, next_workday, workday_from):
        with pytest.raises(CreditError, match="2004 to 2060"):
            call(day("2003-12-31"))
    with pytest.raises(CreditError, match="after 2060"):
        add_workdays(day("2060-12-30"), 5)
