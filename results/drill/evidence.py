"""A drill's evidence (证据): one dict from its record, written as ``evidence.json``. Nothing in it is typed in by hand, and what
the record can't show is null with the reason, never a pass."""

from __future__ import annotations

from typing import Any

from results.drill import clients, leading
from results.drill.course import course, decisions, unplanned
from results.drill.record import Record
from results.drill.recovery import Disruption, Services, disruptions, rounded, target_of
from results.drill.words import SERVICES

FORMAT = 1
"""Of ``evidence.json``; another number where a field comes to mean something else."""


def evidence(record: Record) -> dict[str, Any]:
    """All that the record shows. Times are seconds since the drill began, durations seconds, money fen."""
    found = disruptions(record)
    services, loss, terms = Services(record, found), clients.lost(record, found), leading.terms(record.samples)
    courses = [
        course(services, place, loss["by_disruption"].get(place, {"lost": 0, "rpo_s": 0.0}))
        for place in range(len(found))
    ]
    plan, final = record.plan, record.final
    return {
        "format": FORMAT,
        "name": plan["name"],
        "began": plan["began"],
        "release": plan["release"],
        "machine": plan["machine"],
        "played": bool(plan.get("played")),
        "bank": plan["bank"],
        "drill": record.drill,
        "sites": list(record.sites),
        "lasted_s": rounded(record.ends),
        "unplanned": [list(words) for words in unplanned(record)],
        "contradictions": [list(words) for words in clients.contradictions(record)],
        "disruptions": courses,
        "decisions": decisions(record),
        "services": {name: _service(services, name, courses, loss) for name in SERVICES},
        "clients": _clients(record, found, courses),
        "lost": {"ids": loss["ids"], "by_service": loss["by_service"]},
        "doubled": clients.doubled(record),
        "touched": clients.touched(record.requests),
        "struck": clients.struck(record),
        "leading": {
            "terms": [term._asdict() for term in terms],
            "takeovers": leading.takeovers(record, terms),
            "two_leaders": leading.two_leaders(record, terms),
            "at_end": leading.at_end(record),
            "lanes": leading.lanes(record),
        },
        "books": {name: final[name] for name in ("acknowledged", "held", "day_ended", "sites")}
        | {
            "trial_balance_fen": final.get("trial_balance_fen"),
            "postings": final.get("postings") or 0,
            "principal_fen": {name: (final.get(name) or {}).get("principal_fen") for name in ("book", "ledger")},
            "loans": (final.get("book") or {}).get("loans"),
        },
        **({"restored": final["restored"]} if "restored" in final else {}),
        "events": [
            {
                "t": rounded(one.t),
                "what": one.what,
                "place": one.place,
                "to": one.to,
                "words": list(one.words),
                "by": list(one.by),
            }
            for one in record.events
        ],
    }


def _service(services: Services, name: str, courses: list[dict[str, Any]], loss: dict[str, Any]) -> dict[str, Any]:
    """A service over the whole drill: its worst recovery against the target, and what of it was lost; null where it was only
    read."""
    expected = services.record.drill["expected"]
    faults = [(place, of["services"][name]) for place, of in enumerate(courses) if _counts(of, name)]
    unknown = next((of for _, of in faults if of["state"] == "unknown"), None)
    away = next((place for place, of in faults if of["state"] == "not_back"), None)
    worst = max(faults, key=lambda one: one[1]["rto_s"] or 0.0, default=(None, None))[0]
    known = faults and unknown is None and away is None
    return {
        "target_rto_s": target_of(services.record.drill, name),
        "rto_s": max(of["rto_s"] for _, of in faults) if known else None,
        "state": "unknown" if unknown or not faults else "not_back" if away is not None else _worst_state(faults),
        "why": unknown["why"] if unknown else None if faults else ["nothing befell", "未发生任何故障"],
        "worst": away if away is not None else worst,
        "gap_s": rounded(services.gap_s[name]),
        "stay_s": rounded(services.stay_s[name]),
        "silences": [
            [rounded(begin), None if end == float("inf") else rounded(end)] for begin, end in services.too_long(name)
        ],
        "target_rpo_requests": expected["lost_requests"],
        "lost": loss["by_service"][name] if any(one.tries[0].written for one in services.of[name]) else None,
    }


def _counts(of: dict[str, Any], name: str) -> bool:
    """A fault's end, after which nobody came, says nothing either way."""
    return bool(of["kind"] != "over" or of["services"][name]["state"] != "unknown")


def _worst_state(faults: list[tuple[int, dict[str, Any]]]) -> str:
    return "interrupted" if any(of["state"] == "interrupted" for _, of in faults) else "not_interrupted"


def _clients(record: Record, found: list[Disruption], courses: list[dict[str, Any]]) -> dict[str, Any]:
    spans = [
        (one.t, one.t + recovered if (recovered := _recovered_s(of)) is not None else one.until)
        for one, of in zip(found, courses, strict=True)
        if one.kind != "over" or of["all_back_s"] is not None
    ]
    phase_of = clients.phases(spans)
    return clients.counts(record.requests) | {
        "by_service": clients.by_service(record.requests),
        "latency_s": clients.latency(record.requests, phase_of),
        "spans": [[rounded(begin), rounded(end)] for begin, end in spans],
        "errors": clients.errors(record.tries),
    }


def _recovered_s(of: dict[str, Any]) -> float | None:
    """Every service is back, and the backlog drained where that is known."""
    return None if of["all_back_s"] is None else max(of["all_back_s"], of["drained_s"] or 0.0)
