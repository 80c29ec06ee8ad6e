"""Which code this is: what a figure or a failing seed was seen with."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lendrill import __version__

_HERE = Path(__file__).resolve().parent


def commit() -> str:
    """The commit of the checkout, with a + where the tree differs from it; the release where this is no checkout."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty=+"], cwd=_HERE, capture_output=True, text=True, check=False
        ).stdout.strip()
    except OSError:
        said = ""
    return said or f"release {__version__}"
