"""What never changes of a row is sealed: whatever changes it after all is found, whatever else the table has been through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.table import SEALS_AT_ONCE, Table

FIELDS = "loan customer rate balance tries name:U8"


def make(count: int = 5) -> Table:
    """`balance` changes by `put`, `tries` in place, the rest never."""
    table = Table(FIELDS, "loan", changes="tries", puts="balance")
    ids = np.arange(1, count + 1)
    table.append(length=count, loan=ids, customer=ids * 7, rate=43_500, balance=ids * 100, tries=0, name="王")
    assert table.altered() == []
    return table


@pytest.mark.parametrize("column", ["customer", "rate", "balance"])
@pytest.mark.parametrize("by", [1, -1, 1 << 40])
def test_the_least_change_of_a_sealed_column_is_found(column: str, by: int) -> None:
    table = make()
    table[column][2] += by
    assert table.altered() == [3]


def test_two_rows_that_swap_a_value_are_found() -> None:
    table = make()
    table["customer"][[1, 3]] = table["customer"][[3, 1]]
    assert table.altered() == [2, 4]


def test_two_columns_of_a_row_that_change_by_as_much_are_found() -> None:
    table = make()
    table["customer"][1] += 1
    table["rate"][1] -= 1
    assert table.altered() == [2]


def test_a_row_may_be_put_before_anybody_has_looked() -> None:
    table = make()
    table.append(length=1, loan=9, customer=9, rate=1, balance=0, tries=0, name="")
    table.put(table.find([9]), balance=7)
    assert table.altered() == []
    table["rate"][-1] += 1
    assert table.altered() == [9]


def test_what_is_written_in_place_and_what_is_put_may_change() -> None:
    table = make()
    table["tries"][:] += 1
    table.put(np.array([0, 2]), balance=5)
    table.add(np.array([2, 4]), balance=-1)
    assert table["balance"].tolist() == [5, 200, 4, 400, 499]
    assert table.altered() == []


def test_putting_one_column_does_not_hide_that_another_was_altered() -> None:
    table = make()
    table["customer"][1] += 1
    table.put(np.array([1]), balance=9)
    assert table.altered() == [2]


def test_only_what_is_said_to_be_put_can_be_put() -> None:
    with pytest.raises(ValueError, match="table by loan: rate is not said to be put"):
        make().put(np.array([0]), rate=1)
    with pytest.raises(ValueError, match="table by loan: rates can't change, there is no such column"):
        Table(FIELDS, "loan", changes="", puts="rates")


def test_an_altered_row_that_leaves_is_found_as_well_once() -> None:
    table = make()
    table["customer"][1] += 1
    table.drop(np.array([0, 1]))
    assert [table.altered(), table.altered()] == [[2], []]


def test_a_large_table_is_looked_through_in_turns() -> None:
    table = make(SEALS_AT_ONCE * 2 + 3)
    table["rate"][[1, SEALS_AT_ONCE + 1]] = 0
    rounds = [table.altered() for _ in range(4)]
    assert rounds == [[SEALS_AT_ONCE + 2], [], [2], [SEALS_AT_ONCE + 2]]


@given(st.data())
def test_rows_that_come_go_and_change_as_they_may_are_never_suspected_and_others_always(data: st.DataObject) -> None:
    table, following = make(), 6
    for _ in range(data.draw(st.integers(0, 12))):
        what = data.draw(st.sampled_from(["append", "put", "drop", "load", "look"]))
        some = np.array(sorted(data.draw(st.sets(st.integers(0, max(len(table) - 1, 0))))), dtype=np.int64)
        if what == "append":
            table.append(length=1, loan=following, customer=following, rate=1, balance=0, tries=0, name="")
            following += 1
        elif what == "put" and len(table):
            table.put(some, balance=data.draw(st.integers(-(10**12), 10**12)))
        elif what == "drop" and len(table):
            table.drop(some)
        elif what == "load":
            table.load(table.export())
        assert table.altered() == []
    if len(table):
        row = data.draw(st.integers(0, len(table) - 1))
        table["rate"][row] ^= 1 << data.draw(st.integers(0, 62))
        assert table.altered() == [table["loan"][row]]
