"""Paths on the command line."""

from __future__ import annotations

from pathlib import Path

import typer


def path_given(given: str | Path) -> Path:
    """A path that was given; an empty one, as a shell's unset variable leaves it, would mean the folder that one stands in."""
    text = str(given)  # a default comes as the path that it is
    if not text.strip():
        raise typer.BadParameter("it is empty; give a path, '.' for the folder that you are in, or leave it out")
    return Path(text)
