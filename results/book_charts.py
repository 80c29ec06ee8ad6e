"""The report's charts of the book: principal by bucket, overdue and non-performing shares, vintages, and the money that moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from credit.codes import Account, Bucket
from credit.room import Words
from results.charts import AMBER, BLUE, RED, SOFT, TEAL, VIOLET, Figure, Row, adjust, bars_of, blank, each, line_of
from results.intervals import interval_text, wilson

BUCKET_COLOURS = ["#5eb8ad", "#fde68a", "#fbbf24", "#fb923c", "#f87171", "#b91c1c"]
MONEY_UNITS: tuple[tuple[int, Words], ...] = (
    (100 * 10**8, ("100 million yuan", "亿元")),
    (100 * 10**6, ("million yuan", "百万元")),
    (100 * 10**4, ("10,000 yuan", "万元")),
    (100, ("yuan", "元")),
)
"""Fen in a unit, and its name, in the steps in which Chinese counts, as the cards do; a chart takes the largest unit that its
largest value reaches."""


def money_unit(values: Sequence[float]) -> tuple[int, Words]:
    """The unit a chart of these fen speaks in."""
    most = max((abs(value) for value in values), default=0)
    return next((unit for unit in MONEY_UNITS if most >= unit[0]), MONEY_UNITS[-1])


def buckets(rows: Sequence[Row], language: int) -> Figure:
    """Outstanding principal by DPD bucket, stacked."""
    days = sorted({row[0] for row in rows})
    by_place = {(row[0], row[1]): row[3] for row in rows}
    totals = [sum(by_place.get((day, bucket.name.lower()), 0) for bucket in Bucket) for day in days]
    size, unit = money_unit(totals)
    figure = blank(y=("outstanding principal, ", "贷款余额，")[language] + unit[language])
    adjust(figure, "legend", traceorder="normal")
    for bucket in Bucket:
        values = [(day, by_place.get((day, bucket.name.lower()), 0) / size) for day in days]
        if any(value for _, value in values):
            figure["data"].append(
                line_of(
                    bucket.words[language],
                    values,
                    1,
                    BUCKET_COLOURS[bucket],
                    stackgroup="one",
                    line={"width": 0},
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
            figure["data"].append(line_of(words[language], rows, 1, colour, hovertemplate="%{y:.2%}"))
    most = max((value for trace in figure["data"] for value in trace["y"]), default=0)
    adjust(figure, "yaxis", tickformat=".0%" if most >= 0.05 else ".1%" if most >= 0.005 else ".2%", **_room(most))
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
    adjust(
        figure,
        "xaxis",
        type="linear",
        title=title,
        tickformat="d",
        tickformatstops=[],
        tickvals=ages,
        hoverformat="d",
        range=[0, ages[-1] * 1.03],
    )
    adjust(figure, "legend", y=-0.2)
    adjust(figure, "yaxis", tickformat=".1%", **_room(max((row[2] for row in rows), default=0)))
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
    figure = blank(
        y=(f"received and paid out {each(grain)[0]}, {unit[0]}", f"{each(grain)[1]}收支，{unit[1]}")[language],
        grain=grain,
        barmode="relative",
        bargap=0.25,
    )
    adjust(figure, "yaxis", rangemode="normal", zeroline=True, zerolinecolor="#94a3b8")
    for words, account, column, sign, colour in _FLOWS:
        mine = [(row[0], sign * float(row[column] or 0) / size) for row in rows if row[1] == account.name.lower()]
        if any(value for _, value in mine):
            figure["data"].append(bars_of(words[language], mine, colour, grain, hovertemplate="%{y:,.3~f}"))
    return figure
