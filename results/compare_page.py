"""The page of a comparison: in what two runs differ, their figures, fates, and their charts side by side."""

from __future__ import annotations

from pathlib import Path

from results.compare import FATES, Comparison
from results.folder import read_scenario
from results.report import charts_of, drawing, rendered

SHOWN = ("volumes", "waits", "use", "queues", "rates", "vintages", "trouble")
"""The charts that are put side by side."""


def write_page(comparison: Comparison, file: Path) -> Path:
    """Writes the page of a comparison of two run folders; returns its path."""
    folders = [Path(name) for name in comparison.names]
    drawn = {
        f"{place}.{name}": chart
        for place, folder in enumerate(folders)
        for name, chart in charts_of(folder).items()
        if name in SHOWN
    }
    titles = [
        (one.get("title", ""), one.get("title_zh") or one.get("title", "")) for one in map(read_scenario, folders)
    ]
    page = {"comparison": comparison, "titles": titles, "shown": SHOWN, "fates": FATES, **drawing(drawn)}
    return rendered("compare.html.j2", page, file)
