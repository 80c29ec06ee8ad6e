"""The trail's answers, whether they come from memory or from its file."""

from __future__ import annotations

from itertools import count

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.host import Told
from actors.lately import Lately
from actors.trail import Trail
from credit.applications.contract import Event
from credit.mail import ANSWER_DTYPE
from credit.room import EVENT_DTYPE, Rows

BEGINS, LATER = int(Event.APPLICATION_SUBMITTED), int(Event.DOCUMENTS_ATTESTED)
NO_ANSWERS = np.zeros(0, dtype=ANSWER_DTYPE)
RING = 12
CASES = st.integers(1, 6)
WINDOWS = st.lists(st.lists(st.tuples(CASES, st.integers(0, 3)), max_size=RING + 3), max_size=8)


def told(window: int, rows: list[tuple[int, int, int, int]]) -> Told:
    """A window's events, each said as case, event, instant and place in the order of what was said."""
    events = np.zeros(len(rows), dtype=EVENT_DTYPE)
    for name, column in zip(("case", "event", "at", "seq"), zip(*rows, strict=True), strict=False):
        events[name] = column
    return Told(window, events, NO_ANSWERS)


def seqs(rows: Rows) -> list[int]:
    found: list[int] = rows["seq"].tolist()
    return found


@given(WINDOWS, st.lists(CASES, min_size=1), st.sets(CASES))
def test_what_is_told_of_cases_is_the_same_from_memory_and_from_the_file(
    windows: list[list[tuple[int, int]]], asked: list[int], before: set[int]
) -> None:
    """Some cases began before the trail was read anew, so their first events are in the file alone."""
    trail, number, begun, all_rows = Trail(":memory:", Lately(RING)), count(), set(before), []
    for window, content in enumerate(windows):
        rows = []
        for case, back in content:
            rows.append((case, LATER if case in begun else BEGINS, 100 * window - back * 60, next(number)))
            begun.add(case)
        all_rows += rows
        trail.add([told(window, rows[::2]), told(window, rows[1::2])])
        for cases in (asked, asked[:1]):
            wanted = sorted((row for row in all_rows if row[0] in cases), key=lambda row: (row[0], row[2], row[3]))
            assert seqs(trail.of(*cases)) == [row[3] for row in wanted]


def test_a_case_that_began_of_late_is_told_without_the_file() -> None:
    trail = Trail(":memory:", Lately(RING))
    trail.add([told(0, [(1, BEGINS, 5, 0), (2, LATER, 5, 1)])])
    trail.add([told(1, [(1, LATER, 9, 2)])])
    trail.close()
    assert seqs(trail.of(1)) == [0, 2]


def test_windows_that_are_worked_again_replace_what_is_in_memory() -> None:
    trail = Trail(":memory:", Lately(RING))
    trail.add([told(0, [(1, BEGINS, 5, 0)])])
    trail.add([told(1, [(1, LATER, 9, 1)])])
    trail.forget_from(1)
    trail.add([told(1, [(1, LATER, 9, 7)])])
    assert seqs(trail.of(1)) == [0, 7]
    assert not len(trail.of(3))


def test_cases_whose_first_event_was_written_over_are_held_no_more() -> None:
    lately = Lately(RING)
    for case in range(1, 10 * RING):
        lately.add([told(case, [(case, BEGINS, case, 2 * case), (case, LATER, case, 2 * case + 1)]).events])
    assert list(lately._places) == [*range(10 * RING - RING // 2, 10 * RING)]
