"""Money against exact fractions: one rounding rule, sums that stay whole, and amounts as people write them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import CreditError
from credit.money import MAX_AMOUNT_FEN, check_amounts, format_yuan, mul_div_round, parse_yuan, share_fen, split_fen

AMOUNTS = st.integers(-(10**12), 10**12)


def half_up(value: Fraction) -> int:
    """Half away from zero, by the definition."""
    magnitude = abs(value)
    rounded = int(magnitude + Fraction(1, 2))
    return -rounded if value < 0 else rounded


@given(st.lists(st.tuples(AMOUNTS, st.integers(0, 10**9), st.integers(1_000, 9 * 10**9)), min_size=1, max_size=20))
def test_product_over_divisor_is_exact_and_rounded_once(rows):
    a, b, d = (np.array(column) for column in zip(*rows, strict=True))
    expected = [half_up(Fraction(x * y, z)) for x, y, z in rows]
    assert mul_div_round(a, b, d).tolist() == expected


@pytest.mark.parametrize(
    ("a", "b", "d", "expected"),
    [
        (1, 1, 2, 1),
        (-1, 1, 2, -1),
        (3, 1, 2, 2),
        (1, 1, 3, 0),
        (2, 1, 3, 1),
        (10**12, 10**9, 10**9, 10**12),
        (7, 0, 5, 0),
    ],
)
def test_halves_go_away_from_zero(a, b, d, expected):
    assert int(mul_div_round(a, b, d)) == expected


def test_a_charge_and_its_refund_round_alike():
    amounts = np.arange(-2_000, 2_001)
    assert np.array_equal(share_fen(-amounts, 12_345), -share_fen(amounts, 12_345))


@pytest.mark.parametrize(("a", "b", "d"), [(10**12, 10**9, 10**10), (10**12, 10**9, 1), (10**18, 10, 1)])
def test_what_int64_cannot_hold_is_refused_not_wrapped(a, b, d):
    with pytest.raises(OverflowError):
        mul_div_round(a, b, d)


@pytest.mark.parametrize(("b", "d"), [(-1, 5), (1, 0), (1, -3)])
def test_a_negative_factor_or_divisor_is_refused(b, d):
    with pytest.raises(ValueError, match="at least"):
        mul_div_round(10, b, d)


def test_no_rows_give_no_rows():
    assert mul_div_round(np.zeros(0, dtype=np.int64), 3, 7).shape == (0,)


@given(st.integers(0, MAX_AMOUNT_FEN), st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(sum))
def test_parts_keep_the_sum_and_only_the_last_takes_a_remainder(amount, weights):
    parts = split_fen(amount, weights)
    assert int(parts.sum()) == amount
    shares = [Fraction(amount * weight, sum(weights)) for weight in weights]
    assert parts.tolist()[:-1] == [int(share) for share in shares[:-1]]
    assert 0 <= parts[-1] - shares[-1] < len(weights)


def test_split_takes_columns_row_by_row():
    parts = split_fen([100, 101], [[1, 1, 1], [0, 1, 3]])
    assert parts.tolist() == [[33, 33, 34], [0, 25, 76]]


@pytest.mark.parametrize(("amount", "weights"), [(10, [0, 0]), (10, [-1, 2]), (-10, [1, 1])])
def test_split_refuses_weights_without_meaning(amount, weights):
    with pytest.raises(ValueError, match="split_fen"):
        split_fen(amount, weights)


@pytest.mark.parametrize(
    ("text", "fen"),
    [("50000", 5_000_000), ("50,000.05", 5_000_005), ("0.5", 50), ("0", 0), ("1,000,000,000.00", MAX_AMOUNT_FEN)],
)
def test_amounts_are_read_as_people_write_them(text, fen):
    assert parse_yuan(text, "amount") == fen


@given(st.integers(0, MAX_AMOUNT_FEN))
def test_an_amount_written_is_read_back(fen):
    assert parse_yuan(format_yuan(fen), "amount") == fen


@pytest.mark.parametrize("text", ["", "-5", "1.234", "5,00", "1,0000", ",5", "5.", "1e5", " 5", "５０", "nan", "1_000"])
def test_text_that_is_no_amount_is_refused_by_field(text):
    with pytest.raises(CreditError, match="--amount"):
        parse_yuan(text, "--amount")


def test_more_than_the_largest_amount_is_refused():
    with pytest.raises(CreditError, match=r"--amount.*1,000,000,000\.00"):
        parse_yuan("1000000000.01", "--amount")


def test_a_column_out_of_bounds_names_field_and_row():
    assert check_amounts([0, MAX_AMOUNT_FEN], "amount_fen").tolist() == [0, MAX_AMOUNT_FEN]
    with pytest.raises(CreditError, match=r"amount_fen, row 1: -0\.05"):
        check_amounts([5, -5], "amount_fen")
