"""Merges the cells' pieces into the files people open: ``daily.parquet``, ``queues.parquet``, ``staff.parquet``,
``partners.parquet``. DuckDB does the work, straight on Parquet. Rule: a day's figure of a gauge is its last reading of
that day, summed over cells; readings of shorter windows are never added up."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from results.schemas import gauge_names
from results.sink import PARTS
from results.sql import quoted, reading

STATISTICS = ("queues", "staff", "partners")
"""Files of statistics, one row a window and pool, person or partner port."""

_EVENT_COUNTS = """
SELECT CAST("at" AS DATE) AS day, 'event.' || CAST(event AS VARCHAR) AS metric, CAST(stage AS VARCHAR) AS stage,
       CAST("case" // 1000000000 AS BIGINT) AS branch, 0::BIGINT AS product, 0::BIGINT AS "group",
       COUNT(*) AS count, CAST(SUM(amount_fen) AS BIGINT) AS amount_fen
FROM {events} GROUP BY ALL
"""
_MEASURES = """
SELECT day, CASE gauge {names} END AS metric, '' AS stage, branch, product, "group",
       CAST(SUM(count) AS BIGINT) AS count, CAST(SUM(amount_fen) AS BIGINT) AS amount_fen
FROM (SELECT *, CAST("at" - INTERVAL 1 MILLISECOND AS DATE) AS day, MAX("at") OVER (
        PARTITION BY CAST("at" - INTERVAL 1 MILLISECOND AS DATE)) AS latest
      FROM {measures})
WHERE "at" >= latest - INTERVAL 1 MILLISECOND GROUP BY ALL
"""


def merge(folder: Path) -> None:
    """Writes daily figures and statistics of a run, then removes the pieces."""
    with duckdb.connect() as connection:
        _daily(connection, folder)
        for name in STATISTICS:
            pieces = _pieces(folder, name)
            if pieces:
                _write(connection, f"SELECT * FROM {reading(pieces)} ORDER BY ALL", folder / f"{name}.parquet")
    shutil.rmtree(folder / PARTS, ignore_errors=True)


def _pieces(folder: Path, name: str) -> list[Path]:
    return sorted((folder / PARTS).glob(f"{name}-*.parquet"))


def _daily(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    parts = [_EVENT_COUNTS.format(events=reading(sorted((folder / "events").glob("*.parquet"))))]
    measures = _pieces(folder, "measures")
    if measures:
        names = " ".join(f"WHEN {code} THEN '{name}'" for code, name in gauge_names().items())
        parts.append(_MEASURES.format(names=names, measures=reading(measures)))
    _write(connection, " UNION ALL ".join(f"({part})" for part in parts) + " ORDER BY ALL", folder / "daily.parquet")


def _write(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    connection.execute(f"COPY ({query}) TO {quoted(file)} (FORMAT parquet, COMPRESSION zstd)")
