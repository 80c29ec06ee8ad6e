"""A figure that is told to a process by a file, whichever process that is by then; no file means 0."""

from __future__ import annotations

import contextlib
from pathlib import Path


def said_in(file: Path) -> float:
    """The figure; 0 where there is none."""
    with contextlib.suppress(OSError, ValueError):
        return float(file.read_text(encoding="utf-8"))
    return 0.0


def say_in(file: Path, figure: float) -> None:
    """Tells a figure, whole or not at all; 0 takes the file away."""
    if figure:
        fresh = file.with_name(f".{file.name}")
        fresh.write_text(f"{figure}\n", encoding="utf-8")
        fresh.replace(file)
    else:
        file.unlink(missing_ok=True)
