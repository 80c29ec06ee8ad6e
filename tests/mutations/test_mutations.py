"""The tables of mutations keep up with the code they break."""

from __future__ import annotations

from collections import Counter

from tests.mutations import ROOT, mutations

TRIED_MIN = 100


def test_each_mutation_breaks_a_text_that_stands_once() -> None:
    every = list(mutations())
    assert len(every) >= TRIED_MIN
    for one in every:
        assert one.broken((ROOT / one.file).read_text(encoding="utf-8"))
        assert [test for test in one.tests if not (ROOT / test).exists()] == [], one.file
    assert [key for key, count in Counter((one.file, one.old, one.new) for one in every).items() if count > 1] == []
