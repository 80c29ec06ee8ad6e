"""The figures of a run by name, each with one definition: what `lendrill compare` puts side by side, and what an expression of
`--fail-if` may speak of. A figure that is a share of independent draws has a 95% interval (Wilson's); the others are exact for
their run and have none. Tasks are no such draws: they wait in one queue, and a day's pass their limits together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from results import charts
from results.folder import RunFolderError, read_scenario, read_summary
from results.intervals import Interval, wilson
from results.quality import MEASURES
from results.queries import RunQueries
from results.report import desks_of, span_of
from results.standing import CLOSING


class Figure(NamedTuple):
    """One figure: `value` None where the run has none (nothing happened, or a percentile is not reached) · `of`: of a share of
    counted things how many they are."""

    value: float | None
    interval: Interval | None = None
    of: int | None = None


Figures = dict[str, Figure]


def figures(folder: Path) -> Figures:
    """Every figure of a finished run, by name, in the order in which they are told. Amounts in yuan, times in hours, shares
    between 0 and 1."""
    summary, scenario = read_summary(folder), read_scenario(folder)
    estimated = summary["customers"] > len(scenario.get("script", []))
    with RunQueries(folder) as queries:
        try:
            found = dict(_counted(summary))
        except (KeyError, TypeError) as error:
            raise RunFolderError(f"the summary of {folder} lacks {error}; run it again") from None
        found |= dict(_waits(queries, charts.stamp(span_of(summary, scenario).until)))
        found |= dict(_at_desks(queries, scenario))
    found |= dict(_outages(summary.get("outages", [])))
    return found if estimated else {name: one._replace(interval=None) for name, one in found.items()}


def _counted(summary: dict[str, Any]) -> Iterator[tuple[str, Figure]]:
    funnel, portfolio = summary["funnel"], summary["portfolio"]
    yield "customers", Figure(summary["customers"])
    yield "days", Figure(summary["days"])
    for name, count in funnel.items():
        yield name, Figure(count)
    for name in ("screened_out", "approved", "declined", "signed", "disbursed"):
        whole = funnel["submitted"]
        yield f"{name}_share", Figure(funnel[name] / whole if whole else None, wilson(funnel[name], whole), whole)
    ends = {row["event"]: row["count"] for row in summary["ends"]}
    for event in (one.name.lower() for one in CLOSING):
        yield f"ended_{event}", Figure(ends.get(event, 0))
    for measure in MEASURES:
        of, count = (summary["quality"][measure.name][which] for which in ("of", "count"))
        yield measure.name, Figure(count)
        share = count / of if of else None
        yield f"{measure.name}_share", Figure(share, wilson(count, of) if measure.drawn else None, of)
    yield "active_loans", Figure(portfolio["active_loans"])
    yield "outstanding_yuan", Figure(portfolio["outstanding_fen"] / 100)
    outstanding = bool(portfolio["outstanding_fen"])
    yield "overdue_rate", Figure(portfolio["overdue_rate"] if outstanding else None)
    yield "npl_rate", Figure(portfolio["npl_rate"] if outstanding else None)
    yield "written_off_yuan", Figure(portfolio["written_off_fen"] / 100)
    yield "postings", Figure(summary["ledger"]["postings"])
    yield "trial_balance_fen", Figure(summary["ledger"]["trial_balance_fen"])


def _outages(outages: list[dict[str, Any]]) -> Iterator[tuple[str, Figure]]:
    """Of all outages of the bank's own together: counts are sums, times the longest of them."""
    if not outages:
        return
    applications, customers = ([one[who] for one in outages] for who in ("applications", "customers"))
    yield "outage_applications_waited", Figure(sum(one["waited"] for one in applications))
    yield "outage_applications_never", Figure(sum(one["never"] for one in applications))
    for share in ("median", "p95", "longest"):
        yield f"outage_wait_{share}_hours", _hours([one[f"{share}_ms"] for one in applications if one["came"]])
    yield "outage_customers_waited", Figure(sum(one["waited"] for one in customers))
    for desk in dict.fromkeys(row["desk"] for one in outages for row in one["desks"]):
        rows = [row for one in outages for row in one["desks"] if row["desk"] == desk]
        open_ones = any(row["drain_ms"] is None for row in rows)
        yield f"drain_{desk}_hours", Figure(None) if open_ones else _hours([row["drain_ms"] for row in rows])
    yield "outage_urged", Figure(sum(one["limits"]["days"]["urged"] for one in outages))
    yield "outage_day_ends_late", Figure(sum(not day["in_time"] for one in outages for day in one["day_ends"]))


def _hours(milliseconds: list[int]) -> Figure:
    return Figure(max(milliseconds) / 3_600_000 if milliseconds else None)


def _waits(queries: RunQueries, until: str) -> Iterator[tuple[str, Figure]]:
    for step, cases, ended, still, percentiles, _ in queries.waits(until):
        for share, time in zip(("median", "p90", "p95", "p99"), percentiles, strict=True):
            yield f"wait_{step}_{share}_hours", Figure(None if time is None else time / 3_600_000)
        yield f"open_{step}", Figure(still)
        yield f"closed_{step}", Figure(cases - ended - still)


def _at_desks(queries: RunQueries, scenario: dict[str, Any]) -> Iterator[tuple[str, Figure]]:
    limits = queries.limits_told()
    for desk in desks_of(queries, scenario):
        role = desk["role"]
        yield f"people_{role}", Figure(desk["people"])
        yield f"use_{role}", Figure(desk["used"])
        yield f"worst_hour_{role}", Figure(desk["worst_used"] if desk["worst_hour"] else None)
        yield f"full_hours_{role}", Figure(desk["full_hours"])
        yield f"full_share_{role}", Figure(desk["full_share"] if desk["open_hours"] else None, of=desk["open_hours"])
        yield f"wait_{role}_mean_hours", Figure(desk["wait"] / 3_600_000 if desk["begun"] else None)
        yield f"queue_{role}_longest", Figure(desk["peak"])
        yield f"queue_{role}_end", Figure(desk["left"])
        yield f"urged_{role}", Figure(desk["urged"])
        known = limits.get(role, 0)
        yield f"sla_{role}", Figure(max(1 - desk["urged"] / known, 0.0) if known else None, of=known)
