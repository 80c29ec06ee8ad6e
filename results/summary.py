"""The figures of ``summary.json`` that are counted from a run's own files: funnel, refusals, quality, portfolio, ledger. Nothing
here is remembered by the stages, so the summary can't say anything the files do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from credit.bank import PIPELINE
from credit.codes import Step
from results.names import event_of, room_of
from results.quality import quality
from results.schemas import refusing_events
from results.sql import tables_of
from results.standing import CLOSING, STANDING, spelt

_SCREENING = [room.events for room in PIPELINE if room.name in ("applications", "customers", "scoring")]
_BEFORE_APPROVAL = tuple(event for event in CLOSING if type(event) in _SCREENING)
"""What closes a case in the rooms up to scoring; a case that had come to approval by then is no case of the screening."""
_FUNNEL = f"""
WITH reached AS (
  SELECT case_no, BOOL_OR(event = 'application_approved') AS approved,
         BOOL_OR(event IN ('application_declined', 'scoring_rejected')) AS declined, BOOL_OR(event = 'contract_signed') AS signed
  FROM {{events}} WHERE case_no > 0 GROUP BY case_no)
SELECT COUNT(*) FILTER (came) AS submitted,
       COUNT(*) FILTER (closed AND event IN ({spelt(_BEFORE_APPROVAL)}) AND COALESCE(furthest, 0) < {int(Step.APPROVAL)})
         AS screened_out,
       COUNT(*) FILTER (approved) AS approved, COUNT(*) FILTER (declined) AS declined, COUNT(*) FILTER (signed) AS signed,
       COUNT(*) FILTER (paid_out) AS disbursed, COUNT(*) FILTER (closed) AS closed,
       COUNT(*) FILTER (NOT paid_out AND NOT closed) AS open
FROM standing JOIN reached USING (case_no) WHERE came = {{came}}
"""
_CLOSED = "SELECT event, COUNT(*) FROM standing WHERE came AND closed GROUP BY event"
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
    cases that were under way in the book it began with, so that no share of a funnel is above one. Of those who applied each is
    `disbursed`, `closed` with nothing paid out (`ends`: by which event), or `open`.

    Both rates are shares of the outstanding principal on the balance sheet at the last day's end: `overdue_rate` (逾期率) of
    loans with DPD >= 1, `npl_rate` (不良率) of loans marked non-performing. They are 0 where nothing is outstanding, and exact
    for the run: no confidence interval belongs to them. `postings` counts rows of the ledger, `trial_balance_fen` adds them
    up and is 0 in a sound run; `loan_days` is the number of loans on the books, summed over the days' ends."""
    tables = tables_of(folder)
    refusing = ", ".join(f"'{event.name.lower()}'" for event in refusing_events())
    with duckdb.connect() as connection:
        connection.execute(STANDING.format(**tables))
        inherited = _row(connection, _FUNNEL.format(came=False, **tables))
        return {
            "funnel": _row(connection, _FUNNEL.format(came=True, **tables)),
            "inherited": {name: count for name, count in inherited.items() if name != "open"},
            "ends": _ends(connection),
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


def _ends(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """By which events applications of this run were closed with nothing paid out, in the order of the rooms."""
    found = dict(connection.execute(_CLOSED).fetchall())
    told = [(room_of(event), event.name.lower()) for event in CLOSING]
    return [{"room": room, "event": name, "count": found[name]} for room, name in told if name in found]


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
