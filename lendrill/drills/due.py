"""`lendrill drill --calendar`: which drills a year asks for, and which are due."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from lendrill.tables import drill_calendar_table
from scenarios.drill_calendar import calendar, past_drills, rules


def calendar_command(runs: Path) -> int:
    """0 always: what is due is no fault."""
    drill_calendar_table(calendar(dt.datetime.now().date(), past_drills(runs), rules()))
    return 0
