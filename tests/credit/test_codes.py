"""A number stands for one thing: within a list of codes, and among those of all rooms."""

from __future__ import annotations

import pytest

from credit.codes import Coded, Segment
from credit.room import REASONS, _claim


def test_two_names_of_one_number_are_an_error_when_they_are_written() -> None:
    with pytest.raises(ValueError, match="SECOND has the number of FIRST"):

        class Twice(Coded):
            FIRST = 1
            SECOND = 1


def test_a_number_that_another_room_has_is_an_error() -> None:
    number = next(iter(REASONS))
    with pytest.raises(ValueError, match=f"{number} is declared twice"):
        _claim(REASONS, number, Segment.MICRO)
