"""Merges the cells' pieces into the files people open: ``daily.parquet``, ``queues.parquet``, ``staff.parquet``,
``partners.parquet``, ``cases.parquet``, with a dictionary of their codes beside them. DuckDB does the work, straight on
Parquet: codes become the names of the dictionary. A day's figure of a gauge is its last reading of that day, summed
over cells; readings of shorter windows are never added up."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from credit.policies import Overrides
from results import dictionary
from results.schemas import SCHEMA, fingerprint
from results.sink import PARTS
from results.sql import quoted, reading

STATISTICS = {"queues": "role", "hours": "role", "staff": "role", "partners": "partner", "waited": "who"}
"""Files of statistics (of pools by what happened and by hour, of people by day, of partner ports by window, of who met an
outage of the bank's own), and the column of each that holds a code."""

_CASES = """
SELECT case_no, ANY_VALUE(branch) AS branch, ANY_VALUE(CAST(product AS VARCHAR)) AS product,
       ANY_VALUE(value) FILTER (event = 'application_submitted') AS reference,
       MIN(ts) FILTER (event = 'application_submitted') AS submitted
FROM {events} WHERE case_no > 0 AND product IS NOT NULL GROUP BY case_no ORDER BY case_no
"""
_EVENT_COUNTS = """
SELECT CAST(ts AS DATE) AS day, 'event.' || CAST(event AS VARCHAR) AS metric, CAST(room AS VARCHAR) AS room,
       CAST(branch AS BIGINT) AS branch, CAST(product AS VARCHAR) AS product, NULL AS grp,
       COUNT(*) AS count, CAST(SUM(amount_fen) AS BIGINT) AS amount_fen
FROM {events} GROUP BY ALL
"""
_MEASURES = """
SELECT day, gauges.name AS metric, gauges.room, branch, products.name AS product,
       COALESCE(groups.name, CAST(NULLIF(grp, 0) AS VARCHAR)) AS grp,
       CAST(SUM(count) AS BIGINT) AS count, CAST(SUM(amount_fen) AS BIGINT) AS amount_fen
FROM (SELECT *, CAST(ts - INTERVAL 1 MILLISECOND AS DATE) AS day, MAX(ts) OVER (
        PARTITION BY CAST(ts - INTERVAL 1 MILLISECOND AS DATE)) AS latest
      FROM {measures})
JOIN {codes} gauges ON gauges.kind = 'metric' AND gauges.code = gauge
LEFT JOIN {codes} products ON products.kind = 'product' AND products.code = product
LEFT JOIN {codes} groups ON groups.kind = 'grp.' || gauges.name AND groups.code = grp
WHERE ts >= latest - INTERVAL 1 MILLISECOND GROUP BY ALL
"""
_NAMED = """
SELECT rows.* REPLACE (COALESCE(name, CAST(rows.{column} AS VARCHAR)) AS {column})
FROM {pieces} rows LEFT JOIN {codes} ON kind = '{column}' AND code = rows.{column} ORDER BY ALL
"""


def merge(folder: Path, policies: Overrides | None = None) -> None:
    """Writes the cases, daily figures, statistics and the dictionary of a run, then removes the pieces. `policies`: the
    scenario's changes to the packaged ones, for the names of its products."""
    codes = reading([dictionary.write(folder, policies)])
    with duckdb.connect() as connection:
        events = reading(sorted((folder / "events").glob("*.parquet")))
        _write(connection, _CASES.format(events=events), folder / "cases.parquet")
        _daily(connection, folder, {"events": events, "codes": codes})
        for name, column in STATISTICS.items():
            pieces = _pieces(folder, name)
            if pieces:
                query = _NAMED.format(column=column, pieces=reading(pieces), codes=codes)
                _write(connection, query, folder / f"{name}.parquet")
    shutil.rmtree(folder / PARTS, ignore_errors=True)


def _pieces(folder: Path, name: str) -> list[Path]:
    return sorted((folder / PARTS).glob(f"{name}-*.parquet"))


def _daily(connection: duckdb.DuckDBPyConnection, folder: Path, tables: dict[str, str]) -> None:
    parts = [_EVENT_COUNTS.format(**tables)]
    measures = _pieces(folder, "measures")
    if measures:
        parts.append(_MEASURES.format(measures=reading(measures), **tables))
    _write(connection, " UNION ALL ".join(f"({part})" for part in parts) + " ORDER BY ALL", folder / "daily.parquet")


def _write(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    """Writes a query's rows with the fingerprint of their schema."""
    columns = [(name, form) for name, form, *_ in connection.execute(f"DESCRIBE {query}").fetchall()]
    mark = f"KV_METADATA {{{SCHEMA.decode()}: '{fingerprint(file.stem, columns)}'}}"
    connection.execute(f"COPY ({query}) TO {quoted(file)} (FORMAT parquet, COMPRESSION zstd, {mark})")
