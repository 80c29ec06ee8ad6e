"""Small pieces of SQL shared by everything that asks DuckDB. Rule: a path becomes SQL text here and nowhere else, so that a
folder may be called ``Li's run [2]``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_GLOB_SIGNS = str.maketrans({"[": "[[]", "*": "[*]", "?": "[?]"})


def quoted(path: Path) -> str:
    """A path as a SQL text."""
    return "'" + str(path).replace("'", "''") + "'"


def reading(files: Iterable[Path]) -> str:
    """A table expression that reads Parquet files as one."""
    listed = ", ".join("'" + str(file).translate(_GLOB_SIGNS).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{listed}])"


def tables_of(folder: Path) -> dict[str, str]:
    """Table expressions of a merged run folder by the names that queries use; a file that is not there has no name here."""
    found = {name: sorted((folder / name).glob("*.parquet")) for name in ("events", "ledger")}
    for name in ("daily", "queues", "staff", "partners", "codes", "cases"):
        file = folder / f"{name}.parquet"
        found[name] = [file] if file.is_file() else []
    return {name: reading(files) for name, files in found.items() if files}
