"""Small pieces of SQL shared by everything that asks DuckDB. A path becomes SQL text here and nowhere else, so that a
folder may be called ``Li's run [2]``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from credit.room import DESKS
from results.folder import RunFolderError
from results.schemas import EVENTS, LEDGER, PAPERS, SCHEMA, marked

_GLOB_SIGNS = str.maketrans({"[": "[[]", "*": "[*]", "?": "[?]"})


def quoted(path: Path) -> str:
    """A path as a SQL text."""
    return "'" + str(path).replace("'", "''") + "'"


def reading(files: Iterable[Path]) -> str:
    """A table expression that reads Parquet files as one."""
    listed = ", ".join("'" + str(file).translate(_GLOB_SIGNS).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{listed}])"


def place() -> str:
    """Where the people of a row's desk sit, as SQL: their branch, or 0, head office. Some of head office's desks take each
    branch's tasks in a queue of its own."""
    at_head_office = ", ".join(f"'{one.label}'" for one in DESKS.values() if one.at_head_office)
    return f"IF(role IN ({at_head_office}), 0, branch)"


def tables_of(folder: Path) -> dict[str, str]:
    """Table expressions of a merged run folder by the names that queries use; a file that is not there has no name here.
    RunFolderError when another release wrote it, or when its events or its ledger are missing."""
    if not folder.is_dir():
        raise RunFolderError(f"{folder}: there is no such folder")
    found = {name: sorted((folder / name).glob("*.parquet")) for name in ("events", "ledger")}
    found |= {name: sorted((folder / "papers").glob(f"{name}-*.parquet")) for name in PAPERS}
    for name in ("daily", "queues", "hours", "staff", "partners", "waited", "codes", "cases"):
        file = folder / f"{name}.parquet"
        found[name] = [file] if file.is_file() else []
    for name, schema in (("events", EVENTS), ("ledger", LEDGER)):
        if not found[name]:
            raise RunFolderError(f"{folder}: its {name}/ are missing; nothing can be told of it")
        for file in found[name][:1]:
            _prove(name, file, schema)
    return {name: reading(files) for name, files in found.items() if files}


def _prove(name: str, file: Path, schema: pa.Schema) -> None:
    found, expected = pq.read_schema(file), marked(name, schema)
    if (found.metadata or {}).get(SCHEMA) != expected.metadata[SCHEMA]:
        raise RunFolderError(
            f"{file}: written by another release: {name} has the columns {' '.join(found.names)}, this release reads "
            f"{' '.join(expected.names)}; use the release that wrote it"
        )
