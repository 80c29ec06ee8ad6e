"""A run's event files read back are the rows that they were made of."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from credit.bank import PIPELINE
from credit.codes import Actor
from credit.policies import ProductPolicy, load
from credit.room import EVENT_DTYPE, REASONS, Reason
from results.events import event_rows
from results.schemas import event_table

PRODUCTS = {one.key: int(one.code) for one in load("products", ProductPolicy).products}
EVENTS = [(room.name, event) for room in PIPELINE for event in room.events or ()]


def test_every_event_with_every_reason_comes_back() -> None:
    for room, event in EVENTS:
        codes = event.said.reason
        reasons = [0, *(REASONS if codes is Reason else map(int, codes or ())), *([] if codes else [77])]
        rows = np.zeros(len(reasons), dtype=EVENT_DTYPE)
        rows["event"], rows["reason"] = int(event), reasons
        found = event_rows(event_table(room, {}, [rows]), PRODUCTS)
        assert found["event"].tolist() == rows["event"].tolist()
        names = [event_table(room, {}, [some])["reason"].to_pylist() for some in (rows, found)]
        assert names[0] == names[1], event


def test_every_other_column_comes_back() -> None:
    number = st.integers(-(1 << 62), 1 << 62)
    actor = st.sampled_from([*map(int, Actor), 1_010_001, 9_990_001])
    product = st.sampled_from([0, *PRODUCTS.values(), 98])
    row = st.tuples(st.sampled_from(EVENTS[:12]), st.integers(0, 1 << 42), number, actor, product, st.integers(0, 999))

    @given(st.lists(row, max_size=20))
    def of(drawn: list[tuple[tuple[str, int], int, int, int, int, int]]) -> None:
        rows = np.zeros(len(drawn), dtype=EVENT_DTYPE)
        for place, ((_, event), at, big, who, what, branch) in enumerate(drawn):
            rows[place] = (at, big, int(event), who, big, big, 0, big, branch, what, big)
        tables = event_table(EVENTS[0][0], {code: key for key, code in PRODUCTS.items()}, [rows])
        found = event_rows(tables, PRODUCTS)
        for name in EVENT_DTYPE.names or ():
            assert found[name].tolist() == rows[name].tolist(), name

    of()
