"""Rows for tests that care about a few columns only."""

from __future__ import annotations

import numpy.typing as npt

from credit.room import Kind, Rows, fits


def sample(kind: Kind, length: int = 1, source: Rows | None = None, **columns: npt.ArrayLike) -> Rows:
    """Rows with the given columns, those that `source` shares, and zeros in the others; ValueError on an unknown one."""
    rows = kind.empty(length if source is None else len(source))
    for name in kind.fields.names:
        if source is not None and name in (source.dtype.names or ()):
            rows[name] = source[name]
    for name, values in columns.items():
        rows[name] = fits(kind.name, name, kind.dtype[name], values)
    return rows
