"""Amounts in words: the examples of the People's Bank's rules, and every amount read back."""

from __future__ import annotations

import cn2an
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.amount_words import amount_words, amount_words_differ, parse_amount_words
from credit.errors import CreditError
from credit.money import MAX_AMOUNT_FEN

AMOUNTS = st.one_of(
    st.integers(0, MAX_AMOUNT_FEN), st.integers(0, 12_000), st.integers(0, 10**6).map(lambda yuan: yuan * 100_000)
)


@pytest.mark.requirement("CON-05.a")
@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角"),
        (1_200_000, "壹万贰仟元整"),
        (1_200_005, "壹万贰仟元零伍分"),
        (32_504, "叁佰贰拾伍元零肆分"),
        (140_950, "壹仟肆佰零玖元伍角"),
        (600_714, "陆仟零柒元壹角肆分"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
        (100_000_100, "壹佰万零壹元整"),
        (5_000_000, "伍万元整"),
        (MAX_AMOUNT_FEN, "壹拾亿元整"),
    ],
)
def test_words_of_an_amount(fen, words):
    assert amount_words(fen) == words


@given(AMOUNTS)
def test_words_are_those_of_a_library_that_others_use(fen):
    assert amount_words(fen) == cn2an.an2cn(f"{fen // 100}.{fen % 100:02d}", "rmb")


@given(AMOUNTS)
def test_words_are_read_back_as_the_same_amount(fen):
    assert parse_amount_words(amount_words(fen)) == fen


@pytest.mark.parametrize(
    ("words", "fen"),
    [
        ("壹拾万柒仟元零伍角叁分", 10_700_053),
        ("壹拾万零柒仟元伍角叁分", 10_700_053),
        ("壹仟陆佰捌拾元零叁角贰分", 168_032),
        ("壹仟陆佰捌拾元叁角贰分", 168_032),
        ("伍万圆正", 5_000_000),
        ("壹角整", 10),
    ],
)
def test_both_forms_that_the_rules_leave_open_are_read(words, fen):
    assert parse_amount_words(words) == fen


@pytest.mark.parametrize(
    "words", ["", "元", "整", "五万元整", "壹贰元整", "壹仟伍元整", "叁佰贰拾伍元肆分", "伍万元整整", "12000", "伍分角"]
)
def test_words_that_say_no_amount_are_refused_by_field(words):
    with pytest.raises(CreditError, match="amount_in_words"):
        parse_amount_words(words, "amount_in_words")


@pytest.mark.requirement("CON-05.a")
@pytest.mark.parametrize(
    ("fen", "words", "differ"),
    [
        (5_000_000, "伍万元整", False),
        (5_000_001, "伍万元整", True),
        (5_000_000, "", True),
        (1_200_000, "壹万贰仟圆正", False),
    ],
)
def test_words_and_figures_that_differ_are_found(fen, words, differ):
    assert amount_words_differ(fen, words) == differ


@given(AMOUNTS, AMOUNTS)
def test_different_amounts_have_different_words(one, other):
    assert (amount_words(one) == amount_words(other)) == (one == other)


@pytest.mark.parametrize("fen", [-1, MAX_AMOUNT_FEN + 1])
def test_amounts_out_of_bounds_are_refused(fen):
    with pytest.raises(CreditError, match=str(fen)):
        amount_words(fen)
