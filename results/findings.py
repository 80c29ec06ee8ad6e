"""What a reader should see first: a handful of sentences, each counted from the run's files. A sentence stands here only
when there is something to say, and it says nothing that the page below does not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from credit.room import Words
from results import names
from results.charts import duration_words
from results.labels import words_of

Row = tuple[Any, ...]
CROWDED = 0.85
"""Utilisation above which queues grow quickly."""
UNANSWERED = 0.02
"""Share of unanswered calls worth a sentence."""


@dataclass(frozen=True)
class Finding:
    """One sentence; `tone` is 'plain' or 'warn'."""

    words: Words
    tone: str = "plain"


def findings(
    waits: Sequence[Row], staff: Sequence[Row], desks: Sequence[Row], partners: Sequence[Row], summary: dict[str, Any]
) -> list[Finding]:
    """Sentences in a fixed order: desks, queues, decisions, partners, refusals, write-offs."""
    return [
        *_desks(staff, desks),
        *_decisions(waits),
        *_partners(partners),
        *_refusals(summary["refusals"]),
        *_written_off(summary["portfolio"]),
    ]


def _desks(staff: Sequence[Row], desks: Sequence[Row]) -> Iterator[Finding]:
    busiest = max(staff, key=lambda row: float(row[2]), default=None)
    if busiest is not None and busiest[2] > 0:
        tone = "warn" if busiest[2] >= CROWDED else "plain"
        yield Finding(words_of("find.desk", desk=names.desk(busiest[0]), share=f"{busiest[2]:.0%}"), tone)
    longest = max(desks, key=lambda row: int(row[5]), default=None)
    if longest is not None and longest[5] > 0:
        yield Finding(
            words_of(
                "find.queue",
                desk=names.desk(longest[0]),
                n=f"{longest[5]:,}",
                day=f"{longest[6]:%Y-%m-%d}",
                left=f"{longest[7]:,}",
            ),
            "warn" if longest[7] * 2 > longest[5] else "plain",
        )
    urged = sum(row[4] for row in desks)
    if urged:
        yield Finding(words_of("find.urged", n=f"{urged:,}"))


def _decisions(waits: Sequence[Row]) -> Iterator[Finding]:
    for step, _, percentiles, _ in waits:
        if step in ("automatic", "manual"):
            half, most = duration_words(percentiles[0]), duration_words(percentiles[2])
            yield Finding(words_of(f"find.{step}", p50=half, p95=most))


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
        event, reason = names.event(first["event"]), names.reason(first["reason"])
        yield Finding(words_of("find.refusal", event=event, reason=reason, n=f"{first['count']:,}"))


def _written_off(portfolio: dict[str, Any]) -> Iterator[Finding]:
    if portfolio["written_off_loans"]:
        amount = f"{portfolio['written_off_fen'] / 100:,.2f}"
        yield Finding(words_of("find.written_off", n=f"{portfolio['written_off_loans']:,}", amount=amount))
