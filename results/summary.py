"""The figures of ``summary.json`` that are counted from a run's own files: funnel, refusals, quality, portfolio, ledger. Nothing
here is remembered by the stages, so the summary can't say anything the files do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from results.names import event_of, room_of
from results.quality import quality
from results.schemas import refusing_events
from results.sql import tables_of

_FUNNEL = """
SELECT COUNT(DISTINCT case_no) FILTER (event = 'application_submitted') AS submitted,
       COUNT(DISTINCT case_no) FILTER (event IN ('application_refused', 'customer_declined', 'application_intercepted'))
         AS screened_out,
       COUNT(DISTINCT case_no) FILTER (event = 'application_approved') AS approved,
       COUNT(DISTINCT case_no) FILTER (event IN ('application_declined', 'scoring_rejected')) AS declined,
       COUNT(DISTINCT case_no) FILTER (event = 'contract_signed') AS signed,
       COUNT(DISTINCT case_no) FILTER (event = 'loan_disbursed') AS disbursed
FROM {events}
WHERE case_no {whose} (SELECT case_no FROM {events} WHERE event = 'application_submitted')
  AND event IN ('application_submitted', 'application_refused', 'customer_declined', 'application_intercepted',
                'application_approved', 'application_declined', 'scoring_rejected', 'contract_signed', 'loan_disbursed')
"""
_REFUSALS = """
SELECT CAST(room AS VARCHAR), CAST(event AS VARCHAR), CAST(reason AS VARCHAR), COUNT(*) FROM {events}
WHERE reason IS NOT NULL AND event IN ({refusing}) GROUP BY ALL
"""
_LAST_DAY = """
SELECT metric, grp, CAST(SUM(count) AS BIGINT) AS count, CAST(SUM(amount_fen) AS BIGINT) AS amount
FROM {daily}
WHERE day = (SELECT MAX(day) FROM {daily} WHERE NOT STARTS_WITH(metric, 'event.')) AND NOT STARTS_WITH(metric, 'event.')
GROUP BY ALL ORDER BY ALL
"""
_WRITTEN_OFF = """
SELECT COUNT(DISTINCT loan) AS loans, SUM(amount_fen) AS amount FROM {events} WHERE event = 'loan_written_off'
"""
_LEDGER = "SELECT COUNT(*) AS postings, SUM(amount_fen) AS trial_balance_fen FROM {ledger}"
_LOAN_DAYS = "SELECT SUM(count) AS days FROM {daily} WHERE metric = 'loans_active'"


def figures(folder: Path) -> dict[str, Any]:
    """Funnel, refusals, quality (`results.quality`), portfolio, ledger and loan-days of a merged run folder. Counts of one
    thing each: applications, cases, loans; amounts in fen. `funnel` is of those who applied in this run, `inherited` of the
    cases that were under way in the book it began with, so that no share of a funnel is above one.

    Both rates are shares of the outstanding principal on the balance sheet at the last day's end: `overdue_rate` (逾期率) of
    loans with DPD >= 1, `npl_rate` (不良率) of loans marked non-performing. They are 0 where nothing is outstanding, and exact
    for the run: no confidence interval belongs to them. `postings` counts rows of the ledger, `trial_balance_fen` adds them
    up and is 0 in a sound run; `loan_days` is the number of loans on the books, summed over the days' ends."""
    tables = tables_of(folder)
    refusing = ", ".join(f"'{event.name.lower()}'" for event in refusing_events())
    with duckdb.connect() as connection:
        return {
            "funnel": _row(connection, _FUNNEL.format(whose="IN", **tables)),
            "inherited": _row(connection, _FUNNEL.format(whose="NOT IN", **tables)),
            "refusals": _refusals(connection.execute(_REFUSALS.format(refusing=refusing, **tables)).fetchall()),
            "quality": quality(connection, tables),
            "portfolio": _portfolio(connection, tables),
            "ledger": _ledger(connection, tables),
            "loan_days": _row(connection, _LOAN_DAYS.format(**tables))["days"],
        }


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    values = cursor.fetchone() or ()
    return {name: int(value or 0) for name, value in zip(names, values, strict=True)}


def _refusals(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Refusals by the event, with the room whose event it is, and the reason; the most frequent first."""
    found: dict[tuple[str, str, str], int] = {}
    for told_by, name, reason, count in rows:
        event = event_of(told_by, name)
        if event is not None and event.said.refuses:
            key = (room_of(event), name, reason)
            found[key] = found.get(key, 0) + count
    ordered = sorted(found.items(), key=lambda one: (-one[1], *one[0][1:], one[0][0]))
    return [{"room": room, "event": name, "reason": reason, "count": n} for (room, name, reason), n in ordered]


def _ledger(connection: duckdb.DuckDBPyConnection, tables: dict[str, str]) -> dict[str, int]:
    if "ledger" not in tables:
        return {"postings": 0, "trial_balance_fen": 0}
    return _row(connection, _LEDGER.format(**tables))


def _portfolio(connection: duckdb.DuckDBPyConnection, tables: dict[str, str]) -> dict[str, Any]:
    rows = connection.execute(_LAST_DAY.format(**tables)).fetchall()
    buckets = {group: (int(count), int(amount)) for metric, group, count, amount in rows if metric == "loans_by_bucket"}
    outstanding = sum(amount for _, amount in buckets.values())
    overdue = sum(amount for group, (_, amount) in buckets.items() if group != "current")
    bad = sum(int(amount) for metric, _, _, amount in rows if metric == "non_performing")
    written_off = _row(connection, _WRITTEN_OFF.format(**tables))
    return {
        "active_loans": sum(count for count, _ in buckets.values()),
        "outstanding_fen": outstanding,
        "overdue_rate": round(overdue / outstanding, 6) if outstanding else 0.0,
        "npl_rate": round(bad / outstanding, 6) if outstanding else 0.0,
        "written_off_loans": written_off["loans"],
        "written_off_fen": written_off["amount"],
        "by_bucket": {group: {"loans": c, "outstanding_fen": a} for group, (c, a) in buckets.items()},
    }
