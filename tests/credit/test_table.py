"""The columnar table: ids found whatever the history, compaction, round trip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.table import Table


def make(ids: list[int]) -> Table:
    table = Table("loan balance name:U4", "loan")
    for loan in ids:
        table.append(length=1, loan=loan, balance=loan * 10, name=f"n{loan % 10}")
    return table


@given(st.lists(st.integers(1, 10**12), unique=True, max_size=60), st.integers(1, 10**12))
def test_every_id_is_found_where_it_stands_and_no_other(ids: list[int], stranger: int) -> None:
    table = make(ids)
    rows = table.find(ids)
    assert table["balance"][rows].tolist() == [loan * 10 for loan in ids]
    assert (table.find([stranger])[0] >= 0) == (stranger in ids)


@given(st.lists(st.integers(1, 500), unique=True, max_size=60), st.data())
def test_compaction_keeps_the_kept_rows_and_forgets_the_others(ids: list[int], data: st.DataObject) -> None:
    table = make(ids)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids))), dtype=bool)
    table.keep(keep)
    kept = [loan for loan, stays in zip(ids, keep, strict=True) if stays]
    assert table["loan"].tolist() == kept
    assert table["balance"][table.find(kept)].tolist() == [loan * 10 for loan in kept]
    assert (table.find([loan for loan in ids if loan not in kept]) == -1).all()


def test_a_repeated_id_is_refused_within_a_batch_and_across_batches() -> None:
    with pytest.raises(ValueError, match="already in the table"):
        make([1, 2]).append(length=1, loan=2, balance=0, name="")
    with pytest.raises(ValueError, match="already in the table"):
        make([]).append(length=2, loan=[7, 7], balance=0, name="")


def test_many_ids_pass_the_tail_into_the_main_index() -> None:
    table = Table("loan", "loan")
    for start in range(0, 60_000, 6_000):
        table.append(length=6_000, loan=np.arange(start, start + 6_000)[::-1])
    assert (table["loan"][table.find(np.arange(60_000))] == np.arange(60_000)).all()
    with pytest.raises(ValueError, match="already"):
        table.append(length=1, loan=5)


def test_export_does_not_depend_on_the_order_of_history_and_loads_back() -> None:
    one, other = make([3, 1, 2]), make([2, 3, 1])
    assert (one.export() == other.export()).all()
    loaded = Table("loan balance name:U4", "loan")
    loaded.load(one.export())
    assert loaded.text("name")[loaded.find([2])].tolist() == ["n2"]


def test_a_column_is_a_view_that_writes_the_table() -> None:
    table = make([5, 6])
    table["balance"][table.find([6])] = 1
    assert table.take([1])["balance"].tolist() == [1]


def test_what_is_no_character_is_refused_by_column() -> None:
    with pytest.raises(ValueError, match="table by loan: name holds what is no character"):
        make([5]).append(length=1, loan=6, balance=0, name="a\ud800")


def test_a_text_costs_what_it_needs_and_is_taken_in_the_width_of_its_column() -> None:
    table = Table("loan name:U400", "loan")
    table.append(length=2, loan=[1, 2], name=["张三", "x" * 400])
    assert table.text("name").itemsize < 400
    assert table.take([0, 1]).dtype == table.dtype
    assert table.take([1, 0])["name"].tolist() == ["x" * 400, "张三"]


def test_nothing_is_zeroed_or_dropped_in_silence() -> None:
    table = Table("loan amount_fen name:U4 tries=0", "loan")
    with pytest.raises(ValueError, match="has no column 'amuont_fen'; needs a value for 'amount_fen'"):
        table.append(length=1, loan=2, amuont_fen=9, name="a")
    with pytest.raises(ValueError, match="name holds 4 characters, a text of 5 was given"):
        table.append(length=1, loan=2, amount_fen=9, name="abcde")
    table.append(length=1, loan=2, amount_fen=9, name="abcd")
    assert table["tries"].tolist() == [0]


def test_a_row_that_is_not_there_reads_as_the_default() -> None:
    assert make([]).get("balance", np.array([-1])).tolist() == [0]
    assert make([3, 5]).get("balance", np.array([1, -1, 0]), -7).tolist() == [50, -7, 30]


def test_dropped_rows_leave_the_others_in_their_order() -> None:
    table = make([3, 5, 8])
    table.drop(np.array([1]))
    assert table["loan"].tolist() == [3, 8]
    assert table.take(table.find([8]), "balance").tolist() == [(80,)]
