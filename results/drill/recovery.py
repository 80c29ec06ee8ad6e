"""How each service fared after each fault: whether it was interrupted, and when it was back (RTO).

A service is *silent* from the moment at which somebody wants it and nothing of it is acknowledged, to its next
acknowledgement: between two acknowledgements nobody may have come, so a silence begins with the first client who is still
waiting, or was refused. *First* is the first acknowledged try that began after the fault. The service was *interrupted* where a
silence up to the first was longer than `gap_s`: `GAP_S`, or twice the wait that 90 % did not exceed before the drill's first
fault; or where a later one, before the next fault, was longer than `stay_s`: a client alone, who asks a lost site before another,
waits for as long as a try, so one longer than that and `GAP_S` is needed, or one longer than the target.

    fault F ─ no silence > gap ─► first ─ none > stay ──────────────► next fault U     not interrupted: RTO 0
    fault F ─ silence > gap ────► first ─ none > stay ──────────────► next fault U     RTO = first - F
    fault F ─ … ────────────────► first ─ silence > stay ─► back ───► next fault U     RTO = back - F
    fault F ─ silence > gap ───────────────── U ───► first                             the next came too soon: RTO = first - F

A service is not measured where nothing of it was acknowledged before the fault, or nobody asked for it afterwards."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from results.drill.record import Event, Record, Request
from results.drill.words import SERVICES

GAP_S = 1.0
"""[s] A shorter silence is none that a person notices (our default)."""
FOREVER = float("inf")
Span = tuple[float, float]
UNKNOWN_BEFORE = ("nothing of it was acknowledged before", "此前没有任何一笔获确认")
UNKNOWN_AFTER = ("nobody asked for it afterwards", "此后无人请求")


@dataclass(frozen=True)
class Disruption:
    """Something after which services are measured: a fault, its end, or a planned switch."""

    t: float
    until: float
    """The next disruption, or the record's end."""
    kind: str
    """befalls · over · switch."""
    what: str
    """As the drill names it."""
    place: str
    to: str
    fault: int | None
    """Place in the drill's `befalls`, of a switch in its `decisions`."""
    words: tuple[str, str]


def disruptions(record: Record) -> list[Disruption]:
    """All of them, in time."""
    found = [(event, *of) for event in record.events if (of := _kind(event, record.drill)) is not None]
    ends = [event.t for event, _, _ in found[1:]] + [record.ends] * bool(found)
    return [
        Disruption(
            event.t,
            max(until, event.t),
            kind,
            what,
            event.place,
            event.to,
            event.decision if kind == "switch" else event.fault,
            event.words,
        )
        for (event, kind, what), until in zip(found, ends, strict=True)
    ]


def _kind(event: Event, drill: dict[str, Any]) -> tuple[str, str] | None:
    """What kind of disruption an event is, and what the drill calls it."""
    if event.what in ("befalls", "over"):
        return event.what, entry(drill["befalls"], event.fault).get("what", "")
    if event.what == "decided" and entry(drill["decisions"], event.decision).get("what") == "switch":
        return "switch", "switch"
    return None


def entry(of: Sequence[dict[str, Any]], place: int | None) -> dict[str, Any]:
    """An entry of the drill's file; empty where an event is of none."""
    return of[place] if place is not None and 0 <= place < len(of) else {}


def target_of(drill: dict[str, Any], service: str) -> float | None:
    """[s] How soon a service is expected to be back."""
    of = drill["expected"]["rto_s"]
    return of.get(service, of.get("all"))  # type: ignore[no-any-return]


def silences(requests: Iterable[Request]) -> list[Span]:
    """Every silence of a service, in time; the last may be endless."""
    waiting = sorted(requests, key=lambda one: one.t)
    acks = sorted({one.done for of in waiting for one in of.tries if one.outcome == "acknowledged"})
    found: list[Span] = []
    heap: list[tuple[float, float]] = []
    place = 0
    for begin, end in pairwise([0.0, *acks, FOREVER]):
        while place < len(waiting) and waiting[place].t < end:
            heapq.heappush(heap, (waiting[place].t, waiting[place].until))
            place += 1
        while heap and heap[0][1] <= begin:
            heapq.heappop(heap)
        if heap:
            found.append((max(begin, heap[0][0]), end))
    return found


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of them do not exceed; None of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(round(len(ordered) * share, 9)) - 1)] if ordered else None


def waits_before(requests: Iterable[Request], first: float) -> list[float]:
    """Waits of those who were answered before the first fault."""
    return [one.wait_s for one in requests if one.answer and one.until <= first]


class Services:
    """The record by service, looked at once."""

    def __init__(self, record: Record, found: Sequence[Disruption]) -> None:
        """`found`: the record's disruptions."""
        self.record, self.found = record, found
        self.first = found[0].t if found else record.ends
        self.of = {name: [one for one in record.requests if one.service == name] for name in SERVICES}
        self.gap_s = {name: self._gap(name) for name in SERVICES}
        self.stay_s = {name: self._stay(name) for name in SERVICES}
        self.silent = {name: silences(of) for name, of in self.of.items()}
        self.acks = {
            name: sorted(one.done for request in of for one in request.tries if one.outcome == "acknowledged")
            for name, of in self.of.items()
        }

    def _gap(self, name: str) -> float:
        usual = quantile(waits_before((one for one in self.of[name] if one.acknowledged), self.first), 0.9)
        return max(GAP_S, 2 * (usual or 0.0))

    def _stay(self, name: str) -> float:
        target = target_of(self.record.drill, name)
        usual = float(self.record.drill["load"]["try_s"]) + GAP_S
        return max(self.gap_s[name], usual if target is None else min(usual, target))

    def too_long(self, name: str) -> list[Span]:
        """Every silence longer than `gap_s`, whatever it came from."""
        return [(begin, end) for begin, end in self.silent[name] if self._lasted(name, begin, end) > self.gap_s[name]]

    def _lasted(self, name: str, begin: float, end: float) -> float:
        """Of an endless one: as long as anybody waited."""
        if end != FOREVER:
            return end - begin
        return max(one.until for one in self.of[name] if one.acknowledged is None) - begin

    def after(self, place: int, name: str) -> dict[str, Any]:
        """How a service fared after a disruption."""
        at, until = self.found[place].t, self._until(place, name)
        why = None
        if not self.acks[name] or self.acks[name][0] > at:
            why = UNKNOWN_BEFORE
        elif not self._asked(name, at, until):
            why = UNKNOWN_AFTER
        if why is not None:
            return {"state": "unknown", "rto_s": None, "back": None, "why": list(why), "longest_s": None}
        mine = [(begin, end) for begin, end in self.silent[name] if end > at and begin < until]
        longest = rounded(max((self._lasted(name, begin, end) for begin, end in mine), default=0.0))
        first = self._first(name, at)
        if first is None or any(
            end == FOREVER and self._lasted(name, begin, end) > self.stay_s[name] for begin, end in mine
        ):
            return {"state": "not_back", "rto_s": None, "back": None, "why": None, "longest_s": longest}
        away = any(end - begin > self.gap_s[name] for begin, end in mine if begin < first)
        later = [end for begin, end in mine if begin >= first and FOREVER > end > begin + self.stay_s[name]]
        if not (away or later):
            return {"state": "not_interrupted", "rto_s": 0.0, "back": None, "why": None, "longest_s": longest}
        back = max([first, *later])
        return {
            "state": "interrupted",
            "rto_s": rounded(back - at),
            "back": rounded(back),
            "why": None,
            "longest_s": longest,
        }

    def _first(self, name: str, at: float) -> float | None:
        """When the first acknowledged try that began after a fault was acknowledged."""
        tries = (one for request in self.of[name] for one in request.tries)
        return min((one.done for one in tries if one.sent >= at and one.outcome == "acknowledged"), default=None)

    def _until(self, place: int, name: str) -> float:
        """The next disruption before which anybody asked for the service."""
        at = self.found[place].t
        return next((one.until for one in self.found[place:] if self._asked(name, at, one.until)), self.record.ends)

    def _asked(self, name: str, since: float, until: float) -> bool:
        return any(request.t < until and request.until > since for request in self.of[name])


def drained(requests: Sequence[Request], at: float, until: float, usual_s: float | None) -> float | None:
    """[s] From a fault to the end of the last second in which more than half of the new requests waited for longer than usual;
    None where the usual is not known, or that second is the last."""
    by_second: dict[int, list[bool]] = {}
    for one in requests:
        if at <= one.t < until and (one.answer is None or one.acknowledged):
            by_second.setdefault(int(one.t - at), []).append(usual_s is None or one.wait_s > usual_s)
    if usual_s is None or not by_second:
        return None
    behind = [second for second, late in by_second.items() if sum(late) * 2 > len(late)]
    if not behind:
        return 0.0
    return None if max(behind) == max(by_second) else float(max(behind) + 1)


def rounded(value: float) -> float:
    """[s] As evidence tells it, to the millisecond."""
    return round(value, 3)
