"""Two runs side by side: their key figures, and what became of the same applications in each. Applications are paired by their
reference (which visit of which person), which the same seed gives the same people and the same luck in every scenario; who comes
again counts once a visit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from results.folder import RunFolderError, read_summary
from results.sql import tables_of

_LIFE = """
CREATE TEMP TABLE {name} AS
WITH submitted AS (SELECT value AS reference, case_no FROM {events} WHERE event = 'application_submitted'),
fate AS (
  SELECT case_no, BOOL_OR(event = 'loan_disbursed') AS paid_out, BOOL_OR(event = 'application_approved') AS approved,
         BOOL_OR(event = 'overdue_started') AS overdue, BOOL_OR(event = 'npl_marked') AS npl
  FROM {events} WHERE event IN ('loan_disbursed', 'application_approved', 'overdue_started', 'npl_marked') GROUP BY case_no)
SELECT reference, CASE WHEN BOOL_OR(npl) THEN 'non-performing' WHEN BOOL_OR(overdue) THEN 'was overdue'
                   WHEN BOOL_OR(paid_out) THEN 'paid out' WHEN BOOL_OR(approved) THEN 'approved only'
                   ELSE 'not approved' END AS fate
FROM submitted LEFT JOIN fate USING (case_no) GROUP BY reference
"""
FATES = ("not approved", "approved only", "paid out", "was overdue", "non-performing")


@dataclass(frozen=True)
class Comparison:
    """`figures`: (name, first, second) with plain numbers; `fates`: fate in the first run → fate in the second → applications;
    `paired`: applications found in both."""

    names: tuple[str, str]
    figures: list[tuple[str, float, float]]
    fates: dict[str, dict[str, int]]
    paired: int
    same_seed: bool


def compare(first: Path, second: Path) -> Comparison:
    """Compares two run folders. RunFolderError when one of them is no finished run."""
    summaries = (read_summary(first), read_summary(second))
    fates, paired = _pair(first, second)
    return Comparison(
        (str(first), str(second)),
        [(name, a, b) for (name, a), (_, b) in zip(_figures(summaries[0]), _figures(summaries[1]), strict=True)],
        fates,
        paired,
        summaries[0]["seed"] == summaries[1]["seed"],
    )


def _figures(summary: dict[str, Any]) -> list[tuple[str, float]]:
    try:
        funnel, portfolio, ledger = summary["funnel"], summary["portfolio"], summary["ledger"]
        return [
            ("customers", summary["customers"]),
            ("days", summary["days"]),
            *((name.replace("_", " "), float(value)) for name, value in funnel.items()),
            ("active loans", portfolio["active_loans"]),
            ("outstanding, yuan", portfolio["outstanding_fen"] / 100),
            ("overdue rate, %", 100 * portfolio["overdue_rate"]),
            ("NPL rate, %", 100 * portfolio["npl_rate"]),
            ("written off, yuan", portfolio["written_off_fen"] / 100),
            ("postings", ledger["postings"]),
        ]
    except (KeyError, TypeError) as error:
        raise RunFolderError(f"the summary of {summary.get('scenario')} lacks {error}; run it again") from None


def _pair(first: Path, second: Path) -> tuple[dict[str, dict[str, int]], int]:
    with duckdb.connect() as connection:
        for name, folder in (("one", first), ("two", second)):
            connection.execute(_LIFE.format(name=name, events=tables_of(folder)["events"]))
        rows = connection.execute(
            "SELECT one.fate, two.fate, COUNT(*) FROM one JOIN two USING (reference) GROUP BY ALL"
        ).fetchall()
    fates = {a: dict.fromkeys(FATES, 0) for a in FATES}
    for a, b, count in rows:
        fates[a][b] = int(count)
    return fates, sum(int(count) for _, _, count in rows)
