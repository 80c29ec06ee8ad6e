"""Compact rows: whole again to the last bit whatever stands in them, and no larger than what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.compact import compact, whole

FORM = np.dtype([("id", "i8"), ("amount_fen", "i8"), ("name", "U6"), ("code", "U4")])
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-300, 300)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, st.text(max_size=6), st.text(max_size=4)), max_size=20)


@given(ROWS)
def test_compact_rows_come_back_to_the_last_bit(values: list[tuple[int, int, str, str]]) -> None:
    rows = np.array(values, dtype=FORM)
    back = whole(compact(rows))
    assert back.dtype == FORM
    assert back.tobytes() == rows.tobytes()


def test_what_is_no_character_comes_back_too() -> None:
    codes = np.array([[0xD800, 0, 65, 0, 0, 0]], dtype=np.uint32)
    rows = np.zeros(1, dtype=FORM)
    rows["name"] = codes.view("U6")[:, 0]
    assert whole(compact(rows)).tobytes() == rows.tobytes()


@pytest.mark.parametrize(("most", "bytes_each"), [(127, 1), (128, 2), (-32_769, 4), (2**31, 8)])
def test_a_column_is_as_wide_as_its_largest_number(most: int, bytes_each: int) -> None:
    rows = np.zeros(10, dtype=[("id", "i8")])
    rows["id"][3] = most
    assert compact(rows)["rows"].nbytes == 10 * bytes_each


def test_a_text_costs_its_characters_in_utf_8_and_one_byte() -> None:
    rows = np.array([(0, 0, "\u5f20\u4e09", ""), (0, 0, "", "ab")], dtype=FORM)
    kept = compact(rows)
    assert kept["texts"].nbytes == 2 * 3 + 2
    assert kept["rows"].nbytes == 2 * 4
