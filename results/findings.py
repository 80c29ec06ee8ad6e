"""What a reader should see first: a handful of sentences, each counted from the run's files. A sentence stands here only
when there is something to say, and it says nothing that the page below does not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from credit.room import Words
from results import names
from results.charts import NOT_REACHED, duration_words
from results.happenings import Happening, missed
from results.labels import words_of

Row = tuple[Any, ...]
CROWDED = 0.85
"""Utilisation above which queues grow quickly."""
BOTTLENECK = 0.1
"""A desk of a branch whose people were busy all the time in this share of their hours is a bottleneck. Ours: one hour in ten."""
WORTH_SAYING = 0.005
"""Use from which the busiest desk is not said to be 0% busy."""
UNANSWERED = 0.02
"""Share of unanswered calls worth a sentence."""


@dataclass(frozen=True)
class Finding:
    """One sentence; `tone` is 'plain' or 'warn'."""

    words: Words
    tone: str = "plain"


def findings(
    waits: Sequence[Row],
    desks: Sequence[dict[str, Any]],
    partners: Sequence[Row],
    summary: dict[str, Any],
    planned: Sequence[Happening] = (),
) -> list[Finding]:
    """Sentences in a fixed order: what was planned and missed, outages of the bank's own, desks, queues, decisions, partners,
    refusals, write-offs."""
    return [
        *(Finding(words_of(f"find.missed.{one.state}", what=one.words), "warn") for one in missed(planned)),
        *_outages(summary.get("outages", [])),
        *_desks(desks),
        *_decisions(waits),
        *_partners(partners),
        *_refusals(summary["refusals"]),
        *_written_off(summary["portfolio"]),
    ]


def _outages(outages: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    for one in outages:
        applications, slowest = one["applications"], _slowest(one["desks"])
        what = words_of(f"outage.{one['kind']}", what=names.target("", "", one["branches_away"]))
        times = {"since": one["start"][:16], "until": one["back"][11:16]}
        counts = {"waited": f"{applications['waited']:,}", "never": f"{applications['never']:,}"}
        yield Finding(words_of("find.outage", what=what, **times, **counts), "warn")
        if slowest is not None:
            drained = slowest["drain_ms"] is not None
            time = {"time": duration_words(slowest["drain_ms"])} if drained else {}
            desk = names.desk(slowest["desk"])
            yield Finding(words_of("find.drain" if drained else "find.not_drained", desk=desk, **time), "warn")


def _slowest(desks: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The desk that needed longest for its backlog; None where none had one."""
    grown = [desk for desk in desks if desk["drain_ms"] is None or desk["drain_ms"] > 0]
    return max(grown, key=lambda desk: float("inf") if desk["drain_ms"] is None else desk["drain_ms"], default=None)


def _desks(desks: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    busiest = max(desks, key=lambda desk: float(desk["used"]), default=None)
    if busiest is not None and busiest["used"] >= WORTH_SAYING:
        tone = "warn" if busiest["used"] >= CROWDED else "plain"
        yield Finding(words_of("find.desk", desk=names.desk(busiest["role"]), share=f"{busiest['used']:.0%}"), tone)
    yield from _bottleneck(desks)
    longest = max(desks, key=lambda desk: int(desk["peak"]), default=None)
    if longest is not None and longest["peak"] > 0:
        yield Finding(
            words_of(
                "find.queue",
                desk=names.desk(longest["role"]),
                n=f"{longest['peak']:,}",
                where=names.queue_at(longest["role"], longest["peak_branch"]),
                day=f"{longest['peak_at']:%Y-%m-%d}",
                left=f"{longest['peak_left']:,}",
            ),
            "warn" if longest["peak_left"] * 2 > longest["peak"] else "plain",
        )
    urged = sum(desk["urged"] for desk in desks)
    if urged:
        yield Finding(words_of("find.urged", n=f"{urged:,}"))


def _bottleneck(desks: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    """The desk that was full for the largest share of its hours at some branch, with those next to it; where none was for long,
    that none was, and where most of the waiting lay."""
    waited = sum(desk["waited"] for desk in desks)
    full = sorted(desks, key=lambda desk: (-desk["full_share"], -desk["waited"]))
    narrow = [desk for desk in full if desk["full_share"] >= BOTTLENECK]
    if narrow:
        first, *others = map(_fullness, narrow)
        also = words_of(
            "find.bottleneck.also", desks=(", ".join(en for en, _ in others), "、".join(zh for _, zh in others))
        )
        share = f"{narrow[0]['waited'] / waited:.0%}" if waited else "–"
        yield Finding(
            words_of(
                "find.bottleneck",
                desk=first,
                also=also if others else ("", ""),
                waiting=share,
                limit=f"{BOTTLENECK:.0%}",
            ),
            "warn",
        )
    elif waited:
        slowest = max(desks, key=lambda desk: float(desk["waited"]))
        share = f"{slowest['waited'] / waited:.0%}"
        yield Finding(
            words_of("find.waiting", desk=names.desk(slowest["role"]), share=share, limit=f"{BOTTLENECK:.0%}")
        )


def _fullness(desk: dict[str, Any]) -> Words:
    counts = {
        "hours": f"{desk['full_hours']:,}",
        "open": f"{desk['open_hours']:,}",
        "share": f"{desk['full_share']:.0%}",
    }
    return words_of("find.full", desk=names.desk(desk["role"]), where=names.branch(desk["full_branch"]), **counts)


def _decisions(waits: Sequence[Row]) -> Iterator[Finding]:
    for step, _, _, open_ones, (half, _, most, _), _ in waits:
        if step in ("automatic", "manual"):
            spoken = [duration_words(time) if time is not None else NOT_REACHED for time in (half, most)]
            still = words_of("find.open", n=f"{open_ones:,}") if open_ones else ("", "")
            yield Finding(words_of(f"find.{step}", p50=spoken[0], p95=spoken[1], still=still))


def _partners(partners: Sequence[Row]) -> Iterator[Finding]:
    for partner, calls, unanswered, _, _ in partners:
        if unanswered >= UNANSWERED * calls:
            yield Finding(
                words_of(
                    "find.partner",
                    partner=names.partner(partner),
                    n=f"{unanswered:,}",
                    calls=f"{calls:,}",
                    share=f"{unanswered / calls:.1%}",
                ),
                "warn",
            )


def _refusals(refusals: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    if refusals:
        first = refusals[0]
        event, reason = names.event(first["room"], first["event"]), names.reason(first["reason"])
        yield Finding(words_of("find.refusal", event=event, reason=reason, n=f"{first['count']:,}"))


def _written_off(portfolio: dict[str, Any]) -> Iterator[Finding]:
    if portfolio["written_off_loans"]:
        amount = f"{portfolio['written_off_fen'] / 100:,.2f}"
        yield Finding(words_of("find.written_off", n=f"{portfolio['written_off_loans']:,}", amount=amount))
