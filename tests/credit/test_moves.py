"""State machines that run: what the table allows is done, anything else names the entity, where it stood and where it was to
go."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import pytest

from credit.errors import InvariantViolation
from credit.moves import ImpossibleMove, Moves
from credit.table import Table


class Light(IntEnum):
    RED = 1
    GREEN = 2
    OFF = 3


MOVES = Moves("light", {Light.RED: (Light.GREEN, Light.OFF), Light.GREEN: (Light.RED,), Light.OFF: ()})


def lights(*states: Light) -> Table:
    table = Table("light state", "light")
    table.append(length=len(states), light=np.arange(len(states)) + 70, state=[int(state) for state in states])
    return table


def test_a_move_of_the_table_is_made() -> None:
    table = lights(Light.RED, Light.GREEN, Light.RED)
    MOVES.to(table, np.array([0, 2]), Light.GREEN)
    assert table["state"].tolist() == [2, 2, 2]
    MOVES.to(table, np.array([1]), np.array([int(Light.RED)]))
    assert table["state"].tolist() == [2, 1, 2]


def test_an_impossible_move_names_entity_from_and_to_and_moves_nobody() -> None:
    table = lights(Light.RED, Light.OFF)
    with pytest.raises(ImpossibleMove, match="light 71 can't go from OFF to GREEN") as raised:
        MOVES.to(table, np.array([0, 1]), Light.GREEN)
    assert isinstance(raised.value, InvariantViolation)
    assert table["state"].tolist() == [1, 3]


def test_a_state_without_its_row_is_a_mistake_of_the_table() -> None:
    with pytest.raises(AssertionError, match="no moves are given for GREEN, OFF"):
        Moves("light", {Light.RED: (Light.GREEN,)})
