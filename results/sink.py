"""The sink: each cell streams its own files while the run goes on. Rows wait in memory for a row group, never
longer, whatever they are; and a closed file is whole, also when the run was interrupted before its last window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from credit.ledger.contract import Posting
from credit.policies import Overrides
from credit.room import Rows
from credit.stage import WindowResult
from credit.subsystem import Window
from results import names
from results.schemas import (
    EVENTS,
    LEDGER,
    LEDGER_DTYPE,
    PAPERS,
    event_table,
    marked,
    plain_schema,
    plain_table,
    posting_table,
)

GROUP_ROWS = 262_144
"""Rows of a row group: 16 MiB of waiting event rows, and about as much again for the moment in which they are written."""
PARTS = "parts"
"""Folder of per-cell pieces that are merged into one file at the end."""


class _Stream:
    """One Parquet file, written a row group at a time. Numbers are stored as differences: measured, a third of the time
    that the writer's own choice takes, and a fifth less on disk."""

    def __init__(self, path: Path, schema: pa.Schema, build: Callable[[Sequence[Rows]], pa.Table]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        named = [field.name for field in schema if not pa.types.is_primitive(field.type)]
        packed = {field.name: "DELTA_BINARY_PACKED" for field in schema if field.name not in named}
        self._writer = pq.ParquetWriter(
            path,
            marked(path.parent.name, schema),
            compression="lz4",
            use_dictionary=named,
            column_encoding=packed,
            write_statistics=["ts"],
        )
        self._build = build
        self._waiting: list[Rows] = []
        self._count = 0

    def add(self, rows: Rows) -> None:
        self._waiting.append(rows)
        self._count += len(rows)
        if self._count >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._count:
            self._writer.write_table(self._build(self._waiting), row_group_size=GROUP_ROWS)
        self._waiting, self._count = [], 0

    def close(self) -> None:
        self._flush()
        self._writer.close()


class RunSink:
    """Writes one cell's events, postings, papers, measures and statistics of staff and partners below a run's folder."""

    def __init__(self, folder: Path, room: str, shard: int, policies: Overrides | None = None) -> None:
        """`policies`: a scenario's changes to the packaged ones, for the names of its products."""
        products = {code: key for key, (code, _) in names.products(policies).items()}
        self._folder, self._cell = folder, f"{room}-{shard}"
        self._events = _Stream(
            folder / "events" / f"{self._cell}.parquet", EVENTS, partial(event_table, room, products)
        )
        ledger = folder / "ledger" / f"{shard}.parquet"
        self._ledger = _Stream(ledger, LEDGER, posting_table) if room == Posting.room else None
        self._pieces: dict[str, _Stream] = {}
        self._papers = {
            kind: _Stream(folder / "papers" / f"{name}-{self._cell}.parquet", plain_schema(kind.dtype), plain_table)
            for name, kind in PAPERS.items()
            if kind.room == room
        }

    def record(self, window: Window, outcome: WindowResult, statistics: dict[str, Rows]) -> None:
        """Takes what one window produced. The rows are kept until their row group is written; nobody may change them."""
        for rows in outcome.out.events:
            self._events.add(rows)
        if self._ledger is not None and len(postings := outcome.inbox.take(Posting)):
            self._ledger.add(_in_window(window, postings))
        for kind, stream in self._papers.items():
            if len(rows := outcome.inbox.take(kind)):
                stream.add(rows)
        for kind, rows in outcome.out.papers:
            self._papers[kind].add(rows)
        for rows in outcome.out.measures:
            self._piece("measures", rows)
        self._tell(statistics)

    def _tell(self, statistics: dict[str, Rows]) -> None:
        for name, rows in statistics.items():
            self._piece(name, rows)

    def _piece(self, name: str, rows: Rows) -> None:
        if not len(rows):
            return
        if name not in self._pieces:
            path = self._folder / PARTS / f"{name}-{self._cell}.parquet"
            self._pieces[name] = _Stream(path, plain_schema(rows.dtype), plain_table)
        self._pieces[name].add(rows)

    def close(self, statistics: dict[str, Rows]) -> None:
        """Writes what is still in memory, the last of the statistics with it, and closes the files."""
        self._tell(statistics)
        self._events.close()
        if self._ledger is not None:
            self._ledger.close()
        for stream in (*self._pieces.values(), *self._papers.values()):
            stream.close()


def _in_window(window: Window, postings: Rows) -> Rows:
    rows = np.empty(len(postings), dtype=LEDGER_DTYPE)
    rows["window"] = window.number
    for name in Posting.dtype.names or ():
        rows[name] = postings[name]
    return rows
