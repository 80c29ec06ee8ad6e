"""The report's charts over time. Each function takes plain rows and a language's number (0 English, 1 Chinese) and returns a
figure as plotly's script in the page reads it, plain data: plotly's own figure objects prove every value again and took most of
a report's time. Colours, fonts and units are set in one place. `bilingual` draws a figure in both languages and keeps one, with
the texts that differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from credit.codes import Account, Bucket
from credit.room import Words
from results import names
from results.intervals import interval_text, wilson

Row = tuple[Any, ...]
Trace = dict[str, Any]
Figure = dict[str, Any]
"""``data``: its traces · ``layout``."""
FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
INK, SOFT, GRID = "#1f2a37", "#64748b", "#e8edf3"
TEAL, BLUE, AMBER, RED, VIOLET = "#0f766e", "#2563eb", "#d97706", "#b91c1c", "#7c3aed"
PALETTE = [TEAL, BLUE, AMBER, RED, VIOLET, "#0891b2", "#65a30d", "#be185d", "#475569", "#a16207"]
BUCKET_COLOURS = ["#5eb8ad", "#fde68a", "#fbbf24", "#fb923c", "#f87171", "#b91c1c"]
VOLUME_COLOURS = ["#64748b", TEAL, RED, BLUE, VIOLET]
MONEY_UNITS: tuple[tuple[int, Words], ...] = (
    (100 * 10**8, ("100 million yuan", "亿元")),
    (100 * 10**6, ("million yuan", "百万元")),
    (100 * 10**4, ("10,000 yuan", "万元")),
    (100, ("yuan", "元")),
)
"""Fen in a unit, and its name, in the steps in which Chinese counts, as the cards do; a chart takes the largest unit that its
largest value reaches."""
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
QUEUES_SHOWN = 6
"""So many of the longest queues are drawn at first."""
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


def money_unit(values: Sequence[float]) -> tuple[int, Words]:
    """The unit a chart of these fen speaks in."""
    most = max((abs(value) for value in values), default=0)
    return next((unit for unit in MONEY_UNITS if most >= unit[0]), MONEY_UNITS[-1])


def stamp(moment: dt.datetime) -> str:
    """A moment as plotly reads it."""
    return moment.isoformat(sep=" ", timespec="minutes")


def blank(height: int = 330, *, y: str = "", grain: str = "day", **layout: Any) -> Figure:
    """A figure without traces; `y`: the unit, which stands over the axis."""
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
    if y:  # the unit stands over the axis, where it takes no width and is read first
        place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "yshift": 6}
        usual["annotations"] = [{"text": y, "showarrow": False, "font": {"size": 12, "color": SOFT}} | place]
    return {"data": [], "layout": usual | layout}


def over(figure: Figure, span: tuple[str, str]) -> Figure:
    """A figure over the whole of a span of time, and what lies before it (a week that began earlier)."""
    first = min((trace["x"][0] for trace in figure["data"] if trace["x"]), default=span[0])
    if figure["data"]:
        _set(figure, "xaxis", range=[min(first, span[0]), span[1]])
    return figure


def _set(figure: Figure, part: str, **values: Any) -> None:
    """Says more of a part of a figure's layout."""
    figure["layout"][part] |= values


def _line(name: str, rows: Sequence[Row], column: int, colour: str, **more: Any) -> Trace:
    line = {"color": colour, "width": 2} | more.pop("line", {})
    mode = more.pop("mode", "lines" if len(rows) > 1 else "markers")
    return {
        "type": "scatter",
        "x": [stamp(row[0]) for row in rows],
        "y": [row[column] for row in rows],
        "name": name,
        "mode": mode,
        "line": line,
        "marker": {"color": colour, "size": 7},
        **more,
    }


def volumes(series: dict[str, list[Row]], grain: str, language: int) -> Figure:
    """Counts an hour or a day, one line an event; in long runs the mean of seven days, and the first event day by day."""
    unit = (("a day", "每日"), ("an hour", "每小时"))[grain == "hour"]
    figure = blank(y=unit[language], grain=grain)
    for place, (event, rows) in enumerate(series.items()):
        if not rows:
            continue
        name, colour = names.VOLUMES[event][language], VOLUME_COLOURS[place]
        if _span_days(rows) < SMOOTH_FROM_DAYS:
            figure["data"].append(_line(name, rows, 1, colour))
            continue
        if not place:  # the peaks of what comes in; more thin lines than one hide the thick ones
            thin = {"width": 1, "color": colour}
            figure["data"].append(
                _line(name, rows, 1, colour, line=thin, opacity=0.25, showlegend=False, hoverinfo="skip")
            )
        figure["data"].append(_line(name, _week_means(rows), 1, colour, hovertemplate="%{y:.1f}"))
    return figure


def offered(rows: Sequence[Row], faults: Sequence[dict[str, Any]], language: int) -> Figure:
    """Applications an hour as customers first tried and as the bank took them in, the outage shaded."""
    figure = blank(height=380, y=("an hour", "每小时")[language], grain="hour")
    lines = ((("first tried", "首次尝试"), AMBER, "dot"), (("taken in", "受理"), TEAL, "solid"))
    for column, (words, colour, dash) in enumerate(lines, 1):
        line = {"dash": dash, "shape": "hv"}
        figure["data"].append(_line(words[language], rows, column, colour, line=line))
    _shade(figure, faults)
    return figure


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
    figure = blank(grain=grain)
    _set(figure, "yaxis", rangemode="normal", **seconds)
    for lane, colour in (("automatic", TEAL), ("manual", BLUE)):
        mine = [row for row in rows if row[1] == lane]
        for index, (words, dash) in enumerate(((("median", "中位数"), "solid"), (("95%", "95%"), "dot"))):
            if not mine:
                continue
            points = [(row[0], *_point(row[3][index], language)) for row in mine]
            name = f"{names.LANES[lane][language]}, {words[language]}"
            texts = {"customdata": [point[2] for point in points], "hovertemplate": "%{customdata}"}
            figure["data"].append(_line(name, points, 1, colour, line={"dash": dash}, **texts))
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


def use(rows: Sequence[Row], faults: Sequence[dict[str, Any]], grain: str, language: int) -> Figure:
    """Use of people's time, one line a desk, the busiest of all first; planned absences and outages of the bank shaded. Of
    many desks only the busiest are drawn until the reader asks for the others."""
    figure = blank(height=380, y=("busy, of time on shift", "办理工时占在岗工时")[language], grain=grain)
    _set(figure, "yaxis", tickformat=".0%", range=[0, 1.05])
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
    return figure


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
        line = {"dash": "solid" if place < len(PALETTE) else "dash"}
        shown = True if place < QUEUES_SHOWN else "legendonly"
        name, colour = names.desk(role)[language], PALETTE[place % len(PALETTE)]
        figure["data"].append(_line(name, mine, 2, colour, line=line, visible=shown, **more))
    if figure["data"]:
        _shade(figure, [fault for fault in faults if fault["kind"] != "partner_outage"])


def partners(rows: Sequence[Row], faults: Sequence[dict[str, Any]], grain: str, language: int) -> Figure:
    """Share of calls that a partner did not answer, one line a partner that ever failed."""
    figure = blank(y=("unanswered calls", "无应答比例")[language], grain=grain, height=300)
    _set(figure, "yaxis", tickformat=".0%" if max((row[2] for row in rows), default=0) >= 0.05 else ".1%")
    step = {"shape": "hv"}  # a day's share holds from its beginning to its end, as the shades do
    for place, partner in enumerate(sorted({row[1] for row in rows if row[2]})):
        mine = [row for row in rows if row[1] == partner]
        name = names.partner(partner)[language]
        figure["data"].append(_line(name, mine, 2, PALETTE[place % len(PALETTE)], hovertemplate="%{y:.1%}", line=step))
    if figure["data"]:
        _shade(figure, [fault for fault in faults if fault["kind"] == "partner_outage"])
    return figure


def buckets(rows: Sequence[Row], language: int) -> Figure:
    """Outstanding principal by DPD bucket, stacked."""
    days = sorted({row[0] for row in rows})
    by_place = {(row[0], row[1]): row[3] for row in rows}
    totals = [sum(by_place.get((day, bucket.name.lower()), 0) for bucket in Bucket) for day in days]
    size, unit = money_unit(totals)
    figure = blank(y=unit[language])
    _set(figure, "legend", traceorder="normal")
    for bucket in Bucket:
        values = [(day, by_place.get((day, bucket.name.lower()), 0) / size) for day in days]
        if any(value for _, value in values):
            figure["data"].append(
                _line(
                    bucket.words[language],
                    values,
                    1,
                    BUCKET_COLOURS[bucket],
                    stackgroup="one",
                    line={"width": 0.5},
                    fillcolor=BUCKET_COLOURS[bucket],
                    hovertemplate="%{y:,.3~f}",
                    mode="lines",
                )
            )
    return figure


def rates(bucket_rows: Sequence[Row], bad_rows: Sequence[Row], language: int) -> Figure:
    """Overdue and non-performing share of the outstanding principal at each day's end."""
    total: dict[dt.datetime, int] = {}
    overdue: dict[dt.datetime, int] = {}
    for day, bucket, _, amount in bucket_rows:
        total[day] = total.get(day, 0) + amount
        overdue[day] = overdue.get(day, 0) + (amount if bucket != "current" else 0)
    bad: dict[dt.datetime, int] = {}
    for day, _, _, amount in bad_rows:
        bad[day] = bad.get(day, 0) + amount
    figure = blank(y=("share of principal", "占贷款余额")[language])
    lines = ((("overdue", "逾期率"), overdue, AMBER), (("non-performing", "不良率"), bad, RED))
    for words, part, colour in lines:
        rows = [(day, part.get(day, 0) / total[day]) for day in sorted(total) if total[day]]
        if rows:
            figure["data"].append(_line(words[language], rows, 1, colour, hovertemplate="%{y:.2%}"))
    most = max((value for trace in figure["data"] for value in trace["y"]), default=0)
    _set(figure, "yaxis", tickformat=".0%" if most >= 0.05 else ".1%" if most >= 0.005 else ".2%", **_room(most))
    return figure


def _room(most: float) -> dict[str, Any]:
    """An axis of shares that are all zero ends at one percent: its own choice, 100%, hides that nothing happened."""
    return {} if most else {"range": [0, 0.01]}


def vintages(rows: Sequence[Row], language: int) -> Figure:
    """Share of a month's loans that was ever overdue, by age, with its interval at the pointer; older months darker."""
    figure = blank(y=("ever overdue, of loans", "曾逾期笔数占比")[language], hovermode="closest")
    title = {
        "text": ("instalments fallen due", "账龄（已到期期数）")[language],
        "standoff": 6,
        "font": {"size": 12, "color": SOFT},
    }
    ages = [0, *sorted({row[1] for row in rows})]
    _set(
        figure,
        "xaxis",
        type="linear",
        title=title,
        tickformat="d",
        tickvals=ages,
        hoverformat="d",
        range=[0, ages[-1] * 1.03],
    )
    _set(figure, "legend", y=-0.2)
    _set(figure, "yaxis", tickformat=".1%", **_room(max((row[2] for row in rows), default=0)))
    months = sorted({row[0] for row in rows})
    for place, month in enumerate(months):
        mine = [row for row in rows if row[0] == month]
        share = place / max(len(months) - 1, 1)
        colour = f"rgb({15 + share * 190:.0f},{80 + share * 110:.0f},{90 + share * 20:.0f})"
        texts = [[f"{row[3]:,}", interval_text(wilson(row[4], row[3]), 2)] for row in mine]
        said = ("%{customdata[0]} loans, 95% CI %{customdata[1]}", "%{customdata[0]} 笔，95% 置信区间 %{customdata[1]}")
        figure["data"].append(
            {
                "type": "scatter",
                "x": [row[1] for row in mine],
                "y": [row[2] for row in mine],
                "customdata": texts,
                "name": month,
                "mode": "lines+markers",
                "line": {"color": colour, "width": 2},
                "marker": {"color": colour, "size": 6},
                "hovertemplate": f"{month}: %{{y:.2%}} · {said[language]}<extra></extra>",
            }
        )
    return figure


_FLOWS: tuple[tuple[Words, Account, int, int, str], ...] = (
    (("paid out", "放款"), Account.PRINCIPAL, 2, -1, BLUE),
    (("principal repaid", "收回本金"), Account.PRINCIPAL, 3, 1, TEAL),
    (("interest received", "收息"), Account.INTEREST_RECEIVABLE, 3, 1, "#65a30d"),
    (("penalty interest", "罚息"), Account.PENALTY_RECEIVABLE, 3, 1, AMBER),
    (("early-repayment fees", "违约金"), Account.FEE_INCOME, 3, 1, VIOLET),
    (("recovered after write-off", "核销收回"), Account.RECOVERY_INCOME, 3, 1, RED),
)
"""Name, account, column of the flow's rows, sign (received is up), colour."""


def flows(rows: Sequence[Row], grain: str, language: int) -> Figure:
    """Money received (up) and paid out (down) over time, from the ledger."""
    size, unit = money_unit([float(row[2] or 0) for row in rows if row[1] == "principal"])
    figure = blank(y=unit[language], grain=grain, barmode="relative", bargap=0.25)
    _set(figure, "yaxis", rangemode="normal", zeroline=True, zerolinecolor="#94a3b8")
    for words, account, column, sign, colour in _FLOWS:
        mine = [(row[0], sign * float(row[column] or 0) / size) for row in rows if row[1] == account.name.lower()]
        if any(value for _, value in mine):
            figure["data"].append(
                {
                    "type": "bar",
                    "x": [stamp(when) for when, _ in mine],
                    "y": [value for _, value in mine],
                    "name": words[language],
                    "marker": {"color": colour},
                    "hovertemplate": "%{y:,.3~f}",
                    **_period(mine, grain),
                }
            )
    return figure


_PERIODS: dict[str, tuple[int | str, Words]] = {
    "hour": (3_600_000, ("an hour", "每小时")),
    "day": (86_400_000, ("a day", "每日")),
    "week": (7 * 86_400_000, ("a week", "每周")),
    "month": ("M1", ("a month", "每月")),
}
"""Length of a bar's period as plotly counts it, and its unit."""


def _period(rows: Sequence[Row], grain: str) -> dict[str, Any]:
    """A bar stands over the whole of its period, not around the instant at which it begins."""
    period = {"xperiod": _PERIODS[grain][0], "xperiodalignment": "middle"}
    return period | ({"xperiod0": stamp(rows[0][0])} if rows and grain != "month" else {})


def trouble(series: dict[str, list[Row]], faults: Sequence[dict[str, Any]], grain: str, language: int) -> Figure:
    """What broke: counts of trouble in each period, stacked, with the scenario's planned faults shaded."""
    figure = blank(y=_PERIODS[grain][1][language], grain=grain, barmode="stack", bargap=0.15)
    met = {event: rows for event, rows in series.items() if any(count for _, count in rows)}
    for place, (event, rows) in enumerate(met.items()):
        figure["data"].append(
            {
                "type": "bar",
                "x": [stamp(row[0]) for row in rows],
                "y": [row[1] for row in rows],
                "name": names.trouble()[event][language],
                "marker": {"color": PALETTE[place % len(PALETTE)]},
                **_period(rows, grain),
            }
        )
    if figure["data"]:
        _shade(figure, faults)
        _set(figure, "legend", traceorder="normal")
    return figure


def _shade(figure: Figure, faults: Sequence[dict[str, Any]]) -> None:
    """Spans of planned faults; spans of the same time once, so that shades do not add up. Edges keep an hour visible in a
    picture of a year."""
    spans = sorted({(fault["start"], fault["end"]) for fault in faults})
    if spans:
        shade = {"type": "rect", "xref": "x", "yref": "y domain", "y0": 0, "y1": 1, "fillcolor": "rgba(185,28,28,.12)"}
        shade["line"] = {"width": 1.5, "color": "rgba(185,28,28,.4)"}
        figure["layout"]["shapes"] = [shade | {"x0": start, "x1": end} for start, end in spans]
