"""The course of each fault: when it was noticed, when a change of the leading site was decided and by whom, when another led,
when every service was back, and when the backlog was drained. Detection, decision and technical time stand apart:

    fault ──detection──► noticed ──decision──► decided ──technical──► every service back
                         by a site, or by a client who was not answered, whichever came first

Where a site takes over by itself nobody decides: all until then is detection, the silence that it waits for included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from results.drill.clients import failed
from results.drill.leading import leader_at, leaders
from results.drill.record import Event, Record
from results.drill.recovery import Disruption, Services, drained, entry, quantile, rounded, waits_before
from results.drill.words import SERVICES

BASELINE = 20
"""[requests] Fewer answered before the first fault do not say what is usual."""
_SAYS = frozenset({"out_of_step", "astray", "leads"})
"""What happens of itself only after a site has noticed something. (`noticed` is what the drill itself sees, which a bank without
a drill has nobody for.)"""


def course(services: Services, place: int, loss: dict[str, Any]) -> dict[str, Any]:
    """One disruption's; `loss`: what was lost by it."""
    record, one = services.record, services.found[place]
    of_services = {name: services.after(place, name) for name in SERVICES}
    backs = [of["back"] for of in of_services.values() if of["state"] == "interrupted"]
    states = {of["state"] for of in of_services.values()}
    state = next(one for one in ("not_back", "unknown", "interrupted", "not_interrupted") if one in states)
    whole = state in ("interrupted", "not_interrupted")
    back = max(backs) if backs and whole else None
    until = _window_end(services.found, place, (back or one.t) if whole else record.ends)
    site, client = _noticed_by_site(record, one.t, until), _noticed_by_client(record, one.t, until)
    noticed = min((moment for moment in (site, client) if moment is not None), default=None)
    before, epoch = leader_at(record, one.t)
    switched, to = _switched(record, one.t, until, before, epoch)
    decision = _decision(record, one, until, switched, epoch)
    decided = decision["decided"] if decision is not None else None
    acted = decided if decision is not None and decision["how"] == "by_itself" else noticed
    return {
        "kind": one.kind,
        "what": one.what,
        "process": _process(record, one),
        "place": one.place,
        "to": one.to,
        "fault": one.fault,
        "words": list(one.words),
        "t": rounded(one.t),
        "until": rounded(one.until),
        "over": _over(record, one),
        "noticed": _moment(noticed),
        "noticed_by_site": _moment(site),
        "noticed_by_client": _moment(client),
        "leader_before": before,
        "switched": _moment(switched),
        "switched_to": to,
        "decision": decision,
        "services": of_services,
        "state": state,
        "back": _moment(back),
        "all_back_s": (rounded(back - one.t) if back is not None else 0.0 if whole else None),
        "apart": _apart(one.t, acted, decided, back),
        "drained_s": _drained(services, one),
        **loss,
    }


def _process(record: Record, one: Disruption) -> str:
    return entry(record.drill["befalls"], one.fault).get("process", "") if one.what in ("kill", "hang") else ""


def _moment(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def _window_end(found: Sequence[Disruption], place: int, back: float) -> float:
    """The next fault or planned switch after the services were back; ends of faults are part of the course."""
    later = (one.t for one in found[place + 1 :] if one.kind != "over" and one.t > back)
    return next(later, max(one.until for one in found[place:]))


def _over(record: Record, one: Disruption) -> float | None:
    if one.kind != "befalls":
        return None
    return next(
        (
            _moment(event.t)
            for event in record.events
            if event.what == "over" and event.fault == one.fault and event.t >= one.t
        ),
        None,
    )


def _noticed_by_site(record: Record, since: float, until: float) -> float | None:
    """When a site first said that something is amiss."""
    said = [event.t for event in record.events if event.what in _SAYS and since <= event.t <= until]
    said += [
        sample.t
        for sample in record.samples
        if since <= sample.t <= until and any(of.get("damage") for of in sample.sites.values())
    ][:1]
    return min(said, default=None)


def _noticed_by_client(record: Record, since: float, until: float) -> float | None:
    """When a client's try first ended without an answer."""
    return min((one.done for one in record.tries if failed(one) and since <= one.done <= until), default=None)


def _switched(record: Record, since: float, until: float, before: str, epoch: int) -> tuple[float | None, str]:
    """When another site led, and which: as noted, or as first sampled."""
    for event in record.events:
        if event.what == "leads" and since <= event.t <= until and event.place != before:
            return event.t, event.place
    for sample in record.samples:
        if since <= sample.t <= until:
            for name, of in leaders(sample).items():
                if name != before and of > epoch:
                    return sample.t, name
    return None, ""


def _decision(
    record: Record, one: Disruption, until: float, switched: float | None, epoch: int
) -> dict[str, Any] | None:
    """Who decided that another site leads; None where nobody had to."""
    last = until if switched is None else switched
    if one.kind == "switch":
        decided = next(event for event in record.events if _is(event, "decided", one.t, one.t))
        return _by_people(record, decided)
    for event in record.events:
        if (
            _is(event, "decided", one.t, last)
            and entry(record.drill["decisions"], event.decision).get("what") == "take_over"
        ):
            return _by_people(record, event)
    if switched is None:
        return None
    changed = [
        sample.t
        for sample in record.samples
        if one.t <= sample.t <= switched and any(int(of.get("epoch", 0)) > epoch for of in sample.sites.values())
    ]
    return {
        "how": "by_itself",
        "asked": None,
        "decided": rounded(min([*changed, switched])),
        "by": [],
        "decision": None,
    }


def _is(event: Event, what: str, since: float, until: float) -> bool:
    return event.what == what and since <= event.t <= until


def _by_people(record: Record, event: Event) -> dict[str, Any]:
    asked = [of.t for of in record.events if of.what == "asked" and of.decision == event.decision and of.t <= event.t]
    return {
        "how": "by_people",
        "asked": _moment(max(asked, default=None)),
        "decided": rounded(event.t),
        "by": list(event.by),
        "decision": event.decision,
    }


def _apart(at: float, noticed: float | None, decided: float | None, back: float | None) -> dict[str, float | None]:
    """[s] Detection, decision and technical time, which together are the recovery. None: there was none."""
    begun = at if noticed is None or (back is not None and noticed > back) else noticed
    settled = begun if decided is None or (back is not None and decided > back) else max(decided, begun)
    return {
        "detection_s": None if noticed is None else rounded(begun - at),
        "decision_s": None if decided is None else rounded(settled - begun),
        "technical_s": None if back is None else rounded(back - settled),
    }


def _drained(services: Services, one: Disruption) -> float | None:
    waits = waits_before(services.record.requests, services.first)
    usual = quantile(waits, 0.95) if len(waits) >= BASELINE else None
    return drained(services.record.requests, one.t, one.until, usual)


def decisions(record: Record) -> list[dict[str, Any]]:
    """Each decision of the drill's file: when people were asked, what they decided, who, and how soon."""
    found = []
    for place, planned in enumerate(record.drill["decisions"]):
        mine = [event for event in record.events if event.decision == place]
        asked = next((event.t for event in mine if event.what == "asked"), None)
        decided = next((event for event in mine if event.what == "decided"), None)
        refused = next((event for event in mine if event.what == "refused"), None)
        took = None if asked is None or decided is None else rounded(decided.t - asked)
        found.append(
            {
                "what": planned["what"],
                "site": planned["site"],
                "question": [planned["question_en"], planned["question_zh"]],
                "within_s": planned["within_s"],
                "asked": _moment(asked),
                "decided": None if decided is None else rounded(decided.t),
                "took_s": took,
                "by": [] if decided is None else list(decided.by),
                "refused": None if refused is None else list(refused.words),
            }
        )
    return found


def unplanned(record: Record) -> list[tuple[str, str]]:
    """What of the drill's file did not happen, English and Chinese, a line each."""
    found = []
    for place, planned in enumerate(record.drill["befalls"]):
        times = sum(event.what == "befalls" and event.fault == place for event in record.events)
        needed = planned.get("times", 1)
        if times < needed:
            found.append(
                (
                    f"befalls[{place + 1}] ({planned['what']}) befell {times} of {needed} times",
                    f"故障 {place + 1}（{planned['what']}）发生 {times} 次，应为 {needed} 次",
                )
            )
    for place, of in enumerate(decisions(record)):
        if of["asked"] is None:
            found.append(
                (f"decisions[{place + 1}] ({of['what']}) was never asked", f"决策 {place + 1}（{of['what']}）从未提请")
            )
    return found
