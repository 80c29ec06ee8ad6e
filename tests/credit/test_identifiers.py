"""Identifiers against python-stdnum, which checks one number at a time."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_11_2

from credit.errors import CreditError
from credit.identifiers import (
    age_years,
    ages_at,
    birth_days,
    check_credit_codes,
    check_mobiles,
    check_resident_ids,
    credit_codes,
    mobiles,
    resident_ids,
)
from credit.times import day_number

COUNTIES = [110101, 310104, 330106, 440305, 510104, 650102]
BIRTHS = st.dates(dt.date(1930, 1, 1), dt.date(2015, 12, 31))
PEOPLE = st.tuples(st.sampled_from(COUNTIES), BIRTHS, st.integers(0, 999))
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def built(rows) -> np.ndarray:
    region, born, serial = zip(*rows, strict=True)
    return resident_ids(region, [day_number(date) for date in born], serial)


def column(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="U20")


# resident ID ----------------------------------------------------------------------------------------------------------


@given(st.lists(PEOPLE, min_size=1, max_size=20))
def test_built_numbers_hold_for_us_and_for_stdnum(rows):
    numbers = built(rows)
    assert numbers.dtype == np.dtype("U18")
    assert not check_resident_ids(numbers).any()
    for number, (region, born, serial) in zip(numbers.tolist(), rows, strict=True):
        assert mod_11_2.is_valid(number)
        assert ric.get_birth_date(number) == born
        assert number.startswith(str(region))
        assert number[14:17] == f"{serial:03d}"


@pytest.mark.requirement("CUS-08.d")
@given(PEOPLE, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_a_changed_character_is_judged_as_stdnum_judges_it(person, place, character):
    number = str(built([person])[0])
    changed = number[:place] + character + number[place + 1 :]
    code = int(check_resident_ids(column(changed))[0])
    assert (code == 0) == (changed == number)  # MOD 11-2 finds every single error
    if code == 5:
        assert not mod_11_2.is_valid(changed)


def with_check_digit(body: str) -> str:
    return body + mod_11_2.calc_check_digit(body)


RIGHT = with_check_digit("11010119900307002")


@pytest.mark.requirement("CUS-08.a", "CUS-08.d")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (RIGHT, 0),
        ("", 1),
        (RIGHT[:17], 1),
        (RIGHT + "1", 1),
        (RIGHT[:5] + "A" + RIGHT[6:], 2),
        (RIGHT[:5] + "１" + RIGHT[6:], 2),
        (RIGHT[:17] + "x", 2),
        (with_check_digit("99010119900307002"), 3),
        (with_check_digit("00010119900307002"), 3),
        (with_check_digit("11010119900230002"), 4),
        (with_check_digit("11010119901307002"), 4),
        (with_check_digit("11010119900300002"), 4),
        (with_check_digit("11010118991231002"), 4),
        (with_check_digit("11010119010229002"), 4),
        (with_check_digit("11010120000229002"), 0),
        (RIGHT[:17] + ("0" if RIGHT[17] != "0" else "1"), 5),
    ],
)
def test_each_fault_of_a_resident_id_has_its_code(number, code):
    assert check_resident_ids(column(number)).tolist() == [code]


def test_the_first_fault_found_is_told_row_by_row():
    numbers = column(RIGHT, "99" + RIGHT[2:10] + "13" + RIGHT[12:], "abc", "99" + "Z" * 16)
    assert check_resident_ids(numbers).tolist() == [0, 3, 1, 2]


def test_a_column_of_records_is_read_like_any_other():
    rows = np.zeros(3, dtype=[("at", "i8"), ("id_number", "U18"), ("mobile", "U12"), ("credit_code", "U18")])
    rows["id_number"] = [RIGHT, "", RIGHT[:17] + "?"]
    rows["mobile"] = ["13800138000", "", "23800138000"]
    rows["credit_code"] = ["91110000600037341L", "", "91110000600037341A"]
    assert check_resident_ids(rows["id_number"]).tolist() == [0, 1, 2]
    assert check_mobiles(rows["mobile"]).tolist() == [True, False, False]
    assert check_credit_codes(rows["credit_code"]).tolist() == [0, 1, 5]
    assert check_resident_ids(rows["id_number"][:0]).shape == (0,)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_nothing_a_form_may_hold_raises(texts):
    numbers = np.array(texts, dtype="U20")
    for check in (check_resident_ids, check_credit_codes):
        assert set(check(numbers).tolist()) <= {1, 2, 3, 4, 5}
    assert not check_mobiles(numbers).any()
    assert birth_days(numbers).shape == (len(texts),)


@given(PEOPLE, st.dates(dt.date(2016, 1, 1), dt.date(2060, 1, 1)))
def test_birthday_and_age_are_read_from_the_number(person, today):
    number, (_, born, _) = built([person]), person
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    assert birth_days(number).tolist() == [day_number(born)]
    assert ages_at(number, day_number(today)).tolist() == [years]
    assert age_years(day_number(born), day_number(today)) == years


def test_a_number_that_is_not_right_has_no_birthday():
    assert birth_days(column("", "11010119900230002X", RIGHT[:8] + "A" + RIGHT[9:])).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((1_000_000, 0, 0), "region6"), ((110101, 0, 1_000), "serial"), ((110101, 0, -1), "serial")],
)
def test_parts_that_do_not_fit_are_refused_by_name(arguments, field):
    with pytest.raises(CreditError, match=field):
        resident_ids(*arguments)


# unified social credit code -------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(COUNTIES), st.integers(0, 31**8 - 1)), min_size=1, max_size=20, unique=True))
def test_built_credit_codes_hold_for_us_and_for_stdnum_and_differ(rows):
    region, serial = zip(*rows, strict=True)
    codes = credit_codes(region, serial)
    assert not check_credit_codes(codes).any()
    assert all(uscc.is_valid(code) for code in codes.tolist())
    assert len(np.unique(codes)) == len(rows)


@pytest.mark.requirement("CUS-08.d")
@given(
    st.sampled_from(COUNTIES), st.integers(0, 31**8 - 1), st.integers(8, 17), st.sampled_from(CREDIT_ALPHABET + "IOSVZ")
)
def test_a_changed_credit_code_is_judged_as_stdnum_judges_it(region, serial, place, character):
    code = str(credit_codes(region, serial)[0])
    changed = code[:place] + character + code[place + 1 :]
    assert (int(check_credit_codes(column(changed))[0]) == 0) == uscc.is_valid(changed)


@pytest.mark.requirement("CUS-08.d")
@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("91110000600037341L", 0),
        ("91110000600037341", 1),
        ("91110000600037341LL", 1),
        ("9111000060003734IL", 2),
        ("9111000A600037341L", 2),
        ("91990000600037341L", 3),
        ("91110000600037342L", 5),
        ("91110000600037341l", 2),
    ],
)
def test_each_fault_of_a_credit_code_has_its_code(code, fault):
    assert check_credit_codes(column(code)).tolist() == [fault]


def test_the_organisation_code_inside_carries_its_own_check_character():
    # GB 11714: 8 characters weighted 3 7 9 10 5 8 4 2; A counts 10; the check is 11 − sum mod 11, 10 as X, 11 as 0.
    for code in credit_codes(110101, np.arange(0, 10**10, 10**8)).tolist():
        body, check = code[8:16], code[16]
        total = sum(int(c, 36) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
        assert check == {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def test_serials_beyond_eight_characters_are_refused():
    with pytest.raises(CreditError, match="serial"):
        credit_codes(110101, 31**8)


# mobile number --------------------------------------------------------------------------------------------------------


@given(st.integers(130, 199), st.integers(0, 99_999_999))
def test_built_mobile_numbers_hold(prefix, serial):
    numbers = mobiles(prefix, serial)
    assert numbers.dtype == np.dtype("U12")
    assert numbers.tolist() == [f"{prefix}{serial:08d}"]
    assert check_mobiles(numbers).all()


@pytest.mark.requirement("CUS-08.b")
@pytest.mark.parametrize(
    "number",
    ["", "1380013800", "138001380000", "12800138000", "23800138000", "1380013800x", "１3800138000", " 1380013800"],
)
def test_what_is_no_mobile_number_is_told(number):
    assert check_mobiles(np.array([number, "13800138000"], dtype="U12")).tolist() == [False, True]


def test_a_prefix_no_carrier_has_is_refused():
    with pytest.raises(CreditError, match="prefix"):
        mobiles(129, 0)
