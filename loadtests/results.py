"""What a load test leaves: ``seconds.jsonl``, one object a second, and ``load.json``, the whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loadtests.inspection import COUNTS
from loadtests.recorder import WARMUP, Recorder
from loadtests.schedule import Schedule
from loadtests.visitors import VISITORS

SECONDS, LOAD = "seconds.jsonl", "load.json"
_SHORT = (50, 95, 99, 100)
APPLICANTS = [one.name for one in VISITORS if one.applies]


def second_of(recorder: Recorder, second: int) -> dict[str, Any]:
    """One second: those who apply; `readers` beside them."""
    applicants = recorder.total([*APPLICANTS, *(WARMUP + one for one in APPLICANTS)], second, second + 1).figures(
        _SHORT
    )
    everybody = recorder.total(None, second, second + 1)
    return {"second": second, **applicants, "readers": everybody.counts["scheduled"] - applicants["scheduled"]}


def write_seconds(out: Path, recorder: Recorder, since: int = 0, until: int | None = None) -> None:
    """Adds some seconds to the file; from 0 on, writes it anew."""
    out.mkdir(parents=True, exist_ok=True)
    last = recorder.last_second + 1 if until is None else until
    with (out / SECONDS).open("w" if since == 0 else "a", encoding="utf-8") as file:
        for second in range(since, last):
            file.write(json.dumps(second_of(recorder, second)) + "\n")


def write_load(out: Path, recorder: Recorder, schedule: Schedule, warmup_s: float) -> None:
    """The whole after the warm-up. Rates are of those who came in the schedule's seconds, by these seconds; visits that end
    later count too."""
    since = int(warmup_s)
    applicants = recorder.total(APPLICANTS)
    measured_s = max(schedule.duration_s - since, 1e-9)
    found = {
        "duration_s": schedule.duration_s,
        "warmup_s": since,
        "expected": round(schedule.expected, 1),
        "visits": recorder.total(recorder.visitors).figures(),
        "applications": applicants.figures(),
        "measured_s": round(measured_s, 2),
        "accepted_per_s": round(applicants.counts["accepted"] / measured_s, 2),
        "offered_per_s": round(applicants.counts["offered"] / measured_s, 2),
        "visitors": {name: recorder.total([name]).figures() for name in recorder.visitors},
        "inspected": {name: recorder.inspected[name] for name in COUNTS},
        "failures": dict(recorder.failures.most_common(20)),
        "histograms": {name: one.packed() for name, one in applicants.times.items()},
        "decision_s": decision_shares(applicants.times.get("decision")),
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    (out / LOAD).write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def decision_shares(histogram: Any) -> dict[str, float]:
    """How many decisions were seen within so many seconds, from 0.1 s to 60 s."""
    if histogram is None:
        return {}
    steps = [0.1, 0.2, 0.5, *range(1, 61)]
    return {f"{step:g}": round(histogram.share_within(step) * histogram.count) for step in steps}
