"""`in_order`: the order by all columns, whatever is tied, and rows that stand in order already are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from credit.customers.contract import RefreshRiskList
from credit.ledger.contract import Posting
from credit.mail import in_order
from credit.room import Rows
from tests.rows import sample


def by_all_columns(rows: Rows) -> Rows:
    return rows[np.lexsort([rows[name] for name in reversed(rows.dtype.names or ())])]


@pytest.mark.parametrize("values", [2, 5, 40, 10**15])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 50, 3_000])
def test_ties_are_broken_by_the_next_columns(length: int, values: int) -> None:
    random = np.random.default_rng(length + values)
    columns = {name: random.integers(-values, values, length) for name in Posting.dtype.names or ()}
    rows = sample(Posting, length, **columns | {"at": random.integers(0, 3, length)})
    given = rows.tobytes()
    ordered = in_order(Posting, [rows[: length // 3], rows[length // 3 :]])
    assert ordered.tobytes() == by_all_columns(rows).tobytes()
    assert in_order(Posting, [ordered]).tobytes() == ordered.tobytes()
    assert rows.tobytes() == given


def test_text_breaks_ties_too() -> None:
    ids = ["B2", "A1", "C3", "A1", "B2", "A0"]
    rows = sample(RefreshRiskList, 6, at=[5, 5, 5, 4, 5, 5], entry=[1, 1, 1, 2, 1, 1], id_number=ids)
    assert in_order(RefreshRiskList, [rows])["id_number"].tolist() == ["A1", "A0", "A1", "B2", "B2", "C3"]
