"""Who led, as the sites themselves said: since which epoch, how often another came to lead, whether two ever did at once, and
who holds what at the end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from results.drill.record import Record, Sample, Try
from results.drill.recovery import rounded

_FRESH = 10
"""[samples] A leader that was heard of in none of the last ones is not known to lead at the end."""
_LOOK_S = 1.0
"""[s] A look at all sites takes no longer."""


class Term(NamedTuple):
    """A site said that it leads in an epoch, from its first such sample to the last in a row."""

    site: str
    epoch: int
    since: float
    until: float


def leaders(sample: Sample) -> dict[str, int]:
    """Who said that it leads, and since which epoch; not one that knows already that another does."""
    return {
        name: int(said.get("epoch", 0))
        for name, said in sample.sites.items()
        if said.get("leads") and said.get("leader") in (None, "", name)
    }


def terms(samples: Iterable[Sample]) -> list[Term]:
    """All of them, by their begin. One who still leads and knows already that another does is in his old term."""
    open_: dict[tuple[str, int], list[float]] = {}
    found: list[Term] = []
    for sample in samples:
        now = leaders(sample)
        now |= {name: epoch for name, epoch in open_ if name not in now and sample.sites.get(name, {}).get("leads")}
        for name, epoch in now.items():
            open_.setdefault((name, epoch), [sample.t, sample.t])[1] = sample.t
        for key in [key for key in open_ if now.get(key[0]) != key[1]]:
            found.append(Term(*key, *open_.pop(key)))
    found += [Term(*key, *span) for key, span in open_.items()]
    return sorted(found, key=lambda one: (one.since, one.epoch))


def leader_at(record: Record, moment: float) -> tuple[str, int]:
    """Who was last said to lead by then, and since which epoch; nobody, 0 where it is not known."""
    place = bisect_right([one.t for one in record.samples], moment)
    for sample in reversed(record.samples[:place]):
        if now := leaders(sample):
            return max(now.items(), key=lambda one: one[1])
    return "", 0


def takeovers(record: Record, found: list[Term]) -> int:
    """How often another site came to lead: by epochs as sampled, and by what the drill noted; the larger, since a short lead may
    fall between two samples."""
    by_epoch = [one.site for one in sorted(found, key=lambda one: (one.epoch, one.since))]
    noted = [one.place for one in record.events if one.what == "leads"]
    if noted and by_epoch and noted[0] != by_epoch[0]:
        noted = [by_epoch[0], *noted]
    return max(_changes(by_epoch), _changes(noted))


def _changes(names: list[str]) -> int:
    return sum(one != other for one, other in pairwise(names))


def two_leaders(record: Record, found: list[Term]) -> dict[str, Any]:
    """Where two sites said at once that they lead, and what breaks the rule: an epoch that two led, or a write that a site
    acknowledged as leader although a later epoch was already led by another when the write was sent."""
    overlaps = [
        {"sites": [one.site, other.site], "epochs": [one.epoch, other.epoch], "since": other.since}
        for place, one in enumerate(found)
        for other in found[place + 1 :]
        if one.site != other.site and other.since <= one.until
    ]
    owners: dict[int, dict[str, float]] = {}
    for term in found:
        owners.setdefault(term.epoch, {}).setdefault(term.site, term.since)
    return {
        "looked_at": len(record.samples),
        "overlaps": overlaps,
        "same_epoch": [
            {"sites": list(sites), "epoch": epoch, "since": max(sites.values())}
            for epoch, sites in owners.items()
            if len(sites) > 1
        ],
        "deposed_writes": _deposed_writes(record, found),
    }


def _deposed_writes(record: Record, found: list[Term]) -> list[dict[str, Any]]:
    """A gateway has its own site answer as long as that leads: so what it acknowledged during a term, the term's site did."""
    times = [one.t for one in record.samples]
    found_writes = []
    for one in record.tries:
        if one.outcome != "acknowledged" or not one.written:
            continue
        by = _term_of(one, found, times)
        if by is None:
            continue
        later = [term for term in found if term.epoch > by.epoch and term.site != by.site and term.since <= one.sent]
        if later:
            found_writes.append(
                {
                    "id": one.id,
                    "t": one.done,
                    "site": by.site,
                    "epoch": by.epoch,
                    "later_epoch": later[-1].epoch,
                    "later_site": later[-1].site,
                }
            )
    return found_writes


def _term_of(one: Try, found: list[Term], times: list[float]) -> Term | None:
    """The asked site's term that holds the samples just before it was sent and just after it was done."""
    before, after = bisect_right(times, one.sent) - 1, bisect_left(times, one.done + _LOOK_S)
    if before < 0 or after >= len(times):
        return None
    return next(
        (of for of in found if of.site == one.site and of.since <= times[before] and of.until >= times[after]), None
    )


def at_end(record: Record) -> dict[str, Any]:
    """Who leads, and which sites hold what the leader holds: those it says are in step, with the day book it has."""
    last = next((one for one in reversed(record.samples[-_FRESH:]) if leaders(one)), None)
    if last is None:
        return {"leader": None, "epoch": None, "said_in_step": [], "in_step": [], "unlike": []}
    leader, epoch = max(leaders(last).items(), key=lambda one: one[1])
    said = list(last.sites[leader].get("in_step") or [])
    final = record.final["sites"]
    own = final.get(leader) or {}
    alike = [name for name, of in final.items() if own.get("seal") and _digests(of) == _digests(own)]
    unlike = [name for name in said if name not in alike]
    unlike += [
        name for name, of in final.items() if name not in (*alike, *unlike) and of.get("windows") == own.get("windows")
    ]
    return {
        "leader": leader,
        "epoch": epoch,
        "said_in_step": said,
        "in_step": [one for one in said if one in alike],
        "unlike": unlike,
    }


def _digests(of: dict[str, Any]) -> tuple[Any, ...]:
    return of.get("windows"), of.get("seal"), of.get("chain")


FAR = "remote"
"""The site that nobody waits for (DR-08)."""


def lanes(record: Record) -> dict[str, list[dict[str, Any]]]:
    """Each site over time as spans of a state: leads · in_step · out_of_step · follows (one too far away to be in
    step) · damaged · gone."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in record.sites}
    for sample in record.samples:
        believed = _believed(sample)
        for name, spans in found.items():
            state = _state(name, sample.sites.get(name) or {}, believed)
            if spans:
                spans[-1]["until"] = rounded(sample.t)
            if not spans or spans[-1]["state"] != state:
                spans.append({"state": state, "since": rounded(sample.t), "until": rounded(sample.t)})
    return found


def _believed(sample: Sample) -> list[str]:
    """Who is in step, as the site that knows the latest epoch says; a leader's word before another's."""
    said = max(
        (of for of in sample.sites.values() if of),
        key=lambda of: (int(of.get("epoch", 0)), bool(of.get("leads"))),
        default={},
    )
    return list(said.get("in_step") or [])


def _state(name: str, said: dict[str, Any], believed: list[str]) -> str:
    if not said:
        return "gone"
    if said.get("damage"):
        return "damaged"
    if said.get("leads"):
        return "leads"
    if name in believed:
        return "in_step"
    return "follows" if name == FAR else "out_of_step"
