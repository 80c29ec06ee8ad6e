"""The holidays of ``credit/workdays.json``, taken from chinesecalendar, which has them from the State Council's notices."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import chinese_calendar

from credit import calendar

FILE = Path(calendar.__file__).with_name("workdays.json")


def drawn() -> dict[str, Any]:
    """What the file holds, from the version of chinesecalendar that is installed."""
    off, work = chinese_calendar.holidays, chinese_calendar.workdays
    years = range(min(off).year, max(off).year + 1)
    return {
        "source": f"chinesecalendar {version('chinesecalendar')} (MIT licence), from the State Council's yearly notices",
        "off": {str(year): [f"{day:%m-%d}" for day in sorted(off) if day.year == year] for year in years},
        "work": {str(year): [f"{day:%m-%d}" for day in sorted(work) if day.year == year] for year in years},
    }
