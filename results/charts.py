"""The report's charts over time. Each function takes plain rows and a language's number (0 English, 1 Chinese) and returns a
figure as plotly's script in the page reads it, plain data: plotly's own figure objects prove every value again and took most of
a report's time. Colours, fonts and units are set in one place. `bilingual` draws a figure in both languages and keeps one, with
the texts that differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from credit.room import EventCode, Words
from results import names

Row = tuple[Any, ...]
Trace = dict[str, Any]
Figure = dict[str, Any]
"""``data``: its traces · ``layout``."""
FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
INK, SOFT, GRID = "#1f2a37", "#64748b", "#e8edf3"
TEAL, BLUE, AMBER, RED, VIOLET = "#0f766e", "#2563eb", "#d97706", "#b91c1c", "#7c3aed"
PALETTE = [TEAL, BLUE, AMBER, RED, VIOLET, "#0891b2", "#65a30d", "#be185d", "#475569", "#a16207"]
VOLUME_COLOURS = ["#64748b", TEAL, RED, BLUE, VIOLET]
_TICKS = [
    {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%Y-%m-%d"},
    {"dtickrange": [86_400_000, "M1"], "value": "%m-%d\n%Y"},
    {"dtickrange": ["M1", None], "value": "%Y-%m"},
]
MEAN_DAYS = 7
OFF_SHIFT = dt.timedelta(hours=4)
"""A longer time without a row is off shift, not a break."""
NOT_REACHED: Words = ("not reached", "未达到")
"""What is said of a time that too few have reached."""
DASHES = ["solid", "dash", "dot", "dashdot"]
"""How lines differ once the colours are used up."""
REST = "#94a3b8"
"""What stands for all that have no colour of their own."""
FEW_TICKS = 6
"""Up to so many a count has a tick for each whole number."""
LINES_SHOWN = 6
"""So many desks or partners are drawn at first, those that matter most."""
SMOOTH_FROM_DAYS = 45
"""Longer runs show the mean of seven days over the single days, else the weekends comb the picture."""


def bilingual(build: Callable[[int], Figure]) -> dict[str, Any]:
    """``data`` and ``layout`` in English; ``words``: [path, English, Chinese] of every text that differs."""
    english, chinese = build(0), build(1)
    words: list[list[Any]] = []
    _differences([], english, chinese, words)
    return {"data": english["data"], "layout": english["layout"], "words": words}


def _differences(path: list[str | int], one: Any, other: Any, found: list[list[Any]]) -> None:
    if isinstance(one, dict):
        for key in one:
            _differences([*path, key], one[key], other[key], found)
    elif isinstance(one, list):
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            _differences([*path, place], left, right, found)
    elif one != other:
        found.append([path, one, other])


def stamp(moment: dt.datetime) -> str:
    """A moment as plotly reads it."""
    return moment.isoformat(sep=" ", timespec="minutes")


def blank(height: int = 330, *, y: str = "", grain: str = "day", **layout: Any) -> Figure:
    """A figure without traces; `y`: what is measured and its unit, which stand over the axis."""
    axis = {"gridcolor": GRID, "linecolor": "#cbd5e1", "zeroline": False, "automargin": True}
    when = "%Y-%m-%d %H:%M" if grain == "hour" else "%Y-%m-%d"
    usual: dict[str, Any] = {
        "template": {"data": {"scatter": [{"type": "scatter"}]}},
        "height": height,
        "margin": {"l": 56, "r": 14, "t": 30, "b": 40},
        "colorway": PALETTE,
        "modebar": {"bgcolor": "rgba(255,255,255,.8)", "color": "#94a3b8", "activecolor": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "x unified",
        "font": {"family": FONT, "size": 13, "color": INK},
        "hoverlabel": {"bgcolor": "#ffffff", "font": {"size": 12}},
        "legend": {"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top", "font": {"size": 12}},
        "showlegend": True,
        "xaxis": axis | {"type": "date", "tickformatstops": _TICKS, "hoverformat": when, "nticks": 9},
        "yaxis": axis | {"rangemode": "tozero", "showline": False, "tickformat": ",~r"},
    }
    if y:  # they stand over the axis, where it takes no width and is read first
        place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "yshift": 6}
        usual["annotations"] = [{"text": y, "showarrow": False, "font": {"size": 12, "color": SOFT}} | place]
    return {"data": [], "layout": usual | layout}


def over(figure: Figure, span: tuple[str, str]) -> Figure:
    """A figure over the whole of a span of time, and what lies before it (a week that began earlier)."""
    first = min((trace["x"][0] for trace in figure["data"] if trace["x"]), default=span[0])
    if figure["data"]:
        adjust(figure, "xaxis", range=[min(first, span[0]), span[1]])
    return figure


def adjust(figure: Figure, part: str, **values: Any) -> None:
    """Says more of a part of a figure's layout."""
    figure["layout"][part] |= values


def heights(figure: Figure) -> list[float]:
    """How high its points and its bars, stacked where they are, stand."""
    found: dict[Any, float] = {}
    for place, trace in enumerate(figure["data"]):
        for x, y in zip(trace["x"], trace["y"], strict=True):
            bar = x if figure["layout"].get("barmode") == "stack" else (x, place)
            found[bar] = found.get(bar, 0) + (y or 0)
    return list(found.values())


def whole(figure: Figure) -> Figure:
    """A figure of counts: an axis of a few has no ticks between whole numbers."""
    if max(heights(figure), default=0) <= FEW_TICKS:
        adjust(figure, "yaxis", dtick=1)
    return figure


def line_of(name: str, rows: Sequence[Row], column: int, colour: str, **more: Any) -> Trace:
    """A line over time, of a column of rows whose first is the moment."""
    return line_through(name, [stamp(row[0]) for row in rows], [row[column] for row in rows], colour, **more)


def line_through(name: str, x: Sequence[Any], values: Sequence[Any], colour: str, **more: Any) -> Trace:
    """A line, with a mark at each point that has no neighbour to draw a line to: hollow where the line is broken."""
    line = {"color": colour, "width": 2} | more.pop("line", {})
    lone = [
        value is not None
        and not any(near is not None for near in (*values[max(at - 1, 0) : at], *values[at + 1 : at + 2]))
        for at, value in enumerate(values)
    ]
    symbol, size = ("circle", 7) if line.get("dash", "solid") == "solid" else ("circle-open", 11)
    return {
        "type": "scatter",
        "x": list(x),
        "y": list(values),
        "name": name,
        "mode": ("lines+markers" if any(lone) else "lines") if len(x) > 1 else "markers",
        "line": line,
        "marker": {"color": colour, "symbol": symbol, "opacity": 1, "size": [size * one for one in lone]},
        "cliponaxis": not any(lone),
        **more,
    }


def style(place: int) -> tuple[str, str]:
    """Colour and dash of the line at a place: colours first, the same again in other dashes."""
    return PALETTE[place % len(PALETTE)], DASHES[place // len(PALETTE) % len(DASHES)]


def volumes(series: dict[EventCode, list[Row]], grain: str, language: int) -> Figure:
    """Counts an hour or a day, one line an event; in long runs the mean of seven days, and the first event day by day; by the
    month, of a few cases, bars side by side."""
    unit = f"cases {each(grain)[0]}", f"件数，{each(grain)[1]}"
    figure = blank(y=unit[language], grain=grain, barmode="group", bargap=0.3)
    for place, (event, rows) in enumerate(series.items()):
        if not rows:
            continue
        name, colour = names.VOLUMES[event][language], VOLUME_COLOURS[place]
        if grain == "month":
            figure["data"].append(bars_of(name, rows, colour, grain))
            continue
        if _span_days(rows) < SMOOTH_FROM_DAYS:
            figure["data"].append(line_of(name, rows, 1, colour))
            continue
        if not place:  # the peaks of what comes in; more thin lines than one hide the thick ones
            thin = {"width": 1, "color": colour}
            figure["data"].append(
                line_of(name, rows, 1, colour, line=thin, opacity=0.25, showlegend=False, hoverinfo="skip")
            )
        figure["data"].append(line_of(name, _week_means(rows), 1, colour, hovertemplate="%{y:.1f}"))
    return whole(figure)


def offered(rows: Sequence[Row], faults: Sequence[dict[str, Any]], language: int) -> Figure:
    """Applications an hour as customers first tried and as the bank took them in, the outage shaded."""
    figure = blank(height=380, y=("applications an hour", "每小时申请笔数")[language], grain="hour")
    lines = ((("first tried", "首次尝试"), AMBER, "dot"), (("taken in", "受理"), TEAL, "solid"))
    for column, (words, colour, dash) in enumerate(lines, 1):
        line = {"dash": dash, "shape": "hv"}
        figure["data"].append(line_of(words[language], rows, column, colour, line=line))
    _shade(figure, faults)
    return whole(figure)


def _span_days(rows: Sequence[Row]) -> int:
    return int((rows[-1][0] - rows[0][0]).days)


def _week_means(rows: Sequence[Row]) -> list[Row]:
    """(day, mean of the seven days that end there), days without a row counting as 0, from the seventh day on."""
    first, by_day = rows[0][0], {row[0]: row[1] for row in rows}
    days = [first + dt.timedelta(days=n) for n in range(_span_days(rows) + 1)]
    counts = [by_day.get(day, 0) for day in days]
    return [(days[n], sum(counts[n - MEAN_DAYS + 1 : n + 1]) / MEAN_DAYS) for n in range(MEAN_DAYS - 1, len(days))]


_TIME_TICKS: tuple[tuple[int, Words], ...] = (
    (1, ("1 s", "1 秒")),
    (10, ("10 s", "10 秒")),
    (60, ("1 min", "1 分钟")),
    (600, ("10 min", "10 分钟")),
    (3_600, ("1 h", "1 小时")),
    (6 * 3_600, ("6 h", "6 小时")),
    (86_400, ("1 d", "1 天")),
    (3 * 86_400, ("3 d", "3 天")),
    (10 * 86_400, ("10 d", "10 天")),
    (30 * 86_400, ("30 d", "30 天")),
)


def waits_over_time(rows: Sequence[Row], faults: Sequence[dict[str, Any]], grain: str, language: int) -> Figure:
    """Median and 95th percentile of the decision time on a log axis, one pair of lines a lane, a gap where one is not
    reached; planned faults shaded."""
    seconds = {
        "type": "log",
        "tickvals": [s for s, _ in _TIME_TICKS],
        "ticktext": [w[language] for _, w in _TIME_TICKS],
    }
    figure = blank(y=("decision time, log scale", "审批时效（对数坐标）")[language], grain=grain)
    adjust(figure, "yaxis", rangemode="normal", **seconds)
    for lane, colour in (("automatic", TEAL), ("manual", BLUE)):
        mine = [row for row in rows if row[1] == lane]
        for index, (words, dash) in enumerate(((("median", "中位数"), "solid"), (("95%", "95%"), "dot"))):
            if not mine:
                continue
            points = [(row[0], *_point(row[3][index], language)) for row in mine]
            name = f"{names.LANES[lane][language]}{(', ', '，')[language]}{words[language]}"
            texts = {"customdata": [point[2] for point in points], "hovertemplate": "%{customdata}"}
            figure["data"].append(line_of(name, points, 1, colour, line={"dash": dash}, **texts))
    if figure["data"]:
        _shade(figure, faults)
    return figure


def _point(milliseconds: float | None, language: int) -> tuple[float | None, str]:
    """Seconds for a log axis, and as people say it."""
    if milliseconds is None:
        return None, NOT_REACHED[language]
    return max(milliseconds, 1) / 1000, duration_words(milliseconds)[language]


_UNITS: tuple[tuple[float, Words], ...] = ((86_400.0, ("d", "天")), (3_600.0, ("h", "小时")), (60.0, ("min", "分钟")))


def duration_words(milliseconds: float) -> Words:
    """Milliseconds as people say it, in both languages."""
    seconds = float(milliseconds) / 1000
    for size, words in _UNITS:
        if seconds >= size:
            return f"{seconds / size:,.1f} {words[0]}", f"{seconds / size:,.1f} {words[1]}"
    return f"{seconds:,.1f} s", f"{seconds:,.1f} 秒"


_TOPS = (0.1, 0.2, 0.5, 1.0)
"""Where an axis of use may end: by steps, so that little use is legible and two runs still often share one."""


def use(rows: Sequence[Row], faults: Sequence[dict[str, Any]], grain: str, language: int) -> Figure:
    """Use of people's time, one line a desk, the busiest of all first; planned absences and outages of the bank shaded. Of
    many desks only the busiest are drawn until the reader asks for the others."""
    figure = blank(height=380, y=("busy, of time on shift", "办理工时占在岗工时")[language], grain=grain)
    top = next(top for top in _TOPS if max((row[2] for row in rows), default=0) <= top or top == _TOPS[-1])
    adjust(figure, "yaxis", tickformat=".0%", range=[0, top * 1.05])
    most: dict[str, float] = {}
    seen: dict[str, dt.datetime] = {}
    told: list[Row] = []
    for when, role, used in rows:
        most[role] = most.get(role, 0.0) + used
        if grain == "hour" and when - seen.get(role, when) > OFF_SHIFT:
            told.append((seen[role] + dt.timedelta(hours=1), role, None))  # no line through the night
        seen[role] = when
        told.append((when, role, used))
    _desk_lines(figure, told, most, faults, language, hovertemplate="%{y:.0%}")
    return figure


def queues(rows: Sequence[Row], faults: Sequence[dict[str, Any]], grain: str, language: int) -> Figure:
    """Tasks waiting, one line a desk that ever had a queue, the longest first; planned absences and outages of the bank
    shaded. Of many desks only the longest queues are drawn until the reader asks for the others."""
    figure = blank(height=380, y=("tasks waiting", "等待任务数")[language], grain=grain)
    peaks: dict[str, int] = {}
    for _, role, waiting, _ in rows:
        peaks[role] = max(peaks.get(role, 0), waiting)
    _desk_lines(figure, rows, peaks, faults, language)
    return whole(figure)


def _desk_lines(
    figure: Figure,
    rows: Sequence[Row],
    weights: Mapping[str, float],
    faults: Sequence[dict[str, Any]],
    language: int,
    **more: Any,
) -> None:
    """One line a desk that weighs anything, the heaviest first, with planned absences and outages of the bank shaded."""
    roles = sorted((role for role in weights if weights[role]), key=lambda role: (-weights[role], role))
    for place, role in enumerate(roles):
        mine = [row for row in rows if row[1] == role]
        shown = True if place < LINES_SHOWN else "legendonly"
        colour, dash = style(place)
        name, line = names.desk(role)[language], {"dash": dash}
        figure["data"].append(line_of(name, mine, 2, colour, line=line, visible=shown, **more))
    if figure["data"]:
        _shade(figure, [fault for fault in faults if fault["kind"] not in names.OF_PARTNERS])


def partners(rows: Sequence[Row], faults: Sequence[dict[str, Any]], grain: str, language: int) -> Figure:
    """Share of calls that a partner did not answer, one line a partner that ever failed, the worst first. Of many only the worst
    are drawn until the reader asks for the others."""
    figure = blank(y=("unanswered, of calls", "无应答占调用")[language], grain=grain, height=300)
    adjust(figure, "yaxis", tickformat=".0%" if max((row[2] for row in rows), default=0) >= 0.05 else ".1%")
    worst: dict[str, float] = {}
    for _, partner, share in rows:
        worst[partner] = max(worst.get(partner, 0), share)
    failed = sorted((partner for partner in worst if worst[partner]), key=lambda partner: (-worst[partner], partner))
    for place, partner in enumerate(failed):
        mine = [row for row in rows if row[1] == partner]
        colour, dash = style(place)
        line = {"shape": "hv", "dash": dash}  # a day's share holds from its beginning to its end, as the shades do
        figure["data"].append(
            line_of(
                names.partner(partner)[language],
                mine,
                2,
                colour,
                hovertemplate="%{y:.1%}",
                line=line,
                visible=True if place < LINES_SHOWN else "legendonly",
            )
        )
    if figure["data"]:
        _shade(figure, [fault for fault in faults if fault["kind"] in names.OF_PARTNERS])
    return figure


_PERIODS: dict[str, tuple[int | str, Words]] = {
    "hour": (3_600_000, ("an hour", "每小时")),
    "day": (86_400_000, ("a day", "每日")),
    "week": (7 * 86_400_000, ("a week", "每周")),
    "month": ("M1", ("a month", "每月")),
}
"""Length of a bar's period as plotly counts it, and its unit."""


def each(grain: str) -> Words:
    """That a figure is one of an hour, a day, …"""
    return _PERIODS[grain][1]


def bars_of(name: str, rows: Sequence[Row], colour: str, grain: str, **more: Any) -> Trace:
    """A bar a period."""
    return {
        "type": "bar",
        "x": [stamp(row[0]) for row in rows],
        "y": [row[1] for row in rows],
        "name": name,
        "marker": {"color": colour},
        **more,
        **_period(rows, grain),
    }


def _period(rows: Sequence[Row], grain: str) -> dict[str, Any]:
    """A bar stands over the whole of its period, not around the instant at which it begins."""
    period = {"xperiod": _PERIODS[grain][0], "xperiodalignment": "middle"}
    return period | ({"xperiod0": stamp(rows[0][0])} if rows and grain != "month" else {})


def trouble(series: dict[EventCode, list[Row]], faults: Sequence[dict[str, Any]], grain: str, language: int) -> Figure:
    """What broke: counts of trouble in each period, stacked, with the scenario's planned faults shaded; of many kinds the most
    frequent by name and the others as one."""
    unit = f"count {each(grain)[0]}", f"次数，{each(grain)[1]}"
    figure = blank(y=unit[language], grain=grain, barmode="stack", bargap=0.15)
    totals = {event: sum(count for _, count in rows) for event, rows in series.items()}
    met = sorted((event for event in totals if totals[event]), key=lambda event: -totals[event])
    own = len(PALETTE) if len(met) <= len(PALETTE) else len(PALETTE) - 1
    for event, colour in zip(met[:own], PALETTE, strict=False):
        figure["data"].append(bars_of(names.trouble()[event][language], series[event], colour, grain))
    if rest := met[own:]:
        name = (f"{len(rest)} other kinds", f"其余 {len(rest)} 类")[language]
        figure["data"].append(bars_of(name, _summed([series[event] for event in rest]), REST, grain))
    if figure["data"]:
        _shade(figure, faults)
        adjust(figure, "legend", traceorder="normal")
    return whole(figure)


def _summed(series: Sequence[Sequence[Row]]) -> list[Row]:
    """(since, count) of several series together."""
    found: dict[dt.datetime, int] = {}
    for since, count in (row for rows in series for row in rows):
        found[since] = found.get(since, 0) + count
    return sorted(found.items())


def _shade(figure: Figure, faults: Sequence[dict[str, Any]]) -> None:
    """Spans of planned faults; spans of the same time once, so that shades do not add up. Edges keep an hour visible in a
    picture of a year."""
    spans = sorted({(fault["start"], fault["end"]) for fault in faults})
    if spans:
        shade = {"type": "rect", "xref": "x", "yref": "y domain", "y0": 0, "y1": 1, "fillcolor": "rgba(185,28,28,.12)"}
        shade["line"] = {"width": 1.5, "color": "rgba(185,28,28,.4)"}
        figure["layout"]["shapes"] = [shade | {"x0": start, "x1": end} for start, end in spans]
