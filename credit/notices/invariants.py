"""What must always hold of notices. These functions share no code with the rules they watch; each violation names the notice."""

from __future__ import annotations

import numpy as np

from credit.masks import true_rows
from credit.notices.contract import Topic
from credit.policies.notices import NoticePolicy
from credit.room import Rows
from credit.table import Table
from credit.times import DAY_MS, MINUTE_MS, Bools, Ints, text_of

_MINUTES = DAY_MS // MINUTE_MS
_CASES = 10**9


def counted(counters: Table, under_way: Table) -> list[str]:
    """What was written has come, has failed or is under way: none is lost."""
    waiting = dict(zip(*np.unique(under_way["case"] // _CASES, return_counts=True), strict=True))
    found = []
    for branch, written, delivered, failed in zip(*(counters[n] for n in counters.names), strict=True):
        ends = delivered + failed + waiting.get(branch, 0)
        if written != ends:
            found.append(f"branch {branch}: {written} notices were written, of which {ends} can be accounted for")
    return found


def under_way(notices: Table, people: Table) -> list[str]:
    """Each notice is somebody's whose form was checked, and goes out after what it tells, at most a day later at first."""
    of = people.find(notices["case"])
    found = _named(
        notices["notice"], people.get("party", of, -1) != notices["party"], "is addressed to", notices["party"]
    )
    early = (notices["planned_at"] < notices["written_at"]) | (notices["ordered_at"] < notices["planned_at"])
    found += _named(notices["notice"], early, "goes out before what it tells, at", notices["ordered_at"])
    slow = notices["planned_at"] - notices["written_at"] >= DAY_MS
    return found + _named(notices["notice"], slow, "is put off for a day or more, to", notices["planned_at"])


def ordered(orders: Rows, policy: NoticePolicy) -> list[str]:
    """Nobody is woken but for what may come at night, and each order has a channel and a version of the policy's words."""
    awake = [Topic[one.key.upper()] for one in policy.templates if one.at_night]
    minute = orders["at"] // MINUTE_MS % _MINUTES
    quiet = (minute >= policy.quiet_from_minute) | (minute < policy.quiet_until_minute)
    wrong = quiet & ~np.isin(orders["topic"], awake)
    found = [
        f"notice {orders['notice'][row]} goes out in the quiet hours: {text_of(orders['at'][row])}"
        for row in true_rows(wrong)
    ]
    return found + _named(
        orders["notice"], orders["channel"] <= 0, "goes out by no channel, in attempt", orders["attempt"]
    )


def _named(notice: Ints, wrong: Bools, what: str, value: Ints) -> list[str]:
    return [f"notice {notice[row]} {what} {value[row]}" for row in true_rows(wrong).tolist()]
