"""Thresholds of a load test: what a bank must hold for the test to be passed. Each is one check with its own words, so that a
person, a build server (JUnit XML) and an exit code say the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from lendrill.errors import UserError


@dataclass(frozen=True)
class Limits:
    """What must hold. None: is not asked."""

    p99_ms: float | None = None
    """Of accepted applications, from the intended start."""
    error_rate: float | None = 0.01
    """Failed, of those offered; what was shed is none."""
    shed_rate: float | None = None
    offered_share: float | None = 0.95
    """Begun on time, of those scheduled: below it the generator, not the bank, was measured."""
    decided_within_s: float | None = None
    decided_share: float = 0.95
    """Of those who waited for the automatic lane and were not referred to a desk."""

    def __post_init__(self) -> None:
        """Refuses impossible values. Raises UserError."""
        if self.p99_ms is not None and not (math.isfinite(self.p99_ms) and self.p99_ms > 0):
            raise UserError(f"--p99-ms {self.p99_ms:g}: impossible", "give more than 0")
        shares = (("--error-rate", self.error_rate), ("--shed-rate", self.shed_rate), ("--offered-share", self.offered_share),
                  ("--decided-within: share", self.decided_share))  # fmt: skip
        for option, share in shares:
            if share is not None and not 0 <= share <= 1:
                raise UserError(f"{option} {share:g}: impossible", "a share is 0 to 1")
        if self.decided_within_s is not None and not 0 < self.decided_within_s <= 60:
            raise UserError(
                f"--decided-within {self.decided_within_s:g}: impossible", "more than 0 and at most 60 seconds"
            )


def decided_within(text: str | None) -> dict[str, float]:
    """``3=0.99`` as limits have it. UserError for what is none."""
    if text is None:
        return {}
    seconds, _, share = text.partition("=")
    try:
        return {"decided_within_s": float(seconds), "decided_share": float(share or 0.95)}
    except ValueError:
        raise UserError(f"--decided-within {text}: no such limit", "right is 3=0.99: 99 % within 3 seconds") from None


def judged(limits: Limits, load: dict[str, Any], ready: bool) -> list[dict[str, Any]]:
    """Every check with what was measured."""
    of = load["applications"]
    checks = [
        _check("offered_share", _share(of["offered"] - of["late"], of["scheduled"]), limits.offered_share, at_least=True,
               words="begun on time, of those scheduled (below it the generator could not keep the rate)"),
        _check("p99_ms", of.get("latency_ms", {}).get("p99"), limits.p99_ms, words="ms p99 of accepted, from the intended start"),
        _check("error_rate", _share(of["failed"], of["offered"]), limits.error_rate, words="failed, of those offered"),
        _check("shed_rate", _share(of["shed"], of["offered"]), limits.shed_rate, words="shed, of those offered"),
        _decided(limits, load),
        _check("stepless", of["stepless"], 0, words="cases shown without a step"),
        _check("ready", int(ready), 1, at_least=True, words="/health ready at the end"),
    ]  # fmt: skip
    return [check for check in checks if check is not None]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _decided(limits: Limits, load: dict[str, Any]) -> dict[str, Any] | None:
    """Between the seconds that the histogram was read at, the next lower counts."""
    if limits.decided_within_s is None:
        return None
    of = load["applications"]
    reached = [count for step, count in load["decision_s"].items() if float(step) <= limits.decided_within_s]
    share = _share(max(reached, default=0), of["waited"] - of["referred"])
    words = f"of the automatic lane decided within {limits.decided_within_s:g} s"
    return _check("decided_within", share, limits.decided_share, at_least=True, words=words)


def _check(
    name: str, measured: float | None, limit: float | None, *, words: str, at_least: bool = False
) -> dict[str, Any] | None:
    """None where it is not asked; broken where there is nothing to measure."""
    if limit is None:
        return None
    held = measured is not None and (measured >= limit if at_least else measured <= limit)
    value = "nothing" if measured is None else f"{measured:.6g}"
    said = f"{name}: {value} {words}; {'at least' if at_least else 'at most'} {limit:g}"
    return {"name": name, "measured": measured, "limit": limit, "at_least": at_least, "held": held, "said": said}


def write_junit(file: Path, checks: list[dict[str, Any]]) -> None:
    """The checks as JUnit XML, one test case each."""
    broken = [check for check in checks if not check["held"]]
    suite = ET.Element("testsuite", name="lendrill load", tests=str(len(checks)), failures=str(len(broken)), errors="0")
    for check in checks:
        case = ET.SubElement(suite, "testcase", classname="lendrill.load", name=check["name"])
        if not check["held"]:
            ET.SubElement(case, "failure", message=check["said"]).text = check["said"]
    ET.indent(suite)
    file.write_bytes(ET.tostring(suite, encoding="utf-8", xml_declaration=True) + b"\n")
