"""What a load test writes down of the whole: rates have one base."""

from __future__ import annotations

import json
from pathlib import Path

from loadtests.recorder import Recorder
from loadtests.results import write_load
from loadtests.schedule import Schedule


def test_rates_are_of_those_who_came_in_the_seconds_measured_whenever_they_were_answered(tmp_path: Path) -> None:
    recorder = Recorder()
    for came, answered in ((3, 3), (9, 10), (14, 15)):
        recorder.cell(came, "mobile_customer").counts["offered"] += 1
        recorder.cell(answered, "mobile_customer").counts["accepted"] += 1
    write_load(tmp_path, recorder, Schedule(given=[3.0, 9.5, 14.5]), 2.0)
    load = json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))
    assert load["measured_s"] == 12.5
    assert load["accepted_per_s"] == load["offered_per_s"] == 3 / 12.5
