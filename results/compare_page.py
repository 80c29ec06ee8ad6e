"""The page of a comparison: in what two runs differ, their figures, fates, and their charts side by side."""

from __future__ import annotations

import math
from pathlib import Path

from results.charts import DASHES, FEW_TICKS, PALETTE, Figure, Trace, adjust, heights, style
from results.compare import FATES, Comparison
from results.figure_words import figure_words
from results.folder import read_scenario
from results.pages import drawing
from results.report import charts_of, rendered

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
    for name in SHOWN:
        alike(drawn[f"0.{name}"], drawn[f"1.{name}"])
    titles = [
        (one.get("title", ""), one.get("title_zh") or one.get("title", "")) for one in map(read_scenario, folders)
    ]
    page = {
        "comparison": comparison,
        "titles": titles,
        "shown": SHOWN,
        "fates": FATES,
        "words": figure_words,
        **drawing(drawn),
    }
    return rendered("compare.html.j2", page, file)


def alike(first: Figure, second: Figure) -> None:
    """Two charts that are read against each other: in both the same name has the same look, and the axes are the same."""
    if first["data"] and second["data"]:
        _dress(first, second)
        _measure(first, second)


def _dress(first: Figure, second: Figure) -> None:
    """Gives the second's lines and bars the looks that they have in the first, and those that it alone has looks of their own."""
    worn = {trace["name"]: _look(trace) for trace in first["data"]}
    taken = {worn[trace["name"]] for trace in second["data"] if trace["name"] in worn}
    for trace in second["data"]:
        look = worn.get(trace["name"]) or _look(trace)
        if trace["name"] not in worn:
            looks = [look, *(style(place) for place in range(len(DASHES if "line" in trace else "1") * len(PALETTE)))]
            free = [one for one in looks if one not in taken]
            look = next((one for one in free if one not in worn.values()), free[0] if free else look)
        taken.add(look)
        trace["marker"]["color"] = look[0]
        if "line" in trace:
            trace["line"] |= {"color": look[0], "dash": look[1]}


def _look(trace: Trace) -> tuple[str, str]:
    return trace["marker"]["color"], trace.get("line", {}).get("dash", "solid")


def _measure(first: Figure, second: Figure) -> None:
    """The same height for the same value; where both runs begin alike, the same width for the same time."""
    both = first, second
    high = [value for figure in both for value in heights(figure) if value > 0]
    if first["layout"]["yaxis"].get("type") == "log":
        y = [math.log10(min(high)) - 0.1, math.log10(max(high)) + 0.1] if high else None
    else:
        tops = [
            figure["layout"]["yaxis"].get("range", [0, max(heights(figure), default=0) * 1.05])[1] for figure in both
        ]
        y = [0, max(tops)]
    ranges = [figure["layout"]["xaxis"].get("range") for figure in both]
    for figure in both:
        if y:
            adjust(figure, "yaxis", range=y)
        if max(high, default=0) > FEW_TICKS:
            figure["layout"]["yaxis"].pop("dtick", None)
        if all(ranges) and ranges[0][0] == ranges[1][0]:
            widest = max(both, key=lambda one: one["layout"]["xaxis"]["range"][1])["layout"]["xaxis"]
            adjust(figure, "xaxis", **{key: widest[key] for key in ("range", "tickvals") if key in widest})
