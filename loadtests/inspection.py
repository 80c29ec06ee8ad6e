"""What a load test looks at once nobody comes any more, as an auditor would who has nothing but the bank's doors.

A case is stuck (停滞) when it stands where it stood when it was first shown, the bank has put off its estimate of when it will be
done, and it is not the customer that it waits for: then the step's own time has passed without progress (APP-18). A task is late
when its limit has passed, and unurged (未催办) when the bank has not urged it (APR-10)."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

from loadtests.accounts import NOBODY, Accounts
from loadtests.visits import APPLICATIONS, Session

CASES_MAX = 200
"""Cases that one process looks at again, drawn among the last that it handed in."""
PAGES_MAX = 20
SLACK_S = 5.0
"""A task is urged in the first window after its limit."""
CUSTOMER = "customer"
TASK_READERS = ("approval_administrator",)
"""Posts that see the tasks of all branches."""
COUNTS = ("cases", "stuck", "worklists", "tasks", "late", "unurged")


def inspect(session: Session, readers: Accounts) -> Counter[str]:
    """Counts by `COUNTS`; `worklists` is 1 where they could be read to their end or to `PAGES_MAX` pages of them, by one of
    `readers`. Those belong to one process of a test, while everybody looks at the cases that he handed in."""
    return Counter(cases(session)) + Counter(tasks(session, readers))


def cases(session: Session) -> dict[str, int]:
    """Cases looked at, and those of them that are stuck."""
    account, drawn = session.accounts.system(), random.Random(f"inspection {session.seed}")
    recent = [one for one in session.recent if one.get("expected_at")]
    found = {"cases": 0, "stuck": 0}
    for first in drawn.sample(recent, min(CASES_MAX, len(recent))):
        answer = session.client.get(f"{APPLICATIONS}/{first['case']}", account)
        if answer.ok:
            found["cases"] += 1
            found["stuck"] += is_stuck(first, answer.json())
    return found


def is_stuck(first: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether a case that was first shown so, and is shown so now, has made no progress in its time."""
    if now.get("handler") == CUSTOMER or not now.get("expected_at"):
        return False
    stands = all(first.get(name) == now.get(name) for name in ("step", "since"))
    return stands and _instant(now["expected_at"]) > _instant(first["expected_at"])


def tasks(session: Session, readers: Accounts) -> dict[str, int]:
    """Open tasks at all desks, those past their limit, and those of them that were not urged."""
    account = readers.one_with(random.Random(0), *TASK_READERS)
    found = dict.fromkeys(("worklists", "tasks", "late", "unurged"), 0)
    if account is NOBODY:
        return found
    cursor = ""
    for _ in range(PAGES_MAX):
        now = session.client.get("/v1/clock", account).json().get("now")
        answer = session.client.get(f"/v1/tasks?limit=200{cursor}", account)
        if not answer.ok or not now:
            session.recorder.failure(f"inspection: {answer.why or 'the clock is not told'}")
            return found
        page = answer.json()
        for one in page.get("tasks", ()):
            is_late = bool(one["limit_at"]) and (_instant(now) - _instant(one["limit_at"])).total_seconds() > SLACK_S
            found["tasks"] += 1
            found["late"] += is_late
            found["unurged"] += is_late and not one["urged"]
        if not page.get("next"):
            break
        cursor = f"&cursor={page['next']}"
    found["worklists"] = 1
    return found


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
