"""The pictures of a drill's report: sites as lanes over time, waits and errors with the faults shaded, and each service's
recovery against its target. Each takes the evidence (or the record's requests) and a language's number: 0 English, 1 Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from credit.room import Words
from results import charts
from results.charts import AMBER, BLUE, RED, SOFT, TEAL, VIOLET, Figure
from results.drill.record import Request
from results.drill.recovery import quantile
from results.drill.words import FAULTS, SERVICES, WHATS, place, words_of

STATES: dict[str, tuple[Words, str]] = {
    "leads": (("leads", "主用"), TEAL),
    "in_step": (("in step", "同步"), "#93c5bd"),
    "out_of_step": (("out of step", "失步"), "#fbbf24"),
    "follows": (("follows some time after", "异步跟随"), "#c7d9f2"),
    "damaged": (("its day book is damaged", "日志损坏"), VIOLET),
    "gone": (("does not answer", "无应答"), "#cbd5e1"),
}
MARKS: dict[str, tuple[str, str]] = {
    "befalls": ("x", RED),
    "over": ("circle-open", RED),
    "noticed": ("triangle-up", AMBER),
    "asked": ("diamond-open", BLUE),
    "decided": ("diamond", BLUE),
    "refused": ("diamond-x", RED),
    "astray": ("star", VIOLET),
    "drained": ("triangle-down", TEAL),
}
"""What is marked on the timeline, how and in which colour."""
SITE_COLOURS = {"primary": BLUE, "same-city": AMBER, "remote": VIOLET}
_EVENTS: Words = ("events", "事件")
_SECONDS: Words = ("seconds since the drill began", "演练开始后秒数")
_TICKS = [step * 10**power for power in range(-3, 5) for step in (1, 3)]


def _over_time(evidence: dict[str, Any], language: int, height: int, y: str = "") -> Figure:
    """A figure over the whole drill, faults shaded."""
    figure = charts.blank(height, y=y)
    title = {"text": _SECONDS[language], "standoff": 4, "font": {"size": 12, "color": SOFT}}
    layout = figure["layout"]
    layout["xaxis"] |= {
        "type": "linear",
        "title": title,
        "hoverformat": ".1f",
        "tickformat": ",~r",
        "tickformatstops": [],
        "range": [0, evidence["lasted_s"]],
    }
    layout["legend"] |= {"y": -0.22}
    layout["shapes"] = [
        {
            "type": "rect",
            "xref": "x",
            "yref": "y domain",
            "x0": begin,
            "x1": end,
            "y0": 0,
            "y1": 1,
            "layer": "below",
            "fillcolor": "rgba(185,28,28,.12)",
            "line": {"width": 1, "color": "rgba(185,28,28,.35)"},
        }
        for begin, end in fault_spans(evidence)
    ]
    return figure


def fault_spans(evidence: dict[str, Any]) -> list[list[float]]:
    """From each fault until it was over, or else until the services were back; overlapping ones as one, so that shades do not add
    up."""
    found: list[list[float]] = []
    for one in evidence["disruptions"]:
        if one["kind"] == "over":
            continue
        end = one["over"] or one["back"] or (one["t"] if one["state"] == "not_interrupted" else one["until"])
        if found and one["t"] <= found[-1][1]:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([one["t"], max(end, one["t"])])
    return found


def timeline(evidence: dict[str, Any], language: int) -> Figure:
    """A lane a site, and one of what befell and was decided."""
    figure = _over_time(evidence, language, 130 + 48 * (len(evidence["sites"]) + 1))
    lanes = evidence["leading"]["lanes"]
    names = [place(name)[language] for name in evidence["sites"]]
    figure["layout"]["yaxis"] |= {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": [*reversed(names), _EVENTS[language]],
        "tickformat": "",
        "range": [-0.5, len(names) + 0.5],
    }
    figure["layout"] |= {"barmode": "overlay", "bargap": 0.45, "hovermode": "closest"}
    for state, (words, colour) in STATES.items():
        spans = [(name, span) for name, of in lanes.items() for span in of if span["state"] == state]
        if spans:
            figure["data"].append(
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": words[language],
                    "marker": {"color": colour},
                    "y": [place(name)[language] for name, _ in spans],
                    "base": [span["since"] for _, span in spans],
                    "x": [span["until"] - span["since"] for _, span in spans],
                    "customdata": [[span["since"], span["until"]] for _, span in spans],
                    "hovertemplate": "%{y}: %{customdata[0]:.1f} – %{customdata[1]:.1f}",
                }
            )
    for what, (symbol, colour) in MARKS.items():
        mine = [one for one in evidence["events"] if one["what"] == what]
        if mine:
            figure["data"].append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": WHATS[what][language],
                    "x": [one["t"] for one in mine],
                    "y": [_EVENTS[language]] * len(mine),
                    "marker": {"symbol": symbol, "color": colour, "size": 12},
                    "text": [one["words"][language] or place(one["place"])[language] for one in mine],
                    "hovertemplate": "%{x:.1f} s: %{text}",
                }
            )
    return figure


def waits(evidence: dict[str, Any], requests: Sequence[Request], language: int) -> Figure:
    """[s] Median and p99 of answered requests by the second in which they were meant, on a log axis."""
    figure = _over_time(evidence, language, 320, ("wait, seconds, log scale", "等待秒数（对数坐标）")[language])
    figure["layout"]["yaxis"] |= {
        "type": "log",
        "rangemode": "normal",
        "tickvals": _TICKS,
        "ticktext": [f"{tick:,g}" for tick in _TICKS],
    }
    by_second: dict[int, list[float]] = {}
    for one in requests:
        if one.answer is not None:
            by_second.setdefault(int(one.t), []).append(max(one.wait_s, 0.001))
    x = sorted(by_second)
    for name, share, colour in (("p50", 0.5, TEAL), ("p99", 0.99, RED)):
        if x:
            figure["data"].append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": words_of(name)[language],
                    "x": x,
                    "y": [quantile(by_second[second], share) for second in x],
                    "line": {"color": colour, "width": 2},
                    "hovertemplate": "%{y:.3~f}",
                }
            )
    return figure


def errors(evidence: dict[str, Any], language: int) -> Figure:
    """Tries without an answer, a second, stacked by the site asked."""
    figure = _over_time(evidence, language, 260, ("tries without an answer, a second", "每秒无应答次数")[language])
    figure["layout"] |= {"barmode": "stack", "bargap": 0.1}
    for site in evidence["sites"]:
        by_second: dict[int, int] = {}
        for one in evidence["clients"]["errors"]:
            if one["site"] == site:
                by_second[one["second"]] = by_second.get(one["second"], 0) + one["tries"]
        if by_second:
            figure["data"].append(
                {
                    "type": "bar",
                    "name": place(site)[language],
                    "marker": {"color": SITE_COLOURS[site]},
                    "x": [second + 0.5 for second in by_second],
                    "y": list(by_second.values()),
                }
            )
    return figure


def recovery(evidence: dict[str, Any], language: int) -> Figure:
    """[s] Each service's longest recovery as a bar, its target as a mark; one that never was back is the longest of all."""
    figure = charts.blank(90 + 38 * len(SERVICES), y="")
    names = {key: words[language] for key, words in SERVICES.items()}
    services = evidence["services"]
    targets = {names[key]: one["target_rto_s"] for key, one in services.items() if one["target_rto_s"] is not None}
    most = max([*targets.values(), *(one["rto_s"] or 0 for one in services.values()), 1])
    layout = figure["layout"]
    layout["xaxis"] |= {
        "type": "linear",
        "tickformat": ",~r",
        "tickformatstops": [],
        "range": [0, most * 1.25],
        "title": {"text": ("seconds", "秒")[language], "standoff": 4, "font": {"size": 12, "color": SOFT}},
    }
    layout["yaxis"] |= {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": list(reversed(names.values())),
        "tickformat": "",
    }
    layout |= {"hovermode": "closest", "bargap": 0.4}
    layout["legend"] |= {"y": -0.25}
    figure["data"].append(
        {
            "type": "bar",
            "orientation": "h",
            "name": words_of("measured")[language],
            "y": list(names.values()),
            "x": [most if one["state"] == "not_back" else one["rto_s"] or 0 for one in services.values()],
            "marker": {"color": [TEAL if _met(one) else RED for one in services.values()]},
            "text": [said(one)[language] for one in services.values()],
            "textposition": "outside",
            "cliponaxis": False,
            "hovertemplate": "%{y}: %{text}",
        }
    )
    if targets:
        figure["data"].append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": words_of("target")[language],
                "y": list(targets),
                "x": list(targets.values()),
                "marker": {"symbol": "line-ns-open", "size": 22, "color": SOFT, "line": {"width": 3}},
                "hovertemplate": "%{y}: %{x:g} s",
            }
        )
    return figure


def _met(one: dict[str, Any]) -> bool:
    return one["rto_s"] is not None and (one["target_rto_s"] is None or one["rto_s"] <= one["target_rto_s"])


def said(one: dict[str, Any]) -> Words:
    """How a service fared, in words."""
    if one["state"] in ("unknown", "not_back", "not_interrupted"):
        return words_of(one["state"])
    return f"{one['rto_s']:.1f} s", f"{one['rto_s']:.1f} 秒"


def fault_words(one: dict[str, Any]) -> Words:
    """A disruption's name: its place and what befell it."""
    where, what = place(one["place"]), FAULTS.get(one["what"], (one["what"], one["what"]))
    over = (" (over)", "（解除）") if one["kind"] == "over" else ("", "")
    line = (f" – {place(one['to'])[0]}", f"—{place(one['to'])[1]}") if one["to"] else ("", "")
    process = (f" ({one['process']})", f"（{one['process']}）") if one["process"] else ("", "")
    return (
        f"{where[0]}{line[0]}: {what[0]}{process[0]}{over[0]}",
        f"{where[1]}{line[1]}：{what[1]}{process[1]}{over[1]}",
    )
