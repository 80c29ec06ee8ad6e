"""What of a drill's acknowledgements the bank does not hold afterwards, and by which fault it was lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from results.drill.clients import lost
from results.drill.record import read
from results.drill.recovery import disruptions
from tests.results.drill.records import LOSE, bare, drill_of, tried


def losses(folder: Path, *times: tuple[float, float]) -> dict[int, dict[str, Any]]:
    """Of faults at 20 s and 22 s, where all that was sent and acknowledged then is lost; the second is over at 23."""
    record = bare(drill_of([LOSE, {"at_s": 22, "what": "lose", "place": "same-city"}]))
    record.event(20.0, "befalls", "primary", 0)
    record.event(22.0, "befalls", "same-city", 1)
    record.event(23.0, "over", "same-city", 1)
    for number, (sent, done) in enumerate(times):
        record.requests += tried(f"{number}", (sent, done), service="applications")
        record.final["lost"].append(f"{number}")
    found = read(record.write(folder))
    of: dict[int, dict[str, Any]] = lost(found, disruptions(found))["by_disruption"]
    return of


def test_what_was_sent_before_a_fault_and_acknowledged_after_it_is_lost_by_the_next(tmp_path: Path) -> None:
    assert losses(tmp_path, (19.0, 19.5), (19.9, 20.1), (21.0, 21.5)) == {
        0: {"lost": 1, "rpo_s": 0.5},
        1: {"lost": 2, "rpo_s": 1.9},
    }


def test_what_was_acknowledged_after_the_last_fault_is_its_loss_up_to_the_last_of_it(tmp_path: Path) -> None:
    assert losses(tmp_path / "also", (21.0, 21.5), (24.0, 24.5)) == {
        0: {"lost": 0, "rpo_s": 0.0},
        1: {"lost": 2, "rpo_s": 3.0},
    }
    assert losses(tmp_path / "alone", (24.0, 24.5), (25.0, 26.0))[1] == {"lost": 2, "rpo_s": 1.5}
