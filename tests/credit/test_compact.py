"""Compact rows: whole again to the last bit whatever stands in them, and no larger than what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.compact import Compact, compact, packed, unpacked, whole

FORM = np.dtype([("id", "i8"), ("amount_fen", "i8"), ("name", "U6"), ("code", "U4")])
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-300, 300) | st.just(0)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, st.text(max_size=6), st.text(max_size=4)), max_size=20)
INSTANTS = st.builds(lambda day, ms: day * 86_400_000 + ms, st.integers(20_000, 21_000), st.integers(0, 3))
RUNNING = st.builds(
    lambda first, step, count: list(range(first, first + step * count, step)),
    st.integers(-(2**40), 2**40),
    st.integers(1, 2**20),
    st.integers(1, 30),
)
COLUMNS = st.lists(NUMBERS, max_size=30) | st.lists(INSTANTS, max_size=30) | RUNNING | st.lists(st.just(7), max_size=30)


def column(*values: int) -> npt.NDArray[Any]:
    rows = np.zeros(len(values), dtype=[("id", "i8")])
    rows["id"] = values
    return rows


def bytes_of(rows: npt.NDArray[Any]) -> int:
    """Bytes that the columns take."""
    return compact(rows)["pieces"].nbytes


@given(ROWS)
def test_compact_rows_come_back_to_the_last_bit(values: list[tuple[int, int, str, str]]) -> None:
    rows = np.array(values, dtype=FORM)
    back = whole(compact(rows))
    assert back.dtype == FORM
    assert back.tobytes() == rows.tobytes()


@given(COLUMNS)
def test_a_column_of_any_kind_comes_back_to_the_last_bit(values: list[int]) -> None:
    rows = column(*values)
    assert whole(compact(rows)).tobytes() == rows.tobytes()


@given(st.lists(st.text(alphabet="0123456789X", max_size=18) | st.text(alphabet="a", max_size=18), max_size=40))
def test_texts_of_a_small_alphabet_come_back_to_the_last_bit(values: list[str]) -> None:
    rows = np.array([(text,) for text in values], dtype=[("id_number", "U18")])
    assert whole(compact(rows)).tobytes() == rows.tobytes()


def test_what_is_no_character_comes_back_too() -> None:
    codes = np.array([[0xD800, 0, 65, 0, 0, 0]], dtype=np.uint32)
    rows = np.zeros(1, dtype=FORM)
    rows["name"] = codes.view("U6")[:, 0]
    assert whole(compact(rows)).tobytes() == rows.tobytes()


@pytest.mark.parametrize(
    ("values", "bytes_each"),
    [
        ([5, 5, 5, 5], 0),
        ([1_000, 1_003, 1_001, 1_255], 1),
        ([-5, 250, 100, 1], 1),
        ([-5, 251, 100, 1], 2),
        ([10_000, 90_000, 2_550_000, 30_000], 1),
        ([1 << 41, 1 << 39, 7, 9], 6),
        ([-(2**63), 2**63 - 1, 1, 5], 8),
    ],
)
def test_a_number_takes_the_bytes_of_the_steps_that_it_lies_above_the_least(values: list[int], bytes_each: int) -> None:
    assert bytes_of(column(*values * 10)) == 40 * bytes_each


def test_running_numbers_take_no_more_than_their_differences() -> None:
    assert bytes_of(column(*range(7, 90_000, 3))) == 0
    cases = np.cumsum([1_000_000_001, *[3, 250] * 50])
    assert bytes_of(column(*cases.tolist())) == 100


def test_what_is_almost_always_0_takes_a_bit() -> None:
    instants = [0] * 800
    instants[5], instants[700] = 1_767_256_502_344, 1_767_256_502_500
    assert bytes_of(column(*instants)) == 100 + 2


def test_a_text_takes_its_length_and_its_characters_of_the_columns_alphabet() -> None:
    ids = [f"{number:017d}X" for number in range(10**16, 10**16 + 10**12, 10**10)]
    rows = np.array([(one,) for one in ids], dtype=[("id_number", "U18")])
    letters = len(set("".join(ids)))
    assert letters == 11
    assert bytes_of(rows) == len(ids) * 8 + letters  # each ID a word, each letter a byte


def test_no_rows_take_no_bytes_and_keep_their_form() -> None:
    nothing = np.zeros(0, dtype=FORM)
    kept = compact(nothing)
    assert sum(part.nbytes for part in kept.values()) == 0
    assert whole(kept).dtype == FORM


def test_tables_are_packed_by_name() -> None:
    state = {"bank.loans": column(3, 1), "world.people": column()}
    back = unpacked(packed(state, "of a test"))
    assert list(back) == list(state)
    assert all(np.array_equal(back[name], rows) for name, rows in state.items())


def test_snapshots_of_the_form_before_are_read() -> None:
    rows = np.array([(70_000, -3, "张三", ""), (1, 0, "", "ab")], dtype=FORM)
    narrow = np.array(
        [(70_000, -3, 2, 0), (1, 0, 0, 2)], dtype=[("id", "i4"), ("amount_fen", "i1"), ("name", "i1"), ("code", "i1")]
    )
    kept: Compact = {"rows": narrow, "texts": np.frombuffer("张三ab".encode(), dtype=np.uint8), "form": rows[:0]}
    assert whole(kept).tobytes() == rows.tobytes()
