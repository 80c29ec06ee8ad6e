"""Masks asked the short way say what numpy says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.codes import Status
from credit.masks import all_of, any_of, true_rows


@given(st.lists(st.booleans(), max_size=20))
def test_a_mask_answers_as_numpy_does(values: list[bool]) -> None:
    mask = np.array(values, dtype=bool)
    assert any_of(mask) is bool(mask.any())
    assert all_of(mask) is bool(mask.all())
    assert np.array_equal(true_rows(mask), np.flatnonzero(mask))


@pytest.mark.parametrize("code", list(Status))
def test_a_code_is_an_operand_like_its_number(code: Status) -> None:
    column = np.arange(4)
    for with_code, plain in (
        (column == code, column == int(code)),
        (code + column, int(code) + column),
        (np.where(column > 1, code, column), np.where(column > 1, int(code), column)),
    ):
        assert with_code.dtype == plain.dtype
        assert np.array_equal(with_code, plain)
