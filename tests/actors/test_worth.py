"""When a snapshot is worth its time."""

from __future__ import annotations

from collections import Counter

import pytest

from actors.host import StepReport
from actors.sequencer import Done, Figures
from actors.worth import SinceSnapshot


def worked(*processor_s: float) -> Done:
    """A block of windows that cost each cell so much."""
    return Done([], [], 0, [StepReport(Counter(), [], processor_s=one) for one in processor_s])


@pytest.mark.parametrize(
    ("took_s", "again_s", "held_s", "kept_s", "worth"),
    [
        (9.0, 2.9, 0.0, 0.0, False),
        (9.0, 3.1, 0.0, 0.0, True),
        (9.0, 3.1, 0.91, 0.0, False),
        (9.0, 3.1, 0.89, 0.0, True),
        (9.0, 3.1, 0.0, 9.1, False),
    ],
)
def test_what_windows_cost_again_says_when_and_what_a_snapshot_takes_how_often(
    took_s: float, again_s: float, held_s: float, kept_s: float, worth: bool
) -> None:
    assert SinceSnapshot(took_s, again_s, held_s, kept_s).is_worth(replay_s=3.0, share=0.1) is worth


def test_a_machine_that_has_much_else_to_do_does_not_make_snapshots_more_frequent() -> None:
    """Windows that took long by the clock are worked again as quickly as others."""
    since = SinceSnapshot()
    since.add([worked(0.2, 0.1), worked(0.1)], took_s=100.0)
    assert since.again_s == pytest.approx(0.4)
    assert not since.is_worth(replay_s=0.5, share=0.1)
    since.add([worked(0.2)], took_s=0.2)
    assert since.is_worth(replay_s=0.5, share=0.1)


def test_a_snapshot_begins_the_count_anew_and_opening_counts_what_was_worked_again() -> None:
    since = SinceSnapshot()
    since.open(Figures(again_s=4.0, restored_s=2.0))
    assert since.is_worth(replay_s=3.0, share=0.1)
    since.begin(held_s=0.1)
    assert not since.is_worth(replay_s=0.0, share=0.1)
    assert (since.took_s, since.held_s, since.kept_s) == (0.0, 0.1, 2.0)
    since.add([worked(0.1)], took_s=100.0)
    assert not since.is_worth(replay_s=3.0, share=0.1)
