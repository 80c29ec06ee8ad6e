"""How figures are spelt on the pages: amounts, shares, times, moments. Each takes a figure and returns text, in both languages
where they differ; the templates know them as filters by the same name."""

from __future__ import annotations

import datetime as dt

from markupsafe import Markup

from credit.room import Words
from results import charts, labels
from results.intervals import few_text, interval_text


def yuan(fen: float | None) -> str:
    """Fen as yuan with thousands separators, to the fen; nothing for nothing."""
    return f"{fen / 100:,.2f}" if fen else "0.00"


def money(fen: int) -> Markup:
    """Fen as a short figure in yuan: millions in English, 万 and 亿 in Chinese."""
    value = fen / 100
    english = next(
        (f"{value / size:,.2f} {unit}" for size, unit in ((1e9, "bn"), (1e6, "m")) if abs(value) >= size), ""
    )
    chinese = next(
        (f"{value / size:,.2f} {unit}" for size, unit in ((1e8, "亿"), (1e4, "万")) if abs(value) >= size), ""
    )
    return labels.both((english or f"{value:,.2f}", chinese or f"{value:,.2f}"))


def percent(share: float, digits: int = 1) -> str:
    """A share as a percentage."""
    return f"{share:.{digits}%}"


def few(of: int) -> Markup:
    """What stands below a share of few."""
    return Markup("<small>{}</small>").format(few_text(of)) if few_text(of) else Markup()


def number(value: float) -> str:
    """Thousands separators."""
    return f"{value:,.0f}"


def duration(milliseconds: float | None) -> Markup:
    """Milliseconds as people say it; None is a time that is not reached."""
    return labels.both(charts.NOT_REACHED if milliseconds is None else charts.duration_words(milliseconds))


def spoken(milliseconds: float | None) -> Words:
    """A time within a sentence; a dash for none."""
    return ("–", "–") if milliseconds is None else charts.duration_words(milliseconds)


def moment(when: dt.datetime) -> str:
    """A moment to the second."""
    return when.isoformat(sep=" ", timespec="seconds")


def plain(value: float) -> str:
    """A figure of any size, with as many digits as say something: a small share or difference is not said to be nothing."""
    size = abs(value)
    digits = 0 if float(value).is_integer() else 2 if size >= 10 else 3 if size >= 0.1 else 5
    spelt = f"{value:,.{digits}f}"
    return spelt if float(spelt.replace(",", "")) else "0"


def rate(value: float) -> str:
    """So many a second: whole from ten on."""
    return number(value) if value >= 10 else plain(value)


def since(when: dt.datetime, grain: str) -> str:
    """The beginning of an hour or a day."""
    return f"{when:%Y-%m-%d %H:00}" if grain == "hour" else f"{when:%Y-%m-%d}"


FILTERS = {
    "yuan": yuan,
    "money": money,
    "percent": percent,
    "few": few,
    "number": number,
    "duration": duration,
    "spoken": spoken,
    "moment": moment,
    "interval": interval_text,
    "since": since,
    "plain": plain,
    "rate": rate,
}
"""By the names that the templates call them."""
